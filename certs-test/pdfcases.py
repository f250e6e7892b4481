"""PDF scenarios: `options.steps` of a scenario is a list of what is done to a document, one after the other."""

import collections.abc
import typing
import zlib

import cmsbuild
import der
import pdfbuild
import tsa
from pdfbuild import CATALOG, CONTENT, FONT, FORM, INFO, PAGE, PAGES, Document, Slot, Stream, dictionary, refs

if typing.TYPE_CHECKING:
    import scenarios

Step = dict[str, typing.Any]
TRANSFORM = "/Type /SigRef /TransformMethod"


class Case:
    """One scenario being made."""

    def __init__(self, maker: "scenarios.Maker", scenario: dict):
        self._maker = maker
        self._scenario = scenario
        self.pdf = Document()
        self.names: dict[str, int] = {}  # of fields
        self.hidden = 0
        self.hidden_number = 0
        self.slots: dict[str, Slot] = {}

    def make(self) -> bytes:
        for step in self._scenario["options"]["steps"]:
            getattr(self, "do_" + step["do"].replace("-", "_"))(step)
        return self.pdf.octets

    # --- what is in order --------------------------------------------------------------------------------------------

    def do_base(self, step: Step) -> None:
        form = step.get("form", "table")
        self.pdf = Document("stream" if form == "compressed" else form, form == "compressed")
        self.pdf.header = step.get("before", "").encode() + self.pdf.header
        self.pdf.base(step.get("text", pdfbuild.TEXT))
        for name, value in step.get("fields", {}).items():
            self._text_field(name, value)
        for name, rect in step.get("places", {}).items():
            entries = {"FT": "/Sig", "T": f"({name})", "Rect": rect, "F": "4"}
            self.names[name] = self.pdf.add_field(entries)
        if "catalog" in step:
            self.pdf.entries(CATALOG).update(step["catalog"])
        for body in step.get("objects", []):
            self.pdf.add(body)
        self.pdf.trailer.update(step.get("trailer", {}))
        self.pdf.save()

    def _text_field(self, name: str, value: str) -> None:
        at = 700 - 40 * len(self.names)
        shown = self.pdf.appearance(value)
        entries = {"FT": "/Tx", "T": f"({name})", "Rect": f"[72 {at} 272 {at + 30}]", "F": "4", "DA": "(/F1 12 Tf)"}
        if value:
            entries["V"] = f"({value})"
        self.names[name] = self.pdf.add_field({**entries, "AP": f"<< /N {shown} 0 R >>"})

    def _value_entries(self, step: Step) -> pdfbuild.Entries:
        entries = {"SubFilter": "/" + step.get("subFilter", "ETSI.CAdES.detached")}
        entries["M"] = pdfbuild.pdf_time(self._maker.good_at)
        parts = []
        if "certify" in step:
            value = step["certify"]
            parts.append(f"<< {TRANSFORM} /DocMDP /TransformParams << /Type /TransformParams /V /1.2 /P {value} >> >>")
        if "lock" in step:
            parts.append(f"<< {TRANSFORM} /FieldMDP /TransformParams << /Type /TransformParams /V /1.2 {step['lock']} >> >>")
        if parts:
            entries["Reference"] = "[" + " ".join(parts) + "]"
        return {**entries, **step.get("entries", {})}

    def _field_for(self, step: Step, value: str) -> int:
        name = step.get("field", f"Signature{len(self.slots) + 1}")
        if name in self.names:
            number = self.names[name]
            self.pdf.entries(number)["V"] = value
        else:
            entries = {"FT": "/Sig", "T": f"({name})", "V": value, "Rect": step.get("rect", "[0 0 0 0]"), "F": "132"}
            number = self.names[name] = self.pdf.add_field({**entries, **step.get("fieldEntries", {})})
        if "shows" in step:
            self.pdf.entries(number)["AP"] = f"<< /N {self.pdf.appearance(step['shows'])} 0 R >>"
        return number

    def _reserve(self, step: Step, entries: pdfbuild.Entries) -> tuple[str, Slot]:
        """A new revision with a place for a signature."""
        value = self.pdf.placeholder(entries)
        for key in step.get("without", []):
            value.pop(key)
        number = self.pdf.add(value)
        self.names["value of " + step.get("field", "")] = number
        self._field_for(step, f"{number} 0 R")
        self.pdf.have_form()
        self.pdf.entries(FORM)["SigFlags"] = "3"
        if "certify" in step and step.get("inCatalog", True):
            self.pdf.entries(CATALOG)["Perms"] = f"<< /DocMDP {number} 0 R >>"
        if step.get("unlisted"):
            self.pdf._write(number, self.pdf.body(number))
            self.pdf.changed.discard(number)
        self.pdf.save(plain=[] if step.get("packed") else [number])
        if step.get("packed") or "Contents" in step.get("without", []):
            return "", Slot(0, 0, len(self.pdf.octets))
        name = step.get("field", f"Signature{len(self.slots) + 1}")
        self.slots[name] = self.pdf.close_slot(number, BYTE_RANGES.get(step.get("byteRange", "")))
        return name, self.slots[name]

    def do_sign(self, step: Step) -> None:
        name, slot = self._reserve(step, self._value_entries(step))
        if not name:
            return
        covered = slot.covered(self.pdf.octets)
        value = step.get("contents")
        plans = [self._plan(signer, step) for signer in step.get("signers", [self._scenario["signers"][0]])]
        cms = pdfbuild.signed_data(plans, covered) if value is None else bytes.fromhex(value)
        if "stamp" in step:
            data = cmsbuild.parse(cms)
            over = cmsbuild.signature_value(data.signer_infos[0])
            data.signer_infos[0] = tsa.add_to_signer(data.signer_infos[0], self._maker.time_stamp(over, step["stamp"]))
            cms = data.encode()
        if "contentType" in step:
            data = cmsbuild.parse(cms)
            data.content_type = der.oid(step["contentType"])
            cms = data.encode()
        if step.get("flip"):
            data = cmsbuild.parse(cms)
            data.signer_infos[0] = cmsbuild.flip_signature(data.signer_infos[0])
            cms = data.encode()
        self.pdf.fill(slot, cms, bytes.fromhex(step.get("padding", "")))

    def _plan(self, name: str, step: Step) -> cmsbuild.SignerPlan:
        certificate = self._maker.authority_certificate(name)
        cades = step.get("subFilter", "ETSI.CAdES.detached") == "ETSI.CAdES.detached"
        return cmsbuild.SignerPlan(
            certificate,
            self._maker.authority_signer(name),
            says_content_type=step.get("contentType", cmsbuild.DATA),
            names_certificate=certificate if cades else None,
            signing_time=None if cades else self._maker.good_at,
        )

    def do_time_stamp(self, step: Step) -> None:
        """Of the document."""
        entries = {"Type": "/DocTimeStamp", "SubFilter": "/ETSI.RFC3161", **step.get("entries", {})}
        _, slot = self._reserve(step, entries)
        over = slot.covered(self.pdf.octets)
        self.pdf.fill(slot, self._maker.time_stamp(over + (b"x" if step.get("overOther") else b""), step))

    def do_evidence(self, step: Step) -> None:
        """A document security store with what lies in the authority's folder."""
        store = {"Type": "/DSS"}
        for key, names in step["files"].items():
            streams = [self.pdf.add(Stream({}, self._maker.file(name))) for name in names]
            store[key] = refs(streams)
        for key, text in step.get("texts", {}).items():
            store[key] = refs([self.pdf.add(Stream({}, text.encode()))])
        self.pdf.entries(CATALOG)["DSS"] = f"{self.pdf.add(store)} 0 R"
        self.pdf.save()

    def do_fill(self, step: Step) -> None:
        entries = self.pdf.entries(self.names[step["field"]])
        if step.get("value", True):
            entries["V"] = f"({step['text']})"
        entries["AP"] = f"<< /N {self.pdf.appearance(step['text'])} 0 R >>"
        self.pdf.save()

    def do_annotate(self, step: Step) -> None:
        entries = {"Type": "/Annot", "Subtype": "/" + step["kind"], "Rect": "[72 750 372 780]", "Contents": "(note)"}
        if "shows" in step:
            entries["AP"] = f"<< /N {self.pdf.appearance(step['shows'])} 0 R >>"
        number = self.pdf.add({**entries, **step.get("entries", {})})
        self.pdf.append_to(PAGE, "Annots", f"{number} 0 R")
        self.pdf.save()

    # --- what is not -------------------------------------------------------------------------------------------------

    def do_change(self, step: Step) -> None:
        """Entries of an object are replaced in a new revision."""
        entries = self.pdf.entries(OBJECTS[step["object"]])
        entries.update(step["entries"])
        self.pdf.save()

    def do_change_text(self, step: Step) -> None:
        self.pdf.put(CONTENT, Stream({}, step.get("text", pdfbuild.TEXT.replace("100", "999")).encode()))
        self.pdf.save()

    def do_change_field(self, step: Step) -> None:
        self.pdf.entries(self.names[step["field"]]).update(step["entries"])
        self.pdf.save()

    def do_add_page(self, step: Step) -> None:
        del step
        content = self.pdf.add(Stream({}, pdfbuild.TEXT.replace("100", "999").encode()))
        page = self.pdf.objects[PAGE]
        assert isinstance(page, dict)
        number = self.pdf.add({**page, "Contents": f"{content} 0 R"})
        self.pdf.entries(PAGES).update({"Kids": refs([number, PAGE]), "Count": "2"})
        self.pdf.save()

    def do_replace_content(self, step: Step) -> None:
        """The page's content becomes an object that was there when it was signed and that nothing used."""
        del step
        self.pdf.entries(PAGE)["Contents"] = f"{self.hidden_number} 0 R"
        self.pdf.save()

    def do_second_content(self, step: Step) -> None:
        """Two objects of one number: the first page's content, and another that no section names yet."""
        del step
        hidden = Stream({}, pdfbuild.TEXT.replace("100", "999").encode())
        self.pdf.octets += f"{CONTENT} 0 obj\n".encode()
        self.hidden = len(self.pdf.octets) - len(f"{CONTENT} 0 obj\n")
        self.pdf.octets += Document._stream(hidden.entries, hidden.data) + b"\nendobj\n"

    def do_swap_in(self, step: Step) -> None:
        """A section that names the object laid down before."""
        del step
        self.pdf.places[CONTENT] = self.hidden
        self.pdf._write_section({CONTENT: (1, self.hidden, 0)})

    def do_add_objects(self, step: Step) -> None:
        for body in step["bodies"]:
            self.pdf.add(body)
        self.pdf.save()

    def do_add_signature_field(self, step: Step) -> None:
        for at in range(step.get("times", 1)):
            self.pdf.add_field({"FT": "/Sig", "T": f"(Empty{at or ''})", "Rect": "[0 0 0 0]", "F": "132"})
        self.pdf.save()

    def do_add_text_field(self, step: Step) -> None:
        del step
        self._text_field("new", "999")
        self.pdf.save()

    def do_form_font(self, step: Step) -> None:
        del step
        self.pdf.entries(FORM)["DR"] = f"<< /Font << /F1 {FONT} 0 R >> >>"
        self.pdf.save()

    def do_change_form_font(self, step: Step) -> None:
        del step
        number = self.pdf.add({"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Symbol"})
        self.pdf.entries(FORM)["DR"] = f"<< /Font << /F1 {number} 0 R >> >>"
        self.pdf.save()

    def do_add_form_font(self, step: Step) -> None:
        """The default resources get a font under a name that the page uses and that meant nothing."""
        del step
        number = self.pdf.add({"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Symbol"})
        self.pdf.entries(self.names["form fonts"])["F9"] = f"{number} 0 R"
        self.pdf.save()

    def do_form_as_resources(self, step: Step) -> None:
        del step
        fonts = self.names["form fonts"] = self.pdf.add({"F1": f"{FONT} 0 R"})
        resources = self.pdf.add({"Font": f"{fonts} 0 R"})
        self.pdf.entries(FORM)["DR"] = f"{resources} 0 R"
        self.pdf.entries(PAGE)["Resources"] = f"{resources} 0 R"
        self.pdf.save()

    def do_catalog_as_resources(self, step: Step) -> None:
        del step
        self.pdf.entries(CATALOG)["Metadata"] = f"{self.pdf.appearance('100 tons')} 0 R"
        self.pdf.entries(PAGE)["Resources"] = f"<< /Font << /F1 {FONT} 0 R >> /XObject {CATALOG} 0 R >>"
        self.pdf.save()

    def do_replace_metadata(self, step: Step) -> None:
        del step
        self.pdf.entries(CATALOG)["Metadata"] = f"{self.pdf.appearance('999 tons')} 0 R"
        self.pdf.save()

    def do_field_as_resources(self, step: Step) -> None:
        del step
        number = self.names["Officer"]
        self.pdf.entries(number)["AP"] = f"{self.pdf.appearance('100 tons')} 0 R"
        self.pdf.entries(PAGE)["Resources"] = f"<< /Font << /F1 {FONT} 0 R >> /XObject {number} 0 R >>"
        self.pdf.save()

    def do_fields_as_layers(self, step: Step) -> None:
        """Two fields that are also what decides whether a text shows; their names are those of links to fields."""
        del step
        group = self.pdf.add({"Type": "/OCG", "Name": "(Layer)"})
        for name, policy in (("T", "/AllOn"), ("Obj", "/AllOff")):
            entries = {"FT": "/Tx", "T": f"({name})", "Type": "/OCMD", "OCGs": refs([group]), "P": policy}
            self.names[name] = self.pdf.add_field(entries, on_page=False)
        layers = dictionary({name: f"{self.names[name]} 0 R" for name in ("T", "Obj")})
        self.pdf.entries(PAGE)["Resources"] = f"<< /Font << /F1 {FONT} 0 R >> /Properties {layers} >>"
        self.pdf.entries(CATALOG)["OCProperties"] = f"<< /OCGs {refs([group])} /D << /ON {refs([group])} >> >>"
        parts = (f"/OC /{name} BDC {text} EMC\n" for name, text in
                 (("T", pdfbuild.TEXT.strip()), ("Obj", pdfbuild.TEXT.replace("100", "999").strip())))
        self.pdf.put(CONTENT, Stream({}, "".join(parts).encode()))
        self.pdf.save()

    def do_field_as_property(self, step: Step) -> None:
        """A field among the page's resources, in a dictionary that says of itself that it is an action."""
        del step
        names = self.pdf.add({"S": "/Hide", "T": f"{self.names['amount']} 0 R"})
        self.pdf.entries(PAGE)["Resources"] = f"<< /Font << /F1 {FONT} 0 R >> /Properties {names} 0 R >>"
        # It is met as an action too.
        self.pdf.entries(CATALOG)["OpenAction"] = f"{names} 0 R"
        self.pdf.save()

    def do_name_field(self, step: Step) -> None:
        """Everything that may name a field does."""
        number = self.names[step["field"]]
        tree = self.pdf.add({"Type": "/StructTreeRoot", "K": f"<< /Type /OBJR /Obj {number} 0 R /Pg {PAGE} 0 R >>"})
        actions = f"<< /S /Hide /T {number} 0 R /H false /Next [<< /S /ResetForm /Fields [{number} 0 R] >>] >>"
        self.pdf.entries(CATALOG).update({"StructTreeRoot": f"{tree} 0 R", "OpenAction": actions})
        self.pdf.entries(FORM)["CO"] = refs([number])
        self.pdf.save()

    def do_ring(self, step: Step) -> None:
        """So many new objects, each naming the next one and the last one the first, belong to the page."""
        first = self.pdf.next_number
        for at in range(step["size"]):
            self.pdf.add(refs([first + (at + 1) % step["size"]]))
        self.pdf.entries(PAGE)["PieceInfo"] = f"{first} 0 R"
        self.pdf.save()

    def do_parent_value(self, step: Step) -> None:
        """The field becomes the only kid of another one, which has the value."""
        del step
        kid = self.names["amount"]
        parent = self.pdf.add({"FT": "/Tx", "T": "(group)", "V": "(100)", "Kids": refs([kid])})
        self.pdf.entries(kid)["Parent"] = f"{parent} 0 R"
        self.pdf.entries(FORM)["Fields"] = refs([parent])
        self.pdf.save()

    def do_define(self, step: Step) -> None:
        self.pdf.put(step["number"], step["body"])
        self.pdf.next_number = step["number"] + 1
        self.pdf.save()

    def do_direct_value(self, step: Step) -> None:
        """A signature inside its field."""
        del step
        value = dictionary(self.pdf.placeholder({"SubFilter": "/ETSI.CAdES.detached"}))
        self.pdf.add_field({"FT": "/Sig", "T": "(Direct)", "V": value, "Rect": "[0 0 0 0]", "F": "132"})
        self.pdf.save()

    def do_redefine(self, step: Step) -> None:
        """The same signature dictionary, its hole in the old place, as an object of a later revision."""
        del step
        (slot,) = self.slots.values()
        number = self.names["value of "]
        value = self.pdf.entries(number)
        value["Contents"] = self.pdf.octets[slot.begin : slot.end].decode()
        value["ByteRange"] = f"[0 {slot.begin} {slot.end} {slot.revision_end - slot.end}]"
        self.pdf.save()

    def do_hidden_stream(self, step: Step) -> None:
        """An object of the first revision that nothing uses."""
        del step
        self.hidden_number = self.pdf.add(Stream({}, pdfbuild.TEXT.replace("100", "999").encode()))
        self.pdf.save()

    def do_object_within(self, step: Step) -> None:
        """A stream whose data is an object that has an entry of its own."""
        del step
        inner = self.pdf.next_number + 1
        text = f"{inner} 0 obj\n<< /A 1 >>\nendobj\n"
        outer = self.pdf.add(Stream({}, text.encode()))
        self.pdf.next_number += 1
        self.pdf._write(outer, self.pdf.body(outer))
        place = self.pdf.octets.index(text.encode())
        self.pdf.changed.discard(outer)
        self.pdf._write_section({outer: (1, self.pdf.places[outer], 0), inner: (1, place, 0)})

    def do_share_value(self, step: Step) -> None:
        number = self.names["value of " + step["of"]]
        self.pdf.add_field({"FT": "/Sig", "T": "(Other)", "V": f"{number} 0 R", "Rect": "[0 0 0 0]", "F": "132"})
        self.pdf.save()

    def do_list_value(self, step: Step) -> None:
        """A section that names the signature, which lies in what was signed but was no part of it."""
        number = self.names["value of " + step.get("field", "")]
        self.pdf._write_section({number: (1, self.pdf.places[number], 0)})

    def do_drop_field(self, step: Step) -> None:
        del step
        self.pdf.entries(FORM)["Fields"] = "[]"
        self.pdf.entries(PAGE)["Annots"] = "[]"
        self.pdf.save()

    def do_move_behind(self, step: Step) -> None:
        """Signature wrapping: what the second range covers moves to the end of the file, and where its startxref points
        lies a section of the forger's."""
        del step
        ((name, slot),) = self.slots.items()
        octets, at = self.pdf.octets, self.pdf.last_xref
        assert at is not None
        moved = octets[slot.end : slot.revision_end]
        self.pdf.octets = octets[: slot.end] + b" /SubFilter /ETSI.CAdES.detached >>\nendobj\n"
        self.pdf.put(CONTENT, Stream({}, pdfbuild.TEXT.replace("100", "999").encode()))
        # What the field showed is left out: that is the room for the forger's text.
        self.pdf.entries(self.names[name]).pop("AP")
        entries = {number: (1, place, 0) for number, place in self.pdf.places.items() if place < slot.end}
        for number in (CONTENT, self.names[name]):
            self.pdf._write(number, self.pdf.body(number))
            entries[number] = (1, self.pdf.places[number], 0)
        self.pdf.octets = self.pdf.octets.ljust(at)
        assert len(self.pdf.octets) == at
        self.pdf.last_xref = None  # it lists everything: nothing before it is asked
        self.pdf._write_section(entries)
        changed = self.pdf.octets + moved
        place = changed.index(b"/ByteRange [") + len("/ByteRange [")
        old = changed[place : changed.index(b"]", place)]
        values = f"0 {slot.begin} {len(changed) - len(moved)} {len(moved)}"
        self.pdf.octets = changed.replace(old, values.ljust(len(old)).encode(), 1)

    def do_transplant(self, step: Step) -> None:
        """The value of another document's signature."""
        (slot,) = self.slots.values()
        other = Case(self._maker, self._scenario)
        other.do_base({"text": "BT ET\n"})
        other.do_sign({})
        (source,) = other.slots.values()
        del step
        self.pdf.fill(slot, pdfbuild.signature_value(other.pdf.octets, source))

    def do_edit(self, step: Step) -> None:
        """Octets replaced as they lie, every occurrence or the first."""
        old, new = step["old"].encode("latin-1"), step["new"].encode("latin-1")
        assert old in self.pdf.octets and (step.get("longer") or len(old) == len(new)), step
        self.pdf.octets = self.pdf.octets.replace(old, new, step.get("times", 1))

    def do_append(self, step: Step) -> None:
        self.pdf.octets += step["text"].encode("latin-1")

    def do_ghost(self, step: Step) -> None:
        self.pdf.ghost = step["text"].encode()

    def do_raw_object(self, step: Step) -> None:
        number = self.pdf.add(step["body"])
        self.pdf.raw[number] = step["body"].replace("NUMBER", str(number)).encode("latin-1")
        self.pdf.save()

    def do_bomb(self, step: Step) -> None:
        """An object stream that becomes larger than anybody may ask to hold."""
        number, member = self.pdf.next_number, self.pdf.next_number + 1
        self.pdf.next_number += 2
        head = f"{member} 0\n".encode()
        data = zlib.compress(head + b"null" + b" " * step["octets"], 9)
        entries = {"Type": "/ObjStm", "N": "1", "First": str(len(head)), "Filter": "/FlateDecode"}
        self.pdf._write(number, Document._stream(entries, data))
        self.pdf._write_section({number: (1, self.pdf.places[number], 0), member: (2, number, 0)})


