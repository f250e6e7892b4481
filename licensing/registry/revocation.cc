// Commands about certificates seen, alerts and the acts of security staff.
#include "licensing/registry/revocation.h"

#include <boost/json/array.hpp>

#include "base/json.h"
#include "licensing/registry/commands.h"
#include "licensing/registry/queries.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

std::string digest_list(const std::vector<base::Digest>& digests) {
  boost::json::array out;
  for (const base::Digest& digest : digests) out.emplace_back(digest.hex());
  return base::canonical_json(out);
}

std::string_view event_of(RevocationAct act, ActStage stage) {
  const bool begun = stage == ActStage::kBegun;
  switch (act) {
    case RevocationAct::kRefresh:
      return begun ? "revocation.refresh" : "revocation.refreshed";
    case RevocationAct::kImport:
      return begun ? "revocation.import" : "revocation.imported";
    case RevocationAct::kLookUp:
      return begun ? "revocation.look-up" : "revocation.looked-up";
  }
  std::unreachable();
}

bool is_known(AlertRowState state) {
  return state == AlertRowState::kAcknowledged || state == AlertRowState::kConfirmed;
}

// From open anything; what was acknowledged may still be confirmed.
bool may_decide(AlertRowState from, AlertRowState to) {
  return from == AlertRowState::kOpen || (from == AlertRowState::kAcknowledged && to == AlertRowState::kConfirmed);
}

std::unexpected<base::Error> wrong_state(const AlertRow& alert, std::string_view state) {
  return base::fail(Code::kRegistryState, {{"what", "alert"}, {"id", alert.report.id}, {"state", std::string(state)}});
}

boost::json::object alert_entry(const AlertReport& report) {
  return {{"code", report.code},       {"kept", report.kept},     {"kind", report.kind},
          {"offered", report.offered}, {"source", report.source}, {"sourceKind", report.source_kind}};
}

base::Status insert_alert(Transaction& transaction, const AlertReport& report) {
  return transaction.sql().run(
      "INSERT INTO revocation_alerts (id, position, kind, source_kind, source, code, kept, offered, seen_at, state, "
      "decided_by_kind, decided_by, decided_at, reason) VALUES (:id, :position, :kind, :skind, :source, :code, :kept, "
      ":offered, :seen, :state, '', '', NULL, '')",
      {report.id, transaction.next_position(), report.kind, report.source_kind, report.source, report.code, report.kept,
       report.offered, report.seen_at, to_string(AlertRowState::kOpen)});
}

}  // namespace

// A certificate is kept once, at the first signature that it made here.
base::Status note_signers(Transaction& transaction, std::string_view owner, std::string_view application,
                          const std::vector<SignerCertificate>& signers) {
  std::int64_t ordinal = 0;
  for (const SignerCertificate& one : signers) {
    TANBA_CHECK(transaction.sql().run(
        "INSERT INTO certificates (digest, position, issuer, serial, iin, bin, not_before, not_after, chain, "
        "first_seen) VALUES (:digest, :position, :issuer, :serial, :iin, :bin, :before, :after, :chain, :seen) ON "
        "CONFLICT (digest) DO NOTHING",
        {one.digest, transaction.next_position(), one.issuer, one.serial, one.iin, one.bin, one.not_before,
         one.not_after, digest_list(one.chain), transaction.now()}));
    TANBA_CHECK(transaction.sql().run(
        "INSERT INTO signatures (owner, ordinal, application, certificate, position) VALUES (:owner, :ordinal, "
        ":application, :certificate, :position)",
        {owner, ordinal++, application, one.digest, transaction.next_position()}));
  }
  return {};
}

base::Result<Nothing> apply(Transaction& transaction, const RecordAlert& command) {
  const AlertReport& report = command.report;
  const Caller system{CallerKind::kSystem, "sources"};
  TANBA_TRY(const auto known, find_alert(transaction.sql(), report.id));
  if (!known) {
    TANBA_CHECK(insert_alert(transaction, report));
    TANBA_CHECK(transaction.journal("revocation.alert", report.id, system, alert_entry(report)));
  }
  const AlertRowState state = known ? known->state : AlertRowState::kOpen;
  const bool ends = report.state == AlertReport::State::kOver && state != AlertRowState::kConfirmed;
  if (!ends || state == AlertRowState::kOver) return Nothing{};
  TANBA_CHECK(transaction.sql().run("UPDATE revocation_alerts SET state = :state WHERE id = :id",
                                    {to_string(AlertRowState::kOver), report.id}));
  TANBA_CHECK(transaction.journal("revocation.alert-over", report.id, system, {}));
  return Nothing{};
}

base::Result<AlertRow> apply(Transaction& transaction, const DecideAlert& command) {
  TANBA_TRY(const auto known, find_alert(transaction.sql(), command.id));
  if (!known) return not_found("alert", command.id);
  if (known->state == command.decision) return *known;
  if (!is_known(command.decision) || !may_decide(known->state, command.decision)) {
    return wrong_state(*known, to_string(known->state));
  }
  const bool confirms = command.decision == AlertRowState::kConfirmed;
  if (confirms && known->report.kind != "shrunk") return wrong_state(*known, known->report.kind);
  TANBA_CHECK(transaction.sql().run(
      "UPDATE revocation_alerts SET state = :state, decided_by_kind = :kind, decided_by = :by, decided_at = :at, "
      "reason = :reason WHERE id = :id",
      {to_string(command.decision), to_string(command.by.kind), command.by.id, transaction.now(), command.reason,
       command.id}));
  TANBA_CHECK(transaction.journal(confirms ? "revocation.alert-confirmed" : "revocation.alert-acknowledged", command.id,
                                  command.by, {{"offered", known->report.offered}}));
  TANBA_TRY(auto decided, find_alert(transaction.sql(), command.id));
  if (!decided) return not_found("alert", command.id);
  return *std::move(decided);
}

base::Result<Nothing> apply(Transaction& transaction, const NoteRevocationAct& command) {
  boost::json::array digests;
  for (const base::Digest& digest : command.digests) digests.emplace_back(digest.hex());
  boost::json::object data{{"digests", std::move(digests)}};
  if (command.stage == ActStage::kDone) data["outcome"] = command.outcome;
  TANBA_CHECK(transaction.journal(event_of(command.act, command.stage), command.subject, command.by, std::move(data)));
  return Nothing{};
}

}  // namespace tanba::licensing::registry
