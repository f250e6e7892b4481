#include "server/networks.h"

#include <algorithm>
#include <charconv>

namespace tanba::server {
namespace {

using base::Code;
using net::fetch::Family;
using net::fetch::Network;

enum class HostBits { kClear, kSet };

HostBits host_bits(const Network& network) {
  const unsigned total = network.address.family == Family::kV4 ? 32 : 128;
  for (unsigned bit = network.prefix_bits; bit < total; ++bit) {
    if ((network.address.octets[bit / 8] & (0x80U >> (bit % 8))) != 0) return HostBits::kSet;
  }
  return HostBits::kClear;
}

base::Result<Network> parse_network(std::string_view entry, std::string_view key) {
  const auto bad = [&](std::string reason) {
    return std::unexpected(base::Error(
        Code::kConfigInvalid, {{"key", std::string(key)}, {"reason", std::move(reason) + ": " + std::string(entry)}}));
  };
  const auto slash = entry.find('/');
  const auto address = net::fetch::parse_address(entry.substr(0, slash));
  if (!address) return bad("not an address");
  Network network{*address, address->family == Family::kV4 ? 32U : 128U};
  if (slash != std::string_view::npos) {
    const std::string_view digits = entry.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (ec != std::errc{} || end != digits.data() + digits.size() || bits > network.prefix_bits) {
      return bad("not a prefix length");
    }
    network.prefix_bits = bits;
  }
  if (host_bits(network) == HostBits::kSet) return bad("the address has bits beyond the prefix");
  return network;
}

}  // namespace

base::Result<Networks> parse_networks(std::span<const std::string> entries, std::string_view key) {
  Networks out;
  for (const std::string& entry : entries) {
    TANBA_TRY(Network network, parse_network(entry, key));
    out.push_back(network);
  }
  return out;
}

Membership membership(const Networks& networks, std::string_view address) {
  const auto parsed = net::fetch::parse_address(address);
  if (!parsed) return Membership::kOutside;
  const bool inside = std::ranges::any_of(networks, [&](const Network& network) { return network.contains(*parsed); });
  return inside ? Membership::kInside : Membership::kOutside;
}

}  // namespace tanba::server
