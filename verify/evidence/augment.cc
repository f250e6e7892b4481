#include "verify/evidence/augment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "verify/evidence/augment_format.h"
#include "verify/evidence/augment_values.h"
#include "verify/level.h"

namespace tanba::verify::evidence {
namespace {

using base::Bytes;
using base::Code;
using base::Error;
using base::Result;

constexpr std::array<std::string_view, 3> kLevelNames = {"B-B", "B-T", "B-LT"};

// What a signature has of a level, whether or not it was made as one of the baseline: what it lacks of that (which
// nobody but its signer could add) is no reason to let its evidence go.
Level level_of(const Verified& verified, std::size_t i) {
  const pki::DocumentFacts& document = verified.facts->content;
  return static_cast<Level>(lasting_in(document, document.signatures.at(i), verified.report.findings.at(i)));
}

std::unexpected<Error> not_reached(Level level, std::string reason) {
  while (reason.ends_with('.')) reason.pop_back();
  return base::fail(Code::kAugmentLevel, {{"level", std::string(to_string(level))}, {"reason", std::move(reason)}});
}

std::unexpected<Error> lacking(std::string what) {
  while (what.ends_with('.')) what.pop_back();
  return base::fail(Code::kAugmentEvidence, {{"what", std::move(what)}});
}

std::string first_reason(const Report& report) {
  const std::vector<LocatedError> errors = all_errors(report);
  return errors.empty() ? std::string("-") : errors.front().error.message();
}

// The last end among everything that the report rests on.
base::Time last_end(const Report& report) {
  base::Time last = report.validation_time;
  const auto take = [&](const Finding& finding) {
    for (const CertificateSummary& certificate : finding.chain) last = std::max(last, certificate.not_after);
  };
  for (const Finding& finding : report.findings) {
    take(finding);
    for (const TimestampFinding& timestamp : finding.timestamps) take(timestamp.result);
  }
  return last;
}

// One document on its way.
class Lifting {
 public:
  Lifting(Workers& workers, Verifier& verifier, const TimeStamper* stamper, const AugmentTask& task)
      : verifier_(verifier),
        stamper_(stamper),
        task_(task),
        input_(task.input),
        nothing_kept_(Store::Options{}),
        alone_(workers, nullptr, nothing_kept_) {
    if (task_.level == Level::kBLT) input_.policy.revocation = RevocationMode::kRequire;
  }

  Result<Augmented> run() {
    TANBA_TRY(verified_, verify(*task_.document));
    if (!accepted()) return Augmented{.document = std::nullopt, .report = std::move(verified_.report)};
    TANBA_TRY(document_, without_armour(*task_.document));
    TANBA_CHECK(stamp_all());
    if (task_.level == Level::kBLT) {
      TANBA_CHECK(put_values());
    }
    return finish();
  }

 private:
  [[nodiscard]] bool accepted() const { return verified_.report.outcome.decision == Decision::kAccept; }
  [[nodiscard]] pki::DocumentFormat format() const { return verified_.facts->content.format; }
  [[nodiscard]] static bool has_level(const Verified& verified, Level level) {
    for (std::size_t i = 0; i < verified.report.findings.size(); ++i) {
      if (level_of(verified, i) < level) return false;
    }
    return true;
  }

  [[nodiscard]] Task task_for(const Bytes& document) const {
    return {.subject = DocumentSubject{.document = std::make_shared<const Bytes>(document), .detached = task_.detached},
            .input = input_,
            .evidence = task_.evidence,
            .fetching = task_.fetching,
            .deadline = task_.deadline,
            .limits = task_.limits};
  }

  Result<Verified> verify(const Bytes& document) { return verifier_.verify_and_wait(task_for(document)); }

  // By nothing but the document and the anchors.
  Result<Verified> verify_alone(base::Time now) {
    Task task = task_for(document_);
    task.evidence = {};
    task.fetching = Fetching::kAtHandOnly;
    task.input.now = now;
    task.input.existed_at.reset();
    task.input.candidates.clear();
    const auto anchors = input_.trust->anchors();
    task.input.trust = pki::TrustSnapshot::make({anchors.begin(), anchors.end()}, {});
    return alone_.verify_and_wait(std::move(task));
  }

  base::Status stamp_all() {
    if (task_.level < Level::kBT || has_level(verified_, Level::kBT)) return {};
    if (stamper_ == nullptr || !stamper_->has_authorities()) {
      return not_reached(Level::kBT, "no time-stamp authority is named");
    }
    for (std::size_t i = 0; i < verified_.report.findings.size(); ++i) {
      if (level_of(verified_, i) >= Level::kBT) continue;
      TANBA_TRY(Bytes octets,
                octets_to_stamp(format(), document_, {i, verified_.report.findings.size()}, task_.limits));
      TANBA_TRY(const TimeStamp stamp, stamper_->request(std::make_shared<const Bytes>(std::move(octets)), input_,
                                                         task_.evidence, task_.deadline));
      TANBA_TRY(document_,
                add_timestamp(format(), document_, {i, verified_.report.findings.size()}, stamp.token, task_.limits));
    }
    TANBA_TRY(verified_, verify(document_));
    // As where another signature covers the one that was changed.
    if (!accepted()) return not_reached(Level::kBT, first_reason(verified_.report));
    return {};
  }

  base::Status put_values() {
    for (std::size_t i = 0; i < verified_.report.findings.size(); ++i) {
      const Finding& finding = verified_.report.findings[i];
      if (level_of(verified_, i) >= Level::kBLT) continue;
      TANBA_TRY(const SignatureValues values, values_of(verified_, finding, input_));
      if (values.signer.empty() && values.timestamps.empty()) continue;
      TANBA_TRY(document_,
                add_values(format(), document_, {i, verified_.report.findings.size()}, values, task_.limits));
    }
    return {};
  }

  Result<Augmented> finish() {
    if (task_.level < Level::kBLT) {
      if (!has_level(verified_, task_.level)) return not_reached(task_.level, "the time stamp does not hold");
      return Augmented{.document = std::move(document_), .report = std::move(verified_.report)};
    }
    TANBA_TRY(Verified alone, verify_alone(input_.now));
    if (alone.report.outcome.decision == Decision::kRefuse) return not_reached(task_.level, first_reason(alone.report));
    if (alone.report.outcome.decision != Decision::kAccept) return lacking(first_reason(alone.report));
    if (!has_level(alone, task_.level)) return lacking("what would suffice by itself, years later");
    TANBA_TRY(const Verified later, verify_alone(last_end(alone.report) + base::Seconds(86400)));
    if (later.report.outcome.decision != Decision::kAccept) return lacking(first_reason(later.report));
    return Augmented{.document = std::move(document_), .report = std::move(alone.report)};
  }

  Verifier& verifier_;
  const TimeStamper* stamper_;
  const AugmentTask& task_;
  JudgeInput input_;
  Store nothing_kept_;
  Verifier alone_;
  Verified verified_;
  Bytes document_;
};

}  // namespace

std::string_view to_string(Level level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

Result<Level> parse_level(std::string_view name) {
  const auto* const found = std::ranges::find(kLevelNames, name);
  if (found != kLevelNames.end()) return static_cast<Level>(found - kLevelNames.begin());
  return base::fail(Code::kInputMember, {{"member", "level"}, {"expected", "B-B, B-T or B-LT"}});
}

Result<Augmented> Augmenter::augment(const AugmentTask& task) const {
  return Lifting(workers_, verifier_, stamper_, task).run();
}

}  // namespace tanba::verify::evidence
