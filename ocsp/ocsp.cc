#include "ocsp/ocsp.h"

#include <algorithm>
#include <map>

#include "ocsp/extensions.h"
#include "pki/der.h"
#include "pki/verify_signature.h"

namespace tanba::ocsp {

using base::ByteView;
using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
namespace der = pki::der;

namespace {

// Certificates that fit the responderID and are tried: each costs two public-key operations. A responder that changes
// its key has two.
constexpr std::size_t kMaxRespondersTried = 4;

const pki::Oid& ocsp_signing() {
  static const pki::Oid oid = pki::Oid::literal("1.3.6.1.5.5.7.3.9");
  return oid;
}

struct IssuerHashes {
  base::Bytes name;
  base::Bytes key;
};

// RFC 6960 4.1.1: "issuerNameHash is the hash of the issuer's distinguished name [...] calculated over the DER encoding
// of the issuer's name field in the certificate being checked. issuerKeyHash is the hash of the issuer's public key.
// The hash shall be calculated over the value (excluding tag and length) of the subject public key field in the
// issuer's certificate."
Result<IssuerHashes> hash_issuer(pki::Context& context, pki::DigestAlgorithm digest,
                                 const pki::Certificate& certificate, const pki::Certificate& issuer) {
  IssuerHashes hashes;
  TANBA_TRY(hashes.name, pki::compute_digest(context, digest, certificate.issuer().der()));
  TANBA_TRY(hashes.key, pki::compute_digest(context, digest, issuer.key().bits_value));
  return hashes;
}

// Whom the ResponderID names; it is read once for all who may be meant.
class ResponderId {
 public:
  ResponderId(pki::Context& context, const OcspResponse& response) : context_(context), response_(response) {
    if (!response.responder_name) return;
    if (auto name = pki::Name::parse(*response.responder_name)) name_ = *std::move(name);
  }

  [[nodiscard]] bool names(const pki::Certificate& certificate) const {
    if (response_.responder_name) {
      return base::equal(*response_.responder_name, certificate.subject().der()) ||
             (name_ && *name_ == certificate.subject());
    }
    // RFC 6960 4.2.1: "KeyHash ::= OCTET STRING -- SHA-1 hash of responder's public key (excluding the tag and length
    // fields)"
    const auto hash = pki::compute_digest(context_, pki::DigestAlgorithm::kSha1, certificate.key().bits_value);
    return hash && response_.responder_key_hash && base::equal(*hash, *response_.responder_key_hash);
  }

