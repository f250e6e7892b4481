"""Time stamps (RFC 3161) as НУЦ РК gives them, and time stamps that are wrong in one way each.

As НУЦ РК: the policy that was asked for among 1.2.398.3.3.2.6.1 to .4 (RSA where none is), signed with the key of that
policy (.4: ГОСТ 2015), the certificate embedded where certReq asks for it, the nonce echoed.  The signing certificate is named by ESSCertIDv2, by v1 where told so.
"""

import collections.abc
import dataclasses
import datetime
import hashlib
import secrets

import cmsbuild
import der
import signers
import x509build as build
from authority import Authority, now
from signers import DIGEST_OIDS, BrokenSigner, DocumentSigner

TST_INFO = "1.2.840.113549.1.9.16.1.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"

MD5 = "1.2.840.113549.2.5"

POLICY_ARC = "1.2.398.3.3.2.6."
POLICY_RSA, POLICY_GOST_2015 = POLICY_ARC + "2", POLICY_ARC + "4"
POLICIES = [POLICY_ARC + str(number) for number in range(1, 5)]

# PKIStatus and PKIFailureInfo, RFC 3161 2.4.2
GRANTED, REJECTION, WAITING = 0, 2, 3
BAD_ALG, BAD_REQUEST, BAD_DATA_FORMAT, UNACCEPTED_POLICY, SYSTEM_FAILURE = 0, 2, 5, 15, 25

# Which digests the imprint may have, and how long each is.
IMPRINT_BYTES = {
    "1.3.14.3.2.26": 20,
    "2.16.840.1.101.3.4.2.1": 32,
    "2.16.840.1.101.3.4.2.2": 48,
    "2.16.840.1.101.3.4.2.3": 64,
    "1.2.398.3.10.1.3.1": 32,
    "1.2.398.3.10.1.3.2": 32,
    "1.2.398.3.10.1.3.3": 64,
}

# What the authority can be told to do; each is explained in `tanba-testca serve --help`.
MODES = {
    "ok": "as it should be",
    "accuracy": "in order, with an accuracy of 1.5 seconds and the name of the authority",
    "ess-v1": "in order, the certificate named by signingCertificate (v1)",
    "wrong-imprint": "over other data of the same length",
    "wrong-nonce": "another nonce than was sent",
    "no-nonce": "no nonce although one was sent",
    "wrong-policy": "under a policy of somebody else",
    "no-ess": "no signed attribute names the certificate",
    "wrong-ess": "the signed attribute names another certificate (of the same key)",
    "broken-signature": "one bit of the signature is flipped",
    "no-eku": "by a certificate without the timeStamping purpose",
    "eku-not-critical": "by a certificate whose timeStamping purpose is not critical",
    "two-purposes": "by a certificate that has a second purpose",
    "expired": "by a certificate that ended five days ago",
    "revoked": "by a certificate that was revoked two days ago",
    "foreign": "by an authority that nobody trusts",
    "injected": "in order, with a certificate of another of the same name, issuer and serial number before its own",
    "no-certificate": "the certificate is not embedded although certReq asks for it",
    "future": "genTime lies a day ahead",
    "past": "genTime lies a day back",
    "two-signers": "signed twice",
    "no-signer": "signed by nobody",
    "wrong-content-type": "eContentType is id-data",
    "wrong-name": "the `tsa` field names somebody else",
    "version-2": "TSTInfo of version 2",
    "critical-extension": "TSTInfo has a critical extension that nobody knows",
    "rejection": "status rejection, badRequest",
    "waiting": "status waiting, without a token",
    "granted-without-token": "status granted, without a token",
}

_CERTIFICATE_OF_MODE = {
    "no-eku": "tsa-no-eku",
    "eku-not-critical": "tsa-eku-not-critical",
    "two-purposes": "tsa-two-purposes",
    "expired": "tsa-expired",
    "revoked": "tsa-revoked",
    "foreign": "tsa-foreign",
}


@dataclasses.dataclass
class Request:
    imprint: bytes  # MessageImprint, whole
    algorithm: str
    digest: bytes
    policy: str | None = None
    nonce: bytes | None = None  # INTEGER, whole
    cert_req: bool = False


