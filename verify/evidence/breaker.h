// Whether a source is worth asking: closed while it answers, open for a time after it failed several times in a row,
// then half open: one request tries it, and its outcome decides. Pure: time and randomness are passed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace tanba::verify::evidence {

enum class BreakerState : std::uint8_t { kClosed, kOpen, kHalfOpen };
[[nodiscard]] std::string_view to_string(BreakerState state);  // "closed", "open", "half-open"

class Breaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;
  struct Options {
    // One lost answer is a hiccup of the network; three in a row are an outage.
    unsigned failures_to_open = 3;
    // Doubled at each failed try, up to the longest. Callers are told to come back after a minute: by then it was
    // tried.
    Duration first_pause{2000};
    Duration longest_pause{60'000};
    // How long the one try of a half-open breaker may take before another one is let through: its outcome was lost.
    Duration longest_try{150'000};
  };
  Breaker() = default;
  explicit Breaker(const Options& options) : options_(options) {}

  // May the source be asked now? In the half-open state only the first who asks may, and is the try.
  [[nodiscard]] bool admit(Time now);
  void succeeded();
  // `jitter` in [0, 1): pauses lie between half the back-off and the whole of it, so that many daemons that lost one
  // source do not come back to it in one moment.
  void failed(Time now, double jitter);
  // The try came to nothing for reasons of our own: the next one who asks is the try.
  void undecided() { trying_ = false; }

  [[nodiscard]] BreakerState state(Time now) const;
  // When the source may be tried again; meaningful while open.
  [[nodiscard]] Time opens_until() const { return until_; }
  [[nodiscard]] unsigned consecutive_failures() const { return failures_; }

 private:
  Options options_;
  unsigned failures_ = 0;
  bool open_ = false;
  bool trying_ = false;
  Time until_{};
  Time try_began_{};
};

}  // namespace tanba::verify::evidence
