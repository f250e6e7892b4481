// The provider's entry, as OSSL_PROVIDER_add_builtin and kzgost.so need it.
#pragma once

#include <openssl/core.h>

#include "pki/kzgost/errors.h"

namespace tanba::pki::kzgost {

// OSSL_provider_init_fn.
int initialise_provider(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                        void** context) noexcept;

// OIDs, signature ids, digests and error texts: OpenSSL keeps them for the whole process and changes them without
// locks. The first call does it, the others say how it went.
[[nodiscard]] Done register_globals() noexcept;

}  // namespace tanba::pki::kzgost
