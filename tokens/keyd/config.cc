#include "tokens/keyd/config.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/file.h"

namespace tanba::tokens::keyd {
namespace {

constexpr std::size_t kMaxConfigBytes = 1U << 20;
constexpr std::size_t kMaxCertificateFileBytes = 256U << 10;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kBinDigits = 12;
constexpr std::size_t kMaxKeys = 64;  // a thread each

std::unexpected<base::Error> invalid(std::string key, std::string reason) {
  return base::fail(base::Code::kConfigInvalid, {{"key", std::move(key)}, {"reason", std::move(reason)}});
}

// One table; remembers what was asked for, so that the rest can be refused.
class Table {
 public:
  Table(const toml::table& table, std::string place) : table_(table), place_(std::move(place)) {}

  [[nodiscard]] std::string place_of(std::string_view name) const {
    return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
  }
  [[nodiscard]] bool has(std::string_view name) const { return table_.contains(name); }

  base::Result<std::string> text(std::string_view name) {
    const toml::node* node = take(name);
    const auto value = node == nullptr ? std::nullopt : node->value_exact<std::string>();
    if (!value || value->empty()) return invalid(place_of(name), "a text is needed");
    return *value;
  }
  base::Result<std::optional<std::string>> optional_text(std::string_view name) {
    if (!has(name)) return std::nullopt;
    TANBA_TRY(std::string value, text(name));
    return value;
  }
  base::Result<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most,
                                    std::int64_t otherwise) {
    const toml::node* node = take(name);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) {
      return invalid(place_of(name), fmt::format("a number from {} to {} is needed", least, most));
    }
    return *value;
  }
  base::Result<std::vector<std::string>> texts(std::string_view name) {
    const toml::node* node = take(name);
    const toml::array* array = node == nullptr ? nullptr : node->as_array();
    if (array == nullptr) return invalid(place_of(name), "a list of texts is needed");
    std::vector<std::string> out;
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (!value || value->empty()) return invalid(place_of(name), "a list of texts is needed");
      out.push_back(*value);
    }
    return out;
  }
  base::Result<Table> table(std::string_view name) {
    const toml::node* node = take(name);
    if (node == nullptr || !node->is_table()) return invalid(place_of(name), "a table is needed");
    return Table(*node->as_table(), place_of(name));
  }
  base::Result<std::vector<Table>> tables(std::string_view name) {
    std::vector<Table> out;
    const toml::node* node = take(name);
    if (node == nullptr) return out;
    if (!node->is_array()) return invalid(place_of(name), "a list of tables is needed");
    for (const toml::node& element : *node->as_array()) {
      const std::string place = fmt::format("{}[{}]", place_of(name), out.size());
      if (!element.is_table()) return invalid(place, "a table is needed");
      out.emplace_back(*element.as_table(), place);
    }
    return out;
  }
  [[nodiscard]] base::Status finish() const {
    for (const auto& [key, value] : table_) {
      if (!taken_.contains(key.str())) return invalid(place_of(key.str()), "there is no such setting");
    }
    return {};
  }

 private:
  const toml::node* take(std::string_view name) {
    taken_.emplace(name);
    return table_.get(name);
  }
  const toml::table& table_;
  std::string place_;
  std::set<std::string, std::less<>> taken_;
};

std::optional<unsigned> parse_number(std::string_view text, int base) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

base::Result<uid_t> user_id(const std::string& name, const std::string& place) {
  if (const auto number = parse_number(name, 10)) return *number;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only the main thread runs when configurations are read
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return invalid(place, fmt::format("there is no user {}", name));
  return entry->pw_uid;
}

base::Result<gid_t> group_id(const std::string& name, const std::string& place) {
  if (const auto number = parse_number(name, 10)) return *number;
  const group* entry = ::getgrnam(name.c_str());  // NOLINT(concurrency-mt-unsafe): as above
  if (entry == nullptr) return invalid(place, fmt::format("there is no group {}", name));
  return entry->gr_gid;
}

base::Status check_name(const std::string& name, const std::string& place) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (name.size() > kMaxNameBytes || !std::ranges::all_of(name, fits)) {
    return invalid(place, "a name has at most 64 of A-Z a-z 0-9 . _ -");
  }
  return {};
}

