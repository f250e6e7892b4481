#include "cms/large_document.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

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
namespace der = pki::der;

using FilePtr = std::shared_ptr<const LargeFile>;

constexpr std::uint8_t kConstructed = 0x20;
constexpr std::uint8_t kConstructedOctetString = der::kOctetString | kConstructed;
// Constructed strings inside one another: tools write one level.
constexpr std::size_t kMaxStringDepth = 8;
// The OIDs and the list of digests before the content: each under a hundred octets.
constexpr std::uint64_t kMaxFieldBytes = 64U << 10;

std::unexpected<base::Error> malformed(const char* what) {
  return base::fail(Code::kCmsMalformed, {{"what", what}});
}

// --- digests of a content --------------------------------------------------------------------------------------------

class ContentInFile {
 public:
  ContentInFile(FilePtr file, std::vector<FileRange> ranges) : file_(std::move(file)), ranges_(std::move(ranges)) {}

  [[nodiscard]] std::uint64_t size_bytes() const {
    std::uint64_t sum = 0;
    for (const FileRange& range : ranges_) sum += range.bytes;
    return sum;
  }

  [[nodiscard]] Bytes beginning() const {
    Bytes out;
    for (const FileRange& range : ranges_) {
      const std::size_t wanted = DigestedContent::kBeginningBytes - out.size();
      Bytes piece(std::min<std::uint64_t>(range.bytes, wanted));
      if (!file_->read_at(range.offset, piece)) break;  // whoever computes a digest hears of it
      out.insert(out.end(), piece.begin(), piece.end());
      if (out.size() == DigestedContent::kBeginningBytes) break;
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

struct Header {
  std::uint8_t tag = 0;
  std::uint64_t contents = 0;           // where they begin
  std::optional<std::uint64_t> length;  // nothing: indefinite
};

// An element that is open while what is inside is walked. The end of an indefinite one is found when it comes.
struct Level {
  std::uint8_t tag = 0;
  std::uint64_t contents = 0;
  bool indefinite = false;
  std::uint64_t end = 0;  // of an indefinite one: where the element around it ends
};

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
  [[nodiscard]] Result<Bytes> rest_until(std::uint64_t end) const;

  FilePtr file_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;  // of the innermost level that is open
  std::vector<FileRange> ranges_;
};

Result<Header> Walker::header_at(std::uint64_t offset, std::uint64_t end) const {
  std::array<std::uint8_t, 10> octets{};
  if (offset >= end) return malformed("the content ends early");
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), end - offset));
  TANBA_CHECK(file_->read_at(offset, std::span(octets).first(count)));
  Header out;
  out.tag = octets[0];
  if ((out.tag & 0x1F) == 0x1F || count < 2) return malformed("an identifier or length");
  const std::uint8_t first = octets[1];
  std::size_t header_bytes = 2;
  if (first < 0x80) {
    out.length = first;
  } else if (first != 0x80) {
    const std::size_t length_bytes = first & 0x7FU;
    header_bytes += length_bytes;
    if (length_bytes > 8 || header_bytes > count) return malformed("an identifier or length");
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

// Goes into the element that comes next.
Result<Level> Walker::enter(std::uint8_t tag, const char* what) {
  TANBA_TRY(const Header header, header_at(at_, end_));
  if (header.tag != tag) return malformed(what);
  Level level{.tag = tag, .contents = header.contents, .indefinite = !header.length.has_value(), .end = end_};
  if (header.length.has_value()) level.end = header.contents + *header.length;
  at_ = header.contents;
  end_ = level.end;
  return level;
}

// The element that comes next, whole; small ones of definite length only.
Result<Bytes> Walker::field(const char* what) {
  TANBA_TRY(const Header header, header_at(at_, end_));
  if (!header.length.has_value() || *header.length > kMaxFieldBytes) return malformed(what);
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
  std::vector<Level> open{{.tag = first.tag,
                           .contents = first.contents,
                           .indefinite = !first.length.has_value(),
                           .end = first.length.has_value() ? first.contents + *first.length : end_}};
  at_ = first.contents;
  while (!open.empty()) {
    const Level& level = open.back();
    if (!level.indefinite && at_ == level.end) {
      open.pop_back();
      continue;
    }
    TANBA_TRY(const Header header, header_at(at_, level.end));
    if (header.tag == 0 && level.indefinite && header.length == 0U) {  // end-of-contents
      at_ = header.contents;
      open.pop_back();
    } else if (header.tag == der::kOctetString) {
      TANBA_CHECK(add_range(header.contents, *header.length));
      at_ = header.contents + *header.length;
    } else if (header.tag == kConstructedOctetString && open.size() < kMaxStringDepth) {
      at_ = header.contents;
      open.push_back({.tag = header.tag,
                      .contents = header.contents,
                      .indefinite = !header.length.has_value(),
                      .end = header.length.has_value() ? header.contents + *header.length : level.end});
    } else {
      return malformed("a piece of the content is no OCTET STRING");
    }
  }
  return {};
}

// The element inside [0]. Another type than OCTET STRING: its contents octets (see signed_data.h).
base::Status Walker::walk_content() {
  TANBA_TRY(const Header header, header_at(at_, end_));
  if (header.tag == kConstructedOctetString) return walk_string(header);
  if (!header.length.has_value()) return malformed("content of indefinite length that is no OCTET STRING");
  at_ = header.contents + *header.length;
  return add_range(header.contents, *header.length);
}

// Behind the element, whose last part was read.
base::Status Walker::leave(const Level& level, const char* what) {
  if (level.indefinite) {
    TANBA_TRY(const Header header, header_at(at_, level.end));
    if (header.tag != 0 || header.length != 0U) return malformed(what);
    at_ = header.contents;
    return {};
  }
  return at_ == level.end ? base::Status() : malformed(what);
}

Result<Bytes> Walker::rest_until(std::uint64_t end) const {
  if (end - at_ > kMaxBesideContentBytes) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(kMaxBesideContentBytes)}});
  }
  Bytes out(static_cast<std::size_t>(end - at_));
  TANBA_CHECK(file_->read_at(at_, out));
  return out;
}

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

