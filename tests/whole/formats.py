#!/usr/bin/python3 -B
"""Every format of the flow through the daemon's one door: verified, lifted by a live time-stamp authority, streamed.

What was lifted is accepted ten years later, offline, from its inside alone. A document larger than the daemon may grow
by is verified while it arrives.
"""
import base64
import contextlib
import datetime
import http.client
import json
import pathlib
import shutil
import subprocess
import sys

from stack import PROJECT, Answer, Stack, check, expect, main, run, say

sys.path.insert(1, str(PROJECT / "certs-test"))
import pdfbuild  # noqa: E402

SETTINGS = """
[trust]
intermediates = "{home}/intermediates"

[[tsa]]
url = "{base}/tsp/first"

[[tsa]]
url = "{base}/tsp/second"
"""
CONTENT = "<a:application xmlns:a='urn:example'><a:text>Өтініш</a:text></a:application>"
LARGE_BYTES = 96 << 20
MAY_GROW_BYTES = 32 << 20


class WithStamps(Stack):
    def write_daemon_configuration(self):
        (self.home / "intermediates").mkdir()
        shutil.copy2(self.authority / "ca/issuing.pem", self.home / "intermediates")
        self.settings += SETTINGS.format(base=self.index["baseUrl"].rstrip("/"), home=self.home)
        super().write_daemon_configuration()

    def signed(self, form, document, who="head"):
        """By the command line, as a workstation would."""
        out = self.home / f"{who}.{form}"
        run(self.bin / "tanba", "sign", document, "--format", form, "--p12", self.authority / self.index["certificates"][who]["p12"],
            "--password-file", self.authority / "p12/password.txt", "--chain", self.authority / "ca/issuing.pem", "-o", out)
        return out.read_bytes()

    def years_later(self, octets):
        """Offline, with nothing but the anchor."""
        file = self.home / "lifted"
        file.write_bytes(octets)
        at = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3653)).strftime("%Y-%m-%dT%H:%M:%SZ")
        done = subprocess.run([self.bin / "tanba", "verify", file, "--trust", self.authority / "anchors.pem", "--at", at, "--json"],
                              capture_output=True, check=False, timeout=120)
        return json.loads(done.stdout)

    def stream(self, body, size, query=""):
        """A body that is sent in pieces, octets or a file."""
        with contextlib.closing(http.client.HTTPSConnection("localhost", self.port, context=self.nobody.tls, timeout=300)) as connection:
            connection.request("POST", "/v1/verify/stream" + query, body, {
                "Authorization": f"Bearer {self.keys['egov']}", "Content-Type": "application/octet-stream", "Content-Length": str(size)})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) << 10


def documents_of(stack):
    text = stack.home / "text.xml"
    text.write_text(CONTENT, encoding="utf-8")
    page = stack.home / "page.pdf"
    pdf = pdfbuild.Document()
    pdf.base()
    pdf.save()
    page.write_bytes(bytes(pdf.octets))
    return {"cms": text, "xades": text, "pdf": page}


def body_of(octets, **more):
    return {"document": base64.b64encode(octets).decode(), **more}


def levels(report):
    return [signature["level"] for signature in report["signatures"]]


def verify_each(stack, portal, signed):
    for form, octets in signed.items():
        report = expect(portal.post("/v1/verify", body_of(octets)), 200).body
        check((report["decision"], levels(report)) == ("accept", ["B-B"]), f"{form}: {report}")
        check(report["signatures"][0]["covers"]["whole"], f"{form}: {report}")
        at = octets.index("text>Өтініш".encode() if form != "pdf" else b"stream\n") + 8
        changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:]
        report = expect(portal.post("/v1/verify", body_of(changed)), 200).body
        check((report["decision"], report["subIndication"]) == ("refuse", "HASH_FAILURE"), f"{form}, changed: {report}")
        say(f"  {form}: verified, and refused when changed")
    # All at once: each its own report, in order.
    batch = [body_of(octets) for octets in signed.values()]
    answers = expect(portal.post("/v1/verify", {"documents": batch}), 200).body["reports"]
    check([one["report"]["format"] for one in answers] == ["CMS", "XML-DSig", "PDF"], answers)
    check({one["report"]["decision"] for one in answers} == {"accept"}, answers)


