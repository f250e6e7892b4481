#include "xmldsig/sign.h"

#include "pki/verify_signature.h"
#include "pki/xml_signed_info.h"
#include "xmldsig/assemble.h"
#include "xmldsig/inspect.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {
namespace {

using base::Code;

[[nodiscard]] base::Result<base::Bytes> canonical_document(base::ByteView document, base::Budget& budget) {
  TANBA_TRY(const xml::Document parsed, xml::Document::parse(document, budget.limits()));
  // Of URI="" no comments are signed, though the transform is the one WithComments (inspect.h).
  return xml::canonicalise(parsed, {}, xml::C14n::kInclusive, {}, budget);
}

}  // namespace

base::Result<base::Bytes> document_digest(pki::Context& context, base::ByteView document, pki::DigestAlgorithm digest,
                                          base::Budget& budget) {
  TANBA_TRY(const base::Bytes canonical, canonical_document(document, budget));
  TANBA_CHECK(budget.charge_digest(canonical.size()));
  return pki::compute_digest(context, digest, canonical);
}

base::Result<ToBeSigned> prepare(pki::Context& context, base::ByteView document, const pki::CertificatePtr& certificate,
                                 std::span<const pki::CertificatePtr> chain, const Profile& profile,
                                 base::Budget& budget) {
  ToBeSigned prepared;
  prepared.algorithm = profile.algorithm;
  TANBA_TRY(prepared.document_digest, document_digest(context, document, profile.algorithm.digest, budget));
  TANBA_TRY(const std::string signed_info, pki::signed_info_for(profile.algorithm, prepared.document_digest));
  prepared.octets = base::to_bytes(base::as_bytes(signed_info));
  prepared.document = base::to_bytes(document);
  prepared.certificates.push_back(certificate);
  for (const pki::CertificatePtr& further : chain) {
    if (further->digest() != certificate->digest()) prepared.certificates.push_back(further);
  }
  return prepared;
}

base::Result<base::Bytes> complete(const ToBeSigned& prepared, base::ByteView signature) {
  TANBA_TRY(const base::Bytes value,
            value_to_write(prepared.algorithm, field_bytes_of(*prepared.certificates.front()), signature));
  // No white space between the elements: someone who adds a signature of his own after this one then covers exactly it.
  std::string text = "<ds:Signature xmlns:ds=\"";
  text.append(kSignatureNamespace).append("\">").append(base::as_text(prepared.octets)).append("<ds:SignatureValue>");
  text.append(wrapped_base64(value)).append("</ds:SignatureValue>");
  text.append(key_info_text(prepared.certificates)).append("</ds:Signature>");
  return xml::append_to_root(prepared.document, text, base::Limits{.max_document_bytes = prepared.document.size()});
}

base::Result<base::Bytes> sign(pki::Context& context, base::ByteView document, pki::Signer& signer,
                               std::span<const pki::CertificatePtr> chain, const Profile& profile,
                               base::Budget& budget) {
  TANBA_TRY(const ToBeSigned prepared, prepare(context, document, signer.certificate(), chain, profile, budget));
  TANBA_TRY(const base::Bytes signature, signer.sign(profile.algorithm, prepared.octets));
  return complete(prepared, signature);
}

base::Status check_signed_equals_prepared(base::ByteView prepared, base::ByteView signed_document,
                                          base::Budget& budget) {
  TANBA_TRY(const base::Bytes expected, canonical_document(prepared, budget));
  TANBA_TRY(const xml::Document parsed, xml::Document::parse(signed_document, budget.limits()));
  const std::vector<xml::Element> signatures = parsed.find_all(kSignatureNamespace, "Signature");
  if (signatures.empty()) return base::fail(Code::kFormatNoSignature);
  TANBA_TRY(const base::Bytes found,
            xml::canonicalise(parsed, {std::nullopt, {signatures.back()}}, xml::C14n::kInclusive, {}, budget));
  if (!base::equal(expected, found)) return base::fail(Code::kXmlPreparedChanged);
  return {};
}

}  // namespace tanba::xmldsig
