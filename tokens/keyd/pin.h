// Where PINs come from. They are read when a log-in needs them and wiped after it: the server keeps none.
#pragma once

#include "base/secret.h"
#include "tokens/keyd/config.h"

namespace tanba::tokens::keyd {

// From a file or a credential; one line break at its end is cut off. config.invalid when there is none, it is empty or
// too long, or the file belongs to or is readable by anyone but this process's user.
[[nodiscard]] base::Result<base::Secret> read_pin(const PinSource& source);
// Only whether read_pin would succeed: for --check-config.
[[nodiscard]] base::Status check_pin_source(const PinSource& source);
// Typed on the terminal, without echo. input.password when there is no terminal or nothing was typed.
[[nodiscard]] base::Result<base::Secret> prompt_pin(std::string_view token);

}  // namespace tanba::tokens::keyd
