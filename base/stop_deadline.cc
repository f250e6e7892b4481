#include "base/stop_deadline.h"

#include <unistd.h>

#include <utility>

namespace tanba::base {

StopDeadline::StopDeadline(std::chrono::milliseconds after, std::function<void()> say)
    : after_(after), say_(std::move(say)), thread_([this] { run(); }) {}

StopDeadline::~StopDeadline() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void StopDeadline::run() {
  std::unique_lock lock(mutex_);
  if (wake_.wait_for(lock, after_, [this] { return stopped_; })) return;
  say_();
  ::_exit(kExitStopDeadline);
}

}  // namespace tanba::base
