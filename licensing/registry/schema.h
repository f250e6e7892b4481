// The tables, as a list of migrations; inside the registry only.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "licensing/registry/sql.h"

namespace tanba::licensing::registry {

// Brings the schema to this program's version, in one transaction. registry.damaged if it is of a newer program.
[[nodiscard]] base::Status migrate(Sql& sql, base::Time now);

}  // namespace tanba::licensing::registry
