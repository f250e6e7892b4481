#include "tokens/client/protocol.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "base/json.h"
#include "pki/der.h"
#include "tokens/client/json_reader.h"

namespace tanba::tokens::client {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 8;  // list_keys nests five deep
// More than any configuration has; bounds what a list makes the client parse.
constexpr std::size_t kMaxKeys = 256;
constexpr std::size_t kMaxAlgorithms = 64;
constexpr std::size_t kMaxErrorArguments = 16;
constexpr base::JsonLimits kJsonLimits{.max_size_bytes = kMaxFrameBytes, .max_depth = kMaxDepth};

constexpr std::array kPurposes = {KeyPurpose::kLicence, KeyPurpose::kRefusal,    KeyPurpose::kWsSecurity,
                                  KeyPurpose::kCapsule, KeyPurpose::kCheckpoint, KeyPurpose::kServiceLogin};
constexpr std::array kProgresses = {IntentProgress::kUnknown, IntentProgress::kSigning, IntentProgress::kSigned,
                                    IntentProgress::kCancelled};
constexpr std::array kStates = {KeyState::kReady, KeyState::kLocked, KeyState::kLost};

// --- algorithms and certificates: as DER in base64, so that no second spelling of them is needed ---------------------

std::string write_algorithm(const pki::SignatureAlgorithm& algorithm) {
  return base::to_base64(pki::write_algorithm_identifier(algorithm));
}

base::Result<pki::SignatureAlgorithm> parse_algorithm(base::ByteView der) {
  const base::Result<pki::AlgorithmIdentifier> identifier = pki::parse_algorithm_identifier(der);
  if (!identifier) return protocol_failure("algorithm");
  base::Result<pki::SignatureAlgorithm> algorithm = pki::signature_algorithm_from(*identifier);
  if (!algorithm) return protocol_failure("algorithm");
  return algorithm;
}

json::array write_certificates(const std::vector<pki::CertificatePtr>& certificates) {
  json::array out;
  for (const pki::CertificatePtr& certificate : certificates)
    out.push_back(json::string(base::to_base64(certificate->der())));
  return out;
}

base::Result<pki::CertificatePtr> parse_certificate(base::ByteView der) {
  base::Result<pki::CertificatePtr> certificate = pki::Certificate::parse(der);
  if (!certificate) return protocol_failure("certificate");
  return certificate;
}

base::Result<std::vector<base::Bytes>> parse_base64_list(const json::array& list, std::size_t limit,
                                                         std::string_view what) {
  if (list.size() > limit) return protocol_failure(what);
  std::vector<base::Bytes> out;
  for (const json::value& entry : list) {
    if (!entry.is_string()) return protocol_failure(what);
    base::Result<base::Bytes> octets = base::from_base64(entry.get_string());
    if (!octets) return protocol_failure(what);
    out.push_back(*std::move(octets));
  }
  return out;
}

base::Result<std::vector<pki::CertificatePtr>> parse_chain(const json::array& list) {
  TANBA_TRY(const std::vector<base::Bytes> ders, parse_base64_list(list, kMaxChain, "chain"));
  std::vector<pki::CertificatePtr> out;
  for (const base::Bytes& der : ders) {
    TANBA_TRY(pki::CertificatePtr certificate, parse_certificate(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

// --- requests ------------------------------------------------------------------------------------------------------

json::object request_object(const Ping&) {
  return {{"request", "ping"}};
}
json::object request_object(const ListKeys&) {
  return {{"request", "list-keys"}};
}
json::object request_object(const SignIntent& request) {
  // The intent goes as its parts: the server builds the approved text itself.
  const Intent& intent = request.intent;
  return {{"request", "sign-intent"},
          {"intent", intent.id},
          {"kind", to_string(intent.kind)},
          {"number", intent.number},
          {"digestAlgorithm", pki::to_string(intent.document.algorithm)},
          {"digest", base::to_hex(intent.document.value)},
          {"licensor", intent.licensor},
          {"key", intent.key},
          {"algorithm", write_algorithm(request.algorithm)},
          {"approval", base::to_base64(request.approval)}};
}
json::object request_object(const AskIntent& request) {
  return {{"request", "ask-intent"}, {"intent", request.intent}};
}

json::object request_object(const CancelIntent& request) {
  return {{"request", "cancel-intent"}, {"intent", request.intent}};
}

json::object request_object(const SealCapsule& request) {
  return {{"request", "seal-capsule"},
          {"kind", request.kind},
          {"id", request.id},
          {"manifest", request.manifest.hex()},
          {"key", request.key}};
}

base::Result<pki::DigestAlgorithm> parse_digest_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(pki::DigestAlgorithm::kStreebog512); ++i) {
    const auto algorithm = static_cast<pki::DigestAlgorithm>(i);
    if (pki::to_string(algorithm) == name) return algorithm;
  }
  return protocol_failure("digestAlgorithm");
}

base::Result<Request> parse_sign_intent(ObjectReader& reader) {
  SignIntent request;
  Intent& intent = request.intent;
  TANBA_TRY(intent.id, reader.text("intent"));
  TANBA_TRY(const std::string kind, reader.text("kind"));
  TANBA_TRY(intent.kind, parse_intent_kind(kind));
  TANBA_TRY(intent.number, reader.text("number"));
  TANBA_TRY(const std::string digest_name, reader.text("digestAlgorithm"));
  TANBA_TRY(intent.document.algorithm, parse_digest_name(digest_name));
  TANBA_TRY(const std::string digest, reader.text("digest"));
  base::Result<base::Bytes> value = base::from_hex(digest);
  if (!value) return protocol_failure("digest");
  intent.document.value = *std::move(value);
  TANBA_TRY(intent.licensor, reader.text("licensor"));
  TANBA_TRY(intent.key, reader.text("key"));
  TANBA_TRY(const base::Bytes algorithm, reader.base64("algorithm"));
  TANBA_TRY(request.algorithm, parse_algorithm(algorithm));
  TANBA_TRY(request.approval, reader.base64("approval"));
  if (request.approval.size() > kMaxApprovalBytes) return protocol_failure("approval");
  TANBA_CHECK(check_intent(intent));
  return request;
}

base::Result<Request> parse_ask_intent(ObjectReader& reader) {
  AskIntent request;
  TANBA_TRY(request.intent, reader.text("intent"));
  return request;
}

base::Result<Request> parse_cancel_intent(ObjectReader& reader) {
  CancelIntent request;
  TANBA_TRY(request.intent, reader.text("intent"));
  TANBA_CHECK(check_intent_id(request.intent));
  return request;
}

base::Result<Request> parse_seal_capsule(ObjectReader& reader) {
  SealCapsule request;
  TANBA_TRY(request.kind, reader.text("kind"));
  TANBA_TRY(request.id, reader.text("id"));
  TANBA_TRY(const std::string manifest, reader.text("manifest"));
  const auto digest = base::digest_from_hex(manifest);
  if (!digest || digest->hex() != manifest) return protocol_failure("manifest");
  request.manifest = *digest;
  TANBA_TRY(request.key, reader.text("key"));
  return request;
}

base::Result<Request> parse_request_of(std::string_view name, ObjectReader& reader) {
  if (name == "ping") return Ping{};
  if (name == "list-keys") return ListKeys{};
  if (name == "sign-intent") return parse_sign_intent(reader);
  if (name == "ask-intent") return parse_ask_intent(reader);
  if (name == "cancel-intent") return parse_cancel_intent(reader);
  if (name == "seal-capsule") return parse_seal_capsule(reader);
  return protocol_failure("request");
}

// --- answers -------------------------------------------------------------------------------------------------------

json::object answer_object(const Pong& answer) {
  return {{"answer", "pong"}, {"program", answer.version}, {"logEntries", answer.log_entries}};
}

json::object key_object(const KeyDescription& key) {
  json::array algorithms;
  for (const pki::SignatureAlgorithm& algorithm : key.algorithms) {
    algorithms.push_back(json::string(write_algorithm(algorithm)));
  }
  json::object out{
      {"name", key.name},     {"purpose", to_string(key.purpose)},   {"state", to_string(key.state)},
      {"reason", key.reason}, {"algorithms", std::move(algorithms)}, {"chain", write_certificates(key.chain)}};
  if (key.certificate) out["certificate"] = base::to_base64(key.certificate->der());
  return out;
}

json::object answer_object(const KeyList& answer) {
  json::array keys;
  for (const KeyDescription& key : answer.keys) keys.push_back(key_object(key));
  return {{"answer", "keys"}, {"keys", std::move(keys)}};
}

json::object answer_object(const Signed& answer) {
  return {{"answer", "signed"}, {"signed", write_signed(answer)}};
}

json::object answer_object(const IntentAnswer& answer) {
  json::object out{{"answer", "intent"}, {"state", to_string(answer.progress)}};
  if (answer.signature) out["signed"] = write_signed(*answer.signature);
  return out;
}

json::object answer_object(const Sealed& answer) {
  return {{"answer", "sealed"},
          {"signed", write_signed(answer.signature)},
          {"sealedAt", base::format_time(answer.sealed_at)}};
}

json::object error_object(const base::Error& error) {
  json::array arguments;
  for (const base::ErrorArgument& argument : error.arguments()) {
    arguments.push_back({{"name", argument.name}, {"value", argument.value}});
  }
  return {{"answer", "error"}, {"code", base::dotted(error.code())}, {"arguments", std::move(arguments)}};
}

base::Result<Answer> parse_pong(ObjectReader& reader) {
  Pong answer;
  TANBA_TRY(answer.version, reader.text("program"));
  TANBA_TRY(answer.log_entries, reader.count("logEntries"));
  return answer;
}

base::Result<KeyState> parse_key_state(std::string_view text) {
  for (const KeyState state : kStates) {
    if (text == to_string(state)) return state;
  }
  return protocol_failure("state");
}

base::Result<KeyDescription> parse_key(const json::value& value) {
  TANBA_TRY(ObjectReader reader, ObjectReader::from(value, "keys"));
  KeyDescription key;
  TANBA_TRY(key.name, reader.text("name"));
  TANBA_TRY(const std::string purpose, reader.text("purpose"));
  TANBA_TRY(key.purpose, parse_key_purpose(purpose));
  TANBA_TRY(const std::string state, reader.text("state"));
  TANBA_TRY(key.state, parse_key_state(state));
  TANBA_TRY(key.reason, reader.text("reason"));
  TANBA_TRY(const json::array* algorithms, reader.array("algorithms"));
  TANBA_TRY(const std::vector<base::Bytes> ders, parse_base64_list(*algorithms, kMaxAlgorithms, "algorithms"));
  for (const base::Bytes& der : ders) {
    TANBA_TRY(const pki::SignatureAlgorithm algorithm, parse_algorithm(der));
    key.algorithms.push_back(algorithm);
  }
  TANBA_TRY(const json::array* chain, reader.array("chain"));
  TANBA_TRY(key.chain, parse_chain(*chain));
  if (reader.has("certificate")) {
    TANBA_TRY(const base::Bytes der, reader.base64("certificate"));
    TANBA_TRY(key.certificate, parse_certificate(der));
  }
  TANBA_CHECK(reader.finish());
  return key;
}

base::Result<Answer> parse_keys(ObjectReader& reader) {
  TANBA_TRY(const json::array* list, reader.array("keys"));
  if (list->size() > kMaxKeys) return protocol_failure("keys");
  KeyList answer;
  for (const json::value& value : *list) {
    TANBA_TRY(KeyDescription key, parse_key(value));
    answer.keys.push_back(std::move(key));
  }
  return answer;
}

base::Result<Answer> parse_signed_answer(ObjectReader& reader) {
  TANBA_TRY(const json::object* object, reader.object("signed"));
  TANBA_TRY(Signed answer, parse_signed(*object));
  return answer;
}

base::Result<Answer> parse_sealed(ObjectReader& reader) {
  Sealed answer;
  TANBA_TRY(const json::object* object, reader.object("signed"));
  TANBA_TRY(answer.signature, parse_signed(*object));
  TANBA_TRY(const std::string text, reader.text("sealedAt"));
  const auto time = base::parse_time(text);
  if (!time || base::format_time(*time) != text) return protocol_failure("sealedAt");
  answer.sealed_at = *time;
  return answer;
}

base::Result<Answer> parse_intent_answer(ObjectReader& reader) {
  IntentAnswer answer;
  TANBA_TRY(const std::string state, reader.text("state"));
  const auto progress = std::ranges::find(kProgresses, state, [](IntentProgress known) { return to_string(known); });
  if (progress == kProgresses.end()) return protocol_failure("state");
  answer.progress = *progress;
  if (answer.progress == IntentProgress::kSigned) {
    TANBA_TRY(const json::object* object, reader.object("signed"));
    TANBA_TRY(answer.signature, parse_signed(*object));
  }
  return answer;
}

// Always an error: the server's own, or that it cannot be read.
base::Error parse_error(ObjectReader& reader) {
  base::Error unreadable = protocol_failure("error").error();
  const base::Result<std::string> name = reader.text("code");
  const base::Result<const json::array*> list = reader.array("arguments");
  if (!name || !list || (*list)->size() > kMaxErrorArguments || !reader.finish()) return unreadable;
  const std::optional<base::Code> code = base::find_code(*name);
  if (!code) return unreadable;
  std::vector<base::ErrorArgument> arguments;
  for (const json::value& value : **list) {
    base::Result<ObjectReader> entry = ObjectReader::from(value, "arguments");
    if (!entry) return unreadable;
    base::Result<std::string> argument_name = entry->text("name");
    base::Result<std::string> argument_value = entry->text("value");
    if (!argument_name || !argument_value || !entry->finish()) return unreadable;
    arguments.push_back({*std::move(argument_name), *std::move(argument_value)});
  }
  return base::Error(*code, std::move(arguments));
}

base::Result<Answer> parse_answer_of(std::string_view name, ObjectReader& reader) {
  if (name == "pong") return parse_pong(reader);
  if (name == "keys") return parse_keys(reader);
  if (name == "signed") return parse_signed_answer(reader);
  if (name == "intent") return parse_intent_answer(reader);
  if (name == "sealed") return parse_sealed(reader);
  return protocol_failure("answer");
}

base::Status check_version(ObjectReader& reader) {
  TANBA_TRY(const std::uint64_t version, reader.count("v"));
  if (version != kProtocolVersion) return protocol_failure("v");
  return {};
}

std::string write_message(json::object object) {
  object["v"] = kProtocolVersion;
  return base::canonical_json(object);
}

base::Result<json::value> parse_message(std::string_view text) {
  base::Result<json::value> root = base::parse_json(text, kJsonLimits);
  if (!root) return protocol_failure(base::dotted(root.error().code()));
  return root;
}

}  // namespace

std::size_t max_certificate_bytes(std::size_t keys) {
  constexpr std::size_t kOfKey = 3U << 10;  // beside the certificates: name, state, algorithms, a signature
  constexpr std::size_t kMaxShare = kMaxFrameBytes / 3;
  const std::size_t share = std::min((kMaxFrameBytes - kOfKey) / std::max<std::size_t>(keys, 1), kMaxShare);
  return (share - kOfKey) / 4 * 3;  // base64
}

std::string_view to_string(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kLicence:
      return "licence";
    case KeyPurpose::kRefusal:
      return "refusal";
    case KeyPurpose::kWsSecurity:
      return "ws-security";
    case KeyPurpose::kCapsule:
      return "capsule";
    case KeyPurpose::kCheckpoint:
      return "checkpoint";
    case KeyPurpose::kServiceLogin:
      return "service-login";
  }
  return "?";
}

base::Result<KeyPurpose> parse_key_purpose(std::string_view text) {
  for (const KeyPurpose purpose : kPurposes) {
    if (text == to_string(purpose)) return purpose;
  }
  return protocol_failure("purpose");
}

KeyPurpose purpose_of(IntentKind kind) {
  return kind == IntentKind::kLicence ? KeyPurpose::kLicence : KeyPurpose::kRefusal;
}

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::kReady:
      return "ready";
    case KeyState::kLocked:
      return "locked";
    case KeyState::kLost:
      return "lost";
  }
  return "?";
}

