// The bound of every verification: one RSA-2048 operation and nothing else. The key and the operation lie in this
// thread's own library context and are made before, so that two threads share nothing.
#pragma once

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/authority.h"
#include "bench/memory.h"
#include "pki/context.h"
#include "pki/openssl.h"

namespace tanba::bench {

inline void bare_rsa_2048_verify(benchmark::State& state) {
  const auto context = pki::Context::create().value();
  OSSL_LIB_CTX* library = context->library();
  const pki::EvpPkeyPtr key(EVP_PKEY_Q_keygen(library, nullptr, "RSA", std::size_t{2048}));
  const pki::EvpPkeyCtxPtr signing(EVP_PKEY_CTX_new_from_pkey(library, key.get(), nullptr));
  const pki::EvpPkeyCtxPtr verifying(EVP_PKEY_CTX_new_from_pkey(library, key.get(), nullptr));
  const EVP_MD* digest_algorithm = context->digest(pki::DigestAlgorithm::kSha256);
  const std::array<std::uint8_t, 32> digest{};
  std::array<std::uint8_t, 256> signature{};
  std::size_t size = signature.size();
  must(EVP_PKEY_sign_init(signing.get()) == 1 && EVP_PKEY_CTX_set_signature_md(signing.get(), digest_algorithm) == 1 &&
           EVP_PKEY_sign(signing.get(), signature.data(), &size, digest.data(), digest.size()) == 1 &&
           EVP_PKEY_verify_init(verifying.get()) == 1 &&
           EVP_PKEY_CTX_set_signature_md(verifying.get(), digest_algorithm) == 1,
       "a bare signature");
  for (auto _ : state) {
    begin_operation();
    must(EVP_PKEY_verify(verifying.get(), signature.data(), size, digest.data(), digest.size()) == 1, "verification");
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace tanba::bench
