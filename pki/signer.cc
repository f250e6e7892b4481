#include "pki/signer.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <optional>

#include "pki/der.h"
#include "pki/kzgost/errors.h"
#include "pki/kzgost/key_format.h"
#include "pki/verify_signature.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Error;
using base::Result;

SignatureAlgorithm plain(SignatureScheme scheme, DigestAlgorithm digest) {
  SignatureAlgorithm algorithm;
  algorithm.scheme = scheme;
  algorithm.digest = digest;
  return algorithm;
}

// RFC 4055 3.1 recommends one digest for the message and MGF1, and a salt of the digest's length.
SignatureAlgorithm pss(DigestAlgorithm digest) {
  return {.scheme = SignatureScheme::kRsaPss,
          .digest = digest,
          .mgf1_digest = digest,
          .salt_bytes = static_cast<std::uint16_t>(digest_size_bytes(digest))};
}

// FIPS 186-4 6.4: a digest no shorter than the order of the curve.
DigestAlgorithm digest_for_curve(unsigned bits) {
  return bits <= 256 ? DigestAlgorithm::kSha256 : bits <= 384 ? DigestAlgorithm::kSha384 : DigestAlgorithm::kSha512;
}

std::unexpected<Error> wrong_key(std::string expected, std::string cause = {}) {
  return base::fail(
      Error(Code::kFileWrongContent, {{"file", "PKCS#8"}, {"expected", std::move(expected)}}, std::move(cause)));
}

// PKCS#8 of a ГОСТ key. Not by OpenSSL's decoders, which give a copy of the private key back unwiped (3.0:
// EVP_PKCS82PKEY and each der2key decoder that tries). Null, with a reason on OpenSSL's queue, when it is no such key.
EvpPkeyPtr read_gost_key(Context& context, kzgost::KeyType type, ByteView octets) {
  const kzgost::KeyRow& row = kzgost::row(type);
  kzgost::FixedOctets<kzgost::kMaxFieldBytes> scalar(row.field_bytes());
  const kzgost::Done parsed = kzgost::parse_private(row, octets, scalar.span());
  EVP_PKEY* key = nullptr;
  if (parsed) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, scalar.data(), scalar.size()),
        OSSL_PARAM_construct_end()};
    const EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(context.library(), row.names.short_name, nullptr));
    if (!maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, parameters) != 1) {
      key = nullptr;
    }
  } else {
    kzgost::raise(parsed.error());
  }
  OPENSSL_cleanse(scalar.data(), scalar.size());
  return EvpPkeyPtr(key);
}

EvpPkeyPtr read_key(Context& context, ByteView octets) {
  if (const auto type = kzgost::recognise(octets, kzgost::KeyStructure::kPrivate)) {
    return read_gost_key(context, *type, octets);
  }
  const unsigned char* at = octets.data();
  return EvpPkeyPtr(d2i_AutoPrivateKey_ex(nullptr, &at, static_cast<long>(octets.size()), context.library(), nullptr));
}

class KeySigner final : public Signer {
 public:
  KeySigner(Context& context, CertificatePtr certificate, EvpPkeyPtr key)
      : context_(context),
        certificate_(std::move(certificate)),
        key_(std::move(key)),
        algorithms_(algorithms_for(certificate_->key())) {}

  [[nodiscard]] const CertificatePtr& certificate() const override { return certificate_; }
  [[nodiscard]] std::span<const SignatureAlgorithm> algorithms() const override { return algorithms_; }
  [[nodiscard]] Result<Bytes> sign(const SignatureAlgorithm& algorithm, ByteView message) override;

 private:
  [[nodiscard]] bool prepare(EVP_PKEY_CTX* signing, const SignatureAlgorithm& algorithm);

  Context& context_;
  CertificatePtr certificate_;
  EvpPkeyPtr key_;
  std::vector<SignatureAlgorithm> algorithms_;
  // Looking the operation up costs a twentieth of a ГОСТ signature: it is kept for the next one. A signer is its
  // context's, and so one thread's.
  EvpPkeyCtxPtr signing_;
  std::optional<SignatureAlgorithm> prepared_;
};

