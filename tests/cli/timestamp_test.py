#!/usr/bin/python3
"""`tanba timestamp verify` and `tanba sign --tsa` against a time-stamp authority that behaves well and badly.

    tests/cli/timestamp_test.py --bin build/dev/bin --authority build/dev/certs-test
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
# What is wrong with each token on file, over the data beside it.
TOKENS = {
    "wrong-imprint": "tsp.imprint",
    "no-ess": "tsp.signing_certificate",
    "wrong-ess": "cms.signing_certificate",
    "broken-signature": "signature.broken",
    "no-eku": "path.key_usage",
    "eku-not-critical": "path.key_usage",
    "two-purposes": "path.key_usage",
    "expired": "path.expired",
    "foreign": "path.no_chain",
    "no-certificate": "cms.no_certificate",
    "future": "tsp.future",
    "two-signers": "tsp.signers",
    "no-signer": "tsp.signers",
    "wrong-content-type": "tsp.content_type",
    "wrong-name": "tsp.tsa_name",
    "version-2": "tsp.malformed",
    "critical-extension": "tsp.malformed",
}
# What keeps an authority's answer from being used.
ANSWERS = {
    **{mode: code for mode, code in TOKENS.items() if mode not in ("wrong-imprint", "future")},
    "wrong-imprint": "tsp.imprint",
    "wrong-nonce": "tsp.nonce",
    "no-nonce": "tsp.nonce",
    "wrong-policy": "tsp.policy",
    "future": "tsp.clock",
    "past": "tsp.clock",
    "revoked": "revocation.revoked",
    "rejection": "tsp.rejected",
    "waiting": "tsp.rejected",
    "granted-without-token": "tsp.malformed",
    "garbage": "tsp.malformed",
    "empty": "tsp.malformed",
    "half": "tsp.malformed",
    "truncated": "fetch.unreachable",
    "down": "fetch.unreachable",
    "http-error": "fetch.status",
    "redirect": "fetch.status",
    "endless": "fetch.too_large",
    "hang": "fetch.timeout",
}


class WithTanba(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-tsp-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.source = pathlib.Path(OPTIONS.authority)

    def codes(self, report):
        return [error["code"] for error in report["result"]["errors"]]


class Verifying(WithTanba):
    def verify(self, token, *more, data="tsp/data.bin"):
        given = ["--data", self.source / data] if data else []
        return self.tanba.json("timestamp", "verify", token, *given, "--trust", self.source / "anchors.pem",
                               "--intermediate", self.source / "ca/issuing.pem", *more)

    def test_a_good_one_says_what_it_says(self):
        status, report = self.verify(self.source / "tsp/accuracy.tst", "--revocation", "require", "--crl", self.source / "crl")
        self.assertEqual(status, 0, report)
        self.assertEqual(report["subject"]["kind"], "timestamp")
        self.assertEqual(report["answer"]["policy"], "1.2.398.3.3.2.6.2")
        self.assertEqual(report["answer"]["accuracy"], "1.5")
        self.assertEqual(report["answer"]["nonce"], "0102030405060708090a0b0c0d0e0f10")
        self.assertEqual(report["result"]["warnings"], [])

    def test_a_whole_response_and_pem_are_read_too(self):
        pem = self.folder / "token.pem"
        done = subprocess.run(["openssl", "base64", "-in", self.source / "tsp/ok.tst"], capture_output=True, text=True, check=True)
        pem.write_text(f"-----BEGIN TIMESTAMP TOKEN-----\n{done.stdout}-----END TIMESTAMP TOKEN-----\n")
        for file in (self.source / "tsp/ok.tsr", pem):
            self.assertEqual(self.verify(file)[0], 0)

    def test_each_fault_has_its_code(self):
        for mode, code in TOKENS.items():
            with self.subTest(mode):
                status, report = self.verify(self.source / f"tsp/{mode}.tst")
                self.assertEqual((status, self.codes(report)), (1, [code]))

    def test_without_data_the_imprint_is_not_compared_and_that_is_said(self):
        status, report = self.verify(self.source / "tsp/wrong-imprint.tst", data=None)
        self.assertEqual(status, 0)
        self.assertIn("tsp.data_unknown", [warning["code"] for warning in report["result"]["warnings"]])

    def test_revocation_is_looked_at_when_asked_for(self):
        revoked = self.source / "tsp/revoked.tst"
        self.assertEqual(self.verify(revoked)[0], 0)
        status, report = self.verify(revoked, "--revocation", "require", "--crl", self.source / "crl")
        self.assertEqual((status, self.codes(report)), (1, ["revocation.revoked"]))
        status, report = self.verify(self.source / "tsp/ok.tst", "--revocation", "require")
        self.assertEqual(status, 2)
        self.assertTrue(report["retry"]["needs"])

    def test_what_is_no_token_is_a_verdict_and_no_file_is_not(self):
        status, report = self.verify(self.source / "anchors.pem")
        self.assertEqual((status, report["subIndication"]), (1, "FORMAT_FAILURE"))
        self.assertEqual(self.tanba("timestamp", "verify", self.folder / "nothing").returncode, 3)
        self.assertEqual(self.tanba("timestamp", "verify").returncode, 64)

    def test_before_its_time_it_is_not_known(self):
        status, report = self.verify(self.source / "tsp/ok.tst", "--at", "2020-01-01")
        self.assertEqual(status, 1)
        self.assertIn("tsp.future", self.codes(report))


class Signing(WithTanba):
    def setUp(self):
        super().setUp()
        self.authority = programs.Authority(self.source, OPTIONS.bin, self.folder)
        self.processes = programs.Processes()
        self.addCleanup(self.processes.stop)
        self.address = self.authority.index["baseUrl"].removeprefix("http://")
        self.processes.start([self.authority.testca, "serve", self.authority.folder, "--until-eof"], stdout=subprocess.DEVNULL)
        programs.wait_for(self.is_serving)
        self.document = self.folder / "document.txt"
        self.document.write_text("Өтініш\n", encoding="utf-8")

    def is_serving(self):
        try:
            return urllib.request.urlopen(f"http://{self.address}/healthz", timeout=1).status == 200
        except OSError:
            return False

    def control(self, **content):
        request = urllib.request.Request(f"http://{self.address}/control", json.dumps(content).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def stats(self):
        return json.loads(urllib.request.urlopen(f"http://{self.address}/stats", timeout=10).read())["tsp"]

    def sign(self, urls, *more):
        signed = self.folder / "signed.cms"
        signed.unlink(missing_ok=True)
        done = self.tanba("sign", self.document, "--format", "cms", "--p12", self.authority.p12("head"), "--password-file",
                          self.authority.password, "--chain", self.authority.issuing, "--tsa", urls, "--trust", self.authority.anchors,
                          "--intermediate", self.authority.issuing, "--allow-source", self.address, *more, "-o", signed)
        return done, signed

    def url(self, name):
        return f"http://{self.address}/tsp/{name}"

    def test_a_signature_with_a_time_stamp_is_level_t(self):
        done, signed = self.sign(self.url("first"), "--tsa-policy", "1.2.398.3.3.2.6.2")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        status, report = self.tanba.json("verify", signed, "--trust", self.authority.anchors, "--crl", self.authority.folder / "crl")
        self.assertEqual(status, 0, report)
        signature = report["signatures"][0]
        self.assertEqual(signature["level"], "B-T")
        self.assertEqual(signature["timestamps"][0]["policy"], "1.2.398.3.3.2.6.2")
        self.assertEqual(signature["bestSignatureTime"], signature["timestamps"][0]["genTime"])
        others = subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", signed, "-CAfile", self.authority.anchors,
                                 "-purpose", "any", "-binary"], capture_output=True, check=False)
        self.assertEqual(others.stdout, self.document.read_bytes(), others.stderr)

    def test_others_digests_can_be_asked_for(self):
        done, signed = self.sign(self.url("first"), "--tsa-digest", "SHA-512")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        report = self.tanba.json("verify", signed, "--trust", self.authority.anchors, "--crl", self.authority.folder / "crl")[1]
        self.assertEqual(report["signatures"][0]["timestamps"][0]["imprint"]["algorithm"], "SHA-512")
        self.assertNotEqual(self.sign(self.url("first"), "--tsa-digest", "sha512")[0].returncode, 0)

    def test_authorities_are_asked_in_order_until_one_gives_what_verifies(self):
        for mode in ANSWERS:
            with self.subTest(mode):
                self.control(tsp={"mode": mode, "only": ["tsp-first"]}, resetStats=True)
                done, signed = self.sign(self.url("first") + "," + self.url("second"), "--tsa-policy", "1.2.398.3.3.2.6.2")
                self.assertEqual(done.returncode, 0, done.stderr.decode())
                self.assertTrue(signed.exists())
                self.assertEqual(self.stats(), {"tsp-first": 1, "tsp-second": 1})

    def test_without_one_nothing_is_written_and_each_reason_is_said(self):
        for mode, code in ANSWERS.items():
            with self.subTest(mode):
                self.control(tsp=mode)
                done, signed = self.sign(self.url("first"), "--tsa-policy", "1.2.398.3.3.2.6.2")
                self.assertNotEqual(done.returncode, 0)
                self.assertFalse(signed.exists())
                self.assertIn(f"[{code}]", done.stderr.decode())
                self.assertIn("[tsp.unavailable]", done.stderr.decode())

    def test_wrong_usage(self):
        key = ["--p12", self.authority.p12("head"), "--password-file", self.authority.password]
        url = ["--tsa", self.url("first")]
        done = self.tanba("sign", self.document, "--format", "cms", *key, *url)
        self.assertEqual(done.returncode, 64, "without --trust nothing could be verified")
        done = self.tanba("sign", self.document, "--format", "xml", *key, *url, "--trust", self.authority.anchors)
        self.assertEqual(done.returncode, 64)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--authority", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
