// Message authentication by a shared key: RFC 2104 over SHA-256.
#pragma once

#include "base/bytes.h"

namespace tanba::base {

// `key`: any length; what is longer than 64 octets counts by its digest, as the RFC has it. Compare results with
// equal_constant_time.
[[nodiscard]] Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace tanba::base
