// What every command shares: output in two forms, exit codes, languages, secrets from where they may come from.
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "verify/report.h"

namespace tanba::cli {

// DESIGN 5: the exit status is the decision.
enum ExitCode : int { kExitAccept = 0, kExitRefuse = 1, kExitRetry = 2, kExitFile = 3, kExitUsage = 64 };

enum class Form { kText, kJson };

struct Output {
  Form form = Form::kText;
  base::Language language = base::Language::kEnglish;
};
// From TANBA_LANG, else the locale's LC_ALL, LC_MESSAGES, LANG.
[[nodiscard]] base::Language language_of_environment();

// Prints the report and returns the exit status.
int finish(const verify::Report& report, const Output& output);
// Prints the problem: on standard error as text, or on standard output as the one JSON document. Usage errors give 64,
// refusals 1, what may come right 2, everything else 3.
int finish(const base::Error& error, const Output& output);
// The problem as the JSON document.
[[nodiscard]] boost::json::value problem_json(const base::Error& error, base::Language language);
// The status that goes with an error, for callers that print the problem themselves.
[[nodiscard]] int exit_code_of(const base::Error& error);
[[nodiscard]] int exit_code_of(verify::Decision decision);
// Prints a document as JSON, or `text`.
int finish(const boost::json::value& document, const std::string& text, const Output& output);

// A password or PIN: from the file when named, from the environment variable when set, else asked for on the terminal
// without echo. input.password when there is none of them.
[[nodiscard]] base::Result<base::Secret> read_secret(const std::filesystem::path& file, const char* variable,
                                                     const std::string& prompt);

// For what does not exist yet: asked for twice on a terminal.
[[nodiscard]] base::Result<base::Secret> read_new_secret(const std::filesystem::path& file, const char* variable,
                                                         const std::string& prompt);

// One line on standard error, in either form: the work goes on.
void warn(const base::Error& warning, const Output& output);
// On standard error too: what the officer must read while standard output carries the result.
void say(const std::string& text);

// input.usage: what was asked for cannot be done as it was asked.
[[nodiscard]] std::unexpected<base::Error> usage(std::string reason);

}  // namespace tanba::cli
