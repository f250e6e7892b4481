"""XML-DSig documents: templates that xmlsec1 signs, and signatures put together by hand where xmlsec1 will not.

By hand means: the text is written in canonical form (no XML declaration, no empty-element tags, attributes in order,
namespaces where canonicalisation puts them), so that digests are those of the text itself.  The self-test holds the
results against `xmlsec1 --verify`.
"""

import base64
import dataclasses
import pathlib
import subprocess

import gost
import signers
from signers import Signer

DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS = C14N + "#WithComments"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DSIG + "enveloped-signature"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH_FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
BASE64 = DSIG + "base64"

DIGESTS = {
    "md5": "http://www.w3.org/2001/04/xmldsig-more#md5",
    "sha1": DSIG + "sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    **{kind.digest: kind.xml_digest for kind in gost.KINDS.values()},
}
SIGNATURES = {
    "rsa-sha1": DSIG + "rsa-sha1",
    "rsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "rsa-sha512": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "hmac-sha256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    **{kind.name: kind.xml_signature for kind in gost.KINDS.values()},
}

# What a transform needs inside it, by algorithm; `{p}` is the prefix with its colon.
TRANSFORM_BODIES = {
    XPATH: "<{p}XPath>not(ancestor-or-self::{p}Signature)</{p}XPath>",
    XPATH_FILTER2: '<f2:XPath xmlns:f2="http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect">/*/*[1]</f2:XPath>',
    XSLT: '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<xsl:template match="/"><same/></xsl:template></xsl:stylesheet>',
}


@dataclasses.dataclass
class Reference:
    uri: str | None = ""
    transforms: tuple[str, ...] = (ENVELOPED, C14N_COMMENTS)
    digest: str = "sha256"
    digest_value: str = ""
    type: str | None = None
    prefixes: str = ""  # InclusiveNamespaces' PrefixList of the last transform


@dataclasses.dataclass
class Template:
    references: list[Reference]
    prefix: str = "ds"
    c14n: str = C14N
    method: str = "rsa-sha256"
    key_info: str = "certificate"  # certificate, key-value, retrieval-method, none
    method_body: str = ""  # inside SignatureMethod
    objects: str = ""  # ds:Object elements after KeyInfo
    signature_id: str | None = None
    value_id: str | None = None
    certificates: tuple[bytes, ...] = ()  # written out; empty: xmlsec1 fills them in
    signature_value: str = ""
    line_ending: str = ""  # put between lines of base64 and elements


def signed_info(template: Template, in_scope: str = "") -> str:
    """`in_scope`: namespace declarations that canonicalisation puts on SignedInfo."""
    p = f"{template.prefix}:" if template.prefix else ""
    n = template.line_ending
    references = ""
    for reference in template.references:
        bodies = [TRANSFORM_BODIES.get(algorithm, "").replace("{p}", p) for algorithm in reference.transforms]
        if reference.prefixes:
            bodies[-1] = (
                f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{reference.prefixes}"></ec:InclusiveNamespaces>'
            )
        transforms = "".join(
            f'<{p}Transform Algorithm="{algorithm}">{body}</{p}Transform>'
            for algorithm, body in zip(reference.transforms, bodies)
        )
        kind = "" if reference.type is None else f' Type="{reference.type}"'
        uri = "" if reference.uri is None else f' URI="{reference.uri}"'
        body = f"<{p}Transforms>{transforms}</{p}Transforms>" if transforms else ""
        references += (
            f'<{p}Reference{kind}{uri}>{n}{body}<{p}DigestMethod Algorithm="{DIGESTS[reference.digest]}"></{p}DigestMethod>'
            f"<{p}DigestValue>{reference.digest_value}</{p}DigestValue></{p}Reference>{n}"
        )
    return (
        f"<{p}SignedInfo{in_scope}>{n}"
        f'<{p}CanonicalizationMethod Algorithm="{template.c14n}"></{p}CanonicalizationMethod>{n}'
        f'<{p}SignatureMethod Algorithm="{SIGNATURES[template.method]}">{template.method_body}</{p}SignatureMethod>{n}'
        f"{references}</{p}SignedInfo>"
    )


