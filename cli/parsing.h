// How a command line becomes an action: shared by the files that describe commands to CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/commands.h"
#include "cli/daemon.h"
#include "cli/io.h"
#include "cli/key_access.h"

namespace tanba::cli {

// What the parsed line asks for; nothing when only help was wanted.
using Action = std::function<int(const Output&)>;

struct Session {
  Action action;
  bool json = false;  // CLI11 fills flags into bool
  std::string language;
};

// A subcommand with the options that every command has.
CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name, const std::string& description);
// One that only holds commands.
CLI::App* add_group(CLI::App& parent, Session& session, const std::string& name, const std::string& description);

// Every command.
void add_commands(CLI::App& app, Session& session);
// What the line asks for goes into the session of add_commands; gives the text when help or the version is wanted, else
// an empty one. input.usage: also for an empty value, and for a value that is an option by its looks.
[[nodiscard]] base::Result<std::string> parse_line(CLI::App& app, int argc, char** argv);

// Of commands that need a log-in: --server, --ca, --session.
void add_session_options(CLI::App* command, DaemonOptions& daemon);

// --token, --p12 and what belongs to them.
void add_key_options(CLI::App* command, KeyOptions& key);

// --trust, --crl, --at and the rest that every verifying command has (DESIGN 5, COMMON).
void add_verification_options(CLI::App* command, VerificationOptions& common);

// --tsa and what its time stamps are verified with.
void add_time_stamp_options(CLI::App* command, TimeStampOptions& stamp);
// --tsa alone, for commands that have the options of verification.
void add_time_stamp_authorities(CLI::App* command, TimeStampOptions& stamp);

void add_sign(CLI::App& app, Session& session);
void add_token(CLI::App& app, Session& session);
void add_licence(CLI::App& app, Session& session);
void add_trust(CLI::App& app, Session& session);
void add_revocation(CLI::App& app, Session& session);
void add_capsule(CLI::App& app, Session& session);
void add_augment(CLI::App& app, Session& session);

}  // namespace tanba::cli
