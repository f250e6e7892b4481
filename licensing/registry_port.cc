#include "licensing/registry_port.h"

#include <utility>

namespace tanba::licensing {

std::string_view to_string(CallerKind kind) {
  switch (kind) {
    case CallerKind::kPortal:
      return "portal";
    case CallerKind::kOfficer:
      return "officer";
    case CallerKind::kOperator:
      return "operator";
    case CallerKind::kSecurity:
      return "security";
    case CallerKind::kSystem:
      return "system";
  }
  std::unreachable();
}

LicenceFacts facts_of(const LicenceRow& row) {
  return {row.number, row.service, row.holder_kind, row.holder_number, row.state, row.valid_until};
}

}  // namespace tanba::licensing
