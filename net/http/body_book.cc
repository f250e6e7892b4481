#include "net/http/body_book.h"

namespace tanba::net::http {
namespace {

constexpr std::size_t kCallersShare = 2;    // 1/2 of the allowance for one
constexpr std::size_t kAddressShare = 16;   // 1/16 for one
constexpr std::size_t kStrangersShare = 4;  // 1/4 for all together

}  // namespace

std::string BodyBook::key(const BodyAccount& account) {
  return (account.kind == BodyAccount::Kind::kCaller ? 'c' : 'a') + account.name;
}

base::Status BodyBook::charge(const BodyAccount& account, std::size_t own, std::size_t more) {
  if (more == 0) return {};
  const bool stranger = account.kind == BodyAccount::Kind::kAddress;
  const std::scoped_lock lock(mutex_);
  const auto found = by_account_.find(key(account));
  const std::size_t held = found == by_account_.end() ? 0 : found->second;
  const std::size_t share = max_bytes_ / (stranger ? kAddressShare : kCallersShare);
  if (total_ + more > max_bytes_ || (held != own && held + more > share) ||
      (stranger && strangers_ + more > max_bytes_ / kStrangersShare)) {
    return base::fail(base::Code::kExecutorFull);
  }
  total_ += more;
  if (stranger) strangers_ += more;
  by_account_[key(account)] = held + more;
  return {};
}

void BodyBook::give_back(const BodyAccount& account, std::size_t bytes) {
  if (bytes == 0) return;
  const std::scoped_lock lock(mutex_);
  total_ -= bytes;
  if (account.kind == BodyAccount::Kind::kAddress) strangers_ -= bytes;
  const auto found = by_account_.find(key(account));
  if (found == by_account_.end()) return;
  found->second -= bytes;
  if (found->second == 0) by_account_.erase(found);
}

std::size_t BodyBook::total() {
  const std::scoped_lock lock(mutex_);
  return total_;
}

}  // namespace tanba::net::http
