// Any octets as a CRL: parsed or refused, and what was parsed can be asked.
#include <array>
#include <cstdlib>

#include "ocsp/crl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  const auto crl = ocsp::Crl::parse({data, size});
  if (!crl) return 0;
  static_cast<void>(ocsp::check_freshness(**crl, {.max_age = base::Seconds(3600)}, base::Time{}));
  // Serial numbers of every length, cut from the input itself: some of them are in the list.
  std::size_t found = 0;
  for (std::size_t length = 0; length < 70; ++length) {
    for (std::size_t at = 0; at + length <= size && at < 256; ++at) {
      found += (*crl)->find({data + at, length}).has_value() ? 1U : 0U;
    }
  }
  if (found > 0 && (*crl)->entries() == 0) std::abort();
  return 0;
}