bool KeySigner::prepare(EVP_PKEY_CTX* signing, const SignatureAlgorithm& algorithm) {
  if (signing == nullptr || EVP_PKEY_sign_init(signing) <= 0) return false;
  const bool is_pss = algorithm.scheme == SignatureScheme::kRsaPss;
  if (!is_pss && algorithm.scheme != SignatureScheme::kRsaPkcs1) return true;  // the digest is signed as it is
  if (EVP_PKEY_CTX_set_rsa_padding(signing, is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) <= 0) return false;
  if (EVP_PKEY_CTX_set_signature_md(signing, context_.digest(algorithm.digest)) <= 0) return false;
  return !is_pss || (EVP_PKEY_CTX_set_rsa_mgf1_md(signing, context_.digest(algorithm.mgf1_digest)) > 0 &&
                     EVP_PKEY_CTX_set_rsa_pss_saltlen(signing, algorithm.salt_bytes) > 0);
}

Result<Bytes> KeySigner::sign(const SignatureAlgorithm& algorithm, ByteView message) {
  if (std::ranges::find(algorithms_, algorithm) == algorithms_.end()) {
    return base::fail(Error(Code::kAlgorithmMismatch, {{"algorithm", to_string(algorithm)}}));
  }
  TANBA_TRY(const Bytes digest, compute_digest(context_, algorithm.digest, message));
  if (prepared_ != algorithm) {
    prepared_.reset();
    signing_.reset(EVP_PKEY_CTX_new_from_pkey(context_.library(), key_.get(), nullptr));
    if (!prepare(signing_.get(), algorithm)) return base::fail(Code::kSigningFailed, drain_openssl_errors());
    prepared_ = algorithm;
  }
  EVP_PKEY_CTX* signing = signing_.get();
  std::size_t size = 0;
  if (EVP_PKEY_sign(signing, nullptr, &size, digest.data(), digest.size()) <= 0) {
    return base::fail(Code::kSigningFailed, drain_openssl_errors());
  }
  Bytes signature(size);
  if (EVP_PKEY_sign(signing, signature.data(), &size, digest.data(), digest.size()) <= 0) {
    return base::fail(Code::kSigningFailed, drain_openssl_errors());
  }
  signature.resize(size);
  return signature;
}

}  // namespace

std::vector<SignatureAlgorithm> algorithms_for(const PublicKeyInfo& key) {
  using D = DigestAlgorithm;
  using S = SignatureScheme;
  switch (key.kind) {
    case KeyKind::kRsa:
      return {plain(S::kRsaPkcs1, D::kSha256),
              plain(S::kRsaPkcs1, D::kSha384),
              plain(S::kRsaPkcs1, D::kSha512),
              pss(D::kSha256),
              pss(D::kSha384),
              pss(D::kSha512)};
    case KeyKind::kRsaPss:
      return {pss(D::kSha256), pss(D::kSha384), pss(D::kSha512)};
    case KeyKind::kEc:
      return {plain(S::kEcdsa, digest_for_curve(key.bits))};
    case KeyKind::kDsa:
      return {plain(S::kDsa, key.bits <= 1024 ? D::kSha1 : D::kSha256)};
    case KeyKind::kGost2004:
      return {plain(S::kGost2004, D::kGost34311)};
    case KeyKind::kGost2015_256:
      return {plain(S::kGost2015_256, D::kStreebog256)};
    case KeyKind::kGost2015_512:
      return {plain(S::kGost2015_512, D::kStreebog512)};
    case KeyKind::kUnknown:
      break;
  }
  return {};
}

Result<std::unique_ptr<Signer>> make_key_signer(Context& context, CertificatePtr certificate,
                                                const base::Secret& private_key_info) {
  // First the certificate's key: one that no provider knows gives certificate.unsupported_key.
  TANBA_TRY(EVP_PKEY * public_key, context.key(certificate->key()));
  EvpPkeyPtr key = read_key(context, private_key_info.reveal());
  if (!key) return wrong_key("a private key", drain_openssl_errors());
  ERR_clear_error();  // decoders that did not fit leave their complaints behind
  if (EVP_PKEY_eq(public_key, key.get()) != 1) {
    return wrong_key("the private key of the certificate", drain_openssl_errors());
  }
  return std::make_unique<KeySigner>(context, std::move(certificate), std::move(key));
}

}  // namespace tanba::pki
