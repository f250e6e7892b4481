// The end of a stop that does not end: a database, a key server or a token may hang.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tanba::base {

// Ends the process with kExitStopDeadline when its time is over, unless it is destroyed before: a database or a key
// server that hangs inside a call cannot be made to return. Nothing that was acknowledged is lost by that, as by any
// kill.
inline constexpr int kExitStopDeadline = 75;  // EX_TEMPFAIL
class StopDeadline {
 public:
  // `say` is called before the end, on a thread of its own.
  StopDeadline(std::chrono::milliseconds after, std::function<void()> say);
  ~StopDeadline();
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

 private:
  void run();
  const std::chrono::milliseconds after_;
  const std::function<void()> say_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tanba::base
