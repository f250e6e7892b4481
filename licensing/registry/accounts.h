// Who may call, as the registry keeps it: portals with their keys, officers; and what security staff set: trust
// versions and holds. Secrets are never here, only SHA-256 hashes of keys (256 random bits need no slow hash).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "licensing/decision.h"
#include "licensing/registry_port.h"

namespace tanba::licensing::registry {

enum class AccountState : std::uint8_t { kEnabled, kDisabled };

struct Portal {
  std::string id = {};  // [a-z0-9-], chosen by the operator
  std::string name = {};
  AccountState state = AccountState::kEnabled;
};

enum class PortalKeyKind : std::uint8_t {
  kBearer,     // hash of the API key's octets as sent
  kMutualTls,  // hash of the client certificate's SubjectPublicKeyInfo
};
struct PortalKey {
  base::Digest hash = {};
  std::string portal = {};
  PortalKeyKind kind = PortalKeyKind::kBearer;
  std::vector<std::string> scopes = {};
  std::vector<std::string> networks = {};  // CIDR; none: any address
  std::optional<base::Time> expires_at = {};
  AccountState state = AccountState::kEnabled;
};
struct PortalAccess {
  Portal portal;
  PortalKey key;
};

// The listed officers of licensors, operators of service centres, and security staff of the body that runs the service.
enum class StaffKind : std::uint8_t { kOfficer, kOperator, kSecurity };
struct Staff {
  Officer person;  // `bin` is the licensor's, the centre's, or that of the body that runs the service
  StaffKind kind = StaffKind::kOfficer;
};

// One state of the trust list, kept for ever. The newest is in force in every daemon of this registry.
enum class TrustAct : std::uint8_t { kConfiguration, kImport, kRemoval, kRollback };
[[nodiscard]] std::string_view to_string(TrustAct act);  // configuration, import, removal, rollback
struct TrustVersion {
  std::int64_t version = 0;    // given by the registry: 1, 2, ...
  base::Digest snapshot = {};  // the document in the store
  std::string list = {};       // names the content: equal for equal lists
  TrustAct act = TrustAct::kConfiguration;
  std::optional<std::int64_t> restores = {};  // of a rollback
  std::string reason = {};
  Caller by = {};
  base::Time installed_at = {};
};

// A certificate that is refused here whatever its CA says.
struct Hold {
  std::string id = {};      // UUID
  std::string issuer = {};  // RFC 4514 name, as the report spells it
  std::string serial = {};  // lower-case hexadecimal
  std::string reason = {};
  std::string placed_by = {};
  base::Time placed_at = {};
  std::string lifted_by = {};  // empty while it holds
  std::optional<base::Time> lifted_at = {};
};

struct TrustQuery {
  std::optional<std::int64_t> before = {};  // of the last row of the page before
  unsigned limit = 100;                     // at most kMaxPageRows
};

// Commands, executed like those of the port. `by` is who did it, for the journal.
struct Nothing {};
struct PutPortal {
  using Answer = Nothing;
  Portal portal;
  Caller by;
};
// registry.not_found without the portal; registry.state when the hash belongs to another portal.
struct PutPortalKey {
  using Answer = Nothing;
  PortalKey key;
  Caller by;
};
// Inserts, or replaces name and listing of the same IIN and BIN. The answer carries the id, which never changes.
struct PutStaff {
  using Answer = Staff;
  Staff staff;
  Caller by;
};
// trust.version when another version than `based_on` is the newest: what was decided on is no longer there.
struct PutTrustVersion {
  using Answer = TrustVersion;
  base::Bytes snapshot;
  std::string list;
  std::int64_t based_on = 0;  // 0: there is none yet
  TrustAct act = TrustAct::kConfiguration;
  std::optional<std::int64_t> restores = {};
  std::vector<base::Digest> certificates = {};  // that the act is about, for the journal
  std::string reason = {};
  Caller by = {};
};
struct PlaceHold {
  using Answer = Nothing;
  Hold hold;
  Caller by;
};
struct LiftHold {
  using Answer = Nothing;
  std::string id;
  Caller by;
};

}  // namespace tanba::licensing::registry
