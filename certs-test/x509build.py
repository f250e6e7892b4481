"""X.509 names, extensions, certificates and CRLs as DER, in the profile of НУЦ РК and in wrong ones."""

import dataclasses
import datetime
import hashlib

import der
from signers import Signer

# The demo marker: a UUID of this project under the arc 2.25 (X.667), see README.md.
DEMO_MARKER_OID = "2.25.267144961041042545340788917141386069931"
DEMO_MARKER_TEXT = "TANBA DEMO"
DEMO_ORGANIZATION = "TANBA DEMO - NOT FOR REAL USE"

_PRINTABLE = {"C", "serialNumber"}
_IA5 = {"E", "DC"}
NAME_OIDS = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "businessCategory": "2.5.4.15",
    "GN": "2.5.4.42",
    "E": "1.2.840.113549.1.9.1",
    "DC": "0.9.2342.19200300.100.1.25",
}

EKU_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
EKU_EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
EKU_CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
EKU_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
EKU_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"

ROLE_ARC = "1.2.398.3.3.4."
TREASURY_EKU = "1.2.398.5.19.1.2.2.1"

KEY_USAGE_BITS = {
    "digitalSignature": 0,
    "nonRepudiation": 1,
    "keyEncipherment": 2,
    "dataEncipherment": 3,
    "keyAgreement": 4,
    "keyCertSign": 5,
    "cRLSign": 6,
}

# RFC 5280 5.3.1. "remove" is not among them: only a delta says removeFromCRL.
REASONS = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}


def name(attributes: list[tuple[str, str]]) -> bytes:
    """One attribute an RDN, in the order given."""
    rdns = []
    for kind, text in attributes:
        string = der.printable if kind in _PRINTABLE else der.ia5 if kind in _IA5 else der.utf8
        rdns.append(der.set_of(der.seq(der.oid(NAME_OIDS[kind]), string(text))))
    return der.seq(*rdns)


def extension(oid: str, content: bytes, critical: bool = False) -> bytes:
    flag = der.boolean(True) if critical else b""
    return der.seq(der.oid(oid), flag, der.octets(content))


def basic_constraints(is_ca: bool, path_length: int | None = None) -> bytes:
    inner = der.boolean(True) if is_ca else b""
    if path_length is not None:
        inner += der.integer(path_length)
    return extension("2.5.29.19", der.seq(inner), critical=True)


def key_usage(usages: list[str], critical: bool = True) -> bytes:
    return extension("2.5.29.15", der.named_bits({KEY_USAGE_BITS[usage] for usage in usages}), critical)


def extended_key_usage(oids: list[str], critical: bool = False) -> bytes:
    return extension("2.5.29.37", der.seq(*(der.oid(oid) for oid in oids)), critical)


def key_identifier(spki: bytes) -> bytes:
    # RFC 5280 4.2.1.2 (1): "the 160-bit SHA-1 hash of the value of the BIT STRING subjectPublicKey".
    return hashlib.sha1(der.value(der.children(spki)[1])[1:]).digest()


def subject_key_identifier(identifier: bytes) -> bytes:
    return extension("2.5.29.14", der.octets(identifier))


def authority_key_identifier(identifier: bytes, issuer_name: bytes | None = None, serial: int | None = None) -> bytes:
    parts = [der.implicit(0, der.octets(identifier))]
    if issuer_name is not None and serial is not None:
        parts.append(der.explicit(1, der.explicit(4, issuer_name)))
        parts.append(der.implicit(2, der.integer(serial)))
    return extension("2.5.29.35", der.seq(*parts))


def certificate_policies(oids: list[str], cps: str | None = None) -> bytes:
    policies = []
    for oid in oids:
        qualifiers = b""
        if cps:
            qualifiers = der.seq(der.seq(der.oid("1.3.6.1.5.5.7.2.1"), der.ia5(cps)))
        policies.append(der.seq(der.oid(oid), qualifiers))
    return extension("2.5.29.32", der.seq(*policies))


def _uri(url: str) -> bytes:
    return der.implicit(6, der.ia5(url))


def authority_information_access(ocsp: list[str], issuers: list[str]) -> bytes:
    parts = [der.seq(der.oid("1.3.6.1.5.5.7.48.1"), _uri(url)) for url in ocsp]
    parts += [der.seq(der.oid("1.3.6.1.5.5.7.48.2"), _uri(url)) for url in issuers]
    return extension("1.3.6.1.5.5.7.1.1", der.seq(*parts))


def _distribution_points(urls: list[str]) -> bytes:
    return der.seq(*(der.seq(der.explicit(0, der.explicit(0, _uri(url)))) for url in urls))


def crl_distribution_points(urls: list[str]) -> bytes:
    return extension("2.5.29.31", _distribution_points(urls))


