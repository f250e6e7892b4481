#!/usr/bin/python3 -B
"""Requests that are empty, cut off, too large, too deep, of wrong types or no UTF-8 get their codes; nothing is registered.
Others are served while requests hang unfinished, and what hangs takes no more memory than is allowed."""
import base64
import contextlib
import json
import pathlib
import select
import socket
import sys

import signing
from stack import SERVICE, START_SECONDS, check, expect, main, say


# Who does not finish is not cut off while this test lasts: it is for others to be served meanwhile.
MAX_BUFFERED = 32 << 20
SETTINGS = f"""
[http]
max_buffered_bytes = {MAX_BUFFERED}
handshake_timeout_ms = 600000
header_timeout_ms = 600000
body_timeout_ms = 600000
"""
HOLDERS, HELD = 60, 3 << 20  # all together far more than is allowed


def peak_memory(stack):
    status = pathlib.Path(f"/proc/{stack.daemon.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) << 10


def unfinished(stack, opened):
    """Connections that stop in the middle of everything: handshake, header, a stranger's body, a portal's body."""
    def plain():
        return opened.enter_context(socket.create_connection(("localhost", stack.port), timeout=START_SECONDS))

    def tls():
        return opened.enter_context(stack.nobody.tls.wrap_socket(plain(), server_hostname="localhost"))
    head = b"POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    key = b"Authorization: Bearer " + stack.keys["other"].encode() + b"\r\n"
    half = plain()
    half.sendall(b"\x16\x03\x01")
    hanging = [half]
    for octets in (head, b"POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
                   head + key + b"Content-Length: 100\r\n\r\n{", head + key + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"):
        hanging.append(tls())
        hanging[-1].sendall(octets)
    for _ in range(HOLDERS):
        hanging.append(tls())
        with contextlib.suppress(OSError):  # refused before all of it was sent
            hanging[-1].sendall(head + key + f"Content-Length: {HELD + 1}\r\n\r\n".encode() + b"x" * HELD)
    return hanging


def others_are_served(stack):
    before = peak_memory(stack)
    with contextlib.ExitStack() as opened:
        hanging = unfinished(stack, opened)
        stack.registered()
        expect(stack.portal("other").get("/v1/session"), 200)  # also with the key under which so much is held
        grown = peak_memory(stack) - before
        check(grown < 2 * MAX_BUFFERED, f"{grown >> 20} MiB more for {len(hanging)} requests that hang, {MAX_BUFFERED >> 20} are allowed")
        answered = {one for one in hanging[:5] if select.select([one], [], [], 0)[0] and one is not hanging[0]}
        # A session ticket of TLS is no answer.
        for one in answered:
            one.setblocking(False)
            with contextlib.suppress(OSError):
                check(not one.recv(1), "one that hangs was answered, so this says nothing of it")
        refused = 0
        for one in hanging[5:]:
            one.setblocking(False)
            with contextlib.suppress(OSError):
                said = one.recv(65536)
                check(b" 503 " in said and b"server.busy" in said, f"a body beyond the allowance: {said[:300]!r}")
                refused += 1
        check(refused * HELD > HOLDERS * HELD - MAX_BUFFERED, f"only {refused} of {HOLDERS} were told server.busy")
    say(f"  {len(hanging)} requests hang or are told server.busy, {grown >> 20} MiB more for them, others are served")


def spoken(stack, octets):
    """The server's first line and code for octets that no HTTP library would send."""
    with socket.create_connection(("localhost", stack.port), timeout=START_SECONDS) as plain, \
            stack.nobody.tls.wrap_socket(plain, server_hostname="localhost") as tls:
        tls.sendall(octets)
        said = b""
        while got := tls.recv(65536):
            said += got
        return said


def http_cases(stack):
    portal = stack.portal()
    document, claim = stack.application()
    good = signing.submission(document, claim)
    deep = b'{"document":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    cases = [
        ("empty body", b"", {}, 400, "input.json"),
        ("cut off", json.dumps(good).encode()[:-20], {}, 400, "input.json"),
        ("deep", deep, {}, 400, "input.json"),
        ("deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, {}, 400, "input.json"),
        ("not UTF-8", b'{"document":"\xff\xfe"}', {}, 400, "input.utf8"),
        ("two values", b"{}{}", {}, 400, "input.json"),
        ("no object", b"[]", {}, 400, "input.member"),
        ("nothing in it", b"{}", {}, 400, "input.member"),
        ("a number for the document", json.dumps({**good, "document": 7}).encode(), {}, 400, "input.member"),
        ("no base64", json.dumps({**good, "document": "*"}).encode(), {}, 400, "input.member"),
        ("an unknown member", json.dumps({**good, "documents": "x"}).encode(), {}, 400, "input.member"),
        ("attachments as text", json.dumps({**good, "attachments": "x"}).encode(), {}, 400, "input.member"),
        ("an applicant of no kind", json.dumps({**good, "applicant": {"kind": "ghost", "number": "1"}}).encode(), {}, 400, "input.member"),
        ("wrong media type", json.dumps(good).encode(), {"Content-Type": "text/xml"}, 415, "request.media_type"),
    ]
    for name, body, headers, status, code in cases:
        answer = portal.request("POST", "/v1/applications", raw=body, headers=headers)
        check(answer.status == status and answer.code == code, f"{name}: expected {status} {code}, got {answer}")
    too_large = spoken(stack, b"POST /v1/applications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                       + stack.keys["egov"].encode() + b"\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n{")
    check(b" 413 " in too_large and b"input.too_large" in too_large, f"too large: {too_large[:300]!r}")
    for name, octets in (("no HTTP", b"\x16\x03\x01\x02\x00\r\n\r\n"), ("two lengths", b"POST /v1/verify HTTP/1.1\r\nHost: localhost\r\n"
                         b"Content-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}")):
        said = spoken(stack, octets)
        check(b" 400 " in said and b"request.malformed" in said, f"{name}: {said[:300]!r}")
    header = spoken(stack, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * 100_000 + b"\r\n\r\n")
    check(b" 431 " in header and b"request.header_too_large" in header, f"a large header: {header[:300]!r}")
    return len(cases) + 4


def replaced(document, old, new):
    """With the first place changed; there must be one."""
    check(old in document, f"nothing to change: {old!r}")
    return document.replace(old, new, 1)


def document_cases(stack):
    """Well-formed requests whose document is bad: the report's decision is never accept, and nothing breaks."""
    portal = stack.portal()
    key = stack.key("head")
    claim = signing.claim_of(key.entry)
    plain = signing.application_xml(SERVICE, stack.licensor, claim).encode()
    good = key.sign_xml(plain)
    signature = good[good.index(b"<ds:Signature"):good.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
    reference = good[good.index(b"<ds:Reference"):good.index(b"</ds:Reference>") + len(b"</ds:Reference>")]
    ten_megabytes = replaced(good, b"</field>", b"x" * 10_000_000 + b"</field>")
    bomb = b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 1000 + b'"><!ENTITY c "' + b"&b;" * 1000 + b'">]><a>' + b"&c;" * 1000 + b"</a>"
    external = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + replaced(good, b'<field name="region">', b'<field name="region">&b;')
    cases = {
        "one octet": (b"\0", "format.unknown"),
        "cut off": (good[: len(good) // 2], "xml.malformed"),
        "no signature": (plain, "format.no_signature"),
        "a bomb": (bomb, "xml.doctype"),
        "an external entity": (external, "xml.doctype"),
        "deep": (b"<a>" * 20_000 + b"</a>" * 20_000, "limit.depth"),
        "not UTF-8": (replaced(good, b"</name>", b"\xff</name>"), "xml.encoding"),
        "a thousand signatures": (replaced(good, signature, signature * 1000), "limit.count"),
        "CMS of noise": (b"\x30\x80" + b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + b"\xa0\x80" * 500, "limit.depth"),
        "a certificate that is none": (replaced(good, b"<ds:X509Certificate>", b"<ds:X509Certificate>AAAA"), "certificate.malformed"),
        "changed": (signing.tampered(good), "digest.mismatch"),
        "ten megabytes": (ten_megabytes, "digest.mismatch"),
        "a hundred references over ten megabytes": (replaced(ten_megabytes, reference, reference * 100), "limit.count"),
        # Few enough to be counted, too dear to be digested all.
        "thirty references over ten megabytes": (replaced(ten_megabytes, reference, reference * 30), "limit.cost"),
    }
    for name, (document, code) in cases.items():
        answer = portal.post("/v1/applications", signing.submission(document, claim))
        check(answer.status == 422 and answer.code == code, f"{name}: expected 422 {code}, got {answer}")
        asked = expect(portal.post("/v1/verify", {"document": base64.b64encode(document).decode()}), 200)
        check(asked.body.get("decision") == "refuse" and code in asked.octets.decode(), f"{name}, asked: {asked}")
        say(f"  {name}: {answer.status} {answer.code}")
        stack.daemon.check_running()
    return len(cases)


def fee_cases(stack):
    """A fee about which nobody can be asked is no fault of the applicant's; claims that decide a period are plain."""
    key = stack.key("head")
    claim = signing.claim_of(key.entry)
    poisons = signing.application_xml("poisons", stack.index["licensors"]["industry"]["bin"], claim).encode()
    answer = expect(stack.portal().submit(key.sign_xml(poisons), claim), 503, "fetch.unreachable")
    check(int(answer.headers.get("Retry-After", 0)) > 0 and answer.body["report"]["decision"] == "retry", f"a fee: {answer}")
    warnings = [json.loads(line) for line in stack.daemon.log.read_text(encoding="utf-8").splitlines() if "payments.no_gateway" in line]
    services = warnings[-1]["services"].split(", ") if warnings else []
    check("poisons" in services and not {"oil-gas", "ozone"} & set(services), f"the log names {services}")
    unpaid = signing.application_xml(SERVICE, stack.licensor, claim).encode().replace(b"<kind>receipt</kind>", b"<kind>document</kind>")
    expect(stack.portal().submit(key.sign_xml(unpaid), claim), 422, "application.payment")
    small = signing.application_xml(SERVICE, stack.licensor, claim).encode()
    small = small.replace(b"</fields>", '<field name="small-business">да</field></fields>'.encode())
    check("small-business" in expect(stack.portal().submit(key.sign_xml(small), claim), 422, "application.schema").body["detail"],
          "the field is not named")
    return 3


def scenario(stack):
    others_are_served(stack)
    cases = http_cases(stack) + document_cases(stack) + fee_cases(stack)
    check(stack.registered_count() == 1, "something bad was registered")
    stack.registered()
    stack.wait_for_daemon("/readyz")
    say(f"bad_requests: {cases} refused with their codes, none registered, a good one taken afterwards")


if __name__ == "__main__":
    sys.exit(main(__doc__, scenario, settings=SETTINGS))
