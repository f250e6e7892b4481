"""PDF (ISO 32000-2) written by hand: small documents, incremental updates, signatures, and what is wrong with each.

A document is a model (dictionaries by object number) and the octets written so far; `save` appends a revision with the
objects that changed.  Values are PDF text; a dictionary is a Python dict of such texts.
"""

import collections.abc
import dataclasses
import datetime
import re
import zlib

import cmsbuild
import der

CATALOG, PAGES, PAGE, CONTENT, FONT, INFO, FORM = range(1, 8)
FIRST_FREE = 8
RESERVED_OCTETS = 12000  # for a signature value
TEXT = "BT /F1 14 Tf 72 760 Td (Application No 9: mineral water, 100 tons) Tj ET\n"
DIGITS = "0000000000"

Entries = dict[str, str]


def dictionary(entries: Entries) -> str:
    return "<< " + " ".join(f"/{key} {value}" for key, value in entries.items()) + " >>"


def refs(numbers: collections.abc.Iterable[int]) -> str:
    return "[" + " ".join(f"{number} 0 R" for number in numbers) + "]"


def pdf_time(when: datetime.datetime) -> str:
    return when.astimezone(datetime.timezone.utc).strftime("(D:%Y%m%d%H%M%SZ)")


@dataclasses.dataclass
class Stream:
    entries: Entries
    data: bytes


@dataclasses.dataclass
class Slot:
    """A signature to be filled in: where its hexadecimal string stands, and the revision that it closes."""

    begin: int  # of `<`
    end: int  # behind `>`
    revision_end: int

    def covered(self, octets: bytes) -> bytes:
        return octets[: self.begin] + octets[self.end : self.revision_end]


