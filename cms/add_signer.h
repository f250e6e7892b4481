// Further signatures in a document that is signed already: beside the others (RFC 5652 5.3), or over one of them
// (11.4). What is signed stays as it is, octet for octet; certificates that are there stay too.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/limits.h"
#include "cms/sign.h"

namespace tanba::cms {

// What a further signer signs: the content inside, or `detached` beside a document without one (input.member when there
// is none, or both). The content type is the document's; `profile.placement` and `.content_type` are passed over. As
// `prepare` and cms::parse_signed_data.
[[nodiscard]] base::Result<ToBeSigned> prepare_further(pki::Context& context, base::ByteView cms,
                                                       const std::optional<base::ByteView>& detached,
                                                       const pki::CertificatePtr& certificate, const Profile& profile,
                                                       const base::Limits& limits);
// The document as DER with one more SignerInfo behind the others. input.member when it is of another content type.
[[nodiscard]] base::Result<base::Bytes> add_signer(base::ByteView cms, const Signed& signer,
                                                   std::span<const pki::CertificatePtr> further,
                                                   const base::Limits& limits);

// The value of a signature of the document, counted from 0: what prepare_counter_signature is over.
[[nodiscard]] base::Result<base::Bytes> signature_value(base::ByteView cms, std::size_t signer,
                                                        const base::Limits& limits);
// The document as DER with one more counter-signature among the unsigned attributes of that signer.
[[nodiscard]] base::Result<base::Bytes> add_counter_signature(base::ByteView cms, std::size_t signer,
                                                              const Signed& counter_signature,
                                                              std::span<const pki::CertificatePtr> further,
                                                              const base::Limits& limits);

}  // namespace tanba::cms
