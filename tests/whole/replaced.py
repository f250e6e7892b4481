#!/usr/bin/python3 -B
"""What a reissue or duplicate may do: nothing for a licence that is suspended or ended, at filing and at the decision; a duplicate
ends with its original; no licence is granted that ended before."""
import sys

import signing
from stack import SERVICE, check, expect, main, say


def application_about(stack, action, licence, name="head"):
    """A fresh signed application for another document in the place of `licence`, filed by the portal."""
    key = stack.key(name)
    claim = signing.claim_of(key.entry)
    plain = signing.application_xml(SERVICE, stack.licensor, claim)
    plain = plain.replace("<action>issue</action>", f"<action>{action}</action>")
    plain = plain.replace("</applicant>", f"</applicant><licence>{licence}</licence>")
    return stack.portal().submit(key.sign_xml(plain.encode()), claim)


def grant(officer, number, **terms):
    answer = officer.api.post(f"/v1/applications/{number}/decisions", {"kind": "grant", "mode": "workstation", **terms})
    if answer.status != 201:
        return answer
    return officer.api.post(*officer.signed_for(answer.body))


def event(officer, licence, what):
    expect(officer.api.post(f"/v1/licences/{licence}/events", {"event": what, "reason": "предписание"}), 200)


def scenario(stack):
    officer = stack.officer()
    number, _ = stack.registered()
    expect(grant(officer, number, validUntil="1999-01-01"), 400, "input.member")
    licence = expect(grant(officer, number, validUntil="2999-12-31"), 200).body["number"]

    event(officer, licence, "suspended")
    for action in ("duplicate", "reissue"):
        expect(application_about(stack, action, licence), 422, "application.licence")
    event(officer, licence, "resumed")
    filed = expect(application_about(stack, "duplicate", licence), 201).body["number"]
    event(officer, licence, "suspended")
    check(grant(officer, filed).code == "application.licence", "the duplicate of a suspended licence was prepared")
    event(officer, licence, "resumed")
    expect(grant(officer, filed, validUntil="3000-12-31"), 400, "input.member")
    copy = expect(grant(officer, filed), 200).body["number"]
    rows = {one: expect(officer.api.get(f"/v1/licences/{one}"), 200).body for one in (licence, copy)}
    check((rows[licence]["state"], rows[copy]["state"]) == ("replaced", "active"), f"{rows}")
    check(rows[copy]["validUntil"] == "2999-12-31", f"the duplicate does not end with its original: {rows[copy]}")

    number, _ = stack.registered()
    blank = officer.api.post(f"/v1/applications/{number}/decisions", {"kind": "refusal", "mode": "workstation", "reason": " \n\t"})
    expect(blank, 400, "input.member")
    say("replaced: only what is in force is reissued or copied, and a copy ends with its original")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
