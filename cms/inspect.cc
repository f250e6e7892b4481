#include "cms/inspect.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cms/certificate_reference.h"
#include "cms/oids.h"
#include "pki/verify_signature.h"

namespace tanba::cms {
namespace {

using base::ByteView;
using base::Code;
using base::Error;
using pki::CertificatePtr;
using pki::DigestAlgorithm;
using pki::SignatureFacts;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

// Each costs a token's verification later; archives with yearly renewals stay below.
constexpr std::size_t kMaxTimestamps = 16;
// CRLs, and OCSP responses, one for each certificate of a chain and its signers.
constexpr std::size_t kMaxRevocationItems = 256;

// A finding about the document stays in the facts; a fault of our own ends the inspection.
base::Status note(std::vector<Error>& findings, Error error) {
  if (base::info(error.code()).effect == base::Effect::kInternal) return base::fail(std::move(error));
  if (error.code() == Code::kDerMalformed) {  // what is malformed here is the CMS
    findings.emplace_back(Code::kCmsMalformed, error.arguments(), error.cause());
  } else {
    findings.push_back(std::move(error));
  }
  return {};
}

Error too_many(const char* what, std::size_t limit) {
  return Error(Code::kLimitCount, {{"what", what}, {"limit", std::to_string(limit)}});
}

// The content and its digests, each computed once.
class Content {
 public:
  Content(pki::Context& context, base::Budget& budget, const SignedData& signed_data, const DetachedContent& detached)
      : context_(context), budget_(budget), octets_(signed_data.content), digested_(detached.digested()) {
    if (!octets_.has_value() && detached.octets() != nullptr) octets_ = *detached.octets();
    digests_.reserve(4);
  }

  [[nodiscard]] bool known() const { return octets_.has_value() || digested_ != nullptr; }
  [[nodiscard]] const std::optional<ByteView>& octets() const { return octets_; }
  [[nodiscard]] ByteView beginning() const { return octets_.has_value() ? *octets_ : ByteView(digested_->beginning); }

  // The view stays until this object ends.
  [[nodiscard]] base::Result<ByteView> digest(DigestAlgorithm algorithm) {
    for (const auto& [known_algorithm, result] : digests_) {
      if (known_algorithm == algorithm) return view(result);
    }
    digests_.emplace_back(algorithm, compute(algorithm));
    return view(digests_.back().second);
  }

 private:
  [[nodiscard]] static base::Result<ByteView> view(const base::Result<base::Bytes>& result) {
    if (!result.has_value()) return base::fail(result.error());
    return ByteView(*result);
  }

  [[nodiscard]] base::Result<base::Bytes> compute(DigestAlgorithm algorithm) {
    if (context_.digest(algorithm) == nullptr) {
      return base::fail(Code::kAlgorithmUnknown, {{"algorithm", std::string(pki::to_string(algorithm))}});
    }
    TANBA_CHECK(budget_.charge_digest(octets_.has_value() ? octets_->size() : digested_->size_bytes));
    return octets_.has_value() ? pki::compute_digest(context_, algorithm, *octets_) : digested_->compute(algorithm);
  }

  pki::Context& context_;
  base::Budget& budget_;
  std::optional<ByteView> octets_;
  const DigestedContent* digested_;
  std::vector<std::pair<DigestAlgorithm, base::Result<base::Bytes>>> digests_;
};

// Whether content begins like the DER of a SET OF Attribute: SET, SEQUENCE, OBJECT IDENTIFIER. The signature over
// signed attributes verifies over such content when the attributes are left out of the SignerInfo.
bool begins_like_signed_attributes(ByteView content) {
  const auto enter = [&content](std::uint8_t tag) {
    if (content.size() < 2 || content[0] != tag) return false;
    const std::size_t header_bytes = 2U + (content[1] > 0x80 ? content[1] & 0x7FU : 0U);
    if (content.size() < header_bytes) return false;
    content = content.subspan(header_bytes);
    return true;
  };
  return enter(der::kSet) && enter(der::kSequence) && !content.empty() && content.front() == der::kOid;
}

class Inspector {
 public:
  Inspector(pki::Context& context, const SignedData& signed_data, const DetachedContent& detached, base::Budget& budget,
            const InspectOptions& options)
      : context_(context),
        budget_(budget),
        options_(options),
        signed_data_(signed_data),
        content_(context, budget, signed_data, detached) {}

