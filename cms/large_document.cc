#include "cms/large_document.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cms/ber_walk.h"
#include "cms/oids.h"
#include "pki/der.h"
#include "pki/stream_digest.h"

namespace tanba::cms {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::LargeFile;
using base::Result;
using ber::Header;
using ber::Level;
using ber::malformed;
namespace der = pki::der;

using FilePtr = std::shared_ptr<const LargeFile>;

// --- digests of a content --------------------------------------------------------------------------------------------

class ContentInFile {
 public:
  ContentInFile(FilePtr file, std::vector<FileRange> ranges) : file_(std::move(file)), ranges_(std::move(ranges)) {}

  [[nodiscard]] std::uint64_t size_bytes() const {
    std::uint64_t sum = 0;
    for (const FileRange& range : ranges_) sum += range.bytes;
    return sum;
  }

  [[nodiscard]] Bytes beginning(std::size_t bytes) const {
    Bytes out;
    for (const FileRange& range : ranges_) {
      Bytes piece(std::min<std::uint64_t>(range.bytes, bytes - out.size()));
      if (!file_->read_at(range.offset, piece)) break;  // whoever computes a digest hears of it
      out.insert(out.end(), piece.begin(), piece.end());
      if (out.size() == bytes) break;
    }
    return out;
  }

  [[nodiscard]] Result<Bytes> digest(pki::DigestAlgorithm algorithm) {
    const auto known = digests_.find(algorithm);
    if (known != digests_.end()) return known->second;
    TANBA_TRY(pki::StreamDigest digest, pki::StreamDigest::start(algorithm));
    TANBA_CHECK(for_each_block([&](ByteView block) -> base::Status {
      digest.update(block);
      return {};
    }));
    Bytes value = digest.finish();
    if (value.empty()) return base::fail(Code::kInternal, "a digest was not computed");
    digests_.emplace(algorithm, value);
    return value;
  }

 private:
  // Pieces that lie close to one another are read together: a call for each would cost more than the digest.
  [[nodiscard]] base::Status for_each_block(const std::function<base::Status(ByteView)>& take) const {
    Bytes window;
    for (std::size_t i = 0; i < ranges_.size();) {
      const std::uint64_t start = ranges_[i].offset;
      std::size_t after = i;
      std::uint64_t end = start;
      while (after < ranges_.size() && ranges_[after].offset + ranges_[after].bytes - start <= base::kBlockBytes) {
        end = ranges_[after].offset + ranges_[after].bytes;
        ++after;
      }
      if (after == i) {  // larger than a block by itself
        TANBA_CHECK(file_->read_blocks(ranges_[i].offset, ranges_[i].bytes, take));
        ++i;
        continue;
      }
      window.resize(static_cast<std::size_t>(end - start));
      TANBA_CHECK(file_->read_at(start, window));
      for (; i < after; ++i) {
        TANBA_CHECK(take(ByteView(window).subspan(static_cast<std::size_t>(ranges_[i].offset - start),
                                                  static_cast<std::size_t>(ranges_[i].bytes))));
      }
    }
    return {};
  }

  FilePtr file_;
  std::vector<FileRange> ranges_;
  std::map<pki::DigestAlgorithm, Bytes> digests_;
};

// --- finding the content ---------------------------------------------------------------------------------------------

class Walker {
 public:
  explicit Walker(FilePtr file) : file_(std::move(file)) {}

  [[nodiscard]] Result<LargeDocument> run();

 private:
  [[nodiscard]] Result<Header> header_at(std::uint64_t offset, std::uint64_t end) const;
  [[nodiscard]] Result<Level> enter(std::uint8_t tag, const char* what);
  [[nodiscard]] Result<Bytes> field(const char* what);
  [[nodiscard]] base::Status walk_content();
  [[nodiscard]] base::Status walk_string(const Header& first);
  [[nodiscard]] base::Status leave(const Level& level, const char* what);
  [[nodiscard]] base::Status add_range(std::uint64_t offset, std::uint64_t bytes);
  [[nodiscard]] Result<Bytes> rest() const;

  FilePtr file_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;  // of the innermost level that is open
  std::vector<FileRange> ranges_;
};

Result<Header> Walker::header_at(std::uint64_t offset, std::uint64_t end) const {
  std::array<std::uint8_t, ber::kMaxHeaderBytes> octets{};
  if (offset >= end) return malformed("the content ends early");
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), end - offset));
  TANBA_CHECK(file_->read_at(offset, std::span(octets).first(count)));
  TANBA_TRY(const std::optional<Header> header, ber::parse_header(ByteView(octets).first(count), offset, end));
  if (!header) return malformed("an identifier or length");
  return *header;
}

// Goes into the element that comes next.
Result<Level> Walker::enter(std::uint8_t tag, const char* what) {
  TANBA_TRY(const Header header, header_at(at_, end_));
  if (header.tag != tag) return malformed(what);
  const Level level = ber::level_of(header, end_);
  at_ = header.contents;
  end_ = level.end;
  return level;
}

// The element that comes next, whole; small ones of definite length only.
Result<Bytes> Walker::field(const char* what) {
  TANBA_TRY(const Header header, header_at(at_, end_));
  if (!header.length.has_value() || *header.length > ber::kMaxFieldBytes) return malformed(what);
  Bytes out(static_cast<std::size_t>(header.contents + *header.length - at_));
  TANBA_CHECK(file_->read_at(at_, out));
  at_ += out.size();
  return out;
}

