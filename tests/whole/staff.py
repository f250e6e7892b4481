#!/usr/bin/python3 -B
"""A day of the security staff: a certificate is revoked, what it touches is found, a list that lost its entries waits for a
person, lists are brought by hand, an anchor comes and goes. Over the API, and on the command line where people are.

Every act is in the journal, with who did it; nothing that staff see names an applicant's business.
"""
import json
import shutil
import sys
import urllib.request

import audit
from stack import Stack, check, expect, main, run, say, until

ISSUING = "crl/issuing.crl"


class StaffStack(Stack):
    def write_daemon_configuration(self):
        base = self.index["baseUrl"].rstrip("/")
        # Keys of the security staff come without their authority's certificate, as НУЦ РК's do.
        known = self.home / "intermediates"
        known.mkdir()
        shutil.copy2(self.authority / "ca/issuing.pem", known)
        self.settings = (f'\n[revocation]\ncrl_urls = ["{base}/crl/root.crl", "{base}/{ISSUING}"]\n'
                         f'\n[trust]\nintermediates = "{known}"\n')
        super().write_daemon_configuration()


class Desk:
    """One of the security staff, at the API and at the command line."""

    def __init__(self, stack):
        self.stack, self.api = stack, stack.security().api
        self.session = stack.home / "security.session"
        self.tanba("licence", "login", "--role", "security", "--server", f"https://localhost:{stack.port}", "--ca",
                   stack.authority / "tls-anchors.pem", "--p12", stack.authority / "p12/security.p12", "--password-file",
                   stack.authority / "p12/password.txt")

    def tanba(self, *arguments):
        return json.loads(run(self.stack.bin / "tanba", *arguments, "--json", "--session", self.session))

    def look_up(self, **what):
        return expect(self.api.post("/v1/revocation/lookups", what), 200).body["certificates"]

    def source(self, ending=ISSUING):
        sources = expect(self.api.get("/v1/revocation/sources"), 200).body["sources"]
        found = [one for one in sources if one["url"].endswith(ending)]
        check(len(found) == 1, f"not one source {ending}: {sources}")
        return found[0]

    def refresh(self):
        return self.api.post(f"/v1/revocation/sources/{self.source()['id']}/refresh")

    def bring(self, octets):
        return self.api.request("POST", "/v1/revocation/lists", raw=octets, headers={"Content-Type": "application/pkix-crl"})

    def alerts(self, state="open"):
        return expect(self.api.get(f"/v1/revocation/alerts?state={state}"), 200).body["alerts"]


def published(stack):
    with urllib.request.urlopen(f"{stack.index['baseUrl'].rstrip('/')}/{ISSUING}", timeout=20) as response:
        return response.read()


def revocation(stack, desk):
    """From the revoked certificate to what it touches."""
    number, _ = stack.registered("individual")
    licence = stack.officer().decide(number, "grant", "workstation").body["number"]
    person = stack.index["certificates"]["individual"]
    until(lambda: desk.source().get("list"), "the configured list")

    def the_one():
        found = desk.look_up(iin=person["iin"])
        check(len(found) == 1, f"not one certificate: {found}")
        return found[0]
    before = the_one()
    check(before["revocation"]["status"] == "good", f"before: {before}")
    touched = [(one["as"], one["application"], one["licence"], one["licenceState"]) for one in before["touches"]]
    check(touched == [("application", number, licence, "active")], f"touches {touched}")
    check("ДЕМОВ" not in json.dumps(before["touches"], ensure_ascii=False), "touches name the applicant")

    stack.ca_request("/revoke", {"name": "individual", "reason": "keyCompromise"})
    refreshed = expect(desk.refresh(), 200).body
    check(refreshed["list"]["sha256"] != "" and refreshed["lastSuccess"], f"refreshed: {refreshed}")
    after = the_one()
    check(after["revocation"]["status"] == "revoked" and after["revocation"]["reason"] == "keyCompromise", f"after: {after}")
    check(after["touches"] == before["touches"], f"touches changed: {after}")
    shown = desk.tanba("revocation", "lookup", "--serial", after["serial"])["certificates"]
    check(shown[0]["sha256"] == after["sha256"], f"by serial: {shown}")
    document, claim = stack.application("individual")
    expect(stack.portal().submit(document, claim), 422, "revocation.revoked")
    # Who signed the licence is found too, and somebody who never signed anything is not.
    officer = desk.look_up(iin=stack.index["certificates"]["officer"]["iin"])
    check([one["as"] for one in officer[0]["touches"]] == ["decision"], f"the officer: {officer}")
    check(desk.look_up(bin=stack.index["certificates"]["foreign-bin"]["bin"]) == [], "a stranger was found")
    say("  a revoked certificate: found by IIN and serial, with the application and the licence that it touches")
    return the_one


