"""Keys that sign for the test authority.

A signer is anything with `spki_der`, `algorithm` (the AlgorithmIdentifier of its signatures, DER) and `sign(bytes)`.
Certificates, CRLs and OCSP answers are built from these three alone, so a key of another algorithm (or one on a token)
needs a class here and nothing elsewhere. Documents also ask for `digest`, what their content is digested with.
"""

import hashlib
import pathlib
import typing

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import der
import gost
import gosthash


class Signer(typing.Protocol):
    spki_der: bytes
    algorithm: bytes

    def sign(self, message: bytes) -> bytes:
        ...


class DocumentSigner(Signer, typing.Protocol):
    digest: str
    xml_method: str  # key of xmlbuild.SIGNATURES

    def with_digest(self, digest: str) -> "DocumentSigner":
        """The signer that goes with content digested so, where the key allows a choice."""


# Digest name -> (hash of python3-cryptography, sha*WithRSAEncryption, digest OID)
DIGESTS: dict[str, tuple[hashes.HashAlgorithm, str, str]] = {
    "sha1": (hashes.SHA1(), "1.2.840.113549.1.1.5", "1.3.14.3.2.26"),
    "sha256": (hashes.SHA256(), "1.2.840.113549.1.1.11", "2.16.840.1.101.3.4.2.1"),
    "sha384": (hashes.SHA384(), "1.2.840.113549.1.1.12", "2.16.840.1.101.3.4.2.2"),
    "sha512": (hashes.SHA512(), "1.2.840.113549.1.1.13", "2.16.840.1.101.3.4.2.3"),
}
DIGEST_OIDS = {name: oid for name, (_, _, oid) in DIGESTS.items()}
DIGEST_OIDS |= {kind.digest: kind.digest_oid for kind in gost.KINDS.values()}


def digest(name: str, content: bytes) -> bytes:
    if name == "md5" or name in DIGESTS:  # nobody signs with MD5 here, but a Reference may name it
        return hashlib.new(name, content).digest()
    return gosthash.digest(name, content)


def signature_algorithm(name: str) -> bytes:
    """The AlgorithmIdentifier of RSA with the digest `name`, or of the kind of ГОСТ key `name`."""
    oid = gost.KINDS[name].signature_oid if name in gost.KINDS else DIGESTS[name][1]
    return der.seq(der.oid(oid), der.null())


def public_der(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class RsaSigner:
    """RSASSA-PKCS1-v1_5 with one digest."""

    def __init__(self, key: rsa.RSAPrivateKey, digest: str = "sha256"):
        self.key = key
        self.digest = digest
        self.xml_method = "rsa-" + digest
        self._hash = DIGESTS[digest][0]
        self.algorithm = signature_algorithm(digest)
        self.spki_der = public_der(key)

    def with_digest(self, digest: str) -> "RsaSigner":
        return RsaSigner(self.key, digest)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), self._hash)


class GostSigner:
    """One of Kazakhstan's ГОСТ algorithms, by gost.py."""

    def __init__(self, kind: gost.Kind, private: int):
        self.kind = kind
        self.digest = kind.digest
        self.xml_method = kind.name
        self._private = private
        self.algorithm = signature_algorithm(kind.name)
        self.spki_der = gost.spki(kind, gost.public_octets(kind, private))
        self.pkcs8_der = gost.pkcs8(kind, private)

    def with_digest(self, digest: str) -> "GostSigner":
        del digest  # the signature's digest belongs to the key, whatever the content was digested with
        return self

    def sign(self, message: bytes) -> bytes:
        return gost.sign(self.kind, self._private, message)


class RussianOrderSigner(GostSigner):
    """The same numbers in the octet order of RFC 9215: s before r, both big-endian. Kazakhstan has it the other way."""

    def __init__(self, inner: GostSigner):
        super().__init__(inner.kind, inner._private)

    def sign(self, message: bytes) -> bytes:
        return super().sign(message)[::-1]


class BrokenSigner:
    """Signs as another signer does, then flips one bit: everything is right except the signature value."""

    def __init__(self, inner: Signer):
        self._inner = inner
        self.algorithm = inner.algorithm
        self.spki_der = inner.spki_der

    def sign(self, message: bytes) -> bytes:
        signature = bytearray(self._inner.sign(message))
        signature[len(signature) // 2] ^= 0x01
        return bytes(signature)


# --- keys in files ---------------------------------------------------------------------------------------------------

# A size in bits for RSA, the name of a kind for ГОСТ.
KeyKind = int | str
AnySigner = RsaSigner | GostSigner


def generate(kind: KeyKind) -> bytes:
    """A new key as PKCS#8, DER."""
    if isinstance(kind, str):
        return gost.pkcs8(gost.KINDS[kind], gost.generate(gost.KINDS[kind]))
    key = rsa.generate_private_key(public_exponent=65537, key_size=kind)
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def save_key(pkcs8: bytes, path: pathlib.Path) -> None:
    """Writes an unencrypted PKCS#8 PEM that only the owner can read."""
    path.touch(mode=0o600)
    path.write_bytes(der.pem("PRIVATE KEY", pkcs8))


def load_signer(path: pathlib.Path) -> AnySigner:
    pkcs8 = der.unpem(path.read_bytes())
    oid = der.read_oid(der.children(der.children(pkcs8)[1])[0])
    if oid in {kind.key_oid for kind in gost.KINDS.values()}:
        return GostSigner(*gost.read_pkcs8(pkcs8))
    key = serialization.load_der_private_key(pkcs8, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return RsaSigner(key)
