#!/usr/bin/python3
"""Applications as a portal makes them (docs/schema/application-1.xsd), signed by applicants, good and bad.

As a program it writes one to standard output, unsigned.
"""
import argparse
import base64
import datetime
import hashlib
import pathlib
import re
import subprocess
import sys
import uuid
from xml.sax.saxutils import escape

NAMESPACE = "urn:tanba:application:1"
RECEIPT = b"%PDF-1.4\n% receipt of the licence fee, scanned (demo)\n"


def application_xml(service, licensor_bin, applicant, receipt=RECEIPT, xml_id=None):
    """`applicant`: kind, number, name. No white space between elements: what is signed is what is written."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    identifier = f' Id="{xml_id}"' if xml_id else ""
    return (
        f'<application xmlns="{NAMESPACE}"{identifier}>'
        f"<request-id>{uuid.uuid4()}</request-id><service>{service}</service><action>issue</action>"
        f"<licensor-bin>{licensor_bin}</licensor-bin><created-at>{now}</created-at>"
        f"<applicant><kind>{applicant['kind']}</kind><number>{applicant['number']}</number>"
        f"<name>{escape(applicant['name'])}</name></applicant>"
        '<fields><field name="subspecies">эксплуатация магистральных нефтепроводов</field>'
        '<field name="region">Мангистауская область</field></fields>'
        "<attachments><attachment><name>квитанция.pdf</name><media-type>application/pdf</media-type>"
        f"<kind>receipt</kind><sha256>{hashlib.sha256(receipt).hexdigest()}</sha256></attachment></attachments>"
        "</application>")


def tampered(signed):
    """One letter of the signed content changed."""
    changed = signed.replace(b"<action>issue", b"<action>issuE", 1)
    assert changed != signed
    return changed


_TEMPLATE = """<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>\
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>\
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>\
<ds:Reference URI="#{xml_id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>\
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>\
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"""


def wrapped(original, forged, key, certificate, folder):
    """Signature wrapping: `original` was signed by its Id; the attacker shows `forged` and hides the original inside."""
    xml_id = re.search(r'Id="([^"]+)"', original).group(1)
    enclosed = pathlib.Path(folder) / "enclosed.xml"
    signed = pathlib.Path(folder) / "signed.xml"
    enclosed.write_text(f"<envelope>{original}{_TEMPLATE.format(xml_id=xml_id)}</envelope>", encoding="utf-8")
    subprocess.run(["xmlsec1", "--sign", "--id-attr:Id", f"{NAMESPACE}:application", "--privkey-pem", f"{key},{certificate}",
                    "--output", str(signed), str(enclosed)], check=True, capture_output=True)
    signature = re.search(r"<ds:Signature .*</ds:Signature>", signed.read_text(encoding="utf-8"), re.S).group(0)
    hidden = signature.replace("</ds:Signature>", f"<ds:Object>{original}</ds:Object></ds:Signature>")
    return forged.replace("</application>", f"{hidden}</application>").encode()


def submission(document, applicant, attachments=(RECEIPT,)):
    """What POST /v1/applications takes."""
    return {"applicant": {"kind": applicant["kind"], "number": applicant["number"]},
            "document": base64.b64encode(document).decode(),
            "attachments": [base64.b64encode(attachment).decode() for attachment in attachments]}


def main():
    parser = argparse.ArgumentParser(description="An application of an organisation, not signed yet.")
    parser.add_argument("--licensor", required=True, help="the licensor's BIN")
    parser.add_argument("--bin", required=True, help="the applicant's BIN")
    parser.add_argument("--name", required=True, help="the applicant's name")
    parser.add_argument("--service", default="oil-gas")
    parser.add_argument("--receipt", type=pathlib.Path, required=True, help="file that goes with it")
    options = parser.parse_args()
    applicant = {"kind": "organisation", "number": options.bin, "name": options.name}
    sys.stdout.buffer.write(application_xml(options.service, options.licensor, applicant, options.receipt.read_bytes()).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
