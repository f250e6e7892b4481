// Fetching: one flight for all who need the same thing, each with a deadline of its own.
#include <pthread.h>

#include <algorithm>

#include "verify/evidence/sources_state.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Error;
using net::fetch::Response;

constexpr std::chrono::seconds kRetryRefresh{60};
constexpr std::chrono::seconds kLongestSleep{60};

std::string flight_key(const Sources::Question& question) {
  if (question.kind == SourceKind::kCrl) return "crl " + question.url;
  return "ocsp " + question.certificate->digest().hex() + " " + question.url;
}

Sources::Answer answer_of(base::Result<Sources::Evidence> evidence) {
  return std::make_shared<const base::Result<Sources::Evidence>>(std::move(evidence));
}

Error source_error(Code code, const std::string& url) {
  return Error(code, {{"source", url}});
}

// What is no fault of the source: our own limits and policy, and a question that it will not answer.
bool is_against_source(const Error& error) {
  switch (error.code()) {
    case Code::kFetchBusy:
    case Code::kFetchCancelled:
    case Code::kFetchForbidden:
      return false;
    case Code::kOcspStatus: {
      // RFC 6960 4.2.1: internalError and tryLater are of the responder; the others are of the request.
      const std::string& status = error.arguments().front().value;
      return status == "internalError" || status == "tryLater";
    }
    default:
      return true;
  }
}

}  // namespace

// --- asking ----------------------------------------------------------------------------------------------------------

void Sources::State::ask(Question question, Steady::time_point deadline, Waiter waiter) {
  const std::string key = flight_key(question);
  const base::Result<Joined> joined = join(key, std::move(question), deadline, waiter);
  if (!joined) return waiter(answer_of(std::unexpected(joined.error())));
  if (*joined == Joined::kAsFirst) begin(key);
}

base::Result<Sources::State::Joined> Sources::State::join(const std::string& key, Question question,
                                                          Steady::time_point deadline, Waiter& waiter) {
  const Steady::time_point now = Steady::now();
  const std::scoped_lock lock(mutex);
  remember_locked(question);
  if (std::optional<Error> refused = may_wait_locked(question, deadline, now)) return base::fail(*std::move(refused));
  const auto [flight, made] = flights.try_emplace(key);
  if (made) {
    flight->second.question = std::move(question);
    flight->second.began = now;
  }
  const std::uint64_t id = next_waiter++;
  const auto timer = deadlines.emplace(deadline, std::pair(key, id));
  flight->second.waiting.emplace(id, Waiting{std::move(waiter), timer});
  ++waiters;
  if (timer == deadlines.begin()) wake.notify_one();
  return made ? Joined::kAsFirst : Joined::kAsFurther;
}

std::optional<Error> Sources::State::may_wait_locked(const Question& question, Steady::time_point deadline,
                                                     Steady::time_point now) {
  if (stopping || fetcher == nullptr) return source_error(Code::kFetchCancelled, question.url);
  Source& source = source_locked({question.kind, question.url}, SourceOrigin::kCertificate);
  source.last_used = clock.now();
  if (deadline <= now) return source_error(Code::kFetchTimeout, question.url);
  if (waiters >= options.max_waiters) return source_error(Code::kFetchBusy, question.url);
  const auto flight = flights.find(flight_key(question));
  // Whoever joins a flight that others gave up waiting for is a new try of the source.
  const bool joins = flight != flights.end() && !flight->second.late;
  if (joins || source.breaker.admit(now)) return std::nullopt;
  return Error(Code::kFetchPaused,
               {{"source", question.url}, {"until", base::format_time(wall(source.breaker.opens_until()))}});
}

void Sources::State::begin(const std::string& key) {
  // Making a question digests names and keys, for which a worker has the context.
  const base::Status posted =
      workers.resume([self = shared_from_this(), key](Worker& worker) { self->send(worker, key); });
  if (!posted) conclude(key, {base::fail(Code::kFetchCancelled, {{"source", key}}), Error(Code::kFetchCancelled), {}});
}

void Sources::State::send(Worker& worker, const std::string& key) {
  Question question;
  SourceOrigin origin = SourceOrigin::kCertificate;
  {
    const std::scoped_lock lock(mutex);
    const auto flight = flights.find(key);
    if (flight == flights.end()) return;
    question = flight->second.question;
    origin = source_locked({question.kind, question.url}, SourceOrigin::kCertificate).origin;
  }
  net::fetch::Request request{.url = question.url, .deadline = Steady::now() + options.list_timeout};
  request.max_response_bytes = options.limits.max_crl_bytes;
  if (origin == SourceOrigin::kConfigured) request.egress = net::fetch::EgressClass::kConfigured;
  if (question.kind == SourceKind::kOcsp) {
    const auto cert_id =
        ocsp::make_cert_id(*worker.context, options.cert_id_digest, *question.certificate, *question.issuer);
    if (!cert_id) return conclude(key, {base::fail(cert_id.error()), cert_id.error(), {}});
    const base::Bytes nonce = options.random(options.nonce_bytes);
    request.method = net::fetch::Method::kPost;
    request.content_type = "application/ocsp-request";
    request.body = ocsp::write_request(*cert_id, nonce);
    request.deadline = Steady::now() + options.ocsp_timeout;
    request.max_response_bytes = options.limits.max_ocsp_bytes;
    const std::scoped_lock lock(mutex);
    if (const auto flight = flights.find(key); flight != flights.end()) flight->second.nonce = nonce;
  }
  const base::Status sent =
      fetcher->fetch(std::move(request), [self = shared_from_this(), key](base::Result<Response> response) {
        self->fetched(key, net::fetch::require_ok(std::move(response)));
      });
  if (!sent) conclude(key, {base::fail(sent.error()), sent.error(), {}});
}

