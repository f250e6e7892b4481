#include "licensing/registry/capsules.h"

#include "licensing/registry/commands.h"
#include "licensing/registry/queries.h"
#include "licensing/registry/reading.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

base::Result<CapsuleRow> read_capsule(Row& row) {
  CapsuleRow out;
  out.owner = row.text();
  TANBA_TRY(out.position, row.integer());
  TANBA_TRY(out.manifest, row.digest());
  for (std::optional<base::Digest>* one : {&out.seal, &out.time_stamp}) {
    if (row.next_is_null()) {
      row.skip();
    } else {
      TANBA_TRY(*one, row.digest());
    }
  }
  return out;
}

constexpr const char* kColumns = "SELECT owner, position, manifest, seal, time_stamp FROM capsules";
constexpr std::size_t kColumnCount = 5;

// As the partial indexes have it.
const char* condition(CapsuleLack lack) {
  return lack == CapsuleLack::kSeal ? " WHERE seal IS NULL" : " WHERE seal IS NOT NULL AND time_stamp IS NULL";
}

}  // namespace

base::Status note_capsule(Transaction& transaction, std::string_view owner, const base::Digest& manifest) {
  return transaction.sql().run(
      "INSERT INTO capsules (owner, position, manifest, seal, time_stamp, sealed_at, stamped_at) VALUES (:owner, "
      ":position, :manifest, NULL, NULL, NULL, NULL)",
      {owner, transaction.next_position(), manifest});
}

base::Result<std::optional<CapsuleRow>> find_capsule(Sql& sql, std::string_view owner) {
  return read_one<CapsuleRow>(sql.row(std::string(kColumns) + " WHERE owner = :owner", kColumnCount, {owner}),
                              read_capsule);
}

base::Result<std::vector<CapsuleRow>> list_capsules(Sql& sql, CapsuleLack lack, unsigned limit, std::int64_t after) {
  return read_all<CapsuleRow>(sql.rows(fmt::format("{}{} AND position > :after ORDER BY position LIMIT {}", kColumns,
                                                   condition(lack), page_size(limit)),
                                       kColumnCount, {after}),
                              read_capsule);
}

base::Result<std::int64_t> count_capsules(Sql& sql, CapsuleLack lack) {
  TANBA_TRY(auto row, sql.row(fmt::format("SELECT COUNT(*) FROM capsules{}", condition(lack)), 1));
  if (!row) return damaged("a count without value");
  return row->integer();
}

base::Result<Nothing> apply(Transaction& transaction, const StoredOnCapsule& stored) {
  const PutOnCapsule& command = stored.command;
  TANBA_TRY(const auto found, find_capsule(transaction.sql(), command.owner));
  if (!found) return not_found("capsule", command.owner);
  const bool sealing = command.what == CapsuleLack::kSeal;
  if (sealing ? found->seal.has_value() : found->time_stamp.has_value()) return Nothing{};
  if (!sealing && !found->seal) {
    return base::fail(Code::kRegistryState, {{"what", "capsule"}, {"id", command.owner}, {"state", "unsealed"}});
  }
  TANBA_CHECK(transaction.note_document(stored.file));
  TANBA_CHECK(
      transaction.sql().run(sealing ? "UPDATE capsules SET seal = :digest, sealed_at = :at WHERE owner = :owner"
                                    : "UPDATE capsules SET time_stamp = :digest, stamped_at = :at WHERE owner = :owner",
                            {stored.file.digest, transaction.now(), command.owner}));
  TANBA_CHECK(transaction.journal(sealing ? "capsule.sealed" : "capsule.stamped", command.owner,
                                  {CallerKind::kSystem, "capsules"},
                                  {{"manifest", found->manifest.hex()}, {"octets", stored.file.digest.hex()}}));
  return Nothing{};
}

}  // namespace tanba::licensing::registry
