"""XML suites of run_suites: xmlsec's signature vectors, and libxml2's malformed documents.

What xmlsec was told on its command line (anchors, certificates beside the document, the time) is told to `tanba verify`
here. Where a vector carries nothing but a bare key, the trust that xmlsec put in it is written as a certificate around
that key, given with --trust: an anchor's own signature is not checked.
"""
import base64
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "certs-test"))
import der  # noqa: E402

ACCEPT, REFUSE = 0, 1

# xmlsec judged at the time of its run where no time is named; this lies in every certificate of those vectors.
DEFAULT_AT = "2022-12-01T00:00:00Z"

REMOTE = r'<(?:\w+:)?Reference\b[^>]*?URI="(?!"|#)'
# What the project does not support, by what the vector holds: the code that refuses it and the reason, the first that fits.
UNSUPPORTED = [
    (r"<!DOCTYPE", "xml.doctype", "document types"),
    (r"Method\s[^>]*hmac", "xml.algorithm_forbidden", "MACs: a public key could serve as the secret"),
    (r"ripemd160", "algorithm.unknown", "RIPEMD-160"),
    (r"gostr34(?:10|11)", "algorithm.unknown", "Russian names of ГОСТ"),
    (r'<(?:\w+:)?Transform\s[^>]*RelationshipTransform', "xml.transform_forbidden", "OPC relationships"),
    (r'<(?:\w+:)?Transform\s[^>]*xslt', "xml.transform_forbidden", "XSLT"),
    (r'URI="#xpointer', "xml.reference_forbidden", "xpointer"),
    (r"<(?:\w+:)?RetrievalMethod\b", "xml.reference_forbidden", "keys to be fetched from other files and hosts"),
    (REMOTE, "xml.reference_forbidden", "references to other files and hosts"),
]
# So that a rule above cannot come to fit more than it should: how many vectors are accepted.
ACCEPTED = 45


def without_manifests(text):
    """References inside a Manifest are not the signature's own."""
    return re.sub(r"<(?:\w+:)?Manifest\b.*?</(?:\w+:)?Manifest>", "", text, flags=re.S)


def unsupported(text):
    own = without_manifests(text)
    return next(((code, reason) for pattern, code, reason in UNSUPPORTED if re.search(pattern, own, re.S)), None)


def embedded_certificates(text):
    found = re.findall(r"<(?:\w+:)?X509Certificate>([^<]+)<", text)
    return [base64.b64decode(certificate) for certificate in found]


def _number(text, name):
    found = re.search(rf"<(?:\w+:)?{name}>([^<]+)<", text)
    return der.integer(int.from_bytes(base64.b64decode(found[1]), "big"))


def key_value_spki(text):
    if "RSAKeyValue" in text:
        key = der.seq(_number(text, "Modulus"), _number(text, "Exponent"))
        return der.seq(der.seq(der.oid("1.2.840.113549.1.1.1"), der.null()), der.bits(key))
    parameters = der.seq(_number(text, "P"), _number(text, "Q"), _number(text, "G"))
    return der.seq(der.seq(der.oid("1.2.840.10040.4.1"), parameters), der.bits(_number(text, "Y")))


def certificate_around(spki):
    """Whatever key it holds; nobody signed it."""
    algorithm = der.seq(der.oid("1.2.840.113549.1.1.11"), der.null())
    name = der.seq(der.set_of(der.seq(der.oid("2.5.4.3"), der.utf8("a key of the vectors"))))
    span = [datetime.datetime(year, 1, 1, tzinfo=der.UTC) for year in (2000, 2049)]
    usage = der.seq(der.oid("2.5.29.15"), der.octets(der.named_bits({0, 1})))
    tbs = der.seq(der.explicit(0, der.integer(2)), der.integer(1), algorithm, name, der.seq(*map(der.time, span)), name,
                  spki, der.explicit(3, der.seq(usage)))
    return der.seq(tbs, algorithm, der.bits(bytes(256)))


