#include "xmldsig/counter_signature.h"

#include <algorithm>
#include <string>

#include "xmldsig/key_info.h"

namespace tanba::xmldsig {

using base::Code;
using xml::Element;

std::vector<Element> counter_signatures_in(const SignatureStructure& signature) {
  std::vector<Element> places = signature.objects;
  for (const char* name :
       {"QualifyingProperties", "UnsignedProperties", "UnsignedSignatureProperties", "CounterSignature"}) {
    std::vector<Element> inside;
    for (const Element& place : places) {
      const std::vector<Element> found = xml::children_named(place, kXadesNamespace, name);
      inside.insert(inside.end(), found.begin(), found.end());
    }
    places = std::move(inside);
  }
  return places;
}

base::Result<Element> signature_of(Element counter_signature) {
  // ETSI TS 101 903 7.2.4.2: "it contains one countersignature of the qualified signature."
  const std::vector<Element> children = counter_signature.children();
  if (children.size() == 1 && children.front().is(kSignatureNamespace, "Signature") &&
      counter_signature.check_elements_only()) {
    return children.front();
  }
  return base::fail(Code::kXmlSignatureStructure, {{"what", "a CounterSignature holds one Signature"}});
}

base::Status check_countersigns(const xml::Document& document, const SignatureStructure& signature,
                                const SignatureStructure& over) {
  // ETSI TS 101 903 7.2.4.2: "one ds:Reference element referencing the ds:SignatureValue element of the embedding and
  // countersigned XAdES signature."
  const bool countersigns = std::ranges::any_of(signature.references, [&](const Reference& reference) {
    return reference.element.attribute("Type") == std::string(kCountersignedSignature) && !reference.to_document() &&
           !reference.is_filtered() && reference.enveloped == Enveloped::kNo &&
           document.find_id(reference.id()) == over.value_element;
  });
  if (countersigns) return {};
  return base::fail(Code::kXmlSignatureStructure,
                    {{"what", "a counter-signature without a reference to the SignatureValue that it stands in"}});
}

}  // namespace tanba::xmldsig
