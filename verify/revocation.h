// Whether one certificate is revoked, from the evidence at hand (RFC 6960, RFC 5280 6.3). Internal to verify.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "verify/freshness_rules.h"
#include "verify/judge.h"

namespace tanba::verify {

struct RevocationVerdict {
  std::vector<base::Error>
      errors;  // revoked, held, unknown; or what was wrong with the evidence, and that it is missing
  std::vector<base::Error> warnings;
  std::vector<RevocationEntry> entries;
  std::vector<Need> missing;  // for the report
  std::vector<Need> needs;    // for the shell: sources not asked yet
};

enum class CertificateRole : std::uint8_t {
  kEndEntity,
  kAuthority,
  kEvidenceSigner,  // of an OCSP answer or a list: whoever has the key can make one of any time
};

// A certificate with those above it up to the anchor; the second one issued the first.
using PathPart = std::span<const pki::CertificatePtr>;

class RevocationJudge {
 public:
  // `cache` may be null.
  RevocationJudge(pki::Context& context, pki::PathCache* cache, const JudgeInput& input, base::Budget& budget)
      : context_(context), cache_(cache), input_(input), budget_(budget) {}

  // What is checked from now on is the path of this claim's certificate.
  void begin_claim(const pki::Certificate& certificate) { claimed_until_ = certificate.not_after(); }
  // Of the first certificate of `path`; there are at least two.
  [[nodiscard]] base::Result<RevocationVerdict> check(PathPart path, CertificateRole role);
  // The responder of this answer has the right to give it, and its own certificate holds at the time of judging.
  // `issuers` begins with the authority that it answers for.
  [[nodiscard]] base::Result<std::vector<base::Error>> check_responder(const ocsp::OcspResponse& response,
                                                                       PathPart issuers);
  // About those who signed evidence since the last call.
  [[nodiscard]] Beneath take_beneath() { return std::exchange(beneath_, {}); }
  // Whether a revocation counts for what is judged here, which may have existed before it.
  [[nodiscard]] bool counts(CertificateRole role, ocsp::RevocationReason reason, base::Time revoked,
                            const std::optional<base::Time>& invalid_since) const;

 private:
  struct Gathered;
  void gather_holds(const pki::Certificate& certificate, Gathered& out) const;
  [[nodiscard]] base::Result<std::vector<base::Error>> check_responder_revocation(const ocsp::OcspResponse& response,
                                                                                  const ocsp::Responder& responder,
                                                                                  PathPart issuers);
  [[nodiscard]] base::Status gather_ocsp(PathPart path, CertificateRole role, Gathered& out);
  [[nodiscard]] base::Status gather_crls(PathPart path, CertificateRole role, Gathered& out);
  void name_needs(const pki::CertificatePtr& certificate, const pki::CertificatePtr& issuer, const GoodEvidence& found,
                  RevocationVerdict& verdict) const;
  void name_deltas(const pki::CertificatePtr& certificate, const pki::CertificatePtr& issuer, const Gathered& gathered,
                   RevocationVerdict& verdict) const;
  [[nodiscard]] bool must_be_current(const pki::Certificate& certificate, CertificateRole role) const;
  [[nodiscard]] bool take_grace(const pki::Certificate& certificate, EvidenceRule rule, const GoodEvidence& found,
                                RevocationVerdict& verdict) const;
  static void note_lacking(const pki::Certificate& certificate, EvidenceRule rule, const GoodEvidence& found,
                           RevocationVerdict& verdict);
  pki::Context& context_;
  pki::PathCache* cache_;
  const JudgeInput& input_;
  base::Budget& budget_;
  // Certificates whose revocation is being judged: evidence that needs itself is a cycle (DESIGN 3).
  std::vector<base::Digest> open_;
  std::optional<base::Time> claimed_until_;
  Beneath beneath_;
  // What is lacking about those who signed evidence, since the last check began.
  struct Lacks {
    std::vector<Need> needs;
    std::vector<Need> missing;
  };
  Lacks lacks_of_signers_;
  void note_lacks(const RevocationVerdict& of_signer);
  // Adds what was found out about a signer of evidence.
  void note_beneath(const pki::CertificatePtr& signer, std::vector<RevocationEntry> entries, Beneath further);
  friend class CrlStatusJudge;  // judges signers of lists, at the times of the lists, with what is open here
};

// What the age of evidence is judged by.
[[nodiscard]] Existence existence_of(const JudgeInput& input);
// When the algorithms of evidence must be good enough: when it is known to exist, not when it says that it was made.
[[nodiscard]] base::Time evidence_time(const JudgeInput& input);
// Only the document brings it, and it was made before the signature is proved to have existed: whoever signed could
// take any that suited.
template <class Item>
[[nodiscard]] bool is_signers_choice(const JudgeInput& input, const Item& item, base::Time this_update) {
  return only_in_document(item) && (!input.existed_at || this_update < *input.existed_at);
}
// The same input for what a signer of evidence did at this time.
[[nodiscard]] JudgeInput at_time_of_evidence(const JudgeInput& input, base::Time made_at);

// Shared by what judges OCSP answers and what judges lists:

[[nodiscard]] std::string reason_text(ocsp::RevocationReason reason);
[[nodiscard]] base::Error revoked_error(const pki::Certificate& certificate, CertificateRole role, base::Time since,
                                        ocsp::RevocationReason reason, const std::string& source);

}  // namespace tanba::verify
