#include "cms/tsp/token.h"

#include <algorithm>
#include <utility>

#include "cms/inspect.h"
#include "cms/oids.h"
#include "cms/signed_data.h"
#include "cms/tsp/parsing.h"
#include "cms/tsp/protocol.h"
#include "cms/tsp/tst_info.h"
#include "pki/verify_signature.h"

namespace tanba::cms::tsp {
namespace {

using base::ByteView;
using base::Code;
using base::Error;
using base::Result;
using pki::CertificatePtr;
using pki::TimestampFacts;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

// A finding about the token stays in the facts; a fault of our own ends the inspection.
base::Status note(TimestampFacts& facts, Error error) {
  if (base::info(error.code()).effect == base::Effect::kInternal) return base::fail(std::move(error));
  if (std::ranges::find(facts.errors, error) == facts.errors.end()) facts.errors.push_back(std::move(error));
  return {};
}

void put_info(const TstInfo& info, TimestampFacts& out) {
  out.policy = info.policy;
  out.imprint_algorithm = info.imprint.algorithm.dotted();
  if (const auto digest = pki::digest_from_oid(info.imprint.algorithm)) out.imprint_digest = *digest;
  out.imprint = info.imprint.digest;
  out.serial = base::to_hex(info.serial);
  out.gen_time = info.gen_time;
  out.latest_time = latest_time(info);
  out.accuracy = info.accuracy;
  out.ordering = info.ordering;
  out.nonce = info.nonce;
  out.tsa = tsa_text(info);
}

Result<base::Bytes> digest_of(pki::Context& context, base::Budget& budget, pki::DigestAlgorithm algorithm,
                              const DetachedContent& data) {
  if (context.digest(algorithm) == nullptr) {
    return base::fail(Code::kAlgorithmUnknown, {{"algorithm", std::string(pki::to_string(algorithm))}});
  }
  if (const ByteView* octets = data.octets()) {
    TANBA_CHECK(budget.charge_digest(octets->size()));
    return pki::compute_digest(context, algorithm, *octets);
  }
  TANBA_CHECK(budget.charge_digest(data.digested()->size_bytes));
  return data.digested()->compute(algorithm);
}

base::Status check_imprint(pki::Context& context, base::Budget& budget, const DetachedContent& data,
                           TimestampFacts& out) {
  if (!out.imprint_digest) {
    return note(out, Error(Code::kAlgorithmUnknown, {{"algorithm", out.imprint_algorithm}}, "messageImprint"));
  }
  // 2.4.2: "The hash algorithm … SHALL … be of the length of the hash value for that algorithm".
  if (out.imprint.size() != pki::digest_size_bytes(*out.imprint_digest)) {
    return note(out, Error(Code::kTspMalformed, {{"what", "messageImprint has the wrong length"}}));
  }
  if (!data.given()) return {};
  const auto digest = digest_of(context, budget, *out.imprint_digest, data);
  if (!digest) return note(out, digest.error());
  out.over_known_data = true;
  if (!base::equal(*digest, out.imprint)) return note(out, Error(Code::kTspImprint));
  return {};
}

// 2.4.2: "The certificate identifier (ESSCertID) of the TSA certificate MUST be included as a signerInfo attribute
// inside a SigningCertificate attribute"; RFC 5816 2.2.1 adds ESSCertIDv2. That what is there names the certificate is
// checked by cms::inspect.
base::Status check_signing_certificate_present(ByteView signer_info, TimestampFacts& out) {
  const auto info = parse_signer_info(signer_info);
  if (!info || !info->signed_attributes) return {};  // noted by cms::inspect
  const auto outer = der::parse_single(*info->signed_attributes, der::context_constructed(0), "signedAttrs");
  if (!outer) return {};
  const auto attributes = parse_attributes(outer->value);
  if (!attributes) return {};
  const bool present = std::ranges::any_of(*attributes, [](const Attribute& attribute) {
    return attribute.is(oid::kSigningCertificate) || attribute.is(oid::kSigningCertificateV2);
  });
  if (!present) return note(out, Error(Code::kTspSigningCertificate));
  return {};
}

// Whether a GeneralName is the certificate's subject or among its alternative names.
bool is_name_of(ByteView general_name, const pki::Certificate& certificate) {
  static const pki::Oid kSubjectAltName = pki::Oid::literal("2.5.29.17");
  Reader reader(general_name);
  const auto wanted = reader.next();
  if (!wanted) return false;
  std::optional<pki::Name> directory_name;
  if (wanted->tag == kDirectoryName) {
    auto name = pki::Name::parse(wanted->value);
    if (!name) return false;
    if (*name == certificate.subject()) return true;
    directory_name = *std::move(name);
  }
  const pki::Extension* extension = certificate.extension(kSubjectAltName);
  if (extension == nullptr) return false;
  const auto names = der::parse_single(extension->value, der::kSequence, "GeneralNames");
  if (!names) return false;
  for (Reader list(names->value); !list.at_end();) {
    const auto name = list.next();
    if (!name) return false;
    if (base::equal(name->whole, wanted->whole)) return true;
    if (!directory_name || name->tag != kDirectoryName) continue;
    const auto other = pki::Name::parse(name->value);
    if (other && *other == *directory_name) return true;
  }
  return false;
}

void take_signature(pki::DocumentFacts& cms, TimestampFacts& out) {
  pki::SignatureFacts& signature = cms.signatures.front();
  out.algorithm = signature.algorithm;
  out.content_digests = std::move(signature.content_digests);
  out.algorithm_names = std::move(signature.algorithm_names);
  out.certificate = std::move(signature.certificate);
  out.errors = std::move(signature.errors);
  std::ranges::move(cms.errors, std::back_inserter(out.errors));
  out.certificates = std::move(cms.certificates);
  out.crls = std::move(cms.crls);
  out.ocsp_responses = std::move(cms.ocsp_responses);
}

base::Status inspect_signed_data(pki::Context& context, const SignedData& signed_data, const DetachedContent& data,
                                 base::Budget& budget, std::span<const CertificatePtr> certificates,
                                 TimestampFacts& out) {
  if (signed_data.content_type != oid::kTstInfo) return note(out, Error(Code::kTspContentType));
  // 2.4.2: "The time-stamp token MUST NOT contain any signatures other than the signature of the TSA."
  if (signed_data.signers.size() != 1) return note(out, Error(Code::kTspSigners));
  if (!signed_data.content) return note(out, Error(Code::kTspMalformed, {{"what", "no TSTInfo"}}));

  TANBA_TRY(pki::DocumentFacts cms,
            cms::inspect(context, signed_data, {}, budget, InspectOptions{.certificates = certificates}));
  take_signature(cms, out);
  TANBA_CHECK(check_signing_certificate_present(signed_data.signers.front(), out));

  const auto info = parse_tst_info(*signed_data.content);
  if (!info) return note(out, info.error());
  put_info(*info, out);
  TANBA_CHECK(check_imprint(context, budget, data, out));
  // 2.4.2: "If [tsa is] present, it MUST correspond to one of the subject names included in the certificate that is to
  // be used to verify the token."
  if (!info->tsa.empty() && out.certificate && !is_name_of(info->tsa, *out.certificate)) {
    return note(out, Error(Code::kTspName, {{"name", out.tsa}}));
  }
  return {};
}

}  // namespace

Result<TimestampFacts> inspect_token(pki::Context& context, ByteView token, const DetachedContent& data,
                                     base::Budget& budget, std::span<const CertificatePtr> certificates) {
  TimestampFacts out;
  out.token = base::to_bytes(token);
  out.id = base::sha256(token);
  if (token.size() > kMaxTokenBytes) {
    TANBA_CHECK(note(out, Error(Code::kLimitSize, {{"limit", std::to_string(kMaxTokenBytes)}})));
    return out;
  }
  base::Bytes storage;
  const auto der = der::normalise(token, storage);
  const auto signed_data = der ? parse_signed_data(*der, budget.limits()) : base::fail(der.error());
  if (!signed_data) {
    TANBA_CHECK(note(out, Error(Code::kTspMalformed, {{"what", signed_data.error().message()}})));
    return out;
  }
  TANBA_CHECK(inspect_signed_data(context, *signed_data, data, budget, certificates, out));
  return out;
}

namespace {

template <class SignedFacts>
base::Status inspect_tokens_of(pki::Context& context, SignedFacts& facts,
                               std::span<const pki::CertificatePtr> certificates, base::Budget& budget) {
  for (const pki::TimestampToken& found : std::exchange(facts.timestamp_tokens, {})) {
    TANBA_TRY(TimestampFacts timestamp,
              inspect_token(context, found.token, DetachedContent(ByteView(found.covered)), budget, certificates));
    facts.timestamps.push_back(std::move(timestamp));
  }
  return {};
}

}  // namespace

base::Status inspect_tokens(pki::Context& context, pki::DocumentFacts& facts, base::Budget& budget) {
  for (pki::SignatureFacts& signature : facts.signatures) {
    TANBA_CHECK(inspect_tokens_of(context, signature, facts.certificates, budget));
  }
  // Only when those of all signatures were looked at: what anybody may have added must not use up what they may cost.
  for (pki::SignatureFacts& signature : facts.signatures) {
    for (pki::CounterSignatureFacts& one : signature.counter_signatures) {
      TANBA_CHECK(inspect_tokens_of(context, one, facts.certificates, budget));
    }
  }
  return {};
}

Result<base::Bytes> token_in_file(ByteView file) {
  base::Bytes octets = base::to_bytes(file);
  if (base::as_text(file).starts_with("-----BEGIN ")) {
    TANBA_TRY(auto blocks, pki::parse_pem(base::as_text(file)));
    if (blocks.empty()) return base::fail(Code::kTspMalformed, {{"what", "PEM without a block"}});
    octets = std::move(blocks.front().octets);
  }
  // A response begins with PKIStatusInfo, a SEQUENCE; a ContentInfo with an OBJECT IDENTIFIER.
  Reader outer(octets);
  const auto whole = outer.next();
  if (whole && whole->tag == der::kSequence && !whole->value.empty() && whole->value.front() == der::kSequence) {
    TANBA_TRY(Response response, parse_response(octets));
    return granted_token(std::move(response));
  }
  return octets;
}

}  // namespace tanba::cms::tsp
