// Commands from a proposed decision to a signed one.
#include <boost/json/array.hpp>

#include "licensing/registry/commands.h"
#include "licensing/registry/queries.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

constexpr std::string_view kReserved = "reserved";
constexpr std::string_view kUsed = "used";
constexpr std::string_view kVoided = "voided";

Caller officer_of(const Officer& officer) {
  return {CallerKind::kOfficer, officer.id};
}

std::unexpected<base::Error> conflict(std::string what, std::string_view id, std::string_view state) {
  return base::fail(Code::kRegistryState,
                    {{"what", std::move(what)}, {"id", std::string(id)}, {"state", std::string(state)}});
}

std::unexpected<base::Error> intent_conflict(const Intent& intent) {
  return base::fail(Code::kIntentState, {{"intent", intent.id}, {"state", std::string(to_string(intent.state))}});
}

// The way out goes through this intent: whoever is in its way has to know it.
base::Status check_no_open_intent(base::Result<std::optional<Row>> row) {
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return {};
  const std::string id = (**row).text();
  return base::fail(Code::kRegistryState, {{"what", "intent"}, {"id", id}, {"state", (**row).text()}, {"intent", id}});
}

base::Result<Intent> load_intent(Transaction& transaction, std::string_view id) {
  TANBA_TRY(auto found, find_intent(transaction.sql(), id));
  if (!found) return base::fail(Code::kIntentNotFound, {{"intent", std::string(id)}});
  return *std::move(found);
}

// The licence that a reissue or duplicate is about: the applicant's own, in a state in which it can be replaced, and
// not past its last day: its successor would revive it.
base::Result<LicenceRow> load_replaceable(Transaction& transaction, const ApplicationRow& application, Date today) {
  TANBA_TRY(auto old, find_licence(transaction.sql(), Everything{}, application.licence));
  const bool the_holders = old && old->service == application.service &&
                           old->holder_kind == application.applicant_kind &&
                           old->holder_number == application.applicant_number;
  if (!the_holders) return not_found("licence", application.licence);
  TANBA_CHECK(licence_after(old->number, old->state, LicenceEvent::kReplaced));
  if (force_of(facts_of(*old), today) == Force::kNotInForce) return conflict("licence", old->number, "expired");
  return *std::move(old);
}

// Two signatures that replace one licence: the second could not be issued.
base::Status check_only_one_replaces(Transaction& transaction, const ApplicationRow& application) {
  return check_no_open_intent(
      transaction.sql().row("SELECT i.id, i.state FROM intents i JOIN applications a ON a.number = i.application WHERE "
                            "a.licence = :licence AND a.number <> :application AND i.kind = 'grant' AND i.state IN "
                            "('prepared', 'approved', 'signing')",
                            2, {application.licence, application.number}));
}

base::Status check_replaceable(Transaction& transaction, const Intent& intent, Date today) {
  if (intent.kind != DecisionKind::kGrant) return {};
  TANBA_TRY(const auto application,
            find_application(transaction.sql(), OfLicensor{intent.licensor_bin}, intent.application));
  if (!application) return not_found("application", intent.application);
  if (application->licence.empty()) return {};
  TANBA_CHECK(load_replaceable(transaction, *application, today));
  return {};
}

// The application of this licensor, still undecided and without an open intent; what a grant would replace can be.
base::Result<ApplicationRow> load_undecided(Transaction& transaction, const ProposedDecision& proposal) {
  TANBA_TRY(auto found,
            find_application(transaction.sql(), OfLicensor{proposal.licensor_bin()}, proposal.application()));
  if (!found) return not_found("application", proposal.application());
  if (found->state != ApplicationState::kRegistered && found->state != ApplicationState::kInReview) {
    return conflict("application", found->number, to_string(found->state));
  }
  TANBA_CHECK(check_no_open_intent(
      transaction.sql().row("SELECT id, state FROM intents WHERE application = :application AND state IN "
                            "('prepared', 'approved', 'signing')",
                            2, {found->number})));
  if (proposal.kind() == DecisionKind::kGrant && !found->licence.empty()) {
    TANBA_CHECK(load_replaceable(transaction, *found, proposal.proposed_on()));
    TANBA_CHECK(check_only_one_replaces(transaction, *found));
  }
  return *std::move(found);
}

