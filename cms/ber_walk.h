// Finding the content of a SignedData without holding it, in DER or BER: what a walk through a file and one through
// octets that arrive have in common. Internal to cms.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "pki/der.h"

namespace tanba::cms::ber {

inline constexpr std::uint8_t kConstructed = 0x20;
inline constexpr std::uint8_t kConstructedOctetString = pki::der::kOctetString | kConstructed;
// Constructed strings inside one another: tools write one level.
inline constexpr std::size_t kMaxStringDepth = 8;
// The OIDs and the list of digests before the content: each under a hundred octets.
inline constexpr std::uint64_t kMaxFieldBytes = 64U << 10;
// An identifier and a length of eight octets.
inline constexpr std::size_t kMaxHeaderBytes = 10;
// Where what is around everything ends, as long as nobody knows.
inline constexpr std::uint64_t kUnknownEnd = UINT64_MAX;

[[nodiscard]] std::unexpected<base::Error> malformed(const char* what);

struct Header {
  std::uint8_t tag = 0;
  std::uint64_t contents = 0;           // where they begin
  std::optional<std::uint64_t> length;  // nothing: indefinite

  [[nodiscard]] bool is_end_of_contents() const { return tag == 0 && length == 0U; }
};
// Of an element that begins at `offset` of what is walked, inside something that ends at `end`; `octets`: from there
// on. Nothing when there are too few octets. cms.malformed.
[[nodiscard]] base::Result<std::optional<Header>> parse_header(base::ByteView octets, std::uint64_t offset,
                                                               std::uint64_t end);

// An element that is open while what is inside is walked. The end of an indefinite one is found when it comes.
struct Level {
  std::uint8_t tag = 0;
  bool indefinite = false;
  std::uint64_t end = 0;  // of an indefinite one: where the element around it ends
};
[[nodiscard]] Level level_of(const Header& header, std::uint64_t end_around);

// What stands before the content, and the elements that are still open behind it.
struct Envelope {
  Level info, wrapped, body;
  base::Bytes type, version, digests, content_type;
};
// The document with its content cut out. `rest`: everything behind encapContentInfo, of `total` octets in all.
// cms.malformed when an element ends beyond them.
[[nodiscard]] base::Result<base::Bytes> without_content(const Envelope& envelope, base::ByteView rest,
                                                        std::uint64_t total);

}  // namespace tanba::cms::ber
