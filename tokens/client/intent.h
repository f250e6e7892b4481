// What an officer approves before the key server signs a licence or a refusal: one text, made by one function, for the
// daemon, the command line and the key server alike.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "pki/algorithm.h"

namespace tanba::tokens::client {

enum class IntentKind : std::uint8_t { kLicence, kRefusal };
[[nodiscard]] std::string_view to_string(IntentKind kind);  // "licence", "refusal"
[[nodiscard]] base::Result<IntentKind> parse_intent_kind(std::string_view text);

// The digest of the prepared document in the form in which the signature covers it (canonical XML without the
// signature): the DigestValue of the licence's only Reference.
struct DocumentDigest {
  pki::DigestAlgorithm algorithm = pki::DigestAlgorithm::kSha256;
  base::Bytes value;
  bool operator==(const DocumentDigest&) const = default;
};

struct Intent {
  std::string id;  // the registry's: 1–64 of A–Z a–z 0–9 . _ : -
  IntentKind kind = IntentKind::kLicence;
  std::string number;  // of the licence or refusal: 1–64 octets of UTF-8 without control characters
  DocumentDigest document;
  std::string licensor;  // BIN: twelve digits (the check digit is the registry's matter)
  std::string key;       // name in the key server's configuration: 1–64 of A–Z a–z 0–9 . _ -
  bool operator==(const Intent&) const = default;
};

inline constexpr std::string_view kIntentType = "urn:tanba:intent:1";

// Whether this may be an intent's id: keyd.protocol.
[[nodiscard]] base::Status check_intent_id(std::string_view id);
// Whether every member has the shape above. keyd.protocol names the one that has not.
[[nodiscard]] base::Status check_intent(const Intent& intent);

// The exact octets that the officer signs (RFC 8785, canonical JSON):
//   {"documentDigest":{"algorithm":"SHA-256","value":"…hex…"},"intent":"…","key":"…","kind":"licence",
//    "licensor":"…","number":"…","type":"urn:tanba:intent:1"}
// A pure function of the intent: whoever holds the intent can say what was approved. check_intent is the caller's duty.
[[nodiscard]] std::string intent_text(const Intent& intent);

// The way back, to show an officer what is being approved. Only text that intent_text makes is accepted, octet by
// octet: keyd.protocol otherwise.
[[nodiscard]] base::Result<Intent> parse_intent_text(std::string_view text);

}  // namespace tanba::tokens::client
