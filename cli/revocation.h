// `tanba revocation`: security staff's side of revocation, over the daemon's HTTP API.
#pragma once

#include <string>
#include <vector>

#include "cli/licence.h"

namespace tanba::cli {

struct RevocationOptions {
  DaemonOptions daemon;
  std::string source;                    // show, refresh: id, the beginning of one, or URL
  bool all = false;                      // refresh; CLI11 fills flags into bool
  std::string file;                      // import
  std::string serial, issuer, iin, bin;  // lookup
  std::string after;                     // lookup, alerts
  std::vector<std::string> states;       // alerts
  unsigned limit = 100;                  // alerts
  std::string alert, reason;             // acknowledge, confirm
  std::string decision;                  // acknowledgement, confirmation
};

int list_sources(const RevocationOptions& options, const Output& output);
int show_source(const RevocationOptions& options, const Output& output);
int refresh_sources(const RevocationOptions& options, const Output& output);
int import_list(const RevocationOptions& options, const Output& output);
int look_up_certificates(const RevocationOptions& options, const Output& output);
int list_alerts(const RevocationOptions& options, const Output& output);
int decide_alert(const RevocationOptions& options, const Output& output);

}  // namespace tanba::cli
