#include "tokens/token_signer.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string>

#include "pki/der.h"
#include "pki/openssl.h"
#include "pki/verify_signature.h"
#include "tokens/cryptoki.h"
#include "tokens/key_listing.h"

namespace tanba::tokens {
namespace {

namespace der = pki::der;
using pki::DigestAlgorithm;
using pki::SignatureScheme;

struct PssNumbers {
  DigestAlgorithm digest;
  CK_MECHANISM_TYPE hash;
  unsigned long mask;  // CKG_MGF1_…
};
constexpr std::array kPssNumbers = {
    PssNumbers{DigestAlgorithm::kSha1, CKM_SHA_1, CKG_MGF1_SHA1},
    PssNumbers{DigestAlgorithm::kSha224, CKM_SHA224, CKG_MGF1_SHA224},
    PssNumbers{DigestAlgorithm::kSha256, CKM_SHA256, CKG_MGF1_SHA256},
    PssNumbers{DigestAlgorithm::kSha384, CKM_SHA384, CKG_MGF1_SHA384},
    PssNumbers{DigestAlgorithm::kSha512, CKM_SHA512, CKG_MGF1_SHA512},
};

std::unexpected<base::Error> no_mechanism(const pki::SignatureAlgorithm& algorithm) {
  return base::fail(base::Code::kTokenMechanism, {{"algorithm", pki::to_string(algorithm)}});
}

std::optional<CK_MECHANISM_TYPE> mechanism_of(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kRsaPkcs1:
      return CKM_RSA_PKCS;
    case SignatureScheme::kRsaPss:
      return CKM_RSA_PKCS_PSS;
    case SignatureScheme::kEcdsa:
      return CKM_ECDSA;
    default:
      return std::nullopt;
  }
}

base::Result<base::Bytes> hash(DigestAlgorithm algorithm, base::ByteView message) {
  base::Bytes digest(pki::digest_size_bytes(algorithm));
  const std::string name(pki::openssl_name(algorithm));
  std::size_t size = 0;
  // The thread's default library context is its own where the program gives it one.
  const bool done = EVP_Q_digest(nullptr, name.c_str(), nullptr, message.data(), message.size(), digest.data(), &size);
  if (!done || size != digest.size()) return base::fail(base::Code::kSigningFailed, pki::drain_openssl_errors());
  return digest;
}

// RFC 8017 9.2, step 2: what is padded is the DER of DigestInfo.
base::Bytes digest_info(DigestAlgorithm algorithm, base::ByteView digest) {
  return der::write_sequence({pki::write_digest_identifier(algorithm), der::write_octet_string(digest)});
}

std::size_t signature_size_limit(const pki::PublicKeyInfo& key) {
  // RSA: the modulus. ECDSA: two integers of the field's size.
  return (key.bits + 7) / 8 * 2 + 16;
}

}  // namespace

struct TokenKey::Operation {
  CK_MECHANISM mechanism{};
  CK_RSA_PKCS_PSS_PARAMS pss{};
  base::Bytes input;

  static base::Result<std::unique_ptr<Operation>> make(const pki::SignatureAlgorithm& algorithm,
                                                       base::ByteView message) {
    auto out = std::make_unique<Operation>();
    const std::optional<CK_MECHANISM_TYPE> type = mechanism_of(algorithm.scheme);
    if (!type) return no_mechanism(algorithm);
    out->mechanism.mechanism = *type;
    TANBA_TRY(const base::Bytes digest, hash(algorithm.digest, message));
    out->input = algorithm.scheme == SignatureScheme::kRsaPkcs1 ? digest_info(algorithm.digest, digest) : digest;
    if (algorithm.scheme == SignatureScheme::kRsaPss) TANBA_CHECK(out->set_pss(algorithm));
    return out;
  }

