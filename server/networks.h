// Networks that callers come from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/fetch/egress.h"

namespace tanba::server {

using Networks = std::vector<net::fetch::Network>;

// 192.0.2.0/24, 2001:db8::/32, or one address. config.invalid names the entry; so do bits beyond the prefix, which
// would mean something else than they say.
[[nodiscard]] base::Result<Networks> parse_networks(std::span<const std::string> entries, std::string_view key);

enum class Membership : std::uint8_t { kInside, kOutside };
// An address that cannot be read is outside of everything, also of no networks at all.
[[nodiscard]] Membership membership(const Networks& networks, std::string_view address);

}  // namespace tanba::server
