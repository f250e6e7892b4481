// Evidence that only the document brings, where nothing proves the signature to be older: its signer chose it.
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
using test::ListPlan;
using test::noon;

constexpr Seconds kHour{3600};
constexpr Seconds kDay{86400};

class DocumentEvidenceTest : public testing::Test {
 protected:
  DocumentEvidenceTest() : context_(pki::test::make_context()), maker_(test::CrlMaker::Keys::kRsa) {
    maker_.certificate({.name = "Root", .serial = 1, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    maker_.certificate({.name = "CA",
                        .issuer = "Root",
                        .serial = 2,
                        .ca = true,
                        .key_usage = "critical,keyCertSign,cRLSign",
                        .points = "URI:http://crl/root"});
    maker_.certificate(
        {.name = "leaf", .issuer = "CA", .serial = 5, .points = "URI:http://crl/ca", .ocsp = "URI:http://ocsp/ca"});
    input_.now = noon();
    input_.policy = policy_for(pki::PolicyId::kKzSubmission);
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
    input_.candidates = {get("CA")};
    input_.trust = pki::TrustSnapshot::make(
        {{.certificate = get("Root"), .purposes = pki::TrustPurposes::all(), .trusted_from = {}, .trusted_until = {}}},
        {});
    root_list("file");
  }
  [[nodiscard]] pki::CertificatePtr get(const std::string& name) const { return maker_.get(name).ours; }
  static ListPlan aged(Seconds age, const std::string& signer = "CA") {
    return {.signer = signer, .this_update = noon() - age, .next_update = noon() + 30 * kDay};
  }
  void root_list(const std::string& source, Seconds age = kHour) { add(aged(age, "Root"), source); }
  void add(const ListPlan& plan, const std::string& source) { put(maker_.list(plan).ours, source); }
  void put(const ocsp::CrlPtr& crl, const std::string& source) { evidence_.add(test::item_of(crl, source, noon())); }
  void answer(Seconds age, const std::string& source) {
    evidence_.add(
        test::item_of(maker_.answer({.this_update = noon() - age, .next_update = noon() + 30 * kDay}), source, noon()));
  }
  void clear() {
    evidence_ = {};
    root_list("file");
  }
  Decision judged() {
    base::Budget budget{base::Limits{}};
    auto judgement = judge_certificate(*context_, nullptr, get("leaf"), input_, budget);
    if (!judgement) {
      ADD_FAILURE() << judgement.error().message();
      return Decision::kRetry;
    }
    needs_ = std::move(judgement->needs);
    report_ = std::move(judgement->report);
    return report_.outcome.decision;
  }
  [[nodiscard]] bool has(Code code) const {
    return std::ranges::any_of(all_errors(report_), [&](const LocatedError& at) { return at.error.code() == code; });
  }
  [[nodiscard]] std::vector<std::string> needed() const {
    std::vector<std::string> sources;
    for (const Need& need : needs_) sources.insert(sources.end(), need.sources.begin(), need.sources.end());
    return sources;
  }
  using Sources = std::vector<std::string>;

  std::unique_ptr<pki::Context> context_;
  test::CrlMaker maker_;
  EvidenceSet evidence_;
  JudgeInput input_;
  std::vector<Need> needs_;
  Report report_;
};

TEST_F(DocumentEvidenceTest, ItDoesNotKeepSourcesFromBeingAsked) {
  add(aged(kHour), "embedded");
  EXPECT_EQ(judged(), Decision::kAccept) << "where nothing may be fetched";
  EXPECT_EQ(needed(), Sources{"http://ocsp/ca"});
  EXPECT_TRUE(report_.findings.front().missing_evidence.empty());
  evidence_.note_asked("http://ocsp/ca", get("leaf")->digest());
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_EQ(needed(), Sources{"http://crl/ca"});
  evidence_.note_asked("http://crl/ca", get("leaf")->digest());
  EXPECT_EQ(judged(), Decision::kAccept) << "asked in vain";
  EXPECT_TRUE(needs_.empty());
}

TEST_F(DocumentEvidenceTest, TheOperatorsListEndsTheSearch) {
  add(aged(kHour), "file");
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_TRUE(needs_.empty());
}

TEST_F(DocumentEvidenceTest, AnOldListIsNotEnoughHoweverLongItIsGood) {
  add(aged(48 * kHour), "embedded");
  EXPECT_EQ(judged(), Decision::kAccept);
  clear();
  add(aged(48 * kHour + Seconds(1)), "embedded");
  EXPECT_EQ(judged(), Decision::kRetry);
  EXPECT_TRUE(has(Code::kCrlStale));
  EXPECT_FALSE(report_.findings.front().missing_evidence.empty());
  EXPECT_EQ(needed(), Sources{"http://ocsp/ca"});
  clear();
  add(aged(150 * kDay), "file");
  EXPECT_EQ(judged(), Decision::kAccept) << "the operator chose it";
}

TEST_F(DocumentEvidenceTest, AnOldAnswerIsNotEnoughHoweverLongItIsGood) {
  answer(kHour, "embedded");
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_EQ(needed(), Sources{"http://ocsp/ca"});
  clear();
  answer(kHour + Seconds(1), "embedded");
  EXPECT_EQ(judged(), Decision::kRetry);
  EXPECT_TRUE(has(Code::kOcspStale));
  clear();
  answer(20 * kDay, "file");
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_TRUE(needs_.empty());
}

TEST_F(DocumentEvidenceTest, TheSameFromASourceIsAsGoodAsTheSourcesOwn) {
  const ocsp::CrlPtr list = maker_.list(aged(150 * kDay)).ours;
  for (const Sources& order : {Sources{"embedded", "http://crl/ca"}, Sources{"http://crl/ca", "embedded"}}) {
    clear();
    for (const std::string& source : order) put(list, source);
    EXPECT_EQ(judged(), Decision::kAccept) << order.front() << " first";
    EXPECT_TRUE(needs_.empty());
  }
}

TEST_F(DocumentEvidenceTest, AnAuthoritysListIsLimitedToo) {
  evidence_ = {};
  add(aged(kHour), "file");
  root_list("embedded", 47 * kHour);
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_EQ(needed(), Sources{"http://crl/root"});
  evidence_ = {};
  add(aged(kHour), "file");
  root_list("embedded", 150 * kDay);
  EXPECT_EQ(judged(), Decision::kRetry);
  EXPECT_EQ(needed(), Sources{"http://crl/root"});
}

TEST_F(DocumentEvidenceTest, AnOldDeltaOfTheDocumentReleasesNobody) {
  ListPlan hold = aged(10 * kDay);
  hold.entries = {{.serial = 5, .reason = 6}};
  add(hold, "file");
  ListPlan release = aged(9 * kDay);
  release.number = 11;
  release.base_number = 10;
  release.entries = {{.serial = 5, .reason = 8}};
  add(release, "embedded");
  EXPECT_EQ(judged(), Decision::kRetry);
  EXPECT_TRUE(has(Code::kCrlStale));
}

TEST_F(DocumentEvidenceTest, WhatSaysRevokedCountsHoweverOld) {
  ListPlan plan = aged(150 * kDay);
  plan.entries = {{.serial = 5, .reason = 1, .at = noon() - 151 * kDay}};
  add(plan, "embedded");
  EXPECT_EQ(judged(), Decision::kRefuse);
  EXPECT_TRUE(has(Code::kRevocationRevoked));
}

TEST_F(DocumentEvidenceTest, WhatIsProvedToBeOlderIsJudgedByItsOwnTime) {
  input_.existed_at = noon() - 3 * kDay;
  add(aged(3 * kDay), "embedded");
  EXPECT_EQ(judged(), Decision::kAccept);
}

// --- proved by a time stamp to be older ------------------------------------------------------------------------------

class StampedEvidenceTest : public DocumentEvidenceTest {
 protected:
  // Stamped two days ago; both this list and the stamp's time lie before what the sources would say now.
  StampedEvidenceTest() {
    input_.existed_at = noon() - 2 * kDay;
    input_.evidence_since = noon();
  }
  void ended_list() { add({.this_update = noon() - 3 * kDay, .next_update = noon() - kDay}, "embedded"); }
  [[nodiscard]] bool warns() const {
    return std::ranges::any_of(report_.findings.front().warnings,
                               [](const base::Error& warning) { return warning.code() == Code::kCrlStale; });
  }
};

TEST_F(StampedEvidenceTest, WhatWasCurrentThenIsNotEnoughWhileTheSourcesCanAnswer) {
  ended_list();
  EXPECT_EQ(judged(), Decision::kRetry);
  EXPECT_TRUE(has(Code::kCrlStale));
  EXPECT_FALSE(report_.findings.front().missing_evidence.empty());
  EXPECT_EQ(needed(), Sources{"http://ocsp/ca"});
  answer(Seconds(60), "http://ocsp/ca");
  EXPECT_EQ(judged(), Decision::kAccept);
}

TEST_F(StampedEvidenceTest, AnArchiveIsContentWithIt) {
  input_.policy = policy_for(pki::PolicyId::kKzArchive);
  ended_list();
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_FALSE(warns());
}

TEST_F(StampedEvidenceTest, ItIsEnoughWithAWarningWhereNobodyAnswers) {
  const test::CertificatePlan plan{.name = "leaf", .issuer = "CA", .serial = 5};
  maker_.certificate(plan);  // names no source
  ended_list();
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_TRUE(warns());
  test::CertificatePlan ended = plan;
  ended.points = "URI:http://crl/ca";
  ended.until = noon() - kHour;
  maker_.certificate(ended);
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_TRUE(warns());
  // Its authority lasts, and names a source; years later there may be no network to ask it.
  evidence_ = {};
  ended_list();
  add({.signer = "Root", .this_update = noon() - 3 * kDay, .next_update = noon() - kDay}, "embedded");
  EXPECT_EQ(judged(), Decision::kAccept);
}

TEST_F(StampedEvidenceTest, WhatTheSignerCouldChooseDoesNotKeepSourcesFromBeingAsked) {
  add(aged(150 * kDay), "embedded");
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_EQ(needed(), Sources{"http://ocsp/ca"});
  clear();
  add(aged(kDay), "embedded");  // made after the stamp
  EXPECT_EQ(judged(), Decision::kAccept);
  EXPECT_TRUE(needs_.empty());
}

TEST_F(DocumentEvidenceTest, OtherPeoplesVectorsAreJudgedByTheStandardsAlone) {
  input_.policy = policy_for(pki::PolicyId::kConformance);
  add(aged(150 * kDay), "embedded");
  EXPECT_EQ(judged(), Decision::kAccept);
}

}  // namespace
}  // namespace tanba::verify
