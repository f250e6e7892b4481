// Lifting without a network: what is at hand goes in, and nothing is given out that would not last.
#include "verify/evidence/augment.h"

#include <gtest/gtest.h>

#include "verify/test_support.h"

namespace tanba::verify::evidence {
namespace {

using namespace test;
using base::Code;

class AugmentTest : public AuthorityTest {
 protected:
  AugmentTest() {
    workers_ = must(Workers::start({.threads = 1}));
    verifier_ = std::make_unique<Verifier>(*workers_, nullptr, store_);
    task_.input.policy = policy_for(pki::PolicyId::kKzSubmission);
    task_.input.now = good_at();
    task_.input.candidates.push_back(certificate("ca/issuing.pem"));
    task_.input.trust = trust_in("anchors.pem");
    task_.fetching = Fetching::kAtHandOnly;
    task_.level = Level::kBLT;
  }
  ~AugmentTest() override { workers_->stop(); }

  enum class Octets : std::uint8_t { kKept, kGone };
  void add_lists(Octets octets = Octets::kKept) {
    for (const char* name : {"crl/root.crl", "crl/issuing.crl"}) {
      CrlItem list = list_item(name, task_.input.now);
      if (octets == Octets::kGone) list.octets = nullptr;
      task_.evidence.add(std::move(list));
    }
  }
  base::Result<Augmented> lift(const std::string& scenario) {
    task_.document = std::make_shared<const base::Bytes>(read_made("scenarios/" + scenario + "/document.cms"));
    return Augmenter(*workers_, *verifier_, nullptr).augment(task_);
  }

  std::unique_ptr<Workers> workers_;
  Store store_{Store::Options{}};
  std::unique_ptr<Verifier> verifier_;
  AugmentTask task_;
};

TEST_F(AugmentTest, WhatIsAtHandGoesIn) {
  add_lists();
  const Augmented lifted = must(lift("cms-stamped-good"));
  ASSERT_TRUE(lifted.document.has_value());
  EXPECT_EQ(lifted.report.outcome.decision, Decision::kAccept);
  EXPECT_EQ(lifted.report.findings.at(0).level, "") << "what its signer did not sign, nobody can add";
  // From now on it is enough.
  task_.evidence = {};
  task_.input.candidates.clear();
  task_.document = std::make_shared<const base::Bytes>(*lifted.document);
  const Augmented again = must(Augmenter(*workers_, *verifier_, nullptr).augment(task_));
  EXPECT_EQ(again.document, lifted.document);
}

TEST_F(AugmentTest, WithoutATimeStampAnAuthorityIsNeeded) {
  add_lists();
  EXPECT_EQ(lift("cms-attached").error().code(), Code::kAugmentLevel);
}

TEST_F(AugmentTest, WhatIsNotAcceptedComesBackWithItsReport) {
  const Augmented refused = must(lift("cms-signature-flipped"));
  EXPECT_FALSE(refused.document.has_value());
  EXPECT_EQ(refused.report.outcome.decision, Decision::kRefuse);
  const Augmented waiting = must(lift("cms-stamped-good"));
  EXPECT_FALSE(waiting.document.has_value());
  EXPECT_EQ(waiting.report.outcome.decision, Decision::kRetry);
}

TEST_F(AugmentTest, AListWhoseOctetsAreGoneCannotGoIn) {
  add_lists(Octets::kGone);
  EXPECT_EQ(lift("cms-stamped-good").error().code(), Code::kAugmentEvidence);
}

TEST_F(AugmentTest, RevocationIsRequiredWhateverWasAsked) {
  task_.input.policy.revocation = RevocationMode::kOff;
  const Augmented waiting = must(lift("cms-stamped-good"));
  EXPECT_FALSE(waiting.document.has_value());
}

// Accepted because somebody vouches for a time before the certificate's end; the stamp came after it.
TEST_F(AugmentTest, WhatOnlyACallersWordSavesWouldNotLast) {
  add_lists();
  task_.input.existed_at = task_.input.now - std::chrono::days(10);
  EXPECT_EQ(lift("cms-stamped-after-expiry").error().code(), Code::kAugmentLevel);
}

TEST_F(AugmentTest, LevelsHaveTheirNames) {
  for (const Level level : {Level::kBB, Level::kBT, Level::kBLT}) EXPECT_EQ(must(parse_level(to_string(level))), level);
  EXPECT_EQ(parse_level("B-LTA").error().code(), Code::kInputMember);
}

}  // namespace
}  // namespace tanba::verify::evidence
