// Augmentation (ETSI EN 319 102-1 clause 7): lifts the signatures of a document from level B-B to B-T and B-LT.
//
// A document that is not accepted as it comes is not lifted. B-T: each signature that no time stamp holds of gets one,
// verified. B-LT: into the document goes exactly what its verification went by, about signers, time-stamp authorities
// and those who signed the evidence: certificates, OCSP answers, lists. Nothing is given out that is not accepted from
// what is inside alone, now and after the last of its certificates has ended.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "verify/evidence/time_stamper.h"
#include "verify/evidence/verifier.h"

namespace tanba::verify::evidence {

enum class Level : std::uint8_t { kBB, kBT, kBLT };
[[nodiscard]] std::string_view to_string(Level level);  // "B-B", "B-T", "B-LT"
// input.member
[[nodiscard]] base::Result<Level> parse_level(std::string_view name);

struct AugmentTask {
  std::shared_ptr<const base::Bytes> document;
  std::shared_ptr<const base::Bytes> detached;  // null: none
  Level level = Level::kBLT;
  JudgeInput input;      // revocation is required for B-LT whatever stands here
  EvidenceSet evidence;  // given beside
  Fetching fetching = Fetching::kFetch;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  base::Limits limits;
};

struct Augmented {
  // CMS as DER. Nothing: the document was not accepted as it came, and the report says why.
  std::optional<base::Bytes> document;
  // Of what is given out; for B-LT from what is inside alone.
  Report report;
};

class Augmenter {
 public:
  // All outlive it. `stamper` may be null: then what has no time stamp cannot be lifted.
  Augmenter(Workers& workers, Verifier& verifier, const TimeStamper* stamper)
      : workers_(workers), verifier_(verifier), stamper_(stamper) {}

  // Waits, also for sources; never on a worker's or the fetch thread. augment.level: the format or the signature has no
  // place for it, no authority is named, or another signature covers what would be changed; augment.evidence: what the
  // level needs did not come; tsp.unavailable; limit.*.
  [[nodiscard]] base::Result<Augmented> augment(const AugmentTask& task) const;

 private:
  Workers& workers_;
  Verifier& verifier_;
  const TimeStamper* stamper_;
};

}  // namespace tanba::verify::evidence
