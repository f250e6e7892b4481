// A certificate for tests that only need some certificate.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <memory>

#include "pki/certificate.h"
#include "pki/openssl.h"

namespace tanba::tokens::client::test {

// With an extension of about so many octets.
inline pki::CertificatePtr make_certificate(std::size_t filling_bytes = 0) {
  const pki::EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const pki::X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509_set_pubkey(certificate.get(), key.get());
  if (filling_bytes > 0) {
    const std::unique_ptr<ASN1_OCTET_STRING, pki::Deleter<ASN1_OCTET_STRING_free>> filling(ASN1_OCTET_STRING_new());
    const base::Bytes octets(filling_bytes);
    ASN1_OCTET_STRING_set(filling.get(), octets.data(), static_cast<int>(octets.size()));
    X509_EXTENSION* extension = X509_EXTENSION_create_by_NID(nullptr, NID_netscape_comment, 0, filling.get());
    X509_add_ext(certificate.get(), extension, -1);  // copies it
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) std::abort();
  const base::Bytes octets(der, der + size);
  OPENSSL_free(der);
  const auto parsed = pki::Certificate::parse(octets);
  if (!parsed) std::abort();
  return *parsed;
}

}  // namespace tanba::tokens::client::test
