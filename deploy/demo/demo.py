#!/usr/bin/python3
"""The demo: a test authority, a key server with SoftHSM2 tokens, the daemon, and applications on their way to licences
and refusals. Called by ./run as root.

What other users run or write lies outside the checkout, in /var/lib/tanba-demo-<id>, so that a checkout under a private
folder works too. Everything there is made anew at each start, except cached test keys. What persons at their own
computers have (the applicant's key, the portal's, the officer's token) lies in state/demo, for whoever called ./run.
"""
import argparse
import hashlib
import json
import os
import pathlib
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

import applications
import client

PROJECT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = PROJECT / "build/release"
HOME = pathlib.Path("/var/lib") / ("tanba-demo-" + hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8])
ONCE = PROJECT / "state/once"
PERSONS = PROJECT / "state/demo"
NAMES = PROJECT / "state/demo.env"
DAEMON_USER, KEYD_USER = "tanba-demo", "tanba-demo-keyd"
SERVICE = "oil-gas"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


class Failed(Exception):
    """Something did not come out as it must; the text says what to look at."""


def say(text=""):
    print(text, flush=True)


def run(*command, **options):
    """Runs a command that must succeed; its output is shown when it does not."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n  status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


# --- users, folders ----------------------------------------------------------------------------------------------------


def ensure_user(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        run("useradd", "--system", "--home-dir", "/nonexistent", "--no-create-home", "--shell", "/usr/sbin/nologin", name)
        return pwd.getpwnam(name)


def owned_folder(path, user, mode=0o700):
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, user.pw_uid, user.pw_gid)
    path.chmod(mode)
    return path


def give(path, user, mode=0o600):
    os.chown(path, user.pw_uid, user.pw_gid)
    path.chmod(mode)


def write_for(path, text, user, mode=0o600):
    path.write_text(text, encoding="utf-8")
    give(path, user, mode)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- processes ---------------------------------------------------------------------------------------------------------


class Processes:
    """What the demo starts, each under its own user, with its log; stopped in reverse order."""

    def __init__(self):
        self.started = []

    def start(self, name, command, user, environment=None):
        log = (HOME / "log" / f"{name}.log").open("ab")
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/",
                                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **(environment or {})},
                                   start_new_session=True)
        (HOME / "pid" / name).write_text(str(process.pid))
        self.started.append((name, process))
        return process

    def wait_until(self, name, ready, what):
        deadline = time.monotonic() + 60
        process = dict(self.started)[name]
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise Failed(f"{name} ended with status {process.returncode}; its log:\n{tail_of_log(name)}")
            if ready():
                return
            time.sleep(0.1)
        raise Failed(f"{what} did not come; the log of {name}:\n{tail_of_log(name)}")

    def stop(self):
        for name, process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            (HOME / "pid" / name).unlink(missing_ok=True)


def tail_of_log(name):
    return "\n".join((HOME / "log" / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def stop_earlier():
    """Ends what an earlier demo of this checkout left running."""
    for pid_file in (HOME / "pid").glob("*") if (HOME / "pid").is_dir() else []:
        pid = int(pid_file.read_text() or 0)
        try:
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if str(HOME).encode() in line:
            os.kill(pid, signal.SIGTERM)
            for _ in range(100):
                if not pathlib.Path(f"/proc/{pid}").exists():
                    break
                time.sleep(0.1)


# --- set-up ------------------------------------------------------------------------------------------------------------


class Demo:
    def __init__(self):
        self.daemon, self.keyd = ensure_user(DAEMON_USER), ensure_user(KEYD_USER)
        self.processes = Processes()
        self.authority = HOME / "authority"
        self.port = free_port()
        self.portal_key = "tnb_" + secrets.token_urlsafe(32)

    def set_up(self):
        stop_earlier()
        keys = HOME / "key-cache"
        if HOME.is_dir():
            for entry in HOME.iterdir():
                if entry != keys:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        HOME.mkdir(parents=True, exist_ok=True)
        HOME.chmod(0o755)
        for name in ("log", "pid", "bin"):
            (HOME / name).mkdir()
        for name in ("tanbad", "tanba-keyd", "tanba"):
            shutil.copy2(RELEASE / "bin" / name, HOME / "bin" / name)
        shutil.copytree(PROJECT / "certs-test", HOME / "certs-test", ignore=shutil.ignore_patterns("scenarios", "__pycache__"))
        for path in [HOME / "bin", HOME / "certs-test", *(HOME / "certs-test").rglob("*"), *(HOME / "bin").iterdir()]:
            path.chmod(0o755)
        self.make_authority(keys)
        self.make_tokens()
        self.write_configurations()

    def testca(self, *arguments):
        return run("/usr/bin/python3", HOME / "certs-test/testca.py", *arguments)

    def make_authority(self, keys):
        say("demo authority: root, issuing CA, OCSP, CRLs, persons")
        keys.mkdir(exist_ok=True)
        self.testca("make-authority", self.authority, "--key-cache", keys)
        self.index = json.loads((self.authority / "index.json").read_text())
        self.licensor = self.index["services"][SERVICE]["bin"] if isinstance(self.index["services"][SERVICE], dict) else self.index["licensors"][self.index["services"][SERVICE]]["bin"]

    def person(self, name):
        return self.index["certificates"][name]

    def make_tokens(self):
        """The licensor's keys on keyd's token, the officer's on the workstation's; made on the token, never outside it."""
        say("SoftHSM2 tokens: the licensor's keys for tanba-keyd, the officer's on a workstation")
        self.keyd_home = owned_folder(HOME / "keyd", self.keyd)
        shutil.rmtree(PERSONS, ignore_errors=True)
        self.officer_home = PERSONS / "officer"
        self.officer_home.mkdir(mode=0o700, parents=True)
        PERSONS.chmod(0o700)
        self.pins = {}
        officer = self.person("officer")
        signer = self.person("officer-head")
        self.make_token(self.keyd_home, "tanba-demo-licensor", [
            ("licence", "01", ["--profile", "sign-right", "--bin", self.licensor, "--iin", signer["iin"]]),
            ("refusal", "02", ["--profile", "sign-right", "--bin", self.licensor, "--iin", signer["iin"]]),
            ("capsule", "03", ["--profile", "sign-right", "--bin", self.licensor, "--iin", signer["iin"]])])
        self.make_token(self.officer_home, "tanba-demo-officer", [
            ("officer", "01", ["--profile", "officer", "--bin", self.licensor, "--iin", officer["iin"],
                               "--surname", officer["surname"], "--common-name", officer["commonName"]])])
        for path in [self.keyd_home, *self.keyd_home.rglob("*")]:
            os.chown(path, self.keyd.pw_uid, self.keyd.pw_gid)

    def make_token(self, home, label, keys):
        tokens = home / "tokens"
        tokens.mkdir(mode=0o700)
        conf = home / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        environment = {**os.environ, "SOFTHSM2_CONF": str(conf)}
        pin = home / "pin"
        pin.write_text(secrets.token_hex(8))
        pin.chmod(0o600)
        self.pins[label] = pin
        run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin.read_text(), "--so-pin", secrets.token_hex(8), env=environment)
        tool = ["pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin", "env:TANBA_PIN"]
        environment["TANBA_PIN"] = pin.read_text()
        for name, key_id, profile in keys:
            run(*tool, "--keypairgen", "--key-type", "rsa:2048", "--label", name, "--id", key_id, "--usage-sign", env=environment)
            public, certificate = home / f"{name}.pub.der", home / f"{name}.crt.der"
            run(*tool, "--read-object", "--type", "pubkey", "--id", key_id, "--output-file", public, env=environment)
            self.testca("issue", self.authority, "--name", f"{label}-{name}", *profile, "--public-key", public, "--der", certificate)
            run(*tool, "--write-object", certificate, "--type", "cert", "--id", key_id, "--label", name, env=environment)

    def write_configurations(self):
        self.socket = owned_folder(HOME / "socket", self.keyd, 0o755) / "keyd"
        approver = json.loads(run(HOME / "bin/tanba", "cert", "show", self.officer_home / "officer.crt.der", "--json"))
        shown = json.loads(run(HOME / "bin/tanba", "cert", "show", self.keyd_home / "capsule.crt.der", "--json"))
        self.capsule_key = shown["certificates"][0]["key"]["sha256"]
        keys = "".join(
            f'[[keys]]\nname = "{name}"\npurpose = "{name}"\nmodule = "softhsm"\n'
            f'uri = "pkcs11:token=tanba-demo-licensor;object={name};type=private"\npin_file = "{self.pins["tanba-demo-licensor"]}"\n'
            f'chain = "{HOME}/issuing.pem"\n\n' for name in ("licence", "refusal", "capsule"))
        shutil.copy2(self.authority / "ca/issuing.pem", HOME / "issuing.pem")
        (HOME / "issuing.pem").chmod(0o644)
        write_for(self.keyd_home / "keyd.toml", f"""[socket]
