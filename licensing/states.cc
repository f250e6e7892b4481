#include "licensing/states.h"

#include <optional>
#include <string>

namespace tanba::licensing {

using base::Code;

namespace {

std::unexpected<base::Error> refuse(std::string what, std::string_view id, std::string_view state) {
  return base::fail(Code::kRegistryState,
                    {{"what", std::move(what)}, {"id", std::string(id)}, {"state", std::string(state)}});
}

}  // namespace

base::Status check_application_step(std::string_view number, ApplicationState from, ApplicationState to) {
  switch (to) {
    case ApplicationState::kRegistered:
      break;
    case ApplicationState::kInReview:
      if (from == ApplicationState::kRegistered) return {};
      break;
    case ApplicationState::kGranted:
    case ApplicationState::kRefused:
      if (from == ApplicationState::kInReview) return {};
      break;
  }
  return refuse("application", number, to_string(from));
}

base::Result<LicenceState> licence_after(std::string_view number, LicenceState state, LicenceEvent event) {
  const bool in_force_or_suspended = state == LicenceState::kActive || state == LicenceState::kSuspended;
  switch (event) {
    case LicenceEvent::kIssued:
      break;
    case LicenceEvent::kSuspended:
      if (state == LicenceState::kActive) return LicenceState::kSuspended;
      break;
    case LicenceEvent::kResumed:
      if (state == LicenceState::kSuspended) return LicenceState::kActive;
      break;
    case LicenceEvent::kTerminated:
      if (in_force_or_suspended) return LicenceState::kTerminated;
      break;
    case LicenceEvent::kReplaced:  // never while it is suspended: the new one would be active
      if (state == LicenceState::kActive) return LicenceState::kReplaced;
      break;
  }
  return refuse("licence", number, to_string(state));
}

base::Status check_intent_step(std::string_view intent, SigningMode mode, IntentState from, IntentState to) {
  const auto allowed = [&] {
    switch (to) {
      case IntentState::kPrepared:
        return mode == SigningMode::kKeyd && from == IntentState::kSigning;
      case IntentState::kApproved:
        return from == IntentState::kPrepared;
      case IntentState::kSigning:
        return from == IntentState::kApproved || (mode == SigningMode::kWorkstation && from == IntentState::kPrepared);
      case IntentState::kCommitted:
        return from == IntentState::kSigning;
      case IntentState::kAbandoned:
        return openness(from) == Openness::kOpen;
      case IntentState::kVoided:
        return mode == SigningMode::kKeyd && from == IntentState::kSigning;
    }
    return false;
  };
  if (allowed()) return {};
  return base::fail(Code::kIntentState, {{"intent", std::string(intent)}, {"state", std::string(to_string(from))}});
}

Openness openness(IntentState state) {
  const bool closed =
      state == IntentState::kCommitted || state == IntentState::kAbandoned || state == IntentState::kVoided;
  return closed ? Openness::kClosed : Openness::kOpen;
}

}  // namespace tanba::licensing
