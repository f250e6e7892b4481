#include "cms/signer.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "cms/certificate_reference.h"
#include "cms/oids.h"
#include "cms/signature_policy.h"
#include "pki/verify_signature.h"

namespace tanba::cms {

using base::ByteView;
using base::Code;
using base::Error;
using pki::CertificatePtr;
using pki::DigestAlgorithm;
using pki::SignatureFacts;
using pki::der::Tlv;
namespace der = pki::der;

namespace {

base::Result<ByteView> view(const base::Result<base::Bytes>& result) {
  if (!result.has_value()) return base::fail(result.error());
  return ByteView(*result);
}

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

// Each costs a token's verification later; archives with yearly renewals stay below.
constexpr std::size_t kMaxTimestamps = 16;

Error attribute_error(const char* name, std::string cause) {
  return Error(Code::kCmsAttribute, {{"attribute", name}}, std::move(cause));
}

}  // namespace

base::Status note(std::vector<Error>& findings, Error error) {
  if (base::info(error.code()).effect == base::Effect::kInternal) return base::fail(std::move(error));
  if (error.code() == Code::kDerMalformed) {  // what is malformed here is the CMS
    findings.emplace_back(Code::kCmsMalformed, error.arguments(), error.cause());
  } else {
    findings.push_back(std::move(error));
  }
  return {};
}

base::Status collect_timestamps(const Attribute& attribute, SignatureFacts& out) {
  der::Reader tokens(attribute.values);
  while (!tokens.at_end()) {
    if (out.timestamp_tokens.size() == kMaxTimestamps) {
      return note(out.errors,
                  Error(Code::kLimitCount, {{"what", "time stamps"}, {"limit", std::to_string(kMaxTimestamps)}}));
    }
    const auto token = tokens.next();
    if (!token.has_value()) return note(out.errors, token.error());
    // ETSI EN 319 122-1 5.3: "The value of the messageImprint field within TimeStampToken shall be the hash value of
    // the value of the signature field within SignerInfo".
    out.timestamp_tokens.push_back({.token = base::to_bytes(token->whole), .covered = out.signature_value});
  }
  return {};
}

// --- what is signed --------------------------------------------------------------------------------------------------

base::Result<ByteView> Content::digest(DigestAlgorithm algorithm) {
  for (const auto& [known_algorithm, result] : digests_) {
    if (known_algorithm == algorithm) return view(result);
  }
  digests_.emplace_back(algorithm, compute(algorithm));
  return view(digests_.back().second);
}

base::Result<base::Bytes> Content::compute(DigestAlgorithm algorithm) {
  if (context_.digest(algorithm) == nullptr) {
    return base::fail(Code::kAlgorithmUnknown, {{"algorithm", std::string(pki::to_string(algorithm))}});
  }
  TANBA_CHECK(budget_.charge_digest(octets_.has_value() ? octets_->size() : digested_->size_bytes));
  return octets_.has_value() ? pki::compute_digest(context_, algorithm, *octets_) : digested_->compute(algorithm);
}

// --- signed attributes -----------------------------------------------------------------------------------------------

base::Status SignerInspector::read_algorithms(Signer& signer, SignatureFacts& out) {
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

base::Status SignerInspector::read_signed_attributes(Signer& signer, SignatureFacts& out) {
  TANBA_TRY(const Tlv outer,
            der::parse_single(*signer.info.signed_attributes, der::context_constructed(0), "signedAttrs"));
  auto attributes = parse_attributes(outer.value);
  if (!attributes.has_value()) return note(out.errors, std::move(attributes).error());
  signer.attributes = *std::move(attributes);
  signer.attributes_parsed = true;
  const bool names_certificate = std::ranges::any_of(signer.attributes, [](const Attribute& attribute) {
    return attribute.is(oid::kSigningCertificate) || attribute.is(oid::kSigningCertificateV2);
  });
  if (names_certificate) out.certificate_reference = pki::CertificateReference::kSigned;
  TANBA_CHECK(check_content_type(signer, out));
  TANBA_CHECK(check_message_digest(signer, out));
  TANBA_CHECK(read_signing_time(signer, out));
  return read_signature_policy(signer, out);
}

base::Status SignerInspector::check_content_type(const Signer& signer, SignatureFacts& out) {
  if (content_type_ == nullptr) {
    // 11.4: "The signedAttrs field MUST NOT contain a content-type attribute; there is no content type for
    // countersignatures."
    const bool present =
        std::ranges::any_of(signer.attributes, [](const Attribute& a) { return a.is(oid::kContentType); });
    return present ? note(out.errors, attribute_error("contentType", "in a counter-signature")) : base::Status();
  }
  const auto content_type = single_value(signer.attributes, oid::kContentType, "contentType");
  if (!content_type.has_value()) return note(out.errors, content_type.error());
  // 11.1: "The content-type attribute value MUST match the encapContentInfo eContentType value".
  const bool same = content_type->tag == der::kOid && base::equal(content_type->value, content_type_->contents());
  return same ? base::Status() : note(out.errors, Error(Code::kCmsContentType));
}

base::Status SignerInspector::read_signing_time(const Signer& signer, SignatureFacts& out) {
  const auto signing_time = optional_value(signer.attributes, oid::kSigningTime, "signingTime");
  if (!signing_time.has_value()) return note(out.errors, signing_time.error());
  if (!signing_time->has_value()) return {};
  const auto time = der::read_time(**signing_time);
  if (!time.has_value()) return note(out.errors, attribute_error("signingTime", time.error().message()));
  out.claimed_signing_time = *time;
  return {};
}

base::Status SignerInspector::read_signature_policy(const Signer& signer, SignatureFacts& out) {
  const auto value = optional_value(signer.attributes, oid::kSignaturePolicy, "sigPolicyId");
  if (!value.has_value()) return note(out.errors, value.error());
  if (!value->has_value()) return {};
  auto policy = parse_signature_policy((*value)->whole);
  if (!policy.has_value()) return note(out.errors, attribute_error("sigPolicyId", policy.error().message()));
  out.signature_policy = *std::move(policy);
  return {};
}

base::Status SignerInspector::check_message_digest(const Signer& signer, SignatureFacts& out) {
  const auto claimed = single_value(signer.attributes, oid::kMessageDigest, "messageDigest");
  if (!claimed.has_value()) return note(out.errors, claimed.error());
  if (claimed->tag != der::kOctetString) {
    return note(out.errors, attribute_error("messageDigest", "no OCTET STRING"));
  }
  if (!signer.digest_algorithm.has_value() || !content_.known()) return {};  // noted before
  const auto digest = content_.digest(*signer.digest_algorithm);
  if (!digest.has_value()) return note(out.errors, digest.error());
  if (!base::equal(*digest, claimed->value)) return note(out.errors, Error(Code::kDigestMismatch));
  return {};
}

base::Status SignerInspector::check_no_signed_attributes(SignatureFacts& out) {
  // 5.3: signedAttrs "MUST be present if the content type of the EncapsulatedContentInfo value being signed is not
  // id-data."
  if (content_type_ != nullptr && *content_type_ != oid::kData) {
    return note(out.errors, attribute_error("contentType", "no signed attributes"));
  }
  if (content_.known() && begins_like_signed_attributes(content_.beginning())) {
    return note(out.errors, attribute_error("contentType", "the content is itself a set of signed attributes"));
  }
  return {};
}

std::vector<CertificatePtr> SignerInspector::certificates_of(const SignerInfo& info) const {
  const auto fits = [&info](const CertificatePtr& certificate) {
    if (!info.subject_key_id.empty()) {
      const auto& key_id = certificate->subject_key_id();
      return key_id.has_value() && base::equal(*key_id, info.subject_key_id);
    }
    return base::equal(certificate->serial(), info.serial) && same_name(certificate->issuer(), info.issuer);
  };
  std::vector<CertificatePtr> out;
  std::ranges::copy_if(certificates_, std::back_inserter(out), fits);
  if (out.empty()) std::ranges::copy_if(at_hand_, std::back_inserter(out), fits);
  return out;
}

// The signature value under one certificate's key.
base::Status SignerInspector::check_value(const Signer& signer, const pki::Certificate& certificate,
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

base::Status SignerInspector::verify(const Signer& signer, SignatureFacts& out) {
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

base::Result<ByteView> SignerInspector::inspect(ByteView octets, SignatureFacts& out) {
  auto info = parse_signer_info(octets);
  if (!info.has_value()) {
    TANBA_CHECK(note(out.errors, std::move(info).error()));
    return ByteView();
  }
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
  return signer.info.unsigned_attributes;
}

}  // namespace tanba::cms
