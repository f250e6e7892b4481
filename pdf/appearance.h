// What a visible signature shows: who signed and when, in a frame. Private to this folder.
#pragma once

#include <string>

#include "base/clock.h"
#include "pdf/sign.h"

namespace tanba::pdf {

// The form XObject as an object's value. Fonts of our own are not embedded, and the standard ones have no Cyrillic:
// names are written in Latin letters.
[[nodiscard]] std::string appearance_text(const std::string& name, base::Time time, const Place& place);

// Cyrillic in Latin letters, as passports have it; what has no letter there becomes `?`.
[[nodiscard]] std::string transliterated(std::string_view utf8);

// A number as PDF writes it: no exponent, at most two decimals.
[[nodiscard]] std::string number_text(double value);

}  // namespace tanba::pdf
