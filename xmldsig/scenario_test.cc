// The demo authority's XML documents, made by xmlsec1 or by hand: every one whose outcome is decided by the document
// alone must give its code here, every other one must be without fault.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include "xmldsig/test_support.h"

namespace tanba::xmldsig {
namespace {

using testing::UnitTest;

// Codes that inspection gives; the others need trust, time or a policy.
bool is_of_inspection(std::string_view code) {
  if (code == "wsse.expired" || code == "wsse.not_yet_valid") return false;
  for (const std::string_view prefix : {"xml.", "wsse.", "limit.", "format.", "digest.", "signature."}) {
    if (code.starts_with(prefix)) return true;
  }
  return code ==
         "algorithm.mismatch";  // method and key of different kinds; whether one is allowed is the policy's matter
}

boost::json::value description_of(const std::filesystem::path& folder) {
  return boost::json::parse(base::as_text(test::read(folder / "scenario.json")));
}

// Of the scenarios whose document is XML.
std::vector<std::filesystem::path> folders_of_xml() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(test::made("scenarios"))) {
    if (std::filesystem::exists(entry.path() / "document.xml")) out.push_back(entry.path());
  }
  return out;
}

TEST(Scenarios, EachGivesItsCodeOrNone) {
  const auto context = test::make_context();
  std::size_t seen = 0;
  for (const auto& folder : folders_of_xml()) {
    const auto scenario = description_of(folder);
    const std::string expected(scenario.at("expected").at("code").as_string());
    const auto codes = test::codes_of(test::facts_of(*context, test::read(folder / "document.xml")));
    if (is_of_inspection(expected)) {
      EXPECT_TRUE(std::ranges::find(codes, expected) != codes.end())
          << folder.filename() << " wants " << expected << ", got " << testing::PrintToString(codes);
    } else {
      EXPECT_TRUE(codes.empty()) << folder.filename() << ": " << testing::PrintToString(codes);
    }
    ++seen;
  }
  EXPECT_GE(seen, 60U);
}

// Each counter-signature's first code, where inspection gives it: nobody's is taken for one that holds.
TEST(Scenarios, CounterSignaturesGiveTheirCodes) {
  const auto context = test::make_context();
  std::size_t seen = 0;
  for (const auto& folder : folders_of_xml()) {
    std::vector<std::string> expected;
    const auto scenario = description_of(folder);
    for (const auto& code : scenario.at("counterSignatures").as_array()) {
      expected.emplace_back(is_of_inspection(code.as_string()) ? std::string(code.as_string()) : std::string());
    }
    std::vector<std::string> found;
    for (const auto& signature : test::facts_of(*context, test::read(folder / "document.xml")).signatures) {
      for (const auto& one : signature.counter_signatures) {
        found.emplace_back(test::most_telling(one.errors));
        EXPECT_TRUE(one.certificate || !one.errors.empty()) << folder.filename();
      }
    }
    EXPECT_EQ(found, expected) << folder.filename();
    seen += expected.empty() ? 0 : 1;
  }
  EXPECT_GE(seen, 20U);
}

// What anybody may have added uses up nothing that the signatures may cost.
TEST(Scenarios, CounterSignaturesCostNothingThatTheSignaturesNeed) {
  const auto folder = test::made("scenarios");
  const auto context = test::make_context();
  base::Limits limits;
  limits.max_public_key_operations = 2;
  const auto facts = test::facts_of(*context, test::read(folder / "xml-countersigned-first-part/document.xml"), limits);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  ASSERT_EQ(facts.signatures.size(), 2U);
  ASSERT_EQ(facts.signatures[0].counter_signatures.size(), 1U);
  EXPECT_EQ(test::most_telling(facts.signatures[0].counter_signatures[0].errors), "limit.cost");
}

}  // namespace
}  // namespace tanba::xmldsig
