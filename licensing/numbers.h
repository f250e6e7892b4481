// Numbers of the registry: of applications, licences, permits and refusals. Formed centrally, never twice.
//
//     L-2026-01-0000042-71
//     |  |    |  |       └ two check digits, ISO/IEC 7064 MOD 97-10
//     |  |    |  └ sequence within kind and year, over all services
//     |  |    └ code of the service
//     |  └ year of allocation in Kazakhstan
//     └ A application, L licence, P permit, R refusal
//
// MOD 97-10 is computed over the characters without hyphens, letters standing for 10..35 as ISO/IEC 7064 has them. It
// finds every single wrong character, every swap of two neighbours and nearly all other slips of the keyboard.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "licensing/words.h"

namespace tanba::licensing {

enum class NumberKind : std::uint8_t { kApplication, kLicence, kPermit, kRefusal };

class RegisterNumber {
 public:
  [[nodiscard]] NumberKind kind() const { return kind_; }
  [[nodiscard]] unsigned year() const { return year_; }
  [[nodiscard]] unsigned service_code() const { return service_code_; }
  [[nodiscard]] std::uint32_t sequence() const { return sequence_; }
  [[nodiscard]] std::string text() const;  // the one spelling that is stored and shown
  auto operator<=>(const RegisterNumber&) const = default;

 private:
  RegisterNumber() = default;
  friend base::Result<RegisterNumber> make_register_number(NumberKind, unsigned, unsigned, std::uint32_t);
  NumberKind kind_ = NumberKind::kApplication;
  unsigned year_ = 0;
  unsigned service_code_ = 0;
  std::uint32_t sequence_ = 0;
};

// registry.number when a part does not fit: year 2000..9999, code 1..99, sequence 1..9'999'999.
[[nodiscard]] base::Result<RegisterNumber> make_register_number(NumberKind kind, unsigned year, unsigned service_code,
                                                                std::uint32_t sequence);

// Reads what people type: lower case, and hyphens or spaces left out or put elsewhere. registry.number if the shape or
// the check digits are wrong.
[[nodiscard]] base::Result<RegisterNumber> parse_register_number(std::string_view text);

// The kind of number that a decision of this kind gets under a service of this register.
[[nodiscard]] NumberKind number_kind(DecisionKind decision, RegisterKind register_kind);

}  // namespace tanba::licensing
