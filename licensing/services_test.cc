#include "licensing/services.h"

#include <gtest/gtest.h>

#include "licensing/calendar.h"
#include "licensing/states.h"
#include "licensing/testing.h"

namespace tanba::licensing {
namespace {

using base::Code;

TEST(Services, TheTenOfTheTexts) {
  const auto services = Services::make(default_services());
  ASSERT_TRUE(services) << services.error().message();
  ASSERT_EQ(services->all().size(), 10U);
  const Service* oil_gas = services->find("oil-gas");
  ASSERT_NE(oil_gas, nullptr);
  EXPECT_EQ(oil_gas->payment, PaymentRule::kFeeOrReceipt);
  EXPECT_EQ(oil_gas->working_days_for(Action::kIssue, BusinessSize::kOther), 15U);
  EXPECT_EQ(oil_gas->working_days_for(Action::kReissue, BusinessSize::kSmall), 10U);
  EXPECT_EQ(oil_gas->working_days_for(Action::kDuplicate, BusinessSize::kOther), 2U);
  const Service* ozone = services->find("ozone");
  EXPECT_EQ(ozone->register_kind, RegisterKind::kPermit);
  EXPECT_EQ(ozone->payment, PaymentRule::kNone);
  EXPECT_EQ(ozone->working_days_for(Action::kIssue, BusinessSize::kSmall), 5U);
  EXPECT_EQ(ozone->working_days_for(Action::kIssue, BusinessSize::kOther), 10U);
  EXPECT_EQ(services->of_licensor(testing::kIndustryBin).size(), 6U);
  EXPECT_EQ(services->find("fishing"), nullptr);
}

TEST(Services, ConfigurationIsCheckedThingByThing) {
  const auto refused_after = [](auto breaking) {
    auto services = default_services();
    breaking(services);
    const auto made = Services::make(std::move(services));
    return !made && made.error().code() == Code::kConfigInvalid;
  };
  EXPECT_TRUE(refused_after([](auto& s) { s[1].id = s[0].id; }));
  EXPECT_TRUE(refused_after([](auto& s) { s[1].code = s[0].code; }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].id = "Oil Gas"; }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].code = 100; }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].licensor_bin = "123456789021"; }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].name.kk.clear(); }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].channels.clear(); }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].actions.clear(); }));
  EXPECT_TRUE(refused_after([](auto& s) { s[0].periods.issue = 0; }));
  EXPECT_FALSE(refused_after([](auto&) {}));
}

TEST(Services, AnotherLicensorTakesOverAllItsServices) {
  auto services = default_services();
  ASSERT_TRUE(set_licensor(services, "industry", "941240000193"));
  EXPECT_EQ(Services::make(services)->of_licensor("941240000193").size(), 6U);
  EXPECT_EQ(set_licensor(services, "fishing", "941240000193").error().code(), Code::kConfigInvalid);
}

TEST(Words, EveryWordReadsBackAndOthersDoNot) {
  for (const auto value : {Channel::kPortal, Channel::kLicensor, Channel::kCentre}) {
    EXPECT_EQ(parse_word<Channel>(to_string(value), "channel"), value);
  }
  for (const auto value : {IntentState::kPrepared, IntentState::kApproved, IntentState::kSigning,
                           IntentState::kCommitted, IntentState::kAbandoned, IntentState::kVoided}) {
    EXPECT_EQ(parse_word<IntentState>(to_string(value), "state"), value);
  }
  EXPECT_EQ(parse_word<Action>("Issue", "action").error().code(), Code::kInputMember);
}

Date day(const char* text) {
  return *parse_date(text);
}

TEST(Calendar, WeekendsHolidaysAndWhatTheyFree) {
  const WorkingCalendar calendar(default_calendar());
  EXPECT_EQ(calendar.kind_of(day("2026-05-28")), DayKind::kWorking);
  EXPECT_EQ(calendar.kind_of(day("2026-05-30")), DayKind::kFree);  // Saturday
  EXPECT_EQ(calendar.kind_of(day("2026-12-16")), DayKind::kFree);  // Independence Day
  EXPECT_EQ(calendar.kind_of(day("2022-05-10")), DayKind::kFree);  // for 7 May, a Saturday; 9 May is itself a holiday
  EXPECT_EQ(calendar.kind_of(day("2022-05-11")), DayKind::kWorking);
  EXPECT_EQ(calendar.kind_of(day("2020-03-24")), DayKind::kFree);  // Nauryz on a weekend frees two days
  EXPECT_EQ(calendar.kind_of(day("2020-03-25")), DayKind::kFree);
  EXPECT_EQ(calendar.kind_of(day("2020-03-26")), DayKind::kWorking);
  EXPECT_EQ(calendar.kind_of(day("2023-01-09")), DayKind::kWorking);  // 7 January on a Saturday is lost
}

