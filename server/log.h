// The log: one event a line, JSON or text, to standard error. spdlog does the writing.
//
// No personal data: callers give events, codes, ids and numbers of the registry, never names; and, should one slip in,
// whatever looks like an IIN or BIN (twelve digits that stand alone) is masked. Control and bidirectional characters
// are escaped, so that nobody outside writes lines of their own.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "server/config.h"

namespace spdlog {
class logger;
}

namespace tanba::server {

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;  // an empty text is left out
};

class Log {
 public:
  // Lines go to standard error. The clock must outlive the log.
  Log(LogLevel level, LogFormat format, const base::Clock& clock);
  // For tests: lines go to the function.
  using Sink = std::function<void(std::string_view line)>;
  Log(LogLevel level, LogFormat format, const base::Clock& clock, Sink sink);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // `event` is a dotted word of ours. Any thread.
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::kInfo, event, fields);
  }
  // With the error's code, message and cause.
  void error(std::string_view event, const base::Error& error, std::initializer_list<LogField> fields = {});
  void warning(std::string_view event, const base::Error& error, std::initializer_list<LogField> fields = {});

 private:
  void put(LogLevel level, std::string_view event, const base::Error* error, std::span<const LogField> fields);
  LogFormat format_;
  const base::Clock& clock_;
  std::unique_ptr<spdlog::logger> logger_;
};

// Digits that stand alone twelve in a row become "************".
[[nodiscard]] std::string mask_identity_numbers(std::string_view text);

}  // namespace tanba::server
