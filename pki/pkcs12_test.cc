#include "pki/pkcs12.h"

#include <gtest/gtest.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include <cstdlib>

#include "pki/der.h"
#include "pki/test_support.h"
#include "pki/verify_signature.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::Code;
using base::Secret;

constexpr std::string_view kRsaStore = "KEY_INDIVIDUAL_VALID_SIGN_2004.p12";

Secret password(std::string_view text = "Qwerty12") {
  return Secret(text);
}

TEST(Pkcs12, OpensAStoreOfTheAuthorityAndSigns) {
  const auto folder = test::corpora("kz/p12");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const auto contents = open_pkcs12(*context, test::read(*folder / kRsaStore), password());
  ASSERT_TRUE(contents.has_value()) << contents.error().message() << contents.error().cause();
  Signer& signer = *contents->signer;
  for (const SignatureAlgorithm& algorithm : signer.algorithms()) {
    const auto signature = signer.sign(algorithm, base::as_bytes("message"));
    ASSERT_TRUE(signature.has_value()) << to_string(algorithm);
    const auto& key = signer.certificate()->key();
    EXPECT_TRUE(verify_signature(*context, key, algorithm, base::as_bytes("message"), *signature).has_value());
    EXPECT_EQ(verify_signature(*context, key, algorithm, base::as_bytes("Message"), *signature).error().code(),
              Code::kSignatureBroken);
  }
  const SignatureAlgorithm md5{
      .scheme = SignatureScheme::kRsaPkcs1, .digest = DigestAlgorithm::kMd5, .mgf1_digest = {}, .salt_bytes = 0};
  EXPECT_EQ(signer.sign(md5, {}).error().code(), Code::kAlgorithmMismatch);
}

// RC2-40 around the certificates, contents in BER, keys in the authority's own spelling.
TEST(Pkcs12, EveryStoreOfTheAuthorityOpensAndItsKeySigns) {
  const auto folder = test::corpora("kz/p12");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  std::size_t gost = 0;
  for (const auto& file : test::files_in(*folder)) {
    const bool other = file.filename() == "KEY_INDIVIDUAL_VALID_2015.p12";
    const Bytes octets = test::read(file);
    const auto contents = open_pkcs12(*context, octets, password(other ? "Aa123456" : "Qwerty12"));
    ASSERT_TRUE(contents.has_value()) << file << contents.error().message() << contents.error().cause();
    Signer& signer = *contents->signer;
    const PublicKeyInfo& key = signer.certificate()->key();
    const auto signature = signer.sign(signer.algorithms().front(), base::as_bytes("message"));
    ASSERT_TRUE(signature.has_value()) << file << signature.error().cause();
    EXPECT_TRUE(verify_signature(*context, key, signer.algorithms().front(), base::as_bytes("message"), *signature));
    EXPECT_FALSE(verify_signature(*context, key, signer.algorithms().front(), base::as_bytes("Message"), *signature));
    EXPECT_EQ(open_pkcs12(*context, octets, password("Qwerty13")).error().code(), Code::kInputPassword) << file;
    if (key.kind == KeyKind::kGost2015_512) ++gost;
  }
  EXPECT_EQ(gost, 7U);
}

