// What the tests of this folder share: documents, keys of the demo authority, and xmlsec1 as the other opinion.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "pki/openssl.h"
#include "pki/signer.h"
#include "pki/test_support.h"
#include "xmldsig/inspect.h"

namespace tanba::xmldsig::test {

using pki::test::corpora;
using pki::test::load;
using pki::test::made;
using pki::test::make_context;
using pki::test::read;

inline base::ByteView octets(std::string_view text) {
  return base::as_bytes(text);
}

// A key of the demo authority in memory, signing by OpenSSL.
class FileSigner final : public pki::Signer {
 public:
  FileSigner(const std::filesystem::path& key, pki::CertificatePtr certificate) : certificate_(std::move(certificate)) {
    const base::Bytes pem = read(key);
    const pki::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    EXPECT_NE(key_, nullptr) << key;
    algorithms_ = pki::algorithms_for(certificate_->key());
  }
  FileSigner(pki::EvpPkeyPtr key, pki::CertificatePtr certificate)
      : certificate_(std::move(certificate)), key_(std::move(key)) {
    algorithms_ = pki::algorithms_for(certificate_->key());
  }
  const pki::CertificatePtr& certificate() const override { return certificate_; }
  std::span<const pki::SignatureAlgorithm> algorithms() const override { return algorithms_; }
  base::Result<base::Bytes> sign(const pki::SignatureAlgorithm& algorithm, base::ByteView message) override {
    const pki::EvpMdCtxPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;
    const std::string digest(pki::openssl_name(algorithm.digest));
    std::size_t size = 0;
    bool done =
        EVP_DigestSignInit_ex(context.get(), &key_context, digest.c_str(), nullptr, nullptr, key_.get(), nullptr) == 1;
    if (algorithm.scheme == pki::SignatureScheme::kRsaPss) {
      done = done && EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, algorithm.salt_bytes) == 1;
    }
    done = done && EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1;
    base::Bytes value(size);
    done = done && EVP_DigestSign(context.get(), value.data(), &size, message.data(), message.size()) == 1;
    if (!done) return base::fail(base::Code::kSigningFailed);
    value.resize(size);
    return value;
  }

 private:
  pki::CertificatePtr certificate_;
  pki::EvpPkeyPtr key_;
  std::vector<pki::SignatureAlgorithm> algorithms_;
};

// A person of the demo authority with the issuing CA.
struct Person {
  std::unique_ptr<FileSigner> signer;
  std::vector<pki::CertificatePtr> chain;
};
inline Person person(const std::filesystem::path& authority, const std::string& name) {
  return {std::make_unique<FileSigner>(authority / "keys" / (name + ".key.pem"),
                                       load(authority / "certs" / (name + ".pem"))),
          {load(authority / "ca" / "issuing.pem")}};
}

inline pki::DocumentFacts facts_of(pki::Context& context, base::ByteView xml, const base::Limits& limits = {}) {
  base::Budget budget(limits);
  auto facts = inspect(context, xml, budget, pki::KeepOctets::kYes);
  EXPECT_TRUE(facts.has_value()) << (facts ? "" : facts.error().cause());
  return facts ? *std::move(facts) : pki::DocumentFacts{};
}

// The dotted codes of everything that is wrong, the document's first.
inline std::vector<std::string> codes_of(const pki::DocumentFacts& facts) {
  std::vector<std::string> codes;
  for (const base::Error& error : facts.errors) codes.emplace_back(base::dotted(error.code()));
  for (const pki::SignatureFacts& signature : facts.signatures) {
    for (const base::Error& error : signature.errors) codes.emplace_back(base::dotted(error.code()));
  }
  return codes;
}
// The code that a report shows first; nothing without errors.
inline std::string most_telling(const std::vector<base::Error>& errors) {
  const auto rank = [](const base::Error& error) { return base::info(error.code()).sub_indication; };
  const auto first = std::ranges::min_element(errors, {}, rank);
  return first == errors.end() ? std::string() : std::string(base::dotted(first->code()));
}
inline std::vector<std::string> codes_of(pki::Context& context, std::string_view xml) {
  return codes_of(facts_of(context, octets(xml)));
}

// A folder of this test program alone, gone afterwards.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "tanba-xmldsig-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path write(const std::string& name, base::ByteView content) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

// Debian's xmlsec1 on a file, with these options only; whether it says that the signature holds.
enum class Verdict { kGood, kBad };
inline Verdict xmlsec1_verify(const std::filesystem::path& file, const std::string& options) {
  const std::string command = "xmlsec1 --verify " + options + " '" + file.string() + "' >/dev/null 2>&1";
  return std::system(command.c_str()) == 0 ? Verdict::kGood : Verdict::kBad;
}

}  // namespace tanba::xmldsig::test
