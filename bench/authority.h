// A chain of three with RSA-2048 keys, made in memory by OpenSSL: measurements need no other files.
#pragma once

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "pki/openssl.h"
#include "pki/signer.h"

namespace tanba::bench {

inline void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", what, pki::drain_openssl_errors().c_str());
  std::exit(1);
}

struct Identity {
  pki::X509Ptr certificate;
  pki::EvpPkeyPtr key;

  [[nodiscard]] base::Bytes der() const {
    base::Bytes out(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
    unsigned char* at = out.data();
    i2d_X509(certificate.get(), &at);
    return out;
  }
};

inline void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);  // ours to free
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

// `issuer` null: self-signed.
inline Identity make_identity(const std::string& name, const Identity* issuer, const char* basic_constraints,
                              const char* key_usage) {
  static long serial = 0x4279390A;
  Identity made{pki::X509Ptr(X509_new()), pki::EvpPkeyPtr(EVP_RSA_gen(2048))};
  must(made.key != nullptr, "RSA key");
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_NAME* subject = X509_get_subject_name(certificate);  // get0
  const std::pair<const char*, std::string> parts[] = {
      {"CN", name}, {"SN", "ДЕМОВ"}, {"serialNumber", "IIN850101300015"}, {"C", "KZ"}, {"O", "АО «ИЗМЕРЕНИЕ»"}};
  for (const auto& [type, value] : parts) {
    X509_NAME_add_entry_by_txt(subject, type, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                               -1, 0);
  }
  X509* issuer_certificate = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer_certificate));
  X509_set_pubkey(certificate, made.key.get());
  add_extension(certificate, issuer_certificate, NID_basic_constraints, basic_constraints);
  add_extension(certificate, issuer_certificate, NID_key_usage, key_usage);
  add_extension(certificate, issuer_certificate, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) add_extension(certificate, issuer_certificate, NID_authority_key_identifier, "keyid");
  add_extension(certificate, issuer_certificate, NID_crl_distribution_points,
                "URI:http://crl.example.test/issuing.crl");
  add_extension(certificate, issuer_certificate, NID_info_access, "OCSP;URI:http://ocsp.example.test");
  const Identity& signer = issuer != nullptr ? *issuer : made;
  must(X509_sign(certificate, signer.key.get(), EVP_sha256()) > 0, "certificate");
  return made;
}

struct Chain {
  Identity root = make_identity("ROOT", nullptr, "critical,CA:TRUE", "critical,keyCertSign,cRLSign");
  Identity issuing = make_identity("ISSUING", &root, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign");

  [[nodiscard]] Identity new_signer(const std::string& name) const {
    return make_identity(name, &issuing, "CA:FALSE", "critical,digitalSignature,nonRepudiation");
  }
};

// RSASSA-PKCS1-v1_5 with SHA-256.
class MemorySigner final : public pki::Signer {
 public:
  explicit MemorySigner(const Identity& identity)
      : identity_(identity), certificate_(pki::Certificate::parse(identity.der()).value()) {}
  [[nodiscard]] const pki::CertificatePtr& certificate() const override { return certificate_; }
  [[nodiscard]] std::span<const pki::SignatureAlgorithm> algorithms() const override { return algorithms_; }
  [[nodiscard]] base::Result<base::Bytes> sign(const pki::SignatureAlgorithm&, base::ByteView message) override {
    const pki::EvpMdCtxPtr context(EVP_MD_CTX_new());
    std::size_t size = 256;
    base::Bytes signature(size);
    must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, identity_.key.get()) == 1 &&
             EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1,
         "signature");
    return signature;
  }

 private:
  const Identity& identity_;
  pki::CertificatePtr certificate_;
  std::vector<pki::SignatureAlgorithm> algorithms_{pki::SignatureAlgorithm{}};
};

}  // namespace tanba::bench
