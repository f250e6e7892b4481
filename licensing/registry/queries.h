// Reading rows, for readers and for commands alike; inside the registry only.
#pragma once

#include <optional>
#include <vector>

#include "licensing/registry/accounts.h"
#include "licensing/registry/capsules.h"
#include "licensing/registry/journal.h"
#include "licensing/registry/revocation.h"
#include "licensing/registry/sql.h"
#include "licensing/registry_port.h"

namespace tanba::licensing::registry {

[[nodiscard]] base::Result<std::optional<PriorRequest>> find_request(Sql& sql, std::string_view request_id);
[[nodiscard]] base::Result<std::optional<ApplicationRow>> find_application(Sql& sql, const Scope& scope,
                                                                           std::string_view number);
[[nodiscard]] base::Result<std::vector<ApplicationRow>> list_applications(Sql& sql, const Scope& scope,
                                                                          const ApplicationQuery& query);
[[nodiscard]] base::Result<std::vector<AttachmentRow>> list_attachments(Sql& sql, std::string_view application);
[[nodiscard]] base::Result<std::optional<DecisionRow>> find_decision(Sql& sql, const Scope& scope,
                                                                     std::string_view application);
[[nodiscard]] base::Result<std::optional<LicenceRow>> find_licence(Sql& sql, const Scope& scope,
                                                                   std::string_view number);
[[nodiscard]] base::Result<std::vector<LicenceRow>> list_licences(Sql& sql, const Scope& scope,
                                                                  const LicenceQuery& query);
// The newest, in the order in which they happened; none for what the scope does not show.
[[nodiscard]] base::Result<std::vector<LicenceEventRow>> list_licence_events(Sql& sql, const Scope& scope,
                                                                             std::string_view licence);
[[nodiscard]] base::Result<std::optional<Intent>> find_intent(Sql& sql, std::string_view id);
// The one intent on this application that is neither committed nor abandoned.
[[nodiscard]] base::Result<std::optional<Intent>> find_open_intent(Sql& sql, std::string_view application);
[[nodiscard]] base::Result<std::vector<Intent>> list_intents(Sql& sql, IntentState state);
// When these octets were stored as an application or as a decision that the scope shows.
[[nodiscard]] base::Result<std::optional<base::Time>> find_receipt(Sql& sql, const Scope& scope,
                                                                   const base::Digest& document);
[[nodiscard]] base::Result<std::vector<EvidenceRow>> list_evidence(Sql& sql, std::string_view owner);
[[nodiscard]] base::Result<std::optional<CapsuleRow>> find_capsule(Sql& sql, std::string_view owner);
[[nodiscard]] base::Result<std::vector<CapsuleRow>> list_capsules(Sql& sql, CapsuleLack lack, unsigned limit,
                                                                  std::int64_t after);
[[nodiscard]] base::Result<std::int64_t> count_capsules(Sql& sql, CapsuleLack lack);
[[nodiscard]] base::Result<std::vector<JournalRow>> list_journal(Sql& sql, std::int64_t after, unsigned limit);

[[nodiscard]] base::Result<std::optional<PortalAccess>> find_portal_key(Sql& sql, PortalKeyKind kind,
                                                                        const base::Digest& hash);
[[nodiscard]] base::Result<std::optional<Portal>> find_portal(Sql& sql, std::string_view id);
[[nodiscard]] base::Result<std::vector<Portal>> list_portals(Sql& sql);
[[nodiscard]] base::Result<std::vector<PortalKey>> list_portal_keys(Sql& sql, std::string_view portal);
[[nodiscard]] base::Result<std::optional<Staff>> find_staff(Sql& sql, StaffKind kind, std::string_view iin,
                                                            std::string_view bin);
[[nodiscard]] base::Result<std::optional<Staff>> find_staff(Sql& sql, std::string_view id);
[[nodiscard]] base::Result<std::vector<Staff>> list_staff(Sql& sql, StaffKind kind);
[[nodiscard]] base::Result<std::optional<TrustVersion>> newest_trust_version(Sql& sql);
[[nodiscard]] base::Result<std::optional<TrustVersion>> find_trust_version(Sql& sql, std::int64_t version);
// The newest first.
[[nodiscard]] base::Result<std::vector<TrustVersion>> list_trust_versions(Sql& sql, const TrustQuery& query);
enum class HoldState { kInForce, kAny };
[[nodiscard]] base::Result<std::vector<Hold>> list_holds(Sql& sql, HoldState state);

// Certificates that signed something within the scope.
[[nodiscard]] base::Result<std::vector<CertificateRow>> list_certificates(Sql& sql, const Scope& scope,
                                                                          const CertificateQuery& query);
[[nodiscard]] base::Result<std::vector<TouchedRow>> list_touched(Sql& sql, const Scope& scope,
                                                                 const base::Digest& certificate, unsigned limit);
[[nodiscard]] base::Result<std::optional<AlertRow>> find_alert(Sql& sql, std::string_view id);
// The newest first.
[[nodiscard]] base::Result<std::vector<AlertRow>> list_alerts(Sql& sql, const AlertQuery& query);

// Words of enumerations that only the registry stores.
[[nodiscard]] std::string_view to_string(StaffKind kind);
[[nodiscard]] std::string_view to_string(PortalKeyKind kind);
[[nodiscard]] std::string_view to_string(AccountState state);
[[nodiscard]] std::string_view to_string(Listing listing);

[[nodiscard]] inline std::unexpected<base::Error> not_found(std::string what, std::string_view id) {
  return base::fail(base::Code::kRegistryNotFound, {{"what", std::move(what)}, {"id", std::string(id)}});
}

}  // namespace tanba::licensing::registry
