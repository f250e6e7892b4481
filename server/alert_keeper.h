// Alerts about sources of revocation evidence on their way into the registry, and staff's decisions on their way back.
#pragma once

#include <map>
#include <string>

#include "licensing/registry/registry.h"
#include "verify/evidence/sources.h"

namespace tanba::server {

class AlertKeeper {
 public:
  // Both outlive the keeper.
  AlertKeeper(licensing::registry::Registry& registry, verify::evidence::Sources& sources)
      : registry_(registry), sources_(sources) {}
  // Records alerts that are new or over, and takes over confirmations that were made at another daemon of this
  // registry. Blocks; the caller repeats it, so that what could not be recorded now is recorded later.
  [[nodiscard]] base::Status keep();

 private:
  [[nodiscard]] base::Status record();
  [[nodiscard]] base::Status take_over();

  licensing::registry::Registry& registry_;
  verify::evidence::Sources& sources_;
  std::map<std::string, verify::evidence::AlertState> recorded_;  // as long as the sources keep the alert
};

}  // namespace tanba::server
