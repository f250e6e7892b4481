#include "cli/row_text.h"

#include <boost/json/array.hpp>

#include "base/phrases.h"
#include "base/text.h"

namespace tanba::cli {

namespace json = boost::json;
namespace {

struct StateWord {
  std::string_view name;
  Word word;
};
constexpr StateWord kStates[] = {{"registered", Word::kStateRegistered}, {"in-review", Word::kStateInReview},
                                 {"granted", Word::kStateGranted},       {"refused", Word::kStateRefused},
                                 {"active", Word::kStateActive},         {"suspended", Word::kStateSuspended},
                                 {"terminated", Word::kStateTerminated}, {"replaced", Word::kStateReplaced}};

}  // namespace

std::string state_text(std::string_view state, base::Language language) {
  for (const StateWord& one : kStates) {
    if (one.name == state) return std::string(word(one.word, language));
  }
  return base::phrase(state, language);
}

std::string text_of(const json::object& row, std::string_view name) {
  const json::value* value = row.if_contains(name);
  return value != nullptr && value->is_string() ? base::escape_for_display(std::string_view(value->as_string()), 4000)
                                                : std::string();
}

std::string number_of(const json::object& row, std::string_view name) {
  const json::value* value = row.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_int64()) return std::to_string(value->get_int64());
  return value->is_uint64() ? std::to_string(value->get_uint64()) : std::string();
}

std::string list_of(const json::object& row, std::string_view name, base::Language language) {
  const json::value* value = row.if_contains(name);
  std::string out;
  if (value == nullptr || !value->is_array()) return out;
  for (const json::value& element : value->as_array()) {
    if (!element.is_string()) continue;
    if (!out.empty()) out += ", ";
    out += base::escape_for_display(base::phrase(std::string_view(element.as_string()), language));
  }
  return out;
}

std::string rows_text(const json::object& answer, std::string_view member, RowText row_text, base::Language language) {
  std::string text;
  const json::value* rows = answer.if_contains(member);
  if (rows == nullptr || !rows->is_array()) return text;
  for (const json::value& row : rows->as_array()) {
    if (row.is_object()) text += row_text(row.as_object(), language);
  }
  return text;
}

std::string or_nothing(const std::string& text, base::Language language) {
  return text.empty() ? fmt::format("{}\n", word(Word::kNothingFound, language)) : text;
}

}  // namespace tanba::cli
