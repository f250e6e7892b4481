// Any key that can sign, near or far: a file's, a token's, the key server's.
#pragma once

#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::pki {

class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual const CertificatePtr& certificate() const = 0;
  // What this key can do, preferred first; never empty.
  [[nodiscard]] virtual std::span<const SignatureAlgorithm> algorithms() const = 0;
  // Signs `message` (hashed by the signer or by its token). ECDSA: DER. ГОСТ: KZ's octet order. May block.
  [[nodiscard]] virtual base::Result<base::Bytes> sign(const SignatureAlgorithm& algorithm, base::ByteView message) = 0;
};

// The algorithms that fit a key of this kind, preferred first.
[[nodiscard]] std::vector<SignatureAlgorithm> algorithms_for(const PublicKeyInfo& key);

// A key that lies in memory (a file's, a test's): PKCS#8 PrivateKeyInfo in DER, not encrypted.
// certificate.unsupported_key; file.wrong_content when the key is malformed or not the certificate's. The context must
// outlive the signer.
[[nodiscard]] base::Result<std::unique_ptr<Signer>> make_key_signer(Context& context, CertificatePtr certificate,
                                                                    const base::Secret& private_key_info);

}  // namespace tanba::pki
