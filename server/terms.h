// Within what time is decided: the services with their periods, and the calendar in which these are counted.
#pragma once

#include <chrono>
#include <set>
#include <string>

#include "licensing/calendar.h"
#include "licensing/services.h"
#include "server/config.h"

namespace tanba::server {

// The services under the configuration's licensors and periods. config.invalid.
[[nodiscard]] base::Result<licensing::Services> make_services(const Config& config);

// Of the years that periods begun within the next kCalendarAhead reach into, those without a [[calendar]]: days that
// are set for one year alone are not known, and are counted as what they otherwise are. None in demo mode.
inline constexpr std::chrono::days kCalendarAhead{90};
[[nodiscard]] std::set<std::chrono::year> years_without_calendar(const Config& config, base::Time now);

// For people: what this year and the next hold beside weekends and working weeks, and each service's periods.
[[nodiscard]] std::string describe_terms(const Config& config, base::Time now);

}  // namespace tanba::server
