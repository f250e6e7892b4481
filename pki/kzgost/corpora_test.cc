// The national authority's own objects, through OpenSSL alone: what its signatures and keys say must hold.
#include <openssl/cms.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include <map>

#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::Library;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Deleter<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Deleter<OCSP_BASICRESP_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Deleter<CMS_ContentInfo_free>>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, Deleter<PKCS12_free>>;

std::filesystem::path certificate_file(const std::filesystem::path& folder, const std::string& name) {
  for (const char* below : {"ca", "test-ca", "signed"}) {
    for (const char* ending : {".pem", ".cer", ".crt"}) {
      const auto path = folder / below / (name + ending);
      if (std::filesystem::exists(path)) return path;
    }
  }
  return folder / name;
}

// DER, PEM, or base64 without a frame: all three occur.
X509Ptr load_certificate(const std::filesystem::path& path) {
  Bytes octets = test::read_file(path);
  if (!octets.empty() && octets[0] != 0x30) {
    std::string text(octets.begin(), octets.end());
    if (!text.starts_with("-----BEGIN"))
      text = "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n";
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }
  const unsigned char* at = octets.data();
  return X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(octets.size())));
}

class Corpora : public ::testing::Test {
 protected:
  Corpora() : folder_(test::corpora("kz")) {}
  [[nodiscard]] X509Ptr certificate(const std::string& name) const {
    X509Ptr read = load_certificate(certificate_file(*folder_, name));
    EXPECT_TRUE(read) << name;
    return read;
  }
  Library library_;
  std::optional<std::filesystem::path> folder_;
};

TEST_F(Corpora, CertificatesVerifyUnderTheirIssuersAlone) {
  if (!folder_) GTEST_SKIP();
  const std::map<std::string, std::string> issuers = {
      {"root_gost", "root_gost"},
      {"nca_gost", "root_gost"},
      {"root_gost_2020", "root_gost_2020"},
      {"ucgo_gost", "root_gost_2020"},
      {"btsd_gost", "root_gost_2020"},
      {"root_gost_2022", "root_gost_2022"},
      {"nca_gost_2022", "root_gost_2022"},
      {"root_test_gost_2022", "root_test_gost_2022"},
      {"nca_gost2022_test", "root_test_gost_2022"},
      {"ncanode_ceo_valid_sign_2004_gost", "ncanode_nca_gost_test"},
  };
  std::map<std::string, X509Ptr> all;
  for (const auto& [subject, issuer] : issuers) {
    for (const std::string& name : {subject, issuer}) {
      if (!all.contains(name)) all[name] = certificate(name);
    }
  }
  for (const auto& [subject, issuer] : issuers) {
    for (const auto& [candidate, read] : all) {
      const int good = X509_verify(all[subject].get(), X509_get0_pubkey(read.get()));
      EXPECT_EQ(good == 1, candidate == issuer) << subject << " under " << candidate;
    }
  }
  ERR_clear_error();
}

TEST_F(Corpora, CertificatesDoNotVerifyAfterAnyChangedOctet) {
  if (!folder_) GTEST_SKIP();
  const X509Ptr root = certificate("root_gost_2022");
  const X509Ptr good = certificate("nca_gost_2022");
  unsigned char* der = nullptr;
  const int size = i2d_X509(good.get(), &der);
  const Bytes octets(der, der + size);
  OPENSSL_free(der);
  int parsed = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    Bytes changed = octets;
    changed[i] ^= 0x01;
    const unsigned char* at = changed.data();
    const X509Ptr read(d2i_X509(nullptr, &at, static_cast<long>(changed.size())));
    if (!read) continue;
    ++parsed;
    EXPECT_NE(X509_verify(read.get(), X509_get0_pubkey(root.get())), 1) << "octet " << i;
  }
  EXPECT_GT(parsed, 500);
  ERR_clear_error();
}

// The octets of one DER element at `at`, which moves behind it.
std::span<const unsigned char> element(const unsigned char*& at, const unsigned char* end, bool enter) {
  const unsigned char* start = at;
  long length = 0;
  int tag = 0, tag_class = 0;
  EXPECT_EQ(ASN1_get_object(&at, &length, &tag, &tag_class, end - at) & 0x80, 0);
  if (enter) return {at, static_cast<std::size_t>(length)};
  at += length;
  return {start, at};
}

// The signature over the list's octets, whatever X509_CRL_verify thinks of the rest.
bool list_signature_verifies(const Bytes& octets, const X509_CRL* list, EVP_PKEY* key) {
  const unsigned char* at = octets.data();
  const unsigned char* end = octets.data() + octets.size();
  element(at, end, true);
  const auto signed_octets = element(at, end, false);
  const ASN1_BIT_STRING* value = nullptr;
  X509_CRL_get0_signature(list, &value, nullptr);
  return test::verify_message(key, signed_octets, {value->data, static_cast<std::size_t>(value->length)});
}

