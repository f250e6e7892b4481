#include "base/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace tanba::base {

void wipe(void* data, std::size_t size_bytes) noexcept {
  OPENSSL_cleanse(data, size_bytes);
}

Secret::Secret(std::string_view text) : octets_(text.begin(), text.end()) {}
Secret::Secret(ByteView bytes) : octets_(bytes.begin(), bytes.end()) {}

Secret Secret::taking(std::string&& text) {
  Secret secret{std::string_view(text)};
  wipe(text.data(), text.size());
  text.clear();
  return secret;
}

Secret::Secret(Secret&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(octets_.data(), octets_.size());
    octets_ = std::exchange(other.octets_, {});
  }
  return *this;
}

Secret::~Secret() {
  wipe(octets_.data(), octets_.size());
}

}  // namespace tanba::base
