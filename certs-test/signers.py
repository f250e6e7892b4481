"""Keys that sign for the test authority.

A signer is anything with `spki_der`, `algorithm` (the AlgorithmIdentifier of its signatures, DER) and `sign(bytes)`.
Certificates, CRLs and OCSP answers are built from these three alone, so a key of another algorithm (ГОСТ, or one on
a token) needs a class here and nothing elsewhere.
"""

import pathlib
import typing

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import der


class Signer(typing.Protocol):
    spki_der: bytes
    algorithm: bytes

    def sign(self, message: bytes) -> bytes:
        ...


# Digest name -> (hash of python3-cryptography, sha*WithRSAEncryption, digest OID)
DIGESTS: dict[str, tuple[hashes.HashAlgorithm, str, str]] = {
    "sha1": (hashes.SHA1(), "1.2.840.113549.1.1.5", "1.3.14.3.2.26"),
    "sha256": (hashes.SHA256(), "1.2.840.113549.1.1.11", "2.16.840.1.101.3.4.2.1"),
    "sha384": (hashes.SHA384(), "1.2.840.113549.1.1.12", "2.16.840.1.101.3.4.2.2"),
    "sha512": (hashes.SHA512(), "1.2.840.113549.1.1.13", "2.16.840.1.101.3.4.2.3"),
}


def public_der(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class RsaSigner:
    """RSASSA-PKCS1-v1_5 with one digest."""

    def __init__(self, key: rsa.RSAPrivateKey, digest: str = "sha256"):
        self.key = key
        self._hash, algorithm, _ = DIGESTS[digest]
        self.algorithm = der.seq(der.oid(algorithm), der.null())
        self.spki_der = public_der(key)

    def with_digest(self, digest: str) -> "RsaSigner":
        return RsaSigner(self.key, digest)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), self._hash)


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


def generate_rsa(size: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def save_key(key: rsa.RSAPrivateKey, path: pathlib.Path) -> None:
    """Writes an unencrypted PKCS#8 PEM that only the owner can read."""
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def load_key(path: pathlib.Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
