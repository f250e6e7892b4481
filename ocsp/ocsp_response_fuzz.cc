// Any octets as an OCSP answer: parsed or refused, and what was parsed can be asked.
#include <cstdlib>

#include "ocsp/ocsp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  const auto response = ocsp::parse_response({data, size});
  if (!response) return 0;
  for (const ocsp::SingleResponse& single : (*response)->responses) {
    static_cast<void>(ocsp::is_unknown_to_ca(**response, single));
    static_cast<void>(ocsp::check_freshness(single, {.max_age = base::Seconds(3600)}, base::Time{}));
  }
  // Exactly one of the two ways of naming the responder.
  if ((*response)->responder_name.has_value() == (*response)->responder_key_hash.has_value()) std::abort();
  return 0;
}
