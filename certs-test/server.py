"""The HTTP server of the test authority: OCSP, CRLs, time stamps, CA certificates, and faults on demand."""

import base64
import binascii
import collections
import datetime
import gzip
import http.server
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse

import ocsp
import plans
import tsa
import x509build as build
from authority import CRL_DAYS, Authority, UsageError, now, parse_time
from signers import BrokenSigner

MAX_BODY = 64 * 1024  # a request names a handful of certificates
ENDLESS_CHUNK = b"\x00" * 16384
# Long enough that a client without limits is caught; the client ends it by closing.
ENDLESS_HEADER = b"".join(b"X-Line: %063d\r\n" % at for at in range(200))
ENDLESS_BYTES = 4 * 1024 * 1024 * 1024

# Faults of the channel, the same for all sources.
CHANNEL_MODES = {
    "slow": "the answer comes after `delay` seconds (default 5)",
    "drip": "one byte every `delay` seconds (default 1)",
    "down": "the connection is reset without an answer",
    "hang": "the request is read and never answered (until `delay` seconds have passed, default 600)",
    "garbage": "octets that are no DER, with the right content type",
    "empty": "200 with an empty body",
    "truncated": "half of the body, then the connection ends; Content-Length speaks of all",
    "half": "the first half of the body as if it were all",
    "endless": "a body that never ends",
    "http-error": "HTTP status `status` (default 500)",
    "redirect": "302 to `location`",
    "redirect-loop": "302 to the same address again",
    "wrong-type": "the right body as text/html",
    "wrong-length": "Content-Length is a byte less than the body",
    "no-length": "neither Content-Length nor an end but the connection's",
    "reset-midway": "half of the body, then the connection is reset",
    "endless-header": "header lines that never end",
    "no-http": "octets that are no HTTP",
    "tls": "a TLS alert where HTTP is spoken",
    "gzip": "the right body, compressed although nobody asked for that",
}

CRL_MODES = {
    "ok": "as it should be",
    "wrong-signer": "signed with the key of an authority that nobody trusts, in the right issuer's name",
    "broken-signature": "one bit of the signature is flipped",
    "stale": "nextUpdate lies in the past (an hour)",
    "future": "thisUpdate lies a day ahead",
    "no-next-update": "nextUpdate is missing",
    "wrong-issuer": "another authority's CRL",
    "lie-empty": "an empty list, whatever the books say",
    "rollback": "thisUpdate lies an hour before that of the list published last",
    "number-back": "cRLNumber is smaller than that of the list published last",
}


class Behaviour:
    """What one source does at present."""

    def __init__(self, modes: dict[str, str]):
        self._modes = {**modes, **CHANNEL_MODES}
        self.mode = "ok"
        self.parameters: dict = {}
        self._left: int | None = None

    def set(self, mode: str, parameters: dict) -> None:
        if mode not in self._modes:
            raise UsageError(f"unknown mode {mode}; known are {', '.join(self._modes)}")
        self.mode = mode
        self.parameters = parameters
        self._left = int(parameters["times"]) if "times" in parameters else None

    def take(self, names: list[str]) -> tuple[str, dict]:
        """The mode for a request about these names; counts down `times`."""
        only = self.parameters.get("only")
        if only is not None and not set([only] if isinstance(only, str) else only) & set(names):
            return "ok", {}
        if self._left is not None:
            if self._left <= 0:
                return "ok", {}
            self._left -= 1
        return self.mode, self.parameters

    def as_json(self) -> dict:
        shown: dict = {"mode": self.mode, **self.parameters}
        if self._left is not None:
            shown["left"] = self._left
        return shown


