#include "xmldsig/xml/libxml.h"

#include <algorithm>
#include <mutex>

namespace tanba::xmldsig::xml {
namespace {

xmlParserInputPtr refuse_entity(const char*, const char*, xmlParserCtxtPtr) {
  return nullptr;
}

}  // namespace

void initialise_libxml() {
  static std::once_flag once;
  std::call_once(once, [] {
    xmlInitParser();
    // Nothing here may read a file or the network: not a document, not a schema.
    xmlSetExternalEntityLoader(refuse_entity);
  });
}

std::string describe(const xmlError& error) {
  std::string text = error.message == nullptr ? "no reason given" : error.message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > 260) text.resize(260);
  if (error.line > 0) text += " (line " + std::to_string(error.line) + ")";
  return text;
}

ErrorCatcher::ErrorCatcher(std::size_t max_messages)
    : max_messages_(max_messages),
      previous_(xmlStructuredError),
      previous_context_(xmlStructuredErrorContext),
      previous_generic_(xmlGenericError),
      previous_generic_context_(xmlGenericErrorContext) {
  xmlSetStructuredErrorFunc(this, receive);
  xmlSetGenericErrorFunc(this, ignore);
}

ErrorCatcher::~ErrorCatcher() {
  xmlSetStructuredErrorFunc(previous_context_, previous_);
  xmlSetGenericErrorFunc(previous_generic_context_, previous_generic_);
  xmlResetLastError();
}

// Some of XPath's messages come this way only; the structured error that follows says the same.
void ErrorCatcher::ignore(void*, const char*, ...) {}  // NOLINT(cert-dcl50-cpp): as libxml2 wants it

void ErrorCatcher::receive(void* self, xmlErrorPtr error) {
  auto* catcher = static_cast<ErrorCatcher*>(self);
  if (error == nullptr || catcher->messages_.size() >= catcher->max_messages_) return;
  catcher->messages_.push_back(describe(*error));
}

}  // namespace tanba::xmldsig::xml