  base::Status set_pss(const pki::SignatureAlgorithm& algorithm) {
    const auto hash_numbers = std::ranges::find(kPssNumbers, algorithm.digest, &PssNumbers::digest);
    const auto mask_numbers = std::ranges::find(kPssNumbers, algorithm.mgf1_digest, &PssNumbers::digest);
    if (hash_numbers == kPssNumbers.end() || mask_numbers == kPssNumbers.end()) return no_mechanism(algorithm);
    pss.hashAlg = hash_numbers->hash;
    pss.mgf = mask_numbers->mask;
    pss.sLen = algorithm.salt_bytes;
    mechanism.pParameter = &pss;
    mechanism.ulParameterLen = sizeof pss;
    return {};
  }
};

// --- TokenKey --------------------------------------------------------------------------------------------------------

base::Result<std::shared_ptr<TokenKey>> TokenKey::open(std::shared_ptr<Token> token, const Pkcs11Uri& which) {
  TANBA_CHECK(token->connect());
  TANBA_TRY(TokenContents contents, token->contents());
  KeyEntry* found = nullptr;
  // What signs is the private key: a URI that names an object of another type names none that does.
  const bool names_other = which.type && *which.type != ObjectType::kPrivate;
  for (KeyEntry& key : contents.keys) {
    if (names_other || !key.has_private_key || !matches(which, key)) continue;
    if (found != nullptr) return base::fail(base::Code::kTokenAmbiguous, {{"uri", format_pkcs11_uri(which)}});
    found = &key;
  }
  // Private keys do not show before the log-in: then nothing can be said about them.
  if (found == nullptr && !names_other && token->state() == TokenState::kLocked)
    return base::fail(base::Code::kTokenLocked);
  if (found == nullptr) return base::fail(base::Code::kTokenNotFound, {{"uri", format_pkcs11_uri(which)}});
  if (found->always_authenticate) {
    return base::fail(base::Code::kTokenFailed, {{"reason", "the key wants its PIN for every signature"}});
  }
  std::shared_ptr<TokenKey> key(new TokenKey(std::move(token), std::move(*found)));
  TANBA_CHECK(key->find_algorithms());
  return key;
}

base::Status TokenKey::find_algorithms() {
  TANBA_TRY(const std::vector<MechanismInfo> mechanisms, token_->mechanisms());
  const std::vector<pki::SignatureAlgorithm> fitting = pki::algorithms_for(entry_.key);
  for (const pki::SignatureAlgorithm& algorithm : fitting) {
    const std::optional<CK_MECHANISM_TYPE> type = mechanism_of(algorithm.scheme);
    const bool known = type && std::ranges::any_of(mechanisms, [&](const MechanismInfo& mechanism) {
                         return mechanism.type == *type && mechanism.signs;
                       });
    if (known) algorithms_.push_back(algorithm);
  }
  if (algorithms_.empty()) return base::fail(base::Code::kTokenMechanism, {{"algorithm", entry_.key.algorithm}});
  return {};
}

base::Result<unsigned long> TokenKey::handle_for(const Token::Session& session) {
  {
    const std::scoped_lock lock(mutex_);
    if (handle_ != CK_INVALID_HANDLE && handle_generation_ == session.generation) return handle_;
  }
  const CK_FUNCTION_LIST& functions = token_->module().functions();
  AttributeTemplate search;
  search.add_number(CKA_CLASS, CKO_PRIVATE_KEY);
  if (!entry_.id.empty()) search.add(CKA_ID, entry_.id);
  if (!entry_.label.empty()) search.add_text(CKA_LABEL, entry_.label);
  TANBA_TRY(const std::vector<CK_OBJECT_HANDLE> found, find_objects(functions, session.handle, search));
  if (found.empty()) return base::fail(base::Code::kTokenNotFound, {{"uri", format_pkcs11_uri(entry_.uri)}});
  if (found.size() > 1) return base::fail(base::Code::kTokenAmbiguous, {{"uri", format_pkcs11_uri(entry_.uri)}});
  // Another token of this name, or a key that was made anew: not the one that was opened.
  TANBA_TRY(const pki::PublicKeyInfo shown, public_key_of(functions, session.handle, found.front()));
  if (shown.kind != pki::KeyKind::kUnknown && shown.digest != entry_.key.digest) {
    return base::fail(base::Code::kTokenNotFound, {{"uri", format_pkcs11_uri(entry_.uri)}}, "the key is another one");
  }
  const std::scoped_lock lock(mutex_);
  handle_ = found.front();
  handle_generation_ = session.generation;
  return handle_;
}

