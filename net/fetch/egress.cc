#include "net/fetch/egress.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "net/fetch/ascii.h"

namespace tanba::net::fetch {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxUrlBytes = 2048;  // what browsers and servers bear; addresses in certificates are under 200

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

struct CurlStringDeleter {
  void operator()(char* text) const { curl_free(text); }
};
using CurlString = std::unique_ptr<char, CurlStringDeleter>;

struct Range {
  std::array<std::uint8_t, 16> octets;
  unsigned prefix_bits;
};

// The IANA IPv4 Special-Purpose Address Registry, the entries that are not globally reachable, and multicast.
constexpr Range kRefusedV4[] = {
    {{0}, 8},              // "this network", unspecified
    {{10}, 8},             // private
    {{100, 64}, 10},       // carrier-grade NAT
    {{127}, 8},            // loopback
    {{169, 254}, 16},      // link-local, cloud metadata
    {{172, 16}, 12},       // private
    {{192, 0, 0}, 24},     // IETF protocol assignments
    {{192, 0, 2}, 24},     // documentation
    {{192, 88, 99}, 24},   // 6to4 relays, withdrawn
    {{192, 168}, 16},      // private
    {{198, 18}, 15},       // benchmarks
    {{198, 51, 100}, 24},  // documentation
    {{203, 0, 113}, 24},   // documentation
    {{224}, 4},            // multicast
    {{240}, 4},            // reserved, broadcast
};

// IPv6 is turned round: global unicast is 2000::/3 and all else is refused (unspecified, loopback, mapped, NAT64,
// unique-local, link-local, site-local, multicast); of 2000::/3 these are not reachable or carry IPv4 inside.
constexpr Range kGlobalUnicastV6 = {{0x20}, 3};
constexpr Range kRefusedV6[] = {
    {{0x20, 0x01}, 23},              // IETF protocol assignments, Teredo
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4
    {{0x3f, 0xff}, 20},              // documentation
};

bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool globally_reachable(const Address& address) {
  const auto inside = [&](const Range& range) { return same_prefix(range.octets, address.octets, range.prefix_bits); };
  if (address.family == Family::kV4) return std::ranges::none_of(kRefusedV4, inside);
  return inside(kGlobalUnicastV6) && std::ranges::none_of(kRefusedV6, inside);
}

// A final dot makes a name absolute and names the same host.
std::string normal_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.remove_suffix(1);
  return ascii_lower(host);
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::unexpected<base::Error> bad_entry(std::string_view entry, std::string reason) {
  return fail(Code::kConfigInvalid, {{"key", "egress"}, {"reason", std::string(entry) + ": " + std::move(reason)}});
}

std::unexpected<base::Error> forbidden(std::string source, std::string reason) {
  return fail(Code::kFetchForbidden, {{"source", std::move(source)}, {"reason", std::move(reason)}});
}

Result<Network> parse_network(std::string_view entry) {
  const std::size_t slash = entry.find('/');
  auto address = parse_address(entry.substr(0, slash));
  const auto bits = parse_number<unsigned>(entry.substr(slash + 1));
  if (!address || !bits || *bits > (address->family == Family::kV4 ? 32U : 128U)) {
    return bad_entry(entry, "not a network in CIDR form");
  }
  Network network{*address, *bits};
  // 10.1.2.3/8 is a slip of the pen: which of its two halves was meant?
  Address masked = *address;
  for (unsigned bit = *bits; bit < 128; ++bit) masked.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  if (masked.octets != address->octets) return bad_entry(entry, "bits beyond the prefix are set");
  return network;
}

// One part of a parsed URL; nothing when it is absent.
std::optional<std::string> url_part(CURLU* url, CURLUPart part, unsigned flags) {
  char* raw = nullptr;
  if (curl_url_get(url, part, &raw, flags) != CURLUE_OK) return std::nullopt;
  const CurlString owned(raw);
  return std::string(owned.get());
}

}  // namespace

