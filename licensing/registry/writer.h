// The one thread that writes: a bounded queue, batches, one commit, then the answers; inside the registry only.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "licensing/registry/transaction.h"

namespace tanba::licensing::registry {

// A command in the queue. apply() may run several times (a batch is tried again after a deadlock); finish() runs once.
class Job {
 public:
  virtual ~Job() = default;
  // Executes inside the transaction and keeps the answer. The status says whether its savepoint is kept.
  virtual base::Status apply(Transaction& transaction) = 0;
  // Answers: with what apply() kept if the batch is committed, with this error otherwise.
  virtual void finish(const std::optional<base::Error>& batch_error) = 0;

  std::chrono::steady_clock::time_point queued_at;
};

template <class Answer>
class JobOf final : public Job {
 public:
  using Apply = std::move_only_function<base::Result<Answer>(Transaction&)>;
  JobOf(Apply apply, Done<Answer> done) : apply_(std::move(apply)), done_(std::move(done)) {}

  base::Status apply(Transaction& transaction) override {
    answer_ = apply_(transaction);
    if (!answer_->has_value()) return std::unexpected(answer_->error());
    return {};
  }
  void finish(const std::optional<base::Error>& batch_error) override {
    if (batch_error) {
      done_(std::unexpected(*batch_error));
    } else {
      done_(*std::move(answer_));
    }
  }

 private:
  Apply apply_;
  Done<Answer> done_;
  std::optional<base::Result<Answer>> answer_;
};

class Writer {
 public:
  struct Options {
    std::size_t max_queued;
    std::size_t max_batch;
    std::chrono::milliseconds max_wait;
    base::Seconds utc_offset;
    base::Seconds clock_tolerance;
  };
  Writer(std::unique_ptr<Sql> sql, const base::Clock& clock, Options options);
  // Finishes what was accepted.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Finishes the job at once with registry.busy when the queue is full or the writer is stopping.
  void enqueue(std::unique_ptr<Job> job);
  [[nodiscard]] std::size_t queued() const;
  struct Counts {
    std::atomic<std::uint64_t> batches{0};
    std::atomic<std::uint64_t> commands{0};
    std::atomic<std::uint64_t> failed{0};
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  // What became of the last batch.
  [[nodiscard]] base::Status last_batch() const;

 private:
  using Batch = std::vector<std::unique_ptr<Job>>;
  void run();
  [[nodiscard]] Batch take_batch();
  void drop_overdue(Batch& batch) const;
  void execute(Batch& batch);
  // What became of one attempt: nothing when committed.
  struct Attempt {
    std::optional<base::Error> error;
    Fault fault = Fault::kNone;
  };
  [[nodiscard]] Attempt attempt(Batch& batch);
  [[nodiscard]] base::Status apply_all(Batch& batch, Transaction& transaction);
  [[nodiscard]] Attempt commit(const JournalHead& before, const JournalHead& after);

  std::unique_ptr<Sql> sql_;
  const base::Clock& clock_;
  Options options_;
  Counts counts_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool stopping_ = false;
  base::Status last_batch_;
  std::thread thread_;
};

// registry.clock when the clock is before the journal's last entry by more than the tolerance.
[[nodiscard]] base::Result<base::Time> journal_time(const base::Clock& clock, const JournalHead& head,
                                                    base::Seconds tolerance);

}  // namespace tanba::licensing::registry