std::string_view to_string(IntentProgress progress) {
  switch (progress) {
    case IntentProgress::kUnknown:
      return "unknown";
    case IntentProgress::kSigning:
      return "signing";
    case IntentProgress::kSigned:
      return "signed";
    case IntentProgress::kCancelled:
      return "cancelled";
  }
  return "?";
}

std::string write_request(const Request& request) {
  return write_message(std::visit([](const auto& known) { return request_object(known); }, request));
}

base::Result<Request> parse_request(std::string_view text) {
  TANBA_TRY(const json::value root, parse_message(text));
  TANBA_TRY(ObjectReader reader, ObjectReader::from(root, "request"));
  TANBA_CHECK(check_version(reader));
  TANBA_TRY(const std::string name, reader.text("request"));
  TANBA_TRY(Request request, parse_request_of(name, reader));
  TANBA_CHECK(reader.finish());
  return request;
}

std::string write_outcome(const Outcome& outcome) {
  if (!outcome) return write_message(error_object(outcome.error()));
  return write_message(std::visit([](const auto& known) { return answer_object(known); }, *outcome));
}

Outcome parse_outcome(std::string_view text) {
  TANBA_TRY(const json::value root, parse_message(text));
  TANBA_TRY(ObjectReader reader, ObjectReader::from(root, "answer"));
  TANBA_CHECK(check_version(reader));
  TANBA_TRY(const std::string name, reader.text("answer"));
  if (name == "error") return std::unexpected(parse_error(reader));
  TANBA_TRY(Answer answer, parse_answer_of(name, reader));
  TANBA_CHECK(reader.finish());
  return answer;
}

