// The journal: one row for everything that happened, each naming its predecessor by hash.
//
// A row's octets are canonical JSON (RFC 8785):
//     {"actor":{"id":"...","kind":"portal"},"at":"2026-...Z","data":{...},"event":"application.registered",
//      "previous":"<hex>","seq":1,"subject":"A-2026-01-0000001-22"}
// `previous` is the SHA-256 of the predecessor's octets (64 zeros for the first). Beside it stands the leaf hash of
// RFC 6962 section 2.1: SHA-256(0x00 || octets), so that a Merkle tree can be built over the rows later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace tanba::licensing::registry {

struct JournalRow {
  std::int64_t seq = 0;
  base::Time at;
  std::string event;
  std::string subject;
  std::string entry;  // the canonical octets
  base::Digest previous;
  base::Digest hash;  // SHA-256 of `entry`
  base::Digest leaf;
};

// What a walk over the whole journal found in order.
struct JournalSummary {
  std::int64_t entries = 0;
  base::Digest head;  // hash of the last row; zeros when empty
  base::Time last_at;
};

[[nodiscard]] base::Digest leaf_hash(std::string_view entry);

}  // namespace tanba::licensing::registry
