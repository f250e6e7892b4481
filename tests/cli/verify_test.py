#!/usr/bin/python3
"""What callers of `tanba verify`, `cert`, `crl` and `ocsp` rely on: exit status, --json, standard input, files and folders.

    tests/cli/verify_test.py --bin build/dev/bin --authority build/dev/certs-test

What is decided about signatures is the scenarios' matter (tests/scenarios); here it is how one asks and is told.
"""
import argparse
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402  (beside this file)

OPTIONS = None
ACCEPT, REFUSE, RETRY, UNREADABLE, USAGE = 0, 1, 2, 3, 64


class Asking(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tanba-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tanba = programs.Tanba(OPTIONS.bin, self.folder)
        self.authority = pathlib.Path(OPTIONS.authority).resolve()
        self.scenario = json.loads((self.authority / "scenarios/xml-enveloped/scenario.json").read_text())
        self.document = self.authority / self.scenario["document"]
        self.trust = ["--trust", self.authority / "anchors.pem"]
        self.issuing = ["--intermediate", self.authority / "ca/issuing.pem"]
        self.at = ["--at", self.scenario["at"]]
        self.evidence = ["--crl", self.authority / "crl"]
        self.known = [*self.trust, *self.issuing, *self.at]
        self.good = [self.document, *self.known, *self.evidence]

    def report(self, status, *arguments, code=None, **more):
        """The only document on standard output, where exit status and decision agree."""
        found, report = self.tanba.json(*arguments, **more)
        self.assertEqual(found, status, report)
        self.assertEqual(report["decision"], {ACCEPT: "accept", REFUSE: "refuse", RETRY: "retry"}[status])
        if code:
            self.assertIn(code, self.codes(report), report)
        return report

    def problem(self, status, code, *arguments, **more):
        found, problem = self.tanba.json(*arguments, **more)
        self.assertEqual((found, problem["code"]), (status, code), problem)
        self.assertNotIn("decision", problem)
        return problem

    @staticmethod
    def codes(report):
        entries = [report, *report.get("signatures", []), report.get("result") or {}]
        return [error["code"] for entry in entries for error in entry.get("errors", [])]

    def file(self, name, octets):
        path = self.folder / name
        path.write_bytes(octets)
        return path

    def certificate(self, name):
        return self.authority / "certs" / f"{name}.pem"

    def der(self, pem):
        return base64.b64decode("".join(line for line in pem.read_text().splitlines() if "-----" not in line))


class Contract(Asking):
    # --- capsules -----------------------------------------------------------------------------------------------------

    def test_a_capsule_holds_or_not_whatever_it_decided(self):
        capsule = self.folder / "some.capsule"
        made = self.report(RETRY, "verify", self.document, *self.known, "--capsule", capsule)
        checked = self.report(ACCEPT, "capsule", "verify", capsule, "--document", self.document, "--unsealed")
        self.assertEqual(checked["report"], made)
        self.report(REFUSE, "capsule", "verify", capsule, code="capsule.no_seal")
        self.report(REFUSE, "capsule", "verify", capsule, "--document", self.certificate("head"), "--unsealed", code="capsule.document")
        self.report(REFUSE, "capsule", "verify", self.document, "--unsealed", code="capsule.malformed")
        status, shown = self.tanba.json("capsule", "show", capsule)
        self.assertEqual((status, shown["sealed"], shown["timestamps"], shown["report"]), (ACCEPT, False, 0, made))
        self.assertEqual(self.tanba("capsule", "verify", self.folder / "none").returncode, UNREADABLE)
        link = self.folder / "link.capsule"
        link.symlink_to("target.capsule")
        self.report(RETRY, "verify", self.document, *self.known, "--capsule", link)
        self.assertTrue(link.is_symlink())
        self.assertEqual((self.folder / "target.capsule").read_bytes(), capsule.read_bytes())
        for place in ("-", "/dev/stdout"):
            self.problem(USAGE, "input.usage", "verify", *self.good, "--capsule", place)
        self.assertEqual(self.tanba("capsule", "verify", capsule, "--online").returncode, USAGE, "nothing is fetched")
        self.assertEqual(self.tanba("capsule", "renew", capsule, "-o", capsule).returncode, USAGE, "no authority")

    def test_lists_that_anybody_put_into_a_document_leave_it_fit_for_a_capsule(self):
        one = bytearray((self.authority / "crl/foreign-issuing.crl").read_bytes())  # of nobody in the path
        lists = []
        for number in range(1100):
            one[-2:] = number.to_bytes(2, "big")  # of its signature
            lists.append(f"<ds:X509CRL>{base64.b64encode(one).decode()}</ds:X509CRL>")
        text = self.document.read_text()
        place = re.search(r"</(\w+:)?X509Certificate>", text).end()
        lists = "".join(lists) if "<ds:X509Data" in text else "".join(lists).replace("ds:", "")
        many = self.file("many.xml", (text[:place] + lists + text[place:]).encode())
        capsule = self.folder / "lists.capsule"
        made = self.report(ACCEPT, "verify", many, *self.known, *self.evidence, "--capsule", capsule)
        checked = self.report(ACCEPT, "capsule", "verify", capsule, "--document", many, "--unsealed")
        self.assertEqual(made, checked["report"])

    def test_a_folder_of_many_lists_needs_no_open_file_for_each(self):
        folders = [part for name in ("crl", "crl-delta", "crl-bad", "crl-series") for part in ("--crl", self.authority / name)]
        lists = sum(len(list(folder.iterdir())) for folder in folders[1::2])
        self.assertGreater(lists, 50)
        line = ["prlimit", f"--nofile={lists - 10}", pathlib.Path(OPTIONS.bin).resolve() / "tanba", "verify", self.document, *self.known, *folders,
                "--capsule", self.folder / "many.capsule"]
        done = subprocess.run(list(map(str, line)), capture_output=True, check=False)
        self.assertEqual(done.returncode, ACCEPT, done.stderr)
        self.report(ACCEPT, "capsule", "verify", self.folder / "many.capsule", "--unsealed")

    # --- exit status and --json ---------------------------------------------------------------------------------------

    def test_the_status_is_the_decision(self):
        self.report(ACCEPT, "verify", *self.good)
        self.report(REFUSE, "verify", *self.good, "--expect-bin", "123456789012", code="identity.mismatch")
        self.report(RETRY, "verify", self.document, *self.known, code="revocation.missing")

    def test_a_verdict_that_could_not_be_written_is_no_success(self):
        copy = self.file("copy.xml", self.document.read_bytes())
        for line in (["verify", *self.good], ["verify", copy, *self.good], ["cert", "show", self.certificate("head")], ["verify", "--help"]):
            for form in ([], ["--json"]):
                with open("/dev/full", "wb") as full:
                    done = self.tanba(*line, *form, stdout=full)
                self.assertEqual(done.returncode, UNREADABLE, (line, done.stderr))
                self.assertIn(b"[file.not_writable]", done.stderr)
        reading, writing = os.pipe()
        os.close(reading)
        done = self.tanba("verify", *self.good, stdout=writing)
        os.close(writing)
        self.assertEqual((done.returncode, b"[file.not_writable]" in done.stderr), (UNREADABLE, True), "a reader that has gone")

    def test_json_stands_anywhere_after_the_subcommand(self):
        plain = ["verify", *self.good]
        for at in range(1, len(plain) + 1):
            if str(plain[at - 1]).startswith("--"):
                continue  # between an option and its value
            done = self.tanba(*plain[:at], "--json", *plain[at:])
            self.assertEqual(done.returncode, ACCEPT, done.stderr)
            self.assertEqual(json.loads(done.stdout)["decision"], "accept")
        self.assertEqual(self.tanba("--json", *plain).returncode, USAGE)

    def test_an_expectation_that_is_empty_is_wrong_usage(self):
        """A script's `--expect-iin "$IIN"` without an IIN."""
        for option in ("--expect-iin", "--expect-bin", "--at", "--existed-at", "--data", "--capsule"):
            self.problem(USAGE, "input.usage", "verify", *self.good, option, "")
            self.problem(USAGE, "input.usage", "verify", *self.good, f"{option}=")
            self.problem(USAGE, "input.usage", "verify", *self.good, option)  # before --json
        self.problem(USAGE, "input.usage", "verify", *self.good, self.document, "--expect-iin", "")
        self.problem(USAGE, "input.usage", "cert", "verify", self.certificate("head"), *self.known, *self.evidence, "--expect-bin", "")
        self.problem(USAGE, "input.usage", "capsule", "verify", self.document, "--unsealed", "--document", "")

    def test_an_option_is_not_the_value_of_another(self):
        done = self.tanba("verify", *self.good, "--expect-iin", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["code"]), (USAGE, "input.usage"))
        done = self.tanba("verify", self.document, "--trust", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["code"]), (USAGE, "input.usage"))
        done = self.tanba("cert", "--json", "show", self.certificate("head"))
        self.assertEqual((done.returncode, len(json.loads(done.stdout)["certificates"])), (ACCEPT, 1))
        odd = self.file("--json", self.document.read_bytes())
        done = subprocess.run([self.tanba.program, "verify", *map(str, [*self.known, *self.evidence]), "--", odd.name], cwd=self.folder,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout[:1] == b"{"), (ACCEPT, False), "behind -- it is a file")

    def test_without_json_the_text_names_the_decision_in_each_language(self):
        said = {language: self.tanba("verify", *self.good, "--lang", language) for language in ("en", "ru", "kk")}
        self.assertTrue(all(done.returncode == ACCEPT for done in said.values()))
        self.assertEqual(len({done.stdout for done in said.values()}), 3)

    def test_reports_in_russian_and_kazakh_say_words_and_the_machine_s_in_brackets(self):
        revoked = self.authority / "scenarios/cms-signer-revoked"
        file = self.authority / json.loads((revoked / "scenario.json").read_text())["document"]
        for language, reason, role in (("ru", "компрометация ключа [keyCompromise]", "право подписи"), ("kk", "кілттің жария болуы [keyCompromise]", "қол қою құқығы")):
            text = self.tanba("verify", file, *self.known, *self.evidence, "--lang", language).stdout.decode()
            for word in (reason, "[REVOKED_NO_POE]", "[INDETERMINATE]", "[require]"):
                self.assertIn(word, text, language)
            for word in ("right-of-signature", "organization", "(serial", "IIN", "BIN", "reason: keyCompromise"):
                self.assertNotIn(word, text, language)

    def test_json_is_the_same_machine_s_in_every_language_but_for_messages(self):
        def bare(value):
            if isinstance(value, dict):
                return {name: bare(one) for name, one in value.items() if name != "message"}
            return [bare(one) for one in value] if isinstance(value, list) else value
        reports = [json.loads(self.tanba("verify", *self.good[:1], *self.known, "--json", "--lang", language).stdout) for language in ("en", "ru", "kk")]
        self.assertEqual(bare(reports[0]), bare(reports[1]))
        self.assertEqual(bare(reports[0]), bare(reports[2]))

    def test_wrong_usage_is_told_in_the_language_asked_for(self):
        for line in (("verify", "--lang", "ru"), ("verify", "--lang=ru"), ("verify", "--lang", "ru", "--no-such-option", "x")):
            done = self.tanba(*line, TANBA_LANG="kk")
            self.assertEqual(done.returncode, USAGE)
            self.assertIn("Неверная команда", done.stderr.decode())
        self.assertIn("көрсетілмеген: FILE", self.tanba("verify", TANBA_LANG="kk").stderr.decode())
        self.assertIn("не указано: FILE", self.tanba("verify", TANBA_LANG="ru").stderr.decode())

    def test_what_cannot_be_opened_is_status_3(self):
        missing = self.folder / "missing"
        self.problem(UNREADABLE, "file.not_readable", "verify", missing, *self.known)
        for option in ("--trust", "--intermediate", "--crl", "--ocsp", "--data"):
            self.problem(UNREADABLE, "file.not_readable", "verify", *self.good, option, missing)

    def test_an_option_s_file_that_holds_something_else_is_status_3(self):
        for option in ("--trust", "--intermediate", "--crl", "--ocsp"):
            for octets in (b"", b"noise", self.document.read_bytes()):
                found, problem = self.tanba.json("verify", *self.good, option, self.file("other", octets))
                self.assertEqual(found, UNREADABLE, f"{option} {octets[:20]}: {problem}")
        found, problem = self.tanba.json("verify", *self.good, "--crl", self.certificate("head"))
        self.assertEqual(found, UNREADABLE, problem)
        found, problem = self.tanba.json("verify", *self.good, "--trust", self.authority / "crl/root.crl")
        self.assertEqual(found, UNREADABLE, problem)

    def test_what_is_wrong_inside_the_file_is_a_verdict(self):
        good = self.document.read_bytes()
        for octets, code in ((b"", "format.empty"), (b"\0", "format.unknown"), (good[:-20], "xml.malformed"),
                             (b"<a/>", "format.no_signature")):
            report = self.report(REFUSE, "verify", self.file("bad", octets), *self.known, *self.evidence, code=code)
            self.assertEqual(report["subIndication"], "FORMAT_FAILURE")
        for command, name, code in (("cert", "bad", "certificate.malformed"), ("crl", "bad", "der.malformed"), ("ocsp", "bad", "der.malformed")):
            report = self.report(REFUSE, command, "verify", self.file(name, b"\x30\x03\x02\x01\x01"), *self.known, code=code)
            self.assertEqual(report["subIndication"], "FORMAT_FAILURE", command)

    def test_no_anchors_at_all_is_no_chain_with_a_hint(self):
        report = self.report(REFUSE, "verify", self.document, *self.at, *self.evidence)
        self.assertEqual(report["subIndication"], "NO_CERTIFICATE_CHAIN_FOUND")
        done = self.tanba("verify", self.document, *self.at, *self.evidence)
        self.assertEqual(done.returncode, REFUSE)
        self.assertIn(b"--trust", done.stdout + done.stderr)

    def test_wrong_usage_is_status_64_and_one_problem(self):
        asked = ["verify", self.document, *self.trust]
        for arguments in (["verify"], ["verify", self.document, "--nonsense"], [*asked, "--at", "yesterday"],
                          [*asked, "--at", "2026-13-01"], [*asked, *self.at, "--existed-at", "0"],
                          [*asked, "--existed-at", "2999-01-01"], [*asked, "--at", "2026-01-01", "--existed-at", "2026-01-01T00:00:01Z"],
                          ["verify", *self.good, "--policy", "my-own"], ["verify", *self.good, "--revocation", "maybe"],
                          ["cert", "verify", self.certificate("head"), "--purpose", "love"],
                          ["cert", "verify", self.certificate("head"), "--initial-policy", "1.two"], ["verify", self.document, self.document, "--data", self.document],
                          ["crl", "verify"], ["ocsp", "verify"], ["cert"], ["sign", self.document]):
            done = self.tanba(*arguments, "--json")
            self.assertEqual(done.returncode, USAGE, f"{arguments}: {done.stdout} {done.stderr}")
            self.assertIn(json.loads(done.stdout)["code"], ("input.usage", "input.time", "input.member"), arguments)
            done = self.tanba(*arguments)
            self.assertEqual((done.returncode, done.stdout), (USAGE, b""), arguments)
            self.assertTrue(done.stderr, arguments)

    # --- where octets come from ---------------------------------------------------------------------------------------

    def test_a_dash_is_standard_input(self):
        self.report(ACCEPT, "verify", "-", *self.good[1:], given=self.document.read_bytes())
        self.report(REFUSE, "verify", "-", *self.good[1:], code="format.empty")
        self.report(ACCEPT, "cert", "verify", "-", *self.known, *self.evidence, given=self.certificate("head").read_bytes())
        self.report(ACCEPT, "crl", "verify", "-", *self.known, given=(self.authority / "crl/issuing.crl").read_bytes())
        self.report(ACCEPT, "ocsp", "verify", "-", *self.known, given=(self.authority / "ocsp/head.ors").read_bytes())

    def test_der_and_pem_are_one(self):
        pem = self.certificate("head")
        der = self.file("head.cer", self.der(pem))
        for file in (pem, der):
            self.report(ACCEPT, "cert", "verify", file, *self.known, *self.evidence)
        crl = self.authority / "crl/issuing.crl"
        octets = crl.read_bytes()
        other = (b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(octets) + b"-----END X509 CRL-----\n") \
            if not octets.startswith(b"-----") else self.der(crl)
        for file in (crl, self.file("other.crl", other)):
            self.report(ACCEPT, "crl", "verify", file, *self.known)
            self.report(ACCEPT, "verify", self.document, *self.known, "--crl", file, "--crl", self.authority / "crl/root.crl")

    def test_a_pem_file_may_hold_several_certificates(self):
        both = self.file("both.pem", self.certificate("head").read_bytes() + (self.authority / "ca/issuing.pem").read_bytes())
        self.report(ACCEPT, "cert", "verify", both, *self.trust, *self.at, *self.evidence)
        several = self.file("several.pem", (self.authority / "ca/foreign-root.pem").read_bytes() + (self.authority / "anchors.pem").read_bytes())
        self.report(ACCEPT, "verify", self.document, "--trust", several, *self.issuing, *self.at, *self.evidence)
        cut = self.file("cut.pem", both.read_bytes()[:-100])
        found, problem = self.tanba.json("verify", self.document, "--trust", cut, *self.at)
        self.assertEqual(found, UNREADABLE, problem)

    def test_a_folder_holds_only_what_the_option_needs(self):
        folder = self.folder / "crls"
        shutil.copytree(self.authority / "crl", folder)
        self.report(ACCEPT, "verify", self.document, *self.known, "--crl", folder)
        shutil.copy(self.certificate("head"), folder)
        found, problem = self.tanba.json("verify", self.document, *self.known, "--crl", folder)
        self.assertEqual(found, UNREADABLE, problem)

    def test_trust_replaces_every_other_anchor(self):
        stranger = ["--trust", self.authority / "ca/foreign-root.pem"]
        self.report(REFUSE, "verify", self.document, *stranger, "--intermediate", self.authority / "ca", *self.at, *self.evidence)

    # --- time ---------------------------------------------------------------------------------------------------------

    def test_a_date_alone_is_its_first_second(self):
        report = self.report(REFUSE, "verify", self.document, *self.trust, *self.issuing, "--at", "2001-02-03", *self.evidence)
        self.assertEqual(report["validationTime"], "2001-02-03T00:00:00Z")

    def test_evidence_from_after_the_clock_is_not_used(self):
        self.report(RETRY, "verify", self.document, *self.trust, *self.issuing, *self.evidence, "--at", self.before_the_lists(),
                    code="revocation.missing")

    def before_the_lists(self):
        """After the head's certificate was issued and before any list was."""
        report = self.report(ACCEPT, "cert", "verify", self.certificate("head"), *self.known, *self.evidence)
        not_before = report["result"]["certificate"]["notBefore"]
        return f"{not_before[:11]}23:59:59Z"

    # --- expectations, purposes, revocation ---------------------------------------------------------------------------

    def test_expected_numbers_are_compared_as_given(self):
        numbers = json.loads((self.authority / "index.json").read_text())["certificates"]["head"]
        self.report(ACCEPT, "verify", *self.good, "--expect-bin", numbers["bin"], "--expect-iin", numbers["iin"])
        for option, other in (("--expect-bin", numbers["iin"]), ("--expect-bin", "BIN" + numbers["bin"]),
                              ("--expect-iin", " " + numbers["iin"]), ("--expect-iin", numbers["iin"][:-1])):
            self.report(REFUSE, "verify", *self.good, option, other, code="identity.mismatch")

    def test_a_certificate_is_verified_for_signing_unless_told_otherwise(self):
        server = [self.certificate("head-auth"), *self.known, *self.evidence]
        self.report(REFUSE, "cert", "verify", *server)
        self.report(REFUSE, "cert", "verify", *server, "--purpose", "signing")
        self.report(ACCEPT, "cert", "verify", *server, "--purpose", "any")

    def test_an_initial_policy_demands_nothing_by_itself(self):
        head = [self.certificate("head"), *self.known, *self.evidence]
        self.report(ACCEPT, "cert", "verify", *head, "--initial-policy", "1.2.3.4")
        self.report(REFUSE, "cert", "verify", *head, "--initial-policy", "1.2.3.4", "--explicit-policy")

    def test_revocation_is_required_unless_told_otherwise(self):
        asked = [self.document, *self.known]
        self.assertEqual(self.report(RETRY, "verify", *asked)["revocationMode"], "require")
        for mode in ("if-available", "off"):
            report = self.report(ACCEPT, "verify", *asked, "--revocation", mode)
            self.assertEqual(report["revocationMode"], mode)
            self.assertIn("revocation.not_checked", json.dumps(report))
        revoked = [self.certificate("revoked"), *self.known, *self.evidence]
        self.report(REFUSE, "cert", "verify", *revoked, "--revocation", "if-available")
        self.report(ACCEPT, "cert", "verify", *revoked, "--revocation", "off")

    def test_lists_and_answers_are_verified_without_revocation_unless_told_otherwise(self):
        for command, file in (("crl", "crl/issuing.crl"), ("ocsp", "ocsp/head.ors")):
            report = self.report(ACCEPT, command, "verify", self.authority / file, *self.known)
            self.assertEqual(report["revocationMode"], "off", command)
            self.assertEqual(report["subject"]["kind"], command)
            self.assertIn("answer", report)
            self.report(RETRY, command, "verify", self.authority / file, *self.known, "--revocation", "require")

    def test_an_answer_s_issuer_and_certificate_may_be_demanded(self):
        answer = [self.authority / "ocsp/head.ors", *self.known]
        issuing = self.authority / "ca/issuing.pem"
        self.report(ACCEPT, "ocsp", "verify", *answer, "--issuer", issuing, "--cert", self.certificate("head"))
        # About the other one there still is no answer.
        self.report(RETRY, "ocsp", "verify", *answer, "--issuer", issuing, "--cert", self.certificate("officer"), code="ocsp.cert_id")
        self.report(REFUSE, "ocsp", "verify", *answer, "--issuer", self.authority / "ca/foreign-issuing.pem")
        self.report(REFUSE, "ocsp", "verify", answer[0], *self.trust, *self.at)

    def test_a_response_that_is_no_answer_says_so(self):
        for name in ("try-later", "internal-error", "unauthorized", "malformed-request"):
            report = self.report(RETRY, "ocsp", "verify", self.authority / f"ocsp-bad/{name}.ors", *self.known, code="ocsp.response_status")
            self.assertEqual(report["subIndication"], "TRY_LATER", name)

    def test_what_an_answer_says_about_the_certificate_is_in_the_report_and_not_the_verdict(self):
        report = self.report(ACCEPT, "ocsp", "verify", self.authority / "ocsp/revoked.ors", *self.known)
        self.assertIn("revoked", json.dumps(report["answer"]))

    def test_certificates_are_shown_without_a_verdict(self):
        found, shown = self.tanba.json("cert", "show", self.certificate("head"))
        self.assertEqual(found, 0)
        self.assertIn("050140000011", json.dumps(shown))
        self.assertEqual(self.tanba("cert", "show", self.folder / "missing").returncode, UNREADABLE)

    def test_both_digests_of_a_certificate_are_shown_and_say_what_they_are_of(self):
        file = self.certificate("head")
        openssl = lambda *line: subprocess.run(["openssl", *line], input=subprocess.run(["openssl", "x509", "-in", file, "-pubkey", "-noout"],
                                               capture_output=True, check=True).stdout, capture_output=True, check=True).stdout
        key = hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER")).hexdigest()
        certificate = hashlib.sha256(openssl("x509", "-in", file, "-outform", "DER")).hexdigest()
        for language, words in (("en", ("Certificate", "Public key")), ("ru", ("сертификата", "открытого ключа")), ("kk", ("Сертификаттың", "Ашық кілттің"))):
            lines = self.tanba("cert", "show", file, "--lang", language).stdout.decode().splitlines()
            for digest, word in zip((certificate, key), words):
                self.assertEqual([word in line and "SHA-256" in line for line in lines if line.endswith(digest)], [True], language)


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--authority", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


