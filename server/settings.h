// Every setting of tanbad in one table: what may stand in the configuration file, its type, bounds, default and
// meaning. The parser refuses what is not here; docs/reference/configuration.md is written from it, and a test compares
// the two.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace tanba::server {

enum class SettingKind : std::uint8_t { kText, kNumber, kSwitch, kTexts, kTime };
[[nodiscard]] std::string_view to_string(SettingKind kind);  // "text", "number", ...

enum class Presence : std::uint8_t {
  kOptional,
  kRequired,         // wherever its table stands; for a table that stands once: always
  kRequiredForReal,  // outside demo mode, whether its table stands or not; normalise() says so
};

struct Setting {
  std::string_view table;  // "" for the top of the file
  std::string_view name;
  SettingKind kind = SettingKind::kText;
  Presence presence = Presence::kOptional;
  std::string_view standard = {};  // the default as TOML writes it; empty: none
  std::string_view meaning = {};
  std::int64_t min = 0;  // for numbers
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct SettingTable {
  enum class Kind : std::uint8_t { kOnce, kRepeated };  // [name], [[name]]
  std::string_view name;
  Kind kind = Kind::kOnce;
  std::string_view meaning;
};

[[nodiscard]] std::span<const Setting> all_settings();
[[nodiscard]] std::span<const SettingTable> all_setting_tables();
// Nothing (null) when there is none.
[[nodiscard]] const Setting* find_setting(std::string_view table, std::string_view name);
[[nodiscard]] const SettingTable* find_setting_table(std::string_view name);

// Markdown: docs/reference/configuration.md.
[[nodiscard]] std::string settings_reference();

}  // namespace tanba::server
