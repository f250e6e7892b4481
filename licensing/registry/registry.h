// The registry over SQLite or PostgreSQL 15: the only SQL of the project.
//
// One writer thread takes commands from a bounded queue, executes as many as are waiting inside one transaction (a
// savepoint for each, so that one refused command leaves the others alone), commits once, and only then answers them.
// SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE; one process writes at a time. PostgreSQL: synchronous_commit=on, an
// advisory lock orders the writers of all daemons, since the journal is one chain; serialization failures and deadlocks
// are tried again. A commit whose answer was lost is looked up by its journal row before anybody hears about it.
// Documents are in the store (fsynced) before the command that names them is queued.
//
// Thread-safe. The destructor finishes what was accepted. The clock must outlive the registry.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "licensing/registry/accounts.h"
#include "licensing/registry/capsules.h"
#include "licensing/registry/document_store.h"
#include "licensing/registry/journal.h"
#include "licensing/registry/revocation.h"
#include "licensing/registry_port.h"

namespace tanba::licensing::registry {

struct Options {
  // "sqlite:PATH", or PostgreSQL's own form of a connection: "postgresql://..." or "postgresql:host=/run/x dbname=y".
  std::string database;
  std::filesystem::path documents;
  std::size_t max_queued = 1024;  // more are refused at once: registry.busy
  // Octets of documents waiting to be stored; more are refused at once. Four applications of the largest size.
  std::size_t max_queued_bytes = 256U << 20;
  std::size_t max_batch = 256;                       // commands in one transaction
  unsigned readers = 4;                              // sessions for reading
  unsigned file_threads = 4;                         // threads that store documents
  std::chrono::milliseconds lock_timeout{2000};      // how long one transaction waits for a lock
  std::chrono::milliseconds max_wait{5000};          // how long a command waits for its turn
  base::Seconds utc_offset = std::chrono::hours(5);  // decides the year in numbers
  base::Seconds clock_tolerance = base::Seconds(5);  // how far the clocks of daemons that share a database may differ
  // SQLite only: the database does not grow beyond this many pages of 4096 octets (0: no limit); registry.storage.
  std::int64_t max_pages = 0;
};

// For a journal that a clock which ran ahead has written in: adds a row "clock.accepted" with the time of `clock`,
// after which registries work with that clock again. Answers the time of the row before; nothing, and adds nothing,
// when the clock is not behind it. registry.busy, .storage, .damaged; config.invalid.
[[nodiscard]] base::Result<std::optional<base::Time>> accept_clock(const Options& options, const base::Clock& clock,
                                                                   std::string_view reason);

class Registry final : public RegistryPort {
 public:
  // Connects, migrates the schema, checks the journal's last row wholly, the row that was pinned, and the clock.
  // registry.busy, .storage, .damaged (also a schema newer than this program), .clock; config.invalid.
  [[nodiscard]] static base::Result<std::unique_ptr<Registry>> open(Options options, const base::Clock& clock);
  ~Registry() override;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  void submit(RegisterApplication command, Done<RegisterApplication::Answer> done) override;
  void submit(TakeIntoReview command, Done<TakeIntoReview::Answer> done) override;
  void submit(ReserveNumber command, Done<ReserveNumber::Answer> done) override;
  void submit(PrepareIntent command, Done<PrepareIntent::Answer> done) override;
  void submit(ApproveIntent command, Done<ApproveIntent::Answer> done) override;
  void submit(ReturnIntent command, Done<ReturnIntent::Answer> done) override;
  void submit(MarkSigning command, Done<MarkSigning::Answer> done) override;
  void submit(CommitIntent command, Done<CommitIntent::Answer> done) override;
  void submit(AbandonIntent command, Done<AbandonIntent::Answer> done) override;
  void submit(VoidIntent command, Done<VoidIntent::Answer> done) override;
  void submit(ChangeLicence command, Done<ChangeLicence::Answer> done) override;
  void submit(PutPortal command, Done<PutPortal::Answer> done);
  void submit(PutPortalKey command, Done<PutPortalKey::Answer> done);
  void submit(PutStaff command, Done<PutStaff::Answer> done);
  void submit(PutTrustVersion command, Done<PutTrustVersion::Answer> done);
  void submit(PlaceHold command, Done<PlaceHold::Answer> done);
  void submit(LiftHold command, Done<LiftHold::Answer> done);
  void submit(RecordAlert command, Done<RecordAlert::Answer> done);
  void submit(DecideAlert command, Done<DecideAlert::Answer> done);
  void submit(NoteRevocationAct command, Done<NoteRevocationAct::Answer> done);
  void submit(PutOnCapsule command, Done<PutOnCapsule::Answer> done);

  // As RegistryPort::execute, for the commands above too.
  template <class Command>
  [[nodiscard]] base::Result<typename Command::Answer> execute(Command command) {
    auto promise = std::make_shared<std::promise<base::Result<typename Command::Answer>>>();
    auto answer = promise->get_future();
    submit(std::move(command),
           [promise](base::Result<typename Command::Answer> result) { promise->set_value(std::move(result)); });
    return answer.get();
  }

