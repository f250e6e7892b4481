#!/usr/bin/python3 -B
"""Whatever the revocation sources do instead of answering: 503 "try again" that names what is missing, nothing registered.

Verifications whose evidence is at hand go on meanwhile, and when the sources are back the same application is taken.
"""
import sys
import threading

from stack import check, expect, main, say, until

# Deadlines of fetching are short here, so that slow sources are seen to be given up.
SETTINGS = "\n[revocation]\nfetch_timeout_ms = 1500\n"
MODES = [{"mode": "down"}, {"mode": "slow", "delay": 20}, {"mode": "endless"}, {"mode": "garbage"}, {"mode": "empty"},
         {"mode": "drip", "delay": 1}, {"mode": "http-error"}, {"mode": "wrong-signer"}, {"mode": "stale"}]
# Each mode meets persons about whom nothing is known yet.
PERSONS = ["individual", "sign-right", "head-2015", "no-key-identifiers", "short-ski", "head-bin-in-serial"]


def scenario(stack):
    stack.registered("head")  # from now on there is evidence about this one
    persons = iter(PERSONS)
    person, taken = next(persons), 1
    for mode in MODES:
        stack.control(ocsp=mode, crl=mode)
        document, claim = stack.application(person)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(stack.portal().submit(document, claim)))
        asking.start()
        number, _ = stack.registered("head")  # while the other one waits
        taken += 1
        asking.join(120)
        check(answers, f"{mode}: no answer")
        answer = answers[0]
        report = expect(answer, 503).body.get("report", {})
        missing = [name for one in report.get("signatures", []) for name in one.get("missingEvidence", [])]
        check(int(answer.headers.get("Retry-After", 0)) > 0, f"{mode}: no Retry-After: {answer}")
        check(report.get("decision") == "retry" and missing, f"{mode}: the report names no missing evidence: {answer}")
        check(stack.registered_count() == taken, f"{mode}: registered")
        say(f"  {mode['mode']}: 503 {answer.code}; {number} of another registered meanwhile")
        stack.control(ocsp="ok", crl="ok")
        if mode["mode"] in ("down", "endless", "wrong-signer", "stale"):
            # A source that failed several times is left alone for some seconds; no restart, no other cure.
            until(lambda: stack.portal().submit(document, claim).status == 201, f"{mode}: the same application")
            taken += 1
            check(stack.registered_count() == taken, f"{mode}: not registered when the source was back")
            person = next(persons)
    say(f"ocsp_trouble: {len(MODES)} kinds of trouble, each a retry, none registered, all taken afterwards")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, settings=SETTINGS))