// On the fetch thread: reading a large list takes long, so it is handed to a worker.
void Sources::State::fetched(const std::string& key, base::Result<Response> response) {
  if (!response) return conclude(key, {base::fail(response.error()), response.error(), {}});
  auto body = std::make_shared<base::Bytes>(std::move(response->body));
  const base::Status posted = workers.resume([self = shared_from_this(), key, body](Worker& worker) {
    Question question;
    base::Bytes nonce;
    {
      const std::scoped_lock lock(self->mutex);
      const auto flight = self->flights.find(key);
      if (flight == self->flights.end()) return;
      question = flight->second.question;
      nonce = flight->second.nonce;
    }
    self->conclude(key, self->take(worker, question, nonce, std::move(*body)));
  });
  if (!posted) conclude(key, {base::fail(posted.error()), Error(Code::kFetchCancelled), {}});
}

// --- the end of a flight ---------------------------------------------------------------------------------------------

void Sources::State::conclude(const std::string& key, Taken taken) {
  Flight flight;
  std::optional<SourceStatus> changed;
  SourceStatus status;
  {
    const std::scoped_lock lock(mutex);
    const auto found = flights.find(key);
    if (found == flights.end()) return;
    flight = std::move(found->second);
    flights.erase(found);
    for (auto& [id, waiting] : flight.waiting) deadlines.erase(waiting.deadline);
    waiters -= flight.waiting.size();
    note_outcome_locked(flight, taken.problem);
    const Key source_key{flight.question.kind, flight.question.url};
    Source& source = source_locked(source_key, SourceOrigin::kCertificate);
    changed = breaker_change_locked(source_key, source);
    status = status_locked(source_key, source);
  }
  wake.notify_one();  // the next refresh may have come nearer
  tell(changed);
  tell(taken.alerts);
  if (options.observer != nullptr) {
    if (taken.problem)
      options.observer->failed(status, *taken.problem);
    else
      options.observer->fetched(status);
  }
  const Answer answer = answer_of(std::move(taken.evidence));
  for (auto& [id, waiting] : flight.waiting) waiting.waiter(answer);
  for (Refreshed& done : flight.refreshing) {
    if (taken.problem)
      done(base::fail(*taken.problem));
    else
      done(status);
  }
}

void Sources::State::note_outcome_locked(const Flight& flight, const std::optional<Error>& problem) {
  const Key key{flight.question.kind, flight.question.url};
  Source& source = source_locked(key, SourceOrigin::kCertificate);
  const Steady::time_point now = Steady::now();
  if (!problem) {
    source.latency = std::chrono::duration_cast<std::chrono::milliseconds>(now - flight.began);
    ++source.successes;
    source.last_success = clock.now();
    source.breaker.succeeded();
  } else {
    ++source.failures;
    source.last_failure = clock.now();
    source.last_error = *problem;
    if (is_against_source(*problem))
      source.breaker.failed(now, options.jitter());
    else
      source.breaker.undecided();
  }
  if (key.first == SourceKind::kCrl) schedule_locked(key, source);
}

// --- by the clock ----------------------------------------------------------------------------------------------------

Steady::time_point Sources::State::next_event_locked() const {
  Steady::time_point next = Steady::now() + kLongestSleep;
  if (!deadlines.empty()) next = std::min(next, deadlines.begin()->first);
  for (const auto& [key, source] : sources) {
    if (source.refresh_at) next = std::min(next, *source.refresh_at);
  }
  return next;
}

void Sources::State::run() {
  ::pthread_setname_np(::pthread_self(), "sources");
  std::unique_lock lock(mutex);
  while (!stopping) {
    expire(lock);
    begin_refreshes(lock);
    if (stopping) return;
    wake.wait_until(lock, next_event_locked());
  }
}

