// Finding out who calls: bearer keys and TLS client keys of portals, log-in sessions of officers and operators.
//
// A bearer key is "tnb_" and 256 random bits in base64url; only its SHA-256 is kept anywhere (a key of that many random
// bits needs no slow hash). A TLS client key is known by the SHA-256 of its SubjectPublicKeyInfo; the handshake proved
// possession. An Authorization field that is there counts alone: a wrong one is not made good by a certificate.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/executor.h"
#include "net/http/message.h"
#include "server/caller.h"
#include "server/config.h"
#include "server/networks.h"
#include "server/sessions.h"

namespace tanba::server {

struct PortalGrant {
  std::string portal;
  std::vector<std::string> scopes;
  Networks networks;  // none: from anywhere
  std::optional<base::Time> expires;
};

// Where portals' keys are kept.
class PortalDirectory {
 public:
  virtual ~PortalDirectory() = default;
  // May block. auth.required when nobody has this key; auth.denied when it is disabled.
  [[nodiscard]] virtual base::Result<PortalGrant> find_key(KeyKind kind, const base::Digest& sha256) = 0;
};

// The keys of the configuration file. Thread-safe.
class ConfiguredPortals final : public PortalDirectory {
 public:
  explicit ConfiguredPortals(const std::vector<PortalKeyConfig>& keys) { replace(keys); }
  // All at once: whoever asks sees the keys and scopes of one file. A key that is not among these is nobody's from
  // here.
  void replace(const std::vector<PortalKeyConfig>& keys);
  [[nodiscard]] base::Result<PortalGrant> find_key(KeyKind kind, const base::Digest& sha256) override;

 private:
  using Grants = std::map<std::pair<KeyKind, base::Digest>, PortalGrant>;
  mutable std::mutex mutex_;
  std::shared_ptr<const Grants> grants_;
};

// Where staff is kept.
class StaffDirectory {
 public:
  virtual ~StaffDirectory() = default;
  // May block. auth.denied when this person is not listed any more.
  [[nodiscard]] virtual base::Status check_listed(const std::string& staff_id) = 0;
};

inline constexpr std::string_view kBearerPrefix = "tnb_";
// A new key, to be shown once; what is kept is sha256(key).
[[nodiscard]] base::Result<std::string> make_bearer_key();

class Authenticator {
 public:
  struct Parts {
    PortalDirectory* configured = nullptr;  // answers at once
    PortalDirectory* registry = nullptr;    // may block; null: there is none
    StaffDirectory* staff = nullptr;        // may block; null: whoever logged in stays listed
    SessionBook* sessions = nullptr;
    base::Executor* executor = nullptr;  // where the registry is asked
    const base::Clock* clock = nullptr;
  };
  // All parts outlive the authenticator.
  explicit Authenticator(Parts parts) : parts_(parts) {}

  using Done = std::move_only_function<void(base::Result<Caller>)>;
  // Nobody known, without an attempt to be, is an anonymous caller; a failed attempt is auth.required (unknown,
  // expired) or auth.denied (disabled, from a network it is not bound to). `done` runs at once or on a thread of the
  // executor.
  void authenticate(const net::http::Request& request, Done done);

  // Whether the request tries to say who it is from: cheap, for turning it away before its body is read.
  enum class Attempt : std::uint8_t { kNone, kMade };
  [[nodiscard]] static Attempt attempt(const net::http::Request& request);

 private:
  struct Known {
    PortalGrant grant;
    base::Time until;
  };
  using Key = std::pair<KeyKind, base::Digest>;
  void find_staff(std::string_view token, Done done);
  [[nodiscard]] bool was_listed_lately(const std::string& staff_id);
  void find_portal(const Key& key, std::string address, Done done);
  [[nodiscard]] std::optional<PortalGrant> recall(const Key& key);
  void remember(const Key& key, const PortalGrant& grant);
  [[nodiscard]] base::Result<Caller> admit(const PortalGrant& grant, KeyKind kind, std::string_view address) const;

  Parts parts_;
  std::mutex mutex_;
  std::map<Key, Known> known_;
  std::map<std::string, base::Time> listed_;  // staff id, and until when that is believed
};

}  // namespace tanba::server
