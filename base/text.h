// Text from outside on its way to a person or a log.
#pragma once

#include <string>
#include <string_view>

namespace tanba::base {

// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

// Makes text safe to show on one line: control characters, line separators, bidirectional controls (CVE-2021-42574),
// zero-width characters and ill-formed UTF-8 become \u{hex} or \x{hex}; the backslash is doubled. Longer than
// `max_characters` is cut and ends in "…".
[[nodiscard]] std::string escape_for_display(std::string_view text, std::size_t max_characters = 400);

// The five characters that XML 1.0 wants escaped, for text and for attribute values.
[[nodiscard]] std::string escape_xml(std::string_view text);

}  // namespace tanba::base
