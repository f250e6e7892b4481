// The registry as the directory of portals and staff.
#pragma once

#include "licensing/registry/registry.h"
#include "server/auth.h"

namespace tanba::server {

class RegistryPortals final : public PortalDirectory {
 public:
  RegistryPortals(licensing::registry::Registry& registry, const base::Clock& clock)
      : registry_(registry), clock_(clock) {}
  [[nodiscard]] base::Result<PortalGrant> find_key(KeyKind kind, const base::Digest& sha256) override;

 private:
  licensing::registry::Registry& registry_;
  const base::Clock& clock_;
};

class RegistryStaff final : public StaffDirectory {
 public:
  explicit RegistryStaff(licensing::registry::Registry& registry) : registry_(registry) {}
  [[nodiscard]] base::Status check_listed(const std::string& staff_id) override;

 private:
  licensing::registry::Registry& registry_;
};

// Brings the registry's list of staff to what the configuration says: whom it does not name, an earlier configuration
// did, and is struck off; what they decided stays. Only changes are written, each with a row in the journal.
[[nodiscard]] base::Status put_configured_staff(licensing::registry::Registry& registry,
                                                const std::vector<StaffConfig>& staff);

}  // namespace tanba::server