base::Status Walker::add_range(std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return {};
  if (ranges_.size() == kMaxSegments) {
    return base::fail(Code::kLimitCount, {{"what", "segments"}, {"limit", std::to_string(kMaxSegments)}});
  }
  ranges_.push_back({offset, bytes});
  return {};
}

// A constructed OCTET STRING (X.690 8.7.3) whose header was read: its segments, in order.
base::Status Walker::walk_string(const Header& first) {
  std::vector<Level> open{ber::level_of(first, end_)};
  at_ = first.contents;
  while (!open.empty()) {
    const Level& level = open.back();
    if (!level.indefinite && at_ == level.end) {
      open.pop_back();
      continue;
    }
    TANBA_TRY(const Header header, header_at(at_, level.end));
    if (level.indefinite && header.is_end_of_contents()) {  // end-of-contents
      at_ = header.contents;
      open.pop_back();
    } else if (header.tag == der::kOctetString) {
      TANBA_CHECK(add_range(header.contents, *header.length));
      at_ = header.contents + *header.length;
    } else if (header.tag == ber::kConstructedOctetString && open.size() < ber::kMaxStringDepth) {
      at_ = header.contents;
      open.push_back(ber::level_of(header, level.end));
    } else {
      return malformed("a piece of the content is no OCTET STRING");
    }
  }
  return {};
}

// The element inside [0]. Another type than OCTET STRING: its contents octets (see signed_data.h).
base::Status Walker::walk_content() {
  TANBA_TRY(const Header header, header_at(at_, end_));
  if (header.tag == ber::kConstructedOctetString) return walk_string(header);
  if (!header.length.has_value()) return malformed("content of indefinite length that is no OCTET STRING");
  at_ = header.contents + *header.length;
  return add_range(header.contents, *header.length);
}

// Behind the element, whose last part was read.
base::Status Walker::leave(const Level& level, const char* what) {
  if (level.indefinite) {
    TANBA_TRY(const Header header, header_at(at_, level.end));
    if (!header.is_end_of_contents()) return malformed(what);
    at_ = header.contents;
    return {};
  }
  return at_ == level.end ? base::Status() : malformed(what);
}

Result<Bytes> Walker::rest() const {
  const std::uint64_t bytes = file_->size_bytes() - at_;
  if (bytes > kMaxBesideContentBytes) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(kMaxBesideContentBytes)}});
  }
  Bytes out(static_cast<std::size_t>(bytes));
  TANBA_CHECK(file_->read_at(at_, out));
  return out;
}

Result<LargeDocument> Walker::run() {
  end_ = file_->size_bytes();
  ber::Envelope envelope;
  TANBA_TRY(envelope.info, enter(der::kSequence, "ContentInfo"));
  TANBA_TRY(envelope.type, field("contentType"));
  if (envelope.type != oid::kSignedData.der()) return base::fail(Code::kCmsNotSignedData);
  TANBA_TRY(envelope.wrapped, enter(der::context_constructed(0), "content of ContentInfo"));
  TANBA_TRY(envelope.body, enter(der::kSequence, "SignedData"));
  TANBA_TRY(envelope.version, field("version of SignedData"));
  TANBA_TRY(envelope.digests, field("digestAlgorithms"));
  TANBA_TRY(const Level encapsulated, enter(der::kSequence, "encapContentInfo"));
  TANBA_TRY(envelope.content_type, field("eContentType"));

  LargeDocument out;
  const bool at_end = !encapsulated.indefinite && at_ == encapsulated.end;
  TANBA_TRY(const Header next, at_end ? Result<Header>(Header()) : header_at(at_, end_));
  if (next.tag == der::context_constructed(0)) {
    TANBA_TRY(const Level explicit_content, enter(der::context_constructed(0), "eContent"));
    TANBA_CHECK(walk_content());
    TANBA_CHECK(leave(explicit_content, "eContent"));
    const ContentInFile content(file_, ranges_);
    if (content.size_bytes() <= kSmallContentBytes) out.small_content = content.beginning(kSmallContentBytes);
    out.content = content_in_file(file_, std::move(ranges_));
  }
  TANBA_CHECK(leave(encapsulated, "encapContentInfo"));

  TANBA_TRY(const Bytes rest_of_file, rest());
  TANBA_TRY(out.without_content, ber::without_content(envelope, rest_of_file, file_->size_bytes()));
  return out;
}

}  // namespace

DigestedContent content_in_file(std::shared_ptr<const LargeFile> file, std::vector<FileRange> ranges) {
  auto content = std::make_shared<ContentInFile>(std::move(file), std::move(ranges));
  return {.size_bytes = content->size_bytes(),
          .beginning = content->beginning(DigestedContent::kBeginningBytes),
          .compute = [content](pki::DigestAlgorithm algorithm) { return content->digest(algorithm); }};
}

DigestedContent content_in_file(const std::shared_ptr<const LargeFile>& file) {
  return content_in_file(file, {{0, file->size_bytes()}});
}

Result<LargeDocument> open_large_document(const std::shared_ptr<const LargeFile>& file) {
  TANBA_TRY(LargeDocument out, Walker(file).run());
  TANBA_TRY(const Bytes digest, ContentInFile(file, {{0, file->size_bytes()}}).digest(pki::DigestAlgorithm::kSha256));
  std::ranges::copy(digest, out.sha256.octets.begin());
  out.size_bytes = file->size_bytes();
  return out;
}

}  // namespace tanba::cms