def start_of(certificate):
    """A day after its notBefore."""
    tbs = der.children(der.children(certificate)[0])
    validity = tbs[4] if tbs[0][0] == 0xA0 else tbs[3]
    return (der.read_time(der.children(validity)[0]) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Vector:
    def __init__(self, row, folder, scratch):
        self.name = "/".join(part for part in (row["folder"], row["file"]) if part)
        self.base = folder / row["folder"]
        # Parameters of one group are relative to the group's own folder.
        self.group = folder / self.name.split("/")[0]
        self.good = row["expected"] == "success"
        self.words = row["verify_params"].split()
        self.file = folder / f"{self.name}.xml"
        self.root, self.scratch = folder, scratch
        self.text = self.file.read_text("utf-8", "replace") if self.file.exists() else None

    def _find(self, name):
        return next(path for path in (self.root / name, self.group / name) if path.exists())

    def _write(self, certificate, number):
        path = self.scratch / f"{self.name.replace('/', '-')}-{number}.der"
        path.write_bytes(certificate)
        return path

    def arguments(self, policy):
        trust, beside, at = [], [], None
        for option, value in zip(self.words, self.words[1:] + [""]):
            option = option.split(":")[0]
            if option in ("--trusted-der", "--pubkey-cert-der"):
                trust.append(self._find(value))
            elif option == "--untrusted-der":
                beside.append(self._find(value))
            elif option == "--verification-gmt-time":
                at = re.sub(r"\+(.*)", r"T\1Z", value)
        embedded = embedded_certificates(self.text)
        if self.good and not embedded and "KeyValue>" in self.text:  # xmlsec trusts a bare key as it stands there
            trust.append(self._write(certificate_around(key_value_spki(self.text)), len(trust)))
        elif self.good and not trust:  # --insecure
            at = at or start_of(embedded[0])
            trust.append(self._write(embedded[0], len(trust)))
        line = ["verify", self.file, "--policy", policy, "--revocation", "off", "--at", at or DEFAULT_AT]
        return line + [part for path in trust for part in ("--trust", path)] + [
            part for path in beside for part in ("--intermediate", path)]


def xmldsig_xmlsec(runner, case):
    folder = runner.corpora / "xmldsig-xmlsec"
    cases, declared, accepted = [], {}, 0
    for row in json.loads((folder / "vectors.json").read_text()):
        vector = Vector(row, folder, pathlib.Path(runner.scratch.name))
        if vector.text is None:
            declared[vector.name] = "the suite names it and has no such file"
            continue
        why = unsupported(vector.text)
        if not vector.good:
            line = vector.arguments("conformance")
            cases.append(case.verdict(f"{vector.name} (bad)", line, good=False))
            cases.append(case.verdict(f"{vector.name} (bad) for submission", vector.arguments("kz-submission"), good=False))
        elif why:
            declared[vector.name] = f"{why[1]} ({why[0]})"
            line = ["verify", vector.file, "--policy", "conformance", "--revocation", "off", "--at", DEFAULT_AT]
            cases.append(case.exact(f"{vector.name} (not supported)", line, REFUSE, why[0]))
        else:
            accepted += 1
            cases.append(case.exact(vector.name, vector.arguments("conformance"), ACCEPT))
            if is_weak(vector.text):
                cases.append(case.one_of(f"{vector.name} for submission", vector.arguments("kz-submission"), REFUSE,
                                         {"algorithm.weak_digest", "algorithm.weak_key", "algorithm.forbidden", "algorithm.ended"}))
    cases.append(case.fact("as many supported vectors as there should be", accepted == ACCEPTED, f"{accepted} instead of {ACCEPTED}"))
    return cases, declared


def is_weak(text):
    """By SHA-1, MD5, DSA or ECDSA in the signature or its references."""
    return re.search(r'(?:Signature|Digest)Method\s[^>]*(?:sha1"|md5"|#dsa-|#ecdsa-)', text) is not None


# What a program may open that was told to read one file: itself, its libraries and settings, the anchor, the file.
_OWN_FILES = re.compile(r'^/(?:etc|lib|lib64|usr|proc|sys|dev)/')


def libxml2(runner, case):
    """Malformed documents, entity bombs, includes: a refusal within the time, nothing else read, no socket opened."""
    folder = runner.corpora / "libxml2"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [case.traced(str(path.relative_to(folder)), path, folder) for path in files], {}


def traced_failure(runner, document, folder):
    """Under strace: the exit status, and what of the corpus beside the document was opened, and any socket."""
    log = pathlib.Path(runner.scratch.name) / f"trace-{abs(hash(document))}"
    strace = shutil.which("strace")
    if not strace:
        return "strace is not installed"
    done = subprocess.run([strace, "-f", "-qq", "-e", "trace=open,openat,openat2,socket,connect,execve", "-o", log, runner.tanba, "verify",
                           document, "--policy", "conformance", "--revocation", "off", "--json"],
                          cwd=document.parent, capture_output=True, timeout=120, check=False)
    trace = log.read_text("utf-8", "replace")
    log.unlink()
    if done.returncode != REFUSE:
        return f"exit status {done.returncode}: {done.stdout[:200]!r}"
    opened = [name for name in re.findall(r'open(?:at2?)?\([^"]*"([^"]+)"', trace)]
    foreign = [name for name in opened if name != str(document) and not _OWN_FILES.match(name)]
    # The program's own dynamic loader looks beside it.
    foreign = [name for name in foreign if not name.startswith(str(pathlib.Path(runner.tanba).parent.parent))]
    if foreign:
        return f"opened {foreign[:3]}"
    if "socket(" in trace or "connect(" in trace:
        return "opened a socket"
    if trace.count("execve(") > 1:
        return "ran a program"
    return ""
