#include "base/codes.h"

#include <algorithm>
#include <array>

namespace tanba::base {
namespace {

constexpr std::array kCodes{
#define TANBA_CODE(name, dotted, effect, sub, en, ru, kk) \
  CodeInfo{Code::name, dotted, Effect::effect, SubIndication::sub, en, ru, kk},
#include "base/codes.def"
#undef TANBA_CODE
};
}  // namespace

std::span<const CodeInfo> all_codes() {
  return kCodes;
}

const CodeInfo& info(Code code) {
  return kCodes.at(static_cast<std::size_t>(code));
}

std::string_view dotted(Code code) {
  return info(code).dotted;
}

std::optional<Code> find_code(std::string_view dotted) {
  const auto found = std::ranges::find(kCodes, dotted, &CodeInfo::dotted);
  if (found == kCodes.end()) return std::nullopt;
  return found->code;
}

std::string_view to_string(SubIndication sub) {
  switch (sub) {
    case SubIndication::kNone:
      return "";
    case SubIndication::kFormatFailure:
      return "FORMAT_FAILURE";
    case SubIndication::kHashFailure:
      return "HASH_FAILURE";
    case SubIndication::kSignedDataNotFound:
      return "SIGNED_DATA_NOT_FOUND";
    case SubIndication::kSigCryptoFailure:
      return "SIG_CRYPTO_FAILURE";
    case SubIndication::kNoSigningCertificateFound:
      return "NO_SIGNING_CERTIFICATE_FOUND";
    case SubIndication::kNoCertificateChainFound:
      return "NO_CERTIFICATE_CHAIN_FOUND";
    case SubIndication::kRevoked:
      return "REVOKED";
    case SubIndication::kRevokedNoPoe:
      return "REVOKED_NO_POE";
    case SubIndication::kRevokedCaNoPoe:
      return "REVOKED_CA_NO_POE";
    case SubIndication::kNotYetValid:
      return "NOT_YET_VALID";
    case SubIndication::kExpired:
      return "EXPIRED";
    case SubIndication::kOutOfBoundsNoPoe:
      return "OUT_OF_BOUNDS_NO_POE";
    case SubIndication::kOutOfBoundsNotRevoked:
      return "OUT_OF_BOUNDS_NOT_REVOKED";
    case SubIndication::kTimestampOrderFailure:
      return "TIMESTAMP_ORDER_FAILURE";
    case SubIndication::kNotASigningKey:
      return "NOT_A_SIGNING_KEY";
    case SubIndication::kChainConstraintsFailure:
      return "CHAIN_CONSTRAINTS_FAILURE";
    case SubIndication::kCertificateChainGeneralFailure:
      return "CERTIFICATE_CHAIN_GENERAL_FAILURE";
    case SubIndication::kSigConstraintsFailure:
      return "SIG_CONSTRAINTS_FAILURE";
    case SubIndication::kCryptoConstraintsFailure:
      return "CRYPTO_CONSTRAINTS_FAILURE";
    case SubIndication::kCryptoConstraintsFailureNoPoe:
      return "CRYPTO_CONSTRAINTS_FAILURE_NO_POE";
    case SubIndication::kIdentityMismatch:
      return "IDENTITY_MISMATCH";
    case SubIndication::kRoleNotEntitled:
      return "ROLE_NOT_ENTITLED";
    case SubIndication::kTryLater:
      return "TRY_LATER";
    case SubIndication::kNoPoe:
      return "NO_POE";
  }
  return "";
}

std::string_view to_string(Effect effect) {
  using enum Effect;
  switch (effect) {
    case kRefuse:
      return "refuse";
    case kRetry:
      return "retry";
    case kWarning:
      return "warning";
    case kInput:
      return "input";
    case kDenied:
      return "denied";
    case kNotFound:
      return "not-found";
    case kConflict:
      return "conflict";
    case kUnavailable:
      return "unavailable";
    case kInternal:
      return "internal";
  }
  return "";
}

}  // namespace tanba::base
