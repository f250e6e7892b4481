"""PKCS#12 as НУЦ РК writes it, for keys that python3-cryptography does not know (RFC 7292).

The MAC is SHA-1 over 1024 rounds, the key bag pbeWithSHAAnd3-KeyTripleDES-CBC, the certificate bag
pbeWithSHAAnd40BitRC2-CBC, the AuthenticatedSafe in BER of indefinite lengths.
"""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import der

ROUNDS = 1024
SALT_OCTETS = 20

DATA = "1.2.840.113549.1.7.1"
ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2"
CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
FRIENDLY_NAME = "1.2.840.113549.1.9.20"
LOCAL_KEY_ID = "1.2.840.113549.1.9.21"
PBE_3DES = "1.2.840.113549.1.12.1.3"
PBE_RC2_40 = "1.2.840.113549.1.12.1.6"
SHA1 = "1.3.14.3.2.26"

# RFC 7292 B.3: what derived octets are for.
_KEY, _IV, _MAC = 1, 2, 3


def derive(password: str, salt: bytes, purpose: int, size: int, rounds: int = ROUNDS) -> bytes:
    """RFC 7292 B.2 with SHA-1, whose block has 64 octets."""
    # B.1: "BMPString [...] with a NULL terminator".
    secret = (password + "\0").encode("utf-16-be")

    def filled(octets: bytes) -> bytes:
        total = 64 * -(-len(octets) // 64)
        return (octets * (total // len(octets) + 1))[:total] if octets else b""

    blocks = filled(salt) + filled(secret)
    result = b""
    while len(result) < size:
        hashed = bytes((purpose,)) * 64 + blocks
        for _ in range(rounds):
            hashed = hashlib.sha1(hashed).digest()
        result += hashed
        # "treating I as a concatenation [...] of 512-bit blocks [...] setting I_j=(I_j+B+1) mod 2^v for each j".
        added = int.from_bytes(filled(hashed)[:64], "big") + 1
        blocks = b"".join(
            ((int.from_bytes(blocks[at : at + 64], "big") + added) % (1 << 512)).to_bytes(64, "big")
            for at in range(0, len(blocks), 64)
        )
    return result[:size]


def _padded(content: bytes) -> bytes:
    count = 8 - len(content) % 8
    return content + bytes((count,)) * count


def _xored(first: bytes, second: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(first, second))


# --- RC2 (RFC 2268), encryption with a key of 40 bits ----------------------------------------------------------------

# Section 2: "PITABLE[0], ..., PITABLE[255]", an array of random octets based on the digits of pi.
_PI = bytes.fromhex(
    """
    d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2
    179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82
    54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626
    6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7
    08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec
    c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731
    2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9
    0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad
    """
)


def rc2_words(key: bytes) -> list[int]:
    """Section 2; the effective length is that of the key."""
    octets = bytearray(key)
    for at in range(len(key), 128):
        octets.append(_PI[(octets[at - 1] + octets[at - len(key)]) & 0xFF])
    octets[128 - len(key)] = _PI[octets[128 - len(key)]]
    for at in range(127 - len(key), -1, -1):
        octets[at] = _PI[octets[at + 1] ^ octets[at + len(key)]]
    return [octets[2 * at] | octets[2 * at + 1] << 8 for at in range(64)]


def rc2_block(words: list[int], block: bytes) -> bytes:
    """Section 3.2: five mixing rounds, a mashing round, six mixing, mashing, five mixing."""
    r = [int.from_bytes(block[2 * i : 2 * i + 2], "little") for i in range(4)]
    at = 0
    for count in (5, 6, 5):
        for _ in range(count):
            for i, shift in enumerate((1, 2, 3, 5)):
                before, two, three = r[i - 1], r[i - 2], r[i - 3]
                mixed = (r[i] + words[at] + (before & two) + (~before & 0xFFFF & three)) & 0xFFFF
                r[i] = (mixed << shift | mixed >> (16 - shift)) & 0xFFFF
                at += 1
        if at < 64:
            for i in range(4):
                r[i] = (r[i] + words[r[i - 1] & 63]) & 0xFFFF
    return b"".join(word.to_bytes(2, "little") for word in r)


def _rc2_cbc(key: bytes, vector: bytes, content: bytes) -> bytes:
    words, result = rc2_words(key), b""
    for at in range(0, len(content), 8):
        vector = rc2_block(words, _xored(content[at : at + 8], vector))
        result += vector
    return result


# --- the file --------------------------------------------------------------------------------------------------------


def _pbe(oid: str, salt: bytes) -> bytes:
    return der.seq(der.oid(oid), der.seq(der.octets(salt), der.integer(ROUNDS)))


def _attributes(key_id: bytes) -> bytes:
    """The same two on both bags; the name is the identifier in hexadecimal."""
    name = der.tlv(0x1E, key_id.hex().encode("utf-16-be"))
    return der.set_of(
        der.seq(der.oid(LOCAL_KEY_ID), der.set_of(der.octets(key_id))), der.seq(der.oid(FRIENDLY_NAME), der.set_of(name))
    )


def _key_safe(pkcs8: bytes, key_id: bytes, password: str) -> bytes:
    salt = secrets.token_bytes(SALT_OCTETS)
    cipher = Cipher(algorithms.TripleDES(derive(password, salt, _KEY, 24)), modes.CBC(derive(password, salt, _IV, 8)))
    encryptor = cipher.encryptor()
    shrouded = encryptor.update(_padded(pkcs8)) + encryptor.finalize()
    bag = der.seq(der.oid(SHROUDED_KEY_BAG), der.explicit(0, der.seq(_pbe(PBE_3DES, salt), der.octets(shrouded))), _attributes(key_id))
    return der.indefinite(0x30, der.oid(DATA) + der.indefinite(0xA0, der.octets(der.seq(bag))))


def _certificate_safe(certificate: bytes, key_id: bytes, password: str) -> bytes:
    salt = secrets.token_bytes(SALT_OCTETS)
    inside = der.explicit(0, der.seq(der.oid(X509_CERTIFICATE), der.explicit(0, der.octets(certificate))))
    bags = der.seq(der.seq(der.oid(CERTIFICATE_BAG), inside, _attributes(key_id)))
    encrypted = _rc2_cbc(derive(password, salt, _KEY, 5), derive(password, salt, _IV, 8), _padded(bags))
    content = der.indefinite(
        0x30, der.oid(DATA) + _pbe(PBE_RC2_40, salt) + der.indefinite(0xA0, der.octets(encrypted))
    )
    # RFC 5652 8: EncryptedContentInfo's encryptedContent is [0] IMPLICIT; as the authority has it, constructed.
    return der.indefinite(
        0x30, der.oid(ENCRYPTED_DATA) + der.indefinite(0xA0, der.indefinite(0x30, der.integer(0) + content))
    )


def pkcs12(pkcs8: bytes, certificate: bytes, password: str) -> bytes:
    key_id = hashlib.sha1(certificate).digest()
    safes = der.indefinite(
        0x30, _key_safe(pkcs8, key_id, password) + _certificate_safe(certificate, key_id, password)
    )
    salt = secrets.token_bytes(SALT_OCTETS)
    mac = hmac.new(derive(password, salt, _MAC, 20), safes, hashlib.sha1).digest()
    return der.seq(
        der.integer(3),
        der.seq(der.oid(DATA), der.explicit(0, der.octets(safes))),
        der.seq(
            der.seq(der.seq(der.oid(SHA1), der.null()), der.octets(mac)), der.octets(salt), der.integer(ROUNDS)
        ),
    )
