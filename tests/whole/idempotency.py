#!/usr/bin/python3 -B
"""A repeat by the same portal gets the first answer; by another portal, or with other content, it is refused.

So does a decision's signature: also when the sources are down by then, and when the certificates were revoked.
"""
import concurrent.futures
import hashlib
import ssl
import sys
import time

import signing
from struck_off import log_in
from stack import SERVICE, Stack, check, expect, main, say, until


class ForgetfulStack(Stack):
    """Of persons' certificates only an answer of the last seconds counts, so that an outage and a revocation are seen."""

    def write_daemon_configuration(self):
        issuer = hashlib.sha256(ssl.PEM_cert_to_DER_cert((self.authority / "ca/issuing.pem").read_text(encoding="ascii"))).hexdigest()
        self.settings = f'\n[[revocation_rule]]\nissuer = "{issuer}"\nevidence = "ocsp-only"\nocsp_max_age_s = 5\n'
        super().write_daemon_configuration()


def submissions(stack):
    document, claim = stack.application()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # the same application, eight times at once
        answers = list(pool.map(lambda _: expect(stack.portal().submit(document, claim), 201).body, range(8)))
    check(len({answer["number"] for answer in answers}) == 1, f"several numbers: {[answer['number'] for answer in answers]}")
    check(sum(not answer["repeat"] for answer in answers) == 1, "more than one of them was the first")
    first = answers[0]
    stack.daemon.kill()
    stack.daemon.start()
    stack.wait_for_daemon()
    again = expect(stack.portal().submit(document, claim), 201).body
    check(again["repeat"] and (again["number"], again["registeredAt"], again["document"]) ==
          (first["number"], first["registeredAt"], first["document"]), f"after a restart: {again}")
    expect(stack.portal("other").submit(document, claim), 409, "application.request_repeated")
    # The same request id over other fields, signed by the same person.
    key = stack.key("head")
    plain = signing.application_xml(SERVICE, stack.licensor, claim).encode()
    other = plain.replace(signing.request_id_of(plain).encode(), signing.request_id_of(document).encode())
    other = other.replace("Мангистауская".encode(), "Атырауская".encode())
    expect(stack.portal().submit(key.sign_xml(other), claim), 409, "application.request_repeated")
    check(stack.registered_count() == 1, "registered twice")


def while_the_first_is_processed(stack):
    """Both wait for the same source, and judge as of another second each; one report is stored."""
    document, claim = stack.application("sign-right")
    stack.control(ocsp={"mode": "slow", "delay": 2})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: stack.portal().submit(document, claim))
        time.sleep(1.1)
        second = pool.submit(lambda: stack.portal().submit(document, claim))
        answers = [expect(one.result(), 201).body for one in (first, second)]
    stack.control(ocsp="ok")
    check(sorted(one["repeat"] for one in answers) == [False, True], f"{[one['repeat'] for one in answers]}")
    stored = expect(stack.portal().get(f"/v1/applications/{answers[0]['number']}/report"), 200).body
    for one in answers:
        check(one["report"] == stored, f"repeat {one['repeat']}: as of {one['report']['validationTime']}, stored {stored['validationTime']}")


def decisions(stack, officer):
    """A decision's signature, sent again; and a decision prepared again is the one that waits."""
    kept = []
    for mode in ("keyd", "workstation"):
        number, _ = stack.registered()
        prepared = expect(officer.prepare(number, "grant", mode), 201).body
        once_more = expect(officer.prepare(number, "grant", mode), 201).body
        check(once_more["intent"]["id"] == prepared["intent"]["id"] and once_more["document"] == prepared["document"],
              f"prepared again, {mode}: another intent")
        path, body = officer.signed_for(prepared)
        first = expect(officer.api.post(path, body), 200).body
        kept.append((mode, path, body, first))
        repeated(officer, kept, "at once")
    return kept


def repeated(officer, kept, when):
    for mode, path, body, first in kept:
        again = expect(officer.api.post(path, body), 200).body
        check(again == {**first, "repeat": True}, f"{mode}, {when}: another answer:\n{again}\n{first}")


def scenario(stack):
    submissions(stack)
    while_the_first_is_processed(stack)
    officer = stack.officer()
    kept = decisions(stack, officer)

    stack.registered("individual")  # its answer is the newest
    stack.control(ocsp="down", crl="down")
    until(lambda: stack.portal().submit(*stack.application("individual")).status == 503, "evidence that is too old")
    repeated(officer, kept, "with the sources down")
    stack.control(ocsp="ok", crl="ok")

    stack.ca_request("/revoke", {"name": "licensor-licence", "reason": "superseded"})
    stack.ca_request("/revoke", {"name": "officer", "reason": "superseded"})
    until(lambda: "revocation.revoked" in str(log_in(stack, "officer").body), "the revocation")
    repeated(officer, kept, "with the certificates revoked")
    say("idempotency: one number for nine submissions, strangers and other contents refused, decisions answered alike")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=ForgetfulStack))
