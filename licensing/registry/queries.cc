#include "licensing/registry/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "base/json.h"
#include "licensing/registry/reading.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

// --- applications --------------------------------------------------------------------------------------------------

constexpr const char* kApplicationColumns =
    "a.number, a.request_id, a.caller_kind, a.caller_id, a.channel, a.service, a.action, a.licensor_bin, "
    "a.applicant_kind, a.applicant_number, a.applicant_name, a.applicant_origin, a.licence, a.state, a.registered_at, "
    "a.updated_at, a.due_on, a.document, a.media_type, a.report, i.id, i.state, i.officer_id, i.created_at";
constexpr std::size_t kApplicationColumnCount = 24;
constexpr const char* kApplicationsWithIntents =
    "applications a LEFT JOIN intents i ON i.application = a.number AND i.state IN ('prepared', 'approved', 'signing')";

base::Result<std::optional<OpenIntent>> read_open_intent(Row& row) {
  if (row.next_is_null()) return std::nullopt;
  OpenIntent out{};
  out.id = row.text();
  TANBA_TRY(out.state, row.word<IntentState>());
  out.officer_id = row.text();
  TANBA_TRY(out.created_at, row.moment());
  return out;
}

base::Result<ApplicationRow> read_application(Row& row) {
  ApplicationRow out{};
  out.number = row.text();
  out.request_id = row.text();
  TANBA_TRY(out.caller.kind, parse_caller_kind(row.text()));
  out.caller.id = row.text();
  TANBA_TRY(out.channel, row.word<Channel>());
  out.service = row.text();
  TANBA_TRY(out.action, row.word<Action>());
  out.licensor_bin = row.text();
  TANBA_TRY(out.applicant_kind, row.word<ApplicantKind>());
  out.applicant_number = row.text();
  out.applicant_name = row.text();
  out.applicant_origin = row.text();
  out.licence = row.text();
  TANBA_TRY(out.state, row.word<ApplicationState>());
  TANBA_TRY(out.registered_at, row.moment());
  TANBA_TRY(out.updated_at, row.moment());
  TANBA_TRY(out.due_on, row.date());
  TANBA_TRY(out.document, row.digest());
  out.media_type = row.text();
  TANBA_TRY(out.report, row.digest());
  TANBA_TRY(out.open_intent, read_open_intent(row));
  return out;
}

base::Result<AttachmentRow> read_attachment(Row& row) {
  AttachmentRow out{};
  out.fields.name = row.text();
  out.fields.media_type = row.text();
  TANBA_TRY(out.fields.kind, row.word<AttachmentKind>());
  TANBA_TRY(out.fields.digest, row.digest());
  TANBA_TRY(const std::int64_t size, row.integer());
  out.size_bytes = static_cast<std::uint64_t>(size);
  return out;
}

// --- decisions, licences, intents ----------------------------------------------------------------------------------

base::Result<DecisionRow> read_decision(Row& row) {
  DecisionRow out{};
  out.application = row.text();
  out.number = row.text();
  TANBA_TRY(out.kind, row.word<DecisionKind>());
  out.intent = row.text();
  out.reason = row.text();
  out.officer_id = row.text();
  TANBA_TRY(out.document, row.digest());
  out.media_type = row.text();
  TANBA_TRY(out.report, row.digest());
  TANBA_TRY(out.decided_at, row.moment());
  return out;
}

constexpr const char* kLicenceColumns =
    "l.number, l.register_kind, l.service, l.licensor_bin, l.application, l.holder_kind, l.holder_number, "
    "l.holder_name, l.state, l.issued_at, l.valid_until, l.replaces, l.replaced_by, l.document";
constexpr std::size_t kLicenceColumnCount = 14;

base::Result<std::optional<Date>> read_optional_date(Row& row) {
  if (row.next_is_null()) {
    row.skip();
    return std::nullopt;
  }
  return row.date();
}

base::Result<LicenceRow> read_licence(Row& row) {
  LicenceRow out{};
  out.number = row.text();
  TANBA_TRY(out.register_kind, row.word<RegisterKind>());
  out.service = row.text();
  out.licensor_bin = row.text();
  out.application = row.text();
  TANBA_TRY(out.holder_kind, row.word<ApplicantKind>());
  out.holder_number = row.text();
  out.holder_name = row.text();
  TANBA_TRY(out.state, row.word<LicenceState>());
  TANBA_TRY(out.issued_at, row.moment());
  TANBA_TRY(out.valid_until, read_optional_date(row));
  out.replaces = row.text();
  out.replaced_by = row.text();
  TANBA_TRY(out.document, row.digest());
  return out;
}

