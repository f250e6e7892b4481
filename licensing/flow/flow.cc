#include "licensing/flow/flow.h"

#include <algorithm>
#include <set>
#include <utility>

#include "licensing/flow/findings.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kChallengeKeyBytes = 32;

Capacity capacity_of(registry::StaffKind kind) {
  switch (kind) {
    case registry::StaffKind::kOfficer:
      return Capacity::kOfficer;
    case registry::StaffKind::kOperator:
      return Capacity::kOperator;
    case registry::StaffKind::kSecurity:
      return Capacity::kSecurity;
  }
  std::unreachable();
}

}  // namespace

base::Result<std::unique_ptr<Flow>> Flow::make(Settings settings, Parts parts) {
  TANBA_TRY(Schemas schemas, Schemas::compile());
  std::unique_ptr<Flow> flow(new Flow(std::move(settings), std::move(parts), std::move(schemas)));
  TANBA_CHECK(flow->refresh_holds());
  return flow;
}

Flow::Flow(Settings settings, Parts parts, Schemas schemas)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      schemas_(std::move(schemas)),
      challenges_({.host = settings_.host,
                   .lifetime = settings_.challenge_lifetime,
                   .key = base::Secret(verify::evidence::random_octets(kChallengeKeyBytes))}) {}

Flow::~Flow() = default;

verify::JudgeInput Flow::input_for(pki::TrustPurpose purpose, base::Time now) const {
  verify::JudgeInput input;
  input.trust = parts_.trust();
  input.policy = settings_.policy;
  // What officers sign is the daemon's own form, XML-DSig; the rule is for what applicants bring.
  if (purpose != pki::TrustPurpose::kApplicant) {
    input.policy.certificate_reference = verify::CertificateReferenceRule::kOptional;
  }
  input.now = now;
  input.trust_purpose = purpose;
  return input;
}

std::chrono::steady_clock::time_point Flow::deadline() const {
  return std::chrono::steady_clock::now() + settings_.verification_deadline;
}

verify::EvidenceSet Flow::local_evidence() const {
  verify::EvidenceSet evidence;
  if (const auto holds = holds_.load()) {
    for (const verify::LocalHold& hold : *holds) evidence.add(hold);
  }
  return evidence;
}

base::Status Flow::refresh_holds() {
  TANBA_TRY(const std::vector<registry::Hold> rows, parts_.registry.holds(registry::Registry::HoldFilter::kInForce));
  auto holds = std::make_shared<std::vector<verify::LocalHold>>();
  for (const registry::Hold& row : rows) {
    holds->push_back({.over = verify::LocalHold::Over::kSerial,
                      .value = row.serial,
                      .issuer = row.issuer,
                      .since = row.placed_at,
                      .reason = row.reason});
  }
  holds_.store(std::move(holds));
  return {};
}

// The answers that the report names, and every list that was at hand: the capsule holds the answers itself, the lists
// by digest. The octets are those that were judged with, whatever the sources gave since.
base::Result<std::vector<EvidenceItem>> Flow::evidence_of(const verify::Report& report,
                                                          const verify::EvidenceSet& evidence) const {
  std::vector<EvidenceItem> items;
  std::set<std::string> named_there;
  const auto take = [&](const verify::Finding& finding) {
    for (const verify::RevocationEntry& entry : finding.revocation) named_there.insert(entry.evidence);
    for (const verify::TimestampFinding& one : finding.timestamps) {
      for (const verify::RevocationEntry& entry : one.result.revocation) named_there.insert(entry.evidence);
    }
  };
  for (const verify::Finding& finding : report.findings) {
    take(finding);
    for (const verify::CounterSignatureFinding& one : finding.counter_signatures) take(one.result);
  }
  const auto named = [&](const base::Digest& id) { return named_there.contains(id.hex()); };
  for (const verify::OcspItem& item : evidence.ocsp()) {
    if (named(item.id)) items.push_back({"ocsp", item.id, *item.octets});
  }
  for (const verify::CrlItem& item : evidence.crls()) {
    // Lists are large and serve many documents: the store has most of them already, and makes sure of it.
    EvidenceItem kept{"crl", item.id, {}};
    if (item.octets) kept.read = [octets = item.octets, id = item.id] { return octets->read(id); };
    if (!item.octets && parts_.registry.documents().find(item.id) == registry::DocumentStore::Presence::kAbsent) {
      return base::fail(Code::kCapsuleIncomplete, {{"digest", item.id.hex()}});
    }
    items.push_back(std::move(kept));
  }
  return items;
}

