// What a certification permits afterwards: P of DocMDP, ISO 32000-2 12.8.2.2, table 257.
#pragma once

#include <cstdint>

namespace tanba::pdf {

enum class Permission : std::uint8_t { kNothing = 1, kFillIn = 2, kAnnotate = 3 };

}  // namespace tanba::pdf
