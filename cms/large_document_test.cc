// A document in a file has the facts of the same document in memory, in whatever way it is written.
#include "cms/large_document.h"

#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::ElementsAre;

std::shared_ptr<const base::LargeFile> opened(const fs::path& path) {
  return base::LargeFile::open(path).value();
}

LargeDocument large(const Workspace& work, ByteView document) {
  auto out = open_large_document(opened(work.write("document", document)));
  EXPECT_TRUE(out.has_value()) << out.error().message();
  return std::move(out).value_or(LargeDocument{});
}

Code code_of(const Workspace& work, ByteView document) {
  const auto out = open_large_document(opened(work.write("document", document)));
  return out.has_value() ? Code::kInternal : out.error().code();
}

pki::DocumentFacts facts_of(const LargeDocument& document, const base::Limits& limits = {}) {
  return inspected(document.without_content,
                   document.content.has_value() ? DetachedContent(*document.content) : DetachedContent(), {}, limits);
}

Bytes signed_by_head(std::string_view content, Placement placement = Placement::kAttached) {
  FileSigner signer("head");
  return sign(context(), signer, base::as_bytes(content), {.placement = placement, .algorithm = rsa_sha256()}).value();
}

// Lengths that take one octet, two, three and more; content that is larger than a block.
TEST(LargeDocument, InDerHasTheFactsOfTheSameInMemory) {
  const Workspace work;
  for (const std::size_t size : {0U, 1U, 100U, 200U, 70'000U, 700'000U}) {
    const std::string content(size, 'c');
    const Bytes document = signed_by_head(content);
    const LargeDocument one = large(work, document);
    ASSERT_TRUE(one.content.has_value());
    EXPECT_EQ(one.content->size_bytes, size);
    EXPECT_EQ(one.sha256, base::sha256(document));
    EXPECT_EQ(one.size_bytes, document.size());
    EXPECT_LT(one.without_content.size(), 4000U);
    const auto facts = facts_of(one);
    EXPECT_TRUE(all_good(facts)) << size;
    EXPECT_EQ(facts.signatures.at(0).signature_value, inspected(document).signatures.at(0).signature_value);
  }
}

