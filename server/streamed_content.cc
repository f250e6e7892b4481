#include "server/streamed_content.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "cms/inspect.h"
#include "verify/facts.h"

namespace tanba::server {

using base::ByteView;
using base::Code;
using pki::DigestAlgorithm;

base::Status StreamedContent::take(ByteView octets) {
  const std::size_t missing = document_bytes_ - document_.size();
  const ByteView head = octets.first(std::min(missing, octets.size()));
  document_.insert(document_.end(), head.begin(), head.end());
  if (document_.size() < document_bytes_) return {};
  if (!started_) TANBA_CHECK(start());
  if (content_bytes_ + octets.size() > max_bytes_) {
    return base::fail(Code::kInputTooLarge, {{"limit", std::to_string(max_bytes_)}});
  }
  take_content(octets.subspan(head.size()));
  return {};
}

// The document is whole: what its signers name is known. One that cannot be read gets its verdict like any other.
base::Status StreamedContent::start() {
  started_ = true;
  std::vector<DigestAlgorithm> wanted;
  if (auto named = cms::content_digests(document_, base::Limits{})) wanted = *std::move(named);
  // The report names the content by this one.
  if (std::ranges::find(wanted, DigestAlgorithm::kSha256) == wanted.end()) wanted.push_back(DigestAlgorithm::kSha256);
  for (const DigestAlgorithm algorithm : wanted) {
    auto digest = pki::StreamDigest::start(algorithm);
    if (!digest && digest.error().code() == Code::kAlgorithmUnknown) continue;
    if (!digest) return base::fail(digest.error());
    digests_.push_back({algorithm, *std::move(digest)});
  }
  return {};
}

void StreamedContent::take_content(ByteView octets) {
  for (Running& one : digests_) one.digest.update(octets);
  const std::size_t wanted = std::min(verify::kMaxChallengeBytes - beginning_.size(), octets.size());
  beginning_.insert(beginning_.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(wanted));
  content_bytes_ += octets.size();
}

base::Result<base::Bytes> StreamedContent::document() {
  if (!started_) {
    return base::fail(Code::kInputMember, {{"member", "documentBytes"}, {"expected", "no more than the body has"}});
  }
  return std::move(document_);
}

std::optional<base::Bytes> StreamedContent::octets() {
  if (content_bytes_ > verify::kMaxChallengeBytes) return std::nullopt;
  return beginning_;
}

base::Result<cms::DigestedContent> StreamedContent::digested() {
  std::map<DigestAlgorithm, base::Bytes> values;
  for (Running& one : digests_) {
    base::Bytes value = one.digest.finish();
    if (value.empty()) return base::fail(Code::kInternal, "a digest was not computed");
    values.emplace(one.algorithm, std::move(value));
  }
  beginning_.resize(std::min(beginning_.size(), cms::DigestedContent::kBeginningBytes));
  return cms::DigestedContent{
      .size_bytes = content_bytes_,
      .beginning = std::move(beginning_),
      .compute = [values = std::move(values)](DigestAlgorithm algorithm) -> base::Result<base::Bytes> {
        const auto found = values.find(algorithm);
        if (found != values.end()) return found->second;
        return base::fail(Code::kAlgorithmUnknown, {{"algorithm", std::string(pki::to_string(algorithm))}});
      }};
}

}  // namespace tanba::server
