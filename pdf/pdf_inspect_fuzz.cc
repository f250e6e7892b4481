// Any octets as a PDF: inspected without harm, and never without either a finding or a signature.
#include <cstdlib>

#include "pdf/inspect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  static const std::unique_ptr<pki::Context> context = pki::Context::create().value();
  base::Limits limits;
  limits.max_public_key_operations = 8;  // the parser is what is tried here
  base::Budget budget(limits);
  const auto facts = pdf::inspect(*context, {data, size}, budget);
  if (!facts.has_value()) std::abort();  // an internal fault
  if (facts->errors.empty() && facts->signatures.empty()) std::abort();
  for (const pki::SignatureFacts& signature : facts->signatures) {
    if (signature.errors.empty() && !signature.covers.whole) std::abort();
  }
  return 0;
}
