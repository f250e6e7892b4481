// What Sources holds. Private to this folder: sources.cc answers for people, sources_flights.cc fetches,
// sources_admission.cc decides what may take the place of what.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "verify/evidence/sources.h"

namespace tanba::verify::evidence {

using Steady = std::chrono::steady_clock;

// A map that forgets what was put in first when it is full.
template <class Key, class Value>
class Recent {
 public:
  explicit Recent(std::size_t max) : max_(max) {}
  void put(const Key& key, Value value) {
    if (const auto known = values_.find(key); known != values_.end()) {
      known->second = std::move(value);
      return;
    }
    while (!order_.empty() && values_.size() >= max_) {
      values_.erase(order_.front());
      order_.pop_front();
    }
    values_.emplace(key, std::move(value));
    order_.push_back(key);
  }
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  std::size_t max_;
  std::unordered_map<Key, Value> values_;
  std::deque<Key> order_;
};

struct Sources::State : std::enable_shared_from_this<Sources::State> {
  State(Workers& workers_in, net::fetch::Fetcher* fetcher_in, Store& store_in, const base::Clock& clock_in,
        Options options_in);

  using Key = std::pair<SourceKind, std::string>;  // kind and URL
  using Offered = Store::WaitingList;
  struct Source {
    SourceOrigin origin = SourceOrigin::kCertificate;
    Breaker breaker;
    BreakerState told = BreakerState::kClosed;  // what the observer knows
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    std::optional<base::Time> last_success;
    std::optional<base::Time> last_failure;
    std::optional<base::Error> last_error;
    std::optional<std::chrono::milliseconds> latency;
    base::Time last_used;
    std::optional<Steady::time_point> refresh_at;
    ocsp::CrlPtr list;  // the last good one
    Store::Standing standing = Store::Standing::kUnproved;
    std::optional<Offered> waiting;  // shrank; the last good one stays until a person confirms
  };
  using Deadlines = std::multimap<Steady::time_point, std::pair<std::string, std::uint64_t>>;  // flight and waiter
  struct Waiting {
    Waiter waiter;
    Deadlines::iterator deadline;
  };
  struct Flight {
    Question question;
    Steady::time_point began;
    base::Bytes nonce;
    std::map<std::uint64_t, Waiting> waiting;
    bool late = false;  // somebody's patience ran out: counted against the source once
    std::vector<Refreshed> refreshing;
  };
  // What came of a fetch: evidence for those who wait, and what is wrong with the source, if anything.
  struct Taken {
    base::Result<Evidence> evidence;
    std::optional<base::Error> problem;
    std::vector<Alert> alerts;
  };
  struct Watermark {
    base::Time this_update;
    std::string url;
    pki::CertificatePtr issuer;
  };

  // sources_flights.cc
  void ask(Question question, Steady::time_point deadline, Waiter waiter);
  // What the asker has to begin itself, as nobody is under way yet.
  enum class Joined : std::uint8_t { kAsFirst, kAsFurther };
  // Takes the waiter only when it may wait.
  [[nodiscard]] base::Result<Joined> join(const std::string& key, Question question, Steady::time_point deadline,
                                          Waiter& waiter);
  [[nodiscard]] base::Result<Joined> join_refresh(const std::string& key, Question question, Refreshed& done);
  void refresh(const std::string& url, Refreshed done);
  void refresh_ahead(const OcspItem& item, const pki::CertificatePtr& certificate);
  [[nodiscard]] std::optional<base::Error> may_wait_locked(const Question& question, Steady::time_point deadline,
                                                           Steady::time_point now);
  void begin(const std::string& key);
  void send(Worker& worker, const std::string& key);
  void fetched(const std::string& key, base::Result<net::fetch::Response> response);
  void conclude(const std::string& key, Taken taken);
  void note_outcome_locked(const Flight& flight, const std::optional<base::Error>& problem);
  void run();
  void expire(std::unique_lock<std::mutex>& lock);
  void end_waiting();
  void begin_refreshes(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Steady::time_point next_event_locked() const;

  // sources_admission.cc: on a worker's thread
  [[nodiscard]] Taken take(Worker& worker, const Question& question, const base::Bytes& nonce, base::Bytes body);
  [[nodiscard]] Taken take_answer(Worker& worker, const Question& question, const base::Bytes& nonce, base::Bytes body);
  [[nodiscard]] Taken take_list(Worker& worker, const Question& question, base::Bytes body);
  [[nodiscard]] base::Result<Offered> read_list(base::Bytes octets, const std::string& url) const;
  [[nodiscard]] base::Status admit_answer(Worker& worker, const Question& question, const OcspItem& item);
  // Whether an authority that is known signed it: crl.signature when one of that name did not; unproved when none of
  // that name is known.
  [[nodiscard]] base::Result<Store::Standing> prove_list(Worker& worker, const ocsp::Crl& crl,
                                                         const pki::CertificatePtr& issuer);
  [[nodiscard]] base::Status check_not_future(const ocsp::Crl& crl) const;
  // crl.rollback, crl.shrunk against this last good list.
  [[nodiscard]] base::Status check_succession(const std::string& url, const ocsp::Crl& last, const ocsp::Crl& next);
  // The same against every last good list of the same scope, wherever it came from.
  [[nodiscard]] base::Status check_against_all(const std::string& url, const ocsp::Crl& next);
  [[nodiscard]] std::optional<base::Time> known_end(const pki::Name& issuer, base::ByteView serial) const;
  // Makes it the last good one of its source, in memory and on disk.
  void install(const Offered& offered, Store::Standing standing, std::vector<Alert>& changed);
  // It stays out, and people are told; one that shrank waits for a person.
  void refuse(const Key& key, Offered offered, const base::Error& error, std::vector<Alert>& changed);

  // sources.cc
  Source& source_locked(const Key& key, SourceOrigin origin);
  [[nodiscard]] SourceStatus status_locked(const Key& key, const Source& source) const;
  void schedule_locked(const Key& key, Source& source);
  Alert& alert_locked(AlertKind kind, const Key& key, const base::Error& error, const ocsp::Crl* offered,
                      std::string_view what);
  // About this line of lists only, when one is named.
  void end_alerts_locked(const Key& key, std::initializer_list<AlertKind> kinds, std::vector<Alert>& changed,
                         const std::optional<base::Digest>& line = std::nullopt);
  void remember_locked(const Question& question);
  void take_over_locked();
  [[nodiscard]] base::Time wall(Steady::time_point at) const;
  [[nodiscard]] std::optional<SourceStatus> breaker_change_locked(const Key& key, Source& source);
  void tell(const std::vector<Alert>& alerts) const;
  void tell(const std::optional<SourceStatus>& changed) const;

  Workers& workers;
  net::fetch::Fetcher* fetcher;
  Store& store;
  const base::Clock& clock;
  const Options options;

  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::map<Key, Source> sources;
  std::map<std::string, Flight> flights;
  Deadlines deadlines;
  std::uint64_t next_waiter = 1;
  std::size_t waiters = 0;
  std::deque<Alert> alerts;                             // oldest first
  Recent<base::Digest, base::Time> ends;                // of certificates seen, by issuer and serial
  Recent<base::Digest, Watermark> watermarks;           // the newest answer about each certificate
  std::map<base::Digest, pki::CertificatePtr> issuers;  // whose path reached an anchor; a bounded few
  std::thread thread;
};

}  // namespace tanba::verify::evidence