  base::Result<pki::DocumentFacts> run(const DetachedContent& detached);

 private:
  // A signer that is being looked at.
  struct Signer {
    SignerInfo info;
    std::optional<DigestAlgorithm> digest_algorithm;
    std::vector<Attribute> attributes;  // signed ones
    bool attributes_parsed = false;
  };

  base::Status read_certificates();
  base::Status read_revocation();
  void add_certificate(CertificatePtr certificate);
  void add_crl(ByteView der);
  void add_ocsp_response(base::Bytes der);

  base::Status inspect_signer(ByteView der, SignatureFacts& out);
  base::Status read_algorithms(Signer& signer, SignatureFacts& out);
  base::Status read_signed_attributes(Signer& signer, SignatureFacts& out);
  base::Status check_signed_attributes(const Signer& signer, SignatureFacts& out);
  base::Status check_message_digest(const Signer& signer, SignatureFacts& out);
  base::Status check_no_signed_attributes(SignatureFacts& out);
  base::Status verify(const Signer& signer, SignatureFacts& out);
  base::Status check_value(const Signer& signer, const pki::Certificate& certificate,
                           const pki::SignatureAlgorithm& algorithm);
  [[nodiscard]] std::vector<CertificatePtr> certificates_of(const SignerInfo& info) const;
  base::Status read_unsigned_attributes(const Signer& signer, SignatureFacts& out);
  base::Status read_timestamps(const Attribute& attribute, SignatureFacts& out);
  void read_certificate_values(const Attribute& attribute);
  void read_revocation_values(const Attribute& attribute);
  base::Status keep_octets(SignatureFacts& out);

