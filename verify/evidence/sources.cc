#include "verify/evidence/sources.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "verify/evidence/sources_state.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Error;

// Sources that were brought by hand have no address; this stands in its place.
constexpr std::string_view kImportedPrefix = "imported:";

ListSummary summarise(const ocsp::Crl& crl) {
  return {.issuer = crl.issuer().rfc4514(),
          .number = crl.number(),
          .this_update = crl.this_update(),
          .next_update = crl.next_update(),
          .entries = crl.entries(),
          .digest = crl.digest().hex(),
          .kind = crl.is_delta() ? ListSummary::Kind::kDelta : ListSummary::Kind::kComplete};
}

double random_share() {
  const base::Bytes octets = random_octets(sizeof(std::uint32_t));
  std::uint32_t value;
  std::memcpy(&value, octets.data(), sizeof value);
  return value / 4294967296.0;
}

// Lists of one authority are told apart by their scope: a partitioned one does not take the place of another part.
std::string imported_name(const ocsp::Crl& crl) {
  base::Bytes scope = crl.authority_key_id().value_or(base::Bytes{});
  if (crl.distribution_point()) {
    const base::Bytes& name = crl.distribution_point()->name;
    scope.insert(scope.end(), name.begin(), name.end());
  }
  if (crl.is_delta()) scope.push_back(1);
  const std::string tag = base::sha256(scope).hex().substr(0, 8);
  return std::string(kImportedPrefix) + crl.issuer().rfc4514() + "#" + tag;
}

Sources::Options with_defaults(Sources::Options options) {
  if (!options.random) options.random = random_octets;
  if (!options.jitter) options.jitter = random_share;
  return options;
}

}  // namespace

std::string_view to_string(SourceOrigin origin) {
  switch (origin) {
    case SourceOrigin::kCertificate:
      return "certificate";
    case SourceOrigin::kConfigured:
      return "configured";
    case SourceOrigin::kImported:
      break;
  }
  return "imported";
}

std::string_view to_string(AlertKind kind) {
  switch (kind) {
    case AlertKind::kRollback:
      return "rollback";
    case AlertKind::kShrunk:
      return "shrunk";
    case AlertKind::kStorage:
      break;
  }
  return "storage";
}

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::kOpen:
      return "open";
    case AlertState::kConfirmed:
      return "confirmed";
    case AlertState::kOver:
      break;
  }
  return "over";
}

base::Bytes random_octets(std::size_t count) {
  base::Bytes out(count);
  if (RAND_bytes(out.data(), static_cast<int>(count)) != 1) std::abort();  // nothing secure can be done without it
  return out;
}

// --- state -----------------------------------------------------------------------------------------------------------

Sources::State::State(Workers& workers_in, net::fetch::Fetcher* fetcher_in, Store& store_in,
                      const base::Clock& clock_in, Options options_in)
    : workers(workers_in),
      fetcher(fetcher_in),
      store(store_in),
      clock(clock_in),
      options(with_defaults(std::move(options_in))),
      ends(options.max_known),
      watermarks(options.max_known) {}

base::Time Sources::State::wall(Steady::time_point at) const {
  return clock.now() + std::chrono::ceil<base::Seconds>(at - Steady::now());
}

Sources::State::Source& Sources::State::source_locked(const Key& key, SourceOrigin origin) {
  if (const auto found = sources.find(key); found != sources.end()) return found->second;
  if (sources.size() >= options.max_sources) {
    // The one that nobody needed for longest makes room, one without a list first; what the operator named stays.
    const auto worth = [](const Source& source) { return std::pair(source.list != nullptr, source.last_used); };
    auto oldest = sources.end();
    for (auto it = sources.begin(); it != sources.end(); ++it) {
      if (it->second.origin != SourceOrigin::kCertificate) continue;
      if (oldest == sources.end() || worth(it->second) < worth(oldest->second)) oldest = it;
    }
    if (oldest != sources.end()) {
      if (oldest->first.first == SourceKind::kCrl) store.drop(oldest->first.second);  // nobody would renew it
      sources.erase(oldest);
    }
  }
  Source& made = sources[key];
  made.origin = origin;
  made.breaker = Breaker(options.breaker);
  made.last_used = clock.now();
  return made;
}

