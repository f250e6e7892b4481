"""Kazakhstan's ГОСТ signatures in plain Python: the independent implementation that `pki/kzgost` is held against.

RFC 7091 over the three curves, with the octet orders of the national authority: numbers little-endian, points x‖y,
signatures r‖s. Nothing here is constant in time, and nothing needs to be: the keys protect nothing.

    gost.py answer < requests > answers      one line each, fields in hexadecimal (see `answer`)
"""

import dataclasses
import functools
import secrets
import sys
import typing

import der
import gosthash


@dataclasses.dataclass(frozen=True)
class Curve:
    """y² = x³ + ax + b over the integers modulo p; q is the order of the base point (x, y)."""

    p: int
    a: int
    b: int
    q: int
    x: int
    y: int

    @property
    def size(self) -> int:
        return (self.p.bit_length() + 7) // 8


# RFC 4357 11.4, CryptoPro-A.
CRYPTOPRO_A = Curve(
    p=2**256 - 617,
    a=-3,
    b=166,
    q=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893,
    x=1,
    y=0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14,
)
# RFC 7836 A.2, tc26-2012-256-paramSetA; cofactor 4.
TC26_256_A = Curve(
    p=2**256 - 617,
    a=0xC2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335,
    b=0x295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513,
    q=0x400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67,
    x=0x91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28,
    y=0x32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C,
)
# RFC 7836 A.1, tc26-12-512-paramSetA.
TC26_512_A = Curve(
    p=2**512 - 569,
    a=-3,
    b=0xE8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760,
    q=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275,
    x=3,
    y=0x7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4,
)

# --- points ----------------------------------------------------------------------------------------------------------

Affine = typing.Optional[tuple[int, int]]  # None is infinity
Jacobian = tuple[int, int, int]  # x = X/Z², y = Y/Z³; Z = 0 is infinity
_INFINITY: Jacobian = (1, 1, 0)


def _double(curve: Curve, point: Jacobian) -> Jacobian:
    p = curve.p
    x, y, z = point
    if z == 0 or y == 0:
        return _INFINITY
    yy = y * y % p
    s = 4 * x * yy % p
    zz = z * z % p
    m = (3 * x * x + curve.a * zz * zz) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p


def _add(curve: Curve, first: Jacobian, second: Jacobian) -> Jacobian:
    p = curve.p
    if first[2] == 0:
        return second
    if second[2] == 0:
        return first
    (x1, y1, z1), (x2, y2, z2) = first, second
    zz1, zz2 = z1 * z1 % p, z2 * z2 % p
    u1, u2 = x1 * zz2 % p, x2 * zz1 % p
    s1, s2 = y1 * zz2 * z2 % p, y2 * zz1 * z1 % p
    if u1 == u2:
        return _double(curve, first) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % p
    hhh, v = h * hh % p, u1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


def _affine(curve: Curve, point: Jacobian) -> Affine:
    if point[2] == 0:
        return None
    inverse = pow(point[2], -1, curve.p)
    square = inverse * inverse % curve.p
    return point[0] * square % curve.p, point[1] * square * inverse % curve.p


def _lift(point: Affine) -> Jacobian:
    return _INFINITY if point is None else (point[0], point[1], 1)


