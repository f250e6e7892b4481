// How a signature refers to certificates: by issuer and serial, and by the signing-certificate attributes of ESS.
#pragma once

#include <vector>

#include "base/limits.h"
#include "cms/signed_data.h"
#include "pki/certificate.h"
#include "pki/context.h"

namespace tanba::cms {

// Equal as octets, or by RFC 5280 7.1. `der` is a Name, whole; no Name is equal to nothing.
[[nodiscard]] bool same_name(const pki::Name& name, base::ByteView der);

// RFC 2634 5.4 and RFC 5035 3: "The first certificate identified in the sequence of certificate identifiers MUST be the
// certificate used to verify the signature." Both attributes are checked where present; absent ones are no error.
// cms.signing_certificate, cms.attribute (repeated, malformed), algorithm.unknown (the hash), limit.cost.
[[nodiscard]] base::Status check_certificate_references(pki::Context& context, base::Budget& budget,
                                                        const std::vector<Attribute>& signed_attributes,
                                                        const pki::Certificate& certificate);

// The value of a signingCertificateV2 attribute with SHA-256 and the issuer's name and serial: SigningCertificateV2.
[[nodiscard]] base::Bytes write_signing_certificate_v2(const pki::Certificate& certificate);

// OCSPResponse "successful" around a BasicOCSPResponse (RFC 6960 4.2.1), which is what CAdES stores.
[[nodiscard]] base::Bytes wrap_basic_response(base::ByteView basic);

}  // namespace tanba::cms
