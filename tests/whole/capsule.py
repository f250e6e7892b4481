#!/usr/bin/python3 -B
"""Every registration and every decision leaves an evidence capsule that proves it without the daemon.

A key server or a time-stamp authority that is down delays seals and time stamps, never decisions; kill -9 loses none.
The file is read here by its published form (docs/reference/capsule.md), without the code under test.
"""
import hashlib
import json
import shutil
import struct
import subprocess
import sys

from stack import Stack, check, expect, main, run, say, until

OTHER_KEY = "0" * 64


def frames(octets):
    """[(kind, octets, where the frame begins)] of a capsule file; its end is checked."""
    check(octets.startswith(b"tanba-capsule 1\n"), "no capsule")
    at, found = 16, []
    while at < len(octets):
        kind, (length,) = octets[at:at + 1].decode(), struct.unpack(">Q", octets[at + 1:at + 9])
        found.append((kind, octets[at + 9:at + 9 + length], at))
        at += 9 + length
    kind, digest, begin = found[-1]
    check(kind == "E" and digest == hashlib.sha256(octets[:begin]).digest(), "the end of the file")
    return found


class Capsule:
    def __init__(self, octets):
        self.octets, self.frames = octets, frames(octets)
        self.manifest = self.frames[0][1]
        self.parts = [content for kind, content, _ in self.frames if kind == "P"]
        self.seals = [content for kind, content, _ in self.frames if kind == "S"]
        self.stamps = [(content, octets[:begin]) for kind, content, begin in self.frames if kind == "T"]

    def check(self):
        """By the manifest's digests, the seal by OpenSSL's CMS, the time stamps' imprints by OpenSSL."""
        named = json.loads(self.manifest)["parts"]
        check([part["sha256"] for part in named] == [hashlib.sha256(part).hexdigest() for part in self.parts], "the parts")
        check([part["kind"] for part in named[:3]] == ["record", "trust", "report"], "the order of the parts")


def tanba(stack, *arguments):
    done = subprocess.run([stack.bin / "tanba", *map(str, arguments), "--json"], capture_output=True, check=False, timeout=300)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


class Kept:
    """One document with its capsule, as files."""

    def __init__(self, stack, name, path, document):
        self.stack, self.path = stack, path
        self.file, self.document = stack.home / f"{name}.capsule", stack.home / f"{name}.xml"
        self.document.write_bytes(document)

    def fetch(self, api):
        self.file.write_bytes(expect(api.get(self.path), 200).octets)
        return Capsule(self.file.read_bytes())

    def verify(self, *more, document=None):
        status, verdict = tanba(self.stack, "capsule", "verify", self.file, "--document", document or self.document, "--trust",
                                self.stack.authority / "anchors.pem", "--intermediate", self.stack.authority / "ca", *more)
        return status, [error["code"] for error in verdict.get("errors", [])], verdict


def independent(stack, capsule):
    """The seal and the first time stamp, by OpenSSL."""
    seal, token, covered = stack.home / "seal.der", stack.home / "token.der", stack.home / "covered"
    seal.write_bytes(capsule.seals[0])
    said = run("openssl", "cms", "-verify", "-inform", "DER", "-in", seal, "-CAfile", stack.authority / "anchors.pem", "-purpose", "any")
    statement = json.loads(said)
    check(statement["manifest"] == hashlib.sha256(capsule.manifest).hexdigest(), "what the seal is over")
    token.write_bytes(capsule.stamps[0][0])
    covered.write_bytes(capsule.stamps[0][1])
    run("openssl", "ts", "-verify", "-data", covered, "-in", token, "-token_in", "-CAfile", stack.authority / "anchors.pem",
        "-untrusted", stack.authority / "ca/issuing.pem")


