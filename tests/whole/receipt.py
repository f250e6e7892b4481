#!/usr/bin/python3 -B
"""A certificate that is revoked after the registry stored what it signed: still accepted, by the registry's own receipt.

Only for that very document, only for who may see it, and never for what is signed later.
"""
import base64
import sys
import time

from stack import check, expect, main, say, until

# Answers are asked for anew soon, so that the revocation is seen.
SETTINGS = "\n[revocation]\nocsp_max_age_s = 5\n"


def codes(report):
    return [error["code"] for signature in report["signatures"] for error in signature["errors"]]


def scenario(stack):
    number, document = stack.registered("head")
    registered_at = expect(stack.portal().get(f"/v1/applications/{number}"), 200).body["registeredAt"]

    def ask(caller, octets):
        return expect(caller.post("/v1/verify", {"document": base64.b64encode(octets).decode()}), 200).body

    first = ask(stack.portal(), document)
    check(first["decision"] == "accept" and first["existedAt"] is None, f"before the revocation: {first}")
    time.sleep(2)  # the receipt lies before the revocation, in whole seconds
    stack.ca_request("/revoke", {"name": "head", "reason": "superseded"})
    until(lambda: "revocation.revoked" in codes(ask(stack.portal("other"), document)), "the revocation")
    say("  another portal, which never handed it in: refused, revoked")

    for who, caller in (("its portal", stack.portal()), ("its licensor's officer", stack.officer().api)):
        report = ask(caller, document)
        check(report["decision"] == "accept", f"{who}: {report}")
        check(report["existedAt"] == registered_at, f"{who}: {report['existedAt']} instead of {registered_at}")
        states = [entry["status"] for entry in report["signatures"][0]["revocation"]]
        check("revoked" in states, f"{who}: the report hides the revocation: {states}")
        say(f"  {who}: accepted, known since {registered_at}")

    changed = document.replace(b"</", b" </", 1)
    check(ask(stack.portal(), changed)["decision"] == "refuse", "another document was taken for the stored one")
    later, claim = stack.application("head")
    report = ask(stack.portal(), later)
    check("revocation.revoked" in codes(report), f"signed after the revocation: {report}")
    expect(stack.portal().submit(later, claim), 422)
    check(stack.registered_count() == 1, "an application of a revoked key was registered")
    say("receipt: what was stored before the revocation is accepted, and nothing else")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, settings=SETTINGS))