// `openssl cms -stream` writes indefinite lengths and the content in pieces.
TEST(LargeDocument, InBerOfOpensslHolds) {
  const Workspace work;
  std::string content;
  for (int i = 0; content.size() < 900'000; ++i) content += std::to_string(i);
  ASSERT_EQ(work.run("openssl cms -sign -stream -binary -nodetach -outform DER -in " +
                     work.write("content", base::as_bytes(content)).string() + " -out " + (work / "made").string() +
                     openssl_signer("head")),
            0);
  const Bytes document = read(work / "made");
  ASSERT_EQ(document[1], 0x80);
  const LargeDocument one = large(work, document);
  ASSERT_TRUE(one.content.has_value());
  EXPECT_EQ(one.content->size_bytes, content.size());
  EXPECT_TRUE(all_good(facts_of(one)));

  Bytes changed = document;
  const auto at = std::ranges::search(changed, base::as_bytes(content.substr(500'000, 50)));
  ASSERT_EQ(at.size(), 50U);
  at.front() ^= 1;
  EXPECT_THAT(all_codes(facts_of(large(work, changed))), ElementsAre("S1:digest.mismatch"));
}

TEST(LargeDocument, OfGostAndOfTwoSigners) {
  const Workspace work;
  const std::string content(300'000, 'c');
  std::vector<Signed> signers;
  for (const char* name : {"gost-head", "head"}) {
    FileSigner signer(name);
    ToBeSigned one =
        prepare(context(), base::as_bytes(content), signer.certificate(), {.algorithm = signer.algorithms().front()})
            .value();
    Bytes value = signer.sign(one.algorithm, one.octets).value();
    signers.push_back({std::move(one), std::move(value)});
  }
  const auto facts = facts_of(large(work, complete(signers).value()));
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures.size(), 2U);
}

TEST(LargeDocument, WithoutContentIsDetached) {
  const Workspace work;
  const LargeDocument one = large(work, signed_by_head("content", Placement::kDetached));
  EXPECT_FALSE(one.content.has_value());
  const auto file = opened(work.write("content", base::as_bytes("content")));
  EXPECT_TRUE(all_good(inspected(one.without_content, content_in_file(file), {})));
  const auto other = opened(work.write("other", base::as_bytes("other")));
  EXPECT_THAT(all_codes(inspected(one.without_content, content_in_file(other), {})), ElementsAre("S1:digest.mismatch"));
}

TEST(LargeDocument, OctetsAfterItAreStillSeen) {
  const Workspace work;
  Bytes document = signed_by_head("content");
  document.push_back(0);
  EXPECT_THAT(all_codes(facts_of(large(work, document))), ElementsAre("der.trailing"));
}

TEST(LargeDocument, CostsAreChargedBeforeTheDigest) {
  const Workspace work;
  base::Limits limits;
  limits.max_digested_bytes = 99'999;
  EXPECT_THAT(all_codes(facts_of(large(work, signed_by_head(std::string(100'000, 'c'))), limits)),
              testing::Contains("S1:limit.cost"));
}

TEST(LargeDocument, ThatBecomesShorterIsNoVerdict) {
  const Workspace work;
  const fs::path path = work.write("document", signed_by_head(std::string(100'000, 'c')));
  const LargeDocument one = open_large_document(opened(path)).value();
  fs::resize_file(path, 1000);
  EXPECT_EQ(one.content->compute(pki::DigestAlgorithm::kSha256).error().code(), Code::kFileNotReadable);
}

TEST(LargeDocument, OfAnotherShapeIsNone) {
  const Workspace work;
  const Bytes good = signed_by_head("content");
  EXPECT_EQ(code_of(work, {}), Code::kCmsMalformed);
  EXPECT_EQ(code_of(work, ByteView(good).first(40)), Code::kCmsMalformed);
  EXPECT_EQ(code_of(work, der::write_sequence({oid::kData.der()})), Code::kCmsNotSignedData);
  const auto document = [](const Bytes& content) {
    const Bytes encapsulated =
        der::write_sequence({oid::kData.der(), der::write(der::context_constructed(0), content)});
    const Bytes body = der::write_sequence({der::write_integer(1), der::write_set_of({}), encapsulated});
    return der::write_sequence({oid::kSignedData.der(), der::write(der::context_constructed(0), body)});
  };
  EXPECT_EQ(code_of(work, document(der::write_octet_string(Bytes{1}))), Code::kInternal) << "none";
  EXPECT_EQ(code_of(work, document({})), Code::kCmsMalformed);
  EXPECT_EQ(code_of(work, document(Bytes{0x24, 0x80, 0x04, 0x01, 0x01})), Code::kCmsMalformed) << "no end";
  EXPECT_EQ(code_of(work, document(Bytes{0x24, 0x03, 0x02, 0x01, 0x01})), Code::kCmsMalformed) << "another type";
  EXPECT_EQ(code_of(work, document(Bytes{0x04, 0x7F, 0x01})), Code::kCmsMalformed) << "beyond its end";
  EXPECT_EQ(code_of(work, document(Bytes{0x30, 0x80, 0x00, 0x00})), Code::kCmsMalformed) << "indefinite";
  Bytes nested;
  for (int i = 0; i < 9; ++i) nested.insert(nested.end(), {0x24, 0x80});
  EXPECT_EQ(code_of(work, document(nested)), Code::kCmsMalformed) << "too deep";
}

TEST(LargeFile, IsARegularFile) {
  const Workspace work;
  EXPECT_EQ(base::LargeFile::open(work / "none").error().code(), Code::kFileNotReadable);
  EXPECT_EQ(base::LargeFile::open("/").error().code(), Code::kFileNotReadable);
  EXPECT_EQ(base::LargeFile::open("/dev/null").error().code(), Code::kFileNotReadable);
}

TEST(DurableFile, IsThereOnlyWhenItIsWhole) {
  const Workspace work;
  {
    auto file = base::DurableFile::create(work / "out", 0644).value();
    ASSERT_TRUE(file.append(base::as_bytes("one")).has_value());
    EXPECT_FALSE(fs::exists(work / "out"));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(work / "."), {}), 0);
  auto file = base::DurableFile::create(work / "out", 0644).value();
  ASSERT_TRUE(file.append(base::as_bytes("one")).has_value());
  ASSERT_TRUE(file.append(base::as_bytes("two")).has_value());
  ASSERT_TRUE(file.commit(base::Overwrite::kReplace).has_value());
  EXPECT_EQ(read(work / "out"), base::to_bytes(base::as_bytes("onetwo")));
}

}  // namespace
}  // namespace tanba::cms
