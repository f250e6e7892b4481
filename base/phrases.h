// What the program says inside its texts, in Russian and Kazakh: the words of its enumerations ("require",
// "keyCompromise") and the phrases that it puts into the arguments of errors ("an element is cut off").
//
// Whatever a machine reads has the English phrase or the code, always: a translation is for people only. One table
// (base/phrases.def) has them all; a test looks for phrases in the code that it lacks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/codes.h"

namespace tanba::base {

// `{}` in a phrase stands for what differs from case to case; in a translation {0}, {1}, ... are put in again.
struct Phrase {
  std::string_view english, russian, kazakh;
};
[[nodiscard]] std::span<const Phrase> all_phrases();

// The phrase in this language; nothing where the table does not have it. A list ("a, b") is known when each of it is,
// and so is a whole message of another code.
[[nodiscard]] std::optional<std::string> find_phrase(std::string_view english, Language language);

// Likewise, and what is not known as it is: a name, a number, what a library said.
[[nodiscard]] std::string phrase(std::string_view english, Language language);

// A word that means different things in different places ("open") stands in the table as "place:word".
[[nodiscard]] std::string word_of(std::string_view place, std::string_view word, Language language);

// How certificates are named in errors and reports: "NAME (serial 0a1b)".
[[nodiscard]] std::string certificate_label(std::string_view label, Language language);

// An argument of an error, as it is put into the code's text.
[[nodiscard]] std::string argument_text(std::string_view name, std::string_view value, Language language);

}  // namespace tanba::base
