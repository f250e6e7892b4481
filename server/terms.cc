#include "server/terms.h"

#include <fmt/format.h>

#include <iterator>
#include <vector>

namespace tanba::server {
namespace {

using licensing::Date;
using std::chrono::year;
using std::chrono::year_month_day;

year year_of(Date date) {
  return year_month_day(date).year();
}

std::string listed(const std::vector<Date>& dates) {
  std::string out;
  for (const Date date : dates) out += " " + licensing::format_date(date);
  return out.empty() ? " none" : out;
}

bool has_calendar(const Config& config, year which) {
  return config.mode == Mode::kDemo || config.calendar_years.contains(which);
}

}  // namespace

base::Result<licensing::Services> make_services(const Config& config) {
  std::vector<licensing::Service> services = licensing::default_services();
  for (const auto& [key, bin] : config.licensors) TANBA_CHECK(licensing::set_licensor(services, key, bin));
  for (licensing::Service& service : services) {
    const auto own = config.periods.find(service.id);
    if (own != config.periods.end()) service.periods = own->second;
  }
  return licensing::Services::make(std::move(services), config.check_digits);
}

std::set<year> years_without_calendar(const Config& config, base::Time now) {
  const Date today = licensing::WorkingCalendar(config.calendar).local_date(now);
  std::set<year> out{year_of(today), year_of(today + kCalendarAhead)};
  std::erase_if(out, [&](year which) { return has_calendar(config, which); });
  return out;
}

std::string describe_terms(const Config& config, base::Time now) {
  const licensing::WorkingCalendar calendar(config.calendar);
  std::string out;
  auto to = std::back_inserter(out);
  const year first = year_of(calendar.local_date(now));
  for (const year which : {first, first + std::chrono::years(1)}) {
    const licensing::UnusualDays days = calendar.unusual_days(which);
    fmt::format_to(to, "calendar {}{}\n  free:{}\n  worked at weekends:{}\n", static_cast<int>(which),
                   config.calendar_years.contains(which) ? "" : " (no [[calendar]]: fixed holidays alone)",
                   listed(days.free_weekdays), listed(days.worked_weekends));
  }
  const auto services = make_services(config);
  if (!services) return out;
  out += "working days to decide within\n";
  for (const licensing::Service& service : services->all()) {
    fmt::format_to(to, "  {}:", service.id);
    for (const licensing::Action action : service.actions) {
      fmt::format_to(to, " {} {}", licensing::to_string(action),
                     service.working_days_for(action, licensing::BusinessSize::kOther));
    }
    const auto& small = service.periods.small_business;
    out += small ? fmt::format("; small business {}\n", *small) : "\n";
  }
  return out;
}

}  // namespace tanba::server