  [[nodiscard]] base::Result<std::optional<PriorRequest>> find_request(std::string_view request_id) override;
  [[nodiscard]] base::Result<ApplicationRow> application(const Scope& scope, std::string_view number) override;
  [[nodiscard]] base::Result<std::vector<ApplicationRow>> applications(const Scope& scope,
                                                                       const ApplicationQuery& query) override;
  [[nodiscard]] base::Result<DecisionRow> decision(const Scope& scope, std::string_view application) override;
  [[nodiscard]] base::Result<LicenceRow> licence(const Scope& scope, std::string_view number) override;
  [[nodiscard]] base::Result<std::vector<LicenceRow>> licences(const Scope& scope, const LicenceQuery& query) override;
  [[nodiscard]] base::Result<std::vector<LicenceEventRow>> licence_events(const Scope& scope,
                                                                          std::string_view number) override;
  [[nodiscard]] base::Result<Intent> intent(std::string_view id) override;
  [[nodiscard]] base::Result<std::optional<Intent>> open_intent(std::string_view application) override;
  [[nodiscard]] base::Result<std::vector<Intent>> intents(IntentState state) override;
  [[nodiscard]] base::Result<std::vector<EvidenceRow>> evidence(std::string_view number) override;
  [[nodiscard]] base::Result<base::Bytes> document(const base::Digest& digest) override;
  // When exactly these octets were stored as an application, licence or refusal that the scope shows: the registry's
  // own proof that the signatures in them existed then. Nothing when they were not.
  [[nodiscard]] base::Result<std::optional<base::Time>> receipt(const Scope& scope, const base::Digest& document);

  // The enabled portal and key behind this hash; auth.required when there is none, auth.denied when key or portal is
  // disabled or the key has expired at `now`. Networks and scopes are for the caller to check.
  [[nodiscard]] base::Result<PortalAccess> find_portal_key(PortalKeyKind kind, const base::Digest& hash,
                                                           base::Time now);
  [[nodiscard]] base::Result<std::vector<Portal>> portals();
  [[nodiscard]] base::Result<std::vector<PortalKey>> portal_keys(std::string_view portal);
  // role.not_listed when nobody of this IIN, BIN and kind is there; the caller looks at `listing`.
  [[nodiscard]] base::Result<Staff> find_staff(StaffKind kind, std::string_view iin, std::string_view bin);
  [[nodiscard]] base::Result<Staff> staff(std::string_view id);
  [[nodiscard]] base::Result<std::vector<Staff>> all_staff(StaffKind kind);
  // The newest; registry.not_found when none was installed.
  [[nodiscard]] base::Result<TrustVersion> trust_version();
  [[nodiscard]] base::Result<TrustVersion> trust_version(std::int64_t version);
  // The newest first.
  [[nodiscard]] base::Result<std::vector<TrustVersion>> trust_versions(const TrustQuery& query);
  enum class HoldFilter { kInForce, kAll };
  [[nodiscard]] base::Result<std::vector<Hold>> holds(HoldFilter filter);

  // Of an application's or decision's number; who may see that is for the caller to have asked. registry.not_found
  [[nodiscard]] base::Result<CapsuleRow> capsule(std::string_view owner);
  // Those that lack it, the oldest first, behind the position `after`; and how many there are.
  [[nodiscard]] base::Result<std::vector<CapsuleRow>> capsules(CapsuleLack lack, unsigned limit,
                                                               std::int64_t after = 0);
  [[nodiscard]] base::Result<std::int64_t> count_capsules(CapsuleLack lack);

  // Certificates that signed something within the scope, and what each signed (revocation.h).
  [[nodiscard]] base::Result<std::vector<CertificateRow>> certificates(const Scope& scope,
                                                                       const CertificateQuery& query);
  [[nodiscard]] base::Result<std::vector<TouchedRow>> touched(const Scope& scope, const base::Digest& certificate,
                                                              unsigned limit);
  // The newest first.
  [[nodiscard]] base::Result<std::vector<AlertRow>> alerts(const AlertQuery& query);
  [[nodiscard]] base::Result<AlertRow> alert(std::string_view id);  // registry.not_found

  [[nodiscard]] const DocumentStore& documents() const;

  // Rows after `after`, at most kMaxPageRows.
  [[nodiscard]] base::Result<std::vector<JournalRow>> journal(std::int64_t after, unsigned limit);
  // Walks the whole journal: numbering, canonical form, hashes, leaves, times. registry.damaged names the row.
  [[nodiscard]] base::Result<JournalSummary> verify_journal();
  // The same, at most kMaxPageRows rows further than `walked`, which is answered again when there are none.
  [[nodiscard]] base::Result<JournalSummary> verify_journal_after(const JournalSummary& walked);
  // Notes number and hash of the journal's last row in a file beside the documents (journal_pin.h), where whoever takes
  // rows off the journal's end finds them too. Done at the end by itself. registry.busy, .storage.
  [[nodiscard]] base::Status pin_journal();

  // For /readyz and metrics.
  struct Health {
    std::size_t queued = 0;
    std::uint64_t committed_batches = 0;
    std::uint64_t committed_commands = 0;
    std::uint64_t failed_batches = 0;
  };
  [[nodiscard]] Health health() const;
  // Whether reading and writing work: asks the database for the journal's last row, and compares the clock with it
  // (registry.clock). After a write that failed for more than a lock it tries whether a database row and a document can
  // be written, and answers with the error until they can: registry.busy, registry.storage, registry.damaged.
  [[nodiscard]] base::Status ping();

 private:
  struct Parts;
  explicit Registry(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tanba::licensing::registry
