#include "xmldsig/xml/document.h"

#include <limits>
#include <unordered_map>

#include "xmldsig/xml/libxml.h"
#include "xmldsig/xml/scan.h"

namespace tanba::xmldsig::xml {
namespace {

using base::Code;

constexpr std::string_view kWsuNamespace =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
constexpr std::string_view kXmlNamespace = "http://www.w3.org/XML/1998/namespace";

[[nodiscard]] std::string_view namespace_of(const xmlNs* ns) {
  return ns == nullptr ? std::string_view{} : view(ns->href);
}

[[nodiscard]] const xmlNode* next_element(const xmlNode* node) {
  while (node != nullptr && node->type != XML_ELEMENT_NODE) node = node->next;
  return node;
}

[[nodiscard]] xmlNode* next_in_document(xmlNode* node, const xmlNode* top) {
  return const_cast<xmlNode*>(next_node(node, top));
}

// Without a DTD an attribute's children are text nodes only.
[[nodiscard]] std::string value_of(const xmlAttr* attribute) {
  std::string value;
  for (const xmlNode* child = attribute->children; child != nullptr; child = child->next) value += view(child->content);
  return value;
}

[[nodiscard]] bool carries_id(const xmlAttr* attribute) {
  const std::string_view name = view(attribute->name);
  const std::string_view ns = namespace_of(attribute->ns);
  if (ns.empty()) return name == "Id" || name == "ID" || name == "id";
  return (ns == kXmlNamespace && name == "id") || (ns == kWsuNamespace && name == "Id");
}

[[nodiscard]] std::string display_name(std::string_view namespace_uri, std::string_view local_name) {
  if (namespace_uri.empty()) return std::string(local_name);
  return "{" + std::string(namespace_uri) + "}" + std::string(local_name);
}

// The scan sees a DOCTYPE before; this is the second lock on that door.
void on_doctype(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
  auto* parser = static_cast<xmlParserCtxtPtr>(context);
  *static_cast<bool*>(parser->_private) = true;
  xmlStopParser(parser);
}

[[nodiscard]] base::Result<DocPtr> parse_text(base::ByteView xml) {
  if (xml.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(std::numeric_limits<int>::max())}});
  }
  const ErrorCatcher errors(4);
  const ParserPtr parser(xmlNewParserCtxt());
  if (parser == nullptr) return base::fail(Code::kInternal, "xmlNewParserCtxt");
  bool doctype_seen = false;
  parser->_private = &doctype_seen;
  parser->sax->internalSubset = on_doctype;
  // HUGE lifts libxml2's own limits on text nodes and depth in favour of ours, which the scan has held already. NOENT
  // puts the five predefined entities and character references into attribute values; there are no others.
  constexpr int kOptions =
      XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOCDATA | XML_PARSE_HUGE | XML_PARSE_NOXINCNODE | XML_PARSE_COMPACT;
  // No encoding is named: the scan has seen that it is UTF-8, and a name would make libxml2 convert UTF-8 to itself.
  DocPtr document(xmlCtxtReadMemory(parser.get(), reinterpret_cast<const char*>(xml.data()),
                                    static_cast<int>(xml.size()), nullptr, nullptr, kOptions));
  if (doctype_seen) return base::fail(Code::kXmlDoctype);
  // A namespace that is not well-formed or not declared is only a warning to libxml2; canonical XML cannot carry it.
  if (document == nullptr || parser->wellFormed == 0 || parser->nsWellFormed == 0) return malformed(errors.first());
  if (xmlDocGetRootElement(document.get()) == nullptr) return malformed("there is no root element");
  return document;
}

}  // namespace

// --- elements ------------------------------------------------------------------------------------------------------

std::string_view Element::local_name() const {
  return view(node_->name);
}

std::string_view Element::namespace_uri() const {
  return namespace_of(node_->ns);
}

bool Element::is(std::string_view namespace_uri, std::string_view local_name) const {
  return this->local_name() == local_name && this->namespace_uri() == namespace_uri;
}

std::optional<std::string> Element::attribute(std::string_view local_name) const {
  return attribute({}, local_name);
}

std::optional<std::string> Element::attribute(std::string_view namespace_uri, std::string_view local_name) const {
  for (const xmlAttr* attribute = node_->properties; attribute != nullptr; attribute = attribute->next) {
    if (view(attribute->name) == local_name && namespace_of(attribute->ns) == namespace_uri) return value_of(attribute);
  }
  return std::nullopt;
}

