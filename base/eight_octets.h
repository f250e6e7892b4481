// Eight octets looked at as one number: for text of which most is harmless. Private to base.
#pragma once

#include <cstdint>
#include <cstring>

namespace tanba::base {

// What is asked of eight octets is answered for all of them at once. Borrows between octets may let one that comes
// after a hit look like another hit; without any hit there is no borrow, so no is always true.
class EightOctets {
 public:
  explicit EightOctets(const char* at) { std::memcpy(&octets_, at, sizeof octets_); }

  [[nodiscard]] bool any_high() const { return (octets_ & kHighBits) != 0; }  // 0x80 and above
  [[nodiscard]] bool any_control() const {
    return ((octets_ - kEach * 0x20) & ~octets_ & kHighBits) != 0;
  }  // below 0x20
  [[nodiscard]] bool any(char c) const {
    const std::uint64_t differing = octets_ ^ (kEach * static_cast<unsigned char>(c));
    return ((differing - kEach) & ~differing & kHighBits) != 0;
  }

 private:
  static constexpr std::uint64_t kEach = 0x0101010101010101U;
  static constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::uint64_t octets_ = 0;
};

}  // namespace tanba::base
