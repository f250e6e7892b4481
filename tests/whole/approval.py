#!/usr/bin/python3 -B
"""Who approves for the key server: the officer who prepared, by a certificate that holds; a wrong approval spends nothing."""
import base64
import json
import sys

import audit
from stack import SERVICE, Stack, check, expect, main, say


class ApprovalStack(Stack):
    # Both are officers of one licensor and stand on the key server's list.
    OFFICERS = {**Stack.OFFICERS, "officer-second": SERVICE}

    def write_daemon_configuration(self):
        self.list_url = self.index["baseUrl"].rstrip("/") + "/crl/issuing.crl"
        self.settings = f'\n[revocation]\ncrl_urls = ["{self.list_url}"]\n'
        super().write_daemon_configuration()

    def refresh_list(self):
        """Security staff have the list fetched anew: from now on it speaks, whatever answers are still kept."""
        desk = self.security().api
        sources = expect(desk.get("/v1/revocation/sources"), 200).body["sources"]
        source = next(one["id"] for one in sources if one["url"] == self.list_url)
        expect(desk.post(f"/v1/revocation/sources/{source}/refresh"), 200)


def approval_by(key, prepared):
    approval = base64.b64encode(key.sign_cms(prepared["approvalText"].encode())).decode()
    return f"/v1/intents/{prepared['intent']['id']}/approval", {"approval": approval}


def state(officer, prepared):
    return expect(officer.api.get(f"/v1/intents/{prepared['intent']['id']}"), 200).body["state"]


def journal_of(stack, subject):
    with audit.reading(stack.database) as database:
        rows = database.execute("SELECT entry FROM journal WHERE subject = ? ORDER BY seq", (subject,))
        return [json.loads(entry) for (entry,) in rows]


def scenario(stack):
    officer, colleague = stack.officer(), stack.officer("officer-second")
    number, _ = stack.registered()
    prepared = expect(officer.prepare(number), 201).body

    # A colleague, a colleague's key, no CMS at all, an approval of something else.
    expect(colleague.api.post(*colleague.signed_for(prepared)), 403, "auth.denied")
    expect(officer.api.post(*approval_by(colleague.key, prepared)), 422, "identity.mismatch")
    path, body = officer.signed_for(prepared)
    check(officer.api.post(path, {"approval": "AAAA"}).status in (400, 422), "no CMS at all")
    other = {**prepared, "approvalText": prepared["approvalText"] + "\n"}
    expect(officer.api.post(*approval_by(officer.key, other)), 422, "keyd.approval")
    check(state(officer, prepared) == "prepared", "a wrong approval spent the intent")
    # And still the right one is good.
    expect(officer.api.post(path, body), 200)
    say("  wrong approvals, then the right one: signed")

    # Given up by a colleague: the journal says by whom.
    another, _ = stack.registered("individual")
    given_up = expect(officer.prepare(another), 201).body
    expect(colleague.api.post(f"/v1/intents/{given_up['intent']['id']}/abandon", {"note": "в отпуске"}), 200)
    actors = {row["event"]: row["actor"]["id"] for row in journal_of(stack, given_up["intent"]["id"])}
    check(actors["intent.prepared"] != actors["intent.abandoned"], f"actors: {actors}")
    say("  abandoned by a colleague: the journal names the colleague")

    # Revoked while the session is open: whoever holds the key gets nothing signed by it.
    last = expect(officer.prepare(another), 201).body
    stack.ca_request("/revoke", {"name": "officer", "reason": "keyCompromise"})
    stack.refresh_list()
    expect(officer.api.post(*officer.signed_for(last)), 422, "revocation.revoked")
    check(state(officer, last) == "prepared", "a revoked key spent the intent")
    check(last["intent"]["id"] not in (stack.home / "keyd.log").read_text(encoding="utf-8"), "the key server was asked")
    expect(colleague.api.post(*approval_by(officer.key, last)), 403, "auth.denied")
    say("  revoked: refused with the report, the key server was not asked")
    say("approval: the officer who prepared, and nobody else")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=ApprovalStack))