std::vector<std::string> Element::attribute_names() const {
  std::vector<std::string> names;
  for (const xmlAttr* attribute = node_->properties; attribute != nullptr; attribute = attribute->next) {
    names.push_back(display_name(namespace_of(attribute->ns), view(attribute->name)));
  }
  return names;
}

std::optional<Element> Element::parent() const {
  if (node_->parent == nullptr || node_->parent->type != XML_ELEMENT_NODE) return std::nullopt;
  return Element(node_->parent);
}

std::optional<Element> Element::first_child() const {
  const xmlNode* child = next_element(node_->children);
  if (child == nullptr) return std::nullopt;
  return Element(child);
}

std::optional<Element> Element::next_sibling() const {
  const xmlNode* sibling = next_element(node_->next);
  if (sibling == nullptr) return std::nullopt;
  return Element(sibling);
}

std::vector<Element> Element::children() const {
  std::vector<Element> found;
  for (const xmlNode* child = next_element(node_->children); child != nullptr; child = next_element(child->next)) {
    found.emplace_back(child);
  }
  return found;
}

base::Result<std::string> Element::text() const {
  std::string text;
  for (const xmlNode* child = node_->children; child != nullptr; child = child->next) {
    if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE) {
      return malformed("the element " + std::string(local_name()) + " holds something other than text");
    }
    text += view(child->content);
  }
  return text;
}

base::Status Element::check_elements_only() const {
  for (const xmlNode* child = node_->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) continue;
    if (child->type == XML_TEXT_NODE && view(child->content).find_first_not_of(" \t\r\n") == std::string_view::npos)
      continue;
    return malformed("the element " + std::string(local_name()) + " holds something other than elements");
  }
  return {};
}

// --- readers -------------------------------------------------------------------------------------------------------

std::vector<Element> children_named(Element parent, std::string_view namespace_uri, std::string_view local_name) {
  std::vector<Element> found;
  for (auto child = parent.first_child(); child; child = child->next_sibling()) {
    if (child->is(namespace_uri, local_name)) found.push_back(*child);
  }
  return found;
}

base::Result<std::optional<Element>> optional_child(Element parent, std::string_view namespace_uri,
                                                    std::string_view local_name) {
  std::optional<Element> found;
  for (auto child = parent.first_child(); child; child = child->next_sibling()) {
    if (!child->is(namespace_uri, local_name)) continue;
    if (found) return malformed("the element " + display_name(namespace_uri, local_name) + " is repeated");
    found = child;
  }
  return found;
}

base::Result<Element> only_child(Element parent, std::string_view namespace_uri, std::string_view local_name) {
  TANBA_TRY(const auto found, optional_child(parent, namespace_uri, local_name));
  if (!found) return malformed("the element " + display_name(namespace_uri, local_name) + " is missing");
  return *found;
}

base::Result<std::string> child_text(Element parent, std::string_view namespace_uri, std::string_view local_name) {
  TANBA_TRY(const Element child, only_child(parent, namespace_uri, local_name));
  return child.text();
}

base::Result<std::optional<std::string>> optional_child_text(Element parent, std::string_view namespace_uri,
                                                             std::string_view local_name) {
  TANBA_TRY(const auto child, optional_child(parent, namespace_uri, local_name));
  if (!child) return std::nullopt;
  TANBA_TRY(std::string text, child->text());
  return text;
}

// --- documents -----------------------------------------------------------------------------------------------------

struct Document::State {
  DocPtr document;
  std::size_t size_bytes = 0;
  std::unordered_map<std::string, const xmlNode*> ids;
  // One past the last node inside, by position. A node's own position is in its `_private`.
  std::vector<std::uint32_t> ends;

  // Numbers the nodes in document order and registers Ids.
  [[nodiscard]] base::Status index(const base::Limits& limits);
  [[nodiscard]] base::Status register_ids(const xmlNode* element);
};

base::Status Document::State::register_ids(const xmlNode* element) {
  for (const xmlAttr* attribute = element->properties; attribute != nullptr; attribute = attribute->next) {
    if (!carries_id(attribute)) continue;
    std::string id = value_of(attribute);
    if (id.empty()) continue;
    const auto [entry, inserted] = ids.try_emplace(std::move(id), element);
    if (!inserted && entry->second != element) return base::fail(Code::kXmlDuplicateId, {{"id", entry->first}});
  }
  return {};
}

