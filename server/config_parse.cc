// TOML to ParsedConfig: the only file that sees toml++.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

#include "server/config.h"
#include "server/settings.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Error;

std::string key_of(std::string_view table, std::string_view name) {
  return table.empty() ? std::string(name) : fmt::format("{}.{}", table, name);
}

unsigned line_of(const toml::node& node) {
  return node.source().begin.line;
}

Error bad(std::string key, unsigned line, std::string reason) {
  if (line > 0) reason += fmt::format(" (line {})", line);
  return Error(Code::kConfigInvalid, {{"key", std::move(key)}, {"reason", std::move(reason)}});
}

std::optional<base::Time> time_of(const toml::node& node) {
  std::ostringstream text;  // TOML's own date types print as RFC 3339
  if (const auto* string = node.as_string()) text << string->get();
  if (const auto* date = node.as_date()) text << date->get();
  if (const auto* moment = node.as_date_time(); moment != nullptr && moment->get().offset) text << moment->get();
  const auto time = base::parse_time(text.str());
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<std::vector<std::string>> texts_of(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return std::nullopt;
    texts.push_back(text->get());
  }
  return texts;
}

using Variant = decltype(ParsedValue::value);

std::optional<Variant> value_of(const toml::node& node, SettingKind kind) {
  switch (kind) {
    case SettingKind::kText:
      if (const auto* text = node.as_string()) return Variant(text->get());
      return std::nullopt;
    case SettingKind::kNumber:
      if (const auto* number = node.as_integer()) return Variant(number->get());
      return std::nullopt;
    case SettingKind::kSwitch:
      if (const auto* truth = node.as_boolean()) return Variant(truth->get());
      return std::nullopt;
    case SettingKind::kTexts:
      if (auto texts = texts_of(node)) return Variant(*std::move(texts));
      return std::nullopt;
    case SettingKind::kTime:
      if (const auto time = time_of(node)) return Variant(*time);
      return std::nullopt;
  }
  return std::nullopt;
}

class Parser {
 public:
  std::expected<ParsedConfig, Errors> parse(const toml::table& root) {
    for (const SettingTable& table : all_setting_tables()) {
      if (!table.name.empty()) read_named(root, table);
    }
    out_.tables[""] = read_table(root, "", 0);
    for (const auto& [key, node] : root) {
      const bool is_table = node.is_table() || node.is_array_of_tables();
      if (is_table ? find_setting_table(key.str()) == nullptr : find_setting("", key.str()) == nullptr) {
        errors_.push_back(bad(std::string(key.str()), line_of(node), "there is no such setting"));
      }
    }
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(out_);
  }

 private:
  void read_named(const toml::table& root, const SettingTable& table) {
    const toml::node* node = root.get(table.name);
    if (node != nullptr) out_.written.emplace(table.name, line_of(*node));
    if (table.kind == SettingTable::Kind::kRepeated) return read_list(node, table);
    static const toml::table kEmpty;
    const toml::table* here = node == nullptr ? &kEmpty : node->as_table();
    if (here == nullptr) {
      errors_.push_back(bad(std::string(table.name), line_of(*node), "write it as [table]"));
      return;
    }
    out_.tables[std::string(table.name)] = read_table(*here, table.name, node == nullptr ? 0 : line_of(*node));
  }

  void read_list(const toml::node* node, const SettingTable& table) {
    auto& list = out_.lists[std::string(table.name)];
    if (node == nullptr) return;
    const auto* array = node->as_array();
    if (array == nullptr || !array->is_array_of_tables()) {
      errors_.push_back(bad(std::string(table.name), line_of(*node), "write it as [[table]]"));
      return;
    }
    for (const toml::node& element : *array)
      list.push_back(read_table(*element.as_table(), table.name, line_of(element)));
  }

  // `line` 0: the table is not in the file.
  ParsedTable read_table(const toml::table& from, std::string_view name, unsigned line) {
    ParsedTable out;
    out.line = line;
    for (const auto& [key, node] : from) {
      const Setting* setting = find_setting(name, key.str());
      if (setting != nullptr) {
        read_value(*setting, node, out);
      } else if (!name.empty()) {  // the top's are looked at by parse()
        errors_.push_back(bad(key_of(name, key.str()), line_of(node), "there is no such setting"));
      }
    }
    for (const Setting& setting : all_settings()) {
      if (setting.table == name && !from.contains(setting.name)) fill_in(setting, out);
    }
    return out;
  }

  void read_value(const Setting& setting, const toml::node& node, ParsedTable& out) {
    const std::string key = key_of(setting.table, setting.name);
    auto value = value_of(node, setting.kind);
    if (!value) {
      errors_.push_back(bad(key, line_of(node), fmt::format("it must be a {}", to_string(setting.kind))));
      return;
    }
    if (const auto* number = std::get_if<std::int64_t>(&*value);
        number != nullptr && (*number < setting.min || *number > setting.max)) {
      errors_.push_back(bad(key, line_of(node), fmt::format("it must be {} to {}", setting.min, setting.max)));
      return;
    }
    out.values.emplace(setting.name, ParsedValue{*std::move(value), line_of(node)});
  }

  void fill_in(const Setting& setting, ParsedTable& out) {
    const bool expected = setting.presence == Presence::kRequired && out.line > 0;
    if (expected) errors_.push_back(bad(key_of(setting.table, setting.name), out.line, "it is missing"));
    if (setting.standard.empty()) return;
    const toml::table document = toml::parse(fmt::format("x = {}", setting.standard));
    out.values.emplace(setting.name, ParsedValue{*value_of(*document.get("x"), setting.kind), 0});
  }

  ParsedConfig out_;
  Errors errors_;
};

}  // namespace

std::expected<ParsedConfig, Errors> parse_config(std::string_view toml) {
  if (toml.size() > kMaxConfigBytes) {
    return std::unexpected(Errors{bad("file", 0, fmt::format("it is larger than {} bytes", kMaxConfigBytes))});
  }
  try {
    const toml::table root = toml::parse(toml);
    return Parser().parse(root);
  } catch (const toml::parse_error& error) {
    return std::unexpected(
        Errors{bad("file", error.source().begin.line, fmt::format("not TOML: {}", error.description()))});
  }
}

}  // namespace tanba::server
