// What the journal's last row was at some time, kept outside the database: <documents>/journal-head, a line of JSON
// {"hash":"<hex>","sequence":12}. Each row names its predecessor, so that only rows off the end can go unnoticed; a
// journal that does not hold the pinned row lost some. After a database was restored from a backup on purpose, an
// administrator removes the file.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "licensing/registry/sql.h"
#include "licensing/registry/transaction.h"

namespace tanba::licensing::registry {

// registry.damaged when the journal does not hold the pinned row, or the file cannot be read. No file: nothing.
[[nodiscard]] base::Status check_pin(Sql& sql, const std::filesystem::path& documents);
// Durable. Of an empty journal nothing is written.
[[nodiscard]] base::Status write_pin(const JournalHead& head, const std::filesystem::path& documents);

}  // namespace tanba::licensing::registry
