// What the process does to itself: no dumps, nothing handed to children, signals taken in one place.
#pragma once

#include <csignal>
#include <string_view>

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

// sd_notify(3), when the service manager asks for it (NOTIFY_SOCKET): "READY=1", "STOPPING=1".
void notify_service_manager(std::string_view state);

}  // namespace tanba::server
