#include "licensing/registry/registry.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/executor.h"
#include "base/file.h"
#include "base/json.h"
#include "licensing/registry/commands.h"
#include "licensing/registry/journal_pin.h"
#include "licensing/registry/queries.h"
#include "licensing/registry/schema.h"
#include "licensing/registry/sql.h"
#include "licensing/registry/writer.h"

namespace tanba::licensing::registry {

using base::Code;
using base::Error;

namespace {

// Sessions for reading, lent one at a time.
class Readers {
 public:
  Readers(DatabaseAddress address, Sql::Options options, unsigned count)
      : address_(std::move(address)), options_(options), free_slots_(std::max(count, 1U)) {}

  // Runs `read(sql)` with a session; registry.busy when none gets free in time.
  template <class Read>
  auto with_session(Read read) -> decltype(read(std::declval<Sql&>())) {
    TANBA_TRY(std::unique_ptr<Sql> sql, lend());
    auto answer = read(*sql);
    give_back(std::move(sql));
    return answer;
  }

 private:
  base::Result<std::unique_ptr<Sql>> lend() {
    std::unique_lock lock(mutex_);
    if (!available_.wait_for(lock, options_.lock_timeout, [this] { return free_slots_ > 0; })) {
      return base::fail(Code::kRegistryBusy, "all readers are in use");
    }
    --free_slots_;
    if (!idle_.empty()) {
      auto sql = std::move(idle_.back());
      idle_.pop_back();
      return sql;
    }
    lock.unlock();
    auto sql = Sql::connect(address_, options_);
    if (!sql) give_back(nullptr);
    return sql;
  }
  // A session that met a fatal error is closed: the next reader connects anew.
  void give_back(std::unique_ptr<Sql> sql) {
    {
      const std::lock_guard lock(mutex_);
      if (sql && sql->fault() == Fault::kNone) idle_.push_back(std::move(sql));
      ++free_slots_;
    }
    available_.notify_one();
  }