 private:
  pki::Context& context_;
  const OcspResponse& response_;
  std::optional<pki::Name> name_;
};

// RFC 6960 4.2.2.2: the CA itself, or a delegate: "The CA SHOULD use the same issuing key to issue a delegation
// certificate as that used to sign the certificate being checked for revocation." - "MUST include a value of
// id-kp-OCSPSigning in the extended key usage extension"; anyExtendedKeyUsage is not such a value.
std::optional<Responder::Right> right_to_answer(pki::Context& context, const pki::Certificate& certificate,
                                                const pki::Certificate& issuer) {
  if (certificate.key().digest == issuer.key().digest && certificate.subject() == issuer.subject()) {
    return Responder::Right::kIssuer;
  }
  const auto usage = certificate.key_usage();
  if (usage && (*usage & (pki::kDigitalSignature | pki::kNonRepudiation)) == 0) return std::nullopt;
  if (!certificate.has_extended_key_usage(ocsp_signing())) return std::nullopt;
  if (!(certificate.issuer() == issuer.subject())) return std::nullopt;
  if (!pki::verify_certificate_signature(context, certificate, issuer.key())) return std::nullopt;
  return Responder::Right::kDelegated;
}

// The name of the fact "this key verified that response".
base::Digest signature_fact(const OcspResponse& response, const pki::PublicKeyInfo& key) {
  static constexpr std::string_view kWhat = "OCSP response";  // no other fact has a name of this form
  base::Sha256 name;
  name.update(base::as_bytes(kWhat));
  name.update(response.digest.view());
  name.update(key.digest.view());
  return name.finish();
}

// One response is kept for many requests: that its octets were signed by this key is verified once by each worker.
// Nothing else about it is remembered, neither its freshness nor what it says (DESIGN 3, rule 4).
Status check_signature(pki::Context& context, const OcspResponse& response, const pki::Certificate& signer) {
  const base::Digest fact = signature_fact(response, signer.key());
  if (context.knows_verified(fact)) return {};
  TANBA_TRY(const auto identifier, pki::parse_algorithm_identifier(response.signature_algorithm));
  TANBA_TRY(const auto algorithm, pki::signature_algorithm_from(identifier));
  TANBA_CHECK(pki::verify_signature(context, signer.key(), algorithm, response.tbs, response.signature));
  context.remember_verified(fact);
  return {};
}

// The issuer, what the response carries, what the caller has: those that the responderID names, each once.
std::vector<pki::CertificatePtr> named_responders(pki::Context& context, const OcspResponse& response,
                                                  const pki::CertificatePtr& issuer,
                                                  std::span<const pki::CertificatePtr> candidates) {
  std::vector<pki::CertificatePtr> found;
  const ResponderId id(context, response);
  const auto consider = [&](const pki::CertificatePtr& certificate) {
    const auto same = [&](const pki::CertificatePtr& other) { return other->digest() == certificate->digest(); };
    if (found.size() < kMaxRespondersTried && std::ranges::none_of(found, same) && id.names(*certificate)) {
      found.push_back(certificate);
    }
  };
  consider(issuer);
  std::ranges::for_each(response.certificates, consider);
  std::ranges::for_each(candidates, consider);
  return found;
}

std::vector<base::ErrorArgument> times(const SingleResponse& answer, base::Time at) {
  return {{"this_update", base::format_time(answer.this_update)},
          {"next_update", answer.next_update ? base::format_time(*answer.next_update) : "-"},
          {"at", base::format_time(at)}};
}

}  // namespace

std::string_view to_string(RevocationReason reason) {
  switch (reason) {
    case RevocationReason::kUnspecified:
      return "unspecified";
    case RevocationReason::kKeyCompromise:
      return "keyCompromise";
    case RevocationReason::kCaCompromise:
      return "cACompromise";
    case RevocationReason::kAffiliationChanged:
      return "affiliationChanged";
    case RevocationReason::kSuperseded:
      return "superseded";
    case RevocationReason::kCessationOfOperation:
      return "cessationOfOperation";
    case RevocationReason::kCertificateHold:
      return "certificateHold";
    case RevocationReason::kRemoveFromCrl:
      return "removeFromCRL";
    case RevocationReason::kPrivilegeWithdrawn:
      return "privilegeWithdrawn";
    case RevocationReason::kAaCompromise:
      return "aACompromise";
    case RevocationReason::kNone:
      return "";
  }
  return "";
}

Result<CertId> make_cert_id(pki::Context& context, pki::DigestAlgorithm digest, const pki::Certificate& certificate,
                            const pki::Certificate& issuer) {
  TANBA_TRY(IssuerHashes hashes, hash_issuer(context, digest, certificate, issuer));
  return CertId{digest, std::move(hashes.name), std::move(hashes.key), base::to_bytes(certificate.serial())};
}

bool names_issuer(pki::Context& context, const CertId& cert_id, const pki::Certificate& issuer) {
  const auto name = pki::compute_digest(context, cert_id.digest, issuer.subject().der());
  const auto key = pki::compute_digest(context, cert_id.digest, issuer.key().bits_value);
  return name && key && base::equal(*name, cert_id.issuer_name_hash) && base::equal(*key, cert_id.issuer_key_hash);
}

base::Bytes write_request(const CertId& cert_id, ByteView nonce) {
  const base::Bytes id = der::write_sequence(
      {pki::write_digest_identifier(cert_id.digest), der::write_octet_string(cert_id.issuer_name_hash),
       der::write_octet_string(cert_id.issuer_key_hash), der::write(der::kInteger, cert_id.serial)});
  const base::Bytes list = der::write_sequence({der::write_sequence({id})});
  base::Bytes extensions;
  if (!nonce.empty()) {
    const base::Bytes extension = der::write_sequence(
        {der::write(der::kOid, kOcspNonce), der::write_octet_string(der::write_octet_string(nonce))});
    extensions = der::write(der::context_constructed(2), der::write_sequence({extension}));
  }
  return der::write_sequence({der::write_sequence({list, extensions})});
}

Result<Responder> verify_response(pki::Context& context, const OcspResponse& response,
                                  const pki::CertificatePtr& issuer, std::span<const pki::CertificatePtr> candidates) {
  std::optional<Error> broken;
  for (const pki::CertificatePtr& certificate : named_responders(context, response, issuer, candidates)) {
    const auto right = right_to_answer(context, *certificate, *issuer);
    if (!right) continue;
    const Status verified = check_signature(context, response, *certificate);
    if (verified) return Responder{certificate, *right};
    if (base::info(verified.error().code()).effect == base::Effect::kInternal) return fail(verified.error());
    broken = Error::because(Code::kOcspSignature, verified.error().message());
  }
  if (broken) return fail(*std::move(broken));
  return fail(Code::kOcspResponder);
}

Result<SingleResponse> find_answer(pki::Context& context, const OcspResponse& response,
                                   const pki::Certificate& certificate, const pki::Certificate& issuer) {
  std::map<pki::DigestAlgorithm, std::optional<IssuerHashes>> hashes;  // one entry for each algorithm that is named
  const SingleResponse* best = nullptr;
  for (const SingleResponse& single : response.responses) {
    if (!base::equal(single.cert_id.serial, minimal_integer(certificate.serial()))) continue;
    auto [known, inserted] = hashes.try_emplace(single.cert_id.digest);
    if (inserted) {
      if (auto made = hash_issuer(context, single.cert_id.digest, certificate, issuer))
        known->second = *std::move(made);
    }
    if (!known->second || !base::equal(known->second->name, single.cert_id.issuer_name_hash) ||
        !base::equal(known->second->key, single.cert_id.issuer_key_hash)) {
      continue;
    }
    // Two answers about one certificate: the later counts, and of two of the same time the worse.
    const bool better = best == nullptr || single.this_update > best->this_update ||
                        (single.this_update == best->this_update && single.status != CertStatus::kGood &&
                         best->status == CertStatus::kGood);
    if (better) best = &single;
  }
  if (best == nullptr) return fail(Code::kOcspCertId);
  return *best;
}

Status check_freshness(const SingleResponse& answer, const FreshnessRules& rules, base::Time at) {
  if (answer.this_update > at + rules.max_skew || answer.produced_at > at + rules.max_skew) {
    return fail(Code::kOcspFuture,
                {{"this_update", base::format_time(std::max(answer.this_update, answer.produced_at))},
                 {"at", base::format_time(at)}});
  }
  // RFC 6960 4.2.2.1: "Responses whose nextUpdate value is earlier than the local system time value SHOULD be
  // considered unreliable." No skew here: what is past is past.
  const bool past = answer.next_update ? at > *answer.next_update : at - answer.this_update > rules.max_age;
  if (past) return fail(Code::kOcspStale, times(answer, at));
  return {};
}

Status check_nonce(const OcspResponse& response, ByteView sent) {
  if (sent.empty()) return {};
  if (!response.nonce) return fail(Code::kOcspNonce, "none came back");
  if (!base::equal(*response.nonce, sent)) return fail(Code::kOcspNonce, "another one came back");
  return {};
}

bool is_unknown_to_ca(const OcspResponse& response, const SingleResponse& answer) {
  return response.extended_revoke && answer.status == CertStatus::kRevoked &&
         answer.reason == RevocationReason::kCertificateHold && answer.revocation_time == base::Time{};
}

}  // namespace tanba::ocsp
