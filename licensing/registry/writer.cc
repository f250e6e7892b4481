#include "licensing/registry/writer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace tanba::licensing::registry {

using base::Code;
using base::Error;

base::Result<base::Time> journal_time(const base::Clock& clock, const JournalHead& head, base::Seconds tolerance) {
  const base::Time now = clock.now();
  if (now < head.at - tolerance) {
    return base::fail(Code::kRegistryClock, {{"now", base::format_time(now)}, {"last", base::format_time(head.at)}});
  }
  return std::max(now, head.at);
}

Writer::Writer(std::unique_ptr<Sql> sql, const base::Clock& clock, Options options)
    : sql_(std::move(sql)), clock_(clock), options_(options), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Writer::enqueue(std::unique_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && queue_.size() < options_.max_queued) {
      job->queued_at = std::chrono::steady_clock::now();
      queue_.push_back(std::move(job));
    }
  }
  if (job) {
    job->finish(Error::because(Code::kRegistryBusy, "the queue of commands is full"));
  } else {
    wake_.notify_one();
  }
}

std::size_t Writer::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

base::Status Writer::last_batch() const {
  const std::lock_guard lock(mutex_);
  return last_batch_;
}

void Writer::run() {
  ::pthread_setname_np(::pthread_self(), "registry-write");
  for (;;) {
    Batch batch = take_batch();
    if (batch.empty()) return;
    drop_overdue(batch);
    if (!batch.empty()) execute(batch);
  }
}

// Empty only when stopping and nothing is left.
Writer::Batch Writer::take_batch() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  Batch batch;
  while (!queue_.empty() && batch.size() < options_.max_batch) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

// While the database is locked each transaction waits; those behind must not wait for the sum of it.
void Writer::drop_overdue(Batch& batch) const {
  const auto limit = std::chrono::steady_clock::now() - options_.max_wait;
  for (auto& job : batch) {
    if (job->queued_at >= limit) continue;
    job->finish(Error::because(Code::kRegistryBusy, "waited too long for the database"));
    job.reset();
  }
  std::erase(batch, nullptr);
}

void Writer::execute(Batch& batch) {
  constexpr int kAttempts = 3;  // deadlocks and serialization failures do not follow each other for long
  Attempt last;
  for (int i = 0; i < kAttempts; ++i) {
    last = attempt(batch);
    if (!last.error || last.fault != Fault::kTransient) break;
  }
  if (last.error) {
    ++counts_.failed;
  } else {
    ++counts_.batches;
    counts_.commands += batch.size();
  }
  {
    const std::lock_guard lock(mutex_);
    last_batch_ = last.error ? base::Status(std::unexpected(*last.error)) : base::Status();
  }
  for (const auto& job : batch) job->finish(last.error);
}

Writer::Attempt Writer::attempt(Batch& batch) {
  const auto abandoned = [this](Error error) {
    const Attempt out{std::move(error), sql_->fault()};
    sql_->rollback();
    return out;
  };
  if (auto begun = sql_->begin_write(); !begun) return abandoned(begun.error());
  auto head = read_head(*sql_);
  if (!head) return abandoned(head.error());
  auto now = journal_time(clock_, *head, options_.clock_tolerance);
  if (!now) return abandoned(now.error());
  Transaction transaction(*sql_, *head, *now, options_.utc_offset);
  if (auto applied = apply_all(batch, transaction); !applied) return abandoned(applied.error());
  return commit(*head, transaction.head());
}

// Each command under a savepoint: what it refuses it also undoes. An error here is the whole transaction's.
base::Status Writer::apply_all(Batch& batch, Transaction& transaction) {
  for (const auto& job : batch) {
    const JournalHead before = transaction.head();
    TANBA_CHECK(sql_->run("SAVEPOINT command"));
    const base::Status kept = job->apply(transaction);
    if (!kept) {
      if (sql_->fault() != Fault::kNone) return kept;
      TANBA_CHECK(sql_->run("ROLLBACK TO SAVEPOINT command"));
      transaction.reset_head(before);
    }
    TANBA_CHECK(sql_->run("RELEASE SAVEPOINT command"));
  }
  return {};
}

// A commit whose answer was lost may have happened: the journal knows. What wrote no journal row changed nothing.
Writer::Attempt Writer::commit(const JournalHead& before, const JournalHead& after) {
  const base::Status committed = sql_->commit();
  if (committed) return {};
  Attempt failed{committed.error(), sql_->fault()};  // taken first: rolling back forgets the fault
  sql_->rollback();
  if (before.hash == after.hash || !sql_->ensure_connected()) return failed;
  const auto found = sql_->row("SELECT seq FROM journal WHERE hash = :hash", 1, {after.hash});
  if (found && found->has_value()) return {};
  return failed;
}

}  // namespace tanba::licensing::registry
