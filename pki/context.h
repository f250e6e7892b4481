// A worker's own OpenSSL: library context, providers, fetched digests and the keys it has seen.
//
// OpenSSL 3.0 shares locks inside a library context, which halves the rate of two threads; so every worker thread has a
// Context of its own. A Context and everything got from it stays on its thread.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/certificate_cache.h"
#include "pki/openssl.h"

namespace tanba::pki {

// Once in main, before any thread: registers what OpenSSL keeps process-wide (OIDs, digests of providers).
void initialise_process();

class Context {
 public:
  struct Options {
    std::size_t max_keys = 4096;         // parsed public keys kept: about 4 KiB each
    std::size_t max_certificates = 512;  // OpenSSL's form of certificates, for path validation: about 8 KiB each
    std::size_t max_signatures = 65536;  // verified signatures remembered: 64 octets each
  };
  // Also becomes the thread's default library context (OSSL_LIB_CTX_set0_default) while it lives; several of one thread
  // (tests only) must end in the reverse order of their making.
  [[nodiscard]] static base::Result<std::unique_ptr<Context>> create(const Options& options);
  [[nodiscard]] static base::Result<std::unique_ptr<Context>> create() { return create(Options{}); }
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] OSSL_LIB_CTX* library() const;  // get0
  // The fetched digest, get0; nothing when no provider has it.
  [[nodiscard]] const EVP_MD* digest(DigestAlgorithm algorithm);
  // The key made ready, from the cache or made now; get0, valid until the next call that adds a key.
  // certificate.unsupported_key or key.malformed.
  [[nodiscard]] base::Result<EVP_PKEY*> key(const PublicKeyInfo& info);
  // A context in which EVP_PKEY_verify can be called at once, kept with the key: setting one up costs as much as a
  // tenth of an RSA verification. get0, valid until the next call that adds a key. As key(); algorithm.mismatch when
  // the key cannot be used so.
  [[nodiscard]] base::Result<EVP_PKEY_CTX*> verifier(const PublicKeyInfo& info, const SignatureAlgorithm& algorithm);

  // Certificates that this worker has parsed.
  [[nodiscard]] CertificateCache& certificates() { return certificates_; }

  // OpenSSL's form of a certificate, from the cache or made now (128 µs); get1. certificate.malformed where OpenSSL
  // cannot read what we can.
  [[nodiscard]] base::Result<X509Ptr> x509(const Certificate& certificate);

  // Memory of signatures of certificates and OCSP answers that verified: positive facts only (DESIGN 3, rule 4).
  [[nodiscard]] bool knows_verified(const base::Digest& what) const;
  void remember_verified(const base::Digest& what);

 private:
  explicit Context(const Options& options);
  struct State;
  std::unique_ptr<State> state_;
  CertificateCache certificates_;
};

}  // namespace tanba::pki