SourceStatus Sources::State::status_locked(const Key& key, const Source& source) const {
  const Steady::time_point now = Steady::now();
  SourceStatus status{.kind = key.first,
                      .url = key.second,
                      .origin = source.origin,
                      .breaker = source.breaker.state(now),
                      .consecutive_failures = source.breaker.consecutive_failures(),
                      .successes = source.successes,
                      .failures = source.failures,
                      .last_success = source.last_success,
                      .last_failure = source.last_failure,
                      .last_error = source.last_error,
                      .latency = source.latency,
                      .next_try = {},
                      .next_refresh = {},
                      .list = {}};
  if (status.breaker == BreakerState::kOpen) status.next_try = wall(source.breaker.opens_until());
  if (source.refresh_at) status.next_refresh = wall(*source.refresh_at);
  if (source.list) status.list = summarise(*source.list);
  return status;
}

std::optional<SourceStatus> Sources::State::breaker_change_locked(const Key& key, Source& source) {
  const BreakerState state = source.breaker.state(Steady::now());
  if (state == source.told) return std::nullopt;
  source.told = state;
  return status_locked(key, source);
}

// When the list of this source is fetched next: by half to nine tenths of its life, and at least as often as the
// settings say, spread so that many daemons do not come at one moment.
void Sources::State::schedule_locked(const Key& key, Source& source) {
  const Steady::time_point now = Steady::now();
  const base::Time today = clock.now();
  source.refresh_at.reset();
  if (source.origin == SourceOrigin::kImported || stopping) return;
  const bool configured = source.origin == SourceOrigin::kConfigured;
  if (!configured && (today - source.last_used > options.list_idle || !source.list)) return;
  constexpr std::chrono::milliseconds kSoonest{30'000};
  auto interval = configured ? options.configured_refresh : options.list_refresh;
  if (source.breaker.consecutive_failures() > 0) interval = std::min(interval, base::Seconds(60));
  const double jitter = options.jitter();
  std::chrono::duration<double> wait = std::chrono::duration<double>(interval) * (0.8 + 0.2 * jitter);
  if (source.list && source.list->next_update()) {
    const std::chrono::duration<double> life = *source.list->next_update() - source.list->this_update();
    const std::chrono::duration<double> age = today - source.list->this_update();
    wait = std::min(wait, life * (0.5 + 0.4 * jitter) - age);
  }
  auto at = now + std::max(kSoonest, std::chrono::duration_cast<std::chrono::milliseconds>(wait));
  if (source.breaker.state(now) == BreakerState::kOpen) at = source.breaker.opens_until();
  source.refresh_at = at;
  (void)key;
}

Alert& Sources::State::alert_locked(AlertKind kind, const Key& key, const Error& error, const ocsp::Crl* offered,
                                    std::string_view what) {
  const std::string name = std::string(to_string(kind)) + '\n' + std::string(to_string(key.first)) + '\n' + key.second +
                           '\n' + std::string(what);
  const std::string id = base::sha256(base::as_bytes(name)).hex().substr(0, 24);
  auto found = std::ranges::find(alerts, id, &Alert::id);
  if (found == alerts.end()) {
    while (!alerts.empty() && alerts.size() >= options.max_alerts) alerts.pop_front();
    found = alerts.insert(alerts.end(), Alert{.id = id, .kind = kind, .source_kind = key.first, .url = key.second});
    found->first_seen = clock.now();
  }
  found->error = error;
  found->last_seen = clock.now();
  ++found->count;
  found->state = AlertState::kOpen;
  if (offered != nullptr) found->offered = summarise(*offered);
  if (offered != nullptr) found->line = line_of(key.second, *offered);
  if (const auto source = sources.find(key); source != sources.end() && source->second.list) {
    found->kept = summarise(*source->second.list);
    // A list behind the mark of its own line: only that line's can show that the source came right.
    if (error.code() != Code::kCrlRollback) found->line = line_of(key.second, *source->second.list);
  }
  return *found;
}

void Sources::State::end_alerts_locked(const Key& key, std::initializer_list<AlertKind> kinds,
                                       std::vector<Alert>& changed, const std::optional<base::Digest>& line) {
  for (Alert& alert : alerts) {
    const bool of_this = alert.source_kind == key.first && alert.url == key.second;
    if (!of_this || alert.state != AlertState::kOpen || std::ranges::find(kinds, alert.kind) == kinds.end()) continue;
    if (line && alert.line && *line != *alert.line) continue;
    alert.state = AlertState::kOver;
    changed.push_back(alert);
  }
}

void Sources::State::tell(const std::vector<Alert>& changed) const {
  if (options.observer == nullptr) return;
  for (const Alert& alert : changed) options.observer->alert(alert);
}

void Sources::State::tell(const std::optional<SourceStatus>& changed) const {
  if (options.observer != nullptr && changed) options.observer->breaker_changed(*changed);
}

// --- the component ---------------------------------------------------------------------------------------------------

Sources::Sources(Workers& workers, net::fetch::Fetcher* fetcher, Store& store, const base::Clock& clock,
                 Options options)
    : state_(std::make_shared<State>(workers, fetcher, store, clock, std::move(options))) {}

Sources::~Sources() {
  stop();
}

void Sources::start() {
  {
    const std::scoped_lock lock(state_->mutex);
    for (const std::string& url : state_->options.configured) {
      state_->source_locked({SourceKind::kCrl, url}, SourceOrigin::kConfigured).refresh_at = Steady::now();
    }
    state_->take_over_locked();
  }
  if (!state_->thread.joinable()) state_->thread = std::thread([state = state_.get()] { state->run(); });
}

// What an earlier run left on disk: last good lists, and those that wait for a person.
void Sources::State::take_over_locked() {
  for (const Store::KeptList& kept : store.lists()) {
    const Key key{SourceKind::kCrl, kept.item.source};
    const bool imported = key.second.starts_with(kImportedPrefix);
    Source& source = source_locked(key, imported ? SourceOrigin::kImported : SourceOrigin::kCertificate);
    source.list = kept.item.crl;
    source.standing = kept.standing;
    // Lists that were kept before there were marks, or whose mark was lost.
    if (kept.standing == Store::Standing::kProved) static_cast<void>(store.marks().raise(key.second, *kept.item.crl));
    if (!source.refresh_at) schedule_locked(key, source);
  }
  for (Store::WaitingList& waiting : store.waiting(clock.now())) {
    const Key key{SourceKind::kCrl, waiting.item.source};
    const auto source = sources.find(key);
    if (source == sources.end() || !source->second.list) continue;  // nothing it could shrink from: it is fetched anew
    const ocsp::CrlPtr next = waiting.item.crl;
    const Shrinkage shrinkage = compare_entries(*source->second.list, *next, options.succession, {});
    alert_locked(AlertKind::kShrunk, key, shrunk_error(key.second, shrinkage), next.get(), next->digest().hex());
    source->second.waiting = std::move(waiting);
  }
}

// Whoever waits is told at once: nobody watches their deadlines any more, and a list may be under way for minutes.
void Sources::stop() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
  state_->end_waiting();
}

