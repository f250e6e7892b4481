#include "verify/capsule_check.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "cms/inspect.h"
#include "cms/oids.h"
#include "cms/tsp/token.h"
#include "verify/claim.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;

// Clocks of whoever judged, whoever sealed and whoever stamped may differ by this much (as in FreshnessRules).
constexpr base::Seconds kMaxSkew{300};

bool is_internal(const Error& error) {
  return base::info(error.code()).effect == base::Effect::kInternal;
}

// The first member in which two reports differ: what a person looks at.
std::string first_difference(std::string_view stored, std::string_view replayed) {
  const auto a = base::parse_json(stored, {.max_size_bytes = kMaxReportBytes});
  const auto b = base::parse_json(replayed, {.max_size_bytes = kMaxReportBytes});
  if (!a || !b || !a->is_object() || !b->is_object()) return "not a report";
  for (const auto& [name, value] : b->get_object()) {
    const auto* other = a->get_object().if_contains(name);
    if (other == nullptr || *other != value) return name;
  }
  return "its form";
}

class Checker {
 public:
  Checker(pki::Context& context, const CapsuleQuestion& question, const CapsuleFile& file, CapsuleVerdict& verdict)
      : context_(context), question_(question), file_(file), verdict_(verdict) {}

  base::Status run() {
    verdict_.manifest = file_.manifest;
    verdict_.name = base::sha256(base::as_bytes(file_.manifest_text));
    verdict_.report = std::string(file_.report);
    if (question_.document && *question_.document != file_.manifest.document) refuse(Error(Code::kCapsuleDocument));
    TANBA_CHECK(judge_again());
    TANBA_CHECK(inspect_seal());
    TANBA_CHECK(check_stamps());
    return check_seal();
  }

 private:
  void refuse(Error error) { append(verdict_.errors, {std::move(error)}); }

  base::Status judge_again() {
    auto replayed = replay(context_, file_, question_.input.evidence);
    if (!replayed) return note(std::unexpected(replayed.error()));
    TANBA_CHECK(note(check_report(file_, *replayed)));
    verdict_.replayed = *std::move(replayed);
    return {};
  }

  // A verdict about the capsule, or our own fault.
  base::Status note(const base::Status& status) {
    if (status) return {};
    if (is_internal(status.error())) return status;
    refuse(status.error());
    return {};
  }

  // What a report refuses for, in the capsule's code; what is only missing stays what it is: it may still come.
  void take(const Report& report, Code code, const std::string& which) {
    if (report.outcome.decision == Decision::kAccept) return;
    const std::vector<LocatedError> all = all_errors(report);
    if (report.outcome.decision == Decision::kRetry) {
      for (const LocatedError& one : all) refuse(one.error);
    } else {
      refuse(Error(code, {{"reason", which + all.front().error.message()}}, all.front().error.cause()));
    }
  }

  // Each time stamp is judged for the time of the one after it, which proves that it existed then (RFC 4998 5.3); the
  // last one for now.
  base::Status check_stamps() {
    verdict_.stamps.resize(file_.stamps.size());
    std::optional<base::Time> proved = question_.input.existed_at;
    for (std::size_t i = file_.stamps.size(); i-- > 0;) {
      TANBA_TRY(const pki::TimestampFacts facts, inspect_stamp(file_.stamps[i]));
      JudgeInput input = question_.input;
      input.existed_at = proved;
      // The authorities of seal and time stamps are often the same.
      if (seal_) {
        const auto& carried = seal_->content.certificates;
        input.candidates.insert(input.candidates.end(), carried.begin(), carried.end());
      }
      base::Budget budget{base::Limits{}};
      TANBA_TRY(Judgement judgement, judge_timestamp(context_, nullptr, facts, input, budget));
      verdict_.stamps[i] = std::move(judgement.report);
      const std::string which = std::to_string(i + 1) + ": ";
      take(verdict_.stamps[i], Code::kCapsuleTimeStamp, which);
      const bool holds = verdict_.stamps[i].outcome.decision == Decision::kAccept;
      if (holds && proved && facts.gen_time > *proved + kMaxSkew) {
        refuse(Error(Code::kCapsuleTimeStamp, {{"reason", which + "it is younger than the one after it"}}));
      }
      if (holds) proved = facts.gen_time;
    }
    proved_ = proved;
    if (file_.seal && file_.stamps.empty()) verdict_.warnings.emplace_back(Code::kCapsuleNoTimeStamp);
    return {};
  }

  base::Result<pki::TimestampFacts> inspect_stamp(const CapsuleFile::Stamp& stamp) {
    base::Limits limits;
    limits.max_digested_bytes += kMaxCapsuleBytes;  // the file's size was bounded when it was read
    base::Budget budget(limits);
    return cms::tsp::inspect_token(context_, stamp.token, cms::DetachedContent(stamp.covered), budget,
                                   question_.input.candidates);
  }

