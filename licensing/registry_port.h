// The registry as the rules see it: commands that change it, and the answers.
//
// A command either happened wholly and durably or not at all, and its answer comes after that. Errors of every command:
// registry.busy (queue full, database locked or away: nothing was stored), registry.storage (disk full or failing:
// nothing was acknowledged), registry.clock, registry.damaged; beside these the ones named at each command.
//
// Personal data stays in rows and documents; the journal holds numbers, ids and digests only.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "licensing/application.h"
#include "licensing/decision.h"

namespace tanba::licensing {

// --- who asks ------------------------------------------------------------------------------------------------------

enum class CallerKind : std::uint8_t { kPortal, kOfficer, kOperator, kSecurity, kSystem };
[[nodiscard]] std::string_view to_string(CallerKind kind);

struct Caller {
  CallerKind kind = CallerKind::kSystem;
  std::string id;
  bool operator==(const Caller&) const = default;
};

// What a reader may see; becomes part of every WHERE, so that no caller has to filter.
struct OfPortal {
  std::string portal;  // what this portal submitted, and what came of it
};
struct OfLicensor {
  std::string bin;
};
struct Everything {};  // the operator's own tools, recovery
using Scope = std::variant<OfPortal, OfLicensor, Everything>;

// --- commands ------------------------------------------------------------------------------------------------------

// Evidence used by a report. Where `octets` is empty, the document store keeps what it has under the digest if that is
// whole, and takes it from `read` otherwise: large lists serve many documents and are read only when they are missing.
// With neither: registry.not_found or registry.damaged, as the store finds it.
struct EvidenceItem {
  std::string kind;  // ocsp, crl, certificate, timestamp, snapshot, ...
  base::Digest digest;
  base::Bytes octets;
  std::function<base::Result<base::Bytes>()> read = {};  // on a thread for files; may run more than once
};

// A certificate by which something was signed that is registered: what look-ups by serial, IIN or BIN find.
struct SignerCertificate {
  base::Digest digest;   // SHA-256 of its DER, which is among the command's evidence, kind "certificate"
  std::string issuer;    // RFC 4514, as reports have it
  std::string serial;    // lower-case hexadecimal, likewise
  std::string iin = {};  // empty when it holds none
  std::string bin = {};
  base::Time not_before;
  base::Time not_after;
  std::vector<base::Digest> chain = {};  // between it and the anchor, nearest first; in the evidence too
};

enum class Repetition : std::uint8_t { kFirst, kRepeat };

struct Registered {
  std::string number;
  base::Time registered_at;
  Date due_on;
  base::Digest document;
  base::Digest report;  // of the first registration, also for a repeat
  Repetition repetition = Repetition::kFirst;
};

// Idempotent by request id: the same caller with the same document gets the first answer; anything else under the same
// id is application.request_repeated.
struct RegisterApplication {
  using Answer = Registered;
  Caller caller;
  Channel channel = Channel::kPortal;
  ApplicationFields fields;
  Applicant applicant;
  unsigned service_code;
  base::Time received_at;
  Date due_on;
  base::Bytes document;  // the signed application as it came
  std::string media_type;
  std::vector<base::Bytes> attachments;  // in any order; each one named by digest in `fields`, none missing
  std::string report;                    // canonical JSON
  std::vector<EvidenceItem> evidence;
  std::vector<SignerCertificate> signers = {};
};

// registered -> in-review. Repeats are fine. registry.not_found for another licensor's application.
struct TakeIntoReview {
  using Answer = ApplicationState;
  std::string application;
  Officer officer;
};

// Allocates the number that the prepared document will carry; takes the application into review if it is not yet.
// A number reserved earlier for the same application and not used by an intent is voided; so is the number of an
// intent that is abandoned. Voided numbers stay in the registry and the journal and are never given out again.
// registry.state when the application is decided or has an open intent.
struct ReserveNumber {
  using Answer = RegisterNumber;
  ProposedDecision proposal;
  base::Time at;  // decides the year
};

// Records what is about to be signed. The same id with the same content answers with what is there (intent.state if
// different). registry.state when the number is not reserved for this application or there is an open intent, also one
// of another application about to replace the same licence; for that licence as MarkSigning.
struct PrepareIntent {
  using Answer = Intent;
  std::string id;  // a fresh UUID, lower case
  ProposedDecision proposal;
  std::string number;
  SigningMode mode = SigningMode::kWorkstation;
  std::string key;       // for tanba-keyd
  base::Digest content;  // SHA-256 of the octets that the signature must cover
  base::Bytes prepared;  // the prepared document
};

// The officer's approval (CMS over the intent), for a key in the key server, with the report of its verification and
// the evidence of that (Registry::evidence, by the intent's id). intent.not_found, intent.state.
struct ApproveIntent {
  using Answer = Intent;
  std::string intent;
  base::Bytes approval;
  Caller by;
  std::string report;  // canonical JSON
  std::vector<EvidenceItem> evidence = {};
};

// signing -> prepared: the key server refused this approval, so that nothing was signed by it, and another one may be
// given. intent.not_found; intent.state, also when the intent has another approval by now.
struct ReturnIntent {
  using Answer = Intent;
  std::string intent;
  base::Digest approval;
  std::string reason;  // dotted code
};

// From here on a signature may exist. Asked again before each time that the key is asked. intent.not_found,
// intent.state, also what check_not_expired says; registry.state, registry.not_found when the licence to be replaced is
// not the applicant's, cannot be replaced now or has ended.
struct MarkSigning {
  using Answer = Intent;
  std::string intent;
  ActingDay day;
};

struct Decided {
  std::string application;
  std::string number;
  DecisionKind kind;
  base::Digest document;
  base::Time decided_at;
  Repetition repetition = Repetition::kFirst;
};

// Decision, signed document, report, evidence, application's state, licence and journal row together. The same signed
// document again gets the first answer, on any day. intent.not_found, intent.state, also what check_not_expired says;
// registry.state when a licence to be replaced is no longer in force.
struct CommitIntent {
  using Answer = Decided;
  SignedDecision decision;
  base::Bytes document;
  std::string media_type;
  std::string report;
  std::vector<EvidenceItem> evidence;
  base::Time decided_at;
  ActingDay day;
  std::vector<SignerCertificate> signers = {};
};

// An intent that the key server may have been asked about (one with an approval) may only be abandoned once the key
// server confirmed that it did not and will not sign it; a workstation that signs after this finds its document
// refused.
enum class SignerWord : std::uint8_t { kNotAsked, kConfirmedUnsigned };
struct AbandonIntent {
  using Answer = Intent;
  std::string intent;
  std::string note;
  Caller by;
  SignerWord signer = SignerWord::kNotAsked;
};

// signing -> voided: the key server signed, and the decision cannot be issued: its licence was replaced or ended
// meanwhile, or the signature does not pass. The number is voided, the signed document kept, the application free for
// another decision. The same again is fine. intent.not_found, intent.state.
struct VoidIntent {
  using Answer = Intent;
  std::string intent;
  base::Bytes document;  // signed
  std::string report;    // canonical JSON of its verification
  std::string reason;    // dotted code of what is in the way
};

// suspended, resumed, terminated (issue and replacement come with decisions). registry.not_found for another
// licensor's licence; registry.state, also for what is suspended or resumed after its last day; input.member for what
// is no reason (check_reason).
struct ChangeLicence {
  using Answer = LicenceState;
  std::string licence;
  LicenceEvent event;
  Officer officer;
  std::string reason;
  Date today;
};

// --- rows ----------------------------------------------------------------------------------------------------------

struct AttachmentRow {
  AttachmentFields fields;
  std::uint64_t size_bytes = 0;
};

// What keeps an application from being decided otherwise: it is finished or abandoned.
struct OpenIntent {
  std::string id;
  IntentState state;
  std::string officer_id;  // who prepared it
  base::Time created_at;
};

struct ApplicationRow {
  std::string number;
  std::string request_id;
  Caller caller;
  Channel channel;
  std::string service;
  Action action;
  std::string licensor_bin;
  ApplicantKind applicant_kind;
  std::string applicant_number;
  std::string applicant_name;
  std::string applicant_origin;
  std::string licence;  // the one it is about, or empty
  ApplicationState state;
  base::Time registered_at;
  base::Time updated_at;
  Date due_on;
  base::Digest document;
  std::string media_type;
  base::Digest report;
  std::optional<OpenIntent> open_intent;   // for its licensor to see
  std::vector<AttachmentRow> attachments;  // only when one application is asked for
};

struct DecisionRow {
  std::string application;
  std::string number;
  DecisionKind kind;
  std::string intent;
  std::string reason;
  std::string officer_id;
  base::Digest document;
  std::string media_type;
  base::Digest report;
  base::Time decided_at;
};

struct LicenceRow {
  std::string number;
  RegisterKind register_kind;
  std::string service;
  std::string licensor_bin;
  std::string application;
  ApplicantKind holder_kind;
  std::string holder_number;
  std::string holder_name;
  LicenceState state;
  base::Time issued_at;
  std::optional<Date> valid_until;
  std::string replaces;     // number, or empty
  std::string replaced_by;  // number, or empty
  base::Digest document;
};
// What the rules ask of it.
[[nodiscard]] LicenceFacts facts_of(const LicenceRow& row);

// What became of a licence, and why.
struct LicenceEventRow {
  LicenceEvent event;
  base::Time at;
  std::string officer_id;
  std::string reason;  // of a suspension, resumption or termination
};

struct EvidenceRow {
  std::string kind;
  base::Digest digest;
};

// Pages by number: rows come in order of registration, those after `after`; input.member when the scope shows no such
// row.
inline constexpr unsigned kMaxPageRows = 500;  // an answer of the API stays under a megabyte
struct ApplicationQuery {
  std::vector<ApplicationState> states = {};  // none: any
  std::string service = {};                   // empty: any
  std::string applicant_number = {};          // empty: any
  std::string after = {};                     // number of the last row of the page before
  unsigned limit = 100;                       // at most kMaxPageRows
};
struct LicenceQuery {
  std::vector<LicenceState> states = {};
  std::optional<Force> force = {};  // as of `today`
  Date today = {};
  std::string service = {};
  std::string holder_number = {};
  std::string after = {};
  unsigned limit = 100;
};

// The answer to an earlier request under this id, before anything is verified again.
struct PriorRequest {
  Caller caller;
  base::Digest document;
  Registered answer;
};

// --- the port ------------------------------------------------------------------------------------------------------

template <class T>
using Done = std::move_only_function<void(base::Result<T>)>;

class RegistryPort {
 public:
  virtual ~RegistryPort() = default;