// Those whose patience ends are told so; the flight goes on for the next who ask.
void Sources::State::expire(std::unique_lock<std::mutex>& lock) {
  struct Late {
    Waiter waiter;
    std::string url;
  };
  std::vector<Late> late;
  std::vector<SourceStatus> changes;
  const Steady::time_point now = Steady::now();
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    const auto [key, id] = deadlines.begin()->second;
    Flight& flight = flights.find(key)->second;
    const auto waiting = flight.waiting.find(id);
    late.push_back({std::move(waiting->second.waiter), flight.question.url});
    deadlines.erase(deadlines.begin());
    flight.waiting.erase(waiting);
    --waiters;
    const Key source_key{flight.question.kind, flight.question.url};
    Source& source = source_locked(source_key, SourceOrigin::kCertificate);
    if (!std::exchange(flight.late, true) || source.breaker.state(now) != BreakerState::kClosed) {
      source.breaker.failed(now, options.jitter());
    }
    if (auto changed = breaker_change_locked(source_key, source)) changes.push_back(*std::move(changed));
  }
  if (late.empty()) return;
  lock.unlock();
  for (const SourceStatus& changed : changes) tell(changed);
  for (Late& one : late) one.waiter(answer_of(base::fail(source_error(Code::kFetchTimeout, one.url))));
  lock.lock();
}

void Sources::State::end_waiting() {
  std::vector<std::pair<Waiter, std::string>> ended;
  {
    const std::scoped_lock lock(mutex);
    for (auto& [key, flight] : flights) {
      for (auto& [id, waiting] : flight.waiting) ended.emplace_back(std::move(waiting.waiter), flight.question.url);
      flight.waiting.clear();
    }
    deadlines.clear();
    waiters = 0;
  }
  for (auto& [waiter, url] : ended) waiter(answer_of(base::fail(source_error(Code::kFetchCancelled, url))));
}

void Sources::State::begin_refreshes(std::unique_lock<std::mutex>& lock) {
  std::vector<std::string> due;
  const Steady::time_point now = Steady::now();
  for (auto& [key, source] : sources) {
    if (!source.refresh_at || *source.refresh_at > now) continue;
    Question question{.kind = key.first, .url = key.second, .certificate = {}, .issuer = {}, .candidates = {}};
    const std::string flight = flight_key(question);
    if (!flights.contains(flight) && !source.breaker.admit(now)) {
      source.refresh_at = std::max(source.breaker.opens_until(), now + std::chrono::seconds(1));
      continue;
    }
    source.refresh_at = now + kRetryRefresh;  // until the flight's end says better
    if (flights.contains(flight)) continue;
    flights[flight] =
        Flight{.question = std::move(question), .began = now, .nonce = {}, .waiting = {}, .refreshing = {}};
    due.push_back(flight);
  }
  if (due.empty()) return;
  lock.unlock();
  for (const std::string& flight : due) begin(flight);
  lock.lock();
}

void Sources::State::refresh(const std::string& url, Refreshed done) {
  Question question{.kind = SourceKind::kCrl, .url = url, .certificate = {}, .issuer = {}, .candidates = {}};
  const std::string key = flight_key(question);
  const base::Result<Joined> joined = join_refresh(key, std::move(question), done);
  if (!joined) return done(std::unexpected(joined.error()));
  if (*joined == Joined::kAsFirst) begin(key);
}

base::Result<Sources::State::Joined> Sources::State::join_refresh(const std::string& key, Question question,
                                                                  Refreshed& done) {
  const std::scoped_lock lock(mutex);
  const auto source = sources.find({SourceKind::kCrl, question.url});
  if (source == sources.end() || source->second.origin == SourceOrigin::kImported) {
    return base::fail(Error(Code::kRegistryNotFound, {{"what", "source"}, {"id", question.url}}));
  }
  if (stopping || fetcher == nullptr) return base::fail(source_error(Code::kFetchCancelled, question.url));
  const auto [flight, made] = flights.try_emplace(key);
  if (made) {
    flight->second.question = std::move(question);
    flight->second.began = Steady::now();
  }
  flight->second.refreshing.push_back(std::move(done));
  return made ? Joined::kAsFirst : Joined::kAsFurther;
}

void Sources::State::refresh_ahead(const OcspItem& item, const pki::CertificatePtr& certificate) {
  // Everybody needs answers about authorities; one about a person is asked for by whoever needs it.
  if (!certificate->is_ca()) return;
  const auto age = clock.now() - item.received_at;
  // Between three and four fifths of the time that it is used, by certificate: not all at one moment.
  const auto spread = store.ocsp_reuse() * certificate->digest().octets[0] / (5 * 256);
  if (age < store.ocsp_reuse() * 3 / 5 + spread) return;
  Question question{
      .kind = SourceKind::kOcsp, .url = item.source, .certificate = certificate, .issuer = {}, .candidates = {}};
  const std::string key = flight_key(question);
  {
    const std::scoped_lock lock(mutex);
    const Watermark* known = watermarks.find(certificate->digest());
    if (stopping || fetcher == nullptr || known == nullptr || known->url != item.source) return;
    Source& source = source_locked({SourceKind::kOcsp, item.source}, SourceOrigin::kCertificate);
    if (flights.contains(key) || !source.breaker.admit(Steady::now())) return;
    question.issuer = known->issuer;
    flights[key] =
        Flight{.question = std::move(question), .began = Steady::now(), .nonce = {}, .waiting = {}, .refreshing = {}};
  }
  begin(key);
}

}  // namespace tanba::verify::evidence
