"""XAdES (ETSI EN 319 132-1) and WS-Security documents, by hand and in canonical form, right and made to deceive."""

import base64
import datetime
import hashlib

import signers
import x509build
import xmlbuild
import xmlcounter
from authority import rfc3339
from xmlbuild import DSIG, Reference, Template
from xmlcounter import XADES

PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"
SIGNATURE_ID = "signature-1"
DS = f' xmlns:ds="{DSIG}"'

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = WSS + "wssecurity-secext-1.0.xsd"
WSU = WSS + "wssecurity-utility-1.0.xsd"
X509V3 = WSS + "x509-token-profile-1.0#X509v3"
BASE64 = WSS + "soap-message-security-1.0#Base64Binary"


def _digest(name: str, text: str) -> str:
    return base64.b64encode(signers.digest(name, text.encode("utf-8"))).decode("ascii")


def _sign(template: Template, key: signers.DocumentSigner) -> None:
    signed = xmlbuild.signed_info(template, in_scope=DS)
    template.signature_value = base64.b64encode(key.sign(signed.encode("utf-8"))).decode("ascii")


# --- XAdES -----------------------------------------------------------------------------------------------------------


def _certificate_reference(certificate: bytes, version: int) -> str:
    """SigningCertificate names issuer and serial too; V2 is the certificate's digest alone."""
    digest = base64.b64encode(hashlib.sha256(certificate).digest()).decode("ascii")
    inside = (
        f'<xades:Cert><xades:CertDigest><ds:DigestMethod{DS} Algorithm="{xmlbuild.DIGESTS["sha256"]}"></ds:DigestMethod>'
        f"<ds:DigestValue{DS}>{digest}</ds:DigestValue></xades:CertDigest>"
    )
    if version == 1:
        serial = x509build.view(certificate).serial
        inside += (
            f"<xades:IssuerSerial><ds:X509IssuerName{DS}>CN=not looked at</ds:X509IssuerName>"
            f"<ds:X509SerialNumber{DS}>{serial}</ds:X509SerialNumber></xades:IssuerSerial>"
        )
    name = "SigningCertificate" + ("V2" if version == 2 else "")
    return f"<xades:{name}>{inside}</xades:Cert></xades:{name}>"


def _signed_properties(certificate: bytes, time: datetime.datetime, options: dict, identifier: str) -> str:
    return (
        f'<xades:SignedProperties xmlns:xades="{XADES}" Id="{identifier}"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{rfc3339(time)}</xades:SigningTime>"
        f"{_certificate_reference(certificate, options.get('version', 2))}"
        "</xades:SignedSignatureProperties></xades:SignedProperties>"
    )


def _qualifying(properties: str, target: str = SIGNATURE_ID) -> str:
    return (
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{target}">{properties}'
        "</xades:QualifyingProperties></ds:Object>"
    )


def xades(maker, scenario: dict, content: bytes) -> bytes:
    """`namesCertificateOf`; `version` of SigningCertificate; `uncovered`: no Reference to the properties; `target`;
    `twice`; `moved`: others stand in the place of the properties that were signed; `withStamp`."""
    options, name = scenario["options"], scenario["signers"][0]
    document, signer = content.decode("utf-8"), maker.authority_signer(name)
    certificate = maker.authority_certificate(name)
    named = maker.authority_certificate(options.get("namesCertificateOf", name))
    properties = _signed_properties(named, maker.good_at, options, "properties-1")
    references = [Reference("", (xmlbuild.ENVELOPED, xmlbuild.EXC_C14N), signer.digest, _digest(signer.digest, document))]
    if not options.get("uncovered"):
        references.append(
            Reference("#properties-1", (xmlbuild.EXC_C14N,), signer.digest, _digest(signer.digest, properties), PROPERTIES_TYPE)
        )
    template = Template(references, c14n=xmlbuild.EXC_C14N, method=signer.xml_method, signature_id=SIGNATURE_ID)
    template.certificates = (certificate,)
    template.objects = _qualifying(properties, options.get("target", SIGNATURE_ID))
    if options.get("twice"):
        template.objects += _qualifying("")
    if options.get("moved"):
        other = maker.authority_certificate(options["moved"])
        earlier = maker.good_at - datetime.timedelta(days=300)
        forged = _signed_properties(other, earlier, options, "properties-2")
        template.objects = _qualifying(forged) + f"<ds:Object>{properties}</ds:Object>"
    _sign(template, signer)
    signature = xmlbuild.signature(template)
    if "withStamp" in options:
        stamp = options["withStamp"]
        over = properties if stamp.get("over") == "properties" else xmlcounter.canonical_value(signature)
        signature = _with_stamp(signature, maker.time_stamp(over.encode("utf-8"), stamp))
    return xmlbuild.insert_last(document, signature).encode("utf-8")


def _with_stamp(signature: str, token: bytes) -> str:
    unsigned = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        f"{xmlcounter.time_stamp(token)}</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    return signature.replace("</xades:QualifyingProperties>", unsigned + "</xades:QualifyingProperties>", 1)


# --- WS-Security -----------------------------------------------------------------------------------------------------

NAMESPACES = {"soap": SOAP, "wsu": WSU}


