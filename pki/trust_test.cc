#include "pki/trust.h"

#include <gtest/gtest.h>

#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Code;
using test::at;

class Trust : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::made("ca");
    root_ = test::load(folder_ / "root.pem");
    issuing_ = test::load(folder_ / "issuing.pem");
    twin_a_ = test::load(folder_ / "twin-a.pem");
    twin_b_ = test::load(folder_ / "twin-b.pem");
  }
  [[nodiscard]] static Anchor anchor(CertificatePtr certificate, TrustPurposes purposes = TrustPurposes::all()) {
    return {.certificate = std::move(certificate), .purposes = purposes, .trusted_from = {}, .trusted_until = {}};
  }
  std::filesystem::path folder_;
  CertificatePtr root_, issuing_, twin_a_, twin_b_;
};

TEST_F(Trust, NamesItsContentWhateverTheOrder) {
  const auto one = TrustSnapshot::make({anchor(root_), anchor(twin_a_)}, {issuing_, twin_b_});
  const auto two = TrustSnapshot::make({anchor(twin_a_), anchor(root_)}, {twin_b_, issuing_, issuing_});
  EXPECT_EQ(one->id(), two->id());
  EXPECT_NE(one->id(), TrustSnapshot::make({anchor(root_)}, {issuing_, twin_b_, twin_a_})->id());
  EXPECT_NE(one->id(),
            TrustSnapshot::make({anchor(root_, {TrustPurpose::kOcsp}), anchor(twin_a_)}, {issuing_, twin_b_})->id());
  Anchor until = anchor(root_);
  until.trusted_until = at("2030-01-01");
  EXPECT_NE(one->id(), TrustSnapshot::make({until, anchor(twin_a_)}, {issuing_, twin_b_})->id());
}

TEST_F(Trust, FindsBySubjectAndByDigest) {
  const auto trust = TrustSnapshot::make({anchor(root_)}, {twin_a_, twin_b_});
  EXPECT_EQ(trust->with_subject(twin_a_->subject()).size(), 2U);
  EXPECT_EQ(trust->with_subject(issuing_->subject()).size(), 0U);
  ASSERT_NE(trust->anchor_of(root_->digest()), nullptr);
  EXPECT_EQ(trust->anchor_of(twin_a_->digest()), nullptr);
}

TEST_F(Trust, OneCertificateTwiceIsOneAnchor) {
  Anchor first = anchor(root_, {TrustPurpose::kOcsp}), second = anchor(root_, {TrustPurpose::kTsa});
  first.trusted_until = at("2030-01-01");
  second.trusted_until = at("2029-01-01");
  second.trusted_from = at("2020-01-01");
  const auto trust = TrustSnapshot::make({first, second}, {});
  ASSERT_EQ(trust->anchors().size(), 1U);
  const Anchor& merged = trust->anchors().front();
  EXPECT_TRUE(merged.purposes.has(TrustPurpose::kOcsp) && merged.purposes.has(TrustPurpose::kTsa));
  EXPECT_FALSE(merged.purposes.has(TrustPurpose::kApplicant));
  EXPECT_EQ(merged.trusted_from, at("2020-01-01"));
  EXPECT_EQ(merged.trusted_until, at("2029-01-01"));
}

TEST_F(Trust, DemoAuthoritiesAreMarked) {
  EXPECT_TRUE(has_demo_marker(*root_));
  const auto real = test::corpora("kz/ca");
  if (real) {
    EXPECT_FALSE(has_demo_marker(*test::load(*real / "root_rsa_2020.cer")));
  }
}

TEST(TrustPurpose, NamesAndBack) {
  for (const auto purpose : {TrustPurpose::kApplicant, TrustPurpose::kOfficer, TrustPurpose::kOperator,
                             TrustPurpose::kOcsp, TrustPurpose::kTsa, TrustPurpose::kPortal}) {
    EXPECT_EQ(parse_trust_purpose(to_string(purpose)), purpose);
  }
  EXPECT_EQ(parse_trust_purpose("everything").error().code(), Code::kInputMember);
}

}  // namespace
}  // namespace tanba::pki