Result<LargeDocument> Walker::run() {
  end_ = file_->size_bytes();
  TANBA_TRY(const Level info, enter(der::kSequence, "ContentInfo"));
  TANBA_TRY(const Bytes type, field("contentType"));
  if (type != oid::kSignedData.der()) return base::fail(Code::kCmsNotSignedData);
  TANBA_TRY(const Level wrapped, enter(der::context_constructed(0), "content of ContentInfo"));
  TANBA_TRY(const Level body, enter(der::kSequence, "SignedData"));
  TANBA_TRY(const Bytes version, field("version of SignedData"));
  TANBA_TRY(const Bytes digests, field("digestAlgorithms"));
  TANBA_TRY(const Level encapsulated, enter(der::kSequence, "encapContentInfo"));
  TANBA_TRY(const Bytes content_type, field("eContentType"));

  LargeDocument out;
  const bool at_end = !encapsulated.indefinite && at_ == encapsulated.end;
  TANBA_TRY(const Header next, at_end ? Result<Header>(Header()) : header_at(at_, end_));
  if (next.tag == der::context_constructed(0)) {
    TANBA_TRY(const Level explicit_content, enter(der::context_constructed(0), "eContent"));
    TANBA_CHECK(walk_content());
    TANBA_CHECK(leave(explicit_content, "eContent"));
    out.content = content_in_file(file_, std::move(ranges_));
  }
  TANBA_CHECK(leave(encapsulated, "encapContentInfo"));

  // From the inside out: what follows in each level, then the level around it.
  TANBA_TRY(const Bytes fields, rest_until(body.end));
  const Bytes without = der::write_sequence({content_type});
  const Bytes signed_data = rewritten(body, joined({version, digests, without, fields}));
  at_ = body.end;
  TANBA_TRY(const Bytes after_body, rest_until(wrapped.end));
  const Bytes content = rewritten(wrapped, joined({signed_data, after_body}));
  at_ = wrapped.end;
  TANBA_TRY(const Bytes after_wrapped, rest_until(info.end));
  const Bytes whole = rewritten(info, joined({type, content, after_wrapped}));
  at_ = info.end;
  TANBA_TRY(const Bytes trailing, rest_until(file_->size_bytes()));
  out.without_content = joined({whole, trailing});
  return out;
}

}  // namespace

DigestedContent content_in_file(std::shared_ptr<const LargeFile> file, std::vector<FileRange> ranges) {
  auto content = std::make_shared<ContentInFile>(std::move(file), std::move(ranges));
  return {.size_bytes = content->size_bytes(),
          .beginning = content->beginning(),
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
