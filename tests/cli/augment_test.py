#!/usr/bin/python3
"""`tanba augment` and `tanba sign --level`: what is lifted is accepted ten years later from its inside alone, offline.

    tests/cli/augment_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import argparse
import base64
import datetime
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
RSA_POLICY, GOST_POLICY = "1.2.398.3.3.2.6.2", "1.2.398.3.3.2.6.4"
CONTENT = "<a:application xmlns:a='urn:example'><a:text>Өтініш</a:text></a:application>"


class Augmenting(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-augment-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.authority = programs.Authority(pathlib.Path(OPTIONS.authority), OPTIONS.bin, self.folder)
        processes = programs.Processes()
        self.addCleanup(processes.stop)
        self.address = self.authority.index["baseUrl"].removeprefix("http://")
        processes.start([self.authority.testca, "serve", self.authority.folder, "--until-eof"], stdout=subprocess.DEVNULL)
        programs.wait_for(self.is_serving)
        self.document = self.folder / "document.xml"
        self.document.write_text(CONTENT, encoding="utf-8")

    def is_serving(self):
        try:
            return urllib.request.urlopen(f"http://{self.address}/healthz", timeout=1).status == 200
        except OSError:
            return False

    def control(self, **content):
        request = urllib.request.Request(f"http://{self.address}/control", json.dumps(content).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def anchors(self, who):
        return self.authority.folder / ("anchors-gost.pem" if who.startswith("gost") else "anchors.pem")

    def issuing(self, who):
        return self.authority.folder / ("ca/gost-issuing.pem" if who.startswith("gost") else "ca/issuing.pem")

    def trust(self, who):
        # The certificate of the ГОСТ time-stamp authority names no sources.
        lists = ["--crl", self.authority.folder / "crl/gost-issuing.crl"] if who.startswith("gost") else []
        return ["--trust", self.anchors(who), "--intermediate", self.issuing(who), "--allow-source", self.address, *lists]

    def stamping(self, who):
        return ["--tsa", f"http://{self.address}/tsp/first", "--tsa-policy", GOST_POLICY if who.startswith("gost") else RSA_POLICY]

    def sign(self, form, who="head", *more, document=None):
        signed = self.folder / f"{who}.{form}"
        done = self.tanba("sign", document or self.document, "--format", form, "--p12", self.authority.p12(who), "--password-file",
                          self.authority.password, "--chain", self.issuing(who), *more, "-o", signed)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return signed

    def augment(self, signed, level, who="head", *more, tsa=True):
        lifted = signed.with_suffix(f".{level}{signed.suffix}")
        lifted.unlink(missing_ok=True)
        status, report = self.tanba.json("augment", signed, "--level", level, *(self.stamping(who) if tsa else ["--online"]), *self.trust(who),
                                         *more, "-o", lifted)
        return status, report, lifted

    def accepted_years_later(self, file, who="head", *more):
        """Offline, with nothing but the anchor."""
        at = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3653)).strftime("%Y-%m-%dT%H:%M:%SZ")
        status, report = self.tanba.json("verify", file, "--trust", self.anchors(who), "--at", at, *more)
        self.assertEqual((status, report["decision"]), (0, "accept"), report)
        for signature in report["signatures"]:
            self.assertEqual(signature["level"], "B-LT")
            self.assertLess(signature["certificate"]["notAfter"], at)
        return report

    def others_verify(self, file, who):
        if who.startswith("gost"):
            command = [self.authority.testca, "verify-gost", file, "--trust", self.anchors(who), "--intermediate", self.issuing(who)]
        elif file.suffix == ".cms":
            command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", file, "-CAfile", self.anchors(who), "-purpose", "any", "-binary"]
        else:
            command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--trusted-pem",
                       self.anchors(who), file]
        done = subprocess.run(command, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, (command, done.stdout[-500:], done.stderr[-500:]))

    def test_every_format_and_key_is_lifted_step_by_step(self):
        for form in ("cms", "xades"):
            for who in ("head", "gost-head"):
                with self.subTest(form=form, who=who):
                    signed = self.sign(form, who)
                    status, report, stamped = self.augment(signed, "B-T", who)
                    self.assertEqual((status, [one.get("level") for one in report.get("signatures", [])]), (0, ["B-T"]), report)
                    self.others_verify(stamped, who)
                    status, report, lifted = self.augment(stamped, "B-LT", who, tsa=False)
                    self.assertEqual((status, [one.get("level") for one in report.get("signatures", [])]), (0, ["B-LT"]), report)
                    self.assertEqual(len(report["signatures"][0]["timestamps"]), 1)
                    self.others_verify(lifted, who)
                    self.accepted_years_later(lifted, who)

    def test_a_pdf_is_lifted_by_further_updates(self):
        for scenario, who in (("pdf-cades", "head"), ("pdf-gost-signed", "gost-head")):
            with self.subTest(scenario):
                signed = self.folder / f"{scenario}.pdf"
                shutil.copyfile(pathlib.Path(OPTIONS.authority) / "scenarios" / scenario / "document.pdf", signed)
                status, report, lifted = self.augment(signed, "B-LT", who)
                self.assertEqual((status, [one.get("level") for one in report.get("signatures", [])]), (0, ["B-LT"]), report)
                self.accepted_years_later(lifted, who)
                subprocess.run(["qpdf", "--check", lifted], capture_output=True, check=True)
                self.assertGreater(lifted.stat().st_size, signed.stat().st_size)

    def ecdsa_person(self):
        """A certificate of the RSA authority for a key on P-256, and both in a file, made by openssl."""
        key, public, name = self.folder / "ec.key.pem", self.folder / "ec.pub.pem", "ec-individual"
        run = lambda *command: subprocess.run(command, capture_output=True, check=True)
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
        certificate = self.authority.issue(name, public, "--profile", "individual", "--iin", "910304300776", "--surname", "ҮЛГІЕВ",
                                           "--given", "ДАУРЕН")
        run("openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", self.authority.p12(name), "-passout",
            f"file:{self.authority.password}")
        return name

    def test_ecdsa_is_lifted_under_the_policy_that_knows_it(self):
        who = self.ecdsa_person()
        unsigned = pathlib.Path(OPTIONS.authority) / "scenarios/pdf-no-signature/document.pdf"
        conformance = ("--policy", "conformance")
        for form, document in (("cms", None), ("xades", None), ("pdf", unsigned)):
            with self.subTest(form):
                signed = self.sign(form, who, document=document)
                status, report, stamped = self.augment(signed, "B-T", who, *conformance)
                self.assertEqual((status, [one.get("level") for one in report.get("signatures", [])]), (0, ["B-T"]), report)
                status, report, lifted = self.augment(stamped, "B-LT", who, *conformance, tsa=False)
                self.assertEqual((status, [one.get("level") for one in report.get("signatures", [])]), (0, ["B-LT"]), report)
                self.accepted_years_later(lifted, who, *conformance)
                if form != "pdf":
                    self.others_verify(lifted, who)
                # Nobody may file it: the reason is the key's kind, not what is missing.
                status, report = self.tanba.json("verify", lifted, "--trust", self.anchors(who))
                self.assertEqual((status, report["signatures"][0]["errors"][0]["code"]), (1, "algorithm.forbidden"), report)
                octets = bytearray(lifted.read_bytes())
                octets[octets.index("text>Өтініш".encode() if form != "pdf" else b"stream\n") + 8] ^= 1
                lifted.write_bytes(octets)
                status, report = self.tanba.json("verify", lifted, "--trust", self.anchors(who), *conformance)
                self.assertEqual((status, report["subIndication"]), (1, "HASH_FAILURE"), report)

    def test_what_is_at_the_level_already_stays(self):
        _, _, lifted = self.augment(self.sign("cms"), "B-LT")
        status, _, again = self.augment(lifted, "B-LT")
        self.assertEqual((status, again.read_bytes() == lifted.read_bytes()), (0, True))

    def test_lists_do_where_there_are_no_answers(self):
        self.control(ocsp="down")
        for form in ("cms", "xades"):
            status, report, lifted = self.augment(self.sign(form), "B-LT")
            self.assertEqual(status, 0, report)
            report = self.accepted_years_later(lifted)
            self.assertEqual({entry["kind"] for entry in report["signatures"][0]["revocation"]}, {"CRL"})

    def test_exactly_what_was_gone_by_goes_in(self):
        _, _, lifted = self.augment(self.sign("xades"), "B-LT")
        text = lifted.read_text(encoding="utf-8")
        inside = {hashlib.sha256(base64.b64decode(one)).hexdigest()
                  for one in re.findall(r"<xades:Encapsulated(?:OCSP|CRL)Value>([^<]*)<", text)}
        report = self.accepted_years_later(lifted)
        signature = report["signatures"][0]
        used = {entry["evidence"] for finding in [signature, *signature["timestamps"]] for entry in finding["revocation"]}
        self.assertEqual(inside, used)
        # The signer's and the time-stamp authority's are kept apart.
        self.assertIn("TimeStampValidationData", text)

    def test_signing_reaches_the_level_at_once(self):
        unsigned = pathlib.Path(OPTIONS.authority) / "scenarios/pdf-no-signature/document.pdf"
        for form, who, document in (("cms", "head", None), ("xades", "gost-head", None), ("pdf", "head", unsigned)):
            with self.subTest(form=form, who=who):
                signed = self.sign(form, who, "--level", "B-LT", *self.stamping(who), *self.trust(who), document=document)
                self.accepted_years_later(signed, who)
        said = subprocess.run(["pdfsig", "-nocert", signed], capture_output=True, text=True, check=False).stdout
        self.assertEqual(said.count("Signature Validation: Signature is Valid."), 1, said)

    def test_a_detached_signature_is_lifted_with_its_content(self):
        signed = self.sign("cms", "head", "--detached")
        status, report, _ = self.augment(signed, "B-LT")
        self.assertEqual((status, report["decision"]), (1, "refuse"))
        status, report, lifted = self.augment(signed, "B-LT", "head", "--data", self.document)
        self.assertEqual(status, 0, report)
        self.accepted_years_later(lifted, "head", "--data", self.document)

    def test_what_is_not_accepted_is_not_lifted(self):
        status, report, lifted = self.augment(self.sign("cms", "revoked"), "B-LT")
        self.assertEqual((status, report["decision"]), (1, "refuse"))
        self.assertFalse(lifted.exists())

    def test_without_evidence_nothing_is_given_out(self):
        _, _, stamped = self.augment(self.sign("cms"), "B-T")
        self.control(ocsp="down", crl="down")
        status, report, lifted = self.augment(stamped, "B-LT", tsa=False)
        self.assertEqual((status, report["decision"]), (2, "retry"))
        self.assertFalse(lifted.exists())

    def test_without_an_authority_nothing_is_stamped(self):
        status, problem, lifted = self.augment(self.sign("cms"), "B-T", tsa=False)
        self.assertEqual(problem["code"], "augment.level")
        self.assertNotEqual(status, 0)
        self.assertFalse(lifted.exists())

    def test_a_signature_that_another_one_covers_cannot_be_changed(self):
        first = self.sign("xades")
        second = self.sign("xades", "individual", document=first)
        status, problem, lifted = self.augment(second, "B-LT")
        self.assertEqual(problem["code"], "augment.level", problem)
        self.assertFalse(lifted.exists())

    def test_a_signature_without_properties_has_no_place_for_them(self):
        status, problem, _ = self.augment(self.sign("xml"), "B-LT")
        self.assertEqual(problem["code"], "augment.level", problem)

    def test_wrong_usage(self):
        signed = self.sign("cms")
        self.assertEqual(self.tanba("augment", signed, "--level", "B-B").returncode, 64)
        self.assertEqual(self.tanba("augment", signed, "--json").returncode, 64)
        done = self.tanba("sign", self.document, "--format", "cms", "--p12", self.authority.p12("head"), "--password-file",
                          self.authority.password, "--level", "B-LT", "-o", signed)
        self.assertEqual(done.returncode, 64)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--authority", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
