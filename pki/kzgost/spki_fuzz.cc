// Any octets as a public key: refused with a reason, or a key that is written back octet by octet.
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "pki/kzgost/curve.h"
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
    const auto point = parse_public(row(type), octets);
    if (point && !equal(write_public(row(type), *point).view(), octets)) std::abort();
    if (point && recognise(octets, KeyStructure::kPublic) != type) std::abort();
  }
  const unsigned char* at = data;
  EVP_PKEY* key = d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(size), library(), nullptr);
  if (key != nullptr && recognise(octets, KeyStructure::kPublic)) {
    unsigned char* written = nullptr;
    const int length = i2d_PUBKEY(key, &written);
    const View used = octets.first(static_cast<std::size_t>(at - data));
    if (length <= 0 || !equal({written, static_cast<std::size_t>(length)}, used)) std::abort();
    OPENSSL_free(written);
  }
  EVP_PKEY_free(key);
  ERR_clear_error();
  return 0;
}