def parse_request(content: bytes) -> Request:
    """TimeStampReq ::= SEQUENCE { version, messageImprint, reqPolicy?, nonce?, certReq DEFAULT FALSE, extensions [0]? }"""
    _, _, _, end = der.read(content)
    if content[:1] != b"\x30" or end != len(content):
        raise der.Malformed("not one SEQUENCE")
    version, imprint, *rest = der.children(content)
    if der.read_integer(version) != 1:
        raise der.Malformed("version")
    algorithm, digest = der.children(imprint)
    request = Request(imprint, der.read_oid(der.children(algorithm)[0]), der.value(digest))
    for field in rest:
        if field[0] == 0x06:
            request.policy = der.read_oid(field)
        elif field[0] == 0x02:
            request.nonce = field
        elif field[0] == 0x01:
            request.cert_req = der.value(field) == b"\xff"
    return request


def make_request(data: bytes, nonce: int | None = None, policy: str | None = None, md: str = "sha256") -> bytes:
    return der.seq(
        der.integer(1),
        imprint_of(data, md),
        der.oid(policy) if policy else b"",
        der.integer(nonce) if nonce is not None else b"",
        der.boolean(True),
    )


def imprint_of(data: bytes, md: str = "sha256") -> bytes:
    if md == "md5":
        return der.seq(der.seq(der.oid(MD5), der.null()), der.octets(hashlib.md5(data).digest()))
    return der.seq(der.seq(der.oid(DIGEST_OIDS[md]), der.null()), der.octets(signers.digest(md, data)))


def refusal(status: int, failure: int | None, text: str) -> bytes:
    """A response that carries nothing but its status."""
    info = der.named_bits({failure}) if failure is not None else b""
    return der.seq(der.seq(der.integer(status), der.seq(der.utf8(text)), info))


@dataclasses.dataclass
class Stamp:
    """One token, and what is odd about it."""

    imprint: bytes
    policy: str
    at: datetime.datetime
    nonce: bytes | None = None
    mode: str = "ok"
    tsa: str = "tsa"  # whose certificate and key
    md: str | None = None  # of the token's own signature; None: the key's
    embed: bool = True