  base::Status inspect_seal() {
    if (!file_.seal) {
      if (question_.seal == SealRule::kRequired) refuse(Error(Code::kCapsuleNoSeal));
      return {};
    }
    base::Budget budget{base::Limits{}};
    auto content =
        cms::inspect(context_, *file_.seal, cms::DetachedContent(), budget, {.keep_octets = pki::KeepOctets::kYes});
    if (!content) {
      if (is_internal(content.error())) return std::unexpected(content.error());
      seal_fails(content.error().message());
      return {};
    }
    seal_ = Facts{.document = base::sha256(*file_.seal),
                  .size_bytes = file_.seal->size(),
                  .detached = {},
                  .content = *std::move(content)};
    return {};
  }

  base::Status check_seal() {
    if (!seal_) return {};
    JudgeInput input = question_.input;
    if (proved_) input.existed_at = proved_;
    input.trust_purpose = pki::TrustPurpose::kOfficer;
    input.key_purpose = pki::KeyPurpose::kSigning;
    input.expected = {};
    base::Budget judging{base::Limits{}};
    TANBA_TRY(Judgement judgement, judge(context_, nullptr, *seal_, input, judging));
    verdict_.seal = std::move(judgement.report);
    take(*verdict_.seal, Code::kCapsuleSeal, "");
    check_statement(seal_->content);
    return {};
  }

  void seal_fails(std::string reason) { refuse(Error(Code::kCapsuleSeal, {{"reason", std::move(reason)}})); }

  // Whatever the signature is worth: it must be one, under the seal's own type, over the statement of this manifest.
  void check_statement(const pki::DocumentFacts& content) {
    if (!content.errors.empty()) return;  // said already
    if (content.content_type != cms::oid::kCapsuleSeal) return seal_fails("the CMS has another content type.");
    if (content.signatures.size() != 1) return seal_fails("it must have exactly one signer.");
    const pki::SignatureFacts& signature = content.signatures.front();
    if (!signature.errors.empty()) return;  // said already, and then there are no signed octets
    const auto statement = cms::parse_seal_text(signature.signed_octets);
    if (!statement) return refuse(statement.error());
    verdict_.sealed_at = statement->sealed_at;
    const CapsuleManifest& manifest = file_.manifest;
    if (statement->manifest != *verdict_.name || statement->kind != manifest.subject.kind ||
        statement->id != manifest.subject.id) {
      return seal_fails("it is over another capsule.");
    }
    if (statement->sealed_at + kMaxSkew < manifest.judged_at) return seal_fails("it is older than what it seals.");
    if (proved_ && !file_.stamps.empty() && statement->sealed_at > *proved_ + kMaxSkew) {
      return seal_fails("it is younger than the time stamp over it.");
    }
    const auto& keys = question_.seal_keys;
    const bool known = keys.empty() || std::ranges::find(keys, signature.certificate->key().digest) != keys.end();
    if (!known) seal_fails("its key is none of those that may seal.");
  }

  pki::Context& context_;
  const CapsuleQuestion& question_;
  const CapsuleFile& file_;
  CapsuleVerdict& verdict_;
  std::optional<Facts> seal_;
  std::optional<base::Time> proved_;  // for which the whole file is proved to have existed
};

}  // namespace

base::Result<Report> replay(pki::Context& context, const CapsuleFile& file, const EvidenceSet* at_hand,
                            PolicyVersions versions) {
  const ListSource lists = [&](const base::Digest& digest) -> base::Result<ocsp::CrlPtr> {
    if (const auto found = file.lists.find(digest); found != file.lists.end()) return ocsp::Crl::parse(found->second);
    if (at_hand != nullptr) {
      const auto given = std::ranges::find(at_hand->crls(), digest, &CrlItem::id);
      if (given != at_hand->crls().end()) return given->crl;
    }
    return base::fail(Code::kCapsuleIncomplete, {{"digest", digest.hex()}});
  };
  TANBA_TRY(const CapsuleInputs inputs, read_inputs(file.record, file.trust, lists, versions));
  if (inputs.facts.document != file.manifest.document || inputs.input.now != file.manifest.judged_at) {
    return capsule_malformed("the record is of another verification");
  }
  return replay(context, inputs);
}

base::Status check_report(const CapsuleFile& file, const Report& replayed) {
  const std::string text = base::canonical_json(to_json(replayed));
  if (text == file.report) return {};
  return base::fail(Code::kCapsuleReport, {{"what", first_difference(file.report, text)}});
}

base::Result<CapsuleVerdict> check_capsule(pki::Context& context, base::ByteView file,
                                           const CapsuleQuestion& question) {
  CapsuleVerdict verdict;
  const auto parsed = parse_capsule(file);
  if (parsed) {
    TANBA_CHECK(Checker(context, question, *parsed, verdict).run());
  } else {
    if (is_internal(parsed.error())) return base::fail(parsed.error());
    verdict.errors.push_back(parsed.error());
  }
  rank(verdict.errors);
  verdict.outcome = decide(verdict.errors);
  return verdict;
}

}  // namespace tanba::verify
