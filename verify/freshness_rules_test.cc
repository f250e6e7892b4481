#include "verify/freshness_rules.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "ocsp/test_support.h"
#include "verify/judge.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Seconds;
using enum EvidenceRule;
using std::chrono::hours;
using std::chrono::minutes;

const base::Time kNow = base::Time(Seconds(1'800'000'000));

ocsp::SingleResponse answer(Seconds age, std::optional<Seconds> ends_after = {}) {
  ocsp::SingleResponse made;
  made.this_update = made.produced_at = kNow - age;
  if (ends_after) made.next_update = made.this_update + *ends_after;
  return made;
}

FreshnessRule rule() {
  FreshnessRule made;
  made.ocsp.max_age = minutes(10);
  made.crl.max_age = hours(24);
  return made;
}

TEST(FreshnessRules, WordsComeBackAsTheyWent) {
  for (const EvidenceRule one : {kOcspOrCrl, kOcspAndCrl, kOcspOnly, kCrlOnly}) {
    EXPECT_EQ(parse_evidence_rule(to_string(one)), one);
  }
  EXPECT_EQ(parse_evidence_rule("ocsp").error().code(), Code::kConfigInvalid);
}

TEST(FreshnessRules, WithoutNextUpdateTheMaximumAgeDecides) {
  EXPECT_EQ(judge_age(answer(minutes(10)), rule(), kNow).freshness, Freshness::kCurrent);
  const Age old = judge_age(answer(minutes(10) + Seconds(1)), rule(), kNow);
  EXPECT_EQ(old.freshness, Freshness::kNo);
  EXPECT_EQ(old.error->code(), Code::kOcspStale);
}

TEST(FreshnessRules, ALimitShortensWhatNextUpdateAllows) {
  FreshnessRule strict = rule();
  EXPECT_EQ(judge_age(answer(hours(2), hours(24)), strict, kNow).freshness, Freshness::kCurrent);
  strict.ocsp_limit = hours(1);
  const Age old = judge_age(answer(hours(2), hours(24)), strict, kNow);
  EXPECT_EQ(old.freshness, Freshness::kNo);
  EXPECT_EQ(old.error->code(), Code::kOcspStale);
  strict.ocsp_limit = hours(2);
  EXPECT_EQ(judge_age(answer(hours(2), hours(24)), strict, kNow).freshness, Freshness::kCurrent);
}

TEST(FreshnessRules, ALimitDoesNotLengthenAnything) {
  FreshnessRule lax = rule();
  lax.ocsp_limit = hours(100);
  EXPECT_EQ(judge_age(answer(hours(2), hours(1)), lax, kNow).freshness, Freshness::kNo);
  EXPECT_EQ(judge_age(answer(hours(2)), lax, kNow).freshness, Freshness::kNo);
}

TEST(FreshnessRules, GraceIsOffUnlessItIsSet) {
  EXPECT_EQ(judge_age(answer(minutes(11)), rule(), kNow).freshness, Freshness::kNo);
}

TEST(FreshnessRules, GraceHoldsForItsTimeAndNoLonger) {
  FreshnessRule kind = rule();
  kind.grace = minutes(5);
  EXPECT_EQ(judge_age(answer(minutes(10)), kind, kNow).freshness, Freshness::kCurrent);
  const Age within = judge_age(answer(minutes(15)), kind, kNow);
  EXPECT_EQ(within.freshness, Freshness::kInGrace);
  EXPECT_EQ(within.until, kNow);
  EXPECT_EQ(within.error->code(), Code::kOcspStale) << "what is used in grace is stale all the same";
  EXPECT_EQ(judge_age(answer(minutes(15) + Seconds(1)), kind, kNow).freshness, Freshness::kNo);
}

TEST(FreshnessRules, GraceIsNotForWhatLiesInTheFuture) {
  FreshnessRule kind = rule();
  kind.grace = hours(1000);
  const Age future = judge_age(answer(-hours(1)), kind, kNow);
  EXPECT_EQ(future.freshness, Freshness::kNo);
  EXPECT_EQ(future.error->code(), Code::kOcspFuture);
}

using Kinds = std::vector<std::string_view>;

TEST(FreshnessRules, HowManyMustAgree) {
  const GoodEvidence none, ocsp{.ocsp = true}, crl{.crl = true}, both{.ocsp = true, .crl = true};
  EXPECT_EQ(lacking(kOcspOrCrl, none), (Kinds{"OCSP", "CRL"}));
  EXPECT_EQ(lacking(kOcspOrCrl, ocsp), Kinds{});
  EXPECT_EQ(lacking(kOcspOrCrl, crl), Kinds{});
  EXPECT_EQ(lacking(kOcspAndCrl, ocsp), Kinds{"CRL"});
  EXPECT_EQ(lacking(kOcspAndCrl, crl), Kinds{"OCSP"});
  EXPECT_EQ(lacking(kOcspAndCrl, both), Kinds{});
  EXPECT_EQ(lacking(kOcspOnly, crl), Kinds{"OCSP"});
  EXPECT_EQ(lacking(kOcspOnly, ocsp), Kinds{});
  EXPECT_EQ(lacking(kCrlOnly, ocsp), Kinds{"CRL"});
  EXPECT_EQ(lacking(kCrlOnly, crl), Kinds{});
}

TEST(FreshnessRules, GraceStandsInForTheKindsThatTheRuleAsksFor) {
  const Age age{.freshness = Freshness::kInGrace, .error = {}, .this_update = kNow, .until = kNow};
  GoodEvidence found;
  EXPECT_FALSE(enough_in_grace(kOcspOrCrl, found));
  found.ocsp_in_grace = age;
  EXPECT_EQ(enough_in_grace(kOcspOrCrl, found)->size(), 1U);
  EXPECT_EQ(enough_in_grace(kOcspOnly, found)->size(), 1U);
  EXPECT_FALSE(enough_in_grace(kCrlOnly, found));
  EXPECT_FALSE(enough_in_grace(kOcspAndCrl, found));
  found.crl = true;
  EXPECT_EQ(enough_in_grace(kOcspAndCrl, found)->size(), 1U);
  found.crl = false;
  found.crl_in_grace = age;
  EXPECT_EQ(enough_in_grace(kOcspAndCrl, found)->size(), 2U);
}

TEST(FreshnessRules, OnlyAnOutageIsOne) {
  const base::Digest asked = base::sha256(base::as_bytes("a"));
  const auto down = [&](Code code, const base::Digest& certificate) {
    EvidenceSet evidence;
    evidence.add(SourceFailure{"http://a", base::Error(code), kNow, certificate});
    return source_is_down(evidence, asked);
  };
  for (const Code code : {Code::kFetchUnreachable, Code::kFetchTimeout, Code::kFetchStatus, Code::kFetchTls,
                          Code::kFetchPaused, Code::kOcspStatus}) {
    EXPECT_TRUE(down(code, asked)) << base::dotted(code);
  }
  for (const Code code : {Code::kFetchBusy, Code::kFetchForbidden, Code::kFetchCancelled, Code::kCrlRollback,
                          Code::kCrlShrunk, Code::kOcspRollback, Code::kOcspMalformed, Code::kCrlMalformed}) {
    EXPECT_FALSE(down(code, asked)) << base::dotted(code);
  }
  EXPECT_FALSE(down(Code::kFetchTimeout, base::Digest{})) << "of another certificate's source";
  EXPECT_FALSE(source_is_down(EvidenceSet{}, asked)) << "nobody was asked";
}

// --- in judge, each rule alone deciding ------------------------------------------------------------------------------

class RuleInJudge : public ocsp::test::Authority {
 protected:
  void SetUp() override {
    Authority::SetUp();
    issuing_ = certificate("ca/issuing.pem");
    head_ = certificate("certs/head.pem");
    input_.policy = policy_for(pki::PolicyId::kKzSubmission);
    input_.now = good_at();
    input_.evidence = &evidence_;
    input_.candidates = {issuing_};
    input_.trust = pki::TrustSnapshot::make({{.certificate = certificate("anchors.pem"),
                                              .purposes = pki::TrustPurposes::all(),
                                              .trusted_from = {},
                                              .trusted_until = {}}},
                                            {});
    add_crl("crl/root.crl");  // about the issuing authority; what is tried here is about the head
  }
  void add_crl(const std::string& name) {
    const auto crl = ocsp::Crl::parse(octets(name));
    ASSERT_TRUE(crl.has_value());
    evidence_.add(
        CrlItem{.id = (*crl)->digest(), .crl = *crl, .asked_for = {}, .source = name, .received_at = input_.now});
  }
  void add_ocsp(const std::string& name) {
    const auto response = ocsp::parse_response(octets(name));
    ASSERT_TRUE(response.has_value());
    evidence_.add(OcspItem{.id = (*response)->digest,
                           .response = *response,
                           .octets = {},
                           .nonce = {},
                           .asked_for = {},
                           .source = name,
                           .received_at = input_.now});
  }
  void own_rule(FreshnessRule rule) { input_.policy.issuer_rules[issuing_->digest()] = rule; }
  FreshnessRule standard() const { return rule_for(input_.policy, *certificate("ca/root.pem")); }
  void sources_fail(Code code) {
    for (const std::string& url : head_->ocsp_urls()) fail(url, code);
    for (const pki::DistributionPoint& point : head_->crl_points()) {
      for (const std::string& url : point.urls) fail(url, code);
    }
  }
  void fail(const std::string& url, Code code) {
    evidence_.note_asked(url, head_->digest());
    evidence_.add(SourceFailure{url, base::Error(code, {{"source", url}}), input_.now, head_->digest()});
  }
  Report judged() {
    base::Budget budget{base::Limits{}};
    auto judgement = judge_certificate(*context_, nullptr, head_, input_, budget);
    EXPECT_TRUE(judgement.has_value());
    needs_ = std::move(judgement->needs);
    return std::move(judgement->report);
  }
  static bool has(const Report& report, Code code) {
    return std::ranges::any_of(all_errors(report), [code](const LocatedError& at) { return at.error.code() == code; });
  }
  static bool warns(const Report& report, Code code) {
    return std::ranges::any_of(report.findings.front().warnings,
                               [code](const base::Error& warning) { return warning.code() == code; });
  }
  [[nodiscard]] bool needs(Need::Kind kind) const {
    return std::ranges::find(needs_, kind, &Need::kind) != needs_.end();
  }

  pki::CertificatePtr issuing_, head_;
  EvidenceSet evidence_;
  JudgeInput input_;
  std::vector<Need> needs_;
};

TEST_F(RuleInJudge, BothKindsAreAskedForAndNeededWhenTheRuleSaysSo) {
  FreshnessRule both = standard();
  both.evidence = kOcspAndCrl;
  own_rule(both);
  add_ocsp("ocsp/head.ors");
  Report report = judged();
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kRevocationNotEnough));
  EXPECT_TRUE(needs(Need::Kind::kCrl));
  EXPECT_FALSE(needs(Need::Kind::kOcsp)) << "that one is here";
  add_crl("crl/issuing.crl");
  EXPECT_EQ(judged().outcome.decision, Decision::kAccept);
}