base::Result<LicenceEventRow> read_licence_event(Row& row) {
  LicenceEventRow out{};
  TANBA_TRY(out.event, row.word<LicenceEvent>());
  TANBA_TRY(out.at, row.moment());
  out.officer_id = row.text();
  out.reason = row.text();
  return out;
}

// Where the page before ended. A number that the caller may not see is as unknown as one that is none.
base::Result<std::int64_t> position_of(base::Result<std::optional<Row>> last) {
  if (!last) return base::fail(last.error());
  if (!*last) {
    return base::fail(Code::kInputMember, {{"member", "after"}, {"expected", "the last number of the page before"}});
  }
  return (**last).integer();
}

// The officer's listing is the one of now: who was struck off after preparing may not sign.
constexpr const char* kIntentSelect =
    "SELECT i.id, i.application, i.kind, i.mode, i.state, i.number, i.service, i.licensor_bin, i.officer_id, "
    "i.officer_iin, i.officer_name, COALESCE(s.listing, 'not-listed'), i.reason, i.valid_until, i.content, i.prepared, "
    "i.signing_key, i.approval, i.signed_document, i.created_at, i.updated_at, i.note "
    "FROM intents i LEFT JOIN staff s ON s.kind = 'officer' AND s.iin = i.officer_iin AND s.bin = i.licensor_bin";
constexpr std::size_t kIntentColumnCount = 22;

base::Result<std::optional<base::Digest>> read_optional_digest(Row& row) {
  if (row.next_is_null()) {
    row.skip();
    return std::nullopt;
  }
  return row.digest();
}

base::Result<Intent> read_intent(Row& row) {
  Intent out{};
  out.id = row.text();
  out.application = row.text();
  TANBA_TRY(out.kind, row.word<DecisionKind>());
  out.terms.kind = out.kind;
  TANBA_TRY(out.mode, row.word<SigningMode>());
  TANBA_TRY(out.state, row.word<IntentState>());
  out.number = row.text();
  out.service = row.text();
  out.licensor_bin = row.text();
  out.officer.id = row.text();
  out.officer.iin = row.text();
  out.officer.bin = out.licensor_bin;
  out.officer.name = row.text();
  out.officer.listing = row.text() == to_string(Listing::kListed) ? Listing::kListed : Listing::kNotListed;
  out.terms.reason = row.text();
  TANBA_TRY(out.terms.valid_until, read_optional_date(row));
  TANBA_TRY(out.content, row.digest());
  TANBA_TRY(out.prepared, row.digest());
  out.key = row.text();
  TANBA_TRY(out.approval, read_optional_digest(row));
  TANBA_TRY(out.signed_document, read_optional_digest(row));
  TANBA_TRY(out.created_at, row.moment());
  TANBA_TRY(out.updated_at, row.moment());
  out.note = row.text();
  return out;
}

base::Result<JournalRow> read_journal(Row& row) {
  JournalRow out{};
  TANBA_TRY(out.seq, row.integer());
  TANBA_TRY(out.at, row.moment());
  out.event = row.text();
  out.subject = row.text();
  out.entry = row.text();
  TANBA_TRY(out.previous, row.digest());
  TANBA_TRY(out.hash, row.digest());
  TANBA_TRY(out.leaf, row.digest());
  return out;
}

// --- accounts ------------------------------------------------------------------------------------------------------

AccountState read_state(Row& row) {
  // Anything but the word for enabled is disabled.
  return row.text() == to_string(AccountState::kEnabled) ? AccountState::kEnabled : AccountState::kDisabled;
}

base::Result<Portal> read_portal(Row& row) {
  Portal out;
  out.id = row.text();
  out.name = row.text();
  out.state = read_state(row);
  return out;
}

