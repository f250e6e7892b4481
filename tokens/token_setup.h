// Making a token ready: initialise it, make a key pair that never leaves it, ask for a certificate, put it there.
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "pki/name.h"
#include "tokens/token.h"
#include "tokens/token_signer.h"

namespace tanba::tokens {

struct TokenSetup {
  std::string label;    // at most 32 octets
  base::Secret so_pin;  // the administrator's
  base::Secret user_pin;
};
enum class Reinitialise : std::uint8_t {
  kRefuse,  // a token that holds something is left as it is: token.failed
  kErase,   // everything on it is destroyed; the SO PIN must be the one that it has
};
// Initialises the token in this slot (C_InitToken) and sets its user PIN (C_InitPIN). No Token may be connected to it.
// Gives the token's description from the slot where it is afterwards (modules may move it).
// Errors: token.pin_wrong (SO PIN), token.failed.
[[nodiscard]] base::Result<TokenInfo> initialise_token(Module& module, unsigned long slot, const TokenSetup& setup,
                                                       Reinitialise reinitialise);

struct KeySetup {
  std::string label;
  base::Bytes id;  // CKA_ID; 1–64 octets
};
// A new pair on the token: sensitive, never extractable, for signatures only. The token must be logged in.
[[nodiscard]] base::Result<std::shared_ptr<TokenKey>> generate_rsa_key(const std::shared_ptr<Token>& token,
                                                                       const KeySetup& setup, unsigned bits);
enum class Curve : std::uint8_t { kP256, kP384 };
[[nodiscard]] base::Result<std::shared_ptr<TokenKey>> generate_ec_key(const std::shared_ptr<Token>& token,
                                                                      const KeySetup& setup, Curve curve);

// Stores a certificate, readable without a log-in. `setup` is that of the key that it is for; a CA's gets an id of its
// own.
[[nodiscard]] base::Status store_certificate(Token& token, const pki::Certificate& certificate, const KeySetup& setup);

// PKCS#10 (RFC 2986) without extensions, signed by the key's first algorithm: DER of CertificationRequest.
[[nodiscard]] base::Result<base::Bytes> make_certificate_request(TokenKey& key,
                                                                 const std::vector<pki::NameAttribute>& subject);

}  // namespace tanba::tokens