  DatabaseAddress address_;
  Sql::Options options_;
  std::mutex mutex_;
  std::condition_variable available_;
  unsigned free_slots_;
  std::vector<std::unique_ptr<Sql>> idle_;
};

base::Result<StoredFile> store(const DocumentStore& documents, base::ByteView octets) {
  TANBA_TRY(const base::Digest digest, documents.put(octets));
  return StoredFile{digest, octets.size()};
}

base::Result<EvidenceRefs> store_evidence(const DocumentStore& documents, const std::vector<EvidenceItem>& evidence) {
  EvidenceRefs out;
  for (const EvidenceItem& item : evidence) {
    if (item.octets.empty()) {
      TANBA_TRY(const std::uint64_t size, documents.ensure(item.digest, item.read));
      out.push_back({item.kind, {item.digest, size}});
      continue;
    }
    TANBA_TRY(const StoredFile file, store(documents, item.octets));
    // Reports name evidence by digest: what is kept must be what was judged.
    if (file.digest != item.digest) return base::fail(Code::kInternal, "evidence does not have its digest");
    out.push_back({item.kind, file});
  }
  return out;
}

// The attachments in the order of the fields; each exactly as signed, none missing, none besides.
base::Result<std::vector<StoredFile>> store_attachments(const DocumentStore& documents,
                                                        const RegisterApplication& command) {
  std::vector<StoredFile> supplied;
  for (const base::Bytes& octets : command.attachments) {
    TANBA_TRY(const StoredFile file, store(documents, octets));
    supplied.push_back(file);
  }
  const auto missing = [](std::string name) {
    return base::fail(Code::kApplicationAttachment, {{"name", std::move(name)}});
  };
  std::vector<StoredFile> out;
  for (const AttachmentFields& fields : command.fields.attachments) {
    const auto found = std::ranges::find(supplied, fields.digest, &StoredFile::digest);
    if (found == supplied.end()) return missing(fields.name);
    out.push_back(*found);
  }
  for (const StoredFile& file : supplied) {
    if (std::ranges::find(out, file.digest, &StoredFile::digest) == out.end()) return missing(file.digest.hex());
  }
  return out;
}

base::Result<StoredRegistration> store_all(const DocumentStore& documents, RegisterApplication command) {
  TANBA_TRY(const StoredFile document, store(documents, command.document));
  TANBA_TRY(const StoredFile report, store(documents, base::as_bytes(command.report)));
  TANBA_TRY(auto attachments, store_attachments(documents, command));
  TANBA_TRY(auto evidence, store_evidence(documents, command.evidence));
  command.document = {};
  command.report = {};
  command.attachments = {};
  command.evidence = {};
  return StoredRegistration{std::move(command), document, report, std::move(attachments), std::move(evidence)};
}

base::Result<StoredPreparation> store_all(const DocumentStore& documents, PrepareIntent command) {
  TANBA_TRY(const StoredFile prepared, store(documents, command.prepared));
  command.prepared = {};
  return StoredPreparation{std::move(command), prepared};
}

base::Result<StoredApproval> store_all(const DocumentStore& documents, ApproveIntent command) {
  TANBA_TRY(const StoredFile approval, store(documents, command.approval));
  TANBA_TRY(const StoredFile report, store(documents, base::as_bytes(command.report)));
  TANBA_TRY(auto evidence, store_evidence(documents, command.evidence));
  command.approval = {};
  command.report = {};
  command.evidence = {};
  return StoredApproval{std::move(command), approval, report, std::move(evidence)};
}

base::Result<StoredCommit> store_all(const DocumentStore& documents, CommitIntent command) {
  TANBA_TRY(const StoredFile document, store(documents, command.document));
  TANBA_TRY(const StoredFile report, store(documents, base::as_bytes(command.report)));
  TANBA_TRY(auto evidence, store_evidence(documents, command.evidence));
  command.document = {};
  command.report = {};
  command.evidence = {};
  return StoredCommit{std::move(command), document, report, std::move(evidence)};
}

base::Result<StoredVoid> store_all(const DocumentStore& documents, VoidIntent command) {
  TANBA_TRY(const StoredFile document, store(documents, command.document));
  TANBA_TRY(const StoredFile report, store(documents, base::as_bytes(command.report)));
  command.document = {};
  command.report = {};
  return StoredVoid{std::move(command), document, report};
}

base::Result<StoredTrust> store_all(const DocumentStore& documents, PutTrustVersion command) {
  TANBA_TRY(const StoredFile snapshot, store(documents, command.snapshot));
  command.snapshot = {};
  return StoredTrust{std::move(command), snapshot};
}

base::Result<StoredOnCapsule> store_all(const DocumentStore& documents, PutOnCapsule command) {
  TANBA_TRY(const StoredFile file, store(documents, command.octets));
  command.octets = {};
  return StoredOnCapsule{std::move(command), file};
}

// Octets that a command holds in memory until they are stored.
std::size_t held_bytes(const std::vector<EvidenceItem>& evidence) {
  std::size_t sum = 0;
  for (const EvidenceItem& item : evidence) sum += item.octets.size();
  return sum;
}
std::size_t held_bytes(const RegisterApplication& command) {
  std::size_t sum = command.document.size() + command.report.size() + held_bytes(command.evidence);
  for (const base::Bytes& attachment : command.attachments) sum += attachment.size();
  return sum;
}
std::size_t held_bytes(const PrepareIntent& command) {
  return command.prepared.size();
}
std::size_t held_bytes(const ApproveIntent& command) {
  return command.approval.size() + command.report.size() + held_bytes(command.evidence);
}
std::size_t held_bytes(const CommitIntent& command) {
  return command.document.size() + command.report.size() + held_bytes(command.evidence);
}
std::size_t held_bytes(const VoidIntent& command) {
  return command.document.size() + command.report.size();
}
std::size_t held_bytes(const PutTrustVersion& command) {
  return command.snapshot.size();
}

std::size_t held_bytes(const PutOnCapsule& command) {
  return command.octets.size();
}

constexpr std::string_view kClockAccepted = "clock.accepted";

std::unexpected<Error> damaged_row(std::int64_t seq, std::string_view what) {
  return base::fail(Code::kRegistryDamaged,
                    {{"what", "journal row " + std::to_string(seq) + ": " + std::string(what)}});
}

// One row against its predecessor and its own octets.
base::Status check_journal_row(const JournalRow& row, const JournalSummary& before) {
  if (row.seq != before.entries + 1) return damaged_row(before.entries + 1, "missing");
  if (row.previous != before.head) return damaged_row(row.seq, "does not follow its predecessor");
  if (row.hash != base::sha256(base::as_bytes(row.entry))) return damaged_row(row.seq, "hash");
  if (row.leaf != leaf_hash(row.entry)) return damaged_row(row.seq, "leaf hash");
  const auto parsed = base::parse_json(row.entry);
  if (!parsed || !parsed->is_object() || base::canonical_json(*parsed) != row.entry) {
    return damaged_row(row.seq, "not canonical JSON");
  }
  const auto& entry = parsed->get_object();
  const auto holds = [&](const char* member, const boost::json::value& value) {
    const auto* found = entry.if_contains(member);
    return found != nullptr && *found == value;
  };
  const bool columns_agree = holds("seq", row.seq) && holds("event", row.event.c_str()) &&
                             holds("subject", row.subject.c_str()) && holds("previous", row.previous.hex().c_str()) &&
                             holds("at", base::format_time(row.at).c_str());
  if (!columns_agree) return damaged_row(row.seq, "columns differ from the entry");
  // Only an administrator's row goes back, and says so.
  if (row.at < before.last_at && row.event != kClockAccepted) {
    return damaged_row(row.seq, "earlier than its predecessor");
  }
  return {};
}

// The journal's end, as far as it can be seen without walking all of it: the last row wholly, against its predecessor.
base::Status check_last_row(Sql& sql, const JournalHead& head) {
  if (head.seq == 0) return {};
  TANBA_TRY(const auto rows, list_journal(sql, head.seq - 2, 2));
  const bool alone = head.seq == 1;
  if (rows.size() != (alone ? 1U : 2U)) return damaged_row(head.seq - 1, "missing");
  JournalSummary before{0, {}, base::Time(base::Seconds(0))};
  if (!alone) before = {rows.front().seq, rows.front().hash, rows.front().at};
  return check_journal_row(rows.back(), before);
}

// What a write needs: room in the database for a row and its pages, on the disk for a document.
base::Result<Nothing> try_to_write(Transaction& transaction) {
  constexpr std::size_t kSomePages = 16384;
  TANBA_CHECK(transaction.sql().run("INSERT INTO schema_versions (version, name, applied_at) VALUES (-1, :name, 0)",
                                    {std::string(kSomePages, '-')}));
  TANBA_CHECK(transaction.sql().run("DELETE FROM schema_versions WHERE version = -1"));
  return Nothing{};
}

base::Status try_to_store(const std::filesystem::path& documents) {
  constexpr std::size_t kSomeOctets = 64U << 10;
  const std::filesystem::path file = documents / "probe";
  const auto written = base::write_file_durably(file, base::Bytes(kSomeOctets), base::Overwrite::kReplace, 0640);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  if (!written) return base::fail(Code::kRegistryStorage, {{"reason", written.error().message()}});
  return {};
}

// The last write that failed, until one is done.
class Trouble {
 public:
  void note(const base::Status& status) {
    const std::scoped_lock lock(mutex_);
    status_ = status;
  }
  [[nodiscard]] base::Status status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  base::Status status_;
};

// Goes after the writer and before the readers.
class PinAtTheEnd {
 public:
  PinAtTheEnd(Readers& readers, const std::filesystem::path& documents) : readers_(readers), documents_(documents) {}
  ~PinAtTheEnd() { (void)pin(); }  // one that was written before is true still
  PinAtTheEnd(const PinAtTheEnd&) = delete;
  PinAtTheEnd& operator=(const PinAtTheEnd&) = delete;