base::Result<std::vector<std::string>> read_list(Row& row) {
  const auto parsed = base::parse_json(row.text());
  if (!parsed || !parsed->is_array()) return damaged("a list of words");
  std::vector<std::string> out;
  for (const auto& element : parsed->get_array()) {
    if (!element.is_string()) return damaged("a list of words");
    out.emplace_back(element.get_string());
  }
  return out;
}

constexpr const char* kKeyColumns = "k.hash, k.kind, k.portal, k.scopes, k.networks, k.expires_at, k.state";
constexpr std::size_t kKeyColumnCount = 7;

base::Result<PortalKey> read_key(Row& row) {
  PortalKey out;
  TANBA_TRY(out.hash, row.digest());
  out.kind = row.text() == to_string(PortalKeyKind::kMutualTls) ? PortalKeyKind::kMutualTls : PortalKeyKind::kBearer;
  out.portal = row.text();
  TANBA_TRY(out.scopes, read_list(row));
  TANBA_TRY(out.networks, read_list(row));
  if (row.next_is_null()) {
    row.skip();
  } else {
    TANBA_TRY(out.expires_at, row.moment());
  }
  out.state = read_state(row);
  return out;
}

base::Result<StaffKind> parse_staff_kind(const std::string& word) {
  for (const StaffKind kind : {StaffKind::kOfficer, StaffKind::kOperator, StaffKind::kSecurity}) {
    if (to_string(kind) == word) return kind;
  }
  return damaged("kind of staff " + word);
}

constexpr const char* kStaffSelect = "SELECT id, kind, iin, bin, name, listing FROM staff";
constexpr std::size_t kStaffColumnCount = 6;

base::Result<Staff> read_staff(Row& row) {
  Staff out;
  out.person.id = row.text();
  TANBA_TRY(out.kind, parse_staff_kind(row.text()));
  out.person.iin = row.text();
  out.person.bin = row.text();
  out.person.name = row.text();
  out.person.listing = row.text() == to_string(Listing::kListed) ? Listing::kListed : Listing::kNotListed;
  return out;
}

base::Result<TrustAct> parse_trust_act(const std::string& word) {
  for (const TrustAct act : {TrustAct::kConfiguration, TrustAct::kImport, TrustAct::kRemoval, TrustAct::kRollback}) {
    if (to_string(act) == word) return act;
  }
  return damaged("act on trust " + word);
}

// `note` has held the content's name since the first schema.
constexpr const char* kTrustSelect =
    "SELECT version, snapshot, note, installed_by, installed_at, by_kind, act, restores, reason FROM trust_versions";
constexpr std::size_t kTrustColumnCount = 9;

base::Result<TrustVersion> read_trust_version(Row& row) {
  TrustVersion out;
  TANBA_TRY(out.version, row.integer());
  TANBA_TRY(out.snapshot, row.digest());
  out.list = row.text();
  out.by.id = row.text();
  TANBA_TRY(out.installed_at, row.moment());
  TANBA_TRY(out.by.kind, parse_caller_kind(row.text()));
  TANBA_TRY(out.act, parse_trust_act(row.text()));
  if (row.next_is_null()) {
    row.skip();
  } else {
    TANBA_TRY(out.restores, row.integer());
  }
  out.reason = row.text();
  return out;
}

base::Result<Hold> read_hold(Row& row) {
  Hold out;
  out.id = row.text();
  out.issuer = row.text();
  out.serial = row.text();
  out.reason = row.text();
  out.placed_by = row.text();
  TANBA_TRY(out.placed_at, row.moment());
  out.lifted_by = row.text();
  if (row.next_is_null()) return out;
  TANBA_TRY(out.lifted_at, row.moment());
  return out;
}

}  // namespace

std::string_view to_string(StaffKind kind) {
  switch (kind) {
    case StaffKind::kOfficer:
      return "officer";
    case StaffKind::kOperator:
      return "operator";
    case StaffKind::kSecurity:
      return "security";
  }
  std::unreachable();
}
std::string_view to_string(TrustAct act) {
  switch (act) {
    case TrustAct::kConfiguration:
      return "configuration";
    case TrustAct::kImport:
      return "import";
    case TrustAct::kRemoval:
      return "removal";
    case TrustAct::kRollback:
      return "rollback";
  }
  std::unreachable();
}
std::string_view to_string(PortalKeyKind kind) {
  return kind == PortalKeyKind::kBearer ? "bearer" : "mutual-tls";
}
std::string_view to_string(AccountState state) {
  return state == AccountState::kEnabled ? "enabled" : "disabled";
}
std::string_view to_string(Listing listing) {
  return listing == Listing::kListed ? "listed" : "not-listed";
}

