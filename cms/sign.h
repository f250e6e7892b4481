// Makes CMS SignedData (RFC 5652) in the shape that Kazakhstan's tools write: version 1, signer named
// by issuer and serial, digest algorithm with NULL parameters, signed attributes contentType, messageDigest and, by the
// profile, signingTime and signingCertificateV2 (RFC 5035).
//
// Two steps, so that any key fits: `prepare` says what is to be signed, a pki::Signer or a workstation signs it,
// `complete` writes the document, `complete_around` what stands around a content that is not held in memory;
// add_signer.h puts further signers and counter-signatures into a document that is there. None of them checks that the
// certificate may sign: that is the caller's policy.
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
// By the content's digest under profile.algorithm.digest: detached, or for complete_around (input.member when its
// length or the placement does not fit).
[[nodiscard]] base::Result<ToBeSigned> prepare_digest(base::ByteView content_digest,
                                                      const pki::CertificatePtr& certificate, const Profile& profile);

// A signature that `octets` of ToBeSigned got.
struct Signed {
  ToBeSigned to_be_signed;
  base::Bytes signature;
};

// The document as DER. `further` certificates (issuing CAs) are embedded after the signer's, each once. The signature
// is not verified here: whoever holds one from elsewhere inspects the result.
[[nodiscard]] base::Result<base::Bytes> complete(const ToBeSigned& to_be_signed, base::ByteView signature,
                                                 std::span<const pki::CertificatePtr> further = {});

// The same by several signers beside one another: of one content, attached in all or in none (input.member).
[[nodiscard]] base::Result<base::Bytes> complete(std::span<const Signed> signers,
                                                 std::span<const pki::CertificatePtr> further = {});

// The document with its content inside is `before`, the content's octets, `after`.
struct Frame {
  base::Bytes before;
  base::Bytes after;
};
[[nodiscard]] base::Result<Frame> complete_around(const ToBeSigned& to_be_signed, base::ByteView signature,
                                                  std::uint64_t content_bytes,
                                                  std::span<const pki::CertificatePtr> further = {});

// The SignerInfo alone, DER. input.member without a signature.
[[nodiscard]] base::Result<base::Bytes> write_signer_info(const ToBeSigned& to_be_signed, base::ByteView signature);

// Over the value of another signature (11.4): as `prepare`, without contentType; what comes of it goes in by
// add_counter_signature.
[[nodiscard]] base::Result<ToBeSigned> prepare_counter_signature(pki::Context& context, base::ByteView signature_value,
                                                                 const pki::CertificatePtr& certificate,
                                                                 const Profile& profile);

// prepare, sign and complete with one key.
[[nodiscard]] base::Result<base::Bytes> sign(pki::Context& context, pki::Signer& signer, base::ByteView content,
                                             const Profile& profile, std::span<const pki::CertificatePtr> further = {});

}  // namespace tanba::cms
