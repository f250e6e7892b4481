#!/usr/bin/python3
"""`tanba licence` against a real daemon and key server: log-in, filing, the queue, decisions by both ways of signing.

    tests/cli/licence_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import argparse
import base64
import datetime
import hashlib
import http.client
import http.server
import json
import pathlib
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid
from xml.sax.saxutils import escape

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
SERVICE = "oil-gas"
RECEIPT = b"%PDF-1.4\n% receipt of the licence fee\n"
REASON = "Нет сведений о специалистах."


def application(licensor, person):
    """docs/schema/application-1.xsd; `person` is an individual of the test authority."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (f'<application xmlns="urn:tanba:application:1"><request-id>{uuid.uuid4()}</request-id><service>{SERVICE}</service>'
            f"<action>issue</action><licensor-bin>{licensor}</licensor-bin><created-at>{now}</created-at>"
            f"<applicant><kind>individual</kind><number>{person['iin']}</number><name>{escape(person['commonName'])}</name></applicant>"
            "<attachments><attachment><name>receipt.pdf</name><media-type>application/pdf</media-type><kind>receipt</kind>"
            f"<sha256>{hashlib.sha256(RECEIPT).hexdigest()}</sha256></attachment></attachments></application>")


class Service:
    """The authority's OCSP and CRLs, the key server and the daemon on loopback, as one licensor runs them."""

    def __init__(self, folder):
        self.folder = folder
        self.tanba = programs.Tanba(OPTIONS.bin, folder)
        self.authority = programs.Authority(OPTIONS.authority, OPTIONS.bin, folder)
        self.processes = programs.Processes()
        index = self.authority.index
        entry = index["services"][SERVICE]
        self.licensor = entry["bin"] if isinstance(entry, dict) else index["licensors"][entry]["bin"]
        self.port = programs.free_port()
        self.key_file = self.tanba.secret("portal.key", "tnb_" + secrets.token_urlsafe(32))
        self.socket = folder / "keyd.socket"
        self.session = folder / "officer.session"

    def start(self):
        self.make_keys()
        self.write_keyd()
        self.write_tanbad()
        serving = self.folder / "serve.port"
        self.start_one("testca", [OPTIONS.bin / "tanba-testca", "serve", self.authority.folder, "--port-file", serving, "--until-eof"])
        assert programs.wait_for(serving.exists), self.logs()
        self.start_one("keyd", [OPTIONS.bin / "tanba-keyd", "--config", self.folder / "keyd.toml"])
        assert programs.wait_for(self.socket.exists), self.logs()
        self.start_one("tanbad", [OPTIONS.bin / "tanbad", "--config", self.folder / "daemon/tanbad.toml"])
        assert programs.wait_for(lambda: self.tanba("licence", "services", *self.server()).returncode == 0), self.logs()

    def start_one(self, name, arguments):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.start(arguments, stdout=log, stderr=log, env=self.tanba.environment)

    def logs(self):
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def make_keys(self):
        person, signer = self.authority.person("officer"), self.authority.person("officer-head")
        self.officer = self.tanba.make_token("officer")
        self.officer_certificate = programs.issue_for_token(
            self.tanba, self.authority, self.officer, "cli-officer", "--profile", "officer", "--bin", self.licensor, "--iin", person["iin"],
            "--common-name", person["commonName"])
        self.keys = {"licence": self.tanba.make_token("licensor", "--key-label", "licence", "--key-id", "01")}
        made = self.tanba.json("token", "generate", "--token", "pkcs11:token=licensor", "--password-file", self.folder / "user.pin",
                               "--key-label", "refusal", "--key-id", "02")[1]
        self.keys["refusal"] = made["key"]["uri"]
        for name, uri in self.keys.items():
            programs.issue_for_token(self.tanba, self.authority, uri, f"cli-{name}", "--profile", "sign-right", "--bin", self.licensor,
                                     "--iin", signer["iin"])

    def write_keyd(self):
        approvers = []
        for certificate in (self.officer_certificate, self.authority.folder / self.authority.person("gost-officer")["cert"]):
            _, shown = self.tanba.json("cert", "show", certificate)
            approvers.append(f'[[approvers]]\nkey = "{shown["certificates"][0]["key"]["sha256"]}"\nlicensor = "{self.licensor}"\n'
                             'kinds = ["licence", "refusal"]\n')
        keys = "".join(f'[[keys]]\nname = "{name}"\npurpose = "{name}"\nmodule = "softhsm"\nuri = "{uri}"\n'
                       f'pin_file = "{self.folder / "user.pin"}"\nchain = "{self.authority.issuing}"\n\n' for name, uri in self.keys.items())
        (self.folder / "keyd.toml").write_text(
            f'[socket]\npath = "{self.socket}"\nmode = "0600"\npeers = ["{pathlib.Path.home().owner()}"]\n\n'
            f'[log]\npath = "{self.folder / "keyd-log"}"\n\n[[modules]]\nname = "softhsm"\npath = "{programs.MODULE}"\n\n'
            + keys + "\n".join(approvers))

    def write_tanbad(self):
        home = self.folder / "daemon"
        home.mkdir(mode=0o700)
        server, officer, security = (self.authority.person(name) for name in ("tls-server", "officer", "security"))
        for name in ("cert", "key"):
            shutil.copy2(self.authority.folder / server[name], home / f"tls-{name}.pem")
            (home / f"tls-{name}.pem").chmod(0o600)
        address = self.authority.index["baseUrl"].split("//")[1].rstrip("/")
        key = self.key_file.read_text().strip()
        (home / "tanbad.toml").write_text(f"""demo = true
host = "localhost"

[listen]
address = "127.0.0.1"
port = {self.port}

[tls]
certificate = "tls-cert.pem"
key = "tls-key.pem"

[[anchor]]
file = "{self.authority.anchors}"
purposes = ["applicant", "officer", "operator", "ocsp", "tsa"]

[[anchor]]
file = "{self.authority.folder / "anchors-gost.pem"}"
purposes = ["applicant", "officer", "operator", "ocsp", "tsa"]

[egress]
allow = ["{address}"]

[licensors]
{SERVICE} = "{self.licensor}"

[keyd]
socket = "{self.socket}"

[[portal]]
id = "egov"
name = "A portal"

[[portal_key]]
portal = "egov"
kind = "bearer"
sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"
scopes = ["verify", "submit", "read"]
networks = ["127.0.0.0/8"]

[[staff]]
kind = "officer"
iin = "{officer['iin']}"
bin = "{self.licensor}"
name = "{officer['commonName']}"

[[staff]]
kind = "security"
iin = "{security['iin']}"
bin = "{security['bin']}"
name = "{security['commonName']}"
""", encoding="utf-8")

    def server(self):
        return ["--server", f"https://localhost:{self.port}", "--ca", self.authority.folder / "tls-anchors.pem"]

    def portal(self):
        return [*self.server(), "--key-file", self.key_file]

    def key(self):
        return ["--token", self.officer, "--password-file", self.folder / "user.pin"]

    def as_officer(self, command, *arguments):
        return self.tanba("licence", command, *arguments, "--session", self.session)

    def log_in(self):
        return self.as_officer("login", *self.server(), *self.key())


