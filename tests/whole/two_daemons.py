#!/usr/bin/python3 -B
"""Two daemons on one PostgreSQL: a trust list that staff change at one is in force in the other, and so is a decision on an
alert. Both write one journal at once, whatever isolation the database gives by default. Run by tests/postgres/with_postgres.py,
which says where the database is.
"""
import base64
import concurrent.futures
import os
import subprocess
import sys

from staff import ISSUING, StaffStack
from stack import Api, Lost, Officer, Process, check, expect, free_port, main, run, say, until


PSQL = "/usr/lib/postgresql/15/bin/psql"
APPLICATIONS, AT_ONCE = 40, 10


class TwoDaemons(StaffStack):
    connection = os.environ.get("TANBA_TEST_POSTGRES", "")
    database_url = "postgresql:" + connection

    def set_up(self):
        # An administrator's choice that the daemons must not depend on.
        run(PSQL, self.connection, "-qc", "ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'repeatable read'")
        super().set_up()

    def write_daemon_configuration(self):
        self.documents = self.home / "documents"  # both daemons'
        super().write_daemon_configuration()
        self.second_port = free_port()
        folder = self.home / "second"  # its own evidence
        folder.mkdir(mode=0o700)
        text = (self.home / "tanbad.toml").read_text(encoding="utf-8")
        self.write("second/tanbad.toml", text.replace(f"port = {self.port}\n", f"port = {self.second_port}\n"))
        self.second_nobody = Api(self.second_port, self.authority / "tls-anchors.pem")

    def start(self):
        super().start()
        second = Process("second", [self.bin / "tanbad", "--config", self.home / "second/tanbad.toml"], self.home / "log/second")
        self.processes["second"] = second.start()
        until(lambda: second.check_running() or self.answers(self.second_nobody), "the second daemon")

    @staticmethod
    def answers(api):
        try:
            return api.get("/healthz").status == 200
        except Lost:
            return False


def import_twin(stack, based_on):
    certificate = stack.authority / "ca/twin-a.pem"
    fingerprint = run("openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
    return {"kind": "intermediate", "certificate": base64.b64encode(certificate.read_bytes()).decode(),
            "sha256": fingerprint, "reason": "новый УЦ", "basedOn": based_on}


def trust(stack, first, second):
    one = expect(first.get("/v1/trust"), 200).body
    check(expect(second.get("/v1/trust"), 200).body["list"] == one["list"], "they begin with one list")
    made = expect(first.post("/v1/trust/certificates", import_twin(stack, one["version"])), 201).body
    until(lambda: expect(second.get("/v1/trust"), 200).body["version"] == made["version"], "the new list at the second daemon")
    verdict = stack.second_nobody.as_caller(stack.keys["egov"]).post("/v1/verify", {"document": "YQ=="})
    check(expect(verdict, 200).body["trust"]["snapshot"] == made["list"], f"its reports name another list: {verdict}")
    late = import_twin(stack, one["version"])
    expect(second.post("/v1/trust/certificates", late), 409, "trust.version")
    back = expect(second.post("/v1/trust/rollbacks", {"version": one["version"], "reason": "назад", "basedOn": made["version"]}), 201)
    until(lambda: expect(first.get("/v1/trust"), 200).body["version"] == back.body["version"], "the rollback at the first daemon")
    say("  trust: a change at one daemon is in force in the other, both ways; a late one is refused")


def alerts(stack, first, second):
    def source(api):
        return next(one for one in expect(api.get("/v1/revocation/sources"), 200).body["sources"] if one["url"].endswith(ISSUING))
    until(lambda: source(second).get("list"), "the list at the second daemon")
    before = source(second)["list"]["sha256"]
    stack.control(crl="lie-empty")
    refused = second.post(f"/v1/revocation/sources/{source(second)['id']}/refresh")
    check(refused.code == "crl.shrunk", f"an empty list: {refused}")
    alert = until(lambda: expect(first.get("/v1/revocation/alerts?state=open"), 200).body["alerts"], "the alert at the first daemon")[0]
    check(source(second)["list"]["sha256"] == before, "the empty list is used")
    expect(first.post(f"/v1/revocation/alerts/{alert['id']}/confirmation", {"reason": "УЦ подтвердил"}), 200)
    until(lambda: source(second)["list"]["sha256"] == alert["offered"], "the confirmed list at the second daemon")
    say("  alerts: seen by one daemon, confirmed at the other, used by the first")


def writes(stack):
    signed = [stack.application() for _ in range(APPLICATIONS)]

    def submit(i):
        api = (stack.nobody, stack.second_nobody)[i % 2].as_caller(stack.keys["egov"])
        answer = api.submit(*signed[i])
        api.close()
        return expect(answer, 201).body["number"]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        numbers = set(pool.map(submit, range(APPLICATIONS)))
    check(len(numbers) == APPLICATIONS, f"numbers given twice: {len(numbers)} for {APPLICATIONS}")
    say(f"  writes: {APPLICATIONS} applications at both daemons at once, each registered once")


def journal(stack):
    """The journal by the tasks that are programs of their own, beside the daemons; then damaged in the middle."""
    def tanbad(*arguments):
        return subprocess.run([stack.bin / "tanbad", "--config", stack.home / "tanbad.toml", *arguments], capture_output=True,
                              text=True, check=False, timeout=300)
    clock = tanbad("--accept-clock", "проба")
    check(clock.returncode == 0 and "nothing to accept" in clock.stdout, f"--accept-clock: {clock}")
    whole = tanbad("--verify-journal")
    check(whole.returncode == 0 and whole.stdout.endswith(", ok\n"), f"--verify-journal: {whole}")
    run(PSQL, stack.connection, "-qc", "UPDATE journal SET entry = replace(entry, 'egov', 'evil') WHERE seq = "
        "(SELECT min(seq) FROM journal WHERE event = 'application.registered')")
    damaged = tanbad("--verify-journal")
    check(damaged.returncode == 1 and "registry.damaged" in damaged.stderr, f"a changed row passes --verify-journal: {damaged}")
    stack.daemon.stop()
    stack.daemon.start()
    stack.wait_for_daemon()
    until(lambda: (answer := stack.nobody.get("/readyz")).status == 503 and "registry.damaged" in str(answer), "/readyz that says so")
    say("  journal: walked, its clock looked at, a row changed in the middle found by a walk and by a daemon")


def scenario(stack):
    writes(stack)
    first = stack.security().api
    second = Officer(stack, "security", stack.second_nobody).log_in("security").api
    trust(stack, first, second)
    alerts(stack, first, second)
    journal(stack)
    say("two_daemons: one registry, one journal, one trust list, one list of alerts")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=TwoDaemons))
