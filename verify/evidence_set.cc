#include "verify/evidence_set.h"

#include <algorithm>

namespace tanba::verify {
namespace {

template <class Item>
bool add_once(std::vector<Item>& items, Item item) {
  const auto found = std::ranges::find(items, item.id, &Item::id);
  if (found == items.end()) {
    items.push_back(std::move(item));
    return true;
  }
  if (item.source == kEmbedded) found->source = item.source;
  return false;
}

}  // namespace

bool EvidenceSet::add(OcspItem item) {
  return add_once(ocsp_, std::move(item));
}

bool EvidenceSet::add(CrlItem item) {
  return add_once(crls_, std::move(item));
}

}  // namespace tanba::verify
