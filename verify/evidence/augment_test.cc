// Lifting without a network: what is at hand goes in, and nothing is given out that would not last.
#include "verify/evidence/augment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
namespace fs = std::filesystem;

template <class T>
T must(base::Result<T> result) {
  if (!result) {
    ADD_FAILURE() << base::dotted(result.error().code()) << ": " << result.error().message();
    std::abort();  // nothing that follows would make sense
  }
  return *std::move(result);
}

class AugmentTest : public testing::Test {
 protected:
  AugmentTest() {
    const char* folder = std::getenv("TANBA_CERTS_TEST");
    if (folder == nullptr) {
      ADD_FAILURE() << "TANBA_CERTS_TEST is not set: run this through ctest";
      std::abort();
    }
    root_ = folder;
    pki::initialise_process();
    workers_ = must(Workers::start({.threads = 1}));
    verifier_ = std::make_unique<Verifier>(*workers_, nullptr, store_);
    const auto index = must(base::parse_json(base::as_text(read("index.json"))));
    task_.input.policy = policy_for(pki::PolicyId::kKzSubmission);
    task_.input.now = must(base::parse_time(index.at("goodAt").as_string()));
    task_.input.candidates.push_back(certificate("ca/issuing.pem"));
    task_.input.trust = pki::TrustSnapshot::make({{.certificate = certificate("anchors.pem"),
                                                   .purposes = pki::TrustPurposes::all(),
                                                   .trusted_from = {},
                                                   .trusted_until = {}}},
                                                 {});
    task_.fetching = Fetching::kAtHandOnly;
    task_.level = Level::kBLT;
  }
  ~AugmentTest() override { workers_->stop(); }

  enum class Octets : std::uint8_t { kKept, kGone };
  void add_lists(Octets octets = Octets::kKept) {
    for (const char* name : {"crl/root.crl", "crl/issuing.crl"}) {
      const auto der = std::make_shared<const base::Bytes>(read(name));
      const auto crl = must(ocsp::Crl::parse(*der));
      task_.evidence.add(
          CrlItem{.id = crl->digest(),
                  .crl = crl,
                  .asked_for = {},
                  .source = name,
                  .received_at = task_.input.now,
                  .octets = octets == Octets::kKept ? std::make_shared<const ListOctets>(der) : nullptr});
    }
  }
  base::Result<Augmented> lift(const std::string& scenario) {
    task_.document = std::make_shared<const base::Bytes>(read("scenarios/" + scenario + "/document.cms"));
    return Augmenter(*workers_, *verifier_, nullptr).augment(task_);
  }
  base::Bytes read(const std::string& name) const { return must(base::read_file(root_ / name, 64U << 20)); }
  pki::CertificatePtr certificate(const std::string& name) const {
    return must(pki::parse_certificates(read(name))).front();
  }

  fs::path root_;
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
  EXPECT_EQ(lifted.report.findings.at(0).level, "B-LT");
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