  base::Status pin() {
    const std::scoped_lock lock(mutex_);
    TANBA_TRY(const JournalHead head, readers_.with_session([](Sql& sql) { return read_head(sql); }));
    if (head.seq == pinned_) return {};
    TANBA_CHECK(write_pin(head, documents_));
    pinned_ = head.seq;
    return {};
  }

 private:
  Readers& readers_;
  std::filesystem::path documents_;
  std::mutex mutex_;
  std::int64_t pinned_ = 0;
};

}  // namespace

struct Registry::Parts {
  Parts(Options options_in, DatabaseAddress address, std::unique_ptr<Sql> writer_session, DocumentStore documents_in,
        const base::Clock& clock_in)
      : options(std::move(options_in)),
        clock(clock_in),
        documents(std::move(documents_in)),
        readers(std::move(address), Sql::Options{options.lock_timeout, 0, Sql::Options::Use::kReadOnly},
                options.readers),
        pinning(readers, options.documents),
        writer(std::move(writer_session), clock,
               Writer::Options{options.max_queued, options.max_batch, options.max_wait, options.utc_offset,
                               options.clock_tolerance}),
        files({"registry-files", options.file_threads, options.max_queued, {}}) {}

  Options options;
  const base::Clock& clock;
  DocumentStore documents;
  Readers readers;
  PinAtTheEnd pinning;
  Trouble storing;
  Writer writer;
  std::atomic<std::size_t> waiting_bytes{0};
  base::Executor files;  // stops first: what it accepted still reaches the writer