json::object write_signed(const Signed& answer) {
  return {{"algorithm", write_algorithm(answer.algorithm)},
          {"signature", base::to_base64(answer.signature)},
          {"certificate", base::to_base64(answer.certificate->der())},
          {"chain", write_certificates(answer.chain)}};
}

base::Result<Signed> parse_signed(const json::object& object) {
  ObjectReader reader(object);
  Signed answer;
  TANBA_TRY(const base::Bytes algorithm, reader.base64("algorithm"));
  TANBA_TRY(answer.algorithm, parse_algorithm(algorithm));
  TANBA_TRY(answer.signature, reader.base64("signature"));
  TANBA_TRY(const base::Bytes certificate, reader.base64("certificate"));
  TANBA_TRY(answer.certificate, parse_certificate(certificate));
  TANBA_TRY(const json::array* chain, reader.array("chain"));
  TANBA_TRY(answer.chain, parse_chain(*chain));
  TANBA_CHECK(reader.finish());
  return answer;
}

base::Result<std::string> write_frame(std::string_view text) {
  if (text.empty() || text.size() > kMaxFrameBytes) return protocol_failure("the frame's length");
  const auto length = static_cast<std::uint32_t>(text.size());
  std::string out;
  out.reserve(kFrameHeaderBytes + text.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>((length >> shift) & 0xFFU);
  out += text;
  return out;
}

base::Result<std::uint32_t> parse_frame_header(base::ByteView header) {
  if (header.size() != kFrameHeaderBytes) return protocol_failure("the frame's length");
  std::uint32_t length = 0;
  for (const std::uint8_t octet : header) length = length << 8 | octet;
  if (length == 0 || length > kMaxFrameBytes) return protocol_failure("the frame's length");
  return length;
}

}  // namespace tanba::tokens::client
