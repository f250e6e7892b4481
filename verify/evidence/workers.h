// Threads that verify: each with an OpenSSL library context and a path cache of its own.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/executor.h"
#include "pki/context.h"
#include "pki/path.h"

namespace tanba::verify::evidence {

struct Worker {
  std::unique_ptr<pki::Context> context;
  pki::PathCache paths;
};

class Workers {
 public:
  struct Options {
    unsigned threads = 2;
    std::size_t max_queued = 1024;  // what waits longer than a deadline anyway is refused at once instead
    std::function<void(std::string_view what)> on_fault = {};  // what a task threw, on its thread
  };
  // Fails when a library context cannot be made.
  [[nodiscard]] static base::Result<std::unique_ptr<Workers>> start(const Options& options);

  using Task = std::move_only_function<void(Worker&)>;
  // server.busy when the queue is full; otherwise the task runs once, on one of the threads.
  [[nodiscard]] base::Status post(Task task);
  // For what was begun already: goes past the limit of the queue, so that accepted work can always be finished.
  [[nodiscard]] base::Status resume(Task task);
  [[nodiscard]] std::size_t queued() const;
  void stop();

 private:
  Workers() = default;
  std::unique_ptr<base::Executor> executor_;
};

}  // namespace tanba::verify::evidence
