#!/usr/bin/python3
"""Holds what the test authority makes against openssl and xmlsec1.

    selftest.py DIR [unittest arguments]     DIR: made by make-authority and make-scenarios

What changes states or needs a server works on an authority of its own in a temporary folder.
"""

import base64
import contextlib
import gzip
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.dont_write_bytecode = True

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import cmsbuild
import der
import gost
import gostverify
import ocsp
import outcomes
import p12build
import pdfbuild
import people
import scenarios
import server
import xadescases
import x509build
from authority import P12_PASSWORD, unpem

HERE = pathlib.Path(__file__).resolve().parent
TESTCA = HERE / "tanba-testca"
DIR = pathlib.Path()

# How openssl names the reason why a certificate with this outcome fails.
VERIFY_ERRORS = {
    "accept": "OK",
    "expired": "error 10 at 0 ",
    "not-yet-valid": "error 9 at 0 ",
    "no-chain": "error 19 at 2 ",
    "forged-path": "error 7 at 0 ",
    "not-a-ca": "error (79|24|20) at [01] ",
    "ca-expired": "error 10 at 1 ",
    "revoked": "error 23 at 0 ",
    "on-hold": "error 23 at 0 ",
    "ca-revoked": "error 23 at 1 ",
    "unknown-to-ca": "OK",
    "weak-key": "error 66 at 0 ",
    "weak-digest": "error 68 at 0 ",
    "not-a-signing-key": "OK",
    "identity-mismatch": "OK",
    "role-not-entitled": "OK",
}

# Outcomes of documents whose signatures and digests are right.
INTACT = {
    *VERIFY_ERRORS,
    "revocation-missing",
    "weak-digest",
    "coverage-partial",
    "xml-duplicate-id",
    "xml-doctype",
    "xml-transform-forbidden",
    "cms-attribute",
    "cms-signing-certificate",
    *(key for key in outcomes.OUTCOMES if key.startswith(("ocsp-", "crl-"))),
}
BROKEN = {
    "signature-broken",
    "digest-mismatch",
    "cms-malformed",
    "xml-malformed",
    "format-empty",
    "format-unknown",
    "no-signature",
}


def run(*command: object, data: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], input=data, capture_output=True, check=False)


def text(*command: object, data: bytes | None = None) -> str:
    done = run(*command, data=data)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def index() -> dict:
    return json.loads((DIR / "index.json").read_text(encoding="utf-8"))


def is_rsa(scenario: dict) -> bool:
    """Whether openssl and xmlsec1 can check the signatures of a document."""
    known = index()["certificates"]
    return all(known[name]["algorithm"] == "rsa" for name in scenario["signers"])


def chain_of(issuer: str, folder: pathlib.Path, known: dict) -> bytes:
    """The issuers above, without the anchor, as PEM."""
    content = b""
    while issuer != "root":
        entry = known["authorities"].get(issuer) or known["certificates"][issuer]
        content += (folder / entry["cert"]).read_bytes()
        if entry["issuer"] == issuer:
            break
        issuer = entry["issuer"]
    return content


def is_for_something_else(said):
    """What OpenSSL prints of the extended key usage leaves no signing of documents: it is another system's, for services
    alone, or critical without any that fits (RFC 5280 4.2.1.12)."""
    found = re.search(r"Extended Key Usage:( critical)?\s*\n\s*(.*)", said)
    if found is None:
        return False
    usages = set(found.group(2).strip().split(", "))
    fits = usages & {"E-mail Protection", "Any Extended Key Usage"} or any(one.startswith("1.2.398.3.3.4") for one in usages)
    another_system = "1.2.398.5.19.1.2.2.1" in usages
    return another_system or usages <= {"Time Stamping", "OCSP Signing"} or (found.group(1) is not None and not fits)


class Certificates(unittest.TestCase):
    def test_each_verifies_or_fails_for_its_reason(self):
        known = index()
        with tempfile.TemporaryDirectory() as work:
            lists = pathlib.Path(work) / "crls.pem"
            lists.write_bytes(
                b"".join(
                    run("openssl", "crl", "-inform", "DER", "-in", path).stdout for path in (DIR / "crl").glob("*.crl")
                )
            )
            untrusted = pathlib.Path(work) / "untrusted.pem"
            for name, entry in known["certificates"].items():
                if entry["kind"] != "person" or entry["anchors"] != "anchors.pem":
                    continue  # those under the ГОСТ anchor: class Gost
                untrusted.write_bytes(chain_of(entry["issuer"], DIR, known))
                key = entry["certificateOutcome"]
                checks = ["-crl_check_all", "-CRLfile", lists] if key in ("revoked", "on-hold", "ca-revoked") else []
                # Level 2 is 112 bits: RSA from 2048, no SHA-1.
                said = text(
                    "openssl",
                    "verify",
                    "-auth_level",
                    2,
                    "-CAfile",
                    DIR / "anchors.pem",
                    "-untrusted",
                    untrusted,
                    *checks,
                    DIR / entry["cert"],
                )
                with self.subTest(name):
                    self.assertRegex(said, VERIFY_ERRORS[key])

    def test_subjects_are_as_the_index_says(self):
        for name, entry in index()["certificates"].items():
            said = text(
                "openssl",
                "x509",
                "-in",
                DIR / entry["cert"],
                "-noout",
                "-subject",
                "-serial",
                "-nameopt",
                "utf8,sname,sep_comma_plus",
            )
            with self.subTest(name):
                self.assertIn(f"serial={entry['serial'].upper()}", said)
                if entry.get("iin"):
                    self.assertIn(f"serialNumber=IIN{entry['iin']}", said)
                if entry.get("bin"):
                    self.assertIn(f"BIN{entry['bin']}", said)

    def test_signing_keys_and_others(self):
        for name, entry in index()["certificates"].items():
            if entry["kind"] != "person":
                continue
            said = text("openssl", "x509", "-in", DIR / entry["cert"], "-noout", "-ext", "keyUsage,extendedKeyUsage")
            with self.subTest(name):
                signing = entry["outcome"] != "not-a-signing-key"
                self.assertEqual("Non Repudiation" in said and not is_for_something_else(said), signing)
                for role in entry["roles"]:
                    self.assertIn(role, said)

    def test_numbers_have_right_check_digits(self):
        # The example of the national rules that needs the second row of weights.
        self.assertEqual(people.check_digit("94124000019"), 3)
        for name, entry in index()["certificates"].items():
            for key in ("iin", "bin"):
                if entry.get(key):
                    with self.subTest(name):
                        self.assertEqual(self._check_digit(entry[key]), int(entry[key][11]))

    @staticmethod
    def _check_digit(number: str) -> int:
        total = sum((at + 1) * int(number[at]) for at in range(11)) % 11
        if total == 10:
            total = sum(((at + 2) % 11 + 1) * int(number[at]) for at in range(11)) % 11
        return total

    def test_the_anchor_is_one_marked_certificate(self):
        content = (DIR / "anchors.pem").read_bytes()
        self.assertEqual(content.count(b"BEGIN CERTIFICATE"), 1)
        said = text("openssl", "x509", "-in", DIR / "anchors.pem", "-noout", "-text")
        self.assertIn(x509build.DEMO_MARKER_OID, said)
        self.assertIn("O = " + x509build.DEMO_ORGANIZATION, said)
        # Non-critical: else no verifier would take it at all.
        self.assertNotIn(x509build.DEMO_MARKER_OID + ": critical", said)

    def test_keys_and_pkcs12_fit_their_certificates(self):
        for name, entry in index()["certificates"].items():
            if entry["algorithm"] != "rsa":
                continue
            with self.subTest(name):
                certified = run("openssl", "x509", "-in", DIR / entry["cert"], "-noout", "-pubkey").stdout
                self.assertEqual(certified, run("openssl", "pkey", "-in", DIR / entry["key"], "-pubout").stdout)
        done = run(
            "openssl", "pkcs12", "-in", DIR / "p12" / "head.p12", "-passin", f"file:{DIR}/p12/password.txt", "-nodes"
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"BEGIN PRIVATE KEY", done.stdout)
        self.assertIn(
            "PBES2",
            text(
                "openssl",
                "pkcs12",
                "-in",
                DIR / "p12" / "head.p12",
                "-passin",
                f"file:{DIR}/p12/password.txt",
                "-info",
                "-noout",
            ),
        )

    def test_tls(self):
        for name, purpose in (("tls-server", "sslserver"), ("tls-portal", "sslclient")):
            said = text(
                "openssl",
                "verify",
                "-purpose",
                purpose,
                "-CAfile",
                DIR / "tls-anchors.pem",
                DIR / "certs" / f"{name}.pem",
            )
            self.assertIn("OK", said)
        said = text(
            "openssl",
            "x509",
            "-in",
            DIR / "certs/tls-server.pem",
            "-noout",
            "-checkip",
            "127.0.0.1",
            "-checkhost",
            "localhost",
        )
        self.assertNotIn("NOT", said)

    def test_twins_share_name_and_not_key(self):
        first, second = (x509build.view(unpem((DIR / f"ca/twin-{which}.pem").read_bytes())) for which in "ab")
        self.assertEqual(first.subject, second.subject)
        self.assertNotEqual(first.spki, second.spki)


