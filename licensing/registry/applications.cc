// Commands about applications and licences.
#include <boost/json/array.hpp>

#include "licensing/registry/commands.h"
#include "licensing/registry/queries.h"

namespace tanba::licensing::registry {

using base::Code;

namespace {

std::unexpected<base::Error> repeated(const std::string& request_id) {
  return base::fail(Code::kRequestRepeated, {{"request", request_id}});
}

base::Status insert_application(Transaction& transaction, const StoredRegistration& stored, const std::string& number) {
  const RegisterApplication& command = stored.command;
  const ApplicationFields& fields = command.fields;
  return transaction.sql().run(
      "INSERT INTO applications (number, position, request_id, caller_kind, caller_id, channel, service, service_code, "
      "action, licensor_bin, applicant_kind, applicant_number, applicant_name, applicant_origin, licence, state, "
      "registered_at, updated_at, due_on, document, media_type, report) VALUES (:number, :position, :request, :kind, "
      ":caller, :channel, :service, :code, :action, :licensor, :akind, :anumber, :aname, :aorigin, :licence, :state, "
      ":registered, :updated, :due, :document, :media, :report)",
      {number,
       transaction.next_position(),
       fields.request_id,
       to_string(command.caller.kind),
       command.caller.id,
       to_string(command.channel),
       fields.service,
       std::int64_t{command.service_code},
       to_string(fields.action),
       fields.licensor_bin.digits(),
       to_string(command.applicant.kind()),
       command.applicant.number(),
       command.applicant.name(),
       to_string(command.applicant.origin()),
       fields.licence,
       to_string(ApplicationState::kRegistered),
       command.received_at,
       transaction.now(),
       command.due_on,
       stored.document.digest,
       command.media_type,
       stored.report.digest});
}

base::Status insert_attachments(Transaction& transaction, const StoredRegistration& stored, const std::string& number) {
  for (std::size_t i = 0; i < stored.attachments.size(); ++i) {
    const AttachmentFields& fields = stored.command.fields.attachments[i];
    TANBA_CHECK(transaction.note_document(stored.attachments[i]));
    TANBA_CHECK(transaction.sql().run(
        "INSERT INTO attachments (application, position, name, media_type, kind, digest, size_bytes) VALUES "
        "(:application, :position, :name, :media, :kind, :digest, :size)",
        {number, static_cast<std::int64_t>(i), fields.name, fields.media_type, to_string(fields.kind), fields.digest,
         static_cast<std::int64_t>(stored.attachments[i].size_bytes)}));
  }
  return {};
}

base::Status journal_registration(Transaction& transaction, const StoredRegistration& stored,
                                  const std::string& number) {
  boost::json::array attachments;
  for (const StoredFile& file : stored.attachments) attachments.emplace_back(file.digest.hex());
  const RegisterApplication& command = stored.command;
  return transaction.journal("application.registered", number, command.caller,
                             {{"attachments", std::move(attachments)},
                              {"channel", to_string(command.channel)},
                              {"document", stored.document.digest.hex()},
                              {"due", format_date(command.due_on)},
                              {"evidence", digests_of(stored.evidence)},
                              {"licensor", command.fields.licensor_bin.digits()},
                              {"report", stored.report.digest.hex()},
                              {"request", command.fields.request_id},
                              {"service", command.fields.service}});
}

base::Status set_application_state(Transaction& transaction, const std::string& number, ApplicationState state) {
  return transaction.sql().run("UPDATE applications SET state = :state, updated_at = :at WHERE number = :number",
                               {to_string(state), transaction.now(), number});
}

}  // namespace

base::Result<Registered> apply(Transaction& transaction, const StoredRegistration& stored) {
  const RegisterApplication& command = stored.command;
  TANBA_TRY(const auto prior, find_request(transaction.sql(), command.fields.request_id));
  if (prior) {
    const bool same = prior->caller == command.caller && prior->document == stored.document.digest;
    if (!same) return repeated(command.fields.request_id);
    return prior->answer;
  }
  TANBA_TRY(const RegisterNumber allocated,
            transaction.allocate(NumberKind::kApplication, command.service_code, command.received_at));
  const std::string number = allocated.text();
  TANBA_CHECK(transaction.note_document(stored.document));
  TANBA_CHECK(transaction.note_document(stored.report));
  TANBA_CHECK(insert_application(transaction, stored, number));
  TANBA_CHECK(insert_attachments(transaction, stored, number));
  TANBA_CHECK(transaction.note_evidence(number, stored.evidence));
  TANBA_CHECK(note_signers(transaction, number, number, command.signers));
  TANBA_CHECK(journal_registration(transaction, stored, number));
  return Registered{
      number, command.received_at, command.due_on, stored.document.digest, stored.report.digest, Repetition::kFirst};
}

base::Result<ApplicationState> apply(Transaction& transaction, const TakeIntoReview& command) {
  TANBA_TRY(const auto found,
            find_application(transaction.sql(), OfLicensor{command.officer.bin}, command.application));
  if (!found) return not_found("application", command.application);
  if (found->state == ApplicationState::kInReview) return ApplicationState::kInReview;
  TANBA_CHECK(check_application_step(found->number, found->state, ApplicationState::kInReview));
  TANBA_CHECK(set_application_state(transaction, found->number, ApplicationState::kInReview));
  TANBA_CHECK(
      transaction.journal("application.in-review", found->number, {CallerKind::kOfficer, command.officer.id}, {}));
  return ApplicationState::kInReview;
}

base::Result<LicenceState> apply(Transaction& transaction, const ChangeLicence& command) {
  // Issue and replacement come with a signed decision only.
  const bool by_itself = command.event == LicenceEvent::kSuspended || command.event == LicenceEvent::kResumed ||
                         command.event == LicenceEvent::kTerminated;
  if (!by_itself) {
    return base::fail(Code::kInputMember, {{"member", "event"}, {"expected", "suspended, resumed, terminated"}});
  }
  TANBA_TRY(const auto found, find_licence(transaction.sql(), OfLicensor{command.officer.bin}, command.licence));
  if (!found) return not_found("licence", command.licence);
  TANBA_CHECK(check_reason(command.reason));
  TANBA_TRY(const LicenceState next, licence_after(found->number, found->state, command.event));
  const bool ended = found->valid_until && *found->valid_until < command.today;
  if (ended && command.event != LicenceEvent::kTerminated) {
    return base::fail(Code::kRegistryState, {{"what", "licence"}, {"id", found->number}, {"state", "expired"}});
  }
  TANBA_CHECK(transaction.sql().run(
      "INSERT INTO licence_events (licence, position, event, at, officer_id, reason) VALUES (:licence, :position, "
      ":event, :at, :officer, :reason)",
      {found->number, transaction.next_position(), to_string(command.event), transaction.now(), command.officer.id,
       command.reason}));
  TANBA_CHECK(transaction.sql().run("UPDATE licences SET state = :state, updated_at = :at WHERE number = :number",
                                    {to_string(next), transaction.now(), found->number}));
  // Reasons are free text and may name persons: the journal has their digest.
  TANBA_CHECK(transaction.journal("licence." + std::string(to_string(command.event)), found->number,
                                  {CallerKind::kOfficer, command.officer.id},
                                  {{"reason", base::sha256(base::as_bytes(command.reason)).hex()}}));
  return next;
}

}  // namespace tanba::licensing::registry