// Stores that another program wrote with ГОСТ keys: in order, with a private key of zero, with somebody else's
// certificate.
TEST(Pkcs12, GostKeysThatAreNoneOrOthersAreRefused) {
  const char* source = std::getenv("TANBA_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  const std::filesystem::path folder = std::filesystem::path(source) / "tests/fuzz/seeds/pkcs12_fuzz";
  const auto context = test::make_context();
  for (const char* good : {"gost", "gost256", "gost2004"}) {
    EXPECT_TRUE(open_pkcs12(*context, test::read(folder / good), password()).has_value()) << good;
  }
  for (const char* bad : {"gost-zero-key", "gost-mismatch"}) {
    EXPECT_EQ(open_pkcs12(*context, test::read(folder / bad), password()).error().code(), Code::kFileWrongContent)
        << bad;
  }
}

// What opening needs of old ciphers stays in the context made for it.
TEST(Pkcs12, OldCiphersStayWhereStoresAreOpened) {
  const auto folder = test::corpora("kz/p12");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  ASSERT_TRUE(open_pkcs12(*context, test::read(*folder / "legal_valid_head.p12"), password()).has_value());
  EXPECT_EQ(OSSL_PROVIDER_available(context->library(), "legacy"), 0);
  EXPECT_EQ(OSSL_PROVIDER_available(nullptr, "legacy"), 0);
}

TEST(Pkcs12, WrongOrMissingPassword) {
  const auto folder = test::corpora("kz/p12");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const Bytes file = test::read(*folder / kRsaStore);
  for (const char* wrong : {"qwerty12", "", "Qwerty12 "}) {
    EXPECT_EQ(open_pkcs12(*context, file, password(wrong)).error().code(), Code::kInputPassword) << wrong;
  }
}

TEST(Pkcs12, WhatIsNoKeyStore) {
  const auto context = test::make_context();
  for (const std::string_view file : {"", "0", "\x30\x03\x02\x01\x03", "-----BEGIN CERTIFICATE-----"}) {
    EXPECT_EQ(open_pkcs12(*context, base::as_bytes(file), password()).error().code(), Code::kFileWrongContent);
  }
  EXPECT_EQ(open_pkcs12(*context, Bytes((1U << 20) + 1), password()).error().code(), Code::kFileTooLarge);
}

TEST(Pkcs12, TheThreadsContextIsBackAfterwards) {
  const auto context = test::make_context();
  EXPECT_FALSE(open_pkcs12(*context, {}, password()).has_value());
  EXPECT_EQ(OSSL_LIB_CTX_set0_default(nullptr), context->library());
}

// A key store made here with these numbers of rounds.
Bytes make_store(int key_rounds, int mac_rounds, int cipher = NID_pbe_WithSHA1And3_Key_TripleDES_CBC) {
  const auto context = test::make_context();
  const EvpPkeyPtr key(EVP_PKEY_Q_keygen(context->library(), nullptr, "RSA", std::size_t{1024}));
  const X509Ptr certificate(X509_new_ex(context->library(), nullptr));
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 60);
  X509_set_pubkey(certificate.get(), key.get());
  const EvpMdPtr sha256(EVP_MD_fetch(context->library(), "SHA256", nullptr));
  X509_sign(certificate.get(), key.get(), sha256.get());
  const Pkcs12Ptr store(PKCS12_create("Qwerty12", "name", key.get(), certificate.get(), nullptr, cipher, cipher,
                                      key_rounds, mac_rounds, 0));
  unsigned char* der = nullptr;
  const int size = i2d_PKCS12(store.get(), &der);
  Bytes out(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return out;
}

TEST(Pkcs12, RoundsAreCountedBeforeTheyAreDone) {
  const Bytes good = make_store(2048, 2048);
  const Bytes many_for_key = make_store(2048, 2048, NID_aes_256_cbc);
  const auto context = test::make_context();
  EXPECT_TRUE(open_pkcs12(*context, good, password()).has_value());
  EXPECT_TRUE(open_pkcs12(*context, many_for_key, password()).has_value());
  // The count is at the end of the file: INTEGER 2048 made 0x7fffffff by hand. The lengths around it are those of
  // SEQUENCEs in long form, so the file is changed where a long number stands already.
  const Bytes long_mac = make_store(2048, 70000);
  Bytes changed = long_mac;
  const Bytes number = der::write_integer(70000);
  const auto at = std::search(changed.rbegin(), changed.rend(), number.rbegin(), number.rend());
  ASSERT_NE(at, changed.rend());
  const Bytes larger = der::write_integer(0x7fffff);
  std::copy(larger.rbegin(), larger.rend(), at);
  EXPECT_TRUE(open_pkcs12(*context, long_mac, password()).has_value());
  EXPECT_EQ(open_pkcs12(*context, changed, password()).error().code(), Code::kLimitCost);
}

// Of the MAC and of the keys' encryption, of old kinds and of new ones: refused before the first round.
TEST(Pkcs12, AMillionRoundsAreTooMany) {
  const auto context = test::make_context();
  for (const int cipher : {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_aes_256_cbc}) {
    for (const bool of_mac : {true, false}) {
      const Bytes store = make_store(of_mac ? 2048 : 1'000'000, of_mac ? 1'000'000 : 2048, cipher);
      EXPECT_EQ(open_pkcs12(*context, store, password()).error().code(), Code::kLimitCost) << cipher << of_mac;
    }
  }
}

TEST(Pkcs12, RoundsOfTheKeysEncryptionCountToo) {
  for (const int cipher : {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_aes_256_cbc}) {
    Bytes store = make_store(70000, -1, cipher);
    const auto context = test::make_context();
    EXPECT_TRUE(open_pkcs12(*context, store, password()).has_value());
    EXPECT_EQ(open_pkcs12(*context, store, password("x")).error().code(), Code::kInputPassword);
    const Bytes number = der::write_integer(70000), larger = der::write_integer(0x7fffff);
    const auto at = std::search(store.begin(), store.end(), number.begin(), number.end());
    ASSERT_NE(at, store.end());
    std::copy(larger.begin(), larger.end(), at);
    EXPECT_EQ(open_pkcs12(*context, store, password()).error().code(), Code::kLimitCost);
  }
}

TEST(KeySigner, KeyAndCertificateMustBelongTogether) {
  const auto folder = test::made("certs");
  const auto context = test::make_context();
  const auto key_of = [&](const char* name) {
    return Secret(
        base::ByteView(parse_pem(base::as_text(test::read(folder / ".." / "keys" / (std::string(name) + ".key.pem"))))
                           ->front()
                           .octets));
  };
  const CertificatePtr head = test::load(folder / "head.pem");
  EXPECT_TRUE(make_key_signer(*context, head, key_of("head")).has_value());
  EXPECT_EQ(make_key_signer(*context, head, key_of("weak-key")).error().code(), Code::kFileWrongContent);
  EXPECT_EQ(make_key_signer(*context, head, Secret(std::string_view("no key"))).error().code(),
            Code::kFileWrongContent);
}

TEST(Pkcs12, StoresOfTheDemoAuthority) {
  const auto folder = test::made("p12");
  const auto context = test::make_context();
  std::string text(base::as_text(test::read(folder / "password.txt")));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto contents = open_pkcs12(*context, test::read(folder / "head.p12"), password(text));
  ASSERT_TRUE(contents.has_value()) << contents.error().message();
  EXPECT_EQ(contents->signer->certificate()->digest(), test::load(folder / "../certs/head.pem")->digest());
}

}  // namespace
}  // namespace tanba::pki
