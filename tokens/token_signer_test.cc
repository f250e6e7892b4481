#include "tokens/token_signer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "pki/verify_signature.h"
#include "tokens/test_support.h"

namespace tanba::tokens {
namespace {

using test::code_of;
using test::must;

class TokenSignerTest : public testing::Test {
 protected:
  TokenSignerTest() : module_(must(Module::load(TANBA_FAULT_MODULE_PATH))) {
    static_cast<void>(test::SoftHsm::make_token(*module_, "tanba"));
    token_ = std::make_shared<Token>(module_, test::uri("pkcs11:token=tanba"));
    must(token_->log_in(base::Secret(test::kUserPin)));
  }
  // Signs by everything that the key offers, and verifies with OpenSSL.
  void expect_all_verify(TokenKey& key) {
    const auto context = must(pki::Context::create());
    for (const pki::SignatureAlgorithm& algorithm : key.algorithms()) {
      const std::string text = "message for " + pki::to_string(algorithm);
      const base::Bytes signature = must(key.sign(algorithm, base::as_bytes(text)));
      must(pki::verify_signature(*context, key.public_key(), algorithm, base::as_bytes(text), signature));
      EXPECT_FALSE(pki::verify_signature(*context, key.public_key(), algorithm, base::as_bytes("other"), signature));
    }
  }

  test::SoftHsm hsm_;
  std::shared_ptr<Module> module_;
  std::shared_ptr<Token> token_;
};

TEST_F(TokenSignerTest, RsaSignaturesVerify) {
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  EXPECT_EQ(key->algorithms().front().scheme, pki::SignatureScheme::kRsaPkcs1);
  EXPECT_TRUE(
      std::ranges::any_of(key->algorithms(), [](const auto& a) { return a.scheme == pki::SignatureScheme::kRsaPss; }));
  expect_all_verify(*key);
}

TEST_F(TokenSignerTest, EcdsaSignaturesVerify) {
  expect_all_verify(*must(generate_ec_key(token_, {"p256", {0x01}}, Curve::kP256)));
  expect_all_verify(*must(generate_ec_key(token_, {"p384", {0x02}}, Curve::kP384)));
}

TEST_F(TokenSignerTest, AnAlgorithmOfAnotherKindIsRefused) {
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  pki::SignatureAlgorithm algorithm;
  algorithm.scheme = pki::SignatureScheme::kGost2015_512;
  algorithm.digest = pki::DigestAlgorithm::kStreebog512;
  EXPECT_EQ(code_of(key->sign(algorithm, base::as_bytes("message"))), "token.mechanism");
}

TEST_F(TokenSignerTest, UnknownAndAmbiguousKeys) {
  must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  must(generate_rsa_key(token_, {"licence", {0x02}}, 2048));
  EXPECT_EQ(code_of(TokenKey::open(token_, test::uri("pkcs11:object=refusal"))), "token.not_found");
  EXPECT_EQ(code_of(TokenKey::open(token_, test::uri("pkcs11:object=licence"))), "token.ambiguous");
  EXPECT_EQ(code_of(TokenKey::open(token_, test::uri("pkcs11:object=licence;id=%02"))), "ok");
}

TEST_F(TokenSignerTest, OnlyAPrivateKeySigns) {
  must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  EXPECT_EQ(code_of(TokenKey::open(token_, test::uri("pkcs11:object=licence;type=private"))), "ok");
  for (const char* type : {"public", "cert", "secret-key", "data"}) {
    const Pkcs11Uri which = test::uri(std::string("pkcs11:object=licence;type=") + type);
    EXPECT_EQ(code_of(TokenKey::open(token_, which)), "token.not_found") << type;
  }
  const KeyEntry pair = must(token_->contents()).keys.front();
  for (const char* type : {"public", "private"}) {
    EXPECT_TRUE(matches(test::uri(std::string("pkcs11:type=") + type), pair)) << type;
  }
  EXPECT_FALSE(matches(test::uri("pkcs11:type=cert"), pair));
  KeyEntry half = pair;
  half.has_public_key = false;
  EXPECT_FALSE(matches(test::uri("pkcs11:type=public"), half));
  half = pair;
  half.has_private_key = false;
  EXPECT_FALSE(matches(test::uri("pkcs11:type=private"), half));
}

TEST_F(TokenSignerTest, TakesTheCertificateThatLastsLongest) {
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const pki::EvpPkeyPtr issuer = test::make_rsa_key();
  const auto certificate = test::issue_certificate(key->public_key().spki, issuer.get(), "licensor");
  must(store_certificate(*token_, *certificate, {"licence", {0x01}}));
  const auto signer = must(TokenSigner::open(token_, test::uri("pkcs11:object=licence")));
  EXPECT_EQ(signer->certificate()->digest(), certificate->digest());
  EXPECT_FALSE(signer->algorithms().empty());
  must(signer->sign(signer->algorithms().front(), base::as_bytes("message")));
}

TEST_F(TokenSignerTest, ACertificateOfAnotherKeyIsRefused) {
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const pki::EvpPkeyPtr other = test::make_rsa_key();
  const auto foreign = test::issue_certificate(test::spki_of(other.get()), other.get(), "somebody");
  EXPECT_EQ(code_of(TokenSigner::with_certificate(key, foreign)), "key.malformed");
  const auto own = test::issue_certificate(key->public_key().spki, other.get(), "licensor");
  EXPECT_EQ(code_of(TokenSigner::with_certificate(key, own)), "ok");
}

TEST_F(TokenSignerTest, ThreadsSignAtOnceEachInASessionOfItsOwn) {
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const auto algorithm = key->algorithms().front();
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  const std::size_t opened = hsm_.count_calls("C_OpenSession");
  std::atomic<int> verified{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto context = must(pki::Context::create());
      for (int i = 0; i < kEach; ++i) {
        const std::string text = std::to_string(t) + "/" + std::to_string(i);
        const auto signature = key->sign(algorithm, base::as_bytes(text));
        if (signature &&
            pki::verify_signature(*context, key->public_key(), algorithm, base::as_bytes(text), *signature)) {
          ++verified;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(verified, kThreads * kEach);
  EXPECT_LE(hsm_.count_calls("C_OpenSession") - opened, std::size_t{kThreads});
}

TEST_F(TokenSignerTest, MakesACertificateRequestThatVerifies) {
  const auto key = must(generate_rsa_key(token_, {"licence", {0x01}}, 2048));
  const base::Bytes der =
      must(make_certificate_request(*key, {{pki::oid::kCountry, "KZ"}, {pki::oid::kCommonName, "Лицензиар"}}));
  const unsigned char* at = der.data();
  const std::unique_ptr<X509_REQ, pki::Deleter<X509_REQ_free>> request(
      d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())), 1);
  EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 2);
}

}  // namespace
}  // namespace tanba::tokens
