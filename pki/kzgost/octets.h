// Octet strings of bounded size, without allocation: everything in ГОСТ keys and signatures has one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tanba::pki::kzgost {

using View = std::span<const std::uint8_t>;

template <std::size_t Capacity>
class FixedOctets {
 public:
  constexpr FixedOctets() = default;
  constexpr explicit FixedOctets(std::size_t size) : size_(size) {}

  [[nodiscard]] constexpr View view() const { return {octets_.data(), size_}; }
  [[nodiscard]] constexpr std::span<std::uint8_t> span() { return {octets_.data(), size_}; }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr const std::uint8_t* data() const { return octets_.data(); }
  [[nodiscard]] constexpr std::uint8_t* data() { return octets_.data(); }

  // Callers know their sizes; what does not fit is a mistake in the program.
  constexpr void append(View more) {
    std::copy(more.begin(), more.end(), octets_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += more.size();
  }
  constexpr void append(std::uint8_t octet) { octets_[size_++] = octet; }

 private:
  std::array<std::uint8_t, Capacity> octets_{};
  std::size_t size_ = 0;
};

[[nodiscard]] inline bool equal(View a, View b) {
  return std::ranges::equal(a, b);
}

// The content octets of an OBJECT IDENTIFIER (X.690 8.19) from its dotted form, at compile time.
[[nodiscard]] consteval FixedOctets<16> oid_octets(std::string_view dotted) {
  FixedOctets<16> out;
  std::array<std::uint32_t, 16> arcs{};
  std::size_t count = 0;
  for (const char c : dotted) {
    if (c == '.') {
      ++count;
    } else {
      arcs[count] = arcs[count] * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  ++count;
  arcs[1] += arcs[0] * 40;
  for (std::size_t i = 1; i < count; ++i) {
    std::size_t groups = 1;
    while (groups < 5 && (arcs[i] >> (7 * groups)) != 0) ++groups;
    while (groups-- > 0) {
      out.append(static_cast<std::uint8_t>((arcs[i] >> (7 * groups) & 0x7f) | (groups > 0 ? 0x80 : 0)));
    }
  }
  return out;
}

}  // namespace tanba::pki::kzgost
