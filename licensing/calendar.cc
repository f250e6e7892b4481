#include "licensing/calendar.h"

#include <utility>

namespace tanba::licensing {

using std::chrono::days;
using std::chrono::weekday;
using std::chrono::year_month_day;

namespace {

bool on_weekend(Date date) {
  const weekday day(date);
  return day == std::chrono::Saturday || day == std::chrono::Sunday;
}

}  // namespace

std::string format_date(Date date) {
  return base::format_time(base::Time(date)).substr(0, 10);
}

base::Result<Date> parse_date(std::string_view text) {
  constexpr std::size_t kDateLength = 10;
  if (text.size() != kDateLength) return base::fail(base::Code::kInputTime, {{"value", std::string(text)}});
  TANBA_TRY(const base::Time time, base::parse_time(text));
  return std::chrono::floor<days>(time);
}

CalendarData default_calendar() {
  using namespace std::chrono;
  CalendarData data;
  const auto add = [&data](month m, std::initializer_list<unsigned> days_of_month, WeekendRule rule) {
    for (const unsigned d : days_of_month) data.yearly.push_back({month_day(m, day(d)), rule});
  };
  constexpr auto kMoved = WeekendRule::kNextWorkingDayIsFree;
  add(January, {1, 2}, kMoved);           // New Year
  add(January, {7}, WeekendRule::kLost);  // Orthodox Christmas
  add(March, {8}, kMoved);                // Women's Day
  add(March, {21, 22, 23}, kMoved);       // Nauryz
  add(May, {1, 7, 9}, kMoved);            // Unity, Defenders, Victory
  add(July, {6}, kMoved);                 // Capital
  add(August, {30}, kMoved);              // Constitution
  add(October, {25}, kMoved);             // Republic
  add(December, {16}, kMoved);            // Independence
  return data;
}

WorkingCalendar::WorkingCalendar(CalendarData data)
    : data_(std::move(data)),
      free_days_(data_.free_days.begin(), data_.free_days.end()),
      working_days_(data_.working_days.begin(), data_.working_days.end()) {}

const YearlyHoliday* WorkingCalendar::holiday_on(Date date) const {
  const year_month_day split(date);
  for (const YearlyHoliday& holiday : data_.yearly) {
    if (holiday.day == split.month() / split.day()) return &holiday;
  }
  return nullptr;
}

// A day's kind by weekend, table and configuration, before holidays on weekends are made up for.
DayKind WorkingCalendar::own_kind_of(Date date) const {
  if (working_days_.contains(date)) return DayKind::kWorking;
  return on_weekend(date) || free_days_.contains(date) || holiday_on(date) != nullptr ? DayKind::kFree
                                                                                      : DayKind::kWorking;
}

// Each holiday of the unbroken run of free days before this one that fell on a weekend frees one working day after the
// run: walk back over the run, count what it owes and what it paid already.
DayKind WorkingCalendar::freed_by_weekend_holiday(Date date) const {
  constexpr int kLongestRun = 21;  // days; the longest in the calendar is Nauryz with weekends around it
  Date start = date;
  for (int i = 0; i < kLongestRun; ++i) start -= days(1);
  int owed = 0;
  for (Date day = start; day < date; day += days(1)) {
    if (own_kind_of(day) == DayKind::kFree) {
      const YearlyHoliday* holiday = holiday_on(day);
      if (holiday != nullptr && on_weekend(day) && holiday->on_weekend == WeekendRule::kNextWorkingDayIsFree) ++owed;
    } else if (owed > 0 && !working_days_.contains(day)) {
      --owed;  // this day was freed
    }
  }
  return owed > 0 ? DayKind::kFree : DayKind::kWorking;
}

DayKind WorkingCalendar::kind_of(Date date) const {
  if (own_kind_of(date) == DayKind::kFree) return DayKind::kFree;
  if (working_days_.contains(date)) return DayKind::kWorking;
  return freed_by_weekend_holiday(date);
}

UnusualDays WorkingCalendar::unusual_days(std::chrono::year year) const {
  UnusualDays out;
  const Date end(year / std::chrono::December / 31);
  for (Date date(year / std::chrono::January / 1); date <= end; date += days(1)) {
    const bool is_free = kind_of(date) == DayKind::kFree;
    if (is_free && !on_weekend(date)) out.free_weekdays.push_back(date);
    if (!is_free && on_weekend(date)) out.worked_weekends.push_back(date);
  }
  return out;
}

Date WorkingCalendar::local_date(base::Time time) const {
  return std::chrono::floor<days>(time + data_.utc_offset);
}

base::Time WorkingCalendar::start_of(Date date) const {
  return base::Time(date) - data_.utc_offset;
}

Date WorkingCalendar::due_date(base::Time registered_at, unsigned working_days) const {
  Date date = local_date(registered_at);
  constexpr int kLongestFreeRun = 60;  // days: a configuration in which no day works must not hang the service
  const auto to_working_day = [&] {
    for (int i = 0; i < kLongestFreeRun && kind_of(date) == DayKind::kFree; ++i) date += days(1);
  };
  to_working_day();
  for (unsigned i = 0; i < working_days; ++i) {
    date += days(1);
    to_working_day();
  }
  return date;
}

}  // namespace tanba::licensing
