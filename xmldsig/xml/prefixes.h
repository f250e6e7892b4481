// What prefixes mean at an element, and which of these meanings exclusive canonicalisation leaves out: it writes a
// declaration where a name uses the prefix, and knows nothing of prefixes inside values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig::xml {

inline constexpr std::string_view kSchemaInstanceNamespace = "http://www.w3.org/2001/XMLSchema-instance";

// Those with a meaning at the element, as a PrefixList names them, each once and in order: "#default" for the default
// namespace; `xml`, which cannot mean anything else, is left out.
[[nodiscard]] std::vector<std::string> prefixes_in_scope(Element element);

// The prefixes in values of xsi:type inside the selection whose meaning its exclusive canonical form does not have:
// outside what is signed anybody may bind them to another type. As in prefixes_in_scope; at most kMaxOpenPrefixes.
inline constexpr std::size_t kMaxOpenPrefixes = 8;
[[nodiscard]] std::vector<std::string> open_type_prefixes(const Document& document, const Selection& selection,
                                                          std::span<const std::string> inclusive_prefixes);

}  // namespace tanba::xmldsig::xml