class FalseServer:
    """Stands between the command line and the daemon, and changes the decisions that the daemon prepares."""

    def __init__(self, service, original, false):
        self.asked, self.changed = [], 0
        tls = ssl.create_default_context(cafile=str(service.authority.folder / "tls-anchors.pem"))
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def forward(self):
                outer.asked.append(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                upstream = http.client.HTTPSConnection("localhost", service.port, context=tls, timeout=60)
                names = [name for name in ("Authorization", "Content-Type") if self.headers[name]]
                upstream.request(self.command, self.path, body or None, {name: self.headers[name] for name in names})
                response = upstream.getresponse()
                answer = response.read()
                upstream.close()
                if self.path.endswith("/decisions") and response.status == 201:
                    prepared = json.loads(answer)
                    document = base64.b64decode(prepared["document"])
                    prepared["document"] = base64.b64encode(document.replace(original, false)).decode()
                    outer.changed += original in document
                    answer = json.dumps(prepared).encode()
                self.send_response(response.status)
                self.send_header("Content-Type", response.headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = forward  # noqa: N815  (the library's names)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Flow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-licence-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.service = Service(cls.folder)
        cls.addClassCleanup(cls.service.processes.stop)
        cls.service.start()
        cls.tanba, cls.authority = cls.service.tanba, cls.service.authority
        entered = cls.service.log_in()
        assert entered.returncode == 0, entered.stderr.decode() + cls.service.logs()

    def assert_status(self, done, status, code=None):
        self.assertEqual(done.returncode, status, done.stderr.decode() + self.service.logs() if done.returncode != status else "")
        if code:
            self.assertIn(f"[{code}]", done.stderr.decode())
        return done

    def signed_application(self, name="individual"):
        plain, signed = self.folder / "application.xml", self.folder / "signed.xml"
        plain.write_text(application(self.service.licensor, self.authority.person(name)), encoding="utf-8")
        self.assert_status(self.tanba("sign", plain, "--format", "xml", *self.p12(name), "-o", signed), 0)
        return signed

    def p12(self, name):
        return ["--p12", self.authority.p12(name), "--password-file", self.authority.password,
                "--chain", self.authority.folder / "ca" / f"{self.authority.person(name)['issuer']}.pem"]

    def submit(self, signed, name="individual", iin=None):
        receipt = self.folder / "receipt.pdf"
        receipt.write_bytes(RECEIPT)
        return self.tanba("licence", "submit", signed, "--attachment", receipt, "--applicant-iin", iin or self.authority.person(name)["iin"],
                          *self.service.portal(), "--json")

    def registered(self, name="individual"):
        return json.loads(self.assert_status(self.submit(self.signed_application(name), name), 0).stdout)["number"]

    def check_document(self, document):
        done = subprocess.run(["xmlsec1", "--verify", "--trusted-pem", self.authority.anchors, document], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_status(self.tanba("verify", document, "--trust", self.authority.anchors, "--crl", self.authority.folder / "crl",
                                      "--expect-bin", self.service.licensor), 0)

    def test_a_licence_by_the_key_server(self):
        number = self.registered()
        self.assertIn(number, self.assert_status(self.service.as_officer("queue", "--state", "registered"), 0).stdout.decode())
        licence = self.folder / "licence.xml"
        done = self.assert_status(self.service.as_officer("decide", number, "--grant", "--with", "keyd", *self.service.key(), "-o", licence), 0)
        self.assertRegex(done.stderr.decode(), r"You approve:\n    kind: licence\n    number: L-")  # the officer saw what was approved
        self.check_document(licence)
        shown = json.loads(self.assert_status(self.service.as_officer("show", number, "--json"), 0).stdout)
        self.assertEqual((shown["application"]["state"], shown["decision"]["kind"]), ("granted", "grant"))
        again = self.folder / "again.xml"
        for one in (number, shown["decision"]["number"]):
            self.assert_status(self.service.as_officer("document", one, "-o", again), 0)
            self.assertEqual(again.read_bytes(), licence.read_bytes())
        self.change_and_look_back(shown["decision"]["number"], number)

    def change_and_look_back(self, licence, number):
        for event, state in (("suspend", "suspended"), ("resume", "active"), ("terminate", "terminated")):
            done = self.assert_status(self.service.as_officer(event, licence, "--reason", "test", "--json"), 0)
            self.assertEqual(json.loads(done.stdout)["state"], state)
        self.assert_status(self.service.as_officer("resume", licence, "--reason", "test"), 1, "registry.state")
        done = self.assert_status(self.service.as_officer("history", "--applicant-iin", self.authority.person("individual")["iin"], "--json"), 0)
        past = json.loads(done.stdout)
        self.assertIn(number, [row["number"] for row in past["applications"]])
        self.assertIn((licence, "terminated"), [(row["number"], row["state"]) for row in past["licences"]])

    def test_a_refusal_on_the_workstation(self):
        number = self.registered()
        self.assert_status(self.service.as_officer("review", number), 0)
        refusal = self.folder / "refusal.xml"
        done = self.assert_status(self.service.as_officer("decide", number, "--refuse", "--reason", REASON, "--with", "workstation",
                                                          *self.service.key(), "-o", refusal), 0)
        self.assertIn(REASON, done.stderr.decode())
        self.check_document(refusal)
        self.assertIn(REASON, refusal.read_text(encoding="utf-8"))
        self.assert_status(self.service.as_officer("decide", number, "--grant", "--with", "workstation", *self.service.key()), 1, "registry.state")

    def test_gost_keys_from_application_to_decision(self):
        """A ГОСТ key approves what the key server signs with RSA, and signs itself at the workstation."""
        key, session = self.p12("gost-officer"), ["--session", self.folder / "gost.session"]
        self.assert_status(self.tanba("licence", "login", *self.service.server(), *key, *session), 0)
        licence, refusal = self.folder / "approved.xml", self.folder / "refused.xml"
        number = self.registered("gost-individual")
        self.assert_status(self.tanba("licence", "decide", number, "--grant", "--with", "keyd", *key, "-o", licence, *session), 0)
        self.check_document(licence)
        number = self.registered("gost-individual")
        self.assert_status(self.tanba("licence", "decide", number, "--refuse", "--reason", REASON, "--with", "workstation", *key,
                                      "-o", refusal, *session), 0)
        trust = ["--trust", self.authority.folder / "anchors-gost.pem"]
        self.assert_status(self.tanba("verify", refusal, *trust, "--crl", self.authority.folder / "crl", "--expect-bin",
                                      self.service.licensor), 0)
        done = subprocess.run([OPTIONS.bin / "tanba-testca", "verify-gost", refusal, *trust], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        portal, document = self.service.key_file.read_text().strip(), refusal.read_text(encoding="utf-8")
        for text, decision in ((document, "accept"), (document.replace(REASON, REASON + "."), "refuse")):
            report = self.post("/v1/verify", {"document": base64.b64encode(text.encode()).decode()}, portal, 200)
            self.assertEqual(report["decision"], decision, report)
            self.assertIn("urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512", report["signatures"][0]["algorithms"])
        officer = base64.b64encode((self.authority.folder / self.authority.person("gost-officer")["cert"]).read_bytes()).decode()
        issuing = base64.b64encode((self.authority.folder / "ca/gost-issuing.pem").read_bytes()).decode()
        report = self.post("/v1/certificates/check", {"certificate": officer, "intermediates": [issuing]}, portal, 200)
        self.assertEqual(report["decision"], "accept", report)
        done = self.submit(self.signed_application("gost-individual-revoked"), "gost-individual-revoked")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(json.loads(done.stdout)["report"]["subIndication"], "REVOKED_NO_POE")

    def test_a_wrong_pin_decides_nothing_and_leaves_no_intent_open(self):
        number = self.registered()
        wrong = self.tanba.secret("wrong.pin", "000000")
        decide = ["decide", number, "--grant", "--with", "workstation", "--token", self.service.officer, "--password-file"]
        self.assert_status(self.service.as_officer(*decide, wrong), 3, "token.pin_wrong")
        done = self.assert_status(self.service.as_officer(*decide, self.folder / "user.pin"), 0)
        self.assertTrue(done.stdout.lstrip(b"\xef\xbb\xbf").startswith(b"<"), done.stdout[:80])

    def test_what_cannot_be_written_is_found_before_the_decision(self):
        number = self.registered()
        decide = ["decide", number, "--grant", "--with", "keyd", *self.service.key()]
        for place in (self.folder / "nowhere/licence.xml", self.folder):
            done = self.assert_status(self.service.as_officer(*decide, "-o", place), 3, "file.not_writable")
            self.assertIn(str(place), done.stderr.decode())
            shown = json.loads(self.assert_status(self.service.as_officer("show", number, "--json"), 0).stdout)
            self.assertEqual(shown["application"]["state"], "registered")
        wrong = self.tanba.secret("wrong.pin", "000000")
        licence = self.folder / "none.xml"
        self.assert_status(self.service.as_officer(*decide[:4], "workstation", "--token", self.service.officer, "--password-file", wrong,
                                                   "-o", licence), 3, "token.pin_wrong")
        self.assertEqual(list(self.folder.glob("none.xml*")), [], "nothing is left of a decision that was not made")
        self.assert_status(self.service.as_officer(*decide, "-o", licence), 0)
        self.check_document(licence)

    def test_a_decision_whose_document_was_not_delivered_is_told(self):
        for form in ([], ["--json"]):
            for to_file in (False, True):
                with self.subTest(form=form, to_file=to_file), open("/dev/full", "wb") as full:
                    number = self.registered()
                    place = ["-o", f"/dev/fd/{full.fileno()}"] if to_file else []
                    done = self.tanba("licence", "decide", number, "--grant", "--with", "keyd", *self.service.key(), *form, *place,
                                      "--session", self.service.session, pass_fds=[full.fileno()],
                                      stdout=subprocess.PIPE if to_file else full)
                    self.assertEqual(done.returncode, 3, done.stderr)
                    shown = json.loads(self.assert_status(self.service.as_officer("show", number, "--json"), 0).stdout)
                    licence = shown["decision"]["number"]
                    said = done.stderr.decode()
                    self.assertIn(f"tanba: {licence}: granted.", said)
                    self.assertIn(f"tanba licence document {number}", said)
                    if form and to_file:
                        problem = json.loads(done.stdout)
                        self.assertEqual([problem[name] for name in ("code", "application", "number", "state")],
                                         ["file.not_writable", number, licence, "granted"])

    def post(self, path, body, token, status):
        """The API itself; its answer."""
        tls = ssl.create_default_context(cafile=str(self.authority.folder / "tls-anchors.pem"))
        connection = http.client.HTTPSConnection("localhost", self.service.port, context=tls, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", path, json.dumps(body), {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        self.assertEqual(response.status, status, answer)
        return answer

    def prepare_only(self, number):
        """As a workstation that dies before it signs: the intent's id."""
        session = json.loads((self.folder / "officer.session").read_text())
        return self.post(f"/v1/applications/{number}/decisions", {"kind": "grant", "mode": "workstation"}, session["token"], 201)["intent"]["id"]

    def test_nothing_is_signed_that_a_false_server_prepares(self):
        """A server between officer and daemon changes one element of what it was asked for; the rest is genuine."""
        changes = [(b"<id>oil-gas</id>", b"<id>arms</id>"), (b"<action>issue</action>", b"<action>reissue</action>"),
                   (b"</application><decided-at>", b"</application><replaces>L-2019-02-0000777-11</replaces><decided-at>")]
        for original, false in changes:
            with self.subTest(false):
                number = self.registered()
                server = FalseServer(self.service, original, false)
                self.addCleanup(server.stop)
                session = self.folder / "false.session"
                session.write_text(json.dumps(json.loads((self.folder / "officer.session").read_text()) | {"server": server.address, "ca": ""}))
                session.chmod(0o600)
                done = self.tanba("licence", "decide", number, "--grant", "--with", "workstation", *self.service.key(), "--session", session)
                self.assert_status(done, 1, "xml.prepared_changed")
                self.assertEqual(server.changed, 1)
                self.assertFalse([path for path in server.asked if path.endswith("/signature")], "it was signed and sent")

    def test_a_prepared_decision_can_be_abandoned(self):
        intent = self.prepare_only(self.registered())
        done = self.assert_status(self.service.as_officer("abandon", intent, "--note", "the workstation died", "--json"), 0)
        self.assertEqual(json.loads(done.stdout)["state"], "abandoned")
        self.assert_status(self.service.as_officer("abandon", str(uuid.uuid4()), "--note", "none such"), 3, "intent.not_found")

    def test_a_key_that_is_not_the_officer_s_is_refused(self):
        number = self.registered()
        key = ["--p12", self.authority.p12("head"), "--password-file", self.authority.password]
        done = self.service.as_officer("decide", number, "--grant", "--with", "workstation", *key, "--json")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(json.loads(done.stdout)["code"], "xml.prepared_changed")  # prepared for somebody else
        done = self.tanba("licence", "login", *self.service.server(), *key, "--session", self.folder / "nobody.session")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertFalse((self.folder / "nobody.session").exists())

    def test_a_refused_application_shows_why(self):
        done = self.submit(self.signed_application("individual-revoked"), "individual-revoked")
        self.assertEqual(done.returncode, 1, done.stdout)
        problem = json.loads(done.stdout)
        self.assertEqual(problem["report"]["decision"], "refuse")
        done = self.submit(self.signed_application(), iin=self.authority.person("officer")["iin"])
        self.assertEqual(done.returncode, 1, done.stdout)

    def test_filing_twice_is_filing_once(self):
        signed = self.signed_application()
        first, second = (json.loads(self.assert_status(self.submit(signed), 0).stdout) for _ in range(2))
        self.assertEqual((first["number"], first["repeat"]), (second["number"], False))
        self.assertTrue(second["repeat"])

    def test_the_session_ends_with_logout(self):
        session = self.folder / "second.session"
        self.assert_status(self.tanba("licence", "login", *self.service.server(), *self.service.key(), "--session", session), 0)
        self.assertEqual(session.stat().st_mode & 0o777, 0o600)
        copy = self.folder / "copy.session"
        shutil.copy2(session, copy)
        status, caller = self.tanba.json("licence", "whoami", "--session", session)
        self.assertEqual((status, caller["kind"]), (0, "officer"))
        shown = self.tanba("licence", "whoami", "--session", session)
        self.assert_status(shown, 0)
        self.assertEqual(shown.stdout.decode().splitlines(),
                         [f"officer: {caller['staff']['name']}", f"  BIN {caller['staff']['bin']}", f"  {caller['staff']['id']}"])
        self.assertIn("должностное лицо: ", self.tanba("licence", "whoami", "--session", session, "--lang", "ru").stdout.decode())
        self.assert_status(self.tanba("licence", "logout", "--session", session), 0)
        self.assertFalse(session.exists())
        self.assert_status(self.tanba("licence", "queue", "--session", copy), 1, "auth.required")
        self.assert_status(self.tanba("licence", "queue", "--session", session), 1, "auth.required")

    def test_a_number_with_a_slip_is_status_3(self):
        self.assert_status(self.service.as_officer("show", "A-2026-01-0000001-00"), 3, "registry.number")
        for number in ("abc", "85010130001", "850101300016"):
            self.assert_status(self.service.as_officer("history", "--applicant-iin", number), 3, "input.identity_number")

    def test_a_server_that_is_not_there_is_try_again(self):
        done = self.tanba("licence", "services", "--server", f"https://localhost:{programs.free_port()}", "--ca",
                          self.authority.folder / "tls-anchors.pem")
        self.assert_status(done, 2, "fetch.unreachable")

    def test_a_file_for_tls_that_is_none_is_status_3(self):
        server = ["licence", "services", "--server", f"https://localhost:{self.service.port}", "--ca"]
        other = self.folder / "other.pdf"
        other.write_bytes(RECEIPT)
        for file, code in ((self.folder / "nofile", "file.not_readable"), (self.folder, "file.not_readable"), (other, "file.wrong_content")):
            self.assert_status(self.tanba(*server, file), 3, code)
        portal = ["licence", "queue", *self.service.server(), "--tls-certificate", other, "--tls-key", other]
        self.assert_status(self.tanba(*portal), 3, "file.wrong_content")

    def test_a_file_that_is_no_list_is_told_before_anybody_is_asked(self):
        for octets in (b"", RECEIPT, self.authority.anchors.read_bytes()):
            other = self.folder / "no.crl"
            other.write_bytes(octets)
            done = self.service.tanba("revocation", "import", other, "--session", self.service.session)
            self.assert_status(done, 3, "file.wrong_content")

    def test_a_source_that_is_not_there_is_status_3(self):
        session = ["--session", self.folder / "security.session"]
        self.assert_status(self.tanba("licence", "login", "--role", "security", *self.service.server(), *self.p12("security"), *session), 0)
        self.assert_status(self.tanba("revocation", "show", "nosuch", *session), 3, "registry.not_found")
        self.assert_status(self.tanba("revocation", "lookup", "--iin", "85010130001", *session), 3, "input.identity_number")
        self.assert_status(self.tanba("revocation", "lookup", "--serial", "zz", *session), 3, "input.hex")

    def test_a_server_with_another_authority_s_certificate_is_not_spoken_to(self):
        done = self.tanba("licence", "services", "--server", f"https://localhost:{self.service.port}", "--ca", self.authority.anchors)
        self.assert_status(done, 2, "fetch.tls")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.bin, OPTIONS.authority = OPTIONS.bin.resolve(), OPTIONS.authority.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
