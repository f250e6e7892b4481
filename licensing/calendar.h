// Kazakhstan's working days. Weekends, holidays and transferred days are configuration; the defaults below hold the
// fixed days only, since transfers and Kurban-ait are set anew each year.
#pragma once

#include <chrono>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tanba::licensing {

using Date = std::chrono::sys_days;  // a day of the local calendar, as in 2026-03-21

// YYYY-MM-DD.
[[nodiscard]] std::string format_date(Date date);
[[nodiscard]] base::Result<Date> parse_date(std::string_view text);

enum class WeekendRule {
  kNextWorkingDayIsFree,  // Labour Code, article 85: a holiday on a weekend frees the next working day
  kLost,                  // days off that are no state or national holiday (7 January)
};
struct YearlyHoliday {
  std::chrono::month_day day;
  WeekendRule on_weekend = WeekendRule::kNextWorkingDayIsFree;
};

struct CalendarData {
  base::Seconds utc_offset = std::chrono::hours(5);  // the whole country since 2024-03-01
  std::vector<YearlyHoliday> yearly;
  std::vector<Date> free_days;     // single days off: Kurban-ait, days transferred to
  std::vector<Date> working_days;  // weekend days worked instead; win over everything else
};
[[nodiscard]] CalendarData default_calendar();

// Port: whoever knows the working days.
class Calendar {
 public:
  virtual ~Calendar() = default;
  // The last day of a period of this many working days. The day of registration does not count; registration on a free
  // day counts as on the next working day.
  [[nodiscard]] virtual Date due_date(base::Time registered_at, unsigned working_days) const = 0;
  // The local date at this moment.
  [[nodiscard]] virtual Date local_date(base::Time time) const = 0;
  // The moment at which this local day begins.
  [[nodiscard]] virtual base::Time start_of(Date date) const = 0;
};

enum class DayKind { kWorking, kFree };

// The days of a year that are otherwise than a plain week has them.
struct UnusualDays {
  std::vector<Date> free_weekdays;
  std::vector<Date> worked_weekends;
};

class WorkingCalendar final : public Calendar {
 public:
  explicit WorkingCalendar(CalendarData data);
  [[nodiscard]] Date due_date(base::Time registered_at, unsigned working_days) const override;
  [[nodiscard]] Date local_date(base::Time time) const override;
  [[nodiscard]] base::Time start_of(Date date) const override;
  [[nodiscard]] DayKind kind_of(Date date) const;
  [[nodiscard]] UnusualDays unusual_days(std::chrono::year year) const;

 private:
  [[nodiscard]] DayKind own_kind_of(Date date) const;
  [[nodiscard]] const YearlyHoliday* holiday_on(Date date) const;
  [[nodiscard]] DayKind freed_by_weekend_holiday(Date date) const;
  CalendarData data_;
  std::set<Date> free_days_;
  std::set<Date> working_days_;
};

}  // namespace tanba::licensing
