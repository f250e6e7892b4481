#include "xmldsig/assemble.h"

#include "pki/verify_signature.h"
#include "pki/xml_signed_info.h"
#include "xmldsig/inspect.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/writer.h"

namespace tanba::xmldsig {
namespace {

void append_attribute(std::string& text, std::string_view name, std::string_view value) {
  text.append(" ").append(name).append("=\"").append(xml::escape_attribute(value)).append("\"");
}

void append_method(std::string& text, std::string_view element, std::string_view uri) {
  text.append("<ds:").append(element);
  append_attribute(text, "Algorithm", uri);
  text.append("></ds:").append(element).append(">");
}

void append_transforms(std::string& text, const SignedPart& part) {
  for (const std::string& transform : part.transforms) {
    if (part.prefixes.empty() || &transform != &part.transforms.back()) {
      append_method(text, "Transform", transform);
      continue;
    }
    text.append("<ds:Transform");
    append_attribute(text, "Algorithm", transform);
    text.append("><ec:InclusiveNamespaces");
    append_attribute(text, "xmlns:ec", xml::c14n_uri(xml::C14n::kExclusive));
    std::string list;
    for (const std::string& prefix : part.prefixes) list += (list.empty() ? "" : " ") + prefix;
    append_attribute(text, "PrefixList", list);
    text.append("></ec:InclusiveNamespaces></ds:Transform>");
  }
}

void append_reference(std::string& text, std::string_view digest_uri, const SignedPart& part) {
  text.append("<ds:Reference");
  if (!part.id.empty()) append_attribute(text, "Id", part.id);
  if (!part.type.empty()) append_attribute(text, "Type", part.type);
  append_attribute(text, "URI", part.uri);
  text.append("><ds:Transforms>");
  append_transforms(text, part);
  text.append("</ds:Transforms>");
  append_method(text, "DigestMethod", digest_uri);
  text.append("<ds:DigestValue>").append(base::to_base64(part.digest)).append("</ds:DigestValue></ds:Reference>");
}

}  // namespace

base::Result<std::string> signed_info_text(const pki::SignatureAlgorithm& algorithm,
                                           std::span<const SignedPart> parts) {
  TANBA_TRY(const std::string_view signature_uri, pki::xml_signature_uri(algorithm));
  TANBA_TRY(const std::string_view digest_uri, pki::xml_digest_uri(algorithm.digest));
  std::string text = "<ds:SignedInfo xmlns:ds=\"";
  text.append(kSignatureNamespace).append("\">");
  append_method(text, "CanonicalizationMethod", xml::c14n_uri(xml::C14n::kExclusive));
  append_method(text, "SignatureMethod", signature_uri);
  for (const SignedPart& part : parts) append_reference(text, digest_uri, part);
  text.append("</ds:SignedInfo>");
  return text;
}

std::string wrapped_base64(base::ByteView octets) {
  constexpr std::size_t kLine = 76;
  const std::string text = base::to_base64(octets);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += kLine) {
    if (at != 0) out += '\n';
    out.append(text, at, kLine);
  }
  return out;
}

std::string key_info_text(std::span<const pki::CertificatePtr> certificates) {
  std::string text = "<ds:KeyInfo><ds:X509Data>";
  for (const pki::CertificatePtr& certificate : certificates) {
    text.append("<ds:X509Certificate>").append(wrapped_base64(certificate->der())).append("</ds:X509Certificate>");
  }
  return text.append("</ds:X509Data></ds:KeyInfo>");
}

base::Result<base::Bytes> value_to_write(const pki::SignatureAlgorithm& algorithm, std::size_t field_bytes,
                                         base::ByteView signature) {
  if (algorithm.scheme != pki::SignatureScheme::kEcdsa) return base::to_bytes(signature);
  return pki::ecdsa_to_concatenated(signature, field_bytes);
}

std::size_t field_bytes_of(const pki::Certificate& certificate) {
  return (certificate.key().bits + 7U) / 8U;
}

base::Result<base::Bytes> complete(const Assembly& assembly, base::ByteView signature) {
  TANBA_TRY(const base::Bytes value, value_to_write(assembly.algorithm, assembly.field_bytes, signature));
  return base::to_bytes(base::as_bytes(assembly.before + wrapped_base64(value) + assembly.after));
}

}  // namespace tanba::xmldsig
