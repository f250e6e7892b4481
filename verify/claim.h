// One claim: this certificate, for this purpose, at this time. Its paths, and what proves that nothing in them is
// revoked. Internal to verify.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "verify/judge.h"
#include "verify/revocation.h"

namespace tanba::verify {

// Everything found out about a claim; without errors it holds.
struct ClaimVerdict {
  std::vector<base::Error> errors;
  std::vector<base::Error> warnings;
  std::vector<pki::CertificatePtr> chain;
  std::vector<RevocationEntry> revocation;
  std::vector<Need> missing;
  std::vector<Need> needs;
  Beneath beneath;
};

// Judges claims for `input.existed_at`, else `input.now`, under `input.trust_purpose`; `input` must stay.
class ClaimJudge {
 public:
  ClaimJudge(pki::Context& context, pki::PathCache* cache, const JudgeInput& input, base::Budget& budget)
      : context_(context), cache_(cache), input_(input), budget_(budget), revocation_(context, cache, input, budget) {}

  [[nodiscard]] base::Result<ClaimVerdict> claim(const pki::CertificatePtr& leaf,
                                                 std::span<const pki::CertificatePtr> candidates,
                                                 pki::KeyPurpose purpose);
  [[nodiscard]] RevocationJudge& revocation() { return revocation_; }

 private:
  [[nodiscard]] base::Result<ClaimVerdict> best_by_revocation(const pki::PathResult& paths);
  [[nodiscard]] base::Result<ClaimVerdict> with_revocation(const pki::Path& path);

  pki::Context& context_;
  pki::PathCache* cache_;
  const JudgeInput& input_;
  base::Budget& budget_;
  RevocationJudge revocation_;
};

// What the policy forbids of how it was signed: scheme, key and digests, at `input.existed_at`, else now. For facts of
// signatures and of counter-signatures.
[[nodiscard]] std::vector<base::Error> algorithm_errors(const JudgeInput& input,
                                                        const std::optional<pki::SignatureAlgorithm>& algorithm,
                                                        const pki::CertificatePtr& certificate,
                                                        std::span<const pki::DigestAlgorithm> digests);
template <class SignedFacts>
[[nodiscard]] std::vector<base::Error> algorithm_errors(const JudgeInput& input, const SignedFacts& facts) {
  return algorithm_errors(input, facts.algorithm, facts.certificate, facts.content_digests);
}
// signature.no_signing_certificate where the policy requires it.
[[nodiscard]] std::vector<base::Error> certificate_reference_errors(const JudgeInput& input,
                                                                    pki::CertificateReference reference);

[[nodiscard]] CertificateSummary summarise(const pki::Certificate& certificate);
// The claim's findings become the finding's; needs stay with the caller.
void put_claim(ClaimVerdict& claim, Finding& finding);

// Each once, in order of appearance.
void append(std::vector<base::Error>& all, std::vector<base::Error> more);
void add_each_once(std::vector<Need>& all, const std::vector<Need>& more);

// The most telling error first: by rank of its sub-indication, refusals before what may come right.
void rank(std::vector<base::Error>& errors);
// Whether these errors refuse whatever evidence may still come.
[[nodiscard]] bool refuses(const std::vector<base::Error>& errors);

}  // namespace tanba::verify
