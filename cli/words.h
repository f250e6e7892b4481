// The command line's own words in three languages. What errors say stands in base/codes.def.
#pragma once

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
};
[[nodiscard]] std::string_view word(Word word, base::Language language);

}  // namespace tanba::cli
