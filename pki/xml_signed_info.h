// The names that XML-DSig has for algorithms, and the one ds:SignedInfo that we sign: a fixed text around a digest.
//
// In pki, without libxml2, because the key server builds the same text from a digest alone. Exclusive canonicalisation
// makes it independent of the document that it is put into.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "pki/algorithm.h"

namespace tanba::pki {

// RFC 9231, xmldsig-core1, and НУЦ РК's own (kz-pki). Both directions; algorithm.unknown otherwise, and
// xml.algorithm_forbidden for MACs. RSA-PSS is known by its parameterless names only: MGF1 with the same digest and a
// salt as long as it (RFC 9231 2.3.10).
[[nodiscard]] base::Result<std::string_view> xml_signature_uri(const SignatureAlgorithm& algorithm);
[[nodiscard]] base::Result<SignatureAlgorithm> signature_algorithm_from_xml(std::string_view uri);
[[nodiscard]] base::Result<std::string_view> xml_digest_uri(DigestAlgorithm digest);
[[nodiscard]] base::Result<DigestAlgorithm> digest_from_xml(std::string_view uri);

// The canonical SignedInfo of an enveloped signature over the whole document: Reference URI="", transforms
// enveloped-signature and c14n 1.0 WithComments, digest by algorithm.digest. `digest` is the DigestValue; input.member
// when its length is not the algorithm's.
[[nodiscard]] base::Result<std::string> signed_info_for(const SignatureAlgorithm& algorithm, base::ByteView digest);

}  // namespace tanba::pki
