// Certificates seen and alerts, read.
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/json.h"
#include "licensing/registry/queries.h"
#include "licensing/registry/reading.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

base::Result<std::vector<base::Digest>> read_digests(Row& row) {
  const auto parsed = base::parse_json(row.text());
  if (!parsed || !parsed->is_array()) return damaged("a list of digests");
  std::vector<base::Digest> out;
  for (const auto& element : parsed->get_array()) {
    const auto digest = element.is_string() ? base::digest_from_hex(std::string_view(element.get_string()))
                                            : base::Result<base::Digest>(base::fail(Code::kInputHex));
    if (!digest) return damaged("a list of digests");
    out.push_back(*digest);
  }
  return out;
}

constexpr const char* kCertificateColumns =
    "c.digest, c.issuer, c.serial, c.iin, c.bin, c.not_before, c.not_after, c.chain, c.first_seen";
constexpr std::size_t kCertificateColumnCount = 9;

base::Result<CertificateRow> read_certificate(Row& row) {
  CertificateRow out;
  TANBA_TRY(out.certificate.digest, row.digest());
  out.certificate.issuer = row.text();
  out.certificate.serial = row.text();
  out.certificate.iin = row.text();
  out.certificate.bin = row.text();
  TANBA_TRY(out.certificate.not_before, row.moment());
  TANBA_TRY(out.certificate.not_after, row.moment());
  TANBA_TRY(out.certificate.chain, read_digests(row));
  TANBA_TRY(out.first_seen, row.moment());
  return out;
}

base::Result<TouchedRow> read_touched(Row& row) {
  TouchedRow out;
  const std::string owner = row.text();
  out.application = row.text();
  out.what = owner == out.application ? SignedAs::kApplication : SignedAs::kDecision;
  out.service = row.text();
  out.licensor_bin = row.text();
  TANBA_TRY(out.state, row.word<ApplicationState>());
  TANBA_TRY(out.registered_at, row.moment());
  out.decision = row.text();  // NULL reads as nothing
  out.licence = row.text();
  if (row.next_is_null()) {
    row.skip();
  } else {
    TANBA_TRY(out.licence_state, row.word<LicenceState>());
  }
  return out;
}

constexpr const char* kAlertSelect =
    "SELECT id, kind, source_kind, source, code, kept, offered, seen_at, state, decided_by_kind, decided_by, "
    "decided_at, reason FROM revocation_alerts r";
constexpr std::size_t kAlertColumnCount = 13;

base::Result<AlertRow> read_alert(Row& row) {
  AlertRow out;
  out.report.id = row.text();
  out.report.kind = row.text();
  out.report.source_kind = row.text();
  out.report.source = row.text();
  out.report.code = row.text();
  out.report.kept = row.text();
  out.report.offered = row.text();
  TANBA_TRY(out.report.seen_at, row.moment());
  const std::string state = row.text();
  const auto parsed = parse_alert_state(state);
  if (!parsed) return damaged("state of an alert: " + state);
  out.state = *parsed;
  if (out.state == AlertRowState::kOver) out.report.state = AlertReport::State::kOver;
  const std::string by_kind = row.text();
  const std::string by = row.text();
  if (row.next_is_null()) {
    row.skip();
  } else {
    TANBA_TRY(const CallerKind kind, parse_caller_kind(by_kind));
    out.decided_by = Caller{kind, by};
    TANBA_TRY(out.decided_at, row.moment());
  }
  out.reason = row.text();
  return out;
}

}  // namespace

std::string_view to_string(SignedAs what) {
  return what == SignedAs::kApplication ? "application" : "decision";
}

std::string_view to_string(AlertRowState state) {
  switch (state) {
    case AlertRowState::kOpen:
      return "open";
    case AlertRowState::kAcknowledged:
      return "acknowledged";
    case AlertRowState::kConfirmed:
      return "confirmed";
    case AlertRowState::kOver:
      return "over";
  }
  std::unreachable();
}

base::Result<AlertRowState> parse_alert_state(std::string_view word) {
  using enum AlertRowState;
  for (const AlertRowState state : {kOpen, kAcknowledged, kConfirmed, kOver}) {
    if (to_string(state) == word) return state;
  }
  return base::fail(Code::kInputMember, {{"member", "state"}, {"expected", "open, acknowledged, confirmed or over"}});
}

base::Result<std::vector<CertificateRow>> list_certificates(Sql& sql, const Scope& scope,
                                                            const CertificateQuery& query) {
  Where where;
  where.add_if(query.serial, "c.serial = :serial");
  where.add_if(query.issuer, "c.issuer = :issuer");
  where.add_if(query.iin, "c.iin = :iin");
  where.add_if(query.bin, "c.bin = :bin");
  if (query.after) {
    where.add("(c.position, c.digest) > (SELECT b.position, b.digest FROM certificates b WHERE b.digest = :after)",
              {*query.after});
  }
  // Seen is what signed something that this reader may see.
  Where seen;
  seen.add("s.certificate = c.digest");
  add_scope_of_applications(seen, scope);
  where.add("EXISTS (SELECT 1 FROM signatures s JOIN applications a ON a.number = s.application" + seen.text() + ")",
            seen.bounds());
  return read_all<CertificateRow>(
      sql.rows(fmt::format("SELECT {} FROM certificates c{} ORDER BY c.position, c.digest LIMIT {}",
                           kCertificateColumns, where.text(), page_size(query.limit)),
               kCertificateColumnCount, where.bounds()),
      read_certificate);
}

base::Result<std::vector<TouchedRow>> list_touched(Sql& sql, const Scope& scope, const base::Digest& certificate,
                                                   unsigned limit) {
  Where where;
  where.add("s.certificate = :certificate", {certificate});
  add_scope_of_applications(where, scope);
  return read_all<TouchedRow>(
      sql.rows(fmt::format(
                   "SELECT s.owner, a.number, a.service, a.licensor_bin, a.state, a.registered_at, d.number, l.number, "
                   "l.state FROM signatures s JOIN applications a ON a.number = s.application LEFT JOIN decisions d ON "
                   "d.application = a.number LEFT JOIN licences l ON l.application = a.number{} ORDER BY s.position, "
                   "s.owner LIMIT {}",
                   where.text(), page_size(limit)),
               9, where.bounds()),
      read_touched);
}

base::Result<std::optional<AlertRow>> find_alert(Sql& sql, std::string_view id) {
  return read_one<AlertRow>(sql.row(fmt::format("{} WHERE id = :id", kAlertSelect), kAlertColumnCount, {id}),
                            read_alert);
}

base::Result<std::vector<AlertRow>> list_alerts(Sql& sql, const AlertQuery& query) {
  Where where;
  where.add_one_of("r.state", query.states);
  where.add_if(query.after, "r.position < (SELECT b.position FROM revocation_alerts b WHERE b.id = :after)");
  return read_all<AlertRow>(sql.rows(fmt::format("{}{} ORDER BY r.position DESC LIMIT {}", kAlertSelect, where.text(),
                                                 page_size(query.limit)),
                                     kAlertColumnCount, where.bounds()),
                            read_alert);
}

}  // namespace tanba::licensing::registry
