// The one table of stable codes: what happened, what follows from it, and the words for it.
//
// Codes are a contract: callers switch on the dotted form, which never changes its meaning. `base/codes.def` holds one
// line for each; docs/reference/errors.md is generated from it and a test compares the two.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tanba::base {

// What a code means for a decision about a document or certificate, or for a request.
enum class Effect : std::uint8_t {
  kRefuse,       // the object is bad: no later evidence changes that
  kRetry,        // evidence is missing, stale, unreachable or unreadable
  kWarning,      // reported, decides nothing
  kInput,        // the request itself is wrong (usage, shape, size)
  kDenied,       // the caller may not do this
  kNotFound,     // what is asked for does not exist (for this caller)
  kConflict,     // contradicts what is already there
  kUnavailable,  // cannot be served now; try again later
  kInternal,     // our own fault: an error, never a verdict
};

// ETSI EN 319 102-1 V1.3.1, table 6 (sub-indications), and the three of the licensing check. The order is the order in
// which several causes are ranked: the first one present is the report's subIndication.
enum class SubIndication : std::uint8_t {
  kNone,
  kFormatFailure,
  kHashFailure,
  kSignedDataNotFound,
  kSigCryptoFailure,
  kNoSigningCertificateFound,
  kNoCertificateChainFound,
  kRevoked,
  kRevokedNoPoe,
  kRevokedCaNoPoe,
  kNotYetValid,
  kExpired,
  kOutOfBoundsNoPoe,
  kOutOfBoundsNotRevoked,
  kTimestampOrderFailure,
  kNotASigningKey,
  kChainConstraintsFailure,
  kCertificateChainGeneralFailure,
  kSigConstraintsFailure,
  kCryptoConstraintsFailure,
  kCryptoConstraintsFailureNoPoe,
  kIdentityMismatch,
  kRoleNotEntitled,
  kTryLater,
  kNoPoe,
};

enum class Language : std::uint8_t { kEnglish, kRussian, kKazakh };

enum class Code : std::uint16_t {
#define TANBA_CODE(name, dotted, effect, sub, en, ru, kk) name,
#include "base/codes.def"
#undef TANBA_CODE
};

struct CodeInfo {
  Code code;
  std::string_view dotted;
  Effect effect;
  SubIndication sub_indication;
  // Texts with `{name}` where an argument of the error is put in.
  std::string_view english;
  std::string_view russian;
  std::string_view kazakh;
};

[[nodiscard]] std::span<const CodeInfo> all_codes();
[[nodiscard]] const CodeInfo& info(Code code);
[[nodiscard]] std::string_view dotted(Code code);
// The code of this dotted name; nothing when there is none.
[[nodiscard]] std::optional<Code> find_code(std::string_view dotted);
[[nodiscard]] std::string_view to_string(SubIndication sub);
[[nodiscard]] std::string_view to_string(Effect effect);

}  // namespace tanba::base
