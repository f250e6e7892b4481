"""Verifies signed documents, certificates and CRLs without the code under test: what Tanba makes is held against this.

Signature values and digests only, and with --trust the signatures of the certificates up to an anchor. No times, no
revocation, no policy: those are the business of the product and of the expected outcomes. ГОСТ is gost.py's, RSA
python3-cryptography's, DER der.py's, canonical XML c14n.py's. Whatever is not understood is refused.
"""

import base64
import binascii
import dataclasses
import hashlib
import pathlib
import xml.parsers.expat

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import c14n
import cmsbuild
import der
import gost
import signers
import x509build as build
import xmlbuild

DSIG = xmlbuild.DSIG
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ID_ATTRIBUTES = ("Id", "ID", "id", "wsu:Id")
INCLUSIVE = {xmlbuild.C14N, xmlbuild.C14N_COMMENTS}
EXCLUSIVE = {xmlbuild.EXC_C14N, xmlbuild.EXC_C14N + "WithComments"}
MAX_PATH = 8

_DIGEST_BY_OID = {oid: name for name, oid in signers.DIGEST_OIDS.items()}
_DIGEST_BY_URI = {uri: name for name, uri in xmlbuild.DIGESTS.items()}
_METHOD_BY_URI = {uri: name for name, uri in xmlbuild.SIGNATURES.items()}
_GOST_BY_SIGNATURE = {kind.signature_oid: kind for kind in gost.KINDS.values()}
_RSA_BY_SIGNATURE = {oid: name for name, (_, oid, _) in signers.DIGESTS.items()}


class Refused(Exception):
    """Why something does not verify."""


@dataclasses.dataclass
class Verified:
    """One signature that verifies, and by whom."""

    algorithm: str
    digest: str
    certificate: bytes
    covers: str  # "whole", or the reference
    path: list[bytes]

    def as_json(self) -> dict:
        shown = {"algorithm": self.algorithm, "digest": self.digest, "covers": self.covers}
        shown["certificate"] = hashlib.sha256(self.certificate).hexdigest()
        shown["subject"] = subject_text(build.view(self.certificate).subject)
        shown["path"] = [subject_text(build.view(one).subject) for one in self.path]
        return shown


def subject_text(name: bytes) -> str:
    kinds = {oid: kind for kind, oid in build.NAME_OIDS.items()}
    parts = []
    for rdn in der.children(name):
        for attribute in der.children(rdn):
            oid, text = der.children(attribute)
            dotted = der.read_oid(oid)
            parts.append(f"{kinds.get(dotted, dotted)}={der.value(text).decode('utf-8', 'replace')}")
    return ",".join(parts)


# --- signature values ------------------------------------------------------------------------------------------------


def check_value(spki: bytes, signature_oid: str, digest: str | None, message: bytes, value: bytes) -> str:
    """Name of the algorithm; `digest` is what a bare rsaEncryption goes with."""
    if signature_oid in _GOST_BY_SIGNATURE:
        kind, public = gost.read_spki(spki)
        if kind is not _GOST_BY_SIGNATURE[signature_oid]:
            raise Refused(f"the signature is of {signature_oid}, the key of {kind.name}")
        if not gost.verify(kind, public, message, value):
            raise Refused("the ГОСТ signature value does not verify")
        return kind.name
    name = digest if signature_oid == cmsbuild.RSA_ENCRYPTION else _RSA_BY_SIGNATURE.get(signature_oid)
    if name not in signers.DIGESTS:
        raise Refused(f"the signature algorithm {signature_oid} with {digest}")
    key = serialization.load_der_public_key(spki)
    if not isinstance(key, rsa.RSAPublicKey):
        raise Refused("not an RSA key")
    try:
        key.verify(value, message, padding.PKCS1v15(), signers.DIGESTS[name][0])
    except InvalidSignature as error:
        raise Refused("the RSA signature value does not verify") from error
    return f"rsa-{name}"


def check_signed(encoded: bytes, spki: bytes) -> str:
    """A certificate or CRL: SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING }."""
    signed, algorithm, bits = der.children(encoded)
    return check_value(spki, der.read_oid(der.children(algorithm)[0]), None, signed, der.value(bits)[1:])


# --- paths -----------------------------------------------------------------------------------------------------------


def find_path(certificate: bytes, anchors: list[bytes], others: list[bytes]) -> list[bytes]:
    """From the certificate to an anchor, each signed by the next; names alone prove nothing, so all are tried."""
    waiting = [[certificate]]
    while waiting:
        path = waiting.pop()
        if path[-1] in anchors:
            return path
        if len(path) >= MAX_PATH:
            continue
        issuer_name = build.view(path[-1]).issuer
        for candidate in [*others, *anchors]:
            if build.view(candidate).subject == issuer_name and candidate not in path and _signed_by(path[-1], candidate):
                waiting.append([*path, candidate])
    raise Refused("no path of verifying signatures to an anchor")


