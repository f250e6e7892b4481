#include <utility>

#include "base/json.h"
#include "licensing/flow/capsules.h"
#include "licensing/flow/findings.h"
#include "licensing/flow/flow.h"

namespace tanba::licensing::flow {
namespace {

// A document is verified, stamped and verified again: each may wait for sources as one verification may.
constexpr int kAugmentRounds = 3;

using base::Code;
using base::Error;

verify::Expectation expectation_of(ApplicantKind kind, const std::string& number) {
  verify::Expectation expected;
  (kind == ApplicantKind::kIndividual ? expected.iin : expected.bin) = number;
  return expected;
}

Capacity capacity_of(ApplicantKind kind) {
  return kind == ApplicantKind::kIndividual ? Capacity::kIndividual : Capacity::kOrganisation;
}

// The roles that the policy asks of this capacity, for the report's rule.
std::vector<pki::Oid> roles_for(const EntitlementPolicy& policy, Capacity capacity) {
  std::vector<pki::Oid> roles;
  for (const EntitlementRule& rule : policy.rules) {
    if (rule.capacity != capacity) continue;
    for (const std::string& role : rule.any_role_of) {
      if (auto oid = pki::Oid::from_dotted(role)) roles.push_back(*std::move(oid));
    }
  }
  return roles;
}

}  // namespace

// One submission on its way: inspect → look up → verify → rules → register. It holds itself alive from step to step.
class Flow::SubmissionJob : public std::enable_shared_from_this<SubmissionJob> {
 public:
  SubmissionJob(Flow& flow, Submission submission, Done<SubmissionOutcome> done)
      : flow_(flow), submission_(std::move(submission)), done_(std::move(done)), now_(flow.parts_.clock.now()) {}

  void start() { post(flow_.parts_.verifying, &SubmissionJob::inspect, Begun::kNo); }

 private:
  using Step = void (SubmissionJob::*)(Worker&);
  enum class Begun { kNo, kYes };

  void post(verify::evidence::Workers& workers, Step step, Begun begun) {
    auto self = shared_from_this();
    auto task = [self, step](Worker& worker) { ((*self).*step)(worker); };
    const base::Status posted = begun == Begun::kYes ? workers.resume(std::move(task)) : workers.post(std::move(task));
    if (!posted) fail(posted.error());
  }

  void fail(const Error& error) { std::exchange(done_, nullptr)(std::unexpected(error)); }

  void inspect(Worker& worker) {
    auto facts = verify::inspect(*worker.context, submission_.document, {.keep_octets = pki::KeepOctets::kYes},
                                 flow_.settings_.limits);
    if (!facts) return fail(facts.error());
    facts_ = std::make_shared<const verify::Facts>(*std::move(facts));
    read_fields();
    if (fields_)
      post(flow_.parts_.looking_up, &SubmissionJob::look_up, Begun::kYes);
    else
      verify(worker);
  }

  // Business data is read from octets that a signature covers, never from the document around them.
  void read_fields() {
    const base::Bytes* octets = whole_signed_octets(*facts_);
    if (octets == nullptr) return;  // the report says why
    auto text = flow_.schemas_.read_application(*octets);
    if (!text) {
      rule_errors_.push_back(text.error());
      return;
    }
    auto fields = parse_application(*text, flow_.settings_.check_digit);
    if (fields)
      fields_ = *std::move(fields);
    else
      rule_errors_ = std::move(fields).error();
  }

  // A repeat is answered before anything is verified again: the certificate may have ended since.
  void look_up(Worker& worker) {
    auto prior = flow_.parts_.registry.find_request(fields_->request_id);
    if (!prior) return fail(prior.error());
    if (prior->has_value()) return answer_repeat(worker, **prior);
    verify(worker);
  }

  void answer_repeat(Worker& worker, const PriorRequest& prior) {
    if (prior.caller != submission_.caller || prior.document != facts_->document) {
      return fail(Error(Code::kRequestRepeated, {{"request", fields_->request_id}}));
    }
    registered_ = prior.answer;
    answer_first(worker);
  }