class Gost(unittest.TestCase):
    """What has a ГОСТ key or signature: openssl cannot check it, gost.py does."""

    @staticmethod
    def _certificate(entry: dict) -> bytes:
        return unpem((DIR / entry["cert"]).read_bytes())

    def test_the_arithmetic_gives_the_example_of_rfc_7091(self):
        """7.1: a curve that nobody uses, which the provider does not know; the provider is held against this arithmetic."""
        curve = gost.Curve(
            p=2**255 + 0x431,
            a=7,
            b=0x5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E,
            q=0x8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3,
            x=2,
            y=0x8E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8,
        )
        private = 0x7A929ADE789BB9BE10ED359DD39A72C11B60961F49397EEE1D19CE9891EC3B28
        public = (
            0x7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B,
            0x26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA,
        )
        digest = 0x2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5
        nonce = 0x77105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3
        r = 0x41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493
        s = 0x1456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40
        self.assertEqual(gost.multiple_of_base(curve, private), public)
        self.assertEqual(gost.sign_number(curve, private, digest, nonce), (r, s))
        self.assertTrue(gost.verify_number(curve, public, digest, r, s))
        self.assertFalse(gost.verify_number(curve, public, digest + 1, r, s))

    def test_each_path_leads_to_the_anchor_or_does_not(self):
        known = index()
        anchors = gostverify.certificates_in(DIR / "anchors-gost.pem")
        others = [*gostverify.certificates_in(DIR / "ca"), *gostverify.certificates_in(DIR / "certs/gost-head.pem")]
        tried = 0
        for name, entry in known["certificates"].items():
            if entry["anchors"] != "anchors-gost.pem" or entry["kind"] != "person":
                continue
            with self.subTest(name):
                tried += 1
                if entry["certificateOutcome"] in ("no-chain", "forged-path"):
                    with self.assertRaises(gostverify.Refused):
                        gostverify.find_path(self._certificate(entry), anchors, others)
                    continue
                path = gostverify.find_path(self._certificate(entry), anchors, others)
                issuer = (known["authorities"].get(entry["issuer"]) or known["certificates"][entry["issuer"]])["cert"]
                self.assertEqual(path[1], unpem((DIR / issuer).read_bytes()))
        self.assertGreater(tried, 40)

    def test_keys_fit_their_certificates(self):
        for name, entry in index()["certificates"].items():
            if entry["algorithm"] == "rsa":
                continue
            kind, private = gost.read_pkcs8(unpem((DIR / entry["key"]).read_bytes()))
            with self.subTest(name):
                self.assertEqual(kind.name, entry["algorithm"])
                certified = x509build.view(self._certificate(entry)).spki
                self.assertEqual(gost.spki(kind, gost.public_octets(kind, private)), certified)

    def test_no_flipped_bit_verifies(self):
        known = index()
        issuer = x509build.view(self._certificate(known["authorities"]["gost-issuing"])).spki
        whole = self._certificate(known["certificates"]["gost-head"])
        self.assertEqual(gostverify.check_signed(whole, issuer), "kzgost2015-512")
        signed, algorithm, bits = der.children(whole)
        for at in range(0, 128, 9):
            value = bytearray(der.value(bits))
            value[1 + at] ^= 1 << at % 8
            with self.assertRaises(gostverify.Refused):
                gostverify.check_signed(der.seq(signed, algorithm, der.tlv(0x03, bytes(value))), issuer)

    def test_the_russian_order_is_the_reverse(self):
        known = index()
        issuer = x509build.view(self._certificate(known["authorities"]["gost-issuing"])).spki
        signed, algorithm, bits = der.children(self._certificate(known["certificates"]["gost-russian-order"]))
        with self.assertRaises(gostverify.Refused):
            gostverify.check_signed(der.seq(signed, algorithm, bits), issuer)
        turned = der.bits(der.value(bits)[:0:-1])
        self.assertEqual(gostverify.check_signed(der.seq(signed, algorithm, turned), issuer), "kzgost2015-512")

    def test_twins_share_name_and_not_key(self):
        first, second = (x509build.view(unpem((DIR / f"ca/gost-twin-{which}.pem").read_bytes())) for which in "ab")
        self.assertEqual(first.subject, second.subject)
        self.assertNotEqual(first.spki, second.spki)

    def test_profile_of_2015(self):
        said = text("openssl", "x509", "-in", DIR / "certs/gost-head.pem", "-noout", "-text")
        for expected in (
            "Digital Signature, Non Repudiation, Key Agreement",
            "Policy: 1.2.398.3.3.2\n",
            "1.2.398.3.3.5:",
            "E-mail Protection, 1.2.398.3.3.4.1.2, 1.2.398.3.3.4.1.2.1",
        ):
            self.assertIn(expected, said)
        said = text("openssl", "x509", "-in", DIR / "certs/gost-tsa.pem", "-noout", "-ext", "extendedKeyUsage")
        self.assertIn("Extended Key Usage: critical\n    Time Stamping\n", said)

    def test_lists_verify_under_their_issuers(self):
        known = index()["authorities"]
        lists = [path for path in (DIR / "crl").glob("*.crl") if known[path.stem]["algorithm"] != "rsa"]
        self.assertGreater(len(lists), 8)
        for path in lists:
            with self.subTest(path.name):
                issuer = x509build.view(self._certificate(known[path.stem])).spki
                gostverify.check_signed(path.read_bytes(), issuer)
        said = text("openssl", "crl", "-inform", "DER", "-in", DIR / "crl/gost-issuing.crl", "-noout", "-text")
        for name, entry in index()["certificates"].items():
            if entry["issuer"] == "gost-issuing":
                self.assertEqual(entry["serial"].upper() in said, entry["status"] in ("revoked", "hold"), name)

    def test_bad_lists_are_bad(self):
        issuer = x509build.view(unpem((DIR / "ca/gost-issuing.pem").read_bytes())).spki
        for mode in ("wrong-signer", "broken-signature"):
            with self.assertRaises(gostverify.Refused):
                gostverify.check_signed((DIR / f"crl-bad-gost/{mode}.crl").read_bytes(), issuer)
        gostverify.check_signed((DIR / "crl-bad-gost/stale.crl").read_bytes(), issuer)

    def test_answers_on_file_verify(self):
        responder = x509build.view(unpem((DIR / "certs/ocsp-gost-issuing.pem").read_bytes())).spki
        for name, status in (("gost-head", 0x80), ("gost-revoked", 0xA1), ("gost-on-hold", 0xA1)):
            basic = der.value(der.children(der.value(der.children((DIR / f"ocsp/{name}.ors").read_bytes())[1]))[1])
            data, algorithm, bits, _ = der.children(basic)
            self.assertEqual(gostverify.check_signed(der.seq(data, algorithm, bits), responder), "kzgost2015-512")
            single = der.children(der.children(data)[2])[0]
            self.assertEqual(der.children(single)[1][0], status, name)

    def test_pkcs12_as_the_authority_writes_it(self):
        for name in ("gost-head", "gost2004-head", "gost256-head"):
            path = DIR / f"p12/{name}.p12"
            said = text(
                *("openssl", "pkcs12", "-legacy", "-in", path, "-passin", f"pass:{P12_PASSWORD}", "-info", "-nokeys")
            )
            for expected in (
                "MAC: sha1, Iteration 1024",
                "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 1024",
                "pbeWithSHA1And40BitRC2-CBC, Iteration 1024",
            ):
                self.assertIn(expected, said, name)
            self.assertEqual(unpem(said[said.index("-----BEGIN") :].encode()), unpem((DIR / f"certs/{name}.pem").read_bytes()))
            self.assertEqual(self._key_of(path.read_bytes()), unpem((DIR / f"keys/{name}.key.pem").read_bytes()), name)
        wrong = text("openssl", "pkcs12", "-legacy", "-in", path, "-passin", "pass:wrong", "-info", "-nokeys")
        self.assertIn("invalid password", wrong)

    @staticmethod
    def _key_of(content: bytes) -> bytes:
        """Opens the key bag. What it is in, up to its SafeContents, is BER; that itself is DER and stands in the first
        OCTET STRING of definite length behind the bag's two headers."""
        safes = der.value(der.value(der.children(der.children(content)[1])[1]))
        marker = bytes.fromhex("a080") + b"\x04"
        bags = der.value(safes[safes.index(marker) + 2 :])
        encrypted = der.value(der.children(der.children(bags)[0])[1])
        parameters, shrouded = der.children(encrypted)
        salt, rounds = der.children(der.children(parameters)[1])
        assert der.read_integer(rounds) == p12build.ROUNDS
        key, vector = (p12build.derive(P12_PASSWORD, der.value(salt), which, size) for which, size in ((1, 24), (2, 8)))
        opened = Cipher(algorithms.TripleDES(key), modes.CBC(vector)).decryptor().update(der.value(shrouded))
        return opened[: -opened[-1]]

    def test_rc2_gives_the_answers_of_rfc_2268(self):
        for key, block, expected in (
            ("ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"),
            ("3000000000000000", "1000000000000001", "30649edf9be7d2c2"),
        ):
            words = p12build.rc2_words(bytes.fromhex(key))
            self.assertEqual(p12build.rc2_block(words, bytes.fromhex(block)).hex(), expected)


