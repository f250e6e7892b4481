"""What applicants and officers sign, made without the code under test: XML-DSig and CMS by python3-cryptography."""
import base64
import hashlib
import pathlib
import re
import ssl
import sys
import xml.etree.ElementTree as ElementTree

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[2] / "deploy/demo"))
from applications import RECEIPT, application_xml, tampered  # noqa: E402,F401 (the demo's documents are these tests' too)

DSIG = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"


class Key:
    """A person's certificate and key from the test authority, as they lie in a PKCS#12 file."""

    def __init__(self, authority, entry):
        self.entry = entry
        password = (authority / "p12/password.txt").read_text(encoding="utf-8").strip().encode()
        key, certificate, _ = pkcs12.load_key_and_certificates((authority / entry["p12"]).read_bytes(), password)
        self.key, self.certificate = key, certificate
        # As octets: python3-cryptography does not read the authorities' demo marker.
        self.chain_der = [ssl.PEM_cert_to_DER_cert((authority / "ca/issuing.pem").read_text(encoding="ascii"))]

    def public_key_sha256(self):
        spki = self.certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(spki).hexdigest()

    def certificate_der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign_xml(self, document):
        """An enveloped signature over the whole document (bytes); the rest of the document stays as it is."""
        # Canonical XML 2.0, which Python has, gives the octets of exclusive 1.0 for documents without prefixes.
        digest = hashlib.sha256(ElementTree.canonicalize(document.decode()).encode()).digest()
        info = (f'<ds:SignedInfo xmlns:ds="{DSIG}"><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
                '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
                f'<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="{DSIG}enveloped-signature"></ds:Transform>'
                f'<ds:Transform Algorithm="{EXC_C14N}"></ds:Transform></ds:Transforms>'
                '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
                f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo>")
        value = self.key.sign(info.encode(), padding.PKCS1v15(), hashes.SHA256())
        certificates = "".join(
            f"<ds:X509Certificate>{base64.b64encode(one).decode()}</ds:X509Certificate>"
            for one in [self.certificate_der(), *self.chain_der])
        signature = (f'<ds:Signature xmlns:ds="{DSIG}">{info}<ds:SignatureValue>{base64.b64encode(value).decode()}</ds:SignatureValue>'
                     f"<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>")
        head, closing, tail = document.rpartition(b"</")
        return head + signature.encode() + closing + tail

    def sign_cms(self, content):
        """An attached CMS over these octets."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(self.certificate, self.key, hashes.SHA256())
        return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities])


def request_id_of(document):
    return re.search(rb"<request-id>([^<]+)</request-id>", document).group(1).decode()


def claim_of(entry):
    """Whom an application signed with this certificate names."""
    claim = entry["claim"]
    if "bin" in claim:
        return {"kind": "organisation", "number": claim["bin"], "name": entry["organization"] or entry["commonName"]}
    return {"kind": "individual", "number": claim["iin"], "name": entry["commonName"]}


def submission(document, claim):
    """What POST /v1/applications takes."""
    return {"applicant": {"kind": claim["kind"], "number": claim["number"]},
            "document": base64.b64encode(document).decode(),
            "attachments": [base64.b64encode(RECEIPT).decode()]}
