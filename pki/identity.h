// Who a certificate speaks for: НУЦ РК's profile (subject and role EKUs).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pki/certificate.h"

namespace tanba::pki {

struct Identity {
  std::optional<std::string> iin;  // digits as the CA wrote them, twelve of them; no check-digit test here
  std::optional<std::string> bin;
  std::string name;  // surname and given name (CN), with the patronymic when it is there
  std::string organization;
  std::vector<Oid> roles;  // EKUs under 1.2.398.3.3.4, in the certificate's order
};

[[nodiscard]] Identity identity_of(const Certificate& certificate);
// Short words for the role OIDs: "individual", "organization", "head", "right-of-signature", ...; the dotted OID for
// one that is not known.
[[nodiscard]] std::string role_name(const Oid& role);
// digitalSignature and nonRepudiation are both set (kz-pki section 2), and no extended key usage forbids it.
[[nodiscard]] bool is_signing_key(const Certificate& certificate);

namespace role {  // 1.2.398.3.3.4.…
extern const Oid kIndividual, kOrganization, kHead, kRightOfSignature, kFinancialSignature, kHumanResources, kEmployee,
    kInformationSystem;
}  // namespace role

}  // namespace tanba::pki
