// The octets of a revocation list that was judged with, for whoever archives it: in memory, or in a file that stays
// readable although another list may have taken its name (an open file outlives its name).
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace tanba::verify {

class ListOctets {
 public:
  explicit ListOctets(std::shared_ptr<const base::Bytes> octets) : octets_(std::move(octets)) {}
  // From `offset` to the end of the file.
  ListOctets(base::FileDescriptor file, std::uint64_t offset) : file_(std::move(file)), offset_(offset) {}

  // Whole and with this digest: file.not_readable, file.too_large (beyond Limits::max_crl_bytes), capsule.digest.
  // Thread-safe.
  [[nodiscard]] base::Result<base::Bytes> read(const base::Digest& expected) const;
  [[nodiscard]] base::Result<std::uint64_t> size_bytes() const;  // file.not_readable

 private:
  [[nodiscard]] base::Result<base::Bytes> read_file() const;
  std::shared_ptr<const base::Bytes> octets_;
  base::FileDescriptor file_;
  std::uint64_t offset_ = 0;
};

}  // namespace tanba::verify