TEST(Calendar, ConfiguredDaysWin) {
  CalendarData data = default_calendar();
  data.free_days = {day("2026-05-27")};     // Kurban-ait
  data.working_days = {day("2026-05-30")};  // a Saturday worked instead of another day
  const WorkingCalendar calendar(data);
  EXPECT_EQ(calendar.kind_of(day("2026-05-27")), DayKind::kFree);
  EXPECT_EQ(calendar.kind_of(day("2026-05-30")), DayKind::kWorking);
}

TEST(Calendar, PeriodsCountFromTheNextWorkingDay) {
  const WorkingCalendar calendar(default_calendar());
  const auto due = [&](const char* time, unsigned days) {
    return format_date(calendar.due_date(*base::parse_time(time), days));
  };
  EXPECT_EQ(due("2026-05-25T06:00:00Z", 2), "2026-05-27");  // Monday
  EXPECT_EQ(due("2026-05-29T06:00:00Z", 1), "2026-06-01");  // Friday
  EXPECT_EQ(due("2026-05-30T06:00:00Z", 1), "2026-06-02");  // Saturday counts as Monday
  EXPECT_EQ(due("2026-05-28T18:59:59Z", 1), "2026-05-29");  // still the 28th in Kazakhstan
  EXPECT_EQ(due("2026-05-28T19:00:00Z", 1), "2026-06-01");  // the 29th there
  EXPECT_EQ(due("2026-05-28T06:00:00Z", 15), "2026-06-18");
}

// What is set for a year counts in that year, on either side of its border.
TEST(Calendar, PeriodsOverTheEndOfAYearCountBothYearsDays) {
  CalendarData data = default_calendar();
  const auto due = [&](unsigned days) {
    return format_date(WorkingCalendar(data).due_date(*base::parse_time("2025-12-29T06:00:00Z"), days));  // Monday
  };
  EXPECT_EQ(due(2), "2025-12-31");
  EXPECT_EQ(due(3), "2026-01-05");  // 1 and 2 January, and a weekend
  data.free_days = {day("2026-01-05")};
  EXPECT_EQ(due(3), "2026-01-06");
  data.free_days.push_back(day("2025-12-31"));
  EXPECT_EQ(due(2), "2026-01-06");
  data.working_days = {day("2026-01-03")};  // a Saturday
  EXPECT_EQ(due(2), "2026-01-03");
  data.working_days.push_back(day("2026-01-01"));  // a holiday that is worked
  EXPECT_EQ(due(2), "2026-01-01");
}

// 1 January 2028 is a Saturday, 2 January a Sunday: two days of January are free for them, none of December.
TEST(Calendar, HolidaysOnAWeekendAtTheBorderFreeDaysAfterIt) {
  const UnusualDays days = WorkingCalendar(default_calendar()).unusual_days(std::chrono::year(2028));
  ASSERT_GE(days.free_weekdays.size(), 3U);
  EXPECT_EQ(format_date(days.free_weekdays[0]), "2028-01-03");
  EXPECT_EQ(format_date(days.free_weekdays[1]), "2028-01-04");
  EXPECT_EQ(format_date(days.free_weekdays[2]), "2028-01-07");
  EXPECT_TRUE(days.worked_weekends.empty());
  EXPECT_EQ(WorkingCalendar(default_calendar()).kind_of(day("2027-12-31")), DayKind::kWorking);
}

TEST(Calendar, AYearShowsWhatIsOtherwiseThanItsWeeks) {
  CalendarData data = default_calendar();
  data.free_days = {day("2026-05-27"), day("2026-05-31")};  // Kurban-ait, and a Sunday, free anyway
  data.working_days = {day("2026-05-30")};
  const UnusualDays days = WorkingCalendar(data).unusual_days(std::chrono::year(2026));
  EXPECT_EQ(std::ranges::count(days.free_weekdays, day("2026-05-27")), 1);
  EXPECT_EQ(std::ranges::count(days.free_weekdays, day("2026-05-31")), 0);
  EXPECT_EQ(days.worked_weekends, std::vector{day("2026-05-30")});
}

