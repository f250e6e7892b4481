// Any octets as a key store: refused within the limits, or opened to a signer that signs.
#include <cstdlib>

#include "pki/pkcs12.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba;
  static const auto context = [] {
    auto made = pki::Context::create();
    if (!made) std::abort();
    return *std::move(made);
  }();
  const base::Secret password{std::string_view("Qwerty12")};
  if (const auto contents = pki::open_pkcs12(*context, {data, size}, password)) {
    if (!contents->signer || !contents->signer->certificate() || contents->signer->algorithms().empty()) std::abort();
  }
  return 0;
}
