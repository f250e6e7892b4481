"""OCSP answers as НУЦ РК gives them (RFC 6960), and answers that are wrong in one way each.

As НУЦ РК: responderID by name, the responder's certificate embedded, no nextUpdate, the nonce echoed as an OCTET
STRING inside the extension's OCTET STRING, and a serial that the authority never issued answered with the extended
definition of revoked (RFC 6960 2.2): revoked, certificateHold, at 1970-01-01T00:00:00Z.
"""

import collections.abc
import dataclasses
import datetime
import hashlib
import secrets

import der
import plans
import x509build as build
from authority import Authority, Issuer, now, parse_time
from signers import BrokenSigner, Signer

NONCE_OID = "1.3.6.1.5.5.7.48.1.2"
EXTENDED_REVOKE_OID = "1.3.6.1.5.5.7.48.1.9"
BASIC_OID = "1.3.6.1.5.5.7.48.1.1"

# OCSPResponseStatus, RFC 6960 4.2.1
SUCCESSFUL, MALFORMED_REQUEST, INTERNAL_ERROR, TRY_LATER, UNAUTHORIZED = 0, 1, 2, 3, 6

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

HASHES = {
    "1.3.14.3.2.26": hashlib.sha1,
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}

# What the responder can be told to do; each is explained in `tanba-testca serve --help`.
MODES = {
    "ok": "as it should be",
    "wrong-signer": "signed and accompanied by the responder of an authority that nobody trusts",
    "broken-signature": "one bit of the signature is flipped",
    "stale": "thisUpdate and producedAt lie `age` seconds back (default ten days)",
    "stale-next-update": "nextUpdate lies in the past (an hour)",
    "next-update": "in order, with a nextUpdate a day ahead",
    "future": "thisUpdate lies `age` seconds ahead (default a day)",
    "wrong-nonce": "another nonce than was sent",
    "no-nonce": "no nonce although one was sent",
    "wrong-certid": "good, for the serial number after the one that was asked",
    "expired-responder": "signed by a responder whose certificate ended yesterday",
    "no-eku": "signed by a certificate of the authority without the OCSPSigning purpose",
    "no-certificate": "the responder's certificate is not embedded",
    "by-issuer": "in order, signed by the authority itself",
    "by-key": "in order, responderID by key hash",
    "lie-good": "good, whatever the books say",
    "lie-revoked": "revoked, whatever the books say",
    "status-unknown": "certStatus unknown",
    "try-later": "responseStatus tryLater",
    "internal-error": "responseStatus internalError",
    "unauthorized": "responseStatus unauthorized",
    "malformed-request": "responseStatus malformedRequest",
}

_PLAIN_STATUS = {
    "try-later": TRY_LATER,
    "internal-error": INTERNAL_ERROR,
    "unauthorized": UNAUTHORIZED,
    "malformed-request": MALFORMED_REQUEST,
}


@dataclasses.dataclass
class CertId:
    encoded: bytes
    algorithm: bytes
    name_hash: bytes
    key_hash: bytes
    serial: int

    def with_serial(self, serial: int) -> bytes:
        return der.seq(self.algorithm, der.octets(self.name_hash), der.octets(self.key_hash), der.integer(serial))


@dataclasses.dataclass
class Request:
    asked: list[CertId]
    nonce: bytes | None  # the extension's value, without its OCTET STRING


def parse_request(content: bytes) -> Request:
    _, _, _, end = der.read(content)
    if content[:1] != b"\x30" or end != len(content):
        raise der.Malformed("not one SEQUENCE")
    fields = der.children(der.children(content)[0])
    asked: list[CertId] = []
    nonce = None
    for field in fields:
        if field[0] == 0x30:
            asked = [_parse_cert_id(der.children(request)[0]) for request in der.children(field)]
        elif field[0] == 0xA2:
            for entry in der.children(der.children(field)[0]):
                parts = der.children(entry)
                if der.read_oid(parts[0]) == NONCE_OID:
                    nonce = der.value(parts[-1])
    if not asked:
        raise der.Malformed("nothing asked")
    return Request(asked, nonce)


def _parse_cert_id(encoded: bytes) -> CertId:
    algorithm, name_hash, key_hash, serial = der.children(encoded)
    return CertId(encoded, algorithm, der.value(name_hash), der.value(key_hash), der.read_integer(serial))


def plain(status: int) -> bytes:
    """A response that carries nothing but its status."""
    return der.seq(der.enumerated(status))


