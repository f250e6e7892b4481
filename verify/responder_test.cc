// Whose OCSP answers are believed: answers by responders made for each rule, one thing changed decides alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "pki/test_support.h"
#include "verify/crl_maker.h"
#include "verify/judge.h"
#include "verify/test_support.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Seconds;
using test::CertificatePlan;
using test::EntryPlan;
using test::noon;

constexpr int kKeyCompromise = 1;
constexpr int kSuperseded = 4;
constexpr long kResponder = 9;

class ResponderTest : public testing::Test {
 protected:
  explicit ResponderTest(test::CrlMaker::Keys keys = test::CrlMaker::Keys::kEc)
      : context_(pki::test::make_context()), maker_(keys) {
    maker_.certificate({.name = "CA", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    maker_.certificate({.name = "leaf", .issuer = "CA", .serial = 5});
    responder({.ocsp_no_check = true});
    input_.now = noon();
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
  }

  void responder(CertificatePlan plan) {
    if (plan.name.empty()) plan.name = "responder";
    plan.issuer = "CA";
    if (plan.serial == 1) plan.serial = kResponder;
    plan.extended_key_usage = "OCSPSigning";
    maker_.certificate(plan);
  }
  // About the leaf.
  void answer(const std::string& responder = "responder") { add_answer({.responder = responder}); }
  void add_answer(const test::AnswerPlan& plan) { evidence_.add(test::item_of(maker_.answer(plan), "answer", noon())); }
  // A list for one reason alone: it decides nothing about the leaf by itself.
  void list(const std::string& reason, std::vector<EntryPlan> entries) {
    const auto made = maker_.list({.point = "onlysomereasons=" + reason, .entries = std::move(entries)});
    evidence_.add(test::item_of(made.ours, "list", noon()));
  }
  void clear() { evidence_ = {}; }

  Report judged() {
    input_.trust = pki::TrustSnapshot::make(
        {{.certificate = maker_.get(anchor_).ours, .purposes = purposes_, .trusted_from = {}, .trusted_until = {}}},
        {});
    base::Budget budget{base::Limits{}};
    auto judgement = judge_certificate(*context_, nullptr, maker_.get("leaf").ours, input_, budget);
    if (!judgement) {
      ADD_FAILURE() << judgement.error().message();
      return {};
    }
    return std::move(judgement->report);
  }
  static std::string message(const Report& report) {
    std::string text;
    for (const LocatedError& located : all_errors(report)) {
      text += "\n  " + located.error.message() + " " + located.error.cause();
    }
    return text;
  }
  void expect_believed() {
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
  }
  static bool has(const Report& report, Code code) {
    return std::ranges::any_of(all_errors(report), [code](const auto& one) { return one.error.code() == code; });
  }
  static bool disagrees(const Report& report) {
    return std::ranges::any_of(report.findings.at(0).warnings,
                               [](const auto& one) { return one.code() == Code::kRevocationDisagreement; });
  }
  void expect_nobody(Code why = Code::kOcspResponder) {
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, Decision::kRetry) << message(report);
    EXPECT_TRUE(has(report, why)) << message(report);
  }

  std::unique_ptr<pki::Context> context_;
  test::CrlMaker maker_;
  EvidenceSet evidence_;
  JudgeInput input_;
  std::string anchor_ = "CA";
  pki::TrustPurposes purposes_ = pki::TrustPurposes::all();
};

TEST_F(ResponderTest, OneThatNeedNotBeCheckedIsBelievedWithoutEvidence) {
  answer();
  expect_believed();
}

TEST_F(ResponderTest, OneWhoseKeyIsKnownToBeLostIsNobody) {
  answer();
  list("keyCompromise", {});
  expect_believed();
  clear();
  answer();
  list("keyCompromise", {{.serial = kResponder, .reason = kKeyCompromise}});
  expect_nobody();
  clear();
  answer();
  list("superseded", {{.serial = kResponder, .reason = kSuperseded}});
  expect_nobody();
}

TEST_F(ResponderTest, OneThatIsHeldHereIsNobody) {
  answer();
  evidence_.add(LocalHold{.over = LocalHold::Over::kCertificate,
                          .value = maker_.get("responder").ours->digest().hex(),
                          .issuer = {},
                          .since = noon() - Seconds(60),
                          .reason = "stolen"});
  expect_nobody();
}

TEST_F(ResponderTest, OneThatMustBeCheckedNeedsEvidence) {
  responder({});
  answer();
  expect_nobody();
}

// RFC 5280 4.2: "A certificate-using system MUST reject the certificate if it encounters a critical extension it does
// not recognize".
TEST_F(ResponderTest, OneWithACriticalExtensionThatNobodyKnowsIsNobody) {
  responder({.ocsp_no_check = true, .unknown_critical = true});
  answer();
  expect_nobody();
}

TEST_F(ResponderTest, OneWhoseNameItsAuthorityMayNotCertifyIsNobody) {
  maker_.certificate({.name = "root", .serial = 1, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
  anchor_ = "root";
  const auto judged_under = [&](const char* excluded) {
    clear();
    maker_.certificate({.name = "CA",
                        .issuer = "root",
                        .serial = 2,
                        .ca = true,
                        .key_usage = "critical,keyCertSign,cRLSign",
                        .name_constraints = "critical,excluded;dirName:away",
                        .sections = std::string("[away]\nCN=") + excluded + "\n"});
    maker_.certificate({.name = "leaf", .issuer = "CA", .serial = 5});
    responder({.ocsp_no_check = true});
    input_.candidates = {maker_.get("CA").ours};
    const auto of_root = maker_.list({.signer = "root"});
    evidence_.add(CrlItem{
        .id = of_root.ours->digest(), .crl = of_root.ours, .asked_for = {}, .source = "list", .received_at = noon()});
    answer();
  };
  judged_under("somebody");
  expect_believed();
  judged_under("responder");
  expect_nobody();
}

// Under an anchor that is not trusted for responders an authority answers for itself.
TEST_F(ResponderTest, ItsAnchorIsTrustedForResponders) {
  purposes_ = {pki::TrustPurpose::kApplicant, pki::TrustPurpose::kOcsp};
  answer();
  expect_believed();
  purposes_ = {pki::TrustPurpose::kApplicant};
  expect_nobody();
  clear();
  answer("");
  expect_believed();
}

// RFC 6960 2.2: "unknown" says that the responder "doesn't know about the certificate being requested".
TEST_F(ResponderTest, AnAnswerThatDoesNotKnowTheCertificateIsNeverGood) {
  add_answer({.responder = "responder", .unknown = true});
  for (const RevocationMode mode : {RevocationMode::kRequire, RevocationMode::kIfAvailable}) {
    input_.policy.revocation = mode;
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, Decision::kRefuse) << message(report);
    EXPECT_TRUE(has(report, Code::kOcspUnknown)) << message(report);
    ASSERT_FALSE(report.findings.at(0).revocation.empty());
    EXPECT_EQ(report.findings.at(0).revocation.front().status, RevocationStatus::kUnknown);
  }
}

TEST_F(ResponderTest, TheWorseOfAnswerAndListCountsAndThatTheyDisagreeIsSaid) {
  const auto of_both = [&](bool answer_revokes, std::vector<EntryPlan> entries) {
    clear();
    add_answer({.revoked = answer_revokes});
    evidence_.add(test::item_of(maker_.list({.entries = std::move(entries)}).ours, "list", noon()));
    return judged();
  };
  const Report agreed = of_both(false, {});
  EXPECT_EQ(agreed.outcome.decision, Decision::kAccept) << message(agreed);
  EXPECT_FALSE(disagrees(agreed));
  const Report by_list = of_both(false, {{.serial = 5, .reason = kKeyCompromise}});
  EXPECT_TRUE(has(by_list, Code::kRevocationRevoked)) << message(by_list);
  EXPECT_TRUE(disagrees(by_list));
  const Report by_answer = of_both(true, {});
  EXPECT_TRUE(has(by_answer, Code::kRevocationRevoked)) << message(by_answer);
  EXPECT_TRUE(disagrees(by_answer));
  const Report revoked = of_both(true, {{.serial = 5, .reason = kKeyCompromise}});
  EXPECT_TRUE(has(revoked, Code::kRevocationRevoked)) << message(revoked);
  EXPECT_FALSE(disagrees(revoked));
}

// Two responders of which each says that the other is good: nobody's word in the end.
TEST_F(ResponderTest, WhoVouchesForItselfIsNobodyAndSaysWhy) {
  responder({.name = "first", .serial = 11});
  responder({.name = "second", .serial = 12});
  answer("first");
  add_answer({.certificate = "first", .responder = "second"});
  add_answer({.certificate = "second", .responder = "first"});
  expect_nobody(Code::kEvidenceCycle);
  EXPECT_FALSE(has(judged(), Code::kEvidenceDepth));
  add_answer({.certificate = "second"});
  expect_believed();
}

// DESIGN 3: a certificate, its responder, the responder's responder, one more.
TEST_F(ResponderTest, EvidenceForEvidenceEndsAtAFourthCertificate) {
  const auto chain_of = [&](int responders) {
    clear();
    std::string about = "leaf";
    for (int i = 1; i <= responders; ++i) {
      const std::string name = "responder " + std::to_string(i);
      responder({.name = name, .serial = kResponder + i, .ocsp_no_check = i == responders});
      add_answer({.certificate = about, .responder = name});
      about = name;
    }
  };
  chain_of(3);
  expect_believed();
  chain_of(4);
  expect_nobody(Code::kEvidenceDepth);
}

// What was remembered of a path is not asked of another.
TEST_F(ResponderTest, AnotherListOfAnchorsIsAskedAgain) {
  answer();
  expect_believed();
  purposes_ = {pki::TrustPurpose::kApplicant};
  expect_nobody();
  purposes_ = pki::TrustPurposes::all();
  expect_believed();
}

// Under a policy that has no SHA-1.
class WeakResponderTest : public ResponderTest {
 protected:
  WeakResponderTest() : ResponderTest(test::CrlMaker::Keys::kRsa) {
    input_.policy = policy_for(pki::PolicyId::kKzSubmission);
  }
};

TEST_F(WeakResponderTest, AnAnswerBelowAWeakDigestIsNoAnswer) {
  add_answer({});
  expect_believed();
  clear();
  add_answer({.sha1 = true});
  expect_nobody(Code::kOcspSignature);
}

// Who can make a second certificate of the same weak digest answers for the authority.
TEST_F(WeakResponderTest, AResponderWhoseCertificateHasAWeakDigestIsNobody) {
  answer();
  expect_believed();
  clear();
  responder({.ocsp_no_check = true, .sha1 = true});
  answer();
  expect_nobody(Code::kOcspSignature);
}

}  // namespace
}  // namespace tanba::verify
