"""CMS SignedData (RFC 5652): taking apart what openssl made, and building by hand what openssl will not make."""

import dataclasses
import datetime
import hashlib

import der
import x509build as build
import signers
from signers import DIGEST_OIDS, DocumentSigner

SIGNED_DATA = "1.2.840.113549.1.7.2"
DATA = "1.2.840.113549.1.7.1"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
SPURI = "1.2.840.113549.1.9.16.5.1"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"

BER_CHUNK = 16  # octets of content in one piece of a constructed OCTET STRING: small, so that there are many


@dataclasses.dataclass
class SignedData:
    """The members of a SignedData, each a TLV; `certificates` and `signer_infos` are lists of TLVs."""

    version: bytes
    digest_algorithms: bytes
    content_type: bytes
    content: bytes | None  # the octets, not the OCTET STRING
    certificates: list[bytes]
    signer_infos: list[bytes]

    def encode(self) -> bytes:
        content = b"" if self.content is None else der.explicit(0, der.octets(self.content))
        return content_info(
            der.seq(
                self.version,
                self.digest_algorithms,
                der.seq(self.content_type, content),
                der.tlv(0xA0, b"".join(self.certificates)) if self.certificates else b"",
                der.tlv(0x31, b"".join(self.signer_infos)),
            )
        )

    def encode_ber(self) -> bytes:
        """Indefinite lengths outside, the content in pieces; certificates and SignerInfos stay DER."""
        content = b""
        if self.content is not None:
            pieces = [self.content[at : at + BER_CHUNK] for at in range(0, len(self.content), BER_CHUNK)]
            string = der.indefinite(0x24, b"".join(der.octets(piece) for piece in pieces))
            content = der.indefinite(0xA0, string)
        inner = (
            self.version
            + self.digest_algorithms
            + der.indefinite(0x30, self.content_type + content)
            + (der.indefinite(0xA0, b"".join(self.certificates)) if self.certificates else b"")
            + der.indefinite(0x31, b"".join(self.signer_infos))
        )
        return der.indefinite(0x30, der.oid(SIGNED_DATA) + der.indefinite(0xA0, der.indefinite(0x30, inner)))


def content_info(signed_data: bytes) -> bytes:
    return der.seq(der.oid(SIGNED_DATA), der.explicit(0, signed_data))


def parse(encoded: bytes) -> SignedData:
    """Takes apart DER."""
    parts = der.children(der.value(der.children(encoded)[1]))
    content_info_parts = der.children(parts[2])
    content = None
    if len(content_info_parts) > 1:
        content = der.value(der.value(content_info_parts[1]))
    certificates: list[bytes] = []
    for part in parts[3:-1]:
        if part[0] == 0xA0:
            certificates = der.children(part)
    return SignedData(parts[0], parts[1], content_info_parts[0], content, certificates, der.children(parts[-1]))


def attribute(oid: str, *values: bytes) -> bytes:
    return der.seq(der.oid(oid), der.set_of(*values))


def signing_certificate_v2(certificate: bytes) -> bytes:
    # RFC 5035: hashAlgorithm DEFAULT sha256 is left out.
    essence = der.seq(der.octets(hashlib.sha256(certificate).digest()))
    return attribute(SIGNING_CERTIFICATE_V2, der.seq(der.seq(essence)))


@dataclasses.dataclass
class SignerPlan:
    """One SignerInfo, and what is odd about it."""

    certificate: bytes
    key: DocumentSigner
    digest: str | None = None  # None: the key's own
    signature_algorithm: str | None = (
        None  # says sha*WithRSAEncryption of this digest, or the algorithm of this kind of ГОСТ key; None: the true one
    )
    plain_rsa_oid: bool = False
    omit: tuple[str, ...] = ()
    repeat: tuple[str, ...] = ()
    says_content_type: str = DATA
    names_certificate: bytes | None = None  # add signingCertificateV2 of this certificate
    signing_time: datetime.datetime | None = None
    signature_policy: bytes | None = None  # SignaturePolicy, whole
    content_type_in_counter_signature: bool = False  # where there must be none

    @property
    def content_digest(self) -> str:
        return self.digest or self.key.digest


