"""XAdES counter-signatures (ETSI TS 101 903 7.2.4), written by hand around a signature that is there.

The SignatureValue gets an Id, which nothing signs; a CounterSignature goes among the unsigned properties.  All is in the
form that exclusive canonicalisation gives, so that digests are those of the text itself.
"""

import base64
import re

import signers
import xmlbuild
from xmlbuild import Reference, Template

XADES = "http://uri.etsi.org/01903/v1.3.2#"
TYPE = "http://uri.etsi.org/01903#CountersignedSignature"
OPEN = "<ds:Signature "
CLOSE = "</ds:Signature>"
FIELD_ID = "field-1"


def _signature_at(text: str, at: int | None) -> tuple[int, int]:
    """Where a signature begins and ends: the one of that number, else the last to begin, which is the innermost."""
    if at is None:
        begin = text.rindex(OPEN)
        return begin, text.index(CLOSE, begin) + len(CLOSE)
    begins = [found.start() for found in re.finditer(re.escape(OPEN), text)]
    begin = begins[at]
    return begin, text.index(CLOSE, begin) + len(CLOSE)


def _named_value(signature: str, identifier: str) -> str:
    """The signature, its value with an Id."""
    if f'SignatureValue Id="{identifier}"' in signature:
        return signature
    return signature.replace("<ds:SignatureValue>", f'<ds:SignatureValue Id="{identifier}">', 1)


def canonical_value(signature: str) -> str:
    """The first SignatureValue as exclusive canonicalisation writes it."""
    found = re.search(r"<ds:SignatureValue( Id=\"[^\"]*\")?>(.*?)</ds:SignatureValue>", signature, re.S)
    assert found
    return f'<ds:SignatureValue xmlns:ds="{xmlbuild.DSIG}"{found[1] or ""}>{found[2]}</ds:SignatureValue>'


def _digest(name: str, text: str) -> str:
    return base64.b64encode(signers.digest(name, text.encode("utf-8"))).decode("ascii")


def _properties(inside: str) -> str:
    return (
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}"><xades:UnsignedProperties>'
        f"<xades:UnsignedSignatureProperties>{inside}</xades:UnsignedSignatureProperties>"
        "</xades:UnsignedProperties></xades:QualifyingProperties></ds:Object>"
    )


def with_property(signature: str, inside: str) -> str:
    """The signature with one more unsigned property."""
    end = "</xades:UnsignedSignatureProperties>"
    if end in signature:
        return signature.replace(end, inside + end, 1)
    at = signature.rindex(CLOSE)
    return signature[:at] + _properties(inside) + signature[at:]


def time_stamp(token: bytes) -> str:
    return (
        f'<xades:SignatureTimeStamp><ds:CanonicalizationMethod Algorithm="{xmlbuild.EXC_C14N}">'
        f"</ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>{base64.b64encode(token).decode('ascii')}"
        "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    )


def _counter_signature(maker, mutation: dict, identifier: str, canonical: str) -> str:
    name = mutation["by"]
    signer = maker.authority_signer(name)
    reference = Reference(f"#{identifier}", (xmlbuild.EXC_C14N,), signer.digest, type=mutation.get("type", TYPE) or None)
    if mutation.get("transforms"):
        reference.transforms = tuple(getattr(xmlbuild, one) for one in mutation["transforms"])
    reference.digest_value = _digest(signer.digest, canonical)
    template = Template([reference], c14n=xmlbuild.EXC_C14N, method=signer.xml_method)
    template.certificates = (maker.authority_certificate(name),)
    signed = xmlbuild.signed_info(template, in_scope=f' xmlns:ds="{xmlbuild.DSIG}"')
    value = bytearray(signer.sign(signed.encode("utf-8")))
    if mutation.get("break"):
        value[len(value) // 2] ^= 0x01
    template.signature_value = base64.b64encode(bytes(value)).decode("ascii")
    text = xmlbuild.signature(template)
    if "stamp" in mutation:
        over = canonical if mutation["stamp"].get("over") == "countersigned" else canonical_value(text)
        text = with_property(text, time_stamp(maker.time_stamp(over.encode("utf-8"), mutation["stamp"])))
    return text


def counter_sign(maker, document: bytes, mutation: dict) -> bytes:
    """A counter-signature of `by` over signature `signer` (the innermost one when `nested`).

    `over`: the value of another signature; `over: "content"`: a field of the application; `type`: of the Reference, "" for none;
    `transforms`; `break`: one bit of its value is changed; `copies`; `stamp`: its own time stamp; `holds`: "nothing" or
    "two" signatures in the CounterSignature; `into: "object"`: not among the unsigned properties.
    """
    text = document.decode("utf-8")
    at = None if mutation.get("nested") else mutation.get("signer", 0)
    over = mutation.get("over", at)
    if over == "content":
        found = re.search(f'<field Id="{FIELD_ID}">.*?</field>', text)
        namespace = re.search(r'<application xmlns="([^"]*)"', text)
        assert found and namespace
        canonical = found[0].replace("<field ", f'<field xmlns="{namespace[1]}" ', 1)
        identifier = FIELD_ID
    else:
        begin, end = _signature_at(text, over)
        identifier = "value-of-" + ("counter-" + str(text.count("Id=\"value-of-")) if over is None else str(over))
        text = text[:begin] + _named_value(text[begin:end], identifier) + text[end:]
        begin, end = _signature_at(text, over)
        canonical = canonical_value(text[begin:end])
    inside = _counter_signature(maker, mutation, identifier, canonical)
    holds = {"nothing": "", "two": inside + inside}.get(mutation.get("holds", ""), inside)
    begin, end = _signature_at(text, at)
    signature = text[begin:end]
    if mutation.get("into") == "object":
        place = signature.rindex(CLOSE)
        signature = signature[:place] + f"<ds:Object>{holds}</ds:Object>" + signature[place:]
    else:
        counter = f"<xades:CounterSignature>{holds}</xades:CounterSignature>"
        signature = with_property(signature, counter * mutation.get("copies", 1))
    return (text[:begin] + signature + text[end:]).encode("utf-8")


MUTATIONS = {"counter-sign-xml": counter_sign}