void TokenKey::forget_handle(unsigned long handle) {
  const std::scoped_lock lock(mutex_);
  if (handle_ == handle) handle_ = CK_INVALID_HANDLE;
}

base::Status TokenKey::run(const Token::Session& session, Operation& operation, base::Bytes& signature) {
  const CK_FUNCTION_LIST& functions = token_->module().functions();
  // Twice at most: a handle that the token no longer knows is looked up anew once.
  for (int attempt = 1;; ++attempt) {
    TANBA_TRY(const unsigned long handle, handle_for(session));
    const CK_RV begun = functions.C_SignInit(session.handle, &operation.mechanism, handle);
    if ((begun == CKR_KEY_HANDLE_INVALID || begun == CKR_OBJECT_HANDLE_INVALID) && attempt == 1) {
      forget_handle(handle);
      continue;
    }
    TANBA_CHECK(check_rv(begun, "C_SignInit"));
    CK_ULONG size = signature.size();
    TANBA_CHECK(check_rv(
        functions.C_Sign(session.handle, operation.input.data(), operation.input.size(), signature.data(), &size),
        "C_Sign"));
    if (size == 0 || size > signature.size()) return std::unexpected(error_of(CKR_GENERAL_ERROR, "C_Sign"));
    signature.resize(size);
    return {};
  }
}

base::Result<base::Bytes> TokenKey::sign(const pki::SignatureAlgorithm& algorithm, base::ByteView message) {
  if (std::ranges::find(algorithms_, algorithm) == algorithms_.end()) return no_mechanism(algorithm);
  TANBA_TRY(const std::unique_ptr<Operation> operation, Operation::make(algorithm, message));
  if (token_->state() == TokenState::kLost) {
    const base::Status back = token_->connect();
    // To the caller it is one thing: the token that was there is not.
    if (!back) return base::fail(base::Code::kTokenLost, {{"reason", "it is not there"}}, back.error().message());
  }
  if (token_->state() == TokenState::kLocked) return base::fail(base::Code::kTokenLocked);
  base::Bytes signature(signature_size_limit(entry_.key));
  TANBA_CHECK(token_->with_session(Token::Access::kRead,
                                   [&](const Token::Session& session) { return run(session, *operation, signature); }));
  // X.509 and CMS want ECDSA-Sig-Value; PKCS#11 gives r‖s.
  if (algorithm.scheme == SignatureScheme::kEcdsa) return pki::ecdsa_from_concatenated(signature);
  return signature;
}

// --- TokenSigner -----------------------------------------------------------------------------------------------------

base::Result<std::unique_ptr<TokenSigner>> TokenSigner::open(const std::shared_ptr<Token>& token,
                                                             const Pkcs11Uri& which) {
  TANBA_TRY(std::shared_ptr<TokenKey> key, TokenKey::open(token, which));
  if (key->entry().certificates.empty()) {
    return base::fail(base::Code::kTokenNotFound, {{"uri", format_pkcs11_uri(which)}}, "the key has no certificate");
  }
  pki::CertificatePtr certificate = key->entry().certificates.front();
  return with_certificate(std::move(key), std::move(certificate));
}

base::Result<std::unique_ptr<TokenSigner>> TokenSigner::with_certificate(std::shared_ptr<TokenKey> key,
                                                                         pki::CertificatePtr certificate) {
  if (certificate->key().digest != key->public_key().digest) {
    return base::fail(base::Code::kKeyMalformed, {{"what", "the certificate is for another key"}});
  }
  return std::unique_ptr<TokenSigner>(new TokenSigner(std::move(key), std::move(certificate)));
}

}  // namespace tanba::tokens