path = "{self.socket}"
mode = "0666"
peers = ["{DAEMON_USER}"]

[log]
path = "{self.keyd_home}/log"

[[modules]]
name = "softhsm"
path = "{MODULE}"

{keys}[[approvers]]
key = "{approver['certificates'][0]['key']['sha256']}"
licensor = "{self.licensor}"
kinds = ["licence", "refusal"]
""", self.keyd)
        home = owned_folder(HOME / "daemon", self.daemon)
        for name in ("cert", "key"):
            source = self.authority / self.person("tls-server")[name]
            shutil.copy2(source, home / f"tls-{name}.pem")
            give(home / f"tls-{name}.pem", self.daemon)
        for name in ("anchors.pem", "anchors-gost.pem"):
            shutil.copy2(self.authority / name, home / name)
            give(home / name, self.daemon, 0o644)
        intermediates = owned_folder(home / "intermediates", self.daemon)
        for name in ("issuing.pem", "gost-issuing.pem"):
            shutil.copy2(self.authority / "ca" / name, intermediates / name)
            give(intermediates / name, self.daemon, 0o644)
        officer = self.person("officer")
        authority_address = self.index["baseUrl"].split("//")[1].rstrip("/")
        write_for(home / "tanbad.toml", f"""# Made by the demo: everything on loopback, an authority that is worth nothing.
