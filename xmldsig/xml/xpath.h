// XPath 1.0 over a Document as two transforms of XML-DSig want it: xmldsig-core1 6.6.3 (XPath Filtering) and
// https://www.w3.org/TR/xmldsig-filter2/ (XPath Filter 2.0). Only where a policy allows them: an expression decides
// what is signed, and no person sees which. libxml2 evaluates; there is no function here that reads anything but the
// document.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/limits.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig::xml {

// Steps that all expressions over one document may take together. A filter asks its expression of each node, so that a
// document of a thousand nodes has 10,000 steps for each; libxml2 does this many in about a second.
inline constexpr unsigned long kMaxXPathSteps = 10'000'000;
// Nodes that an expression may be asked of, attributes and the namespaces in scope of each element included.
inline constexpr std::size_t kMaxXPathNodes = 200'000;

// Nodes of a document, attributes and namespaces among them; comments never are. Copies share; a view of the document.
class NodeSet {
 public:
  struct State;
  explicit NodeSet(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  // `node` is libxml2's, a namespace declaration with the element it is in scope of as `parent`.
  [[nodiscard]] bool has(const _xmlNode* node, const _xmlNode* parent) const;

 private:
  std::shared_ptr<const State> state_;
};

// Every node of which the expression in `expression` is true, or converts to true.
[[nodiscard]] base::Result<NodeSet> filter_nodes(const Document& document, Element expression);

enum class SetOperation : std::uint8_t { kIntersect, kSubtract, kUnion };
struct SubtreeFilter {
  SetOperation operation = SetOperation::kIntersect;
  Element expression;
};
// The subtrees that each expression selects, one operation after the other, beginning with all nodes.
[[nodiscard]] base::Result<NodeSet> filter_subtrees(const Document& document, std::span<const SubtreeFilter> filters);
// Errors of both: xml.malformed for an expression that is none or selects no nodes where it must; limit.cost,
// limit.count.

}  // namespace tanba::xmldsig::xml
