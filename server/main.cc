// tanbad: verification, licensing core and revocation store behind an HTTPS/JSON API.
#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/stop_deadline.h"
#include "base/text.h"
#include "server/daemon.h"
#include "server/process.h"
#include "server/settings.h"
#include "server/terms.h"

namespace {

using namespace tanba;

constexpr int kExitUsage = 64;   // EX_USAGE
constexpr int kExitConfig = 78;  // EX_CONFIG: the service manager need not try again

// Behind the grace for requests: what threads have under way. The unit's TimeoutStopSec is above the sum.
constexpr std::chrono::milliseconds kStopRest{12'000};

constexpr const char* kFooter =
    "A first configuration, for trying out with the demo authority's certificates:\n"
    "\n"
    "  demo = true\n"
    "  [listen]\n"
    "  port = 8080\n"
    "  [[anchor]]\n"
    "  file = \"anchors.pem\"\n"
    "  purposes = [\"applicant\", \"officer\", \"ocsp\"]\n"
    "\n"
    "  tanbad --config tanbad.toml --check-config    what is wrong with it, without starting\n"
    "  tanbad --config tanbad.toml                   until SIGTERM; SIGHUP takes portals' keys and TLS files anew\n"
    "  curl http://127.0.0.1:8080/readyz             is it ready, and what is missing\n"
    "  curl http://127.0.0.1:8080/v1/openapi.json    everything it answers\n"
    "\n"
    "Outside demo mode name your TLS certificate ([tls]), each licensor's BIN ([licensors]), the anchors of the "
    "national\n"
    "authority after comparing their fingerprints, and the portals that may call ([[portal]], [[portal_key]]).\n"
    "Exit status: 0 stopped in order, 1 cannot start, 64 wrong usage, 75 did not stop in time (a database or key "
    "server\n"
    "that hangs), 78 wrong configuration.";

void print_error(const base::Error& error) {
  fmt::print(stderr, "tanbad: {}: {}\n", base::dotted(error.code()), error.message());
  if (!error.cause().empty()) fmt::print(stderr, "  {}\n", base::escape_for_display(error.cause()));
}

// Each connection is a descriptor: all that the service manager grants.
void raise_descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= files.rlim_max) return;
  files.rlim_cur = files.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
}

// As it is written, for comparing; nothing when it cannot be read, which load_config says.
std::optional<server::ParsedConfig> written_config(const std::string& file) {
  const auto octets = base::read_file(file, server::kMaxConfigBytes);
  if (!octets) return std::nullopt;
  auto parsed = server::parse_config(base::as_text(*octets));
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

bool same_values(const server::ParsedTable& a, const server::ParsedTable& b) {
  return std::ranges::equal(a.values, b.values, [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.value == other.second.value;
  });
}

// What a reload takes needs no restart.
bool is_taken_at_reload(std::string_view table) {
  return table == "portal" || table == "portal_key";
}

// Tables whose values differ and that wait for a restart, in a row.
std::string changed_tables(const server::ParsedConfig& before, const server::ParsedConfig& after) {
  std::string out;
  const auto add = [&out](std::string_view name) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", name.empty() ? "top" : name);
  };
  for (const auto& [name, table] : before.tables) {
    if (!same_values(table, after.tables.find(name)->second)) add(name);
  }
  for (const auto& [name, list] : before.lists) {
    if (is_taken_at_reload(name)) continue;
    if (!std::ranges::equal(list, after.lists.find(name)->second, same_values)) add(name);
  }
  return out;
}

// What a reload takes is little: that the rest waits for a restart is said. A file that is wrong keeps nobody from
// taking over TLS files that were renewed; for the rest the last file that was right counts, which is `in_force`.
void reload(const std::string& file, server::Config& in_force, const std::optional<server::ParsedConfig>& written,
            server::Daemon& daemon, server::Log& log) {
  auto again = server::load_config(file);
  if (again) in_force = *again;
  if (!again) {
    for (const base::Error& error : again.error()) log.error("reload.failed", error);
    log.write(server::LogLevel::kWarning, "reload.file_not_taken", {{"file", file}});
  }
  const base::Status status = daemon.reload(in_force);
  if (!status) log.error("reload.failed", status.error());
  if (status && again) log.info("reload.done", {{"took", "portals' keys, TLS files, trust list of the registry"}});
  const auto now = written_config(file);
  if (!again || !written || !now) return;
  const std::string changed = changed_tables(*written, *now);
  if (!changed.empty()) log.write(server::LogLevel::kWarning, "reload.needs_restart", {{"tables", changed}});
}

int serve(const std::string& file, server::Config config, const server::Signals& signals) {
  const base::SystemClock clock;
  server::Log log(config.log_level, config.log_format, clock);
  const std::chrono::milliseconds grace = config.stop_grace;
  for (const base::Error& odd : server::odd_settings(config, clock.now())) log.warning("configuration.odd", odd);
  const auto written = written_config(file);
  server::Config in_force = config;
  auto daemon = server::Daemon::start(std::move(config), clock, log);
  if (!daemon) {
    log.error("daemon.not_started", daemon.error());
    print_error(daemon.error());
    return 1;
  }
  server::notify_service_manager("READY=1");
  while (signals.wait() == server::Signals::What::kReload) {
    reload(file, in_force, written, **daemon, log);
  }
  server::notify_service_manager("STOPPING=1");
  const base::StopDeadline deadline(grace + kStopRest,
                                    [&log] { log.write(server::LogLevel::kError, "daemon.stop_deadline", {}); });
  (*daemon)->stop();
  daemon->reset();  // ends the registry's threads: inside the deadline
  return 0;
}

