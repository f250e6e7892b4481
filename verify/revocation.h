// Whether one certificate is revoked, from the evidence at hand (RFC 6960, RFC 5280 6.3). Internal to verify.
#pragma once

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

enum class CertificateRole : std::uint8_t { kEndEntity, kAuthority };

class RevocationJudge {
 public:
  RevocationJudge(pki::Context& context, const JudgeInput& input, base::Budget& budget)
      : context_(context), input_(input), budget_(budget) {}

  // `issuer` is the certificate above `certificate` in the path.
  [[nodiscard]] base::Result<RevocationVerdict> check(const pki::CertificatePtr& certificate,
                                                      const pki::CertificatePtr& issuer, CertificateRole role);
  // The responder of this answer has the right to give it, and its own certificate holds at the time of judging.
  [[nodiscard]] base::Result<std::vector<base::Error>> check_responder(const ocsp::OcspResponse& response,
                                                                       const pki::CertificatePtr& issuer);

 private:
  struct Gathered;
  void gather_holds(const pki::Certificate& certificate, Gathered& out) const;
  [[nodiscard]] base::Status gather_ocsp(const pki::CertificatePtr& certificate, const pki::CertificatePtr& issuer,
                                         CertificateRole role, Gathered& out);
  [[nodiscard]] base::Status gather_crls(const pki::CertificatePtr& certificate, const pki::CertificatePtr& issuer,
                                         CertificateRole role, Gathered& out);
  void name_needs(const pki::CertificatePtr& certificate, const pki::CertificatePtr& issuer, const GoodEvidence& found,
                  RevocationVerdict& verdict) const;
  // Whether a revocation counts for what is judged here, which may have existed before it.
  [[nodiscard]] bool counts(CertificateRole role, ocsp::RevocationReason reason, base::Time revoked,
                            const std::optional<base::Time>& invalid_since) const;
  [[nodiscard]] bool take_grace(const pki::Certificate& certificate, EvidenceRule rule, const GoodEvidence& found,
                                RevocationVerdict& verdict) const;
  static void note_lacking(const pki::Certificate& certificate, EvidenceRule rule, const GoodEvidence& found,
                           RevocationVerdict& verdict);
  [[nodiscard]] base::Time judging_time() const { return input_.existed_at.value_or(input_.now); }

  pki::Context& context_;
  const JudgeInput& input_;
  base::Budget& budget_;
  // Certificates whose revocation is being judged: evidence that needs itself is a cycle (DESIGN 3).
  std::vector<base::Digest> open_;
};

}  // namespace tanba::verify
