// A bounded map by digest that forgets what was used longest ago. Not for several threads.
#pragma once

#include <algorithm>
#include <list>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"

namespace tanba::pki {

template <class Value>
class LruMap {
 public:
  explicit LruMap(std::size_t max_entries) : max_entries_(std::max<std::size_t>(max_entries, 1)) {}

  // Null when it is not there; otherwise it counts as used now. Valid until the next put().
  [[nodiscard]] Value* find(const base::Digest& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &entries_.front().second;
  }
  // Replaces what stands under the key.
  Value& put(const base::Digest& key, Value value) {
    if (Value* known = find(key)) return *known = std::move(value);
    if (entries_.size() == max_entries_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(value));
    index_.emplace(key, entries_.begin());
    return entries_.front().second;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<base::Digest, Value>>;
  std::size_t max_entries_;
  Entries entries_;  // most recently used first
  std::unordered_map<base::Digest, typename Entries::iterator> index_;
};

}  // namespace tanba::pki
