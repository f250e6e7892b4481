#include "pki/kzgost/digest.h"

#include <openssl/crypto.h>

namespace tanba::pki::kzgost {

DigestState::DigestState(DigestFunction function) noexcept : function_(function), streebog_{} {
  restart();
}

DigestState::~DigestState() {
  OPENSSL_cleanse(&streebog_, sizeof streebog_);
  static_assert(sizeof(streebog512_ctx) >= sizeof(gosthash94_ctx));
}

void DigestState::restart() noexcept {
  switch (function_) {
    case DigestFunction::kGost34311:
      gosthash94_init(&gost34311_);
      break;
    case DigestFunction::kStreebog256:
      streebog256_init(&streebog_);
      break;
    case DigestFunction::kStreebog512:
      streebog512_init(&streebog_);
      break;
  }
}

void DigestState::update(View octets) noexcept {
  if (octets.empty()) return;
  if (function_ == DigestFunction::kGost34311) {
    gosthash94_update(&gost34311_, octets.size(), octets.data());
  } else {
    streebog512_update(&streebog_, octets.size(), octets.data());
  }
}

FixedOctets<kMaxDigestBytes> DigestState::finish() noexcept {
  FixedOctets<kMaxDigestBytes> digest(digest_size_bytes(function_));
  switch (function_) {
    case DigestFunction::kGost34311:
      gosthash94_digest(&gost34311_, digest.size(), digest.data());
      break;
    case DigestFunction::kStreebog256:
      streebog256_digest(&streebog_, digest.size(), digest.data());
      break;
    case DigestFunction::kStreebog512:
      streebog512_digest(&streebog_, digest.size(), digest.data());
      break;
  }
  return digest;
}

}  // namespace tanba::pki::kzgost
