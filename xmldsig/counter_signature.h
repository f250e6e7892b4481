// XAdES counter-signatures (ETSI EN 319 132-1 5.2.7): where they stand, and what makes a signature one. Internal to
// xmldsig.
//
// Two deviations, both towards refusing. ETSI TS 101 903 7.2.4.2 takes a counter-signature for one by where it stands:
// here its Reference to the SignatureValue must also have the Type of 7.2.4.1, so that nobody who signs a value by Id
// for another reason has counter-signed it. And the Reference must have nothing but a canonicalisation: what a filter
// leaves of the value would not be the value.
#pragma once

#include <vector>

#include "xmldsig/structure.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {

// ETSI TS 101 903 7.2.4.1.
inline constexpr std::string_view kCountersignedSignature = "http://uri.etsi.org/01903#CountersignedSignature";

// The CounterSignature elements among the unsigned properties of the signature, in document order.
[[nodiscard]] std::vector<xml::Element> counter_signatures_in(const SignatureStructure& signature);

// The one ds:Signature that a CounterSignature holds; xml.signature_structure.
[[nodiscard]] base::Result<xml::Element> signature_of(xml::Element counter_signature);

// Whether the signature says that it is over the SignatureValue of `over`; xml.signature_structure. That its digests
// and value hold is for whoever checks its References.
[[nodiscard]] base::Status check_countersigns(const xml::Document& document, const SignatureStructure& signature,
                                              const SignatureStructure& over);

}  // namespace tanba::xmldsig
