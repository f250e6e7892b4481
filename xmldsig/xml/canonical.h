// Canonical XML: 1.0, 1.1 and exclusive, of a document or of a part of it, to octets.
//
// https://www.w3.org/TR/2001/REC-xml-c14n-20010315, https://www.w3.org/TR/xml-c14n11/,
// https://www.w3.org/TR/xml-exc-c14n/. The node sets that occur here are subtrees with other subtrees left out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "xmldsig/xml/document.h"
#include "xmldsig/xml/xpath.h"

namespace tanba::xmldsig::xml {

enum class C14n : std::uint8_t {
  kInclusive,
  kInclusiveWithComments,
  kExclusive,
  kExclusiveWithComments,
  kInclusive11,
  kInclusive11WithComments,
};
[[nodiscard]] std::string_view c14n_uri(C14n method);
[[nodiscard]] std::optional<C14n> c14n_from_uri(std::string_view uri);
[[nodiscard]] C14n without_comments(C14n method);
[[nodiscard]] bool is_exclusive(C14n method);

struct Selection {
  std::optional<Element> apex;   // nothing: the whole document
  std::vector<Element> without;  // left out with all that is in them
  std::vector<NodeSet> within;   // and of what remains only what is in each of these
};

// `inclusive_prefixes` is the PrefixList of exclusive canonicalisation ("#default" for the default namespace).
// Charged to the budget: the document's size before the work, what the canonical form is longer by as it is made.
// Errors: limit.cost; xml.malformed (relative namespace URIs, on which canonical XML is not defined).
[[nodiscard]] base::Result<base::Bytes> canonicalise(const Document& document, const Selection& selection, C14n method,
                                                     std::span<const std::string> inclusive_prefixes,
                                                     base::Budget& budget);

// xmldsig-core1 6.6.2: what the text nodes of the selection say, one after the other. Charged as canonicalisation is.
[[nodiscard]] base::Result<std::string> selected_text(const Document& document, const Selection& selection,
                                                      base::Budget& budget);

}  // namespace tanba::xmldsig::xml
