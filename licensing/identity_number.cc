#include "licensing/identity_number.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace tanba::licensing {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kDigits = 12;

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

unsigned number_at(std::string_view digits, std::size_t at, std::size_t count) {
  unsigned value = 0;
  for (char digit : digits.substr(at, count)) value = value * 10 + static_cast<unsigned>(digit - '0');
  return value;
}

unsigned weighted_remainder(std::string_view first_eleven, const std::array<unsigned, 11>& weights) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * static_cast<unsigned>(first_eleven[i] - '0');
  return sum % 11;
}

Error shape(const IdentityNumber& number, std::string kind, std::string what) {
  return Error(Code::kIdentityNumberShape,
               {{"value", number.digits()}, {"kind", std::move(kind)}, {"what", std::move(what)}});
}

}  // namespace

std::optional<char> identity_check_digit(std::string_view first_eleven) {
  if (first_eleven.size() != kDigits - 1 || !all_digits(first_eleven)) return std::nullopt;
  unsigned remainder = weighted_remainder(first_eleven, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  if (remainder == 10) remainder = weighted_remainder(first_eleven, {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2});
  if (remainder == 10) return std::nullopt;  // such numbers are never issued
  return static_cast<char>('0' + remainder);
}

base::Result<IdentityNumber> parse_identity_number(std::string_view text, CheckDigitRule rule) {
  const bool shaped = text.size() == kDigits && all_digits(text);
  const bool checked =
      shaped && (rule == CheckDigitRule::kIgnored || identity_check_digit(text.substr(0, kDigits - 1)) == text.back());
  if (!checked) return base::fail(Code::kInputIdentityNumber, {{"value", std::string(text)}});
  return IdentityNumber(std::string(text));
}

Errors warnings_about_iin(const IdentityNumber& iin) {
  Errors out;
  const std::string_view digits = iin.digits();
  const unsigned century_and_sex = number_at(digits, 6, 1);
  if (century_and_sex > 6) out.push_back(shape(iin, "IIN", "digit 7 (century and sex) is over 6"));
  // 1, 2: 19th century; 3, 4: 20th; 5, 6: 21st; 0 (foreigners) says nothing: a year in which 29 February exists if in
  // any.
  const int century = century_and_sex == 0 ? 2000 : 1800 + 100 * static_cast<int>((century_and_sex - 1) / 2);
  const std::chrono::year_month_day birth{std::chrono::year(century + static_cast<int>(number_at(digits, 0, 2))),
                                          std::chrono::month(number_at(digits, 2, 2)),
                                          std::chrono::day(number_at(digits, 4, 2))};
  if (!birth.ok()) out.push_back(shape(iin, "IIN", "digits 1 to 6 are no date of birth"));
  return out;
}

Errors warnings_about_bin(const IdentityNumber& bin) {
  Errors out;
  const std::string_view digits = bin.digits();
  const unsigned month = number_at(digits, 2, 2);
  if (month < 1 || month > 12) out.push_back(shape(bin, "BIN", "digits 3 and 4 are no month"));
  const unsigned kind = number_at(digits, 4, 1);
  if (kind < 4 || kind > 6) out.push_back(shape(bin, "BIN", "digit 5 (kind) is none of 4, 5 and 6"));
  if (number_at(digits, 5, 1) > 3) out.push_back(shape(bin, "BIN", "digit 6 (part) is over 3"));
  return out;
}

}  // namespace tanba::licensing