void Flow::look_up(std::move_only_function<void(registry::Registry&)> read,
                   std::move_only_function<void(base::Error)> refused) {
  const base::Status posted =
      parts_.looking_up.post([this, read = std::move(read)](Worker&) mutable { read(parts_.registry); });
  if (!posted) refused(posted.error());
}

base::Result<std::string> Flow::challenge() {
  return challenges_.make(parts_.clock.now());
}

void Flow::remember_chain(const std::string& person, const verify::Facts& facts) {
  const std::scoped_lock lock(chains_mutex_);
  login_chains_[person] = facts.content.certificates;
}

std::vector<pki::CertificatePtr> Flow::chain_of(const std::string& person) {
  const std::scoped_lock lock(chains_mutex_);
  const auto found = login_chains_.find(person);
  return found == login_chains_.end() ? std::vector<pki::CertificatePtr>() : found->second;
}

void Flow::log_in(base::Bytes document, registry::StaffKind kind, Done<LogIn> done) {
  auto shared = std::make_shared<Done<LogIn>>(std::move(done));
  verify::evidence::Task task{
      .subject = verify::evidence::DocumentSubject{.document = std::make_shared<const base::Bytes>(std::move(document)),
                                                   .detached = nullptr,
                                                   .keep_octets = pki::KeepOctets::kYes,
                                                   .kind = verify::DocumentKind::kLoginChallenge},
      .input = input_for(pki::TrustPurpose::kOfficer, parts_.clock.now()),
      .evidence = local_evidence(),
      .deadline = deadline(),
      .limits = settings_.limits};
  const auto conclude = [this, kind](verify::evidence::Verified verified) -> base::Result<LogIn> {
    const base::Bytes* octets = whole_signed_octets(*verified.facts);
    Schemas::Challenge challenge;
    if (octets != nullptr) {
      TANBA_TRY(challenge, schemas_.read_login_challenge(*octets));
      TANBA_CHECK(challenges_.check(challenge, parts_.clock.now()));
    }
    if (verified.report.outcome.decision != verify::Decision::kAccept) return LogIn{{}, std::move(verified.report)};
    if (verified.report.findings.size() != 1 || octets == nullptr) return base::fail(Code::kAuthChallenge);
    const pki::Identity& identity = verified.report.findings.front().certificate->identity;
    auto staff = parts_.registry.find_staff(kind, identity.iin.value_or(""), identity.bin.value_or(""));
    if (!staff && staff.error().code() != Code::kRoleNotListed) return base::fail(staff.error());
    const SignerIdentity signer = signature_findings(verified.report, *verified.facts).front().signer;
    const Listing listing = staff ? staff->person.listing : Listing::kNotListed;
    Errors errors = check_entitlement(settings_.entitlement, capacity_of(kind), signer,
                                      staff ? staff->person.bin : std::string(), listing);
    if (!staff) errors.assign(1, staff.error());
    add_errors(verified.report, errors);
    LogIn answer{{}, std::move(verified.report)};
    if (!errors.empty()) return answer;
    // Only now: what strangers sign, well or badly, uses up nothing.
    TANBA_CHECK(challenges_.use(challenge, staff->person.id, parts_.clock.now()));
    answer.person = staff->person;
    remember_chain(staff->person.id, *verified.facts);
    return answer;
  };
  const auto begun = parts_.verifier.verify(
      std::move(task), [this, shared, conclude](Worker&, base::Result<verify::evidence::Verified> verified) {
        if (!verified) return (*shared)(std::unexpected(verified.error()));
        auto kept = std::make_shared<verify::evidence::Verified>(*std::move(verified));
        // The registry is read on the pool that may wait for it.
        const auto posted =
            parts_.looking_up.resume([shared, conclude, kept](Worker&) { (*shared)(conclude(std::move(*kept))); });
        if (!posted) (*shared)(std::unexpected(posted.error()));
      });
  if (!begun) (*shared)(std::unexpected(begun.error()));
}

}  // namespace tanba::licensing::flow