class TimeStampAuthority:
    def __init__(self, authority: Authority, clock: collections.abc.Callable[[], datetime.datetime] = now):
        self._authority = authority
        self._clock = clock

    # --- the protocol ------------------------------------------------------------------------------------------------

    def answer(self, content: bytes, mode: str = "ok") -> bytes:
        try:
            request = parse_request(content)
        except (der.Malformed, ValueError, IndexError, TypeError):
            return refusal(REJECTION, BAD_DATA_FORMAT, "not a TimeStampReq")
        if IMPRINT_BYTES.get(request.algorithm) != len(request.digest):
            return refusal(REJECTION, BAD_ALG, "this digest is not served")
        if request.policy is not None and request.policy not in POLICIES:
            return refusal(REJECTION, UNACCEPTED_POLICY, "this policy is not served")
        if mode == "rejection":
            return refusal(REJECTION, BAD_REQUEST, "told to refuse")
        if mode == "waiting":
            return refusal(WAITING, None, "told to make you wait")
        if mode == "granted-without-token":
            return der.seq(der.seq(der.integer(GRANTED)))
        stamp = Stamp(
            request.imprint,
            request.policy or POLICY_RSA,
            self._clock(),
            request.nonce,
            mode,
            _CERTIFICATE_OF_MODE.get(mode, "gost-tsa" if request.policy == POLICY_GOST_2015 else "tsa"),
            embed=request.cert_req,
        )
        return der.seq(der.seq(der.integer(GRANTED)), self.token(stamp))

    # --- tokens ------------------------------------------------------------------------------------------------------

    def token(self, stamp: Stamp) -> bytes:
        info = self._info(stamp)
        content_type = cmsbuild.DATA if stamp.mode == "wrong-content-type" else TST_INFO
        certificate = self._authority.certificate(stamp.tsa)
        signer = self._authority.signer(stamp.tsa)
        if stamp.md is not None:
            signer = signer.with_digest(stamp.md)
        certificates = [certificate] if stamp.embed and stamp.mode != "no-certificate" else []
        if stamp.mode == "injected":
            certificates.insert(0, self._impostor(certificate))
        count = {"two-signers": 2, "no-signer": 0}.get(stamp.mode, 1)
        return cmsbuild.SignedData(
            der.integer(3),  # RFC 5652 5.1: 3, since the content is not id-data
            der.set_of(der.seq(der.oid(DIGEST_OIDS[signer.digest]), der.null())),
            der.oid(content_type),
            info,
            certificates,
            [self._signer_info(stamp, certificate, signer, info, content_type)] * count,
        ).encode()

    def _info(self, stamp: Stamp) -> bytes:
        at = stamp.at
        if stamp.mode in ("future", "past"):
            at += datetime.timedelta(days=1 if stamp.mode == "future" else -1)
        nonce = stamp.nonce or b""
        if stamp.mode == "wrong-nonce":
            nonce = der.integer(secrets.randbits(62) + 1)
        elif stamp.mode == "no-nonce":
            nonce = b""
        named = stamp.mode in ("accuracy", "wrong-name")
        whose = "head" if stamp.mode == "wrong-name" else stamp.tsa
        name = der.explicit(0, der.explicit(4, build.view(self._authority.certificate(whose)).subject)) if named else b""
        extensions = b""
        if stamp.mode == "critical-extension":
            extensions = der.tlv(0xA1, build.extension("1.2.398.3.3.2.6.99", der.null(), critical=True))
        return der.seq(
            der.integer(2 if stamp.mode == "version-2" else 1),
            der.oid("1.2.3.4.5" if stamp.mode == "wrong-policy" else stamp.policy),
            _other_imprint(stamp.imprint) if stamp.mode == "wrong-imprint" else stamp.imprint,
            der.integer(secrets.randbits(64) + 1),
            der.generalized_time(at),
            der.seq(der.integer(1), der.implicit(0, der.integer(500))) if stamp.mode == "accuracy" else b"",
            nonce,
            name,
            extensions,
        )

    def _signer_info(
        self, stamp: Stamp, certificate: bytes, key: DocumentSigner, info: bytes, content_type: str
    ) -> bytes:
        seen = build.view(certificate)
        digest_algorithm = der.seq(der.oid(DIGEST_OIDS[key.digest]), der.null())
        attributes = [
            cmsbuild.attribute(cmsbuild.CONTENT_TYPE, der.oid(content_type)),
            cmsbuild.attribute(cmsbuild.MESSAGE_DIGEST, der.octets(signers.digest(key.digest, info))),
        ]
        named = self._authority.certificate("tsa-no-eku") if stamp.mode == "wrong-ess" else certificate
        if stamp.mode == "ess-v1":
            essence = der.seq(der.octets(hashlib.sha1(named).digest()))
            attributes.append(cmsbuild.attribute(SIGNING_CERTIFICATE, der.seq(der.seq(essence))))
        elif stamp.mode != "no-ess":
            attributes.append(cmsbuild.signing_certificate_v2(named))
        signed_attributes = der.set_of(*attributes)
        signer = BrokenSigner(key) if stamp.mode == "broken-signature" else key
        return der.seq(
            der.integer(1),
            der.seq(seen.issuer, der.integer(seen.serial)),
            digest_algorithm,
            der.retag(0xA0, signed_attributes),
            signer.algorithm,
            der.octets(signer.sign(signed_attributes)),
        )

    def _impostor(self, certificate: bytes) -> bytes:
        """Another key under the true certificate's names and serial number, signed by nobody who may."""
        seen = build.view(certificate)
        begin, end = build.validity(certificate)
        foreign = self._authority.issuer("foreign-issuing")
        extensions = [
            build.key_usage(["digitalSignature"]),
            build.extended_key_usage([build.EKU_TIME_STAMPING], critical=True),
        ]
        fields = build.CertificateFields(
            seen.serial, seen.issuer, seen.subject, begin, end, foreign.signer.spki_der, extensions
        )
        return build.certificate(fields, foreign.signer)


def _other_imprint(imprint: bytes) -> bytes:
    algorithm, digest = der.children(imprint)
    return der.seq(algorithm, der.octets(bytes(octet ^ 0xFF for octet in der.value(digest))))


def add_to_signer(info: bytes, token: bytes) -> bytes:
    """A SignerInfo with one more signature time stamp among its unsigned attributes."""
    return cmsbuild.add_unsigned(info, cmsbuild.attribute(SIGNATURE_TIME_STAMP, token))
