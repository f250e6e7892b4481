// What a command works with inside the writer's transaction; inside the registry only.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "licensing/registry/journal.h"
#include "licensing/registry/sql.h"
#include "licensing/registry_port.h"

namespace tanba::licensing::registry {

struct JournalHead {
  std::int64_t seq = 0;
  base::Digest hash;
  base::Time at{base::Seconds(0)};
};
[[nodiscard]] base::Result<JournalHead> read_head(Sql& sql);

// A document that the store holds already (fsynced).
struct StoredFile {
  base::Digest digest;
  std::uint64_t size_bytes = 0;
};

class Transaction {
 public:
  Transaction(Sql& sql, JournalHead head, base::Time now, base::Seconds utc_offset)
      : sql_(sql), head_(head), now_(now), utc_offset_(utc_offset) {}

  [[nodiscard]] Sql& sql() { return sql_; }
  // The writer's clock, never before the journal's last entry.
  [[nodiscard]] base::Time now() const { return now_; }
  [[nodiscard]] const JournalHead& head() const { return head_; }
  void reset_head(const JournalHead& head) { head_ = head; }

  // Appends a row. `data` holds numbers, ids and digests only.
  [[nodiscard]] base::Status journal(std::string_view event, std::string_view subject, const Caller& actor,
                                     boost::json::object data);
  // The number of the row that journal() will write next; orders rows of other tables too.
  [[nodiscard]] std::int64_t next_position() const { return head_.seq + 1; }

  [[nodiscard]] base::Status note_document(const StoredFile& file);
  struct EvidenceRef {
    std::string kind;
    StoredFile file;
  };
  [[nodiscard]] base::Status note_evidence(std::string_view owner, const std::vector<EvidenceRef>& evidence);
  // Next number of this kind and year, over all services. Part of the transaction: a command that fails takes none.
  [[nodiscard]] base::Result<RegisterNumber> allocate(NumberKind kind, unsigned service_code, base::Time at);

 private:
  Sql& sql_;
  JournalHead head_;
  base::Time now_;
  base::Seconds utc_offset_;
};

// The capsule whose manifest came among the evidence of this application or decision.
[[nodiscard]] base::Status note_capsule(Transaction& transaction, std::string_view owner, const base::Digest& manifest);

[[nodiscard]] boost::json::array digests_of(const std::vector<Transaction::EvidenceRef>& evidence);

}  // namespace tanba::licensing::registry
