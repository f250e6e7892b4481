// Who is calling, once that is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tanba::server {

enum class CallerKind : std::uint8_t { kAnonymous, kPortal, kOfficer, kOperator, kSecurity };
// "anonymous", "portal", "officer", "operator", "security"
[[nodiscard]] std::string_view to_string(CallerKind kind);

// What the caller proved itself by.
enum class Credential : std::uint8_t { kNone, kBearerKey, kMutualTls, kSession };

// A listed officer of a licensor, operator of a service centre, or one of the security staff.
struct StaffIdentity {
  CallerKind kind = CallerKind::kOfficer;
  std::string id;  // the registry's
  std::string iin;
  std::string bin;  // of the licensor, the centre, or the body that runs the service
  std::string name;
};

struct Caller {
  CallerKind kind = CallerKind::kAnonymous;
  Credential credential = Credential::kNone;
  std::string portal;               // kPortal
  std::vector<std::string> scopes;  // kPortal
  StaffIdentity staff;              // kOfficer, kOperator, kSecurity
};

}  // namespace tanba::server