base::Status set_number_state(Transaction& transaction, std::string_view number, std::string_view state) {
  return transaction.sql().run("UPDATE numbers SET state = :state, updated_at = :at WHERE number = :number",
                               {state, transaction.now(), number});
}

base::Status void_number(Transaction& transaction, std::string_view number, std::string_view application,
                         const Caller& actor) {
  TANBA_CHECK(set_number_state(transaction, number, kVoided));
  return transaction.journal("number.voided", number, actor, {{"application", application}});
}

// Numbers reserved and never bound to an intent: whoever reserved them was interrupted.
base::Status void_loose_numbers(Transaction& transaction, const std::string& application, const Caller& actor) {
  TANBA_TRY(auto loose,
            transaction.sql().rows("SELECT number FROM numbers WHERE application = :application AND state = "
                                   "'reserved' AND intent IS NULL ORDER BY number",
                                   1, {application}));
  for (Row& row : loose) TANBA_CHECK(void_number(transaction, row.text(), application, actor));
  return {};
}

base::Status move_intent(Transaction& transaction, Intent& intent, IntentState to) {
  TANBA_CHECK(check_intent_step(intent.id, intent.mode, intent.state, to));
  intent.state = to;
  intent.updated_at = transaction.now();
  return transaction.sql().run("UPDATE intents SET state = :state, updated_at = :at WHERE id = :id",
                               {to_string(to), transaction.now(), intent.id});
}

// --- preparing -----------------------------------------------------------------------------------------------------

bool same_intent(const Intent& intent, const StoredPreparation& stored) {
  const PrepareIntent& command = stored.command;
  return intent.application == command.proposal.application() && intent.kind == command.proposal.kind() &&
         intent.number == command.number && intent.mode == command.mode && intent.key == command.key &&
         intent.content == command.content && intent.prepared == stored.prepared.digest;
}

base::Status bind_number(Transaction& transaction, const PrepareIntent& command) {
  TANBA_TRY(auto row,
            transaction.sql().row("SELECT application, state FROM numbers WHERE number = :number AND intent IS "
                                  "NULL",
                                  2, {command.number}));
  const std::string application = row ? row->text() : std::string();
  const std::string state = row ? row->text() : "unknown";
  if (application != command.proposal.application() || state != kReserved) {
    return conflict("number", command.number, state);
  }
  const auto number = parse_register_number(command.number);
  if (!number || number->kind() != command.proposal.number_kind()) return conflict("number", command.number, state);
  return transaction.sql().run("UPDATE numbers SET intent = :intent, updated_at = :at WHERE number = :number",
                               {command.id, transaction.now(), command.number});
}

base::Status insert_intent(Transaction& transaction, const StoredPreparation& stored, const std::string& service) {
  const PrepareIntent& command = stored.command;
  const ProposedDecision& proposal = command.proposal;
  return transaction.sql().run(
      "INSERT INTO intents (id, position, application, kind, mode, state, number, service, licensor_bin, officer_id, "
      "officer_iin, officer_name, reason, valid_until, content, prepared, signing_key, approval, signed_document, "
      "created_at, updated_at, note) VALUES (:id, :position, :application, :kind, :mode, :state, :number, :service, "
      ":licensor, :officer, :iin, :name, :reason, :until, :content, :prepared, :key, NULL, NULL, :created, :updated, "
      "'')",
      {command.id, transaction.next_position(), proposal.application(), to_string(proposal.kind()),
       to_string(command.mode), to_string(IntentState::kPrepared), command.number, service, proposal.licensor_bin(),
       proposal.officer().id, proposal.officer().iin, proposal.officer().name, proposal.terms().reason,
       proposal.terms().valid_until, command.content, stored.prepared.digest, command.key, transaction.now(),
       transaction.now()});
}

// --- committing ----------------------------------------------------------------------------------------------------

base::Status insert_decision(Transaction& transaction, const StoredCommit& stored, const Intent& intent) {
  return transaction.sql().run(
      "INSERT INTO decisions (application, number, kind, intent, reason, officer_id, document, media_type, report, "
      "decided_at) VALUES (:application, :number, :kind, :intent, :reason, :officer, :document, :media, :report, :at)",
      {intent.application, intent.number, to_string(intent.kind), intent.id, intent.terms.reason, intent.officer.id,
       stored.document.digest, stored.command.media_type, stored.report.digest, stored.command.decided_at});
}

