#include "cms/inspect.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cms/certificate_reference.h"
#include "cms/counter_signature.h"
#include "cms/oids.h"
#include "cms/signer.h"

namespace tanba::cms {
namespace {

using base::ByteView;
using base::Code;
using base::Error;
using pki::CertificatePtr;
using pki::SignatureFacts;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

// CRLs, and OCSP responses, one for each certificate of a chain and its signers.
constexpr std::size_t kMaxRevocationItems = 256;

Error too_many(const char* what, std::size_t limit) {
  return Error(Code::kLimitCount, {{"what", what}, {"limit", std::to_string(limit)}});
}

class Inspector {
 public:
  Inspector(pki::Context& context, const SignedData& signed_data, const DetachedContent& detached, base::Budget& budget,
            const InspectOptions& options)
      : context_(context),
        budget_(budget),
        options_(options),
        signed_data_(signed_data),
        content_(context, budget, octets_of(signed_data, detached), detached.digested()) {}

  base::Result<pki::DocumentFacts> run(const DetachedContent& detached);

 private:
  [[nodiscard]] static std::optional<ByteView> octets_of(const SignedData& signed_data,
                                                         const DetachedContent& detached) {
    if (signed_data.content.has_value() || detached.octets() == nullptr) return signed_data.content;
    return *detached.octets();
  }

  base::Status read_certificates();
  base::Status read_revocation();
  void add_certificate(CertificatePtr certificate);
  void add_crl(ByteView der);
  void add_ocsp_response(base::Bytes der);

  base::Status inspect_signer(ByteView der, SignatureFacts& out);
  base::Status read_unsigned_attributes(ByteView contents, SignatureFacts& out);
  base::Status read_certificate_values(const Attribute& attribute);
  base::Status read_revocation_values(const Attribute& attribute);
  base::Status keep_octets(SignatureFacts& out);

