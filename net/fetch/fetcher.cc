#include "net/fetch/fetcher.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "net/fetch/curl_handles.h"
#include "net/fetch/transfer.h"

namespace tanba::net::fetch {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;

namespace {

using Steady = std::chrono::steady_clock;

// The loop wakes by itself at least so often; whatever happens in between wakes it at once.
constexpr std::chrono::milliseconds kLongestPoll{1000};
// Idle connections kept for the next request: as many sources as a deployment has, and some spare.
constexpr long kMaxIdleConnections = 32;

// libcurl wants this once a process, before anything else; 7.84 and later make it safe between threads.
void initialise_library() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(done);
}

}  // namespace

// The thread and what it shares: queue and counts under the lock; libcurl's handles are the thread's own.
class Fetcher::Loop {
 public:
  explicit Loop(Options options) : options_(std::move(options)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    thread_ = std::thread([this] { run(); });
  }
  ~Loop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] Status accept(Request request, Callback callback);
  [[nodiscard]] Load load() const {
    const std::lock_guard lock(mutex_);
    return {active_, queue_.size()};
  }

 private:
  using Owned = std::unique_ptr<Transfer>;
  struct SourceLoad {
    std::size_t active = 0;
    std::size_t queued = 0;
  };

  void run();
  void start_eligible();
  [[nodiscard]] std::vector<Owned> take_eligible();
  // How many transfers ended: each may have made room for another.
  [[nodiscard]] std::size_t finish_done();
  void finish(Transfer* transfer, CURLcode code);
  void expire_queued();
  void cancel_all();
  [[nodiscard]] int poll_timeout_ms() const;
  void release(const std::string& source);

  const Options options_;
  MultiHandle multi_;
  std::vector<Owned> running_;  // the thread's

  mutable std::mutex mutex_;
  std::deque<Owned> queue_;
  std::map<std::string, SourceLoad> sources_;
  std::size_t active_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

Status Fetcher::Loop::accept(Request request, Callback callback) {
  TANBA_TRY(Destination destination, options_.policy.check_url(request.url));
  const std::string source = destination.source();
  auto transfer = std::make_unique<Transfer>(options_, std::move(request), std::move(destination), std::move(callback));
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(transfer->error(Code::kFetchCancelled));
    const auto known = sources_.find(source);
    const std::size_t queued_here = known == sources_.end() ? 0 : known->second.queued;
    if (queue_.size() >= options_.max_queued || queued_here >= options_.max_queued_per_source) {
      return fail(transfer->error(Code::kFetchBusy));
    }
    ++sources_[source].queued;
    queue_.push_back(std::move(transfer));
  }
  curl_multi_wakeup(multi_.get());
  return {};
}

void Fetcher::Loop::run() {
  pthread_setname_np(pthread_self(), "fetch");
  // Signals are the main thread's; SIGPIPE from a closed connection must not end the program.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    expire_queued();
    start_eligible();
    int still_running = 0;
    curl_multi_perform(multi_.get(), &still_running);
    if (finish_done() > 0) continue;
    curl_multi_poll(multi_.get(), nullptr, 0, poll_timeout_ms(), nullptr);
  }
  cancel_all();
}

// First come, first served, except that a source at its limit lets others pass.
std::vector<Fetcher::Loop::Owned> Fetcher::Loop::take_eligible() {
  std::vector<Owned> eligible;
  const std::lock_guard lock(mutex_);
  for (auto it = queue_.begin(); it != queue_.end() && active_ < options_.max_active;) {
    SourceLoad& source = sources_[(*it)->destination().source()];
    if (source.active >= options_.max_active_per_source) {
      ++it;
      continue;
    }
    --source.queued;
    ++source.active;
    ++active_;
    eligible.push_back(std::move(*it));
    it = queue_.erase(it);
  }
  return eligible;
}

void Fetcher::Loop::start_eligible() {
  for (Owned& transfer : take_eligible()) {
    Status ready = transfer->prepare();
    if (ready && curl_multi_add_handle(multi_.get(), transfer->easy()) != CURLM_OK) {
      ready = fail(transfer->error(Code::kFetchUnreachable, "libcurl did not take the request"));
    }
    if (!ready) {
      release(transfer->destination().source());
      transfer->complete(fail(std::move(ready).error()));
      continue;
    }
    running_.push_back(std::move(transfer));
  }
}

