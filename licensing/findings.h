// Rules that look at a whole document report everything they find, not the first thing.
#pragma once

#include <expected>
#include <vector>

#include "base/result.h"

namespace tanba::licensing {

using Errors = std::vector<base::Error>;

// A value that passed every rule, or all findings against it (at least one).
template <class T>
using Checked = std::expected<T, Errors>;

}  // namespace tanba::licensing
