#include "tokens/client/intent.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "base/json.h"
#include "base/text.h"
#include "tokens/client/json_reader.h"

namespace tanba::tokens::client {
namespace {

namespace json = boost::json;

// As long as the longest id that the registry makes, twice over; longer ones only fill logs.
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kIdentityNumberDigits = 12;
// The members below in base64-free JSON are under 1 KiB.
constexpr std::size_t kMaxIntentTextBytes = 4096;

// What a document's digest may be: what kz-submission lets a signature cover.
constexpr std::array kDocumentDigests = {
    pki::DigestAlgorithm::kSha256,      pki::DigestAlgorithm::kSha384,      pki::DigestAlgorithm::kSha512,
    pki::DigestAlgorithm::kSha3_256,    pki::DigestAlgorithm::kSha3_384,    pki::DigestAlgorithm::kSha3_512,
    pki::DigestAlgorithm::kStreebog256, pki::DigestAlgorithm::kStreebog512,
};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

base::Status check_name(std::string_view text, std::string_view punctuation, std::string_view what) {
  const auto fits = [&](char c) { return is_alphanumeric(c) || punctuation.find(c) != std::string_view::npos; };
  if (text.empty() || text.size() > kMaxNameBytes || !std::ranges::all_of(text, fits)) return protocol_failure(what);
  return {};
}

// Escaped and unescaped text are equal exactly when nothing in it could deceive a reader.
base::Status check_number(std::string_view number) {
  const bool fits = !number.empty() && number.size() <= kMaxNameBytes && base::is_utf8(number) &&
                    base::escape_for_display(number) == number;
  if (!fits) return protocol_failure("number");
  return {};
}

base::Status check_licensor(std::string_view licensor) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (licensor.size() != kIdentityNumberDigits || !std::ranges::all_of(licensor, is_digit)) {
    return protocol_failure("licensor");
  }
  return {};
}

base::Result<DocumentDigest> parse_digest(const json::object& object) {
  ObjectReader reader(object);
  TANBA_TRY(const std::string name, reader.text("algorithm"));
  TANBA_TRY(const std::string hex, reader.text("value"));
  TANBA_CHECK(reader.finish());
  const auto algorithm =
      std::ranges::find_if(kDocumentDigests, [&](pki::DigestAlgorithm known) { return pki::to_string(known) == name; });
  if (algorithm == kDocumentDigests.end()) return protocol_failure("documentDigest.algorithm");
  base::Result<base::Bytes> value = base::from_hex(hex);
  if (!value) return protocol_failure("documentDigest.value");
  return DocumentDigest{*algorithm, *std::move(value)};
}

}  // namespace

std::string_view to_string(IntentKind kind) {
  return kind == IntentKind::kLicence ? "licence" : "refusal";
}

base::Result<IntentKind> parse_intent_kind(std::string_view text) {
  for (const IntentKind kind : {IntentKind::kLicence, IntentKind::kRefusal}) {
    if (text == to_string(kind)) return kind;
  }
  return protocol_failure("kind");
}

base::Status check_intent_id(std::string_view id) {
  return check_name(id, "._:-", "intent");
}

base::Status check_intent(const Intent& intent) {
  TANBA_CHECK(check_intent_id(intent.id));
  TANBA_CHECK(check_number(intent.number));
  TANBA_CHECK(check_licensor(intent.licensor));
  TANBA_CHECK(check_name(intent.key, "._-", "key"));
  if (std::ranges::find(kDocumentDigests, intent.document.algorithm) == kDocumentDigests.end()) {
    return protocol_failure("documentDigest.algorithm");
  }
  if (intent.document.value.size() != pki::digest_size_bytes(intent.document.algorithm)) {
    return protocol_failure("documentDigest.value");
  }
  return {};
}

std::string intent_text(const Intent& intent) {
  return base::canonical_json(json::object{
      {"type", kIntentType},
      {"intent", intent.id},
      {"kind", to_string(intent.kind)},
      {"number", intent.number},
      {"documentDigest",
       {{"algorithm", pki::to_string(intent.document.algorithm)}, {"value", base::to_hex(intent.document.value)}}},
      {"licensor", intent.licensor},
      {"key", intent.key},
  });
}

base::Result<Intent> parse_intent_text(std::string_view text) {
  TANBA_TRY(const json::value root, base::parse_json(text, {.max_size_bytes = kMaxIntentTextBytes, .max_depth = 4}));
  TANBA_TRY(ObjectReader reader, ObjectReader::from(root, "intent"));
  Intent intent;
  TANBA_TRY(const std::string type, reader.text("type"));
  if (type != kIntentType) return protocol_failure("type");
  TANBA_TRY(const std::string kind, reader.text("kind"));
  TANBA_TRY(intent.kind, parse_intent_kind(kind));
  TANBA_TRY(intent.id, reader.text("intent"));
  TANBA_TRY(intent.number, reader.text("number"));
  TANBA_TRY(intent.licensor, reader.text("licensor"));
  TANBA_TRY(intent.key, reader.text("key"));
  TANBA_TRY(const json::object* digest, reader.object("documentDigest"));
  TANBA_TRY(intent.document, parse_digest(*digest));
  TANBA_CHECK(reader.finish());
  TANBA_CHECK(check_intent(intent));
  if (intent_text(intent) != text) return protocol_failure("not in canonical form");
  return intent;
}

}  // namespace tanba::tokens::client
