"""Everything that whole-program tests need on loopback: a test authority, tanba-keyd with a SoftHSM2 token, tanbad.

    with Stack.from_arguments(__doc__) as stack: ...

All processes run as the calling user, in a folder of their own, on free ports, and end with the test. Keys of the test
authority come from $TANBA_CERTS_TEST/key-cache where that is set.
"""
import argparse
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

import signing

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SERVICE = "oil-gas"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
START_SECONDS = 300  # a busy machine; how long it takes is not what is tested

MIN_MEMORY_BYTES = 1 << 30  # kill9 of a hundred rounds needs a fifth


class Failed(Exception):
    """Something did not come out as it must; the text says what to look at."""


def check(truth, text):
    if not truth:
        raise Failed(text)


def say(text):
    print(text, flush=True)


def run(*command, **options):
    """Runs a command that must succeed; its output is shown when it does not."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    check(done.returncode == 0, f"{' '.join(map(str, command))}\n  status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def temporary_folder():
    """In memory where that can be: what is killed is processes, not the machine, and a busy disk makes tests slow."""
    memory = pathlib.Path("/dev/shm")
    room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MIN_MEMORY_BYTES
    return memory if room and "TMPDIR" not in os.environ else None


RESERVED = []


def reserve(port):
    """A port that nobody else is given while this process lives: bound and never listened at, so that whoever sets
    SO_REUSEADDR, as our servers do, may listen there. 0: any that is free."""
    RESERVED.append(socket.socket())
    RESERVED[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    RESERVED[-1].bind(("127.0.0.1", port))
    return RESERVED[-1].getsockname()[1]


def free_port():
    return reserve(0)


def until(condition, what, seconds=START_SECONDS):
    """Waits for a state that must come; how long it takes is not what is tested."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        check(time.monotonic() < deadline, f"{what} did not come within {seconds} s")
        time.sleep(0.05)
    return found


class Lost(Exception):
    """The connection ended before the answer: what became of the request is not known."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.octets = status, headers, body
        try:
            self.body = json.loads(body) if body else {}
        except ValueError:
            self.body = {}

    @property
    def code(self):
        return self.body.get("code", "") if isinstance(self.body, dict) else ""

    def __str__(self):
        return f"HTTP {self.status} {self.octets[:1500].decode('utf-8', 'replace')}"


class Api:
    """HTTP as one caller: a portal's bearer key, an officer's session, a client certificate, or nobody."""

    def __init__(self, port, ca_file, key=None, certificate=None):
        self.port, self.key = port, key
        self.tls = ssl.create_default_context(cafile=str(ca_file))
        if certificate:
            self.tls.load_cert_chain(*map(str, certificate))
        self.connection = None

    def as_caller(self, key):
        """The same server, another key; a connection of its own."""
        other = object.__new__(Api)
        other.port, other.key, other.tls, other.connection = self.port, key, self.tls, None
        return other

    def request(self, method, path, body=None, *, raw=None, headers=None, timeout=120):
        fields = {"Accept-Language": "en"}
        if self.key:
            fields["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            fields["Content-Type"] = "application/json"
        fields.update(headers or {})
        if method == "GET" and self.connection is not None:
            # The server may have closed an idle connection: asking again on a new one repeats nothing.
            try:
                return self.exchange(method, path, raw, fields, timeout)
            except Lost:
                pass
        return self.exchange(method, path, raw, fields, timeout)

    def exchange(self, method, path, raw, fields, timeout):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=timeout)
            self.connection.request(method, path, raw, fields)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
            if response.will_close:
                self.close()
            return answer
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(f"{method} {path}: {error!r}") from error

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body=None):
        return self.request("POST", path, body)

    def submit(self, document, claim):
        return self.post("/v1/applications", signing.submission(document, claim))


class Officer:
    """An officer with a PKCS#12 file at a workstation."""

    def __init__(self, stack, name, api=None):
        self.key = stack.key(name)
        self.api = (api or stack.nobody).as_caller(None)

    def log_in(self, role="officer"):
        self.api.key = None
        challenge = expect(self.api.post("/v1/login/challenge"), 200).body["challenge"]
        signed = self.key.sign_xml(challenge.encode())
        answer = expect(self.api.post("/v1/login", {"document": base64.b64encode(signed).decode(), "role": role}), 200)
        self.api.key = answer.body["token"]
        return self

    def prepare(self, number, kind="grant", mode="keyd", reason="Соответствует не всем требованиям."):
        body = {"kind": kind, "mode": mode}
        if kind == "refusal":
            body["reason"] = reason
        return self.api.post(f"/v1/applications/{number}/decisions", body)

    def signed_for(self, prepared):
        """Path and body by which a prepared decision goes on: the approval, or the signed document."""
        intent = prepared["intent"]["id"]
        if prepared["intent"]["mode"] == "keyd":
            approval = self.key.sign_cms(prepared["approvalText"].encode())
            return f"/v1/intents/{intent}/approval", {"approval": base64.b64encode(approval).decode()}
        document = self.key.sign_xml(base64.b64decode(prepared["document"]))
        return f"/v1/intents/{intent}/signature", {"document": base64.b64encode(document).decode()}

    def decide(self, number, kind="grant", mode="keyd"):
        prepared = expect(self.prepare(number, kind, mode), 201).body
        return expect(self.api.post(*self.signed_for(prepared)), 200)