class TimeStamps(unittest.TestCase):
    """Held against `openssl ts`."""

    # What openssl says of each token over the data, to the request; modes that are not here are about the response.
    SAID = {
        "ok": "Verification: OK",
        "accuracy": "Verification: OK",
        "ess-v1": "Verification: OK",
        "wrong-imprint": "message imprint mismatch",
        "wrong-nonce": "nonce mismatch",
        "no-nonce": "nonce not returned",
        "wrong-policy": "policy mismatch",
        "no-ess": "missing signing certificate attribute",
        "wrong-ess": "ess cert id not found",
        "broken-signature": "signature failure",
        "no-eku": "unsuitable certificate purpose",
        "eku-not-critical": "unsuitable certificate purpose",
        "two-purposes": "unsuitable certificate purpose",
        "expired": "certificate has expired",
        "foreign": "unable to get local issuer certificate",
        "two-signers": "there must be one signer",
        "no-signer": "there must be one signer",
        "wrong-content-type": "bad pkcs7 type",
        "version-2": "unsupported version",
        "rejection": "told to refuse",
    }

    def test_each_is_what_its_name_says(self):
        for mode, expected in self.SAID.items():
            with self.subTest(mode):
                said = text(
                    *("openssl", "ts", "-verify", "-queryfile", DIR / "tsp/request.tsq", "-in", DIR / f"tsp/{mode}.tsr"),
                    *("-CAfile", DIR / "anchors.pem", "-untrusted", DIR / "ca/issuing.pem"),
                )
                self.assertIn(expected, said)

    def test_accuracy_and_name_are_there(self):
        said = text("openssl", "ts", "-reply", "-token_in", "-in", DIR / "tsp/accuracy.tst", "-text")
        self.assertIn("Accuracy: 0x01 seconds, 0x01F4 millis", said)
        self.assertIn("CN=TSA DEMO", said.replace("CN = ", "CN="))


