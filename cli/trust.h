// `tanba trust`: security staff's side of the trust lists, over the daemon's HTTP API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/licence.h"

namespace tanba::cli {

struct TrustOptions {
  DaemonOptions daemon;
  std::optional<std::int64_t> version;      // show, diff, rollback
  std::optional<std::int64_t> from;         // diff
  std::optional<std::int64_t> before;       // list
  unsigned limit = 100;                     // list
  std::string file;                         // import
  std::string sha256;                       // import, remove
  std::vector<std::string> purposes;        // import
  bool intermediate = false;                // import, remove; CLI11 fills flags into bool
  std::string trusted_from, trusted_until;  // import
  std::string reason;                       // import, remove, rollback
  std::optional<std::int64_t> based_on;     // likewise; without it the version that is in force now
};

int list_trust_versions(const TrustOptions& options, const Output& output);
int show_trust(const TrustOptions& options, const Output& output);
int show_trust_difference(const TrustOptions& options, const Output& output);
int import_trusted(const TrustOptions& options, const Output& output);
int remove_trusted(const TrustOptions& options, const Output& output);
int roll_back_trust(const TrustOptions& options, const Output& output);

}  // namespace tanba::cli
