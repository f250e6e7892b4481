// Decisions: intent first, then the key, then the registry (DESIGN 3, rule 6).
#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "licensing/flow/capsules.h"
#include "licensing/flow/findings.h"
#include "licensing/flow/flow.h"
#include "xmldsig/sign.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using base::Error;

// RFC 4122 4.4: random, version 4.
std::string new_uuid() {
  base::Bytes octets = verify::evidence::random_octets(16);
  octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0F) | 0x40);
  octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3F) | 0x80);
  std::string text = base::to_hex(octets);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
  return text;
}

constexpr std::chrono::milliseconds kPing{2000};  // answered without any token

tokens::client::IntentKind kind_of(DecisionKind kind) {
  return kind == DecisionKind::kGrant ? tokens::client::IntentKind::kLicence : tokens::client::IntentKind::kRefusal;
}

// A use case answers with one error; the rules may have found several: the most telling stands first.
template <class T>
base::Result<T> first_error(std::expected<T, Errors> checked) {
  if (checked) return *std::move(checked);
  return base::fail(checked.error().empty() ? Error::because(Code::kInternal, "refused without a reason")
                                            : std::move(checked.error().front()));
}

// The digest by which the signature covers the document, as keyd's template and the intent have it.
base::Result<base::Digest> content_digest(pki::Context& context, base::ByteView document, const base::Limits& limits) {
  base::Budget budget(limits);
  TANBA_TRY(const base::Bytes octets,
            xmldsig::document_digest(context, document, pki::DigestAlgorithm::kSha256, budget));
  base::Digest digest;
  if (octets.size() != digest.octets.size()) return base::fail(Code::kInternal, "a SHA-256 of another length");
  std::ranges::copy(octets, digest.octets.begin());
  return digest;
}

// Does this request, made again, mean the intent that waits?
bool same_wish(const Intent& open, const DecisionRequest& request) {
  return open.officer.id == request.officer.id && open.mode == request.mode && open.kind == request.terms.kind &&
         open.terms.reason == request.terms.reason && open.terms.valid_until == request.terms.valid_until;
}

Caller caller_of(const Officer& officer) {
  return {CallerKind::kOfficer, officer.id};
}

// Nothing was said of the intent: neither by the key server nor, in time, by what judges its key.
bool is_away(Code code) {
  return code == Code::kKeydUnreachable || code == Code::kServerDeadline;
}

std::unexpected<Error> spent(const Intent& intent) {
  return base::fail(Code::kIntentState, {{"intent", intent.id}, {"state", std::string(to_string(intent.state))}});
}

// A detached CMS, judged without its content.
bool lacks_content(const verify::Report& report) {
  return std::ranges::any_of(verify::all_errors(report),
                             [](const auto& located) { return located.error.code() == Code::kCmsNoContent; });
}

template <class T, class Run>
void on_desk(verify::evidence::Workers& desk, Done<T> done, Run run) {
  auto shared = std::make_shared<Done<T>>(std::move(done));
  const base::Status posted =
      desk.post([shared, run = std::move(run)](verify::evidence::Worker& worker) mutable { (*shared)(run(worker)); });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

}  // namespace

void Flow::prepare_decision(DecisionRequest request, Done<PreparedDecision> done) {
  on_desk(request.mode == SigningMode::kKeyd ? parts_.key_desk : parts_.desk, std::move(done),
          [this, request = std::move(request)](Worker& worker) mutable { return prepare_now(worker, request); });
}

void Flow::approve(Officer officer, std::string intent, base::Bytes approval, Done<DecisionOutcome> done) {
  on_desk(parts_.key_desk, std::move(done),
          [this, officer = std::move(officer), intent = std::move(intent), approval = std::move(approval)](
              Worker& worker) mutable { return approve_now(worker, officer, intent, std::move(approval)); });
}

void Flow::accept_signature(Officer officer, std::string intent, base::Bytes document, Done<DecisionOutcome> done) {
  on_desk(parts_.desk, std::move(done),
          [this, officer = std::move(officer), intent = std::move(intent), document = std::move(document)](
              Worker& worker) mutable { return accept_now(worker, officer, intent, std::move(document)); });
}

