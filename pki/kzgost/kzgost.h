// The provider `kzgost`: Kazakhstan's ГОСТ algorithms for OpenSSL 3, compiled in.
//
// Implements ГОСТ 34.310-2004 with 34.311-95, and ГОСТ 34.10-2015 (256 and 512 bits) with Streebog, under Kazakhstan's
// OIDs, octet orders and parameters (docs/reference/kzgost.md): digests, keys, signatures, encoders and decoders. The
// same code is `kzgost.so` for other programs.
//
// Not implemented: key agreement, encryption, MACs, and Russia's octet order: its keys and signatures are unknown here.
#pragma once

#include <openssl/types.h>

#include "base/result.h"

namespace tanba::pki::kzgost {

inline constexpr const char* kProviderName = "kzgost";

// Once in main, before any thread: OpenSSL changes its process-wide tables without locks. Later calls only say how the
// first one went. internal.
[[nodiscard]] base::Status register_process();

// Makes the provider known to this library context; OSSL_PROVIDER_load(library, kProviderName) then loads it. Random
// numbers come from the context's other providers: load "default" too. internal.
[[nodiscard]] base::Status add_builtin(OSSL_LIB_CTX* library);

}  // namespace tanba::pki::kzgost