def scenario(stack):
    stack.control(tsp="rejection")
    officer, portal = stack.officer(), stack.portal()
    number, application = stack.registered()
    officer.decide(number)
    stored = expect(portal.get(f"/v1/applications/{number}/decision/document"), 200).octets
    registered = Kept(stack, "registered", f"/v1/applications/{number}/capsule", application)
    decided = Kept(stack, "decided", f"/v1/applications/{number}/decision/capsule", stored)
    licence = expect(portal.get(f"/v1/applications/{number}/decision"), 200).body["number"]
    for kept in (registered, decided):
        until(lambda one=kept: one.fetch(portal).seals, f"the seal of {kept.file.name}")
    check(expect(portal.get(f"/v1/licences/{licence}/capsule"), 200).octets[:16] == b"tanba-capsule 1\n", "by the licence's number")
    for path in (registered.path, decided.path, f"/v1/licences/{licence}/capsule"):
        expect(stack.portal("other").get(path), 404)
        expect(stack.officer("officer-industry").api.get(path), 404)
    status, codes, verdict = decided.verify()
    check((status, codes) == (0, []) and [one["code"] for one in verdict["warnings"]] == ["capsule.no_time_stamp"], f"{status} {codes}")
    say("  sealed although no time stamp could be had; others do not see it")

    stack.keyd.kill()
    other, _ = stack.registered("individual")
    officer.decide(other, "refusal", "workstation")
    refused = Kept(stack, "refused", f"/v1/applications/{other}/decision/capsule",
                   expect(portal.get(f"/v1/applications/{other}/decision/document"), 200).octets)
    check(not refused.fetch(portal).seals, "sealed without a key server")
    check(refused.verify()[:2] == (1, ["capsule.no_seal"]), f"{refused.verify()[:2]}")
    check(refused.verify("--unsealed")[0] == 0, "the capsule without its seal")
    stack.daemon.kill()
    stack.keyd.start()
    stack.wait_for_keyd()
    stack.control(tsp="ok")
    stack.daemon.start()
    stack.wait_for_daemon()
    for api in (portal, officer.api):
        api.close()
    for kept in (registered, decided, refused):
        until(lambda one=kept: one.fetch(portal).stamps, f"the time stamp of {kept.file.name}")
    say("  decided without a key server; after kill -9 everything was sealed and stamped")

    lists = ["--crl", stack.authority / "crl"]
    key = tanba(stack, "cert", "show", stack.home / "capsule.crt.der")[1]["certificates"][0]["key"]["sha256"]
    for process in (stack.daemon, stack.keyd):
        process.stop()
    for kept in (registered, decided, refused):
        capsule = Capsule(kept.file.read_bytes())
        capsule.check()
        independent(stack, capsule)
        status, codes, verdict = kept.verify("--seal-key", key, *lists)
        check((status, codes, verdict["warnings"]) == (0, [], []), f"{kept.file.name}: {status} {codes} {verdict['warnings']}")
        check(verdict["report"] == json.loads(capsule.parts[2]), f"{kept.file.name}: another report")
        check(kept.verify("--seal-key", OTHER_KEY)[:2] == (1, ["capsule.seal"]), "a key that may not seal")
        check(kept.verify(document=stack.authority / "anchors.pem")[:2] == (1, ["capsule.document"]), "another document")
        seal = stack.home / "seal.der"
        status, report = tanba(stack, "verify", seal, "--trust", stack.authority / "anchors.pem", "--intermediate", stack.authority / "ca", *lists)
        check(status == 1 and "document.type" in [error["code"] for error in report["errors"]], f"a seal as a document: {status}")
    say("  verified offline, by OpenSSL too; a seal is no document")

    renewed = Kept(stack, "renewed", "", decided.document.read_bytes())
    done = subprocess.run([stack.bin / "tanba", "capsule", "renew", decided.file, "--tsa", stack.index["baseUrl"].rstrip("/") + "/tsp/second",
                           "--tsa-digest", "SHA-512", "--trust", stack.authority / "anchors.pem", "--intermediate", stack.authority / "ca",
                           "--allow-source", stack.authority_address, "-o", renewed.file], capture_output=True, check=False, timeout=300)
    check(done.returncode == 0, done.stderr.decode())
    status, codes, verdict = renewed.verify(*lists)
    check((status, codes, len(verdict["timestamps"])) == (0, [], 2), f"renewed: {status} {codes}")
    capsule = Capsule(renewed.file.read_bytes())
    check(capsule.octets.startswith(capsule.stamps[1][1]) and len(capsule.stamps[1][1]) > len(capsule.stamps[0][1]), "what it is over")
    # The first time stamp taken out, every digest made right again: what the second one was over is gone.
    begin = next(at for kind, _, at in capsule.frames if kind == "T")
    second = capsule.frames[-2]
    body = capsule.octets[:begin] + capsule.octets[second[2]:capsule.frames[-1][2]]
    renewed.file.write_bytes(body + b"E" + struct.pack(">Q", 32) + hashlib.sha256(body).digest())
    check(renewed.verify()[:2] == (1, ["capsule.time_stamp"]), f"without its first time stamp: {renewed.verify()[:2]}")
    say("capsule: sealed, stamped, renewed; proved offline")


SETTINGS = """
[trust]
intermediates = "{home}/intermediates"

[[tsa]]
url = "{base}/tsp/first"
"""


class Stamped(Stack):
    def write_daemon_configuration(self):
        (self.home / "intermediates").mkdir()
        shutil.copy2(self.authority / "ca/issuing.pem", self.home / "intermediates")
        self.settings += SETTINGS.format(base=self.index["baseUrl"].rstrip("/"), home=self.home)
        super().write_daemon_configuration()


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=Stamped))
