// The certificates that a signature carries, and its XAdES properties.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "xmldsig/structure.h"

namespace tanba::xmldsig {

struct KeyInfo {
  std::vector<pki::CertificatePtr> certificates;  // in the order of the document
  std::vector<xml::Element> crls;                 // X509CRL, not decoded
  std::vector<std::string> elsewhere;             // URIs outside the document that a key is to be fetched from
  std::vector<base::Error> errors;                // certificates that are none
};

// xmldsig-core1 4.5.4: X509Data; WS-Security X.509 Token Profile 1.1: SecurityTokenReference with a KeyIdentifier that
// is an X509v3 certificate, or with a Reference to a BinarySecurityToken by Id. Everything else in KeyInfo is passed
// over. limit.count for more certificates than the limits allow.
[[nodiscard]] base::Result<KeyInfo> read_key_info(pki::Context& context, const xml::Document& document,
                                                  std::optional<xml::Element> key_info, const base::Limits& limits);

inline constexpr std::string_view kXadesNamespace = "http://uri.etsi.org/01903/v1.3.2#";
inline constexpr std::string_view kXades141Namespace = "http://uri.etsi.org/01903/v1.4.1#";

// Whether a ds:Signature stands in a CounterSignature among the unsigned properties of another one.
[[nodiscard]] bool is_countersignature(xml::Element signature);

// XAdES (ETSI EN 319 132-1) as far as it is there. Signed properties mean something only when a Reference covers them:
// the caller looks for that.
struct XadesProperties {
  std::optional<xml::Element> signed_properties;
  struct CertificateDigest {
    pki::DigestAlgorithm digest;
    base::Bytes value;
  };
  std::optional<std::vector<CertificateDigest>> signing_certificate;  // SigningCertificate or SigningCertificateV2
  std::optional<base::Time> signing_time;
  std::optional<pki::SignaturePolicyFacts> signature_policy;
  struct SignatureTimeStamp {
    base::Bytes token;
    xml::C14n method = xml::C14n::kInclusive;  // of what it is over
  };
  std::vector<SignatureTimeStamp> timestamps;
  std::vector<base::Bytes> certificates;  // CertificateValues, DER; also of TimeStampValidationData
  std::vector<xml::Element> crls;         // RevocationValues, likewise, not decoded
  std::vector<xml::Element> ocsp_responses;
};

// Whether a ds:Object holds nothing but QualifyingProperties of any version of XAdES, and these nothing but signed and
// unsigned properties: what nobody need sign, since it is read as what it is.
[[nodiscard]] bool is_qualifying_properties(xml::Element element);
[[nodiscard]] bool holds_qualifying_properties_only(xml::Element object);

// xml.signature_structure when properties are repeated, malformed, name another signature as their target, or describe
// what no Reference of the signature signs.
[[nodiscard]] base::Result<XadesProperties> read_xades(const SignatureStructure& signature);

}  // namespace tanba::xmldsig
