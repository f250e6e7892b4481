// The egress policy: where this program may connect to.
//
// Addresses to fetch from stand in certificates, and anyone can make a certificate. So a URL of that kind leads nowhere
// but to public addresses, however its name resolves, unless the operator listed the destination. The address is
// checked when the socket is made and again before each request on a connection that is used again: a name that
// resolves differently the second time gains nothing.
//
// Refused unless listed: everything that the IANA special-purpose registries (RFC 6890) do not call globally reachable,
// also IPv6 forms that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tanba::net::fetch {

// Who wrote the URL.
enum class EgressClass : std::uint8_t {
  kFromOutside,  // a certificate, a document: public addresses and listed destinations only
  kConfigured,   // the operator or the user of the command line: its own host and port count as listed
};

enum class Scheme : std::uint8_t { kHttp, kHttps };

// What a URL connects to.
struct Destination {
  Scheme scheme = Scheme::kHttp;
  std::string host;  // lower case; IPv6 literals without brackets
  std::uint16_t port = 80;
  // host:port, brackets around IPv6: the key of connection limits and the name in errors and reports.
  [[nodiscard]] std::string source() const;
  bool operator==(const Destination&) const = default;
};

enum class Family : std::uint8_t { kV4, kV6 };

struct Address {
  Family family = Family::kV4;
  std::array<std::uint8_t, 16> octets{};  // network order; IPv4 uses the first four
  [[nodiscard]] std::string to_string() const;
};
// Nothing for families other than IPv4 and IPv6.
[[nodiscard]] base::Result<Address> address_of(const sockaddr& address, std::size_t length);
[[nodiscard]] base::Result<Address> parse_address(std::string_view text);

struct Network {
  Address address;
  unsigned prefix_bits = 0;
  [[nodiscard]] bool contains(const Address& other) const;
};

class EgressPolicy {
 public:
  struct Settings {
    // Destinations outside the public address space that may be reached: `host:port` as URLs write it (every address
    // the name resolves to is then allowed), `[2001:db8::1]:80`, or a network in CIDR form (any port).
    std::vector<std::string> listed;
    // Redirects followed for a GET; each target is checked like a URL from outside. 0: the 3xx answer is the answer.
    unsigned max_redirects = 0;
    // PEM file of the anchors for https without a file of its own in the request. The system's store is never read.
    std::string tls_ca_file;
  };

  EgressPolicy() = default;  // nothing listed, no redirects, no https without a CA file in the request
  // config.invalid for an entry that is neither a destination nor a network.
  [[nodiscard]] static base::Result<EgressPolicy> make(Settings settings);

  // Scheme, host and port; fetch.forbidden for any other scheme, user names, control characters, over-long URLs.
  [[nodiscard]] base::Result<Destination> check_url(std::string_view url) const;
  // fetch.forbidden when this address may not be connected to on behalf of this destination.
  [[nodiscard]] base::Status check_address(const Destination& destination, EgressClass egress,
                                           const Address& address) const;
  [[nodiscard]] unsigned max_redirects() const { return max_redirects_; }
  [[nodiscard]] const std::string& tls_ca_file() const { return tls_ca_file_; }

 private:
  struct HostPort {
    std::string host;
    std::uint16_t port;
  };
  std::vector<HostPort> hosts_;
  std::vector<Network> networks_;
  unsigned max_redirects_ = 0;
  std::string tls_ca_file_;
};

}  // namespace tanba::net::fetch
