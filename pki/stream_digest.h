// A digest of what is read piece by piece, without a context: see compute_digest(algorithm, octets).
#pragma once

#include <optional>

#include "pki/algorithm.h"
#include "pki/kzgost/digest.h"
#include "pki/openssl.h"

namespace tanba::pki {

class StreamDigest {
 public:
  // algorithm.unknown when no provider has it; ГОСТ is always there.
  [[nodiscard]] static base::Result<StreamDigest> start(DigestAlgorithm algorithm);
  void update(base::ByteView octets);
  // Once; nothing when OpenSSL failed on the way.
  [[nodiscard]] base::Bytes finish();

 private:
  StreamDigest() = default;
  std::optional<kzgost::DigestState> gost_;
  EvpMdCtxPtr openssl_;
};

}  // namespace tanba::pki
