// Puts what a signature is validated with into a CMS document: level B-LT of CAdES (ETSI EN 319 122-1 6.3), whose table
// wants the certificates of the paths in SignedData.certificates, lists in SignedData.crls.crl and OCSP answers in
// SignedData.crls.other (RFC 5940). Which evidence is needed, and that it is good, is the caller's matter.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/limits.h"
#include "pki/certificate.h"

namespace tanba::cms {

struct ValidationData {
  std::span<const pki::CertificatePtr> certificates{};
  std::span<const base::Bytes> crls{};            // CertificateList each, DER
  std::span<const base::Bytes> ocsp_responses{};  // OCSPResponse each, whole, DER: not the BasicOCSPResponse inside
};

// The document as DER, with what it lacks of this; nothing goes in twice, and what is signed or stamped stays as it is.
// Serves all signers of the document at once. As cms::parse_signed_data; input.member when an item is no DER SEQUENCE;
// augment.level when an archive time stamp of an old form covers these fields whole, so that it would break.
[[nodiscard]] base::Result<base::Bytes> add_validation_data(base::ByteView cms, const ValidationData& data,
                                                            const base::Limits& limits);

}  // namespace tanba::cms
