// A kept list read by its index: what takes a second for a million entries takes a fraction of that at the next start.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "ocsp/crl.h"

namespace tanba::verify::evidence {

// Smaller lists are read as quickly as an index is opened; nearly all are smaller.
inline constexpr std::size_t kIndexedBytes = 4U << 20;

// The list that stands in an open file from `offset` to its end. A large one is opened by `index_file` when that is
// whole and of this very list; otherwise the list is read and its index written anew. An index that cannot be written
// costs the next start the reading, no more. Errors are the list's.
[[nodiscard]] base::Result<ocsp::CrlPtr> open_list(int fd, std::uint64_t offset,
                                                   const std::filesystem::path& index_file);

// The same for a list in memory: by an index at `index_file` from now on; `parsed` where that cannot be.
[[nodiscard]] ocsp::CrlPtr index_list(base::ByteView der, const ocsp::CrlPtr& parsed,
                                      const std::filesystem::path& index_file);

}  // namespace tanba::verify::evidence
