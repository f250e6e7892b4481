// OCSP (RFC 6960): requests, and responses parsed and judged. Nothing is fetched and no clock is read here.
//
// НУЦ РК's particulars: CertID hashed with SHA-256, the nonce as an OCTET STRING inside the extension's OCTET STRING,
// no nextUpdate, and the extended-revoke extension, with which a certificate that the responder does not know comes
// back revoked, on hold, at 1970-01-01.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::ocsp {

// RFC 5280 5.3.1; kNone when the extension is absent.
enum class RevocationReason : std::uint8_t {
  kUnspecified = 0,
  kKeyCompromise = 1,
  kCaCompromise = 2,
  kAffiliationChanged = 3,
  kSuperseded = 4,
  kCessationOfOperation = 5,
  kCertificateHold = 6,
  kRemoveFromCrl = 8,
  kPrivilegeWithdrawn = 9,
  kAaCompromise = 10,
  kNone = 255,
};
[[nodiscard]] std::string_view to_string(RevocationReason reason);  // "keyCompromise"; "" for kNone

struct CertId {
  pki::DigestAlgorithm digest = pki::DigestAlgorithm::kSha256;
  base::Bytes issuer_name_hash;
  base::Bytes issuer_key_hash;
  base::Bytes serial;  // contents octets of the INTEGER
};
[[nodiscard]] base::Result<CertId> make_cert_id(pki::Context& context, pki::DigestAlgorithm digest,
                                                const pki::Certificate& certificate, const pki::Certificate& issuer);

// Both hashes of the CertID name this certificate's subject and key.
[[nodiscard]] bool names_issuer(pki::Context& context, const CertId& cert_id, const pki::Certificate& issuer);

// OCSPRequest, DER, unsigned. An empty nonce sends none; otherwise RFC 8954: 1 to 32 octets.
[[nodiscard]] base::Bytes write_request(const CertId& cert_id, base::ByteView nonce);

enum class CertStatus : std::uint8_t { kGood, kRevoked, kUnknown };

struct SingleResponse {
  CertId cert_id;
  CertStatus status = CertStatus::kUnknown;
  base::Time revocation_time;  // when revoked
  RevocationReason reason = RevocationReason::kNone;
  base::Time this_update;
  std::optional<base::Time> next_update;
  std::optional<base::Time> archive_cutoff;
  std::optional<base::Time> invalidity_date;
  base::Time produced_at;  // of the response it stands in
};

struct OcspResponse {
  base::Bytes octets;               // what was parsed
  base::Digest digest;              // SHA-256 of it
  base::Bytes tbs;                  // ResponseData, whole
  base::Bytes signature_algorithm;  // AlgorithmIdentifier, whole
  base::Bytes signature;
  std::optional<base::Bytes> responder_name;      // Name, DER ...
  std::optional<base::Bytes> responder_key_hash;  // ... or SHA-1 of the key
  base::Time produced_at;
  std::vector<SingleResponse> responses;          // without those whose CertID names an unknown digest
  std::optional<base::Bytes> nonce;               // unwrapped
  bool extended_revoke = false;                   // RFC 6960 4.4.8
  std::vector<pki::CertificatePtr> certificates;  // embedded ones that parse
};
// At most Limits::max_ocsp_bytes, strict DER: a successful OCSPResponse of type id-pkix-ocsp-basic. Errors:
// ocsp.malformed; ocsp.response_status when the responder says tryLater, unauthorized and so on.
[[nodiscard]] base::Result<std::shared_ptr<const OcspResponse>> parse_response(base::ByteView der);

// Who signed the response and by what right.
struct Responder {
  pki::CertificatePtr certificate;
  enum class Right : std::uint8_t { kIssuer, kDelegated };
  // kIssuer: the CA itself (RFC 6960 4.2.2.2 case 2). kDelegated: issued by the CA, EKU id-kp-OCSPSigning (case 3).
  Right right = Right::kIssuer;
};

// Finds the responder among the issuer, the embedded certificates and `candidates`, checks its right to answer for
// `issuer` (RFC 6960 4.2.2.2: a delegate is signed by the issuer's own key) and the signature. Validity, path and
// revocation of a delegate's certificate stay with the caller (id-pkix-ocsp-nocheck: Certificate::has_ocsp_no_check).
// Whether the policy allows the algorithm is the caller's to judge too; one that is not known is ocsp.signature.
// Errors: ocsp.responder, ocsp.signature. Costs at most eight public-key operations.
[[nodiscard]] base::Result<Responder> verify_response(pki::Context& context, const OcspResponse& response,
                                                      const pki::CertificatePtr& issuer,
                                                      std::span<const pki::CertificatePtr> candidates);

// The answer for this certificate by this issuer; both hashes and the serial of the CertID must match. ocsp.cert_id.
[[nodiscard]] base::Result<SingleResponse> find_answer(pki::Context& context, const OcspResponse& response,
                                                       const pki::Certificate& certificate,
                                                       const pki::Certificate& issuer);

struct FreshnessRules {
  base::Seconds max_age;        // where nextUpdate is missing (НУЦ РК): thisUpdate may be this old
  base::Seconds max_skew{300};  // clocks of responder and verifier may differ by this
};
// ocsp.stale, ocsp.future (thisUpdate or producedAt). RFC 6960 3.2 (5) and (6). The skew is granted to the future only.
[[nodiscard]] base::Status check_freshness(const SingleResponse& answer, const FreshnessRules& rules, base::Time at);
// ocsp.nonce when one was sent and another one, or none, came back.
[[nodiscard]] base::Status check_nonce(const OcspResponse& response, base::ByteView sent);

// The extended-revoke answer: revoked, certificateHold, at 1970-01-01 means that the responder does not know the
// certificate (RFC 6960 2.2).
[[nodiscard]] bool is_unknown_to_ca(const OcspResponse& response, const SingleResponse& answer);

}  // namespace tanba::ocsp
