// Any octets as a large CMS in a file: walked without harm, and whatever is found there, the parser of documents that
// are held in memory finds too.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/large_file.h"
#include "cms/large_document.h"
#include "cms/signed_data.h"

namespace {

using namespace tanba;

std::shared_ptr<const base::LargeFile> file_of(base::ByteView octets) {
  const base::FileDescriptor file(::memfd_create("document", MFD_CLOEXEC));
  if (!file.open() || ::write(file.get(), octets.data(), octets.size()) != static_cast<ssize_t>(octets.size())) {
    std::abort();
  }
  auto opened = base::LargeFile::open("/proc/self/fd/" + std::to_string(file.get()));
  if (!opened) std::abort();
  return *std::move(opened);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView octets(data, size);
  const auto large = cms::open_large_document(file_of(octets));
  if (!large) return 0;

  base::Bytes storage;
  base::Bytes storage_without;
  const auto der = pki::der::normalise(octets, storage);
  const auto without = pki::der::normalise(large->without_content, storage_without);
  const auto whole = der ? cms::parse_signed_data(*der, {}) : base::fail(der.error());
  const auto parts = without ? cms::parse_signed_data(*without, {}) : base::fail(without.error());
  // What is refused in one way need not be read in the other; what both read is the same.
  if (!whole || !parts) return 0;
  if (parts->content || whole->content.has_value() != large->content.has_value()) std::abort();
  if (whole->content_type != parts->content_type || whole->signers.size() != parts->signers.size() ||
      !base::equal(whole->certificates, parts->certificates) || !base::equal(whole->revocation, parts->revocation))
    std::abort();
  // Content of another type than OCTET STRING is digested as it is written; in memory, as DER writes it.
  if (whole->content && der->data() == data) {
    const auto digest = large->content->compute(pki::DigestAlgorithm::kSha256);
    if (!digest || !base::equal(*digest, base::sha256(*whole->content).view())) std::abort();
    if (large->content->size_bytes != whole->content->size()) std::abort();
  }
  return 0;
}
