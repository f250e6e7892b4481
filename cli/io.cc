#include "cli/io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/output_file.h"
#include "cli/report_text.h"
#include "cli/words.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;

// Words beside a result or instead of one; where they cannot be written, the exit status still tells.
void print(std::FILE* stream, const std::string& text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
  static_cast<void>(std::fflush(stream));
}

std::string error_line(const base::Error& error, base::Language language) {
  const std::string cause = base::escape_for_display(error.cause());
  return fmt::format("tanba: {} [{}]{}\n", error.message(language), base::dotted(error.code()),
                     cause.empty() ? "" : " (" + cause + ")");
}

// Ends with the result on standard output. A result that did not get there is not one: a full disk is told from
// success.
int finish_with(const std::string& text, int status, base::Language language) {
  const base::Status written = write_to_output(base::as_bytes(text));
  if (written) return status;
  print(stderr, error_line(written.error(), language));
  return exit_code_of(written.error());
}

// One line, however it ends; longer than any password is no password.
constexpr std::size_t kMaxSecretBytes = 4096;

base::Secret without_line_end(base::ByteView octets) {
  while (!octets.empty() && (octets.back() == '\n' || octets.back() == '\r')) octets = octets.first(octets.size() - 1);
  return base::Secret(octets);
}

// Ctrl-C at a prompt ends the program, but not before the terminal shows again what is typed. Any thread may get the
// signal: the handler wakes the one that waits, through a pipe.
std::atomic<int> wake_fd{-1};
extern "C" void wake_prompt(int signal) {
  const auto number = static_cast<std::uint8_t>(signal);
  [[maybe_unused]] const ssize_t written = ::write(wake_fd.load(), &number, 1);
}

class CatchSignals {
 public:
  CatchSignals() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    reading_ = base::FileDescriptor(ends[0]);
    writing_ = base::FileDescriptor(ends[1]);
    wake_fd.store(ends[1]);
    struct sigaction action = {};
    action.sa_handler = wake_prompt;
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &before_[i]);
  }
  ~CatchSignals() {
    if (!reading_.open()) return;
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  CatchSignals(const CatchSignals&) = delete;
  CatchSignals& operator=(const CatchSignals&) = delete;

  // Until there is something to read: 0, or the signal that came first.
  [[nodiscard]] int wait(int terminal) const {
    pollfd waiting[2] = {{terminal, POLLIN, 0}, {reading_.get(), POLLIN, 0}};
    while (::poll(waiting, 2, -1) < 0 && errno == EINTR) {
    }
    std::uint8_t number = 0;
    return waiting[1].revents != 0 && ::read(reading_.get(), &number, 1) == 1 ? number : 0;
  }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  base::FileDescriptor reading_, writing_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

base::Result<base::Secret> read_line(int terminal) {
  std::uint8_t buffer[kMaxSecretBytes];
  const ssize_t got = ::read(terminal, buffer, sizeof buffer);
  if (got <= 0) return base::fail(Code::kInputPassword);
  base::Secret secret = without_line_end({buffer, static_cast<std::size_t>(got)});
  base::wipe(buffer, sizeof buffer);
  return secret;
}

base::Result<base::Secret> ask(const std::string& prompt) {
  const base::FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  termios before{};
  if (!terminal.open() || ::tcgetattr(terminal.get(), &before) != 0) {
    return base::fail(Code::kInputPassword, "no terminal to ask on");
  }
  base::Result<base::Secret> secret = base::fail(Code::kInputPassword);
  int signal = 0;
  {
    const CatchSignals catching;
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    // Silent first: whoever answers the prompt at once must not be shown.
    ::tcsetattr(terminal.get(), TCSAFLUSH, &silent);
    const std::string text = prompt + ": ";
    if (::write(terminal.get(), text.data(), text.size()) >= 0) {
      signal = catching.wait(terminal.get());
      if (signal == 0) secret = read_line(terminal.get());
    }
    ::tcsetattr(terminal.get(), TCSAFLUSH, &before);
    [[maybe_unused]] const ssize_t newline = ::write(terminal.get(), "\n", 1);
  }
  if (signal != 0) static_cast<void>(::raise(signal));
  return secret;
}

}  // namespace