def _signed_by(encoded: bytes, candidate: bytes) -> bool:
    try:
        check_signed(encoded, build.view(candidate).spki)
        return True
    except (Refused, ValueError, StopIteration):
        return False


# --- CMS -------------------------------------------------------------------------------------------------------------


def _attributes_of(encoded: bytes) -> dict[str, bytes]:
    """Each signed attribute's one value."""
    found: dict[str, bytes] = {}
    for attribute in der.children(encoded):
        oid, values = der.children(attribute)
        dotted = der.read_oid(oid)
        if dotted in found or len(der.children(values)) != 1:
            raise Refused(f"the attribute {dotted} is not there once with one value")
        found[dotted] = der.children(values)[0]
    return found


def _signer_certificate(sid: bytes, certificates: list[bytes]) -> bytes:
    if sid[0] != 0x30:
        raise Refused("a signer that is not named by issuer and serial number")
    issuer, serial = der.children(sid)
    for certificate in certificates:
        seen = build.view(certificate)
        if seen.issuer == issuer and seen.serial == der.read_integer(serial):
            return certificate
    raise Refused("the signer's certificate is not in the document")


def _check_signing_certificate(value: bytes, certificate: bytes) -> None:
    """RFC 5035 signingCertificateV2: the first entry names the signer's certificate."""
    parts = der.children(der.children(der.children(value)[0])[0])
    name = "sha256"
    if parts[0][0] == 0x30:
        name = _DIGEST_BY_OID.get(der.read_oid(der.children(parts[0])[0]), "")
        parts = parts[1:]
    if not name or signers.digest(name, certificate) != der.value(parts[0]):
        raise Refused("signingCertificateV2 names another certificate")


def _verify_signer_info(
    info: bytes, content: bytes, content_type: bytes | None, certificates: list[bytes]
) -> Verified:
    """`content_type` None: a counter-signature, which has none (RFC 5652 11.4)."""
    parts = der.children(info)
    sid, digest_algorithm, rest = parts[1], parts[2], parts[3:]
    certificate = _signer_certificate(sid, certificates)
    digest = _DIGEST_BY_OID.get(der.read_oid(der.children(digest_algorithm)[0]))
    if digest is None:
        raise Refused("an unknown digest algorithm")
    signed = content
    if rest[0][0] == 0xA0:
        attributes = _attributes_of(rest[0])
        if attributes.get(cmsbuild.CONTENT_TYPE) != content_type:
            raise Refused("contentType is not that of the content")
        if attributes.get(cmsbuild.MESSAGE_DIGEST) != der.octets(signers.digest(digest, content)):
            raise Refused("messageDigest is not the digest of the content")
        if cmsbuild.SIGNING_CERTIFICATE_V2 in attributes:
            _check_signing_certificate(attributes[cmsbuild.SIGNING_CERTIFICATE_V2], certificate)
        # RFC 5652 5.4: "an EXPLICIT SET OF tag is used".
        signed, rest = der.retag(0x31, rest[0]), rest[1:]
    oid = der.read_oid(der.children(rest[0])[0])
    kind = _GOST_BY_SIGNATURE.get(oid)
    if kind is not None and kind.digest != digest:
        raise Refused(f"the digest {digest} does not belong to {kind.name}")
    algorithm = check_value(build.view(certificate).spki, oid, digest, signed, der.value(rest[1]))
    return Verified(algorithm, digest, certificate, "whole", [])


def verify_cms(document: bytes, given: bytes | None) -> tuple[list[Verified], list[bytes]]:
    if der.read_oid(der.children(document)[0]) != cmsbuild.SIGNED_DATA:
        raise Refused("not SignedData")
    data = cmsbuild.parse(document)
    if (data.content is None) == (given is None):
        raise Refused("the content must be inside or given, and not both")
    content = data.content if given is None else given
    assert content is not None
    found = [
        _verify_signer_info(info, content, data.content_type, data.certificates) for info in data.signer_infos
    ]
    waiting = list(data.signer_infos)
    while waiting:
        info = waiting.pop()
        for counter in cmsbuild.counter_signatures_in(info):
            waiting.append(counter)
            found += _verified_counter_signature(info, counter, data.certificates)
    return found, data.certificates


