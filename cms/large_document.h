// SignedData whose content is not held in memory: a file walked in blocks, attached or beside.
//
// A document is taken apart into the SignedData without its content, small enough to hold, and the places of the
// content's octets in the file. What is beside the content goes through the same parser as every other document, so
// that nothing is read in two ways.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/large_file.h"
#include "base/limits.h"
#include "cms/content.h"

namespace tanba::cms {

// A part of a file.
struct FileRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// What BER may cut a content into: openssl writes pieces of some kilobytes, so these are gigabytes; each place costs
// 16 octets of memory.
inline constexpr std::size_t kMaxSegments = 1U << 20;
// Certificates, lists and signatures beside the content.
inline constexpr std::size_t kMaxBesideContentBytes = 16U << 20;

// Content in a file: digests are computed block by block, each once, whoever asks.
[[nodiscard]] DigestedContent content_in_file(std::shared_ptr<const base::LargeFile> file,
                                              std::vector<FileRange> ranges);
[[nodiscard]] DigestedContent content_in_file(const std::shared_ptr<const base::LargeFile>& file);

// Content that is handed over whole, however large the document around it: what could be mistaken for something else
// than a document has to be looked into.
inline constexpr std::size_t kSmallContentBytes = 16U << 10;

struct LargeDocument {
  base::Bytes without_content;               // ContentInfo with SignedData, its content cut out: BER
  std::optional<DigestedContent> content;    // nothing when it is detached
  std::optional<base::Bytes> small_content;  // the same in octets, when there are no more than kSmallContentBytes
  std::optional<base::Error> unreadable;  // why its content cannot be found; then nothing else is known of it but ...
  base::Digest sha256;                    // of the whole
  std::uint64_t size_bytes = 0;
};
// `file` is DER or BER (no PEM). Only what has to be known to find the content is checked here. cms.malformed,
// cms.not_signed_data, limit.count (segments), limit.size (what is beside the content), file.not_readable.
[[nodiscard]] base::Result<LargeDocument> open_large_document(const std::shared_ptr<const base::LargeFile>& file);

}  // namespace tanba::cms
