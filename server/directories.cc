#include "server/directories.h"

#include <algorithm>
#include <utility>

namespace tanba::server {

namespace registry = licensing::registry;
using base::Code;

namespace {
registry::StaffKind row_kind(StaffKind kind) {
  switch (kind) {
    case StaffKind::kOfficer:
      return registry::StaffKind::kOfficer;
    case StaffKind::kOperator:
      return registry::StaffKind::kOperator;
    case StaffKind::kSecurity:
      return registry::StaffKind::kSecurity;
  }
  std::unreachable();
}

base::Status put_staff(registry::Registry& registry, registry::Staff wanted) {
  TANBA_CHECK(registry.execute(
      registry::PutStaff{std::move(wanted), licensing::Caller{licensing::CallerKind::kSystem, "configuration"}}));
  return {};
}

// Nothing but configurations lists people.
base::Status strike_off_the_unnamed(registry::Registry& registry, const std::vector<StaffConfig>& staff) {
  for (const auto kind :
       {registry::StaffKind::kOfficer, registry::StaffKind::kOperator, registry::StaffKind::kSecurity}) {
    TANBA_TRY(std::vector<registry::Staff> known, registry.all_staff(kind));
    for (registry::Staff& one : known) {
      const bool named = std::ranges::any_of(staff, [&](const StaffConfig& entry) {
        return row_kind(entry.kind) == kind && entry.iin == one.person.iin && entry.bin == one.person.bin;
      });
      if (named || one.person.listing == licensing::Listing::kNotListed) continue;
      one.person.listing = licensing::Listing::kNotListed;
      TANBA_CHECK(put_staff(registry, std::move(one)));
    }
  }
  return {};
}

}  // namespace

base::Result<PortalGrant> RegistryPortals::find_key(KeyKind kind, const base::Digest& sha256) {
  const auto row_kind =
      kind == KeyKind::kBearer ? registry::PortalKeyKind::kBearer : registry::PortalKeyKind::kMutualTls;
  TANBA_TRY(const registry::PortalAccess access, registry_.find_portal_key(row_kind, sha256, clock_.now()));
  PortalGrant grant{
      .portal = access.portal.id, .scopes = access.key.scopes, .networks = {}, .expires = access.key.expires_at};
  // Networks that cannot be read let nobody in: an empty list would mean everybody.
  const auto networks = parse_networks(access.key.networks, "portal_key.networks");
  if (!networks) return base::fail(Code::kAuthDenied, networks.error().message());
  grant.networks = *networks;
  return grant;
}

base::Status RegistryStaff::check_listed(const std::string& staff_id) {
  const auto staff = registry_.staff(staff_id);
  if (!staff && staff.error().code() != Code::kRoleNotListed && staff.error().code() != Code::kRegistryNotFound) {
    return std::unexpected(staff.error());
  }
  if (!staff || staff->person.listing != licensing::Listing::kListed) {
    return base::fail(Code::kAuthDenied, "not listed any more");
  }
  return {};
}

base::Status put_configured_staff(registry::Registry& registry, const std::vector<StaffConfig>& staff) {
  for (const StaffConfig& one : staff) {
    const registry::StaffKind kind = row_kind(one.kind);
    const auto known = registry.find_staff(kind, one.iin, one.bin);
    if (!known && known.error().code() != Code::kRoleNotListed) return std::unexpected(known.error());
    if (known && known->person.name == one.name && known->person.listing == one.listing) continue;
    registry::Staff wanted{.person = {.id = known ? known->person.id : "",
                                      .iin = one.iin,
                                      .bin = one.bin,
                                      .name = one.name,
                                      .listing = one.listing},
                           .kind = kind};
    TANBA_CHECK(put_staff(registry, std::move(wanted)));
  }
  return strike_off_the_unnamed(registry, staff);
}

}  // namespace tanba::server
