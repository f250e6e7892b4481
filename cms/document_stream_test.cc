// A document that arrives in pieces has the facts of the same document in memory, wherever it was cut.
#include "cms/document_stream.h"

#include <algorithm>
#include <random>

#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

LargeDocument streamed(const std::vector<ByteView>& pieces, std::size_t max_beside_bytes = kMaxBesideContentBytes) {
  DocumentStream stream(max_beside_bytes);
  for (const ByteView piece : pieces) stream.take(piece);
  auto out = stream.finish();
  EXPECT_TRUE(out.has_value());
  return std::move(out).value_or(LargeDocument{});
}
LargeDocument streamed(ByteView document) {
  return streamed(std::vector<ByteView>{document});
}

std::vector<ByteView> in_pieces(ByteView document, std::size_t bytes) {
  std::vector<ByteView> out;
  for (std::size_t at = 0; at < document.size(); at += bytes) {
    out.push_back(document.subspan(at, std::min(bytes, document.size() - at)));
  }
  return out;
}

pki::DocumentFacts facts_of(const LargeDocument& document, const DetachedContent& beside = {}) {
  return inspected(document.without_content, document.content ? DetachedContent(*document.content) : beside);
}

// Whether both found the same, whatever way they went.
void expect_same(const LargeDocument& one, const LargeDocument& other, const std::string& what) {
  EXPECT_EQ(one.without_content, other.without_content) << what;
  EXPECT_EQ(one.sha256, other.sha256) << what;
  EXPECT_EQ(one.size_bytes, other.size_bytes) << what;
  EXPECT_EQ(one.small_content, other.small_content) << what;
  EXPECT_EQ(one.content.has_value(), other.content.has_value()) << what;
  EXPECT_EQ(one.unreadable.has_value(), other.unreadable.has_value()) << what;
  if (one.unreadable && other.unreadable) {
    EXPECT_EQ(base::dotted(one.unreadable->code()), base::dotted(other.unreadable->code())) << what;
  }
  if (!one.content || !other.content) return;
  EXPECT_EQ(one.content->size_bytes, other.content->size_bytes) << what;
  EXPECT_EQ(one.content->beginning, other.content->beginning) << what;
}

void expect_same(const pki::DocumentFacts& streamed, const pki::DocumentFacts& whole, const std::string& what) {
  EXPECT_EQ(all_codes(streamed), all_codes(whole)) << what;
  EXPECT_EQ(streamed.content_type, whole.content_type) << what;
  EXPECT_EQ(streamed.crls, whole.crls) << what;
  EXPECT_EQ(streamed.ocsp_responses, whole.ocsp_responses) << what;
  EXPECT_EQ(streamed.certificates.size(), whole.certificates.size()) << what;
  ASSERT_EQ(streamed.signatures.size(), whole.signatures.size()) << what;
  for (std::size_t i = 0; i < whole.signatures.size(); ++i) {
    const pki::SignatureFacts& a = streamed.signatures[i];
    const pki::SignatureFacts& b = whole.signatures[i];
    EXPECT_EQ(a.signature_value, b.signature_value) << what;
    EXPECT_EQ(a.algorithm_names, b.algorithm_names) << what;
    EXPECT_EQ(a.timestamp_tokens, b.timestamp_tokens) << what;
    EXPECT_EQ(a.certificate ? a.certificate->digest() : base::Digest{},
              b.certificate ? b.certificate->digest() : base::Digest{});
    ASSERT_EQ(a.counter_signatures.size(), b.counter_signatures.size()) << what;
    for (std::size_t k = 0; k < b.counter_signatures.size(); ++k) {
      EXPECT_EQ(codes(a.counter_signatures[k].errors), codes(b.counter_signatures[k].errors)) << what;
    }
  }
}

enum class Read : std::uint8_t { kYes, kNo };

