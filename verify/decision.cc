#include "verify/decision.h"

#include <algorithm>

namespace tanba::verify {
namespace {

using base::Effect;
using base::SubIndication;

bool is_refusal(const base::Error& error) {
  return base::info(error.code()).effect != Effect::kRetry;
}

}  // namespace

std::string_view to_string(Decision decision) {
  switch (decision) {
    case Decision::kAccept:
      return "accept";
    case Decision::kRetry:
      return "retry";
    case Decision::kRefuse:
      break;
  }
  return "refuse";
}

std::string_view to_string(Indication indication, IndicationOf what) {
  const bool document = what == IndicationOf::kDocument;
  switch (indication) {
    case Indication::kPassed:
      return document ? "TOTAL-PASSED" : "PASSED";
    case Indication::kFailed:
      return document ? "TOTAL-FAILED" : "FAILED";
    case Indication::kIndeterminate:
      break;
  }
  return "INDETERMINATE";
}

Indication indication_of(SubIndication sub_indication) {
  switch (sub_indication) {
    case SubIndication::kNone:
      return Indication::kPassed;
    // Table 6, TOTAL-FAILED: later evidence cannot make these good.
    case SubIndication::kFormatFailure:
    case SubIndication::kHashFailure:
    case SubIndication::kSigCryptoFailure:
    case SubIndication::kRevoked:
    case SubIndication::kExpired:
    case SubIndication::kNotYetValid:
    // The licensing check's own: the request and the certificate contradict each other for good.
    case SubIndication::kNotASigningKey:
    case SubIndication::kIdentityMismatch:
    case SubIndication::kRoleNotEntitled:
      return Indication::kFailed;
    default:
      return Indication::kIndeterminate;
  }
}

Outcome decide(std::span<const base::Error> errors) {
  if (errors.empty()) return {Decision::kAccept, Indication::kPassed, SubIndication::kNone};
  const bool refuse = std::ranges::any_of(errors, is_refusal);
  SubIndication first = SubIndication::kNoPoe;
  for (const base::Error& error : errors) {
    if (refuse && !is_refusal(error)) continue;
    const SubIndication sub = base::info(error.code()).sub_indication;
    // A code without one (an input or internal error that strayed here) must not look like success.
    first = std::min(first, sub == SubIndication::kNone ? SubIndication::kCertificateChainGeneralFailure : sub);
  }
  return {refuse ? Decision::kRefuse : Decision::kRetry, indication_of(first), first};
}

}  // namespace tanba::verify