def combine(curve: Curve, k: int, first: Affine, m: int = 0, second: Affine = None) -> Affine:
    """k·first + m·second, two bits at a time."""
    ones, twos = _lift(first), _lift(second)
    table = [_INFINITY]
    for i in range(1, 16):
        table.append(_add(curve, table[i - 4], twos) if i >= 4 else _add(curve, table[i - 1], ones))
    result = _INFINITY
    for shift in range((max(k.bit_length(), m.bit_length()) + 1) // 2 * 2 - 2, -1, -2):
        result = _double(curve, _double(curve, result))
        result = _add(curve, result, table[(k >> shift & 3) | (m >> shift & 3) << 2])
    return _affine(curve, result)


_WINDOW = 4


@functools.lru_cache(maxsize=None)
def _base_multiples(curve: Curve) -> list[list[Jacobian]]:
    """Row i holds j·16^i times the base point, j from 0 to 15: a multiple of the base point is then additions alone."""
    rows, step = [], _lift((curve.x, curve.y))
    for _ in range(0, curve.q.bit_length(), _WINDOW):
        row = [_INFINITY]
        while len(row) < 1 << _WINDOW:
            row.append(_add(curve, row[-1], step))
        rows.append(row)
        step = _add(curve, row[-1], step)
    return rows


def multiple_of_base(curve: Curve, k: int) -> Affine:
    result = _INFINITY
    for at, row in enumerate(_base_multiples(curve)):
        result = _add(curve, result, row[k >> _WINDOW * at & (1 << _WINDOW) - 1])
    return _affine(curve, result)


def is_on_curve(curve: Curve, point: Affine) -> bool:
    if point is None:
        return False
    x, y = point
    return 0 <= x < curve.p and 0 <= y < curve.p and (y * y - x * x * x - curve.a * x - curve.b) % curve.p == 0


# --- RFC 7091, on numbers --------------------------------------------------------------------------------------------


def sign_number(curve: Curve, private: int, e: int, k: int) -> tuple[int, int]:
    """Section 6.1 with the nonce k; (0, 0) when another k is needed."""
    e = e % curve.q or 1
    point = multiple_of_base(curve, k)
    assert point is not None
    r = point[0] % curve.q
    s = (r * private + k * e) % curve.q
    return (r, s) if r and s else (0, 0)


def verify_number(curve: Curve, public: Affine, e: int, r: int, s: int) -> bool:
    """Section 6.2."""
    if not (0 < r < curve.q and 0 < s < curve.q):
        return False
    v = pow(e % curve.q or 1, -1, curve.q)
    point = combine(curve, s * v % curve.q, (curve.x, curve.y), -r * v % curve.q, public)
    return point is not None and point[0] % curve.q == r


# --- kinds of keys ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    curve: Curve
    digest: str  # name for gosthash.digest
    key_oid: str
    curve_oid: str
    digest_parameter_oid: str  # beside the curve in SubjectPublicKeyInfo
    digest_oid: str
    signature_oid: str
    private_as_integer: bool  # how the authority's PKCS#8 has it
    xml_signature: str
    xml_digest: str


_XML = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="kzgost2004",
            curve=CRYPTOPRO_A,
            digest="gost34311",
            key_oid="1.2.398.3.10.1.1.1.1",
            curve_oid="1.2.398.3.10.1.1.1.1.1",
            digest_parameter_oid="1.2.398.3.10.1.3.1.1.0",
            digest_oid="1.2.398.3.10.1.3.1",
            signature_oid="1.2.398.3.10.1.1.1.2",
            private_as_integer=True,
            xml_signature="http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311",
            xml_digest="http://www.w3.org/2001/04/xmldsig-more#gost34311",
        ),
        Kind(
            name="kzgost2015-256",
            curve=TC26_256_A,
            digest="streebog256",
            key_oid="1.2.398.3.10.1.1.2.1",
            curve_oid="1.2.398.3.10.1.1.2.1.1",
            digest_parameter_oid="1.2.398.3.10.1.3.2",
            digest_oid="1.2.398.3.10.1.3.2",
            signature_oid="1.2.398.3.10.1.1.2.3.1",
            private_as_integer=False,
            xml_signature=_XML + "gostr34102015-gostr34112015-256",
            xml_digest=_XML + "gostr34112015-256",
        ),
        Kind(
            name="kzgost2015-512",
            curve=TC26_512_A,
            digest="streebog512",
            key_oid="1.2.398.3.10.1.1.2.2",
            curve_oid="1.2.398.3.10.1.1.2.2.1",
            digest_parameter_oid="1.2.398.3.10.1.3.3",
            digest_oid="1.2.398.3.10.1.3.3",
            signature_oid="1.2.398.3.10.1.1.2.3.2",
            private_as_integer=False,
            xml_signature=_XML + "gostr34102015-gostr34112015-512",
            xml_digest=_XML + "gostr34112015-512",
        ),
    )
}


def generate(kind: Kind) -> int:
    return 1 + secrets.randbelow(kind.curve.q - 1)


