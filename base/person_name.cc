#include "base/person_name.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tanba::base {
namespace {

constexpr char32_t kNoCharacter = 0xFFFD;

// The next character of UTF-8; ill-formed octets are taken one by one.
char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  char32_t value = length == 1 ? first : first & (0xFFU >> (length + 1));
  if (text.size() < length || (length == 1 && first >= 0x80)) {
    text.remove_prefix(1);
    return kNoCharacter;
  }
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(length);
  return value;
}

// Latin, Russian and Kazakh letters in lower case.
char32_t folded(char32_t c) {
  if (c >= U'A' && c <= U'Z') return c + 0x20;
  if (c >= U'А' && c <= U'Я') return c + 0x20;
  if (c >= 0x0400 && c <= 0x040F) c += 0x50;                                 // Ѐ to Џ, with Ё and І
  if ((c >= 0x048A && c <= 0x04BF) || (c >= 0x04D0 && c <= 0x052F)) c |= 1;  // Ғ Қ Ң Ү Ұ Һ, Ә Ө
  return c == U'ё' ? U'е' : c;
}

bool is_of_a_word(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'0' && c <= U'9') || (c >= 0xC0 && c < 0x2000 && c != 0xD7 && c != 0xF7);
}

std::vector<std::u32string> words_of(std::string_view text) {
  std::vector<std::u32string> words;
  std::u32string one;
  while (!text.empty()) {
    const char32_t c = folded(take_character(text));
    if (is_of_a_word(c)) {
      one += c;
    } else if (!one.empty()) {
      words.push_back(std::exchange(one, {}));
    }
  }
  if (!one.empty()) words.push_back(std::move(one));
  std::ranges::sort(words);
  return words;
}

}  // namespace

NameMatch compare_names(std::string_view a, std::string_view b) {
  constexpr std::size_t kEnoughWords = 2;
  std::vector<std::u32string> shorter = words_of(a);
  std::vector<std::u32string> longer = words_of(b);
  if (shorter.size() > longer.size()) std::swap(shorter, longer);
  const bool enough = shorter.size() >= kEnoughWords || (!shorter.empty() && shorter.size() == longer.size());
  return enough && std::ranges::includes(longer, shorter) ? NameMatch::kSame : NameMatch::kOther;
}

}  // namespace tanba::base