class Several(Asking):
    """Files and directories give one document with a report each, in the order of the line."""

    def setUp(self):
        super().setUp()
        self.broken = self.file("broken.xml", self.document.read_bytes().replace(b"</", b" </", 1))
        self.copy = self.file("copy.xml", self.document.read_bytes())

    def several(self, status, *files, evidence=True, more=()):
        found, answer = self.tanba.json("verify", *files, *self.known, *(self.evidence if evidence else []), *more)
        self.assertEqual(found, status, answer)
        return answer

    def test_each_has_its_report_in_order(self):
        answer = self.several(REFUSE, self.document, self.broken, self.copy)
        self.assertEqual([one["file"] for one in answer["reports"]], [str(self.document), str(self.broken), str(self.copy)])
        self.assertEqual([one["report"]["decision"] for one in answer["reports"]], ["accept", "refuse", "accept"])
        self.assertEqual(answer["counts"], {"accept": 2, "refuse": 1, "retry": 0, "problem": 0})
        alone = self.report(ACCEPT, "verify", *self.good)
        self.assertEqual(answer["reports"][0]["report"], alone, "a report does not depend on its neighbours")

    def test_the_worst_is_the_status(self):
        nothing = self.folder / "nothing"
        self.several(ACCEPT, self.document, self.copy)
        self.several(RETRY, self.document, self.copy, evidence=False)
        answer = self.several(UNREADABLE, self.document, nothing)
        self.assertEqual(answer["reports"][1]["problem"]["code"], "file.not_readable")
        self.several(REFUSE, nothing, self.broken)

    def test_a_directory_gives_its_files_by_name(self):
        folder = self.folder / "batch"
        folder.mkdir()
        for index in range(40):
            (folder / f"{index:03}.xml").write_bytes((self.broken if index % 10 == 0 else self.document).read_bytes())
        answer = self.several(REFUSE, folder)
        self.assertEqual([pathlib.Path(one["file"]).name for one in answer["reports"]], [f"{index:03}.xml" for index in range(40)])
        self.assertEqual(answer["counts"]["refuse"], 4)
        done = self.tanba("verify", folder, *self.known, *self.evidence, "--lang", "en")
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[1], f"{folder}/001.xml: ACCEPT")
        self.assertTrue(lines[0].startswith(f"{folder}/000.xml: REFUSE"), lines[0])
        self.assertEqual(done.stderr, b"", "progress is for terminals")

    def test_no_files_are_not_accepted(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.problem(UNREADABLE, "file.not_readable", "verify", empty, *self.known)

    def test_content_beside_is_one_documents(self):
        self.problem(USAGE, "input.usage", "verify", self.document, self.copy, "--data", self.copy, *self.known)

    def test_the_same_signer_is_expected_of_all(self):
        answer = self.several(REFUSE, self.document, self.copy, more=["--expect-bin", "000000000000"])
        self.assertEqual(answer["counts"]["refuse"], 2)


if __name__ == "__main__":
    main()
