// Time is passed in: nothing below the programs' main reads the system's clock.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tanba::base {

using Time = std::chrono::sys_seconds;  // UTC; the resolution of X.509, OCSP and our reports
using Seconds = std::chrono::seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
};

// For tests and for `--at`.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(Time now) : now_(now) {}
  [[nodiscard]] Time now() const override { return now_.load(); }
  void set(Time now) { now_.store(now); }

 private:
  std::atomic<Time> now_;
};

// RFC 3339 in UTC: 2026-11-22T04:18:50Z.
[[nodiscard]] std::string format_time(Time time);
// RFC 3339 date-time with any offset and optional fraction (cut off), or a full-date alone, which is its 00:00:00Z.
[[nodiscard]] Result<Time> parse_time(std::string_view text);

}  // namespace tanba::base
