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
  for (const std::string_view prefix : {"xml.", "limit.", "format.", "digest.", "signature."}) {
    if (code.starts_with(prefix)) return true;
  }
  return code ==
         "algorithm.mismatch";  // method and key of different kinds; whether one is allowed is the policy's matter
}

TEST(Scenarios, EachGivesItsCodeOrNone) {
  const auto folder = test::certs_test("scenarios");
  if (!folder) return;
  const auto context = test::make_context();
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const auto document = entry.path() / "document.xml";
    if (!std::filesystem::exists(document)) continue;
    const base::Bytes description = test::read(entry.path() / "scenario.json");
    const auto scenario = boost::json::parse(base::as_text(description));
    const std::string expected(scenario.at("expected").at("code").as_string());
    const auto codes = test::codes_of(test::facts_of(*context, test::read(document)));
    if (is_of_inspection(expected)) {
      EXPECT_TRUE(std::ranges::find(codes, expected) != codes.end())
          << entry.path().filename() << " wants " << expected << ", got " << testing::PrintToString(codes);
    } else {
      EXPECT_TRUE(codes.empty()) << entry.path().filename() << ": " << testing::PrintToString(codes);
    }
    ++seen;
  }
  EXPECT_GE(seen, 60U);
}

}  // namespace
}  // namespace tanba::xmldsig
