#include "pki/identity.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "pki/name.h"

namespace tanba::pki {

namespace role {
const Oid kIndividual = Oid::literal("1.2.398.3.3.4.1.1");
const Oid kOrganization = Oid::literal("1.2.398.3.3.4.1.2");
const Oid kHead = Oid::literal("1.2.398.3.3.4.1.2.1");
const Oid kRightOfSignature = Oid::literal("1.2.398.3.3.4.1.2.2");
const Oid kFinancialSignature = Oid::literal("1.2.398.3.3.4.1.2.3");
const Oid kHumanResources = Oid::literal("1.2.398.3.3.4.1.2.4");
const Oid kEmployee = Oid::literal("1.2.398.3.3.4.1.2.5");
const Oid kInformationSystem = Oid::literal("1.2.398.3.3.4.1.2.6");
}  // namespace role

namespace {

constexpr std::size_t kNumberDigits = 12;

// "IIN" and twelve digits -> the digits.
std::optional<std::string> number_after(std::string_view prefix, std::string_view value) {
  if (!value.starts_with(prefix) || value.size() != prefix.size() + kNumberDigits) return std::nullopt;
  value.remove_prefix(prefix.size());
  if (!std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return std::string(value);
}

// All numbers of a kind in the subject. A subject that names two different ones names nobody: an answer picked from
// them would depend on who reads it.
class Numbers {
 public:
  void add(std::optional<std::string> number) {
    if (!number) return;
    if (!value_)
      value_ = std::move(number);
    else if (*value_ != *number)
      contradictory_ = true;
  }
  [[nodiscard]] std::optional<std::string> value() const { return contradictory_ ? std::nullopt : value_; }

 private:
  std::optional<std::string> value_;
  bool contradictory_ = false;
};

// Surname and given name are in CN, the patronymic in givenName (kz-pki section 2).
std::string person_name(const Name& subject) {
  std::string name = subject.first(oid::kCommonName).value_or("");
  const std::string patronymic = subject.first(oid::kGivenName).value_or("");
  if (!patronymic.empty() && name.find(patronymic) == std::string::npos) name += (name.empty() ? "" : " ") + patronymic;
  return name;
}

bool is_role(const Oid& usage) {
  static const Oid kRoles = Oid::literal("1.2.398.3.3.4");
  const std::string_view prefix = base::as_text(kRoles.contents());
  const std::string_view contents = base::as_text(usage.contents());
  return contents.starts_with(prefix) && contents.size() > prefix.size();
}

// RFC 5280 4.2.1.12: "If the extension is present, then the certificate MUST only be used for one of the purposes
// indicated." НУЦ РК's certificates name a role or emailProtection, its older ones for logging in clientAuth too, and
// mark the extension critical or not. Where it is critical, one purpose has to fit. Where it is not, those alone are
// turned away that certify machines: a key that stamps or answers must never speak for a person.
bool extended_usage_allows_signing(const Certificate& certificate) {
  static const std::array<Oid, 3> kForDocuments = {Oid::literal("2.5.29.37.0"),          // anyExtendedKeyUsage
                                                   Oid::literal("1.3.6.1.5.5.7.3.4"),    // emailProtection
                                                   Oid::literal("1.3.6.1.5.5.7.3.36")};  // RFC 9336: documentSigning
  static const std::array<Oid, 2> kOfMachines = {Oid::literal("1.3.6.1.5.5.7.3.8"),      // timeStamping
                                                 Oid::literal("1.3.6.1.5.5.7.3.9")};     // OCSPSigning
  // A key of the treasury's own client, "not for use in other systems" (kz-pki section 2).
  static const Oid kTreasury = Oid::literal("1.2.398.5.19.1.2.2.1");
  static const Oid kExtendedKeyUsage = Oid::literal("2.5.29.37");
  const auto& usages = certificate.extended_key_usage();
  if (!usages) return true;
  const auto is_in = [](const auto& set) {
    return [&set](const Oid& usage) { return std::ranges::find(set, usage) != set.end(); };
  };
  if (std::ranges::find(*usages, kTreasury) != usages->end()) return false;
  if (std::ranges::all_of(*usages, is_in(kOfMachines))) return false;
  if (!certificate.extension(kExtendedKeyUsage)->critical) return true;
  return std::ranges::any_of(*usages, is_in(kForDocuments)) || std::ranges::any_of(*usages, is_role);
}

}  // namespace

Identity identity_of(const Certificate& certificate) {
  Numbers iin, bin;
  for (const NameAttribute& attribute : certificate.subject().attributes()) {
    if (attribute.type == oid::kSerialNumber) {
      iin.add(number_after("IIN", attribute.value));
      bin.add(number_after("BIN", attribute.value));
    } else if (attribute.type == oid::kOrganizationalUnit) {
      bin.add(number_after("BIN", attribute.value));
    }
  }
  Identity identity{.iin = iin.value(),
                    .bin = bin.value(),
                    .name = person_name(certificate.subject()),
                    .organization = certificate.subject().first(oid::kOrganization).value_or(""),
                    .roles = {}};
  if (certificate.extended_key_usage()) {
    std::ranges::copy_if(*certificate.extended_key_usage(), std::back_inserter(identity.roles), is_role);
  }
  return identity;
}

std::string role_name(const Oid& role) {
  static const std::array<std::pair<Oid, const char*>, 17> kNames = {{
      {Oid::literal("1.2.398.3.3.4.1.1"), "individual"},
      {Oid::literal("1.2.398.3.3.4.1.1.1"), "individual-information-system"},
      {Oid::literal("1.2.398.3.3.4.1.2"), "organization"},
      {Oid::literal("1.2.398.3.3.4.1.2.1"), "head"},
      {Oid::literal("1.2.398.3.3.4.1.2.2"), "right-of-signature"},
      {Oid::literal("1.2.398.3.3.4.1.2.3"), "financial-signature"},
      {Oid::literal("1.2.398.3.3.4.1.2.4"), "human-resources"},
      {Oid::literal("1.2.398.3.3.4.1.2.5"), "employee"},
      {Oid::literal("1.2.398.3.3.4.1.2.6"), "information-system"},
      {Oid::literal("1.2.398.3.3.4.2"), "authority"},
      {Oid::literal("1.2.398.3.3.4.2.1"), "authority-administrator"},
      {Oid::literal("1.2.398.3.3.4.2.2"), "authority-manager"},
      {Oid::literal("1.2.398.3.3.4.2.3"), "authority-operator"},
      {Oid::literal("1.2.398.3.3.4.3"), "identification"},
      {Oid::literal("1.2.398.3.3.4.3.1"), "identification-service-centre"},
      {Oid::literal("1.2.398.3.3.4.3.2"), "identification-remote"},
      {Oid::literal("1.2.398.3.3.4.3.2.1"), "identification-digital-id"},
  }};
  const auto found = std::ranges::find(kNames, role, &std::pair<Oid, const char*>::first);
  return found == kNames.end() ? role.dotted() : found->second;
}

bool is_signing_key(const Certificate& certificate) {
  constexpr std::uint32_t kBoth = kDigitalSignature | kNonRepudiation;
  const bool both = certificate.key_usage().has_value() && (*certificate.key_usage() & kBoth) == kBoth;
  return both && extended_usage_allows_signing(certificate);
}

}  // namespace tanba::pki