void Flow::abandon(Officer officer, std::string intent, std::string note, Done<Intent> done) {
  // Of what was to be signed on a workstation the key server knows nothing.
  auto shared = std::make_shared<Done<Intent>>(std::move(done));
  const auto answer = [shared](base::Result<Intent> result) { (*shared)(std::move(result)); };
  const base::Status posted = parts_.desk.post(
      [this, answer, officer = std::move(officer), id = std::move(intent), note = std::move(note)](Worker&) mutable {
        const auto found = intent_of(officer, id);
        if (!found) return answer(found);
        auto run = [this, officer = std::move(officer), id, note = std::move(note)](Worker&) mutable {
          return abandon_now(officer, id, std::move(note));
        };
        on_desk<Intent>(found->mode == SigningMode::kKeyd ? parts_.key_desk : parts_.desk, answer, std::move(run));
      });
  if (!posted) answer(std::unexpected(posted.error()));
}

base::Result<PreparedDecision> Flow::prepare_now(Worker& worker, DecisionRequest& request) {
  TANBA_TRY(const ApplicationRow application,
            parts_.registry.application(OfLicensor{request.officer.bin}, request.application));
  const Service* service = settings_.services.find(application.service);
  if (service == nullptr) return base::fail(Code::kApplicationService, {{"service", application.service}});
  tokens::client::KeyDescription key;
  if (request.mode == SigningMode::kKeyd) {
    TANBA_TRY(key, key_of(application.licensor_bin, request.terms.kind));
  }
  ApplicationFacts facts{application.number, application.service, application.licensor_bin, application.state,
                         application.action};
  if (!application.licence.empty()) {
    TANBA_TRY(const LicenceRow row, parts_.registry.licence(OfLicensor{request.officer.bin}, application.licence));
    facts.licence = facts_of(row);
  }
  const base::Time now = parts_.clock.now();
  const ActingDay day(parts_.calendar, now);
  TANBA_TRY(ProposedDecision proposal,
            first_error(propose_decision(facts, *service, request.officer, request.terms, day.today())));
  request.terms = proposal.terms();  // with the end of the licence that is replaced
  // Whoever lost the answer asks again and gets the first one; nobody else can know the intent's id.
  TANBA_TRY(auto open, parts_.registry.open_intent(application.number));
  if (open && same_wish(*open, request)) {
    TANBA_CHECK(check_not_expired(*open, day));
    TANBA_TRY(base::Bytes document, parts_.registry.document(open->prepared));
    return prepared_answer(*std::move(open), std::move(document));
  }
  if (request.mode == SigningMode::kKeyd) TANBA_CHECK(check_seal(application.licensor_bin, key));
  TANBA_TRY(const RegisterNumber number, parts_.registry.execute(ReserveNumber{proposal, now}));
  TANBA_TRY(const std::string text, write_decision({.number = number.text(),
                                                    .service = service,
                                                    .application = &application,
                                                    .proposal = &proposal,
                                                    .decided_at = now,
                                                    .demo = settings_.demo}));
  base::Bytes document = base::to_bytes(base::as_bytes(text));
  TANBA_TRY(const base::Digest content, content_digest(*worker.context, document, settings_.limits));
  TANBA_TRY(Intent intent, parts_.registry.execute(PrepareIntent{.id = new_uuid(),
                                                                 .proposal = std::move(proposal),
                                                                 .number = number.text(),
                                                                 .mode = request.mode,
                                                                 .key = key.name,
                                                                 .content = content,
                                                                 .prepared = document}));
  return prepared_answer(std::move(intent), std::move(document));
}

PreparedDecision Flow::prepared_answer(Intent intent, base::Bytes document) const {
  PreparedDecision prepared{.intent = std::move(intent), .document = std::move(document), .approval_text = {}};
  if (prepared.intent.mode == SigningMode::kKeyd)
    prepared.approval_text = tokens::client::intent_text(key_intent(prepared.intent));
  return prepared;
}

