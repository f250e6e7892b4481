// The use cases of flow 1: rules, verification, registry and keys tied together.
//
//   submit            application -> report -> registered, refused, or "try again"
//   check_certificate condition 3 asked of the chosen certificate before anything is signed
//   verify            any signed document, for a portal that only asks
//   augment           the same lifted to a level that is good for longer
//   prepare … finish  decision -> intent -> signed document -> registry
//   challenge, log_in an officer proves possession of the key
//
// Answers come on threads of the flow's own pools and must not block. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "licensing/calendar.h"
#include "licensing/entitlement.h"
#include "licensing/flow/challenges.h"
#include "licensing/flow/documents.h"
#include "licensing/ports.h"
#include "licensing/registry/registry.h"
#include "licensing/services.h"
#include "tokens/client/client.h"
#include "verify/evidence/augment.h"
#include "verify/evidence/verifier.h"

namespace tanba::licensing::flow {

struct Settings {
  Services services;
  EntitlementPolicy entitlement;
  CheckDigitRule check_digit = CheckDigitRule::kRequired;
  Demo demo = Demo::kNo;
  std::string host;  // that challenges are bound to
  verify::Policy policy = verify::policy_for(pki::PolicyId::kKzSubmission);
  base::Limits limits;
  base::Seconds application_max_age = std::chrono::days(1);
  base::Seconds challenge_lifetime{120};
  std::chrono::milliseconds verification_deadline{15'000};
  std::chrono::milliseconds keyd_timeout{10'000};
};

// What the flow works with; all outlive it.
struct Parts {
  registry::Registry& registry;
  verify::evidence::Workers& verifying;   // CPU only: nothing blocks there
  verify::evidence::Workers& looking_up;  // reads of the registry
  verify::evidence::Workers& desk;        // decisions: may wait for a source
  verify::evidence::Workers& key_desk;    // decisions that wait for the key server, which may hang
  verify::evidence::Workers& lifting;     // augmentation: waits for time-stamp authorities and sources
  verify::evidence::Verifier& verifier;
  const verify::evidence::Augmenter& augmenter;
  tokens::client::KeyServer* keys;  // null: no key server
  const Calendar& calendar;
  Payments& payments;
  const base::Clock& clock;
  std::function<pki::TrustSnapshotPtr()> trust;  // the snapshot in force
};

struct Submission {
  Caller caller;
  std::optional<ApplicantClaim> claim;
  base::Bytes document;  // XML with an enveloped signature, or CMS whose content is the XML
  std::vector<base::Bytes> attachments;
};
// Registered exactly when report.outcome says accept. For a repeat the report is the first one, as it was stored.
struct SubmissionOutcome {
  std::optional<Registered> registered;
  verify::Report report;
  std::optional<std::string> first_report;  // canonical JSON, for a repeat
};

struct CertificateQuestion {
  pki::CertificatePtr certificate;
  std::vector<pki::CertificatePtr> intermediates;
  std::optional<ApplicantClaim> claim;
};

struct VerifyQuestion {
  // Whose applications and decisions count as receipts: a document that the registry stored for this caller is judged
  // for the time at which it was stored (DESIGN 3, "Time").
  Scope scope;
  base::Bytes document;
  std::optional<base::Bytes> detached;
  std::optional<cms::DigestedContent> digested;     // instead of `detached`: content that was digested while it arrived
  std::shared_ptr<const cms::LargeDocument> large;  // instead of `document`: one that was digested while it arrived
  verify::Expectation expected;
  pki::PolicyId policy = pki::PolicyId::kKzSubmission;  // never kConformance: input.member
  verify::RevocationMode revocation = verify::RevocationMode::kRequire;
  std::vector<pki::CertificatePtr> intermediates;
};

struct AugmentQuestion {
  VerifyQuestion of;  // no receipt counts: what is given out must be good by itself
  verify::evidence::Level level = verify::evidence::Level::kBLT;
};

struct DecisionRequest {
  Officer officer;
  std::string application;
  DecisionTerms terms;
  SigningMode mode = SigningMode::kWorkstation;
};
struct PreparedDecision {
  Intent intent;
  base::Bytes document;       // to be signed: enveloped XML-DSig over exactly this
  std::string approval_text;  // key server: the officer signs these octets as a CMS; empty on a workstation
};
struct FinishedDecision {
  Decided decided;
  base::Bytes document;  // signed
  std::string report;    // canonical JSON of its verification
};
// A signature by officer or key server that does not pass: the report says why, nothing was stored. What was decided
// before (finished->decided.repetition) comes with its stored report, and `report` is empty.
struct DecisionOutcome {
  std::optional<FinishedDecision> finished;
  verify::Report report;
};

struct LogIn {
  std::optional<Officer> person;  // nothing: refused, the report says why
  verify::Report report;
};

// What the evidence at hand says of a certificate's revocation now.
struct CertificateStanding {
  std::string subject;
  bool expired = false;
  std::optional<verify::RevocationEntry> entry;  // the worst; nothing: not known
  Errors errors;                                 // of the whole judgement: why it is not known, or what else is wrong
};
// A certificate by which something was signed here.
struct SeenCertificate {
  registry::CertificateRow row;
  CertificateStanding standing;
  std::vector<registry::TouchedRow> touched;  // at most kMaxTouched
};
inline constexpr unsigned kMaxLookUp = 50;    // certificates of one answer: each is judged
inline constexpr unsigned kMaxTouched = 500;  // as the registry's pages

class Flow {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<Flow>> make(Settings settings, Parts parts);
  ~Flow();
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  void submit(Submission submission, Done<SubmissionOutcome> done);
  void check_certificate(CertificateQuestion question, Done<verify::Report> done);
  void verify(VerifyQuestion question, Done<verify::Report> done);
  // Errors as Augmenter::augment; server.busy.
  void augment(AugmentQuestion question, Done<verify::evidence::Augmented> done);

  // registry.not_found for an application of another licensor; what propose_decision refuses; registry.*;
  // keyd.unknown_key when the licensor has no key there. The same request again gives the intent that waits;
  // intent.state when that has expired: it is abandoned first.
  void prepare_decision(DecisionRequest request, Done<PreparedDecision> done);
  // Key server: the CMS over approval_text of the officer who prepared (auth.denied to a colleague). It is verified
  // like a log-in (path, revocation, holds, IIN, BIN, role, listing) before anybody acts by it; then the intent is
  // approved, signed, verified and committed. Repeated with the same intent it goes on where it stopped. An approval
  // that the key server refuses (keyd.approval, keyd.approver) leaves the intent prepared, for another one. The key is
  // asked only while the decision can still be issued: the licence to be replaced, the officer's listing, the key's
  // certificate. What was signed and then cannot be issued is voided.
  void approve(Officer officer, std::string intent, base::Bytes approval, Done<DecisionOutcome> done);
  // Workstation: the prepared document with the officer's signature.
  void accept_signature(Officer officer, std::string intent, base::Bytes document, Done<DecisionOutcome> done);
  // Given up for ever. What the key server may have been asked about only when it answers that it did not sign it and
  // will not: keyd.unreachable, server.deadline; intent.state when it was signed.
  void abandon(Officer officer, std::string intent, std::string note, Done<Intent> done);

  // A challenge document (docs/schema/login-challenge-1.xsd), good once and for a short time.
  [[nodiscard]] base::Result<std::string> challenge();
  // `document`: the challenge, signed, by somebody listed as `kind`. auth.challenge when it is unknown, used, too old
  // or another host's.
  void log_in(base::Bytes document, registry::StaffKind kind, Done<LogIn> done);

  // Reads of the registry, on the pool for that. The function gets the registry and must not throw.
  void look_up(std::move_only_function<void(registry::Registry&)> read,
               std::move_only_function<void(base::Error)> refused);

  // For security staff: over all licensors, and in the journal. Blocks, for as long as judging the certificates with
  // what is at hand takes. `query.limit`: at most kMaxLookUp.
  [[nodiscard]] base::Result<std::vector<SeenCertificate>> look_up_certificates(const registry::CertificateQuery& query,
                                                                                const Caller& by);

  // Takes over the holds in force. Blocks; the caller repeats it.
  [[nodiscard]] base::Status refresh_holds();
  // Finishes what a crash or an outage left in the state `signing`: asks the key server what became of each. Returns
  // how many are still open. A key that does not answer in time is asked once, the others go on; the round ends when
  // the key server itself is silent, and before the next intent when `ended` says so. Blocks; the caller repeats it.
  [[nodiscard]] std::size_t recover(const std::function<bool()>& ended = [] { return false; });

  [[nodiscard]] const Settings& settings() const { return settings_; }
  // The calendar's day now.
  [[nodiscard]] Date today() const { return parts_.calendar.local_date(parts_.clock.now()); }

 private:
  class SubmissionJob;
  Flow(Settings settings, Parts parts, Schemas schemas);

  [[nodiscard]] verify::JudgeInput input_for(pki::TrustPurpose purpose, base::Time now) const;
  // input.member for a policy that is no basis for a decision.
  [[nodiscard]] base::Result<verify::JudgeInput> input_of(VerifyQuestion& question) const;
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;
  [[nodiscard]] base::Result<std::vector<EvidenceItem>> evidence_of(const verify::Report& report,
                                                                    const verify::EvidenceSet& evidence) const;
  [[nodiscard]] verify::EvidenceSet local_evidence() const;
  // Who signed, by the report's findings; their certificates join the evidence.
  [[nodiscard]] std::vector<SignerCertificate> signers_of(const verify::Report& report, const verify::Facts& facts,
                                                          std::vector<EvidenceItem>& evidence) const;
  [[nodiscard]] base::Result<CertificateStanding> standing_of(const registry::CertificateRow& row);

  [[nodiscard]] verify::evidence::Task task_of(verify::evidence::Subject subject, verify::JudgeInput input) const;

  // A question about a document that was not accepted as it stands, while the registry is asked for its receipt.
  struct Receipted {
    Scope scope;
    verify::JudgeInput input;
    std::shared_ptr<const verify::Facts> facts;
    Done<verify::Report> done;
  };
  void judge_with_receipt(const std::shared_ptr<Receipted>& job, verify::Report& report);

  // On the desk's threads.
  using Worker = verify::evidence::Worker;
  [[nodiscard]] base::Result<PreparedDecision> prepare_now(Worker& worker, DecisionRequest& request);
  [[nodiscard]] PreparedDecision prepared_answer(Intent intent, base::Bytes document) const;
  [[nodiscard]] base::Result<DecisionOutcome> approve_now(Worker& worker, const Officer& officer, const std::string& id,
                                                          base::Bytes approval);
  [[nodiscard]] base::Result<verify::evidence::Verified> verify_approval(const Intent& intent, base::Bytes approval);
  [[nodiscard]] base::Status check_seal(const std::string& licensor_bin, const tokens::client::KeyDescription& key);
  [[nodiscard]] base::Status check_still_wanted(const Intent& intent);
  [[nodiscard]] base::Status void_signed(const Intent& intent, const base::Bytes& document,
                                         const verify::Report& report, const base::Error& why);
  [[nodiscard]] base::Result<tokens::client::Signed> ask_to_sign(const Intent& intent);
  [[nodiscard]] base::Result<DecisionOutcome> sign_and_commit(Worker& worker, const Intent& intent);
  [[nodiscard]] base::Result<DecisionOutcome> accept_now(Worker& worker, const Officer& officer, const std::string& id,
                                                         base::Bytes document);
  [[nodiscard]] base::Result<SignerWord> ask_to_cancel(const Intent& intent);
  [[nodiscard]] base::Status note_cancelled(const Intent& intent);
  [[nodiscard]] base::Result<Intent> abandon_now(const Officer& officer, const std::string& id, std::string note);
  [[nodiscard]] base::Result<DecisionOutcome> verify_and_commit(Intent intent, base::Bytes document);
  [[nodiscard]] base::Result<DecisionOutcome> decided_before(const Intent& intent);
  [[nodiscard]] base::Result<Intent> intent_of(const Officer& officer, const std::string& id);
  [[nodiscard]] base::Result<tokens::client::KeyDescription> key_of(const std::string& licensor_bin,
                                                                    DecisionKind kind) const;
  [[nodiscard]] tokens::client::Intent key_intent(const Intent& intent) const;

  void remember_chain(const std::string& person, const verify::Facts& facts);
  [[nodiscard]] std::vector<pki::CertificatePtr> chain_of(const std::string& person);

  Settings settings_;
  Parts parts_;
  Schemas schemas_;
  std::atomic<std::shared_ptr<const std::vector<verify::LocalHold>>> holds_;
  Challenges challenges_;
  // What came with each one's last log-in, by staff id. A CMS by NCALayer has the signer's certificate alone; the
  // authority's was in the XML signature of the log-in.
  std::mutex chains_mutex_;
  std::map<std::string, std::vector<pki::CertificatePtr>, std::less<>> login_chains_;
};

}  // namespace tanba::licensing::flow