base::Status insert_event(Transaction& transaction, const std::string& licence, LicenceEvent event,
                          const Intent& intent) {
  return transaction.sql().run(
      "INSERT INTO licence_events (licence, position, event, at, officer_id, reason) VALUES (:licence, :position, "
      ":event, :at, :officer, '')",
      {licence, transaction.next_position(), to_string(event), transaction.now(), intent.officer.id});
}

// The licence that a reissue or duplicate is about ends with this one.
base::Status replace_licence(Transaction& transaction, const ApplicationRow& application, const Intent& intent,
                             Date today) {
  TANBA_TRY(const LicenceRow old, load_replaceable(transaction, application, today));
  TANBA_TRY(const LicenceState state, licence_after(old.number, old.state, LicenceEvent::kReplaced));
  TANBA_CHECK(insert_event(transaction, old.number, LicenceEvent::kReplaced, intent));
  TANBA_CHECK(transaction.sql().run(
      "UPDATE licences SET state = :state, replaced_by = :by, updated_at = :at WHERE number = :number",
      {to_string(state), intent.number, transaction.now(), old.number}));
  return transaction.journal("licence.replaced", old.number, officer_of(intent.officer), {{"by", intent.number}});
}

base::Status insert_licence(Transaction& transaction, const StoredCommit& stored, const Intent& intent,
                            const ApplicationRow& application) {
  TANBA_TRY(const RegisterNumber number, parse_register_number(intent.number));
  const RegisterKind kind = number.kind() == NumberKind::kPermit ? RegisterKind::kPermit : RegisterKind::kLicence;
  TANBA_CHECK(transaction.sql().run(
      "INSERT INTO licences (number, position, register_kind, service, licensor_bin, application, holder_kind, "
      "holder_number, holder_name, state, issued_at, valid_until, replaces, replaced_by, document, updated_at) VALUES "
      "(:number, :position, :kind, :service, :licensor, :application, :hkind, :hnumber, :hname, :state, :issued, "
      ":until, "
      ":replaces, '', :document, :updated)",
      {intent.number, transaction.next_position(), to_string(kind), application.service, application.licensor_bin,
       application.number, to_string(application.applicant_kind), application.applicant_number,
       application.applicant_name, to_string(LicenceState::kActive), stored.command.decided_at,
       intent.terms.valid_until, application.licence, stored.document.digest, transaction.now()}));
  return insert_event(transaction, intent.number, LicenceEvent::kIssued, intent);
}

base::Status journal_decision(Transaction& transaction, const StoredCommit& stored, const Intent& intent) {
  return transaction.journal("decision.committed", intent.number, officer_of(intent.officer),
                             {{"application", intent.application},
                              {"content", intent.content.hex()},
                              {"document", stored.document.digest.hex()},
                              {"evidence", digests_of(stored.evidence)},
                              {"intent", intent.id},
                              {"kind", to_string(intent.kind)},
                              {"report", stored.report.digest.hex()}});
}

// The same signed document again: the first answer. Another one: the intent is spent.
base::Result<Decided> answer_again(Transaction& transaction, const StoredCommit& stored, const Intent& intent) {
  if (intent.signed_document != stored.document.digest) return intent_conflict(intent);
  TANBA_TRY(const auto decision, find_decision(transaction.sql(), Everything{}, intent.application));
  if (!decision) return base::fail(Code::kRegistryDamaged, {{"what", "committed intent without decision"}});
  return Decided{decision->application, decision->number,     decision->kind,
                 decision->document,    decision->decided_at, Repetition::kRepeat};
}

base::Result<ApplicationRow> decide_application(Transaction& transaction, const Intent& intent) {
  TANBA_TRY(auto application, find_application(transaction.sql(), OfLicensor{intent.licensor_bin}, intent.application));
  if (!application) return not_found("application", intent.application);
  const ApplicationState decided =
      intent.kind == DecisionKind::kGrant ? ApplicationState::kGranted : ApplicationState::kRefused;
  TANBA_CHECK(check_application_step(application->number, application->state, decided));
  TANBA_CHECK(transaction.sql().run("UPDATE applications SET state = :state, updated_at = :at WHERE number = :number",
                                    {to_string(decided), transaction.now(), application->number}));
  return *std::move(application);
}

}  // namespace

