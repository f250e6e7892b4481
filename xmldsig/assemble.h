// The parts of a signature as text in canonical form, for those who put one together (sign, soap, xades_sign).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"

namespace tanba::xmldsig {

// One Reference to be written: its attributes are in the order that canonical XML wants.
struct SignedPart {
  std::string id;                       // empty: no attribute
  std::string type;                     // empty: no attribute
  std::string uri;                      // "" or "#id"
  std::vector<std::string> transforms;  // by URI
  base::Bytes digest;
  std::vector<std::string> prefixes{};  // PrefixList of the last transform, which is exclusive canonicalisation then
};

// A document that lacks nothing but the value.
struct Assembly {
  base::Bytes octets;  // canonical SignedInfo: the message that the key signs
  pki::SignatureAlgorithm algorithm;
  std::string before, after;    // around the base64 of the value
  std::size_t field_bytes = 0;  // of an ECDSA key
};

// SignedInfo in exclusive canonicalisation, whatever document it is put into. algorithm.unknown where XML-DSig has no
// name.
[[nodiscard]] base::Result<std::string> signed_info_text(const pki::SignatureAlgorithm& algorithm,
                                                         std::span<const SignedPart> parts);
// Base64 in lines of 76 characters, as MIME and other tools of the field write it.
[[nodiscard]] std::string wrapped_base64(base::ByteView octets);
// KeyInfo with X509Data, in the order given.
[[nodiscard]] std::string key_info_text(std::span<const pki::CertificatePtr> certificates);
// The value as XML-DSig writes it: of ECDSA r and s side by side, each as long as the curve's field.
[[nodiscard]] base::Result<base::Bytes> value_to_write(const pki::SignatureAlgorithm& algorithm,
                                                       std::size_t field_bytes, base::ByteView signature);
[[nodiscard]] std::size_t field_bytes_of(const pki::Certificate& certificate);
// `signature` as pki::Signer gives it. The result is not verified here.
[[nodiscard]] base::Result<base::Bytes> complete(const Assembly& assembly, base::ByteView signature);

}  // namespace tanba::xmldsig
