#include "verify/freshness_rules.h"

#include <algorithm>

#include "verify/judge.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using base::Time;

constexpr std::string_view kRuleNames[] = {"ocsp-or-crl", "ocsp-and-crl", "ocsp-only", "crl-only"};
constexpr std::string_view kOcsp = "OCSP";
constexpr std::string_view kCrl = "CRL";

struct Times {
  Time this_update;
  std::optional<Time> next_update;
};

Error stale_error(Code code, const Times& times, Time at) {
  return Error(code, {{"this_update", base::format_time(times.this_update)},
                      {"next_update", times.next_update ? base::format_time(*times.next_update) : "-"},
                      {"at", base::format_time(at)}});
}

// `fresh` is the standard's own verdict; the rule's limit can only shorten it, the grace only lengthen.
Age with_rule(base::Status fresh, Code stale, const Times& times, base::Seconds max_age,
              const std::optional<base::Seconds>& limit, base::Seconds grace, Time at) {
  Time end = times.next_update.value_or(times.this_update + max_age);
  if (limit) end = std::min(end, times.this_update + *limit);
  Age age{.freshness = Freshness::kNo, .error = {}, .this_update = times.this_update, .until = end + grace};
  if (fresh && limit && at > times.this_update + *limit) fresh = base::fail(stale_error(stale, times, at));
  if (fresh) {
    age.freshness = Freshness::kCurrent;
    return age;
  }
  age.error = fresh.error();
  if (fresh.error().code() == stale && grace.count() > 0 && at <= age.until) age.freshness = Freshness::kInGrace;
  return age;
}

}  // namespace

std::string_view to_string(EvidenceRule rule) {
  return kRuleNames[static_cast<std::size_t>(rule)];
}

base::Result<EvidenceRule> parse_evidence_rule(std::string_view name) {
  const auto found = std::ranges::find(kRuleNames, name);
  if (found != std::end(kRuleNames)) return static_cast<EvidenceRule>(found - std::begin(kRuleNames));
  return base::fail(
      Code::kConfigInvalid,
      {{"key", "evidence"}, {"reason", "it must be one of: ocsp-or-crl, ocsp-and-crl, ocsp-only, crl-only"}});
}

FreshnessRule rule_for(const Policy& policy, const pki::Certificate& issuer) {
  const auto own = policy.issuer_rules.find(issuer.digest());
  if (own != policy.issuer_rules.end()) return own->second;
  return {.evidence = policy.evidence,
          .ocsp = policy.ocsp_freshness,
          .crl = policy.crl_freshness,
          .ocsp_limit = {},
          .crl_limit = {},
          .grace = policy.grace};
}

bool wants_ocsp(EvidenceRule rule) {
  return rule != EvidenceRule::kCrlOnly;
}

bool wants_crl(EvidenceRule rule) {
  return rule != EvidenceRule::kOcspOnly;
}

Age judge_age(const ocsp::SingleResponse& answer, const FreshnessRule& rule, Time at) {
  return with_rule(check_freshness(answer, rule.ocsp, at), Code::kOcspStale, {answer.this_update, answer.next_update},
                   rule.ocsp.max_age, rule.ocsp_limit, rule.grace, at);
}

Age judge_age(const ocsp::Crl& crl, const FreshnessRule& rule, Time at) {
  return with_rule(check_freshness(crl, rule.crl, at), Code::kCrlStale, {crl.this_update(), crl.next_update()},
                   rule.crl.max_age, rule.crl_limit, rule.grace, at);
}

namespace {

template <class Evidence>
Age judge_age_for(const Evidence& evidence, Time this_update, Code stale, const FreshnessRule& rule,
                  const Existence& existence) {
  // What lies after the reading of the clock is not known yet (--at).
  Age age = judge_age(evidence, rule, existence.now);
  if (!existence.existed_at || !age.error || age.error->code() != stale) return age;
  if (this_update >= *existence.existed_at) return {.freshness = Freshness::kCurrent};
  const bool counts = existence.proof == Proof::kTimeStamp &&
                      judge_age(evidence, rule, *existence.existed_at).freshness == Freshness::kCurrent;
  if (counts) age.freshness = Freshness::kThen;
  return age;
}

}  // namespace