base::Result<RegisterNumber> apply(Transaction& transaction, const ReserveNumber& command) {
  const ProposedDecision& proposal = command.proposal;
  TANBA_TRY(const ApplicationRow application, load_undecided(transaction, proposal));
  if (application.state == ApplicationState::kRegistered) {
    TANBA_TRY([[maybe_unused]] const auto state,
              apply(transaction, TakeIntoReview{application.number, proposal.officer()}));
  }
  const Caller actor = officer_of(proposal.officer());
  TANBA_CHECK(void_loose_numbers(transaction, application.number, actor));
  TANBA_TRY(const RegisterNumber number,
            transaction.allocate(proposal.number_kind(), proposal.service_code(), command.at));
  TANBA_CHECK(
      transaction.sql().run("INSERT INTO numbers (number, application, state, intent, reserved_at, updated_at) VALUES "
                            "(:number, :application, "
                            ":state, NULL, :reserved, :updated)",
                            {number.text(), application.number, kReserved, transaction.now(), transaction.now()}));
  TANBA_CHECK(transaction.journal("number.reserved", number.text(), actor, {{"application", application.number}}));
  return number;
}

base::Result<Intent> apply(Transaction& transaction, const StoredPreparation& stored) {
  const PrepareIntent& command = stored.command;
  TANBA_TRY(auto known, find_intent(transaction.sql(), command.id));
  if (known) {
    if (!same_intent(*known, stored)) return intent_conflict(*known);
    return *std::move(known);
  }
  TANBA_TRY(const ApplicationRow application, load_undecided(transaction, command.proposal));
  TANBA_CHECK(bind_number(transaction, command));
  TANBA_CHECK(transaction.note_document(stored.prepared));
  TANBA_CHECK(insert_intent(transaction, stored, application.service));
  TANBA_CHECK(transaction.journal("intent.prepared", command.id, officer_of(command.proposal.officer()),
                                  {{"application", application.number},
                                   {"content", command.content.hex()},
                                   {"kind", to_string(command.proposal.kind())},
                                   {"mode", to_string(command.mode)},
                                   {"number", command.number},
                                   {"prepared", stored.prepared.digest.hex()}}));
  return load_intent(transaction, command.id);
}

base::Result<Intent> apply(Transaction& transaction, const StoredApproval& stored) {
  TANBA_TRY(Intent intent, load_intent(transaction, stored.command.intent));
  if (intent.state == IntentState::kApproved && intent.approval == stored.approval.digest) return intent;
  TANBA_CHECK(move_intent(transaction, intent, IntentState::kApproved));
  TANBA_CHECK(transaction.note_document(stored.approval));
  TANBA_CHECK(transaction.note_document(stored.report));
  TANBA_CHECK(transaction.sql().run("UPDATE intents SET approval = :approval WHERE id = :id",
                                    {stored.approval.digest, intent.id}));
  // Of an approval that the key server refused: that stays in the journal and in the store.
  TANBA_CHECK(transaction.sql().run("DELETE FROM evidence WHERE owner = :id", {intent.id}));
  TANBA_CHECK(transaction.note_evidence(intent.id, stored.evidence));
  TANBA_CHECK(transaction.journal("intent.approved", intent.id, stored.command.by,
                                  {{"approval", stored.approval.digest.hex()},
                                   {"evidence", digests_of(stored.evidence)},
                                   {"report", stored.report.digest.hex()}}));
  intent.approval = stored.approval.digest;
  return intent;
}

// The approval stays with the intent: by it the registry knows that the key server was asked.
base::Result<Intent> apply(Transaction& transaction, const ReturnIntent& command) {
  TANBA_TRY(Intent intent, load_intent(transaction, command.intent));
  if (intent.approval != command.approval) return intent_conflict(intent);
  TANBA_CHECK(move_intent(transaction, intent, IntentState::kPrepared));
  TANBA_CHECK(transaction.journal("intent.returned", intent.id, Caller{},
                                  {{"approval", command.approval.hex()}, {"reason", command.reason}}));
  return intent;
}

base::Result<Intent> apply(Transaction& transaction, const MarkSigning& command) {
  TANBA_TRY(Intent intent, load_intent(transaction, command.intent));
  TANBA_CHECK(check_replaceable(transaction, intent, command.day.today()));
  const bool again = intent.state == IntentState::kSigning;
  if (!again) TANBA_CHECK(move_intent(transaction, intent, IntentState::kSigning));
  TANBA_CHECK(check_not_expired(intent, command.day));
  if (again) return intent;
  TANBA_CHECK(transaction.journal("intent.signing", intent.id, officer_of(intent.officer), {}));
  return intent;
}

