// Names that RFC 9110 and RFC 3986 compare without regard to the case of ASCII letters. Private to net/fetch.
#pragma once

#include <string>
#include <string_view>

namespace tanba::net::fetch {

[[nodiscard]] inline std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace tanba::net::fetch