def signature(template: Template) -> str:
    p = f"{template.prefix}:" if template.prefix else ""
    namespace = f' xmlns:{template.prefix}="{DSIG}"' if template.prefix else f' xmlns="{DSIG}"'
    identifier = f' Id="{template.signature_id}"' if template.signature_id else ""
    value = f' Id="{template.value_id}"' if template.value_id else ""
    return (
        f"<{p}Signature{namespace}{identifier}>{signed_info(template)}"
        f"<{p}SignatureValue{value}>{template.signature_value}</{p}SignatureValue>{key_info(template, p)}{template.objects}</{p}Signature>"
    )


def key_info(template: Template, p: str) -> str:
    if template.key_info == "none":
        return ""
    if template.key_info == "key-value":
        return f"<{p}KeyInfo><{p}KeyValue></{p}KeyValue></{p}KeyInfo>"
    if template.key_info == "retrieval-method":
        return (
            f'<{p}KeyInfo><{p}RetrievalMethod URI="http://127.0.0.1:1/signer.cer" Type="{DSIG}rawX509Certificate">'
            f"</{p}RetrievalMethod></{p}KeyInfo>"
        )
    n = template.line_ending
    certificates = "".join(
        f"<{p}X509Certificate>{n}{wrapped(certificate, n)}{n}</{p}X509Certificate>"
        for certificate in template.certificates
    )
    return f"<{p}KeyInfo><{p}X509Data>{certificates or f'<{p}X509Certificate></{p}X509Certificate>'}</{p}X509Data></{p}KeyInfo>"


def wrapped(content: bytes, ending: str) -> str:
    """Base64 in lines of 76 characters with `ending` after each but the last."""
    text = base64.b64encode(content).decode("ascii")
    if not ending:
        return text
    return ending.join(text[at : at + 76] for at in range(0, len(text), 76))


def insert_last(document: str, addition: str) -> str:
    """As the last child of the document element."""
    at = document.rindex("</")
    return document[:at] + addition + document[at:]


class SigningFailed(Exception):
    pass


def xmlsec_sign(document: str, key_options: list[str], work: pathlib.Path, more: list[str]) -> str:
    """Lets xmlsec1 fill in a template."""
    source, target = work / "template.xml", work / "signed.xml"
    source.write_text(document, encoding="utf-8")
    target.unlink(missing_ok=True)
    command = ["xmlsec1", "--sign", *key_options, *more, "--output", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not target.exists():
        raise SigningFailed(f"{' '.join(command)}\n{done.stderr}")
    signed = target.read_text(encoding="utf-8")
    source.unlink()
    target.unlink()
    return signed


def _canonical_lines(text: str) -> bytes:
    return text.replace("&#13;", "&#xD;").encode("utf-8")


def hand_sign(document: str, template: Template, key: Signer, scope: str, part: str | None = None) -> str:
    """An enveloped signature over a document that stands there in canonical form, or over the part of it that references
    by identifier mean.

    `scope` holds the namespace declarations in force at the place of the signature, in canonical order and without the
    signature's own.
    """
    for reference in template.references:
        covered = part if part is not None and reference.uri else document
        digest = signers.digest(reference.digest, _canonical_lines(covered))
        reference.digest_value = reference.digest_value or base64.b64encode(digest).decode("ascii")
    own = f' xmlns:{template.prefix}="{DSIG}"' if template.prefix else f' xmlns="{DSIG}"'
    canonical = signed_info(template, in_scope=scope + own)
    template.signature_value = wrapped(key.sign(_canonical_lines(canonical)), template.line_ending)
    return insert_last(document, signature(template))