base::Result<std::optional<PriorRequest>> find_request(Sql& sql, std::string_view request_id) {
  TANBA_TRY(auto row, sql.row(fmt::format("SELECT {} FROM {} WHERE a.request_id = :id", kApplicationColumns,
                                          kApplicationsWithIntents),
                              kApplicationColumnCount, {request_id}));
  if (!row) return std::nullopt;
  TANBA_TRY(const ApplicationRow found, read_application(*row));
  return PriorRequest{
      found.caller, found.document,
      Registered{found.number, found.registered_at, found.due_on, found.document, found.report, Repetition::kRepeat}};
}

base::Result<std::optional<ApplicationRow>> find_application(Sql& sql, const Scope& scope, std::string_view number) {
  Where where;
  where.add("a.number = :number", {number});
  add_scope_of_applications(where, scope);
  return read_one<ApplicationRow>(
      sql.row(fmt::format("SELECT {} FROM {}{}", kApplicationColumns, kApplicationsWithIntents, where.text()),
              kApplicationColumnCount, where.bounds()),
      read_application);
}

base::Result<std::vector<ApplicationRow>> list_applications(Sql& sql, const Scope& scope,
                                                            const ApplicationQuery& query) {
  Where where;
  add_scope_of_applications(where, scope);
  where.add_one_of("a.state", query.states);
  where.add_if(query.service, "a.service = :service");
  where.add_if(query.applicant_number, "a.applicant_number = :applicant");
  if (!query.after.empty()) {
    Where last;
    last.add("a.number = :number", {Bound(query.after)});
    add_scope_of_applications(last, scope);
    TANBA_TRY(const std::int64_t position,
              position_of(sql.row("SELECT a.position FROM applications a" + last.text(), 1, last.bounds())));
    where.add("a.position > :position", {Bound(position)});
  }
  return read_all<ApplicationRow>(
      sql.rows(fmt::format("SELECT {} FROM {}{} ORDER BY a.position LIMIT {}", kApplicationColumns,
                           kApplicationsWithIntents, where.text(), page_size(query.limit)),
               kApplicationColumnCount, where.bounds()),
      read_application);
}

base::Result<std::optional<base::Time>> find_receipt(Sql& sql, const Scope& scope, const base::Digest& document) {
  // Hardly any document that somebody asks about is one of ours: the look-up by key answers for the others.
  TANBA_TRY(const auto known, sql.row("SELECT added_at FROM documents WHERE digest = :digest", 1, {document}));
  if (!known) return std::nullopt;
  static constexpr std::pair<const char*, const char*> kPlaces[] = {
      {"a.document = :digest", "SELECT a.registered_at FROM applications a{} ORDER BY 1 LIMIT 1"},
      {"d.document = :digest",
       "SELECT d.decided_at FROM decisions d JOIN applications a ON a.number = d.application{} ORDER BY 1 LIMIT 1"}};
  std::optional<base::Time> first;
  for (const auto& [condition, select] : kPlaces) {
    Where where;
    where.add(condition, {Bound(document)});
    add_scope_of_applications(where, scope);
    TANBA_TRY(auto row, sql.row(fmt::format(fmt::runtime(select), where.text()), 1, where.bounds()));
    if (!row) continue;
    TANBA_TRY(const base::Time at, row->moment());
    if (!first || at < *first) first = at;
  }
  return first;
}

base::Result<std::vector<AttachmentRow>> list_attachments(Sql& sql, std::string_view application) {
  return read_all<AttachmentRow>(sql.rows("SELECT name, media_type, kind, digest, size_bytes FROM attachments "
                                          "WHERE application = :application ORDER BY position",
                                          5, {application}),
                                 read_attachment);
}

base::Result<std::optional<DecisionRow>> find_decision(Sql& sql, const Scope& scope, std::string_view application) {
  Where where;
  where.add("d.application = :application", {application});
  add_scope_of_applications(where, scope);
  return read_one<DecisionRow>(
      sql.row("SELECT d.application, d.number, d.kind, d.intent, d.reason, d.officer_id, d.document, d.media_type, "
              "d.report, d.decided_at FROM decisions d JOIN applications a ON a.number = d.application" +
                  where.text(),
              10, where.bounds()),
      read_decision);
}

