#include "cli/io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/report_text.h"

namespace tanba::cli {
namespace {

namespace json = boost::json;
using base::Code;

void print(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

int exit_code_of(verify::Decision decision) {
  switch (decision) {
    case verify::Decision::kAccept: return kExitAccept;
    case verify::Decision::kRetry: return kExitRetry;
    case verify::Decision::kRefuse: break;
  }
  return kExitRefuse;
}

int exit_code_of(const base::Error& error) {
  if (error.code() == Code::kInputUsage) return kExitUsage;
  switch (base::info(error.code()).effect) {
    case base::Effect::kRefuse:
    case base::Effect::kDenied:
    case base::Effect::kConflict: return kExitRefuse;
    case base::Effect::kRetry:
    case base::Effect::kUnavailable: return kExitRetry;
    default: return kExitFile;
  }
}

// One line, however it ends; longer than any password is no password.
constexpr std::size_t kMaxSecretBytes = 4096;

base::Secret without_line_end(base::ByteView octets) {
  while (!octets.empty() && (octets.back() == '\n' || octets.back() == '\r')) octets = octets.first(octets.size() - 1);
  return base::Secret(octets);
}

base::Result<base::Secret> ask(const std::string& prompt) {
  const base::FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal.open()) return base::fail(Code::kInputPassword, "no terminal to ask on");
  termios before{};
  if (::tcgetattr(terminal.get(), &before) != 0) return base::fail(Code::kInputPassword, "no terminal to ask on");
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  const std::string text = prompt + ": ";
  if (::write(terminal.get(), text.data(), text.size()) < 0) return base::fail(Code::kInputPassword);
  ::tcsetattr(terminal.get(), TCSAFLUSH, &silent);
  std::uint8_t buffer[kMaxSecretBytes];
  const ssize_t got = ::read(terminal.get(), buffer, sizeof buffer);
  ::tcsetattr(terminal.get(), TCSAFLUSH, &before);
  [[maybe_unused]] const ssize_t newline = ::write(terminal.get(), "\n", 1);
  if (got <= 0) return base::fail(Code::kInputPassword);
  base::Secret secret = without_line_end({buffer, static_cast<std::size_t>(got)});
  base::wipe(buffer, sizeof buffer);
  return secret;
}

}  // namespace

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
  print(stdout, output.form == Form::kJson ? base::canonical_json(to_json(report, output.language)) + "\n"
                                           : report_text(report, output.language));
  return exit_code_of(report.outcome.decision);
}

int finish(const base::Error& error, const Output& output) {
  const std::string cause = base::escape_for_display(error.cause());
  if (output.form == Form::kJson) {
    json::object problem{{"type", fmt::format("urn:tanba:error:{}", base::dotted(error.code()))},
                         {"title", base::to_string(base::info(error.code()).effect)},
                         {"detail", error.message(output.language)},
                         {"code", base::dotted(error.code())}};
    if (!cause.empty()) problem["cause"] = cause;
    print(stdout, base::canonical_json(problem) + "\n");
  } else {
    print(stderr, fmt::format("tanba: {} [{}]{}\n", error.message(output.language), base::dotted(error.code()),
                              cause.empty() ? "" : " (" + cause + ")"));
  }
  return exit_code_of(error);
}

int finish(const json::value& document, const std::string& text, const Output& output) {
  print(stdout, output.form == Form::kJson ? base::canonical_json(document) + "\n" : text);
  return kExitAccept;
}

base::Result<base::Secret> read_secret(const std::filesystem::path& file, const char* variable, const std::string& prompt) {
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
