#!/usr/bin/python3
"""`tanba sign` and `tanba token` as an officer uses them, and what others make of the signatures: openssl, xmlsec1.

    tests/cli/sign_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import argparse
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
XML = '<a xmlns="urn:x"><b>Мұнай</b><!-- c --></a>\n'


def run(*arguments, given=None):
    return subprocess.run([str(one) for one in arguments], capture_output=True, timeout=60, check=False, input=given)


class WithTanba(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.document = self.folder / "document.xml"
        self.document.write_text(XML, encoding="utf-8")

    def assert_status(self, done, status, code=None):
        self.assertEqual(done.returncode, status, done.stderr.decode())
        if code:
            self.assertIn(f"[{code}]", done.stderr.decode())


class Signing(WithTanba):
    def setUp(self):
        super().setUp()
        self.authority = programs.Authority(OPTIONS.authority, OPTIONS.bin, self.folder)

    def p12(self, name="head"):
        return ["--p12", self.authority.p12(name), "--password-file", self.authority.password, "--chain", self.authority.issuing]

    def token(self):
        uri = self.tanba.make_token("officer")
        programs.issue_for_token(self.tanba, self.authority, uri, "token-head", "--profile", "head",
                                 "--iin", self.authority.person("head")["iin"], "--bin", self.authority.person("head")["bin"])
        return ["--token", uri, "--password-file", self.tanba.secret("user.pin", programs.USER_PIN)]

    def verify(self, document, *more):
        return self.tanba("verify", document, "--trust", self.authority.anchors, "--crl", self.authority.folder / "crl", *more)

    def openssl(self, signed, *more):
        return run("openssl", "cms", "-verify", "-inform", "DER", "-in", signed, "-CAfile", self.authority.anchors, "-purpose", "any",
                   "-binary", *more)

    def test_the_signed_document_goes_where_it_is_sent(self):
        sign = ["sign", self.document, "--format", "xml", *self.p12(), "-o"]
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
            self.assert_status(self.tanba(*sign, pipe), 0)
            through = reader.communicate(timeout=60)[0]
        self.assertTrue(pipe.is_fifo())
        link, target = self.folder / "link.xml", self.folder / "target.xml"
        target.write_text("old content")
        link.symlink_to("target.xml")
        self.assert_status(self.tanba(*sign, link), 0)
        self.assertTrue(link.is_symlink())
        shown = self.tanba(*sign, "/dev/stdout")
        self.assert_status(shown, 0)
        process = run("bash", "-c", '"$0" "${@:1}" >(cat)', self.tanba.program, *sign)
        for number, octets in enumerate((through, target.read_bytes(), shown.stdout, process.stdout)):
            copy = self.folder / f"copy-{number}.xml"
            copy.write_bytes(octets)
            self.assert_status(self.verify(copy), 0)
        with open("/dev/full", "wb") as full:
            done = self.tanba(*sign, f"/dev/fd/{full.fileno()}", pass_fds=[full.fileno()])
            self.assert_status(done, 3, "file.not_writable")
            self.assertIn(f"/dev/fd/{full.fileno()}", done.stderr.decode())
        done = self.tanba(*sign, self.folder / "nowhere/signed.xml")
        self.assert_status(done, 3, "file.not_writable")
        self.assertNotIn(b".tmp-", done.stderr)
        for place in ("-", "/dev/stdout"):
            self.assert_status(self.tanba(*sign, place, "--json"), 64)

    def test_xades_and_soap(self):
        for form, level in (("xades", "document"), ("soap", "SOAP message")):
            signed = self.folder / f"signed-{form}.xml"
            self.assert_status(self.tanba("sign", self.document, "--format", form, *self.p12(), "-o", signed), 0)
            # A SOAP message carries the signer's certificate alone in its KeyIdentifier: the authority's has to be at hand.
            done = self.verify(signed, "--json", "--intermediate", OPTIONS.authority / "ca/issuing.pem")
            self.assertEqual(done.returncode, 0, done.stdout)
            signature = json.loads(done.stdout)["signatures"][0]
            self.assertEqual(signature["covers"], {"whole": True, "what": level})
            self.assertEqual(bool(signature["claimedSigningTime"]), form == "xades")
            changed = self.folder / "changed.xml"
            changed.write_bytes(signed.read_bytes().replace("Мұнай".encode(), "Басқа".encode()))
            self.assert_status(self.verify(changed), 1)
        self.assert_status(self.tanba("sign", self.document, "--format", "soap", "--detached", *self.p12(), "-o", self.folder / "x"), 64,
                           "input.usage")

    def check_cms(self, key):
        signed = self.folder / "signed.cms"
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", *key, "-o", signed), 0)
        others = self.openssl(signed)
        self.assertEqual(others.returncode, 0, others.stderr)
        self.assertEqual(others.stdout, self.document.read_bytes())
        self.assert_status(self.verify(signed), 0)

    def check_detached(self, key):
        done = self.tanba("sign", self.document, "--format", "cms", "--detached", *key)
        self.assert_status(done, 0)
        signed = self.folder / "detached.cms"
        signed.write_bytes(done.stdout)
        self.assertNotIn("Мұнай".encode(), done.stdout)
        self.assertEqual(self.openssl(signed, "-content", self.document).returncode, 0)
        self.assertNotEqual(self.openssl(signed, "-content", OPTIONS.authority / "anchors.pem").returncode, 0)
        self.assert_status(self.verify(signed, "--data", self.document), 0)
        self.assert_status(self.verify(signed), 1)

    def check_xml(self, key):
        signed = self.folder / "signed.xml"
        self.assert_status(self.tanba("sign", self.document, "--format", "xml", *key, "-o", signed), 0)
        others = run("xmlsec1", "--verify", "--trusted-pem", self.authority.anchors, signed)
        self.assertEqual(others.returncode, 0, others.stderr)
        self.assert_status(self.verify(signed, "--expect-bin", self.authority.person("head")["bin"]), 0)
        signed.write_bytes(signed.read_bytes().replace("Мұнай".encode(), "Мұнаф".encode()))
        self.assertNotEqual(run("xmlsec1", "--verify", "--trusted-pem", self.authority.anchors, signed).returncode, 0)
        self.assert_status(self.verify(signed), 1)

    def test_a_p12_signs_cms_that_openssl_verifies(self):
        self.check_cms(self.p12())
        self.check_detached(self.p12())

    def test_a_p12_signs_xml_that_xmlsec_verifies(self):
        self.check_xml(self.p12())

    def test_a_token_signs_what_openssl_and_xmlsec_verify(self):
        key = self.token()
        self.check_cms(key)
        self.check_detached(key)
        self.check_xml(key)

    def test_the_pin_comes_from_file_environment_or_uri(self):
        key = self.token()
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", *key[:2], TANBA_PIN=programs.USER_PIN), 0)
        uri = f"{key[1]}?module-path={programs.MODULE}&pin-source=file:{key[3]}"
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", "--token", uri, TANBA_PKCS11_MODULE=""), 0)
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", *key[:2]), 3, "input.password")

    def test_a_p12_password_comes_from_the_environment(self):
        password = self.authority.password.read_text().strip()
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", *self.p12()[:2], TANBA_P12_PASSWORD=password), 0)

    def ask(self, answer, *arguments):
        """Runs with a terminal, answers the first prompt; gives the status as waitpid has it, and what the terminal showed."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(self.tanba.program, [str(self.tanba.program), *map(str, arguments)], self.tanba.environment)
        shown, answered = b"", False
        while True:
            try:
                got = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                got = b""
            if not got:
                break
            shown += got
            if not answered and b": " in shown:
                answered = True
                os.write(terminal, answer)
        # The terminal shows again what is typed.
        self.assertTrue(termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.close(terminal)
        return os.waitpid(child, 0)[1], shown.decode()

    def test_a_password_is_asked_for_and_not_shown(self):
        password = self.authority.password.read_text().strip()
        out = self.folder / "signed.cms"
        status, shown = self.ask(password.encode() + b"\n", "sign", self.document, "--format", "cms", *self.p12()[:2], "-o", out)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, shown)
        self.assertIn("head.p12: ", shown)
        self.assertNotIn(password, shown)
        self.assertTrue(out.exists())

    def test_ctrl_c_at_the_prompt_ends_it(self):
        status, _ = self.ask(b"\x03", "sign", self.document, "--format", "cms", *self.p12()[:2])
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGINT)

    def test_a_wrong_pin_is_tried_once(self):
        key = self.token()
        out = self.folder / "never"
        wrong = self.tanba.secret("wrong.pin", "000000")
        done = self.tanba("sign", self.document, "--format", "xml", *key[:2], "--password-file", wrong, "-o", out)
        self.assert_status(done, 3, "token.pin_wrong")
        self.assertFalse(out.exists())
        # SoftHSM2 says that a wrong PIN was given, and that is all: the right one is taken at once.
        _, listed = self.tanba.json("token", "list", "--token", "pkcs11:token=officer")
        self.assertEqual(listed["tokens"][0]["userPin"], "count-low")
        self.assert_status(self.tanba("sign", self.document, "--format", "xml", *key), 0)
        _, listed = self.tanba.json("token", "list", "--token", "pkcs11:token=officer")
        self.assertEqual(listed["tokens"][0]["userPin"], "ready")

    def test_a_wrong_password_is_status_3(self):
        wrong = self.tanba.secret("wrong.password", "wrong")
        done = self.tanba("sign", self.document, "--format", "cms", "--p12", self.authority.p12("head"), "--password-file", wrong)
        self.assert_status(done, 3, "input.password")
        self.assertEqual(done.stdout, b"")

    def test_what_cannot_be_opened_is_status_3(self):
        missing = self.folder / "missing"
        for arguments in ([missing, *self.p12()], [self.document, "--p12", missing, "--password-file", self.authority.password],
                          [self.document, "--p12", self.authority.p12("head"), "--password-file", missing],
                          [self.document, *self.p12(), "-o", missing / "out"]):
            self.assert_status(self.tanba("sign", "--format", "cms", *arguments), 3)
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", "--p12", self.document,
                                      "--password-file", self.authority.password), 3, "file.wrong_content")
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", "--token", "pkcs11:token=nobody"), 3, "token.not_found")
        self.assert_status(self.tanba("sign", self.document, "--format", "cms", "--token", "pkcs11:token=nobody",
                                      "--module", missing), 3, "token.module")

    def test_xml_that_is_none_is_refused(self):
        self.document.write_text("<a><b></a>")
        self.assert_status(self.tanba("sign", self.document, "--format", "xml", *self.p12()), 1, "xml.malformed")
        self.document.write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
        self.assert_status(self.tanba("sign", self.document, "--format", "xml", *self.p12()), 1, "xml.doctype")

    def test_a_failure_leaves_the_old_output_in_place(self):
        out = self.folder / "out.xml"
        out.write_text("old")
        self.document.write_text("<a>")
        self.assert_status(self.tanba("sign", self.document, "--format", "xml", *self.p12(), "-o", out), 1)
        self.assertEqual(out.read_text(), "old")

    def test_an_expired_or_foreign_purpose_certificate_is_warned_of(self):
        self.assertIn(b"[path.expired]", self.tanba("sign", self.document, "--format", "cms", *self.p12("expired")).stderr)
        self.assertIn(b"[certificate.not_signing_key]", self.tanba("sign", self.document, "--format", "cms", *self.p12("head-auth")).stderr)
        self.assertEqual(self.tanba("sign", self.document, "--format", "cms", *self.p12()).stderr, b"")

    def test_json_is_one_document_or_usage(self):
        out = self.folder / "signed.cms"
        status, answer = self.tanba.json("sign", self.document, "--format", "cms", *self.p12(), "-o", out)
        self.assertEqual((status, answer["algorithm"], answer["output"]), (0, "RSA-PKCS1-SHA-256", str(out)))
        self.assertEqual(answer["sizeBytes"], out.stat().st_size)
        status, problem = self.tanba.json("sign", self.document, "--format", "cms", *self.p12())
        self.assertEqual((status, problem["code"]), (64, "input.usage"))

    def test_wrong_usage_is_status_64(self):
        for arguments in (["--format", "odf", *self.p12()], [*self.p12()], ["--format", "xml", "--detached", *self.p12()],
                          ["--format", "cms"], ["--format", "cms", "--token", "pkcs11:token=x", *self.p12()]):
            self.assert_status(self.tanba("sign", self.document, *arguments), 64)


