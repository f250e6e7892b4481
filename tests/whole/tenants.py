#!/usr/bin/python3 -B
"""Every operation of openapi.json, tried by strangers: no key, another portal, an officer of another licensor, security
staff outside of trust and revocation.

None of them gets anything of an application, intent or licence that is not theirs: 401, 403 or 404, and no answer holds
the number, name or document of somebody else's.
"""
import base64
import sys

from stack import check, expect, main, say

# Open to everybody by its nature; holds nothing of anybody.
OPEN = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /v1/openapi.json", "GET /v1/services",
        "POST /v1/login/challenge", "POST /v1/login"}
# Asks about what the caller brings, or lists what is the caller's own.
OWN = {"GET /v1/session", "DELETE /v1/session", "POST /v1/verify", "POST /v1/verify/stream", "POST /v1/augment", "POST /v1/certificates/check",
       "POST /v1/applications", "GET /v1/applications", "GET /v1/licences"}
BODIES = {"prepareDecision": {"kind": "grant", "mode": "keyd"}, "approve": {"approval": "AAAA"},
          "acceptSignature": {"document": "AAAA"}, "abandonIntent": {"note": "a stranger's"},
          "changeLicence": {"event": "terminated", "reason": "a stranger's"},
          "importTrusted": {"kind": "anchor", "certificate": "AAAA", "sha256": "0" * 64, "purposes": ["officer"],
                            "reason": "a stranger's", "basedOn": 1},
          "removeTrusted": {"kind": "anchor", "sha256": "0" * 64, "reason": "a stranger's", "basedOn": 1},
          "rollBackTrust": {"version": 1, "reason": "a stranger's", "basedOn": 1},
          "importList": {}, "lookUpCertificates": {"iin": "850101300015"},
          "acknowledgeAlert": {"reason": "a stranger's"}, "confirmAlert": {"reason": "a stranger's"}}


def scenario(stack):
    officer = stack.officer()
    decided, document = stack.registered()
    finished = officer.decide(decided, "grant", "workstation").body
    reason = "Предписание, которого чужие не читают"
    for event in ("suspended", "resumed"):
        expect(officer.api.post(f"/v1/licences/{finished['number']}/events", {"event": event, "reason": reason}), 200)
    waiting, _ = stack.registered("individual")
    prepared = expect(officer.prepare(waiting, "grant", "keyd"), 201).body
    sha256 = expect(officer.api.get(f"/v1/applications/{waiting}"), 200).body["attachments"][0]["sha256"]
    names = [{"{version}": "1", "{number}": decided, "{id}": prepared["intent"]["id"], "{sha256}": sha256},
             {"{version}": "1", "{number}": waiting, "{id}": prepared["intent"]["id"], "{sha256}": sha256}]
    licence = {"{number}": finished["number"]}
    secrets = [reason, decided, waiting, finished["number"], prepared["intent"]["id"], base64.b64encode(document).decode()[:60],
               stack.index["certificates"]["individual"]["iin"], "ДЕМО МҰНАЙ СЕРВИС"]
    strangers = {"nobody": stack.nobody, "a made-up key": stack.nobody.as_caller("tnb_" + "A" * 43),
                 "another portal": stack.portal("other"), "an officer of another licensor": stack.officer("officer-industry").api,
                 "security staff": stack.security().api}
    description = expect(stack.nobody.get("/v1/openapi.json"), 200).body
    tried = 0
    for pattern, operations in description["paths"].items():
        for method, operation in operations.items():
            if method not in ("get", "post", "put", "delete", "patch"):
                continue
            name = f"{method.upper()} {pattern}"
            for values in [licence] if "/licences/" in pattern else names:
                path = pattern
                for variable, value in values.items():
                    path = path.replace(variable, value)
                for who, api in strangers.items():
                    if name == "DELETE /v1/session":
                        continue  # ends the stranger's own
                    if who == "security staff" and pattern.startswith(("/v1/trust", "/v1/revocation")):
                        continue  # no stranger there
                    answer = api.request(method.upper(), path, BODIES.get(operation["operationId"]))
                    tried += 1
                    if name in OPEN:
                        allowed = answer.status < 500
                    elif name == "POST /v1/verify/stream" and answer.status == 415:
                        allowed = True  # the head is read before anybody is looked up; what is wrong with it is no secret
                    elif name in OWN:
                        allowed = answer.status in ((401,) if "key" in who or who == "nobody" else (200, 400, 403, 415))
                    else:
                        allowed = answer.status in (401, 403, 404)
                    check(allowed, f"{who}: {name}: {answer}")
                    # The problem document's `detail` may repeat what the caller itself asked for.
                    asked = answer.octets.decode("utf-8", "replace")
                    for secret in secrets:
                        check(secret not in asked or secret in path, f"{who}: {name} tells {secret}: {answer}")
    # They did nothing either.
    state = expect(officer.api.get(f"/v1/intents/{prepared['intent']['id']}"), 200).body["state"]
    check(state == "prepared", f"the intent is {state}")
    check(expect(officer.api.get(f"/v1/licences/{finished['number']}"), 200).body["state"] == "active", "the licence was changed")
    check(expect(stack.portal().get(f"/v1/applications/{decided}/document"), 200).octets == document, "its own portal gets it")
    say(f"tenants: {tried} requests by strangers, nothing told, nothing changed")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario))
