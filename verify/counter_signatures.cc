#include "verify/counter_signatures.h"

#include <string>
#include <utility>

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using pki::CounterSignatureFacts;

base::Result<CounterSignatureFinding> judge_one(pki::Context& context, pki::PathCache* cache,
                                                const CounterSignatureFacts& facts, const JudgeInput& input,
                                                base::Budget& budget, std::vector<Need>& needs) {
  CounterSignatureFinding out{.over = facts.over, .result = {}};
  Finding& finding = out.result;
  finding.id = facts.id;
  finding.errors = facts.errors;
  finding.algorithms = facts.algorithm_names;
  finding.claimed_signing_time = facts.claimed_signing_time;
  append(finding.errors, algorithm_errors(input, facts));
  append(finding.errors, certificate_reference_errors(input, facts.certificate_reference));
  if (!facts.certificate) {
    // The maker of the facts says so too; a signature by nobody never holds, whoever made the facts.
    if (finding.errors.empty()) finding.errors.emplace_back(Code::kCmsNoCertificate);
    return out;
  }
  finding.certificate = summarise(*facts.certificate);
  // Nothing is looked for, and nothing fetched, for what is broken anyway.
  if (refuses(finding.errors)) return out;
  ClaimJudge judge(context, cache, input, budget);
  TANBA_TRY(ClaimVerdict claim, judge.claim(facts.certificate, input.candidates, input.key_purpose));
  if (!refuses(claim.errors)) add_each_once(needs, claim.needs);
  put_claim(claim, finding);
  return out;
}

}  // namespace

base::Status judge_counter_signatures(pki::Context& context, pki::PathCache* cache,
                                      const pki::SignatureFacts& signature, const JudgeInput& input,
                                      base::Budget& budget, Finding& finding, std::vector<Need>& needs) {
  for (const CounterSignatureFacts& facts : signature.counter_signatures) {
    TANBA_TRY(CounterSignatureFinding one, judge_one(context, cache, facts, input, budget, needs));
    Finding& result = one.result;
    rank(result.errors);
    result.outcome = decide(result.errors);
    if (!result.errors.empty()) {
      finding.warnings.emplace_back(
          Code::kCmsCounterSignature,
          std::vector<base::ErrorArgument>{{"signature", result.id},
                                           {"reason", std::string(base::dotted(result.errors.front().code()))}});
    }
    finding.counter_signatures.push_back(std::move(one));
  }
  return {};
}

}  // namespace tanba::verify
