#include "pki/certificate.h"

#include <gtest/gtest.h>

#include "pki/der.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Code;
using test::at;

TEST(CertificateCorpora, EveryRealCertificateParses) {
  std::size_t count = 0;
  for (const char* folder : {"kz/ca", "kz/test-ca", "pkits/certs", "realworld/cert"}) {
    const auto path = test::corpora(folder);
    if (!path) continue;
    for (const auto& file : test::files_in(*path)) {
      const auto certificates = parse_certificates(test::read(file));
      EXPECT_TRUE(certificates && certificates->size() == 1)
          << file << ": " << (certificates ? "none" : certificates.error().message());
      ++count;
    }
  }
  std::printf("%zu certificates parsed\n", count);
}

}  // namespace
}  // namespace tanba::pki