class Document:
    def __init__(self, form: str = "table", compressed: bool = False):
        self.form = form
        self.compressed = compressed  # dictionaries go into object streams
        self.octets = b""
        self.objects: dict[int, Entries | Stream | str] = {}
        self.changed: set[int] = set()
        self.places: dict[int, int] = {}  # of objects that stand for themselves
        self.next_number = FIRST_FREE
        self.size = 0
        self.last_xref: int | None = None
        self.trailer: Entries = {}
        self.header = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
        self.ghost = b""  # between the section and startxref
        self.raw: dict[int, bytes] = {}  # octets instead of an object's text

    # --- the model ---------------------------------------------------------------------------------------------------

    def put(self, number: int, value: Entries | Stream | str) -> int:
        self.objects[number] = value
        self.changed.add(number)
        return number

    def add(self, value: Entries | Stream | str) -> int:
        self.next_number += 1
        return self.put(self.next_number - 1, value)

    def entries(self, number: int) -> Entries:
        """The dictionary of an object that is about to be changed."""
        self.changed.add(number)
        value = self.objects[number]
        assert isinstance(value, dict)
        return value

    def append_to(self, number: int, key: str, item: str) -> None:
        entries = self.entries(number)
        entries[key] = entries.get(key, "[]")[:-1].rstrip() + f" {item}]"

    def base(self, text: str = TEXT) -> None:
        self.put(CATALOG, {"Type": "/Catalog", "Pages": f"{PAGES} 0 R"})
        self.put(PAGES, {"Type": "/Pages", "Kids": refs([PAGE]), "Count": "1"})
        self.put(
            PAGE,
            {
                "Type": "/Page",
                "Parent": f"{PAGES} 0 R",
                "MediaBox": "[0 0 595 842]",
                "Resources": f"<< /Font << /F1 {FONT} 0 R >> >>",
                "Contents": f"{CONTENT} 0 R",
            },
        )
        self.put(CONTENT, Stream({}, text.encode("latin-1")))
        self.put(FONT, {"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Helvetica"})
        self.put(INFO, {"Producer": "(tanba-testca)", "CreationDate": "(D:20260101000000Z)"})

    def have_form(self) -> None:
        if FORM not in self.objects:
            self.put(FORM, {"Fields": "[]"})
            self.entries(CATALOG)["AcroForm"] = f"{FORM} 0 R"

    def add_field(self, entries: Entries, on_page: bool = True) -> int:
        self.have_form()
        number = self.add({"Type": "/Annot", "Subtype": "/Widget", "P": f"{PAGE} 0 R", **entries})
        self.append_to(FORM, "Fields", f"{number} 0 R")
        if on_page:
            self.append_to(PAGE, "Annots", f"{number} 0 R")
        return number

    def appearance(self, text: str, width: int = 200, height: int = 30) -> int:
        return self.add(
            Stream(
                {
                    "Type": "/XObject",
                    "Subtype": "/Form",
                    "BBox": f"[0 0 {width} {height}]",
                    "Resources": f"<< /Font << /F1 {FONT} 0 R >> >>",
                },
                f"BT /F1 12 Tf 2 8 Td ({text}) Tj ET\n".encode("latin-1"),
            )
        )

    # --- octets ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _stream(entries: Entries, data: bytes) -> bytes:
        head = dictionary({**entries, "Length": str(len(data))})
        return head.encode("latin-1") + b"\nstream\n" + data + b"\nendstream"

    def body(self, number: int) -> bytes:
        value = self.objects[number]
        if isinstance(value, Stream):
            return self._stream(value.entries, value.data)
        return (dictionary(value) if isinstance(value, dict) else value).encode("latin-1")

    def _write(self, number: int, body: bytes) -> None:
        self.places[number] = len(self.octets)
        self.octets += self.raw.get(number, f"{number} 0 obj\n".encode() + body + b"\nendobj\n")

    def save(self, plain: collections.abc.Iterable[int] = ()) -> None:
        """Appends a revision. `plain`: objects that must not go into an object stream."""
        if not self.octets:
            self.octets = self.header
        packed = []
        for number in sorted(self.changed):
            may_pack = self.compressed and number not in plain and not isinstance(self.objects[number], Stream)
            if may_pack:
                packed.append(number)
            else:
                self._write(number, self.body(number))
        entries: dict[int, tuple[int, int, int]] = {
            number: (1, self.places[number], 0) for number in self.changed if number not in packed
        }
        if packed:
            stream = self._object_stream(packed)
            entries[stream] = (1, self.places[stream], 0)
            entries.update({number: (2, stream, index) for index, number in enumerate(packed)})
        self.changed = set()
        self._write_section(entries)

    def _object_stream(self, packed: list[int]) -> int:
        bodies = [self.body(number) for number in packed]
        directory, at = [], 0
        for number, body in zip(packed, bodies):
            directory.append(f"{number} {at}")
            at += len(body) + 1
        head = (" ".join(directory) + "\n").encode()
        data = zlib.compress(head + b"\n".join(bodies) + b"\n")
        number = self.next_number
        self.next_number += 1
        entries = {"Type": "/ObjStm", "N": str(len(packed)), "First": str(len(head)), "Filter": "/FlateDecode"}
        self._write(number, self._stream(entries, data))
        return number

    def _write_section(self, entries: dict[int, tuple[int, int, int]]) -> None:
        first = self.last_xref is None
        self.size = max([self.size, *(number + 1 for number in entries)])
        trailer = {"Root": f"{CATALOG} 0 R", "Info": f"{INFO} 0 R", **self.trailer}
        if not first:
            trailer["Prev"] = str(self.last_xref)
        if self.form == "stream":
            at = self._xref_stream(entries, trailer, first)
        else:
            at = self._xref_table(entries, trailer, first)
        self.octets += self.ghost + f"startxref\n{at}\n%%EOF\n".encode()
        self.ghost = b""
        self.last_xref = at

    @staticmethod
    def _runs(numbers: collections.abc.Iterable[int]) -> list[list[int]]:
        runs: list[list[int]] = []
        for number in sorted(numbers):
            if runs and runs[-1][-1] + 1 == number:
                runs[-1].append(number)
            else:
                runs.append([number])
        return runs

    def _xref_table(self, entries: dict[int, tuple[int, int, int]], trailer: Entries, first: bool) -> int:
        at = len(self.octets)
        text = "xref\n"
        lines = {number: f"{place:010d} {generation:05d} n \n" for number, (_, place, generation) in entries.items()}
        if first:
            lines[0] = "0000000000 65535 f \n"
        for run in self._runs(lines):
            text += f"{run[0]} {len(run)}\n" + "".join(lines[number] for number in run)
        text += "trailer\n" + dictionary({"Size": str(self.size), **trailer}) + "\n"
        self.octets += text.encode("latin-1")
        return at

    def _xref_stream(self, entries: dict[int, tuple[int, int, int]], trailer: Entries, first: bool) -> int:
        number, at = self.next_number, len(self.octets)
        self.next_number += 1
        rows = {**entries, number: (1, at, 0)}
        self.size = max(self.size, number + 1)
        if first:
            rows[0] = (0, 0, 65535)
        index = [f"{run[0]} {len(run)}" for run in self._runs(rows)]
        table = [kind.to_bytes(1, "big") + a.to_bytes(4, "big") + b.to_bytes(2, "big") for _, (kind, a, b) in sorted(rows.items())]
        # PNG predictor 12 (Up), as most writers have it.
        data, before = b"", bytes(7)
        for row in table:
            data += b"\x02" + bytes((new - old) & 0xFF for new, old in zip(row, before))
            before = row
        head = {
            "Type": "/XRef",
            "W": "[1 4 2]",
            "Index": "[" + " ".join(index) + "]",
            "Size": str(self.size),
            "Filter": "/FlateDecode",
            "DecodeParms": "<< /Predictor 12 /Columns 7 >>",
            **trailer,
        }
        self._write(number, self._stream(head, zlib.compress(data)))
        return at

    # --- signatures --------------------------------------------------------------------------------------------------

    def placeholder(self, entries: Entries) -> Entries:
        return {
            "Type": "/Sig",
            "Filter": "/Adobe.PPKLite",
            "ByteRange": f"[0 {DIGITS} {DIGITS} {DIGITS}]",
            "Contents": "<" + "00" * RESERVED_OCTETS + ">",
            **entries,
        }

    def close_slot(self, number: int, byte_range: collections.abc.Callable[[Slot], list[object]] | None = None) -> Slot:
        """Finds the placeholder in the last revision and writes its ByteRange."""
        at = self.places[number]
        begin = self.octets.index(b"/Contents <", at) + len("/Contents ")
        end = self.octets.index(b">", begin) + 1
        slot = Slot(begin, end, len(self.octets))
        values = byte_range(slot) if byte_range else [0, begin, end, slot.revision_end - end]
        written = "[" + " ".join(str(value) for value in values) + "]"
        place = self.octets.find(b"/ByteRange [0 " + DIGITS.encode(), at)
        if place != -1:
            room = len(f"[0 {DIGITS} {DIGITS} {DIGITS}]")
            assert len(written) <= room
            place += len("/ByteRange ")
            self.octets = self.octets[:place] + written.ljust(room).encode() + self.octets[place + room :]
        return slot

    def fill(self, slot: Slot, value: bytes, padding: bytes = b"") -> None:
        text = (value + padding).hex().ljust(slot.end - slot.begin - 2, "0").encode()
        assert len(text) == slot.end - slot.begin - 2
        self.octets = self.octets[: slot.begin + 1] + text + self.octets[slot.end - 1 :]


def signed_data(plans: list[cmsbuild.SignerPlan], covered: bytes) -> bytes:
    return cmsbuild.signed_data(plans, covered, attached=False).encode()


def signature_value(octets: bytes, slot: Slot) -> bytes:
    """What stands in a filled slot, without the padding."""
    value = bytes.fromhex(octets[slot.begin + 1 : slot.end - 1].decode())
    return value[: der.read(value)[3]]


def find_slots(octets: bytes) -> list[Slot]:
    """All signatures, in the order of the file, by their ByteRange."""
    found = []
    for matched in re.finditer(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\s*\]", octets):
        begin, end, rest = (int(part) for part in matched.groups())
        found.append(Slot(begin, end, end + rest))
    return found
