#include "verify/decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace tanba::verify {
namespace {

using base::Code;
using base::Effect;
using base::Error;
using base::SubIndication;

Outcome of(std::vector<Code> codes) {
  std::vector<Error> errors;
  for (const Code code : codes) errors.emplace_back(code);
  return decide(errors);
}

TEST(Decision, NoErrorAccepts) {
  EXPECT_EQ(of({}), (Outcome{Decision::kAccept, Indication::kPassed, SubIndication::kNone}));
}

// The whole table: each code alone decides by its effect, and whatever is no verdict never accepts.
TEST(Decision, EachCodeAloneDecidesByItsEffect) {
  for (const base::CodeInfo& code : base::all_codes()) {
    const Outcome outcome = of({code.code});
    EXPECT_EQ(outcome.decision, code.effect == Effect::kRetry ? Decision::kRetry : Decision::kRefuse) << code.dotted;
    EXPECT_NE(outcome.indication, Indication::kPassed) << code.dotted;
    EXPECT_NE(outcome.sub_indication, SubIndication::kNone) << code.dotted;
  }
}

TEST(Decision, RetryOnlyWhenEveryCauseIsOfEvidence) {
  EXPECT_EQ(of({Code::kRevocationMissing, Code::kOcspStale}).decision, Decision::kRetry);
  EXPECT_EQ(of({Code::kRevocationMissing, Code::kPathExpired}).decision, Decision::kRefuse);
}

TEST(Decision, SubIndicationIsTheFirstInTheOrderOfTheDesign) {
  const std::vector<Code> in_order = {Code::kFormatUnknown,  Code::kDigestMismatch,    Code::kSignatureBroken,
                                      Code::kPathNoChain,    Code::kRevocationRevoked, Code::kPathExpired,
                                      Code::kPathPolicy,     Code::kAlgorithmWeakKey,  Code::kIdentityMismatch,
                                      Code::kRoleNotEntitled};
  for (std::size_t first = 0; first < in_order.size(); ++first) {
    std::vector<Code> some(in_order.begin() + static_cast<std::ptrdiff_t>(first), in_order.end());
    std::ranges::reverse(some);
    EXPECT_EQ(of(some).sub_indication, base::info(in_order[first]).sub_indication) << base::dotted(in_order[first]);
  }
}

// What may come right does not name the reason for what cannot.
TEST(Decision, MissingEvidenceDoesNotNameARefusal) {
  EXPECT_EQ(of({Code::kRevocationMissing, Code::kRoleNotEntitled}).sub_indication, SubIndication::kRoleNotEntitled);
}

TEST(Decision, IndicationFollowsTable6) {
  EXPECT_EQ(of({Code::kDigestMismatch}).indication, Indication::kFailed);
  EXPECT_EQ(of({Code::kPathNoChain}).indication, Indication::kIndeterminate);
  EXPECT_EQ(of({Code::kRevocationRevoked}).indication, Indication::kIndeterminate);
  EXPECT_EQ(to_string(Indication::kFailed, IndicationOf::kDocument), "TOTAL-FAILED");
  EXPECT_EQ(to_string(Indication::kPassed, IndicationOf::kPart), "PASSED");
}

}  // namespace
}  // namespace tanba::verify
