// A PKCS#11 module (a vendor's shared library), its slots and the tokens in them.
//
// libp11 loads, initialises and unloads the module. Everything else is asked of the module directly: libp11 0.4.12
// keeps a copy of the PIN, closes all sessions of a slot when it looks at the slots anew, and hides which error a
// log-in met.
//
// A module is loaded once in a process: the caller keeps one Module for each path (PKCS#11 modules are process-wide,
// and unloading one of two would end both).
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "tokens/pkcs11_uri.h"

extern "C" {
struct _CK_FUNCTION_LIST;  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): PKCS#11 names it so
}

namespace tanba::tokens {

// What a token says about one of its PINs (CK_TOKEN_INFO flags).
enum class PinState : std::uint8_t {
  kNotInitialised,  // user PIN only: C_InitPIN was never called
  kReady,
  kCountLow,  // a wrong PIN was given since the last right one
  kFinalTry,  // the next wrong one locks
  kLocked,
  kToBeChanged,  // still the one from the factory, or expired
};
[[nodiscard]] std::string_view to_string(PinState state);  // "ready", "count-low", ...

struct TokenInfo {
  unsigned long slot = 0;
  std::string label, manufacturer, model, serial;  // octets of the token, blanks at the end cut off
  std::string slot_description, slot_manufacturer;
  PinState user_pin = PinState::kReady;
  PinState so_pin = PinState::kReady;  // the administrator's (security officer's)
  unsigned long min_pin_bytes = 0;
  unsigned long max_pin_bytes = 0;  // 0: not said
  bool initialised = false;
  bool login_required = false;
  bool write_protected = false;
  bool pin_pad = false;  // CKF_PROTECTED_AUTHENTICATION_PATH: the PIN is typed on the reader
};

struct MechanismInfo {
  unsigned long type = 0;  // CKM_…
  unsigned long min_key_bits = 0;
  unsigned long max_key_bits = 0;
  bool signs = false;
  bool generates_key_pairs = false;
};

struct ModuleInfo {
  std::string manufacturer, description;
  std::string cryptoki_version, library_version;  // "2.40"
};

class Module {
 public:
  // token.module when there is no such library, or it is none of PKCS#11, or does not initialise.
  [[nodiscard]] static base::Result<std::shared_ptr<Module>> load(const std::filesystem::path& path);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] base::Result<ModuleInfo> info() const;
  // Every token in a slot now, also those not initialised.
  [[nodiscard]] base::Result<std::vector<TokenInfo>> tokens() const;
  // Those whom all fits that the URI says of the library, the slot and the token.
  [[nodiscard]] base::Result<std::vector<TokenInfo>> tokens(const Pkcs11Uri& which) const;
  [[nodiscard]] base::Result<TokenInfo> token(unsigned long slot) const;
  [[nodiscard]] base::Result<std::vector<MechanismInfo>> mechanisms(unsigned long slot) const;

  // Finalises and initialises again: some modules see a returned token only then. That ends every session of this
  // process with every token of the module, so it is refused (token.module) while a Token is connected. Waits for the
  // calls under way.
  [[nodiscard]] base::Status reinitialise();

  // --- for this folder's own files ---

  // Held around calls, so that the module is not finalised under them.
  [[nodiscard]] std::shared_lock<std::shared_mutex> use() const { return std::shared_lock(mutex_); }
  [[nodiscard]] const _CK_FUNCTION_LIST& functions() const { return *functions_; }
  // How many Token objects have sessions open; changed only while use() is held.
  std::atomic<int> connected_tokens{0};

 private:
  explicit Module(std::filesystem::path path);
  [[nodiscard]] base::Status open();
  [[nodiscard]] base::Result<TokenInfo> token_unlocked(unsigned long slot) const;
  [[nodiscard]] std::unexpected<base::Error> unusable(std::string reason) const;

  const std::filesystem::path path_;
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
  const _CK_FUNCTION_LIST* functions_ = nullptr;
  mutable std::shared_mutex mutex_;
};

// The URI that names this token: token, manufacturer, serial, model.
[[nodiscard]] Pkcs11Uri uri_of(const TokenInfo& token);
// Whether every path attribute about tokens and slots, or about the library, that the URI gives fits.
[[nodiscard]] bool matches(const Pkcs11Uri& uri, const TokenInfo& token);
[[nodiscard]] bool matches(const Pkcs11Uri& uri, const ModuleInfo& module);

}  // namespace tanba::tokens
