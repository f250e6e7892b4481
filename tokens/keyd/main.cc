// tanba-keyd: the only server process that loads PKCS#11 modules and sees PINs.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/stop_deadline.h"
#include "pki/context.h"
#include "tokens/keyd/config.h"
#include "tokens/keyd/pin.h"
#include "tokens/keyd/process.h"
#include "tokens/keyd/service.h"
#include "tokens/keyd/socket_server.h"

namespace {

using namespace tanba;
using namespace tanba::tokens;

constexpr int kExitUsage = 64;                // sysexits.h, as the other programs
constexpr int kExitConfig = 78;               // likewise
constexpr std::chrono::seconds kStopRest{2};  // for all but the tokens
constexpr std::string_view kDefaultConfig = "/etc/tanba-keyd/keyd.toml";

struct Arguments {
  std::string config{kDefaultConfig};
  bool check_only = false;
  bool help = false;
};

std::optional<Arguments> parse_arguments(const std::vector<std::string_view>& words) {
  Arguments out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--help" || words[i] == "-h") {
      out.help = true;
    } else if (words[i] == "--check-config") {
      out.check_only = true;
    } else if (words[i] == "--config" && i + 1 < words.size()) {
      out.config = words[++i];
    } else if (words[i].starts_with("--config=")) {
      out.config = words[i].substr(std::string_view("--config=").size());
    } else {
      fmt::print(stderr, "tanba-keyd: {} is not understood; see tanba-keyd --help\n", words[i]);
      return std::nullopt;
    }
  }
  return out;
}

void print_help() {
  fmt::print(R"(tanba-keyd signs licences and refusals with keys on PKCS#11 tokens, for the daemon tanbad.

  tanba-keyd [--config FILE]        serve; FILE is {} unless named
  tanba-keyd --check-config         read the configuration, the certificates and PIN files that it names, and end
  tanba-keyd --help

It runs as a user of its own. The daemon reaches it through a Unix socket and gets a signature only for what an officer
approved: the officer signs the intent (licence or refusal, number, digest of the document, licensor, key), and the
officer's key stands in this server's own configuration. There is no request that signs a digest as such.

A first set-up
  1. A token with a key:      tanba token init ...; tanba token keys
  2. Users and folders:       systemd-sysusers && systemd-tmpfiles --create: they read what is installed with this program
  3. The PIN in a file:       install -o tanba-keyd -m 600 /dev/null /etc/tanba-keyd/licence.pin; then write it there.
                              Or let systemd hand it over: LoadCredential=licence-pin:/etc/credstore/licence.pin
  4. The configuration:       as below; check it with --check-config as that user
  5. systemctl start tanba-keyd

When a log-in fails or is cut off, it is not tried again: a file login-stopped-... beside the log says for which token.
Mend the PIN, then remove the file. A token that was pulled out is used again when it is back. Events go to standard error, a line of
JSON each. SIGTERM ends the server after the answers under way.

Exit status: 0 after SIGTERM; 75 after SIGTERM when a token did not answer any more; 64 wrong usage; 78 wrong
configuration; 1 anything else.

The configuration, every setting:

{})",
             kDefaultConfig, keyd::example_config());
}

int fail_start(keyd::EventLog& events, const base::Error& error) {
  events.write(keyd::Level::kError, "server.not_started", error);
  return error.code() == base::Code::kConfigInvalid ? kExitConfig : EXIT_FAILURE;
}

base::Status check_pins(const keyd::Config& config) {
  for (const keyd::KeyConfig& key : config.keys) TANBA_CHECK(keyd::check_pin_source(key.pin));
  return {};
}

// SIGTERM and SIGINT as a descriptor; blocked before any thread starts, so that all threads inherit it.
base::FileDescriptor block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return base::FileDescriptor(::signalfd(-1, &signals, SFD_CLOEXEC));
}

int serve(const keyd::Config& config, const base::Clock& clock, keyd::EventLog& events) {
  const base::FileDescriptor stop = block_signals();
  auto service = keyd::Service::start(config, clock, events);
  if (!service) return fail_start(events, service.error());
  auto server = keyd::SocketServer::listen(config.socket, {}, events);
  if (!server) return fail_start(events, server.error());
  events.write(keyd::Level::kInfo, "server.started", {{"socket", config.socket.path.string()}});
  (*server)->run(
      [&service](std::string_view json, keyd::SocketServer::Respond respond) {
        base::Result<client::Request> request = client::parse_request(json);
        if (!request) return respond(client::write_outcome(std::unexpected(request.error())));
        (*service)->handle(*std::move(request), [respond = std::move(respond)](const client::Outcome& outcome) {
          respond(client::write_outcome(outcome));
        });
      },
      stop.get());
  // A call that hangs in a module cannot be made to return. What was signed is in the log, or never left.
  const base::StopDeadline deadline(config.token_timeout + kStopRest, [&events] {
    events.write(keyd::Level::kError, "server.stop_deadline", {{"hint", "a PKCS#11 module does not return"}});
  });
  server->reset();  // the socket first: whoever comes now is told at once
  service->reset();
  events.write(keyd::Level::kInfo, "server.stopped");
  return EXIT_SUCCESS;
}

int run(const std::vector<std::string_view>& words) {
  const std::optional<Arguments> arguments = parse_arguments(words);
  if (!arguments) return kExitUsage;
  if (arguments->help) {
    print_help();
    return EXIT_SUCCESS;
  }
  const base::SystemClock clock;
  keyd::EventLog events(STDERR_FILENO, clock);
  keyd::lock_memory(events);
  pki::initialise_process();
  const base::Result<keyd::Config> config = keyd::load_config(arguments->config);
  if (!config) {
    events.write(keyd::Level::kError, "config.invalid", config.error());
    return kExitConfig;
  }
  if (arguments->check_only) {
    const base::Status pins = check_pins(*config);
    if (pins) fmt::print("{}: in order\n", arguments->config);
    return pins ? EXIT_SUCCESS : fail_start(events, pins.error());
  }
  return serve(*config, clock, events);
}

}  // namespace

int main(int count, char** words) {
  keyd::harden_process();
  return run({words + 1, words + count});
}
