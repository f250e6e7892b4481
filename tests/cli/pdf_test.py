#!/usr/bin/python3
"""`tanba sign --format pdf` as a signer uses it, and what others make of the result: pdfsig (poppler) and qpdf --check.

    tests/cli/pdf_test.py --bin build/dev/bin --authority build/dev/certs-test
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


def run(*arguments):
    return subprocess.run([str(one) for one in arguments], capture_output=True, text=True, timeout=60, check=False)


class WithTanba(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-pdf-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.authority = programs.Authority(OPTIONS.authority, OPTIONS.bin, self.folder)
        self.unsigned = self.scenario("no-signature")

    @staticmethod
    def scenario(name):
        return OPTIONS.authority / "scenarios" / ("pdf-" + name) / "document.pdf"

    def key(self, name="head"):
        return ["--p12", self.authority.p12(name), "--password-file", self.authority.password, "--chain",
                OPTIONS.authority / "ca" / ("gost-issuing.pem" if name.startswith("gost-") else "issuing.pem")]

    def try_to_sign(self, document, *more, name="head", out="signed.pdf"):
        target = self.folder / out
        return self.tanba("sign", document, "--format", "pdf", *self.key(name), "-o", target, *more), target

    def sign(self, document, *more, name="head", out="signed.pdf"):
        done, target = self.try_to_sign(document, *more, name=name, out=out)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertTrue(target.read_bytes().startswith(document.read_bytes()))
        return target

    def verify(self, document, *more):
        return self.tanba.json("verify", document, "--trust", OPTIONS.authority / "anchors.pem", "--trust",
                               OPTIONS.authority / "anchors-gost.pem", "--crl", OPTIONS.authority / "crl", *more)

    def assert_refused(self, outcome, code, status=3):
        done, target = outcome
        self.assertEqual(done.returncode, status, done.stderr.decode())
        self.assertIn(f"[{code}]", done.stderr.decode())
        self.assertFalse(target.exists())

    def assert_well_formed(self, document):
        done = run("qpdf", "--check", document)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("WARNING", done.stdout + done.stderr)

    def taken_apart(self, octets):
        """The last signature's value, without its padding, and what it is over, as files."""
        begin = octets.rindex(b"/Contents <") + len(b"/Contents <")
        end = octets.index(b">", begin)
        value = bytes.fromhex(octets[begin:end].decode())
        size = 4 + int.from_bytes(value[2:4], "big")  # a SEQUENCE with a length of two octets
        files = self.folder / "value.der", self.folder / "covered.bin"
        files[0].write_bytes(value[:size])
        files[1].write_bytes(octets[: begin - 1] + octets[end + 1 :])
        return files

    def assert_good(self, document, signatures):
        """For qpdf, for poppler, for us."""
        self.assert_well_formed(document)
        said = run("pdfsig", "-nocert", document).stdout
        self.assertEqual(said.count("Signature Validation: Signature is Valid."), signatures, said)
        self.assertIn("Total document signed", said)
        status, report = self.verify(document)
        self.assertEqual(status, 0, json.dumps(report, ensure_ascii=False, indent=1))
        self.assertEqual([one["covers"]["whole"] for one in report["signatures"]], [True] * signatures)
        return report


