#include "verify/timestamps.h"

#include <algorithm>
#include <utility>

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using base::Time;
using pki::CertificatePtr;
using pki::TimestampFacts;

TimestampSummary summary_of(const TimestampFacts& facts) {
  return {.kind = std::string(pki::to_string(facts.kind)),
          .token = facts.id.hex(),
          .gen_time = facts.gen_time,
          .latest_time = facts.latest_time,
          .accuracy = facts.accuracy,
          .policy = facts.policy.empty() ? std::string() : facts.policy.dotted(),
          .imprint_algorithm =
              facts.imprint_digest ? std::string(pki::to_string(*facts.imprint_digest)) : facts.imprint_algorithm,
          .imprint = base::to_hex(facts.imprint),
          .serial = facts.serial,
          .nonce = base::to_hex(facts.nonce),
          .tsa = facts.tsa,
          .ordering = facts.ordering};
}

void keep_error(std::vector<Error>& errors, const base::Status& status) {
  if (!status) append(errors, {status.error()});
}

// Of the token itself and of every certificate that vouches for it.
std::vector<Error> algorithm_errors(const TimestampFacts& facts, const std::vector<CertificatePtr>& chain,
                                    const JudgeInput& input) {
  const Time at = input.existed_at.value_or(input.now);
  const pki::PolicyId policy = input.policy.id;
  std::vector<Error> errors;
  const auto key_of = [](const pki::Certificate& certificate) {
    return pki::KeyFacts{certificate.key().kind, certificate.key().bits};
  };
  if (facts.algorithm) {
    keep_error(errors,
               check_algorithm(policy, *facts.algorithm, key_of(*facts.certificate), at, facts.certificate->label()));
  }
  for (const pki::DigestAlgorithm digest : facts.content_digests) {
    keep_error(errors, check_digest(policy, digest, pki::DigestUse::kSignature, at));
  }
  if (facts.imprint_digest) {
    keep_error(errors, check_digest(policy, *facts.imprint_digest, pki::DigestUse::kImprint, at));
  }
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    const auto algorithm = pki::signature_algorithm_from(chain[i]->signature_algorithm());
    if (!algorithm) continue;  // the path search refused it
    keep_error(errors, check_algorithm(policy, *algorithm, key_of(*chain[i + 1]), at, chain[i + 1]->label()));
  }
  return errors;
}

JudgeInput input_for_authority(const TimestampFacts& facts, const JudgeInput& input) {
  JudgeInput own = input;
  own.existed_at = facts.gen_time;
  own.evidence_since = input.existed_at.value_or(input.now);
  own.trust_purpose = pki::TrustPurpose::kTsa;
  own.key_purpose = pki::KeyPurpose::kTimeStamping;
  own.policy.path_inputs = {};
  own.expected = {};
  own.candidates.insert(own.candidates.end(), facts.certificates.begin(), facts.certificates.end());
  return own;
}

base::Status judge_authority(pki::Context& context, pki::PathCache* cache, const TimestampFacts& facts,
                             const JudgeInput& input, base::Budget& budget, TimestampVerdict& verdict) {
  Finding& finding = verdict.finding.result;
  finding.certificate = summarise(*facts.certificate);
  const JudgeInput own = input_for_authority(facts, input);
  ClaimJudge judge(context, cache, own, budget);
  TANBA_TRY(ClaimVerdict claim, judge.claim(facts.certificate, own.candidates, own.key_purpose));
  append(finding.errors, algorithm_errors(facts, claim.chain, input));
  verdict.needs = std::move(claim.needs);
  put_claim(claim, finding);
  return {};
}

using Times = ExistenceProof::Times;

void take_earlier(std::optional<Times>& best, const Times& other) {
  if (!best || other.judge_at < best->judge_at) best = other;
}

template <class Counts>
std::optional<Times> earliest(const ExistenceProof& proof, const std::optional<Time>& vouched, Time now,
                              Counts counts) {
  std::optional<Times> best;
  if (vouched) best = Times{*vouched, *vouched, Proof::kVouchedFor};
  for (const TimestampVerdict& one : proof.timestamps) {
    if (!counts(one)) continue;
    // Whatever the token's clock says, what is at hand exists now.
    take_earlier(best, {std::min(one.finding.says.gen_time, now), std::min(one.latest_time, now), Proof::kTimeStamp});
  }
  return best;
}

}  // namespace