base::Result<Decided> apply(Transaction& transaction, const StoredCommit& stored) {
  const SignedDecision& decision = stored.command.decision;
  TANBA_TRY(Intent intent, load_intent(transaction, decision.intent()));
  const bool of_this_intent = decision.number() == intent.number && decision.kind() == intent.kind &&
                              decision.content() == intent.content && decision.document() == stored.document.digest;
  if (!of_this_intent) return base::fail(Code::kXmlPreparedChanged);
  if (intent.state == IntentState::kCommitted) return answer_again(transaction, stored, intent);
  TANBA_CHECK(move_intent(transaction, intent, IntentState::kCommitted));
  TANBA_CHECK(check_not_expired(intent, stored.command.day));
  TANBA_TRY(const ApplicationRow application, decide_application(transaction, intent));
  TANBA_CHECK(transaction.note_document(stored.document));
  TANBA_CHECK(transaction.note_document(stored.report));
  TANBA_CHECK(transaction.sql().run("UPDATE intents SET signed_document = :document WHERE id = :id",
                                    {stored.document.digest, intent.id}));
  TANBA_CHECK(set_number_state(transaction, intent.number, kUsed));
  TANBA_CHECK(insert_decision(transaction, stored, intent));
  TANBA_CHECK(transaction.note_evidence(intent.number, stored.evidence));
  TANBA_CHECK(note_signers(transaction, intent.number, application.number, stored.command.signers));
  if (intent.kind == DecisionKind::kGrant) {
    if (!application.licence.empty()) {
      TANBA_CHECK(replace_licence(transaction, application, intent, stored.command.day.today()));
    }
    TANBA_CHECK(insert_licence(transaction, stored, intent, application));
  }
  TANBA_CHECK(journal_decision(transaction, stored, intent));
  return Decided{application.number,        intent.number,     intent.kind, stored.document.digest,
                 stored.command.decided_at, Repetition::kFirst};
}

base::Result<Intent> apply(Transaction& transaction, const StoredVoid& stored) {
  TANBA_TRY(Intent intent, load_intent(transaction, stored.command.intent));
  if (intent.state == IntentState::kVoided && intent.signed_document == stored.document.digest) return intent;
  TANBA_CHECK(move_intent(transaction, intent, IntentState::kVoided));
  TANBA_CHECK(transaction.note_document(stored.document));
  TANBA_CHECK(transaction.note_document(stored.report));
  TANBA_CHECK(transaction.sql().run("UPDATE intents SET signed_document = :document, note = :note WHERE id = :id",
                                    {stored.document.digest, stored.command.reason, intent.id}));
  intent.signed_document = stored.document.digest;
  intent.note = stored.command.reason;
  TANBA_CHECK(transaction.journal("intent.voided", intent.id, Caller{},
                                  {{"document", stored.document.digest.hex()},
                                   {"reason", stored.command.reason},
                                   {"report", stored.report.digest.hex()}}));
  TANBA_CHECK(void_number(transaction, intent.number, intent.application, Caller{}));
  return intent;
}

base::Result<Intent> apply(Transaction& transaction, const AbandonIntent& command) {
  TANBA_TRY(Intent intent, load_intent(transaction, command.intent));
  if (intent.state == IntentState::kAbandoned) return intent;
  // What the key server may have signed is not given up on a guess.
  const bool may_be_signed = intent.mode == SigningMode::kKeyd && intent.approval.has_value();
  if (may_be_signed && command.signer != SignerWord::kConfirmedUnsigned) return intent_conflict(intent);
  TANBA_CHECK(move_intent(transaction, intent, IntentState::kAbandoned));
  TANBA_CHECK(transaction.sql().run("UPDATE intents SET note = :note WHERE id = :id", {command.note, intent.id}));
  intent.note = command.note;
  TANBA_CHECK(transaction.journal("intent.abandoned", intent.id, command.by,
                                  {{"note", base::sha256(base::as_bytes(command.note)).hex()}}));
  TANBA_CHECK(void_number(transaction, intent.number, intent.application, command.by));
  return intent;
}

}  // namespace tanba::licensing::registry