  // `done` is called exactly once, on a thread of the registry or (when refused at once) on the caller's; it must not
  // block and must not call execute().
  virtual void submit(RegisterApplication command, Done<RegisterApplication::Answer> done) = 0;
  virtual void submit(TakeIntoReview command, Done<TakeIntoReview::Answer> done) = 0;
  virtual void submit(ReserveNumber command, Done<ReserveNumber::Answer> done) = 0;
  virtual void submit(PrepareIntent command, Done<PrepareIntent::Answer> done) = 0;
  virtual void submit(ApproveIntent command, Done<ApproveIntent::Answer> done) = 0;
  virtual void submit(ReturnIntent command, Done<ReturnIntent::Answer> done) = 0;
  virtual void submit(MarkSigning command, Done<MarkSigning::Answer> done) = 0;
  virtual void submit(CommitIntent command, Done<CommitIntent::Answer> done) = 0;
  virtual void submit(AbandonIntent command, Done<AbandonIntent::Answer> done) = 0;
  virtual void submit(VoidIntent command, Done<VoidIntent::Answer> done) = 0;
  virtual void submit(ChangeLicence command, Done<ChangeLicence::Answer> done) = 0;

  // Reads block for as long as the database takes (bounded: registry.busy); they see what was committed.
  // registry.not_found also for what the scope does not show.
  [[nodiscard]] virtual base::Result<std::optional<PriorRequest>> find_request(std::string_view request_id) = 0;
  [[nodiscard]] virtual base::Result<ApplicationRow> application(const Scope& scope, std::string_view number) = 0;
  [[nodiscard]] virtual base::Result<std::vector<ApplicationRow>> applications(const Scope& scope,
                                                                               const ApplicationQuery& query) = 0;
  [[nodiscard]] virtual base::Result<DecisionRow> decision(const Scope& scope, std::string_view application) = 0;
  [[nodiscard]] virtual base::Result<LicenceRow> licence(const Scope& scope, std::string_view number) = 0;
  [[nodiscard]] virtual base::Result<std::vector<LicenceRow>> licences(const Scope& scope,
                                                                       const LicenceQuery& query) = 0;
  // The newest kMaxPageRows, in the order in which they happened.
  [[nodiscard]] virtual base::Result<std::vector<LicenceEventRow>> licence_events(const Scope& scope,
                                                                                  std::string_view number) = 0;
  [[nodiscard]] virtual base::Result<Intent> intent(std::string_view id) = 0;
  // The one intent on this application that is neither committed, nor abandoned, nor voided.
  [[nodiscard]] virtual base::Result<std::optional<Intent>> open_intent(std::string_view application) = 0;
  [[nodiscard]] virtual base::Result<std::vector<Intent>> intents(IntentState state) = 0;
  // The evidence of an application's, decision's or approval's report, by application number, decision number or
  // intent.
  [[nodiscard]] virtual base::Result<std::vector<EvidenceRow>> evidence(std::string_view number) = 0;
  // A document by digest, verified as it is read. registry.not_found, registry.damaged.
  [[nodiscard]] virtual base::Result<base::Bytes> document(const base::Digest& digest) = 0;

  // The same, waiting for the answer. Never from a `done`.
  template <class Command>
  [[nodiscard]] base::Result<typename Command::Answer> execute(Command command) {
    auto promise = std::make_shared<std::promise<base::Result<typename Command::Answer>>>();
    auto answer = promise->get_future();
    submit(std::move(command),
           [promise](base::Result<typename Command::Answer> result) { promise->set_value(std::move(result)); });
    return answer.get();
  }
};

}  // namespace tanba::licensing
