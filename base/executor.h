// Threads with a bounded queue: what does not fit is refused at once, never queued without end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"

namespace tanba::base {

class Executor {
 public:
  struct Options {
    std::string name;  // shows as thread name, at most 15 characters
    unsigned threads = 1;
    std::size_t max_queued = 1024;
    // Runs first in each thread (a thread's own OpenSSL library context, a database session, ...); what it returns
    // lives until the thread ends.
    std::function<std::shared_ptr<void>()> on_thread_start;
    // Told, on its thread, what a task threw; the next task follows. What the task held is gone by then or goes with
    // it.
    std::function<void(std::string_view what)> on_fault = {};
  };
  explicit Executor(Options options);
  // Finishes what was accepted, then joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // executor.full when the queue is full or the executor is stopping. The task runs exactly once if accepted.
  [[nodiscard]] Status post(std::move_only_function<void()> task);
  // The next part of work that was accepted before: goes to the front and past the limit, so that what was begun can
  // be finished. Refused only when the executor is stopping.
  [[nodiscard]] Status post_urgent(std::move_only_function<void()> task);
  [[nodiscard]] std::size_t queued() const;
  // Accepts nothing more, finishes what was accepted, joins.
  void stop();

 private:
  void run();
  void run_one(std::move_only_function<void()>& task);
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tanba::base
