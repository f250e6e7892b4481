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

}  // namespace tanba::licensing
