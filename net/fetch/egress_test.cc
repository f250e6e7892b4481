#include "net/fetch/egress.h"

#include <gtest/gtest.h>

namespace tanba::net::fetch {
namespace {

using base::Code;

Destination to(std::string host, std::uint16_t port = 80) {
  return {Scheme::kHttp, std::move(host), port};
}

base::Status check(const EgressPolicy& policy, const Destination& destination, std::string_view address,
                   EgressClass egress = EgressClass::kFromOutside) {
  return policy.check_address(destination, egress, parse_address(address).value());
}

EgressPolicy listing(std::vector<std::string> listed) {
  return EgressPolicy::make({.listed = std::move(listed), .max_redirects = 0, .tls_ca_file = {}}).value();
}

TEST(Egress, PublicAddressesAreAllowed) {
  const EgressPolicy policy;
  for (const char* address : {"92.46.99.10", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
                              "192.167.1.1", "223.255.255.255", "2a00:1450::1", "2606:4700::1111", "2003::1"}) {
    EXPECT_TRUE(check(policy, to("example.kz"), address).has_value()) << address;
  }
}

TEST(Egress, SpecialAddressesAreRefused) {
  const EgressPolicy policy;
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.254",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.8",
                              "192.0.2.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.51.100.1",
                              "203.0.113.9",
                              "224.0.0.1",
                              "239.255.255.250",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:8.8.8.8",
                              "::ffff:127.0.0.1",
                              "::8.8.8.8",
                              "64:ff9b::a00:1",
                              "fc00::1",
                              "fd12::1",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "2001::1",
                              "2001:db8::1",
                              "2002:7f00:1::",
                              "3fff::1",
                              "100::1"}) {
    const auto status = check(policy, to("example.kz"), address);
    ASSERT_FALSE(status.has_value()) << address;
    EXPECT_EQ(status.error().code(), Code::kFetchForbidden) << address;
  }
}

TEST(Egress, AListedHostAndPortMayResolveToAnyAddress) {
  const EgressPolicy policy = listing({"OCSP.local.:8080", "[::1]:81"});
  EXPECT_TRUE(check(policy, to("ocsp.local", 8080), "10.0.0.1").has_value());
  EXPECT_TRUE(check(policy, to("::1", 81), "::1").has_value());
  EXPECT_FALSE(check(policy, to("ocsp.local", 8081), "10.0.0.1").has_value());
  EXPECT_FALSE(check(policy, to("other.local", 8080), "10.0.0.1").has_value());
}

TEST(Egress, AListedNetworkIsAllowedForAnyHost) {
  const EgressPolicy policy = listing({"10.1.0.0/16", "fd00:1::/32"});
  EXPECT_TRUE(check(policy, to("a"), "10.1.255.1").has_value());
  EXPECT_FALSE(check(policy, to("a"), "10.2.0.1").has_value());
  EXPECT_TRUE(check(policy, to("a"), "fd00:1:ffff::9").has_value());
  EXPECT_FALSE(check(policy, to("a"), "fd00:2::9").has_value());
}

TEST(Egress, AConfiguredUrlMayBeAnywhere) {
  EXPECT_TRUE(check(EgressPolicy(), to("localhost", 8443), "127.0.0.1", EgressClass::kConfigured).has_value());
}

TEST(Egress, ListEntriesAreStrict) {
  for (const char* entry : {"host", ":80", "host:0", "host:65536", "host:", "::1:80", "10.0.0.0/33", "10.0.0.1/8",
                            "10.0.0.0/", "ten/8", "host/8", "fd00::/129"}) {
    const auto policy = EgressPolicy::make({.listed = {entry}, .max_redirects = 0, .tls_ca_file = {}});
    ASSERT_FALSE(policy.has_value()) << entry;
    EXPECT_EQ(policy.error().code(), Code::kConfigInvalid) << entry;
  }
}

TEST(Egress, UrlsAreTakenApart) {
  const EgressPolicy policy;
  EXPECT_EQ(policy.check_url("http://OCSP.pki.gov.kz/").value(), to("ocsp.pki.gov.kz"));
  EXPECT_EQ(policy.check_url("https://a.kz:8443/x?y").value(), (Destination{Scheme::kHttps, "a.kz", 8443}));
  EXPECT_EQ(policy.check_url("https://a.kz").value().port, 443);
  EXPECT_EQ(policy.check_url("http://[::1]:81/").value().source(), "[::1]:81");
}

TEST(Egress, AHostOfNothingButADotIsNone) {
  for (const char* url : {"http://./", "https://.:443/x"}) {
    const auto destination = EgressPolicy().check_url(url);
    ASSERT_FALSE(destination) << url;
    EXPECT_EQ(destination.error().code(), base::Code::kFetchForbidden);
  }
}

TEST(Egress, OtherUrlsAreRefused) {
  const EgressPolicy policy;
  for (const std::string& url :
       {std::string("file:///etc/passwd"), std::string("ldap://ldap.kz/cn=x"), std::string("ftp://a.kz/"),
        std::string("gopher://a.kz/"), std::string("a.kz/x"), std::string(""), std::string("http://"),
        std::string("http://user:secret@a.kz/"), std::string("http://user@a.kz/"), std::string("http://a.kz:0/"),
        std::string("http://a.kz:99999/"), std::string("http://a.kz/\r\nX: y"), std::string("http://a.kz/a b"),
        std::string("http://a.kz/\0", 13), "http://a.kz/" + std::string(3000, 'a')}) {
    const auto destination = policy.check_url(url);
    ASSERT_FALSE(destination.has_value()) << url;
    EXPECT_EQ(destination.error().code(), Code::kFetchForbidden) << url;
  }
}

}  // namespace
}  // namespace tanba::net::fetch
