#include "ocsp/der_stream.h"

#include <algorithm>
#include <cstring>

#include "ocsp/extensions.h"

namespace tanba::ocsp {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;
using base::Status;
namespace der = pki::der;

namespace {

constexpr std::size_t kLongestHeaderBytes = 2 + 8;

std::unexpected<base::Error> bad_stream(std::string what) {
  return malformed(Code::kCrlMalformed, std::move(what));
}

}  // namespace

DerStream::DerStream(ByteSource& source, std::uint64_t max_bytes)
    : source_(source), max_bytes_(max_bytes), window_(kWindowBytes) {}

void DerStream::digest_consumed() {
  if (!part_) return;
  part_->update(ByteView(window_).subspan(part_from_, at_ - part_from_));
  part_from_ = at_;
}

Status DerStream::fill(std::size_t count) {
  if (available() >= count) return {};
  if (window_.size() - at_ < count) {
    digest_consumed();
    std::memmove(window_.data(), window_.data() + at_, available());
    discarded_ += at_;
    used_ -= at_;
    at_ = part_from_ = 0;
  }
  while (!exhausted_ && available() < count) {
    TANBA_TRY(const std::size_t got, source_.read(std::span(window_).subspan(used_)));
    exhausted_ = got == 0;
    whole_.update(ByteView(window_).subspan(used_, got));
    used_ += got;
    if (discarded_ + used_ > max_bytes_) return bad_stream("larger than " + std::to_string(max_bytes_) + " octets");
  }
  return {};
}

Result<std::uint8_t> DerStream::peek() {
  TANBA_CHECK(fill(1));
  return available() == 0 ? std::uint8_t{0} : window_[at_];
}

Result<DerStream::Header> DerStream::header(const char* what, std::uint64_t limit) {
  TANBA_CHECK(fill(kLongestHeaderBytes));
  const ByteView octets = ByteView(window_).subspan(at_, std::min(available(), kLongestHeaderBytes));
  if (octets.size() < 2) return bad_stream(std::string(what) + ": cut off");
  Header header{.tag = octets[0], .bytes = 2, .length = octets[1]};
  if (octets[1] >= 0x80) {
    // X.690 10.1: "The definite form of length encoding shall be used, encoded in the minimum number of octets."
    const std::size_t count = octets[1] & 0x7FU;
    if (count == 0 || count > 8 || count > octets.size() - 2) return bad_stream(std::string(what) + ": length");
    header.length = 0;
    for (const std::uint8_t octet : octets.subspan(2, count)) header.length = header.length << 8 | octet;
    if (octets[2] == 0 || header.length < 0x80) return bad_stream(std::string(what) + ": length");
    header.bytes += count;
  }
  const std::uint64_t start = position() + header.bytes;
  if (start > limit || header.length > limit - start)
    return bad_stream(std::string(what) + ": longer than what holds it");
  return header;
}

Result<std::uint64_t> DerStream::enter(std::uint8_t tag, const char* what, std::uint64_t limit) {
  TANBA_TRY(const Header found, header(what, limit));
  if (found.tag != tag) return bad_stream(what);
  if (found.length > max_bytes_) return bad_stream("larger than " + std::to_string(max_bytes_) + " octets");
  at_ += found.bytes;
  return position() + found.length;
}

Result<der::Tlv> DerStream::element(const char* what, std::uint64_t limit) {
  TANBA_TRY(const Header found, header(what, limit));
  if (found.length > kWindowBytes - found.bytes) return bad_stream(std::string(what) + ": longer than is read");
  const std::size_t bytes = found.bytes + static_cast<std::size_t>(found.length);
  TANBA_CHECK(fill(bytes));
  if (available() < bytes) return bad_stream(std::string(what) + ": cut off");
  const ByteView whole = ByteView(window_).subspan(at_, bytes);
  at_ += bytes;
  return der::Tlv{.tag = found.tag, .value = whole.subspan(found.bytes), .whole = whole};
}

Status DerStream::finish() {
  TANBA_CHECK(fill(1));
  return available() == 0 ? Status() : bad_stream("octets behind the list");
}

void DerStream::start_digest(std::optional<pki::StreamDigest> digest, std::uint64_t from) {
  if (from < discarded_) return;
  part_ = std::move(digest);
  part_from_ = static_cast<std::size_t>(from - discarded_);
}

Bytes DerStream::stop_digest() {
  digest_consumed();
  Bytes out = part_ ? part_->finish() : Bytes();
  part_.reset();
  return out;
}

}  // namespace tanba::ocsp