// A licensor's key is known by its certificate: the key server says for what it is, the BIN for whom.
base::Result<tokens::client::KeyDescription> Flow::key_of(const std::string& licensor_bin, DecisionKind kind) const {
  if (parts_.keys == nullptr) return base::fail(Code::kKeydUnreachable);
  TANBA_TRY(const tokens::client::KeyList list, parts_.keys->list_keys(settings_.keyd_timeout));
  const tokens::client::KeyDescription* waiting = nullptr;
  for (const tokens::client::KeyDescription& key : list.keys) {
    if (key.purpose != purpose_of(kind_of(kind)) || !key.certificate) continue;
    if (identity_of(*key.certificate).bin != licensor_bin) continue;
    if (key.state == tokens::client::KeyState::kReady) return key;
    waiting = &key;
  }
  // Whether a person must log in, or the token is away or does not answer.
  if (waiting != nullptr) {
    return base::fail(base::find_code(waiting->reason).value_or(Code::kTokenLocked), {{"reason", "not connected"}},
                      waiting->name + ": " + waiting->reason);
  }
  return base::fail(Code::kKeydUnknownKey, {{"key", licensor_bin}});
}

tokens::client::Intent Flow::key_intent(const Intent& intent) const {
  return {.id = intent.id,
          .kind = kind_of(intent.kind),
          .number = intent.number,
          .document = {pki::DigestAlgorithm::kSha256, base::to_bytes(intent.content.view())},
          .licensor = intent.licensor_bin,
          .key = intent.key};
}

// Officers see and touch the intents of their own licensor only; another's looks as if it did not exist.
base::Result<Intent> Flow::intent_of(const Officer& officer, const std::string& id) {
  TANBA_TRY(Intent intent, parts_.registry.intent(id));
  if (intent.licensor_bin != officer.bin) return base::fail(Code::kIntentNotFound, {{"intent", id}});
  return intent;
}

base::Result<DecisionOutcome> Flow::approve_now(Worker& worker, const Officer& officer, const std::string& id,
                                                base::Bytes approval) {
  TANBA_TRY(Intent intent, intent_of(officer, id));
  if (intent.mode != SigningMode::kKeyd) {
    return base::fail(Code::kIntentState, {{"intent", id}, {"state", "for a workstation"}});
  }
  if (intent.officer.id != officer.id) return base::fail(Code::kAuthDenied);
  if (intent.state == IntentState::kCommitted) {
    if (intent.approval != base::sha256(approval)) return spent(intent);
    return decided_before(intent);
  }
  if (intent.state == IntentState::kPrepared) {
    // An approval that comes too late spends nothing: whoever abandons the intent need not wait for the key server.
    TANBA_CHECK(check_not_expired(intent, {parts_.calendar, parts_.clock.now()}));
    TANBA_TRY(verify::evidence::Verified verified, verify_approval(intent, approval));
    if (verified.report.outcome.decision != verify::Decision::kAccept)
      return DecisionOutcome{{}, std::move(verified.report)};
    TANBA_TRY(std::vector<EvidenceItem> evidence, evidence_of(verified.report, verified.evidence));
    TANBA_TRY(intent, parts_.registry.execute(ApproveIntent{.intent = id,
                                                            .approval = std::move(approval),
                                                            .by = caller_of(officer),
                                                            .report = base::canonical_json(to_json(verified.report)),
                                                            .evidence = std::move(evidence)}));
  }
  if (intent.state == IntentState::kApproved) {
    TANBA_TRY(intent, parts_.registry.execute(MarkSigning{id, {parts_.calendar, parts_.clock.now()}}));
  }
  return sign_and_commit(worker, intent);
}