void Sources::ask(Question question, std::chrono::steady_clock::time_point deadline, Waiter waiter) {
  state_->ask(std::move(question), deadline, std::move(waiter));
}

void Sources::refresh_ahead(const OcspItem& item, const pki::CertificatePtr& certificate) {
  state_->refresh_ahead(item, certificate);
}

void Sources::note(const Report& report) {
  const auto rests_on_grace = [](const Finding& finding) {
    return std::ranges::find(finding.warnings, Code::kRevocationGrace, &Error::code) != finding.warnings.end();
  };
  if (state_->options.observer != nullptr && std::ranges::any_of(report.findings, rests_on_grace)) {
    state_->options.observer->grace_used();
  }
}

void Sources::refresh(const std::string& url, Refreshed done) {
  state_->refresh(url, std::move(done));
}

std::vector<SourceStatus> Sources::sources() const {
  const std::scoped_lock lock(state_->mutex);
  std::vector<SourceStatus> all;
  all.reserve(state_->sources.size());
  for (const auto& [key, source] : state_->sources) all.push_back(state_->status_locked(key, source));
  return all;
}

std::optional<SourceStatus> Sources::source(SourceKind kind, const std::string& url) const {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->sources.find({kind, url});
  if (found == state_->sources.end()) return std::nullopt;
  return state_->status_locked(found->first, found->second);
}

