#!/usr/bin/python3
"""What `tanba sign` makes with ГОСТ keys, verified by certs-test's own verifier, which shares no code with Tanba.

    tests/cli/gost_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
XML = '<a xmlns="urn:x" xml:lang="kk"><b c="1" a="&lt;">Мұнай</b><!-- c --><?p i?></a>\n'
# Name of the certificate and algorithm; those of 2004 can be signed with no longer in earnest, which is a warning.
KEYS = (("gost-head", "kzgost2015-512"), ("gost256-head", "kzgost2015-256"), ("gost2004-head", "kzgost2004"))


class Gost(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-gost-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.authority = OPTIONS.authority
        self.index = json.loads((self.authority / "index.json").read_text(encoding="utf-8"))
        self.document = self.folder / "document.xml"
        self.document.write_text(XML, encoding="utf-8")

    def key(self, name):
        entry = self.index["certificates"][name]
        return ["--p12", self.authority / entry["p12"], "--password-file", self.authority / "p12/password.txt",
                "--chain", self.authority / "ca" / f"{entry['issuer']}.pem"]

    def sign(self, name, form, *more, source=None):
        signed = self.folder / f"{name}.{form}"
        done = self.tanba("sign", source or self.document, "--format", form, *self.key(name), *more, "-o", signed)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return signed

    def elsewhere(self, file, *more):
        """The independent verifier's status and words."""
        trust = ["--trust", self.authority / "anchors-gost.pem", "--trust", self.authority / "anchors.pem"]
        command = [OPTIONS.bin / "tanba-testca", "verify-gost", file, *trust, *more]
        done = subprocess.run([str(one) for one in command], capture_output=True, timeout=120, check=False)
        return done.returncode, json.loads(done.stdout)

    def assert_verified_elsewhere(self, file, algorithms, *more):
        status, said = self.elsewhere(file, *more)
        self.assertEqual(status, 0, said)
        self.assertEqual([one["algorithm"] for one in said["signatures"]], algorithms)
        self.assertEqual({one["covers"] for one in said["signatures"]}, {"whole"})

    def here(self, file, *more):
        trust = ["--trust", self.authority / "anchors-gost.pem", "--trust", self.authority / "anchors.pem"]
        return self.tanba("verify", file, *trust, "--crl", self.authority / "crl", *more).returncode

    def test_cms(self):
        for name, algorithm in KEYS:
            with self.subTest(name):
                signed = self.sign(name, "cms")
                self.assert_verified_elsewhere(signed, [algorithm])
                self.assertEqual(self.here(signed), 1 if algorithm == "kzgost2004" else 0)
                octets = bytearray(signed.read_bytes())
                octets[-5] ^= 1  # the signature value ends the document
                signed.write_bytes(octets)
                self.assertEqual(self.elsewhere(signed)[0], 1)
                self.assertEqual(self.here(signed), 1)

    def test_detached_cms(self):
        for name, algorithm in KEYS:
            with self.subTest(name):
                signed = self.sign(name, "cms", "--detached")
                self.assert_verified_elsewhere(signed, [algorithm], "--data", self.document)
                self.assertEqual(self.elsewhere(signed, "--data", signed)[0], 1)

    def test_xml(self):
        for name, algorithm in KEYS:
            with self.subTest(name):
                signed = self.sign(name, "xml")
                self.assert_verified_elsewhere(signed, [algorithm])
                self.assertEqual(self.here(signed), 1 if algorithm == "kzgost2004" else 0)
                signed.write_bytes(signed.read_bytes().replace("Мұнай".encode(), "Мұнаф".encode()))
                self.assertEqual(self.elsewhere(signed)[0], 1)
                self.assertEqual(self.here(signed), 1)

    def test_keys_of_2004_are_for_the_archive_until_its_end(self):
        for form in ("cms", "xml"):
            signed = self.sign("gost2004-head", form)
            archive = ["--policy", "kz-archive", "--revocation", "off"]
            self.assertEqual(self.here(signed, *archive, "--at", "2024-01-01"), 0)
            self.assertEqual(self.here(signed, *archive, "--at", "2025-06-26"), 1)

    def test_xml_signed_by_two_keys_of_two_kinds(self):
        for first, second, algorithms in (("head", "gost-sign-right", ["rsa-sha256", "kzgost2015-512"]),
                                          ("gost-head", "sign-right", ["kzgost2015-512", "rsa-sha256"])):
            with self.subTest(first):
                signed = self.sign(second, "xml", source=self.sign(first, "xml"))
                self.assert_verified_elsewhere(signed, algorithms)
                self.assertEqual(self.here(signed), 0)

    def test_a_wrong_password_is_status_3(self):
        key = self.key("gost-head")
        key[3] = self.tanba.secret("wrong", "not the password")
        self.assertEqual(self.tanba("sign", self.document, "--format", "cms", *key).returncode, 3)

    def test_a_revoked_key_s_signature_is_refused_here_alone(self):
        signed = self.sign("gost-revoked", "cms")
        self.assert_verified_elsewhere(signed, ["kzgost2015-512"])
        self.assertEqual(self.here(signed), 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.bin, OPTIONS.authority = OPTIONS.bin.resolve(), OPTIONS.authority.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
