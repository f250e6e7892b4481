#!/usr/bin/python3
"""CMS documents with several signatures, and such whose content is larger than the memory that there is for it: what
`tanba` makes of them, and what openssl and certs-test's own verifier say.

    tests/cli/cms_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
LARGE_BYTES = 300 << 20
# Everything that the program needs besides: its libraries, OpenSSL's tables, the authority's files.
MOST_RESIDENT_BYTES = 64 << 20


class Cms(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-cms-", dir=os.environ.get("TANBA_LARGE_FILES")))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.authority = OPTIONS.authority
        self.index = json.loads((self.authority / "index.json").read_text(encoding="utf-8"))
        self.document = self.folder / "document.txt"
        self.document.write_text("Өтініш\n", encoding="utf-8")

    def key(self, name):
        entry = self.index["certificates"][name]
        return ["--p12", self.authority / entry["p12"], "--password-file", self.authority / "p12/password.txt",
                "--chain", self.authority / "ca" / f"{entry['issuer']}.pem"]

    def sign(self, file, name, out, *more):
        signed = self.folder / out
        done = self.tanba("sign", file, "--format", "cms", *self.key(name), *more, "-o", signed)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return signed

    def report(self, file, *more):
        trust = ["--trust", self.authority / "anchors-gost.pem", "--trust", self.authority / "anchors.pem"]
        return self.tanba.json("verify", file, *trust, "--crl", self.authority / "crl", *more)

    def assert_accepted(self, file, *more, signatures=1):
        status, report = self.report(file, *more)
        self.assertEqual(status, 0, report)
        self.assertEqual(len(report["signatures"]), signatures)
        return report

    def openssl(self, signed, *more):
        done = subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", signed, "-CAfile", self.authority / "anchors.pem",
                               "-purpose", "any", "-binary", "-out", self.folder / "content", *more], capture_output=True, check=False)
        return done.returncode

    def elsewhere(self, file, *more):
        """The algorithms and what is covered, by the independent verifier."""
        trust = ["--trust", self.authority / "anchors-gost.pem", "--trust", self.authority / "anchors.pem"]
        done = subprocess.run([OPTIONS.bin / "tanba-testca", "verify-gost", file, *trust, *more], capture_output=True, check=False)
        said = json.loads(done.stdout)
        self.assertTrue(said["good"], said)
        return [(one["algorithm"], one["covers"]) for one in said["signatures"]]

    # --- several signatures ------------------------------------------------------------------------------------------

    def test_one_more_signer(self):
        once = self.sign(self.document, "head", "once.cms")
        twice = self.sign(once, "individual", "twice.cms", "--add")
        thrice = self.sign(twice, "gost-head", "thrice.cms", "--add")
        self.assert_accepted(twice, signatures=2)
        report = self.assert_accepted(thrice, signatures=3)
        names = [one["certificate"]["identity"]["iin"] for one in report["signatures"]]
        self.assertEqual(names, [self.index["certificates"][one]["iin"] for one in ("head", "individual", "gost-head")])
        self.assertEqual(self.openssl(twice), 0)
        self.assertEqual((self.folder / "content").read_bytes(), self.document.read_bytes())
        self.assertEqual(self.elsewhere(thrice), [("rsa-sha256", "whole"), ("rsa-sha256", "whole"), ("kzgost2015-512", "whole")])

    def test_one_more_signer_of_detached_content(self):
        once = self.sign(self.document, "head", "once.p7s", "--detached")
        twice = self.sign(once, "individual", "twice.p7s", "--add", "--data", self.document)
        self.assert_accepted(twice, "--data", self.document, signatures=2)
        self.assertEqual(self.openssl(twice, "-content", self.document), 0)

    def test_a_counter_signature(self):
        for signer, counter, algorithm in (("head", "individual", "rsa-sha256"), ("gost-head", "gost-individual", "kzgost2015-512")):
            with self.subTest(signer):
                signed = self.sign(self.document, signer, "signed.cms")
                twice = self.sign(signed, counter, "twice.cms", "--counter-sign")
                report = self.assert_accepted(twice)
                (one,) = report["signatures"][0]["counterSignatures"]
                self.assertEqual((one["indication"], one["over"]), ("PASSED", "S1"))
                self.assertEqual(one["certificate"]["identity"]["iin"], self.index["certificates"][counter]["iin"])
                self.assertEqual(self.elsewhere(twice), [(algorithm, "whole"), (algorithm, "signature")])
                shown = self.tanba("verify", twice, "--trust", self.authority / "anchors.pem", "--trust",
                                   self.authority / "anchors-gost.pem", "--crl", self.authority / "crl")
                self.assertIn("Counter-signature S1.C1 over S1: PASSED", shown.stdout.decode())

    def test_a_counter_signature_names_its_signature(self):
        both = self.sign(self.sign(self.document, "head", "once.cms"), "individual", "twice.cms", "--add")
        done = self.tanba("sign", both, "--format", "cms", *self.key("head"), "--counter-sign")
        self.assertEqual(done.returncode, 64, done.stderr)
        done = self.tanba("sign", both, "--format", "cms", *self.key("head"), "--counter-sign", "S3")
        self.assertEqual(done.returncode, 64, done.stderr)
        named = self.sign(both, "head", "named.cms", "--counter-sign", "S2")
        report = self.assert_accepted(named, signatures=2)
        self.assertEqual([len(one["counterSignatures"]) for one in report["signatures"]], [0, 1])

    def test_usage(self):
        signed = self.sign(self.document, "head", "signed.cms")
        for more in (["--add", "--counter-sign"], ["--add", "--detached"], ["--data", self.document]):
            self.assertEqual(self.tanba("sign", signed, "--format", "cms", *self.key("head"), *more).returncode, 64, more)
        self.assertEqual(self.tanba("sign", self.document, "--format", "cms", *self.key("head"), "--add").returncode, 1)

    def test_a_signing_certificate_may_be_required(self):
        named = self.sign(self.document, "head", "named.cms")
        self.assert_accepted(named, "--require-signing-certificate")
        plain = self.authority / "scenarios/cms-attached/document.cms"
        status, report = self.report(plain, "--require-signing-certificate")
        self.assertEqual(status, 1)
        self.assertIn("signature.no_signing_certificate", [one["code"] for one in report["signatures"][0]["errors"]])

    # --- more than memory holds --------------------------------------------------------------------------------------

    def run_measured(self, *arguments):
        """Exit status, standard output and the most memory that the program held at one time."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writing, 1)
            os.execve(self.tanba.program, [str(self.tanba.program), *map(str, arguments)], self.tanba.environment)
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            output = stream.read()
        _, status, used = os.wait4(child, 0)
        return os.waitstatus_to_exitcode(status), output, used.ru_maxrss * 1024

    def assert_small(self, *arguments, status=0):
        done, output, resident = self.run_measured(*arguments)
        self.assertEqual(done, status, output[:2000])
        if OPTIONS.memory == "measured":
            self.assertLess(resident, MOST_RESIDENT_BYTES, arguments)
        return output

    def large(self):
        """A file of which only its beginning and end are written."""
        content = self.folder / "large.bin"
        with open(content, "wb") as file:
            file.write(b"beginning")
            file.seek(LARGE_BYTES - 3)
            file.write(b"end")
        return content

    def trusted(self):
        return ["--trust", self.authority / "anchors.pem", "--crl", self.authority / "crl/root.crl", "--crl",
                self.authority / "crl/issuing.crl", "--json"]

    def test_a_large_detached_document(self):
        content, signed = self.large(), self.folder / "large.p7s"
        self.assert_small("sign", content, "--format", "cms", "--detached", *self.key("head"), "-o", signed)
        self.assertLess(signed.stat().st_size, 10_000)
        self.assert_small("verify", signed, "--data", content, *self.trusted())
        self.assertEqual(self.openssl(signed, "-content", content), 0)
        with open(content, "r+b") as file:
            file.seek(LARGE_BYTES // 2)
            file.write(b"x")
        output = self.assert_small("verify", signed, "--data", content, *self.trusted(), status=1)
        self.assertEqual(json.loads(output)["subIndication"], "HASH_FAILURE")

    def test_a_large_attached_document(self):
        content, signed = self.large(), self.folder / "large.cms"
        self.assert_small("sign", content, "--format", "cms", *self.key("head"), "-o", signed)
        self.assertGreater(signed.stat().st_size, LARGE_BYTES)
        report = json.loads(self.assert_small("verify", signed, *self.trusted()))
        self.assertEqual(report["subject"]["sha256"], subprocess.run(["sha256sum", signed], capture_output=True, text=True, check=True).stdout[:64])
        status = json.loads(self.assert_small("verify", signed, "--data", content, *self.trusted(), status=1))
        self.assertEqual(status["errors"][0]["code"], "cms.content_given_twice")
        with open(signed, "r+b") as file:
            file.seek(LARGE_BYTES // 2)
            file.write(b"x")
        output = self.assert_small("verify", signed, *self.trusted(), status=1)
        self.assertEqual(json.loads(output)["subIndication"], "HASH_FAILURE")
        os.truncate(signed, LARGE_BYTES - 1000)
        output = self.assert_small("verify", signed, *self.trusted(), status=1)
        self.assertEqual(json.loads(output)["subIndication"], "FORMAT_FAILURE")

    def test_a_large_document_in_pieces_of_indefinite_length(self):
        content, signed = self.large(), self.folder / "large.cms"
        key = ["-signer", self.authority / "certs/head.pem", "-inkey", self.authority / "keys/head.key.pem", "-certfile",
               self.authority / "ca/issuing.pem"]
        subprocess.run(["openssl", "cms", "-sign", "-stream", "-binary", "-nodetach", "-outform", "DER", "-in", content, "-out", signed, *key],
                       check=True, capture_output=True)
        self.assert_small("verify", signed, *self.trusted())

    def test_nothing_is_left_of_an_output_that_does_not_fit(self):
        content = self.large()
        done = self.tanba("sign", content, "--format", "cms", *self.key("head"), "-o", "/dev/full/x")
        self.assertEqual(done.returncode, 3)
        limited = subprocess.run([self.tanba.program, "sign", content, "--format", "cms", *map(str, self.key("head")), "-o",
                                  self.folder / "out.cms"], env=self.tanba.environment, capture_output=True, check=False,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
        self.assertNotEqual(limited.returncode, 0)
        self.assertFalse((self.folder / "out.cms").exists())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    parser.add_argument("--memory", choices=("measured", "not-measured"), default="measured", help="sanitizers need many times more")
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.bin, OPTIONS.authority = OPTIONS.bin.resolve(), OPTIONS.authority.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
