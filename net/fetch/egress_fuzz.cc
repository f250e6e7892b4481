// A URL out of somebody's certificate, or an entry of the operator's list: whatever is taken leads where it seems to.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/fetch/ascii.h"
#include "net/fetch/egress.h"

namespace {

namespace fetch = tanba::net::fetch;

void require(bool truth) {
  if (!truth) std::abort();
}

// What was read keeps scheme and port when it is written as a URL again, and loopback is none of what is public.
void read_url(std::string_view url) {
  const fetch::EgressPolicy policy;
  const auto destination = policy.check_url(url);
  if (!destination) return;
  require(destination->port != 0 && !destination->host.empty());
  const std::string_view scheme = destination->scheme == fetch::Scheme::kHttps ? "https://" : "http://";
  const auto again = policy.check_url(std::string(scheme) + destination->source() + "/");
  // The host may come in another spelling ("0." is the name 0, and "0" the address 0.0.0.0): where a connection may go
  // is asked of each address that it resolves to.
  require(!again || (again->scheme == destination->scheme && again->port == destination->port));
  const auto address = fetch::parse_address(destination->host);
  if (!address) return;
  const bool loopback = destination->host.starts_with("127.") || destination->host == "::1";
  require(!loopback || !policy.check_address(*destination, fetch::EgressClass::kFromOutside, *address));
}

// An entry allows its own destination, and nothing that is outside of it.
void read_entry(std::string_view entry) {
  const auto policy =
      fetch::EgressPolicy::make({.listed = {std::string(entry)}, .max_redirects = 0, .tls_ca_file = {}});
  if (!policy) return;
  const fetch::Address loopback = fetch::parse_address("127.0.0.1").value();
  const fetch::Destination stranger{fetch::Scheme::kHttp, "nobody.invalid", 80};
  const bool names_stranger = fetch::ascii_lower(entry).starts_with(stranger.host);
  const bool allowed = policy->check_address(stranger, fetch::EgressClass::kFromOutside, loopback).has_value();
  require(!allowed || entry.find('/') != std::string_view::npos || names_stranger);
  static_cast<void>(policy->check_url("http://" + std::string(entry) + "/"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'u') read_url(rest);
  if (data[0] == 'e') read_entry(rest);
  return 0;
}
