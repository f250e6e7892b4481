// Any octets as a trust list: an error, or a list that is written as it was read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "licensing/flow/trust_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  const base::ByteView document(data, size);
  const auto snapshot = licensing::flow::read_trust_document(document);
  if (snapshot && licensing::flow::write_trust_document(**snapshot) != base::as_text(document)) std::abort();
  return 0;
}
