#include "licensing/registry/journal_pin.h"

#include <fmt/format.h>

#include <system_error>

#include "base/file.h"
#include "base/json.h"
#include "licensing/registry/reading.h"

namespace tanba::licensing::registry {
namespace {

using base::Code;
namespace fs = std::filesystem;

struct Pinned {
  std::int64_t sequence = 0;
  std::string hash;
};

fs::path pin_file(const fs::path& documents) {
  return documents / "journal-head";
}

base::Result<Pinned> read_pin(const fs::path& file) {
  constexpr std::size_t kMaxPinBytes = 1024;
  const auto octets = base::read_file(file, kMaxPinBytes);
  if (!octets) return damaged("the pinned journal row cannot be read: " + octets.error().message());
  const auto parsed = base::parse_json(base::as_text(*octets));
  const auto* object = parsed ? parsed->if_object() : nullptr;
  const auto* sequence = object == nullptr ? nullptr : object->if_contains("sequence");
  const auto* hash = object == nullptr ? nullptr : object->if_contains("hash");
  if (sequence == nullptr || hash == nullptr || !sequence->is_int64() || !hash->is_string()) {
    return damaged("the pinned journal row cannot be read: " + file.string());
  }
  return Pinned{sequence->get_int64(), std::string(hash->get_string())};
}

}  // namespace

base::Status check_pin(Sql& sql, const fs::path& documents) {
  std::error_code trouble;
  const fs::file_status found = fs::symlink_status(pin_file(documents), trouble);
  if (found.type() == fs::file_type::not_found) return {};
  TANBA_TRY(const Pinned pinned, read_pin(pin_file(documents)));
  TANBA_TRY(auto row, sql.row("SELECT hash FROM journal WHERE seq = :seq", 1, {pinned.sequence}));
  if (row && row->text() == pinned.hash) return {};
  return damaged(
      fmt::format("journal row {}: it was there and is {} now", pinned.sequence, row ? "another" : "missing"));
}

base::Status write_pin(const JournalHead& head, const fs::path& documents) {
  if (head.seq == 0) return {};
  const std::string line = fmt::format("{{\"hash\":\"{}\",\"sequence\":{}}}\n", head.hash.hex(), head.seq);
  const auto written =
      base::write_file_durably(pin_file(documents), base::as_bytes(line), base::Overwrite::kReplace, 0640);
  if (!written) return base::fail(Code::kRegistryStorage, {{"reason", written.error().message()}});
  return {};
}

}  // namespace tanba::licensing::registry