def _verified_counter_signature(info: bytes, counter: bytes, certificates: list[bytes]) -> list[Verified]:
    """One that does not verify takes nothing from the document: it is not listed."""
    try:
        verified = _verify_signer_info(counter, cmsbuild.signature_value(info), None, certificates)
    except Refused:
        return []
    return [dataclasses.replace(verified, covers="signature")]


# --- XML -------------------------------------------------------------------------------------------------------------


def _child(element, name: str):
    found = [one for one in element.childNodes if getattr(one, "localName", None) == name and one.namespaceURI == DSIG]
    if len(found) != 1:
        raise Refused(f"{len(found)} elements {name} in {element.tagName}")
    return found[0]


def _text_of(element) -> str:
    return "".join(node.data for node in element.childNodes if node.nodeType in (node.TEXT_NODE, node.CDATA_SECTION_NODE))


def _base64_of(element) -> bytes:
    try:
        return base64.b64decode("".join(_text_of(element).split()), validate=True)
    except binascii.Error as error:
        raise Refused(f"{element.tagName} is not base64") from error


def _is_exclusive(element, listed: frozenset = frozenset()) -> bool:
    """Of a CanonicalizationMethod or Transform; what changes either method is refused, other than a PrefixList."""
    algorithm = element.getAttribute("Algorithm")
    if algorithm not in INCLUSIVE | EXCLUSIVE:
        raise Refused(f"the algorithm {algorithm}")
    if not listed and any(node.nodeType == node.ELEMENT_NODE for node in element.childNodes):
        raise Refused(f"parameters of {algorithm}")
    return algorithm in EXCLUSIVE


def _prefix_list(transform) -> frozenset:
    """Of an exclusive canonicalisation whose only parameter it is; empty otherwise."""
    parameters = [node for node in transform.childNodes if node.nodeType == node.ELEMENT_NODE]
    if len(parameters) != 1 or transform.getAttribute("Algorithm") != xmlbuild.EXC_C14N:
        return frozenset()
    (one,) = parameters
    if (one.namespaceURI, one.localName) != (xmlbuild.EXC_C14N, "InclusiveNamespaces") or one.childNodes:
        return frozenset()
    return frozenset("" if name == "#default" else name for name in one.getAttribute("PrefixList").split())


def _referenced(document, uri: str):
    """The element that a reference selects; None is the whole document."""
    if uri == "":
        return None
    if not uri.startswith("#") or "(" in uri:
        raise Refused(f"the reference {uri}")
    found = [
        one for one in document.getElementsByTagName("*") if any(one.getAttribute(key) == uri[1:] for key in ID_ATTRIBUTES)
    ]
    if len(found) != 1:
        raise Refused(f"{len(found)} elements with the identifier {uri}")
    return found[0]


def _check_reference(reference, signature, later: list) -> tuple[str, str]:
    """What it covers, and the name of its digest. Enveloped signatures that were added later are not covered."""
    document = signature.ownerDocument
    if not reference.hasAttribute("URI"):
        raise Refused("a reference without URI")
    uri = reference.getAttribute("URI")
    target = _referenced(document, uri)
    skip, exclusive, listed = frozenset(), False, frozenset()
    transforms = [one for one in reference.childNodes if getattr(one, "localName", None) == "Transforms"]
    for transform in [one for group in transforms for one in group.childNodes if one.nodeType == one.ELEMENT_NODE]:
        if transform.getAttribute("Algorithm") == xmlbuild.ENVELOPED:
            skip = frozenset([signature, *later])
        else:
            listed = _prefix_list(transform)
            exclusive = _is_exclusive(transform, listed)
    digest = _DIGEST_BY_URI.get(_child(reference, "DigestMethod").getAttribute("Algorithm"))
    if digest is None:
        raise Refused("an unknown digest method")
    if target is None:
        octets = c14n.canonical_document(document, exclusive, skip, listed)
    else:
        octets = c14n.canonical(target, exclusive, skip, listed)
    if signers.digest(digest, octets) != _base64_of(_child(reference, "DigestValue")):
        raise Refused(f"DigestValue of the reference {uri!r}")
    whole = target is None or target is document.documentElement
    return "whole" if whole else uri, digest


def _certificates_of(signature) -> list[bytes]:
    info = _child(signature, "KeyInfo")
    # WS-Security for the e-government gateway: the certificate itself stands in a KeyIdentifier.
    named = list(info.getElementsByTagNameNS(WSSE, "KeyIdentifier"))
    if len(named) == 1:
        return [_base64_of(named[0])]
    data = _child(info, "X509Data")
    found = [_base64_of(one) for one in data.childNodes if getattr(one, "localName", None) == "X509Certificate"]
    if not found:
        raise Refused("no X509Certificate")
    return found


