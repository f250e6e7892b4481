// XML Schema 1.0, for the documents that the project publishes. libxml2 validates.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig::xml {

// At most this many violations are collected: the first ones tell the sender what to mend.
inline constexpr std::size_t kMaxViolations = 16;

// Immutable once compiled; shared freely by threads.
class Schema {
 public:
  // `xsd` is the program's own text: it is not bounded, and it may not import or include others.
  [[nodiscard]] static base::Result<Schema> compile(std::string_view xsd);
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  // What is wrong, one sentence each, in libxml2's words with the line; empty when the document follows the schema.
  [[nodiscard]] base::Result<std::vector<std::string>> violations(const Document& document) const;

 private:
  Schema();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tanba::xmldsig::xml
