#include "base/log_text.h"

namespace tanba::base {

std::string message_for_log(const Error& error) {
  // As pki::Certificate::label() writes it: a name, which may hold the same words, and the serial.
  constexpr std::string_view kSerial = " (serial ";
  std::vector<ErrorArgument> arguments = error.arguments();
  for (ErrorArgument& argument : arguments) {
    const std::size_t at = argument.value.rfind(kSerial);
    if (at != std::string::npos && argument.value.ends_with(')')) argument.value.erase(0, at + 1);
  }
  return Error(error.code(), std::move(arguments)).message();
}

}  // namespace tanba::base