TEST_F(Corpora, RevocationListsVerify) {
  if (!folder_) GTEST_SKIP();
  const X509Ptr issuer = certificate("nca_gost2022_test");
  EVP_PKEY* key = X509_get0_pubkey(issuer.get());
  for (const char* name : {"nca_gost2022_test_2022-07.crl", "nca_gost2022_test_2026-08.crl"}) {
    Bytes octets = test::read_file(*folder_ / "crl" / name);
    const unsigned char* at = octets.data();
    const CrlPtr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(octets.size())));
    ASSERT_TRUE(list) << name;
    EXPECT_TRUE(list_signature_verifies(octets, list.get(), key)) << name;
    octets[octets.size() - 20] ^= 0x10;
    at = octets.data();
    const CrlPtr changed(d2i_X509_CRL(nullptr, &at, static_cast<long>(octets.size())));
    ASSERT_TRUE(changed) << name;
    EXPECT_FALSE(list_signature_verifies(octets, changed.get(), key)) << name;
    EXPECT_EQ(test::last_reason(), Reason::kSignatureBroken);
  }
}

// RFC 5280 5.1.2.2: the two AlgorithmIdentifiers of a list "MUST" be the same. The test contour's lists of 2026 write
// the inner one without NULL: later releases of OpenSSL 3.0 refuse that, earlier ones do not, so only the other is
// tried.
TEST_F(Corpora, OpensslTakesListsThatNameTheirAlgorithmTwiceAlike) {
  if (!folder_) GTEST_SKIP();
  const X509Ptr issuer = certificate("nca_gost2022_test");
  const X509Ptr other = certificate("nca_gost_2022");
  const Bytes octets = test::read_file(*folder_ / "crl" / "nca_gost2022_test_2022-07.crl");
  const unsigned char* at = octets.data();
  const CrlPtr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(octets.size())));
  EXPECT_EQ(X509_CRL_verify(list.get(), X509_get0_pubkey(issuer.get())), 1);
  EXPECT_NE(X509_CRL_verify(list.get(), X509_get0_pubkey(other.get())), 1);
  ERR_clear_error();
}

TEST_F(Corpora, OcspResponsesVerify) {
  if (!folder_) GTEST_SKIP();
  for (const char* name : {"ocsp_response_ceo_2015_revoked.bin", "ocsp_response_individual_2015.bin"}) {
    const Bytes octets = test::read_file(*folder_ / "ocsp" / name);
    const unsigned char* at = octets.data();
    const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(octets.size())));
    ASSERT_TRUE(response) << name;
    const BasicPtr basic(OCSP_response_get1_basic(response.get()));
    ASSERT_TRUE(basic) << name;
    const StorePtr store(X509_STORE_new());
    const X509Ptr authority = certificate("nca_gost2022_test");
    X509_STORE_add_cert(store.get(), authority.get());
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    EXPECT_EQ(OCSP_basic_verify(basic.get(), nullptr, store.get(), 0), 1) << name;
    ERR_clear_error();
  }
}

// The stamped data is not known: the token's own signature over its content.
TEST_F(Corpora, TheTimeStampTokenVerifies) {
  if (!folder_) GTEST_SKIP();
  Bytes octets = test::read_file(*folder_ / "tsp" / "tsp_token.bin");
  const auto verifies = [&] {
    const unsigned char* at = octets.data();
    const CmsPtr token(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(octets.size())));
    if (!token) return false;
    return CMS_verify(token.get(), nullptr, nullptr, nullptr, nullptr, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
  };
  EXPECT_TRUE(verifies());
  octets[octets.size() - 10] ^= 0x04;
  EXPECT_FALSE(verifies());
  ERR_clear_error();
}

TEST_F(Corpora, KeyStoresOpenAndTheirKeysSign) {
  if (!folder_) GTEST_SKIP();
  // RC2-40 for the certificates: a context for opening only.
  const test::ProviderPtr legacy(OSSL_PROVIDER_load(library_.get(), "legacy"));
  ASSERT_TRUE(legacy);
  int opened = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder_ / "p12")) {
    const std::string name = entry.path().filename().string();
    const char* password = name == "KEY_INDIVIDUAL_VALID_2015.p12" ? "Aa123456" : "Qwerty12";
    const Bytes octets = test::read_file(entry.path());
    const unsigned char* at = octets.data();
    const Pkcs12Ptr file(d2i_PKCS12(nullptr, &at, static_cast<long>(octets.size())));
    ASSERT_TRUE(file) << name;
    EVP_PKEY* raw_key = nullptr;
    X509* raw_certificate = nullptr;
    EXPECT_NE(PKCS12_parse(file.get(), "wrong", &raw_key, &raw_certificate, nullptr), 1) << name;
    ASSERT_EQ(PKCS12_parse(file.get(), password, &raw_key, &raw_certificate, nullptr), 1) << name;
    const test::PkeyPtr key(raw_key);
    const X509Ptr certificate(raw_certificate);
    ASSERT_TRUE(key && certificate) << name;
    EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1) << name;
    const Bytes message = test::random_octets(100);
    const Bytes signature = test::sign_message(key.get(), message);
    EXPECT_TRUE(test::verify_message(X509_get0_pubkey(certificate.get()), message, signature)) << name;
    if (EVP_PKEY_is_a(key.get(), "kzgost2015-512") == 1) ++opened;
  }
  EXPECT_EQ(opened, 7);
  ERR_clear_error();
}

}  // namespace
}  // namespace tanba::pki::kzgost
