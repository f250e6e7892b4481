#include "server/health.h"

#include <pthread.h>

#include <algorithm>

namespace tanba::server {

Readiness::Readiness(std::vector<Check> checks, Pace pace)
    : checks_(std::move(checks)), pace_(pace), results_(checks_.size()) {
  threads_.reserve(checks_.size() + 1);
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    threads_.emplace_back([this, i] { ask_again_and_again(i); });
  }
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, pace_.max_age, [this] {
    return std::ranges::all_of(results_, [](const Result& result) { return result.answer.has_value(); });
  });
  const auto now = Steady::now();
  for (Result& result : results_) result.told_ok = status_of(result, now).has_value();
  lock.unlock();
  threads_.emplace_back([this] { watch(); });
}

Readiness::~Readiness() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Readiness::on_change(Listener listener) {
  const std::scoped_lock lock(mutex_);
  listener_ = std::move(listener);
}

void Readiness::ask_again_and_again(std::size_t check) {
  ::pthread_setname_np(::pthread_self(), "readiness");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    base::Status status = checks_[check].ask();
    lock.lock();
    results_[check].answer = std::move(status);
    results_[check].answered = Steady::now();
    lock.unlock();
    answered_.notify_all();
    lock.lock();
    wake_.wait_for(lock, pace_.interval, [this] { return ending_; });
  }
}

// Tells of what changed: by an answer, and by one that did not come.
void Readiness::watch() {
  ::pthread_setname_np(::pthread_self(), "readiness");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    tell_changes();
    lock.lock();
    wake_.wait_for(lock, pace_.interval, [this] { return ending_; });
  }
}

void Readiness::tell_changes() {
  std::vector<std::pair<std::string, base::Status>> changes;
  Listener tell;
  {
    const std::scoped_lock lock(mutex_);
    tell = listener_;
    const auto now = Steady::now();
    for (std::size_t i = 0; i < checks_.size(); ++i) {
      base::Status status = status_of(results_[i], now);
      if (results_[i].told_ok == status.has_value()) continue;
      results_[i].told_ok = status.has_value();
      changes.emplace_back(checks_[i].name, std::move(status));
    }
  }
  if (!tell) return;
  for (const auto& [name, status] : changes) tell(name, status);
}

base::Status Readiness::status_of(const Result& result, Steady::time_point now) const {
  if (!result.answer) return base::fail(base::Code::kServerDeadline, "it has not answered yet");
  if (now - result.answered > pace_.max_age) return base::fail(base::Code::kServerDeadline, "its last answer is old");
  return *result.answer;
}

Readiness::State Readiness::state() const {
  const std::scoped_lock lock(mutex_);
  const auto now = Steady::now();
  const bool ready = !stopping_.load() && std::ranges::all_of(results_, [&](const Result& result) {
    return status_of(result, now).has_value();
  });
  return ready ? State::kReady : State::kNotReady;
}

boost::json::object Readiness::document() const {
  const std::scoped_lock lock(mutex_);
  const auto now = Steady::now();
  boost::json::object out;
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    const base::Status status = status_of(results_[i], now);
    boost::json::object& check = out[checks_[i].name].emplace_object();
    check["status"] = status ? "ok" : "failed";
    if (!status) check["code"] = base::dotted(status.error().code());
  }
  return out;
}

}  // namespace tanba::server
