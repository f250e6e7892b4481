#include "pki/stream_digest.h"

#include <string>

namespace tanba::pki {
namespace {

std::optional<kzgost::DigestFunction> gost_function(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kGost34311:
      return kzgost::DigestFunction::kGost34311;
    case DigestAlgorithm::kStreebog256:
      return kzgost::DigestFunction::kStreebog256;
    case DigestAlgorithm::kStreebog512:
      return kzgost::DigestFunction::kStreebog512;
    default:
      return std::nullopt;
  }
}

}  // namespace

base::Result<StreamDigest> StreamDigest::start(DigestAlgorithm algorithm) {
  StreamDigest digest;
  if (const auto function = gost_function(algorithm)) {
    digest.gost_.emplace(*function);
    return digest;
  }
  const EvpMdPtr fetched(EVP_MD_fetch(nullptr, openssl_name(algorithm), nullptr));
  digest.openssl_.reset(EVP_MD_CTX_new());
  if (!fetched || !digest.openssl_ || EVP_DigestInit_ex2(digest.openssl_.get(), fetched.get(), nullptr) != 1) {
    static_cast<void>(drain_openssl_errors());
    return base::fail(base::Code::kAlgorithmUnknown, {{"algorithm", std::string(to_string(algorithm))}},
                      "no provider has the digest");
  }
  return digest;
}

void StreamDigest::update(base::ByteView octets) {
  if (gost_) return gost_->update(octets);
  if (openssl_ && EVP_DigestUpdate(openssl_.get(), octets.data(), octets.size()) != 1) openssl_.reset();
}

base::Bytes StreamDigest::finish() {
  if (gost_) return base::to_bytes(gost_->finish().view());
  base::Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (!openssl_ || EVP_DigestFinal_ex(openssl_.get(), out.data(), &size) != 1) size = 0;
  openssl_.reset();
  out.resize(size);
  return out;
}

}  // namespace tanba::pki