class State:
    """What all connections share; every member is used under `lock`."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.behaviour = {
            "ocsp": Behaviour(ocsp.MODES),
            "crl": Behaviour(CRL_MODES),
            "tsp": Behaviour(tsa.MODES),
        }
        self.counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        self._made = 0
        self._authority = Authority.open(folder)

    def authority(self) -> Authority:
        """Opened again when the directory was made anew."""
        with self.lock:
            made = (self.folder / "made.json").stat().st_mtime_ns
            if made != self._made:
                self._authority = Authority.open(self.folder)
                self._made = made
            return self._authority

    def count(self, group: str, name: str) -> None:
        with self.lock:
            self.counts[group][name] += 1

    def take(self, source: str, names: list[str]) -> tuple[str, dict]:
        with self.lock:
            return self.behaviour[source].take(names)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "tanba-testca"
    sys_version = ""
    server: "Server"

    # --- requests ----------------------------------------------------------------------------------------------------

    def do_GET(self) -> None:
        path = urllib.parse.urlsplit(self.path).path
        if path == "/stats":
            self._json(200, self._stats())
        elif path == "/control":
            self._json(200, self._control_state())
        elif path == "/healthz":
            self._send(200, "text/plain", b"ok\n")
        elif path.startswith("/ocsp/"):
            self._ocsp_get(path.removeprefix("/ocsp/"))
        elif path.startswith("/crl/") and path.endswith(".crl"):
            self._crl(path.removeprefix("/crl/").removesuffix(".crl"))
        elif path.startswith("/ca/") and path.endswith(".cer"):
            self._ca(path.removeprefix("/ca/").removesuffix(".cer"))
        else:
            self._send(404, "text/plain", b"nothing here\n")

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        path = urllib.parse.urlsplit(self.path).path.rstrip("/") or "/"
        if path == "/ocsp":
            self._ocsp(body, "post")
        elif path == "/tsp" or path.startswith("/tsp/"):
            self._tsp(body, path)
        elif path in ("/control", "/revoke", "/hold", "/release"):
            self._command(path, body)
        else:
            self._send(404, "text/plain", b"nothing here\n")

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self.close_connection = True
            self._send(411, "text/plain", b"Content-Length wanted\n")
            return None
        if int(length) > MAX_BODY:
            self.close_connection = True
            self._send(413, "text/plain", b"too large\n")
            return None
        return self.rfile.read(int(length))

    # --- what is served ----------------------------------------------------------------------------------------------

    def _ocsp_get(self, encoded: str) -> None:
        # RFC 6960 A.1: "GET {url}/{url-encoding of base-64 encoding of the DER encoding of the OCSPRequest}".
        try:
            request = base64.b64decode(urllib.parse.unquote(encoded), validate=True)
        except (binascii.Error, ValueError):
            request = b""
        self._ocsp(request, "get")

    def _ocsp(self, request: bytes, method: str) -> None:
        state = self.server.state
        responder = ocsp.Responder(state.authority())
        names = responder.names(request)
        state.count("ocsp", method)
        for name in names:
            state.count("ocspCertificates", name)
        mode, parameters = state.take("ocsp", names)
        answer = responder.answer(request, mode if mode in ocsp.MODES else "ok", parameters.get("age"))
        self._misbehave(mode, parameters, "application/ocsp-response", answer)

    def _tsp(self, request: bytes, path: str) -> None:
        """Several authorities at once: /tsp and /tsp/NAME are told apart by `only`."""
        state = self.server.state
        name = path.removeprefix("/").replace("/", "-")
        state.count("tsp", name)
        mode, parameters = state.take("tsp", [name])
        authority = tsa.TimeStampAuthority(state.authority())
        answer = authority.answer(request, mode if mode in tsa.MODES else "ok")
        self._misbehave(mode, parameters, "application/timestamp-reply", answer)

    def _crl(self, name: str) -> None:
        state = self.server.state
        delta = name.endswith("-delta")
        issuer = name.removesuffix("-delta")
        if issuer not in plans.REVOKING + plans.CRL_ONLY:
            self._send(404, "text/plain", b"no such CRL\n")
            return
        state.count("crl", name)
        mode, parameters = state.take("crl", [name, issuer])
        life_s = float(parameters["life"]) if "life" in parameters else None
        content = crl_bytes(state.authority(), issuer, delta, mode if mode in CRL_MODES else "ok", life_s=life_s)
        self._misbehave(mode, parameters, "application/pkix-crl", content)

    def _ca(self, name: str) -> None:
        known = {plan.name for plan in plans.AUTHORITIES}
        if name not in known:
            self._send(404, "text/plain", b"no such authority\n")
            return
        self.server.state.count("ca", name)
        self._send(200, "application/pkix-cert", self.server.state.authority().certificate(name))

    # --- control -----------------------------------------------------------------------------------------------------

    def _command(self, path: str, body: bytes) -> None:
        try:
            wanted = json.loads(body or b"{}")
            if not isinstance(wanted, dict):
                raise UsageError("a JSON object is wanted")
            self._json(200, self._control(wanted) if path == "/control" else self._change_status(path, wanted))
        except (UsageError, ValueError, KeyError, TypeError) as error:
            self._json(400, {"error": str(error)})

    def _control(self, wanted: dict) -> dict:
        state = self.server.state
        shared = {key: value for key, value in wanted.items() if key not in ("ocsp", "crl", "tsp", "resetStats")}
        with state.lock:
            for source in state.behaviour:
                if source not in wanted:
                    continue
                own = wanted[source] if isinstance(wanted[source], dict) else {"mode": wanted[source]}
                parameters = {**shared, **own}
                state.behaviour[source].set(parameters.pop("mode"), parameters)
            if wanted.get("resetStats"):
                state.counts.clear()
        return self._control_state()

    def _control_state(self) -> dict:
        with self.server.state.lock:
            return {source: behaviour.as_json() for source, behaviour in self.server.state.behaviour.items()}

    def _change_status(self, path: str, wanted: dict) -> dict:
        at = parse_time(wanted["at"]) if "at" in wanted else now()
        reason = wanted.get("reason", "keyCompromise")
        if reason is not None and reason not in build.REASONS:
            raise UsageError(f"unknown reason {reason}")
        status = {"/revoke": "revoked", "/hold": "hold", "/release": "good"}[path]
        if path == "/hold" or reason == "certificateHold" and path == "/revoke":
            status, reason = "hold", "certificateHold"
        elif path == "/release":
            reason = None
        name = self.server.state.authority().set_status(wanted["name"], status, reason, at)
        return {"name": name, "status": status}

    def _stats(self) -> dict:
        with self.server.state.lock:
            groups = {group: dict(counter) for group, counter in self.server.state.counts.items()}
        for group in ("ocsp", "ocspCertificates", "crl", "ca", "tsp"):
            groups.setdefault(group, {})
        return groups | {"total": sum(sum(groups[g].values()) for g in ("ocsp", "crl", "ca", "tsp"))}

    # --- answering ---------------------------------------------------------------------------------------------------

    def _json(self, status: int, content: dict) -> None:
        self._send(status, "application/json", (json.dumps(content, ensure_ascii=False) + "\n").encode("utf-8"))

    def _header(self, status: int, kind: str, length: int | None, more: str = "") -> bytes:
        phrase = http.HTTPStatus(status).phrase
        ending = "Connection: close\r\n" if self.close_connection else ""
        size = f"Content-Length: {length}\r\n" if length is not None else ""
        date = self.date_time_string()
        return (
            f"HTTP/1.1 {status} {phrase}\r\nDate: {date}\r\nContent-Type: {kind}\r\n{size}{more}{ending}\r\n"
        ).encode("latin-1")

    def _send(self, status: int, kind: str, body: bytes, more: str = "") -> None:
        # One write: header and body in two would wait for the peer's delayed acknowledgement.
        self._write(self._header(status, kind, len(body), more) + body)

    def _write(self, content: bytes) -> bool:
        try:
            self.wfile.write(content)
            return True
        except OSError:
            self.close_connection = True
            return False

    def _misbehave(self, mode: str, parameters: dict, kind: str, body: bytes) -> None:
        fault = getattr(self, "_fault_" + mode.replace("-", "_"), None) if mode in CHANNEL_MODES else None
        if fault is None:
            self._send(200, kind, body)
        else:
            fault(parameters, kind, body)

    def _fault_slow(self, parameters: dict, kind: str, body: bytes) -> None:
        time.sleep(float(parameters.get("delay", 5)))
        self._send(200, kind, body)

    def _fault_drip(self, parameters: dict, kind: str, body: bytes) -> None:
        self.close_connection = True
        content = self._header(200, kind, len(body)) + body
        for octet in content:
            if not self._write(bytes((octet,))):
                return
            time.sleep(float(parameters.get("delay", 1)))

    def _fault_down(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, kind, body
        self.close_connection = True
        # Linger of zero: close sends RST instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _fault_hang(self, parameters: dict, kind: str, body: bytes) -> None:
        del kind, body
        self.close_connection = True
        time.sleep(float(parameters.get("delay", 600)))

    def _fault_garbage(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self._send(200, kind, bytes((7 * at + 13) & 0xFF for at in range(len(body))))

    def _fault_empty(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, body
        self._send(200, kind, b"")

    def _fault_truncated(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self.close_connection = True
        self._write(self._header(200, kind, len(body)) + body[: len(body) // 2])

    def _fault_half(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self._send(200, kind, body[: len(body) // 2])

    def _fault_endless(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self.close_connection = True
        if not self._write(self._header(200, kind, None) + body):
            return
        sent = 0
        while sent < ENDLESS_BYTES and self._write(ENDLESS_CHUNK):
            sent += len(ENDLESS_CHUNK)

    def _fault_http_error(self, parameters: dict, kind: str, body: bytes) -> None:
        del kind, body
        self._send(int(parameters.get("status", 500)), "text/plain", b"told to fail\n")

    def _fault_redirect(self, parameters: dict, kind: str, body: bytes) -> None:
        del kind, body
        location = str(parameters.get("location", "http://127.0.0.1:1/")).replace("\r", "").replace("\n", "")
        self._send(302, "text/plain", b"elsewhere\n", f"Location: {location}\r\n")

    def _fault_redirect_loop(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, kind, body
        self._send(302, "text/plain", b"here again\n", f"Location: {self.path}\r\n")

    def _fault_wrong_length(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self.close_connection = True
        self._write(self._header(200, kind, len(body) - 1) + body)

    def _fault_no_length(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self.close_connection = True
        self._write(self._header(200, kind, None) + body)

    def _fault_reset_midway(self, parameters: dict, kind: str, body: bytes) -> None:
        content = self._header(200, kind, len(body)) + body[: len(body) // 2]
        if self._write(content):
            time.sleep(0.05)  # else what was sent is thrown away together with the connection
        self._fault_down(parameters, kind, body)

    def _fault_endless_header(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, kind, body
        self.close_connection = True
        if not self._write(b"HTTP/1.1 200 OK\r\n"):
            return
        sent = 0
        while sent < ENDLESS_BYTES and self._write(ENDLESS_HEADER):
            sent += len(ENDLESS_HEADER)

    def _fault_no_http(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, kind
        self.close_connection = True
        self._write(bytes((11 * at + 5) & 0xFF for at in range(len(body))))

    def _fault_tls(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, kind, body
        self.close_connection = True
        self._write(bytes.fromhex("15030300020228"))  # RFC 8446 6: alert, fatal, handshake_failure

    def _fault_gzip(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters
        self._send(200, kind, gzip.compress(body), "Content-Encoding: gzip\r\n")

    def _fault_wrong_type(self, parameters: dict, kind: str, body: bytes) -> None:
        del parameters, kind
        self._send(200, "text/html", body)

    def log_message(self, format: str, *arguments) -> None:  # noqa: A002 (the base class names it so)
        if self.server.verbose:
            super().log_message(format, *arguments)


def crl_bytes(
    authority: Authority,
    name: str,
    delta: bool,
    mode: str,
    at: datetime.datetime | None = None,
    life_s: float | None = None,
) -> bytes:
    """The CRL that the server gives at `at` (default now) in this mode; with `life_s` made anew and good so long."""
    folder = "crl-delta" if delta else "crl"
    path = authority.folder / folder / f"{name}{'-delta' if delta else ''}.crl"
    if mode == "ok" and life_s is None:
        # Renewed two days before its end, so that a server that runs for weeks serves current lists.
        if time.time() - path.stat().st_mtime > (CRL_DAYS - 2) * 86400:
            authority.publish_crls(only=[name])
        return path.read_bytes()
    if mode == "wrong-issuer":
        family = "gost-" if plans.is_gost(name) else ""
        other = f"{family}twin-a" if name != f"{family}twin-a" else f"{family}issuing"
        return (authority.folder / "crl" / f"{other}.crl").read_bytes()
    number = authority.crl_number(name)
    base = max(number - 1, 1) if delta else None
    at = at or now()
    next_update: datetime.datetime | None = at + datetime.timedelta(days=CRL_DAYS)
    if life_s is not None:
        # Made anew each second: numbers that only grow, and above those of lists that were published.
        number, base = int(time.time()), 1 if delta else None
        next_update = at + datetime.timedelta(seconds=life_s)
    signer = authority.issuer(name).signer
    if mode == "stale":
        next_update = at - datetime.timedelta(hours=1)
        at -= datetime.timedelta(days=8)
    elif mode == "future":
        at += datetime.timedelta(days=1)
    elif mode == "no-next-update":
        next_update = None
    elif mode == "rollback":
        at = build.crl_times(path.read_bytes())[0] - datetime.timedelta(hours=1)
    elif mode == "number-back":
        number = max(authority.crl_number(name) - 1, 0)
    elif mode == "wrong-signer":
        signer = authority.issuer("gost-foreign-issuing" if plans.is_gost(name) else "foreign-issuing").signer
    elif mode == "broken-signature":
        signer = BrokenSigner(signer)
    entries: list[build.RevokedEntry] | None = None
    if mode == "lie-empty" or delta and life_s is None:
        entries = []
    return authority.crl(name, number, at, next_update, signer, base, entries)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256  # a burst of clients under test must not be refused by the kernel

    def __init__(self, address: tuple[str, int], folder, verbose: int):
        self.state = State(folder)
        self.verbose = verbose
        super().__init__(address, Handler)

    def handle_error(self, request, client_address) -> None:
        # A client that goes away is ordinary here; anything else is worth its traceback.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)
