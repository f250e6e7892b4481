#include "pki/verify_signature.h"

#include <gtest/gtest.h>

#include <openssl/rsa.h>

#include <boost/json/parse.hpp>

#include "pki/der.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::Code;

TEST(Hasher, KnownAnswers) {
  const auto context = test::make_context();
  EXPECT_EQ(base::to_hex(*compute_digest(*context, DigestAlgorithm::kSha1, base::as_bytes("abc"))),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  auto hasher = Hasher::start(*context, DigestAlgorithm::kSha256);
  ASSERT_TRUE(hasher.has_value());
  ASSERT_TRUE(hasher->update(base::as_bytes("a")).has_value());
  ASSERT_TRUE(hasher->update(base::as_bytes("bc")).has_value());
  EXPECT_EQ(base::to_hex(*hasher->finish()), base::sha256(base::as_bytes("abc")).hex());
}

TEST(Hasher, EveryDigestOfTheDefaultProviderHasItsSize) {
  const auto context = test::make_context();
  for (const auto digest : {DigestAlgorithm::kMd5, DigestAlgorithm::kSha1, DigestAlgorithm::kSha224,
                            DigestAlgorithm::kSha256, DigestAlgorithm::kSha384, DigestAlgorithm::kSha512,
                            DigestAlgorithm::kSha3_256, DigestAlgorithm::kSha3_384, DigestAlgorithm::kSha3_512}) {
    EXPECT_EQ(compute_digest(*context, digest, {})->size(), digest_size_bytes(digest)) << to_string(digest);
  }
}

std::string text_of(const boost::json::value& value) {
  return std::string(value.as_string());
}

struct Vectors {
  std::size_t valid = 0, invalid = 0, acceptable = 0;
};

// The vectors of one file, each with its group.
template <class Verify>
Vectors run_vectors(const std::filesystem::path& file, Verify verify) {
  Vectors counts;
  const Bytes octets = test::read(file);
  const auto document = boost::json::parse(base::as_text(octets));
  for (const auto& group : document.at("testGroups").as_array()) {
    for (const auto& vector : group.at("tests").as_array()) {
      const Bytes message = *base::from_hex(text_of(vector.at("msg")));
      const Bytes signature = *base::from_hex(text_of(vector.at("sig")));
      const std::string result = text_of(vector.at("result"));
      const bool verified = verify(group, message, signature);
      const std::string name = file.filename().string() + " " + std::to_string(vector.at("tcId").to_number<int>());
      if (result == "valid") {
        EXPECT_TRUE(verified) << name;
        ++counts.valid;
      } else if (result == "invalid") {
        EXPECT_FALSE(verified) << name;
        ++counts.invalid;
      } else {
        ++counts.acceptable;
      }
    }
  }
  return counts;
}

DigestAlgorithm digest_named(const std::string& name) {
  for (const auto digest : {DigestAlgorithm::kSha1, DigestAlgorithm::kSha224, DigestAlgorithm::kSha256,
                            DigestAlgorithm::kSha384, DigestAlgorithm::kSha512}) {
    if (to_string(digest) == name) return digest;
  }
  return DigestAlgorithm::kMd5;
}

// The key of a group as SubjectPublicKeyInfo, under whichever name the file has it.
Bytes key_of(const boost::json::value& group) {
  for (const char* member : {"publicKeyDer", "keyDer"}) {
    if (const auto* found = group.as_object().if_contains(member)) return *base::from_hex(text_of(*found));
  }
  return {};
}

TEST(Wycheproof, Signatures) {
  const auto folder = test::corpora("wycheproof");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  Vectors sum;
  for (const auto& file : test::files_in(*folder)) {
    const std::string name = file.filename().string();
    const bool concatenated = name.find("p1363") != std::string::npos;
    const Vectors counts = run_vectors(file, [&](const auto& group, const Bytes& message, const Bytes& signature) {
      const auto key = parse_public_key_info(key_of(group));
      if (!key) return false;
      SignatureAlgorithm algorithm;
      algorithm.digest = digest_named(text_of(group.at("sha")));
      if (name.starts_with("ecdsa")) {
        algorithm.scheme = SignatureScheme::kEcdsa;
      } else if (name.starts_with("rsa_pss")) {
        algorithm.scheme = SignatureScheme::kRsaPss;
        algorithm.mgf1_digest = digest_named(text_of(group.at("mgfSha")));
        algorithm.salt_bytes = static_cast<std::uint16_t>(group.at("sLen").template to_number<int>());
      }
      if (!concatenated) return verify_signature(*context, *key, algorithm, message, signature).has_value();
      if (signature.size() != 2 * ((key->bits + 7) / 8)) return false;
      const auto value = ecdsa_from_concatenated(signature);
      return value && verify_signature(*context, *key, algorithm, message, *value).has_value();
    });
    sum.valid += counts.valid;
    sum.invalid += counts.invalid;
    sum.acceptable += counts.acceptable;
  }
  std::printf("wycheproof: %zu valid, %zu invalid, %zu left open by their authors\n", sum.valid, sum.invalid,
              sum.acceptable);
  EXPECT_GT(sum.valid, 0U);
}

TEST(Ecdsa, ConcatenatedAndBack) {
  const Bytes concatenated = *base::from_hex("00000001800000ff");
  const Bytes der = *ecdsa_from_concatenated(concatenated);
  EXPECT_EQ(base::to_hex(der), "300a020101020500800000ff");
  EXPECT_EQ(*ecdsa_to_concatenated(der, 4), concatenated);
  EXPECT_EQ(ecdsa_to_concatenated(der, 3).error().code(), Code::kSignatureBroken);
  EXPECT_FALSE(ecdsa_from_concatenated(*base::from_hex("000001")).has_value());
  EXPECT_FALSE(ecdsa_from_concatenated({}).has_value());
}

class KzChain : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::corpora("kz/ca");
    if (!folder_) GTEST_SKIP();
    context_ = test::make_context();
    root_ = test::load(*folder_ / "root_rsa_2020.cer");
    issuing_ = test::load(*folder_ / "nca_rsa_2022.cer");
  }
  std::optional<std::filesystem::path> folder_;
  std::unique_ptr<Context> context_;
  CertificatePtr root_, issuing_;
};

