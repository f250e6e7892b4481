// Octets, their spellings, and SHA-256 as the one name for content.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tanba::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes to_bytes(ByteView view) {
  return {view.begin(), view.end()};
}
[[nodiscard]] inline bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}
// Equality in time that depends on the length only: for secrets and their hashes.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b);

// Lower-case hexadecimal, two digits an octet.
[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);
// RFC 4648 section 4, with padding. Decoding is strict: no white space, canonical last digit.
[[nodiscard]] std::string to_base64(ByteView bytes);
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);
// As XML and PEM carry it: ASCII white space anywhere, otherwise strict.
[[nodiscard]] Result<Bytes> from_base64_with_space(std::string_view text);

struct Digest {  // SHA-256
  std::array<std::uint8_t, 32> octets{};
  auto operator<=>(const Digest&) const = default;
  [[nodiscard]] ByteView view() const { return octets; }
  [[nodiscard]] std::string hex() const { return to_hex(octets); }
};
[[nodiscard]] Digest sha256(ByteView bytes);
[[nodiscard]] Result<Digest> digest_from_hex(std::string_view text);

// For documents that do not sit in memory.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(ByteView bytes);
  [[nodiscard]] Digest finish();  // once; the object is spent afterwards

 private:
  void* context_;
};

}  // namespace tanba::base

template <>
struct std::hash<tanba::base::Digest> {
  // The digest is already uniform: its first octets are the hash.
  std::size_t operator()(const tanba::base::Digest& digest) const noexcept {
    std::size_t value;
    std::memcpy(&value, digest.octets.data(), sizeof value);
    return value;
  }
};
