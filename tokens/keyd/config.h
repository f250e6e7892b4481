// The key server's configuration: TOML, read strictly. A member that is not known is an error, not passed over.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "pki/certificate.h"
#include "tokens/client/protocol.h"
#include "tokens/pkcs11_uri.h"

namespace tanba::tokens::keyd {

struct SocketConfig {
  std::filesystem::path path;
  mode_t mode = 0660;
  std::optional<gid_t> group;
  std::set<uid_t> peers;  // who may ask (SO_PEERCRED); never empty
  std::size_t max_connections = 64;
};

struct ModuleConfig {
  std::string name;
  std::filesystem::path path;
};

enum class PinOrigin : std::uint8_t {
  kFile,        // read at each log-in, by this process's user only
  kCredential,  // of systemd: a name below $CREDENTIALS_DIRECTORY
  kPrompt,      // typed at the start; the key comes back locked after a loss or a restart
};
struct PinSource {
  PinOrigin origin = PinOrigin::kPrompt;
  std::string name;  // path or name of the credential
  bool operator==(const PinSource&) const = default;
};

struct KeyConfig {
  std::string name;
  client::KeyPurpose purpose = client::KeyPurpose::kLicence;
  std::string module;
  Pkcs11Uri uri;
  PinSource pin;
  pki::CertificatePtr certificate;         // null: the one on the token
  std::vector<pki::CertificatePtr> chain;  // the issuing CA first
  std::size_t max_queued = 64;
};

struct ApproverConfig {
  base::Digest key;                // SHA-256 of the officer's SubjectPublicKeyInfo
  std::string licensor;            // BIN of the body for which this officer decides, and no other
  std::optional<std::string> iin;  // when given, the approval's certificate must name it
  std::set<client::IntentKind> kinds;
};

struct Config {
  SocketConfig socket;
  std::filesystem::path log;
  std::chrono::milliseconds probe_interval{2000};   // how often tokens are looked at when nothing is signed
  std::chrono::milliseconds token_timeout{20'000};  // a token that takes longer over one request does not answer
  std::vector<ModuleConfig> modules;
  std::vector<KeyConfig> keys;
  std::vector<ApproverConfig> approvers;
};

// Relative paths are taken from `folder`, the configuration's own. Files that it names (certificates) are read.
// config.invalid with the member's place ("keys[0].uri") and the reason.
[[nodiscard]] base::Result<Config> parse_config(std::string_view toml, const std::filesystem::path& folder);
[[nodiscard]] base::Result<Config> load_config(const std::filesystem::path& path);

// A configuration with every member explained, for --help.
[[nodiscard]] std::string_view example_config();

}  // namespace tanba::tokens::keyd
