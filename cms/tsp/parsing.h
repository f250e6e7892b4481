// What the parsers of this folder share. Private to cms/tsp.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "pki/der.h"

namespace tanba::cms::tsp {

inline constexpr std::uint8_t kDirectoryName = pki::der::context_constructed(4);  // RFC 5280 4.2.1.6, GeneralName

// tsp.malformed, with the part that is wrong.
[[nodiscard]] inline std::unexpected<base::Error> malformed(std::string what) {
  return base::fail(base::Code::kTspMalformed, {{"what", std::move(what)}});
}

}  // namespace tanba::cms::tsp