  // What came of the first request, with the report that was stored then.
  void answer_first(Worker&) {
    auto report = flow_.parts_.registry.document(registered_->report);
    if (!report) return fail(report.error());
    SubmissionOutcome outcome{
        .registered = registered_, .report = {}, .first_report = std::string(base::as_text(*report))};
    outcome.registered->repetition = Repetition::kRepeat;
    outcome.report.outcome = {verify::Decision::kAccept, verify::Indication::kPassed, base::SubIndication::kNone};
    std::exchange(done_, nullptr)(std::move(outcome));
  }

  void verify(Worker&) {
    verify::JudgeInput input = flow_.input_for(pki::TrustPurpose::kApplicant, now_);
    if (fields_) input.expected = expectation_of(fields_->applicant.kind, fields_->applicant.number.digits());
    input_ = input;
    verify::evidence::Task task{.subject = verify::evidence::FactsSubject{facts_},
                                .input = std::move(input),
                                .evidence = flow_.local_evidence(),
                                .deadline = flow_.deadline(),
                                .limits = flow_.settings_.limits};
    auto self = shared_from_this();
    const auto begun = flow_.parts_.verifier.verify(
        std::move(task), [self](Worker&, base::Result<verify::evidence::Verified> verified) {
          if (!verified) return self->fail(verified.error());
          self->verified_ = *std::move(verified);
          self->post(self->flow_.parts_.looking_up, &SubmissionJob::conclude, Begun::kYes);
        });
    if (!begun) fail(begun.error());
  }

  void conclude(Worker&) {
    std::optional<Applicant> applicant;
    if (fields_) {
      if (auto checked = check_rules(); !checked) return fail(checked.error());
      auto maker =
          applicant_by_signature(*fields_, signature_findings(verified_->report, *facts_), flow_.settings_.entitlement);
      if (maker)
        applicant = *std::move(maker);
      else
        add_errors(verified_->report, not_yet_in(verified_->report, maker.error()));
    }
    add_errors(verified_->report, std::exchange(rule_errors_, {}));
    const bool accepted = verified_->report.outcome.decision == verify::Decision::kAccept;
    if (!accepted || !applicant) {
      // Accepted without an applicant cannot be: then a rule is missing, and that is our fault, not a verdict.
      if (accepted) return fail(Error::because(Code::kInternal, "accepted without an applicant"));
      return std::exchange(done_, nullptr)(SubmissionOutcome{{}, std::move(verified_->report), {}});
    }
    register_it(*std::move(applicant));
  }

  base::Status check_rules() {
    TANBA_TRY(const PaymentFinding payment, flow_.parts_.payments.find_payment(*fields_));
    TANBA_TRY(auto licence, licence_facts());
    std::vector<base::Digest> supplied;
    supplied.reserve(submission_.attachments.size());
    for (const base::Bytes& attachment : submission_.attachments) supplied.push_back(base::sha256(attachment));
    const ApplicationContext context{.services = flow_.settings_.services,
                                     .channel = Channel::kPortal,
                                     .now = now_,
                                     .today = flow_.parts_.calendar.local_date(now_),
                                     .claim = submission_.claim,
                                     .supplied = supplied,
                                     .payment = payment,
                                     .licence = std::move(licence),
                                     .max_age = flow_.settings_.application_max_age};
    rule_errors_ = check_application(*fields_, context);
    return {};
  }

  base::Result<std::optional<LicenceFacts>> licence_facts() {
    if (fields_->licence.empty()) return std::nullopt;
    auto row = flow_.parts_.registry.licence(OfLicensor{fields_->licensor_bin.digits()}, fields_->licence);
    if (!row && row.error().code() == Code::kRegistryNotFound) return std::nullopt;
    if (!row) return base::fail(row.error());
    return facts_of(*row);
  }