std::size_t Fetcher::Loop::finish_done() {
  std::size_t count = 0;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message dies with the handle's removal
    char* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    curl_multi_remove_handle(multi_.get(), message->easy_handle);
    finish(reinterpret_cast<Transfer*>(self), code);
    ++count;
  }
  return count;
}

void Fetcher::Loop::finish(Transfer* transfer, CURLcode code) {
  const auto it = std::ranges::find(running_, transfer, &Owned::get);
  Owned owned = std::move(*it);
  running_.erase(it);
  release(owned->destination().source());
  auto next = owned->conclude(code);
  if (!next) {
    owned->complete(fail(std::move(next).error()));
  } else if (*next == Transfer::Next::kDone) {
    owned->complete(owned->take_response());
  } else {
    // Not bounded by the queue's limits: it held a place among the active until now, and hops are counted.
    const std::lock_guard lock(mutex_);
    ++sources_[owned->destination().source()].queued;
    queue_.push_front(std::move(owned));
  }
}

void Fetcher::Loop::release(const std::string& source) {
  const std::lock_guard lock(mutex_);
  --active_;
  const auto it = sources_.find(source);
  if (--it->second.active == 0 && it->second.queued == 0) sources_.erase(it);
}

void Fetcher::Loop::expire_queued() {
  std::vector<Owned> expired;
  {
    const auto now = Steady::now();
    const std::lock_guard lock(mutex_);
    for (auto it = queue_.begin(); it != queue_.end();) {
      if ((*it)->deadline() > now) {
        ++it;
        continue;
      }
      const auto source = sources_.find((*it)->destination().source());
      if (--source->second.queued == 0 && source->second.active == 0) sources_.erase(source);
      expired.push_back(std::move(*it));
      it = queue_.erase(it);
    }
  }
  for (Owned& transfer : expired) transfer->complete(fail(transfer->error(Code::kFetchTimeout)));
}

int Fetcher::Loop::poll_timeout_ms() const {
  const auto now = Steady::now();
  auto wait = kLongestPoll;
  const std::lock_guard lock(mutex_);
  for (const Owned& transfer : queue_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer->deadline() - now);
    wait = std::clamp(left, std::chrono::milliseconds(0), wait);
  }
  return static_cast<int>(wait.count());
}

void Fetcher::Loop::cancel_all() {
  std::vector<Owned> orphans = std::move(running_);
  for (const Owned& transfer : orphans) curl_multi_remove_handle(multi_.get(), transfer->easy());
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(queue_, std::back_inserter(orphans));
    queue_.clear();
    sources_.clear();
    active_ = 0;
  }
  for (Owned& transfer : orphans) transfer->complete(fail(transfer->error(Code::kFetchCancelled)));
}

Fetcher::Fetcher(Options options) {
  initialise_library();
  loop_ = std::make_unique<Loop>(std::move(options));
}

Fetcher::~Fetcher() = default;

Status Fetcher::fetch(Request request, Callback callback) {
  return loop_->accept(std::move(request), std::move(callback));
}

Fetcher::Load Fetcher::load() const {
  return loop_->load();
}

Result<Response> fetch_and_wait(Fetcher& fetcher, Request request) {
  std::promise<Result<Response>> promise;
  std::future<Result<Response>> answer = promise.get_future();
  TANBA_CHECK(fetcher.fetch(std::move(request), [promise = std::move(promise)](Result<Response> result) mutable {
    promise.set_value(std::move(result));
  }));
  return answer.get();
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  const auto it = std::ranges::find(headers, name, &Header::name);
  if (it == headers.end()) return std::nullopt;
  return it->value;
}

Result<Response> require_ok(Result<Response> response) {
  if (response && response->status != 200) {
    return fail(Code::kFetchStatus, {{"source", response->source}, {"status", std::to_string(response->status)}});
  }
  return response;
}

}  // namespace tanba::net::fetch
