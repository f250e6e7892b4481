#include "pki/verify_signature.h"

#include <algorithm>
#include <array>

#include "pki/der.h"
#include "pki/stream_digest.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Error;
using base::Result;
using base::Status;

std::unexpected<Error> broken(std::string cause = {}) {
  return base::fail(Code::kSignatureBroken, std::move(cause));
}

std::unexpected<Error> unknown_digest(DigestAlgorithm algorithm) {
  return base::fail(
      Error(Code::kAlgorithmUnknown, {{"algorithm", std::string(to_string(algorithm))}}, "no provider has the digest"));
}

}  // namespace

// --- digests ---------------------------------------------------------------------------------------------------------

Result<Hasher> Hasher::start(Context& context, DigestAlgorithm algorithm) {
  const EVP_MD* digest = context.digest(algorithm);
  if (digest == nullptr) return unknown_digest(algorithm);
  EvpMdCtxPtr state(EVP_MD_CTX_new());
  if (!state || EVP_DigestInit_ex2(state.get(), digest, nullptr) != 1) {
    return base::fail(Code::kInternal, drain_openssl_errors());
  }
  return Hasher(std::move(state));
}

Status Hasher::update(ByteView octets) {
  if (EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1) return {};
  return base::fail(Code::kInternal, drain_openssl_errors());
}

Result<Bytes> Hasher::finish() {
  Bytes digest(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) {
    return base::fail(Code::kInternal, drain_openssl_errors());
  }
  digest.resize(size);
  return digest;
}

Result<Bytes> compute_digest(Context& context, DigestAlgorithm algorithm, ByteView octets) {
  TANBA_TRY(Hasher hasher, Hasher::start(context, algorithm));
  TANBA_CHECK(hasher.update(octets));
  return hasher.finish();
}

Result<Bytes> compute_digest(DigestAlgorithm algorithm, ByteView octets) {
  TANBA_TRY(StreamDigest digest, StreamDigest::start(algorithm));
  digest.update(octets);
  Bytes out = digest.finish();
  if (out.empty()) return unknown_digest(algorithm);
  return out;
}

// --- signatures ------------------------------------------------------------------------------------------------------

Status verify_signature(Context& context, const PublicKeyInfo& key, const SignatureAlgorithm& algorithm,
                        ByteView message, ByteView signature) {
  // The key first: hashing for one that cannot be used would be work for nothing.
  if (auto verifier = context.verifier(key, algorithm); !verifier) return std::unexpected(verifier.error());
  TANBA_TRY(const Bytes digest, compute_digest(context, algorithm.digest, message));
  return verify_digest_signature(context, key, algorithm, digest, signature);
}

Status verify_digest_signature(Context& context, const PublicKeyInfo& key, const SignatureAlgorithm& algorithm,
                               ByteView digest, ByteView signature) {
  TANBA_TRY(EVP_PKEY_CTX * verifier, context.verifier(key, algorithm));
  if (digest.size() != digest_size_bytes(algorithm.digest)) return broken("a digest of another length");
  // RFC 8017 8.1.2, 8.2.2: "If the length of the signature S is not k octets, output 'invalid signature'"; OpenSSL
  // checks it. Zero octets never reach it.
  if (signature.empty()) return broken("an empty signature value");
  // 1 is the only yes; 0 and negative numbers are both no.
  if (EVP_PKEY_verify(verifier, signature.data(), signature.size(), digest.data(), digest.size()) == 1) return {};
  return broken(drain_openssl_errors());
}

Result<Bytes> ecdsa_from_concatenated(ByteView concatenated) {
  // P-521 has 66 octets a number.
  if (concatenated.empty() || concatenated.size() % 2 != 0 || concatenated.size() > 2 * 66) {
    return broken("r and s are not of equal length");
  }
  const std::size_t half = concatenated.size() / 2;
  return der::write_sequence(
      {der::write_unsigned(concatenated.first(half)), der::write_unsigned(concatenated.subspan(half))});
}

namespace {

// A non-negative INTEGER as `width` octets.
Status append_fixed(Bytes& out, ByteView integer, std::size_t width) {
  if (integer.empty() || (integer.front() & 0x80) != 0) return broken("r or s is negative");
  while (!integer.empty() && integer.front() == 0) integer = integer.subspan(1);
  if (integer.size() > width) return broken("r or s is larger than the field");
  out.insert(out.end(), width - integer.size(), 0);
  out.insert(out.end(), integer.begin(), integer.end());
  return {};
}

}  // namespace

Result<Bytes> ecdsa_to_concatenated(ByteView der, std::size_t field_bytes) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(der, der::kSequence, "ECDSA-Sig-Value"));
  der::Reader reader(whole.value);
  TANBA_TRY(const der::Tlv r, reader.expect(der::kInteger, "r"));
  TANBA_TRY(const der::Tlv s, reader.expect(der::kInteger, "s"));
  TANBA_CHECK(reader.finish("ECDSA-Sig-Value"));
  Bytes out;
  TANBA_CHECK(append_fixed(out, r.value, field_bytes));
  TANBA_CHECK(append_fixed(out, s.value, field_bytes));
  return out;
}

namespace {

// The name of the fact "this key verified that certificate".
base::Digest link_name(const Certificate& certificate, const PublicKeyInfo& issuer_key) {
  std::array<std::uint8_t, 64> pair;
  std::ranges::copy(certificate.digest().octets, pair.begin());
  std::ranges::copy(issuer_key.digest.octets, pair.begin() + 32);
  return base::sha256(pair);
}

}  // namespace

bool knows_certificate_signature(const Context& context, const Certificate& certificate,
                                 const PublicKeyInfo& issuer_key) {
  return context.knows_verified(link_name(certificate, issuer_key));
}

Status verify_certificate_signature(Context& context, const Certificate& certificate, const PublicKeyInfo& issuer_key) {
  const base::Digest what = link_name(certificate, issuer_key);
  if (context.knows_verified(what)) return {};
  TANBA_TRY(const SignatureAlgorithm algorithm, signature_algorithm_from(certificate.signature_algorithm()));
  TANBA_CHECK(verify_signature(context, issuer_key, algorithm, certificate.tbs(), certificate.signature()));
  context.remember_verified(what);
  return {};
}

}  // namespace tanba::pki
