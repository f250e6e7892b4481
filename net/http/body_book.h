// How many octets of bodies are held at one time, and for whom: nobody's share can be everybody's. Private to net/http.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"

namespace tanba::net::http {

// Whom a body is held for: a caller who is known, or else an address.
struct BodyAccount {
  enum class Kind : std::uint8_t { kAddress, kCaller } kind = Kind::kAddress;
  std::string name;
};

// A caller may hold half of the allowance, an address whose sender nobody knows a sixteenth, and all such addresses
// together a quarter: strangers take nothing from callers, and no caller takes all. Who holds one body only may always
// hold it whole. Thread-safe.
class BodyBook {
 public:
  explicit BodyBook(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // `more` octets for the body of which `own` are charged already; server.busy: nothing was charged.
  [[nodiscard]] base::Status charge(const BodyAccount& account, std::size_t own, std::size_t more);
  void give_back(const BodyAccount& account, std::size_t bytes);
  [[nodiscard]] std::size_t total();

 private:
  static std::string key(const BodyAccount& account);
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::size_t total_ = 0;
  std::size_t strangers_ = 0;
  std::unordered_map<std::string, std::size_t> by_account_;
};

}  // namespace tanba::net::http