TEST_F(RuleInJudge, TheKindThatTheRuleDoesNotTakeIsNotEnough) {
  FreshnessRule only = standard();
  only.evidence = kCrlOnly;
  own_rule(only);
  add_ocsp("ocsp/head.ors");
  const Report report = judged();
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kRevocationNotEnough));
  EXPECT_FALSE(needs(Need::Kind::kOcsp));
  EXPECT_TRUE(needs(Need::Kind::kCrl));
}

TEST_F(RuleInJudge, ARuleIsForItsOwnIssuerOnly) {
  FreshnessRule only = standard();
  only.evidence = kCrlOnly;
  input_.policy.issuer_rules[head_->digest()] = only;
  add_ocsp("ocsp/head.ors");
  EXPECT_EQ(judged().outcome.decision, Decision::kAccept);
}

TEST_F(RuleInJudge, ALimitOfTheIssuerMakesAListOld) {
  add_crl("crl/issuing.crl");
  EXPECT_EQ(judged().outcome.decision, Decision::kAccept);
  FreshnessRule strict = standard();
  strict.crl_limit = Seconds(1);
  own_rule(strict);
  input_.now += minutes(10);  // past the list's making, whatever the clocks of the test authority
  const Report report = judged();
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kCrlStale));
}

// Past its nextUpdate by an hour.
class GraceInJudge : public RuleInJudge {
 protected:
  void SetUp() override {
    RuleInJudge::SetUp();
    add_crl("crl-bad/stale.crl");
    input_.policy.grace = hours(24);
  }
};