demo = true
host = "localhost"

[listen]
address = "127.0.0.1"
port = {self.port}

[tls]
certificate = "tls-cert.pem"
key = "tls-key.pem"

[[anchor]]
file = "anchors.pem"
purposes = ["applicant", "officer", "operator", "ocsp", "tsa"]

[[anchor]]
file = "anchors-gost.pem"
purposes = ["applicant", "officer", "operator", "ocsp", "tsa"]

[trust]
intermediates = "intermediates"

[egress]
allow = ["{authority_address}"]

[licensors]
oil-gas = "{self.licensor}"

[keyd]
socket = "{self.socket}"

[[tsa]]
url = "{self.index['baseUrl'].rstrip('/')}/tsp/first"

[[portal]]
id = "egov"
name = "Портал электронного правительства (демо)"

[[portal_key]]
portal = "egov"
kind = "bearer"
sha256 = "{hashlib.sha256(self.portal_key.encode()).hexdigest()}"
scopes = ["verify", "submit", "read"]
networks = ["127.0.0.0/8"]

[[staff]]
kind = "officer"
iin = "{officer['iin']}"
bin = "{self.licensor}"
name = "{officer['commonName']}"
""", self.daemon)
        run(HOME / "bin/tanbad", "--config", home / "tanbad.toml", "--check-config")

    def hand_over(self):
        """What the steps of docs/start.md and docs/portals.md need, under short names; state/demo.env names the rest."""
        head = self.person("head")
        for source, name in ((self.authority / "tls-anchors.pem", "tls-anchors.pem"), (self.authority / "ca/issuing.pem", "issuing.pem"),
                             (self.authority / head["cert"], "applicant.pem"), (self.authority / head["p12"], "applicant.p12"),
                             (self.authority / "p12/password.txt", "password.txt")):
            shutil.copy2(source, PERSONS / name)
        (PERSONS / "receipt.pdf").write_bytes(applications.RECEIPT)
        write_for(PERSONS / "portal.key", self.portal_key + "\n", pwd.getpwuid(os.getuid()))
        write_for(PERSONS / "portal.header", f"Authorization: Bearer {self.portal_key}\n", pwd.getpwuid(os.getuid()))
        applicant = self.applicant("head")
        names = {"demo": PERSONS, "server": f"https://localhost:{self.port}", "service": SERVICE, "licensor_bin": self.licensor,
                 "applicant_bin": applicant["number"], "applicant_name": applicant["name"],
                 "officer_key": "pkcs11:token=tanba-demo-officer;object=officer", "seal_key": self.capsule_key}
        exported = {"SOFTHSM2_CONF": self.officer_home / "softhsm2.conf", "TANBA_PKCS11_MODULE": MODULE}
        NAMES.write_text(
            "# Made by ./run: names for the steps of docs/start.md and docs/portals.md. All keys here are the demo's own.\n"
            + "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in names.items())
            + "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in exported.items())
            + f"export PATH={shlex.quote(str(RELEASE / 'bin'))}:$PATH\n", encoding="utf-8")

    def start(self):
        say(f"starting: the authority's OCSP and CRLs, tanba-keyd ({KEYD_USER}), tanbad ({DAEMON_USER}) on https://localhost:{self.port}")
        for path in [self.authority, *self.authority.rglob("*")]:
            os.chown(path, self.daemon.pw_uid, self.daemon.pw_gid)
        self.processes.start("testca", ["/usr/bin/python3", "-B", HOME / "certs-test/testca.py", "serve", self.authority], self.daemon)
        self.processes.wait_until("testca", lambda: client.answers(self.index["baseUrl"].rstrip("/") + "/stats"), "the authority")
        self.processes.start("keyd", [HOME / "bin/tanba-keyd", "--config", self.keyd_home / "keyd.toml"], self.keyd,
                             {"SOFTHSM2_CONF": str(self.keyd_home / "softhsm2.conf")})
        self.processes.wait_until("keyd", self.socket.exists, "the key server's socket")
        self.processes.start("tanbad", [HOME / "bin/tanbad", "--config", HOME / "daemon/tanbad.toml"], self.daemon)
        self.portal = client.Api(self.port, self.authority / "tls-anchors.pem", self.portal_key)
        self.processes.wait_until("tanbad", self.portal.ready, "/readyz")

    # --- cases -----------------------------------------------------------------------------------------------------------

    def applicant(self, name):
        person = self.person(name)
        claim = person["claim"]
        if "bin" in claim:
            return {"kind": "organisation", "number": claim["bin"], "name": person["organization"] or person["commonName"]}
        return {"kind": "individual", "number": claim["iin"], "name": person["commonName"]}

    def signed_application(self, name, folder):
        """An application, signed with this person's PKCS#12 as on an applicant's computer."""
        applicant = self.applicant(name)
        plain = folder / "plain.xml"
        plain.write_text(applications.application_xml(SERVICE, self.licensor, applicant), encoding="utf-8")
        signed = folder / "application.xml"
        run(HOME / "bin/tanba", "sign", plain, "--format", "xml", *self.p12_options(name), "-o", signed)
        plain.unlink()
        return signed.read_bytes(), applicant

    def submit(self, folder, document, applicant, status, code=None):
        """Sends an application; the report of the submission lies beside it afterwards."""
        (folder / "application.xml").write_bytes(document)
        answer = self.portal.post("/v1/applications", applications.submission(document, applicant))
        if "report" in answer.body:
            (folder / "report.json").write_text(json.dumps(answer.body["report"], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if answer.status != status or "report" not in answer.body:
            raise Failed(f"{folder.name}: HTTP {answer.status} instead of {status}: {answer.text()}")
        if code and code not in client.codes_of(answer.body["report"]):
            raise Failed(f"{folder.name}: {client.codes_of(answer.body['report'])} without {code}")
        return answer.body

    def case(self, name):
        folder = ONCE / name
        folder.mkdir(parents=True)
        return folder

    def officer_command(self, *arguments, session="session"):
        """`tanba licence …` on the officer's workstation."""
        environment = {**os.environ, "SOFTHSM2_CONF": str(self.officer_home / "softhsm2.conf"), "LANG": "C.UTF-8"}
        return run(HOME / "bin/tanba", "licence", *arguments, "--server", f"https://localhost:{self.port}",
                   "--ca", self.authority / "tls-anchors.pem", "--session", self.officer_home / session, env=environment)

    def token_options(self):
        return ["--token", "pkcs11:token=tanba-demo-officer;object=officer", "--module", MODULE,
                "--password-file", self.pins["tanba-demo-officer"], "--chain", HOME / "issuing.pem"]

    def p12_options(self, name):
        person = self.person(name)
        return ["--p12", self.authority / person["p12"], "--password-file", self.authority / "p12/password.txt",
                "--chain", self.authority / "ca" / f"{person['issuer']}.pem"]

    def good(self):
        folder = self.case("good")
        document, applicant = self.signed_application("head", folder)
        number = self.submit(folder, document, applicant, 201)["number"]
        self.officer_command("login", *self.token_options())
        self.officer_command("decide", number, "--grant", "--with", "keyd", *self.token_options(), "-o", folder / "licence.xml")
        self.check_signed(folder / "licence.xml")
        self.keep_capsule(number, folder / "licence.xml")
        say(f"  good: application {number} registered, licence signed by the licensor's key in tanba-keyd after the officer's approval")

    def good_gost(self):
        """ГОСТ keys from end to end. SoftHSM2 has no ГОСТ mechanism, so the officer's key is in a PKCS#12 at the workstation."""
        folder = self.case("good-gost")
        document, applicant = self.signed_application("gost-head", folder)
        number = self.submit(folder, document, applicant, 201)["number"]
        key = self.p12_options("gost-officer")
        self.officer_command("login", *key, session="session-gost")
        self.officer_command("decide", number, "--grant", "--with", "workstation", *key, "-o", folder / "licence.xml", session="session-gost")
        self.check_signed_gost(folder / "licence.xml")
        self.keep_capsule(number, folder / "licence.xml", session="session-gost")
        say(f"  good-gost: application {number} registered, licence signed with the officer's own ГОСТ key")

    def good_then_refused(self):
        folder = self.case("good-then-refused")
        document, applicant = self.signed_application("individual", folder)
        number = self.submit(folder, document, applicant, 201)["number"]
        reason = "Квалификационным требованиям не соответствует: нет сведений о специалистах."
        self.officer_command("decide", number, "--refuse", "--reason", reason, "--with", "workstation", *self.token_options(),
                             "-o", folder / "refusal.xml")
        self.check_signed(folder / "refusal.xml")
        self.keep_capsule(number, folder / "refusal.xml")
        say(f"  good-then-refused: application {number} registered, reasoned refusal signed with the officer's own token")

    def check_signed(self, document):
        """As anybody can, without Tanba and with it."""
        run("xmlsec1", "--verify", "--trusted-pem", ONCE / "anchors.pem", document)
        run(HOME / "bin/tanba", "verify", document, "--trust", ONCE / "anchors.pem", "--crl", ONCE / "evidence", "--expect-bin", self.licensor)

    def keep_capsule(self, number, document, session="session"):
        """Why the decision's signature was trusted, sealed and stamped, and verified without the daemon."""
        capsule = document.with_suffix(".capsule")
        def sealed():
            self.officer_command("capsule", number, "-o", capsule, session=session)
            shown = json.loads(run(HOME / "bin/tanba", "capsule", "show", capsule, "--json"))
            return shown["sealed"] and shown["timestamps"] > 0
        self.processes.wait_until("tanbad", sealed, f"the seal and time stamp of {capsule.name}")
        run(HOME / "bin/tanba", "capsule", "verify", capsule, "--document", document, "--trust", ONCE / "anchors.pem",
            "--crl", ONCE / "evidence", "--seal-key", self.capsule_key)

    def check_signed_gost(self, document):
        """xmlsec1 knows no ГОСТ; the test authority's verifier shares no code with Tanba."""
        self.testca("verify-gost", document, "--trust", ONCE / "anchors-gost.pem")
        run(HOME / "bin/tanba", "verify", document, "--trust", ONCE / "anchors-gost.pem", "--crl", ONCE / "evidence", "--expect-bin", self.licensor)

    def refusals(self):
        for name, person, code in (("refused-revoked", "revoked", "revocation.revoked"), ("refused-expired", "expired", "path.expired"),
                                   ("refused-role", "employee", "role.not_entitled"),
                                   ("refused-revoked-gost", "gost-revoked", "revocation.revoked")):
            folder = self.case(name)
            document, applicant = self.signed_application(person, folder)
            self.submit(folder, document, applicant, 422, code)
            say(f"  {name}: refused, {code}")
        folder = self.case("refused-foreign-iin")
        document, applicant = self.signed_application("foreign-iin", folder)
        self.submit(folder, document, applicant, 422, "identity.mismatch")
        say("  refused-foreign-iin: refused, identity.mismatch")
        folder = self.case("refused-tampered")
        document, applicant = self.signed_application("head", folder)
        self.submit(folder, applications.tampered(document), applicant, 422, "digest.mismatch")
        say("  refused-tampered: refused, digest.mismatch")
        folder = self.case("refused-wrapped")
        applicant, head = self.applicant("head"), self.person("head")
        original = applications.application_xml(SERVICE, self.licensor, applicant, xml_id="application-1")
        forged = applications.application_xml(SERVICE, self.licensor, {**applicant, "name": "ТОО «ЧУЖОЕ ИМЯ»"})
        document = applications.wrapped(original, forged, self.authority / head["key"], self.authority / head["cert"], self.officer_home)
        self.submit(folder, document, applicant, 422, "coverage.partial")
        say("  refused-wrapped: refused, coverage.partial")

    def run_cases(self):
        if ONCE.exists():
            shutil.rmtree(ONCE)
        (ONCE / "evidence").mkdir(parents=True)
        for name in ("anchors.pem", "anchors-gost.pem"):
            shutil.copy2(self.authority / name, ONCE / name)
        self.testca("crl", self.authority, "--days", "7", "--copy-to", ONCE / "evidence")
        for path in [self.authority, *self.authority.rglob("*")]:
            os.chown(path, self.daemon.pw_uid, self.daemon.pw_gid)
        say("cases:")
        self.good()
        self.good_then_refused()
        self.good_gost()
        self.refusals()
        self.hand_over()
        give_back(PROJECT / "state")