  template <class Answer, class Command>
  void enqueue(Command command, Done<Answer> done) {
    writer.enqueue(std::make_unique<JobOf<Answer>>(
        [command = std::move(command)](Transaction& transaction) { return apply(transaction, command); },
        std::move(done)));
  }

  // Documents first, on a thread for files; then the command joins the queue.
  template <class Answer, class Command>
  void store_and_enqueue(Command command, Done<Answer> done) {
    const std::size_t bytes = held_bytes(command);
    if (waiting_bytes.fetch_add(bytes) + bytes > options.max_queued_bytes) {
      waiting_bytes -= bytes;
      return done(base::fail(Code::kRegistryBusy, "too many octets wait to be stored"));
    }
    struct Work {
      Command command;
      Done<Answer> done;
    };
    auto work = std::make_shared<Work>(std::move(command), std::move(done));
    const auto posted = files.post([this, work, bytes] {
      auto stored = store_all(documents, std::move(work->command));
      waiting_bytes -= bytes;
      if (!stored && stored.error().code() == Code::kRegistryStorage) storing.note(base::fail(stored.error()));
      if (!stored) return work->done(std::unexpected(std::move(stored).error()));
      enqueue<Answer>(*std::move(stored), std::move(work->done));
    });
    if (posted) return;
    waiting_bytes -= bytes;
    work->done(base::fail(Code::kRegistryBusy, "the queue of documents is full"));
  }
};

Registry::Registry(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Registry::~Registry() = default;

base::Result<std::unique_ptr<Registry>> Registry::open(Options options, const base::Clock& clock) {
  TANBA_TRY(const DatabaseAddress address, parse_database_address(options.database));
  TANBA_TRY(DocumentStore documents, DocumentStore::open(options.documents));
  TANBA_TRY(auto sql, Sql::connect(address, Sql::Options{options.lock_timeout, options.max_pages}));
  TANBA_CHECK(migrate(*sql, clock.now()));
  TANBA_TRY(const JournalHead head, read_head(*sql));
  TANBA_CHECK(check_last_row(*sql, head));
  TANBA_CHECK(check_pin(*sql, options.documents));
  TANBA_TRY([[maybe_unused]] const base::Time now, journal_time(clock, head, options.clock_tolerance));
  return std::unique_ptr<Registry>(
      new Registry(std::make_unique<Parts>(std::move(options), address, std::move(sql), std::move(documents), clock)));
}

// --- commands ------------------------------------------------------------------------------------------------------

void Registry::submit(RegisterApplication command, Done<RegisterApplication::Answer> done) {
  parts_->store_and_enqueue<Registered>(std::move(command), std::move(done));
}
void Registry::submit(TakeIntoReview command, Done<TakeIntoReview::Answer> done) {
  parts_->enqueue<ApplicationState>(std::move(command), std::move(done));
}
void Registry::submit(ReserveNumber command, Done<ReserveNumber::Answer> done) {
  parts_->enqueue<RegisterNumber>(std::move(command), std::move(done));
}
void Registry::submit(PrepareIntent command, Done<PrepareIntent::Answer> done) {
  parts_->store_and_enqueue<Intent>(std::move(command), std::move(done));
}
void Registry::submit(ApproveIntent command, Done<ApproveIntent::Answer> done) {
  parts_->store_and_enqueue<Intent>(std::move(command), std::move(done));
}
void Registry::submit(ReturnIntent command, Done<ReturnIntent::Answer> done) {
  parts_->enqueue<Intent>(std::move(command), std::move(done));
}
void Registry::submit(MarkSigning command, Done<MarkSigning::Answer> done) {
  parts_->enqueue<Intent>(std::move(command), std::move(done));
}
void Registry::submit(CommitIntent command, Done<CommitIntent::Answer> done) {
  parts_->store_and_enqueue<Decided>(std::move(command), std::move(done));
}
void Registry::submit(AbandonIntent command, Done<AbandonIntent::Answer> done) {
  parts_->enqueue<Intent>(std::move(command), std::move(done));
}
void Registry::submit(VoidIntent command, Done<VoidIntent::Answer> done) {
  parts_->store_and_enqueue<Intent>(std::move(command), std::move(done));
}
void Registry::submit(ChangeLicence command, Done<ChangeLicence::Answer> done) {
  parts_->enqueue<LicenceState>(std::move(command), std::move(done));
}
void Registry::submit(PutPortal command, Done<PutPortal::Answer> done) {
  parts_->enqueue<Nothing>(std::move(command), std::move(done));
}
void Registry::submit(PutPortalKey command, Done<PutPortalKey::Answer> done) {
  parts_->enqueue<Nothing>(std::move(command), std::move(done));
}
void Registry::submit(PutStaff command, Done<PutStaff::Answer> done) {
  parts_->enqueue<Staff>(std::move(command), std::move(done));
}
void Registry::submit(PutTrustVersion command, Done<PutTrustVersion::Answer> done) {
  parts_->store_and_enqueue<TrustVersion>(std::move(command), std::move(done));
}
void Registry::submit(PlaceHold command, Done<PlaceHold::Answer> done) {
  parts_->enqueue<Nothing>(std::move(command), std::move(done));
}
void Registry::submit(LiftHold command, Done<LiftHold::Answer> done) {
  parts_->enqueue<Nothing>(std::move(command), std::move(done));
}

void Registry::submit(RecordAlert command, Done<RecordAlert::Answer> done) {
  parts_->enqueue<Nothing>(std::move(command), std::move(done));
}
void Registry::submit(DecideAlert command, Done<DecideAlert::Answer> done) {
  parts_->enqueue<AlertRow>(std::move(command), std::move(done));
}
void Registry::submit(NoteRevocationAct command, Done<NoteRevocationAct::Answer> done) {
  parts_->enqueue<Nothing>(std::move(command), std::move(done));
}

void Registry::submit(PutOnCapsule command, Done<PutOnCapsule::Answer> done) {
  parts_->store_and_enqueue<Nothing>(std::move(command), std::move(done));
}

// --- reads ---------------------------------------------------------------------------------------------------------

base::Result<std::optional<PriorRequest>> Registry::find_request(std::string_view request_id) {
  return parts_->readers.with_session([&](Sql& sql) { return registry::find_request(sql, request_id); });
}

base::Result<ApplicationRow> Registry::application(const Scope& scope, std::string_view number) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<ApplicationRow> {
    TANBA_TRY(auto found, find_application(sql, scope, number));
    if (!found) return not_found("application", number);
    TANBA_TRY(found->attachments, list_attachments(sql, number));
    return *std::move(found);
  });
}

