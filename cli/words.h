// The command line's own words in three languages. What errors say stands in base/codes.def.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/codes.h"

namespace tanba::cli {

enum class Word {
  kAccept,
  kRefuse,
  kRetry,
  kDocument,
  kCertificate,
  kCrl,
  kOcsp,
  kCheckedAt,
  kPolicy,
  kRevocationMode,
  kConformanceOnly,
  kSignature,
  kSigner,
  kIssuer,
  kSerial,
  kValidity,
  kRoles,
  kCovers,
  kWholeDocument,
  kPart,
  kClaimedTime,
  kRevocation,
  kNextUpdate,
  kSince,
  kReason,
  kGood,
  kRevoked,
  kOnHold,
  kUnknown,
  kIdentity,
  kEqual,
  kNotEqual,
  kExpected,
  kFound,
  kWarning,
  kMissing,
  kRetryAfter,
  kSeconds,
  kEntries,
  kNone,
  kToken,
  kSlot,
  kUserPin,
  kSoPin,
  kPinNotInitialised,
  kPinReady,
  kPinCountLow,
  kPinFinalTry,
  kPinLocked,
  kPinToBeChanged,
  kNotInitialised,
  kKey,
  kNeverLeaves,
  kMayLeave,
  kPrivateNotSeen,
  kNoCertificate,
  kNothingFound,
};
// How many there are: the last one stands above.
inline constexpr std::size_t kWordCount = static_cast<std::size_t>(Word::kNothingFound) + 1;
[[nodiscard]] std::string_view word(Word word, base::Language language);

}  // namespace tanba::cli
