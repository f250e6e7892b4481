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

}  // namespace

std::string level_of(const pki::DocumentFacts& document, const pki::SignatureFacts& signature, const Finding& finding) {
  const Inside inside(document, signature);
  std::string level = "B-B";
  for (const TimestampFinding& timestamp : finding.timestamps) {
    if (!timestamp.result.errors.empty()) continue;
    if (inside.has_all(timestamp.result) && inside.has_all(finding)) return "B-LT";
    level = "B-T";
  }
  return level;
}

}  // namespace tanba::verify