base::Status Document::State::index(const base::Limits& limits) {
  std::vector<const xmlNode*> open;  // elements whose end is not reached
  const auto close_until = [&](const xmlNode* parent) {
    while (!open.empty() && open.back() != parent) {
      ends[reinterpret_cast<std::uintptr_t>(open.back()->_private)] = static_cast<std::uint32_t>(ends.size());
      open.pop_back();
    }
  };
  for (xmlNode* top = document->children; top != nullptr; top = top->next) {
    for (xmlNode* node = top; node != nullptr; node = next_in_document(node, top)) {
      close_until(node->parent);
      node->_private = reinterpret_cast<void*>(ends.size());  // NOLINT(performance-no-int-to-ptr): ours alone
      ends.push_back(static_cast<std::uint32_t>(ends.size() + 1));
      if (node->type != XML_ELEMENT_NODE) continue;
      TANBA_CHECK(register_ids(node));
      open.push_back(node);
      if (open.size() > limits.max_xml_depth) {
        return base::fail(Code::kLimitDepth, {{"limit", std::to_string(limits.max_xml_depth)}});
      }
    }
    close_until(nullptr);
  }
  return {};
}

Document::Document() : state_(std::make_unique<State>()) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

base::Result<Document> Document::parse(base::ByteView xml, const base::Limits& limits) {
  TANBA_TRY(const ScanResult scanned, scan(xml, limits));
  initialise_libxml();
  Document document;
  document.state_->size_bytes = xml.size();
  document.state_->ends.reserve(3 * scanned.elements + 8);
  TANBA_TRY(document.state_->document, parse_text(xml));
  TANBA_CHECK(document.state_->index(limits));
  return document;
}

Element Document::root() const {
  return Element(xmlDocGetRootElement(state_->document.get()));
}

std::optional<Element> Document::find_id(std::string_view id) const {
  const auto found = state_->ids.find(std::string(id));
  if (found == state_->ids.end()) return std::nullopt;
  return Element(found->second);
}

std::vector<Element> Document::find_all(std::string_view namespace_uri, std::string_view local_name) const {
  std::vector<Element> found;
  xmlNode* top = xmlDocGetRootElement(state_->document.get());
  for (xmlNode* node = top; node != nullptr; node = next_in_document(node, top)) {
    if (node->type == XML_ELEMENT_NODE && Element(node).is(namespace_uri, local_name)) found.emplace_back(node);
  }
  return found;
}

std::size_t Document::position(Element element) const {
  return reinterpret_cast<std::uintptr_t>(element.node()->_private);
}

std::size_t Document::end_position(Element element) const {
  return state_->ends[position(element)];
}

bool Document::contains(Element outer, Element inner) const {
  return position(outer) <= position(inner) && position(inner) < end_position(outer);
}

std::size_t Document::ordinal(Element element) const {
  const xmlNode* top = xmlDocGetRootElement(state_->document.get());
  std::size_t count = 0;
  for (const xmlNode* node = top; node != nullptr && node != element.node(); node = next_node(node, top)) {
    if (node->type == XML_ELEMENT_NODE) ++count;
  }
  return count;
}

std::size_t Document::size_bytes() const {
  return state_->size_bytes;
}

_xmlDoc* Document::handle() const {
  return state_->document.get();
}

base::Result<base::Bytes> append_to_root(base::ByteView xml, std::string_view fragment, const base::Limits& limits) {
  return append_to_element(xml, 0, fragment, limits);
}

base::Result<base::Bytes> append_to_element(base::ByteView xml, std::size_t ordinal, std::string_view fragment,
                                            const base::Limits& limits) {
  TANBA_TRY(const ScanResult scanned, scan(xml, limits, ordinal));
  const std::string_view text = base::as_text(xml);
  std::string out;
  out.reserve(text.size() + fragment.size() + 64);
  out.append(text.substr(0, scanned.element_end));
  if (scanned.tag == ScanResult::Tag::kWithEndTag) {
    out.append(fragment).append(text.substr(scanned.element_end));
    return base::to_bytes(base::as_bytes(out));
  }
  // <name a="b"/> becomes <name a="b">fragment</name>.
  const std::string_view name =
      text.substr(scanned.element_begin + 1,
                  text.find_first_of(" \t\r\n/>", scanned.element_begin + 1) - scanned.element_begin - 1);
  out.append(">").append(fragment).append("</").append(name).append(text.substr(scanned.element_end + 1));
  return base::to_bytes(base::as_bytes(out));
}

}  // namespace tanba::xmldsig::xml