  void register_it(Applicant applicant) {
    const Service* service = flow_.settings_.services.find(fields_->service);
    if (service == nullptr) return fail(Error::because(Code::kInternal, "registered for an unknown service"));
    auto evidence = flow_.evidence_of(verified_->report, verified_->evidence);
    if (!evidence) return fail(evidence.error());
    RegisterApplication command{.caller = submission_.caller,
                                .channel = Channel::kPortal,
                                .fields = *fields_,
                                .applicant = std::move(applicant),
                                .service_code = service->code,
                                .received_at = now_,
                                .due_on = decision_due(*service, *fields_, now_, flow_.parts_.calendar),
                                .document = std::move(submission_.document),
                                .media_type = facts_->content.format == pki::DocumentFormat::kCms
                                                  ? "application/pkcs7-mime"
                                                  : "application/xml",
                                .attachments = std::move(submission_.attachments),
                                .report = base::canonical_json(to_json(verified_->report)),
                                .evidence = *std::move(evidence)};
    const base::Status kept = add_capsule({cms::CapsuleKind::kSubmission, fields_->request_id}, *verified_, input_,
                                          flow_.settings_.limits, command.report, command.evidence);
    if (!kept) return fail(kept.error());
    command.signers = flow_.signers_of(verified_->report, *facts_, command.evidence);
    auto self = shared_from_this();
    flow_.parts_.registry.submit(std::move(command), [self](base::Result<Registered> registered) {
      if (!registered) return self->fail(registered.error());
      if (registered->repetition == Repetition::kRepeat) {
        // The same was on its way already and came first; reading may block, and not here.
        self->registered_ = *std::move(registered);
        return self->post(self->flow_.parts_.looking_up, &SubmissionJob::answer_first, Begun::kYes);
      }
      std::exchange(self->done_,
                    nullptr)(SubmissionOutcome{*std::move(registered), std::move(self->verified_->report), {}});
    });
  }

