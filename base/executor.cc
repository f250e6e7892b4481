#include "base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace tanba::base {

Executor::Executor(Options options) : options_(std::move(options)) {
  const unsigned count = std::max(1U, options_.threads);
  threads_.reserve(count);
  for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
}

Executor::~Executor() {
  stop();
}

Status Executor::post(std::move_only_function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || queue_.size() >= options_.max_queued) return fail(Code::kExecutorFull);
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return {};
}

Status Executor::post_urgent(std::move_only_function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return fail(Code::kServerStopping);
    queue_.push_front(std::move(task));
  }
  wake_.notify_one();
  return {};
}

std::size_t Executor::queued() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

void Executor::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Executor::run() {
  ::pthread_setname_np(::pthread_self(), options_.name.substr(0, 15).c_str());
  const std::shared_ptr<void> kept = options_.on_thread_start ? options_.on_thread_start() : nullptr;
  for (;;) {
    std::move_only_function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    run_one(task);
  }
}

// A fault ends the task, never the process: whoever waits for an answer gets one when what the task held is dropped.
void Executor::run_one(std::move_only_function<void()>& task) {
  std::string what = "not a std::exception";
  try {
    return task();
  } catch (const std::exception& fault) {
    what = fault.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): reported below
  }
  if (options_.on_fault) options_.on_fault(what);
}

}  // namespace tanba::base
