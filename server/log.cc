#include "server/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <mutex>

#include "base/json_writer.h"
#include "base/log_text.h"
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

// Whatever a text is, it stays on its line and names nobody.
std::string safe(std::string_view text) {
  return base::escape_for_display(mask_identity_numbers(text), kMaxFieldCharacters);
}

// One line in the making: its members in order, in either format.
class Line {
 public:
  explicit Line(LogFormat format) : format_(format) {
    if (format_ == LogFormat::kJson) json_.begin_object();
  }

  // What every line begins with: our own words, bare in a text.
  void head(std::string_view name, std::string_view word) {
    if (format_ == LogFormat::kJson) {
      json_.text(name, word);
      return;
    }
    if (!text_.empty()) text_ += ' ';
    text_ += word;
  }
  void put(std::string_view name, std::string_view text) {
    if (format_ == LogFormat::kJson) {
      json_.text(name, text);
      return;
    }
    begin_member(name);
    // A text without spaces stands bare, any other in quotes.
    if (!text.empty() && text.find_first_of(" \"=") == std::string_view::npos)
      text_ += text;
    else
      base::append_json_string(text_, text);
  }
  void put(std::string_view name, std::int64_t number) {
    if (format_ == LogFormat::kJson) {
      json_.name(name).number(number);
      return;
    }
    begin_member(name);
    text_ += std::to_string(number);
  }
  void put(const LogField& field) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text == nullptr)
      put(field.name, std::get<std::int64_t>(field.value));
    else if (!text->empty())
      put(field.name, safe(*text));
  }

  [[nodiscard]] std::string take() {
    if (format_ == LogFormat::kText) return std::move(text_);
    json_.end_object();
    return json_.take();
  }

 private:
  void begin_member(std::string_view name) {
    text_ += ' ';
    text_ += name;
    text_ += '=';
  }

  LogFormat format_;
  base::JsonWriter json_;
  std::string text_;
};

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
  Line line(format_);
  line.head("time", base::format_time(clock_.now()));
  line.head("level", word_of(level));
  line.head("event", event);
  for (const LogField& field : fields) line.put(field);
  if (error != nullptr) {
    line.put("code", base::dotted(error->code()));
    line.put("message", safe(base::message_for_log(*error)));
    if (!error->cause().empty()) line.put("cause", safe(error->cause()));
  }
  const std::string text = line.take();
  logger_->log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace tanba::server
