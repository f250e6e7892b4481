// XML documents as signatures need them: namespace-aware, no document type, no entities, nothing fetched, everything
// bounded. libxml2 parses; its types stay inside this folder.
//
// Deviations from XML 1.0: a document with a DOCTYPE is refused (xml.doctype) before the parser sees any of it; so is
// one that is not UTF-8 (xml.encoding). Two elements with one Id are refused (xml.duplicate_id), whichever of the
// attributes Id, ID, id, xml:id and wsu:Id carries it: without a DTD nothing else says what an Id is, and a signature
// must not be able to mean either of two elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

// libxml2's own names.
struct _xmlDoc;   // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
struct _xmlNode;  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace tanba::xmldsig::xml {

// More attributes or namespaces on one element than any schema of the flow has by far; libxml2 compares each with each.
inline constexpr std::size_t kMaxAttributesOfElement = 128;
// Namespace declarations in scope at one place: canonicalisation searches them for each element.
inline constexpr std::size_t kMaxNamespacesInScope = 256;

// An element of a Document: a view, valid as long as the document. Copied freely.
class Element {
 public:
  explicit Element(const _xmlNode* node) : node_(node) {}

  [[nodiscard]] std::string_view local_name() const;
  [[nodiscard]] std::string_view namespace_uri() const;  // empty: in no namespace
  [[nodiscard]] bool is(std::string_view namespace_uri, std::string_view local_name) const;
  // An attribute without a prefix.
  [[nodiscard]] std::optional<std::string> attribute(std::string_view local_name) const;
  [[nodiscard]] std::optional<std::string> attribute(std::string_view namespace_uri, std::string_view local_name) const;
  // The attributes' names, as "{namespace}name", or "name" without one. Namespace declarations are not among them.
  [[nodiscard]] std::vector<std::string> attribute_names() const;

  [[nodiscard]] std::optional<Element> parent() const;
  [[nodiscard]] std::optional<Element> first_child() const;   // elements only
  [[nodiscard]] std::optional<Element> next_sibling() const;  // elements only
  [[nodiscard]] std::vector<Element> children() const;

  // The whole text of an element that holds nothing but text. Anything else between (an element, a comment, a
  // processing instruction) is xml.malformed: it could split the text that another reader takes for one.
  [[nodiscard]] base::Result<std::string> text() const;
  // xml.malformed unless there is nothing but elements and white space directly inside.
  [[nodiscard]] base::Status check_elements_only() const;

  [[nodiscard]] const _xmlNode* node() const { return node_; }
  bool operator==(const Element&) const = default;

 private:
  const _xmlNode* node_;
};

// Strict readers, for business data: what is missing or repeated is xml.malformed, naming the element.
[[nodiscard]] base::Result<Element> only_child(Element parent, std::string_view namespace_uri,
                                               std::string_view local_name);
[[nodiscard]] base::Result<std::optional<Element>> optional_child(Element parent, std::string_view namespace_uri,
                                                                  std::string_view local_name);
[[nodiscard]] std::vector<Element> children_named(Element parent, std::string_view namespace_uri,
                                                  std::string_view local_name);
[[nodiscard]] base::Result<std::string> child_text(Element parent, std::string_view namespace_uri,
                                                   std::string_view local_name);
[[nodiscard]] base::Result<std::optional<std::string>> optional_child_text(Element parent,
                                                                           std::string_view namespace_uri,
                                                                           std::string_view local_name);

class Document {
 public:
  // Errors: format.empty, limit.size, limit.depth, limit.count, xml.doctype, xml.encoding, xml.malformed,
  // xml.duplicate_id. The limits hold before the parser allocates anything.
  [[nodiscard]] static base::Result<Document> parse(base::ByteView xml, const base::Limits& limits);
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  [[nodiscard]] Element root() const;
  // The one element with this Id.
  [[nodiscard]] std::optional<Element> find_id(std::string_view id) const;
  // Every element of this name, in document order.
  [[nodiscard]] std::vector<Element> find_all(std::string_view namespace_uri, std::string_view local_name) const;
  // Whether `inner` is `outer` or lies inside it.
  [[nodiscard]] bool contains(Element outer, Element inner) const;
  // Where the element stands among all nodes, in document order.
  [[nodiscard]] std::size_t position(Element element) const;
  // One past the last node inside.
  [[nodiscard]] std::size_t end_position(Element element) const;
  [[nodiscard]] std::size_t size_bytes() const;  // of the text that was parsed
  [[nodiscard]] _xmlDoc* handle() const;         // get0; for this folder and canonicalisation

 private:
  Document();
  struct State;
  std::unique_ptr<State> state_;
};

// The same text with `fragment` put in as the root's last child; every other octet stays as it was. The text must have
// been parsed by Document::parse, the fragment must be well-formed with its own namespace declarations.
[[nodiscard]] base::Result<base::Bytes> append_to_root(base::ByteView xml, std::string_view fragment,
                                                       const base::Limits& limits);

}  // namespace tanba::xmldsig::xml