TEST(Calendar, ACalendarWithoutWorkingDaysEnds) {
  CalendarData data;
  for (Date date = day("2026-01-01"); date < day("2029-01-01"); date += std::chrono::days(1))
    data.free_days.push_back(date);
  EXPECT_GT(WorkingCalendar(data).due_date(testing::kNow, 15), day("2026-05-28"));
}

TEST(Calendar, DatesAreReadStrictly) {
  EXPECT_EQ(format_date(day("2024-02-29")), "2024-02-29");
  for (const char* text : {"", "2025-02-29", "2025-2-03", "2025-02-03Z", "2025-02-03T00:00:00Z"}) {
    EXPECT_EQ(parse_date(text).error().code(), Code::kInputTime) << text;
  }
}

TEST(States, ApplicationsAreDecidedOnceAfterReview) {
  using enum ApplicationState;
  EXPECT_TRUE(check_application_step("A", kRegistered, kInReview));
  EXPECT_TRUE(check_application_step("A", kInReview, kGranted));
  EXPECT_TRUE(check_application_step("A", kInReview, kRefused));
  EXPECT_EQ(check_application_step("A", kRegistered, kGranted).error().code(), Code::kRegistryState);
  EXPECT_FALSE(check_application_step("A", kGranted, kRefused));
  EXPECT_FALSE(check_application_step("A", kRefused, kInReview));
  EXPECT_FALSE(check_application_step("A", kInReview, kRegistered));
}

TEST(States, LicencesEndOnce) {
  using S = LicenceState;
  using E = LicenceEvent;
  EXPECT_EQ(licence_after("L", S::kActive, E::kSuspended), S::kSuspended);
  EXPECT_EQ(licence_after("L", S::kSuspended, E::kResumed), S::kActive);
  EXPECT_EQ(licence_after("L", S::kSuspended, E::kTerminated), S::kTerminated);
  EXPECT_EQ(licence_after("L", S::kActive, E::kReplaced), S::kReplaced);
  EXPECT_EQ(licence_after("L", S::kActive, E::kResumed).error().code(), Code::kRegistryState);
  EXPECT_FALSE(licence_after("L", S::kTerminated, E::kResumed));
  EXPECT_FALSE(licence_after("L", S::kReplaced, E::kTerminated));
  EXPECT_FALSE(licence_after("L", S::kSuspended, E::kSuspended));
  EXPECT_FALSE(licence_after("L", S::kSuspended, E::kReplaced)) << "a way around the suspension";
  EXPECT_FALSE(licence_after("L", S::kActive, E::kIssued));
}

TEST(States, IntentsNeedApprovalBeforeTheKeyServerSigns) {
  using enum IntentState;
  constexpr auto kOwn = SigningMode::kWorkstation;
  constexpr auto kServer = SigningMode::kKeyd;
  EXPECT_TRUE(check_intent_step("i", kServer, kPrepared, kApproved));
  EXPECT_TRUE(check_intent_step("i", kServer, kApproved, kSigning));
  EXPECT_EQ(check_intent_step("i", kServer, kPrepared, kSigning).error().code(), Code::kIntentState);
  EXPECT_TRUE(check_intent_step("i", kServer, kSigning, kPrepared));
  EXPECT_FALSE(check_intent_step("i", kServer, kCommitted, kPrepared));
  EXPECT_FALSE(check_intent_step("i", kOwn, kSigning, kPrepared));
  EXPECT_TRUE(check_intent_step("i", kOwn, kPrepared, kSigning));
  EXPECT_TRUE(check_intent_step("i", kOwn, kSigning, kCommitted));
  EXPECT_FALSE(check_intent_step("i", kOwn, kPrepared, kCommitted));
  EXPECT_TRUE(check_intent_step("i", kOwn, kSigning, kAbandoned));
  EXPECT_FALSE(check_intent_step("i", kOwn, kCommitted, kAbandoned));
  EXPECT_FALSE(check_intent_step("i", kOwn, kAbandoned, kSigning));
  // Only what a key server signed can be signed without being issued.
  EXPECT_TRUE(check_intent_step("i", kServer, kSigning, kVoided));
  EXPECT_FALSE(check_intent_step("i", kServer, kCommitted, kVoided));
  EXPECT_FALSE(check_intent_step("i", kServer, kPrepared, kVoided));
  EXPECT_FALSE(check_intent_step("i", kOwn, kSigning, kVoided));
  EXPECT_FALSE(check_intent_step("i", kServer, kVoided, kCommitted));
  EXPECT_EQ(openness(kVoided), Openness::kClosed);
}

}  // namespace
}  // namespace tanba::licensing
