"""RFC 4134's examples and CMS signatures of others; wycheproof's vectors through the check of signature values."""
import base64
import pathlib
import re
import subprocess

ACCEPT, REFUSE = 0, 1
AT = "2005-01-01"  # RFC 4134's certificates are of 1999 to 2039
WEAK = {"algorithm.forbidden", "algorithm.weak_key", "algorithm.weak_digest"}  # what may not be filed today, and why


def weak(report, also=lambda report: True):
    """Refused for its algorithms, whatever else there is."""
    found = {error["code"] for one in report["signatures"] for error in one["errors"]}
    return bool(found & WEAK) and also(report)


def _certificates_in(document, folder):
    """The roots that the document carries, else all its certificates, as one PEM file."""
    target = folder / f"{document.name}.pem"
    subprocess.run(["openssl", "cms", "-verify", "-noverify", "-nosigs", "-no_content_verify", "-inform", "DER", "-in", document, "-content",
                    "/dev/null", "-certsout", target, "-out", "/dev/null"], capture_output=True, check=True)
    found = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", target.read_text(), re.S)
    names = [subprocess.run(["openssl", "x509", "-noout", "-subject", "-issuer"], input=one, capture_output=True, text=True, check=True).stdout
             for one in found]
    roots = [one for one, name in zip(found, names) if len({line.split("=", 1)[1] for line in name.splitlines()}) == 1]
    target.write_text("".join(roots or found))
    return target


def rfc4134(runner, case):
    """The RFC says which examples verify. `case(name, arguments, status, *codes, check=…)` makes a case."""
    folder, scratch = runner.corpora / "rfc4134", pathlib.Path(runner.scratch.name)
    trust = ["--trust", folder / "CarlDSSSelf.cer", "--trust", folder / "CarlRSASelf.cer"]
    options = [*trust, "--revocation", "off", "--at", AT]
    cases = []

    def add(name, arguments, status, *codes, count=1):
        line = ["verify", *arguments, *options]
        cases.append(case(name, [*line, "--policy", "conformance"], status, *codes,
                          check=lambda report: len(report["signatures"]) == count))
        # DSA, SHA-1: none of them may be filed today, and that is among the reasons.
        if count:
            cases.append(case(f"{name}, for submissions", line, REFUSE, check=weak))

    for number, count in (("4.1", 1), ("4.2", 1), ("4.4", 1), ("4.5", 1), ("4.7", 1), ("4.10", 1)):
        add(number, [folder / f"{number}.bin"], ACCEPT, count=count)
    add("4.3", [folder / "4.3.bin", "--data", folder / "ExContent.bin"], ACCEPT)
    add("4.3 over other content", [folder / "4.3.bin", "--data", folder / "4.1.bin"], REFUSE, "signature.broken")
    add("4.3 without its content", [folder / "4.3.bin"], REFUSE, "cms.no_content")
    for number in ("3.1", "3.2", "5.1", "5.2", "6.0", "7.1", "7.2"):
        add(number, [folder / f"{number}.bin"], REFUSE, "cms.not_signed_data", count=0)
    add("4.11, certificates only", [folder / "4.11.bin"], REFUSE, "cms.no_signer", count=0)
    for mail in ("4.8", "4.9"):
        cases += [_mail(mail, folder, scratch, options, case)]

    sigs = folder / "cms-sigs"
    for digest in ("SHA1", "SHA256", "SHA512"):
        for name, beside in ((f"PSSSignData{digest}.sig", ["--data", sigs / "PSSSignData.data"]), (f"PSSSignData{digest}Enc.sig", [])):
            line = ["verify", sigs / name, *beside, "--trust", _certificates_in(sigs / name, scratch), "--revocation", "off",
                    "--at", "2009-09-01"]
            cases += [case(name, [*line, "--policy", "conformance"], ACCEPT),
                      # The certificates that vouch for it are signed with SHA-1, whatever the document's digest is.
                      case(f"{name}, for submissions", line, REFUSE, check=weak)]
    counter = ["verify", sigs / "counterSig.p7m", "--trust", _certificates_in(sigs / "counterSig.p7m", scratch), "--revocation", "off",
               "--at", "2010-01-01"]
    holds = lambda report: [one["indication"] for one in report["signatures"][0]["counterSignatures"]] == ["PASSED"]
    cases += [case("counterSig.p7m", [*counter, "--policy", "conformance"], ACCEPT, check=holds),
              case("counterSig.p7m, for submissions", counter, REFUSE, check=lambda report: weak(report, lambda one: not holds(one)))]
    # RFC 8017 A.2.4: in the DigestInfo of PKCS#1 v1.5 the parameters "shall have a value of type NULL"; here they are absent.
    raw = ["verify", sigs / "rawsha256nonull.p7m", "--trust", _certificates_in(sigs / "rawsha256nonull.p7m", scratch), "--revocation",
           "off", "--at", "2017-05-01", "--policy", "conformance"]
    cases.append(case("rawsha256nonull.p7m", raw, REFUSE, "signature.broken"))
    declared = {"4.6.bin, Diane's signature": "her DSA key inherits its parameters from its issuer (RFC 3279 2.3.2), which no signer of today does"}
    cases.append(case("4.6, Diane's key inherits its parameters",
                      ["verify", folder / "4.6.bin", *options, "--policy", "conformance"], REFUSE, "certificate.unsupported_key",
                      check=lambda report: report["signatures"][0]["errors"] == []))
    return cases, declared


