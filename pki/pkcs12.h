// PKCS#12 key stores (RFC 7292) as НУЦ РК and others make them: BER, legacy ciphers, on the officer's workstation only.
#pragma once

#include <memory>
#include <vector>

#include "base/secret.h"
#include "pki/context.h"
#include "pki/signer.h"

namespace tanba::pki {

struct Pkcs12Contents {
  std::unique_ptr<Signer> signer;            // the private key with its certificate
  std::vector<CertificatePtr> certificates;  // the others
};

// Errors: input.password (wrong or missing), file.wrong_content (no PKCS#12, no key, key and certificate do not match),
// limit.cost (an iteration count above what a second of work needs). The context must outlive the signer.
[[nodiscard]] base::Result<Pkcs12Contents> open_pkcs12(Context& context, base::ByteView file,
                                                       const base::Secret& password);

}  // namespace tanba::pki
