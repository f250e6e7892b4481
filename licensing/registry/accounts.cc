// Commands about portals, staff, trust and holds.
#include "licensing/registry/accounts.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/json.h"
#include "licensing/registry/commands.h"
#include "licensing/registry/queries.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

std::string as_list(const std::vector<std::string>& words) {
  boost::json::array out;
  for (const std::string& word : words) out.emplace_back(word);
  return base::canonical_json(out);
}

// Enough to tell keys apart in the journal; the whole hash would serve whoever tries out keys.
std::string short_name(const base::Digest& hash) {
  return hash.hex().substr(0, 16);
}

// Certificates of authorities, by digest: nobody's personal data. Reasons are people's words and stay in the row.
boost::json::object trust_entry(const TrustVersion& made, const PutTrustVersion& command) {
  boost::json::array certificates;
  for (const base::Digest& digest : command.certificates) certificates.emplace_back(digest.hex());
  boost::json::object out{{"act", to_string(made.act)},
                          {"basedOn", command.based_on},
                          {"certificates", std::move(certificates)},
                          {"list", made.list},
                          {"snapshot", made.snapshot.hex()}};
  if (made.restores) out["restores"] = *made.restores;
  return out;
}

bool well_formed_id(std::string_view id) {
  constexpr std::size_t kMaxId = 64;
  return !id.empty() && id.size() <= kMaxId &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

base::Result<Nothing> apply(Transaction& transaction, const PutPortal& command) {
  const Portal& portal = command.portal;
  if (!well_formed_id(portal.id)) {
    return base::fail(Code::kInputMember, {{"member", "portal.id"}, {"expected", "1 to 64 of a-z, 0-9 and -"}});
  }
  TANBA_CHECK(
      transaction.sql().run("INSERT INTO portals (id, name, state, updated_at) VALUES (:id, :name, :state, :at) ON "
                            "CONFLICT (id) DO UPDATE SET "
                            "name = excluded.name, state = excluded.state, updated_at = excluded.updated_at",
                            {portal.id, portal.name, to_string(portal.state), transaction.now()}));
  TANBA_CHECK(transaction.journal("portal.put", portal.id, command.by, {{"state", to_string(portal.state)}}));
  return Nothing{};
}

base::Result<Nothing> apply(Transaction& transaction, const PutPortalKey& command) {
  const PortalKey& key = command.key;
  TANBA_TRY(const auto portal, find_portal(transaction.sql(), key.portal));
  if (!portal) return not_found("portal", key.portal);
  TANBA_TRY(const auto known, find_portal_key(transaction.sql(), key.kind, key.hash));
  if (known && known->key.portal != key.portal) {
    return base::fail(Code::kRegistryState,
                      {{"what", "portal key"}, {"id", short_name(key.hash)}, {"state", "of another portal"}});
  }
  TANBA_CHECK(transaction.sql().run(
      "INSERT INTO portal_keys (hash, kind, portal, scopes, networks, expires_at, state, updated_at) VALUES (:hash, "
      ":kind, :portal, :scopes, :networks, :expires, :state, :at) ON CONFLICT (kind, hash) DO UPDATE SET scopes = "
      "excluded.scopes, networks = excluded.networks, expires_at = excluded.expires_at, state = excluded.state, "
      "updated_at = excluded.updated_at",
      {key.hash, to_string(key.kind), key.portal, as_list(key.scopes), as_list(key.networks), key.expires_at,
       to_string(key.state), transaction.now()}));
  TANBA_CHECK(transaction.journal(
      "portal-key.put", key.portal, command.by,
      {{"key", short_name(key.hash)}, {"kind", to_string(key.kind)}, {"state", to_string(key.state)}}));
  return Nothing{};
}

base::Result<Staff> apply(Transaction& transaction, const PutStaff& command) {
  const Officer& person = command.staff.person;
  TANBA_TRY(auto known, find_staff(transaction.sql(), command.staff.kind, person.iin, person.bin));
  Staff out = command.staff;
  // Ids say nothing about the person: they go into the journal.
  out.person.id = known ? known->person.id : fmt::format("{}-{}", to_string(out.kind), transaction.next_position());
  TANBA_CHECK(transaction.sql().run(
      "INSERT INTO staff (id, kind, iin, bin, name, listing, updated_at) VALUES (:id, :kind, :iin, :bin, :name, "
      ":listing, :at) ON CONFLICT (id) DO UPDATE SET name = excluded.name, listing = excluded.listing, updated_at = "
      "excluded.updated_at",
      {out.person.id, to_string(out.kind), person.iin, person.bin, person.name, to_string(person.listing),
       transaction.now()}));
  TANBA_CHECK(transaction.journal("staff.put", out.person.id, command.by,
                                  {{"bin", person.bin}, {"listing", to_string(person.listing)}}));
  return out;
}

base::Result<TrustVersion> apply(Transaction& transaction, const StoredTrust& stored) {
  const PutTrustVersion& command = stored.command;
  TANBA_TRY(const auto newest, newest_trust_version(transaction.sql()));
  const std::int64_t before = newest ? newest->version : 0;
  if (before != command.based_on) {
    return base::fail(Code::kTrustVersion,
                      {{"based", std::to_string(command.based_on)}, {"newest", std::to_string(before)}});
  }
  TrustVersion out{.version = before + 1,
                   .snapshot = stored.snapshot.digest,
                   .list = command.list,
                   .act = command.act,
                   .restores = command.restores,
                   .reason = command.reason,
                   .by = command.by,
                   .installed_at = transaction.now()};
  TANBA_CHECK(transaction.note_document(stored.snapshot));
  TANBA_CHECK(
      transaction.sql().run("INSERT INTO trust_versions (version, snapshot, note, installed_by, installed_at, by_kind, "
                            "act, restores, reason) "
                            "VALUES (:version, :snapshot, :list, :by, :at, :kind, :act, :restores, :reason)",
                            {out.version, out.snapshot, out.list, out.by.id, out.installed_at, to_string(out.by.kind),
                             to_string(out.act), out.restores, out.reason}));
  TANBA_CHECK(
      transaction.journal("trust.installed", std::to_string(out.version), command.by, trust_entry(out, command)));
  return out;
}

base::Result<Nothing> apply(Transaction& transaction, const PlaceHold& command) {
  const Hold& hold = command.hold;
  TANBA_TRY(const auto known, transaction.sql().row("SELECT id FROM holds WHERE id = :id", 1, {hold.id}));
  if (known) {
    return base::fail(Code::kRegistryState, {{"what", "hold"}, {"id", hold.id}, {"state", "placed"}});
  }
  TANBA_CHECK(
      transaction.sql().run("INSERT INTO holds (id, issuer, serial, reason, placed_by, placed_at, lifted_by, "
                            "lifted_at) VALUES (:id, :issuer, "
                            ":serial, :reason, :by, :at, '', NULL)",
                            {hold.id, hold.issuer, hold.serial, hold.reason, command.by.id, transaction.now()}));
  // The issuer's name belongs to an authority, the serial number names a certificate, not a person.
  TANBA_CHECK(
      transaction.journal("hold.placed", hold.id, command.by, {{"issuer", hold.issuer}, {"serial", hold.serial}}));
  return Nothing{};
}

base::Result<Nothing> apply(Transaction& transaction, const LiftHold& command) {
  TANBA_TRY(const auto known,
            transaction.sql().row("SELECT id FROM holds WHERE id = :id AND lifted_at IS NULL", 1, {command.id}));
  if (!known) return not_found("hold", command.id);
  TANBA_CHECK(transaction.sql().run("UPDATE holds SET lifted_by = :by, lifted_at = :at WHERE id = :id",
                                    {command.by.id, transaction.now(), command.id}));
  TANBA_CHECK(transaction.journal("hold.lifted", command.id, command.by, {}));
  return Nothing{};
}

}  // namespace tanba::licensing::registry