def signer_info(plan: SignerPlan, content: bytes) -> bytes:
    seen = build.view(plan.certificate)
    digest_algorithm = der.seq(der.oid(DIGEST_OIDS[plan.content_digest]), der.null())
    attributes = [
        (CONTENT_TYPE, attribute(CONTENT_TYPE, der.oid(plan.says_content_type))),
        (MESSAGE_DIGEST, attribute(MESSAGE_DIGEST, der.octets(signers.digest(plan.content_digest, content)))),
    ]
    if plan.signing_time is not None:
        attributes.append((SIGNING_TIME, attribute(SIGNING_TIME, der.time(plan.signing_time))))
    encoded = [value for oid, value in attributes if oid not in plan.omit]
    encoded += [value for oid, value in attributes if oid in plan.repeat]
    if plan.names_certificate is not None:
        encoded.append(signing_certificate_v2(plan.names_certificate))
    if plan.signature_policy is not None:
        encoded.append(attribute(SIGNATURE_POLICY, plan.signature_policy))
    signed_attributes = der.set_of(*encoded)
    signer = plan.key.with_digest(plan.content_digest)
    algorithm = signer.algorithm
    if plan.signature_algorithm is not None:
        algorithm = signers.signature_algorithm(plan.signature_algorithm)
    if plan.plain_rsa_oid:
        algorithm = der.seq(der.oid(RSA_ENCRYPTION), der.null())
    return der.seq(
        der.integer(1),
        der.seq(seen.issuer, der.integer(seen.serial)),
        digest_algorithm,
        # RFC 5652 5.4: "A separate encoding of the signedAttrs field is performed for message digest calculation [...]
        # an EXPLICIT SET OF tag is used."
        der.retag(0xA0, signed_attributes),
        algorithm,
        der.octets(signer.sign(signed_attributes)),
    )


def signed_data(
    plans: list[SignerPlan], content: bytes, attached: bool = True, certificates: list[bytes] | None = None
) -> SignedData:
    digests = {DIGEST_OIDS[plan.content_digest] for plan in plans} or {DIGEST_OIDS["sha256"]}
    own = list(dict.fromkeys(plan.certificate for plan in plans))
    return SignedData(
        der.integer(1),
        der.set_of(*(der.seq(der.oid(oid), der.null()) for oid in digests)),
        der.oid(DATA),
        content if attached else None,
        own if certificates is None else certificates,
        [signer_info(plan, content) for plan in plans],
    )


def signature_policy(oid: str, text: bytes, uri: str) -> bytes:
    """SignaturePolicyId (ETSI EN 319 122-1 5.2.9.1) with the SHA-256 of the policy's text."""
    hashed = der.seq(der.seq(der.oid(DIGEST_OIDS["sha256"])), der.octets(hashlib.sha256(text).digest()))
    return der.seq(der.oid(oid), hashed, der.seq(der.seq(der.oid(SPURI), der.tlv(0x16, uri.encode("ascii")))))


def signature_value(info: bytes) -> bytes:
    return der.value(next(part for part in reversed(der.children(info)) if part[0] == 0x04))


def add_unsigned(info: bytes, added: bytes) -> bytes:
    """A SignerInfo with one more unsigned attribute."""
    parts = der.children(info)
    attributes = der.children(parts.pop()) if parts[-1][0] == 0xA1 else []
    return der.seq(*parts, der.retag(0xA1, der.set_of(*attributes, added)))


def counter_signature(info: bytes, plan: SignerPlan) -> bytes:
    """RFC 5652 11.4: a SignerInfo over the signature value, without contentType."""
    if not plan.content_type_in_counter_signature:
        plan.omit = (*plan.omit, CONTENT_TYPE)
    return signer_info(plan, signature_value(info))


def add_counter_signature(info: bytes, counter: bytes) -> bytes:
    return add_unsigned(info, attribute(COUNTERSIGNATURE, counter))


def counter_signatures_in(info: bytes) -> list[bytes]:
    parts = der.children(info)
    found = []
    for one in der.children(parts[-1]) if parts[-1][0] == 0xA1 else []:
        kind, values = der.children(one)
        if der.read_oid(kind) == COUNTERSIGNATURE:
            found += der.children(values)
    return found


def counter_sign_inner(info: bytes, plan: SignerPlan) -> bytes:
    """The innermost of the first counter-signatures gets one of its own."""
    inside = counter_signatures_in(info)
    if not inside:
        return add_counter_signature(info, counter_signature(info, plan))
    changed = counter_sign_inner(inside[0], plan)
    parts = der.children(info)
    return der.seq(*parts[:-1], der.tlv(0xA1, attribute(COUNTERSIGNATURE, changed, *inside[1:])))


def flip_signature(info: bytes) -> bytes:
    """A SignerInfo with one bit of its signature value changed."""
    parts = der.children(info)
    at = max(index for index, part in enumerate(parts) if part[0] == 0x04)
    value = bytearray(der.value(parts[at]))
    value[len(value) // 2] ^= 0x01
    parts[at] = der.octets(bytes(value))
    return der.seq(*parts)