def lift_each(stack, portal, signed):
    for form, octets in signed.items():
        stamped = expect(portal.post("/v1/augment", body_of(octets, level="B-T")), 200).body
        check(levels(stamped["report"]) == ["B-T"], f"{form}: {stamped['report']}")
        lifted = expect(portal.post("/v1/augment", {"document": stamped["document"], "level": "B-LT"}), 200).body
        check(levels(lifted["report"]) == ["B-LT"], f"{form}: {lifted['report']}")
        report = stack.years_later(base64.b64decode(lifted["document"]))
        check((report["decision"], levels(report)) == ("accept", ["B-LT"]), f"{form}, years later: {report}")
        check(stack.years_later(base64.b64decode(stamped["document"]))["decision"] != "accept", f"{form} at B-T needs evidence from outside")
        say(f"  {form}: lifted to B-T and B-LT, accepted ten years later offline")


def lift_in_trouble(stack, portal, signed):
    # The authorities are asked in their order.
    stack.control(tsp={"mode": "down", "only": ["tsp-first"]})
    answer = expect(portal.post("/v1/augment", body_of(signed["cms"], level="B-T")), 200)
    check(levels(answer.body["report"]) == ["B-T"], answer)
    stack.control(tsp="down")
    answer = portal.post("/v1/augment", body_of(signed["cms"], level="B-T"))
    check(answer.status >= 400 and "document" not in answer.body, f"without a time-stamp authority: {answer}")
    stack.control(tsp="ok")
    revoked = stack.signed("cms", stack.home / "text.xml", "revoked")
    answer = expect(portal.post("/v1/augment", body_of(revoked, level="B-T")), 422)
    check("document" not in answer.body and answer.code == "revocation.revoked", answer)
    say("  the second authority where the first is down; none: nothing given out; a revoked signer's document is not lifted")


def openssl_cms(stack, content, out):
    entry = stack.index["certificates"]["head"]
    run("openssl", "cms", "-sign", "-stream", "-binary", "-nodetach", "-outform", "DER", "-signer", stack.authority / entry["cert"],
        "-inkey", stack.authority / entry["key"], "-certfile", stack.authority / "ca/issuing.pem", "-in", content, "-out", out)
    return out


def stream(stack, portal, signed):
    for form, octets in signed.items():
        report = expect(stack.stream(octets, len(octets)), 200).body
        check(report["decision"] == "accept", f"{form}, as it is: {report}")
    content, document = stack.home / "content", stack.home / "large.cms"
    with content.open("wb") as file:
        file.truncate(LARGE_BYTES)
    openssl_cms(stack, content, document)
    size = document.stat().st_size
    before = stack.peak_bytes()
    with document.open("rb") as file:
        report = expect(stack.stream(file, size), 200).body
    check(report["decision"] == "accept" and report["signatures"][0]["covers"]["whole"], report)
    grown = stack.peak_bytes() - before
    check(grown < MAY_GROW_BYTES, f"the daemon grew by {grown} bytes over a document of {size}")
    with document.open("r+b") as file:
        file.seek(size // 2)
        octet = file.read(1)
        file.seek(size // 2)
        file.write(bytes([octet[0] ^ 1]))
    with document.open("rb") as file:
        report = expect(stack.stream(file, size), 200).body
    check(report["decision"] == "refuse", f"changed in the middle: {report}")
    say(f"  {size >> 20} MiB attached, while it arrives: the daemon grew by {grown >> 20} MiB")


def scenario(stack):
    portal = stack.portal()
    signed = {form: stack.signed(form, document) for form, document in documents_of(stack).items()}
    verify_each(stack, portal, signed)
    lift_each(stack, portal, signed)
    lift_in_trouble(stack, portal, signed)
    stream(stack, portal, signed)
    say("formats: verified, lifted and streamed through the daemon")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, kind=WithStamps))