TEST_F(KzChain, RsaVerifiesAndIsRemembered) {
  if (!folder_) GTEST_SKIP();
  EXPECT_TRUE(verify_certificate_signature(*context_, *issuing_, root_->key()).has_value());
  EXPECT_TRUE(verify_certificate_signature(*context_, *issuing_, root_->key()).has_value());
  EXPECT_TRUE(verify_certificate_signature(*context_, *root_, root_->key()).has_value());
  EXPECT_EQ(verify_certificate_signature(*context_, *issuing_, issuing_->key()).error().code(), Code::kSignatureBroken);
}

TEST_F(KzChain, AChangedOctetBreaksIt) {
  if (!folder_) GTEST_SKIP();
  const auto algorithm = *signature_algorithm_from(issuing_->signature_algorithm());
  Bytes tbs = base::to_bytes(issuing_->tbs());
  Bytes signature = base::to_bytes(issuing_->signature());
  EXPECT_TRUE(verify_signature(*context_, root_->key(), algorithm, tbs, signature).has_value());
  tbs[100] ^= 1;
  EXPECT_EQ(verify_signature(*context_, root_->key(), algorithm, tbs, signature).error().code(),
            Code::kSignatureBroken);
  tbs[100] ^= 1;
  signature[100] ^= 1;
  EXPECT_EQ(verify_signature(*context_, root_->key(), algorithm, tbs, signature).error().code(),
            Code::kSignatureBroken);
  EXPECT_EQ(verify_signature(*context_, root_->key(), algorithm, tbs, {}).error().code(), Code::kSignatureBroken);
}

