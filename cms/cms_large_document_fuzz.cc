// Any octets as a large CMS in a file: walked without harm, and whatever is found there, the parser of documents that
// are held in memory finds too.
#include <cstdlib>

#include "cms/fuzz_support.h"
#include "cms/large_document.h"
#include "cms/signed_data.h"

using namespace tanba;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView octets(data, size);
  const auto large = cms::open_large_document(cms::fuzz::file_of(octets));
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
