#include "xmldsig/xml/schema.h"

#include "xmldsig/xml/libxml.h"

namespace tanba::xmldsig::xml {

using base::Code;

struct Schema::State {
  std::string text;  // libxml2 keeps pointing into it while compiling
  SchemaPtr schema;
};

Schema::Schema() : state_(std::make_unique<State>()) {}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

base::Result<Schema> Schema::compile(std::string_view xsd) {
  initialise_libxml();
  const ErrorCatcher errors(1);
  Schema schema;
  schema.state_->text = xsd;
  const SchemaParserPtr parser(
      xmlSchemaNewMemParserCtxt(schema.state_->text.data(), static_cast<int>(schema.state_->text.size())));
  if (parser == nullptr) return base::fail(Code::kInternal, "xmlSchemaNewMemParserCtxt");
  schema.state_->schema.reset(xmlSchemaParse(parser.get()));
  if (schema.state_->schema == nullptr || !errors.messages().empty()) {
    return base::fail(Code::kInternal, "the schema does not compile: " + errors.first());
  }
  return schema;
}

base::Result<std::vector<std::string>> Schema::violations(const Document& document) const {
  const ErrorCatcher errors(kMaxViolations);
  const SchemaValidPtr validation(xmlSchemaNewValidCtxt(state_->schema.get()));
  if (validation == nullptr) return base::fail(Code::kInternal, "xmlSchemaNewValidCtxt");
  const int result = xmlSchemaValidateDoc(validation.get(), document.handle());
  if (result < 0) return base::fail(Code::kInternal, "xmlSchemaValidateDoc: " + errors.first());
  std::vector<std::string> found = errors.messages();
  if (result > 0 && found.empty()) found.emplace_back("no reason given");
  return found;
}

}  // namespace tanba::xmldsig::xml
