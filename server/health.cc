#include "server/health.h"

#include <pthread.h>

#include <algorithm>

namespace tanba::server {

Readiness::Readiness(std::vector<Check> checks, std::chrono::milliseconds interval)
    : checks_(std::move(checks)), interval_(interval), results_(checks_.size()) {
  ask_all();
  thread_ = std::thread([this] { run(); });
}

Readiness::~Readiness() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Readiness::on_change(Listener listener) {
  const std::scoped_lock lock(mutex_);
  listener_ = std::move(listener);
}

void Readiness::ask_all() {
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    base::Status status = checks_[i].ask();
    Listener tell;
    {
      const std::scoped_lock lock(mutex_);
      if (results_[i].has_value() != status.has_value()) tell = listener_;
      results_[i] = status;
    }
    if (tell) tell(checks_[i].name, status);
  }
}

void Readiness::run() {
  ::pthread_setname_np(::pthread_self(), "readiness");
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return ending_; })) {
    lock.unlock();
    ask_all();
    lock.lock();
  }
}

Readiness::State Readiness::state() const {
  const std::scoped_lock lock(mutex_);
  const bool ready = !stopping_.load() && std::ranges::all_of(results_, &base::Status::has_value);
  return ready ? State::kReady : State::kNotReady;
}

boost::json::object Readiness::document() const {
  const std::scoped_lock lock(mutex_);
  boost::json::object out;
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    boost::json::object& check = out[checks_[i].name].emplace_object();
    check["status"] = results_[i] ? "ok" : "failed";
    if (!results_[i]) check["code"] = base::dotted(results_[i].error().code());
  }
  return out;
}

}  // namespace tanba::server
