// The demo authority's PDF documents, written by hand outside of this code: every one whose outcome is decided by the
// document alone must give its code and no other, every other one must be without fault.
#include <boost/json/parse.hpp>
#include <map>

#include "cms/tsp/token.h"
#include "pdf/test_support.h"

namespace tanba::pdf {
namespace {

struct Scenario {
  std::string name;
  std::string code;  // expected; empty when it is accepted
};

// Codes that inspection gives; the others need trust, time or a policy.
bool is_of_inspection(std::string_view code) {
  for (const std::string_view prefix : {"pdf.", "cms.", "limit.", "format.", "digest.", "signature."}) {
    if (code.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> out;
  const test::fs::path folder = test::certs_test() / "scenarios";
  if (!test::fs::exists(folder)) return out;
  for (const auto& entry : test::fs::directory_iterator(folder)) {
    if (!test::fs::exists(entry.path() / "document.pdf")) continue;
    const auto scenario = boost::json::parse(base::as_text(test::read(entry.path() / "scenario.json")));
    const std::string code(scenario.at("expected").at("code").as_string());
    out.push_back({entry.path().filename(), is_of_inspection(code) ? code : ""});
  }
  return out;
}

TEST(PdfScenarios, EachGivesItsCodeAndNoOther) {
  // What else must be wrong where this is: a page that comes from nowhere, a certification that the catalog tells of.
  const std::map<std::string, std::string> more{{"pdf-page-added", "pdf.unknown_change"},
                                                {"pdf-second-certification", "pdf.changed"},
                                                {"pdf-fake-time-stamp-shows", "pdf.unknown_change"},
                                                {"pdf-locked-time-stamp-shows", "pdf.permissions"}};
  const std::vector<Scenario> all = scenarios();
  for (const Scenario& scenario : all) {
    std::set<std::string> expected;
    if (!scenario.code.empty()) expected.insert(scenario.code);
    if (const auto found = more.find(scenario.name); found != more.end()) expected.insert(found->second);
    EXPECT_EQ(test::codes_of(test::inspected(test::document(scenario.name))), expected) << scenario.name;
  }
  EXPECT_GE(all.size(), 100U);
}

// One test for each scenario that a mutant is killed by: a name of its own, and what is said.
void expect(const std::string& scenario, const std::set<std::string>& codes) {
  EXPECT_EQ(test::codes_of(test::inspected(test::document(scenario))), codes) << scenario;
}

TEST(PdfAttacks, TheHoleIsTheSignatureValueAndNothingMore) {
  for (const char* name : {"wider-hole", "hole-without-brackets", "nothing"}) {
    expect(std::string("pdf-byte-range-") + name, {"pdf.byte_range"});
  }
  expect("pdf-wrapped", {"pdf.byte_range"});
}
TEST(PdfAttacks, TheByteRangeEndsWhereARevisionEnds) {
  expect("pdf-byte-range-short", {"pdf.byte_range"});
}
TEST(PdfAttacks, ASignatureIsPartOfTheRevisionThatItSigns) {
  expect("pdf-signature-listed-later", {"pdf.byte_range"});
}
TEST(PdfAttacks, WhatIsSavedAfterASignatureIsCompared) {
  for (const char* name : {"text-replaced", "font-replaced", "hidden-content-shown", "hidden-object-swapped-in",
                           "layer-switched", "open-action", "overlay"}) {
    expect(std::string("pdf-") + name, {"pdf.changed"});
  }
}
TEST(PdfAttacks, ManyPermittedAdditionsHideNoChange) {
  expect("pdf-text-replaced-among-many", {"pdf.changed"});
}
TEST(PdfAttacks, WhatNothingUsesIsNotLaidDownForLater) {
  expect("pdf-object-unused", {"pdf.unknown_change"});
}
TEST(PdfAttacks, ANewSignatureDoesNotPaintOverThePage) {
  expect("pdf-signature-shows", {"pdf.changed"});
  expect("pdf-signature-over-page", {"pdf.changed"});
}
TEST(PdfAttacks, SignaturesTogetherDoNotPaintOverThePage) {
  expect("pdf-signatures-over-page", {"pdf.changed"});
}
TEST(PdfAttacks, ADocumentTimeStampShowsNothing) {
  expect("pdf-certified-1-time-stamp-in-field", {"pdf.changed"});
  expect("pdf-time-stamp-in-field", {});
}
TEST(PdfAttacks, WhatOnlyCallsItselfADocumentTimeStampIsNone) {
  expect("pdf-fake-time-stamp", {"pdf.unknown_change"});
}
TEST(PdfAttacks, ADocumentTimeStampThatDoesNotVerifyIsPermittedNoMoreThanASignature) {
  expect("pdf-certified-1-time-stamp-other", {"pdf.permissions"});
  expect("pdf-document-time-stamp-other", {});
}
TEST(PdfAttacks, ADocumentTimeStampDoesNotFillALockedField) {
  expect("pdf-locked-time-stamp", {"pdf.permissions"});
  expect("pdf-locked-all-time-stamped", {});
}
TEST(PdfAttacks, DocMdpIsKept) {
  for (const char* name : {"certified-1-filled", "certified-1-signed", "certified-2-commented"}) {
    expect(std::string("pdf-") + name, {"pdf.permissions"});
  }
}
TEST(PdfAttacks, FieldMdpIsKept) {
  for (const char* name : {"locked-filled", "locked-but-one-filled", "locked-all-filled", "locked-by-field-filled"}) {
    expect(std::string("pdf-") + name, {"pdf.permissions"});
  }
}
TEST(PdfAttacks, AValueThatWasSignedStays) {
  expect("pdf-value-changed", {"pdf.changed"});
}
TEST(PdfAttacks, ADictionaryThatIsTwoThingsIsHeldToTheStricterRule) {
  for (const char* name : {"catalog", "field", "form"}) {
    expect("pdf-" + std::string(name) + "-as-resources", {"pdf.changed"});
  }
}
TEST(PdfAttacks, WhatAFieldSaysByItsLinksUpwardsIsComparedWhenItIsNone) {
  expect("pdf-field-as-layer-policy", {"pdf.changed"});
  expect("pdf-field-link-changed", {"pdf.changed"});
}
TEST(PdfAttacks, FieldsAreNamedByWhatNamesFieldsAndNotByResources) {
  expect("pdf-field-as-property", {"pdf.changed"});
  expect("pdf-certified-2-filled-named", {});
}
TEST(PdfAttacks, RevisionsAreNotWalkedForTheProductOfTheirObjects) {
  expect("pdf-ring-longer", {"limit.cost"});
}
TEST(PdfAttacks, WhatIsReplacedByItsEqualIsSaid) {
  expect("pdf-ring-replaced", {});
  const auto facts = test::inspected(test::document("pdf-ring-replaced"));
  ASSERT_EQ(facts.signatures.at(0).warnings.size(), 1U);
  EXPECT_EQ(facts.signatures[0].warnings[0].code(), base::Code::kPdfAdded);
  expect("pdf-certified-1-ring-replaced", {"pdf.permissions"});
}
TEST(PdfAttacks, WhatIsSignedAreTheOctetsOfTheFile) {
  expect("pdf-content-type-other", {"cms.content_type"});
}
TEST(PdfScenarios, ABrokenTimeStampIsInTheWayOfNoCertification) {
  expect("pdf-certified-after-broken-time-stamp", {});
  expect("pdf-second-certification", {"pdf.changed", "pdf.signature"});
}
TEST(PdfScenarios, ASignatureMayNameTheCatalogThatItIsAbout) {
  expect("pdf-certified-2-data-signed", {});
}
TEST(PdfAttacks, NothingButZerosFollowsTheSignatureValue) {
  expect("pdf-contents-padding", {"pdf.signature"});
}
TEST(PdfAttacks, EverySignatureBelongsToAField) {
  expect("pdf-field-dropped", {"pdf.signature"});
}
TEST(PdfAttacks, ObjectsDoNotLieWithinEachOther) {
  expect("pdf-object-within-object", {"pdf.malformed"});
}

TEST(PdfCoverage, WholeOnlyWhenNothingButPermittedAdditionsFollow) {
  const auto two = test::inspected(test::document("pdf-two-signatures"));
  ASSERT_EQ(two.signatures.size(), 2U);
  EXPECT_TRUE(two.signatures[0].covers.whole);
  EXPECT_EQ(two.signatures[0].covers.what, "revision 1 of 2");
  ASSERT_EQ(two.signatures[0].warnings.size(), 1U);
  EXPECT_EQ(two.signatures[0].warnings[0].code(), base::Code::kPdfAdded);
  EXPECT_EQ(two.signatures[1].covers.what, "document");
  EXPECT_TRUE(two.signatures[1].warnings.empty());
  EXPECT_FALSE(test::inspected(test::document("pdf-text-replaced")).signatures[0].covers.whole);
}

TEST(PdfEvidence, ComesFromTheSecurityStore) {
  const auto facts = test::inspected(test::document("pdf-evidence"));
  EXPECT_EQ(facts.crls.size(), 2U);
  EXPECT_EQ(facts.certificates.size(), 2U);  // the signer's and its authority's
  const auto partly = test::inspected(test::document("pdf-evidence-malformed"));
  EXPECT_EQ(partly.crls.size(), 1U);
  EXPECT_TRUE(partly.ocsp_responses.empty());
  std::size_t warned = 0;
  for (const base::Error& warning : partly.signatures.at(0).warnings) {
    if (warning.code() == base::Code::kPdfEvidence) ++warned;
  }
  EXPECT_EQ(warned, 2U);
}

TEST(PdfTimestamps, OfTheDocumentAreOverWhatTheyCover) {
  const auto facts = test::inspected(test::document("pdf-document-time-stamp"));
  ASSERT_EQ(facts.signatures.at(0).timestamps.size(), 1U);
  const pki::TimestampFacts& stamp = facts.signatures[0].timestamps[0];
  EXPECT_EQ(stamp.kind, pki::TimestampKind::kDocument);
  EXPECT_TRUE(stamp.over_known_data);
  EXPECT_TRUE(stamp.errors.empty());
  // One that was there before the signature says nothing of it.
  EXPECT_TRUE(test::inspected(test::document("pdf-document-time-stamp-before")).signatures.at(0).timestamps.empty());
}

TEST(PdfScenarios, ASizeThatIsTooLargeIsNothingToMend) {
  std::string file = test::simple({"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"});
  const std::size_t size = file.find("/Size 3");
  file.replace(size, 7, "/Size 9");
  EXPECT_EQ(test::codes_of(test::inspected(base::as_bytes(file))), std::set<std::string>{"format.no_signature"});
}

TEST(PdfScenarios, TheTimeThatIsClaimedIsRead) {
  EXPECT_TRUE(test::inspected(test::document("pdf-cades")).signatures.at(0).claimed_signing_time.has_value());
}

}  // namespace
}  // namespace tanba::pdf
