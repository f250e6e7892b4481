// A body that holds a CMS document and, behind it, the content that the document was made over: digested while it
// arrives, by just the digests that the signers name.
#pragma once

#include <optional>
#include <vector>

#include "cms/content.h"
#include "net/http/message.h"
#include "pki/stream_digest.h"

namespace tanba::server {

// A document with a thousand certificates; the content is not part of it.
inline constexpr std::uint64_t kMaxStreamedDocumentBytes = 1U << 20;

class StreamedContent final : public net::http::BodySink {
 public:
  // Of the body `document_bytes` are the document; more than `max_bytes` in all is input.too_large.
  StreamedContent(std::size_t document_bytes, std::uint64_t max_bytes)
      : document_bytes_(document_bytes), max_bytes_(max_bytes) {}

  [[nodiscard]] base::Status take(base::ByteView octets) override;
  [[nodiscard]] std::size_t held_bytes() const override { return document_.size() + beginning_.size(); }

  // When the body is complete: input.member when it was shorter than the document was said to be.
  [[nodiscard]] base::Result<base::Bytes> document();
  // The content: its octets when it is small (verify::kMaxChallengeBytes), else its digests.
  [[nodiscard]] std::optional<base::Bytes> octets();
  [[nodiscard]] base::Result<cms::DigestedContent> digested();

 private:
  [[nodiscard]] base::Status start();
  void take_content(base::ByteView octets);

  std::size_t document_bytes_;
  std::uint64_t max_bytes_;
  base::Bytes document_;
  bool started_ = false;
  std::uint64_t content_bytes_ = 0;
  base::Bytes beginning_;  // the first octets, as many as verify::kMaxChallengeBytes
  struct Running {
    pki::DigestAlgorithm algorithm;
    pki::StreamDigest digest;
  };
  std::vector<Running> digests_;
};

}  // namespace tanba::server
