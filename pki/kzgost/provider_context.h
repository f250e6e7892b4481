// One loading of the provider into one library context, and what its operations share.
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <mutex>

#include "pki/kzgost/key.h"

namespace tanba::pki::kzgost {

class ProviderContext {
 public:
  // From what OpenSSL's core hands over at loading. Null when there is no memory.
  [[nodiscard]] static std::unique_ptr<ProviderContext> create(const OSSL_CORE_HANDLE* core,
                                                               const OSSL_DISPATCH* in) noexcept;

  // Random numbers and ciphers come from the other providers of the library context that loaded us. get0.
  [[nodiscard]] OSSL_LIB_CTX* library() const { return library_.get(); }
  // Made at its first use: half a program's contexts never see a ГОСТ key.
  [[nodiscard]] Outcome<const Curve*> curve(KeyType type) const noexcept;

  // One DER element from the core's BIO: `octets` filled and cut to it; empty when there is none, or when it is longer
  // than any key.
  [[nodiscard]] View read_element(OSSL_CORE_BIO* bio, std::span<std::uint8_t> octets) const noexcept;
  [[nodiscard]] bool write(OSSL_CORE_BIO* bio, View octets) const noexcept;

 private:
  ProviderContext() = default;
  [[nodiscard]] bool read_exactly(OSSL_CORE_BIO* bio, std::span<std::uint8_t> octets) const noexcept;

  struct LazyCurve {
    std::once_flag once;
    std::unique_ptr<Curve> curve;
    Reason reason = Reason::kInternal;
  };

  LibCtxPtr library_;
  mutable std::array<LazyCurve, kKeyTypes.size()> curves_;
  OSSL_FUNC_BIO_read_ex_fn* bio_read_ex_ = nullptr;
  OSSL_FUNC_BIO_write_ex_fn* bio_write_ex_ = nullptr;
};

// A function of a dispatch table.
template <class Function>
[[nodiscard]] OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

// The tables, one file each.
[[nodiscard]] const OSSL_ALGORITHM* digest_algorithms();
[[nodiscard]] const OSSL_ALGORITHM* key_management_algorithms();
[[nodiscard]] const OSSL_ALGORITHM* signature_algorithms();
[[nodiscard]] const OSSL_ALGORITHM* decoder_algorithms();
[[nodiscard]] const OSSL_ALGORITHM* encoder_algorithms();

// Imports what the parameters say into an empty key (provider_keymgmt.cc); an encoder for others' keys needs it too.
[[nodiscard]] Done import_key(Key& key, int selection, const OSSL_PARAM parameters[]) noexcept;

}  // namespace tanba::pki::kzgost
