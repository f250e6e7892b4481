#include "verify/counter_signatures.h"

#include <string>
#include <utility>

#include "verify/timestamps.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using pki::CounterSignatureFacts;

class CounterSignatureJudge {
 public:
  CounterSignatureJudge(pki::Context& context, pki::PathCache* cache, const JudgeInput& input, base::Budget& budget)
      : context_(context), cache_(cache), input_(input), budget_(budget) {}

  // As for a signature: what its own time stamps prove decides when it is judged for.
  base::Result<CounterSignatureFinding> judge(const CounterSignatureFacts& facts, std::vector<Need>& needs) {
    TANBA_TRY(ExistenceProof proof, judge_timestamps(context_, cache_, facts.timestamps, input_, budget_));
    TANBA_TRY(Verdict verdict, judge_at(facts, proof.proved(input_.existed_at, input_.now)));
    const auto hoped_for = proof.hoped_for(input_.existed_at, input_.now);
    if (hoped_for && refuses(verdict.finding.errors)) {
      TANBA_TRY(Verdict later, judge_at(facts, hoped_for));
      if (!refuses(later.finding.errors)) {
        verdict = std::move(later);
        wait_for_timestamps(proof, verdict.finding);
      }
    }
    if (!refuses(verdict.finding.errors)) {
      add_each_once(needs, verdict.needs);
      put_timestamps(proof, needs, verdict.finding);
    } else {
      // Nothing is looked for, and nothing fetched, for what holds nothing whatever comes.
      std::vector<Need> unwanted;
      put_timestamps(proof, unwanted, verdict.finding);
    }
    return CounterSignatureFinding{.over = facts.over, .result = std::move(verdict.finding)};
  }

 private:
  struct Verdict {
    Finding finding;
    std::vector<Need> needs;
  };

  base::Result<Verdict> judge_at(const CounterSignatureFacts& facts,
                                 const std::optional<ExistenceProof::Times>& proof) {
    JudgeInput then = input_;
    if (proof) then.existed_at = proof->judge_at;
    if (proof && proof->by == Proof::kTimeStamp) then.evidence_since = input_.existed_at.value_or(input_.now);
    Verdict verdict;
    Finding& finding = verdict.finding;
    finding.id = facts.id;
    finding.errors = facts.errors;
    finding.algorithms = facts.algorithm_names;
    finding.claimed_signing_time = facts.claimed_signing_time;
    finding.best_signature_time = proof ? proof->best : input_.now;
    append(finding.errors, algorithm_errors(then, facts));
    append(finding.errors, certificate_reference_errors(input_, facts.certificate_reference));
    if (!facts.certificate) {
      // The maker of the facts says so too; a signature by nobody never holds, whoever made the facts.
      if (finding.errors.empty()) finding.errors.emplace_back(Code::kCmsNoCertificate);
      return verdict;
    }
    finding.certificate = summarise(*facts.certificate);
    if (refuses(finding.errors)) return verdict;
    ClaimJudge judge(context_, cache_, then, budget_);
    TANBA_TRY(ClaimVerdict claim, judge.claim(facts.certificate, then.candidates, then.key_purpose));
    verdict.needs = std::move(claim.needs);
    put_claim(claim, finding);
    return verdict;
  }

  pki::Context& context_;
  pki::PathCache* cache_;
  const JudgeInput& input_;
  base::Budget& budget_;
};

}  // namespace

base::Status judge_counter_signatures(pki::Context& context, pki::PathCache* cache,
                                      const pki::SignatureFacts& signature, const JudgeInput& input,
                                      base::Budget& budget, Finding& finding, std::vector<Need>& needs) {
  CounterSignatureJudge judge(context, cache, input, budget);
  for (const CounterSignatureFacts& facts : signature.counter_signatures) {
    TANBA_TRY(CounterSignatureFinding one, judge.judge(facts, needs));
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
