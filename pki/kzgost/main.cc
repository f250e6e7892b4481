// kzgost.so: the provider for every other OpenSSL 3 program.
//
// Linked with -z nodelete: OpenSSL's table of digests keeps pointers into it when the provider is unloaded.
#include <openssl/core.h>

#include "pki/kzgost/provider.h"

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE* core,
                                                                         const OSSL_DISPATCH* in,
                                                                         const OSSL_DISPATCH** out, void** context) {
  return tanba::pki::kzgost::initialise_provider(core, in, out, context);
}
