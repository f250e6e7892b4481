#!/usr/bin/python3 -B
"""Two applications about one licence, and a licence that ends while the key server signs its replacement: the application stays
decidable, and no licence is signed that the registry does not know, except one that it voided.
"""
import sys
import threading

import signing
from abandoned import HangingStack, old_approval
from approval import journal_of
from stack import SERVICE, check, expect, main, say, until


def reissue_of(stack, licence, name="individual"):
    key = stack.key(name)
    claim = signing.claim_of(key.entry)
    plain = signing.application_xml(SERVICE, stack.licensor, claim)
    plain = plain.replace("<action>issue<", "<action>reissue<").replace("</applicant>", f"</applicant><licence>{licence}</licence>")
    return expect(stack.portal().submit(key.sign_xml(plain.encode()), claim), 201).body["number"]


def two_about_one(stack, officer, licence):
    first, second = reissue_of(stack, licence), reissue_of(stack, licence)
    prepared = expect(officer.prepare(first), 201).body
    expect(officer.prepare(second), 409, "registry.state")  # while the first is open
    reissued = expect(officer.api.post(*officer.signed_for(prepared)), 200).body["number"]
    for mode in ("keyd", "workstation"):  # and when it is granted
        check(officer.prepare(second, mode=mode).code == "application.licence", f"{mode}: a second one is prepared")
    officer.decide(second, "refusal")
    state = expect(officer.api.get(f"/v1/applications/{second}"), 200).body["state"]
    check(state == "refused", f"the second application is {state}")
    say("  two applications about one licence: the second is not granted, and can be refused")
    return reissued


def ended_meanwhile(stack, officer, licence):
    number = reissue_of(stack, licence)
    prepared = expect(officer.prepare(number), 201).body
    intent = prepared["intent"]["id"]
    path, body = officer.signed_for(prepared)
    # The licence ends while the key server hangs: it is not asked any more.
    stack.hang()
    try:
        expect(officer.api.post(path, body), 503, "server.deadline")
        expect(officer.api.post(f"/v1/licences/{licence}/events", {"event": "terminated", "reason": "добровольно"}), 200)
        # But a request may have been on its way already.
        on_its_way = threading.Thread(target=lambda: stack.ask_keyd(**old_approval(prepared["approvalText"], body["approval"])))
        on_its_way.start()
    finally:
        stack.go_on()
    on_its_way.join()

    def closed():
        found = expect(officer.api.get(f"/v1/intents/{intent}"), 200).body
        return found if found["state"] in ("voided", "committed", "abandoned") else None
    found = until(closed, "an end of the intent")
    check(found["state"] == "voided" and stack.events_of(intent) == ["signing", "signed"], f"{found['state']}, {stack.events_of(intent)}")
    row = next(row for row in journal_of(stack, intent) if row["event"] == "intent.voided")
    check(row["data"]["reason"] == "registry.state" and row["data"]["document"], f"the journal: {row}")
    events = [entry["event"] for entry in journal_of(stack, prepared["intent"]["number"])]
    check(events == ["number.reserved", "number.voided"], f"the number: {events}")
    expect(officer.api.post(path, body), 409, "intent.state")
    officer.decide(number, "refusal")
    say("  ended while its replacement was signed: the signed document is voided and kept, the application refused")


def scenario(stack):
    officer = stack.officer()
    number, _ = stack.registered("individual")
    licence = officer.decide(number).body["number"]
    ended_meanwhile(stack, officer, two_about_one(stack, officer, licence))
    say("reissue: nothing is blocked, nothing is signed in vain but what was voided")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=HangingStack))
