// Names of people and bodies as different hands write them.
#pragma once

#include <cstdint>
#include <string_view>

namespace tanba::base {

// Without regard to case, quotation marks, punctuation, spaces, order, and ё for е; a part that only one of them has (a
// patronymic, a form of business) makes no difference as long as two words agree. No proof of anything: who somebody
// is, the number says.
enum class NameMatch : std::uint8_t { kSame, kOther };
[[nodiscard]] NameMatch compare_names(std::string_view a, std::string_view b);

}  // namespace tanba::base
