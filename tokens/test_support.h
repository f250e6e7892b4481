// What tests with tokens share: a SoftHSM2 of their own in a temporary folder, certificates for keys made on it, a
// module with faults put in.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/test_support.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "pki/openssl.h"
#include "pki/signer.h"
#include "tokens/token_setup.h"

namespace tanba::tokens::test {

inline constexpr const char* kSoftHsm = "/usr/lib/softhsm/libsofthsm2.so";
inline constexpr std::string_view kUserPin = "314159";
inline constexpr std::string_view kSoPin = "27182818";

using base::test::must;
inline void must(const base::Status& status) {
  EXPECT_TRUE(status) << (status ? "" : status.error().message() + " " + status.error().cause());
}
template <class T>
std::string code_of(const base::Result<T>& result) {
  return result ? "ok" : std::string(base::dotted(result.error().code()));
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tanba-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A SoftHSM2 of this test alone: its folder and configuration, in this process's environment.
class SoftHsm {
 public:
  SoftHsm() {
    std::filesystem::create_directory(tokens());
    write_text(folder_.path() / "softhsm2.conf",
               "directories.tokendir = " + tokens().string() + "\nobjectstore.backend = file\nlog.level = ERROR\n");
    ::setenv("SOFTHSM2_CONF", (folder_.path() / "softhsm2.conf").c_str(), 1);
    ::setenv("TANBA_FAULT_MODULE", kSoftHsm, 1);
    ::setenv("TANBA_FAULT_CONTROL", control().c_str(), 1);
    ::setenv("TANBA_FAULT_CALLS", calls().c_str(), 1);
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path tokens() const { return folder_.path() / "tokens"; }
  [[nodiscard]] std::filesystem::path control() const { return folder_.path() / "faults"; }
  [[nodiscard]] std::filesystem::path calls() const { return folder_.path() / "calls"; }

  void set_fault(std::string_view line) const { write_text(control(), std::string(line) + "\n"); }
  void clear_faults() const { std::filesystem::remove(control()); }
  [[nodiscard]] std::size_t count_calls(std::string_view name) const {
    std::ifstream file(calls());
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);) count += line == name ? 1 : 0;
    return count;
  }
  void take_away() const { std::filesystem::rename(tokens(), folder_.path() / "drawer"); }
  void bring_back() const { std::filesystem::rename(folder_.path() / "drawer", tokens()); }

  // A new token in the free slot.
  [[nodiscard]] static TokenInfo make_token(Module& module, std::string_view label) {
    for (const TokenInfo& token : must(module.tokens())) {
      if (token.initialised) continue;
      return must(initialise_token(module, token.slot,
                                   TokenSetup{std::string(label), base::Secret(kSoPin), base::Secret(kUserPin)},
                                   Reinitialise::kRefuse));
    }
    ADD_FAILURE() << "no free slot";
    return {};
  }

 private:
  TemporaryFolder folder_;
};

inline Pkcs11Uri uri(std::string_view text) {
  return must(parse_pkcs11_uri(text));
}

// --- certificates and keys in software -------------------------------------------------------------------------------

// RSA-2048, another one at each call. The demo authority's keys serve where it is made: making one takes long.
inline pki::EvpPkeyPtr make_rsa_key() {
  static const std::vector<std::filesystem::path> files = [] {
    std::vector<std::filesystem::path> found;
    const char* authority = std::getenv("TANBA_CERTS_TEST");
    std::error_code error;
    const auto folder = std::filesystem::path(authority != nullptr ? authority : "") / "keys";
    for (const auto& file : std::filesystem::directory_iterator(folder, error)) found.push_back(file.path());
    std::ranges::sort(found);
    return found;
  }();
  static std::size_t next = 0;
  static std::set<std::string> given;  // some of the authority's certificates share a key
  while (next < files.size()) {
    const std::string pem = read_text(files[next++]);
    const pki::BioPtr memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    pki::EvpPkeyPtr key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
    if (!key || EVP_PKEY_is_a(key.get(), "RSA") != 1 || EVP_PKEY_get_bits(key.get()) != 2048) continue;
    if (given.insert(pem).second) return key;
  }
  return pki::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
}

// A certificate by `issuer_key` for the public key of `spki`: other names and extensions do not matter to these tests.
inline pki::CertificatePtr issue_certificate(base::ByteView spki, EVP_PKEY* issuer_key, const char* common_name,
                                             std::string_view bin = {}) {
  const pki::X509Ptr certificate(X509_new());
  const unsigned char* at = spki.data();
  const pki::EvpPkeyPtr subject_key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 4711);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * 365);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  const std::string unit = "BIN" + std::string(bin);
  if (!bin.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "OU", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(unit.c_str()), -1, -1, 0);
  }
  X509_NAME_add_entry_by_txt(X509_get_issuer_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("test issuer"), -1, -1, 0);
  X509_set_pubkey(certificate.get(), subject_key.get());
  X509_sign(certificate.get(), issuer_key, EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  base::Bytes octets(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return must(pki::Certificate::parse(octets));
}

inline base::Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  base::Bytes octets(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return octets;
}

// An officer's key as a workstation holds it.
class SoftwareSigner final : public pki::Signer {
 public:
  explicit SoftwareSigner(const char* name) : key_(make_rsa_key()) {
    certificate_ = issue_certificate(spki_of(key_.get()), key_.get(), name);
  }
  [[nodiscard]] const pki::CertificatePtr& certificate() const override { return certificate_; }
  [[nodiscard]] std::span<const pki::SignatureAlgorithm> algorithms() const override { return {&algorithm_, 1}; }
  [[nodiscard]] base::Result<base::Bytes> sign(const pki::SignatureAlgorithm&, base::ByteView message) override {
    const pki::EvpMdCtxPtr context(EVP_MD_CTX_new());
    std::size_t size = 0;
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size());
    base::Bytes signature(size);
    EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size());
    signature.resize(size);
    return signature;
  }

 private:
  pki::EvpPkeyPtr key_;
  pki::CertificatePtr certificate_;
  pki::SignatureAlgorithm algorithm_;
};

}  // namespace tanba::tokens::test
