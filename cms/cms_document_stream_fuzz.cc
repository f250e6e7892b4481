// Any octets as a CMS that arrives, cut where the octets themselves say: what is found does not depend on the cuts, and
// is what a walk through the same in a file finds.
#include <algorithm>
#include <cstdlib>

#include "cms/document_stream.h"
#include "cms/fuzz_support.h"

namespace {

using namespace tanba;

cms::LargeDocument streamed(base::ByteView octets, std::size_t piece) {
  cms::DocumentStream stream;
  for (std::size_t at = 0; at < octets.size(); at += piece) {
    stream.take(octets.subspan(at, std::min(piece, octets.size() - at)));
  }
  auto out = stream.finish();
  if (!out) std::abort();
  return *std::move(out);
}

void expect_same(const cms::LargeDocument& one, const cms::LargeDocument& other) {
  if (one.without_content != other.without_content || one.sha256 != other.sha256 ||
      one.small_content != other.small_content || one.content.has_value() != other.content.has_value()) {
    std::abort();
  }
  if (one.content &&
      (one.content->size_bytes != other.content->size_bytes || one.content->beginning != other.content->beginning)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView octets(data, size);
  const cms::LargeDocument at_once = streamed(octets, std::max<std::size_t>(size, 1));
  const cms::LargeDocument in_pieces = streamed(octets, 1 + (size == 0 ? 0 : data[size - 1] % 40U));
  if (at_once.unreadable.has_value() != in_pieces.unreadable.has_value()) std::abort();
  expect_same(at_once, in_pieces);
  const auto walked = cms::open_large_document(cms::fuzz::file_of(octets));
  if (walked && at_once.unreadable) {
    // A list of digests that is none matters to whom has to know it before the content, and to nobody else.
    if (!walked->content || at_once.unreadable->code() != base::Code::kCmsMalformed) std::abort();
    return 0;
  }
  if (walked.has_value() == at_once.unreadable.has_value()) std::abort();
  if (walked) expect_same(*walked, at_once);
  return 0;
}