base::Result<std::vector<ApplicationRow>> Registry::applications(const Scope& scope, const ApplicationQuery& query) {
  return parts_->readers.with_session([&](Sql& sql) { return list_applications(sql, scope, query); });
}

base::Result<DecisionRow> Registry::decision(const Scope& scope, std::string_view application) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<DecisionRow> {
    TANBA_TRY(auto found, find_decision(sql, scope, application));
    if (!found) return not_found("decision", application);
    return *std::move(found);
  });
}

base::Result<std::optional<base::Time>> Registry::receipt(const Scope& scope, const base::Digest& document) {
  return parts_->readers.with_session([&](Sql& sql) { return find_receipt(sql, scope, document); });
}

base::Result<LicenceRow> Registry::licence(const Scope& scope, std::string_view number) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<LicenceRow> {
    TANBA_TRY(auto found, find_licence(sql, scope, number));
    if (!found) return not_found("licence", number);
    return *std::move(found);
  });
}

base::Result<std::vector<LicenceRow>> Registry::licences(const Scope& scope, const LicenceQuery& query) {
  return parts_->readers.with_session([&](Sql& sql) { return list_licences(sql, scope, query); });
}

base::Result<std::vector<LicenceEventRow>> Registry::licence_events(const Scope& scope, std::string_view number) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<std::vector<LicenceEventRow>> {
    TANBA_TRY(auto found, list_licence_events(sql, scope, number));
    if (found.empty()) return not_found("licence", number);  // each was issued
    return found;
  });
}

base::Result<Intent> Registry::intent(std::string_view id) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<Intent> {
    TANBA_TRY(auto found, find_intent(sql, id));
    if (!found) return base::fail(Code::kIntentNotFound, {{"intent", std::string(id)}});
    return *std::move(found);
  });
}

