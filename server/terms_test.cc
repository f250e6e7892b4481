#include "server/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tanba::server {
namespace {

using std::chrono::year;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config real(const std::string& more) {
  const std::string least =
      "host = \"tanba.example.kz\"\n"
      "[[anchor]]\nfile = \"a.pem\"\npurposes = [\"applicant\"]\n"
      "[licensors]\noil-gas = \"100440000212\"\nindustry = \"100440000311\"\n"
      "ecology = \"100440000410\"\nmonopolies = \"100440000517\"\n";
  return *normalise(*parse_config(least + more), "/etc/tanba");
}

base::Time at(const char* text) {
  return *base::parse_time(text);
}

TEST(Terms, AYearWithoutCalendarIsMissedBeforeItBegins) {
  const Config none = real("");
  EXPECT_THAT(years_without_calendar(none, at("2026-06-15T00:00:00Z")), ElementsAre(year(2026)));
  EXPECT_THAT(years_without_calendar(none, at("2026-11-28T00:00:00Z")), ElementsAre(year(2026), year(2027)));
  const Config one = real("[[calendar]]\nyear = 2026\n");
  EXPECT_THAT(years_without_calendar(one, at("2026-10-01T00:00:00Z")), IsEmpty());
  EXPECT_THAT(years_without_calendar(one, at("2026-10-05T00:00:00Z")), ElementsAre(year(2027)));
  // The year begins when it does in Kazakhstan.
  EXPECT_THAT(years_without_calendar(one, at("2026-12-31T18:59:59Z")), ElementsAre(year(2027)));
  const Config other = real("[[calendar]]\nyear = 2027\n");
  EXPECT_THAT(years_without_calendar(other, at("2026-12-31T18:59:59Z")), ElementsAre(year(2026)));
  EXPECT_THAT(years_without_calendar(other, at("2026-12-31T19:00:00Z")), IsEmpty());
}

TEST(Terms, DemoModeMissesNoCalendar) {
  Config demo = real("");
  demo.mode = Mode::kDemo;
  EXPECT_THAT(years_without_calendar(demo, at("2026-11-28T00:00:00Z")), IsEmpty());
}

TEST(Terms, PeriodsOfTheConfigurationWin) {
  const auto services = make_services(real("[[service]]\nid = \"oil-gas\"\nreissue_days = 3\n"));
  ASSERT_TRUE(services);
  const licensing::DecisionPeriods& periods = services->find("oil-gas")->periods;
  EXPECT_EQ(periods.issue, 15U);
  EXPECT_EQ(periods.reissue, 3U);
  EXPECT_EQ(periods.duplicate, 2U);
  EXPECT_EQ(services->find("arms")->periods, licensing::DecisionPeriods());
}

TEST(Terms, WhatIsInForceIsSaid) {
  const std::string said =
      describe_terms(real("[[calendar]]\nyear = 2026\nfree_days = [\"2026-05-27\"]\nworking_days = [\"2026-05-30\"]\n"
                          "[[service]]\nid = \"ozone\"\nsmall_business_days = 4\n"),
                     at("2026-11-28T00:00:00Z"));
  EXPECT_THAT(said, HasSubstr("calendar 2026\n  free: 2026-01-01 2026-01-02 2026-01-07"));
  EXPECT_THAT(said, HasSubstr(" 2026-05-27 "));
  EXPECT_THAT(said, HasSubstr("worked at weekends: 2026-05-30\n"));
  EXPECT_THAT(said, HasSubstr("calendar 2027 (no [[calendar]]: fixed holidays alone)\n"));
  EXPECT_THAT(said, HasSubstr("  oil-gas: issue 15 reissue 10 duplicate 2\n"));
  EXPECT_THAT(said, HasSubstr("  ozone: issue 10; small business 4\n"));
}

}  // namespace
}  // namespace tanba::server
