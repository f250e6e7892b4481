// Makes CMS SignedData (RFC 5652) with one signer, in the shape that Kazakhstan's tools write: version 1, signer named
// by issuer and serial, digest algorithm with NULL parameters, signed attributes contentType, messageDigest and, by the
// profile, signingTime and signingCertificateV2 (RFC 5035).
//
// Two steps, so that any key fits: `prepare` says what is to be signed, a pki::Signer or a workstation signs it,
// `complete` writes the document. Neither checks that the certificate may sign: that is the caller's policy.
#pragma once

#include <optional>
#include <span>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "pki/signer.h"

namespace tanba::cms {

enum class Placement : std::uint8_t { kAttached, kDetached };
enum class SigningCertificateAttribute : std::uint8_t { kInclude, kOmit };
// How SignerInfo names an RSA PKCS#1 v1.5 signature: both are in use (RFC 3370 3.2, RFC 5754 3.2).
enum class RsaSpelling : std::uint8_t { kWithDigest, kKeyOnly };

struct Profile {
  Placement placement = Placement::kAttached;
  pki::SignatureAlgorithm algorithm{};
  std::optional<base::Time> signing_time{};  // claimed; proves nothing
  SigningCertificateAttribute signing_certificate = SigningCertificateAttribute::kInclude;
  RsaSpelling rsa_spelling = RsaSpelling::kWithDigest;
  std::optional<pki::Oid> content_type{};  // id-data when absent
};

// Everything that `complete` needs beside the signature: plain octets, may be kept.
struct ToBeSigned {
  pki::SignatureAlgorithm algorithm{};
  base::Bytes octets;  // what the key signs: signedAttrs as DER SET OF
  pki::CertificatePtr certificate;
  pki::Oid content_type;
  std::optional<base::Bytes> content;  // attached only
  RsaSpelling rsa_spelling = RsaSpelling::kWithDigest;
};

// input.member when the algorithm does not fit the certificate's key; those of pki::compute_digest.
[[nodiscard]] base::Result<ToBeSigned> prepare(pki::Context& context, base::ByteView content,
                                               const pki::CertificatePtr& certificate, const Profile& profile);
// Detached, by the content's digest under profile.algorithm.digest (input.member when its length or the placement does
// not fit).
[[nodiscard]] base::Result<ToBeSigned> prepare_digest(base::ByteView content_digest,
                                                      const pki::CertificatePtr& certificate, const Profile& profile);

// The document as DER. `further` certificates (issuing CAs) are embedded after the signer's, each once. The signature
// is not verified here: whoever holds one from elsewhere inspects the result.
[[nodiscard]] base::Result<base::Bytes> complete(const ToBeSigned& to_be_signed, base::ByteView signature,
                                                 std::span<const pki::CertificatePtr> further = {});

// prepare, sign and complete with one key.
[[nodiscard]] base::Result<base::Bytes> sign(pki::Context& context, pki::Signer& signer, base::ByteView content,
                                             const Profile& profile, std::span<const pki::CertificatePtr> further = {});

}  // namespace tanba::cms
