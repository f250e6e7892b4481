// The texts that cross the key server's socket. What is read and written again reads the same.
#include <cstdint>
#include <cstdlib>

#include "tokens/client/protocol.h"

using namespace tanba;
using namespace tanba::tokens::client;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = base::as_text({data, size});
  if (const auto request = parse_request(text)) {
    const auto again = parse_request(write_request(*request));
    if (!again || *again != *request) std::abort();
  }
  const Outcome outcome = parse_outcome(text);
  if (outcome || outcome.error().code() != base::Code::kKeydProtocol) {
    const std::string written = write_outcome(outcome);
    if (write_outcome(parse_outcome(written)) != written) std::abort();
  }
  if (const auto intent = parse_intent_text(text); intent && intent_text(*intent) != text) std::abort();
  if (size >= kFrameHeaderBytes) static_cast<void>(parse_frame_header({data, kFrameHeaderBytes}));
  return 0;
}