class Tokens(WithTanba):
    def test_a_key_never_leaves_its_token(self):
        uri = self.tanba.make_token("officer", "--key-label", "signing", "--key-id", "0a")
        self.assertIn("object=signing;id=%0A", uri)
        _, keys = self.tanba.json("token", "keys", "--login", "--token", uri, "--password-file", self.folder / "user.pin")
        [key] = keys["keys"]
        self.assertEqual((key["privateKeySeen"], key["sensitive"], key["extractable"], key["bits"]), (True, True, False, 2048))

    def test_keys_without_a_log_in_show_no_private_half(self):
        self.tanba.make_token("officer")
        _, keys = self.tanba.json("token", "keys")
        self.assertEqual([key["privateKeySeen"] for key in keys["keys"]], [False])

    def test_a_token_that_holds_something_is_not_initialised_again_by_accident(self):
        self.tanba.make_token("officer")
        pins = ["--so-pin-file", self.folder / "so.pin", "--password-file", self.folder / "user.pin", "--label", "other"]
        self.assert_status(self.tanba("token", "init", "--token", "pkcs11:token=officer", *pins), 3, "token.failed")
        self.assert_status(self.tanba("token", "init", "--erase", *pins), 64)
        wrong = self.tanba.secret("wrong.pin", "000000")
        self.assert_status(self.tanba("token", "init", "--token", "pkcs11:token=officer", "--erase", "--label", "other",
                                      "--so-pin-file", wrong, "--password-file", self.folder / "user.pin"), 3, "token.pin_wrong")
        self.assert_status(self.tanba("token", "init", "--token", "pkcs11:token=officer", "--erase", *pins), 0)
        _, listed = self.tanba.json("token", "list", "--token", "pkcs11:token=other")
        self.assertEqual(len(listed["tokens"]), 1)

    def test_a_second_key_needs_an_id_of_its_own(self):
        uri = self.tanba.make_token("officer")
        pin = ["--token", "pkcs11:token=officer", "--password-file", self.folder / "user.pin"]
        self.assert_status(self.tanba("token", "generate", *pin, "--key-label", "second", "--key-id", "01"), 64)
        self.assert_status(self.tanba("token", "generate", *pin, "--key-label", "second", "--key-id", "xy"), 64)
        self.assert_status(self.tanba("token", "generate", *pin, "--key-label", "second", "--key-id", "02"), 0)
        self.assert_status(self.tanba("token", "public-key", "--token", "pkcs11:token=officer"), 3, "token.ambiguous")
        self.assertIn(b"BEGIN PUBLIC KEY", self.tanba("token", "public-key", "--token", uri).stdout)

    def test_a_request_verifies_with_openssl(self):
        uri = self.tanba.make_token("officer")
        done = self.tanba("token", "csr", "--token", uri, "--password-file", self.folder / "user.pin", "--subject", "C=KZ",
                          "--subject", "CN=ИВАНОВ ИВАН", "--subject", "serialNumber=IIN123456789011")
        self.assert_status(done, 0)
        others = run("openssl", "req", "-verify", "-noout", "-subject", "-nameopt", "RFC2253,utf8,-esc_msb", given=done.stdout)
        self.assertEqual(others.returncode, 0, others.stderr)
        self.assertIn("CN=ИВАНОВ ИВАН,C=KZ", others.stdout.decode())
        self.assert_status(self.tanba("token", "csr", "--token", uri, "--subject", "no value"), 64)

    def test_a_pin_of_another_length_changes_nothing(self):
        self.tanba.make_token("officer")
        good, short = self.tanba.secret("good.pin", "123456"), self.tanba.secret("short.pin", "12")
        for so_pin, user_pin in ((short, good), (good, short)):
            for which in (["--label", "second"], ["--label", "officer", "--token", "pkcs11:token=officer", "--erase"]):
                done = self.tanba("token", "init", *which, "--so-pin-file", so_pin, "--password-file", user_pin)
                self.assert_status(done, 3, "token.failed")
                self.assertIn("must have 4 to 255 octets", done.stderr.decode())
        _, listed = self.tanba.json("token", "list")
        self.assertEqual([one["label"] for one in listed["tokens"] if one["initialised"]], ["officer"])
        _, keys = self.tanba.json("token", "keys")
        self.assertEqual(len(keys["keys"]), 1)

    def test_two_tokens_of_one_label_are_not_made(self):
        self.tanba.make_token("officer")
        pins = ["--so-pin-file", self.tanba.secret("so.pin", "27182818"), "--password-file", self.tanba.secret("user.pin", "314159")]
        done = self.tanba("token", "init", "--label", "officer", *pins)
        self.assert_status(done, 64, "input.usage")
        self.assertIn("--erase", done.stderr.decode())
        self.assert_status(self.tanba("token", "init", "--label", "other", *pins), 0)
        self.assert_status(self.tanba("token", "init", "--label", "officer", "--token", "pkcs11:token=other", "--erase", *pins), 64)

    def test_all_that_a_uri_names_must_fit(self):
        uri = self.tanba.make_token("officer", "--key-label", "signing", "--key-id", "0a")
        key = ["--token", uri + ";type=private", "--password-file", self.folder / "user.pin"]
        self.assert_status(self.tanba("token", "csr", *key, "--subject", "C=KZ"), 0)
        for other in (";type=cert", ";type=public", ";library-version=77", ";library-description=other", ";library-manufacturer=other"):
            key[1] = uri + other
            self.assert_status(self.tanba("token", "csr", *key, "--subject", "C=KZ"), 3, "token.not_found")
        key[1] = uri + "?x-colour=red"  # RFC 7512 2.5: passed over
        self.assert_status(self.tanba("token", "csr", *key, "--subject", "C=KZ"), 0)
        for named, seen in (("", 1), (";object=signing", 1), (";id=%0A", 1), (";type=public", 1), (";object=other", 0), (";id=%0B", 0),
                            (";type=cert", 0), (";library-version=77", 0)):
            _, keys = self.tanba.json("token", "keys", "--token", "pkcs11:token=officer" + named)
            self.assertEqual(len(keys["keys"]), seen, named)

    def test_a_stranger_s_certificate_is_not_put_on_a_token(self):
        self.tanba.make_token("officer")
        pin = ["--token", "pkcs11:token=officer", "--password-file", self.folder / "user.pin"]
        self.assert_status(self.tanba("token", "import-certificate", OPTIONS.authority / "certs/head.pem", *pin), 3, "file.wrong_content")
        for _ in range(2):  # again is the same
            self.assert_status(self.tanba("token", "import-certificate", OPTIONS.authority / "ca/issuing.pem", *pin), 0)
        _, keys = self.tanba.json("token", "keys")
        self.assertEqual(len(keys["otherCertificates"]), 1)

    def test_no_module_is_wrong_usage(self):
        self.assert_status(self.tanba("token", "list", TANBA_PKCS11_MODULE=""), 64)


class Help(WithTanba):
    def commands(self, path=()):
        """Every command, found in the help of the one above it."""
        done = self.tanba(*path, "--help")
        self.assert_status(done, 0)
        text = done.stdout.decode()
        below = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.M)
        if not below:
            yield path, text
            return
        for name in re.findall(r"^  ([a-z][a-z-]*) ", below.group(1), re.M):
            yield from self.commands((*path, name))

    def test_each_command_teaches(self):
        found = dict(self.commands())
        for wanted in (("verify",), ("sign",), ("token", "init"), ("token", "import-certificate"), ("licence", "decide")):
            self.assertIn(wanted, found)
        for path, text in found.items():
            self.assertIn("Usage: tanba " + " ".join(path), text)
            self.assertIn("Example: tanba " + " ".join(path), text, path)

    def test_version(self):
        done = self.tanba("--version")
        self.assert_status(done, 0)
        self.assertTrue(done.stdout.startswith(b"tanba "))

    def test_json_of_wrong_usage_is_a_problem(self):
        done = self.tanba("sign", "--json")
        self.assertEqual(done.returncode, 64)
        self.assertEqual(json.loads(done.stdout)["code"], "input.usage")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.authority = OPTIONS.authority.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