// Whoever decides by this approval relies on the person behind it: it is judged like the signature of a log-in, and it
// must be over exactly the text that was prepared. The key server knows keys only.
base::Result<verify::evidence::Verified> Flow::verify_approval(const Intent& intent, base::Bytes approval) {
  verify::JudgeInput input = input_for(pki::TrustPurpose::kOfficer, parts_.clock.now());
  input.policy.revocation = verify::RevocationMode::kRequire;
  input.candidates = chain_of(intent.officer.id);
  input.expected.iin = intent.officer.iin;
  input.expected.bin = intent.licensor_bin;
  const std::string text = tokens::client::intent_text(key_intent(intent));
  const auto shared = std::make_shared<const base::Bytes>(std::move(approval));
  const auto verify_with = [&](std::shared_ptr<const base::Bytes> content) {
    return parts_.verifier.verify_and_wait(
        {.subject =
             verify::evidence::DocumentSubject{
                 .document = shared, .detached = std::move(content), .keep_octets = pki::KeepOctets::kYes},
         .input = input,
         .evidence = local_evidence(),
         .deadline = deadline(),
         .limits = settings_.limits});
  };
  TANBA_TRY(verify::evidence::Verified verified, verify_with(nullptr));
  if (lacks_content(verified.report)) {
    TANBA_TRY(verified, verify_with(std::make_shared<const base::Bytes>(base::to_bytes(base::as_bytes(text)))));
  }
  if (verified.report.outcome.decision != verify::Decision::kAccept) return verified;
  const std::vector<SignatureFinding> findings = signature_findings(verified.report, *verified.facts);
  const base::Bytes* octets = whole_signed_octets(*verified.facts);
  Errors errors;
  if (findings.size() != 1 || octets == nullptr || base::as_text(*octets) != text) {
    errors.push_back(Error(Code::kKeydApproval, {{"reason", "it approves something else"}}));
  } else {
    errors = check_entitlement(settings_.entitlement, Capacity::kOfficer, findings.front().signer, intent.licensor_bin,
                               intent.officer.listing);
  }
  add_errors(verified.report, errors);
  return verified;
}

// By what the key signs now nothing is issued that is not accepted: so it is not asked then.
base::Status Flow::check_seal(const std::string& licensor_bin, const tokens::client::KeyDescription& key) {
  // No signature of a key without the right to bind the body would be accepted, however good its certificate is.
  const Errors unentitled = check_entitlement(settings_.entitlement, Capacity::kLicensorKey,
                                              signer_of(identity_of(*key.certificate)), licensor_bin);
  if (!unentitled.empty()) return base::fail(unentitled.front());
  verify::JudgeInput input = input_for(pki::TrustPurpose::kOfficer, parts_.clock.now());
  input.policy.revocation = verify::RevocationMode::kRequire;
  input.candidates = key.chain;
  input.expected.bin = licensor_bin;
  TANBA_TRY(const verify::evidence::Verified verified, parts_.verifier.verify_and_wait({.subject = key.certificate,
                                                                                        .input = std::move(input),
                                                                                        .evidence = local_evidence(),
                                                                                        .deadline = deadline(),
                                                                                        .limits = settings_.limits}));
  if (verified.report.outcome.decision == verify::Decision::kAccept) return {};
  const auto errors = verify::all_errors(verified.report);
  if (errors.empty()) return base::fail(Error::because(Code::kInternal, "refused without a reason"));
  return base::fail(errors.front().error);
}

// What may have changed since it was prepared, or since the key server was last reached.
base::Status Flow::check_still_wanted(const Intent& intent) {
  if (intent.officer.listing != Listing::kListed) return base::fail(Code::kRoleNotListed);
  TANBA_CHECK(parts_.registry.execute(MarkSigning{intent.id, {parts_.calendar, parts_.clock.now()}}));
  TANBA_TRY(const tokens::client::KeyList list, parts_.keys->list_keys(settings_.keyd_timeout));
  const auto key = std::ranges::find(list.keys, intent.key, &tokens::client::KeyDescription::name);
  if (key == list.keys.end()) return base::fail(Code::kKeydUnknownKey, {{"key", intent.key}});
  // A token that was not seen yet shows no certificate, and signs nothing either: the key server says why.
  return key->certificate ? check_seal(intent.licensor_bin, *key) : base::Status();
}

