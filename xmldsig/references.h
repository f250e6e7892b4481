// The References of a signature checked against the document: which octets were signed, and what they cover.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "pki/context.h"
#include "pki/signature_facts.h"
#include "xmldsig/soap.h"
#include "xmldsig/structure.h"

namespace tanba::xmldsig {

// How a report says that a signature is of a part.
inline constexpr std::string_view kNotTheRest = "; not: the rest of the document";

struct CheckedReferences {
  std::vector<base::Error>
      errors;  // digest.mismatch, xml.reference_not_found, xml.signature_structure, algorithm.unknown
  std::vector<base::Error> warnings;  // coverage.partial: names in values whose prefix is not signed
  pki::Coverage covers;
  // The XAdES SignedProperties asked for are among what was digested, unchanged.
  enum class Properties : std::uint8_t { kNotCovered, kCovered } properties = Properties::kNotCovered;
  base::Bytes signed_octets;  // of the one content Reference, when asked for
};

struct ReferenceQuery {
  // All signatures of the document in its order; nothing for those that cannot be understood.
  std::span<const std::optional<SignatureStructure>> signatures;
  std::size_t index = 0;                          // the one to check; not nothing
  std::optional<xml::Element> signed_properties;  // the XAdES SignedProperties of this signature
  pki::KeepOctets keep_octets = pki::KeepOctets::kNo;
  const SoapMessage* message = nullptr;  // when the document is one
};

// Errors returned: limit.cost, internal.
[[nodiscard]] base::Result<CheckedReferences> check_references(pki::Context& context, const xml::Document& document,
                                                               const ReferenceQuery& query, base::Budget& budget);

}  // namespace tanba::xmldsig