base::Result<std::optional<Intent>> Registry::open_intent(std::string_view application) {
  return parts_->readers.with_session([&](Sql& sql) { return find_open_intent(sql, application); });
}

base::Result<std::vector<Intent>> Registry::intents(IntentState state) {
  return parts_->readers.with_session([&](Sql& sql) { return list_intents(sql, state); });
}

base::Result<std::vector<EvidenceRow>> Registry::evidence(std::string_view number) {
  return parts_->readers.with_session([&](Sql& sql) { return list_evidence(sql, number); });
}

base::Result<CapsuleRow> Registry::capsule(std::string_view owner) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<CapsuleRow> {
    TANBA_TRY(auto found, find_capsule(sql, owner));
    if (!found) return not_found("capsule", owner);
    return *std::move(found);
  });
}

base::Result<std::vector<CapsuleRow>> Registry::capsules(CapsuleLack lack, unsigned limit, std::int64_t after) {
  return parts_->readers.with_session([&](Sql& sql) { return list_capsules(sql, lack, limit, after); });
}

base::Result<std::int64_t> Registry::count_capsules(CapsuleLack lack) {
  return parts_->readers.with_session([&](Sql& sql) { return registry::count_capsules(sql, lack); });
}

base::Result<base::Bytes> Registry::document(const base::Digest& digest) {
  return parts_->documents.get(digest);
}

base::Result<PortalAccess> Registry::find_portal_key(PortalKeyKind kind, const base::Digest& hash, base::Time now) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<PortalAccess> {
    TANBA_TRY(auto found, registry::find_portal_key(sql, kind, hash));
    if (!found) return base::fail(Code::kAuthRequired);
    const bool enabled = found->portal.state == AccountState::kEnabled && found->key.state == AccountState::kEnabled;
    if (!enabled || (found->key.expires_at && *found->key.expires_at <= now)) return base::fail(Code::kAuthDenied);
    return *std::move(found);
  });
}

base::Result<std::vector<Portal>> Registry::portals() {
  return parts_->readers.with_session([](Sql& sql) { return list_portals(sql); });
}

base::Result<std::vector<PortalKey>> Registry::portal_keys(std::string_view portal) {
  return parts_->readers.with_session([&](Sql& sql) { return list_portal_keys(sql, portal); });
}

base::Result<Staff> Registry::find_staff(StaffKind kind, std::string_view iin, std::string_view bin) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<Staff> {
    TANBA_TRY(auto found, registry::find_staff(sql, kind, iin, bin));
    if (!found) return base::fail(Code::kRoleNotListed);
    return *std::move(found);
  });
}

base::Result<Staff> Registry::staff(std::string_view id) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<Staff> {
    TANBA_TRY(auto found, registry::find_staff(sql, id));
    if (!found) return not_found("staff", id);
    return *std::move(found);
  });
}

base::Result<std::vector<Staff>> Registry::all_staff(StaffKind kind) {
  return parts_->readers.with_session([&](Sql& sql) { return list_staff(sql, kind); });
}

base::Result<TrustVersion> Registry::trust_version() {
  return parts_->readers.with_session([](Sql& sql) -> base::Result<TrustVersion> {
    TANBA_TRY(auto found, newest_trust_version(sql));
    if (!found) return not_found("trust version", "");
    return *std::move(found);
  });
}

base::Result<TrustVersion> Registry::trust_version(std::int64_t version) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<TrustVersion> {
    TANBA_TRY(auto found, find_trust_version(sql, version));
    if (!found) return not_found("trust version", std::to_string(version));
    return *std::move(found);
  });
}

base::Result<std::vector<TrustVersion>> Registry::trust_versions(const TrustQuery& query) {
  return parts_->readers.with_session([&](Sql& sql) { return list_trust_versions(sql, query); });
}

base::Result<std::vector<Hold>> Registry::holds(HoldFilter filter) {
  const HoldState state = filter == HoldFilter::kInForce ? HoldState::kInForce : HoldState::kAny;
  return parts_->readers.with_session([&](Sql& sql) { return list_holds(sql, state); });
}

base::Result<std::vector<CertificateRow>> Registry::certificates(const Scope& scope, const CertificateQuery& query) {
  return parts_->readers.with_session([&](Sql& sql) { return list_certificates(sql, scope, query); });
}

