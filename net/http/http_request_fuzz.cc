// What of a request we read ourselves: target, chunked body, language. The first octet says which.
#include <cstdint>
#include <cstdlib>

#include "net/http/framing.h"
#include "net/http/problem.h"
#include "net/http/target.h"

namespace {

using tanba::base::Bytes;
using tanba::base::ByteView;
namespace http = tanba::net::http;

// However the octets are cut into pieces, the same comes out.
void decode_chunks(ByteView octets) {
  constexpr std::size_t kLimit = 1U << 16;
  http::ChunkedDecoder whole(kLimit);
  http::ChunkedDecoder by_one(kLimit);
  Bytes a;
  Bytes b;
  const auto taken = whole.feed(octets, a);
  std::size_t at = 0;
  bool failed = false;
  while (at < octets.size() && !by_one.done() && !failed) {
    const auto step = by_one.feed(octets.subspan(at, 1), b);
    failed = !step.has_value();
    ++at;
  }
  if (failed == taken.has_value() || (taken && (a != b || *taken != at))) std::abort();
  if (a.size() > kLimit) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest(data + 1, size - 1);
  switch (data[0]) {
    case 't':
      static_cast<void>(http::parse_target(tanba::base::as_text(rest)));
      break;
    case 'c':
      decode_chunks(rest);
      break;
    case 'l':
      static_cast<void>(http::negotiate_language(tanba::base::as_text(rest)));
      break;
    default:
      break;
  }
  return 0;
}
