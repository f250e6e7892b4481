// What of an error goes into a log: logs name no persons.
#pragma once

#include <string>

#include "base/result.h"

namespace tanba::base {

// The message, in English, with certificates by their serial alone: whose they are, the registry and the report say to
// whoever may know it.
[[nodiscard]] std::string message_for_log(const Error& error);

}  // namespace tanba::base
