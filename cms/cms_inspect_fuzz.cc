// Any octets as a CMS: inspected without harm, and never without either a finding or a signature.
#include <cstdlib>

#include "cms/inspect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  static const std::unique_ptr<pki::Context> context = pki::Context::create().value();
  base::Limits limits;
  limits.max_public_key_operations = 8;  // the parser is what is tried here
  limits.max_digested_bytes = 1U << 20;
  const base::ByteView octets(data, size);
  for (const cms::DetachedContent& detached : {cms::DetachedContent(), cms::DetachedContent(octets)}) {
    base::Budget budget(limits);
    const auto facts = cms::inspect(*context, octets, detached, budget, pki::KeepOctets::kYes);
    if (!facts.has_value()) std::abort();  // an internal fault
    if (facts->errors.empty() && facts->signatures.empty()) std::abort();
  }
  return 0;
}
