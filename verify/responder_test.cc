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
using test::noon;

constexpr int kKeyCompromise = 1;
constexpr int kSuperseded = 4;
constexpr long kResponder = 9;

class ResponderTest : public testing::Test {
 protected:
  ResponderTest() : context_(pki::test::make_context()) {
    maker_.certificate({.name = "CA", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    maker_.certificate({.name = "leaf", .issuer = "CA", .serial = 5});
    responder({.ocsp_no_check = true});
    input_.now = noon();
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
  }

  void responder(CertificatePlan plan) {
    plan.name = "responder";
    plan.issuer = "CA";
    plan.serial = kResponder;
    plan.extended_key_usage = "OCSPSigning";
    maker_.certificate(plan);
  }
  // About the leaf.
  void answer(const std::string& responder = "responder") {
    evidence_.add(test::item_of(maker_.answer({.responder = responder}), "answer", noon()));
  }
  // A list for one reason alone: it decides nothing about the leaf by itself.
  void list(const std::string& reason, std::vector<test::EntryPlan> entries) {
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
  void expect_nobody() {
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, Decision::kRetry) << message(report);
    const auto errors = all_errors(report);
    EXPECT_TRUE(std::ranges::any_of(errors, [](const auto& one) { return one.error.code() == Code::kOcspResponder; }))
        << message(report);
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

// What was remembered of a path is not asked of another.
TEST_F(ResponderTest, AnotherListOfAnchorsIsAskedAgain) {
  answer();
  expect_believed();
  purposes_ = {pki::TrustPurpose::kApplicant};
  expect_nobody();
  purposes_ = pki::TrustPurposes::all();
  expect_believed();
}

}  // namespace
}  // namespace tanba::verify
