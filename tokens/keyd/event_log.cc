#include "tokens/keyd/event_log.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/json.h"
#include "base/log_text.h"
#include "base/text.h"

namespace tanba::tokens::keyd {
namespace {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "?";
}

}  // namespace

void EventLog::write(Level level, std::string_view event, const boost::json::object& details) {
  boost::json::object line{{"time", base::format_time(clock_.now())}, {"level", to_string(level)}, {"event", event}};
  for (const boost::json::key_value_pair& detail : details) {
    const auto* text = detail.value().if_string();
    line[detail.key()] = text != nullptr ? boost::json::value(base::escape_for_display(*text)) : detail.value();
  }
  const std::string out = base::canonical_json(line) + "\n";
  const std::scoped_lock lock(mutex_);
  for (std::string_view rest = out; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void EventLog::write(Level level, std::string_view event, const base::Error& error, boost::json::object details) {
  details["code"] = base::dotted(error.code());
  details["message"] = base::message_for_log(error);
  if (!error.cause().empty()) details["cause"] = error.cause();
  write(level, event, details);
}

}  // namespace tanba::tokens::keyd