  pki::Context& context_;
  base::Budget& budget_;
  const InspectOptions& options_;
  const SignedData& signed_data_;
  Content content_;
  pki::DocumentFacts facts_;
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

base::Status Inspector::read_algorithms(Signer& signer, SignatureFacts& out) {
  auto signature_identifier = pki::parse_algorithm_identifier(signer.info.signature_algorithm);
  if (!signature_identifier.has_value()) return note(out.errors, std::move(signature_identifier).error());
  auto digest_identifier = pki::parse_algorithm_identifier(signer.info.digest_algorithm);
  if (!digest_identifier.has_value()) return note(out.errors, std::move(digest_identifier).error());
  out.algorithm_names.reserve(2);
  out.algorithm_names.push_back(signature_identifier->oid.dotted());
  out.algorithm_names.push_back(digest_identifier->oid.dotted());

  auto digest = pki::digest_from_oid(digest_identifier->oid);
  if (!digest.has_value()) return note(out.errors, std::move(digest).error());
  signer.digest_algorithm = *digest;
  out.content_digests.push_back(*digest);
  auto algorithm = pki::signature_algorithm_from(*signature_identifier, *digest);
  if (!algorithm.has_value()) return note(out.errors, std::move(algorithm).error());
  out.algorithm = *algorithm;
  return {};
}

base::Status Inspector::read_signed_attributes(Signer& signer, SignatureFacts& out) {
  TANBA_TRY(const Tlv outer,
            der::parse_single(*signer.info.signed_attributes, der::context_constructed(0), "signedAttrs"));
  auto attributes = parse_attributes(outer.value);
  if (!attributes.has_value()) return note(out.errors, std::move(attributes).error());
  signer.attributes = *std::move(attributes);
  signer.attributes_parsed = true;
  return check_signed_attributes(signer, out);
}

base::Status Inspector::check_signed_attributes(const Signer& signer, SignatureFacts& out) {
  const auto content_type = single_value(signer.attributes, oid::kContentType, "contentType");
  if (!content_type.has_value()) {
    TANBA_CHECK(note(out.errors, content_type.error()));
  } else if (content_type->tag != der::kOid ||
             !base::equal(content_type->value, signed_data_.content_type.contents())) {
    // 11.1: "The content-type attribute value MUST match the encapContentInfo eContentType value".
    TANBA_CHECK(note(out.errors, Error(Code::kCmsContentType)));
  }
  TANBA_CHECK(check_message_digest(signer, out));

  const auto signing_time = optional_value(signer.attributes, oid::kSigningTime, "signingTime");
  if (!signing_time.has_value()) return note(out.errors, signing_time.error());
  if (!signing_time->has_value()) return {};
  const auto time = der::read_time(**signing_time);
  if (!time.has_value()) {
    return note(out.errors, Error(Code::kCmsAttribute, {{"attribute", "signingTime"}}, time.error().message()));
  }
  out.claimed_signing_time = *time;
  return {};
}

base::Status Inspector::check_message_digest(const Signer& signer, SignatureFacts& out) {
  const auto claimed = single_value(signer.attributes, oid::kMessageDigest, "messageDigest");
  if (!claimed.has_value()) return note(out.errors, claimed.error());
  if (claimed->tag != der::kOctetString) {
    return note(out.errors, Error(Code::kCmsAttribute, {{"attribute", "messageDigest"}}, "no OCTET STRING"));
  }
  if (!signer.digest_algorithm.has_value() || !content_.known()) return {};  // noted before
  const auto digest = content_.digest(*signer.digest_algorithm);
  if (!digest.has_value()) return note(out.errors, digest.error());
  if (!base::equal(*digest, claimed->value)) return note(out.errors, Error(Code::kDigestMismatch));
  return {};
}

base::Status Inspector::check_no_signed_attributes(SignatureFacts& out) {
  // 5.3: signedAttrs "MUST be present if the content type of the EncapsulatedContentInfo value being signed is not
  // id-data."
  if (signed_data_.content_type != oid::kData) {
    return note(out.errors, Error(Code::kCmsAttribute, {{"attribute", "contentType"}}, "no signed attributes"));
  }
  if (content_.known() && begins_like_signed_attributes(content_.beginning())) {
    return note(out.errors, Error(Code::kCmsAttribute, {{"attribute", "contentType"}},
                                  "the content is itself a set of signed attributes"));
  }
  return {};
}

std::vector<CertificatePtr> Inspector::certificates_of(const SignerInfo& info) const {
  const auto fits = [&info](const CertificatePtr& certificate) {
    if (!info.subject_key_id.empty()) {
      const auto& key_id = certificate->subject_key_id();
      return key_id.has_value() && base::equal(*key_id, info.subject_key_id);
    }
    return base::equal(certificate->serial(), info.serial) && same_name(certificate->issuer(), info.issuer);
  };
  std::vector<CertificatePtr> out;
  std::ranges::copy_if(facts_.certificates, std::back_inserter(out), fits);
  if (out.empty()) std::ranges::copy_if(options_.certificates, std::back_inserter(out), fits);
  return out;
}

// The signature value under one certificate's key.
base::Status Inspector::check_value(const Signer& signer, const pki::Certificate& certificate,
                                    const pki::SignatureAlgorithm& algorithm) {
  if (signer.info.signed_attributes.has_value()) {
    const base::Bytes message = signed_attributes_for_digest(*signer.info.signed_attributes, signer.attributes);
    TANBA_CHECK(budget_.charge_digest(message.size()));
    TANBA_CHECK(budget_.charge_public_key_operation());
    return pki::verify_signature(context_, certificate.key(), algorithm, message, signer.info.signature);
  }
  TANBA_TRY(const ByteView digest, content_.digest(algorithm.digest));
  TANBA_CHECK(budget_.charge_public_key_operation());
  return pki::verify_digest_signature(context_, certificate.key(), algorithm, digest, signer.info.signature);
}

base::Status Inspector::verify(const Signer& signer, SignatureFacts& out) {
  const std::vector<CertificatePtr> candidates = certificates_of(signer.info);
  if (candidates.empty()) return note(out.errors, Error(Code::kCmsNoCertificate));
  out.certificate = candidates.front();
  if (!out.algorithm.has_value()) return {};  // noted before
  if (signer.info.signed_attributes.has_value() ? !signer.attributes_parsed : !content_.known()) return {};

  // Two issuers of one name may give one serial number twice: the certificate is the one under which everything holds.
  std::vector<Error> errors_of_first;
  for (const CertificatePtr& candidate : candidates) {
    std::vector<Error> errors;
    const auto references = check_certificate_references(context_, budget_, signer.attributes, *candidate);
    if (!references.has_value()) TANBA_CHECK(note(errors, references.error()));
    const auto value = check_value(signer, *candidate, *out.algorithm);
    if (!value.has_value()) TANBA_CHECK(note(errors, value.error()));
    if (errors.empty()) {
      out.certificate = candidate;
      return {};
    }
    if (errors_of_first.empty()) errors_of_first = std::move(errors);
  }
  std::ranges::move(errors_of_first, std::back_inserter(out.errors));
  return {};
}

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
  auto info = parse_signer_info(octets);
  if (!info.has_value()) return note(out.errors, std::move(info).error());
  Signer signer{.info = *std::move(info), .digest_algorithm = {}, .attributes = {}};
  out.signature_value = base::to_bytes(signer.info.signature);
  if (!content_.known()) TANBA_CHECK(note(out.errors, Error(Code::kCmsNoContent)));
  TANBA_CHECK(read_algorithms(signer, out));
  if (signer.info.signed_attributes.has_value()) {
    TANBA_CHECK(read_signed_attributes(signer, out));
  } else {
    TANBA_CHECK(check_no_signed_attributes(out));
  }
  TANBA_CHECK(verify(signer, out));
  TANBA_CHECK(read_unsigned_attributes(signer, out));
  return keep_octets(out);
}

// --- unsigned attributes ---------------------------------------------------------------------------------------------

base::Status Inspector::read_timestamps(const Attribute& attribute, SignatureFacts& out) {
  Reader tokens(attribute.values);
  while (!tokens.at_end()) {
    if (out.timestamp_tokens.size() == kMaxTimestamps) return note(out.errors, too_many("time stamps", kMaxTimestamps));
    const auto token = tokens.next();
    if (!token.has_value()) return note(out.errors, token.error());
    // ETSI EN 319 122-1 5.3: "The value of the messageImprint field within TimeStampToken shall be the hash value of
    // the value of the signature field within SignerInfo".
    out.timestamp_tokens.push_back({.token = base::to_bytes(token->whole), .covered = out.signature_value});
  }
  return {};
}

// CertificateValues (ETSI EN 319 122-1 A.1.1.2): SEQUENCE OF Certificate. Help for the path search: what does not parse
// is passed over.
void Inspector::read_certificate_values(const Attribute& attribute) {
  const auto value = der::parse_single(attribute.values, der::kSequence, "CertificateValues");
  if (!value.has_value()) return;
  Reader certificates(value->value);
  while (!certificates.at_end() && facts_.certificates.size() < budget_.limits().max_certificates) {
    const auto der = certificates.next();
    if (!der.has_value()) return;
    if (auto certificate = context_.certificates().get(der->whole)) add_certificate(*std::move(certificate));
  }
}

// RevocationValues (ETSI EN 319 122-1 A.1.2.2): crlVals [0], ocspVals [1] SEQUENCE OF BasicOCSPResponse.
void Inspector::read_revocation_values(const Attribute& attribute) {
  const auto value = der::parse_single(attribute.values, der::kSequence, "RevocationValues");
  if (!value.has_value()) return;
  Reader fields(value->value);
  while (!fields.at_end()) {
    const auto field = fields.next();
    if (!field.has_value()) return;
    const auto list = der::parse_single(field->value, der::kSequence, "list of revocation values");
    if (!list.has_value()) continue;
    Reader items(list->value);
    while (!items.at_end()) {
      const auto item = items.next();
      if (!item.has_value()) return;
      if (field->tag == der::context_constructed(0)) add_crl(item->whole);
      if (field->tag == der::context_constructed(1)) add_ocsp_response(wrap_basic_response(item->whole));
    }
  }
}

base::Status Inspector::read_unsigned_attributes(const Signer& signer, SignatureFacts& out) {
  auto attributes = parse_attributes(signer.info.unsigned_attributes);
  if (!attributes.has_value()) return note(out.errors, std::move(attributes).error());
  for (const Attribute& attribute : *attributes) {
    if (attribute.is(oid::kSignatureTimeStamp)) TANBA_CHECK(read_timestamps(attribute, out));
    if (attribute.is(oid::kCertificateValues)) read_certificate_values(attribute);
    if (attribute.is(oid::kRevocationValues)) read_revocation_values(attribute);
    if (attribute.is(oid::kCountersignature)) {
      for (Reader values(attribute.values); values.next().has_value();) ++out.countersignatures;
    }
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

}  // namespace tanba::cms
