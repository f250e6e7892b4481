// A document whose root holds an XPath expression as its text: evaluating it ends within its limits, with a set of
// nodes or an error, as XPath 1.0 filter and as each operation of Filter 2.0.
#include <cstdlib>

#include "base/result.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"
#include "xmldsig/xml/xpath.h"

namespace {

using namespace tanba;
using namespace tanba::xmldsig;

void use(const xml::Document& document, base::Result<xml::NodeSet> nodes) {
  if (!nodes) {
    if (base::info(nodes.error().code()).effect == base::Effect::kInternal) std::abort();
    return;
  }
  base::Limits limits;
  limits.max_canonicalised_bytes = 8U << 20;
  base::Budget budget(limits);
  xml::Selection selection;
  selection.within.push_back(*std::move(nodes));
  const auto octets = xml::canonicalise(document, selection, xml::C14n::kInclusive, {}, budget);
  if (!octets && base::info(octets.error().code()).effect == base::Effect::kInternal) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Limits limits;
  limits.max_document_bytes = 4U << 10;  // an expression is asked of each node
  const auto document = xml::Document::parse({data, size}, limits);
  if (!document) return 0;
  use(*document, xml::filter_nodes(*document, document->root()));
  for (const auto operation :
       {xml::SetOperation::kIntersect, xml::SetOperation::kSubtract, xml::SetOperation::kUnion}) {
    const xml::SubtreeFilter filter{.operation = operation, .expression = document->root()};
    use(*document, xml::filter_subtrees(*document, {&filter, 1}));
  }
  return 0;
}
