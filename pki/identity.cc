#include "pki/identity.h"

#include <algorithm>
#include <array>
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
  static const Oid kRoles = Oid::literal("1.2.398.3.3.4");
  const std::string_view prefix = base::as_text(kRoles.contents());
  if (certificate.extended_key_usage()) {
    for (const Oid& usage : *certificate.extended_key_usage()) {
      const std::string_view contents = base::as_text(usage.contents());
      if (contents.starts_with(prefix) && contents.size() > prefix.size()) identity.roles.push_back(usage);
    }
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
  return certificate.key_usage().has_value() && (*certificate.key_usage() & kBoth) == kBoth;
}

}  // namespace tanba::pki
