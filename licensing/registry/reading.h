// How rows are selected and read; shared by the files of queries.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "licensing/registry/sql.h"
#include "licensing/registry_port.h"

namespace tanba::licensing::registry {

[[nodiscard]] inline std::unexpected<base::Error> damaged(std::string what) {
  return base::fail(base::Code::kRegistryDamaged, {{"what", std::move(what)}});
}

// A WHERE that grows condition by condition, with its values.
class Where {
 public:
  void add(std::string_view condition, std::vector<Bound> bounds = {}) {
    text_ += text_.empty() ? " WHERE " : " AND ";
    text_ += condition;
    for (Bound& bound : bounds) bounds_.push_back(std::move(bound));
  }
  void add_if(std::string_view value, const char* condition) {
    if (!value.empty()) add(condition, {Bound(value)});
  }
  // Words of our own enumerations: safe inside the statement.
  template <class Enumeration>
  void add_one_of(const char* column, const std::vector<Enumeration>& values) {
    if (values.empty()) return;
    std::string list;
    for (const Enumeration value : values) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", to_string(value));
    add(fmt::format("{} IN ({})", column, list));
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Bounds& bounds() const { return bounds_; }

 private:
  std::string text_;
  Bounds bounds_;
};

// Tenants are kept apart here and nowhere else: whatever reads applications, decisions or licences passes through.
inline void add_scope_of_applications(Where& where, const Scope& scope) {
  if (const auto* portal = std::get_if<OfPortal>(&scope)) {
    where.add("a.caller_kind = 'portal' AND a.caller_id = :scope", {Bound(portal->portal)});
  } else if (const auto* licensor = std::get_if<OfLicensor>(&scope)) {
    where.add("a.licensor_bin = :scope", {Bound(licensor->bin)});
  }
}

inline void add_scope_of_licences(Where& where, const Scope& scope) {
  if (const auto* portal = std::get_if<OfPortal>(&scope)) {
    where.add(
        "EXISTS (SELECT 1 FROM applications a WHERE a.number = l.application AND a.caller_kind = 'portal' AND "
        "a.caller_id = :scope)",
        {Bound(portal->portal)});
  } else if (const auto* licensor = std::get_if<OfLicensor>(&scope)) {
    where.add("l.licensor_bin = :scope", {Bound(licensor->bin)});
  }
}

[[nodiscard]] inline unsigned page_size(unsigned limit) {
  return std::min(std::max(limit, 1U), kMaxPageRows);
}

[[nodiscard]] inline base::Result<CallerKind> parse_caller_kind(const std::string& word) {
  for (const CallerKind kind :
       {CallerKind::kPortal, CallerKind::kOfficer, CallerKind::kOperator, CallerKind::kSecurity, CallerKind::kSystem}) {
    if (to_string(kind) == word) return kind;
  }
  return damaged("caller kind " + word);
}

template <class T, class Read>
base::Result<std::vector<T>> read_all(base::Result<std::vector<Row>> rows, Read read) {
  if (!rows) return std::unexpected(std::move(rows).error());
  std::vector<T> out;
  out.reserve(rows->size());
  for (Row& row : *rows) {
    TANBA_TRY(T value, read(row));
    out.push_back(std::move(value));
  }
  return out;
}

template <class T, class Read>
base::Result<std::optional<T>> read_one(base::Result<std::optional<Row>> row, Read read) {
  if (!row) return std::unexpected(std::move(row).error());
  if (!row->has_value()) return std::nullopt;
  TANBA_TRY(T value, read(**row));
  return std::optional<T>(std::move(value));
}

}  // namespace tanba::licensing::registry
