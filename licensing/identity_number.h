// IIN (of a person) and BIN (of an organisation): twelve digits, the last a check digit.
//
// A number typed into a request must have twelve digits and a right check digit; what the digits say about dates and
// kinds only warns, because numbers that break those rules were issued. Numbers in certificates are not parsed with
// this: they are compared digit by digit as the CA wrote them (see entitlement.h).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "licensing/findings.h"

namespace tanba::licensing {

// kIgnored is for the national test contour, whose own certificates carry numbers with wrong check digits
// (IIN 123456789011, BIN 123456789021). A configuration switch of the whole service, never of one request.
enum class CheckDigitRule { kRequired, kIgnored };

class IdentityNumber {
 public:
  [[nodiscard]] const std::string& digits() const { return digits_; }
  auto operator<=>(const IdentityNumber&) const = default;

 private:
  explicit IdentityNumber(std::string digits) : digits_(std::move(digits)) {}
  friend base::Result<IdentityNumber> parse_identity_number(std::string_view, CheckDigitRule);
  std::string digits_;
};

// input.identity_number unless exactly twelve ASCII digits with (if required) a right check digit.
[[nodiscard]] base::Result<IdentityNumber> parse_identity_number(std::string_view text,
                                                                 CheckDigitRule rule = CheckDigitRule::kRequired);

// The twelfth digit for the first eleven; nothing when these are not eleven digits or no check digit exists for them.
[[nodiscard]] std::optional<char> identity_check_digit(std::string_view first_eleven);

// Warnings (identity.number_shape): a birth date that is none, an unknown century digit; for a BIN the month of
// registration, the kind and the part.
[[nodiscard]] Errors warnings_about_iin(const IdentityNumber& iin);
[[nodiscard]] Errors warnings_about_bin(const IdentityNumber& bin);

}  // namespace tanba::licensing