def public_octets(kind: Kind, private: int) -> bytes:
    point = multiple_of_base(kind.curve, private)
    assert point is not None
    return b"".join(number.to_bytes(kind.curve.size, "little") for number in point)


def _halves(octets: bytes) -> tuple[int, int]:
    half = len(octets) // 2
    return int.from_bytes(octets[:half], "little"), int.from_bytes(octets[half:], "little")


def sign(kind: Kind, private: int, message: bytes) -> bytes:
    e = int.from_bytes(gosthash.digest(kind.digest, message), "little")
    while True:
        r, s = sign_number(kind.curve, private, e, 1 + secrets.randbelow(kind.curve.q - 1))
        if r:
            return r.to_bytes(kind.curve.size, "little") + s.to_bytes(kind.curve.size, "little")


def verify(kind: Kind, public: bytes, message: bytes, signature: bytes) -> bool:
    if len(public) != 2 * kind.curve.size or len(signature) != 2 * kind.curve.size:
        return False
    point = _halves(public)
    if not is_on_curve(kind.curve, point) or combine(kind.curve, kind.curve.q, point) is not None:
        return False
    e = int.from_bytes(gosthash.digest(kind.digest, message), "little")
    return verify_number(kind.curve, point, e, *_halves(signature))


# --- keys in DER -----------------------------------------------------------------------------------------------------


def key_algorithm(kind: Kind) -> bytes:
    return der.seq(der.oid(kind.key_oid), der.seq(der.oid(kind.curve_oid), der.oid(kind.digest_parameter_oid)))


def spki(kind: Kind, public: bytes) -> bytes:
    return der.seq(key_algorithm(kind), der.bits(der.octets(public)))


def read_spki(encoded: bytes) -> tuple[Kind, bytes]:
    algorithm, bits = der.children(encoded)
    oid = der.read_oid(der.children(algorithm)[0])
    kind = next(kind for kind in KINDS.values() if kind.key_oid == oid)
    return kind, der.value(der.value(bits)[1:])


def pkcs8(kind: Kind, private: int) -> bytes:
    inner = der.integer(private) if kind.private_as_integer else der.octets(private.to_bytes(kind.curve.size, "little"))
    return der.seq(der.integer(0), key_algorithm(kind), der.octets(inner))


def read_pkcs8(encoded: bytes) -> tuple[Kind, int]:
    _, algorithm, wrapped = der.children(encoded)[:3]
    oid = der.read_oid(der.children(algorithm)[0])
    kind = next(kind for kind in KINDS.values() if kind.key_oid == oid)
    inner = der.value(wrapped)
    if inner[0] == 0x02:
        return kind, der.read_integer(inner)
    return kind, int.from_bytes(der.value(inner), "little")


# --- for another implementation to ask -------------------------------------------------------------------------------


def answer(request: str) -> str:
    """
    digest NAME MESSAGE -> the digest
    public PKCS8 -> SubjectPublicKeyInfo
    sign PKCS8 MESSAGE -> the signature
    verify SPKI MESSAGE SIGNATURE -> good or broken
    generate KIND -> PKCS8
    An empty octet string is written as "-".
    """
    word, *fields = request.split()
    octets = [b"" if field == "-" else bytes.fromhex(field) for field in fields[1 if word in ("digest", "generate") else 0 :]]
    if word == "digest":
        return gosthash.digest(fields[0], octets[0]).hex()
    if word == "generate":
        kind = KINDS[fields[0]]
        return pkcs8(kind, generate(kind)).hex()
    if word == "verify":
        kind, public = read_spki(octets[0])
        return "good" if verify(kind, public, octets[1], octets[2]) else "broken"
    kind, private = read_pkcs8(octets[0])
    if word == "public":
        return spki(kind, public_octets(kind, private)).hex()
    if word == "sign":
        return sign(kind, private, octets[1]).hex()
    raise ValueError(f"unknown request {word!r}")


def main() -> None:
    if sys.argv[1:] != ["answer"]:
        sys.exit(__doc__)
    for line in sys.stdin:
        print(answer(line))


if __name__ == "__main__":
    main()
