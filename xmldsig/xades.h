// XAdES (ETSI EN 319 132-1, namespace 1.3.2): signatures made at level B-B, and what lifts one to B-T and B-LT.
//
// A signature made here is enveloped like that of sign.h and carries, covered by a second Reference, SigningTime,
// SigningCertificateV2 and DataObjectFormat (text/xml). Deviation: SigningCertificateV2 holds the digest alone, without
// the optional IssuerSerialV2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "pki/signer.h"
#include "xmldsig/assemble.h"

namespace tanba::xmldsig {

struct XadesProfile {
  pki::SignatureAlgorithm algorithm;  // its digest is also that of the References and of the certificate
  base::Time signing_time;            // claimed; proves nothing
  std::string mime_type = "text/xml";
};

// Signatures that the document carries already are covered by the new one. Errors as for sign.h's prepare.
[[nodiscard]] base::Result<Assembly> prepare_xades(pki::Context& context, base::ByteView document,
                                                   const pki::CertificatePtr& certificate,
                                                   std::span<const pki::CertificatePtr> chain,
                                                   const XadesProfile& profile, base::Budget& budget);
// prepare, sign, complete: level B-B.
[[nodiscard]] base::Result<base::Bytes> sign_xades(pki::Context& context, base::ByteView document, pki::Signer& signer,
                                                   std::span<const pki::CertificatePtr> chain,
                                                   const XadesProfile& profile, base::Budget& budget);

// What is added after signing; none of it is signed, all of it is judged for itself.
struct ValidationValues {
  std::vector<pki::CertificatePtr> certificates;  // CertificateValues
  std::vector<base::Bytes> crls;                  // RevocationValues, DER
  std::vector<base::Bytes> ocsp_responses;        // RevocationValues, whole OCSPResponses
  [[nodiscard]] bool empty() const { return certificates.empty() && crls.empty() && ocsp_responses.empty(); }
};
struct UnsignedProperties {
  std::vector<base::Bytes> timestamp_tokens;  // SignatureTimeStamp, over timestamp_octets below
  ValidationValues values{};                  // of the signer's path
  ValidationValues timestamp_values{};        // TimeStampValidationData: of the time stamps' authorities
};

// The one made last here: it stands last in the document element.
inline constexpr std::size_t kLastSignature = SIZE_MAX;

// EN 319 132-1 5.3: what a SignatureTimeStamp of that signature (in document order, as inspect() has them) must be
// over: its ds:SignatureValue element in exclusive canonicalisation. input.member when there is no such signature.
[[nodiscard]] base::Result<base::Bytes> timestamp_octets(base::ByteView document, std::size_t signature,
                                                         base::Budget& budget);
// Puts them into that signature's UnsignedSignatureProperties; every other octet of the document stays. Whoever calls
// sees to it that no other signature covers this one: it would break. xml.signature_structure for a signature without
// QualifyingProperties, or whose CertificateValues or RevocationValues are there already and given again.
[[nodiscard]] base::Result<base::Bytes> add_unsigned_properties(base::ByteView document, std::size_t signature,
                                                                const UnsignedProperties& properties,
                                                                base::Budget& budget);

}  // namespace tanba::xmldsig