def _mail(number, folder, scratch, options, case):
    """multipart/signed and application/pkcs7-mime (RFC 8551 3.4, 3.5): what is inside, as `openssl` takes it out."""
    mail = (folder / f"{number}.eml").read_bytes().replace(b"\r\n", b"\n")
    head, _, body = mail.partition(b"\n\n")
    if b"multipart/signed" not in head:
        document = scratch / f"{number}.p7m"
        document.write_bytes(base64.b64decode(body))
        return case(f"{number}, a mail", ["verify", document, *options, "--policy", "conformance"], ACCEPT)
    boundary = b"--" + head.split(b"boundary=")[1].split(b"\n")[0].strip(b'" ;\r')
    parts = mail.split(b"\n" + boundary)
    # RFC 1847 2.1: the first part as it is sent, with CRLF, without the line end before the boundary.
    content, document = scratch / f"{number}.content", scratch / f"{number}.p7s"
    content.write_bytes(parts[1][1:].replace(b"\n", b"\r\n"))
    document.write_bytes(base64.b64decode(parts[2].partition(b"\n\n")[2]))
    return case(f"{number}, a mail", ["verify", document, "--data", content, *options, "--policy", "conformance"], ACCEPT)


class Vector:
    """One vector under one policy, verified already."""

    def __init__(self, name, arguments, wanted, code):
        self.name, self.arguments, self.wanted, self.code = name, arguments, wanted, code

    def failure(self, runner):
        del runner
        if self.wanted == "either":
            return ""
        if self.wanted in ("accepted", "refused"):
            return "" if (self.code == "-") == (self.wanted == "accepted") else f"not {self.wanted}: {self.code}"
        return "" if self.code in WEAK else f"{self.code} is no reason of the policy"


def is_foreign(file, group):
    """What may not be filed: anything but RSA with SHA-2."""
    return file.startswith("ecdsa") or "SHA-1" in (group.get("sha"), group.get("mgfSha"))


def wycheproof(runner, load):
    """Every vector under `conformance`, as its authors say, and under `kz-submission`: ECDSA and SHA-1 refused for that
    reason, the rest as before."""
    folder = runner.corpora / "wycheproof"
    files = sorted(folder.glob("*.json"))
    program = pathlib.Path(runner.tanba).parent.parent / "tests/wycheproof_suite"
    done = subprocess.run([program, *files], capture_output=True, text=True, check=True)
    foreign = {}
    for file in files:
        for group in load(file)["testGroups"]:
            foreign.update({(file.name, str(one["tcId"])): is_foreign(file.name, group) for one in group["tests"]})
    wanted = {"valid": "accepted", "invalid": "refused", "acceptable": "either"}
    cases = []
    for line in done.stdout.splitlines():
        file, number, result, conformance, submission = line.split("\t")
        cases += [Vector(f"{file} {number}", [], wanted[result], conformance),
                  Vector(f"{file} {number}, for submissions", [], "weak" if foreign[file, number] else wanted[result], submission)]
    if len(cases) != 2 * len(foreign):
        cases.append(Vector("all vectors were tried", [], "accepted", f"{len(cases)} of {2 * len(foreign)}"))
    return cases, {}
