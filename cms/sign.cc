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
Bytes write_signed_attributes(const std::optional<Oid>& content_type, ByteView content_digest,
                              const pki::Certificate& certificate, const Profile& profile) {
  std::vector<Bytes> attributes;
  if (content_type.has_value()) attributes.push_back(attribute(oid::kContentType, content_type->der()));
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

std::unexpected<base::Error> no_signature() {
  return base::fail(Code::kInputMember, {{"member", "signature"}, {"expected", "a signature value"}});
}

// [0] IMPLICIT SET OF CertificateChoices: each once.
Bytes write_certificates(std::vector<Bytes> certificates, std::span<const pki::CertificatePtr> further) {
  for (const pki::CertificatePtr& certificate : further) certificates.push_back(base::to_bytes(certificate->der()));
  std::ranges::sort(certificates);
  const auto repeated = std::ranges::unique(certificates);
  certificates.erase(repeated.begin(), repeated.end());
  return with_tag(der::context_constructed(0), der::write_set_of(std::move(certificates)));
}

// What follows the content of a document.
struct Parts {
  Bytes version, digests, certificates, signers;
  Oid content_type;
};

base::Result<Parts> parts_of(std::span<const Signed> signers, std::span<const pki::CertificatePtr> further) {
  std::vector<Bytes> digests;
  std::vector<Bytes> certificates;
  std::vector<Bytes> signer_infos;
  Parts out;
  out.content_type = signers.front().to_be_signed.content_type;
  for (const Signed& one : signers) {
    TANBA_TRY(Bytes signer_info, write_signer_info(one.to_be_signed, one.signature));
    signer_infos.push_back(std::move(signer_info));
    digests.push_back(pki::write_digest_identifier(one.to_be_signed.algorithm.digest));
    certificates.push_back(base::to_bytes(one.to_be_signed.certificate->der()));
  }
  std::ranges::sort(digests);
  const auto repeated = std::ranges::unique(digests);
  digests.erase(repeated.begin(), repeated.end());
  // 5.1: version 1 when every certificate is X.509, every SignerInfo is version 1 and the content is id-data; else 3.
  out.version = der::write_integer(out.content_type == oid::kData ? 1 : 3);
  out.digests = der::write_set_of(std::move(digests));
  out.certificates = write_certificates(std::move(certificates), further);
  out.signers = der::write_set_of(std::move(signer_infos));
  return out;
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// Lengths from the inside out: each header says how much follows it.
Frame frame_of(const Parts& parts, std::uint64_t content_bytes) {
  const Bytes string = der::write_header(der::kOctetString, content_bytes);
  const Bytes wrapped = der::write_header(der::context_constructed(0), string.size() + content_bytes);
  const Bytes type = parts.content_type.der();
  const std::uint64_t encapsulated_bytes = type.size() + wrapped.size() + string.size() + content_bytes;
  const Bytes encapsulated = der::write_header(der::kSequence, encapsulated_bytes);
  Frame out;
  out.after = joined({parts.certificates, parts.signers});
  const std::uint64_t signed_data_bytes =
      parts.version.size() + parts.digests.size() + encapsulated.size() + encapsulated_bytes + out.after.size();
  const Bytes signed_data = der::write_header(der::kSequence, signed_data_bytes);
  const Bytes content = der::write_header(der::context_constructed(0), signed_data.size() + signed_data_bytes);
  const Bytes oid = oid::kSignedData.der();
  const Bytes info =
      der::write_header(der::kSequence, oid.size() + content.size() + signed_data.size() + signed_data_bytes);
  out.before =
      joined({info, oid, content, signed_data, parts.version, parts.digests, encapsulated, type, wrapped, string});
  return out;
}

Bytes write_detached(const Parts& parts) {
  const Bytes signed_data =
      der::write_sequence({parts.version, parts.digests, der::write_sequence({parts.content_type.der()}),
                           parts.certificates, parts.signers});
  return der::write_sequence({oid::kSignedData.der(), der::write(der::context_constructed(0), signed_data)});
}

base::Status check_one_content(std::span<const Signed> signers) {
  const bool one = !signers.empty() && std::ranges::all_of(signers, [&](const Signed& signer) {
    return signer.to_be_signed.content_type == signers.front().to_be_signed.content_type &&
           signer.to_be_signed.content == signers.front().to_be_signed.content;
  });
  if (one) return {};
  return base::fail(Code::kInputMember, {{"member", "signers"}, {"expected", "signers of one content"}});
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

base::Result<Bytes> write_signer_info(const ToBeSigned& to_be_signed, ByteView signature) {
  if (signature.empty()) return no_signature();
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

base::Result<Bytes> complete(std::span<const Signed> signers, std::span<const pki::CertificatePtr> further) {
  TANBA_CHECK(check_one_content(signers));
  TANBA_TRY(const Parts parts, parts_of(signers, further));
  const std::optional<Bytes>& content = signers.front().to_be_signed.content;
  if (!content.has_value()) return write_detached(parts);
  const Frame frame = frame_of(parts, content->size());
  return joined({frame.before, *content, frame.after});
}

base::Result<Bytes> complete(const ToBeSigned& to_be_signed, ByteView signature,
                             std::span<const pki::CertificatePtr> further) {
  const Signed one{to_be_signed, base::to_bytes(signature)};
  return complete({&one, 1}, further);
}

base::Result<Frame> complete_around(const ToBeSigned& to_be_signed, ByteView signature, std::uint64_t content_bytes,
                                    std::span<const pki::CertificatePtr> further) {
  const Signed one{to_be_signed, base::to_bytes(signature)};
  TANBA_TRY(const Parts parts, parts_of({&one, 1}, further));
  return frame_of(parts, content_bytes);
}

base::Result<ToBeSigned> prepare_counter_signature(pki::Context& context, ByteView signature_value,
                                                   const pki::CertificatePtr& certificate, const Profile& profile) {
  TANBA_CHECK(check_fits_key(profile, *certificate));
  TANBA_TRY(const Bytes digest, pki::compute_digest(context, profile.algorithm.digest, signature_value));
  ToBeSigned out;
  out.algorithm = profile.algorithm;
  out.certificate = certificate;
  out.rsa_spelling = profile.rsa_spelling;
  out.octets = write_signed_attributes(std::nullopt, digest, *certificate, profile);
  return out;
}

base::Result<Bytes> sign(pki::Context& context, pki::Signer& signer, ByteView content, const Profile& profile,
                         std::span<const pki::CertificatePtr> further) {
  TANBA_TRY(const ToBeSigned to_be_signed, prepare(context, content, signer.certificate(), profile));
  TANBA_TRY(const Bytes signature, signer.sign(to_be_signed.algorithm, to_be_signed.octets));
  return complete(to_be_signed, signature, further);
}

}  // namespace tanba::cms
