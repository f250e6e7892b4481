// PDF documents through the one door: recognised, inspected, and kept as facts without loss.
#include <gtest/gtest.h>

#include "base/json.h"
#include "pdf/test_support.h"
#include "verify/facts.h"

namespace tanba::verify {
namespace {

Facts inspected(base::ByteView document, const InspectOptions& options = {}) {
  auto facts = inspect(pdf::test::context(), document, options, base::Limits{});
  EXPECT_TRUE(facts.has_value()) << facts.error().message();
  return facts.value_or(Facts{});
}

TEST(PdfFacts, AreKeptWithoutLoss) {
  for (const char* name : {"pdf-two-signatures", "pdf-document-time-stamp", "pdf-evidence", "pdf-text-replaced"}) {
    const Facts facts = inspected(pdf::test::document(name));
    EXPECT_EQ(facts.content.format, pki::DocumentFormat::kPdf);
    ASSERT_FALSE(facts.content.signatures.empty()) << name;
    EXPECT_FALSE(facts.content.signatures[0].warnings.empty() && facts.content.signatures[0].errors.empty()) << name;
    const auto again = facts_from_json(base::parse_json(base::canonical_json(to_json(facts))).value());
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(base::canonical_json(to_json(*again)), base::canonical_json(to_json(facts))) << name;
  }
}

TEST(PdfFacts, AFileThatWantsToBeAPdfIsReadAsOne) {
  const Facts facts = inspected(pdf::test::document("pdf-octets-before"));
  EXPECT_EQ(facts.content.format, pki::DocumentFormat::kPdf);
  ASSERT_EQ(facts.content.errors.size(), 1U);
  EXPECT_EQ(facts.content.errors[0].code(), base::Code::kPdfMalformed);
}

TEST(PdfFacts, HasItsContentInside) {
  const base::Bytes document = pdf::test::document("pdf-signed");
  const Facts facts = inspected(document, {.detached = base::ByteView(document)});
  ASSERT_EQ(facts.content.errors.size(), 1U);
  EXPECT_EQ(facts.content.errors[0].code(), base::Code::kCmsContentGivenTwice);
}

TEST(PdfFacts, IsNoLoginChallenge) {
  const Facts facts = inspected(pdf::test::document("pdf-signed"), {.kind = DocumentKind::kLoginChallenge});
  ASSERT_EQ(facts.content.signatures.size(), 1U);
  EXPECT_FALSE(facts.content.signatures[0].errors.empty());
}

}  // namespace
}  // namespace tanba::verify
