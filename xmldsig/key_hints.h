// What a KeyInfo says of the signer's certificate instead of carrying it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "xmldsig/structure.h"

namespace tanba::xmldsig {

// Hints only: KeyInfo is not signed, and whose key it was shows when the value is verified. Of names as text (KeyName,
// X509SubjectName, X509IssuerName) nothing is kept: they are written in too many ways to be compared.
struct KeyHints {
  std::vector<base::Bytes> keys;             // KeyValue and DEREncodedKeyValue as SubjectPublicKeyInfo
  std::vector<base::Bytes> key_identifiers;  // X509SKI
  std::vector<base::Bytes> serials;          // X509IssuerSerial's number, big-endian without leading zeros
  struct CertificateDigest {
    pki::DigestAlgorithm algorithm;
    base::Bytes value;
  };
  std::vector<CertificateDigest> digests;  // X509Digest (XML-DSig 1.1)
  // One of these was there and not understood, or the certificate is to be fetched: then no certificate fits.
  bool unreadable = false;
};

[[nodiscard]] KeyHints read_key_hints(std::optional<xml::Element> key_info);

// Whether the certificate may be the one meant: each kind of hint that is there names it. Without hints every one may.
[[nodiscard]] base::Result<bool> fits(pki::Context& context, const pki::Certificate& certificate,
                                      const KeyHints& hints);

}  // namespace tanba::xmldsig