TEST_F(GraceInJudge, IsTakenWhileSourcesAreDownAndSaysSo) {
  sources_fail(Code::kFetchTimeout);
  const Report report = judged();
  EXPECT_EQ(report.outcome.decision, Decision::kAccept);
  EXPECT_TRUE(warns(report, Code::kRevocationGrace));
}

TEST_F(GraceInJudge, IsNotTakenBeforeTheSourcesWereAsked) {
  const Report report = judged();
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(needs(Need::Kind::kOcsp));
}

TEST_F(GraceInJudge, IsNotTakenWhenSourcesAnswerBadly) {
  sources_fail(Code::kCrlRollback);
  EXPECT_EQ(judged().outcome.decision, Decision::kRetry);
}

TEST_F(GraceInJudge, IsOffByDefault) {
  input_.policy.grace = policy_for(pki::PolicyId::kKzSubmission).grace;
  sources_fail(Code::kFetchTimeout);
  EXPECT_EQ(judged().outcome.decision, Decision::kRetry);
}

TEST_F(GraceInJudge, EndsWithItsTime) {
  input_.policy.grace = minutes(30);
  sources_fail(Code::kFetchTimeout);
  EXPECT_EQ(judged().outcome.decision, Decision::kRetry);
}

TEST_F(GraceInJudge, RevokedInGraceIsRevoked) {
  head_ = certificate("certs/revoked.pem");
  sources_fail(Code::kFetchTimeout);
  const Report report = judged();
  EXPECT_EQ(report.outcome.decision, Decision::kRefuse);
  EXPECT_TRUE(has(report, Code::kRevocationRevoked));
}

}  // namespace
}  // namespace tanba::verify
