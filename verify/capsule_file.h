// One capsule as one file (docs/reference/capsule.md): frames with nothing between, before or after them.
//
//   "tanba-capsule 1\n"                           16 octets
//   'M' length octets                             the manifest
//   'P' length octets ...                         the parts, in the manifest's order; lists may be left out
//   'S' length octets                             the seal, none or one: CMS over a statement that names the manifest
//   'T' length octets ...                         time stamps (RFC 3161), each over every octet before its frame
//   'E' 32 octets                                 SHA-256 of every octet before this frame, and the end of the file
//
// A length is eight octets, big-endian. The last frame stops accidents; against people stand seal and time stamps.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "verify/capsule.h"

namespace tanba::verify {

// One list of the largest size and everything else; held in memory.
inline constexpr std::size_t kMaxCapsuleBytes = 512U << 20;
inline constexpr std::size_t kMaxSealBytes = 256U << 10;  // a chain of eight certificates, far below
inline constexpr std::size_t kMaxCapsuleStamps = 64;      // renewed every year or two

// As read: views into the file's octets.
struct CapsuleFile {
  std::string_view manifest_text;
  CapsuleManifest manifest;
  std::string_view record, trust, report;
  std::map<base::Digest, base::ByteView> lists;
  std::optional<base::ByteView> seal;
  struct Stamp {
    base::ByteView token;
    base::ByteView covered;
  };
  std::vector<Stamp> stamps;
};
// Everything but what seal and time stamps say: every part is what the manifest says. capsule.malformed,
// capsule.version, capsule.digest, limit.size.
[[nodiscard]] base::Result<CapsuleFile> parse_capsule(base::ByteView file);

// What a file is made of; views, the caller keeps the octets.
struct CapsuleContents {
  std::string_view manifest_text;
  std::vector<base::ByteView> parts;  // in the manifest's order; lists may be left out
  std::optional<base::ByteView> seal;
  std::vector<base::ByteView> stamps;
};
[[nodiscard]] CapsuleContents contents_of(const CapsuleFile& file);
[[nodiscard]] base::Bytes write_capsule(const CapsuleContents& contents);
// What the next time stamp is over.
[[nodiscard]] base::Bytes octets_to_stamp(const CapsuleContents& contents);

// A capsule just made, as a file without seal; reads its lists.
[[nodiscard]] base::Result<base::Bytes> write_capsule(const NewCapsule& capsule);

}  // namespace tanba::verify