def _verify_signature_element(signature, later: list) -> tuple[Verified, list[bytes]]:
    info = _child(signature, "SignedInfo")
    references = [one for one in info.childNodes if getattr(one, "localName", None) == "Reference"]
    if not references:
        raise Refused("no reference")
    covered, digests = zip(*(_check_reference(one, signature, later) for one in references))
    certificates = _certificates_of(signature)
    method = _METHOD_BY_URI.get(_child(info, "SignatureMethod").getAttribute("Algorithm"), "")
    kind = gost.KINDS.get(method)
    if kind is None and method.removeprefix("rsa-") not in signers.DIGESTS:
        raise Refused(f"the signature method {method or 'there'}")
    oid = kind.signature_oid if kind else signers.DIGESTS[method.removeprefix("rsa-")][1]
    octets = c14n.canonical(info, _is_exclusive(_child(info, "CanonicalizationMethod")))
    value = _base64_of(_child(signature, "SignatureValue"))
    algorithm = check_value(build.view(certificates[0]).spki, oid, None, octets, value)
    covers = "whole" if "whole" in covered else " ".join(covered)
    return Verified(algorithm, digests[0], certificates[0], covers, []), certificates


def verify_xml(document: bytes) -> tuple[list[Verified], list[bytes]]:
    parsed = c14n.parse(document)
    signatures = list(parsed.getElementsByTagNameNS(DSIG, "Signature"))
    found, certificates = [], []
    for at, signature in enumerate(signatures):
        one, carried = _verify_signature_element(signature, signatures[at + 1 :])
        found.append(one)
        certificates += carried
    return found, certificates


# --- a file ----------------------------------------------------------------------------------------------------------


def certificates_in(path: pathlib.Path) -> list[bytes]:
    """All certificates of a file, or of the files of a folder."""
    if path.is_dir():
        return [one for file in sorted(path.iterdir()) if file.is_file() for one in certificates_in(file)]
    content = path.read_bytes()
    marker = b"-----BEGIN CERTIFICATE-----"
    if marker not in content:
        return [content]
    return [der.unpem(marker + part) for part in content.split(marker)[1:]]


def _kind_of(document: bytes) -> str:
    if document.lstrip()[:1] == b"<" or document[:3] == b"\xef\xbb\xbf":
        return "xml"
    if document[1:2] == b"\x80" or len(parts := der.children(document)) == 2:
        return "cms"
    # A CRL's TBSCertList begins with its version, a TBSCertificate with [0].
    return "certificate" if der.children(parts[0])[0][0] == 0xA0 else "crl"


def _verify_crl(document: bytes, known: list[bytes]) -> tuple[str, bytes]:
    issuer_name = der.children(der.children(document)[0])[2]
    for candidate in known:
        if build.view(candidate).subject == issuer_name:
            try:
                return check_signed(document, build.view(candidate).spki), candidate
            except Refused:
                continue
    raise Refused("no issuer is known under whose key the list verifies")


def verify(
    content: bytes, given: bytes | None, anchors: list[bytes] | None, others: list[bytes]
) -> tuple[str, list[Verified]]:
    """What the file is, and its signatures, all of which verify. `anchors` None: paths are not looked at."""
    try:
        document = content if content.lstrip()[:1] == b"<" else der.unpem(content)
        kind = _kind_of(document)
        if kind == "cms":
            document = der.definite(document)
        if kind in ("certificate", "crl"):
            return kind, [_verify_alone(kind, document, anchors, others)]
        found, carried = verify_cms(document, given) if kind == "cms" else verify_xml(document)
        if not found:
            raise Refused("no signature")
        for one in found:
            if anchors is not None:
                one.path = find_path(one.certificate, anchors, [*carried, *others])
        return kind, found
    except (ValueError, IndexError, StopIteration, AssertionError, xml.parsers.expat.ExpatError) as error:
        raise Refused(f"unreadable: {error!r}") from error


def _verify_alone(kind: str, document: bytes, anchors: list[bytes] | None, others: list[bytes]) -> Verified:
    if anchors is None:
        raise Refused(f"for a {kind} --trust must say by whom")
    if kind == "certificate":
        path = find_path(document, anchors, others)
        signer = path[1] if len(path) > 1 else path[0]
        return Verified(check_signed(document, build.view(signer).spki), "", document, "whole", path)
    algorithm, issuer = _verify_crl(document, [*anchors, *others])
    return Verified(algorithm, "", issuer, "whole", find_path(issuer, anchors, others))