int take_trust(const server::Config& config, const std::string& reason) {
  const base::SystemClock clock;
  const auto version = server::take_configured_trust(config, clock, reason);
  if (!version) {
    print_error(version.error());
    return 1;
  }
  fmt::print("trust version {}\n", *version);
  return 0;
}

int verify_journal(const server::Config& config) {
  const base::SystemClock clock;
  const auto walked = server::verify_configured_journal(config, clock);
  if (!walked) {
    print_error(walked.error());
    return 1;
  }
  fmt::print("journal: {} rows, head {}, ok\n", walked->entries, walked->head.hex());
  return 0;
}

int accept_clock(const server::Config& config, const std::string& reason) {
  const base::SystemClock clock;
  const auto before = server::accept_clock(config, clock, reason);
  if (!before) {
    print_error(before.error());
    return 1;
  }
  if (*before) fmt::print("clock accepted; the journal's last row was of {}\n", base::format_time(**before));
  if (!*before) fmt::print("the clock is not behind the journal: nothing to accept\n");
  return 0;
}

enum class Task { kServe, kCheckConfig, kTakeTrust, kVerifyJournal, kAcceptClock };

int run(const std::string& file, Task task, const std::string& reason) {
  // Before the first thread.
  const server::Signals signals;
  pki::initialise_process();
  if (const auto hardened = server::harden_process(); !hardened) {
    print_error(hardened.error());
    return 1;
  }
  auto config = server::load_config(file);
  if (!config) {
    for (const base::Error& error : config.error()) print_error(error);
    return kExitConfig;
  }
  raise_descriptor_limit();
  if (task == Task::kServe) return serve(file, *std::move(config), signals);
  if (task == Task::kTakeTrust) return take_trust(*config, reason);
  if (task == Task::kVerifyJournal) return verify_journal(*config);
  if (task == Task::kAcceptClock) return accept_clock(*config, reason);
  for (const base::Error& odd : server::odd_settings(*config, base::SystemClock().now())) {
    fmt::print(stderr, "tanbad: warning: {}\n", base::escape_for_display(odd.message()));
  }
  const server::Errors wrong = server::check_files(*config);
  for (const base::Error& error : wrong) print_error(error);
  if (!wrong.empty()) return kExitConfig;
  fmt::print("{}: in order\n{}", base::escape_for_display(file),
             server::describe_terms(*config, base::SystemClock().now()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The daemon of Tanba: checks electronic signatures and keeps the licensing register.", "tanbad");
  std::string file;
  bool only_check = false;
  bool settings = false;
  bool verifies_journal = false;
  std::string take_trust_reason;
  std::string accept_clock_reason;
  app.add_option("--config", file, "Configuration file (TOML).")->type_name("FILE");
  app.add_flag("--check-config", only_check,
               "Say what is wrong with the configuration and the files it names; start nothing.");
  const CLI::Option* gives_trust =
      app.add_option(
             "--take-trust", take_trust_reason,
             "Make the configuration's anchors and intermediates the newest trust list of the registry, for this "
             "reason. For recovery; running daemons take it over.")
          ->type_name("REASON");
  app.add_flag(
      "--verify-journal", verifies_journal,
      "Walk the registry's journal from the first row to the last; say how many there are, the last one's hash, "
      "and which row is damaged. Running daemons are not disturbed.");
  const CLI::Option* gives_clock =
      app.add_option(
             "--accept-clock", accept_clock_reason,
             "After a clock had run ahead: write into the journal, with this reason, that the clock of now is right. "
             "For recovery; running daemons go on by themselves.")
          ->type_name("REASON");
  app.add_flag("--settings", settings,
               "Print every setting with its default and meaning (docs/reference/configuration.md).");
  app.footer(kFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (settings) {
    fmt::print("{}", server::settings_reference());
    return 0;
  }
  if (file.empty()) {
    fmt::print(stderr, "tanbad: --config FILE is needed; see --help\n");
    return kExitUsage;
  }
  // A reason of nothing is none, and no leave to serve instead.
  if ((gives_trust->count() > 0 && take_trust_reason.empty()) ||
      (gives_clock->count() > 0 && accept_clock_reason.empty())) {
    fmt::print(stderr, "tanbad: a reason is needed; see --help\n");
    return kExitUsage;
  }
  Task task = Task::kServe;
  if (gives_trust->count() > 0) task = Task::kTakeTrust;
  if (gives_clock->count() > 0) task = Task::kAcceptClock;
  if (verifies_journal) task = Task::kVerifyJournal;
  if (only_check) task = Task::kCheckConfig;
  return run(file, task, task == Task::kAcceptClock ? accept_clock_reason : take_trust_reason);
}