// The signature left the key server, so the number is spent; the application is not.
base::Status Flow::void_signed(const Intent& intent, const base::Bytes& document, const verify::Report& report,
                               const base::Error& why) {
  if (intent.mode != SigningMode::kKeyd || intent.state != IntentState::kSigning) return {};
  TANBA_CHECK(parts_.registry.execute(VoidIntent{.intent = intent.id,
                                                 .document = document,
                                                 .report = base::canonical_json(to_json(report)),
                                                 .reason = std::string(base::dotted(why.code()))}));
  return {};
}

// A refused approval signed nothing: the officer may give another one.
base::Result<tokens::client::Signed> Flow::ask_to_sign(const Intent& intent) {
  if (const base::Status wanted = check_still_wanted(intent); !wanted) {
    if (is_away(wanted.error().code())) return base::fail(wanted.error());
    // It may have been signed before: then that is taken, to be issued or voided.
    TANBA_TRY(const tokens::client::IntentAnswer known, parts_.keys->ask_intent(intent.id, settings_.keyd_timeout));
    if (known.signature) return *known.signature;
    return base::fail(wanted.error());
  }
  TANBA_TRY(const base::Bytes approval, parts_.registry.document(*intent.approval));
  // What is signed is the fixed template around a SHA-256 digest; the licensor's keys are RSA.
  const pki::SignatureAlgorithm algorithm{.scheme = pki::SignatureScheme::kRsaPkcs1,
                                          .digest = pki::DigestAlgorithm::kSha256};
  auto answer = parts_.keys->sign_intent({.intent = key_intent(intent), .algorithm = algorithm, .approval = approval},
                                         settings_.keyd_timeout);
  if (answer) return answer;
  const Code code = answer.error().code();
  if (code == Code::kKeydApproval || code == Code::kKeydApprover) {
    const auto returned = parts_.registry.execute(
        ReturnIntent{.intent = intent.id, .approval = *intent.approval, .reason = std::string(base::dotted(code))});
    // intent.state: somebody else was faster, and what they made of it stands.
    if (!returned && returned.error().code() != Code::kIntentState) return base::fail(returned.error());
  }
  if (code == Code::kIntentState) TANBA_CHECK(note_cancelled(intent));
  return answer;
}

base::Result<DecisionOutcome> Flow::sign_and_commit(Worker& worker, const Intent& intent) {
  const bool open = openness(intent.state) == Openness::kOpen;
  if (!open || !intent.approval || parts_.keys == nullptr) return spent(intent);
  TANBA_TRY(const base::Bytes prepared, parts_.registry.document(intent.prepared));
  TANBA_TRY(const tokens::client::Signed answer, ask_to_sign(intent));
  base::Budget budget(settings_.limits);
  TANBA_TRY(const xmldsig::ToBeSigned to_be_signed,
            xmldsig::prepare(*worker.context, prepared, answer.certificate, answer.chain, {answer.algorithm}, budget));
  if (!base::equal(to_be_signed.document_digest, intent.content.view())) {
    return base::fail(Code::kRegistryDamaged, {{"what", "the prepared document of intent " + intent.id}});
  }
  TANBA_TRY(base::Bytes document, xmldsig::complete(to_be_signed, answer.signature));
  return verify_and_commit(intent, std::move(document));
}

base::Result<DecisionOutcome> Flow::accept_now(Worker&, const Officer& officer, const std::string& id,
                                               base::Bytes document) {
  TANBA_TRY(Intent intent, intent_of(officer, id));
  if (intent.mode != SigningMode::kWorkstation) {
    return base::fail(Code::kIntentState, {{"intent", id}, {"state", "for the key server"}});
  }
  if (intent.officer.id != officer.id) return base::fail(Code::kAuthDenied);
  if (intent.state == IntentState::kCommitted) {
    if (intent.signed_document != base::sha256(document)) return spent(intent);
    return decided_before(intent);
  }
  TANBA_CHECK(check_not_expired(intent, {parts_.calendar, parts_.clock.now()}));
  TANBA_TRY(const base::Bytes prepared, parts_.registry.document(intent.prepared));
  base::Budget budget(settings_.limits);
  TANBA_CHECK(xmldsig::check_signed_equals_prepared(prepared, document, budget));
  return verify_and_commit(std::move(intent), std::move(document));
}

