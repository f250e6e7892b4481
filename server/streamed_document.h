// A body that is one attached document. A small one is held, whatever it is; a large CMS is digested while it arrives.
#pragma once

#include <optional>

#include "cms/document_stream.h"
#include "net/http/message.h"
#include "server/streamed_content.h"

namespace tanba::server {

class StreamedDocument final : public net::http::BodySink {
 public:
  // More than `max_bytes` is input.too_large; so is more than kMaxStreamedDocumentBytes of anything but CMS in DER or
  // BER.
  explicit StreamedDocument(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] base::Status take(base::ByteView octets) override;
  [[nodiscard]] std::size_t held_bytes() const override;

  // When the body is complete: the document, when it is no larger than kMaxStreamedDocumentBytes.
  [[nodiscard]] std::optional<base::Bytes> held();
  // Otherwise what was found while it arrived; once.
  [[nodiscard]] base::Result<cms::LargeDocument> large();

 private:
  std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  base::Bytes held_;
  std::optional<cms::DocumentStream> stream_;  // once it is too large to be held
};

}  // namespace tanba::server
