// Canonical JSON (RFC 8785) and strict parsing; Boost.JSON does the work.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tanba::base {

// RFC 8785: members sorted by UTF-16 code units, shortest escapes, no white space. Numbers must be integers within
// ±(2^53-1): reports and journals carry no fractions, so the number form of RFC 8785 3.2.2.3 is not needed.
[[nodiscard]] std::string canonical_json(const boost::json::value& value);

struct JsonLimits {
  std::size_t max_size_bytes = 8U << 20;  // a request body of the API; documents inside are base64
  std::size_t max_depth = 32;             // our own shapes nest less than ten deep
};
// Duplicate members are refused: two readers could see different values.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace tanba::base