// DESIGN 4: "The same intent id gives the same answer again", whatever became of sources and certificates since.
base::Result<DecisionOutcome> Flow::decided_before(const Intent& intent) {
  TANBA_TRY(const DecisionRow row, parts_.registry.decision(OfLicensor{intent.licensor_bin}, intent.application));
  if (row.intent != intent.id) return base::fail(Code::kRegistryDamaged, {{"what", "the decision of " + intent.id}});
  TANBA_TRY(base::Bytes document, parts_.registry.document(row.document));
  TANBA_TRY(const base::Bytes report, parts_.registry.document(row.report));
  const Decided decided{row.application, row.number, row.kind, row.document, row.decided_at, Repetition::kRepeat};
  return DecisionOutcome{FinishedDecision{decided, std::move(document), std::string(base::as_text(report))}, {}};
}

// Verified again as everybody else's documents are, then stored: whoever made the signature, only this lets it in.
base::Result<DecisionOutcome> Flow::verify_and_commit(Intent intent, base::Bytes document) {
  const base::Time now = parts_.clock.now();
  verify::JudgeInput input = input_for(pki::TrustPurpose::kOfficer, now);
  input.expected.bin = intent.licensor_bin;
  if (intent.mode == SigningMode::kWorkstation) input.expected.iin = intent.officer.iin;
  const verify::JudgeInput judged_with = input;
  auto shared_document = std::make_shared<const base::Bytes>(std::move(document));
  TANBA_TRY(verify::evidence::Verified verified,
            parts_.verifier.verify_and_wait(
                {.subject =
                     verify::evidence::DocumentSubject{
                         .document = shared_document, .detached = nullptr, .keep_octets = pki::KeepOctets::kYes},
                 .input = std::move(input),
                 .evidence = local_evidence(),
                 .deadline = deadline(),
                 .limits = settings_.limits}));
  const std::vector<SignatureFinding> findings = signature_findings(verified.report, *verified.facts);
  if (verified.report.outcome.decision != verify::Decision::kAccept) {
    if (verified.report.outcome.decision == verify::Decision::kRefuse) {
      const auto errors = verify::all_errors(verified.report);
      const Error why = errors.empty() ? Error(Code::kInternal) : errors.front().error;
      TANBA_CHECK(void_signed(intent, *shared_document, verified.report, why));
    }
    return DecisionOutcome{{}, std::move(verified.report)};
  }
  if (intent.state == IntentState::kPrepared || intent.state == IntentState::kApproved) {
    TANBA_TRY(intent, parts_.registry.execute(MarkSigning{intent.id, {parts_.calendar, now}}));
  }
  auto decision = accept_signed_decision(intent, verified.facts->document, findings, settings_.entitlement);
  if (!decision) {
    add_errors(verified.report, not_yet_in(verified.report, decision.error()));
    TANBA_CHECK(void_signed(intent, *shared_document, verified.report, decision.error().front()));
    if (verified.report.outcome.decision == verify::Decision::kAccept) return base::fail(decision.error().front());
    return DecisionOutcome{{}, std::move(verified.report)};
  }
  const std::string report = base::canonical_json(to_json(verified.report));
  TANBA_TRY(std::vector<EvidenceItem> evidence, evidence_of(verified.report, verified.evidence));
  TANBA_CHECK(add_capsule({cms::CapsuleKind::kDecision, intent.number}, verified, judged_with, settings_.limits, report,
                          evidence));
  CommitIntent command{.decision = *std::move(decision),
                       .document = *shared_document,
                       .media_type = "application/xml",
                       .report = report,
                       .evidence = std::move(evidence),
                       .decided_at = now,
                       .day = {parts_.calendar, now}};
  command.signers = signers_of(verified.report, *verified.facts, command.evidence);
  const auto decided = parts_.registry.execute(std::move(command));
  if (!decided) {
    const Code code = decided.error().code();
    // intent.state: it expired; or another was faster, and then there is nothing to void any more.
    if (code == Code::kRegistryState || code == Code::kRegistryNotFound || code == Code::kIntentState) {
      TANBA_CHECK(void_signed(intent, *shared_document, verified.report, decided.error()));
    }
    return base::fail(decided.error());
  }
  if (decided->repetition == Repetition::kRepeat) return decided_before(intent);
  return DecisionOutcome{FinishedDecision{*decided, *shared_document, report}, std::move(verified.report)};
}

