#include "verify/evidence/list_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Result;
using ocsp::Crl;
using ocsp::CrlPtr;

base::Status seek(int fd, std::uint64_t offset) {
  if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) >= 0) return {};
  return base::fail(Code::kCrlIndex, {{"what", "seeking"}});
}

Result<base::Digest> digest_from(int fd, std::uint64_t offset) {
  TANBA_CHECK(seek(fd, offset));
  ocsp::FileSource source(fd);
  base::Sha256 digest;
  base::Bytes block(256U << 10);
  for (;;) {
    TANBA_TRY(const std::size_t got, source.read(block));
    if (got == 0) return digest.finish();
    digest.update(base::ByteView(block).first(got));
  }
}

Result<CrlPtr> parse_from(int fd, std::uint64_t offset) {
  TANBA_CHECK(seek(fd, offset));
  ocsp::FileSource source(fd);
  return Crl::parse(source);
}

Result<CrlPtr> index_from(int fd, std::uint64_t offset, const std::filesystem::path& index_file) {
  TANBA_CHECK(seek(fd, offset));
  ocsp::FileSource source(fd);
  return Crl::read(source, index_file);
}

}  // namespace

Result<CrlPtr> open_list(int fd, std::uint64_t offset, const std::filesystem::path& index_file) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return base::fail(Code::kCrlIndex, {{"what", "no file"}});
  if (static_cast<std::uint64_t>(status.st_size) < offset + kIndexedBytes) return parse_from(fd, offset);
  if (auto opened = Crl::open(index_file)) {
    // The list may have been replaced and its index not: then the index is of another list.
    TANBA_TRY(const base::Digest digest, digest_from(fd, offset));
    if ((*opened)->digest() == digest) return opened;
  }
  auto indexed = index_from(fd, offset, index_file);
  if (indexed || indexed.error().code() != Code::kCrlIndex) return indexed;
  return parse_from(fd, offset);
}

CrlPtr index_list(base::ByteView der, const CrlPtr& parsed, const std::filesystem::path& index_file) {
  if (der.size() < kIndexedBytes) return parsed;
  ocsp::MemorySource source(der);
  auto indexed = Crl::read(source, index_file);
  return indexed ? *std::move(indexed) : parsed;
}

}  // namespace tanba::verify::evidence
