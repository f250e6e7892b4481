// What the process does to itself: no dumps, nothing handed to children, signals taken in one place.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace tanba::server {

// Memory holds documents and session tokens: no core dumps, no debugger of the same user, files made for owner and
// group alone, descriptors that were inherited closed at exec. Before any thread.
[[nodiscard]] base::Status harden_process();

// Blocks SIGTERM, SIGINT and SIGHUP for the calling thread and all it starts, and ignores SIGPIPE; wait() then takes
// them one by one.
class Signals {
 public:
  Signals();
  enum class What : std::uint8_t { kStop, kReload };
  [[nodiscard]] What wait() const;

 private:
  sigset_t set_;
};

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

// sd_notify(3), when the service manager asks for it (NOTIFY_SOCKET): "READY=1", "STOPPING=1".
void notify_service_manager(std::string_view state);

}  // namespace tanba::server
