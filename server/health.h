// Whether the daemon can do its work: its dependencies, asked regularly on a thread of their own, so that asking
// /readyz costs nothing and a slow dependency holds up nobody.
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
  // Asks all once before it returns, then again every `interval`.
  Readiness(std::vector<Check> checks, std::chrono::milliseconds interval);
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
  void run();
  void ask_all();
  const std::vector<Check> checks_;
  const std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<base::Status> results_;
  Listener listener_;
  bool ending_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tanba::server
