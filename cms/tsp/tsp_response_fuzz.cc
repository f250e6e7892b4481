// Any octets as a TimeStampResp, and as a file that may hold a token.
#include <cstdlib>

#include "cms/tsp/protocol.h"
#include "cms/tsp/token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  const base::ByteView octets(data, size);
  if (auto response = cms::tsp::parse_response(octets)) {
    const bool granted = cms::tsp::granted_token(*response).has_value();
    if (granted == response->token.empty()) std::abort();
  }
  (void)cms::tsp::token_in_file(octets);
  return 0;
}
