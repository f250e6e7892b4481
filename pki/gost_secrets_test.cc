// Private ГОСТ keys on their way from a key store to a signature: nothing of them is left in memory that is given back.
#include "pki/kzgost/key_format.h"
#include "pki/kzgost/memory_search.h"
#include "pki/pkcs12.h"
#include "pki/test_support.h"
#include "pki/verify_signature.h"

namespace tanba::pki {
namespace {

using base::Secret;
using kzgost::test::MemorySearch;

// Its PKCS#8, which is the same in the authority's key store.
Secret key_of(const std::filesystem::path& authority, const std::string& name) {
  const base::Bytes pem = test::read(authority / "keys" / (name + ".key.pem"));
  return Secret(base::ByteView(parse_pem(base::as_text(pem))->front().octets));
}
// A search for its number.
void look_for(MemorySearch& search, const Secret& key) {
  const auto type = kzgost::recognise(key.reveal(), kzgost::KeyStructure::kPrivate);
  ASSERT_TRUE(type.has_value());
  kzgost::FixedOctets<kzgost::kMaxFieldBytes> scalar(kzgost::row(*type).field_bytes());
  ASSERT_TRUE(kzgost::parse_private(kzgost::row(*type), key.reveal(), scalar.span()).has_value());
  search.add_number(scalar.view());
}

class GostSecrets : public ::testing::TestWithParam<const char*> {};

TEST_P(GostSecrets, AreWipedAfterSigning) {
  const auto authority = test::made(".");
  const auto context = test::make_context();
  const CertificatePtr certificate = test::load(authority / "certs" / (std::string(GetParam()) + ".pem"));
  MemorySearch search;
  const Secret key = key_of(authority, GetParam());
  look_for(search, key);
  search.watch([&] {
    const auto signer = make_key_signer(*context, certificate, key);
    ASSERT_TRUE(signer.has_value()) << signer.error().cause();
    const auto signature = (*signer)->sign((*signer)->algorithms().front(), base::as_bytes("message"));
    ASSERT_TRUE(signature.has_value());
    EXPECT_TRUE(verify_signature(*context, certificate->key(), (*signer)->algorithms().front(),
                                 base::as_bytes("message"), *signature));
  });
  EXPECT_EQ(search.found(), 0);
  EXPECT_GT(search.blocks(), 10);
}

TEST_P(GostSecrets, AreWipedAfterAKeyStoreWasOpened) {
  const auto authority = test::made(".");
  const auto context = test::make_context();
  const base::Bytes file = test::read(authority / "p12" / (std::string(GetParam()) + ".p12"));
  std::string password(base::as_text(test::read(authority / "p12/password.txt")));
  while (!password.empty() && password.back() == '\n') password.pop_back();
  MemorySearch search;
  look_for(search, key_of(authority, GetParam()));
  search.watch([&] {
    const auto contents = open_pkcs12(*context, file, Secret(std::string_view(password)));
    ASSERT_TRUE(contents.has_value()) << contents.error().cause();
  });
  EXPECT_EQ(search.found(), 0);
  EXPECT_GT(search.blocks(), 100);
}

INSTANTIATE_TEST_SUITE_P(Gost, GostSecrets, ::testing::Values("gost-head", "gost256-head", "gost2004-head"),
                         [](const auto& one) {
                           std::string name = one.param;
                           name.erase(name.find('-'));
                           return name;
                         });

}  // namespace
}  // namespace tanba::pki
