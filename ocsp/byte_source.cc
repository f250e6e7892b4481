#include "ocsp/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tanba::ocsp {

base::Result<std::size_t> MemorySource::read(std::span<std::uint8_t> into) {
  const std::size_t count = std::min(into.size(), rest_.size());
  std::ranges::copy(rest_.first(count), into.begin());
  rest_ = rest_.subspan(count);
  return count;
}

base::Result<std::size_t> FileSource::read(std::span<std::uint8_t> into) {
  for (;;) {
    const ssize_t got = ::read(fd_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    return base::fail(base::Code::kCrlIndex,
                      {{"what", "reading: " + std::error_code(errno, std::generic_category()).message()}});
  }
}

}  // namespace tanba::ocsp
