// Memory for PINs, passwords and keys: wiped when released, never copied by accident, never printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace tanba::base {

void wipe(void* data, std::size_t size_bytes) noexcept;

// Move-only. There is no stream operator and no conversion to std::string on purpose.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  explicit Secret(ByteView bytes);
  // Takes over the text and wipes where it lay.
  static Secret taking(std::string&& text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] Secret clone() const { return Secret(reveal()); }
  [[nodiscard]] ByteView reveal() const { return octets_; }
  [[nodiscard]] std::string_view reveal_text() const { return as_text(octets_); }
  [[nodiscard]] bool empty() const { return octets_.empty(); }
  [[nodiscard]] std::size_t size() const { return octets_.size(); }

 private:
  std::vector<std::uint8_t> octets_;
};

}  // namespace tanba::base
