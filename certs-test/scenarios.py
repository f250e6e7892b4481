"""The scenario documents: each folder of scenarios/ says what to build and what must come of it.

`scenario.json` names a builder and what is odd; `expected.txt` is the outcome as text, the same that
outcomes.OUTCOMES gives for the scenario's `outcome` (the self-test holds the two together).  README.md explains the
members.  Documents are made by openssl and xmlsec1 where these can, by hand where they cannot.
"""

import base64
import collections.abc
import datetime
import hashlib
import json
import pathlib
import re
import shutil
import subprocess

import cmsbuild
import der
import outcomes
import pdfcases
import tsa
import xadescases
import xmlattacks
import xmlbuild
import xmlcounter
from authority import Authority, UsageError, parse_time, pem, rfc3339, write_atomically
from signers import DocumentSigner, GostSigner, RussianOrderSigner
from xmlbuild import Reference, Template

FOLDER = pathlib.Path(__file__).resolve().parent / "scenarios"
NAMESPACE = "urn:tanba:demo:1"
APPLICATION_ID = "application-1"
HMAC_KEY = b"a secret that both sides know"

POLICIES = {
    "named": cmsbuild.signature_policy("2.25.1.2.3", b"the text of a policy", "http://policy.test/1"),
    "implied": der.null(),
    "malformed": der.seq(der.null()),
}

DEFAULTS = {
    "signers": ["head"],
    "content": "application",
    "at": "good",
    "policy": "kz-submission",
    "revocation": "require",
    "evidence": "crl",
    "options": {},
    "mutations": [],
    "stamps": [],
    "counterSignatures": [],
    "counterStamps": [],
    "claimsTime": None,
    "warnings": [],
    "also": [],
}


def load(name: str) -> dict:
    scenario = {**DEFAULTS, **json.loads((FOLDER / name / "scenario.json").read_text(encoding="utf-8"))}
    scenario["name"] = name
    return scenario


def names() -> list[str]:
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "scenario.json").exists())


def expected_text(outcome: str) -> str:
    expected = outcomes.outcome(outcome)
    if expected.decision == "accept":
        return "decision: accept\n"
    return f"decision: {expected.decision}\nsubIndication: {expected.sub_indication}\ncode: {expected.code}\n"


