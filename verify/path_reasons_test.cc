// What a path is refused for is said in its own code: certificates made so that one thing alone is wrong.
#include <gtest/gtest.h>

#include "pki/test_support.h"
#include "verify/crl_maker.h"
#include "verify/judge.h"

namespace tanba::verify {
namespace {

using base::Code;
using test::CertificatePlan;

class PathReasonsTest : public testing::Test {
 protected:
  PathReasonsTest() : context_(pki::test::make_context()) {
    input_.now = test::noon();
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.policy.revocation = RevocationMode::kOff;
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
  }
  void authority(CertificatePlan plan) {
    plan.ca = true;
    plan.key_usage = "critical,keyCertSign,cRLSign";
    maker_.certificate(plan);
  }
  // Of a certificate below "root", which is the anchor; nothing when it is accepted.
  std::vector<Code> refused_for(const std::string& leaf, const std::vector<std::string>& between = {}) {
    input_.candidates.clear();
    for (const std::string& name : between) input_.candidates.push_back(maker_.get(name).ours);
    input_.trust = pki::TrustSnapshot::make({{.certificate = maker_.get("root").ours,
                                              .purposes = pki::TrustPurposes::all(),
                                              .trusted_from = {},
                                              .trusted_until = {}}},
                                            {});
    base::Budget budget{base::Limits{}};
    const auto judgement = judge_certificate(*context_, nullptr, maker_.get(leaf).ours, input_, budget);
    std::vector<Code> codes;
    if (!judgement) {
      ADD_FAILURE() << judgement.error().message();
      return codes;
    }
    for (const LocatedError& one : all_errors(judgement->report)) codes.push_back(one.error.code());
    EXPECT_EQ(judgement->report.outcome.decision, codes.empty() ? Decision::kAccept : Decision::kRefuse);
    return codes;
  }

  std::unique_ptr<pki::Context> context_;
  test::CrlMaker maker_;
  EvidenceSet evidence_;
  JudgeInput input_;
};

constexpr auto only = [](Code code) { return std::vector{code}; };
const std::vector<Code> kNothing;

// RFC 5280 4.2.1.9: "the maximum number of non-self-issued intermediate certificates that may follow this certificate".
TEST_F(PathReasonsTest, MoreAuthoritiesThanOneAllows) {
  authority({.name = "root", .path_length = 1});
  authority({.name = "first", .issuer = "root", .serial = 2});
  authority({.name = "second", .issuer = "first", .serial = 3});
  maker_.certificate({.name = "below first", .issuer = "first", .serial = 4});
  maker_.certificate({.name = "below second", .issuer = "second", .serial = 5});
  EXPECT_EQ(refused_for("below first", {"first"}), kNothing);
  EXPECT_EQ(refused_for("below second", {"first", "second"}), only(Code::kPathLength));
}

TEST_F(PathReasonsTest, ANameThatItsAuthorityMayNotCertify) {
  authority(
      {.name = "root", .name_constraints = "critical,excluded;dirName:away", .sections = "[away]\nCN=somebody\n"});
  maker_.certificate({.name = "somebody", .issuer = "root", .serial = 2});
  maker_.certificate({.name = "somebody else", .issuer = "root", .serial = 3});
  EXPECT_EQ(refused_for("somebody else"), kNothing);
  EXPECT_EQ(refused_for("somebody"), only(Code::kPathNameConstraints));
}

TEST_F(PathReasonsTest, ACriticalExtensionThatNobodyKnows) {
  authority({.name = "root"});
  authority({.name = "CA", .issuer = "root", .serial = 2, .unknown_critical = true});
  maker_.certificate({.name = "leaf", .issuer = "root", .serial = 3, .unknown_critical = true});
  maker_.certificate({.name = "below", .issuer = "CA", .serial = 4});
  EXPECT_EQ(refused_for("leaf"), only(Code::kPathCriticalExtension));
  EXPECT_EQ(refused_for("below", {"CA"}), only(Code::kPathCriticalExtension));
}

// With the certificate itself and its anchor twelve certificates; nobody's chain comes near it.
TEST_F(PathReasonsTest, APathHasAtMostTwelveCertificates) {
  authority({.name = "root"});
  std::vector<std::string> between;
  std::string issuer = "root";
  for (int i = 1; i <= 11; ++i) {
    maker_.certificate({.name = "leaf " + std::to_string(i), .issuer = issuer, .serial = 100 + i});
    const std::string name = "authority " + std::to_string(i);
    authority({.name = name, .issuer = issuer, .serial = i + 1});
    between.push_back(name);
    issuer = name;
  }
  EXPECT_EQ(refused_for("leaf 11", between), kNothing);
  maker_.certificate({.name = "leaf 12", .issuer = issuer, .serial = 112});
  EXPECT_EQ(refused_for("leaf 12", between), only(Code::kPathConstraint));
}

}  // namespace
}  // namespace tanba::verify