  Flow& flow_;
  Submission submission_;
  Done<SubmissionOutcome> done_;
  base::Time now_;
  std::shared_ptr<const verify::Facts> facts_;
  std::optional<ApplicationFields> fields_;
  verify::JudgeInput input_;
  Errors rule_errors_;
  std::optional<verify::evidence::Verified> verified_;
  std::optional<Registered> registered_;
};

void Flow::submit(Submission submission, Done<SubmissionOutcome> done) {
  std::make_shared<SubmissionJob>(*this, std::move(submission), std::move(done))->start();
}

void Flow::check_certificate(CertificateQuestion question, Done<verify::Report> done) {
  verify::JudgeInput input = input_for(pki::TrustPurpose::kApplicant, parts_.clock.now());
  input.candidates = std::move(question.intermediates);
  if (question.claim) {
    input.expected = expectation_of(question.claim->kind, question.claim->number);
    input.expected.roles = roles_for(settings_.entitlement, capacity_of(question.claim->kind));
  }
  verify::evidence::Task task{.subject = std::move(question.certificate),
                              .input = std::move(input),
                              .evidence = local_evidence(),
                              .deadline = deadline(),
                              .limits = settings_.limits};
  auto shared = std::make_shared<Done<verify::Report>>(std::move(done));
  const auto begun =
      parts_.verifier.verify(std::move(task), [shared](Worker&, base::Result<verify::evidence::Verified> verified) {
        if (!verified) return (*shared)(std::unexpected(verified.error()));
        (*shared)(std::move(verified->report));
      });
  if (!begun) (*shared)(std::unexpected(begun.error()));
}

namespace {
// As many as there are algorithms, at most.
constexpr std::uint64_t kDigestsOfContent = 16;
}  // namespace

base::Result<verify::JudgeInput> Flow::input_of(VerifyQuestion& question) const {
  if (question.policy == pki::PolicyId::kConformance) {
    // DESIGN 3: a policy for test vectors is no basis for anybody's decision.
    return base::fail(Code::kInputMember, {{"member", "policy"}, {"expected", "kz-submission or kz-archive"}});
  }
  verify::JudgeInput input = input_for(pki::TrustPurpose::kApplicant, parts_.clock.now());
  const verify::Policy defaults = verify::policy_for(question.policy);
  input.policy.id = defaults.id;
  input.policy.coverage = defaults.coverage;
  input.policy.revocation = question.revocation;
  input.expected = std::move(question.expected);
  input.candidates = std::move(question.intermediates);
  return input;
}

void Flow::augment(AugmentQuestion question, Done<verify::evidence::Augmented> done) {
  auto input = input_of(question.of);
  if (!input) return done(std::unexpected(input.error()));
  auto task = std::make_shared<verify::evidence::AugmentTask>(verify::evidence::AugmentTask{
      .document = std::make_shared<const base::Bytes>(std::move(question.of.document)),
      .detached =
          question.of.detached ? std::make_shared<const base::Bytes>(*std::move(question.of.detached)) : nullptr,
      .level = question.level,
      .input = *std::move(input),
      .evidence = local_evidence(),
      .limits = settings_.limits});
  auto shared = std::make_shared<Done<verify::evidence::Augmented>>(std::move(done));
  const auto posted = parts_.lifting.post([this, task, shared](Worker&) {
    // From when it is its turn: what waits in the queue is refused by the queue's length.
    task->deadline = std::chrono::steady_clock::now() + kAugmentRounds * settings_.verification_deadline;
    (*shared)(parts_.augmenter.augment(*task));
  });
  if (!posted) (*shared)(std::unexpected(posted.error()));
}

void Flow::verify(VerifyQuestion question, Done<verify::Report> done) {
  auto made = input_of(question);
  if (!made) return done(std::unexpected(made.error()));
  verify::JudgeInput input = *std::move(made);
  verify::evidence::DocumentSubject subject{
      .document = std::make_shared<const base::Bytes>(std::move(question.document)), .detached = nullptr};
  if (question.detached) subject.detached = std::make_shared<const base::Bytes>(*std::move(question.detached));
  subject.digested = std::move(question.digested);
  subject.large = std::move(question.large);
  auto job = std::make_shared<Receipted>(
      Receipted{.scope = std::move(question.scope), .input = input, .facts = nullptr, .done = std::move(done)});
  verify::evidence::Task task = task_of(std::move(subject), std::move(input));
  // Digested already, while it arrived, each digest once: what is charged now costs nothing any more.
  const auto& streamed = std::get<verify::evidence::DocumentSubject>(task.subject);
  if (streamed.digested) task.limits.max_digested_bytes += kDigestsOfContent * streamed.digested->size_bytes;
  if (streamed.large && streamed.large->content) {
    task.limits.max_digested_bytes += kDigestsOfContent * streamed.large->content->size_bytes;
  }
  const auto begun =
      parts_.verifier.verify(std::move(task), [this, job](Worker&, base::Result<verify::evidence::Verified> verified) {
        if (!verified) return job->done(std::unexpected(verified.error()));
        // A receipt changes nothing for what is accepted, and most is.
        if (verified->report.outcome.decision == verify::Decision::kAccept)
          return job->done(std::move(verified->report));
        job->facts = verified->facts;
        const auto report = std::make_shared<verify::Report>(std::move(verified->report));
        const auto posted = parts_.looking_up.post([this, job, report](Worker&) { judge_with_receipt(job, *report); });
        if (!posted) job->done(std::unexpected(posted.error()));
      });
  if (!begun) job->done(std::unexpected(begun.error()));
}

// On the pool that may wait for the registry: judged again when the registry stored this very document.
void Flow::judge_with_receipt(const std::shared_ptr<Receipted>& job, verify::Report& report) {
  const auto receipt = parts_.registry.receipt(job->scope, job->facts->document);
  if (!receipt) return job->done(std::unexpected(receipt.error()));
  // A detached signature's content is not what was stored.
  if (!*receipt || job->facts->detached) return job->done(std::move(report));
  job->input.existed_at = **receipt;
  const auto begun = parts_.verifier.verify(task_of(verify::evidence::FactsSubject{job->facts}, job->input),
                                            [job](Worker&, base::Result<verify::evidence::Verified> verified) {
                                              if (!verified) return job->done(std::unexpected(verified.error()));
                                              job->done(std::move(verified->report));
                                            });
  if (!begun) job->done(std::unexpected(begun.error()));
}

verify::evidence::Task Flow::task_of(verify::evidence::Subject subject, verify::JudgeInput input) const {
  return {.subject = std::move(subject),
          .input = std::move(input),
          .evidence = local_evidence(),
          .deadline = deadline(),
          .limits = settings_.limits};
}

}  // namespace tanba::licensing::flow
