"""A small DER writer, and as much of a reader as the test authority needs.

The authority writes its certificates, CRLs and OCSP answers by hand so that it can also write the wrong ones, and so
that it shares no code with what it tests.  Everything here takes and gives `bytes`: a complete TLV unless a name says
otherwise.  Nothing is checked beyond what writing needs; a caller that wants malformed output gets it.
"""

import base64
import datetime

UTC = datetime.timezone.utc


def tlv(tag: int, content: bytes) -> bytes:
    """One TLV with a definite length; `tag` is the identifier octet (all tags used here are below 31)."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def indefinite(tag: int, content: bytes) -> bytes:
    """One constructed TLV of indefinite length (BER, X.690 8.1.3.6)."""
    return bytes((tag, 0x80)) + content + b"\x00\x00"


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    # X.690 11.6: the elements of a SET OF appear in ascending order of their encodings.
    return tlv(0x31, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    return tlv(0x0A, bytes((value,)))


def boolean(value: int) -> bytes:
    return tlv(0x01, b"\xff" if value else b"\x00")


def null() -> bytes:
    return b"\x05\x00"


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def bits(content: bytes, unused: int = 0) -> bytes:
    return tlv(0x03, bytes((unused,)) + content)


def named_bits(positions: set[int]) -> bytes:
    """A BIT STRING of named bits without trailing zero bits (X.690 11.2.2), such as KeyUsage."""
    if not positions:
        return bits(b"")
    last = max(positions)
    content = bytearray(last // 8 + 1)
    for position in positions:
        content[position // 8] |= 0x80 >> (position % 8)
    return bits(bytes(content), 7 - last % 8)


def oid(dotted: str) -> bytes:
    arcs = [int(arc) for arc in dotted.split(".")]
    content = bytearray()
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        groups = [arc & 0x7F]
        arc >>= 7
        while arc:
            groups.append(0x80 | arc & 0x7F)
            arc >>= 7
        content += bytes(reversed(groups))
    return tlv(0x06, bytes(content))


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode("utf-8"))


def printable(text: str) -> bytes:
    return tlv(0x13, text.encode("ascii"))


def ia5(text: str) -> bytes:
    return tlv(0x16, text.encode("ascii"))


def generalized_time(when: datetime.datetime) -> bytes:
    return tlv(0x18, when.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def time(when: datetime.datetime) -> bytes:
    # RFC 5280 4.1.2.5: "dates through the year 2049 as UTCTime; [...] 2050 or later [...] as GeneralizedTime".
    when = when.astimezone(UTC)
    if 1950 <= when.year < 2050:
        return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return generalized_time(when)


def explicit(number: int, content: bytes) -> bytes:
    return tlv(0xA0 | number, content)


def implicit(number: int, element: bytes) -> bytes:
    """`element` retagged as context [number], keeping whether it is constructed."""
    return bytes((0x80 | number | element[0] & 0x20,)) + element[1:]


def retag(tag: int, element: bytes) -> bytes:
    return bytes((tag,)) + element[1:]


class Malformed(ValueError):
    """What was read is not the DER this module understands."""


def read(data: bytes, at: int = 0) -> tuple[int, int, int, int]:
    """(tag, start of content, end of content, end of element) of the definite-length TLV at `at`."""
    if at + 2 > len(data):
        raise Malformed("truncated")
    tag, size, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise Malformed("long tag")
    if size == 0x80:
        raise Malformed("indefinite length")
    if size > 0x80:
        count = size & 0x7F
        if count > 4 or start + count > len(data):
            raise Malformed("length")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > len(data):
        raise Malformed("truncated")
    return tag, start, start + size, start + size


def children(element: bytes) -> list[bytes]:
    """The TLVs inside a constructed TLV."""
    _, at, end, _ = read(element)
    found = []
    while at < end:
        _, _, _, following = read(element, at)
        found.append(element[at:following])
        at = following
    return found


def value(element: bytes) -> bytes:
    _, start, end, _ = read(element)
    return element[start:end]


def read_integer(element: bytes) -> int:
    if element[0] != 0x02:
        raise Malformed("not an INTEGER")
    return int.from_bytes(value(element), "big", signed=True)


def read_oid(element: bytes) -> str:
    content = value(element)
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(part) for part in [first, arcs[0] - 40 * first, *arcs[1:]])


def read_time(element: bytes) -> datetime.datetime:
    text = value(element).decode("ascii")
    if element[0] == 0x17:
        # RFC 5280 4.1.2.5.1: "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY".
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


# --- BER -------------------------------------------------------------------------------------------------------------

MAX_DEPTH = 64


def definite(data: bytes) -> bytes:
    """BER of one TLV with definite lengths throughout, and OCTET STRINGs in one piece; DER comes back as it is."""
    converted, end = _definite(data, 0, MAX_DEPTH)
    if end != len(data):
        raise Malformed("octets after the element")
    return converted


def _definite(data: bytes, at: int, depth: int) -> tuple[bytes, int]:
    if depth == 0:
        raise Malformed("too deep")
    if at + 2 > len(data):
        raise Malformed("truncated")
    open_ended = data[at + 1] == 0x80
    if open_ended:
        tag, at, end = data[at], at + 2, len(data)
        if not tag & 0x20:
            raise Malformed("a primitive of indefinite length")
    else:
        tag, at, end, _ = read(data, at)
        if not tag & 0x20:
            return tlv(tag, data[at:end]), end
    parts = []
    while at < end and not (open_ended and data[at : at + 2] == b"\x00\x00"):
        part, at = _definite(data, at, depth - 1)
        parts.append(part)
    if open_ended:
        if data[at : at + 2] != b"\x00\x00":
            raise Malformed("no end of contents")
        at += 2
    if tag == 0x24:
        return octets(b"".join(value(part) for part in parts)), at
    return tlv(tag, b"".join(parts)), at


# --- PEM ------------------------------------------------------------------------------------------------------------


def pem(kind: str, content: bytes) -> bytes:
    text = base64.b64encode(content).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode("ascii")


def unpem(content: bytes) -> bytes:
    """The first PEM block, or the octets themselves where there is none."""
    marker = b"-----BEGIN "
    if marker not in content:
        return content
    body = content.split(marker, 1)[1].split(b"-----", 2)[1]
    return base64.b64decode(body)