base::Result<std::optional<LicenceRow>> find_licence(Sql& sql, const Scope& scope, std::string_view number) {
  Where where;
  where.add("l.number = :number", {number});
  add_scope_of_licences(where, scope);
  return read_one<LicenceRow>(sql.row(fmt::format("SELECT {} FROM licences l{}", kLicenceColumns, where.text()),
                                      kLicenceColumnCount, where.bounds()),
                              read_licence);
}

base::Result<std::vector<LicenceRow>> list_licences(Sql& sql, const Scope& scope, const LicenceQuery& query) {
  Where where;
  add_scope_of_licences(where, scope);
  where.add_one_of("l.state", query.states);
  where.add_if(query.service, "l.service = :service");
  where.add_if(query.holder_number, "l.holder_number = :holder");
  if (query.force) {
    // As force_of.
    where.add(query.force == Force::kInForce
                  ? "l.state = 'active' AND (l.valid_until IS NULL OR l.valid_until >= :today)"
                  : "(l.state <> 'active' OR l.valid_until < :today)",
              {Bound(query.today)});
  }
  if (!query.after.empty()) {
    Where last;
    last.add("l.number = :number", {Bound(query.after)});
    add_scope_of_licences(last, scope);
    TANBA_TRY(const std::int64_t position,
              position_of(sql.row("SELECT l.position FROM licences l" + last.text(), 1, last.bounds())));
    where.add("l.position > :position", {Bound(position)});
  }
  return read_all<LicenceRow>(sql.rows(fmt::format("SELECT {} FROM licences l{} ORDER BY l.position LIMIT {}",
                                                   kLicenceColumns, where.text(), page_size(query.limit)),
                                       kLicenceColumnCount, where.bounds()),
                              read_licence);
}

base::Result<std::vector<LicenceEventRow>> list_licence_events(Sql& sql, const Scope& scope, std::string_view licence) {
  Where where;
  where.add("l.number = :number", {licence});
  add_scope_of_licences(where, scope);
  TANBA_TRY(auto rows, read_all<LicenceEventRow>(
                           sql.rows(fmt::format("SELECT e.event, e.at, e.officer_id, e.reason FROM licence_events e "
                                                "JOIN licences l ON l.number = e.licence{} ORDER BY e.position DESC "
                                                "LIMIT {}",
                                                where.text(), kMaxPageRows),
                                    4, where.bounds()),
                           read_licence_event));
  std::ranges::reverse(rows);
  return rows;
}

base::Result<std::optional<Intent>> find_intent(Sql& sql, std::string_view id) {
  return read_one<Intent>(sql.row(fmt::format("{} WHERE i.id = :id", kIntentSelect), kIntentColumnCount, {id}),
                          read_intent);
}

base::Result<std::optional<Intent>> find_open_intent(Sql& sql, std::string_view application) {
  return read_one<Intent>(
      sql.row(fmt::format("{} WHERE i.application = :application AND i.state IN ('prepared', 'approved', 'signing')",
                          kIntentSelect),
              kIntentColumnCount, {application}),
      read_intent);
}

base::Result<std::vector<Intent>> list_intents(Sql& sql, IntentState state) {
  return read_all<Intent>(sql.rows(fmt::format("{} WHERE i.state = :state ORDER BY i.position", kIntentSelect),
                                   kIntentColumnCount, {to_string(state)}),
                          read_intent);
}

base::Result<std::vector<EvidenceRow>> list_evidence(Sql& sql, std::string_view owner) {
  return read_all<EvidenceRow>(
      sql.rows("SELECT kind, digest FROM evidence WHERE owner = :owner ORDER BY position", 2, {owner}),
      [](Row& row) -> base::Result<EvidenceRow> {
        EvidenceRow out;
        out.kind = row.text();
        TANBA_TRY(out.digest, row.digest());
        return out;
      });
}

