// The request target (RFC 9112 3.2, RFC 3986): path and query, decoded once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tanba::net::http {

struct Target {
  std::string path;                                        // as sent
  std::vector<std::string> segments;                       // decoded: "/a/b%20c" -> {"a", "b c"}; "/" -> {}
  std::vector<std::pair<std::string, std::string>> query;  // decoded; '+' is a space
};

// Origin form, and absolute form whose authority is read over (RFC 9112 3.2.2 makes a server take it).
// request.malformed: other forms, a fragment, octets that are not ASCII, bad percent-encoding, NUL, an encoded slash or
// dot segment (two readers could disagree on which route is meant), decoded text that is not UTF-8, more than 32
// segments or 64 query members.
[[nodiscard]] base::Result<Target> parse_target(std::string_view target);

}  // namespace tanba::net::http