class Signing(WithTanba):
    def test_poppler_and_qpdf_verify_what_is_signed(self):
        report = self.assert_good(self.sign(self.unsigned), 1)
        self.assertEqual((report["format"], report["signatures"][0]["covers"]["what"]), ("PDF", "document"))

    def test_in_every_form_of_file(self):
        """Tables, cross-reference streams, objects in object streams: behind a signature that is there."""
        for name, signatures in (("signed", 2), ("xref-stream", 2), ("object-streams", 3), ("certified-2-signed", 3)):
            with self.subTest(name):
                self.assert_good(self.sign(self.scenario(name), out=f"{name}.pdf"), signatures)

    def test_what_qpdf_writes_is_signed(self):
        """Linearised, with object streams, with a new identifier."""
        for number, options in enumerate((["--linearize"], ["--object-streams=generate"], ["--qdf"])):
            document = self.folder / f"by-qpdf-{number}.pdf"
            self.assertEqual(run("qpdf", *options, self.unsigned, document).returncode, 0)
            self.assert_good(self.sign(document, out=f"signed-{number}.pdf"), 1)

    def test_by_a_gost_key(self):
        """Poppler knows no ГОСТ; that the file is in order is qpdf's word, that the signature is, the test authority's."""
        signed = self.sign(self.unsigned, name="gost-head")
        self.assert_well_formed(signed)
        self.assertEqual(self.verify(signed)[0], 0)
        cms, covered = self.taken_apart(signed.read_bytes())
        done = run(self.authority.testca, "verify-gost", cms, "--data", covered, "--trust", OPTIONS.authority / "anchors-gost.pem",
                   "--intermediate", OPTIONS.authority / "ca")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_visible(self):
        signed = self.sign(self.unsigned, "--visible", "1,72,72,220,48")
        self.assert_good(signed, 1)
        shown = run("pdftotext", signed, "-").stdout
        self.assertIn("Signed: ", shown)
        outcome = self.try_to_sign(signed, "--visible", "1,72,172,220,48", name="employee", out="second.pdf")
        self.assert_refused(outcome, "pdf.unsignable")
        self.assert_good(self.sign(signed, name="employee", out="second.pdf"), 2)

    def test_in_a_field_that_is_there(self):
        document = self.scenario("place-signed")  # its field is taken
        self.assert_refused(self.try_to_sign(document, "--field", "Officer"), "pdf.unsignable")

    def test_certified(self):
        nothing = self.sign(self.unsigned, "--certify", "1")
        self.assert_good(nothing, 1)
        self.assert_refused(self.try_to_sign(nothing, out="second.pdf"), "pdf.unsignable")
        filling_in = self.sign(self.unsigned, "--certify", "2", out="filling-in.pdf")
        self.assert_good(self.sign(filling_in, name="employee", out="both.pdf"), 2)

    def test_what_cannot_be_signed_says_why(self):
        for name, code in (("encrypted", "pdf.encrypted"), ("octets-behind", "pdf.malformed"), ("key-twice", "pdf.malformed")):
            self.assert_refused(self.try_to_sign(self.scenario(name)), code, status=1)
        for place in ("9,1,1,10,10", "1,1,1,0,10", "1,1,1,99999,10"):
            self.assert_refused(self.try_to_sign(self.unsigned, "--visible", place), "pdf.unsignable")

    def test_wrong_usage(self):
        for more in (["--visible", "1,2,3"], ["--visible", "a,1,1,1,1"], ["--visible", "1,1,1,1,1,1"], ["--visible", "1.5,1,1,1,1"],
                     ["--certify", "4"], ["--detached"], ["--document-time-stamp"]):
            done, target = self.try_to_sign(self.unsigned, *more)
            self.assertEqual((done.returncode, target.exists()), (64, False), more)
        done = self.tanba("sign", self.unsigned, "--format", "cms", "--certify", "1", *self.key())
        self.assertEqual(done.returncode, 64)


class Verifying(WithTanba):
    def test_others_data_beside_a_pdf_is_refused(self):
        status, report = self.verify(self.scenario("signed"), "--data", self.unsigned)
        self.assertEqual(status, 1)
        self.assertIn("cms.content_given_twice", [error["code"] for error in report["errors"]])

    def test_standard_input_is_a_file_too(self):
        done = subprocess.run([self.tanba.program, "verify", "-", "--json", "--trust", OPTIONS.authority / "anchors.pem", "--crl",
                               OPTIONS.authority / "crl", "--intermediate", OPTIONS.authority / "ca/issuing.pem"], input=self.scenario("signed").read_bytes(), capture_output=True,
                              env=self.tanba.environment, check=False, timeout=60)
        self.assertEqual((done.returncode, json.loads(done.stdout)["format"]), (0, "PDF"))


class Stamping(WithTanba):
    def setUp(self):
        super().setUp()
        processes = programs.Processes()
        self.addCleanup(processes.stop)
        address = self.authority.index["baseUrl"].removeprefix("http://")
        processes.start([self.authority.testca, "serve", self.authority.folder, "--until-eof"], stdout=subprocess.DEVNULL)
        programs.wait_for(lambda: run("curl", "-sf", f"http://{address}/healthz").returncode == 0)
        self.stamped = ["--tsa", f"http://{address}/tsp/first", "--trust", OPTIONS.authority / "anchors.pem", "--intermediate",
                        OPTIONS.authority / "ca/issuing.pem", "--crl", OPTIONS.authority / "crl", "--allow-source", address]

    def test_a_time_stamp_of_the_document_covers_the_signature(self):
        signed = self.sign(self.unsigned, "--certify", "1", "--document-time-stamp", *self.stamped)
        self.assert_well_formed(signed)
        status, report = self.verify(signed)
        self.assertEqual(status, 0, report)
        (signature,) = report["signatures"]
        self.assertEqual(sorted((one["kind"], one["errors"]) for one in signature["timestamps"]), [("document", []), ("signature", [])])
        self.assertEqual([one["code"] for one in signature["warnings"]], ["pdf.added"])
        self.assertTrue(signature["covers"]["whole"])
        said = run("pdfsig", "-nocert", signed).stdout
        self.assertIn("Signature Field Name: Timestamp1", said)
        self.assertIn("Signature Validation: Signature is Valid.", said)
        token, covered = self.taken_apart(signed.read_bytes())
        done = run("openssl", "ts", "-verify", "-token_in", "-in", token, "-data", covered, "-CAfile", OPTIONS.authority / "anchors.pem",
                   "-untrusted", OPTIONS.authority / "ca/issuing.pem")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_level_b_t(self):
        report = self.assert_good(self.sign(self.unsigned, *self.stamped), 1)
        self.assertEqual(report["signatures"][0]["level"], "B-T")
        self.assertEqual([stamp["kind"] for stamp in report["signatures"][0]["timestamps"]], ["signature"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.authority = OPTIONS.authority.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
