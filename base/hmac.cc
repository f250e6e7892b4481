#include "base/hmac.h"

#include <algorithm>
#include <array>

#include "base/secret.h"

namespace tanba::base {
namespace {

constexpr std::size_t kHmacBlockBytes = 64;  // of SHA-256

// RFC 2104 2: "H(K XOR opad, H(K XOR ipad, text))"
Digest keyed_hash(std::array<std::uint8_t, kHmacBlockBytes> key, std::uint8_t pad, ByteView message) {
  for (std::uint8_t& octet : key) octet ^= pad;
  Sha256 hash;
  hash.update(key);
  hash.update(message);
  wipe(key.data(), key.size());
  return hash.finish();
}

}  // namespace

Digest hmac_sha256(ByteView key, ByteView message) {
  std::array<std::uint8_t, kHmacBlockBytes> block{};
  if (key.size() > block.size()) {
    std::ranges::copy(sha256(key).octets, block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  const Digest inner = keyed_hash(block, 0x36, message);
  const Digest outer = keyed_hash(block, 0x5c, inner.octets);
  wipe(block.data(), block.size());
  return outer;
}

}  // namespace tanba::base
