// The one place where a signature value meets a public key.
#pragma once

#include "base/bytes.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::pki {

// Octets in, digest out, piece by piece.
class Hasher {
 public:
  [[nodiscard]] static base::Result<Hasher> start(Context& context, DigestAlgorithm algorithm);
  [[nodiscard]] base::Status update(base::ByteView octets);
  [[nodiscard]] base::Result<base::Bytes> finish();

 private:
  explicit Hasher(EvpMdCtxPtr context) : context_(std::move(context)) {}
  EvpMdCtxPtr context_;
};
[[nodiscard]] base::Result<base::Bytes> compute_digest(Context& context, DigestAlgorithm algorithm,
                                                       base::ByteView octets);
// The same without a context, for what is read before its thread has one (lists, files): slower by the fetch of the
// digest from OpenSSL's default context, and whatever providers are there, ГОСТ works.
[[nodiscard]] base::Result<base::Bytes> compute_digest(DigestAlgorithm algorithm, base::ByteView octets);

// Verifies a signature over `message` (hashed here). ECDSA and DSA values are DER (X.509, CMS); ecdsa_from_concatenated
// makes that of XML-DSig's r‖s. ГОСТ values are in KZ's octet order.
// Errors: signature.broken; algorithm.mismatch when scheme and key do not belong together; those of Context::key.
[[nodiscard]] base::Status verify_signature(Context& context, const PublicKeyInfo& key,
                                            const SignatureAlgorithm& algorithm, base::ByteView message,
                                            base::ByteView signature);
// The same over a digest that was computed before.
[[nodiscard]] base::Status verify_digest_signature(Context& context, const PublicKeyInfo& key,
                                                   const SignatureAlgorithm& algorithm, base::ByteView digest,
                                                   base::ByteView signature);
// RFC 4050/XML-DSig: r‖s of equal length -> ECDSA-Sig-Value, and back.
[[nodiscard]] base::Result<base::Bytes> ecdsa_from_concatenated(base::ByteView concatenated);
[[nodiscard]] base::Result<base::Bytes> ecdsa_to_concatenated(base::ByteView der, std::size_t field_bytes);

// Whether verify_certificate_signature would answer from memory, without a public-key operation: for who counts them.
[[nodiscard]] bool knows_certificate_signature(const Context& context, const Certificate& certificate,
                                               const PublicKeyInfo& issuer_key);
// The certificate's signature under the issuer's key; remembered in the context when it verifies.
[[nodiscard]] base::Status verify_certificate_signature(Context& context, const Certificate& certificate,
                                                        const PublicKeyInfo& issuer_key);

}  // namespace tanba::pki