TEST_F(KzChain, SchemeAndKeyMustBelongTogether) {
  if (!folder_) GTEST_SKIP();
  const SignatureAlgorithm ecdsa{
      .scheme = SignatureScheme::kEcdsa, .digest = DigestAlgorithm::kSha256, .mgf1_digest = {}, .salt_bytes = 0};
  EXPECT_EQ(verify_signature(*context_, root_->key(), ecdsa, {}, issuing_->signature()).error().code(),
            Code::kAlgorithmMismatch);
}

TEST_F(KzChain, AKeyThatNobodyKnowsIsUnsupported) {
  if (!folder_) GTEST_SKIP();
  // id-Ed25519, as an example of a key that no policy of ours knows.
  const auto key = parse_public_key_info(*base::from_hex("302a300506032b6570032100" + std::string(64, 'a')));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->kind, KeyKind::kUnknown);
  EXPECT_EQ(context_->key(*key).error().code(), Code::kCertificateUnsupportedKey);
}

PublicKeyInfo rsa_key(std::string_view modulus_hex, std::string_view exponent_hex) {
  const Bytes numbers = der::write_sequence(
      {der::write_unsigned(*base::from_hex(modulus_hex)), der::write_unsigned(*base::from_hex(exponent_hex))});
  Bytes bits = {0};
  bits.insert(bits.end(), numbers.begin(), numbers.end());
  const Bytes algorithm = der::write_sequence({Oid::literal("1.2.840.113549.1.1.1").der(), der::write_null()});
  return *parse_public_key_info(der::write_sequence({algorithm, der::write(der::kBitString, bits)}));
}

TEST(Keys, RsaNumbersThatForgeAreMalformed) {
  const auto context = test::make_context();
  const std::string odd = "c1" + std::string(252, 'a') + "ab", even = "c1" + std::string(252, 'a') + "aa";
  EXPECT_TRUE(context->key(rsa_key(odd, "010001")).has_value());
  EXPECT_EQ(context->key(rsa_key(even, "010001")).error().code(), Code::kKeyMalformed);
  EXPECT_EQ(context->key(rsa_key(odd, "01")).error().code(), Code::kKeyMalformed);
  EXPECT_EQ(context->key(rsa_key(odd, "04")).error().code(), Code::kKeyMalformed);
  EXPECT_EQ(context->key(rsa_key(odd, "00")).error().code(), Code::kKeyMalformed);
}

TEST(Keys, OneOperationIsBounded) {
  const auto context = test::make_context();
  const auto of_bits = [](std::size_t bits) { return "c1" + std::string(bits / 4 - 4, 'a') + "ab"; };
  EXPECT_TRUE(context->key(rsa_key(of_bits(8192), "010001")).has_value());
  EXPECT_EQ(context->key(rsa_key(of_bits(8200), "010001")).error().code(), Code::kCertificateUnsupportedKey);
  EXPECT_TRUE(context->key(rsa_key(of_bits(2048), std::string(63, '1') + "1")).has_value());
  EXPECT_EQ(context->key(rsa_key(of_bits(2048), std::string(65, '1') + "1")).error().code(), Code::kKeyMalformed);
}

