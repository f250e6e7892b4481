#include "verify/list_octets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/limits.h"

namespace tanba::verify {
namespace {

using base::Code;

std::unexpected<base::Error> unreadable(int error_number) {
  return base::fail(Code::kFileNotReadable,
                    {{"file", "CRL"}, {"reason", std::error_code(error_number, std::generic_category()).message()}});
}

}  // namespace

base::Result<std::uint64_t> ListOctets::size_bytes() const {
  if (octets_) return octets_->size();
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return unreadable(errno);
  const auto end = static_cast<std::uint64_t>(status.st_size);
  if (end < offset_) return unreadable(EIO);
  return end - offset_;
}

base::Result<base::Bytes> ListOctets::read_file() const {
  TANBA_TRY(const std::uint64_t size, size_bytes());
  const std::size_t limit = base::Limits{}.max_crl_bytes;
  if (size > limit) return base::fail(Code::kFileTooLarge, {{"file", "CRL"}, {"limit", std::to_string(limit)}});
  base::Bytes octets(size);
  std::size_t have = 0;
  while (have < octets.size()) {
    const ssize_t got =
        ::pread(file_.get(), octets.data() + have, octets.size() - have, static_cast<off_t>(offset_ + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return unreadable(got < 0 ? errno : EIO);
    have += static_cast<std::size_t>(got);
  }
  return octets;
}

base::Result<base::Bytes> ListOctets::read(const base::Digest& expected) const {
  base::Bytes octets;
  if (octets_) {
    octets = *octets_;
  } else {
    TANBA_TRY(octets, read_file());
  }
  if (base::sha256(octets) != expected) return base::fail(Code::kCapsuleDigest, {{"what", "CRL " + expected.hex()}});
  return octets;
}

}  // namespace tanba::verify
