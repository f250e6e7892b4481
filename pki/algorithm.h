// The algorithms that signatures name, and the policies that allow them (DESIGN 3, "Policies").
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "pki/oid.h"

namespace tanba::pki {

enum class DigestAlgorithm : std::uint8_t {
  kMd5,
  kSha1,
  kSha224,
  kSha256,
  kSha384,
  kSha512,
  kSha3_256,
  kSha3_384,
  kSha3_512,
  kGost34311,    // ГОСТ 34.311-95 (GOST R 34.11-94, test parameters)
  kStreebog256,  // GOST R 34.11-2012
  kStreebog512,
};
[[nodiscard]] std::string_view to_string(DigestAlgorithm digest);  // "SHA-256"
[[nodiscard]] base::Result<DigestAlgorithm> parse_digest_name(
    std::string_view name);                                      // of to_string; algorithm.unknown
[[nodiscard]] const char* openssl_name(DigestAlgorithm digest);  // for EVP_MD_fetch
[[nodiscard]] std::size_t digest_size_bytes(DigestAlgorithm digest);
[[nodiscard]] Oid digest_oid(DigestAlgorithm digest);  // KZ OIDs for the ГОСТ ones
[[nodiscard]] base::Result<DigestAlgorithm> digest_from_oid(const Oid& oid);

enum class KeyKind : std::uint8_t { kRsa, kRsaPss, kEc, kDsa, kGost2004, kGost2015_256, kGost2015_512, kUnknown };
[[nodiscard]] std::string_view to_string(KeyKind kind);

enum class SignatureScheme : std::uint8_t { kRsaPkcs1, kRsaPss, kEcdsa, kDsa, kGost2004, kGost2015_256, kGost2015_512 };

struct SignatureAlgorithm {
  SignatureScheme scheme = SignatureScheme::kRsaPkcs1;
  DigestAlgorithm digest = DigestAlgorithm::kSha256;
  // RSASSA-PSS only (RFC 4055 3.1): MGF1's digest and the salt's length in octets.
  DigestAlgorithm mgf1_digest = DigestAlgorithm::kSha256;
  std::uint16_t salt_bytes = 0;
  bool operator==(const SignatureAlgorithm& other) const {
    return scheme == other.scheme && digest == other.digest &&
           (scheme != SignatureScheme::kRsaPss || (mgf1_digest == other.mgf1_digest && salt_bytes == other.salt_bytes));
  }
};
// "RSA-PKCS1-SHA-256", "GOST34.10-2015-512": one spelling, in reports and errors.
[[nodiscard]] std::string to_string(const SignatureAlgorithm& algorithm);

struct AlgorithmIdentifier {
  Oid oid;
  base::ByteView parameters;  // whole TLV; empty when absent
  base::ByteView whole;       // the SEQUENCE
};
// Reads an AlgorithmIdentifier at `der` (one SEQUENCE, whole). Views point into `der`.
[[nodiscard]] base::Result<AlgorithmIdentifier> parse_algorithm_identifier(base::ByteView der);

// Of certificates, CRLs and OCSP answers, where the OID names scheme and digest. algorithm.unknown otherwise.
// Parameters other than the OID's own (NULL or absent; RSASSA-PSS-params) are refused.
[[nodiscard]] base::Result<SignatureAlgorithm> signature_algorithm_from(const AlgorithmIdentifier& identifier);
// Of a SignerInfo (RFC 5652 5.3), where RSA may be named alone: the digest then comes from digestAlgorithm. A scheme
// OID whose digest differs from digestAlgorithm is algorithm.mismatch.
[[nodiscard]] base::Result<SignatureAlgorithm> signature_algorithm_from(const AlgorithmIdentifier& identifier,
                                                                        DigestAlgorithm digest);
// The AlgorithmIdentifier to write: in KZ's spelling for ГОСТ, NULL parameters for PKCS#1.
[[nodiscard]] base::Bytes write_algorithm_identifier(const SignatureAlgorithm& algorithm);
[[nodiscard]] base::Bytes write_digest_identifier(DigestAlgorithm digest);

// --- policies ------------------------------------------------------------------------------------------------------

enum class PolicyId : std::uint8_t { kKzSubmission, kKzArchive, kConformance };
[[nodiscard]] std::string_view to_string(PolicyId id);  // "kz-submission"
[[nodiscard]] base::Result<PolicyId> parse_policy_id(std::string_view name);
// Of all three. It rises whenever judging changes so that reports of the same facts and evidence come out otherwise: a
// capsule is replayed by the program that judged it.
inline constexpr int kPolicyVersion = 2;

// For what a signature or digest is used: digests inside CertID and imprints are judged apart from signatures.
enum class DigestUse : std::uint8_t { kSignature, kCertId, kImprint };

struct KeyFacts {
  KeyKind kind = KeyKind::kUnknown;
  unsigned bits = 0;
};

// Whether the policy allows a signature by this algorithm and key that is known to have existed at `existed_at` (the
// validation time when nothing better is proved). `subject` names the certificate in messages.
// algorithm.forbidden, algorithm.weak_key, algorithm.weak_digest, algorithm.ended.
[[nodiscard]] base::Status check_algorithm(PolicyId policy, const SignatureAlgorithm& algorithm, const KeyFacts& key,
                                           base::Time existed_at, std::string_view subject);
// A key alone, before it is known what it will sign or has signed.
[[nodiscard]] base::Status check_key(PolicyId policy, const KeyFacts& key, base::Time existed_at,
                                     std::string_view subject);
[[nodiscard]] base::Status check_digest(PolicyId policy, DigestAlgorithm digest, DigestUse use, base::Time existed_at);

// The moments at which this policy's answers change: what is remembered for a span of time must not reach over one.
[[nodiscard]] std::span<const base::Time> policy_boundaries(PolicyId policy);

}  // namespace tanba::pki
