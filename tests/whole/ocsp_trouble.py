#!/usr/bin/python3 -B
"""Whatever the revocation sources do instead of answering: 503 "try again" that names what is missing, nothing registered.

Verifications whose evidence is at hand go on meanwhile, and when the sources are back the same application is taken.
"""
import shutil
import sys
import threading

from stack import check, expect, main, say, until

# Deadlines of fetching are short here, so that slow sources are seen to be given up.
SETTINGS = "\n[revocation]\nfetch_timeout_ms = 3000\n"
MODES = [{"mode": "down"}, {"mode": "slow", "delay": 20}, {"mode": "endless"}, {"mode": "garbage"}, {"mode": "empty"},
         {"mode": "drip", "delay": 1}, {"mode": "http-error"}, {"mode": "wrong-signer"}, {"mode": "stale"}]


def questions(stack, person):
    """How often the authority was asked about this person, and for the list that would say it too."""
    stats = stack.ca_request("/stats")
    return stats["ocspCertificates"].get(person, 0), stats["crl"].get("issuing", 0)


def forget(stack):
    """The daemon anew, without evidence and without a grudge against any source; only what "head" needs is at hand."""
    stack.daemon.stop()
    shutil.rmtree(stack.home / "evidence", ignore_errors=True)
    stack.daemon.start()
    stack.wait_for_daemon()
    before = questions(stack, "head")
    stack.registered("head")
    asked = [now - then for now, then in zip(questions(stack, "head"), before)]
    check(asked == [1, 0], f"OCSP is asked first, and a list only where it cannot answer: {asked}")


def scenario(stack):
    person = "individual"
    stack.registered("head")  # the authority's first answer takes it long
    for mode in MODES:
        forget(stack)
        taken = stack.registered_count()
        before = questions(stack, person)
        stack.control(ocsp=mode, crl=mode)
        document, claim = stack.application(person)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(stack.portal().submit(document, claim)))
        asking.start()
        number, _ = stack.registered("head")  # while the other one waits
        asking.join(120)
        check(answers, f"{mode}: no answer")
        answer = answers[0]
        report = expect(answer, 503).body.get("report", {})
        missing = [name for one in report.get("signatures", []) for name in one.get("missingEvidence", [])]
        check(int(answer.headers.get("Retry-After", 0)) > 0, f"{mode}: no Retry-After: {answer}")
        check(report.get("decision") == "retry" and missing, f"{mode}: the report names no missing evidence: {answer}")
        check(stack.registered_count() == taken + 1, f"{mode}: registered")
        asked = [now - then for now, then in zip(questions(stack, person), before)]
        check(min(asked) > 0, f"{mode}: the sources were not asked, so this says nothing of them: {asked}")
        stack.control(ocsp="ok", crl="ok")
        # A source that failed several times is left alone for some seconds; no restart, no other cure.
        until(lambda: stack.portal().submit(document, claim).status == 201, f"{mode}: the same application")
        check(stack.registered_count() == taken + 2, f"{mode}: not registered when the source was back")
        say(f"  {mode['mode']}: asked {asked[0]} and {asked[1]} times, 503 {answer.code}; {number} of another registered meanwhile")
    say(f"ocsp_trouble: {len(MODES)} kinds of trouble, each met by both sources, each a retry, none registered, all taken afterwards")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, settings=SETTINGS))
