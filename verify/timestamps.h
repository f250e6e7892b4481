// Time stamps as claims: the authority's certificate, for time stamping, at the token's time, and what that proves.
// Internal to verify.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "verify/claim.h"

namespace tanba::verify {

struct TimestampVerdict {
  TimestampFinding finding;
  std::vector<Need> needs;
  // The upper limit of the time at which the token was made; counts only where the finding has no errors.
  base::Time latest_time;

  [[nodiscard]] bool proves() const { return finding.result.errors.empty(); }
  // Whether evidence that may still come could make it prove something.
  [[nodiscard]] bool may_prove() const { return !refuses(finding.result.errors); }
};

// One token. Its authority is judged under anchors for time stamping at genTime, with all that is known at `input.now`;
// its algorithms at `input.existed_at`, else now: what can be forged today proves nothing about yesterday.
// `candidates`: certificates beside the token's own.
[[nodiscard]] base::Result<TimestampVerdict> judge_one_timestamp(pki::Context& context, pki::PathCache* cache,
                                                                 const pki::TimestampFacts& facts,
                                                                 const JudgeInput& input, base::Budget& budget);

// What the time stamps of one signature, or counter-signature, prove together.
struct ExistenceProof {
  std::vector<TimestampVerdict> timestamps;

  // The earliest time for which the signature is proved to have existed, by `vouched` or a time stamp that holds.
  struct Times {
    base::Time best;      // genTime, or the time vouched for: the report's bestSignatureTime
    base::Time judge_at;  // its upper limit: certificates are judged then
    Proof by = Proof::kVouchedFor;
  };
  [[nodiscard]] std::optional<Times> proved(const std::optional<base::Time>& vouched, base::Time now) const;
  // The same if every time stamp whose evidence is still missing turned out to hold; nothing when none is missing.
  [[nodiscard]] std::optional<Times> hoped_for(const std::optional<base::Time>& vouched, base::Time now) const;
};
[[nodiscard]] base::Result<ExistenceProof> judge_timestamps(pki::Context& context, pki::PathCache* cache,
                                                            std::span<const pki::TimestampFacts> timestamps,
                                                            const JudgeInput& input, base::Budget& budget);

// DESIGN 3: "A time stamp … that fails takes away what it would prove, no more": findings, warnings and needs.
void put_timestamps(ExistenceProof& proof, std::vector<Need>& needs, Finding& finding);
// Where only a time stamp whose evidence is still missing could save what it is over, that evidence is what is missing.
void wait_for_timestamps(const ExistenceProof& proof, Finding& finding);

}  // namespace tanba::verify