class Responder:
    def __init__(self, authority: Authority, clock: collections.abc.Callable[[], datetime.datetime] = now):
        self._authority = authority
        self._clock = clock

    def names(self, content: bytes) -> list[str]:
        """The names of the certificates asked for, or their serials where the name is not known."""
        try:
            request = parse_request(content)
        except (der.Malformed, ValueError, IndexError):
            return []
        found = []
        for asked in request.asked:
            issuer = self._issuer(asked)
            row = self._row(issuer.name, asked.serial, "*") if issuer else None
            found.append(row["name"] if row else f"{asked.serial:040x}")
        return found

    def answer(self, content: bytes, mode: str = "ok", age_s: float | None = None) -> bytes:
        if mode in _PLAIN_STATUS:
            return plain(_PLAIN_STATUS[mode])
        try:
            request = parse_request(content)
        except (der.Malformed, ValueError, IndexError):
            return plain(MALFORMED_REQUEST)
        issuers = [self._issuer(asked) for asked in request.asked]
        if issuers[0] is None or any(other is not issuers[0] for other in issuers):
            return plain(UNAUTHORIZED)
        return self._basic(request, issuers[0], mode, age_s)

    def _issuer(self, asked: CertId) -> Issuer | None:
        make = HASHES.get(der.read_oid(der.children(asked.algorithm)[0]))
        if make is None:
            return None
        for name in plans.REVOKING:
            issuer = self._authority.issuer(name)
            key = der.value(der.children(issuer.spki)[1])[1:]
            if make(issuer.subject).digest() == asked.name_hash and make(key).digest() == asked.key_hash:
                return issuer
        return None

    def _row(self, issuer: str, serial: int, hidden: str = "unknown"):
        """The books' entry; what is `unknown` stands there for us, but not for those who ask."""
        with self._authority.database() as database:
            return database.execute(
                "SELECT * FROM certificates WHERE issuer = ? AND serial = ? AND status != ?",
                (issuer, f"{serial:040x}", hidden),
            ).fetchone()

    def _status(self, issuer: Issuer, serial: int, mode: str) -> bytes:
        row = self._row(issuer.name, serial)
        if mode == "status-unknown":
            return der.implicit(2, der.null())
        if mode == "lie-good" or row is not None and row["status"] == "good" and mode != "lie-revoked":
            return der.implicit(0, der.null())
        if mode == "lie-revoked":
            return _revoked(self._clock() - datetime.timedelta(days=1), "keyCompromise")
        if row is None:
            return _revoked(EPOCH, "certificateHold")
        return _revoked(parse_time(row["revoked_at"]), row["reason"])

    def _times(self, mode: str, age_s: float | None) -> tuple[datetime.datetime, datetime.datetime | None]:
        at = self._clock()
        if mode == "stale":
            return at - datetime.timedelta(seconds=age_s or 10 * 86400), None
        if mode == "stale-next-update":
            return at - datetime.timedelta(days=1), at - datetime.timedelta(hours=1)
        if mode == "future":
            return at + datetime.timedelta(seconds=age_s or 86400), None
        if mode == "next-update":
            return at, at + datetime.timedelta(days=1)
        return at, None

    def _signer(self, issuer: Issuer, mode: str) -> tuple[Signer, bytes, bytes | None]:
        """(key, certificate that the responderID names, certificate to embed)"""
        family = "gost-" if plans.is_gost(issuer.name) else ""
        special = {
            "wrong-signer": plans.responder_of(f"{family}foreign-issuing"),
            "expired-responder": f"ocsp-{family}expired",
            "no-eku": f"ocsp-{family}no-eku",
        }
        if mode == "by-issuer":
            return issuer.signer, issuer.certificate, None
        found = self._authority.issuer(special.get(mode, plans.responder_of(issuer.name)))
        signer: Signer = BrokenSigner(found.signer) if mode == "broken-signature" else found.signer
        return signer, found.certificate, None if mode == "no-certificate" else found.certificate

    def _basic(self, request: Request, issuer: Issuer, mode: str, age_s: float | None) -> bytes:
        this_update, next_update = self._times(mode, age_s)
        signer, named, embedded = self._signer(issuer, mode)
        singles = []
        for asked in request.asked:
            cert_id = asked.with_serial(asked.serial + 1) if mode == "wrong-certid" else asked.encoded
            singles.append(
                der.seq(
                    cert_id,
                    self._status(issuer, asked.serial, mode),
                    der.generalized_time(this_update),
                    der.explicit(0, der.generalized_time(next_update)) if next_update else b"",
                )
            )
        seen = build.view(named)
        responder = der.explicit(1, seen.subject)
        if mode == "by-key":
            responder = der.explicit(2, der.octets(build.key_identifier(seen.spki)))
        data = der.seq(
            responder,
            der.generalized_time(this_update),
            der.seq(*singles),
            der.explicit(1, der.seq(*self._extensions(request, mode))),
        )
        basic = der.seq(
            data,
            signer.algorithm,
            der.bits(signer.sign(data)),
            der.explicit(0, der.seq(embedded)) if embedded else b"",
        )
        return der.seq(der.enumerated(SUCCESSFUL), der.explicit(0, der.seq(der.oid(BASIC_OID), der.octets(basic))))

    @staticmethod
    def _extensions(request: Request, mode: str) -> list[bytes]:
        extensions = []
        if mode == "wrong-nonce":
            extensions.append(build.extension(NONCE_OID, der.octets(secrets.token_bytes(16))))
        elif request.nonce is not None and mode != "no-nonce":
            extensions.append(build.extension(NONCE_OID, _wrapped_nonce(request.nonce)))
        extensions.append(build.extension(EXTENDED_REVOKE_OID, der.null()))
        return extensions


def _wrapped_nonce(nonce: bytes) -> bytes:
    """As it came when it came as an OCTET STRING; put into one when it did not."""
    try:
        tag, _, _, end = der.read(nonce)
        if tag == 0x04 and end == len(nonce):
            return nonce
    except der.Malformed:
        pass
    return der.octets(nonce)


def _revoked(at: datetime.datetime, reason: str | None) -> bytes:
    why = der.explicit(0, der.enumerated(build.REASONS[reason])) if reason else b""
    return der.implicit(1, der.seq(der.generalized_time(at), why))


def make_request(
    issuer: Issuer, serial: int, nonce: bytes | None = None, digest: str = "2.16.840.1.101.3.4.2.1"
) -> bytes:
    """A request as НУЦ РК's clients send it: unsigned, CertID by SHA-256."""
    make = HASHES[digest]
    key = der.value(der.children(issuer.spki)[1])[1:]
    cert_id = der.seq(
        der.seq(der.oid(digest), der.null()),
        der.octets(make(issuer.subject).digest()),
        der.octets(make(key).digest()),
        der.integer(serial),
    )
    extensions = b""
    if nonce is not None:
        extensions = der.explicit(2, der.seq(build.extension(NONCE_OID, der.octets(nonce))))
    return der.seq(der.seq(der.seq(der.seq(cert_id)), extensions))
