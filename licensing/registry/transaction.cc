#include "licensing/registry/transaction.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <limits>

#include "base/json.h"
#include "licensing/registry/capsules.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

std::string_view counter_of(NumberKind kind) {
  switch (kind) {
    case NumberKind::kApplication:
      return "application";
    case NumberKind::kLicence:
      return "licence";
    case NumberKind::kPermit:
      return "permit";
    case NumberKind::kRefusal:
      return "refusal";
  }
  std::unreachable();
}

}  // namespace

base::Digest leaf_hash(std::string_view entry) {
  // RFC 6962 2.1: "MTH({d(0)}) = SHA-256(0x00 || d(0))."
  base::Sha256 hash;
  constexpr std::uint8_t kLeaf = 0x00;
  hash.update(base::ByteView(&kLeaf, 1));
  hash.update(base::as_bytes(entry));
  return hash.finish();
}

base::Result<JournalHead> read_head(Sql& sql) {
  TANBA_TRY(auto row, sql.row("SELECT seq, hash, at FROM journal ORDER BY seq DESC LIMIT 1", 3));
  JournalHead head;
  if (!row) return head;
  TANBA_TRY(head.seq, row->integer());
  TANBA_TRY(head.hash, row->digest());
  TANBA_TRY(head.at, row->moment());
  return head;
}

base::Status Transaction::journal(std::string_view event, std::string_view subject, const Caller& actor,
                                  boost::json::object data) {
  const std::int64_t seq = next_position();
  boost::json::object entry;
  entry["actor"] = boost::json::object{{"id", actor.id}, {"kind", to_string(actor.kind)}};
  entry["at"] = base::format_time(now_);
  entry["data"] = std::move(data);
  entry["event"] = event;
  entry["previous"] = head_.hash.hex();
  entry["seq"] = seq;
  entry["subject"] = subject;
  const std::string octets = base::canonical_json(entry);
  const base::Digest hash = base::sha256(base::as_bytes(octets));
  TANBA_CHECK(
      sql_.run("INSERT INTO journal (seq, at, event, subject, entry, previous, hash, leaf) "
               "VALUES (:seq, :at, :event, :subject, :entry, :previous, :hash, :leaf)",
               {seq, now_, event, subject, octets, head_.hash, hash, leaf_hash(octets)}));
  head_ = {seq, hash, now_};
  return {};
}

base::Status Transaction::note_document(const StoredFile& file) {
  return sql_.run(
      "INSERT INTO documents (digest, size_bytes, added_at) VALUES (:digest, :size, :at) "
      "ON CONFLICT (digest) DO NOTHING",
      {file.digest, static_cast<std::int64_t>(file.size_bytes), now_});
}

base::Status Transaction::note_evidence(std::string_view owner, const std::vector<EvidenceRef>& evidence) {
  std::int64_t position = 0;
  for (const EvidenceRef& item : evidence) {
    TANBA_CHECK(note_document(item.file));
    TANBA_CHECK(
        sql_.run("INSERT INTO evidence (owner, position, kind, digest) VALUES (:owner, :position, :kind, :digest)",
                 {owner, position++, item.kind, item.file.digest}));
    if (item.kind == kCapsuleEvidence) TANBA_CHECK(note_capsule(*this, owner, item.file.digest));
  }
  return {};
}

base::Result<RegisterNumber> Transaction::allocate(NumberKind kind, unsigned service_code, base::Time at) {
  const std::chrono::year_month_day local(std::chrono::floor<std::chrono::days>(at + utc_offset_));
  const auto year = static_cast<unsigned>(static_cast<int>(local.year()));
  TANBA_TRY(auto row, sql_.row("INSERT INTO counters (name, value) VALUES (:name, 1) "
                               "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value",
                               1, {fmt::format("{}/{}", counter_of(kind), year)}));
  if (!row) return base::fail(Code::kRegistryDamaged, {{"what", "counter without value"}});
  TANBA_TRY(const std::int64_t sequence, row->integer());
  if (sequence > std::numeric_limits<std::uint32_t>::max()) {
    return base::fail(Code::kRegistryDamaged, {{"what", "counter out of range"}});
  }
  return make_register_number(kind, year, service_code, static_cast<std::uint32_t>(sequence));
}

boost::json::array digests_of(const std::vector<Transaction::EvidenceRef>& evidence) {
  boost::json::array out;
  for (const auto& item : evidence) out.emplace_back(item.file.digest.hex());
  return out;
}

}  // namespace tanba::licensing::registry
