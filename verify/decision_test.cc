#include "verify/decision.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace tanba::verify {
namespace {

using base::Code;
using base::Effect;
using base::Error;
using base::SubIndication;

Outcome of(const std::vector<Code>& codes) {
  std::vector<Error> errors;
  errors.reserve(codes.size());
  for (const Code code : codes) errors.emplace_back(code);
  return decide(errors);
}

TEST(Decision, NoErrorAccepts) {
  EXPECT_EQ(of({}), (Outcome{Decision::kAccept, Indication::kPassed, SubIndication::kNone}));
}

// DESIGN 3: "retry only if every cause is missing, stale or unreachable evidence", and "Evidence that does not verify
// counts as absent (retry, with its code)". Written down here once more, by name: a code that comes to let a document
// try again has to be meant to.
const std::set<std::string_view> kOfEvidence = {
    // missing
    "revocation.missing", "revocation.not_enough", "capsule.incomplete", "ocsp.response_status",
    // stale, or not of this time
    "ocsp.stale", "ocsp.future", "ocsp.rollback", "ocsp.archive_cutoff", "crl.stale", "crl.future", "crl.rollback",
    "crl.expired_certificate",
    // unreachable
    "fetch.unreachable", "fetch.timeout", "fetch.status", "fetch.too_large", "fetch.forbidden", "fetch.busy",
    "fetch.paused", "fetch.tls", "fetch.cancelled",
    // unreadable, or does not verify
    "ocsp.malformed", "ocsp.signature", "ocsp.responder", "ocsp.cert_id", "ocsp.nonce", "crl.malformed",
    "crl.signature", "crl.issuer", "crl.scope", "crl.critical_extension", "crl.shrunk", "crl.delta", "crl.reasons",
    "crl.index", "evidence.cycle", "evidence.depth"};

// Each code alone: what is not of evidence refuses, and whatever is no verdict never accepts.
TEST(Decision, OnlyWhatIsOfEvidenceLetsTryAgain) {
  std::size_t seen = 0;
  for (const base::CodeInfo& code : base::all_codes()) {
    const bool of_evidence = kOfEvidence.contains(code.dotted);
    seen += of_evidence ? 1U : 0U;
    const Outcome outcome = of({code.code});
    EXPECT_EQ(outcome.decision, of_evidence ? Decision::kRetry : Decision::kRefuse) << code.dotted;
    EXPECT_EQ(outcome.sub_indication == SubIndication::kTryLater, of_evidence) << code.dotted;
    EXPECT_EQ(code.effect == Effect::kRetry, of_evidence) << code.dotted;
    EXPECT_NE(outcome.indication, Indication::kPassed) << code.dotted;
    EXPECT_NE(outcome.sub_indication, SubIndication::kNone) << code.dotted;
  }
  EXPECT_EQ(seen, kOfEvidence.size());
}

// DESIGN 3: "refuse: revoked, on hold, unknown to the CA, expired, not yet valid, no chain, weak algorithm, not a
// signing key, identity, role, coverage, any broken signature of the document or the path", in ETSI EN 319 102-1's
// words.
TEST(Decision, EachCauseOfTheDesignRefusesInItsWords) {
  struct Cause {
    Code code;
    std::string_view sub_indication;
    Indication indication;
  };
  constexpr auto kOpen = Indication::kIndeterminate;
  constexpr auto kFailed = Indication::kFailed;
  const std::vector<Cause> causes = {{Code::kRevocationRevoked, "REVOKED_NO_POE", kOpen},
                                     {Code::kRevocationCaRevoked, "REVOKED_CA_NO_POE", kOpen},
                                     {Code::kRevocationOnHold, "REVOKED_NO_POE", kOpen},
                                     {Code::kRevocationLocalHold, "REVOKED_NO_POE", kOpen},
                                     {Code::kRevocationUnknownToCa, "REVOKED_NO_POE", kOpen},
                                     {Code::kOcspUnknown, "REVOKED_NO_POE", kOpen},
                                     {Code::kPathExpired, "OUT_OF_BOUNDS_NO_POE", kOpen},
                                     {Code::kPathNotYetValid, "NOT_YET_VALID", kFailed},
                                     {Code::kPathNoChain, "NO_CERTIFICATE_CHAIN_FOUND", kOpen},
                                     {Code::kPathNoAnchors, "NO_CERTIFICATE_CHAIN_FOUND", kOpen},
                                     {Code::kPathPurpose, "NO_CERTIFICATE_CHAIN_FOUND", kOpen},
                                     {Code::kPathBadSignature, "NO_CERTIFICATE_CHAIN_FOUND", kOpen},
                                     {Code::kPathNotCa, "CHAIN_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kPathLength, "CHAIN_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kPathNameConstraints, "CHAIN_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kPathCriticalExtension, "CHAIN_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kAlgorithmForbidden, "CRYPTO_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kAlgorithmWeakKey, "CRYPTO_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kAlgorithmWeakDigest, "CRYPTO_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kAlgorithmEnded, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", kOpen},
                                     {Code::kCertificateNotSigningKey, "NOT_A_SIGNING_KEY", kFailed},
                                     {Code::kIdentityMismatch, "IDENTITY_MISMATCH", kFailed},
                                     {Code::kRoleNotEntitled, "ROLE_NOT_ENTITLED", kFailed},
                                     {Code::kCoveragePartial, "SIG_CONSTRAINTS_FAILURE", kOpen},
                                     {Code::kSignatureBroken, "SIG_CRYPTO_FAILURE", kFailed},
                                     {Code::kDigestMismatch, "HASH_FAILURE", kFailed},
                                     {Code::kFormatUnknown, "FORMAT_FAILURE", kFailed}};
  for (const Cause& cause : causes) {
    const Outcome outcome = of({cause.code});
    EXPECT_EQ(outcome.decision, Decision::kRefuse) << base::dotted(cause.code);
    EXPECT_EQ(to_string(outcome.sub_indication), cause.sub_indication) << base::dotted(cause.code);
    EXPECT_EQ(outcome.indication, cause.indication) << base::dotted(cause.code);
  }
}

TEST(Decision, RetryOnlyWhenEveryCauseIsOfEvidence) {
  EXPECT_EQ(of({Code::kRevocationMissing, Code::kOcspStale}).decision, Decision::kRetry);
  EXPECT_EQ(of({Code::kRevocationMissing, Code::kPathExpired}).decision, Decision::kRefuse);
}

// "FORMAT_FAILURE, HASH_FAILURE, SIG_CRYPTO_FAILURE, NO_CERTIFICATE_CHAIN_FOUND, revoked or held, time, constraints
// (key usage, policy, names), algorithm, identity, role".
TEST(Decision, SubIndicationIsTheFirstInTheOrderOfTheDesign) {
  const std::vector<std::pair<Code, std::string_view>> in_order = {
      {Code::kFormatUnknown, "FORMAT_FAILURE"},         {Code::kDigestMismatch, "HASH_FAILURE"},
      {Code::kSignatureBroken, "SIG_CRYPTO_FAILURE"},   {Code::kPathNoChain, "NO_CERTIFICATE_CHAIN_FOUND"},
      {Code::kRevocationRevoked, "REVOKED_NO_POE"},     {Code::kPathExpired, "OUT_OF_BOUNDS_NO_POE"},
      {Code::kPathPolicy, "CHAIN_CONSTRAINTS_FAILURE"}, {Code::kAlgorithmWeakKey, "CRYPTO_CONSTRAINTS_FAILURE"},
      {Code::kIdentityMismatch, "IDENTITY_MISMATCH"},   {Code::kRoleNotEntitled, "ROLE_NOT_ENTITLED"}};
  for (auto first = in_order.begin(); first != in_order.end(); ++first) {
    std::vector<Code> some;
    for (auto one = first; one != in_order.end(); ++one) some.insert(some.begin(), one->first);
    EXPECT_EQ(to_string(of(some).sub_indication), first->second) << base::dotted(first->first);
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
