// Any octets: inspection ends within its limits with facts, and what has no errors was digested.
#include <cstdlib>

#include "xmldsig/inspect.h"
#include "xmldsig/xml/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  // One context for the run: making one costs more than an inspection.
  static const auto context = pki::Context::create();
  if (!context) std::abort();
  base::Limits limits;
  limits.max_document_bytes = 1U << 20;
  limits.max_canonicalised_bytes = 8U << 20;
  limits.max_public_key_operations = 16;
  base::Budget budget(limits);
  const auto facts = xmldsig::inspect(**context, {data, size}, budget, pki::KeepOctets::kYes);
  if (!facts) std::abort();  // an internal fault
  for (const pki::SignatureFacts& signature : facts->signatures) {
    if (!signature.errors.empty()) continue;
    if (signature.certificate == nullptr || !signature.algorithm || signature.content_digests.empty()) std::abort();
    // Signed octets are canonical XML: they parse, but for limits (canonical XML may be longer than what it is made
    // of).
    if (signature.signed_octets.empty()) continue;
    const auto parsed = xmldsig::xml::Document::parse(signature.signed_octets, limits);
    if (!parsed && !base::dotted(parsed.error().code()).starts_with("limit.")) std::abort();
  }
  return 0;
}
