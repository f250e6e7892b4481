// Rows of the daemon's answers as people read them; shared by the commands that speak to it.
#pragma once

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "cli/words.h"

namespace tanba::cli {

// A member that is a text, made safe to show; empty when it is not there.
[[nodiscard]] std::string text_of(const boost::json::object& row, std::string_view name);
// Likewise a number.
[[nodiscard]] std::string number_of(const boost::json::object& row, std::string_view name);
// A list of the machine's words, with commas.
[[nodiscard]] std::string list_of(const boost::json::object& row, std::string_view name, base::Language language);
// The state of an application, a licence or an intent.
[[nodiscard]] std::string state_text(std::string_view state, base::Language language);

class Lines {
 public:
  explicit Lines(base::Language language) : language_(language) {}
  void head(Word what, const std::string& number, const std::string& state) {
    out_ += fmt::format("{} {}: {}\n", word(what, language_), number, state);
  }
  // Nothing for what is not there.
  void line(Word what, const std::string& value, unsigned indent = 1) {
    if (!value.empty()) out_ += fmt::format("{:{}}{}: {}\n", "", 2 * indent, word(what, language_), value);
  }
  void text(const std::string& text, unsigned indent = 1) { out_ += fmt::format("{:{}}{}\n", "", 2 * indent, text); }
  [[nodiscard]] base::Language language() const { return language_; }
  std::string take() { return std::move(out_); }

 private:
  base::Language language_;
  std::string out_;
};

// `row_text` of each row of a list; kNothingFound when there is none.
using RowText = std::string (*)(const boost::json::object&, base::Language);
[[nodiscard]] std::string rows_text(const boost::json::object& answer, std::string_view member, RowText row_text,
                                    base::Language language);
[[nodiscard]] std::string or_nothing(const std::string& text, base::Language language);

}  // namespace tanba::cli
