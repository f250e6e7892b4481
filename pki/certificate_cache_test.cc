#include "pki/certificate_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/test_support.h"

namespace tanba::pki {
namespace {

// Certificates that parse and differ: the demo head's with other signature values.
std::vector<base::Bytes> many_certificates(std::size_t count) {
  const auto file = base::test::read_made("certs/head.pem");
  const base::Bytes der = base::to_bytes(parse_certificates(file).value().at(0)->der());
  std::vector<base::Bytes> out(count, der);
  for (std::size_t i = 0; i < count; ++i) {
    out[i][der.size() - 1] = static_cast<std::uint8_t>(i);
    out[i][der.size() - 2] = static_cast<std::uint8_t>(i >> 8);
  }
  return out;
}

TEST(CertificateCache, FindsWhatItParsed) {
  CertificateCache cache;
  const auto certificates = many_certificates(100);
  std::set<CertificatePtr> parsed;
  for (const base::Bytes& der : certificates) parsed.insert(cache.get(der).value());
  EXPECT_EQ(parsed.size(), 100U);
  for (const base::Bytes& der : certificates) {
    const CertificatePtr again = cache.get(base::Bytes(der)).value();
    EXPECT_TRUE(parsed.contains(again));
    EXPECT_TRUE(base::equal(again->der(), der));
  }
}

TEST(CertificateCache, IsBounded) {
  CertificateCache cache(8);
  const auto certificates = many_certificates(500);
  std::vector<std::weak_ptr<const Certificate>> seen;
  for (const base::Bytes& der : certificates) seen.push_back(cache.get(der).value());
  const auto held = std::ranges::count_if(seen, [](const auto& one) { return !one.expired(); });
  EXPECT_GT(held, 0);
  EXPECT_LE(held, 8);
}

TEST(CertificateCache, KeepsWhatWasUsedLast) {
  CertificateCache cache(4);  // one row
  const auto certificates = many_certificates(10);
  const CertificatePtr used = cache.get(certificates[0]).value();
  for (const base::Bytes& der : certificates) {
    ASSERT_TRUE(cache.get(der).has_value());
    EXPECT_EQ(cache.get(certificates[0]).value(), used);
  }
}

TEST(CertificateCache, KeepsNoFailure) {
  CertificateCache cache;
  base::Bytes der = many_certificates(1)[0];
  const base::Bytes cut(der.begin(), der.end() - 1);
  EXPECT_EQ(cache.get(cut).error().code(), base::Code::kCertificateMalformed);
  EXPECT_EQ(cache.get({}).error().code(), base::Code::kCertificateMalformed);
  EXPECT_TRUE(cache.get(der).has_value());
}

}  // namespace
}  // namespace tanba::pki
