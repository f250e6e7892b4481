#include "xmldsig/xades.h"

#include <algorithm>
#include <utility>

#include "pki/verify_signature.h"
#include "pki/xml_signed_info.h"
#include "xmldsig/key_info.h"
#include "xmldsig/sign.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"
#include "xmldsig/xml/writer.h"

namespace tanba::xmldsig {
namespace {

using base::Code;
using xml::Element;

constexpr std::string_view kSignedPropertiesType = "http://uri.etsi.org/01903#SignedProperties";

// The Ids of one signature: made of what is signed, so that they do not meet those of another signature of the
// document.
struct Names {
  std::string signature, content, value, properties;
};
[[nodiscard]] Names names_for(base::ByteView digest, const pki::Certificate& certificate, base::Time time) {
  base::Bytes all(digest.begin(), digest.end());
  const base::ByteView key = certificate.digest().view();
  const std::string text = base::format_time(time);
  all.insert(all.end(), key.begin(), key.end());
  all.insert(all.end(), text.begin(), text.end());
  const std::string name = "xades-" + base::sha256(all).hex().substr(0, 32);
  return {name, name + "-content", name + "-value", name + "-properties"};
}

// The text of SignedProperties as exclusive canonicalisation gives it: a namespace stands where it is first used.
[[nodiscard]] base::Result<std::string> signed_properties_text(pki::Context& context, const XadesProfile& profile,
                                                               const Names& names,
                                                               const pki::Certificate& certificate) {
  TANBA_CHECK(xml::check_characters(profile.mime_type));
  TANBA_TRY(const std::string_view digest_uri, pki::xml_digest_uri(profile.algorithm.digest));
  TANBA_TRY(const base::Bytes digest, pki::compute_digest(context, profile.algorithm.digest, certificate.der()));
  const std::string ds = " xmlns:ds=\"" + std::string(kSignatureNamespace) + "\"";
  std::string text = "<xades:SignedProperties xmlns:xades=\"" + std::string(kXadesNamespace) + "\" Id=\"";
  text.append(names.properties).append("\"><xades:SignedSignatureProperties><xades:SigningTime>");
  text.append(base::format_time(profile.signing_time));
  text.append("</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod")
      .append(ds)
      .append(" Algorithm=\"")
      .append(digest_uri)
      .append("\"></ds:DigestMethod><ds:DigestValue")
      .append(ds)
      .append(">")
      .append(base::to_base64(digest));
  text.append("</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>");
  text.append("</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>");
  text.append("<xades:DataObjectFormat ObjectReference=\"#").append(names.content).append("\"><xades:MimeType>");
  text.append(xml::escape_text(profile.mime_type));
  return text.append(
      "</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties>"
      "</xades:SignedProperties>");
}

[[nodiscard]] std::string signature_after_value(const Names& names, const std::string& signed_properties,
                                                std::span<const pki::CertificatePtr> certificates) {
  std::string text = "</ds:SignatureValue>" + key_info_text(certificates);
  text.append("<ds:Object><xades:QualifyingProperties xmlns:xades=\"").append(kXadesNamespace);
  text.append("\" Target=\"#").append(names.signature).append("\">").append(signed_properties);
  return text.append("</xades:QualifyingProperties></ds:Object></ds:Signature>");
}

}  // namespace

base::Result<Assembly> prepare_xades(pki::Context& context, base::ByteView document,
                                     const pki::CertificatePtr& certificate, std::span<const pki::CertificatePtr> chain,
                                     const XadesProfile& profile, base::Budget& budget) {
  const pki::DigestAlgorithm digest = profile.algorithm.digest;
  TANBA_TRY(base::Bytes content, document_digest(context, document, digest, budget));
  const Names names = names_for(content, *certificate, profile.signing_time);
  TANBA_TRY(const std::string properties, signed_properties_text(context, profile, names, *certificate));
  TANBA_TRY(base::Bytes properties_digest, pki::compute_digest(context, digest, base::as_bytes(properties)));
  const SignedPart parts[] = {
      {.id = names.content,
       .type = {},
       .uri = "",
       .transforms = {std::string(kEnvelopedSignature), std::string(c14n_uri(xml::C14n::kInclusiveWithComments))},
       .digest = std::move(content)},
      {.id = {},
       .type = std::string(kSignedPropertiesType),
       .uri = "#" + names.properties,
       .transforms = {std::string(c14n_uri(xml::C14n::kExclusive))},
       .digest = std::move(properties_digest)}};
  TANBA_TRY(const std::string signed_info, signed_info_text(profile.algorithm, parts));
  std::vector<pki::CertificatePtr> certificates{certificate};
  for (const pki::CertificatePtr& further : chain) {
    if (further->digest() != certificate->digest()) certificates.push_back(further);
  }
  const std::string before_value = "<ds:Signature xmlns:ds=\"" + std::string(kSignatureNamespace) + "\" Id=\"" +
                                   names.signature + "\">" + signed_info + "<ds:SignatureValue Id=\"" + names.value +
                                   "\">";
  const std::string after_value = signature_after_value(names, properties, certificates);
  TANBA_TRY(const base::Bytes whole, xml::append_to_root(document, before_value + after_value, budget.limits()));
  // The Signature stands once in the text: its Ids are in it.
  const std::string_view text = base::as_text(whole);
  const std::size_t value_at = text.rfind(after_value);
  if (value_at == std::string_view::npos) return base::fail(Code::kInternal, "the signature is not where it was put");
  return Assembly{.octets = base::to_bytes(base::as_bytes(signed_info)),
                  .algorithm = profile.algorithm,
                  .before = std::string(text.substr(0, value_at)),
                  .after = std::string(text.substr(value_at)),
                  .field_bytes = field_bytes_of(*certificate)};
}

base::Result<base::Bytes> sign_xades(pki::Context& context, base::ByteView document, pki::Signer& signer,
                                     std::span<const pki::CertificatePtr> chain, const XadesProfile& profile,
                                     base::Budget& budget) {
  TANBA_TRY(const Assembly assembly, prepare_xades(context, document, signer.certificate(), chain, profile, budget));
  TANBA_TRY(const base::Bytes value, signer.sign(profile.algorithm, assembly.octets));
  return complete(assembly, value);
}

// --- unsigned properties -------------------------------------------------------------------------------------------

namespace {

[[nodiscard]] base::Result<Element> signature_at(const xml::Document& document, std::size_t index) {
  std::vector<Element> all = document.find_all(kSignatureNamespace, "Signature");
  std::erase_if(all, is_countersignature);
  if (index == kLastSignature) {
    const auto own = xml::children_named(document.root(), kSignatureNamespace, "Signature");
    if (!own.empty()) return own.back();
  }
  if (index >= all.size()) return base::fail(Code::kInputMember, {{"member", "signature"}, {"expected", "its number"}});
  return all[index];
}

[[nodiscard]] base::Result<Element> qualifying_properties(Element signature) {
  for (const Element& object : xml::children_named(signature, kSignatureNamespace, "Object")) {
    const auto found = xml::children_named(object, kXadesNamespace, "QualifyingProperties");
    if (!found.empty()) return found.front();
  }
  return structure("there are no XAdES properties to add to");
}

void append_encapsulated(std::string& text, std::string_view name, base::ByteView der) {
  text.append("<xades:").append(name).append(">").append(base::to_base64(der));
  text.append("</xades:").append(name).append(">");
}

// Each element declares what it uses, as it may be put into anyone's document.
void append_values(std::string& text, const ValidationValues& values) {
  const std::string declaration = " xmlns:xades=\"" + std::string(kXadesNamespace) + "\"";
  if (!values.certificates.empty()) {
    text.append("<xades:CertificateValues").append(declaration).append(">");
    for (const auto& one : values.certificates) append_encapsulated(text, "EncapsulatedX509Certificate", one->der());
    text.append("</xades:CertificateValues>");
  }
  if (values.crls.empty() && values.ocsp_responses.empty()) return;
  text.append("<xades:RevocationValues").append(declaration).append(">");
  if (!values.crls.empty()) {
    text.append("<xades:CRLValues>");
    for (const base::Bytes& crl : values.crls) append_encapsulated(text, "EncapsulatedCRLValue", crl);
    text.append("</xades:CRLValues>");
  }
  if (!values.ocsp_responses.empty()) {
    text.append("<xades:OCSPValues>");
    for (const base::Bytes& answer : values.ocsp_responses) append_encapsulated(text, "EncapsulatedOCSPValue", answer);
    text.append("</xades:OCSPValues>");
  }
  text.append("</xades:RevocationValues>");
}

[[nodiscard]] std::string text_of(const UnsignedProperties& properties) {
  const std::string declaration = " xmlns:xades=\"" + std::string(kXadesNamespace) + "\"";
  std::string text;
  for (const base::Bytes& token : properties.timestamp_tokens) {
    text.append("<xades:SignatureTimeStamp").append(declaration).append("><ds:CanonicalizationMethod xmlns:ds=\"");
    text.append(kSignatureNamespace).append("\" Algorithm=\"").append(c14n_uri(xml::C14n::kExclusive));
    text.append("\"></ds:CanonicalizationMethod>");
    append_encapsulated(text, "EncapsulatedTimeStamp", token);
    text.append("</xades:SignatureTimeStamp>");
  }
  append_values(text, properties.values);
  if (properties.timestamp_values.empty()) return text;
  // EN 319 132-1 5.5.1.
  text.append("<xades141:TimeStampValidationData xmlns:xades141=\"").append(kXades141Namespace).append("\">");
  append_values(text, properties.timestamp_values);
  return text.append("</xades141:TimeStampValidationData>");
}

}  // namespace

base::Result<base::Bytes> timestamp_octets(base::ByteView document, std::size_t signature, base::Budget& budget) {
  TANBA_TRY(const xml::Document parsed, xml::Document::parse(document, budget.limits()));
  TANBA_TRY(const Element element, signature_at(parsed, signature));
  const auto value = xml::only_child(element, kSignatureNamespace, "SignatureValue");
  if (!value) return structure("SignatureValue");
  return xml::canonicalise(parsed, {*value, {}, {}}, xml::C14n::kExclusive, {}, budget);
}

base::Result<base::Bytes> add_unsigned_properties(base::ByteView document, std::size_t signature,
                                                  const UnsignedProperties& properties, base::Budget& budget) {
  TANBA_TRY(const xml::Document parsed, xml::Document::parse(document, budget.limits()));
  TANBA_TRY(const Element element, signature_at(parsed, signature));
  TANBA_TRY(const Element qualifying, qualifying_properties(element));
  const auto unsigned_part = xml::optional_child(qualifying, kXadesNamespace, "UnsignedProperties");
  if (!unsigned_part) return structure("UnsignedProperties are repeated");
  const std::string declaration = " xmlns:xades=\"" + std::string(kXadesNamespace) + "\"";
  std::string text = text_of(properties);
  if (!*unsigned_part) {
    text = "<xades:UnsignedProperties" + declaration + "><xades:UnsignedSignatureProperties>" + text +
           "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>";
    return xml::append_to_element(document, parsed.ordinal(qualifying), text, budget.limits());
  }
  const auto inner = xml::optional_child(**unsigned_part, kXadesNamespace, "UnsignedSignatureProperties");
  if (!inner) return structure("UnsignedSignatureProperties are repeated");
  if (!*inner) {
    text = "<xades:UnsignedSignatureProperties" + declaration + ">" + text + "</xades:UnsignedSignatureProperties>";
    return xml::append_to_element(document, parsed.ordinal(**unsigned_part), text, budget.limits());
  }
  const auto has = [&](std::string_view name) { return !xml::children_named(**inner, kXadesNamespace, name).empty(); };
  const ValidationValues& values = properties.values;
  if ((!values.certificates.empty() && has("CertificateValues")) ||
      ((!values.crls.empty() || !values.ocsp_responses.empty()) && has("RevocationValues"))) {
    return structure("CertificateValues or RevocationValues are there already");
  }
  return xml::append_to_element(document, parsed.ordinal(**inner), text, budget.limits());
}

}  // namespace tanba::xmldsig