// One document, cut in many ways, against the way of documents that are held.
Read check_document(const Bytes& document, const DetachedContent& beside, const std::string& what) {
  const LargeDocument at_once = streamed(document);
  EXPECT_EQ(at_once.sha256, base::sha256(document)) << what;
  for (const std::size_t piece : {1U, 7U, 61U, 4096U}) {
    if (document.size() / piece > 200'000) continue;
    expect_same(streamed(in_pieces(document, piece)), at_once, what);
  }
  // In two, three times as often near the beginning, where what leads to the content stands.
  std::minstd_rand random(static_cast<unsigned>(document.size()));
  for (std::size_t i = 0; i < 40 && document.size() > 1; ++i) {
    const std::size_t near = i % 4 == 0 ? document.size() : std::min<std::size_t>(document.size(), 120);
    const std::size_t at = 1 + random() % (near - 1);
    expect_same(streamed({ByteView(document).first(at), ByteView(document).subspan(at)}), at_once, what);
  }
  const auto whole = inspected(document, beside);
  if (at_once.unreadable) {
    EXPECT_FALSE(all_good(whole)) << what << ": only in pieces it is " << base::dotted(at_once.unreadable->code());
    return Read::kNo;
  }
  expect_same(facts_of(at_once, beside), whole, what);
  return Read::kYes;
}

TEST(DocumentStream, OfEveryScenarioHasTheFactsOfTheSameInMemory) {
  std::size_t read_count = 0;
  std::size_t unread_count = 0;
  for (const auto& entry : fs::directory_iterator(certs_test() / "scenarios")) {
    const fs::path path = entry.path() / "document.cms";
    if (!fs::exists(path)) continue;
    const Bytes document = read(path);
    // An armour is taken off before, or not at all.
    if (document.empty() || document.front() != 0x30) continue;
    const Bytes content = fs::exists(entry.path() / "content.bin") ? read(entry.path() / "content.bin") : Bytes();
    const bool beside = fs::exists(entry.path() / "content.bin") && streamed(document).content == std::nullopt;
    const Read done = check_document(document, beside ? DetachedContent(ByteView(content)) : DetachedContent(),
                                     entry.path().filename().string());
    ++(done == Read::kYes ? read_count : unread_count);
  }
  EXPECT_GT(read_count, 150U);
  EXPECT_GT(unread_count, 3U);
}

TEST(DocumentStream, OfTheCorporaHasTheFactsOfTheSameInMemory) {
  std::size_t read_count = 0;
  for (const char* name : {"rfc4134", "kz", "realworld", "fuzz"}) {
    const fs::path folder = corpora(name);
    if (folder.empty()) GTEST_SKIP();
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.file_size() == 0 || entry.file_size() > (4U << 20)) continue;
      const Bytes document = read(entry.path());
      if (document.front() != 0x30) continue;
      if (check_document(document, {}, entry.path().string()) == Read::kYes) ++read_count;
    }
  }
  EXPECT_GT(read_count, 20U);
}

Bytes signed_by_head(std::string_view content, Placement placement = Placement::kAttached) {
  FileSigner signer("head");
  return sign(context(), signer, base::as_bytes(content), {.placement = placement, .algorithm = rsa_sha256()}).value();
}

std::string long_text(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i);
  return text;
}

