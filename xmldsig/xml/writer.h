// Writes XML text that is well-formed by construction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tanba::xmldsig::xml {

// Escaped so that a parser gives back the same characters, carriage returns, tabs and line ends included. Text must be
// UTF-8 of characters that XML 1.0 has (2.2): Writer checks that, these do not.
[[nodiscard]] std::string escape_text(std::string_view text);
[[nodiscard]] std::string escape_attribute(std::string_view text);
// input.utf8 when XML 1.0 cannot carry the text: ill-formed UTF-8, control characters, U+FFFE, U+FFFF.
[[nodiscard]] base::Status check_characters(std::string_view text);

// Names come from the program and are written as they are; values come from anywhere. What XML cannot carry is reported
// once, by finish().
class Writer {
 public:
  enum class Declaration { kNone, kUtf8 };
  explicit Writer(Declaration declaration = Declaration::kUtf8);
  Writer& open(std::string_view name);
  Writer& attribute(std::string_view name, std::string_view value);  // right after open
  Writer& text(std::string_view value);
  Writer& close();
  // An element with nothing but text.
  Writer& element(std::string_view name, std::string_view value);
  // The text written; open elements are closed.
  [[nodiscard]] base::Result<std::string> finish();

 private:
  void end_tag_opening();
  std::string out_;
  std::vector<std::string> open_;
  bool in_tag_ = false;
  base::Status status_;
};

}  // namespace tanba::xmldsig::xml
