// XML signatures (XML-DSig core, the forms of НУЦ РК, basic XAdES, WS-Security's X.509 tokens): what a document's
// signatures say, and whether digests and values hold. No time, no trust.
//
// https://www.w3.org/TR/xmldsig-core1/ with these deviations, all towards refusing (Forms::kFlow):
// - a Reference names the document (URI="") or one element by Id (URI="#id"); everything else is
// xml.reference_forbidden;
// - transforms are enveloped-signature first, then at most one canonicalisation; all else is xml.transform_forbidden;
// - MACs are xml.algorithm_forbidden: a certificate's public key must never serve as a secret;
// - comments are never signed: "" and "#id" select no comment nodes (4.4.3.2), whatever the canonicalisation;
// - KeyInfo is read for certificates only (X509Data, WS-Security's KeyIdentifier and BinarySecurityToken); elements
// that
//   nobody knows there, and attributes on what is not signed, are xml.signature_structure, and an Object that no
//   Reference covers keeps the whole from being covered, unless it holds XAdES properties only;
// - Manifests are digested as elements; what their own references name is not looked at and not reported as covered.
// Of several enveloped signatures side by side the later ones were added after the earlier: an earlier one is verified
// without the later ones, as НУЦ РК's clients make them, and if its digest does not fit so, with them, as the standard
// alone would have it.
//
// Of a SOAP 1.1 message soap.h says what covers it.
//
// Where XAdES 1.3.2 properties are there and covered by a Reference, SigningTime and SigningCertificate(V2) are read;
// SignatureTimeStamps are collected (unsigned) with what they are over: the canonical ds:SignatureValue element (ETSI
// EN 319 132-1 5.3).
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::xmldsig {

inline constexpr std::string_view kSignatureNamespace = "http://www.w3.org/2000/09/xmldsig#";

// What of XML-DSig is understood.
enum class Forms : std::uint8_t {
  kFlow,  // as above: what a person can see to be signed
  // For vectors made by others, never for a decision: also XPath filtering (1.0 and 2.0) and base64 as transforms,
  // whose coverage is then never the whole; and where KeyInfo carries no certificate, the certificates given that fit
  // what it names (KeyValue, X509SKI, X509IssuerSerial's number, X509Digest) are tried.
  kConformance,
};

// The general way alone is for those who hold the quick one against it.
enum class Route : std::uint8_t { kQuickest, kGeneral };

struct InspectOptions {
  pki::KeepOctets keep_octets = pki::KeepOctets::kNo;
  Forms forms = Forms::kFlow;
  std::span<const pki::CertificatePtr> certificates{};  // at hand beside the document; used by kConformance only
  Route route = Route::kQuickest;
};

// Facts of every ds:Signature anywhere in the document, in document order. What is wrong with one signature is in its
// `errors`; what is wrong with the document as a whole is in DocumentFacts::errors: format.empty, format.no_signature,
// xml.malformed, xml.doctype, xml.encoding, xml.duplicate_id, limit.*; then signatures may be missing from the facts. A
// Result without value is an internal fault and no verdict.
// `signed_octets` is kept for a signature without errors and with exactly one Reference to content (those to its own
// KeyInfo and properties do not count). It is canonical XML: parse it with xml::Document to read what was signed.
[[nodiscard]] base::Result<pki::DocumentFacts> inspect(pki::Context& context, base::ByteView xml, base::Budget& budget,
                                                       const InspectOptions& options);
[[nodiscard]] inline base::Result<pki::DocumentFacts> inspect(pki::Context& context, base::ByteView xml,
                                                              base::Budget& budget, pki::KeepOctets keep_octets) {
  return inspect(context, xml, budget, InspectOptions{.keep_octets = keep_octets});
}

}  // namespace tanba::xmldsig