class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& folder) : folder_(folder) {}

  base::Result<Config> run(const toml::table& root) {
    Table table(root, "");
    TANBA_TRY(Table socket, table.table("socket"));
    TANBA_CHECK(read_socket(socket));
    TANBA_TRY(Table log, table.table("log"));
    TANBA_TRY(const std::string log_path, log.text("path"));
    TANBA_CHECK(log.finish());
    config_.log = resolve(log_path);
    TANBA_TRY(const std::int64_t probe_ms, table.number("probe_ms", 50, 600'000, 2000));
    config_.probe_interval = std::chrono::milliseconds(probe_ms);
    // At most a minute: the service manager waits for a stop a little longer.
    TANBA_TRY(const std::int64_t token_timeout_ms, table.number("token_timeout_ms", 100, 60'000, 20'000));
    config_.token_timeout = std::chrono::milliseconds(token_timeout_ms);
    TANBA_TRY(std::vector<Table> modules, table.tables("modules"));
    for (Table& module : modules) TANBA_CHECK(read_module(module));
    TANBA_TRY(std::vector<Table> keys, table.tables("keys"));
    if (keys.empty() || keys.size() > kMaxKeys) return invalid("keys", "1 to 64 keys are needed");
    for (Table& key : keys) TANBA_CHECK(read_key(key));
    TANBA_TRY(std::vector<Table> approvers, table.tables("approvers"));
    for (Table& approver : approvers) TANBA_CHECK(read_approver(approver));
    TANBA_CHECK(table.finish());
    TANBA_CHECK(check_whole());
    return std::move(config_);
  }

 private:
  std::filesystem::path resolve(const std::string& path) const { return folder_ / path; }

  base::Status read_socket(Table& table) {
    TANBA_TRY(const std::string path, table.text("path"));
    config_.socket.path = resolve(path);
    TANBA_TRY(const std::optional<std::string> mode, table.optional_text("mode"));
    if (mode) {
      const auto number = parse_number(*mode, 8);
      // Whoever may write to the socket may try; the peers' user ids are checked beside that.
      if (!number || *number > 0777) return invalid(table.place_of("mode"), "an octal mode like \"0660\" is needed");
      config_.socket.mode = *number;
    }
    TANBA_TRY(const std::optional<std::string> group, table.optional_text("group"));
    if (group) {
      TANBA_TRY(config_.socket.group, group_id(*group, table.place_of("group")));
    }
    TANBA_TRY(const std::vector<std::string> peers, table.texts("peers"));
    for (const std::string& peer : peers) {
      TANBA_TRY(const uid_t uid, user_id(peer, table.place_of("peers")));
      config_.socket.peers.insert(uid);
    }
    if (config_.socket.peers.empty()) return invalid(table.place_of("peers"), "name who may ask");
    TANBA_TRY(const std::int64_t connections, table.number("max_connections", 2, 1024, 64));
    config_.socket.max_connections = static_cast<std::size_t>(connections);
    return table.finish();
  }

  base::Status read_module(Table& table) {
    ModuleConfig module;
    TANBA_TRY(module.name, table.text("name"));
    TANBA_CHECK(check_name(module.name, table.place_of("name")));
    TANBA_TRY(const std::string path, table.text("path"));
    module.path = resolve(path);
    for (const ModuleConfig& known : config_.modules) {
      if (known.name == module.name) return invalid(table.place_of("name"), "this name stands twice");
      if (known.path == module.path) return invalid(table.place_of("path"), "this module stands twice");
    }
    config_.modules.push_back(std::move(module));
    return table.finish();
  }

  base::Status read_key(Table& table) {
    KeyConfig key;
    TANBA_TRY(key.name, table.text("name"));
    TANBA_CHECK(check_name(key.name, table.place_of("name")));
    for (const KeyConfig& known : config_.keys) {
      if (known.name == key.name) return invalid(table.place_of("name"), "this name stands twice");
    }
    TANBA_TRY(const std::string purpose, table.text("purpose"));
    const base::Result<client::KeyPurpose> known_purpose = client::parse_key_purpose(purpose);
    if (!known_purpose) {
      return invalid(table.place_of("purpose"),
                     "one of licence, refusal, ws-security, capsule, checkpoint, service-login is needed");
    }
    key.purpose = *known_purpose;
    TANBA_CHECK(read_key_place(table, key));
    TANBA_CHECK(read_pin(table, key));
    TANBA_CHECK(read_key_certificates(table, key));
    TANBA_TRY(const std::int64_t queued, table.number("max_queued", 1, 4096, 64));
    key.max_queued = static_cast<std::size_t>(queued);
    config_.keys.push_back(std::move(key));
    return table.finish();
  }

  base::Status read_key_place(Table& table, KeyConfig& key) {
    TANBA_TRY(key.module, table.text("module"));
    const bool known = std::ranges::any_of(config_.modules, [&](const auto& m) { return m.name == key.module; });
    if (!known) return invalid(table.place_of("module"), "there is no module of this name");
    TANBA_TRY(const std::string uri, table.text("uri"));
    base::Result<Pkcs11Uri> parsed = parse_pkcs11_uri(uri);
    if (!parsed) return invalid(table.place_of("uri"), parsed.error().message());
    key.uri = *std::move(parsed);
    if (!key.uri.token && !key.uri.serial) return invalid(table.place_of("uri"), "it must name the token");
    if (!key.uri.object && !key.uri.id) return invalid(table.place_of("uri"), "it must name the key (object or id)");
    if (key.uri.type && *key.uri.type != ObjectType::kPrivate) {
      return invalid(table.place_of("uri"), "it must name a private key");
    }
    if (uri.contains('?')) {
      return invalid(table.place_of("uri"), "module and PIN are settings of their own here");
    }
    return {};
  }

  base::Status read_pin(Table& table, KeyConfig& key) {
    TANBA_TRY(const std::optional<std::string> file, table.optional_text("pin_file"));
    TANBA_TRY(const std::optional<std::string> credential, table.optional_text("pin_credential"));
    TANBA_TRY(const std::optional<std::string> prompt, table.optional_text("pin"));
    if (int{file.has_value()} + int{credential.has_value()} + int{prompt.has_value()} != 1) {
      return invalid(table.place_of("pin"), "one of pin_file, pin_credential and pin = \"prompt\" is needed");
    }
    if (file) key.pin = {PinOrigin::kFile, resolve(*file).string()};
    if (credential) key.pin = {PinOrigin::kCredential, *credential};
    if (credential && credential->find('/') != std::string::npos) {
      return invalid(table.place_of("pin_credential"), "the name of a credential has no slash");
    }
    if (prompt && *prompt != "prompt") return invalid(table.place_of("pin"), "PINs do not stand in configurations");
    if (prompt) key.pin = {PinOrigin::kPrompt, {}};
    return {};
  }

  base::Result<std::vector<pki::CertificatePtr>> read_certificates(const std::string& file, const std::string& place) {
    const base::Result<base::Bytes> octets = base::read_file(resolve(file), kMaxCertificateFileBytes);
    if (!octets) return invalid(place, octets.error().message());
    base::Result<std::vector<pki::CertificatePtr>> certificates = pki::parse_certificates(*octets);
    if (!certificates) return invalid(place, certificates.error().message());
    if (certificates->empty()) return invalid(place, "the file holds no certificate");
    return certificates;
  }

  base::Status read_key_certificates(Table& table, KeyConfig& key) {
    TANBA_TRY(const std::optional<std::string> own, table.optional_text("certificate"));
    if (own) {
      TANBA_TRY(const auto certificates, read_certificates(*own, table.place_of("certificate")));
      if (certificates.size() != 1) return invalid(table.place_of("certificate"), "one certificate is needed");
      key.certificate = certificates.front();
    }
    TANBA_TRY(const std::optional<std::string> chain, table.optional_text("chain"));
    if (chain) {
      TANBA_TRY(key.chain, read_certificates(*chain, table.place_of("chain")));
      if (key.chain.size() > client::kMaxChain) {
        return invalid(table.place_of("chain"),
                       fmt::format("at most {} certificates go with a key", client::kMaxChain));
      }
    }
    return {};
  }

  base::Status read_approver(Table& table) {
    ApproverConfig approver;
    TANBA_TRY(const std::string key, table.text("key"));
    const base::Result<base::Digest> digest = base::digest_from_hex(key);
    if (!digest) return invalid(table.place_of("key"), "the SHA-256 of a public key is needed, 64 hexadecimal digits");
    approver.key = *digest;
    TANBA_TRY(approver.licensor, table.text("licensor"));
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (approver.licensor.size() != kBinDigits || !std::ranges::all_of(approver.licensor, is_digit)) {
      return invalid(table.place_of("licensor"), "the BIN of the licensor is needed, 12 digits");
    }
    TANBA_TRY(approver.iin, table.optional_text("iin"));
    TANBA_TRY(const std::vector<std::string> kinds, table.texts("kinds"));
    for (const std::string& text : kinds) {
      const base::Result<client::IntentKind> kind = client::parse_intent_kind(text);
      if (!kind) return invalid(table.place_of("kinds"), "licence and refusal are the kinds");
      approver.kinds.insert(*kind);
    }
    if (approver.kinds.empty()) return invalid(table.place_of("kinds"), "name what this key may approve");
    for (const ApproverConfig& known : config_.approvers) {
      if (known.key == approver.key) return invalid(table.place_of("key"), "this key stands twice");
    }
    config_.approvers.push_back(std::move(approver));
    return table.finish();
  }

  base::Status check_whole() {
    const auto needs_approval = [](const KeyConfig& key) {
      return key.purpose == client::KeyPurpose::kLicence || key.purpose == client::KeyPurpose::kRefusal;
    };
    if (config_.approvers.empty() && std::ranges::any_of(config_.keys, needs_approval)) {
      return invalid("approvers", "keys for licences and refusals need officers who approve");
    }
    return check_certificates_fit();
  }

  // One answer tells of all keys. What only the token shows is bounded when it is read.
  [[nodiscard]] base::Status check_certificates_fit() const {
    const std::size_t room_bytes = client::max_certificate_bytes(config_.keys.size());
    for (std::size_t i = 0; i < config_.keys.size(); ++i) {
      const KeyConfig& key = config_.keys[i];
      std::size_t taken_bytes = key.certificate ? key.certificate->der().size() : 0;
      for (const pki::CertificatePtr& certificate : key.chain) taken_bytes += certificate->der().size();
      if (taken_bytes <= room_bytes) continue;
      return invalid(fmt::format("keys[{}].chain", i),
                     fmt::format("with {} keys, a certificate and its chain have at most {} octets of DER, not {}",
                                 config_.keys.size(), room_bytes, taken_bytes));
    }
    return {};
  }

  const std::filesystem::path& folder_;
  Config config_;
};

}  // namespace

