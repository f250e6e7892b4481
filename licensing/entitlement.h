// Who may sign what: policy as data, applied by one pure function.
//
// The signer's numbers and roles are taken as the certificate has them. They are compared digit by digit; an absent
// number never equals anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "licensing/findings.h"

namespace tanba::licensing {

// In what capacity somebody signs.
enum class Capacity : std::uint8_t {
  kIndividual,    // applicant, in person
  kOrganisation,  // applicant, for an organisation
  kOfficer,       // of the licensor, with the officer's own key
  kOperator,      // of a public service centre
  kSecurity,      // of the body that runs the service: keeps trust lists and revocation, decides on no application
  kLicensorKey,   // the licensor's key in the key server, after an officer's approval
};
[[nodiscard]] std::string_view to_string(Capacity capacity);

struct SignerIdentity {
  std::string iin;                 // empty when the certificate holds none
  std::string bin;                 // likewise
  std::vector<std::string> roles;  // extended key usages under 1.2.398.3.3.4, dotted
  bool operator==(const SignerIdentity&) const = default;
};

enum class Listing : std::uint8_t { kListed, kNotListed };
enum class ComparedNumber : std::uint8_t { kIin, kBin };
enum class ListingRule : std::uint8_t { kMustBeListed, kNeedNotBeListed };

struct EntitlementRule {
  Capacity capacity = Capacity::kIndividual;
  ComparedNumber compared = ComparedNumber::kIin;
  std::vector<std::string> any_role_of;
  ListingRule listing = ListingRule::kNeedNotBeListed;
};

struct EntitlementPolicy {
  std::string id;
  std::vector<EntitlementRule> rules;
};

// The design's default: an individual with role 1.1 and an equal IIN; an organisation's head (1.2.1) or holder of the
// right of signature (1.2.2) with an equal BIN; officers and operators the same under their body's BIN, and listed;
// security staff likewise, or as employees (1.2.5): they sign nothing but their log-in.
[[nodiscard]] EntitlementPolicy default_entitlement_policy();

// All findings against this signer: identity.missing, identity.mismatch, role.not_entitled, role.not_listed; empty
// when entitled. A capacity without a rule is role.not_entitled. Several rules for one capacity are alternatives: the
// findings are those of the rule that comes closest.
[[nodiscard]] Errors check_entitlement(const EntitlementPolicy& policy, Capacity capacity, const SignerIdentity& signer,
                                       std::string_view expected_number, Listing listing = Listing::kNotListed);

}  // namespace tanba::licensing