XSI = "http://www.w3.org/2001/XMLSchema-instance"
TYPE_NAMESPACE = ' xmlns:x="urn:dear"'  # of the prefix in the Body's xsi:type


def _body(content: str, identifier: str, options: dict, canonical: bool = False) -> str:
    soap, type_declared, value = "", "", ""
    if options.get("typed"):
        type_declared, value = f' xmlns:xsi="{XSI}"', ' xsi:type="x:Dear"'
    if canonical:
        soap = f' xmlns:soap="{SOAP}"'
        # Exclusive canonicalisation does not see that the value uses the prefix.
        type_declared = (TYPE_NAMESPACE if options.get("prefixes") else "") + type_declared
    return f'<soap:Body{soap} xmlns:wsu="{WSU}"{type_declared} wsu:Id="{identifier}"{value}>{content}</soap:Body>'


def _timestamp(maker, options: dict) -> str:
    if "created" not in options:
        return ""
    hours = lambda key: maker.good_at + datetime.timedelta(hours=options[key])
    created = options.get("createdText", rfc3339(hours("created")))
    expires = f"<wsu:Expires>{rfc3339(hours('expires'))}</wsu:Expires>" if "expires" in options else ""
    return f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="time-1"><wsu:Created>{created}</wsu:Created>{expires}</wsu:Timestamp>'


def _routing() -> str:
    return f'<a:To xmlns:a="urn:a" xmlns:wsu="{WSU}" wsu:Id="to-1">urn:licensor</a:To>'


def _key_info(certificate: bytes, options: dict) -> str:
    text = base64.b64encode(certificate).decode("ascii")
    kind = f'EncodingType="{BASE64}" ValueType="{X509V3}"'
    inside = {
        "identifier": f"<wsse:KeyIdentifier {kind}>{text}</wsse:KeyIdentifier>",
        "token": f'<wsse:Reference URI="#token-1" ValueType="{X509V3}"></wsse:Reference>',
        "elsewhere": f'<wsse:Reference URI="http://127.0.0.1:1/token" ValueType="{X509V3}"></wsse:Reference>',
    }[options.get("keyInfo", "identifier")]
    return f"<ds:KeyInfo><wsse:SecurityTokenReference>{inside}</wsse:SecurityTokenReference></ds:KeyInfo>"


def soap(maker, scenario: dict, content: bytes) -> bytes:
    """`signs`: of body, time, to; `created`, `expires`: hours from then; `to`: a header block; `keyInfo`; `place`: `body`,
    instead of Security; `wrapped`, `wrappedSameId`: another Body in the place of the signed one; `typed`: the Body has an
    xsi:type whose prefix the Envelope declares; `prefixes`: the PrefixList of the Body's Reference."""
    options, name = scenario["options"], scenario["signers"][0]
    text, signer = content.decode("utf-8"), maker.authority_signer(name)
    certificate = maker.authority_certificate(name)
    time = _timestamp(maker, options)
    to = _routing() if options.get("to") else ""
    parts = {"body": ("#body-1", _body(text, "body-1", options, canonical=True)), "time": ("#time-1", time), "to": ("#to-1", to)}
    references = [
        Reference(uri, (xmlbuild.EXC_C14N,), signer.digest, _digest(signer.digest, canonical))
        for uri, canonical in (parts[key] for key in options.get("signs", ["body"]))
    ]
    for reference in references:
        reference.prefixes = options.get("prefixes", "") if reference.uri == "#body-1" else ""
    template = Template(references, c14n=xmlbuild.EXC_C14N, method=signer.xml_method, key_info="none")
    _sign(template, signer)
    signature = xmlbuild.signature(template).replace("</ds:Signature>", _key_info(certificate, options) + "</ds:Signature>")
    token = ""
    if options.get("keyInfo") == "token":
        token = (
            f'<wsse:BinarySecurityToken xmlns:wsu="{WSU}" EncodingType="{BASE64}" ValueType="{X509V3}" wsu:Id="token-1">'
            f"{base64.b64encode(certificate).decode('ascii')}</wsse:BinarySecurityToken>"
        )
    body, aside = _body(text, "body-1", options), ""
    if options.get("wrapped") or options.get("wrappedSameId"):
        forged = text.replace("oil-gas", "industry", 1).replace(' Id="application-1"', ' Id="application-2"', 1)
        aside = f'<aside xmlns="">{body}</aside>'
        body = _body(forged, "body-1" if options.get("wrappedSameId") else "body-2", options)
    inside = signature
    if options.get("place") == "body":
        # Beside what it signs: not where a signature speaks for the message.
        inside, body = "", body.replace("</soap:Body>", signature.replace("<ds:Signature", f'<ds:Signature xmlns:wsse="{WSSE}"', 1) + "</soap:Body>")
    security = f'<wsse:Security xmlns:wsse="{WSSE}">{token}{time}{inside}</wsse:Security>'
    header = f"<soap:Header>{to}{security}{aside}</soap:Header>"
    declared = TYPE_NAMESPACE if options.get("typed") else ""
    return f'<soap:Envelope xmlns:soap="{SOAP}"{declared}>{header}{body}</soap:Envelope>'.encode("utf-8")


BUILDERS = {"xades": xades, "soap": soap}