def expect(answer, status, code=None):
    check(answer.status == status and (code is None or answer.code == code),
          f"expected {status} {code or ''}, got {answer}")
    return answer


class Process:
    def __init__(self, name, command, log, environment=None):
        self.name, self.command, self.log = name, [str(part) for part in command], log
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **(environment or {})}
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                            env=self.environment, start_new_session=True)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a power cut for this program: SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def check_running(self):
        check(self.running(), f"{self.name} ended with status {self.process.poll()}; its log:\n{self.tail()}")

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


class Stack(contextlib.AbstractContextManager):
    # portal -> scopes; each with a bearer key
    PORTALS = {"egov": ["verify", "submit", "read"], "other": ["verify", "submit", "read"]}
    # certificate of the test authority -> section of index.json's licensors
    OFFICERS = {"officer": "oil-gas", "officer-head": "oil-gas", "officer-industry": "industry"}

    SECURITY = ("security",)  # certificates of security staff
    database_url = "sqlite:registry.sqlite"

    def __init__(self, bin_dir, settings="", documents=None, keep=False, authority=None):
        """`settings`: further TOML for tanbad; `documents`: a folder to keep documents in instead of the usual one;
        `authority`: one to copy and serve at its own address, instead of making one."""
        self.bin = pathlib.Path(bin_dir).resolve()
        self.settings, self.documents, self.keep, self.ready_authority = settings, documents, keep, authority
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tanba-whole-", dir=temporary_folder()))
        (self.home / "log").mkdir()
        self.port = free_port()
        self.keys = {portal: "tnb_" + secrets.token_urlsafe(32) for portal in self.PORTALS}
        self.loaded = {}

    @staticmethod
    def arguments(text):
        parser = argparse.ArgumentParser(description=text.strip().split("\n", 1)[0])
        parser.add_argument("--bin", default=os.environ.get("TANBA_BIN_DIR", PROJECT / "build/release/bin"),
                            help="where tanbad, tanba-keyd and tanba lie")
        parser.add_argument("--authority", help="a ready authority to copy; nobody else may serve its address meanwhile")
        parser.add_argument("--keep", action="store_true", help="leave the folder with databases and logs")
        return parser

    @classmethod
    def from_arguments(cls, text, **options):
        given = cls.arguments(text).parse_args()
        return cls(given.bin, keep=given.keep, authority=given.authority, **options)

    # --- life ----------------------------------------------------------------------------------------------------------

    def __enter__(self):
        try:
            self.set_up()
            self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, traceback):
        for process in reversed(list(self.__dict__.get("processes", {}).values())):
            if kind and not self.keep and issubclass(kind, Failed):
                print(f"--- {process.name}\n{process.tail()}", file=sys.stderr)
            process.stop()
        if self.keep:
            print(f"left: {self.home}", file=sys.stderr)
        else:
            shutil.rmtree(self.home, ignore_errors=True)

    def set_up(self):
        self.authority = self.home / "authority"
        if self.ready_authority:
            shutil.copytree(self.ready_authority, self.authority, ignore=shutil.ignore_patterns("scenarios", "key-cache", "CMakeFiles"))
        else:
            self.make_authority()
        self.index = json.loads((self.authority / "index.json").read_text(encoding="utf-8"))
        self.licensor = self.index["licensors"][SERVICE]["bin"]
        self.authority_address = self.index["baseUrl"].split("//")[1].rstrip("/")
        if not self.ready_authority:
            reserve(int(self.authority_address.rsplit(":", 1)[1]))
        self.make_token()
        self.write_keyd_configuration()
        self.write_daemon_configuration()
        self.processes = {
            "testca": Process("testca", ["/usr/bin/python3", "-B", PROJECT / "certs-test/testca.py", "serve", self.authority],
                              self.home / "log/testca"),
            "keyd": Process("keyd", [self.bin / "tanba-keyd", "--config", self.home / "keyd.toml"], self.home / "log/keyd",
                            {"SOFTHSM2_CONF": str(self.home / "softhsm2.conf")}),
            "tanbad": Process("tanbad", [self.bin / "tanbad", "--config", self.home / "tanbad.toml"], self.home / "log/tanbad")}
        self.ca, self.keyd, self.daemon = self.processes.values()
        self.nobody = Api(self.port, self.authority / "tls-anchors.pem")

    def make_authority(self):
        cache = os.environ.get("TANBA_CERTS_TEST")
        cache = pathlib.Path(cache) / "key-cache" if cache else pathlib.Path(tempfile.gettempdir()) / f"tanba-key-cache-{os.getuid()}"
        cache.mkdir(parents=True, exist_ok=True)
        self.testca("make-authority", self.authority, "--key-cache", cache)

    def start(self):
        self.ca.start()
        until(lambda: self.ca.check_running() or self.ca_answers(), "the test authority")
        self.keyd.start()
        self.wait_for_keyd()
        self.daemon.start()
        self.wait_for_daemon()

    def testca(self, *arguments):
        return run("/usr/bin/python3", "-B", PROJECT / "certs-test/testca.py", *arguments)

    def ca_answers(self):
        try:
            return self.ca_request("/stats")
        except OSError:
            return None

    def ca_request(self, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(self.index["baseUrl"].rstrip("/") + path, data, timeout=20) as response:
            return json.loads(response.read())

    def control(self, **wanted):
        """Tells the test authority how to behave: ocsp="down", crl={"mode": "slow", "delay": 30}."""
        return self.ca_request("/control", wanted)

    def wait_for_keyd(self):
        def answers():
            self.keyd.check_running()
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.home / "keyd.socket"))
                    return True
                except OSError:
                    return False
        until(answers, "the key server's socket")

    def wait_for_daemon(self, path="/healthz"):
        def answers():
            self.daemon.check_running()
            try:
                return self.nobody.get(path).status == 200
            except Lost:
                return False
        until(answers, path)

    # --- set-up --------------------------------------------------------------------------------------------------------

    def make_token(self):
        conf = self.home / "softhsm2.conf"
        (self.home / "tokens").mkdir(mode=0o700)
        conf.write_text(f"directories.tokendir = {self.home}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", encoding="ascii")
        pin = self.home / "pin"
        pin.touch(mode=0o600)
        pin.write_text(secrets.token_hex(8), encoding="ascii")
        environment = {**os.environ, "SOFTHSM2_CONF": str(conf), "TANBA_PIN": pin.read_text(encoding="ascii")}
        run("softhsm2-util", "--init-token", "--free", "--label", "licensor", "--pin", environment["TANBA_PIN"],
            "--so-pin", secrets.token_hex(8), env=environment)
        tool = ["pkcs11-tool", "--module", MODULE, "--token-label", "licensor", "--login", "--pin", "env:TANBA_PIN"]
        signer = self.index["certificates"]["officer-head"]
        for name, key_id in (("licence", "01"), ("refusal", "02"), ("capsule", "03")):
            run(*tool, "--keypairgen", "--key-type", "rsa:2048", "--label", name, "--id", key_id, "--usage-sign", env=environment)
            public, certificate = self.home / f"{name}.pub.der", self.home / f"{name}.crt.der"
            run(*tool, "--read-object", "--type", "pubkey", "--id", key_id, "--output-file", public, env=environment)
            self.testca("issue", self.authority, "--name", f"licensor-{name}", "--profile", "sign-right", "--bin", self.licensor,
                        "--iin", signer["iin"], "--public-key", public, "--der", certificate)
            run(*tool, "--write-object", certificate, "--type", "cert", "--id", key_id, "--label", name, env=environment)

    def write_keyd_configuration(self):
        keys = "".join(
            f'[[keys]]\nname = "{name}"\npurpose = "{name}"\nmodule = "softhsm"\npin_file = "{self.home}/pin"\n'
            f'uri = "pkcs11:token=licensor;object={name};type=private"\nchain = "{self.authority}/ca/issuing.pem"\n\n'
            for name in ("licence", "refusal", "capsule"))
        approvers = "".join(
            f'[[approvers]]\nkey = "{self.key(name).public_key_sha256()}"\nlicensor = "{self.licensor}"\n'
            'kinds = ["licence", "refusal"]\n\n'
            for name, licensor in self.OFFICERS.items() if licensor == SERVICE)
        self.write("keyd.toml", f"""[socket]
path = "{self.home}/keyd.socket"
mode = "0600"
peers = ["{pwd.getpwuid(os.getuid()).pw_name}"]

[log]
path = "{self.home}/keyd.log"

[[modules]]
name = "softhsm"
path = "{MODULE}"

{keys}{approvers}""")

    def write_daemon_configuration(self):
        server, portal = self.index["certificates"]["tls-server"], self.index["certificates"]["tls-portal"]
        key = self.home / "tls-key.pem"
        key.touch(mode=0o600)
        key.write_bytes((self.authority / server["key"]).read_bytes())
        self.portal_certificate = (self.authority / portal["cert"], self.authority / portal["key"])
        portals = "".join(
            f'[[portal]]\nid = "{name}"\n\n[[portal_key]]\nportal = "{name}"\nkind = "bearer"\n'
            f'sha256 = "{hashlib.sha256(self.keys[name].encode()).hexdigest()}"\nscopes = {json.dumps(scopes)}\n\n'
            for name, scopes in self.PORTALS.items())
        staff = "".join(
            f'[[staff]]\niin = "{person["iin"]}"\nbin = "{person["bin"]}"\nname = "{person["commonName"]}"\n\n'
            for person in (self.index["certificates"][name] for name in self.OFFICERS))
        staff += "".join(
            f'[[staff]]\nkind = "security"\niin = "{person["iin"]}"\nbin = "{person["bin"]}"\n'
            f'name = "{person["commonName"]}"\n\n'
            for person in (self.index["certificates"][name] for name in self.SECURITY))
        documents = f'documents = "{self.documents}"\n' if self.documents else ""
        self.write("tanbad.toml", f"""demo = true
host = "localhost"

[listen]
port = {self.port}

[tls]
certificate = "{self.authority / server["cert"]}"
key = "{key}"

[[anchor]]
file = "{self.authority}/anchors.pem"
purposes = ["applicant", "officer", "operator", "ocsp", "tsa"]

[egress]
allow = ["{self.authority_address}"]

[licensors]
{"".join(f'{name} = "{body["bin"]}"' + chr(10) for name, body in self.index["licensors"].items())}
[database]
url = "{self.database_url}"
{documents}
[keyd]
socket = "{self.home}/keyd.socket"

{portals}{staff}{self.settings}""")
        run(self.bin / "tanbad", "--config", self.home / "tanbad.toml", "--check-config")

    def write(self, name, text):
        path = self.home / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")

    # --- persons -------------------------------------------------------------------------------------------------------

    def key(self, name):
        if name not in self.loaded:
            self.loaded[name] = signing.Key(self.authority, self.index["certificates"][name])
        return self.loaded[name]

    def portal(self, name="egov"):
        return self.nobody.as_caller(self.keys[name])

    def officer(self, name="officer"):
        return Officer(self, name).log_in()

    def security(self, name="security"):
        return Officer(self, name).log_in("security")

    def application(self, name="head", **changes):
        """A fresh signed application and its claim."""
        key = self.key(name)
        claim = {**signing.claim_of(key.entry), **changes}
        plain = signing.application_xml(SERVICE, self.licensor, claim)
        return key.sign_xml(plain.encode()), claim

    def registered(self, name="head", portal="egov"):
        """An application that was just taken: (number, document)."""
        document, claim = self.application(name)
        return expect(self.portal(portal).submit(document, claim), 201).body["number"], document

    @property
    def database(self):
        return self.home / "registry.sqlite"

    def registered_count(self):
        import audit
        with audit.reading(self.database) as database:
            return database.execute("SELECT COUNT(*) FROM applications").fetchone()[0]


def main(text, scenario, kind=Stack, **options):
    """Runs scenario(stack) and says how it went, with the exit status of a test."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with kind.from_arguments(text, **options) as stack:
            scenario(stack)
        return 0
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