base::Result<std::vector<JournalRow>> list_journal(Sql& sql, std::int64_t after, unsigned limit) {
  return read_all<JournalRow>(
      sql.rows(
          fmt::format("SELECT seq, at, event, subject, entry, previous, hash, leaf FROM journal WHERE seq > :after "
                      "ORDER BY seq LIMIT {}",
                      page_size(limit)),
          8, {after}),
      read_journal);
}

base::Result<std::optional<PortalAccess>> find_portal_key(Sql& sql, PortalKeyKind kind, const base::Digest& hash) {
  return read_one<PortalAccess>(
      sql.row(fmt::format("SELECT p.id, p.name, p.state, {} FROM portal_keys k JOIN portals p ON p.id = k.portal "
                          "WHERE k.kind = :kind AND k.hash = :hash",
                          kKeyColumns),
              3 + kKeyColumnCount, {to_string(kind), hash}),
      [](Row& row) -> base::Result<PortalAccess> {
        PortalAccess out;
        TANBA_TRY(out.portal, read_portal(row));
        TANBA_TRY(out.key, read_key(row));
        return out;
      });
}

base::Result<std::optional<Portal>> find_portal(Sql& sql, std::string_view id) {
  return read_one<Portal>(sql.row("SELECT id, name, state FROM portals WHERE id = :id", 3, {id}), read_portal);
}

base::Result<std::vector<Portal>> list_portals(Sql& sql) {
  return read_all<Portal>(sql.rows("SELECT id, name, state FROM portals ORDER BY id", 3), read_portal);
}

base::Result<std::vector<PortalKey>> list_portal_keys(Sql& sql, std::string_view portal) {
  return read_all<PortalKey>(
      sql.rows(
          fmt::format("SELECT {} FROM portal_keys k WHERE k.portal = :portal ORDER BY k.kind, k.hash", kKeyColumns),
          kKeyColumnCount, {portal}),
      read_key);
}

base::Result<std::optional<Staff>> find_staff(Sql& sql, StaffKind kind, std::string_view iin, std::string_view bin) {
  return read_one<Staff>(sql.row(fmt::format("{} WHERE kind = :kind AND iin = :iin AND bin = :bin", kStaffSelect),
                                 kStaffColumnCount, {to_string(kind), iin, bin}),
                         read_staff);
}

base::Result<std::optional<Staff>> find_staff(Sql& sql, std::string_view id) {
  return read_one<Staff>(sql.row(fmt::format("{} WHERE id = :id", kStaffSelect), kStaffColumnCount, {id}), read_staff);
}

base::Result<std::vector<Staff>> list_staff(Sql& sql, StaffKind kind) {
  return read_all<Staff>(sql.rows(fmt::format("{} WHERE kind = :kind ORDER BY bin, iin", kStaffSelect),
                                  kStaffColumnCount, {to_string(kind)}),
                         read_staff);
}

base::Result<std::optional<TrustVersion>> newest_trust_version(Sql& sql) {
  return read_one<TrustVersion>(
      sql.row(fmt::format("{} ORDER BY version DESC LIMIT 1", kTrustSelect), kTrustColumnCount), read_trust_version);
}

base::Result<std::optional<TrustVersion>> find_trust_version(Sql& sql, std::int64_t version) {
  return read_one<TrustVersion>(
      sql.row(fmt::format("{} WHERE version = :version", kTrustSelect), kTrustColumnCount, {version}),
      read_trust_version);
}

base::Result<std::vector<TrustVersion>> list_trust_versions(Sql& sql, const TrustQuery& query) {
  Where where;
  if (query.before) where.add("version < :before", {*query.before});
  return read_all<TrustVersion>(
      sql.rows(fmt::format("{}{} ORDER BY version DESC LIMIT {}", kTrustSelect, where.text(), page_size(query.limit)),
               kTrustColumnCount, where.bounds()),
      read_trust_version);
}

base::Result<std::vector<Hold>> list_holds(Sql& sql, HoldState state) {
  const char* condition = state == HoldState::kInForce ? " WHERE lifted_at IS NULL" : "";
  return read_all<Hold>(sql.rows(fmt::format("SELECT id, issuer, serial, reason, placed_by, placed_at, lifted_by, "
                                             "lifted_at FROM holds{} ORDER BY placed_at, id",
                                             condition),
                                 8),
                        read_hold);
}

}  // namespace tanba::licensing::registry
