#include "licensing/registry/schema.h"

#include <array>
#include <span>

namespace tanba::licensing::registry {
namespace {

using base::Code;

struct Migration {
  int version;
  std::string_view name;
  std::span<const char* const> statements;
};

// Types are TEXT and BIGINT only: they mean the same in both databases. Digests are hexadecimal, times are seconds
// since 1970 in UTC, dates YYYY-MM-DD, enumerations their words.
constexpr const char* kFirst[] = {
    R"(CREATE TABLE journal (
      seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, event TEXT NOT NULL, subject TEXT NOT NULL, entry TEXT NOT NULL,
      previous TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, leaf TEXT NOT NULL))",
    R"(CREATE INDEX journal_subject ON journal (subject, seq))",
    R"(CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL))",
    R"(CREATE TABLE documents (digest TEXT PRIMARY KEY, size_bytes BIGINT NOT NULL, added_at BIGINT NOT NULL))",
    R"(CREATE TABLE applications (
      number TEXT PRIMARY KEY, position BIGINT NOT NULL UNIQUE,
      request_id TEXT NOT NULL UNIQUE, caller_kind TEXT NOT NULL, caller_id TEXT NOT NULL, channel TEXT NOT NULL,
      service TEXT NOT NULL, service_code BIGINT NOT NULL, action TEXT NOT NULL, licensor_bin TEXT NOT NULL,
      applicant_kind TEXT NOT NULL, applicant_number TEXT NOT NULL, applicant_name TEXT NOT NULL,
      applicant_origin TEXT NOT NULL, licence TEXT NOT NULL, state TEXT NOT NULL,
      registered_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, due_on TEXT NOT NULL,
      document TEXT NOT NULL REFERENCES documents (digest), media_type TEXT NOT NULL,
      report TEXT NOT NULL REFERENCES documents (digest)))",
    R"(CREATE INDEX applications_licensor ON applications (licensor_bin, state, position))",
    R"(CREATE INDEX applications_caller ON applications (caller_kind, caller_id, position))",
    R"(CREATE INDEX applications_applicant ON applications (applicant_number, position))",
    R"(CREATE TABLE attachments (
      application TEXT NOT NULL REFERENCES applications (number), position BIGINT NOT NULL, name TEXT NOT NULL,
      media_type TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL REFERENCES documents (digest),
      size_bytes BIGINT NOT NULL, PRIMARY KEY (application, position)))",
    R"(CREATE TABLE evidence (
      owner TEXT NOT NULL, position BIGINT NOT NULL, kind TEXT NOT NULL,
      digest TEXT NOT NULL REFERENCES documents (digest), PRIMARY KEY (owner, position)))",
    // A number is here before it can be on any document, and stays for ever.
    R"(CREATE TABLE numbers (
      number TEXT PRIMARY KEY, application TEXT NOT NULL REFERENCES applications (number), state TEXT NOT NULL,
      intent TEXT UNIQUE, reserved_at BIGINT NOT NULL, updated_at BIGINT NOT NULL))",
    R"(CREATE INDEX numbers_application ON numbers (application, state))",
    R"(CREATE TABLE intents (
      id TEXT PRIMARY KEY, position BIGINT NOT NULL UNIQUE, application TEXT NOT NULL REFERENCES applications (number),
      kind TEXT NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL,
      number TEXT NOT NULL UNIQUE REFERENCES numbers (number), service TEXT NOT NULL, licensor_bin TEXT NOT NULL,
      officer_id TEXT NOT NULL, officer_iin TEXT NOT NULL, officer_name TEXT NOT NULL, reason TEXT NOT NULL,
      valid_until TEXT, content TEXT NOT NULL, prepared TEXT NOT NULL REFERENCES documents (digest),
      signing_key TEXT NOT NULL, approval TEXT REFERENCES documents (digest),
      signed_document TEXT REFERENCES documents (digest), created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
      note TEXT NOT NULL))",
    R"(CREATE UNIQUE INDEX intents_open ON intents (application) WHERE state IN ('prepared', 'approved', 'signing'))",
    R"(CREATE INDEX intents_state ON intents (state, position))",
    R"(CREATE TABLE decisions (
      application TEXT PRIMARY KEY REFERENCES applications (number), number TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
      intent TEXT NOT NULL UNIQUE REFERENCES intents (id), reason TEXT NOT NULL, officer_id TEXT NOT NULL,
      document TEXT NOT NULL REFERENCES documents (digest), media_type TEXT NOT NULL,
      report TEXT NOT NULL REFERENCES documents (digest), decided_at BIGINT NOT NULL))",
    R"(CREATE TABLE licences (
      number TEXT PRIMARY KEY, position BIGINT NOT NULL UNIQUE, register_kind TEXT NOT NULL, service TEXT NOT NULL,
      licensor_bin TEXT NOT NULL, application TEXT NOT NULL UNIQUE REFERENCES applications (number),
      holder_kind TEXT NOT NULL, holder_number TEXT NOT NULL, holder_name TEXT NOT NULL, state TEXT NOT NULL,
      issued_at BIGINT NOT NULL, valid_until TEXT, replaces TEXT NOT NULL, replaced_by TEXT NOT NULL,
      document TEXT NOT NULL REFERENCES documents (digest), updated_at BIGINT NOT NULL))",
    R"(CREATE INDEX licences_licensor ON licences (licensor_bin, state, position))",
    R"(CREATE INDEX licences_holder ON licences (holder_number, position))",
    R"(CREATE TABLE licence_events (
      licence TEXT NOT NULL REFERENCES licences (number), position BIGINT NOT NULL, event TEXT NOT NULL,
      at BIGINT NOT NULL, officer_id TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (licence, position)))",
    R"(CREATE TABLE portals (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, updated_at BIGINT NOT NULL))",
    R"(CREATE TABLE portal_keys (
      hash TEXT NOT NULL, kind TEXT NOT NULL, portal TEXT NOT NULL REFERENCES portals (id), scopes TEXT NOT NULL,
      networks TEXT NOT NULL, expires_at BIGINT, state TEXT NOT NULL, updated_at BIGINT NOT NULL,
      PRIMARY KEY (kind, hash)))",
    R"(CREATE TABLE staff (
      id TEXT PRIMARY KEY, kind TEXT NOT NULL, iin TEXT NOT NULL, bin TEXT NOT NULL, name TEXT NOT NULL,
      listing TEXT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (kind, iin, bin)))",
    R"(CREATE TABLE trust_versions (
      version BIGINT PRIMARY KEY, snapshot TEXT NOT NULL REFERENCES documents (digest), note TEXT NOT NULL,
      installed_by TEXT NOT NULL, installed_at BIGINT NOT NULL))",
    R"(CREATE TABLE holds (
      id TEXT PRIMARY KEY, issuer TEXT NOT NULL, serial TEXT NOT NULL, reason TEXT NOT NULL, placed_by TEXT NOT NULL,
      placed_at BIGINT NOT NULL, lifted_by TEXT NOT NULL, lifted_at BIGINT))",
    R"(CREATE INDEX holds_certificate ON holds (issuer, serial))",
};