std::string Destination::source() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Address::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family == Family::kV4 ? AF_INET : AF_INET6, octets.data(), text, sizeof text);
  return text;
}

Result<Address> address_of(const sockaddr& address, std::size_t length) {
  Address out;
  if (address.sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(out.octets.data(), &v4.sin_addr, 4);
    return out;
  }
  if (address.sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    out.family = Family::kV6;
    std::memcpy(out.octets.data(), &v6.sin6_addr, 16);
    return out;
  }
  return forbidden("?", "neither IPv4 nor IPv6");
}

Result<Address> parse_address(std::string_view text) {
  const std::string terminated(text.substr(0, text.find('%')));  // a scope id names an interface, not an address
  Address out;
  if (inet_pton(AF_INET, terminated.c_str(), out.octets.data()) == 1) return out;
  out.family = Family::kV6;
  if (inet_pton(AF_INET6, terminated.c_str(), out.octets.data()) == 1) return out;
  return forbidden(terminated, "not an address");
}

bool Network::contains(const Address& other) const {
  return other.family == address.family && same_prefix(address.octets, other.octets, prefix_bits);
}

Result<EgressPolicy> EgressPolicy::make(Settings settings) {
  EgressPolicy policy;
  for (const std::string& entry : settings.listed) {
    if (entry.find('/') != std::string::npos) {
      TANBA_TRY(Network network, parse_network(entry));
      policy.networks_.push_back(network);
      continue;
    }
    const std::size_t colon = entry.rfind(':');
    if (colon == std::string::npos || colon == 0) return bad_entry(entry, "neither host:port nor a network");
    const std::string_view host = std::string_view(entry).substr(0, colon);
    if (host.find(':') != std::string_view::npos && !host.starts_with('[')) {
      return bad_entry(entry, "write IPv6 addresses in brackets, or as a network with /128");
    }
    const auto port = parse_number<std::uint16_t>(std::string_view(entry).substr(colon + 1));
    if (!port || *port == 0) return bad_entry(entry, "the port is not a number from 1 to 65535");
    policy.hosts_.push_back({normal_host(host), *port});
  }
  policy.max_redirects_ = settings.max_redirects;
  policy.tls_ca_file_ = std::move(settings.tls_ca_file);
  return policy;
}

Result<Destination> EgressPolicy::check_url(std::string_view url) const {
  if (url.size() > kMaxUrlBytes) return forbidden("?", "the URL is too long");
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) {
    return forbidden("?", "the URL holds white space or control characters");
  }
  const UrlHandle parsed(curl_url());
  const std::string terminated(url);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, terminated.c_str(),
                              CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return forbidden(terminated, "not a URL, or one with a user name");
  }
  const auto scheme = url_part(parsed.get(), CURLUPART_SCHEME, 0);
  const auto host = url_part(parsed.get(), CURLUPART_HOST, 0);
  if (!scheme || (*scheme != "http" && *scheme != "https") || !host || normal_host(*host).empty()) {
    return forbidden(terminated, "only http and https are allowed");
  }
  const auto port = url_part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto number = port ? parse_number<std::uint16_t>(*port) : std::nullopt;
  if (!number || *number == 0) return forbidden(terminated, "the port is not a number from 1 to 65535");
  return Destination{*scheme == "https" ? Scheme::kHttps : Scheme::kHttp, normal_host(*host), *number};
}

Status EgressPolicy::check_address(const Destination& destination, EgressClass egress, const Address& address) const {
  if (egress == EgressClass::kConfigured || globally_reachable(address)) return {};
  const auto names_it = [&](const HostPort& listed) {
    return listed.host == destination.host && listed.port == destination.port;
  };
  if (std::ranges::any_of(hosts_, names_it)) return {};
  if (std::ranges::any_of(networks_, [&](const Network& network) { return network.contains(address); })) return {};
  return forbidden(destination.source(), address.to_string() + " is not a public address and is not listed");
}

}  // namespace tanba::net::fetch
