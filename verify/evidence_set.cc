#include "verify/evidence_set.h"

#include <utility>

namespace tanba::verify {
namespace {

// Found by digest: what a document carries is as much as somebody liked to put into it.
template <class Item>
bool add_once(std::vector<Item>& items, std::map<base::Digest, std::size_t>& places, Item item) {
  const auto [place, is_new] = places.try_emplace(item.id, items.size());
  if (is_new) {
    items.push_back(std::move(item));
    return true;
  }
  Item& found = items[place->second];
  if ((item.source == kEmbedded) != (found.source == kEmbedded)) found.brought_too = true;
  if (item.source == kEmbedded) found.source = item.source;
  return false;
}

}  // namespace

bool EvidenceSet::add(OcspItem item) {
  return add_once(ocsp_, ocsp_places_, std::move(item));
}

bool EvidenceSet::add(CrlItem item) {
  return add_once(crls_, crl_places_, std::move(item));
}

}  // namespace tanba::verify