class Lists(unittest.TestCase):
    def test_crls_verify_under_their_issuers(self):
        for path in (DIR / "crl").glob("*.crl"):
            if index()["authorities"][path.stem]["algorithm"] != "rsa":
                continue
            said = text(
                "openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-CAfile", DIR / "ca" / f"{path.stem}.pem"
            )
            self.assertIn("verify OK", said, path.name)

    def test_revoked_and_held_are_listed_with_reasons(self):
        said = text("openssl", "crl", "-inform", "DER", "-in", DIR / "crl/issuing.crl", "-noout", "-text")
        for name, entry in index()["certificates"].items():
            if entry["issuer"] != "issuing":
                continue
            listed = entry["serial"].upper() in said
            self.assertEqual(listed, entry["status"] in ("revoked", "hold"), name)
        for reason in ("Key Compromise", "Certificate Hold", "Superseded"):
            self.assertIn(reason, said)

    def test_bad_crls_are_bad(self):
        for mode, expected in (
            ("wrong-signer", "verify failure"),
            ("broken-signature", "verify failure"),
            ("stale", "verify OK"),
        ):
            said = text(
                "openssl",
                "crl",
                "-inform",
                "DER",
                "-in",
                DIR / f"crl-bad/{mode}.crl",
                "-noout",
                "-CAfile",
                DIR / "ca/issuing.pem",
            )
            self.assertIn(expected, said, mode)

    def test_answers_on_file_verify(self):
        for name, expected in (
            ("head", "good"),
            ("revoked", "revoked"),
            ("on-hold", "revoked"),
            ("unknown-to-ca", "Jan  1 00:00:00 1970"),
        ):
            said = text(
                "openssl",
                "ocsp",
                "-sha256",
                "-issuer",
                DIR / "ca/issuing.pem",
                "-cert",
                DIR / f"certs/{name}.pem",
                "-respin",
                DIR / f"ocsp/{name}.ors",
                "-no_nonce",
                "-CAfile",
                DIR / "anchors.pem",
            )
            self.assertIn("Response verify OK", said, name)
            self.assertIn(expected, said, name)


