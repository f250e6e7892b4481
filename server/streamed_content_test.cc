// What takes a body while it arrives, in whatever pieces it comes.
#include "server/streamed_content.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "pki/verify_signature.h"
#include "verify/facts.h"

namespace tanba::server {
namespace {

using base::ByteView;
using base::Code;

base::Bytes file(const std::string& name) {
  return base::test::read_made("scenarios/" + name);
}

// The sink after all of it came in pieces of this size.
std::unique_ptr<StreamedContent> taken(const base::Bytes& document, const base::Bytes& content, std::size_t piece) {
  auto sink = std::make_unique<StreamedContent>(document.size(), 1U << 30);
  base::Bytes whole = document;
  whole.insert(whole.end(), content.begin(), content.end());
  for (std::size_t at = 0; at < whole.size(); at += piece) {
    EXPECT_TRUE(sink->take(ByteView(whole).subspan(at, std::min(piece, whole.size() - at))).has_value());
  }
  return sink;
}

TEST(StreamedContent, HasTheDigestsThatTheSignersName) {
  for (const auto& [scenario, digest] : {std::pair("cms-detached-large", pki::DigestAlgorithm::kSha256),
                                         std::pair("cms-gost-detached-large", pki::DigestAlgorithm::kStreebog512)}) {
    const base::Bytes document = file(std::string(scenario) + "/document.cms");
    const base::Bytes content = file(std::string(scenario) + "/content.bin");
    for (const std::size_t piece : {997U, 65536U, 1U << 24}) {
      const auto sink = taken(document, content, piece);
      EXPECT_EQ(sink->document().value(), document);
      EXPECT_FALSE(sink->octets().has_value());
      const cms::DigestedContent digested = sink->digested().value();
      EXPECT_EQ(digested.size_bytes, content.size());
      EXPECT_TRUE(base::equal(digested.beginning, ByteView(content).first(cms::DigestedContent::kBeginningBytes)));
      EXPECT_EQ(digested.compute(digest).value(), pki::compute_digest(digest, content).value());
      EXPECT_EQ(digested.compute(pki::DigestAlgorithm::kSha256).value(),
                pki::compute_digest(pki::DigestAlgorithm::kSha256, content).value());
      EXPECT_EQ(digested.compute(pki::DigestAlgorithm::kSha512).error().code(), Code::kAlgorithmUnknown);
    }
  }
}

TEST(StreamedContent, HandsSmallContentOverWhole) {
  const base::Bytes document = file("cms-detached/document.cms");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, verify::kMaxChallengeBytes}) {
    const base::Bytes content(size, 'c');
    EXPECT_EQ(taken(document, content, 1000)->octets(), content);
  }
  EXPECT_EQ(taken(document, base::Bytes(verify::kMaxChallengeBytes + 1, 'c'), 1000)->octets(), std::nullopt);
}

TEST(StreamedContent, TakesNoMoreThanItsLimit) {
  StreamedContent sink(3, 10);
  EXPECT_TRUE(sink.take(base::as_bytes("doc")).has_value());
  EXPECT_TRUE(sink.take(base::as_bytes("0123456789")).has_value());
  EXPECT_EQ(sink.take(base::as_bytes("x")).error().code(), Code::kInputTooLarge);
}

TEST(StreamedContent, WantsTheWholeDocument) {
  StreamedContent sink(4, 10);
  EXPECT_TRUE(sink.take(base::as_bytes("doc")).has_value());
  EXPECT_EQ(sink.document().error().code(), Code::kInputMember);
}

}  // namespace
}  // namespace tanba::server
