// A private key on a token: it signs, and nothing else of it ever leaves the token.
//
// Hashing is done here, the token signs the digest: CKM_RSA_PKCS over a DigestInfo, CKM_RSA_PKCS_PSS, CKM_ECDSA (made
// DER). Other mechanisms, ГОСТ among them, are token.mechanism. Keys that want the PIN for each signature
// (CKA_ALWAYS_AUTHENTICATE) are refused with token.failed.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pki/signer.h"
#include "tokens/token.h"

namespace tanba::tokens {

class TokenKey {
 public:
  // The one private key on the token that `which` names (object, id, type); the token must be logged in, or show its
  // private keys without. token.not_found, token.ambiguous, token.mechanism (it cannot sign by anything known here),
  // token.lost, token.locked.
  [[nodiscard]] static base::Result<std::shared_ptr<TokenKey>> open(std::shared_ptr<Token> token,
                                                                    const Pkcs11Uri& which);

  [[nodiscard]] const pki::PublicKeyInfo& public_key() const { return entry_.key; }
  [[nodiscard]] const KeyEntry& entry() const { return entry_; }
  [[nodiscard]] const std::vector<pki::SignatureAlgorithm>& algorithms() const { return algorithms_; }
  // From any thread. token.lost, token.locked, token.failed, token.mechanism. A token that came back is connected to
  // again here; logging in is the caller's matter.
  [[nodiscard]] base::Result<base::Bytes> sign(const pki::SignatureAlgorithm& algorithm, base::ByteView message);
  [[nodiscard]] Token& token() const { return *token_; }

 private:
  TokenKey(std::shared_ptr<Token> token, KeyEntry entry) : token_(std::move(token)), entry_(std::move(entry)) {}
  [[nodiscard]] base::Status find_algorithms();
  [[nodiscard]] base::Result<unsigned long> handle_for(const Token::Session& session);
  void forget_handle(unsigned long handle);
  struct Operation;
  [[nodiscard]] base::Status run(const Token::Session& session, Operation& operation, base::Bytes& signature);

  const std::shared_ptr<Token> token_;
  const KeyEntry entry_;
  std::vector<pki::SignatureAlgorithm> algorithms_;
  std::mutex mutex_;
  unsigned long handle_ = 0;  // CK_INVALID_HANDLE: to be looked up
  std::uint64_t handle_generation_ = 0;
};

class TokenSigner final : public pki::Signer {
 public:
  // With the certificate on the token that is valid longest. token.not_found when it has none; those of TokenKey::open.
  [[nodiscard]] static base::Result<std::unique_ptr<TokenSigner>> open(const std::shared_ptr<Token>& token,
                                                                       const Pkcs11Uri& which);
  // With a certificate kept elsewhere. key.malformed unless it certifies this key.
  [[nodiscard]] static base::Result<std::unique_ptr<TokenSigner>> with_certificate(std::shared_ptr<TokenKey> key,
                                                                                   pki::CertificatePtr certificate);

  [[nodiscard]] const pki::CertificatePtr& certificate() const override { return certificate_; }
  [[nodiscard]] std::span<const pki::SignatureAlgorithm> algorithms() const override { return key_->algorithms(); }
  [[nodiscard]] base::Result<base::Bytes> sign(const pki::SignatureAlgorithm& algorithm,
                                               base::ByteView message) override {
    return key_->sign(algorithm, message);
  }
  [[nodiscard]] TokenKey& key() const { return *key_; }

 private:
  TokenSigner(std::shared_ptr<TokenKey> key, pki::CertificatePtr certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}
  const std::shared_ptr<TokenKey> key_;
  const pki::CertificatePtr certificate_;
};

}  // namespace tanba::tokens
