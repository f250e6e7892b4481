// libxml2's handles, owned, and its errors caught. For the sources of this folder only.
#pragma once

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlIO.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlschemas.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tanba::xmldsig::xml {

template <auto Free>
struct XmlDeleter {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};

using DocPtr = std::unique_ptr<xmlDoc, XmlDeleter<xmlFreeDoc>>;
using ParserPtr = std::unique_ptr<xmlParserCtxt, XmlDeleter<xmlFreeParserCtxt>>;
using OutputPtr = std::unique_ptr<xmlOutputBuffer, XmlDeleter<xmlOutputBufferClose>>;
using SchemaPtr = std::unique_ptr<xmlSchema, XmlDeleter<xmlSchemaFree>>;
using SchemaParserPtr = std::unique_ptr<xmlSchemaParserCtxt, XmlDeleter<xmlSchemaFreeParserCtxt>>;
using SchemaValidPtr = std::unique_ptr<xmlSchemaValidCtxt, XmlDeleter<xmlSchemaFreeValidCtxt>>;

// Once before the first use of libxml2: its tables, and a loader of external entities that refuses everything.
void initialise_libxml();

[[nodiscard]] inline std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}
[[nodiscard]] inline const xmlChar* as_xml(const char* text) {
  return reinterpret_cast<const xmlChar*>(text);
}
// The next node in document order, attributes left out; nothing after `top`'s last descendant.
[[nodiscard]] inline const xmlNode* next_node(const xmlNode* node, const xmlNode* top) {
  if (node->type == XML_ELEMENT_NODE && node->children != nullptr) return node->children;
  while (node != top) {
    if (node->next != nullptr) return node->next;
    node = node->parent;
  }
  return nullptr;
}

// One line, at most 300 octets, with the line of the document.
[[nodiscard]] std::string describe(const xmlError& error);

// While it lives, what libxml2 says on this thread comes here and is not printed.
class ErrorCatcher {
 public:
  explicit ErrorCatcher(std::size_t max_messages);
  ~ErrorCatcher();
  ErrorCatcher(const ErrorCatcher&) = delete;
  ErrorCatcher& operator=(const ErrorCatcher&) = delete;
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }
  [[nodiscard]] std::string first() const {
    return messages_.empty() ? std::string("no reason given") : messages_.front();
  }

 private:
  static void receive(void* self, xmlErrorPtr error);
  static void ignore(void* self, const char* format, ...);
  std::size_t max_messages_;
  std::vector<std::string> messages_;
  xmlStructuredErrorFunc previous_;
  void* previous_context_;
  xmlGenericErrorFunc previous_generic_;
  void* previous_generic_context_;
};

}  // namespace tanba::xmldsig::xml
