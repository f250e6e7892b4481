#include "cms/ber_walk.h"

#include <algorithm>
#include <initializer_list>

namespace tanba::cms::ber {

using base::Bytes;
using base::ByteView;
using base::Result;
namespace der = pki::der;

std::unexpected<base::Error> malformed(const char* what) {
  return base::fail(base::Code::kCmsMalformed, {{"what", what}});
}

Result<std::optional<Header>> parse_header(ByteView octets, std::uint64_t offset, std::uint64_t end) {
  if (offset >= end) return malformed("the content ends early");
  // How many more there can be is known where the element around says so.
  const std::uint64_t room = end - offset;
  if (room < 2) return malformed("an identifier or length");
  if (octets.size() < 2) return std::nullopt;
  Header out;
  out.tag = octets[0];
  if ((out.tag & 0x1F) == 0x1F) return malformed("an identifier or length");
  const std::uint8_t first = octets[1];
  std::size_t header_bytes = 2;
  if (first < 0x80) {
    out.length = first;
  } else if (first != 0x80) {
    const std::size_t length_bytes = first & 0x7FU;
    header_bytes += length_bytes;
    if (length_bytes > 8 || header_bytes > room) return malformed("an identifier or length");
    if (header_bytes > octets.size()) return std::nullopt;
    std::uint64_t length = 0;
    for (std::size_t i = 2; i < header_bytes; ++i) length = length << 8 | octets[i];
    out.length = length;
  }
  out.contents = offset + header_bytes;
  if (out.length.has_value() && *out.length > end - out.contents)
    return malformed("an element ends beyond what it is in");
  if (!out.length.has_value() && (out.tag & kConstructed) == 0)
    return malformed("a primitive element without a length");
  return out;
}

Level level_of(const Header& header, std::uint64_t end_around) {
  return {.tag = header.tag,
          .indefinite = !header.length.has_value(),
          .end = header.length.has_value() ? header.contents + *header.length : end_around};
}

namespace {

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// The element with other contents; an indefinite one has its end among them.
Bytes rewritten(const Level& level, ByteView contents) {
  if (!level.indefinite) return der::write(level.tag, contents);
  return joined({Bytes{level.tag, 0x80}, contents});
}

}  // namespace

Result<Bytes> without_content(const Envelope& envelope, ByteView rest, std::uint64_t total) {
  std::uint64_t at = total - rest.size();
  const auto until = [&](const Level& level) -> Result<ByteView> {
    const std::uint64_t end = level.indefinite && level.end == kUnknownEnd ? total : level.end;
    if (end > total || end < at) return malformed("an element ends beyond what it is in");
    const ByteView part = rest.first(static_cast<std::size_t>(end - at));
    rest = rest.subspan(part.size());
    at = end;
    return part;
  };
  // From the inside out: what follows in each level, then the level around it.
  TANBA_TRY(const ByteView fields, until(envelope.body));
  const Bytes encapsulated = der::write_sequence({envelope.content_type});
  const Bytes signed_data =
      rewritten(envelope.body, joined({envelope.version, envelope.digests, encapsulated, fields}));
  TANBA_TRY(const ByteView after_body, until(envelope.wrapped));
  const Bytes content = rewritten(envelope.wrapped, joined({signed_data, after_body}));
  TANBA_TRY(const ByteView after_wrapped, until(envelope.info));
  const Bytes whole = rewritten(envelope.info, joined({envelope.type, content, after_wrapped}));
  return joined({whole, rest});
}

}  // namespace tanba::cms::ber