Age judge_age(const ocsp::SingleResponse& answer, const FreshnessRule& rule, const Existence& existence) {
  return judge_age_for(answer, answer.this_update, Code::kOcspStale, rule, existence);
}

Age judge_age(const ocsp::Crl& crl, const FreshnessRule& rule, const Existence& existence) {
  return judge_age_for(crl, crl.this_update(), Code::kCrlStale, rule, existence);
}

namespace {

std::optional<Error> too_old(Code code, const Times& times, base::Seconds limit, Time now) {
  if (now <= times.this_update + limit) return std::nullopt;
  return stale_error(code, times, now);
}

}  // namespace

std::optional<Error> too_old_to_bring(const ocsp::SingleResponse& answer, const Policy& policy,
                                      const FreshnessRule& rule, Time now) {
  if (!policy.embedded_crl_limit) return std::nullopt;
  return too_old(Code::kOcspStale, {answer.this_update, answer.next_update}, rule.ocsp.max_age, now);
}

std::optional<Error> too_old_to_bring(const ocsp::Crl& crl, const Policy& policy, const FreshnessRule& /*rule*/,
                                      Time now) {
  if (!policy.embedded_crl_limit) return std::nullopt;
  return too_old(Code::kCrlStale, {crl.this_update(), crl.next_update()}, *policy.embedded_crl_limit, now);
}

std::vector<std::string_view> lacking(EvidenceRule rule, const GoodEvidence& found) {
  switch (rule) {
    case EvidenceRule::kOcspOrCrl:
      if (found.ocsp || found.crl) return {};
      return {kOcsp, kCrl};
    case EvidenceRule::kOcspAndCrl: {
      std::vector<std::string_view> out;
      if (!found.ocsp) out.push_back(kOcsp);
      if (!found.crl) out.push_back(kCrl);
      return out;
    }
    case EvidenceRule::kOcspOnly:
      if (found.ocsp) return {};
      return {kOcsp};
    case EvidenceRule::kCrlOnly:
      break;
  }
  if (found.crl) return {};
  return {kCrl};
}

bool enough_then(EvidenceRule rule, const GoodEvidence& found) {
  GoodEvidence with = found;
  with.ocsp = found.ocsp || found.ocsp_then;
  with.crl = found.crl || found.crl_then;
  return lacking(rule, with).empty();
}

std::optional<std::vector<Age>> enough_in_grace(EvidenceRule rule, const GoodEvidence& found) {
  std::vector<Age> used;
  GoodEvidence with = found;
  if (!with.ocsp && found.ocsp_in_grace && wants_ocsp(rule)) {
    with.ocsp = true;
    used.push_back(*found.ocsp_in_grace);
  }
  // Of two kinds of which one is enough, one in grace is enough.
  const bool enough = lacking(rule, with).empty();
  if (!enough && !with.crl && found.crl_in_grace && wants_crl(rule)) {
    with.crl = true;
    used.push_back(*found.crl_in_grace);
  }
  if (!lacking(rule, with).empty()) return std::nullopt;
  return used;
}

bool source_is_down(const EvidenceSet& evidence, const base::Digest& certificate) {
  return std::ranges::any_of(evidence.failures(), [&](const SourceFailure& failure) {
    if (failure.asked_for != certificate) return false;
    switch (failure.error.code()) {
      case Code::kFetchUnreachable:
      case Code::kFetchTimeout:
      case Code::kFetchStatus:
      case Code::kFetchTls:
      case Code::kFetchPaused:
      case Code::kOcspStatus:
        return true;
      default:
        return false;
    }
  });
}

}  // namespace tanba::verify
