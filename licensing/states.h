// Which state follows which. The registry asks these before it writes; nothing else decides it.
#pragma once

#include <string_view>

#include "base/result.h"
#include "licensing/words.h"

namespace tanba::licensing {

// registered -> in-review -> granted | refused. registry.state otherwise; `number` is for the message.
[[nodiscard]] base::Status check_application_step(std::string_view number, ApplicationState from, ApplicationState to);

// The state after the event: active -suspended-> suspended -resumed-> active; active or suspended -terminated->
// terminated; active -replaced-> replaced. registry.state when the event is not possible in this state.
[[nodiscard]] base::Result<LicenceState> licence_after(std::string_view number, LicenceState state, LicenceEvent event);

// prepared -> approved -> signing -> committed; prepared -> signing only on a workstation, where signing is the
// approval; signing -> prepared when the key server refused the approval; every open state -> abandoned;
// signing -> voided when the key server's signature exists and the decision cannot be issued any more. intent.state
// otherwise.
[[nodiscard]] base::Status check_intent_step(std::string_view intent, SigningMode mode, IntentState from,
                                             IntentState to);

// prepared, approved, signing.
enum class Openness { kOpen, kClosed };
[[nodiscard]] Openness openness(IntentState state);

}  // namespace tanba::licensing
