#include "licensing/entitlement.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tanba::licensing {
namespace {

using base::Code;
using base::Error;

constexpr std::string_view kRoleIndividual = "1.2.398.3.3.4.1.1";
constexpr std::string_view kRoleHead = "1.2.398.3.3.4.1.2.1";
constexpr std::string_view kRoleMaySign = "1.2.398.3.3.4.1.2.2";
constexpr std::string_view kRoleEmployee = "1.2.398.3.3.4.1.2.5";

Errors check_rule(const EntitlementRule& rule, const SignerIdentity& signer, std::string_view expected_number,
                  Listing listing) {
  Errors out;
  const bool by_iin = rule.compared == ComparedNumber::kIin;
  const std::string& found = by_iin ? signer.iin : signer.bin;
  const std::string kind = by_iin ? "IIN" : "BIN";
  if (found.empty()) {
    out.push_back(Error(Code::kIdentityMissing, {{"kind", kind}, {"expected", std::string(expected_number)}}));
  } else if (found != expected_number) {
    out.push_back(
        Error(Code::kIdentityMismatch, {{"kind", kind}, {"expected", std::string(expected_number)}, {"found", found}}));
  }
  const bool entitled = std::ranges::any_of(rule.any_role_of, [&](const std::string& role) {
    return std::ranges::find(signer.roles, role) != signer.roles.end();
  });
  if (!entitled) {
    out.push_back(Error(Code::kRoleNotEntitled, {{"found", fmt::format("{}", fmt::join(signer.roles, ", "))},
                                                 {"needed", fmt::format("{}", fmt::join(rule.any_role_of, ", "))}}));
  }
  if (rule.listing == ListingRule::kMustBeListed && listing != Listing::kListed) {
    out.push_back(Error(Code::kRoleNotListed));
  }
  return out;
}

}  // namespace

std::string_view to_string(Capacity capacity) {
  switch (capacity) {
    case Capacity::kIndividual:
      return "individual";
    case Capacity::kOrganisation:
      return "organisation";
    case Capacity::kOfficer:
      return "officer";
    case Capacity::kOperator:
      return "operator";
    case Capacity::kSecurity:
      return "security";
    case Capacity::kLicensorKey:
      return "licensor-key";
  }
  std::unreachable();
}

EntitlementPolicy default_entitlement_policy() {
  const std::vector<std::string> may_bind{std::string(kRoleHead), std::string(kRoleMaySign)};
  const std::vector<std::string> of_the_body{std::string(kRoleHead), std::string(kRoleMaySign),
                                             std::string(kRoleEmployee)};
  const auto rule = [&](Capacity capacity, ListingRule listing) {
    return EntitlementRule{capacity, ComparedNumber::kBin, may_bind, listing};
  };
  return {"default-1",
          {{Capacity::kIndividual, ComparedNumber::kIin, {std::string(kRoleIndividual)}, ListingRule::kNeedNotBeListed},
           rule(Capacity::kOrganisation, ListingRule::kNeedNotBeListed),
           rule(Capacity::kOfficer, ListingRule::kMustBeListed),
           rule(Capacity::kOperator, ListingRule::kMustBeListed),
           {Capacity::kSecurity, ComparedNumber::kBin, of_the_body, ListingRule::kMustBeListed},
           rule(Capacity::kLicensorKey, ListingRule::kNeedNotBeListed)}};
}

Errors check_entitlement(const EntitlementPolicy& policy, Capacity capacity, const SignerIdentity& signer,
                         std::string_view expected_number, Listing listing) {
  std::optional<Errors> closest;
  for (const EntitlementRule& rule : policy.rules) {
    if (rule.capacity != capacity) continue;
    Errors findings = check_rule(rule, signer, expected_number, listing);
    if (findings.empty()) return {};
    if (!closest || findings.size() < closest->size()) closest = std::move(findings);
  }
  if (closest) return *std::move(closest);
  return {Error(Code::kRoleNotEntitled, {{"found", fmt::format("{}", fmt::join(signer.roles, ", "))},
                                         {"needed", std::string(to_string(capacity))}})};
}

}  // namespace tanba::licensing
