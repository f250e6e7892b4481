#include "verify/evidence/breaker.h"

namespace tanba::verify::evidence {

std::string_view to_string(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      break;
  }
  return "half-open";
}

BreakerState Breaker::state(Time now) const {
  if (!open_) return BreakerState::kClosed;
  return now < until_ ? BreakerState::kOpen : BreakerState::kHalfOpen;
}

bool Breaker::admit(Time now) {
  switch (state(now)) {
    case BreakerState::kClosed:
      return true;
    case BreakerState::kOpen:
      return false;
    case BreakerState::kHalfOpen:
      break;
  }
  if (trying_ && now - try_began_ < options_.longest_try) return false;
  trying_ = true;
  try_began_ = now;
  return true;
}

void Breaker::succeeded() {
  failures_ = 0;
  open_ = false;
  trying_ = false;
}

void Breaker::failed(Time now, double jitter) {
  if (failures_ < 1'000'000) ++failures_;
  trying_ = false;
  if (failures_ < options_.failures_to_open) return;
  // Answers to what was asked before it opened come in one after another: they are one outage, not many.
  if (open_ && now < until_) return;
  open_ = true;
  const unsigned doublings = std::min(failures_ - options_.failures_to_open, 20U);
  const Duration whole = std::min(options_.longest_pause, options_.first_pause * (Duration::rep{1} << doublings));
  const double share = 0.5 + std::clamp(jitter, 0.0, 1.0) / 2;
  until_ = now + std::chrono::duration_cast<Duration>(whole * share);
}

}  // namespace tanba::verify::evidence