base::Result<Config> parse_config(std::string_view text, const std::filesystem::path& folder) {
  try {
    const toml::table root = toml::parse(text);
    return ConfigReader(folder).run(root);
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("line {}", error.source().begin.line), std::string(error.description()));
  }
}

base::Result<Config> load_config(const std::filesystem::path& path) {
  TANBA_TRY(const base::Bytes octets, base::read_file(path, kMaxConfigBytes));
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (error) return invalid(path.string(), error.message());
  return parse_config(base::as_text(octets), whole.parent_path());
}

std::string_view example_config() {
  return R"(# Whom the server listens to. Whoever is not among the peers is refused, whatever the file's mode.
[socket]
path = "/run/tanba-keyd/socket"
mode = "0660"
group = "tanba-sign"          # the socket's group; the server's own when absent
peers = ["tanba"]             # user names or numbers: the daemon's user
max_connections = 64

# What was signed, for whom: a chain of hashes, written and synced before anything is signed. One server a file.
[log]
path = "/var/lib/tanba-keyd/log"

# How often (milliseconds) tokens are looked at while nothing is signed.
# probe_ms = 2000
# A token that takes longer (milliseconds) over one request does not answer: the key is told of as lost, and takes
# nothing more until the call returns. A stop waits so long for what is under way, then ends with exit status 75.
# token_timeout_ms = 20000

[[modules]]
name = "softhsm"
path = "/usr/lib/softhsm/libsofthsm2.so"

# Each key has one purpose: licence, refusal, ws-security, capsule, checkpoint or service-login.
[[keys]]
name = "licence-2026"
purpose = "licence"
module = "softhsm"
uri = "pkcs11:token=tanba;object=licence"     # RFC 7512; see `tanba token keys`
# One of: a file that only this server's user reads, a credential of systemd (LoadCredential=), or a prompt.
pin_file = "/etc/tanba-keyd/licence.pin"
# pin_credential = "licence-pin"
# pin = "prompt"
# certificate = "licence.pem"                 # when it is not on the token
chain = "issuing-ca.pem"                      # issuing CA first, at most 8
max_queued = 64                               # requests that wait; more are answered with server.busy

# The officers' keys that approve: SHA-256 of the public key (SubjectPublicKeyInfo), see `tanba cert show`.
[[approvers]]
key = "4f1c…"
licensor = "100440000212"                     # BIN: whose keys this officer's approvals are for
iin = "860904350504"                          # optional: the certificate must name this person
kinds = ["licence", "refusal"]
)";
}

}  // namespace tanba::tokens::keyd
