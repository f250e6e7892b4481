// What the tests of cms share: the demo authority's certificates and keys, documents taken apart and put together
// again, and commands run beside.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/test_support.h"
#include "cms/inspect.h"
#include "cms/oids.h"
#include "cms/sign.h"
#include "pki/certificate.h"
#include "pki/verify_signature.h"

namespace tanba::cms::test {

namespace fs = std::filesystem;
namespace der = pki::der;
using base::Bytes;
using base::ByteView;
using base::Code;

inline fs::path certs_test() {
  return base::test::made("");
}

// Empty when it is not there.
inline fs::path corpora(std::string_view below) {
  return base::test::corpora(below).value_or(fs::path{});
}

inline Bytes read(const fs::path& path) {
  auto octets = base::read_file(path, 1U << 30);
  EXPECT_TRUE(octets.has_value()) << path;
  return octets.value_or(Bytes{});
}

inline pki::Context& context() {
  static const std::unique_ptr<pki::Context> made = pki::Context::create().value();
  return *made;
}

inline pki::CertificatePtr certificate(const std::string& name) {
  const auto all = pki::parse_certificates(read(certs_test() / (name + ".pem")));
  EXPECT_TRUE(all.has_value() && all->size() == 1) << name;
  return all->at(0);
}

// A key of the demo authority, read from PEM.
class FileSigner final : public pki::Signer {
 public:
  explicit FileSigner(const std::string& name)
      : certificate_(test::certificate("certs/" + name)), algorithms_(pki::algorithms_for(certificate_->key())) {
    (void)context();  // its provider reads ГОСТ keys
    const pki::BioPtr bio(BIO_new_file((certs_test() / "keys" / (name + ".key.pem")).c_str(), "rb"));
    key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    EXPECT_NE(key_, nullptr) << name;
  }
  [[nodiscard]] const pki::CertificatePtr& certificate() const override { return certificate_; }
  [[nodiscard]] std::span<const pki::SignatureAlgorithm> algorithms() const override { return algorithms_; }
  [[nodiscard]] base::Result<Bytes> sign(const pki::SignatureAlgorithm& algorithm, ByteView message) override {
    const pki::EvpMdCtxPtr hash(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;  // owned by `hash`
    const std::string digest(pki::openssl_name(algorithm.digest));
    if (EVP_DigestSignInit_ex(hash.get(), &key_context, digest.c_str(), nullptr, nullptr, key_.get(), nullptr) != 1) {
      return base::fail(Code::kInternal, pki::drain_openssl_errors());
    }
    if (algorithm.scheme == pki::SignatureScheme::kRsaPss) {
      EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, algorithm.salt_bytes);
    }
    std::size_t size = 0;
    EVP_DigestSign(hash.get(), nullptr, &size, message.data(), message.size());
    Bytes signature(size);
    EXPECT_EQ(EVP_DigestSign(hash.get(), signature.data(), &size, message.data(), message.size()), 1);
    signature.resize(size);
    return signature;
  }

