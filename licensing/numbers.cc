#include "licensing/numbers.h"

#include <fmt/format.h>

#include <array>

namespace tanba::licensing {
namespace {

using base::Code;

constexpr std::array<char, 4> kLetters{'A', 'L', 'P', 'R'};  // by NumberKind
constexpr std::size_t kDigitsBehindLetter = 4 + 2 + 7 + 2;
constexpr std::uint32_t kMaxSequence = 9'999'999;

std::unexpected<base::Error> not_a_number(std::string_view text) {
  return base::fail(Code::kRegistryNumber, {{"value", std::string(text)}});
}

// ISO/IEC 7064 MOD 97-10: the remainder of the string read as one decimal number, a letter being its two digits 10..35.
unsigned remainder_97(std::string_view characters) {
  unsigned remainder = 0;
  for (const char c : characters) {
    const bool letter = c >= 'A' && c <= 'Z';
    const unsigned value = static_cast<unsigned>(letter ? c - 'A' + 10 : c - '0');
    remainder = (remainder * (letter ? 100 : 10) + value) % 97;
  }
  return remainder;
}

std::string characters_of(const RegisterNumber& number) {
  return fmt::format("{}{:04}{:02}{:07}", kLetters[static_cast<std::size_t>(number.kind())], number.year(),
                     number.service_code(), number.sequence());
}

// ISO/IEC 7064: the whole string with its check characters is congruent to 1 modulo 97.
unsigned check_digits_of(std::string_view characters) {
  return 98 - remainder_97(std::string(characters) + "00");
}

// Upper case, without what people put between groups.
std::string stripped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

unsigned digits_at(std::string_view text, std::size_t at, std::size_t count) {
  unsigned value = 0;
  for (const char c : text.substr(at, count)) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

}  // namespace

std::string RegisterNumber::text() const {
  const std::string characters = characters_of(*this);
  return fmt::format("{}-{}-{}-{}-{:02}", characters.substr(0, 1), characters.substr(1, 4), characters.substr(5, 2),
                     characters.substr(7), check_digits_of(characters));
}

base::Result<RegisterNumber> make_register_number(NumberKind kind, unsigned year, unsigned service_code,
                                                  std::uint32_t sequence) {
  const bool fits = year >= 2000 && year <= 9999 && service_code >= 1 && service_code <= 99 && sequence >= 1 &&
                    sequence <= kMaxSequence;
  if (!fits) return not_a_number(fmt::format("{}-{}-{}", year, service_code, sequence));
  RegisterNumber number;
  number.kind_ = kind;
  number.year_ = year;
  number.service_code_ = service_code;
  number.sequence_ = sequence;
  return number;
}

base::Result<RegisterNumber> parse_register_number(std::string_view text) {
  constexpr std::size_t kLongestTyped = 64;  // with generous spaces
  if (text.size() > kLongestTyped) return not_a_number(text.substr(0, kLongestTyped));
  const std::string characters = stripped(text);
  if (characters.size() != 1 + kDigitsBehindLetter) return not_a_number(text);
  std::size_t kind = 0;
  while (kind < kLetters.size() && kLetters[kind] != characters[0]) ++kind;
  const bool shaped = kind < kLetters.size() && characters.find_first_not_of("0123456789", 1) == std::string::npos;
  if (!shaped || remainder_97(characters) != 1) return not_a_number(text);
  auto number = make_register_number(static_cast<NumberKind>(kind), digits_at(characters, 1, 4),
                                     digits_at(characters, 5, 2), digits_at(characters, 7, 7));
  // Check digits 00, 01 and 98 are congruent to 97, 98 and 01: one number has one spelling only.
  if (!number || digits_at(characters, 14, 2) != check_digits_of(characters_of(*number))) return not_a_number(text);
  return number;
}

NumberKind number_kind(DecisionKind decision, RegisterKind register_kind) {
  if (decision == DecisionKind::kRefusal) return NumberKind::kRefusal;
  return register_kind == RegisterKind::kPermit ? NumberKind::kPermit : NumberKind::kLicence;
}

}  // namespace tanba::licensing
