#include "xmldsig/xml/canonical.h"

#include <libxml/c14n.h>

#include <algorithm>
#include <array>

#include "xmldsig/xml/libxml.h"

namespace tanba::xmldsig::xml {
namespace {

using base::Code;

struct Method {
  C14n method;
  std::string_view uri;
};
constexpr std::array<Method, 6> kMethods = {{
    {C14n::kInclusive, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"},
    {C14n::kInclusiveWithComments, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"},
    {C14n::kExclusive, "http://www.w3.org/2001/10/xml-exc-c14n#"},
    {C14n::kExclusiveWithComments, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"},
    {C14n::kInclusive11, "http://www.w3.org/2006/12/xml-c14n11"},
    {C14n::kInclusive11WithComments, "http://www.w3.org/2006/12/xml-c14n11#WithComments"},
}};

[[nodiscard]] int libxml_mode(C14n method) {
  switch (without_comments(method)) {
    case C14n::kExclusive:
      return XML_C14N_EXCLUSIVE_1_0;
    case C14n::kInclusive11:
      return XML_C14N_1_1;
    default:
      return XML_C14N_1_0;
  }
}

// Subtrees are ranges of positions in document order, so that asking about a node costs a comparison or two.
struct Ranges {
  std::size_t begin = 0;
  std::size_t end = SIZE_MAX;
  std::vector<std::pair<std::size_t, std::size_t>> without;  // sorted

  [[nodiscard]] bool has(std::size_t position) const {
    if (position < begin || position >= end) return false;
    for (const auto& [from, to] : without) {
      if (position < from) break;
      if (position < to) return false;
    }
    return true;
  }
};

[[nodiscard]] bool is_in_ranges(const Ranges& ranges, const xmlNode* node, const xmlNode* parent) {
  // Attributes and namespace declarations belong to their element; libxml2 passes a declaration as if it were a node.
  if (node->type == XML_ATTRIBUTE_NODE || node->type == XML_NAMESPACE_DECL) node = parent;
  if (node == nullptr) return true;
  if (node->type == XML_DOCUMENT_NODE) return ranges.begin == 0;
  return ranges.has(reinterpret_cast<std::uintptr_t>(node->_private));
}

struct Visible {
  Ranges ranges;
  const std::vector<NodeSet>* within = nullptr;

  [[nodiscard]] bool has(const xmlNode* node, const xmlNode* parent) const {
    if (!is_in_ranges(ranges, node, parent)) return false;
    return std::ranges::all_of(*within, [&](const NodeSet& set) { return set.has(node, parent); });
  }
};

int is_visible(void* user, xmlNodePtr node, xmlNodePtr parent) {
  return static_cast<const Visible*>(user)->has(node, parent) ? 1 : 0;
}

[[nodiscard]] Ranges ranges_of(const Document& document, const Selection& selection) {
  Ranges ranges;
  if (selection.apex) {
    ranges.begin = document.position(*selection.apex);
    ranges.end = document.end_position(*selection.apex);
  }
  for (const Element& left_out : selection.without) {
    ranges.without.emplace_back(document.position(left_out), document.end_position(left_out));
  }
  std::sort(ranges.without.begin(), ranges.without.end());
  return ranges;
}

// Takes what libxml2 writes; what goes beyond the charge made at the start is charged piece by piece.
struct Sink {
  base::Bytes octets;
  std::size_t charged = 0;
  base::Budget* budget = nullptr;
  base::Status status;
};

int write_to_sink(void* context, const char* data, int length) {
  auto* sink = static_cast<Sink*>(context);
  if (!sink->status.has_value() || length < 0) return -1;
  const auto size = static_cast<std::size_t>(length);
  const std::size_t total = sink->octets.size() + size;
  if (total > sink->charged) {
    sink->status = sink->budget->charge_canonicalisation(total - sink->charged);
    if (!sink->status.has_value()) return -1;
    sink->charged = total;
  }
  const base::ByteView view = base::as_bytes({data, size});
  sink->octets.insert(sink->octets.end(), view.begin(), view.end());
  return length;
}

}  // namespace

std::string_view c14n_uri(C14n method) {
  for (const Method& entry : kMethods) {
    if (entry.method == method) return entry.uri;
  }
  return {};
}

std::optional<C14n> c14n_from_uri(std::string_view uri) {
  for (const Method& entry : kMethods) {
    if (entry.uri == uri) return entry.method;
  }
  return std::nullopt;
}

C14n without_comments(C14n method) {
  switch (method) {
    case C14n::kInclusiveWithComments:
      return C14n::kInclusive;
    case C14n::kExclusiveWithComments:
      return C14n::kExclusive;
    case C14n::kInclusive11WithComments:
      return C14n::kInclusive11;
    default:
      return method;
  }
}

bool is_exclusive(C14n method) {
  return without_comments(method) == C14n::kExclusive;
}

base::Result<base::Bytes> canonicalise(const Document& document, const Selection& selection, C14n method,
                                       std::span<const std::string> inclusive_prefixes, base::Budget& budget) {
  Sink sink;
  sink.budget = &budget;
  sink.charged = document.size_bytes();  // libxml2 walks the whole document whatever is selected
  TANBA_CHECK(budget.charge_canonicalisation(sink.charged));
  sink.octets.reserve(selection.apex && *selection.apex != document.root() ? 1024 : document.size_bytes() + 256);

  Visible visible{ranges_of(document, selection), &selection.within};
  std::vector<std::string> owned(inclusive_prefixes.begin(), inclusive_prefixes.end());
  std::vector<xmlChar*> prefixes;
  prefixes.reserve(owned.size() + 1);
  for (std::string& prefix : owned) prefixes.push_back(reinterpret_cast<xmlChar*>(prefix.data()));
  prefixes.push_back(nullptr);

  const ErrorCatcher errors(1);
  const OutputPtr output(xmlOutputBufferCreateIO(write_to_sink, nullptr, &sink, nullptr));
  if (output == nullptr) return base::fail(Code::kInternal, "xmlOutputBufferCreateIO");
  const bool everything = !selection.apex && selection.without.empty() && selection.within.empty();
  const int done = xmlC14NExecute(document.handle(), everything ? nullptr : is_visible, &visible, libxml_mode(method),
                                  prefixes.data(), method == without_comments(method) ? 0 : 1, output.get());
  const int flushed = xmlOutputBufferFlush(output.get());
  if (!sink.status.has_value()) return base::fail(std::move(sink.status).error());
  if (done < 0 || flushed < 0) return base::fail(Code::kXmlMalformed, {{"what", errors.first()}});
  return std::move(sink.octets);
}

base::Result<std::string> selected_text(const Document& document, const Selection& selection, base::Budget& budget) {
  TANBA_CHECK(budget.charge_canonicalisation(document.size_bytes()));
  const Visible visible{ranges_of(document, selection), &selection.within};
  std::string text;
  const xmlNode* top = selection.apex.value_or(document.root()).node();
  for (const xmlNode* node = top; node != nullptr; node = next_node(node, top)) {
    const bool is_text = node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
    if (is_text && visible.has(node, node->parent)) text += view(node->content);
  }
  return text;
}

}  // namespace tanba::xmldsig::xml
