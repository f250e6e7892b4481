#include "xmldsig/xml/prefixes.h"

#include <algorithm>
#include <optional>
#include <set>

#include "xmldsig/xml/libxml.h"

namespace tanba::xmldsig::xml {
namespace {

constexpr std::string_view kDefault = "#default";

[[nodiscard]] std::string listed_name(std::string_view prefix) {
  return std::string(prefix.empty() ? kDefault : prefix);
}

// XML Schema part 2, 3.2.18: white space around a QName does not count.
[[nodiscard]] std::optional<std::string> prefix_of_type(const xmlNode* node) {
  const auto value = Element(node).attribute(kSchemaInstanceNamespace, "type");
  if (!value) return {};
  const std::size_t begin = value->find_first_not_of(" \t\r\n");
  const std::size_t colon = value->find(':');
  if (begin == std::string::npos || colon == std::string::npos || colon < begin) return "";
  return value->substr(begin, colon - begin);
}

// xml-exc-c14n 1.1: "visibly utilizes": by its own name or an attribute's.
[[nodiscard]] bool uses(const xmlNode* node, std::string_view prefix) {
  if (view(node->ns == nullptr ? nullptr : node->ns->prefix) == prefix) return true;
  if (prefix.empty()) return false;  // attributes without a prefix are in no namespace
  for (const xmlAttr* attribute = node->properties; attribute != nullptr; attribute = attribute->next) {
    if (attribute->ns != nullptr && view(attribute->ns->prefix) == prefix) return true;
  }
  return false;
}

[[nodiscard]] bool declares(const xmlNode* node, std::string_view prefix) {
  for (const xmlNs* declared = node->nsDef; declared != nullptr; declared = declared->next) {
    if (view(declared->prefix) == prefix) return true;
  }
  return false;
}

// Whether the canonical form says what the prefix means at `node`: some element up to `top` uses it by name before
// another meaning is declared.
[[nodiscard]] bool is_written(const xmlNode* node, std::string_view prefix, const xmlNode* top) {
  for (; node != nullptr && node->type == XML_ELEMENT_NODE; node = node->parent) {
    if (uses(node, prefix)) return true;
    if (declares(node, prefix) || node == top) return false;
  }
  return false;
}

}  // namespace

std::vector<std::string> prefixes_in_scope(Element element) {
  std::set<std::string, std::less<>> seen;
  std::set<std::string, std::less<>> bound;
  for (const xmlNode* node = element.node(); node != nullptr && node->type == XML_ELEMENT_NODE; node = node->parent) {
    for (const xmlNs* declared = node->nsDef; declared != nullptr; declared = declared->next) {
      const std::string name = listed_name(view(declared->prefix));
      // The nearest one counts; xmlns="" takes the default away.
      if (seen.insert(name).second && !view(declared->href).empty() && name != "xml") bound.insert(name);
    }
  }
  return {bound.begin(), bound.end()};
}

std::vector<std::string> open_type_prefixes(const Document& document, const Selection& selection,
                                            std::span<const std::string> inclusive_prefixes) {
  const xmlNode* top = selection.apex.value_or(document.root()).node();
  std::vector<std::string> found;
  for (const xmlNode* node = top; node != nullptr; node = next_node(node, top)) {
    if (node->type != XML_ELEMENT_NODE) continue;
    const auto prefix = prefix_of_type(node);
    if (!prefix || *prefix == "xml") continue;
    const std::string name = listed_name(*prefix);
    if (std::ranges::find(inclusive_prefixes, name) != inclusive_prefixes.end()) continue;
    if (is_written(node, *prefix, top) || std::ranges::find(found, name) != found.end()) continue;
    const bool left_out = std::ranges::any_of(
        selection.without, [&](const Element& without) { return document.contains(without, Element(node)); });
    if (left_out) continue;
    found.push_back(name);
    if (found.size() == kMaxOpenPrefixes) break;
  }
  return found;
}

}  // namespace tanba::xmldsig::xml