base::Result<std::vector<TouchedRow>> Registry::touched(const Scope& scope, const base::Digest& certificate,
                                                        unsigned limit) {
  return parts_->readers.with_session([&](Sql& sql) { return list_touched(sql, scope, certificate, limit); });
}

base::Result<std::vector<AlertRow>> Registry::alerts(const AlertQuery& query) {
  return parts_->readers.with_session([&](Sql& sql) { return list_alerts(sql, query); });
}

base::Result<AlertRow> Registry::alert(std::string_view id) {
  return parts_->readers.with_session([&](Sql& sql) -> base::Result<AlertRow> {
    TANBA_TRY(auto found, find_alert(sql, id));
    if (!found) return not_found("alert", id);
    return *std::move(found);
  });
}

const DocumentStore& Registry::documents() const {
  return parts_->documents;
}

base::Result<std::vector<JournalRow>> Registry::journal(std::int64_t after, unsigned limit) {
  return parts_->readers.with_session([&](Sql& sql) { return list_journal(sql, after, limit); });
}

base::Result<JournalSummary> Registry::verify_journal_after(const JournalSummary& walked) {
  JournalSummary summary = walked;
  TANBA_TRY(const auto rows, journal(summary.entries, kMaxPageRows));
  for (const JournalRow& row : rows) {
    TANBA_CHECK(check_journal_row(row, summary));
    summary = {row.seq, row.hash, row.at};
  }
  return summary;
}

base::Result<JournalSummary> Registry::verify_journal() {
  JournalSummary summary{0, {}, base::Time(base::Seconds(0))};
  for (;;) {
    TANBA_TRY(const JournalSummary further, verify_journal_after(summary));
    if (further.entries == summary.entries) return summary;
    summary = further;
  }
}

base::Status Registry::pin_journal() {
  return parts_->pinning.pin();
}

Registry::Health Registry::health() const {
  const auto& counts = parts_->writer.counts();
  return {parts_->writer.queued() + parts_->files.queued(), counts.batches.load(), counts.commands.load(),
          counts.failed.load()};
}

base::Status Registry::ping() {
  TANBA_TRY(const JournalHead head, parts_->readers.with_session([](Sql& sql) { return read_head(sql); }));
  TANBA_CHECK(journal_time(parts_->clock, head, parts_->options.clock_tolerance));
  if (!parts_->storing.status()) {
    TANBA_CHECK(try_to_store(parts_->options.documents));
    parts_->storing.note({});
  }
  const base::Status last = parts_->writer.last_batch();
  if (last || last.error().code() == Code::kRegistryBusy) return {};  // a lock passes, callers try again
  // Who is not ready is sent nothing to write: that it works again must be found out here.
  std::promise<base::Result<Nothing>> promise;
  auto answer = promise.get_future();
  parts_->writer.enqueue(std::make_unique<JobOf<Nothing>>(
      try_to_write, [&promise](base::Result<Nothing> result) { promise.set_value(std::move(result)); }));
  TANBA_CHECK(answer.get());
  return {};
}

namespace {

base::Status add_clock_row(Sql& sql, const JournalHead& head, base::Time now, std::string_view reason) {
  Transaction transaction(sql, head, now, base::Seconds(0));
  // An administrator's words, and no person's data.
  TANBA_CHECK(transaction.journal(kClockAccepted, "registry", {CallerKind::kSystem, "tanbad"},
                                  {{"last", base::format_time(head.at)}, {"reason", reason}}));
  return sql.commit();
}

}  // namespace

base::Result<std::optional<base::Time>> accept_clock(const Options& options, const base::Clock& clock,
                                                     std::string_view reason) {
  TANBA_TRY(const DatabaseAddress address, parse_database_address(options.database));
  TANBA_TRY(auto sql, Sql::connect(address, Sql::Options{options.lock_timeout, options.max_pages}));
  TANBA_CHECK(migrate(*sql, clock.now()));
  TANBA_CHECK(sql->begin_write());
  const auto head = read_head(*sql);
  base::Status status = head ? check_last_row(*sql, *head) : std::unexpected(head.error());
  if (status) status = check_pin(*sql, options.documents);
  const base::Time now = clock.now();
  const bool behind = status && now < head->at;
  if (behind) status = add_clock_row(*sql, *head, now, reason);
  if (!status || !behind) sql->rollback();
  if (!status) return std::unexpected(std::move(status).error());
  return behind ? std::optional(head->at) : std::nullopt;
}

}  // namespace tanba::licensing::registry
