// A command that does not exist, or none where one is needed: what the parser says of it does not name what there is.
#pragma once

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace tanba::cli {

// input.usage with the commands that there are, and the one that was meant by the looks of it. In order when the words
// name a command: then something else is wrong with the line.
[[nodiscard]] base::Status check_command_names(const CLI::App& app, int argc, const char* const* argv);

}  // namespace tanba::cli