class OwnAuthority:
    """An authority in a temporary folder, its keys from DIR, and its server."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self._folder.name) / "authority"
        self.work = pathlib.Path(self._folder.name)
        made = run(TESTCA, "make-authority", self.dir, "--key-cache", DIR / "key-cache")
        assert made.returncode == 0, made.stderr
        self.process = subprocess.Popen(
            [TESTCA, "serve", self.dir, "--listen", "127.0.0.1:0", "--port-file", self.work / "port", "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self.process.stdout.readline()
        self.port = int((self.work / "port").read_text(encoding="ascii"))

    def close(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self._folder.cleanup()
        return status

    def post(self, path: str, content: dict) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(content))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def control(self, **content) -> None:
        status, answer = self.post("/control", content)
        assert status == 200, answer

    def ask(self, name: str, *more: object, issuer: str = "issuing") -> str:
        return text(
            "openssl",
            "ocsp",
            *more,
            "-issuer",
            self.dir / f"ca/{issuer}.pem",
            "-cert",
            self.cert(name),
            "-url",
            f"http://127.0.0.1:{self.port}/ocsp",
            "-CAfile",
            self.dir / "anchors.pem",
        )

    def cert(self, name: str) -> pathlib.Path:
        place = self.dir / "certs" / f"{name}.pem"
        return place if place.exists() else self.dir / "ca" / f"{name}.pem"


class Served(unittest.TestCase):
    own: OwnAuthority

    @classmethod
    def setUpClass(cls):
        cls.own = OwnAuthority()

    @classmethod
    def tearDownClass(cls):
        assert cls.own.close() == 0

    def setUp(self):
        self.own.control(ocsp="ok", crl="ok", resetStats=True)

    def test_ocsp_answers_verify(self):
        for digest in ("-sha1", "-sha256"):
            self.assertIn("head.pem: good", self.own.ask("head", digest))
        self.assertIn("Reason: keyCompromise", self.own.ask("revoked", "-sha256"))
        self.assertIn("Reason: certificateHold", self.own.ask("on-hold", "-sha256"))
        self.assertIn("Jan  1 00:00:00 1970", self.own.ask("unknown-to-ca", "-sha256"))
        self.assertIn("revoked", self.own.ask("ca-revoked", "-sha256", issuer="root"))
        self.assertIn("Response verify OK", self.own.ask("head"))
        self.assertNotIn("Next Update", self.own.ask("head"))

    def test_answers_are_in_the_national_form(self):
        said = self.own.ask("head", "-sha256", "-resp_text")
        self.assertIn("Responder Id: CN = OCSP RESPONDER DEMO", said)
        self.assertIn("OCSP No Check", said)
        # The nonce keeps its inner OCTET STRING: openssl sends 16 octets as 0410…
        self.assertRegex(said, r"OCSP Nonce: *\n *0410[0-9A-F]{32}")
        # A nonce that comes without one gets it.
        self.assertEqual(ocsp._wrapped_nonce(b"raw"), der.octets(b"raw"))
        self.assertEqual(ocsp._wrapped_nonce(der.octets(b"raw")), der.octets(b"raw"))

    def ask_gost(self, name: str) -> tuple[bytes, bytes, int]:
        """The answer about a certificate of the ГОСТ authority: what is signed with the value, its signer's certificate,
        and the tag of the status."""
        issuer, subject = (
            x509build.view(unpem(path.read_bytes()))
            for path in (self.own.dir / "ca/gost-issuing.pem", self.own.dir / "certs" / f"{name}.pem")
        )
        request = ocsp.make_request(issuer, subject.serial)
        status, answer = self.own.get("/ocsp/" + urllib.parse.quote(base64.b64encode(request), safe=""))
        self.assertEqual(status, 200)
        basic = der.value(der.children(der.value(der.children(answer)[1]))[1])
        data, algorithm, bits, certificates = der.children(basic)
        single = der.children(der.children(data)[2])[0]
        return der.seq(data, algorithm, bits), der.children(der.children(certificates)[0])[0], der.children(single)[1][0]

    def test_gost_answers_and_their_misbehaviours(self):
        for name, expected in (("gost-head", 0x80), ("gost-revoked", 0xA1), ("gost-unknown-to-ca", 0xA1)):
            signed, signer, status = self.ask_gost(name)
            self.assertEqual(status, expected, name)
            self.assertEqual(signer, unpem(self.own.cert("ocsp-gost-issuing").read_bytes()))
            self.assertEqual(gostverify.check_signed(signed, x509build.view(signer).spki), "kzgost2015-512")
        for mode, responder in (
            ("wrong-signer", "ocsp-gost-foreign-issuing"),
            ("expired-responder", "ocsp-gost-expired"),
            ("no-eku", "ocsp-gost-no-eku"),
        ):
            self.own.control(ocsp=mode)
            signed, signer, _ = self.ask_gost("gost-head")
            self.assertEqual(signer, unpem(self.own.cert(responder).read_bytes()), mode)
            gostverify.check_signed(signed, x509build.view(signer).spki)
        self.own.control(ocsp="broken-signature")
        signed, signer, _ = self.ask_gost("gost-head")
        with self.assertRaises(gostverify.Refused):
            gostverify.check_signed(signed, x509build.view(signer).spki)

    def test_get_as_in_rfc_6960(self):
        request = run(
            "openssl",
            "ocsp",
            "-issuer",
            self.own.dir / "ca/issuing.pem",
            "-cert",
            self.own.cert("head"),
            "-no_nonce",
            "-reqout",
            "/dev/stdout",
        ).stdout
        status, answer = self.own.get("/ocsp/" + urllib.parse.quote(base64.b64encode(request), safe=""))
        self.assertEqual(status, 200)
        self.assertEqual(der.children(answer)[0], der.enumerated(0))

    def test_each_ocsp_misbehaviour(self):
        expected = {
            "ok": "Response verify OK",
            "wrong-signer": "Response Verify Failure",
            "broken-signature": "Response Verify Failure",
            "stale": "Response verify OK",
            "stale-next-update": "status expired",
            "next-update": "Next Update",
            "future": "status not yet valid",
            "wrong-nonce": "Nonce Verify error",
            "no-nonce": "no nonce in response",
            "wrong-certid": "No Status found",
            "expired-responder": "certificate has expired",
            "no-eku": "missing ocspsigning usage",
            "no-certificate": "signer certificate not found",
            "by-issuer": "Response verify OK",
            "by-key": "Response verify OK",
            "lie-good": "head.pem: good",
            "lie-revoked": "head.pem: revoked",
            "status-unknown": "head.pem: unknown",
            "try-later": "trylater",
            "internal-error": "internalerror",
            "unauthorized": "unauthorized",
            "malformed-request": "malformedrequest",
        }
        self.assertEqual(set(expected), set(ocsp.MODES))
        for mode, phrase in expected.items():
            self.own.control(ocsp=mode)
            with self.subTest(mode):
                self.assertIn(phrase, self.own.ask("head"))

    def test_each_channel_misbehaviour(self):
        path = "/crl/issuing.crl"
        good = (self.own.dir / "crl/issuing.crl").read_bytes()
        tested = {
            "slow",
            "garbage",
            "empty",
            "half",
            "http-error",
            "redirect",
            "wrong-type",
            "truncated",
            "down",
            "hang",
            "endless",
            "drip",
            "redirect-loop",
            "wrong-length",
            "no-length",
            "reset-midway",
            "endless-header",
            "no-http",
            "tls",
            "gzip",
        }
        self.assertEqual(tested, set(server.CHANNEL_MODES))
        self.own.control(crl="slow", delay=0.01)
        self.assertEqual(self.own.get(path), (200, good))
        self.own.control(crl="garbage")
        self.assertNotEqual(self.own.get(path)[1][:1], b"\x30")
        for mode, answer in (
            ("empty", (200, b"")),
            ("half", (200, good[: len(good) // 2])),
            ("wrong-type", (200, good)),
            ("wrong-length", (200, good[:-1])),
            ("no-length", (200, good)),
            ("redirect-loop", (302, b"here again\n")),
        ):
            self.own.control(crl=mode)
            self.assertEqual(self.own.get(path), answer, mode)
        self.own.control(crl="http-error", status=503)
        self.assertEqual(self.own.get(path)[0], 503)
        self.own.control(crl="redirect", location="http://example.org/")
        self.assertEqual(self.own.get(path)[0], 302)
        self.own.control(crl="truncated")
        with self.assertRaises(http.client.IncompleteRead):
            self.own.get(path)
        for mode in ("down", "hang"):
            self.own.control(crl=mode, delay=0.01)
            with self.assertRaises((ConnectionError, http.client.RemoteDisconnected)):
                self.own.get(path)
        self.own.control(crl="gzip")
        self.assertEqual(gzip.decompress(self.own.get(path)[1]), good)
        for mode in ("reset-midway", "endless-header", "no-http", "tls"):
            self.own.control(crl=mode)
            with self.subTest(mode), self.assertRaises((ConnectionError, http.client.HTTPException)):
                self.own.get(path)
        self.own.control(crl="drip", delay=0.0001)
        self.assertEqual(self.own.get(path), (200, good))
        self.own.control(crl="endless")
        connection = http.client.HTTPConnection("127.0.0.1", self.own.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path)
            self.assertEqual(len(connection.getresponse().read(20_000_000)), 20_000_000)

    def test_each_crl_misbehaviour(self):
        expected = {
            "ok": "verify OK",
            "wrong-signer": "verify failure",
            "broken-signature": "verify failure",
            "stale": "verify OK",
            "future": "verify OK",
            "no-next-update": "verify OK",
            "lie-empty": "verify OK",
            "rollback": "verify OK",
            "number-back": "verify OK",
            "wrong-issuer": "Error getting CRL issuer certificate",
        }
        self.assertEqual(set(expected), set(server.CRL_MODES))
        for mode, phrase in expected.items():
            self.own.control(crl=mode)
            content = self.own.get("/crl/issuing.crl")[1]
            with self.subTest(mode):
                self.assertIn(
                    phrase,
                    text(
                        "openssl",
                        "crl",
                        "-inform",
                        "DER",
                        "-noout",
                        "-CAfile",
                        self.own.dir / "ca/issuing.pem",
                        data=content,
                    ),
                )
        self.own.control(crl={"mode": "ok", "life": 5})
        begin, end = x509build.crl_times(self.own.get("/crl/issuing.crl")[1])
        self.assertEqual((end - begin).total_seconds(), 5)
        published = (self.own.dir / "crl/issuing.crl").read_bytes()
        self.own.control(crl="rollback")
        self.assertLess(
            x509build.crl_times(self.own.get("/crl/issuing.crl")[1])[0], x509build.crl_times(published)[0]
        )
        self.own.control(crl="number-back")
        numbers = [
            int(text("openssl", "crl", "-inform", "DER", "-noout", "-crlnumber", data=content).split("=0x")[1], 16)
            for content in (self.own.get("/crl/issuing.crl")[1], published)
        ]
        self.assertLess(*numbers)
        self.own.control(crl="no-next-update")
        self.assertIn(
            "NONE",
            text("openssl", "crl", "-inform", "DER", "-noout", "-nextupdate", data=self.own.get("/crl/issuing.crl")[1]),
        )

    def test_times_and_only(self):
        self.own.control(ocsp={"mode": "try-later", "times": 1})
        self.assertIn("trylater", self.own.ask("head"))
        self.assertIn("good", self.own.ask("head"))
        self.own.control(ocsp={"mode": "try-later", "only": ["individual"]})
        self.assertIn("good", self.own.ask("head"))
        self.assertIn("trylater", self.own.ask("individual"))

    def test_control_refuses_what_it_does_not_know(self):
        self.assertEqual(self.own.post("/control", {"ocsp": "nonsense"})[0], 400)
        self.assertEqual(self.own.post("/revoke", {"name": "nobody"})[0], 400)
        self.assertEqual(self.own.post("/revoke", {"name": "head", "reason": "nonsense"})[0], 400)
        self.assertEqual(self.own.get("/crl/nobody.crl")[0], 404)

    def test_requests_are_counted(self):
        self.own.ask("head")
        self.own.get("/crl/root.crl")
        self.own.get("/ca/issuing.cer")
        stats = json.loads(self.own.get("/stats")[1])
        self.assertEqual(stats["ocsp"], {"post": 1})
        self.assertEqual(stats["ocspCertificates"], {"head": 1})
        self.assertEqual(stats["crl"], {"root": 1})
        self.assertEqual(stats["ca"], {"issuing": 1})
        self.assertEqual(stats["total"], 3)

    def test_states_change_at_once(self):
        self.assertEqual(
            self.own.post("/hold", {"name": "sign-right"}), (200, {"name": "sign-right", "status": "hold"})
        )
        self.assertIn("certificateHold", self.own.ask("sign-right"))
        delta = text(
            "openssl", "crl", "-inform", "DER", "-noout", "-text", data=self.own.get("/crl/issuing-delta.crl")[1]
        )
        self.assertIn("Certificate Hold", delta)
        self.assertEqual(run(TESTCA, "release", self.own.dir, "sign-right").returncode, 0)
        self.assertIn("good", self.own.ask("sign-right"))
        delta = text(
            "openssl", "crl", "-inform", "DER", "-noout", "-text", data=self.own.get("/crl/issuing-delta.crl")[1]
        )
        self.assertIn("Remove From CRL", delta)
        done = run(
            TESTCA, "revoke", self.own.dir, "sign-right", "--reason", "superseded", "--at", "2026-01-02T03:04:05Z"
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        said = self.own.ask("sign-right")
        self.assertIn("Reason: superseded", said)
        self.assertIn("Jan  2 03:04:05 2026", said)
        listed = text("openssl", "crl", "-inform", "DER", "-noout", "-text", data=self.own.get("/crl/issuing.crl")[1])
        self.assertIn(
            json.loads((self.own.dir / "index.json").read_text())["certificates"]["sign-right"]["serial"].upper(),
            listed,
        )
        self.assertEqual(run(TESTCA, "revoke", self.own.dir, "sign-right").returncode, 1)

    def test_issue_for_a_key_that_lives_elsewhere(self):
        key, public, request = self.own.work / "k.pem", self.own.work / "p.pem", self.own.work / "r.pem"
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
        run("openssl", "req", "-new", "-key", key, "-subj", "/CN=whatever", "-out", request)
        issue = [TESTCA, "issue", self.own.dir, "--profile"]
        done = run(*issue, "licensor", "--name", "token-licensor", "--licensor", "oil-gas", "--public-key", public)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = self.own.cert("token-licensor").read_bytes()
        self.assertEqual(
            run(
                *issue, "licensor", "--name", "token-licensor", "--licensor", "oil-gas", "--public-key", public
            ).returncode,
            0,
        )
        self.assertEqual(self.own.cert("token-licensor").read_bytes(), first)
        done = run(
            *issue,
            "officer",
            "--name",
            "token-officer",
            "--licensor",
            "oil-gas",
            "--iin",
            people.OFFICER.iin,
            "--csr",
            request,
            "-o",
            self.own.work / "o.pem",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("token-licensor", "token-officer"):
            self.assertIn("good", self.own.ask(name))
            self.assertIn(
                "OK",
                text(
                    "openssl",
                    "verify",
                    "-CAfile",
                    self.own.dir / "anchors.pem",
                    "-untrusted",
                    self.own.dir / "ca/issuing.pem",
                    self.own.cert(name),
                ),
            )
        self.assertEqual(
            run(
                *issue, "officer", "--name", "bad", "--licensor", "oil-gas", "--iin", "123456789012", "--csr", request
            ).returncode,
            1,
        )
        self.assertEqual(
            run(
                *issue,
                "officer",
                "--name",
                "bad",
                "--licensor",
                "oil-gas",
                "--iin",
                people.OFFICER.iin,
                "--csr",
                public,
            ).returncode,
            1,
        )
        done = run(*issue, "tls-server", "--name", "token-tls", "--public-key", public)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_crl_command(self):
        evidence = self.own.work / "evidence"
        done = run(TESTCA, "crl", self.own.dir, "--authority", "issuing", "--days", "1", "--copy-to", evidence)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(
            "verify OK",
            text(
                "openssl",
                "crl",
                "-inform",
                "DER",
                "-noout",
                "-in",
                evidence / "issuing.crl",
                "-CAfile",
                self.own.dir / "ca/issuing.pem",
            ),
        )


class CommandLine(unittest.TestCase):
    def test_help_teaches_and_wrong_usage_is_64(self):
        for command in ("make-authority", "make-scenarios", "issue", "revoke", "hold", "release", "crl", "serve"):
            done = run(TESTCA, command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(b"DIR", done.stdout)
        self.assertEqual(run(TESTCA, "nonsense").returncode, 64)
        self.assertEqual(run(TESTCA).returncode, 64)

    def test_a_folder_without_an_authority(self):
        with tempfile.TemporaryDirectory() as empty:
            done = run(TESTCA, "serve", empty)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"make-authority", done.stderr)

    def test_made_once_and_anew_only_when_told(self):
        with tempfile.TemporaryDirectory() as work:
            folder = pathlib.Path(work) / "authority"
            make = [TESTCA, "make-authority", folder, "--key-cache", DIR / "key-cache"]
            self.assertEqual(run(*make).returncode, 0)
            first = (folder / "anchors.pem").read_bytes()
            for more in ([], ["--refresh"], ["--max-age", "0"]):
                self.assertEqual(run(*make, *more).returncode, 0)
                self.assertEqual((folder / "anchors.pem").read_bytes(), first)
            for more in (["--refresh", "--max-age", "0"], ["--refresh", "--base-url", "http://127.0.0.1:9"], ["--force"]):
                self.assertEqual(run(*make, *more).returncode, 0)
                self.assertNotEqual((folder / "anchors.pem").read_bytes(), first)
                first = (folder / "anchors.pem").read_bytes()

    def test_server_ends_with_its_standard_input(self):
        with subprocess.Popen(
            [TESTCA, "serve", DIR, "--listen", "127.0.0.1:0", "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin and process.stdout
            self.assertIn(b"listening", process.stdout.readline())
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)

    def test_serves_loopback_only(self):
        done = run(TESTCA, "serve", DIR, "--listen", "0.0.0.0:0")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"loopback", done.stderr)


class Outcomes(unittest.TestCase):
    def test_codes_exist_and_agree(self):
        """The words of outcomes.py are those of the product's table."""
        source = (HERE.parent / "base" / "codes.def").read_text(encoding="utf-8")
        table = {
            dotted: (effect, sub)
            for dotted, effect, sub in re.findall(r'TANBA_CODE\(\w+, "([^"]+)", (k\w+), (k\w+),', source)
        }
        for key, outcome in outcomes.OUTCOMES.items():
            if outcome.decision == "accept":
                continue
            with self.subTest(key):
                self.assertIn(outcome.code, table)
                effect, sub = table[outcome.code]
                self.assertEqual(effect, {"refuse": "kRefuse", "retry": "kRetry"}[outcome.decision])
                self.assertEqual(sub.lower(), "k" + outcome.sub_indication.replace("_", "").lower())


