"""Canonical XML 1.0 and Exclusive XML Canonicalization 1.0 over xml.dom.minidom, without comments.

A second implementation beside libxml2's, so that what Tanba makes is judged by something else. Without comments, since
references inside one document ("" and "#id") never select them (XML Signature 4.4.3.3); so "WithComments" changes nothing.
"""

import xml.dom.minidom
from xml.dom import Node

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
XMLNS_NAMESPACE = "http://www.w3.org/2000/xmlns/"

Scope = dict[str, str]  # prefix -> namespace name; "" is the default namespace


class Refused(ValueError):
    """What is not read here: the text says why."""


def parse(document: bytes) -> xml.dom.minidom.Document:
    if b"<!DOCTYPE" in document:
        raise Refused("a document type declaration")
    return xml.dom.minidom.parseString(document)


def _declared(element) -> Scope:
    found = {}
    for attribute in element.attributes.values():
        if attribute.namespaceURI == XMLNS_NAMESPACE:
            found["" if attribute.name == "xmlns" else attribute.localName] = attribute.value
    return found


def in_scope(element) -> Scope:
    """All namespace declarations in force at the element, its own included."""
    chain = []
    while element is not None and element.nodeType == Node.ELEMENT_NODE:
        chain.append(element)
        element = element.parentNode
    scope: Scope = {}
    for one in reversed(chain):
        scope |= _declared(one)
    return scope


def _text(value: str) -> str:
    # Canonical XML 1.0, 2.3: text nodes.
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _attribute_text(value: str) -> str:
    escapes = (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;"), ("\t", "&#x9;"), ("\n", "&#xA;"), ("\r", "&#xD;"))
    for plain, escaped in escapes:
        value = value.replace(plain, escaped)
    return value


def _plain_attributes(element) -> list:
    return [one for one in element.attributes.values() if one.namespaceURI != XMLNS_NAMESPACE]


def _inherited(element) -> list:
    """xml:lang and the like of the apex's ancestors, which inclusive canonicalisation writes on the apex (2.4)."""
    found: dict[str, object] = {}
    while (element := element.parentNode) is not None and element.nodeType == Node.ELEMENT_NODE:
        for one in _plain_attributes(element):
            if one.namespaceURI == XML_NAMESPACE:
                found.setdefault(one.localName, one)
    return list(found.values())


def _used_prefixes(element, attributes: list) -> set[str]:
    """Exclusive canonicalisation, 1.1: "visibly utilized"."""
    used = {element.prefix or ""}
    return used | {one.prefix for one in attributes if one.prefix}


class _Writer:
    def __init__(self, exclusive: bool, skip: frozenset, listed: frozenset):
        self._exclusive = exclusive
        self._skip = skip
        self._listed = listed
        self.out: list[str] = []

    def start(self, element, scope: Scope, rendered: Scope, apex: bool) -> Scope:
        """Writes the start tag; gives what is rendered for the children."""
        attributes = _plain_attributes(element)
        if apex and not self._exclusive:
            own = {(one.namespaceURI, one.localName) for one in attributes}
            attributes += [one for one in _inherited(element) if (XML_NAMESPACE, one.localName) not in own]
        prefixes = set(scope) | {""}
        if self._exclusive:
            # 3: a prefix of the PrefixList is treated as inclusive canonicalisation treats it.
            prefixes = _used_prefixes(element, attributes) | (prefixes & self._listed)
        written = dict(rendered)
        parts = [f"<{element.tagName}"]
        for prefix in sorted(prefixes - {"xml"}):
            name = scope.get(prefix, "")
            if name != rendered.get(prefix, ""):
                written[prefix] = name
                parts.append(f' xmlns{":" if prefix else ""}{prefix}="{_attribute_text(name)}"')
        # 2.3: "sorted lexicographically by namespace URI as the primary key and local name as the secondary key".
        for one in sorted(attributes, key=lambda one: (one.namespaceURI or "", one.localName or one.name)):
            parts.append(f' {one.name}="{_attribute_text(one.value)}"')
        self.out.append("".join(parts) + ">")
        return written

    def run(self, apex) -> None:
        # A stack instead of recursion: documents may be deep.
        stack: list[tuple] = [(apex, in_scope(apex), {}, True)]
        while stack:
            node, scope, rendered, first = stack.pop()
            if isinstance(node, str):
                self.out.append(node)
            elif node.nodeType == Node.ELEMENT_NODE:
                if node in self._skip:
                    continue
                if not first:
                    scope = scope | _declared(node)
                written = self.start(node, scope, rendered, first)
                stack.append((f"</{node.tagName}>", scope, rendered, False))
                stack += [(child, scope, written, False) for child in reversed(node.childNodes)]
            elif node.nodeType in (Node.TEXT_NODE, Node.CDATA_SECTION_NODE):
                self.out.append(_text(node.data))
            elif node.nodeType == Node.PROCESSING_INSTRUCTION_NODE:
                self.out.append(_instruction(node))


def _instruction(node) -> str:
    return f"<?{node.target}{' ' if node.data else ''}{node.data}?>".replace("\r", "&#xD;")


def canonical(apex, exclusive: bool, skip: frozenset = frozenset(), listed: frozenset = frozenset()) -> bytes:
    """The element with all below it, apart from the elements in `skip`. `listed`: the PrefixList; "" is the default."""
    writer = _Writer(exclusive, skip, listed)
    writer.run(apex)
    return "".join(writer.out).encode("utf-8")


def canonical_document(document, exclusive: bool, skip: frozenset = frozenset(), listed: frozenset = frozenset()) -> bytes:
    """The whole document, processing instructions outside its element too (2.3)."""
    before, after, seen = "", "", False
    for node in document.childNodes:
        if node is document.documentElement:
            seen = True
        elif node.nodeType == Node.PROCESSING_INSTRUCTION_NODE:
            before, after = (before, f"{after}\n{_instruction(node)}") if seen else (f"{before}{_instruction(node)}\n", after)
    return before.encode("utf-8") + canonical(document.documentElement, exclusive, skip, listed) + after.encode("utf-8")