def give_back(folder):
    """What root made in the checkout belongs to whoever called sudo."""
    uid, gid = int(os.environ.get("SUDO_UID", os.getuid())), int(os.environ.get("SUDO_GID", os.getgid()))
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, gid)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--once", action="store_true", help="end after the cases")
    parser.add_argument("--clean", action="store_true", help="remove what the demo left outside the checkout")
    options = parser.parse_args()
    if options.clean:
        stop_earlier()
        shutil.rmtree(HOME, ignore_errors=True)
        return 0
    demo = Demo()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        demo.set_up()
        demo.start()
        demo.run_cases()
        say(f"\nAll went right. Documents and reports: {ONCE.relative_to(PROJECT)}/")
        say("  xmlsec1 --verify --trusted-pem state/once/anchors.pem state/once/good/licence.xml")
        say("  build/release/bin/tanba verify state/once/good/licence.xml --trust state/once/anchors.pem --crl state/once/evidence")
        say("  build/release/bin/tanba verify state/once/good-gost/licence.xml --trust state/once/anchors-gost.pem --crl state/once/evidence")
        say("  certs-test/tanba-testca verify-gost state/once/good-gost/licence.xml --trust state/once/anchors-gost.pem")
        say("  build/release/bin/tanba capsule verify state/once/good/licence.capsule --document state/once/good/licence.xml --trust state/once/anchors.pem")
        say(f"Names for the steps of docs/start.md: source {NAMES.relative_to(PROJECT)}")
        if not options.once:
            say(f"\nThe daemon stays up: https://localhost:{demo.port}/v1/openapi.json; logs in {HOME}/log. Ctrl-C ends it.")
            signal.pause()
        return 0
    except Failed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        demo.processes.stop()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
