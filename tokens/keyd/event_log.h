// What the key server tells whoever runs it: one line of JSON an event, on standard error. Never a PIN, never a
// document; what came from outside is escaped.
#pragma once

#include <boost/json/object.hpp>
#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tanba::tokens::keyd {

enum class Level : std::uint8_t { kInfo, kWarning, kError };

class EventLog {
 public:
  // `fd` stays the caller's.
  EventLog(int fd, const base::Clock& clock) : fd_(fd), clock_(clock) {}
  // `event` is a fixed dotted name: "key.ready". Lost when standard error cannot take it: it must not stop the server.
  void write(Level level, std::string_view event, const boost::json::object& details = {});
  void write(Level level, std::string_view event, const base::Error& error, boost::json::object details = {});

 private:
  const int fd_;
  const base::Clock& clock_;
  std::mutex mutex_;
};

}  // namespace tanba::tokens::keyd
