// Whether the daemon can do its work: its dependencies, asked regularly, each on a thread of its own, so that asking
// /readyz costs nothing and a slow dependency holds up nobody: no caller, and no other check. An answer counts for so
// long only: a dependency that hangs is one that failed (server.deadline).
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace tanba::server {

class Readiness {
 public:
  struct Check {
    std::string name;
    std::function<base::Status()> ask;  // may block
  };
  struct Pace {
    std::chrono::milliseconds interval;  // between an answer and the next question
    std::chrono::milliseconds max_age;   // of an answer; above interval and the time that a question may take
  };
  [[nodiscard]] static Pace pace(std::chrono::milliseconds interval) { return {interval, 3 * interval}; }
  // Asks all once before it returns, but waits for nobody longer than max_age.
  Readiness(std::vector<Check> checks, Pace pace);
  // Waits for questions under way.
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  enum class State : std::uint8_t { kReady, kNotReady };
  [[nodiscard]] State state() const;
  // {"registry": {"status": "ok"}, "keyd": {"status": "failed", "code": "keyd.unreachable"}}. Codes only: causes name
  // files and hosts and stay in the log.
  [[nodiscard]] boost::json::object document() const;
  // From here on not ready, whatever the checks say.
  void set_stopping() { stopping_.store(true); }
  // Who is told when a check changes its mind.
  using Listener = std::function<void(const std::string& name, const base::Status& status)>;
  void on_change(Listener listener);

 private:
  using Steady = std::chrono::steady_clock;
  struct Result {
    std::optional<base::Status> answer;  // the last one
    Steady::time_point answered;
    bool told_ok = true;  // what the listener knows
  };
  void ask_again_and_again(std::size_t check);
  void watch();
  void tell_changes();
  [[nodiscard]] base::Status status_of(const Result& result, Steady::time_point now) const;  // under the lock

  const std::vector<Check> checks_;
  const Pace pace_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;      // ending
  std::condition_variable answered_;  // somebody answered
  std::vector<Result> results_;
  Listener listener_;
  bool ending_ = false;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace tanba::server