// `openssl cms -stream` writes indefinite lengths and the content in pieces, as BouncyCastle's generators for streams
// do.
TEST(DocumentStream, InBerOfOpensslHolds) {
  const Workspace work;
  const std::string content = long_text(300'000);
  ASSERT_EQ(work.run("openssl cms -sign -stream -binary -nodetach -outform DER -in " +
                     work.write("content", base::as_bytes(content)).string() + " -out " + (work / "made").string() +
                     openssl_signer("head")),
            0);
  Bytes document = read(work / "made");
  ASSERT_EQ(document[1], 0x80);
  EXPECT_EQ(check_document(document, {}, "openssl"), Read::kYes);
  const LargeDocument one = streamed(document);
  ASSERT_TRUE(one.content.has_value());
  EXPECT_EQ(one.content->size_bytes, content.size());
  EXPECT_EQ(one.small_content, std::nullopt);
  EXPECT_LT(one.without_content.size(), 4000U);
  EXPECT_TRUE(all_good(facts_of(one)));

  const auto at = std::ranges::search(document, base::as_bytes(content.substr(200'000, 50)));
  ASSERT_EQ(at.size(), 50U);
  at.front() ^= 1;
  EXPECT_THAT(all_codes(facts_of(streamed(document))), ElementsAre("S1:digest.mismatch"));
}

TEST(DocumentStream, OfGostHolds) {
  FileSigner signer("gost-head");
  const std::string content = long_text(100'000);
  const Bytes document =
      sign(context(), signer, base::as_bytes(content), {.algorithm = signer.algorithms().front()}).value();
  EXPECT_EQ(check_document(document, {}, "gost"), Read::kYes);
  EXPECT_TRUE(all_good(facts_of(streamed(document))));
}

// Each end of the content's small form, which whoever looks for challenges reads.
TEST(DocumentStream, HandsSmallContentOver) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kSmallContentBytes, kSmallContentBytes + 1}) {
    const std::string content(size, 'c');
    const LargeDocument one = streamed(signed_by_head(content));
    EXPECT_EQ(one.small_content.has_value(), size <= kSmallContentBytes);
    if (one.small_content) {
      EXPECT_EQ(base::as_text(*one.small_content), content);
    }
    EXPECT_TRUE(all_good(facts_of(one)));
  }
}

// RFC 5652 5.1: "Implementations MAY fail to validate signatures that use a digest algorithm that is not included in
// this set."
TEST(DocumentStream, OfADigestThatWasNotAnnouncedIsRefused) {
  Bytes document = signed_by_head(long_text(1000));
  const Bytes sha256 = pki::Oid::from_dotted("2.16.840.1.101.3.4.2.1").value().der();
  const auto announced = std::ranges::search(document, sha256);
  ASSERT_FALSE(announced.empty());
  *(announced.end() - 1) = 0x03;  // SHA-512
  EXPECT_TRUE(all_good(inspected(document)));
  EXPECT_THAT(all_codes(facts_of(streamed(document))), ElementsAre("S1:cms.malformed"));
}

TEST(DocumentStream, HoldsNoMoreBesideTheContentThanItMay) {
  const Bytes document = signed_by_head(long_text(100'000));
  const std::size_t beside = document.size() - 100'000;
  EXPECT_FALSE(streamed({document}, beside).unreadable.has_value());
  const auto none = streamed({document}, 1000);
  ASSERT_TRUE(none.unreadable.has_value());
  EXPECT_EQ(none.unreadable->code(), Code::kLimitSize);
  EXPECT_EQ(none.sha256, base::sha256(document));
}

TEST(DocumentStream, OfAnotherShapeIsNone) {
  const Bytes good = signed_by_head("content");
  const auto code_of = [](const Bytes& document) {
    for (const std::size_t piece : {std::size_t{1}, std::max<std::size_t>(document.size(), 1)}) {
      const auto one = streamed(in_pieces(document, piece));
      if (!one.unreadable) return Code::kInternal;
    }
    return streamed(document).unreadable->code();
  };
  EXPECT_EQ(code_of({}), Code::kCmsMalformed);
  for (std::size_t bytes = 1; bytes < good.size(); bytes += 13) {
    EXPECT_EQ(code_of(base::to_bytes(ByteView(good).first(bytes))), Code::kCmsMalformed) << bytes;
  }
  EXPECT_EQ(code_of(der::write_sequence({oid::kData.der()})), Code::kCmsNotSignedData);
  const auto document = [](const Bytes& content) {
    const Bytes encapsulated =
        der::write_sequence({oid::kData.der(), der::write(der::context_constructed(0), content)});
    const Bytes body = der::write_sequence({der::write_integer(1), der::write_set_of({}), encapsulated});
    return der::write_sequence({oid::kSignedData.der(), der::write(der::context_constructed(0), body)});
  };
  EXPECT_EQ(code_of(document(der::write_octet_string(Bytes{1}))), Code::kInternal) << "none";
  EXPECT_EQ(code_of(document({})), Code::kCmsMalformed);
  EXPECT_EQ(code_of(document(Bytes{0x24, 0x80, 0x04, 0x01, 0x01})), Code::kCmsMalformed) << "no end";
  EXPECT_EQ(code_of(document(Bytes{0x24, 0x03, 0x02, 0x01, 0x01})), Code::kCmsMalformed) << "another type";
  EXPECT_EQ(code_of(document(Bytes{0x04, 0x7F, 0x01})), Code::kCmsMalformed) << "beyond its end";
  EXPECT_EQ(code_of(document(Bytes{0x30, 0x80, 0x00, 0x00})), Code::kCmsMalformed) << "indefinite";
  Bytes nested;
  for (int i = 0; i < 9; ++i) nested.insert(nested.end(), {0x24, 0x80});
  EXPECT_EQ(code_of(document(nested)), Code::kCmsMalformed) << "too deep";
}

TEST(DocumentStream, WithoutAListOfDigestsBeforeItsContentIsNone) {
  Bytes document = signed_by_head(long_text(1000));
  const Bytes set = der::write_set_of({pki::write_digest_identifier(pki::DigestAlgorithm::kSha256)});
  const auto found = std::ranges::search(document, set);
  ASSERT_FALSE(found.empty());
  found.front() = 0x84;
  const auto one = streamed(document);
  ASSERT_TRUE(one.unreadable.has_value());
  EXPECT_EQ(one.unreadable->code(), Code::kCmsMalformed);
  EXPECT_FALSE(all_good(inspected(document)));
}

// A length that nothing can have must not pass for "until the end".
TEST(DocumentStream, ThatClaimsToEndNowhereIsNone) {
  const Bytes good = signed_by_head("content");
  ASSERT_EQ(good[1], 0x82);
  Bytes document{0x30, 0x88};
  const std::uint64_t length = UINT64_MAX - 10;
  for (int shift = 56; shift >= 0; shift -= 8) document.push_back(static_cast<std::uint8_t>(length >> shift));
  document.insert(document.end(), good.begin() + 4, good.end());
  const auto one = streamed(document);
  ASSERT_TRUE(one.unreadable.has_value());
  EXPECT_EQ(one.unreadable->code(), Code::kCmsMalformed);
}

TEST(DocumentStream, OctetsAfterItAreStillSeen) {
  Bytes document = signed_by_head("content");
  document.push_back(0);
  EXPECT_THAT(all_codes(facts_of(streamed(document))), ElementsAre("der.trailing"));
}

}  // namespace
}  // namespace tanba::cms