  pki::Context& context_;
  base::Budget& budget_;
  const InspectOptions& options_;
  const SignedData& signed_data_;
  Content content_;
  pki::DocumentFacts facts_;
  std::vector<ByteView> unsigned_attributes_;  // of each signature, contents
};

// --- what the document carries ---------------------------------------------------------------------------------------

void Inspector::add_certificate(CertificatePtr certificate) {
  const bool known = std::ranges::any_of(facts_.certificates, [&](const CertificatePtr& other) {
    return other == certificate || other->digest() == certificate->digest();
  });
  if (!known) facts_.certificates.push_back(std::move(certificate));
}

base::Status Inspector::read_certificates() {
  Reader choices(signed_data_.certificates);
  for (std::size_t count = 0; !choices.at_end(); ++count) {
    if (count == budget_.limits().max_certificates) {
      return note(facts_.errors, too_many("certificates", budget_.limits().max_certificates));
    }
    auto choice = choices.next();
    if (!choice.has_value()) return note(facts_.errors, choice.error());
    if (choice->tag != der::kSequence) continue;  // obsolete kinds, attribute certificates
    auto certificate = context_.certificates().get(choice->whole);
    if (certificate.has_value()) {
      add_certificate(*std::move(certificate));
    } else {
      TANBA_CHECK(note(facts_.errors, std::move(certificate).error()));
    }
  }
  return {};
}

void Inspector::add_crl(ByteView der) {
  if (facts_.crls.size() < kMaxRevocationItems) facts_.crls.push_back(base::to_bytes(der));
}
void Inspector::add_ocsp_response(base::Bytes der) {
  if (facts_.ocsp_responses.size() < kMaxRevocationItems) facts_.ocsp_responses.push_back(std::move(der));
}

// RevocationInfoChoices, 10.2.1. What cannot be read here is evidence that is absent, not a fault of the signature.
base::Status Inspector::read_revocation() {
  Reader choices(signed_data_.revocation);
  while (!choices.at_end()) {
    const auto choice = choices.next();
    if (!choice.has_value()) return note(facts_.errors, choice.error());
    if (choice->tag == der::kSequence) add_crl(choice->whole);
    if (choice->tag != der::context_constructed(1)) continue;
    Reader other(choice->value);
    const auto format = other.expect(der::kOid, "otherRevInfoFormat");
    if (!format.has_value() || !base::equal(format->value, oid::kOcspResponse.contents())) continue;
    const auto response = other.expect(der::kSequence, "OCSPResponse");
    if (response.has_value()) add_ocsp_response(base::to_bytes(response->whole));
  }
  return {};
}

// --- one signer ------------------------------------------------------------------------------------------------------

base::Status Inspector::keep_octets(SignatureFacts& out) {
  if (options_.keep_octets != pki::KeepOctets::kYes || !out.errors.empty() || !content_.octets().has_value()) return {};
  // Copies are bounded as digests are: many signers over one large content would else need many times its size.
  if (auto status = budget_.charge_digest(content_.octets()->size()); !status.has_value()) {
    return note(out.errors, std::move(status).error());
  }
  out.signed_octets = base::to_bytes(*content_.octets());
  return {};
}

base::Status Inspector::inspect_signer(ByteView octets, SignatureFacts& out) {
  out.covers = {.whole = true, .what = "content"};
  SignerInspector signer(context_, budget_, content_, &signed_data_.content_type, facts_.certificates,
                         options_.certificates);
  TANBA_TRY(const ByteView unsigned_attributes, signer.inspect(octets, out));
  TANBA_CHECK(read_unsigned_attributes(unsigned_attributes, out));
  unsigned_attributes_.push_back(unsigned_attributes);
  return keep_octets(out);
}

// --- unsigned attributes ---------------------------------------------------------------------------------------------

// CertificateValues (ETSI EN 319 122-1 A.1.1.2): SEQUENCE OF Certificate. Help for the path search: what does not parse
// is passed over.
base::Status Inspector::read_certificate_values(const Attribute& attribute) {
  TANBA_TRY(const Tlv value, der::parse_single(attribute.values, der::kSequence, "CertificateValues"));
  Reader certificates(value.value);
  while (!certificates.at_end() && facts_.certificates.size() < budget_.limits().max_certificates) {
    TANBA_TRY(const Tlv der, certificates.next());
    if (auto certificate = context_.certificates().get(der.whole)) add_certificate(*std::move(certificate));
  }
  return {};
}

// RevocationValues (ETSI EN 319 122-1 A.1.2.2): crlVals [0], ocspVals [1] SEQUENCE OF BasicOCSPResponse.
base::Status Inspector::read_revocation_values(const Attribute& attribute) {
  TANBA_TRY(const Tlv value, der::parse_single(attribute.values, der::kSequence, "RevocationValues"));
  Reader fields(value.value);
  while (!fields.at_end()) {
    TANBA_TRY(const Tlv field, fields.next());
    TANBA_TRY(const Tlv list, der::parse_single(field.value, der::kSequence, "list of revocation values"));
    Reader items(list.value);
    while (!items.at_end()) {
      TANBA_TRY(const Tlv item, items.next());
      if (field.tag == der::context_constructed(0)) add_crl(item.whole);
      if (field.tag == der::context_constructed(1)) add_ocsp_response(wrap_basic_response(item.whole));
    }
  }
  return {};
}

// Evidence that cannot be read is evidence that is absent, whoever put it there.
void warn_of(const base::Status& read, const char* attribute, SignatureFacts& out) {
  if (read.has_value()) return;
  out.warnings.emplace_back(
      Code::kCmsUnsignedAttribute,
      std::vector<base::ErrorArgument>{{"attribute", attribute}, {"what", read.error().message()}});
}

base::Status Inspector::read_unsigned_attributes(ByteView contents, SignatureFacts& out) {
  auto attributes = parse_attributes(contents);
  if (!attributes.has_value()) return note(out.errors, std::move(attributes).error());
  for (const Attribute& attribute : *attributes) {
    if (attribute.is(oid::kSignatureTimeStamp)) TANBA_CHECK(collect_timestamps(attribute, out));
    if (attribute.is(oid::kCertificateValues)) warn_of(read_certificate_values(attribute), "certificateValues", out);
    if (attribute.is(oid::kRevocationValues)) warn_of(read_revocation_values(attribute), "revocationValues", out);
  }
  return {};
}

// --- the document ----------------------------------------------------------------------------------------------------

base::Result<pki::DocumentFacts> Inspector::run(const DetachedContent& detached) {
  facts_.format = pki::DocumentFormat::kCms;
  facts_.content_type = signed_data_.content_type;
  if (signed_data_.content.has_value() && detached.given()) {
    TANBA_CHECK(note(facts_.errors, Error(Code::kCmsContentGivenTwice)));
  }
  if (!content_.known()) TANBA_CHECK(note(facts_.errors, Error(Code::kCmsNoContent)));
  if (signed_data_.signers.empty()) TANBA_CHECK(note(facts_.errors, Error(Code::kCmsNoSigner)));
  TANBA_CHECK(read_certificates());
  TANBA_CHECK(read_revocation());
  facts_.signatures.reserve(signed_data_.signers.size());
  for (const ByteView signer : signed_data_.signers) {
    SignatureFacts& out = facts_.signatures.emplace_back();
    out.id = "S" + std::to_string(facts_.signatures.size());
    TANBA_CHECK(inspect_signer(signer, out));
  }
  // Only when all signatures were looked at: what anybody may have added must not use up what they may cost.
  for (std::size_t i = 0; i < facts_.signatures.size(); ++i) {
    TANBA_CHECK(inspect_counter_signatures(context_, budget_, unsigned_attributes_[i], facts_.signatures[i],
                                           facts_.certificates, options_.certificates));
  }
  return std::move(facts_);
}

// Facts of a document in which no signature could be looked at.
base::Result<pki::DocumentFacts> refused(Error error) {
  pki::DocumentFacts facts;
  facts.format = pki::DocumentFormat::kCms;
  TANBA_CHECK(note(facts.errors, std::move(error)));
  return facts;
}

}  // namespace

base::Result<pki::DocumentFacts> inspect(pki::Context& context, const SignedData& signed_data,
                                         const DetachedContent& detached, base::Budget& budget,
                                         const InspectOptions& options) {
  return Inspector(context, signed_data, detached, budget, options).run(detached);
}

base::Result<pki::DocumentFacts> inspect(pki::Context& context, ByteView cms, const DetachedContent& detached,
                                         base::Budget& budget, const InspectOptions& options) {
  if (cms.empty()) return refused(Error(Code::kFormatEmpty));
  const base::Limits& limits = budget.limits();
  if (cms.size() > limits.max_document_bytes) {
    return refused(Error(Code::kLimitSize, {{"limit", std::to_string(limits.max_document_bytes)}}));
  }
  base::Bytes storage;
  auto der = der::normalise(cms, storage);
  if (!der.has_value()) return refused(std::move(der).error());
  auto signed_data = parse_signed_data(*der, limits);
  if (!signed_data.has_value()) return refused(std::move(signed_data).error());
  return inspect(context, *signed_data, detached, budget, options);
}

base::Result<std::vector<pki::DigestAlgorithm>> content_digests(ByteView cms, const base::Limits& limits) {
  base::Bytes storage;
  TANBA_TRY(const ByteView der, der::normalise(cms, storage));
  TANBA_TRY(const SignedData signed_data, parse_signed_data(der, limits));
  std::vector<pki::DigestAlgorithm> out;
  for (const ByteView signer : signed_data.signers) {
    const auto info = parse_signer_info(signer);
    if (!info.has_value()) continue;  // inspect says what is wrong with it
    const auto identifier = pki::parse_algorithm_identifier(info->digest_algorithm);
    if (!identifier.has_value()) continue;
    const auto digest = pki::digest_from_oid(identifier->oid);
    if (digest.has_value() && std::ranges::find(out, *digest) == out.end()) out.push_back(*digest);
  }
  return out;
}

}  // namespace tanba::cms
