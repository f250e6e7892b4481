#include "server/daemon.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>

#include "base/file.h"
#include "licensing/flow/capsules.h"
#include "licensing/flow/flow.h"
#include "licensing/flow/trust_lists.h"
#include "net/fetch/fetcher.h"
#include "net/http/router.h"
#include "server/alert_keeper.h"
#include "server/directories.h"
#include "server/operations.h"
#include "server/periodic.h"
#include "server/source_reporter.h"
#include "server/terms.h"
#include "server/trust.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using base::Status;
using std::chrono::milliseconds;
namespace evidence = verify::evidence;
namespace registry = licensing::registry;

constexpr milliseconds kReadinessInterval{5000};  // how old /readyz may be
constexpr milliseconds kUpkeepInterval{5000};     // how soon a hold or a trust list made elsewhere is seen
constexpr milliseconds kJournalInterval{500};     // between two pages of the journal that is walked
constexpr milliseconds kPinInterval{60'000};      // how much of the journal's end may go unnoticed after a crash
constexpr milliseconds kKeydPing{2000};
constexpr std::string_view kNobodysIntent = "readiness";
constexpr int kMaxCapsuleRounds = 16;           // in one go; a stop waits for them
constexpr milliseconds kCapsuleInterval{1000};  // how soon a new capsule is sealed
constexpr std::size_t kMaxAuthQueue = 1024;
constexpr unsigned kLookUpThreads = 4;   // as many as the registry has sessions for reading
constexpr unsigned kDeskThreads = 4;     // decisions on workstations: each may wait for a source
constexpr unsigned kKeyDeskThreads = 4;  // decisions by the key server: each may wait for a token
constexpr unsigned kLiftingThreads = 2;  // augmentation: each waits for others' services most of its time

// Requests on their way in: counted, timed, logged.
class HttpObserver final : public net::http::Observer {
 public:
  HttpObserver(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

  void finished(const net::http::Exchange& exchange) override {
    metrics_.observe_request(exchange);
    const bool is_probe = exchange.route == "/healthz" || exchange.route == "/readyz" || exchange.route == "/metrics";
    const auto duration_us = std::chrono::duration_cast<std::chrono::microseconds>(exchange.duration).count();
    log_.write(is_probe ? LogLevel::kDebug : LogLevel::kInfo, "http.request",
               {{"requestId", exchange.request_id},
                {"method", net::http::to_string(exchange.method)},
                {"route", exchange.route},
                {"status", static_cast<std::int64_t>(exchange.status)},
                {"code", exchange.code ? base::dotted(*exchange.code) : std::string_view()},
                {"peer", exchange.peer_address},
                {"bodyBytes", static_cast<std::int64_t>(exchange.body_bytes)},
                {"responseBytes", static_cast<std::int64_t>(exchange.response_bytes)},
                {"durationUs", static_cast<std::int64_t>(duration_us)}});
  }
  void connection_refused(Refused why) override {
    const std::string_view reason = why == Refused::kTooMany              ? "too-many"
                                    : why == Refused::kTooManyFromAddress ? "too-many-from-address"
                                                                          : "handshake";
    metrics_.count("http_connections_refused", "Connections turned away.", {{"reason", reason}});
  }
  void fault(std::string_view request_id, std::string_view what) override {
    log_.write(LogLevel::kError, "http.fault", {{"requestId", request_id}, {"what", what}});
  }

 private:
  Metrics& metrics_;
  Log& log_;
};

Result<licensing::flow::Settings> make_settings(const Config& config) {
  TANBA_TRY(licensing::Services services, make_services(config));
  licensing::flow::Settings settings{.services = std::move(services),
                                     .entitlement = licensing::default_entitlement_policy()};
  settings.check_digit = config.check_digits;
  settings.demo = config.mode == Mode::kDemo ? licensing::flow::Demo::kYes : licensing::flow::Demo::kNo;
  settings.host = config.host;
  settings.policy.ocsp_freshness = config.ocsp_freshness;
  settings.policy.crl_freshness = config.crl_freshness;
  settings.policy.embedded_crl_limit = config.embedded_crl_limit;
  settings.policy.evidence = config.evidence_rule;
  settings.policy.grace = config.evidence_grace;
  settings.policy.certificate_reference = config.certificate_reference;
  settings.policy.issuer_rules = config.issuer_rules;
  settings.challenge_lifetime = config.sessions.challenge_timeout;
  settings.verification_deadline = config.fetch_timeout;
  settings.limits.max_document_bytes = std::min(settings.limits.max_document_bytes, config.max_body_bytes);
  if (config.keyd) settings.keyd_timeout = config.keyd->timeout;
  return settings;
}

registry::Options registry_options(const Config& config) {
  return {.database = config.database,
          .documents = config.documents,
          .max_queued = config.max_waiting,
          .readers = kLookUpThreads};
}

Result<std::unique_ptr<registry::Registry>> open_configured_registry(const Config& config, const base::Clock& clock) {
  return registry::Registry::open(registry_options(config), clock);
}

// Walks the registry's journal from its first row while the daemon serves, a page at a time, and then whatever is
// added. Once damaged, for ever.
class JournalWalk {
 public:
  JournalWalk(registry::Registry& registry, Log& log) : registry_(registry), log_(log) {}

  void go_on() {
    if (!check()) return;
    const auto further = registry_.verify_journal_after(walked_);
    if (further) {
      walked_ = *further;
    } else if (further.error().code() == Code::kRegistryDamaged) {  // trouble with reading passes
      log_.error("journal.damaged", further.error());
      const std::scoped_lock lock(mutex_);
      found_ = std::unexpected(further.error());
    }
  }
  [[nodiscard]] Status check() const {
    const std::scoped_lock lock(mutex_);
    return found_;
  }

 private:
  registry::Registry& registry_;
  Log& log_;
  registry::JournalSummary walked_{0, {}, base::Time(base::Seconds(0))};
  mutable std::mutex mutex_;
  Status found_;
};

Result<std::unique_ptr<licensing::flow::TrustLists>> open_trust(const Config& config, registry::Registry& registry,
                                                                const base::Clock& clock,
                                                                const pki::TrustSnapshotPtr& configured) {
  const auto demo = config.mode == Mode::kDemo ? licensing::flow::Demo::kYes : licensing::flow::Demo::kNo;
  return licensing::flow::TrustLists::open({.registry = registry, .clock = clock, .demo = demo}, configured);
}

// A key that waits for a person, or whose token is away, signs nothing: its own reason.
Status check_keys(tokens::client::KeyServer& keyd) {
  TANBA_TRY(const auto list, keyd.list_keys(kKeydPing));
  for (const tokens::client::KeyDescription& key : list.keys) {
    if (key.state == tokens::client::KeyState::kReady) continue;
    const Code otherwise = key.state == tokens::client::KeyState::kLocked ? Code::kTokenLocked : Code::kTokenLost;
    return base::fail(base::find_code(key.reason).value_or(otherwise), {{"reason", key.reason}}, key.name);
  }
  return {};
}

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::size_t kOtherFiles = 256;  // besides connections: databases, fetches, documents

base::Error wrong(std::string key, std::string reason) {
  return base::Error(Code::kConfigInvalid, {{"key", std::move(key)}, {"reason", std::move(reason)}});
}

Status check_folder(std::string key, const std::filesystem::path& folder) {
  std::error_code unreadable;
  if (!std::filesystem::is_directory(folder, unreadable)) {
    return base::fail(wrong(std::move(key), fmt::format("there is no folder {}", folder.string())));
  }
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return base::fail(wrong(std::move(key), fmt::format("{} cannot be written", folder.string())));
}

// A folder that is there, or can be made.
Status check_place(std::string key, const std::filesystem::path& folder) {
  std::error_code unreadable;
  const bool there = std::filesystem::exists(folder, unreadable);
  return check_folder(std::move(key), there ? folder : folder.parent_path());
}

Status check_tls_ca(const std::string& file) {
  if (file.empty()) return {};
  TANBA_TRY(const base::Bytes octets, base::read_file(file, kMaxAnchorFileBytes));
  const auto certificates = pki::parse_certificates(octets);
  if (certificates && !certificates->empty()) return {};
  return base::fail(wrong("egress.tls_ca", fmt::format("{} holds no certificate", file)));
}

}  // namespace

Result<std::int64_t> take_configured_trust(const Config& config, const base::Clock& clock, std::string reason) {
  TANBA_TRY(const pki::TrustSnapshotPtr configured, load_trust(config));
  TANBA_TRY(const auto registry, open_configured_registry(config, clock));
  TANBA_TRY(const auto lists, open_trust(config, *registry, clock, configured));
  TANBA_TRY(const auto state, lists->take_configured(configured, std::move(reason)));
  return state.version.version;
}

Result<registry::JournalSummary> verify_configured_journal(const Config& config, const base::Clock& clock) {
  TANBA_TRY(const auto registry, open_configured_registry(config, clock));
  return registry->verify_journal();
}

Result<std::optional<base::Time>> accept_clock(const Config& config, const base::Clock& clock,
                                               const std::string& reason) {
  return registry::accept_clock(registry_options(config), clock, reason);
}

Errors check_files(const Config& config) {
  Errors errors;
  const auto take = [&errors](const auto& result) {
    if (!result) errors.push_back(result.error());
  };
  for (const AnchorFile& anchor : config.anchors) {
    Config one;
    one.mode = config.mode;
    one.anchors = {anchor};
    take(load_trust(one));
  }
  if (errors.empty()) take(load_trust(config));  // all of them, and the intermediates
  take(make_settings(config));
  take(net::http::Server::check({config.listener}));
  take(check_tls_ca(config.egress.tls_ca_file));
  if (config.database.starts_with(kSqlite)) {
    const std::filesystem::path file(config.database.substr(kSqlite.size()));
    take(check_folder("database.url", file.parent_path()));
  }
  take(check_place("database.documents", config.documents));
  return errors;
}

Errors odd_settings(const Config& config, base::Time now) {
  Errors out;
  for (const AnchorFile& anchor : config.anchors) {
    if (anchor.not_after && *anchor.not_after < now) {
      out.push_back(wrong("anchor.not_after", fmt::format("it is over: {}", anchor.file.string())));
    }
  }
  for (const PortalKeyConfig& key : config.portal_keys) {
    if (key.expires && *key.expires < now) {
      out.push_back(wrong("portal_key.expires", fmt::format("it is over: a key of {}", key.portal)));
    }
  }
  for (const std::chrono::year year : years_without_calendar(config, now)) {
    out.push_back(wrong("calendar", fmt::format("{} has none: days off and days worked that are set for this year "
                                                "alone are not known",
                                                static_cast<int>(year))));
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && config.limits.max_connections + kOtherFiles > files.rlim_cur) {
    out.push_back(wrong("http.max_connections", fmt::format("this process may open {} files only", files.rlim_cur)));
  }
  return out;
}

// In the order of their making; ended in the reverse order, but for what stop() does first.
struct Daemon::State {
  State(Config config_in, const base::Clock& clock_in, Log& log_in)
      : config(std::move(config_in)),
        clock(clock_in),
        log(log_in),
        store({.directory = config.evidence_cache}),
        configured(config.portal_keys),
        sessions(config.sessions, clock) {}
  ~State() { stop(); }

  Status open_registry(const pki::TrustSnapshotPtr& listed);
  evidence::Sources::Options source_options();
  std::function<void(std::string_view)> report_fault();
  Status start_verification();
  Status start_flow();
  void warn_of_fees();
  void start_capsules();
  Status start_http();
  void start_upkeep();
  std::vector<Readiness::Check> checks();
  void add_gauges();
  void upkeep();
  void recover();
  void seal_capsules();
  void compare_trust(const pki::TrustSnapshot& listed);
  void refresh_trust();
  void stop();

  Config config;
  const base::Clock& clock;
  Log& log;
  Metrics metrics;
  evidence::Store store;
  licensing::WorkingCalendar calendar{config.calendar};
  licensing::NoPaymentGateway payments;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<JournalWalk> journal;
  std::unique_ptr<licensing::flow::TrustLists> trust;
  std::unique_ptr<tokens::client::Client> keyd;
  std::unique_ptr<evidence::Workers> verifying;
  std::unique_ptr<evidence::Workers> looking_up;
  std::unique_ptr<evidence::Workers> desk;
  std::unique_ptr<evidence::Workers> key_desk;
  std::unique_ptr<evidence::Workers> lifting;
  std::unique_ptr<net::fetch::Fetcher> fetcher;
  std::unique_ptr<SourceReporter> reporter;
  std::unique_ptr<evidence::Sources> sources;
  std::unique_ptr<AlertKeeper> alerts;
  std::unique_ptr<evidence::Verifier> verifier;
  std::unique_ptr<evidence::TimeStamper> stamper;
  std::unique_ptr<evidence::Augmenter> augmenter;
  std::unique_ptr<licensing::flow::Flow> flow;
  std::unique_ptr<licensing::flow::Capsules> capsules;
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> capsules_unsealed{0}, capsules_unstamped{0};
  std::mutex unfit_mutex;
  std::map<base::Code, std::int64_t> capsules_unfit;

  ConfiguredPortals configured;
  std::unique_ptr<RegistryPortals> registered;
  std::unique_ptr<RegistryStaff> staff;
  SessionBook sessions;
  std::unique_ptr<base::Executor> asking;
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<Readiness> readiness;
  UseCases use;
  std::unique_ptr<Api> api;
  std::unique_ptr<net::http::Server> server;
  std::unique_ptr<Periodic> keeping_up;
  std::unique_ptr<Periodic> sealing;
  std::unique_ptr<Periodic> recovering;
  std::unique_ptr<Periodic> walking;
  std::unique_ptr<Periodic> pinning;
};

Status Daemon::State::open_registry(const pki::TrustSnapshotPtr& listed) {
  TANBA_TRY(registry, open_configured_registry(config, clock));
  journal = std::make_unique<JournalWalk>(*registry, log);
  TANBA_CHECK(put_configured_staff(*registry, config.staff));
  TANBA_TRY(trust, open_trust(config, *registry, clock, listed));
  compare_trust(*listed);
  return {};
}

// The registry's list is the one in force; a configuration that says otherwise is not obeyed, but not passed over
// either.
void Daemon::State::compare_trust(const pki::TrustSnapshot& listed) {
  const licensing::flow::TrustState now = trust->in_force();
  if (now.snapshot->id() == listed.id()) return;
  log.write(
      LogLevel::kWarning, "trust.configuration_differs",
      {{"version", now.version.version}, {"snapshot", now.snapshot->id().hex()}, {"configured", listed.id().hex()}});
}

// A version that another daemon of this registry made.
void Daemon::State::refresh_trust() {
  const auto refreshed = trust->refresh();
  if (!refreshed) return log.warning("trust.not_refreshed", refreshed.error());
  if (*refreshed == licensing::flow::TrustLists::Refreshed::kSame) return;
  const licensing::flow::TrustState now = trust->in_force();
  log.info("trust.taken", {{"version", now.version.version}, {"snapshot", now.snapshot->id().hex()}});
}

evidence::Sources::Options Daemon::State::source_options() {
  evidence::Sources::Options options{.succession = {.turnover = config.crl_turnover}, .configured = config.crl_urls};
  options.configured_refresh = config.crl_configured_refresh;
  options.list_refresh = config.crl_refresh;
  options.authorities = [this](const pki::Name& name) {
    const pki::TrustSnapshotPtr snapshot = trust->current();  // what it gives is its own
    const auto found = snapshot->with_subject(name);
    return std::vector<pki::CertificatePtr>(found.begin(), found.end());
  };
  options.observer = reporter.get();
  return options;
}

std::function<void(std::string_view)> Daemon::State::report_fault() {
  return [this](std::string_view what) { log.write(LogLevel::kError, "task.fault", {{"what", what}}); };
}

Status Daemon::State::start_verification() {
  const auto workers = [this](unsigned threads) {
    return evidence::Workers::start({.threads = threads, .max_queued = config.max_waiting, .on_fault = report_fault()});
  };
  TANBA_TRY(verifying, workers(config.workers));
  TANBA_TRY(looking_up, workers(kLookUpThreads));
  TANBA_TRY(desk, workers(kDeskThreads));
  TANBA_TRY(key_desk, workers(kKeyDeskThreads));
  TANBA_TRY(lifting, workers(kLiftingThreads));
  TANBA_TRY(auto policy, net::fetch::EgressPolicy::make(config.egress));
  fetcher = std::make_unique<net::fetch::Fetcher>(net::fetch::Fetcher::Options{.policy = std::move(policy)});
  const std::size_t kept = store.load(clock.now());
  log.info("evidence.loaded", {{"lists", static_cast<std::int64_t>(kept)}});
  reporter = std::make_unique<SourceReporter>(metrics, log);
  sources = std::make_unique<evidence::Sources>(*verifying, fetcher.get(), store, clock, source_options());
  reporter->show(*sources);
  alerts = std::make_unique<AlertKeeper>(*registry, *sources);
  verifier = std::make_unique<evidence::Verifier>(*verifying, sources.get(), store);
  stamper = std::make_unique<evidence::TimeStamper>(
      *verifier, *fetcher, evidence::TimeStamper::Options{.authorities = config.time_stamp_authorities});
  augmenter = std::make_unique<evidence::Augmenter>(*verifying, *verifier, stamper.get());
  if (config.keyd) {
    keyd = std::make_unique<tokens::client::Client>(tokens::client::Client::Options{.socket = config.keyd->socket});
  }
  return {};
}

Status Daemon::State::start_flow() {
  TANBA_TRY(licensing::flow::Settings settings, make_settings(config));
  TANBA_TRY(flow, licensing::flow::Flow::make(std::move(settings), {.registry = *registry,
                                                                    .verifying = *verifying,
                                                                    .looking_up = *looking_up,
                                                                    .desk = *desk,
                                                                    .key_desk = *key_desk,
                                                                    .lifting = *lifting,
                                                                    .verifier = *verifier,
                                                                    .augmenter = *augmenter,
                                                                    .keys = keyd.get(),
                                                                    .calendar = calendar,
                                                                    .payments = payments,
                                                                    .clock = clock,
                                                                    .trust = [this] { return trust->current(); }}));
  return {};
}

// Nobody can say whether a fee was paid: applications for these services are answered fetch.unreachable.
void Daemon::State::warn_of_fees() {
  std::string closed;
  for (const licensing::Service& service : flow->settings().services.all()) {
    if (service.payment != licensing::PaymentRule::kFee) continue;
    if (!closed.empty()) closed += ", ";
    closed += service.id;
  }
  if (!closed.empty()) log.write(LogLevel::kWarning, "payments.no_gateway", {{"services", closed}});
}

void Daemon::State::start_capsules() {
  const auto stamp_input = [this] {
    verify::JudgeInput input;
    input.trust = trust->current();
    input.policy = flow->settings().policy;
    input.now = clock.now();
    return input;
  };
  capsules = std::make_unique<licensing::flow::Capsules>(
      licensing::flow::Capsules::Parts{.registry = *registry,
                                       .keys = keyd.get(),
                                       .stamper = stamper->has_authorities() ? stamper.get() : nullptr,
                                       .stamp_input = stamp_input,
                                       .keyd_timeout = flow->settings().keyd_timeout,
                                       .stamp_timeout = flow->settings().verification_deadline});
}

std::vector<Readiness::Check> Daemon::State::checks() {
  std::vector<Readiness::Check> out;
  out.push_back({"registry", [this]() -> Status {
                   TANBA_CHECK(journal->check());
                   return registry->ping();
                 }});
  out.push_back({"trust", [this] { return trust->check(); }});
  if (keyd) {
    out.push_back({"keyd", [this]() -> Status {
                     // About nobody's intent: a key server whose log is damaged still answers a ping.
                     TANBA_CHECK(keyd->ask_intent(kNobodysIntent, kKeydPing));
                     return {};
                   }});
    out.push_back({"keys", [this] { return check_keys(*keyd); }});
  }
  return out;
}

Status Daemon::State::start_http() {
  registered = std::make_unique<RegistryPortals>(*registry, clock);
  staff = std::make_unique<RegistryStaff>(*registry);
  asking = std::make_unique<base::Executor>(
      base::Executor::Options{.name = "asking", .threads = 2, .max_queued = kMaxAuthQueue, .on_fault = report_fault()});
  authenticator = std::make_unique<Authenticator>(Authenticator::Parts{.configured = &configured,
                                                                       .registry = registered.get(),
                                                                       .staff = staff.get(),
                                                                       .sessions = &sessions,
                                                                       .executor = asking.get(),
                                                                       .clock = &clock});
  readiness = std::make_unique<Readiness>(checks(), Readiness::pace(kReadinessInterval));
  readiness->on_change([this](const std::string& name, const Status& status) {
    if (status) log.info("readiness.restored", {{"check", name}});
    if (!status) log.warning("readiness.lost", status.error(), {{"check", name}});
  });
  use = {.flow = flow.get(),
         .registry = registry.get(),
         .sessions = &sessions,
         .readiness = readiness.get(),
         .metrics = &metrics,
         .config = &config,
         .trust = trust.get(),
         .sources = sources.get(),
         .verifying = verifying.get(),
         .capsules = capsules.get()};
  auto router = std::make_shared<net::http::Router>();
  api = std::make_unique<Api>(*router, *authenticator);
  TANBA_CHECK(add_operations(*api, use, config.max_body_bytes));
  net::http::ServerOptions options{.listeners = {config.listener}, .workers = config.workers, .limits = config.limits};
  // TLS of each worker in a library context of its own: OpenSSL 3.0 shares locks inside one.
  options.on_worker_start = [](unsigned) -> std::shared_ptr<void> {
    auto context = pki::Context::create();
    return context ? std::shared_ptr<void>(*std::move(context)) : nullptr;
  };
  options.clock = &clock;
  TANBA_TRY(server, net::http::Server::start(std::move(options), router, std::make_shared<HttpObserver>(metrics, log)));
  add_gauges();
  return {};
}

void Daemon::State::add_gauges() {
  const auto number = [](auto value) { return static_cast<double>(value); };
  metrics.gauge("http_connections", "Open connections.", [this, number] { return number(server->connections()); });
  metrics.gauge("http_in_flight", "Requests being handled.", [this, number] { return number(server->in_flight()); });
  metrics.gauge("sessions", "Log-ins in force.", [this, number] { return number(sessions.size()); });
  metrics.gauge("verifying_queued", "Verifications waiting for a thread.",
                [this, number] { return number(verifying->queued()); });
  metrics.gauge("desk_queued", "Decisions waiting for a thread.",
                [this, number] { return number(desk->queued() + key_desk->queued()); });
  metrics.gauge("fetch_active", "Fetches under way.", [this, number] { return number(fetcher->load().active); });
  metrics.gauge("fetch_queued", "Fetches waiting.", [this, number] { return number(fetcher->load().queued); });
  metrics.gauge("evidence_lists", "Revocation lists at hand.", [this, number] { return number(store.sizes().crls); });
  metrics.gauge("capsules_unsealed", "Evidence capsules that wait for their seal.",
                [this, number] { return number(capsules_unsealed.load()); });
  metrics.gauge("capsules_unstamped", "Sealed evidence capsules without a time stamp.",
                [this, number] { return number(capsules_unstamped.load()); });
  metrics.gauges("capsules_unfit", "Of the unsealed, those that are not sealed as they are, by the reason.", [this] {
    std::vector<Metrics::Sample> samples;
    const std::scoped_lock lock(unfit_mutex);
    for (const auto& [code, count] : capsules_unfit) {
      samples.push_back({{{"code", std::string(base::dotted(code))}}, static_cast<double>(count)});
    }
    return samples;
  });
  metrics.gauge("calendar_years_missing", "Years that periods reach into soon, without a calendar of their own.",
                [this, number] { return number(years_without_calendar(config, clock.now()).size()); });
  metrics.gauge("registry_queued", "Commands waiting for the registry.",
                [this, number] { return number(registry->health().queued); });
  metrics.gauge("registry_failed_batches", "Transactions that failed since the start.",
                [this, number] { return number(registry->health().failed_batches); });
}

void Daemon::State::start_upkeep() {
  keeping_up = std::make_unique<Periodic>("upkeep", kUpkeepInterval, [this] { upkeep(); });
  sealing = std::make_unique<Periodic>("capsules", kCapsuleInterval, [this] { seal_capsules(); });
  if (keyd) recovering = std::make_unique<Periodic>("intents", kUpkeepInterval, [this] { recover(); });
  walking = std::make_unique<Periodic>("journal", kJournalInterval, [this] { journal->go_on(); });
  pinning = std::make_unique<Periodic>("journal-pin", kPinInterval, [this] {
    if (const auto pinned = registry->pin_journal(); !pinned) log.warning("journal.not_pinned", pinned.error());
  });
  sources->start();
}

// Nobody waits for seals and time stamps; what cannot be had now is found again the next time, or after a restart.
void Daemon::State::seal_capsules() {
  for (int i = 0; i < kMaxCapsuleRounds && !stopping.load(); ++i) {
    const licensing::flow::Capsules::Round round = capsules->work();
    for (const auto& trouble : round.troubles) {
      log.warning("capsule.waits", trouble.error, {{"capsule", trouble.owner}});
    }
    if (round.sealed + round.stamped == 0) break;
    log.info("capsules.kept", {{"sealed", static_cast<std::int64_t>(round.sealed)},
                               {"stamped", static_cast<std::int64_t>(round.stamped)}});
    if (!round.troubles.empty()) break;
  }
  const auto waiting = capsules->waiting();
  if (!waiting) return;  // the registry's own check says so
  capsules_unsealed = waiting->unsealed;
  capsules_unstamped = waiting->unstamped;
  const std::scoped_lock lock(unfit_mutex);
  capsules_unfit = waiting->unfit;
}

// Holds and trust lists of another daemon.
void Daemon::State::upkeep() {
  refresh_trust();
  if (const auto kept = alerts->keep(); !kept) log.warning("alerts.not_kept", kept.error());
  if (const auto holds = flow->refresh_holds(); !holds) log.warning("holds.not_refreshed", holds.error());
}

// Decisions that a crash or an outage left with the key server. By itself: a key server that hangs holds up nothing
// else.
void Daemon::State::recover() {
  const std::size_t open = flow->recover([this] { return stopping.load(); });
  if (open > 0) log.write(LogLevel::kWarning, "intents.open", {{"count", static_cast<std::int64_t>(open)}});
}

void Daemon::State::stop() {
  stopping = true;
  if (readiness) readiness->set_stopping();
  if (server) server->stop(config.stop_grace);
  keeping_up.reset();
  sealing.reset();
  recovering.reset();
  walking.reset();
  pinning.reset();
  if (sources) sources->stop();
  // Whoever waits for a verification first, then the verifications, then what they wait for.
  if (desk) desk->stop();
  if (key_desk) key_desk->stop();
  if (lifting) lifting->stop();
  if (verifying) verifying->stop();
  fetcher.reset();
  if (looking_up) looking_up->stop();
  if (asking) asking->stop();
}

Result<std::unique_ptr<Daemon>> Daemon::start(Config config, const base::Clock& clock, Log& log) {
  TANBA_TRY(const pki::TrustSnapshotPtr configured, load_trust(config));
  auto state = std::make_unique<State>(std::move(config), clock, log);
  TANBA_CHECK(state->open_registry(configured));
  TANBA_CHECK(state->start_verification());
  TANBA_CHECK(state->start_flow());
  state->warn_of_fees();
  state->start_capsules();
  TANBA_CHECK(state->start_http());
  state->start_upkeep();
  log.info("daemon.started", {{"address", state->config.listener.address},
                              {"port", static_cast<std::int64_t>(state->server->ports().front())},
                              {"mode", state->config.mode == Mode::kDemo ? "demo" : "real"},
                              {"trustVersion", state->trust->in_force().version.version},
                              {"anchors", static_cast<std::int64_t>(state->trust->current()->anchors().size())},
                              {"snapshot", state->trust->current()->id().hex()}});
  return std::unique_ptr<Daemon>(new Daemon(std::move(state)));
}

Daemon::Daemon(std::unique_ptr<State> state) : state_(std::move(state)) {}

Daemon::~Daemon() = default;

std::uint16_t Daemon::port() const {
  return state_->server->ports().front();
}

Status Daemon::reload(const Config& config) {
  state_->configured.replace(config.portal_keys);  // first: a key that was withdrawn waits for no other file
  TANBA_CHECK(state_->server->reload_tls());
  state_->refresh_trust();
  TANBA_TRY(const pki::TrustSnapshotPtr configured, load_trust(config));
  state_->compare_trust(*configured);
  return {};
}

void Daemon::stop() {
  state_->stop();
  state_->log.info("daemon.stopped");
}

}  // namespace tanba::server
