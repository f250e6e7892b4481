#include "verify/capsule_file.h"

#include <algorithm>
#include <utility>

#include "cms/tsp/token.h"

namespace tanba::verify {
namespace {

using base::ByteView;
using base::Code;

constexpr std::string_view kMagicName = "tanba-capsule ";
constexpr std::string_view kMagic = "tanba-capsule 1\n";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kEndBytes = 32;
enum class Frame : std::uint8_t { kManifest = 'M', kPart = 'P', kSeal = 'S', kStamp = 'T', kEnd = 'E' };

void append_octets(base::Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

void append_frame(base::Bytes& out, Frame frame, ByteView octets) {
  out.push_back(static_cast<std::uint8_t>(frame));
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{octets.size()} >> (8 * i)));
  }
  append_octets(out, octets);
}

class Reader {
 public:
  explicit Reader(ByteView file) : file_(file) {}

  base::Result<CapsuleFile> run() {
    TANBA_CHECK(read_magic());
    TANBA_TRY(const ByteView manifest, take(Frame::kManifest, kMaxManifestBytes));
    out_.manifest_text = base::as_text(manifest);
    TANBA_TRY(out_.manifest, parse_manifest(out_.manifest_text));
    TANBA_CHECK(read_parts());
    if (next_is(Frame::kSeal)) {
      TANBA_TRY(out_.seal, take(Frame::kSeal, kMaxSealBytes));
    }
    while (next_is(Frame::kStamp)) TANBA_CHECK(read_stamp());
    TANBA_CHECK(read_end());
    return std::move(out_);
  }

 private:
  base::Status read_magic() {
    const std::string_view text = base::as_text(file_);
    if (!text.starts_with(kMagicName)) return capsule_malformed("no capsule");
    if (!text.starts_with(kMagic)) {
      const std::string_view version = text.substr(kMagicName.size());
      const std::size_t end = version.find('\n');
      if (end == 0 || end > kMagic.size()) return capsule_malformed("no capsule");
      return base::fail(Code::kCapsuleVersion, {{"version", std::string(version.substr(0, end))}});
    }
    at_ = kMagic.size();
    return {};
  }

  [[nodiscard]] bool next_is(Frame frame) const {
    return at_ < file_.size() && file_[at_] == static_cast<std::uint8_t>(frame);
  }

  base::Result<ByteView> take(Frame frame, std::size_t max_bytes) {
    if (!next_is(frame) || file_.size() - at_ < 1 + kLengthBytes) return capsule_malformed("the frames");
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | file_[at_ + 1 + i];
    const std::size_t begin = at_ + 1 + kLengthBytes;
    if (length > file_.size() - begin) return capsule_malformed("a frame is cut off");
    if (length > max_bytes) return base::fail(Code::kLimitSize, {{"limit", std::to_string(max_bytes)}});
    at_ = begin + length;
    return file_.subspan(begin, length);
  }

  // Each frame is digested once, whatever the manifest names.
  base::Status read_parts() {
    const std::vector<CapsulePart>& parts = out_.manifest.parts;
    std::size_t next = 0;
    while (next_is(Frame::kPart)) {
      TANBA_TRY(const ByteView octets, take(Frame::kPart, kMaxCapsuleBytes));
      const base::Digest digest = base::sha256(octets);
      // Lists may be left out, nothing else.
      while (next < parts.size() && parts[next].kind == CapsulePartKind::kCrl && parts[next].digest != digest) ++next;
      if (next == parts.size()) return wrong_part(CapsulePartKind::kCrl);
      if (parts[next].digest != digest || parts[next].size_bytes != octets.size()) return wrong_part(parts[next].kind);
      keep(parts[next], octets);
      ++next;
    }
    if (next < parts.size() && parts[next].kind != CapsulePartKind::kCrl) return capsule_malformed("a part is missing");
    return {};
  }

  static std::unexpected<base::Error> wrong_part(CapsulePartKind kind) {
    return base::fail(Code::kCapsuleDigest, {{"what", std::string(to_string(kind))}});
  }

  void keep(const CapsulePart& part, ByteView octets) {
    switch (part.kind) {
      case CapsulePartKind::kRecord:
        out_.record = base::as_text(octets);
        break;
      case CapsulePartKind::kTrust:
        out_.trust = base::as_text(octets);
        break;
      case CapsulePartKind::kReport:
        out_.report = base::as_text(octets);
        break;
      case CapsulePartKind::kCrl:
        out_.lists.emplace(part.digest, octets);
        break;
    }
  }

  base::Status read_stamp() {
    if (out_.stamps.size() >= kMaxCapsuleStamps) {
      return base::fail(Code::kLimitSize, {{"limit", std::to_string(kMaxCapsuleStamps)}});
    }
    const ByteView covered = file_.first(at_);
    TANBA_TRY(const ByteView token, take(Frame::kStamp, cms::tsp::kMaxTokenBytes));
    out_.stamps.push_back({token, covered});
    return {};
  }

  base::Status read_end() {
    const ByteView covered = file_.first(at_);
    TANBA_TRY(const ByteView digest, take(Frame::kEnd, kEndBytes));
    if (at_ != file_.size()) return capsule_malformed("octets after the end");
    if (!base::equal(digest, base::sha256(covered).view())) return base::fail(Code::kCapsuleDigest, {{"what", "end"}});
    return {};
  }

  ByteView file_;
  std::size_t at_ = 0;
  CapsuleFile out_;
};

}  // namespace

base::Result<CapsuleFile> parse_capsule(ByteView file) {
  if (file.size() > kMaxCapsuleBytes) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(kMaxCapsuleBytes)}});
  }
  return Reader(file).run();
}

CapsuleContents contents_of(const CapsuleFile& file) {
  CapsuleContents contents{
      .manifest_text = file.manifest_text,
      .parts = {base::as_bytes(file.record), base::as_bytes(file.trust), base::as_bytes(file.report)},
      .seal = file.seal,
      .stamps = {}};
  for (const auto& [digest, octets] : file.lists) contents.parts.push_back(octets);
  for (const CapsuleFile::Stamp& stamp : file.stamps) contents.stamps.push_back(stamp.token);
  return contents;
}

base::Bytes octets_to_stamp(const CapsuleContents& contents) {
  base::Bytes out = base::to_bytes(base::as_bytes(kMagic));
  append_frame(out, Frame::kManifest, base::as_bytes(contents.manifest_text));
  for (const ByteView part : contents.parts) append_frame(out, Frame::kPart, part);
  if (contents.seal) append_frame(out, Frame::kSeal, *contents.seal);
  for (const ByteView stamp : contents.stamps) append_frame(out, Frame::kStamp, stamp);
  return out;
}

base::Bytes write_capsule(const CapsuleContents& contents) {
  base::Bytes out = octets_to_stamp(contents);
  const base::Digest digest = base::sha256(out);
  append_frame(out, Frame::kEnd, digest.view());
  return out;
}

base::Result<base::Bytes> write_capsule(const NewCapsule& capsule) {
  std::vector<base::Bytes> lists;
  for (const CrlItem& list : capsule.lists) {
    TANBA_TRY(base::Bytes octets, list.octets->read(list.id));
    lists.push_back(std::move(octets));
  }
  CapsuleContents contents{
      .manifest_text = capsule.text,
      .parts = {base::as_bytes(capsule.record), base::as_bytes(capsule.trust), base::as_bytes(capsule.report)},
      .seal = {},
      .stamps = {}};
  contents.parts.insert(contents.parts.end(), lists.begin(), lists.end());
  return write_capsule(contents);
}

}  // namespace tanba::verify
