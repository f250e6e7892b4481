#include "cms/add_signer.h"

#include <utility>

#include "cms/edit.h"
#include "cms/oids.h"

namespace tanba::cms {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;
namespace der = pki::der;

void add_certificates(Edit& document, const ToBeSigned& to_be_signed, std::span<const pki::CertificatePtr> further) {
  document.add_certificate(base::to_bytes(to_be_signed.certificate->der()));
  for (const pki::CertificatePtr& certificate : further) document.add_certificate(base::to_bytes(certificate->der()));
}

}  // namespace

Result<ToBeSigned> prepare_further(pki::Context& context, ByteView cms, const std::optional<ByteView>& detached,
                                   const pki::CertificatePtr& certificate, const Profile& profile,
                                   const base::Limits& limits) {
  TANBA_TRY(const Edit document, Edit::open(cms, limits));
  const SignedData& parsed = document.signed_data();
  if (parsed.content.has_value() == detached.has_value()) {
    return base::fail(Code::kInputMember,
                      {{"member", "content"}, {"expected", "content inside or beside, and not both"}});
  }
  Profile own = profile;
  own.placement = Placement::kDetached;  // the document's content stays where it is
  own.content_type = parsed.content_type;
  return prepare(context, detached.has_value() ? *detached : *parsed.content, certificate, own);
}

Result<Bytes> add_signer(ByteView cms, const Signed& signer, std::span<const pki::CertificatePtr> further,
                         const base::Limits& limits) {
  TANBA_TRY(Edit document, Edit::open(cms, limits));
  if (signer.to_be_signed.content_type != document.signed_data().content_type) {
    return base::fail(Code::kInputMember, {{"member", "content type"}, {"expected", "that of the document"}});
  }
  TANBA_TRY(Bytes signer_info, write_signer_info(signer.to_be_signed, signer.signature));
  TANBA_CHECK(document.add_signer(std::move(signer_info), limits));
  document.add_digest_algorithm(pki::write_digest_identifier(signer.to_be_signed.algorithm.digest));
  add_certificates(document, signer.to_be_signed, further);
  return document.write();
}

Result<Bytes> signature_value(ByteView cms, std::size_t signer, const base::Limits& limits) {
  TANBA_TRY(const Edit document, Edit::open(cms, limits));
  TANBA_TRY(const ByteView signer_info, document.signer(signer));
  TANBA_TRY(const SignerInfo info, parse_signer_info(signer_info));
  return base::to_bytes(info.signature);
}

Result<Bytes> add_counter_signature(ByteView cms, std::size_t signer, const Signed& counter_signature,
                                    std::span<const pki::CertificatePtr> further, const base::Limits& limits) {
  TANBA_TRY(Edit document, Edit::open(cms, limits));
  TANBA_TRY(const ByteView signer_info, document.signer(signer));
  TANBA_TRY(const Bytes counter, write_signer_info(counter_signature.to_be_signed, counter_signature.signature));
  TANBA_TRY(Bytes signed_twice,
            with_unsigned_attribute(
                signer_info, der::write_sequence({oid::kCountersignature.der(), der::write(der::kSet, counter)})));
  document.set_signer(signer, std::move(signed_twice));
  add_certificates(document, counter_signature.to_be_signed, further);
  return document.write();
}

}  // namespace tanba::cms