// Who made a trust version, by what act and why. Those from before were all taken from the configuration.
constexpr const char* kTrustActs[] = {
    R"(ALTER TABLE trust_versions ADD COLUMN by_kind TEXT NOT NULL DEFAULT 'system')",
    R"(ALTER TABLE trust_versions ADD COLUMN act TEXT NOT NULL DEFAULT 'configuration')",
    R"(ALTER TABLE trust_versions ADD COLUMN restores BIGINT REFERENCES trust_versions (version))",
    R"(ALTER TABLE trust_versions ADD COLUMN reason TEXT NOT NULL DEFAULT '')",
};

// By which certificates something was signed here, and what happened to sources of evidence.
constexpr const char* kRevocation[] = {
    R"(CREATE TABLE certificates (
      digest TEXT PRIMARY KEY REFERENCES documents (digest), position BIGINT NOT NULL, issuer TEXT NOT NULL,
      serial TEXT NOT NULL, iin TEXT NOT NULL, bin TEXT NOT NULL, not_before BIGINT NOT NULL, not_after BIGINT NOT NULL,
      chain TEXT NOT NULL, first_seen BIGINT NOT NULL))",
    R"(CREATE INDEX certificates_serial ON certificates (serial, position))",
    R"(CREATE INDEX certificates_iin ON certificates (iin, position))",
    R"(CREATE INDEX certificates_bin ON certificates (bin, position))",
    R"(CREATE TABLE signatures (
      owner TEXT NOT NULL, ordinal BIGINT NOT NULL, application TEXT NOT NULL REFERENCES applications (number),
      certificate TEXT NOT NULL REFERENCES certificates (digest), position BIGINT NOT NULL,
      PRIMARY KEY (owner, ordinal)))",
    R"(CREATE INDEX signatures_certificate ON signatures (certificate, position))",
    R"(CREATE TABLE revocation_alerts (
      id TEXT PRIMARY KEY, position BIGINT NOT NULL, kind TEXT NOT NULL, source_kind TEXT NOT NULL,
      source TEXT NOT NULL, code TEXT NOT NULL, kept TEXT NOT NULL, offered TEXT NOT NULL, seen_at BIGINT NOT NULL,
      state TEXT NOT NULL, decided_by_kind TEXT NOT NULL, decided_by TEXT NOT NULL, decided_at BIGINT,
      reason TEXT NOT NULL))",
    R"(CREATE INDEX revocation_alerts_state ON revocation_alerts (state, position))",
};

