// Any key that can sign, near or far: a file's, a token's, the key server's.
#pragma once

#include <memory>
#include <span>

#include "base/bytes.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"

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

}  // namespace tanba::pki
