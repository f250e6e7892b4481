// The command line as a whole: subcommands, options, help.
#pragma once

namespace tanba::cli {

[[nodiscard]] int run_app(int argc, char** argv);

}  // namespace tanba::cli
