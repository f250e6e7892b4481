#include "server/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <mutex>

#include "base/text.h"

namespace tanba::server {
namespace {

constexpr std::size_t kMaxFieldCharacters = 1000;  // a cause may quote a line of a library; a page it may not
constexpr std::size_t kIdentityDigits = 12;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view word_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(Log::Sink to) : sink_(std::move(to)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  Log::Sink sink_;
};

std::unique_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, LogLevel level) {
  auto logger = std::make_unique<spdlog::logger>("tanbad", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(level_of(level));
  logger->flush_on(spdlog::level::debug);  // a line that waits in a buffer is lost with the process
  return logger;
}

boost::json::value json_of(const LogField& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) return *number;
  return boost::json::value(
      base::escape_for_display(mask_identity_numbers(std::get<std::string_view>(field.value)), kMaxFieldCharacters));
}

// A text without spaces stands bare, any other in quotes.
std::string text_of(const boost::json::value& value) {
  const auto* text = value.if_string();
  if (text != nullptr && !text->empty() && text->find_first_of(" \"=") == boost::json::string::npos) {
    return std::string(*text);
  }
  return boost::json::serialize(value);
}

}  // namespace

std::string mask_identity_numbers(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end - at == kIdentityDigits) {
      out.append(kIdentityDigits, '*');
    } else {
      out.append(text.substr(at, end - at));
    }
    if (end < text.size()) out += text[end++];
    at = end;
  }
  return out;
}

Log::Log(LogLevel level, LogFormat format, const base::Clock& clock)
    : format_(format), clock_(clock), logger_(make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level)) {}

Log::Log(LogLevel level, LogFormat format, const base::Clock& clock, Sink sink)
    : format_(format), clock_(clock), logger_(make_logger(std::make_shared<FunctionSink>(std::move(sink)), level)) {}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  put(level, event, nullptr, fields);
}

void Log::error(std::string_view event, const base::Error& error, std::initializer_list<LogField> fields) {
  put(LogLevel::kError, event, &error, fields);
}

void Log::warning(std::string_view event, const base::Error& error, std::initializer_list<LogField> fields) {
  put(LogLevel::kWarning, event, &error, fields);
}

void Log::put(LogLevel level, std::string_view event, const base::Error* error, std::span<const LogField> fields) {
  if (!logger_->should_log(level_of(level))) return;
  boost::json::object line;
  line["time"] = base::format_time(clock_.now());
  line["level"] = word_of(level);
  line["event"] = event;
  for (const LogField& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text == nullptr || !text->empty()) line[field.name] = json_of(field);
  }
  if (error != nullptr) {
    const std::string message = error->message();
    line["code"] = base::dotted(error->code());
    line["message"] = json_of({"", message});
    if (!error->cause().empty()) line["cause"] = json_of({"", error->cause()});
  }
  std::string text;
  if (format_ == LogFormat::kJson) {
    text = boost::json::serialize(line);
  } else {
    for (const auto& [key, value] : line) {
      const bool is_head = key == "time" || key == "level" || key == "event";
      text += fmt::format("{}{}{}", text.empty() ? "" : " ", is_head ? "" : std::string(key) + "=", text_of(value));
    }
  }
  logger_->log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace tanba::server
