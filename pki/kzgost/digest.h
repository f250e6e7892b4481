// The three hash functions over GNU Nettle: ГОСТ 34.311-95 (GOST R 34.11-94 with the test parameter set's S-box and a
// zero start value) and Streebog (GOST R 34.11-2012, RFC 6986).
#pragma once

#include <nettle/gosthash94.h>
#include <nettle/streebog.h>

#include "pki/kzgost/algorithm.h"

namespace tanba::pki::kzgost {

// Copies are independent continuations. Wiped when destroyed: what was hashed may have been a secret.
class DigestState {
 public:
  explicit DigestState(DigestFunction function) noexcept;
  DigestState(const DigestState&) noexcept = default;
  DigestState& operator=(const DigestState&) noexcept = default;
  ~DigestState();

  [[nodiscard]] DigestFunction function() const noexcept { return function_; }
  void restart() noexcept;
  void update(View octets) noexcept;
  // digest_size_bytes(function()) octets, as printed; the state starts anew.
  [[nodiscard]] FixedOctets<kMaxDigestBytes> finish() noexcept;

 private:
  DigestFunction function_;
  union {
    gosthash94_ctx gost34311_;
    streebog512_ctx streebog_;  // both lengths
  };
};

}  // namespace tanba::pki::kzgost
