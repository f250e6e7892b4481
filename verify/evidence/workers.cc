#include "verify/evidence/workers.h"

#include <utility>

namespace tanba::verify::evidence {
namespace {

// The worker of the thread that runs a task of the executor; set once when the thread starts.
thread_local Worker* this_thread_worker = nullptr;

std::shared_ptr<void> make_worker() {
  auto context = pki::Context::create();
  if (!context) return nullptr;
  auto worker = std::make_shared<Worker>(Worker{*std::move(context), pki::PathCache()});
  this_thread_worker = worker.get();
  return worker;
}

}  // namespace

base::Result<std::unique_ptr<Workers>> Workers::start(const Options& options) {
  // Fails here, where it can be told, rather than in a thread.
  TANBA_TRY(const auto probe, pki::Context::create());
  std::unique_ptr<Workers> workers(new Workers());
  workers->executor_ = std::make_unique<base::Executor>(base::Executor::Options{.name = "verify",
                                                                                .threads = options.threads,
                                                                                .max_queued = options.max_queued,
                                                                                .on_thread_start = make_worker,
                                                                                .on_fault = options.on_fault});
  return workers;
}

base::Status Workers::post(Task task) {
  return executor_->post([task = std::move(task)]() mutable { task(*this_thread_worker); });
}

base::Status Workers::resume(Task task) {
  return executor_->post_urgent([task = std::move(task)]() mutable { task(*this_thread_worker); });
}

std::size_t Workers::queued() const {
  return executor_->queued();
}

void Workers::stop() {
  executor_->stop();
}

}  // namespace tanba::verify::evidence
