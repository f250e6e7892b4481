#include "pki/kzgost/kzgost.h"

#include <openssl/provider.h>

#include "pki/kzgost/provider.h"

namespace tanba::pki::kzgost {

base::Status register_process() {
  if (!register_globals())
    return base::fail(base::Code::kInternal, "OpenSSL does not take the names of ГОСТ algorithms");
  return {};
}

base::Status add_builtin(OSSL_LIB_CTX* library) {
  if (OSSL_PROVIDER_add_builtin(library, kProviderName, initialise_provider) != 1) {
    return base::fail(base::Code::kInternal, "OpenSSL does not take a built-in provider");
  }
  return {};
}

}  // namespace tanba::pki::kzgost