std::vector<Alert> Sources::alerts() const {
  const std::scoped_lock lock(state_->mutex);
  std::vector<Alert> all(state_->alerts.rbegin(), state_->alerts.rend());
  std::ranges::stable_sort(all, std::ranges::greater(), &Alert::last_seen);
  return all;
}

std::optional<Alert> Sources::alert(const std::string& id) const {
  const std::scoped_lock lock(state_->mutex);
  const auto found = std::ranges::find(state_->alerts, id, &Alert::id);
  return found == state_->alerts.end() ? std::nullopt : std::optional(*found);
}

base::Result<Alert> Sources::confirm(const std::string& alert_id) {
  const auto missing = [&] { return base::fail(Code::kRegistryNotFound, {{"what", "alert"}, {"id", alert_id}}); };
  std::optional<State::Offered> offered;
  Alert confirmed;
  {
    const std::scoped_lock lock(state_->mutex);
    const auto alert = std::ranges::find(state_->alerts, alert_id, &Alert::id);
    if (alert == state_->alerts.end() || alert->kind != AlertKind::kShrunk || alert->state != AlertState::kOpen) {
      return missing();
    }
    State::Source& source = state_->source_locked({alert->source_kind, alert->url}, SourceOrigin::kCertificate);
    // The alert may speak of a list in whose place another one waits by now.
    if (!source.waiting || source.waiting->item.id.hex() != alert->offered->digest) return missing();
    // What came since may be newer still.
    TANBA_CHECK(state_->store.marks().check(alert->url, *source.waiting->item.crl));
    offered = std::exchange(source.waiting, std::nullopt);
    alert->state = AlertState::kConfirmed;
    confirmed = *alert;
  }
  std::vector<Alert> changed{confirmed};
  state_->install(*offered, Store::Standing::kProved, changed);
  state_->tell(changed);
  return confirmed;
}

base::Result<SourceStatus> Sources::import_list(Worker& worker, base::ByteView octets) {
  State& state = *state_;
  TANBA_TRY(State::Offered offered, state.read_list(base::to_bytes(octets), {}));
  const ocsp::Crl& crl = *offered.item.crl;
  TANBA_TRY(const Store::Standing standing, state.prove_list(worker, crl, nullptr));
  // Nobody vouches for what comes by hand but the authority itself.
  if (standing == Store::Standing::kUnproved) {
    return base::fail(Code::kCrlIssuer, "no trusted authority of this name is known: " + crl.issuer().rfc4514());
  }
  TANBA_CHECK(state.check_not_future(crl));
  const State::Key key{SourceKind::kCrl, imported_name(crl)};
  offered.item.source = key.second;
  const base::Status fits = state.check_against_all(key.second, crl);
  // The one who brought an old list is told so at once; one that shrank has to wait somewhere.
  if (!fits && fits.error().code() != Code::kCrlShrunk) return base::fail(fits.error());
  {
    const std::scoped_lock lock(state.mutex);
    state.source_locked(key, SourceOrigin::kImported).last_used = state.clock.now();
  }
  std::vector<Alert> changed;
  if (fits)
    state.install(offered, standing, changed);
  else
    state.refuse(key, offered, fits.error(), changed);
  state.tell(changed);
  if (!fits) return base::fail(fits.error());
  const auto not_stored = [](const Alert& a) { return a.kind == AlertKind::kStorage && a.state == AlertState::kOpen; };
  if (const auto alert = std::ranges::find_if(changed, not_stored); alert != changed.end()) {
    return base::fail(alert->error);
  }
  const std::scoped_lock lock(state.mutex);
  State::Source& source = state.source_locked(key, SourceOrigin::kImported);
  ++source.successes;
  source.last_success = state.clock.now();
  return state.status_locked(key, source);
}

}  // namespace tanba::verify::evidence