def shrunk(stack, desk, the_one):
    """A list without its entries is used after a person said so, and not before."""
    stack.control(crl="lie-empty")
    refused = desk.refresh()
    check(refused.code == "crl.shrunk", f"an empty list: {refused}")
    alert = until(lambda: [one for one in desk.alerts() if one["kind"] == "shrunk"], "the alert")[0]
    check(alert["source"]["url"].endswith(ISSUING), f"alert: {alert}")
    check(the_one()["revocation"]["status"] == "revoked", "the empty list was used")
    seen = desk.tanba("revocation", "acknowledge", alert["id"], "--reason", "спрашиваю УЦ")
    check(seen["state"] == "acknowledged" and seen["reason"] == "спрашиваю УЦ", f"acknowledged: {seen}")
    check(the_one()["revocation"]["status"] == "revoked", "the empty list was used after it was seen")
    confirmed = desk.tanba("revocation", "confirm", alert["id"], "--reason", "УЦ подтвердил")
    check(confirmed["state"] == "confirmed" and confirmed["by"]["kind"] == "security", f"confirmed: {confirmed}")
    check(the_one()["revocation"]["status"] != "revoked", "the confirmed list is not used")
    stack.control(crl="ok")
    # The list from before the confirmed one would go back behind it; the authority publishes the next.
    stack.ca_request("/revoke", {"name": "head", "reason": "superseded"})
    expect(desk.refresh(), 200)
    check(the_one()["revocation"]["status"] == "revoked", "the next list is not used")
    say("  a list that shrank: refused, shown, used after a person confirmed it")


def by_hand(stack, desk, old):
    """Lists that are brought pass the checks of fetched ones; `old` was published before anything was revoked."""
    refused = desk.bring(old)
    check(refused.code == "crl.rollback", f"an older list: {refused}")
    check(desk.bring(b"no list").status in (400, 422), "no list at all")
    stack.control(crl="wrong-signer")
    forged = published(stack)
    refused = desk.bring(forged)
    check(refused.code == "crl.signature", f"a forged list: {refused}")
    stack.control(crl="ok")
    fresh = stack.home / "issuing.crl"
    fresh.write_bytes(published(stack))
    brought = desk.tanba("revocation", "import", fresh)
    check(brought["list"]["issuer"], f"imported: {brought}")
    say("  lists by hand: an old one, a forged one and no list are refused, a good one is used")


def trust(stack, desk):
    """An anchor comes in with its fingerprint, and the list before it comes back."""
    first = desk.tanba("trust", "show")
    certificate = stack.authority / "ca/twin-a.pem"
    fingerprint = run("openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
    made = desk.tanba("trust", "import", certificate, "--sha256", fingerprint, "--purpose", "tsa", "--reason", "проба")
    check(made["version"] == first["version"] + 1 and len(made["anchors"]) == 2, f"imported: {made}")
    check(len(desk.tanba("trust", "diff", str(made["version"]))["changes"]) == 1, "diff")
    back = desk.tanba("trust", "rollback", str(first["version"]), "--reason", "проба окончена")
    check(back["list"] == first["list"] and back["restores"] == first["version"], f"rolled back: {back}")
    # A restart takes the registry's list, not the configuration's.
    desk.tanba("trust", "import", certificate, "--sha256", fingerprint, "--intermediate", "--reason", "остаётся")
    stack.daemon.stop()
    stack.daemon.start()
    stack.wait_for_daemon()
    desk.api = stack.security().api
    now = expect(desk.api.get("/v1/trust"), 200).body
    check(now["version"] == first["version"] + 3 and len(now["intermediates"]) == 2, f"after the restart: {now}")
    check("trust.configuration_differs" in stack.daemon.log.read_text(), "the log does not say that the configuration differs")
    # Whoever holds the machine makes the configuration's list the newest; the daemon that runs takes it over.
    run(stack.daemon.command[0], "--config", stack.home / "tanbad.toml", "--take-trust", "список из конфигурации")
    taken = until(lambda: (lambda list: list["version"] > now["version"] and list)(expect(desk.api.get("/v1/trust"), 200).body),
                  "the configuration's list")
    check(taken["list"] == first["list"] and taken["act"] == "configuration", f"taken: {taken}")
    say("  trust: imported, rolled back, kept over a restart, taken from the configuration")


def journal(stack):
    with audit.reading(stack.database) as database:
        rows = [json.loads(entry) for (entry,) in database.execute("SELECT entry FROM journal ORDER BY seq")]
    acts = [row["event"] for row in rows if row["actor"]["kind"] == "security"]
    for event in ("revocation.looked-up", "revocation.refresh", "revocation.refreshed", "revocation.import",
                  "revocation.imported", "revocation.alert-acknowledged", "revocation.alert-confirmed", "trust.installed"):
        check(event in acts, f"{event} is not in the journal: {sorted(set(acts))}")
    check(any(row["event"] == "revocation.alert" for row in rows), "the alert is not in the journal")
    text = json.dumps(rows, ensure_ascii=False)
    for secret in (stack.index["certificates"]["individual"]["iin"], "УЦ подтвердил", "ДЕМОВ"):
        check(secret not in text, f"the journal holds {secret}")
    return len(acts)


def scenario(stack):
    desk = Desk(stack)
    old = (stack.authority / ISSUING).read_bytes()
    the_one = revocation(stack, desk)
    shrunk(stack, desk, the_one)
    by_hand(stack, desk, old)
    trust(stack, desk)
    say(f"staff: {journal(stack)} acts, all in the journal")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=StaffStack))
