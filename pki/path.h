// Certification paths: our search with backtracking over candidate issuers, RFC 5280 section 6 by OpenSSL on each
// candidate chain. Revocation is not looked at here: verify::judge asks for it, certificate by certificate.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/limits.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "pki/trust.h"

namespace tanba::pki {

// What the leaf is used for (CLI's --purpose).
enum class KeyPurpose : std::uint8_t { kSigning, kAny, kTlsClient, kTlsServer, kOcspSigning, kTimeStamping };
[[nodiscard]] std::string_view to_string(KeyPurpose purpose);  // "signing", "any", "tls-client", ...
[[nodiscard]] base::Result<KeyPurpose> parse_key_purpose(std::string_view name);

// RFC 5280 6.1.1 (c), (e), (f), (g).
struct PolicyInputs {
  std::vector<Oid> initial_policies;  // empty: any-policy
  enum class Require : std::uint8_t { kNo, kYes };
  Require explicit_policy = Require::kNo;
  Require inhibit_any_policy = Require::kNo;
  Require inhibit_policy_mapping = Require::kNo;
  bool operator==(const PolicyInputs&) const = default;
};

struct PathQuery {
  CertificatePtr leaf;
  TrustSnapshotPtr trust;
  std::span<const CertificatePtr> candidates;  // embedded in the document, given beside it
  base::Time at;                               // the time for which everything must be valid
  TrustPurpose trust_purpose = TrustPurpose::kApplicant;
  KeyPurpose key_purpose = KeyPurpose::kSigning;
  PolicyId algorithm_policy = PolicyId::kKzSubmission;
  PolicyInputs policy_inputs;
};

// Leaf first, anchor last; a leaf that is itself an anchor is a path of one.
struct Path {
  std::vector<CertificatePtr> certificates;
};

struct RejectedPath {
  Path path;                        // as far as it reached; the last one may be no anchor
  std::vector<base::Error> errors;  // path.*, algorithm.*, certificate.*; most telling first
};

struct PathResult {
  std::vector<Path> valid;  // best first: shortest, newest certificates
  // Filled only when nothing is valid. Most telling first: what reached an anchor, then the longest, then the fewest
  // reasons; at most 16.
  std::vector<RejectedPath> rejected;
};

// The keys of a path's certificates, anchor last: a DSA key that leaves its parameters to its issuer (RFC 3279 2.3.2) has
// them here.
[[nodiscard]] std::vector<PublicKeyInfo> effective_keys(std::span<const CertificatePtr> path);

// At most this many valid paths are collected: with them revocation can choose; more would only cost.
inline constexpr std::size_t kMaxValidPaths = 4;

// Paths that were found valid, for reuse: (leaf, snapshot, purposes, policies, candidates that took part) with the time
// window in which nothing in it begins or ends. Bounded; a new snapshot simply does not match. One a worker, with its
// Context. Never holds a failure.
class PathCache {
 public:
  explicit PathCache(std::size_t max_entries = 8192);
  ~PathCache();
  PathCache(PathCache&&) noexcept;
  PathCache& operator=(PathCache&&) noexcept;

 private:
  friend base::Result<PathResult> find_paths(Context&, PathCache*, const PathQuery&, base::Budget&);
  struct State;
  std::unique_ptr<State> state_;
};

// Errors only where the budget ends (limit.cost) or inside (internal); that nothing was found is a result with `valid`
// empty and at least one rejected path. `cache` may be null.
[[nodiscard]] base::Result<PathResult> find_paths(Context& context, PathCache* cache, const PathQuery& query,
                                                  base::Budget& budget);

}  // namespace tanba::pki
