#include "pki/openssl.h"

#include <openssl/err.h>

namespace tanba::pki {

std::string drain_openssl_errors() {
  std::string out;
  // Bounded: OpenSSL's queue holds 16 errors.
  while (const unsigned long error = ERR_get_error()) {
    char text[256];
    ERR_error_string_n(error, text, sizeof text);
    if (!out.empty()) out += "; ";
    out += text;
  }
  return out;
}

}  // namespace tanba::pki
