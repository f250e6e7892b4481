#include "server/streamed_document.h"

#include <string>
#include <utility>

#include "pki/der.h"

namespace tanba::server {

using base::ByteView;
using base::Code;

namespace {

std::unexpected<base::Error> too_large(std::uint64_t limit) {
  return base::fail(Code::kInputTooLarge, {{"limit", std::to_string(limit)}});
}

}  // namespace

base::Status StreamedDocument::take(ByteView octets) {
  bytes_ += octets.size();
  if (bytes_ > max_bytes_) return too_large(max_bytes_);
  if (!stream_) {
    if (bytes_ <= kMaxStreamedDocumentBytes) {
      held_.insert(held_.end(), octets.begin(), octets.end());
      return {};
    }
    const std::uint8_t first = held_.empty() ? octets.front() : held_.front();
    if (first != pki::der::kSequence) return too_large(kMaxStreamedDocumentBytes);
    stream_.emplace(kMaxStreamedDocumentBytes);
    stream_->take(held_);
    held_ = {};
  }
  stream_->take(octets);
  return {};
}

std::size_t StreamedDocument::held_bytes() const {
  return stream_ ? stream_->held_bytes() : held_.size();
}

std::optional<base::Bytes> StreamedDocument::held() {
  if (stream_) return std::nullopt;
  return std::move(held_);
}

base::Result<cms::LargeDocument> StreamedDocument::large() {
  if (!stream_) return base::fail(Code::kInternal, "the document is held");
  return stream_->finish();
}

}  // namespace tanba::server
