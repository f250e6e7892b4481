// DER read from a source of any length through a window of fixed size. Private to ocsp.
//
// The whole of what was read is digested on the way; a second digest may cover a part of it (the signed one).
#pragma once

#include <optional>

#include "ocsp/byte_source.h"
#include "pki/der.h"
#include "pki/stream_digest.h"

namespace tanba::ocsp {

class DerStream {
 public:
  // The most that one element may take: entries, names, signatures and extension lists all lie far below it. It is also
  // what reading costs in memory.
  static constexpr std::size_t kWindowBytes = 256U << 10;

  // More than `max_bytes` octets in the source are crl.malformed.
  DerStream(ByteSource& source, std::uint64_t max_bytes);

  // How far the reading has come; ends of elements are such positions too.
  [[nodiscard]] std::uint64_t position() const { return discarded_ + at_; }
  // The next identifier octet; 0 at the end of the source.
  [[nodiscard]] base::Result<std::uint8_t> peek();
  // Steps into the contents of the next element: where they end. No further than `limit`.
  [[nodiscard]] base::Result<std::uint64_t> enter(std::uint8_t tag, const char* what, std::uint64_t limit);
  // The next element whole, in the window until the next call; it ends at `limit` or before.
  [[nodiscard]] base::Result<pki::der::Tlv> element(const char* what, std::uint64_t limit);
  // Nothing may follow.
  [[nodiscard]] base::Status finish();

  // Digests everything from `from`, a position that is in the window still, up to stop_digest; which gives nothing when
  // there was none.
  void start_digest(std::optional<pki::StreamDigest> digest, std::uint64_t from);
  [[nodiscard]] base::Bytes stop_digest();
  [[nodiscard]] base::Digest whole_digest() { return whole_.finish(); }

 private:
  struct Header {
    std::uint8_t tag = 0;
    std::size_t bytes = 0;
    std::uint64_t length = 0;
  };
  // At least `count` octets lie behind `at_`, if the source has them.
  [[nodiscard]] base::Status fill(std::size_t count);
  [[nodiscard]] base::Result<Header> header(const char* what, std::uint64_t limit);
  [[nodiscard]] std::size_t available() const { return used_ - at_; }
  void digest_consumed();

  ByteSource& source_;
  std::uint64_t max_bytes_;
  base::Bytes window_;
  std::size_t at_ = 0;    // in the window: what is read next
  std::size_t used_ = 0;  // in the window: the end of what is there
  std::uint64_t discarded_ = 0;
  bool exhausted_ = false;
  base::Sha256 whole_;
  std::optional<pki::StreamDigest> part_;
  std::size_t part_from_ = 0;  // in the window: what `part_` has not had yet
};

}  // namespace tanba::ocsp
