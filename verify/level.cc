#include "verify/level.h"

#include <algorithm>
#include <set>

#include "verify/evidence_set.h"

namespace tanba::verify {
namespace {

using pki::CertificatePtr;

// The certificates that the document carries, in whatever place.
class Inside {
 public:
  Inside(const pki::DocumentFacts& document, const pki::SignatureFacts& signature) {
    take(document.certificates);
    for (const pki::TimestampFacts& timestamp : signature.timestamps) take(timestamp.certificates);
  }
  // Everything that the chain was judged by but its anchor.
  [[nodiscard]] bool has_all(const Finding& finding) const {
    for (std::size_t i = 0; i + 1 < finding.chain.size(); ++i) {
      if (!certificates_.contains(finding.chain[i].digest) || !has_evidence(finding, finding.chain[i])) return false;
    }
    return !finding.chain.empty();
  }

 private:
  void take(const std::vector<CertificatePtr>& certificates) {
    for (const CertificatePtr& certificate : certificates) certificates_.insert(certificate->digest().hex());
  }
  [[nodiscard]] static bool has_evidence(const Finding& finding, const CertificateSummary& certificate) {
    return std::ranges::any_of(finding.revocation, [&](const RevocationEntry& entry) {
      return entry.certificate_digest == certificate.digest && entry.source == kEmbedded && entry.holds;
    });
  }
  std::set<std::string> certificates_;
};

bool is_baseline(const pki::SignatureFacts& signature) {
  return signature.certificate_reference == pki::CertificateReference::kSigned &&
         signature.claimed_signing_time.has_value();
}

}  // namespace

Lasting lasting_in(const pki::DocumentFacts& document, const pki::SignatureFacts& signature, const Finding& finding) {
  Lasting lasting = Lasting::kNothing;
  if (finding.timestamps.empty()) return lasting;
  const Inside inside(document, signature);
  for (const TimestampFinding& timestamp : finding.timestamps) {
    if (!timestamp.result.errors.empty()) continue;
    if (inside.has_all(timestamp.result) && inside.has_all(finding)) return Lasting::kEvidence;
    lasting = Lasting::kTimestamp;
  }
  return lasting;
}

std::string level_of(const pki::DocumentFacts& document, const pki::SignatureFacts& signature, const Finding& finding) {
  if (!is_baseline(signature)) return {};
  switch (lasting_in(document, signature, finding)) {
    case Lasting::kNothing:
      return "B-B";
    case Lasting::kTimestamp:
      return "B-T";
    case Lasting::kEvidence:
      return "B-LT";
  }
  return {};
}

}  // namespace tanba::verify