def freshest_crl(urls: list[str]) -> bytes:
    return extension("2.5.29.46", _distribution_points(urls))


def subject_alternative_name(dns: list[str], addresses: list[bytes]) -> bytes:
    names = [der.implicit(2, der.ia5(entry)) for entry in dns]
    names += [der.implicit(7, der.octets(address)) for address in addresses]
    return extension("2.5.29.17", der.seq(*names))


def key_store_kind(oid: str = "1.2.398.3.3.5.1.1") -> bytes:
    """Extension 1.2.398.3.3.5 of НУЦ РК's 2015 certificates: on what the key is kept."""
    return extension("1.2.398.3.3.5", der.seq(der.oid(oid)))


def ocsp_no_check() -> bytes:
    return extension("1.3.6.1.5.5.7.48.1.5", der.null())


def demo_marker() -> bytes:
    return extension(DEMO_MARKER_OID, der.utf8(DEMO_MARKER_TEXT))


@dataclasses.dataclass
class CertificateFields:
    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime.datetime
    not_after: datetime.datetime
    spki: bytes
    extensions: list[bytes]


def certificate(fields: CertificateFields, signer: Signer) -> bytes:
    tbs = der.seq(
        der.explicit(0, der.integer(2)),
        der.integer(fields.serial),
        signer.algorithm,
        fields.issuer,
        der.seq(der.time(fields.not_before), der.time(fields.not_after)),
        fields.subject,
        fields.spki,
        der.explicit(3, der.seq(*fields.extensions)) if fields.extensions else b"",
    )
    return der.seq(tbs, signer.algorithm, der.bits(signer.sign(tbs)))


@dataclasses.dataclass
class RevokedEntry:
    serial: int
    at: datetime.datetime
    reason: str | None
    invalid_since: datetime.datetime | None = None


def crl(
    issuer: bytes,
    authority_identifier: bytes | None,
    number: int,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    entries: list[RevokedEntry],
    signer: Signer,
    delta_base: int | None = None,
    keeps_expired_since: datetime.datetime | None = None,
) -> bytes:
    """A version 2 CRL; with `delta_base` a delta CRL against the complete CRL of that number; `keeps_expired_since` is
    X.509's expiredCertsOnCRL: no entry was taken off for certificates that ended since then."""
    revoked = []
    for entry in entries:
        marks = []
        if entry.reason is not None:
            marks.append(extension("2.5.29.21", der.enumerated(REASONS[entry.reason])))
        if entry.invalid_since is not None:
            marks.append(extension("2.5.29.24", der.generalized_time(entry.invalid_since)))
        revoked.append(der.seq(der.integer(entry.serial), der.time(entry.at), der.seq(*marks) if marks else b""))
    extensions = []
    if authority_identifier is not None:
        extensions.append(authority_key_identifier(authority_identifier))
    extensions.append(extension("2.5.29.20", der.integer(number)))
    if delta_base is not None:
        extensions.append(extension("2.5.29.27", der.integer(delta_base), critical=True))
    if keeps_expired_since is not None:
        extensions.append(extension("2.5.29.60", der.generalized_time(keeps_expired_since)))
    tbs = der.seq(
        der.integer(1),
        signer.algorithm,
        issuer,
        der.time(this_update),
        der.time(next_update) if next_update else b"",
        # RFC 5280 5.1.2.6: "When there are no revoked certificates, the revoked certificates list MUST be absent."
        der.seq(*revoked) if revoked else b"",
        der.explicit(0, der.seq(*extensions)),
    )
    return der.seq(tbs, signer.algorithm, der.bits(signer.sign(tbs)))


# --- reading what the authority needs of a certificate ---------------------------------------------------------------


@dataclasses.dataclass
class CertificateView:
    serial: int
    issuer: bytes
    subject: bytes
    spki: bytes


def view(certificate_der: bytes) -> CertificateView:
    parts = der.children(der.children(certificate_der)[0])
    if parts[0][0] == 0xA0:
        parts = parts[1:]
    return CertificateView(der.read_integer(parts[0]), parts[2], parts[4], parts[5])


def validity(certificate_der: bytes) -> tuple[datetime.datetime, datetime.datetime]:
    parts = der.children(der.children(certificate_der)[0])
    if parts[0][0] == 0xA0:
        parts = parts[1:]
    begin, end = der.children(parts[3])
    return der.read_time(begin), der.read_time(end)


def crl_times(crl_der: bytes) -> tuple[datetime.datetime, datetime.datetime | None]:
    """thisUpdate and nextUpdate of a version 2 CRL."""
    parts = der.children(der.children(crl_der)[0])
    next_update = der.read_time(parts[4]) if parts[4][0] in (0x17, 0x18) else None
    return der.read_time(parts[3]), next_update