 private:
  pki::CertificatePtr certificate_;
  std::vector<pki::SignatureAlgorithm> algorithms_;
  pki::EvpPkeyPtr key_;
};

inline pki::DocumentFacts inspected(ByteView document, const DetachedContent& detached = {},
                                    const InspectOptions& options = {.keep_octets = pki::KeepOctets::kYes},
                                    const base::Limits& limits = {}) {
  base::Budget budget(limits);
  auto facts = inspect(context(), document, detached, budget, options);
  EXPECT_TRUE(facts.has_value()) << facts.error().message();
  return facts.value_or(pki::DocumentFacts{});
}

inline std::vector<std::string> codes(const std::vector<base::Error>& errors) {
  std::vector<std::string> out;
  for (const base::Error& error : errors) out.emplace_back(base::dotted(error.code()));
  return out;
}

// The codes of the document and, after "S1:" and so on, of each signature.
inline std::vector<std::string> all_codes(const pki::DocumentFacts& facts) {
  std::vector<std::string> out = codes(facts.errors);
  for (const pki::SignatureFacts& signature : facts.signatures) {
    for (const std::string& code : codes(signature.errors)) out.push_back(signature.id + ":" + code);
  }
  return out;
}

// At least one signature, and nothing wrong anywhere.
inline bool all_good(const pki::DocumentFacts& facts) {
  return !facts.signatures.empty() && all_codes(facts).empty();
}

inline Bytes attribute(const pki::Oid& type, const std::vector<Bytes>& values) {
  return der::write_sequence({type.der(), der::write_set_of(values)});
}
inline Bytes joined(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

inline pki::SignatureAlgorithm rsa_sha256() {
  return {.scheme = pki::SignatureScheme::kRsaPkcs1, .digest = pki::DigestAlgorithm::kSha256};
}

// A good document whose signed attributes were changed before signing: only they can be at fault.
inline Bytes signed_with_attributes(const std::function<void(std::vector<Bytes>&)>& change,
                                    const Profile& profile = {.algorithm = rsa_sha256()},
                                    std::string_view content = "content") {
  FileSigner signer("head");
  ToBeSigned to_be_signed = prepare(context(), base::as_bytes(content), signer.certificate(), profile).value();
  const auto set = der::parse_single(to_be_signed.octets, der::kSet, "attributes").value();
  const auto parsed = parse_attributes(set.value).value();
  std::vector<Bytes> attributes;
  for (const Attribute& one : parsed) attributes.push_back(base::to_bytes(one.whole));
  change(attributes);
  to_be_signed.octets = der::write_set_of(std::move(attributes));
  return complete(to_be_signed, signer.sign(profile.algorithm, to_be_signed.octets).value()).value();
}

// A SignedData put together from parts: what a test does not change stays as it was.
struct Parts {
  pki::Oid content_type;
  std::optional<Bytes> content;    // octets
  Bytes certificates, revocation;  // contents
  std::vector<Bytes> signers;      // SignerInfo each
  Bytes trailing;                  // inside SignedData

  explicit Parts(ByteView document) {
    const SignedData parsed = parse_signed_data(document, base::Limits{}).value();
    content_type = parsed.content_type;
    if (parsed.content.has_value()) content = base::to_bytes(*parsed.content);
    certificates = base::to_bytes(parsed.certificates);
    revocation = base::to_bytes(parsed.revocation);
    for (const ByteView signer : parsed.signers) signers.push_back(base::to_bytes(signer));
  }

  [[nodiscard]] Bytes write() const {
    Bytes encapsulated = content_type.der();
    if (content.has_value()) {
      const Bytes wrapped = der::write(der::context_constructed(0), der::write_octet_string(*content));
      encapsulated.insert(encapsulated.end(), wrapped.begin(), wrapped.end());
    }
    std::vector<Bytes> fields{der::write_integer(1),
                              der::write_set_of({pki::write_digest_identifier(pki::DigestAlgorithm::kSha256)}),
                              der::write(der::kSequence, encapsulated)};
    if (!certificates.empty()) fields.push_back(der::write(der::context_constructed(0), certificates));
    if (!revocation.empty()) fields.push_back(der::write(der::context_constructed(1), revocation));
    fields.push_back(der::write(der::kSet, joined(signers)));
    fields.push_back(trailing);
    const Bytes body = der::write(der::kSequence, joined(fields));
    return der::write_sequence({oid::kSignedData.der(), der::write(der::context_constructed(0), body)});
  }
};

// The SignerInfo with elements after it: unsigned attributes, or what does not belong there.
inline Bytes with_appended(ByteView signer_info, ByteView element) {
  const auto outer = der::parse_single(signer_info, der::kSequence, "SignerInfo").value();
  Bytes contents = base::to_bytes(outer.value);
  contents.insert(contents.end(), element.begin(), element.end());
  return der::write(der::kSequence, contents);
}

// A folder that goes away with the test.
class Workspace {
 public:
  Workspace() {
    std::string name = (fs::temp_directory_path() / "tanba-cms-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~Workspace() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  [[nodiscard]] fs::path operator/(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] fs::path write(const std::string& name, ByteView octets) const {
    std::ofstream(folder_ / name, std::ios::binary) << base::as_text(octets);
    return folder_ / name;
  }
  // What the command prints is shown when it fails.
  [[nodiscard]] int run(const std::string& command) const {
    const fs::path log = folder_ / "log";
    const int status = std::system(("(" + command + ") > " + log.string() + " 2>&1").c_str());
    if (status != 0) std::cout << command << "\n" << std::ifstream(log).rdbuf() << "\n";
    return status;
  }

 private:
  fs::path folder_;
};

// openssl's arguments that name a signer of the demo authority.
inline std::string openssl_signer(const std::string& name) {
  return " -signer " + (certs_test() / "certs" / (name + ".pem")).string() + " -inkey " +
         (certs_test() / "keys" / (name + ".key.pem")).string();
}

}  // namespace tanba::cms::test