base::Result<TimestampVerdict> judge_one_timestamp(pki::Context& context, pki::PathCache* cache,
                                                   const TimestampFacts& facts, const JudgeInput& input,
                                                   base::Budget& budget) {
  TimestampVerdict verdict;
  verdict.finding.says = summary_of(facts);
  verdict.latest_time = facts.latest_time;
  Finding& finding = verdict.finding.result;
  finding.errors = facts.errors;
  finding.algorithms = facts.algorithm_names;
  // DESIGN 3: "Evidence whose thisUpdate, producedAt or genTime lies after T is not used." Clocks may differ a little.
  if (facts.gen_time > input.now + input.policy.ocsp_freshness.max_skew) {
    append(finding.errors, {Error(Code::kTspFuture, {{"gen_time", base::format_time(facts.gen_time)},
                                                     {"at", base::format_time(input.now)}})});
  }
  if (!facts.certificate) {
    // The maker of the facts says so too; a token by nobody never holds, whoever made the facts.
    if (finding.errors.empty()) finding.errors.emplace_back(Code::kCmsNoCertificate);
  } else if (!refuses(finding.errors)) {
    TANBA_CHECK(judge_authority(context, cache, facts, input, budget, verdict));
  }
  rank(finding.errors);
  finding.outcome = decide(finding.errors);
  if (refuses(finding.errors)) verdict.needs.clear();
  return verdict;
}

std::optional<Times> ExistenceProof::proved(const std::optional<Time>& vouched, Time now) const {
  return earliest(*this, vouched, now, [](const TimestampVerdict& one) { return one.proves(); });
}

std::optional<Times> ExistenceProof::hoped_for(const std::optional<Time>& vouched, Time now) const {
  const bool waiting =
      std::ranges::any_of(timestamps, [](const TimestampVerdict& one) { return one.may_prove() && !one.proves(); });
  if (!waiting) return std::nullopt;
  return earliest(*this, vouched, now, [](const TimestampVerdict& one) { return one.may_prove(); });
}

base::Result<ExistenceProof> judge_timestamps(pki::Context& context, pki::PathCache* cache,
                                              std::span<const TimestampFacts> timestamps, const JudgeInput& input,
                                              base::Budget& budget) {
  ExistenceProof proof;
  for (const TimestampFacts& facts : timestamps) {
    TANBA_TRY(TimestampVerdict verdict, judge_one_timestamp(context, cache, facts, input, budget));
    verdict.finding.result.id = "T" + std::to_string(proof.timestamps.size() + 1);
    // What is not known to be over this signature says nothing about it.
    if (!facts.over_known_data && verdict.proves()) {
      verdict.finding.result.errors.emplace_back(Code::kTspImprint);
      verdict.finding.result.outcome = decide(verdict.finding.result.errors);
    }
    proof.timestamps.push_back(std::move(verdict));
  }
  return proof;
}

void put_timestamps(ExistenceProof& proof, std::vector<Need>& needs, Finding& finding) {
  for (TimestampVerdict& one : proof.timestamps) {
    add_each_once(needs, one.needs);
    Finding& result = one.finding.result;
    if (!one.proves()) {
      finding.warnings.emplace_back(
          Code::kTspNotCounted,
          std::vector<base::ErrorArgument>{{"timestamp", result.id},
                                           {"reason", std::string(base::dotted(result.errors.front().code()))}});
    }
    finding.timestamps.push_back(std::move(one.finding));
  }
}

void wait_for_timestamps(const ExistenceProof& proof, Finding& finding) {
  for (const TimestampVerdict& one : proof.timestamps) {
    if (one.proves() || !one.may_prove()) continue;
    append(finding.errors, one.finding.result.errors);
    add_each_once(finding.missing_evidence, one.finding.result.missing_evidence);
  }
}

}  // namespace tanba::verify