def make_all(authority: Authority, out: pathlib.Path, only: list[str] | None = None) -> int:
    out.mkdir(parents=True, exist_ok=True)
    maker = Maker(authority, out)
    wanted = only or names()
    made = []
    for name in wanted:
        made.append(maker.make(load(name)))
    if not only:
        for stale in {folder.name for folder in out.iterdir() if folder.is_dir()} - set(wanted):
            shutil.rmtree(out / stale)
        write_atomically(
            out / "index.json", (json.dumps({"scenarios": made}, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        )
    return len(made)


class Maker:
    def __init__(self, authority: Authority, out: pathlib.Path):
        self._authority = authority
        self._out = out
        self._good_at = parse_time(authority.meta("madeAt"))
        self._index = json.loads((authority.folder / "index.json").read_text(encoding="utf-8"))
        self._work = out

    # --- one scenario ------------------------------------------------------------------------------------------------

    def make(self, scenario: dict) -> dict:
        folder = self._out / scenario["name"]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._work = folder
        content = self.content(scenario)
        document = BUILDERS[scenario["builder"]](self, scenario, content)
        for mutation in scenario["mutations"]:
            document = MUTATIONS[mutation["do"]](self, document, mutation)
        document_name = f"document.{scenario['kind']}"
        (folder / document_name).write_bytes(document)
        resolved = self._resolved(scenario, document_name)
        given = self._given_content(scenario, content)
        if given is not None:
            (folder / "content.bin").write_bytes(given)
            resolved["content"] = f"scenarios/{scenario['name']}/content.bin"
        (folder / "scenario.json").write_text(
            json.dumps(resolved, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        (folder / "expected.txt").write_text(expected_text(scenario["outcome"]), encoding="ascii")
        return resolved

    @staticmethod
    def _given_content(scenario: dict, content: bytes) -> bytes | None:
        detached = scenario["kind"] == "cms" and not scenario["options"].get("attached", True)
        given = scenario.get("given", "same" if detached else "none")
        if given == "none":
            return None
        return content if given == "same" else content.replace(b"9", b"8", 1)

    def _resolved(self, scenario: dict, document_name: str) -> dict:
        evidence = scenario["evidence"]
        if isinstance(evidence, str):
            evidence = {
                "crl": {"crls": ["crl"], "ocsps": []},
                "ocsp": {"crls": ["crl/root.crl", "crl/gost-root.crl"], "ocsps": ["ocsp"]},
                "none": {"crls": [], "ocsps": []},
            }[evidence]
        return {
            "name": scenario["name"],
            "about": scenario["about"],
            "kind": scenario["kind"],
            "document": f"scenarios/{scenario['name']}/{document_name}",
            "content": None,
            "at": rfc3339(self._at(scenario["at"])),
            "existedAt": scenario.get("existedAt"),
            "policy": scenario["policy"],
            "revocation": scenario["revocation"],
            "trust": self._trust(scenario),
            "intermediates": ["ca"],
            **evidence,
            "signers": scenario["signers"],
            "claim": self._claim(scenario),
            "stamps": scenario["stamps"],
            "counterSignatures": scenario["counterSignatures"],
            "counterStamps": scenario["counterStamps"],
            "claimsTime": scenario["claimsTime"],
            "warnings": scenario["warnings"],
            "also": scenario["also"],
            "outcome": scenario["outcome"],
            "expected": outcomes.outcome(scenario["outcome"]).as_json(),
        }

    def _trust(self, scenario: dict) -> list[str]:
        """The anchors of all signers, whether they know each other or not."""
        known = self._index["certificates"]
        return sorted({known[name]["anchors"] for name in scenario["signers"]}) or ["anchors.pem"]

    def _claim(self, scenario: dict) -> dict:
        """Whom the application names: the subject of `claimOf`, else what the first signer's entry says."""
        if "claimOf" in scenario:
            entry = self._index["certificates"][scenario["claimOf"]]
            return {"bin": entry["bin"]} if entry["bin"] else {"iin": entry["iin"]}
        first = scenario["signers"][0] if scenario["signers"] else "head"
        return self._index["certificates"][first]["claim"]

    def _at(self, text: str) -> datetime.datetime:
        if text == "good":
            return self._good_at
        matched = re.fullmatch(r"([+-]\d+)([dh])", text)
        if not matched:
            raise UsageError(f"at: {text}")
        unit = datetime.timedelta(days=1) if matched[2] == "d" else datetime.timedelta(hours=1)
        return self._good_at + int(matched[1]) * unit

    # --- contents ----------------------------------------------------------------------------------------------------

    def content(self, scenario: dict) -> bytes:
        kind = scenario["content"]
        if kind == "text":
            return "Өтініш № 9: мұнай-газ саласындағы лицензия.\r\nЗаявление № 9.\n".encode("utf-8")
        if kind == "empty":
            return b""
        if kind == "large":
            return bytes(range(256)) * 4096
        ((number_kind, number),) = self._claim(scenario).items()
        fields = "".join(f'<field name="f{at}">мәні {at}</field>' for at in range(3))
        if kind == "ten-megabytes":
            fields += "<blob>" + "0123456789abcdef" * (10 * 1024 * 1024 // 16) + "</blob>"
        if kind == "comments":
            fields += "<!-- not covered -->"
        if kind == "duplicate-ids":
            fields += '<field Id="a">1</field><field Id="a">2</field>'
        if kind == "identified-field":
            fields += f'<field Id="{xmlcounter.FIELD_ID}">мәні</field>'
        if kind == "deep":
            fields += "<d>" * 20000 + "</d>" * 20000
        # Written in canonical form, so that a signature by hand may digest the text.
        return (
            f'<application xmlns="{NAMESPACE}" Id="{APPLICATION_ID}"><requestId>9f1c0d52-0000-4000-8000-000000000009</requestId>'
            f"<service>oil-gas</service><applicant><{number_kind}>{number}</{number_kind}></applicant>"
            f"<fields>{fields}</fields></application>"
        ).encode("utf-8")

    # --- CMS ---------------------------------------------------------------------------------------------------------

    def path(self, kind: str, name: str) -> str:
        return str(
            self._authority.folder
            / {"cert": f"certs/{name}.pem", "key": f"keys/{name}.key.pem", "ca": f"ca/{name}.pem"}[kind]
        )

    def openssl_cms(self, scenario: dict, content: bytes) -> bytes:
        options = scenario["options"]
        source, target = self._work / "in.bin", self._work / "out.cms"
        source.write_bytes(content)
        command = [
            "openssl",
            "cms",
            "-sign",
            "-binary",
            "-outform",
            "DER",
            "-nosmimecap",
            "-in",
            str(source),
            "-out",
            str(target),
        ]
        command += ["-md", options.get("md", "sha256")]
        if options.get("attached", True):
            command.append("-nodetach")
        for name in scenario["signers"]:
            command += ["-signer", self.path("cert", name), "-inkey", self.path("key", name)]
            command += options.get("perSigner", [])
        for name in options.get("withAuthorities", []):
            command += ["-certfile", self.path("ca", name)]
        run([*command, *options.get("openssl", [])])
        document = target.read_bytes()
        source.unlink()
        target.unlink()
        return document

    def hand_cms(self, scenario: dict, content: bytes) -> bytes:
        options = scenario["options"]
        plans = []
        for name in scenario["signers"]:
            named = options.get("namesCertificateOf")
            plans.append(
                cmsbuild.SignerPlan(
                    self._authority.certificate(name),
                    self._signer(options, name),
                    digest=options.get("md"),
                    signature_algorithm=options.get("saysSignature"),
                    plain_rsa_oid=options.get("plainRsa", False),
                    omit=tuple(ATTRIBUTES[key] for key in options.get("omit", [])),
                    repeat=tuple(ATTRIBUTES[key] for key in options.get("repeat", [])),
                    says_content_type=options.get("saysContentType", cmsbuild.DATA),
                    names_certificate=self._authority.certificate(named) if named else None,
                    signing_time=self._good_at,
                    signature_policy=POLICIES[options["signaturePolicy"]] if "signaturePolicy" in options else None,
                )
            )
        data = cmsbuild.signed_data(plans, content, options.get("attached", True))
        data.signer_infos *= options.get("copies", 1)
        return data.encode()

    def counter_signer(self, mutation: dict) -> cmsbuild.SignerPlan:
        name = mutation["by"]
        return cmsbuild.SignerPlan(
            self._authority.certificate(name),
            self._authority.signer(name),
            omit=tuple(ATTRIBUTES[key] for key in mutation.get("omit", [])),
            signing_time=self._good_at,
            content_type_in_counter_signature=mutation.get("saysContentType", False),
        )

    def _signer(self, options: dict, name: str) -> DocumentSigner:
        signer = self._authority.signer(name)
        if options.get("octetOrder") == "russian":
            assert isinstance(signer, GostSigner)
            return RussianOrderSigner(signer)
        return signer

    # --- XML ---------------------------------------------------------------------------------------------------------

    def xmlsec(self, scenario: dict, content: bytes) -> bytes:
        """The signers one after the other, each signature covering those before it."""
        options = scenario["options"]
        document = content.decode("utf-8")
        if "enclose" in options:
            # The signature goes into an outer element, beside what it signs.
            document = f'<envelope xmlns="{NAMESPACE}">{document}</envelope>'
        document = options.get("before", "") + document
        for name in scenario["signers"]:
            template = self._template(options, self._authority.signer(name))
            document = xmlbuild.insert_last(document, xmlbuild.signature(template))
            document = xmlbuild.xmlsec_sign(
                document, self._xmlsec_key(options, name), self._work, self._xmlsec_options(options)
            )
        return document.encode("utf-8")

    def _template(self, options: dict, signer: DocumentSigner) -> Template:
        references = [
            Reference(
                entry.get("uri", ""),
                tuple(
                    getattr(xmlbuild, transform)
                    for transform in entry.get("transforms", ["ENVELOPED", "C14N_COMMENTS"])
                ),
                entry.get("digest", signer.digest),
            )
            for entry in options.get("references", [{}])
        ]
        return Template(
            references,
            prefix=options.get("prefix", "ds"),
            c14n=getattr(xmlbuild, options.get("c14n", "C14N")),
            method=options.get("method", signer.xml_method),
            key_info=options.get("keyInfo", "certificate"),
        )

    def _xmlsec_key(self, options: dict, name: str) -> list[str]:
        if options.get("method", "").startswith("hmac"):
            secret = self._work / "hmac.key"
            secret.write_bytes(HMAC_KEY)
            return ["--hmackey", str(secret)]
        chain = ",".join(
            [
                self.path("key", name),
                self.path("cert", name),
                *(self.path("ca", ca) for ca in options.get("withAuthorities", [])),
            ]
        )
        return ["--privkey-pem", chain]

    @staticmethod
    def _xmlsec_options(options: dict) -> list[str]:
        ids = [f"{NAMESPACE}:application"]
        more = [part for node in ids for part in ("--id-attr:Id", node)]
        return [*more, "--node-xpath", "(//*[local-name()='Signature'])[last()]", *options.get("xmlsec", [])]

    def hand_xml(self, scenario: dict, content: bytes) -> bytes:
        """The signers one after the other, each signature covering those before it."""
        options = scenario["options"]
        document, part = content.decode("utf-8"), None
        if "enclose" in options:
            document, part = f'<envelope xmlns="{NAMESPACE}">{document}</envelope>', document
        for at, name in enumerate(scenario["signers"]):
            signer = self._signer(options, name)
            template = self._template(options, signer)
            template.value_id = f"value-of-{at}" if options.get("valueIds") else None
            template.line_ending = options.get("lineEnding", "")
            named = options.get("certificates", [name])
            template.certificates = tuple(self._authority.certificate(one) for one in named)
            template.certificates += tuple(self._authority.certificate(ca) for ca in options.get("withAuthorities", []))
            # Inclusive canonicalisation writes the default namespace in scope on SignedInfo too, exclusive does not.
            scope = "" if template.c14n == xmlbuild.EXC_C14N or not template.prefix else f' xmlns="{NAMESPACE}"'
            if options.get("noReference"):
                template.references = []
            template.references *= options.get("copies", 1)
            if template.method.startswith("hmac"):
                length = options.get("hmacOctets")
                template.method_body = f"<ds:HMACOutputLength>{length * 8}</ds:HMACOutputLength>" if length else ""
                signer = xmlattacks.HmacSigner(self._authority.certificate(name), length)
            document = xmlbuild.hand_sign(document, template, signer, scope, part)
        return document.encode("utf-8")

    # --- neither -----------------------------------------------------------------------------------------------------

    def raw(self, scenario: dict, content: bytes) -> bytes:
        what = scenario["options"]["raw"]
        if what == "content":
            return content
        if what == "empty":
            return b""
        if what == "noise":
            return hashlib.sha512(b"noise").digest() * 8
        if what == "certificate":
            return self._authority.certificate("head")
        if what == "cms-data":
            return der.seq(der.oid(cmsbuild.DATA), der.explicit(0, der.octets(content)))
        if what == "deep-der":
            # Constructed in constructed, 50,000 times, each of indefinite length.
            return b"\x30\x80" * 50000 + b"\x00\x00" * 50000
        raise UsageError(f"raw: {what}")

    def authority_signer(self, name: str) -> DocumentSigner:
        return self._authority.signer(name)

    def authority_certificate(self, name: str) -> bytes:
        return self._authority.certificate(name)

    @property
    def good_at(self) -> datetime.datetime:
        return self._good_at

    def file(self, name: str) -> bytes:
        """Of the authority's folder; PEM becomes DER."""
        octets = (self._authority.folder / name).read_bytes()
        return der.unpem(octets) if octets.startswith(b"-----") else octets

    def time_stamp(self, over: bytes, mutation: dict) -> bytes:
        stamp = tsa.Stamp(
            tsa.imprint_of(over, mutation.get("imprint", "sha256")),
            mutation.get("policy", tsa.POLICY_RSA),
            self._at(mutation["at"]),
            mode=mutation.get("mode", "ok"),
            tsa=mutation.get("tsa", "tsa"),
            md=mutation.get("md"),
        )
        return tsa.TimeStampAuthority(self._authority).token(stamp)


ATTRIBUTES = {
    "contentType": cmsbuild.CONTENT_TYPE,
    "messageDigest": cmsbuild.MESSAGE_DIGEST,
    "signingTime": cmsbuild.SIGNING_TIME,
}

Builder = collections.abc.Callable[[Maker, dict, bytes], bytes]
BUILDERS: dict[str, Builder] = {
    "openssl-cms": Maker.openssl_cms,
    "hand-cms": Maker.hand_cms,
    "xmlsec": Maker.xmlsec,
    "hand-xml": Maker.hand_xml,
    **xmlattacks.BUILDERS,
    **xadescases.BUILDERS,
    "pdf": pdfcases.make,
    "raw": Maker.raw,
}


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UsageError(f"{' '.join(command)}\n{done.stderr}")


# --- mutations: what is done to a finished document ------------------------------------------------------------------


def _truncate(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    return document[: int(len(document) * mutation.get("share", 0.5))]


def _append(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    return document + mutation["text"].encode("utf-8")


def _to_pem(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    return pem(mutation.get("label", "CMS"), document)


def _to_ber(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker, mutation
    return cmsbuild.parse(document).encode_ber()


def _flip_content(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker, mutation
    data = cmsbuild.parse(document)
    assert data.content
    changed = bytearray(data.content)
    changed[len(changed) // 2] ^= 0x01
    data.content = bytes(changed)
    return data.encode()


def _flip_cms_signature(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    data = cmsbuild.parse(document)
    at = mutation.get("signer", 0)
    data.signer_infos[at] = cmsbuild.flip_signature(data.signer_infos[at])
    return data.encode()


def _no_signers(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker, mutation
    data = cmsbuild.parse(document)
    data.signer_infos = []
    return data.encode()


def _replace_cms_certificates(maker: Maker, document: bytes, mutation: dict) -> bytes:
    data = cmsbuild.parse(document)
    data.certificates = [maker.authority_certificate(name) for name in mutation["with"]]
    return data.encode()


def _time_stamp(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """A signature time stamp; with `over`: content, over that instead of the signature."""
    data = cmsbuild.parse(document)
    at = mutation.get("signer", 0)
    over = cmsbuild.signature_value(data.signer_infos[at])
    if mutation.get("over") == "content":
        assert data.content
        over = data.content
    data.signer_infos[at] = tsa.add_to_signer(data.signer_infos[at], maker.time_stamp(over, mutation))
    return data.encode()


def _counter_sign(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """A counter-signature of `by` over signer `signer`, or over its counter-signature when `nested`; `break`: one bit of
    its value is changed; `over`: the value of another signer's signature; `stamp`: its own time stamp."""
    data = cmsbuild.parse(document)
    at = mutation.get("signer", 0)
    plan = maker.counter_signer(mutation)
    if mutation.get("nested"):
        data.signer_infos[at] = cmsbuild.counter_sign_inner(data.signer_infos[at], plan)
    else:
        over = data.signer_infos[mutation.get("over", at)]
        counter = cmsbuild.counter_signature(over, plan)
        if mutation.get("break"):
            counter = cmsbuild.flip_signature(counter)
        if "stamp" in mutation:
            stamp = mutation["stamp"]
            stamped = over if stamp.get("over") == "countersigned" else counter
            counter = tsa.add_to_signer(counter, maker.time_stamp(cmsbuild.signature_value(stamped), stamp))
        for _ in range(mutation.get("copies", 1)):
            data.signer_infos[at] = cmsbuild.add_counter_signature(data.signer_infos[at], counter)
    data.certificates += [plan.certificate] if plan.certificate not in data.certificates else []
    return data.encode()


def _attributes_as_content(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """The signed attributes become the content: the same value verifies over it when the signer has none."""
    del maker, mutation
    data = cmsbuild.parse(document)
    parts = der.children(data.signer_infos[0])
    data.content = der.retag(0x31, parts[3])
    data.signer_infos = [der.seq(*parts[:3], *parts[4:])]
    return data.encode()


def _detach(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """The content is taken out, as if it had never been attached."""
    del maker, mutation
    data = cmsbuild.parse(document)
    data.content = None
    return data.encode()


def _move_time_stamps(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """The unsigned attributes of one signer become another's: each stamp is over a signature beside it."""
    del maker
    data = cmsbuild.parse(document)
    source, target = mutation["from"], mutation["to"]
    *rest, attributes = der.children(data.signer_infos[source])
    data.signer_infos[source] = der.seq(*rest)
    data.signer_infos[target] = der.seq(*der.children(data.signer_infos[target]), attributes)
    return data.encode()


def _replace_text(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """`count` of the occurrences of `old`, from the first."""
    del maker
    old, new = mutation["old"].encode("utf-8"), mutation["new"].encode("utf-8")
    if old not in document:
        raise UsageError(f"nothing to replace: {mutation['old']}")
    return document.replace(old, new, mutation.get("count", 1))


def _flip_xml_signature(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    found = list(re.finditer(rb"SignatureValue>([^<]+)<", document))[mutation.get("signature", 0)]
    value = bytearray(base64.b64decode(found[1]))
    value[len(value) // 2] ^= 0x01
    return document[: found.start(1)] + base64.b64encode(bytes(value)) + document[found.end(1) :]


def _replace_xml_certificate(maker: Maker, document: bytes, mutation: dict) -> bytes:
    certificate = base64.b64encode(maker.authority_certificate(mutation["with"]))
    return re.sub(rb"(X509Certificate>)[^<]+(<)", lambda m: m[1] + certificate + m[2], document)


def _before_root(maker: Maker, document: bytes, mutation: dict) -> bytes:
    """Puts text between the XML declaration, if any, and the document element."""
    del maker
    declared = re.match(rb"\s*<\?xml[^>]*\?>\s*", document)
    at = declared.end() if declared else 0
    return document[:at] + mutation["text"].encode("utf-8") + document[at:]


def _reencode(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    text = re.sub(r"^\s*<\?xml[^>]*\?>\s*", "", document.decode("utf-8"))
    label = mutation["declares"]
    return (f'<?xml version="1.0" encoding="{label}"?>' + text).encode(mutation["as"])


def _break_utf8(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker, mutation
    assert b"<service>" in document
    return document.replace(b"<service>", b"<service>\xff\xfe\x80", 1)


def _repeat_signature(maker: Maker, document: bytes, mutation: dict) -> bytes:
    del maker
    text = document.decode("utf-8")
    found = re.search(r"<ds:Signature .*?</ds:Signature>", text, re.S)
    assert found
    return text.replace(found[0], found[0] * mutation["count"], 1).encode("utf-8")


Mutation = collections.abc.Callable[[Maker, bytes, dict], bytes]
MUTATIONS: dict[str, Mutation] = {
    "truncate": _truncate,
    "append": _append,
    "to-pem": _to_pem,
    "to-ber": _to_ber,
    "flip-content": _flip_content,
    "flip-cms-signature": _flip_cms_signature,
    "no-signers": _no_signers,
    "replace-cms-certificates": _replace_cms_certificates,
    "counter-sign": _counter_sign,
    "attributes-as-content": _attributes_as_content,
    "detach": _detach,
    "time-stamp": _time_stamp,
    "move-time-stamps": _move_time_stamps,
    "replace-text": _replace_text,
    "flip-xml-signature": _flip_xml_signature,
    "replace-xml-certificate": _replace_xml_certificate,
    "before-root": _before_root,
    "reencode": _reencode,
    "break-utf8": _break_utf8,
    **xmlattacks.MUTATIONS,
    **xmlcounter.MUTATIONS,
    "repeat-signature": _repeat_signature,
}
