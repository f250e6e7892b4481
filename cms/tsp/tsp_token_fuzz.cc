// Any octets as a time-stamp token and as TSTInfo: inspected without harm, and never without either a finding or a
// verified signer.
#include <cstdlib>

#include "cms/tsp/token.h"
#include "cms/tsp/tst_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  static const std::unique_ptr<pki::Context> context = pki::Context::create().value();
  base::Limits limits;
  limits.max_public_key_operations = 8;  // the parser is what is tried here
  limits.max_digested_bytes = 1U << 20;
  const base::ByteView octets(data, size);
  base::Budget budget(limits);
  const auto facts = cms::tsp::inspect_token(*context, octets, {}, budget);
  if (!facts.has_value()) std::abort();  // an internal fault
  if (facts->errors.empty() && (facts->certificate == nullptr || facts->imprint.empty())) std::abort();
  if (const auto info = cms::tsp::parse_tst_info(octets)) {
    if (cms::tsp::latest_time(*info) < info->gen_time) std::abort();
    (void)cms::tsp::tsa_text(*info);
  }
  return 0;
}