// The answer to an abandonment was lost on its way: the key server has kept it, and so the registry does.
base::Status Flow::note_cancelled(const Intent& intent) {
  TANBA_TRY(const tokens::client::IntentAnswer answer, parts_.keys->ask_intent(intent.id, settings_.keyd_timeout));
  if (answer.progress != tokens::client::IntentProgress::kCancelled) return {};
  TANBA_TRY([[maybe_unused]] const Intent abandoned,
            parts_.registry.execute(AbandonIntent{.intent = intent.id,
                                                  .note = "cancelled in the key server",
                                                  .by = Caller{},
                                                  .signer = SignerWord::kConfirmedUnsigned}));
  return {};
}

// The registry decides whether it needs the word: it does when there was ever an approval.
base::Result<SignerWord> Flow::ask_to_cancel(const Intent& intent) {
  if (parts_.keys == nullptr) return SignerWord::kNotAsked;
  const auto answer = parts_.keys->cancel_intent(intent.id, settings_.keyd_timeout);
  if (!answer && intent.approval) return base::fail(answer.error());
  // It was never asked for anything: the officer need not wait until it is back.
  if (!answer) return SignerWord::kNotAsked;
  if (answer->progress == tokens::client::IntentProgress::kCancelled) return SignerWord::kConfirmedUnsigned;
  return base::fail(Code::kIntentState, {{"intent", intent.id}, {"state", std::string(to_string(answer->progress))}});
}

base::Result<Intent> Flow::abandon_now(const Officer& officer, const std::string& id, std::string note) {
  TANBA_TRY(const Intent intent, intent_of(officer, id));
  SignerWord word = SignerWord::kNotAsked;
  if (intent.mode == SigningMode::kKeyd && openness(intent.state) == Openness::kOpen) {
    TANBA_TRY(word, ask_to_cancel(intent));
  }
  return parts_.registry.execute(
      AbandonIntent{.intent = id, .note = std::move(note), .by = caller_of(officer), .signer = word});
}

std::size_t Flow::recover(const std::function<bool()>& ended) {
  auto open = parts_.registry.intents(IntentState::kSigning);
  if (!open) return 1;  // not known: ask again
  auto context = pki::Context::create();
  if (!context) return open->size();
  Worker worker{*std::move(context), pki::PathCache()};
  // A workstation's signature is with the officer, who sends it again or abandons the intent.
  std::erase_if(*open, [](const Intent& intent) { return intent.mode != SigningMode::kKeyd; });
  std::size_t unfinished = 0;
  std::set<std::string> hanging;  // keys: what waits for them waits for the next round
  for (std::size_t i = 0; i < open->size(); ++i) {
    const Intent& intent = (*open)[i];
    if (ended()) return unfinished + open->size() - i;
    ++unfinished;
    if (hanging.contains(intent.key)) continue;
    // The key server gives the same answer for the same intent, or signs it now: the officer did approve it.
    const auto outcome = sign_and_commit(worker, intent);
    if (outcome && outcome->finished) --unfinished;
    if (outcome || !is_away(outcome.error().code())) continue;
    // A token that hangs holds up its own licensor. A key server that is silent as a whole is not asked on.
    hanging.insert(intent.key);
    const bool is_gone = outcome.error().code() == Code::kKeydUnreachable || !parts_.keys->ping(kPing);
    if (is_gone) return unfinished + open->size() - i - 1;
  }
  return unfinished;
}

}  // namespace tanba::licensing::flow
