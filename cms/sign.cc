#include "cms/sign.h"

#include <algorithm>
#include <utility>

#include "cms/certificate_reference.h"
#include "cms/oids.h"
#include "pki/der.h"
#include "pki/verify_signature.h"

namespace tanba::cms {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using pki::Oid;
namespace der = pki::der;

Bytes attribute(const Oid& type, ByteView value) {
  return der::write_sequence({type.der(), der::write(der::kSet, value)});
}

base::Status check_fits_key(const Profile& profile, const pki::Certificate& certificate) {
  const auto fitting = pki::algorithms_for(certificate.key());
  // PSS parameters are the caller's choice; the scheme and digest must be among the key's.
  const bool fits = std::ranges::any_of(fitting, [&](const pki::SignatureAlgorithm& algorithm) {
    return algorithm.scheme == profile.algorithm.scheme && algorithm.digest == profile.algorithm.digest;
  });
  if (fits) return {};
  return base::fail(Code::kInputMember, {{"member", "algorithm"}, {"expected", "one that fits the certificate's key"}});
}

// SignedAttributes, RFC 5652 5.3: "MUST be DER encoded".
Bytes write_signed_attributes(const Oid& content_type, ByteView content_digest, const pki::Certificate& certificate,
                              const Profile& profile) {
  std::vector<Bytes> attributes;
  attributes.push_back(attribute(oid::kContentType, content_type.der()));
  attributes.push_back(attribute(oid::kMessageDigest, der::write_octet_string(content_digest)));
  if (profile.signing_time.has_value()) {
    attributes.push_back(attribute(oid::kSigningTime, der::write_time(*profile.signing_time)));
  }
  if (profile.signing_certificate == SigningCertificateAttribute::kInclude) {
    attributes.push_back(attribute(oid::kSigningCertificateV2, write_signing_certificate_v2(certificate)));
  }
  return der::write_set_of(std::move(attributes));
}

Bytes write_signature_identifier(const ToBeSigned& to_be_signed) {
  if (to_be_signed.algorithm.scheme == pki::SignatureScheme::kRsaPkcs1 &&
      to_be_signed.rsa_spelling == RsaSpelling::kKeyOnly) {
    static const Oid kRsaEncryption = Oid::literal("1.2.840.113549.1.1.1");
    return der::write_sequence({kRsaEncryption.der(), der::write_null()});
  }
  return pki::write_algorithm_identifier(to_be_signed.algorithm);
}

Bytes with_tag(std::uint8_t tag, Bytes whole) {
  whole.front() = tag;
  return whole;
}

Bytes write_signer_info(const ToBeSigned& to_be_signed, ByteView signature) {
  const pki::Certificate& certificate = *to_be_signed.certificate;
  const Bytes sid = der::write_sequence({certificate.issuer().der(), der::write(der::kInteger, certificate.serial())});
  return der::write_sequence({
      der::write_integer(1),  // 5.3: 1 for a signer named by issuer and serial
      sid,
      pki::write_digest_identifier(to_be_signed.algorithm.digest),
      with_tag(der::context_constructed(0), to_be_signed.octets),
      write_signature_identifier(to_be_signed),
      der::write_octet_string(signature),
  });
}

Bytes write_content(const ToBeSigned& to_be_signed) {
  const Bytes type = to_be_signed.content_type.der();
  if (!to_be_signed.content.has_value()) return der::write_sequence({type});
  const Bytes octets = der::write_octet_string(*to_be_signed.content);
  return der::write_sequence({type, der::write(der::context_constructed(0), octets)});
}

Bytes write_certificates(const ToBeSigned& to_be_signed, std::span<const pki::CertificatePtr> further) {
  std::vector<Bytes> certificates{base::to_bytes(to_be_signed.certificate->der())};
  for (const pki::CertificatePtr& certificate : further) certificates.push_back(base::to_bytes(certificate->der()));
  std::ranges::sort(certificates);
  const auto repeated = std::ranges::unique(certificates);
  certificates.erase(repeated.begin(), repeated.end());
  return with_tag(der::context_constructed(0), der::write_set_of(std::move(certificates)));
}

}  // namespace

base::Result<ToBeSigned> prepare_digest(ByteView content_digest, const pki::CertificatePtr& certificate,
                                        const Profile& profile) {
  if (profile.placement != Placement::kDetached) {
    return base::fail(Code::kInputMember,
                      {{"member", "placement"}, {"expected", "detached, when only a digest is given"}});
  }
  if (content_digest.size() != pki::digest_size_bytes(profile.algorithm.digest)) {
    return base::fail(Code::kInputMember, {{"member", "digest"}, {"expected", "the length of the algorithm's digest"}});
  }
  TANBA_CHECK(check_fits_key(profile, *certificate));
  ToBeSigned out;
  out.algorithm = profile.algorithm;
  out.certificate = certificate;
  out.content_type = profile.content_type.value_or(oid::kData);
  out.rsa_spelling = profile.rsa_spelling;
  out.octets = write_signed_attributes(out.content_type, content_digest, *certificate, profile);
  return out;
}

base::Result<ToBeSigned> prepare(pki::Context& context, ByteView content, const pki::CertificatePtr& certificate,
                                 const Profile& profile) {
  TANBA_TRY(const Bytes digest, pki::compute_digest(context, profile.algorithm.digest, content));
  Profile detached = profile;
  detached.placement = Placement::kDetached;
  TANBA_TRY(ToBeSigned out, prepare_digest(digest, certificate, detached));
  if (profile.placement == Placement::kAttached) out.content = base::to_bytes(content);
  return out;
}

base::Result<Bytes> complete(const ToBeSigned& to_be_signed, ByteView signature,
                             std::span<const pki::CertificatePtr> further) {
  if (signature.empty()) {
    return base::fail(Code::kInputMember, {{"member", "signature"}, {"expected", "a signature value"}});
  }
  // 5.1: version 1 when every certificate is X.509, every SignerInfo is version 1 and the content is id-data; else 3.
  const Bytes signed_data = der::write_sequence({
      der::write_integer(to_be_signed.content_type == oid::kData ? 1 : 3),
      der::write_set_of({pki::write_digest_identifier(to_be_signed.algorithm.digest)}),
      write_content(to_be_signed),
      write_certificates(to_be_signed, further),
      der::write_set_of({write_signer_info(to_be_signed, signature)}),
  });
  return der::write_sequence({oid::kSignedData.der(), der::write(der::context_constructed(0), signed_data)});
}

base::Result<Bytes> sign(pki::Context& context, pki::Signer& signer, ByteView content, const Profile& profile,
                         std::span<const pki::CertificatePtr> further) {
  TANBA_TRY(const ToBeSigned to_be_signed, prepare(context, content, signer.certificate(), profile));
  TANBA_TRY(const Bytes signature, signer.sign(to_be_signed.algorithm, to_be_signed.octets));
  return complete(to_be_signed, signature, further);
}

}  // namespace tanba::cms
