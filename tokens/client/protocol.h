// The key server's protocol: length-prefixed canonical JSON over a Unix socket, one answer to each request, in order.
//
// A frame is four octets of length, big-endian, then that many octets of JSON. Both sides parse strictly: unknown and
// missing members, other versions and longer frames are keyd.protocol. Nothing here opens a socket.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "tokens/client/intent.h"

namespace tanba::tokens::client {

inline constexpr int kProtocolVersion = 1;
// An approval with its certificates is under 64 KiB in base64, a list of 64 keys as max_certificate_bytes has it.
inline constexpr std::uint32_t kMaxFrameBytes = 1U << 20;
// Certificates above a key, in list-keys, in answers and in the key server's log.
inline constexpr std::size_t kMaxChain = 8;
// What one key's certificate and chain may have, in octets of DER, where there are so many keys: so each list of them,
// and each signature with them, fits into a frame. 9984 for 64 keys, 253440 for one to three.
[[nodiscard]] std::size_t max_certificate_bytes(std::size_t keys);
inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kMaxApprovalBytes = 64U << 10;  // an officer's CMS: certificates, attributes, one signer

// A key has one purpose, given in the key server's own configuration.
enum class KeyPurpose : std::uint8_t { kLicence, kRefusal, kWsSecurity, kCapsule, kCheckpoint, kServiceLogin };
[[nodiscard]] std::string_view to_string(KeyPurpose purpose);  // "licence", "ws-security", "service-login", ...
[[nodiscard]] base::Result<KeyPurpose> parse_key_purpose(std::string_view text);
[[nodiscard]] KeyPurpose purpose_of(IntentKind kind);

enum class KeyState : std::uint8_t {
  kReady,   // signs
  kLocked,  // its token waits for a person to log in (PIN typed, wrong or locked)
  kLost,    // its token is not there or does not answer
};
[[nodiscard]] std::string_view to_string(KeyState state);  // "ready", "locked", "lost"

// --- requests ------------------------------------------------------------------------------------------------------

struct Ping {
  bool operator==(const Ping&) const = default;
};
struct ListKeys {
  bool operator==(const ListKeys&) const = default;
};
struct SignIntent {
  Intent intent;
  pki::SignatureAlgorithm algorithm;  // one of the key's
  base::Bytes approval;               // the officer's CMS SignedData over intent_text(intent), attached or detached
  bool operator==(const SignIntent&) const = default;
};
struct AskIntent {  // what became of this intent?
  std::string intent;
  bool operator==(const AskIntent&) const = default;
};
// It is not to be signed any more. Whoever gives an intent up needs the answer `cancelled`: only then neither a request
// that waits for its key, nor one under way, nor an old approval gives a signature any more, also after restarts.
struct CancelIntent {
  std::string intent;  // shaped as in Intent
  bool operator==(const CancelIntent&) const = default;
};
// A capsule's seal. No approval stands behind it: the key server builds the statement that is signed, under a content
// type that no document has (cms/capsule_seal.h), and puts in the time by its own clock.
struct SealCapsule {
  std::string kind;       // "submission" or "decision"
  std::string id;         // of the request, or the decision's number: 1 to 100 octets without control characters
  base::Digest manifest;  // SHA-256 of the capsule's manifest
  std::string key;        // name in the key server's configuration
  bool operator==(const SealCapsule&) const = default;
};
using Request = std::variant<Ping, ListKeys, SignIntent, AskIntent, CancelIntent, SealCapsule>;

// --- answers -------------------------------------------------------------------------------------------------------

struct Pong {
  std::string version;  // of the program
  std::uint64_t log_entries = 0;
  bool operator==(const Pong&) const = default;
};
struct KeyDescription {
  std::string name;
  KeyPurpose purpose = KeyPurpose::kLicence;
  KeyState state = KeyState::kLost;
  std::string reason;                               // why it is not ready, as a dotted code; empty when it is
  std::vector<pki::SignatureAlgorithm> algorithms;  // preferred first; empty until the token was seen
  pki::CertificatePtr certificate;                  // null until the token was seen
  std::vector<pki::CertificatePtr> chain;           // the issuing CA first
};
struct KeyList {
  std::vector<KeyDescription> keys;
};
// The same for every repeat of the intent, also after restarts.
struct Signed {
  pki::SignatureAlgorithm algorithm;
  base::Bytes signature;  // over the fixed template around the digest; ECDSA: DER
  pki::CertificatePtr certificate;
  std::vector<pki::CertificatePtr> chain;  // the issuing CA first
};
enum class IntentProgress : std::uint8_t {
  kUnknown,    // not in the log: a request may still wait for its key
  kSigning,    // in the log; no signature left the key server, and one may be made (again)
  kSigned,     // and this is the signature
  kCancelled,  // no signature left the key server, and none will
};
[[nodiscard]] std::string_view to_string(IntentProgress progress);  // "unknown", "signing", "signed", "cancelled"
// To ask-intent and cancel-intent. There is a signature exactly when it was signed.
struct IntentAnswer {
  IntentProgress progress = IntentProgress::kUnknown;
  std::optional<Signed> signature;
};
// What the seal's CMS is made of, with the caller's statement and this time.
struct Sealed {
  Signed signature;
  base::Time sealed_at;
};
using Answer = std::variant<Pong, KeyList, Signed, IntentAnswer, Sealed>;
// What a request comes back with; the error's code and arguments travel, its cause stays in the server's log.
using Outcome = base::Result<Answer>;

// --- text of the messages --------------------------------------------------------------------------------------------

[[nodiscard]] std::string write_request(const Request& request);
[[nodiscard]] base::Result<Request> parse_request(std::string_view json);
[[nodiscard]] std::string write_outcome(const Outcome& outcome);
// The server's own errors come back as the outcome; one that this side cannot read is keyd.protocol.
[[nodiscard]] Outcome parse_outcome(std::string_view json);

// The members of Signed alone: the key server's log keeps them in the same words.
[[nodiscard]] boost::json::object write_signed(const Signed& answer);
[[nodiscard]] base::Result<Signed> parse_signed(const boost::json::object& object);

// --- frames --------------------------------------------------------------------------------------------------------

[[nodiscard]] base::Result<std::string> write_frame(std::string_view json);  // keyd.protocol when too long
// The length that four octets announce. keyd.protocol for none and for more than kMaxFrameBytes.
[[nodiscard]] base::Result<std::uint32_t> parse_frame_header(base::ByteView header);

}  // namespace tanba::tokens::client