// Evidence capsules; seal and time stamp come after what they are about.
constexpr const char* kCapsules[] = {
    R"(CREATE TABLE capsules (
      owner TEXT PRIMARY KEY, position BIGINT NOT NULL, manifest TEXT NOT NULL REFERENCES documents (digest),
      seal TEXT REFERENCES documents (digest), time_stamp TEXT REFERENCES documents (digest),
      sealed_at BIGINT, stamped_at BIGINT))",
    R"(CREATE INDEX capsules_unsealed ON capsules (position) WHERE seal IS NULL)",
    R"(CREATE INDEX capsules_unstamped ON capsules (position) WHERE seal IS NOT NULL AND time_stamp IS NULL)",
};

// Append only: a released migration never changes.
constexpr std::array<Migration, 4> kMigrations{{
    {1, "first tables", kFirst},
    {2, "acts on trust", kTrustActs},
    {3, "certificates seen, alerts", kRevocation},
    {4, "evidence capsules", kCapsules},
}};

base::Status apply(Sql& sql, const Migration& migration, base::Time now) {
  for (const char* statement : migration.statements) TANBA_CHECK(sql.run(statement));
  return sql.run("INSERT INTO schema_versions (version, name, applied_at) VALUES (:version, :name, :at)",
                 {std::int64_t{migration.version}, migration.name, now});
}

base::Status migrate_inside(Sql& sql, base::Time now) {
  TANBA_CHECK(
      sql.run("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY, name TEXT NOT NULL, "
              "applied_at BIGINT NOT NULL)"));
  TANBA_TRY(auto newest, sql.row("SELECT COALESCE(MAX(version), 0) FROM schema_versions", 1));
  if (!newest) return base::fail(Code::kRegistryDamaged, {{"what", "no schema version"}});
  TANBA_TRY(const std::int64_t version, newest->integer());
  if (version > kMigrations.back().version) {
    return base::fail(Code::kRegistryDamaged,
                      {{"what", "schema version " + std::to_string(version) + " is of a newer program"}});
  }
  for (const Migration& migration : kMigrations) {
    if (migration.version > version) TANBA_CHECK(apply(sql, migration, now));
  }
  return {};
}

}  // namespace

base::Status migrate(Sql& sql, base::Time now) {
  TANBA_CHECK(sql.begin_write());
  auto status = migrate_inside(sql, now);
  if (status) status = sql.commit();
  if (!status) sql.rollback();
  return status;
}

}  // namespace tanba::licensing::registry
