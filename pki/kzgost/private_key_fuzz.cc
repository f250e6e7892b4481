// Any octets as a private key: refused with a reason, or a scalar that is read again from what is written.
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <cstdlib>

#include "pki/kzgost/key_format.h"
#include "pki/kzgost/kzgost.h"

namespace {

OSSL_LIB_CTX* library() {
  static OSSL_LIB_CTX* const made = [] {
    OSSL_LIB_CTX* fresh = OSSL_LIB_CTX_new();
    if (!tanba::pki::kzgost::register_process() || !tanba::pki::kzgost::add_builtin(fresh)) std::abort();
    if (OSSL_PROVIDER_load(fresh, "default") == nullptr) std::abort();
    if (OSSL_PROVIDER_load(fresh, tanba::pki::kzgost::kProviderName) == nullptr) std::abort();
    return fresh;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba::pki::kzgost;
  const View octets(data, size);
  for (const KeyType type : kKeyTypes) {
    FixedOctets<kMaxFieldBytes> scalar(row(type).field_bytes()), again(row(type).field_bytes());
    if (!parse_private(row(type), octets, scalar.span())) continue;
    const KeyDer written = write_private(row(type), scalar.view());
    if (!parse_private(row(type), written.view(), again.span()) || !equal(scalar.view(), again.view())) std::abort();
  }
  // What is not recognised the provider leaves alone; OpenSSL's decoders of other keys are not tried, which are slow.
  const auto type = recognise(octets, KeyStructure::kPrivate);
  if (!type) return 0;
  EVP_PKEY* key = nullptr;
  OSSL_DECODER_CTX* decoder =
      OSSL_DECODER_CTX_new_for_pkey(&key, "DER", "PrivateKeyInfo", row(*type).names.short_name, 0, library(), nullptr);
  const unsigned char* at = data;
  std::size_t left = size;
  const int decoded = OSSL_DECODER_from_data(decoder, &at, &left);
  // A key that was taken has both its parts, and they belong together.
  if (decoded == 1) {
    EVP_PKEY_CTX* check = EVP_PKEY_CTX_new_from_pkey(library(), key, nullptr);
    if (EVP_PKEY_check(check) != 1) std::abort();
    EVP_PKEY_CTX_free(check);
  }
  OSSL_DECODER_CTX_free(decoder);
  EVP_PKEY_free(key);
  ERR_clear_error();
  return 0;
}
