// tanbad: everything tied together, started and stopped in order.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "licensing/registry/journal.h"
#include "server/config.h"
#include "server/log.h"

namespace tanba::server {

// What `--check-config` looks at beside the file itself: anchors, intermediates, TLS files, folders of the database
// and the documents. All that is wrong. Opens no socket and no database.
[[nodiscard]] Errors check_files(const Config& config);
// What works, but hardly as it was meant: times that are over, limits that the machine does not grant.
[[nodiscard]] Errors odd_settings(const Config& config, base::Time now);

// Makes the configuration's anchors and intermediates the newest trust list, in journal and registry: for recovery,
// when nobody can log in to do it. The version made; trust.unchanged, config.*, file.*, registry.*. Daemons that run
// take it over by themselves.
[[nodiscard]] base::Result<std::int64_t> take_configured_trust(const Config& config, const base::Clock& clock,
                                                               std::string reason);

// Walks the whole journal of the configured registry. registry.* (registry.damaged names the row).
[[nodiscard]] base::Result<licensing::registry::JournalSummary> verify_configured_journal(const Config& config,
                                                                                          const base::Clock& clock);

// As licensing::registry::accept_clock, for the configured registry.
[[nodiscard]] base::Result<std::optional<base::Time>> accept_clock(const Config& config, const base::Clock& clock,
                                                                   const std::string& reason);

class Daemon {
 public:
  // config.*, file.*; registry.* (also registry.clock: the clock reads a time before the journal's last entry). The
  // clock and the log outlive the daemon.
  [[nodiscard]] static base::Result<std::unique_ptr<Daemon>> start(Config config, const base::Clock& clock, Log& log);
  // As stop().
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // The portals' keys of this configuration, at once; the TLS files anew (on an error the old ones stay), and the
  // registry's trust list; that anchors of this configuration differ from the list in force is said in the log.
  [[nodiscard]] base::Status reload(const Config& config);
  // Takes no more requests, lets those under way finish within the configured grace, ends all threads.
  void stop();

 private:
  struct State;
  explicit Daemon(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tanba::server
