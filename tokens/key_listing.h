// What is on a token: key pairs brought together with their certificates.
#pragma once

#include "tokens/cryptoki.h"
#include "tokens/token.h"

namespace tanba::tokens {

[[nodiscard]] base::Result<TokenContents> list_contents(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                                        const TokenInfo& token);

// The public key that an object (public or private key) shows; kind kUnknown when it does not, or is of no kind that is
// read here (RSA, EC).
[[nodiscard]] base::Result<pki::PublicKeyInfo> public_key_of(const CK_FUNCTION_LIST& functions,
                                                             CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

}  // namespace tanba::tokens