class Scenarios(unittest.TestCase):
    def test_the_page_of_attacks_is_true(self):
        page = (HERE.parent / "docs/internals/attacks.md").read_text(encoding="utf-8")
        seen = 0
        for row in [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("|")][2:]:
            codes = re.findall(r"`([^`]+)`", row[1])
            for name in re.findall(r"`([^`]+)`", row[2]):
                scenario = scenarios.load(name)
                with self.subTest(name):
                    if row[1].strip().startswith("refused"):
                        self.assertEqual([outcomes.outcome(scenario["outcome"]).code], codes)
                    else:
                        self.assertEqual(scenario["outcome"], "accept")
                        of_parts = {*scenario["counterSignatures"], *scenario["counterStamps"], *scenario["stamps"]}
                        self.assertLessEqual({*codes}, of_parts)
                    seen += 1
        self.assertGreater(seen, 100)

    def test_expected_texts_are_current(self):
        for name in scenarios.names():
            source = scenarios.FOLDER / name / "expected.txt"
            self.assertEqual(
                source.read_text(encoding="ascii"), scenarios.expected_text(scenarios.load(name)["outcome"]), name
            )

    def test_all_were_made(self):
        made = json.loads((DIR / "scenarios/index.json").read_text(encoding="utf-8"))["scenarios"]
        self.assertEqual([entry["name"] for entry in made], scenarios.names())
        for entry in made:
            self.assertTrue((DIR / entry["document"]).exists(), entry["name"])
            for source in [*entry["crls"], *entry["ocsps"], *entry["trust"], *entry["intermediates"]]:
                self.assertTrue((DIR / source).exists(), f"{entry['name']}: {source}")

    def test_signatures_of_cms_documents(self):
        """Whatever is wrong with a document, its signature value is right unless that is what is wrong."""
        for name in scenarios.names():
            scenario = scenarios.load(name)
            if (
                scenario["kind"] != "cms"
                or not is_rsa(scenario)
                or scenario["outcome"] not in INTACT | BROKEN
                or scenario["options"].get("copies")
            ):
                continue
            folder = DIR / "scenarios" / name
            content = ["-content", folder / "content.bin"] if (folder / "content.bin").exists() else []
            form = "PEM" if (folder / "document.cms").read_bytes().startswith(b"-----") else "DER"
            done = run(
                "openssl",
                "cms",
                "-verify",
                "-binary",
                "-noverify",
                "-inform",
                form,
                "-in",
                folder / "document.cms",
                *content,
                "-out",
                "/dev/null",
            )
            with self.subTest(name):
                if scenario["outcome"] == "cms-attribute":
                    continue  # openssl refuses these as well, for the attribute
                self.assertEqual(
                    done.returncode == 0, scenario["outcome"] in INTACT, done.stderr.decode("utf-8", "replace")
                )

    NOT_FOR_XMLSEC1 = {
        "xml-external-entity",  # it would follow it
        *("xml-entity-bomb", "xml-wrapped-same-id"),  # it cannot read them
        *("xml-wrapped-wsu-id", "xml-wrapped-xml-id"),  # it is told of one attribute only that names an Id
        *("xml-base64", "xml-transforms-reversed"),  # their transforms fail on the document: nothing is digested
        *("xml-other-certificate-claimed", "xml-other-certificate-first"),  # it takes the first certificate
        "soap-body-wrapped-same-id",  # its options name the elements that have Ids
    }

    def test_signatures_of_xml_documents(self):
        checked = 0
        for name in scenarios.names():
            scenario = scenarios.load(name)
            if scenario["kind"] != "xml" or not is_rsa(scenario) or scenario["outcome"] not in INTACT | BROKEN:
                continue
            # With several signatures xmlsec1 can check only the last: the others do not cover the whole any more.
            if (
                scenario["mutations"]
                and scenario["mutations"][0].get("signature") == 0
                and len(scenario["signers"]) > 1
            ):
                continue
            if name in self.NOT_FOR_XMLSEC1:
                continue
            more = []
            if scenario["builder"] == "soap":
                # It knows neither wsu:Id nor the certificates of WS-Security.
                ids = [f"{xadescases.SOAP}:Body", f"{xadescases.WSU}:Timestamp", "urn:a:To"]
                more = [part for one in ids for part in ("--id-attr:Id", one)]
                more += ["--pubkey-cert-pem", DIR / "certs" / f"{scenario['signers'][0]}.pem"]
            done = self.xmlsec1_verify(name, "[not(ancestor::*[local-name()='CounterSignature'])]", *more)
            with self.subTest(name):
                self.assertEqual(
                    done.returncode == 0, scenario["outcome"] in INTACT, done.stderr.decode("utf-8", "replace")
                )
                checked += 1
        self.assertGreater(checked, 40)

    @staticmethod
    def xmlsec1_verify(name, which, *more):
        """The last of the signatures that this is true of."""
        return run(
            "xmlsec1",
            "--verify",
            "--insecure",
            "--id-attr:Id",
            f"{scenarios.NAMESPACE}:application",
            "--id-attr:Id",
            "http://www.w3.org/2000/09/xmldsig#:SignatureValue",
            "--id-attr:Id",
            "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
            *more,
            "--node-xpath",
            f"(//*[local-name()='Signature']{which})[last()]",
            DIR / "scenarios" / name / "document.xml",
        )

    # Counter-signatures whose digest or value is wrong; in the others only trust, or what they say they are over.
    BROKEN_COUNTER_SIGNATURES = {"signature.broken", "digest.mismatch", "xml.transform_forbidden"}

    def test_counter_signatures_of_xml_documents(self):
        checked = 0
        for name in scenarios.names():
            scenario = scenarios.load(name)
            if scenario["kind"] != "xml" or not scenario["counterSignatures"]:
                continue
            if "-gost-" in name or name == "xml-countersigned-empty":
                continue
            field = ("--id-attr:Id", f"{scenarios.NAMESPACE}:field")
            done = self.xmlsec1_verify(name, "[ancestor::*[local-name()='CounterSignature']]", *field)
            with self.subTest(name):
                broken = scenario["counterSignatures"][-1] in self.BROKEN_COUNTER_SIGNATURES
                self.assertEqual(done.returncode == 0, not broken, done.stderr.decode("utf-8", "replace"))
                checked += 1
        self.assertGreater(checked, 12)

    # What gostverify.py refuses by design, or beyond signature values, while the signatures are right.
    STRICTER = {
        *("cms-by-key-identifier", "cms-pss"),
        *("cms-no-content-type", "cms-no-message-digest", "cms-two-message-digests"),
        *("cms-two-content-types", "cms-two-signing-times"),
        *("cms-other-signing-certificate", "cms-gost-other-signing-certificate"),
        *("xml-doctype", "xml-entity-bomb", "xml-external-entity", "xml-wrapped-same-id"),
        *("xml-xpath", "xml-xpath-filter", "xml-xslt", "xml-base64"),
        *("xml-default-attribute", "xml-doctype-id", "xml-parameter-entity"),
        *("xml-other-certificate-claimed", "xml-other-certificate-first"),  # the first certificate is the signer's
        *("soap-body-wrapped-same-id", "soap-token"),  # of WS-Security it reads KeyIdentifier
        *("xml-wrapped-lower-id", "xml-wrapped-upper-id", "xml-wrapped-wsu-id"),
        # Counter-signatures are signatures to it, and one that does not hold takes the document with it.
        *("xml-countersigned-broken", "xml-countersigned-filtered", "xml-countersigned-value-changed"),
    }
    # Each signature is verified without those that were added later, whatever these cover.
    MILDER = {"xml-signature-only"}
    LARGE = 1 << 20

    def test_the_independent_verifier_agrees(self):
        """With the documents that openssl and xmlsec1 made as with those that they do not understand."""
        counts = {True: 0, False: 0}
        for name in scenarios.names():
            scenario = scenarios.load(name)
            document = DIR / "scenarios" / name / f"document.{scenario['kind']}"
            if scenario["kind"] == "pdf":
                continue  # the test below
            if scenario["outcome"] not in INTACT | BROKEN | {"algorithm-mismatch"} or document.stat().st_size > self.LARGE:
                continue
            given = DIR / "scenarios" / name / "content.bin"
            with self.subTest(name):
                try:
                    gostverify.verify(document.read_bytes(), given.read_bytes() if given.exists() else None, None, [])
                    good = True
                except gostverify.Refused:
                    good = False
                intact = scenario["outcome"] in INTACT or name in self.MILDER
                self.assertEqual(good, intact and name not in self.STRICTER)
                counts[good] += 1
        self.assertGreater(counts[True], 120)
        self.assertGreater(counts[False], 40)

    def test_signatures_of_pdf_documents(self):
        """Whatever was saved behind a signature, its value is right over what its ByteRange names, and qpdf finds the
        file in order: what is wrong with it is only what the scenario says."""
        changed = {"pdf-changed", "pdf-unknown-change", "pdf-permissions"}
        counts = {True: 0, False: 0}
        for name in scenarios.names():
            scenario = scenarios.load(name)
            if scenario["kind"] != "pdf" or scenario["outcome"] not in INTACT | changed | BROKEN - {"no-signature"}:
                continue
            document = DIR / "scenarios" / name / "document.pdf"
            octets = document.read_bytes()
            with self.subTest(name):
                self.assertEqual(run("qpdf", "--check", document).returncode, 0, text("qpdf", "--check", document))
                good = all(self.pdf_value_is_right(octets, slot) for slot in pdfbuild.find_slots(octets))
                self.assertEqual(good, scenario["outcome"] not in BROKEN)
                counts[good] += 1
        self.assertGreater(counts[True], 60)
        self.assertGreater(counts[False], 2)

    @staticmethod
    def pdf_value_is_right(octets: bytes, slot: pdfbuild.Slot) -> bool:
        value = pdfbuild.signature_value(octets, slot)
        if cmsbuild.parse(value).content is not None:
            return True  # a time stamp of the document, tested with the others
        try:
            gostverify.verify(value, slot.covered(octets), None, [])
        except gostverify.Refused:
            return False
        return True

    def test_verify_gost_on_the_command_line(self):
        trusting = ["--trust", DIR / "anchors-gost.pem", "--intermediate", DIR / "ca"]
        folder = DIR / "scenarios"
        done = run(TESTCA, "verify-gost", folder / "xml-gost-enveloped/document.xml", *trusting)
        self.assertEqual(done.returncode, 0, done.stdout)
        said = json.loads(done.stdout)
        self.assertEqual((said["kind"], len(said["signatures"])), ("xml", 1))
        self.assertEqual(said["signatures"][0]["covers"], "whole")
        self.assertEqual(len(said["signatures"][0]["path"]), 3)
        detached = folder / "cms-gost-detached"
        for more, status in ((["--data", detached / "content.bin"], 0), (["--data", TESTCA], 1), ([], 1)):
            self.assertEqual(run(TESTCA, "verify-gost", detached / "document.cms", *trusting, *more).returncode, status)
        for refused in ("cms-gost-russian-order/document.cms", "cms-gost-signer-by-foreign-ca/document.cms"):
            done = run(TESTCA, "verify-gost", folder / refused, *trusting)
            self.assertEqual(done.returncode, 1)
            self.assertFalse(json.loads(done.stdout)["good"])
        for kind, file in (("certificate", DIR / "certs/gost-head.pem"), ("crl", DIR / "crl/gost-issuing.crl")):
            done = run(TESTCA, "verify-gost", file, *trusting)
            self.assertEqual((done.returncode, json.loads(done.stdout)["kind"]), (0, kind))
        self.assertEqual(run(TESTCA, "verify-gost", DIR / "absent").returncode, 1)

    def test_good_xml_verifies_under_the_anchor(self):
        done = run(
            "xmlsec1",
            "--verify",
            "--trusted-pem",
            DIR / "anchors.pem",
            DIR / "scenarios/xml-with-authority/document.xml",
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_good_cms_verifies_under_the_anchor(self):
        done = run(
            "openssl",
            "cms",
            "-verify",
            "-inform",
            "DER",
            "-in",
            DIR / "scenarios/cms-with-authority/document.cms",
            "-CAfile",
            DIR / "anchors.pem",
            "-purpose",
            "any",
            "-out",
            "/dev/null",
        )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    DIR = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
