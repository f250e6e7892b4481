#include "verify/facts.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "base/clock.h"
#include "cms/inspect.h"
#include "cms/oids.h"
#include "cms/tsp/token.h"
#include "pdf/inspect.h"
#include "verify/json_members.h"
#include "xmldsig/inspect.h"

namespace tanba::verify {
namespace {

namespace json = boost::json;
using base::ByteView;
using base::Code;
using base::Error;

std::string_view without_byte_order_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

std::string_view without_leading_space(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

// UTF-16 with or without its mark: no format of ours, but the XML reader says so in its own code.
bool looks_like_utf16(std::string_view text) {
  using namespace std::string_view_literals;
  return text.starts_with("\xFE\xFF"sv) || text.starts_with("\xFF\xFE"sv) || text.starts_with("<\0"sv) ||
         text.starts_with("\0<"sv);
}

bool looks_like_xml(ByteView document) {
  if (looks_like_utf16(base::as_text(document))) return true;
  return without_leading_space(without_byte_order_mark(base::as_text(document))).starts_with('<');
}

constexpr std::uint8_t kSequence = 0x30;

// CMS travels as DER or BER, as PEM, and as bare base64 (NCANode, NCALayer): all made octets here.
base::Result<base::Bytes> unarmoured(ByteView document) {
  const std::string_view text = without_leading_space(base::as_text(document));
  if (text.starts_with("-----BEGIN ")) {
    TANBA_TRY(auto blocks, pki::parse_pem(text));
    for (pki::PemBlock& block : blocks) {
      if (block.label == "CMS" || block.label == "PKCS7" || block.label == "PKCS #7 SIGNED DATA")
        return std::move(block.octets);
    }
    return base::fail(Code::kFormatUnknown);
  }
  auto octets = base::from_base64_with_space(text);
  if (octets && !octets->empty() && octets->front() == kSequence) return octets;
  return base::fail(Code::kFormatUnknown);
}

pki::DocumentFacts refused(Error error) {
  pki::DocumentFacts facts;
  facts.errors.push_back(std::move(error));
  return facts;
}

// The signed octets say what was signed; the text around them may be written in many ways.
bool is_login_challenge(const pki::SignatureFacts& signature) {
  return base::as_text(signature.signed_octets).find(kLoginChallengeNamespace) != std::string_view::npos;
}

void check_kind(pki::DocumentFacts& facts, DocumentKind wanted) {
  // The seal of a capsule says one thing only, and never as a document.
  if (facts.content_type == cms::oid::kCapsuleSeal) {
    facts.errors.push_back(Error(Code::kDocumentType, {{"type", "capsule seal"}}));
  }
  for (pki::SignatureFacts& signature : facts.signatures) {
    const bool challenge = is_login_challenge(signature);
    if (challenge == (wanted == DocumentKind::kLoginChallenge)) continue;
    signature.errors.push_back(Error(Code::kDocumentType, {{"type", challenge ? "log-in challenge" : "document"}}));
  }
}

base::Result<pki::DocumentFacts> inspect_format(pki::Context& context, ByteView document, const InspectOptions& options,
                                                pki::KeepOctets keep, base::Budget& budget) {
  if (document.front() == kSequence) return cms::inspect(context, document, options.detached, budget, keep);
  if (looks_like_xml(document)) {
    // XML signatures name what they sign; content beside them would be content that nobody signed.
    if (options.detached.given()) return refused(Error(Code::kCmsContentGivenTwice));
    return xmldsig::inspect(context, document, budget,
                            {.keep_octets = keep, .forms = options.xml_forms, .certificates = options.certificates});
  }
  if (pdf::looks_like_pdf(document)) {
    if (options.detached.given()) return refused(Error(Code::kCmsContentGivenTwice));
    return pdf::inspect(context, document, budget);
  }
  TANBA_TRY(const base::Bytes octets, unarmoured(document));
  return cms::inspect(context, octets, options.detached, budget, keep);
}

base::Result<std::optional<base::Digest>> digest_of(const cms::DetachedContent& content) {
  if (!content.given()) return std::nullopt;
  if (content.octets() != nullptr) return base::sha256(*content.octets());
  const cms::DigestedContent& digested = *content.digested();
  // What could be a challenge is looked into; see check_kind.
  if (digested.size_bytes <= kMaxChallengeBytes)
    return base::fail(Code::kInternal, "small content must be given whole");
  TANBA_TRY(const base::Bytes value, digested.compute(pki::DigestAlgorithm::kSha256));
  base::Digest out;
  std::ranges::copy(value, out.octets.begin());
  return out;
}

base::Result<pki::DocumentFacts> inspect_content(pki::Context& context, ByteView document,
                                                 const InspectOptions& options, const base::Limits& limits) {
  if (document.empty()) return refused(Error(Code::kFormatEmpty));
  if (document.size() > limits.max_document_bytes) {
    return refused(Error(Code::kLimitSize, {{"limit", std::to_string(limits.max_document_bytes)}}));
  }
  base::Budget budget(limits);
  const base::ByteView* beside = options.detached.octets();
  const std::size_t signed_size = std::max(document.size(), beside != nullptr ? beside->size() : 0);
  const pki::KeepOctets keep = signed_size <= kMaxChallengeBytes ? pki::KeepOctets::kYes : options.keep_octets;
  auto facts = inspect_format(context, document, options, keep, budget);
  if (!facts) {
    // What is wrong inside the document is a verdict, whichever way the format's reader reports it.
    if (base::info(facts.error().code()).effect == base::Effect::kInternal) return facts;
    pki::DocumentFacts broken = refused(facts.error());
    broken.format = looks_like_xml(document) ? pki::DocumentFormat::kXmlDsig : pki::DocumentFormat::kUnknown;
    return broken;
  }
  TANBA_CHECK(cms::tsp::inspect_tokens(context, *facts, budget));
  check_kind(*facts, options.kind);
  if (options.keep_octets == pki::KeepOctets::kNo) {
    for (pki::SignatureFacts& signature : facts->signatures) signature.signed_octets.clear();
  }
  return facts;
}

}  // namespace

base::Result<base::Bytes> without_armour(ByteView document) {
  if (document.empty()) return base::fail(Code::kFormatEmpty);
  const bool plain = document.front() == kSequence || looks_like_xml(document) || pdf::looks_like_pdf(document);
  if (plain) return base::to_bytes(document);
  return unarmoured(document);
}

namespace {

// --- JSON ----------------------------------------------------------------------------------------------------------

json::value algorithm_json(const std::optional<pki::SignatureAlgorithm>& algorithm) {
  if (!algorithm) return nullptr;
  return json::object{{"scheme", static_cast<int>(algorithm->scheme)},
                      {"digest", static_cast<int>(algorithm->digest)},
                      {"mgf1Digest", static_cast<int>(algorithm->mgf1_digest)},
                      {"saltBytes", algorithm->salt_bytes}};
}

json::array digests_json(const std::vector<pki::DigestAlgorithm>& digests) {
  json::array out;
  for (const pki::DigestAlgorithm digest : digests) out.push_back(static_cast<int>(digest));
  return out;
}

json::object timestamp_json(const pki::TimestampFacts& facts) {
  json::object out{{"kind", static_cast<int>(facts.kind)},
                   {"token", base::to_base64(facts.token)},
                   {"errors", errors_json(facts.errors)},
                   {"overKnownData", facts.over_known_data},
                   {"policy", facts.policy.empty() ? json::value(nullptr) : json::value(facts.policy.dotted())},
                   {"imprintAlgorithm", text_json(facts.imprint_algorithm)},
                   {"imprint", base::to_base64(facts.imprint)},
                   {"serial", facts.serial},
                   {"genTime", base::format_time(facts.gen_time)},
                   {"latestTime", base::format_time(facts.latest_time)},
                   {"ordering", facts.ordering},
                   {"nonce", base::to_base64(facts.nonce)},
                   {"tsa", base::to_base64(base::as_bytes(facts.tsa))},
                   {"algorithm", algorithm_json(facts.algorithm)},
                   {"contentDigests", digests_json(facts.content_digests)},
                   {"algorithmNames", texts_json(facts.algorithm_names)},
                   {"certificates", certificates_json(facts.certificates)},
                   {"crls", octets_json(facts.crls)},
                   {"ocspResponses", octets_json(facts.ocsp_responses)}};
  out["imprintDigest"] =
      facts.imprint_digest ? json::value(static_cast<int>(*facts.imprint_digest)) : json::value(nullptr);
  out["accuracyMicroseconds"] = facts.accuracy ? json::value(facts.accuracy->count()) : json::value(nullptr);
  out["certificate"] = certificate_json(facts.certificate);
  return out;
}

json::array timestamps_json(const std::vector<pki::TimestampFacts>& timestamps) {
  json::array out;
  for (const pki::TimestampFacts& timestamp : timestamps) out.push_back(timestamp_json(timestamp));
  return out;
}

json::object counter_signature_json(const pki::CounterSignatureFacts& facts) {
  json::object out{{"id", text_json(facts.id)},
                   {"over", text_json(facts.over)},
                   {"algorithm", algorithm_json(facts.algorithm)},
                   {"contentDigests", digests_json(facts.content_digests)},
                   {"algorithmNames", texts_json(facts.algorithm_names)},
                   {"errors", errors_json(facts.errors)},
                   {"certificateReference", static_cast<int>(facts.certificate_reference)},
                   {"timestamps", timestamps_json(facts.timestamps)}};
  out["certificate"] = certificate_json(facts.certificate);
  out["claimedSigningTime"] = time_json(facts.claimed_signing_time);
  return out;
}

json::value signature_policy_record(const std::optional<pki::SignaturePolicyFacts>& policy) {
  if (!policy) return nullptr;
  return json::object{{"id", text_json(policy->id)},
                      {"digestAlgorithm", text_json(policy->digest_algorithm)},
                      {"digest", base::to_base64(policy->digest)},
                      {"uri", text_json(policy->uri)}};
}

json::object signature_json(const pki::SignatureFacts& facts) {
  json::object out{{"id", text_json(facts.id)},
                   {"algorithm", algorithm_json(facts.algorithm)},
                   {"contentDigests", digests_json(facts.content_digests)},
                   {"algorithmNames", texts_json(facts.algorithm_names)},
                   {"errors", errors_json(facts.errors)},
                   {"warnings", errors_json(facts.warnings)},
                   {"covers", json::object{{"whole", facts.covers.whole}, {"what", text_json(facts.covers.what)}}},
                   {"timestamps", timestamps_json(facts.timestamps)},
                   {"signatureValue", base::to_base64(facts.signature_value)},
                   {"certificateReference", static_cast<int>(facts.certificate_reference)},
                   {"signaturePolicy", signature_policy_record(facts.signature_policy)}};
  json::array& counter_signatures = out["counterSignatures"].emplace_array();
  for (const auto& one : facts.counter_signatures) counter_signatures.push_back(counter_signature_json(one));
  out["certificate"] = certificate_json(facts.certificate);
  out["claimedSigningTime"] = time_json(facts.claimed_signing_time);
  return out;
}

base::Result<pki::SignatureAlgorithm> algorithm_from(const json::value& value) {
  pki::SignatureAlgorithm algorithm;
  TANBA_TRY(algorithm.scheme, enum_member(value, "scheme", pki::SignatureScheme::kGost2015_512));
  TANBA_TRY(algorithm.digest, enum_member(value, "digest", pki::DigestAlgorithm::kStreebog512));
  TANBA_TRY(algorithm.mgf1_digest, enum_member(value, "mgf1Digest", pki::DigestAlgorithm::kStreebog512));
  TANBA_TRY(const json::value* salt, member(value, "saltBytes"));
  if (!salt->is_int64() || salt->get_int64() < 0 || salt->get_int64() > 0xFFFF) return wrong_member("saltBytes");
  algorithm.salt_bytes = static_cast<std::uint16_t>(salt->get_int64());
  return algorithm;
}

base::Status read_coverage(const json::value& value, pki::Coverage& out) {
  TANBA_TRY(const json::value* covers, member(value, "covers"));
  TANBA_TRY(const json::value* whole, member(*covers, "whole"));
  if (!whole->is_bool()) return wrong_member("covers");
  out.whole = whole->get_bool();
  TANBA_TRY(out.what, text_member(*covers, "what"));
  return {};
}

// The members that signatures and time stamps share: who signed it, and how.
template <class SignedFacts>
base::Status read_signature_parts(const json::value& value, SignedFacts& out) {
  TANBA_TRY(out.errors, errors_member(value, "errors"));
  TANBA_TRY(const json::value* algorithm, member(value, "algorithm"));
  if (!algorithm->is_null()) {
    TANBA_TRY(out.algorithm, algorithm_from(*algorithm));
  }
  TANBA_TRY(const json::array* digests, array_member(value, "contentDigests"));
  for (const json::value& one : *digests) {
    TANBA_TRY(const pki::DigestAlgorithm digest, enum_of(one, pki::DigestAlgorithm::kStreebog512, "contentDigests"));
    out.content_digests.push_back(digest);
  }
  TANBA_TRY(out.algorithm_names, texts_member(value, "algorithmNames"));
  TANBA_TRY(const json::value* certificate, member(value, "certificate"));
  if (!certificate->is_null()) {
    TANBA_TRY(out.certificate, certificate_from(*certificate));
  }
  return {};
}

base::Status read_tst_info(const json::value& value, pki::TimestampFacts& out) {
  TANBA_TRY(const json::value* policy, member(value, "policy"));
  if (policy->is_string()) {
    TANBA_TRY(out.policy, pki::Oid::from_dotted(policy->get_string()));
  }
  TANBA_TRY(out.imprint_algorithm, text_member(value, "imprintAlgorithm"));
  TANBA_TRY(const json::value* digest, member(value, "imprintDigest"));
  if (!digest->is_null()) {
    TANBA_TRY(out.imprint_digest, enum_of(*digest, pki::DigestAlgorithm::kStreebog512, "imprintDigest"));
  }
  TANBA_TRY(out.imprint, base64_member(value, "imprint"));
  TANBA_TRY(out.serial, string_member(value, "serial"));
  TANBA_TRY(out.gen_time, time_member(value, "genTime"));
  TANBA_TRY(out.latest_time, time_member(value, "latestTime"));
  TANBA_TRY(const json::value* accuracy, member(value, "accuracyMicroseconds"));
  if (accuracy->is_int64()) out.accuracy = std::chrono::microseconds(accuracy->get_int64());
  TANBA_TRY(out.ordering, bool_member(value, "ordering"));
  TANBA_TRY(out.nonce, base64_member(value, "nonce"));
  TANBA_TRY(const base::Bytes tsa, base64_member(value, "tsa"));
  out.tsa = std::string(base::as_text(tsa));
  return {};
}

base::Result<pki::TimestampFacts> timestamp_from(const json::value& value) {
  pki::TimestampFacts facts;
  TANBA_TRY(facts.kind, enum_member(value, "kind", pki::TimestampKind::kDocument));
  TANBA_TRY(facts.token, base64_member(value, "token"));
  facts.id = base::sha256(facts.token);
  TANBA_TRY(facts.over_known_data, bool_member(value, "overKnownData"));
  TANBA_CHECK(read_signature_parts(value, facts));
  TANBA_CHECK(read_tst_info(value, facts));
  TANBA_TRY(facts.certificates, certificates_member(value, "certificates"));
  TANBA_TRY(facts.crls, octets_member(value, "crls"));
  TANBA_TRY(facts.ocsp_responses, octets_member(value, "ocspResponses"));
  return facts;
}

base::Result<std::vector<pki::TimestampFacts>> timestamps_member(const json::value& value) {
  TANBA_TRY(const json::array* found, array_member(value, "timestamps"));
  std::vector<pki::TimestampFacts> out;
  for (const json::value& one : *found) {
    TANBA_TRY(pki::TimestampFacts timestamp, timestamp_from(one));
    out.push_back(std::move(timestamp));
  }
  return out;
}

base::Result<pki::CounterSignatureFacts> counter_signature_from(const json::value& value) {
  pki::CounterSignatureFacts facts;
  TANBA_TRY(facts.id, text_member(value, "id"));
  TANBA_TRY(facts.over, text_member(value, "over"));
  TANBA_CHECK(read_signature_parts(value, facts));
  TANBA_TRY(facts.certificate_reference,
            enum_member(value, "certificateReference", pki::CertificateReference::kSigned));
  TANBA_TRY(facts.claimed_signing_time, optional_time_member(value, "claimedSigningTime"));
  TANBA_TRY(facts.timestamps, timestamps_member(value));
  return facts;
}

base::Status read_signature_policy(const json::value& value, std::optional<pki::SignaturePolicyFacts>& out) {
  TANBA_TRY(const json::value* found, member(value, "signaturePolicy"));
  if (found->is_null()) return {};
  pki::SignaturePolicyFacts& policy = out.emplace();
  TANBA_TRY(policy.id, text_member(*found, "id"));
  TANBA_TRY(policy.digest_algorithm, text_member(*found, "digestAlgorithm"));
  TANBA_TRY(policy.digest, base64_member(*found, "digest"));
  TANBA_TRY(policy.uri, text_member(*found, "uri"));
  return {};
}

// Counter-signatures, policy and the reference to the certificate: what of a signature is about how it was made.
base::Status read_signing_parts(const json::value& value, pki::SignatureFacts& out) {
  TANBA_TRY(out.certificate_reference, enum_member(value, "certificateReference", pki::CertificateReference::kSigned));
  TANBA_CHECK(read_signature_policy(value, out.signature_policy));
  TANBA_TRY(const json::array* counter_signatures, array_member(value, "counterSignatures"));
  for (const json::value& one : *counter_signatures) {
    TANBA_TRY(pki::CounterSignatureFacts counter_signature, counter_signature_from(one));
    out.counter_signatures.push_back(std::move(counter_signature));
  }
  return {};
}

base::Result<pki::SignatureFacts> signature_from(const json::value& value) {
  pki::SignatureFacts facts;
  TANBA_TRY(facts.id, text_member(value, "id"));
  TANBA_CHECK(read_signature_parts(value, facts));
  TANBA_TRY(facts.warnings, errors_member(value, "warnings"));
  TANBA_CHECK(read_coverage(value, facts.covers));
  TANBA_TRY(facts.timestamps, timestamps_member(value));
  TANBA_TRY(facts.signature_value, base64_member(value, "signatureValue"));
  TANBA_CHECK(read_signing_parts(value, facts));
  TANBA_TRY(facts.claimed_signing_time, optional_time_member(value, "claimedSigningTime"));
  return facts;
}

}  // namespace

base::Result<Facts> inspect(pki::Context& context, ByteView document, const InspectOptions& options,
                            const base::Limits& limits) {
  Facts facts;
  facts.document = base::sha256(document);
  facts.size_bytes = document.size();
  TANBA_TRY(facts.detached, digest_of(options.detached));
  TANBA_TRY(facts.content, inspect_content(context, document, options, limits));
  return facts;
}

base::Result<Facts> inspect(pki::Context& context, const cms::LargeDocument& document, const InspectOptions& options,
                            const base::Limits& limits) {
  Facts facts;
  facts.document = document.sha256;
  facts.size_bytes = document.size_bytes;
  TANBA_TRY(facts.detached, digest_of(options.detached));
  base::Budget budget(limits);
  if (document.unreadable) {
    facts.content = refused(*document.unreadable);
    facts.content.format = pki::DocumentFormat::kCms;
    return facts;
  }
  cms::DetachedContent content = options.detached;
  if (document.content) content = *document.content;
  // What could be a challenge is looked into; see check_kind.
  static_assert(cms::kSmallContentBytes == kMaxChallengeBytes);
  if (document.small_content) content = ByteView(*document.small_content);
  const bool small = content.octets() != nullptr && content.octets()->size() <= kMaxChallengeBytes;
  TANBA_TRY(facts.content, cms::inspect(context, document.without_content, content, budget,
                                        small ? pki::KeepOctets::kYes : pki::KeepOctets::kNo));
  if (document.content && options.detached.given()) {
    facts.content.errors.insert(facts.content.errors.begin(), Error(Code::kCmsContentGivenTwice));
  }
  TANBA_CHECK(cms::tsp::inspect_tokens(context, facts.content, budget));
  check_kind(facts.content, options.kind);
  for (pki::SignatureFacts& signature : facts.content.signatures) signature.signed_octets.clear();
  return facts;
}

json::value to_json(const Facts& facts) {
  json::array signatures;
  for (const pki::SignatureFacts& signature : facts.content.signatures) signatures.push_back(signature_json(signature));
  json::object out{{"document", facts.document.hex()},
                   {"sizeBytes", facts.size_bytes},
                   {"format", static_cast<int>(facts.content.format)},
                   {"signatures", std::move(signatures)},
                   {"certificates", certificates_json(facts.content.certificates)},
                   {"crls", octets_json(facts.content.crls)},
                   {"ocspResponses", octets_json(facts.content.ocsp_responses)},
                   {"errors", errors_json(facts.content.errors)}};
  if (const auto& times = facts.content.message_times) {
    out["messageTimes"] = json::object{{"created", time_json(times->created)}, {"expires", time_json(times->expires)}};
  }
  out["detached"] = digest_json(facts.detached);
  return out;
}

namespace {

base::Status read_message_times(const json::value& value, pki::DocumentFacts& facts) {
  if (!value.as_object().contains("messageTimes")) return {};
  facts.message_times.emplace();
  const json::value& times = value.as_object().at("messageTimes");
  TANBA_TRY(const json::value* created, member(times, "created"));
  if (created->is_string()) {
    TANBA_TRY(facts.message_times->created, base::parse_time(created->get_string()));
  }
  TANBA_TRY(const json::value* expires, member(times, "expires"));
  if (expires->is_string()) {
    TANBA_TRY(facts.message_times->expires, base::parse_time(expires->get_string()));
  }
  return {};
}

}  // namespace

base::Result<Facts> facts_from_json(const json::value& value) {
  Facts facts;
  TANBA_TRY(facts.document, digest_member(value, "document"));
  TANBA_TRY(facts.size_bytes, count_member(value, "sizeBytes"));
  TANBA_TRY(facts.detached, optional_digest_member(value, "detached"));
  TANBA_TRY(facts.content.format, enum_member(value, "format", pki::DocumentFormat::kPdf));
  TANBA_TRY(const json::array* signatures, array_member(value, "signatures"));
  for (const json::value& one : *signatures) {
    TANBA_TRY(pki::SignatureFacts signature, signature_from(one));
    facts.content.signatures.push_back(std::move(signature));
  }
  TANBA_TRY(facts.content.certificates, certificates_member(value, "certificates"));
  TANBA_TRY(facts.content.crls, octets_member(value, "crls"));
  TANBA_TRY(facts.content.ocsp_responses, octets_member(value, "ocspResponses"));
  TANBA_TRY(facts.content.errors, errors_member(value, "errors"));
  TANBA_CHECK(read_message_times(value, facts.content));
  return facts;
}

}  // namespace tanba::verify
