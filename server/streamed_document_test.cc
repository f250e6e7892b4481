// What takes a whole document while it arrives.
#include "server/streamed_document.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_support.h"
#include "verify/facts.h"

namespace tanba::server {
namespace {

using base::ByteView;
using base::Code;

base::Bytes document_of(const std::string& scenario) {
  return base::test::read_made("scenarios/" + scenario);
}

base::Status take_in_pieces(StreamedDocument& sink, const base::Bytes& body, std::size_t piece) {
  for (std::size_t at = 0; at < body.size(); at += piece) {
    TANBA_CHECK(sink.take(ByteView(body).subspan(at, std::min(piece, body.size() - at))));
  }
  return {};
}

TEST(StreamedDocument, HoldsWhatIsSmallWhateverItIs) {
  for (const char* name : {"cms-attached/document.cms", "cms-pem/document.cms", "xml-enveloped/document.xml"}) {
    StreamedDocument sink(1U << 30);
    const base::Bytes body = document_of(name);
    ASSERT_TRUE(take_in_pieces(sink, body, 100).has_value());
    EXPECT_EQ(sink.held(), body);
  }
  StreamedDocument empty(10);
  EXPECT_EQ(empty.held(), base::Bytes());
}

// Whoever sends it pays for what is held, and for no more.
TEST(StreamedDocument, SaysWhatItHolds) {
  StreamedDocument small(1U << 30);
  ASSERT_TRUE(small.take(base::Bytes(1000, '<')).has_value());
  EXPECT_EQ(small.held_bytes(), 1000U);
  const base::Bytes body = document_of("cms-large-content/document.cms");
  ASSERT_GT(body.size(), kMaxStreamedDocumentBytes);
  StreamedDocument large(1U << 30);
  ASSERT_TRUE(large.take(ByteView(body).first(kMaxStreamedDocumentBytes)).has_value());
  EXPECT_EQ(large.held_bytes(), kMaxStreamedDocumentBytes);
  ASSERT_TRUE(large.take(ByteView(body).subspan(kMaxStreamedDocumentBytes)).has_value());
  EXPECT_LT(large.held_bytes(), kMaxStreamedDocumentBytes / 2) << "the content is let go";
  EXPECT_GT(large.held_bytes(), 1000U) << "what stands behind it is kept";
}

// The very verdict of the document that is held, however it comes.
TEST(StreamedDocument, OfALargeCmsHasTheFactsOfTheSameInMemory) {
  auto context = pki::Context::create().value();
  const base::Bytes good = document_of("cms-large-content/document.cms");
  base::Bytes changed = good;
  changed[changed.size() / 2] ^= 1;
  for (const base::Bytes& body : {good, changed}) {
    const auto whole = verify::inspect(*context, body, {}, {}).value();
    for (const std::size_t piece : {1009U, 65536U, 4U << 20}) {
      StreamedDocument sink(1U << 30);
      ASSERT_TRUE(take_in_pieces(sink, body, piece).has_value());
      EXPECT_EQ(sink.held(), std::nullopt);
      const cms::LargeDocument large = sink.large().value();
      const auto streamed = verify::inspect(*context, large, {}, {}).value();
      EXPECT_EQ(base::canonical_json(verify::to_json(streamed)), base::canonical_json(verify::to_json(whole)));
    }
  }
}

TEST(StreamedDocument, TakesNoMoreThanItsLimits) {
  StreamedDocument sink(10);
  EXPECT_TRUE(sink.take(base::as_bytes("0123456789")).has_value());
  EXPECT_EQ(sink.take(base::as_bytes("x")).error().code(), Code::kInputTooLarge);
  // Nothing but CMS can be gone over while it arrives.
  StreamedDocument text(1U << 30);
  const base::Bytes most(kMaxStreamedDocumentBytes, '<');
  EXPECT_TRUE(text.take(most).has_value());
  EXPECT_EQ(text.take(base::as_bytes("x")).error().code(), Code::kInputTooLarge);
  StreamedDocument at_once(1U << 30);
  EXPECT_EQ(at_once.take(base::Bytes(kMaxStreamedDocumentBytes + 1, '<')).error().code(), Code::kInputTooLarge);
}

// What is wrong with it is a verdict, and the report names what was sent.
TEST(StreamedDocument, ThatIsBrokenIsAVerdict) {
  auto context = pki::Context::create().value();
  base::Bytes body = document_of("cms-large-content/document.cms");
  body.resize(body.size() - 1);
  StreamedDocument sink(1U << 30);
  ASSERT_TRUE(take_in_pieces(sink, body, 65536).has_value());
  const auto facts = verify::inspect(*context, sink.large().value(), {}, {}).value();
  EXPECT_EQ(facts.document, base::sha256(body));
  EXPECT_EQ(facts.size_bytes, body.size());
  ASSERT_EQ(facts.content.errors.size(), 1U);
  EXPECT_EQ(facts.content.errors.front().code(), Code::kCmsMalformed);
  EXPECT_TRUE(facts.content.signatures.empty());
}

}  // namespace
}  // namespace tanba::server
