#include "verify/evidence_set.h"

#include <algorithm>

namespace tanba::verify {

bool EvidenceSet::add(OcspItem item) {
  if (std::ranges::find(ocsp_, item.id, &OcspItem::id) != ocsp_.end()) return false;
  ocsp_.push_back(std::move(item));
  return true;
}

bool EvidenceSet::add(CrlItem item) {
  if (std::ranges::find(crls_, item.id, &CrlItem::id) != crls_.end()) return false;
  crls_.push_back(std::move(item));
  return true;
}

}  // namespace tanba::verify