int exit_code_of(verify::Decision decision) {
  switch (decision) {
    case verify::Decision::kAccept:
      return kExitAccept;
    case verify::Decision::kRetry:
      return kExitRetry;
    case verify::Decision::kRefuse:
      break;
  }
  return kExitRefuse;
}

int exit_code_of(const base::Error& error) {
  // A locked PIN or a module that does not load will not come right by trying again.
  constexpr Code kNoMatterOfTime[] = {Code::kTokenModule, Code::kTokenPinLocked, Code::kTokenFailed};
  // A value that an option cannot take is wrong usage, like an option that there is none.
  if (error.code() == Code::kInputUsage || error.code() == Code::kInputTime || error.code() == Code::kInputMember)
    return kExitUsage;
  if (std::ranges::find(kNoMatterOfTime, error.code()) != std::ranges::end(kNoMatterOfTime)) return kExitFile;
  switch (base::info(error.code()).effect) {
    case base::Effect::kRefuse:
    case base::Effect::kDenied:
    case base::Effect::kConflict:
      return kExitRefuse;
    case base::Effect::kRetry:
    case base::Effect::kUnavailable:
      return kExitRetry;
    default:
      return kExitFile;
  }
}

base::Language language_of_environment() {
  for (const char* variable : {"TANBA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread
    if (value == nullptr || *value == '\0') continue;
    const std::string_view text(value);
    if (text.starts_with("ru")) return base::Language::kRussian;
    if (text.starts_with("kk")) return base::Language::kKazakh;
    return base::Language::kEnglish;
  }
  return base::Language::kEnglish;
}

int finish(const verify::Report& report, const Output& output) {
  return finish_with(output.form == Form::kJson ? base::canonical_json(to_json(report, output.language)) + "\n"
                                                : report_text(report, output.language),
                     exit_code_of(report.outcome.decision), output.language);
}

json::value problem_json(const base::Error& error, base::Language language) {
  json::object problem{{"type", fmt::format("urn:tanba:error:{}", base::dotted(error.code()))},
                       {"title", base::to_string(base::info(error.code()).effect)},
                       {"detail", error.message(language)},
                       {"code", base::dotted(error.code())}};
  if (!error.cause().empty()) problem["cause"] = base::escape_for_display(error.cause());
  return problem;
}

int finish(const base::Error& error, const Output& output) {
  if (output.form == Form::kJson) {
    print(stdout, base::canonical_json(problem_json(error, output.language)) + "\n");
  } else {
    print(stderr, error_line(error, output.language));
  }
  return exit_code_of(error);
}

int finish(const json::value& document, const std::string& text, const Output& output) {
  return finish_with(output.form == Form::kJson ? base::canonical_json(document) + "\n" : text, kExitAccept,
                     output.language);
}

void warn(const base::Error& warning, const Output& output) {
  print(stderr, fmt::format("tanba: {}: {} [{}]\n", word(Word::kWarning, output.language),
                            warning.message(output.language), base::dotted(warning.code())));
}

void say(const std::string& text) {
  print(stderr, text);
}

std::unexpected<base::Error> usage(std::string reason) {
  return base::fail(Code::kInputUsage, {{"reason", std::move(reason)}});
}

base::Result<base::Secret> read_new_secret(const std::filesystem::path& file, const char* variable,
                                           const std::string& prompt) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
  if (!file.empty() || std::getenv(variable) != nullptr) return read_secret(file, variable, prompt);
  TANBA_TRY(base::Secret first, ask(prompt));
  TANBA_TRY(const base::Secret second, ask(prompt + " ×2"));
  if (!base::equal_constant_time(first.reveal(), second.reveal()))
    return base::fail(Code::kInputPassword, "the two differ");
  return first;
}

base::Result<base::Secret> read_secret(const std::filesystem::path& file, const char* variable,
                                       const std::string& prompt) {
  if (!file.empty()) {
    TANBA_TRY(base::Bytes octets, base::read_file(file, kMaxSecretBytes));
    base::Secret secret = without_line_end(octets);
    base::wipe(octets.data(), octets.size());
    return secret;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
  if (const char* value = std::getenv(variable)) return base::Secret(std::string_view(value));
  return ask(prompt);
}

}  // namespace tanba::cli
