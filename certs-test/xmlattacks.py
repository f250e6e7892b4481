"""XML documents made to deceive: what is moved, renamed or hidden around a signature that is itself genuine."""

import base64
import hashlib
import hmac
import re

import der
import xmlbuild
from xmlbuild import Reference, Template

SECOND_ID = "application-2"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def forged(application: str, claim_id: str) -> str:
    """The application with another applicant; `claim_id` is its attribute in place of the Id."""
    text = re.sub(r"(<(?:bin|iin)>)\d{3}", r"\g<1>999", application, count=1)
    return re.sub(r' Id="[^"]*"', f" {claim_id}" if claim_id else "", text, count=1)


def find_application(text: str) -> str:
    found = re.search(r"<application .*?</application>", text, re.S)
    assert found
    return found[0]


def find_signature(text: str) -> str:
    found = re.search(r"<ds:Signature .*?</ds:Signature>", text, re.S)
    assert found
    return found[0]


# How the same Id is claimed by the forged application; nothing: it has an Id of its own.
CLAIMS = {
    "other": f'Id="{SECOND_ID}"',
    "none": "",
    "same": 'Id="application-1"',
    "ID": 'ID="application-1"',
    "id": 'id="application-1"',
    "xml:id": 'xml:id="application-1"',
    "wsu:Id": f'xmlns:wsu="{WSU}" wsu:Id="application-1"',
}


def wrap(maker, document: bytes, mutation: dict) -> bytes:
    """A forged application takes the place of the signed one, which moves: `into` aside, object, inside, key-info."""
    del maker
    text = document.decode("utf-8")
    original = find_application(text)
    fake = forged(original, CLAIMS[mutation["id"]])
    into = mutation.get("into", "aside")
    if into == "inside":
        return text.replace(original, fake.replace("<fields>", f"<fields><field>{original}</field>", 1), 1).encode()
    text = text.replace(original, fake, 1)
    if into == "object":
        return text.replace("</ds:Signature>", f"<ds:Object>{original}</ds:Object></ds:Signature>", 1).encode()
    if into == "key-info":
        return text.replace("</ds:KeyInfo>", f"{original}</ds:KeyInfo>", 1).encode()
    return text.replace("</envelope>", f'<aside xmlns="">{original}</aside></envelope>', 1).encode()


def enclose(maker, document: bytes, mutation: dict) -> bytes:
    """The whole signed document becomes a part of another one."""
    del maker, mutation
    return b"<outer>" + document[document.index(b"<application"):] + b"</outer>"


def move_signature(maker, document: bytes, mutation: dict) -> bytes:
    """The Signature becomes the first child of the document element, or of its `into`."""
    del maker
    text = document.decode("utf-8")
    signature = find_signature(text)
    text = text.replace(signature, "", 1)
    at = text.index(mutation["into"]) + len(mutation["into"])
    return (text[:at] + signature + text[at:]).encode("utf-8")


class HmacSigner:
    """A MAC whose secret is what everybody knows: the certificate's public key."""

    def __init__(self, certificate: bytes, length: int | None):
        tbs = der.children(der.children(certificate)[0])
        self._secret = tbs[6]  # with version: serial, algorithm, issuer, validity, subject, key
        self._length = length

    def sign(self, message: bytes) -> bytes:
        return hmac.new(self._secret, message, hashlib.sha256).digest()[: self._length]


def _by_id(target: str, canonical: str, identifier: str | None = None) -> Template:
    digest = base64.b64encode(hashlib.sha256(canonical.encode("utf-8")).digest()).decode("ascii")
    return Template([Reference(f"#{target}", (xmlbuild.EXC_C14N,), digest_value=digest)], c14n=xmlbuild.EXC_C14N,
                    signature_id=identifier)


def _sign(maker, document: str, template: Template, name: str) -> str:
    template.certificates = (maker.authority_certificate(name),)
    return xmlbuild.hand_sign(document, template, maker.authority_signer(name), "")


def two_parts(maker, scenario: dict, content: bytes) -> bytes:
    """Two signatures, each over another part; together they cover more than either."""
    first = content.decode("utf-8")
    second = forged(first, CLAIMS["other"])
    document = f"<envelope>{first}{second}</envelope>"
    signers = scenario["signers"]
    document = _sign(maker, document, _by_id("application-1", first), signers[0])
    return _sign(maker, document, _by_id(SECOND_ID, second), signers[-1]).encode("utf-8")


def signature_only(maker, scenario: dict, content: bytes) -> bytes:
    """A good signature over the whole, and a second one over nothing but the first."""
    document = content.decode("utf-8")
    signers = scenario["signers"]
    digest = base64.b64encode(hashlib.sha256(document.encode("utf-8")).digest()).decode("ascii")
    whole = Template([Reference("", (xmlbuild.ENVELOPED, xmlbuild.EXC_C14N), digest_value=digest)],
                     c14n=xmlbuild.EXC_C14N, signature_id="first")
    document = _sign(maker, document, whole, signers[0])
    return _sign(maker, document, _by_id("first", find_signature(document)), signers[-1]).encode("utf-8")


def manifest(maker, scenario: dict, content: bytes) -> bytes:
    """What is signed is a list of digests; that of the application in it is wrong, and nobody need look."""
    listed = (
        f'<ds:Manifest xmlns:ds="{xmlbuild.DSIG}" Id="list"><ds:Reference URI="#application-1">'
        f'<ds:DigestMethod Algorithm="{xmlbuild.DIGESTS["sha256"]}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(bytes(32)).decode('ascii')}</ds:DigestValue></ds:Reference></ds:Manifest>"
    )
    template = _by_id("list", listed)
    template.objects = f"<ds:Object>{listed}</ds:Object>"
    return _sign(maker, content.decode("utf-8"), template, scenario["signers"][0]).encode("utf-8")


BUILDERS = {"xml-two-parts": two_parts, "xml-signature-only": signature_only, "xml-manifest": manifest}
MUTATIONS = {"wrap": wrap, "enclose": enclose, "move-signature": move_signature}