// RFC 4055 3.3: a key of RSASSA-PSS may name the digest, MGF1's digest and the least salt that it is for.
TEST(Keys, RestrictionsOfPssKeysHold) {
  const auto context = test::make_context();
  const EvpPkeyCtxPtr making(EVP_PKEY_CTX_new_from_name(context->library(), "RSA-PSS", nullptr));
  ASSERT_GT(EVP_PKEY_keygen_init(making.get()), 0);
  ASSERT_GT(EVP_PKEY_CTX_set_rsa_keygen_bits(making.get(), 2048), 0);
  ASSERT_GT(EVP_PKEY_CTX_set_rsa_pss_keygen_md(making.get(), context->digest(DigestAlgorithm::kSha256)), 0);
  ASSERT_GT(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(making.get(), context->digest(DigestAlgorithm::kSha256)), 0);
  ASSERT_GT(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(making.get(), 32), 0);
  EVP_PKEY* made = nullptr;
  ASSERT_GT(EVP_PKEY_generate(making.get(), &made), 0);
  const EvpPkeyPtr key(made);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  ASSERT_GT(size, 0);
  const auto info = parse_public_key_info({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  ASSERT_TRUE(info.has_value());
  ASSERT_EQ(info->kind, KeyKind::kRsaPss);
  const Bytes digest = *compute_digest(*context, DigestAlgorithm::kSha256, base::as_bytes("message"));
  const EvpPkeyCtxPtr signing(EVP_PKEY_CTX_new_from_pkey(context->library(), key.get(), nullptr));
  Bytes signature(256);
  std::size_t length = signature.size();
  ASSERT_GT(EVP_PKEY_sign_init(signing.get()), 0);
  ASSERT_GT(EVP_PKEY_sign(signing.get(), signature.data(), &length, digest.data(), digest.size()), 0);
  SignatureAlgorithm algorithm{.scheme = SignatureScheme::kRsaPss,
                               .digest = DigestAlgorithm::kSha256,
                               .mgf1_digest = DigestAlgorithm::kSha256,
                               .salt_bytes = 32};
  const auto verdict = [&] {
    const auto status = verify_signature(*context, *info, algorithm, base::as_bytes("message"), signature);
    return status ? std::nullopt : std::optional(status.error().code());
  };
  EXPECT_EQ(verdict(), std::nullopt);
  algorithm.salt_bytes = 20;
  EXPECT_EQ(verdict(), Code::kAlgorithmMismatch);
  algorithm.salt_bytes = 48;
  EXPECT_EQ(verdict(), Code::kSignatureBroken);
  algorithm.salt_bytes = 32;
  algorithm.mgf1_digest = DigestAlgorithm::kSha512;
  EXPECT_EQ(verdict(), Code::kAlgorithmMismatch);
  algorithm.mgf1_digest = DigestAlgorithm::kSha256;
  algorithm.digest = DigestAlgorithm::kSha512;
  EXPECT_EQ(verdict(), Code::kAlgorithmMismatch);
  algorithm.scheme = SignatureScheme::kRsaPkcs1;
  EXPECT_EQ(verdict(), Code::kAlgorithmMismatch);
}

TEST(Keys, TheCacheIsBounded) {
  auto context = Context::create({.max_keys = 2, .max_signatures = 4});
  ASSERT_TRUE(context.has_value());
  for (int i = 0; i < 20; ++i) {
    const std::string modulus = "c1" + std::string(250, 'a') + base::to_hex(Bytes{static_cast<std::uint8_t>(i)}) + "ab";
    EXPECT_TRUE((*context)->key(rsa_key(modulus, "010001")).has_value());
  }
  // Remembered facts come and go by generations; what was remembered last is there.
  for (std::uint8_t i = 0; i < 20; ++i) {
    const base::Digest what = base::sha256(Bytes{i});
    (*context)->remember_verified(what);
    EXPECT_TRUE((*context)->knows_verified(what));
  }
  EXPECT_FALSE((*context)->knows_verified(base::sha256(Bytes{0})));
}

TEST(Contexts, BecomeTheThreadsDefaultWhileTheyLive) {
  OSSL_LIB_CTX* before = OSSL_LIB_CTX_set0_default(nullptr);
  {
    const auto context = test::make_context();
    EXPECT_EQ(OSSL_LIB_CTX_set0_default(nullptr), context->library());
  }
  EXPECT_EQ(OSSL_LIB_CTX_set0_default(nullptr), before);
}

}  // namespace
}  // namespace tanba::pki