OBJECTS = {"catalog": CATALOG, "pages": PAGES, "page": PAGE, "font": FONT, "info": INFO, "form": FORM}

BYTE_RANGES: dict[str, collections.abc.Callable[[Slot], list[object]]] = {
    "null": lambda slot: ["null"],
    "negative": lambda slot: [0, slot.begin, slot.end, -1],
    "three": lambda slot: [0, slot.begin, slot.end],
    "five": lambda slot: [0, slot.begin, slot.end, 1, 1],
    "beyond": lambda slot: [0, slot.begin, slot.end, slot.revision_end - slot.end + 1],
    "not-from-start": lambda slot: [1, slot.begin - 1, slot.end, slot.revision_end - slot.end],
    "wider-hole": lambda slot: [0, slot.begin - 11, slot.end, slot.revision_end - slot.end],
    "hole-without-brackets": lambda slot: [0, slot.begin + 1, slot.end - 1, slot.revision_end - slot.end + 1],
    "short": lambda slot: [0, slot.begin, slot.end, slot.revision_end - slot.end - 10],
    "nothing": lambda slot: [0, 0, 0, 0],
}


def make(maker: "scenarios.Maker", scenario: dict, content: bytes) -> bytes:
    del content  # a PDF has its own
    return Case(maker, scenario).make()
