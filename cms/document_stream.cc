#include "cms/document_stream.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cms/ber_walk.h"
#include "cms/oids.h"
#include "pki/algorithm.h"
#include "pki/stream_digest.h"

namespace tanba::cms {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;
using ber::Header;
using ber::Level;
using ber::malformed;
using pki::DigestAlgorithm;
namespace der = pki::der;

// What is digested while it arrives.
class StreamedContent {
 public:
  // `set`: digestAlgorithms, DER. What is not known here is nobody's digest here.
  [[nodiscard]] base::Status start(ByteView set) {
    const auto outer = der::parse_single(set, der::kSet, "digestAlgorithms");
    if (!outer) return malformed("digestAlgorithms");
    for (der::Reader identifiers(outer->value); !identifiers.at_end();) {
      const auto one = identifiers.next();
      if (!one) return malformed("digestAlgorithms");
      const auto identifier = pki::parse_algorithm_identifier(one->whole);
      if (!identifier) continue;
      const auto algorithm = pki::digest_from_oid(identifier->oid);
      if (!algorithm || std::ranges::find(digests_, *algorithm, &Running::algorithm) != digests_.end()) continue;
      auto digest = pki::StreamDigest::start(*algorithm);
      if (!digest && digest.error().code() == Code::kAlgorithmUnknown) continue;
      if (!digest) return base::fail(std::move(digest).error());
      digests_.push_back({*algorithm, *std::move(digest)});
    }
    return {};
  }

  [[nodiscard]] std::size_t held_bytes() const { return beginning_.size(); }

  void take(ByteView octets) {
    for (Running& one : digests_) one.digest.update(octets);
    const std::size_t wanted = std::min(kSmallContentBytes - beginning_.size(), octets.size());
    beginning_.insert(beginning_.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(wanted));
    size_bytes_ += octets.size();
  }

  [[nodiscard]] base::Status finish(LargeDocument& out) {
    std::map<DigestAlgorithm, Bytes> values;
    for (Running& one : digests_) {
      Bytes value = one.digest.finish();
      if (value.empty()) return base::fail(Code::kInternal, "a digest was not computed");
      values.emplace(one.algorithm, std::move(value));
    }
    Bytes beginning(beginning_.begin(), beginning_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                 beginning_.size(), DigestedContent::kBeginningBytes)));
    if (size_bytes_ <= kSmallContentBytes) out.small_content = std::move(beginning_);
    out.content = DigestedContent{.size_bytes = size_bytes_,
                                  .beginning = std::move(beginning),
                                  .compute = [values = std::move(values)](DigestAlgorithm algorithm) -> Result<Bytes> {
                                    const auto found = values.find(algorithm);
                                    if (found != values.end()) return found->second;
                                    return malformed("digestAlgorithms leave out the digest of a signer");
                                  }};
    return {};
  }

 private:
  struct Running {
    DigestAlgorithm algorithm;
    pki::StreamDigest digest;
  };
  std::vector<Running> digests_;
  Bytes beginning_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace

class DocumentStream::Parser {
 public:
  explicit Parser(std::size_t max_beside_bytes) : max_beside_bytes_(max_beside_bytes) {}

  void take(ByteView octets) {
    if (!whole_) {
      auto digest = pki::StreamDigest::start(DigestAlgorithm::kSha256);
      if (digest) whole_ = *std::move(digest);
    }
    if (whole_) whole_->update(octets);
    total_ += octets.size();
    if (error_) return;
    if (auto status = parse(octets); !status) error_ = std::move(status).error();
  }

  [[nodiscard]] std::size_t held_bytes() const {
    return pending_.size() + rest_.size() + envelope_.digests.size() + content_.held_bytes();
  }

  [[nodiscard]] Result<LargeDocument> finish() {
    take({});
    LargeDocument out;
    out.size_bytes = total_;
    const Bytes digest = whole_ ? whole_->finish() : Bytes();
    if (digest.size() != out.sha256.octets.size()) return base::fail(Code::kInternal, "a digest was not computed");
    std::ranges::copy(digest, out.sha256.octets.begin());
    if (!error_) {
      if (auto status = complete(out); !status) error_ = std::move(status).error();
    }
    if (!error_) return out;
    if (base::info(error_->code()).effect == base::Effect::kInternal) return base::fail(*std::move(error_));
    return LargeDocument{.without_content = {},
                         .content = {},
                         .small_content = {},
                         .unreadable = std::move(error_),
                         .sha256 = out.sha256,
                         .size_bytes = out.size_bytes};
  }

 private:
  // What comes next.
  enum class Place : std::uint8_t {
    kInfo,
    kType,
    kWrapped,
    kBody,
    kVersion,
    kDigests,
    kEncapsulated,
    kContentType,
    kBehindContentType,
    kContent,
    kSegment,
    kBehindContent,
    kBehindEncapsulated,
    kRest,
  };
  enum class Step : std::uint8_t { kDone, kMoreNeeded };

