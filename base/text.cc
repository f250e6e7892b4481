#include "base/text.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "base/eight_octets.h"

namespace tanba::base {
namespace {

struct Character {
  std::uint32_t code_point = 0;
  std::size_t length = 0;  // octets; 0 when ill-formed
};

// RFC 3629 section 4: the least code point of each length keeps overlong forms out.
Character decode_utf8(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  std::uint32_t code_point = 0;
  std::uint32_t least = 0;
  if ((lead & 0xE0) == 0xC0) {
    length = 2;
    code_point = lead & 0x1FU;
    least = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3;
    code_point = lead & 0x0FU;
    least = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4;
    code_point = lead & 0x07U;
    least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<std::uint8_t>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    code_point = code_point << 6 | (next & 0x3FU);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < least || code_point > 0x10FFFF || surrogate) return {};
  return {code_point, length};
}

// What can change how the rest of a line looks, or is not seen at all.
bool is_deceptive(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE007F);
}

// Eight characters of ASCII that are shown as they are: none above 0x7E, below 0x20, or the backslash.
bool are_shown(const EightOctets& octets) {
  return !octets.any_high() && !octets.any_control() && !octets.any('\x7F') && !octets.any('\\');
}

// How many octets at the front of `text`, at most `max_characters` characters, are shown as they are; the characters
// are taken off the number. What is rare ends it and is looked at by itself.
std::size_t shown_prefix(std::string_view text, std::size_t& max_characters) {
  std::size_t at = 0;
  while (max_characters > 0 && at < text.size()) {
    if (max_characters >= 8 && text.size() - at >= 8 && are_shown(EightOctets(text.data() + at))) {
      at += 8;
      max_characters -= 8;
      continue;
    }
    const auto lead = static_cast<std::uint8_t>(text[at]);
    if (lead >= 0x20 && lead < 0x7F && lead != '\\') {
      ++at;
    } else if (lead >= 0xC3 && lead <= 0xDF && lead != 0xD8 && at + 1 < text.size() &&
               (static_cast<std::uint8_t>(text[at + 1]) & 0xC0) == 0x80) {
      at += 2;  // U+00C0 to U+07FF without the block of U+061C: nothing deceptive there, and all of Cyrillic
    } else {
      break;
    }
    --max_characters;
  }
  return at;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Most text is ASCII: eight octets without a high bit need no look at each.
    while (text.size() >= sizeof(EightOctets)) {
      if (EightOctets(text.data()).any_high()) break;
      text.remove_prefix(sizeof(EightOctets));
    }
    if (text.empty()) break;
    const Character character = decode_utf8(text);
    if (character.length == 0) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

std::string escape_for_display(std::string_view text, std::size_t max_characters) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::size_t plain = shown_prefix(text, max_characters);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return out;
    if (max_characters == 0) return out + "…";
    --max_characters;
    const Character character = decode_utf8(text);
    if (character.length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{{{:02x}}}", static_cast<std::uint8_t>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    if (is_deceptive(character.code_point)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", character.code_point);
    } else if (character.code_point == '\\') {
      out += "\\\\";
    } else {
      out += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
}

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace tanba::base
