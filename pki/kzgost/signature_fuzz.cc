// The first octet names the kind of key, then come a point, a digest and a signature: whatever verifies must not do so
// after one changed bit.
#include <openssl/provider.h>

#include <cstdlib>
#include <memory>

#include "pki/kzgost/curve.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tanba::pki::kzgost;
  static OSSL_LIB_CTX* const library = OSSL_LIB_CTX_new();
  static const std::array<std::unique_ptr<Curve>, 3> curves = {Curve::create(KeyType::k2004, library).value(),
                                                               Curve::create(KeyType::k2015_256, library).value(),
                                                               Curve::create(KeyType::k2015_512, library).value()};
  if (size == 0) return 0;
  const Curve& curve = *curves[data[0] % curves.size()];
  const KeyRow& row = curve.row();
  View rest(data + 1, size - 1);
  const auto take = [&](std::size_t count) {
    const View taken = rest.first(std::min(count, rest.size()));
    rest = rest.subspan(taken.size());
    return taken;
  };
  const View octets = take(row.point_bytes());
  const View digest = take(row.field_bytes());
  const auto point = curve.point(octets);
  if (!point || !curve.verify(*point, digest, rest)) return 0;
  FixedOctets<kMaxSignatureBytes> changed;
  changed.append(rest);
  for (const std::size_t place : {std::size_t{0}, changed.size() / 2, changed.size() - 1}) {
    changed.span()[place] ^= 1;
    if (curve.verify(*point, digest, changed.view())) std::abort();
    changed.span()[place] ^= 1;
  }
  return 0;
}
