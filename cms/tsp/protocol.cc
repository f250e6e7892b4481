#include "cms/tsp/protocol.h"

#include <algorithm>

#include "base/text.h"
#include "cms/tsp/parsing.h"
#include "pki/der.h"

namespace tanba::cms::tsp {

namespace policy {
const pki::Oid kGost2004 = pki::Oid::literal("1.2.398.3.3.2.6.1");
const pki::Oid kRsa = pki::Oid::literal("1.2.398.3.3.2.6.2");
const pki::Oid kGostGt = pki::Oid::literal("1.2.398.3.3.2.6.3");
const pki::Oid kGost2015 = pki::Oid::literal("1.2.398.3.3.2.6.4");
}  // namespace policy

namespace {

using base::ByteView;
using base::Code;
using base::Error;
using base::Result;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

// A few lines for people; more is noise.
constexpr std::size_t kMaxTexts = 8;
constexpr std::size_t kMaxTextBytes = 1000;

// PKIFailureInfo, 2.4.2: the bits that a TSA may set.
std::string failure_text(std::uint32_t bits) {
  struct Failure {
    unsigned bit;
    const char* name;
  };
  constexpr Failure kFailures[] = {{0, "badAlg"},
                                   {2, "badRequest"},
                                   {5, "badDataFormat"},
                                   {14, "timeNotAvailable"},
                                   {15, "unacceptedPolicy"},
                                   {16, "unacceptedExtension"},
                                   {17, "addInfoNotAvailable"},
                                   {25, "systemFailure"}};
  std::string text;
  for (const Failure& failure : kFailures) {
    if ((bits & (1U << failure.bit)) != 0) text += (text.empty() ? "" : ", ") + std::string(failure.name);
  }
  return text.empty() ? "unknown failure" : text;
}

base::Status parse_texts(ByteView contents, Response& out) {
  Reader texts(contents);
  while (!texts.at_end()) {
    TANBA_TRY(const Tlv text, texts.expect(der::kUtf8String, "PKIFreeText"));
    TANBA_TRY(std::string utf8, der::read_string(text));
    if (out.texts.size() < kMaxTexts) out.texts.push_back(base::escape_for_display(utf8, kMaxTextBytes));
  }
  return {};
}

// PKIStatusInfo ::= SEQUENCE { status PKIStatus, statusString PKIFreeText OPTIONAL, failInfo PKIFailureInfo OPTIONAL }
base::Status parse_status(ByteView contents, Response& out) {
  Reader fields(contents);
  TANBA_TRY(const Tlv status, fields.expect(der::kInteger, "status"));
  TANBA_TRY(const std::int64_t number, der::read_small_integer(status.value));
  if (number > static_cast<std::int64_t>(ResponseStatus::kRevocationNotification)) {
    return malformed("status " + std::to_string(number));
  }
  out.status = static_cast<ResponseStatus>(number);
  TANBA_TRY(const std::optional<Tlv> texts, fields.optional(der::kSequence));
  if (texts) TANBA_CHECK(parse_texts(texts->value, out));
  TANBA_TRY(const std::optional<Tlv> failure, fields.optional(der::kBitString));
  if (failure) {
    TANBA_TRY(const std::uint32_t bits, der::read_named_bits(failure->value));
    out.failure = failure_text(bits);
  }
  return fields.finish("PKIStatusInfo");
}

bool is_granted(ResponseStatus status) {
  return status == ResponseStatus::kGranted || status == ResponseStatus::kGrantedWithMods;
}

Result<Response> parse_response_fields(ByteView octets) {
  TANBA_TRY(const Tlv outer, der::parse_single(octets, der::kSequence, "TimeStampResp"));
  Reader fields(outer.value);
  TANBA_TRY(const Tlv status, fields.expect(der::kSequence, "PKIStatusInfo"));
  Response out;
  TANBA_CHECK(parse_status(status.value, out));
  TANBA_TRY(const std::optional<Tlv> token, fields.optional(der::kSequence));
  TANBA_CHECK(fields.finish("TimeStampResp"));
  if (token) out.token = base::to_bytes(token->whole);
  // "When the status contains the value zero or one, a TimeStampToken MUST be present. When status contains a value
  // other than zero or one, a TimeStampToken MUST NOT be present."
  if (is_granted(out.status) != token.has_value()) return malformed("the token does not fit the status");
  return out;
}

}  // namespace

base::Bytes write_request(const Request& request) {
  const base::Bytes imprint =
      der::write_sequence({pki::write_digest_identifier(request.digest), der::write_octet_string(request.imprint)});
  const base::Bytes policy = request.policy ? request.policy->der() : base::Bytes{};
  const base::Bytes nonce = request.nonce.empty() ? base::Bytes{} : der::write_unsigned(request.nonce);
  const std::uint8_t yes = 0xFF;
  return der::write_sequence({der::write_integer(1), imprint, policy, nonce, der::write(der::kBoolean, {&yes, 1})});
}

std::string_view to_string(ResponseStatus status) {
  switch (status) {
    case ResponseStatus::kGranted:
      return "granted";
    case ResponseStatus::kGrantedWithMods:
      return "grantedWithMods";
    case ResponseStatus::kRejection:
      return "rejection";
    case ResponseStatus::kWaiting:
      return "waiting";
    case ResponseStatus::kRevocationWarning:
      return "revocationWarning";
    case ResponseStatus::kRevocationNotification:
      return "revocationNotification";
  }
  return "";
}

Result<Response> parse_response(ByteView octets) {
  if (octets.size() > kMaxResponseBytes) return malformed("more than " + std::to_string(kMaxResponseBytes) + " octets");
  auto response = parse_response_fields(octets);
  if (!response && response.error().code() != Code::kTspMalformed) {
    return base::fail(Error(Code::kTspMalformed, {{"what", response.error().message()}}, response.error().cause()));
  }
  return response;
}

Result<base::Bytes> granted_token(Response response) {
  if (is_granted(response.status)) return std::move(response.token);
  std::string said(to_string(response.status));
  if (!response.failure.empty()) said += ", " + response.failure;
  for (const std::string& text : response.texts) said += "; " + text;
  return base::fail(Code::kTspRejected, {{"status", std::move(said)}});
}

base::Status check_answers(const TstInfo& info, const Request& request) {
  const auto digest = pki::digest_from_oid(info.imprint.algorithm);
  if (!digest || *digest != request.digest || !base::equal(info.imprint.digest, request.imprint)) {
    return base::fail(Code::kTspImprint);
  }
  if (!request.nonce.empty()) {
    const base::Bytes sent = der::write_unsigned(request.nonce);
    Reader reader(sent);
    TANBA_TRY(const Tlv integer, reader.next());
    if (!base::equal(info.nonce, integer.value)) return base::fail(Code::kTspNonce);
  }
  if (request.policy && info.policy != *request.policy) {
    return base::fail(Code::kTspPolicy, {{"policy", info.policy.dotted()}, {"asked", request.policy->dotted()}});
  }
  return {};
}

}  // namespace tanba::cms::tsp