  [[nodiscard]] base::Status parse(ByteView octets) {
    // What is too short to go on with waits, in one place, until there is enough: a piece of one octet costs one octet.
    Bytes joined;
    ByteView window = octets;
    if (!pending_.empty()) {
      pending_.insert(pending_.end(), octets.begin(), octets.end());
      if (pending_.size() < wanted_) return {};
      joined = std::exchange(pending_, {});
      window = joined;
    }
    while (!window.empty()) {
      if (place_ == Place::kRest) return keep(window);
      if (run_bytes_ != 0) {
        take_content(window);
        continue;
      }
      TANBA_TRY(const Step step, advance(window));
      if (step == Step::kMoreNeeded) {
        pending_ = base::to_bytes(window);
        break;
      }
    }
    return {};
  }

  void take_content(ByteView& window) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(run_bytes_, window.size()));
    content_.take(window.first(count));
    run_bytes_ -= count;
    consume(window, count);
  }

  void consume(ByteView& window, std::size_t count) {
    window = window.subspan(count);
    at_ += count;
  }

  [[nodiscard]] base::Status keep(ByteView octets) {
    if (rest_.size() + octets.size() > max_beside_bytes_) {
      return base::fail(Code::kLimitSize, {{"limit", std::to_string(max_beside_bytes_)}});
    }
    rest_.insert(rest_.end(), octets.begin(), octets.end());
    return {};
  }

  // One step on, over octets at the front of the window or over none.
  [[nodiscard]] Result<Step> advance(ByteView& window) {
    switch (place_) {
      case Place::kInfo:
        return enter(window, der::kSequence, "ContentInfo", envelope_.info, Place::kType);
      case Place::kType:
        return read_type(window);
      case Place::kWrapped:
        return enter(window, der::context_constructed(0), "content of ContentInfo", envelope_.wrapped, Place::kBody);
      case Place::kBody:
        return enter(window, der::kSequence, "SignedData", envelope_.body, Place::kVersion);
      case Place::kVersion:
        return field(window, "version of SignedData", envelope_.version, Place::kDigests);
      case Place::kDigests:
        return field(window, "digestAlgorithms", envelope_.digests, Place::kEncapsulated);
      case Place::kEncapsulated:
        return enter(window, der::kSequence, "encapContentInfo", encapsulated_, Place::kContentType);
      case Place::kContentType:
        return field(window, "eContentType", envelope_.content_type, Place::kBehindContentType);
      case Place::kBehindContentType:
        return begin_content(window);
      case Place::kContent:
        return read_content_header(window);
      case Place::kSegment:
        return read_segment_header(window);
      case Place::kBehindContent:
        return leave(window, explicit_, "eContent", Place::kBehindEncapsulated);
      case Place::kBehindEncapsulated:
        return leave(window, encapsulated_, "encapContentInfo", Place::kRest);
      case Place::kRest:
        break;
    }
    return Step::kDone;
  }

  // Nothing when there is not enough of it yet.
  [[nodiscard]] Result<std::optional<Header>> header(ByteView window, std::uint64_t end) {
    TANBA_TRY(std::optional<Header> out, ber::parse_header(window, at_, end));
    if (!out) wanted_ = window.size() + 1;
    return out;
  }

  [[nodiscard]] Result<Step> enter(ByteView& window, std::uint8_t tag, const char* what, Level& level, Place next) {
    TANBA_TRY(const std::optional<Header> found, header(window, end_));
    if (!found) return Step::kMoreNeeded;
    if (found->tag != tag) return malformed(what);
    level = ber::level_of(*found, end_);
    end_ = level.end;
    consume(window, static_cast<std::size_t>(found->contents - at_));
    place_ = next;
    return Step::kDone;
  }

  [[nodiscard]] Result<Step> field(ByteView& window, const char* what, Bytes& out, Place next) {
    TANBA_TRY(const std::optional<Header> found, header(window, end_));
    if (!found) return Step::kMoreNeeded;
    if (!found->length.has_value() || *found->length > ber::kMaxFieldBytes) return malformed(what);
    const auto bytes = static_cast<std::size_t>(found->contents + *found->length - at_);
    if (window.size() < bytes) {
      wanted_ = bytes;
      return Step::kMoreNeeded;
    }
    out = base::to_bytes(window.first(bytes));
    consume(window, bytes);
    place_ = next;
    return Step::kDone;
  }

  [[nodiscard]] Result<Step> read_type(ByteView& window) {
    TANBA_TRY(const Step step, field(window, "contentType", envelope_.type, Place::kWrapped));
    if (step == Step::kDone && envelope_.type != oid::kSignedData.der()) return base::fail(Code::kCmsNotSignedData);
    return step;
  }

  [[nodiscard]] Result<Step> begin_content(ByteView& window) {
    place_ = Place::kBehindEncapsulated;
    if (!encapsulated_.indefinite && at_ == encapsulated_.end) return Step::kDone;
    TANBA_TRY(const std::optional<Header> next, header(window, end_));
    if (!next || next->tag == der::context_constructed(0)) place_ = Place::kBehindContentType;
    if (!next) return Step::kMoreNeeded;
    if (place_ == Place::kBehindEncapsulated) return Step::kDone;
    Bytes storage;
    const auto set = der::normalise(envelope_.digests, storage);
    if (!set) return malformed("digestAlgorithms");
    TANBA_CHECK(content_.start(*set));
    has_content_ = true;
    return enter(window, der::context_constructed(0), "eContent", explicit_, Place::kContent);
  }

  // The element inside [0]. Another type than OCTET STRING: its contents octets (see signed_data.h).
  [[nodiscard]] Result<Step> read_content_header(ByteView& window) {
    TANBA_TRY(const std::optional<Header> found, header(window, end_));
    if (!found) return Step::kMoreNeeded;
    if (found->tag == ber::kConstructedOctetString) {
      open_.push_back(ber::level_of(*found, end_));
      place_ = Place::kSegment;
    } else {
      if (!found->length.has_value()) return malformed("content of indefinite length that is no OCTET STRING");
      run_bytes_ = *found->length;
      place_ = Place::kBehindContent;
    }
    consume(window, static_cast<std::size_t>(found->contents - at_));
    return Step::kDone;
  }

  // Inside a constructed OCTET STRING (X.690 8.7.3).
  [[nodiscard]] Result<Step> read_segment_header(ByteView& window) {
    const Level level = open_.back();
    if (!level.indefinite && at_ == level.end) {
      close_string();
      return Step::kDone;
    }
    TANBA_TRY(const std::optional<Header> found, header(window, level.end));
    if (!found) return Step::kMoreNeeded;
    if (level.indefinite && found->is_end_of_contents()) {
      close_string();
    } else if (found->tag == der::kOctetString) {
      run_bytes_ = *found->length;
    } else if (found->tag == ber::kConstructedOctetString && open_.size() < ber::kMaxStringDepth) {
      open_.push_back(ber::level_of(*found, level.end));
    } else {
      return malformed("a piece of the content is no OCTET STRING");
    }
    consume(window, static_cast<std::size_t>(found->contents - at_));
    return Step::kDone;
  }

  void close_string() {
    open_.pop_back();
    if (open_.empty()) place_ = Place::kBehindContent;
  }

  [[nodiscard]] Result<Step> leave(ByteView& window, const Level& level, const char* what, Place next) {
    if (level.indefinite) {
      TANBA_TRY(const std::optional<Header> found, header(window, level.end));
      if (!found) return Step::kMoreNeeded;
      if (!found->is_end_of_contents()) return malformed(what);
      consume(window, static_cast<std::size_t>(found->contents - at_));
    } else if (at_ != level.end) {
      return malformed(what);
    }
    place_ = next;
    return Step::kDone;
  }

  [[nodiscard]] base::Status complete(LargeDocument& out) {
    ByteView window = pending_;
    while (place_ != Place::kRest) {
      if (run_bytes_ != 0) return malformed("the content ends early");
      TANBA_TRY(const Step step, advance(window));
      if (step == Step::kMoreNeeded) return malformed("the content ends early");
    }
    TANBA_TRY(out.without_content, ber::without_content(envelope_, rest_, total_));
    return has_content_ ? content_.finish(out) : base::Status();
  }

  std::size_t max_beside_bytes_;
  std::optional<pki::StreamDigest> whole_;
  std::uint64_t total_ = 0;
  std::optional<base::Error> error_;

  Place place_ = Place::kInfo;
  Bytes pending_;                         // the beginning of what cannot be gone over yet
  std::size_t wanted_ = 0;                // how long it must be at least
  std::uint64_t at_ = 0;                  // of the whole, where `pending_` begins
  std::uint64_t end_ = ber::kUnknownEnd;  // of the innermost level that is open
  ber::Envelope envelope_;
  Level encapsulated_;
  Level explicit_;
  std::vector<Level> open_;      // constructed strings
  std::uint64_t run_bytes_ = 0;  // of the content, that come next
  bool has_content_ = false;
  StreamedContent content_;
  Bytes rest_;  // behind encapContentInfo
};

DocumentStream::DocumentStream(std::size_t max_beside_bytes) : parser_(std::make_unique<Parser>(max_beside_bytes)) {}
DocumentStream::~DocumentStream() = default;
DocumentStream::DocumentStream(DocumentStream&&) noexcept = default;
DocumentStream& DocumentStream::operator=(DocumentStream&&) noexcept = default;

void DocumentStream::take(ByteView octets) {
  parser_->take(octets);
}

std::size_t DocumentStream::held_bytes() const {
  return parser_->held_bytes();
}

Result<LargeDocument> DocumentStream::finish() {
  return parser_->finish();
}

}  // namespace tanba::cms
