#include "verify/judge.h"

#include <algorithm>
#include <utility>

#include "pki/identity.h"
#include "verify/claim.h"
#include "verify/counter_signatures.h"
#include "verify/crl_status.h"
#include "verify/level.h"
#include "verify/revocation.h"
#include "verify/timestamps.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using pki::CertificatePtr;

// After this time a caller may hope that a source is back; the daemon's refresh is quicker than that.
constexpr base::Seconds kRetryAfter{60};

Report empty_report(SubjectKind subject, const JudgeInput& input) {
  Report report;
  report.subject = subject;
  report.revocation_mode = input.policy.revocation;
  report.validation_time = input.now;
  report.existed_at = input.existed_at;
  report.policy_id = std::string(pki::to_string(input.policy.id));
  report.policy_version = pki::kPolicyVersion;
  report.conformance_only = input.policy.id == pki::PolicyId::kConformance;
  report.trust_snapshot = input.trust->id().hex();
  return report;
}

void conclude(Report& report) {
  std::vector<Error> all = report.errors;
  for (Finding& finding : report.findings) {
    rank(finding.errors);
    finding.outcome = decide(finding.errors);
    all.insert(all.end(), finding.errors.begin(), finding.errors.end());
    add_each_once(report.needs, finding.missing_evidence);
  }
  rank(report.errors);
  report.outcome = decide(all);
  if (report.outcome.decision == Decision::kRetry) {
    report.retry_after = kRetryAfter;
  } else {
    report.retry_after.reset();
    report.needs.clear();
  }
}

Judgement finish(Report report, std::vector<Need> needs) {
  conclude(report);
  // Nothing is fetched for what is refused anyway.
  if (report.outcome.decision == Decision::kRefuse) needs.clear();
  return {std::move(report), std::move(needs)};
}

// Nobody can vouch for what is still to come: a later time would make good what is not valid yet. Clocks of those who
// stored a document may be ahead, so it counts as now and is no error here. Nothing when there is nothing to mend.
std::optional<JudgeInput> mended_if_ahead(const JudgeInput& input) {
  if (!input.existed_at || *input.existed_at <= input.now) return std::nullopt;
  JudgeInput mended = input;
  mended.existed_at = input.now;
  return mended;
}

// --- documents -----------------------------------------------------------------------------------------------------

// What the signature is, whenever it was made.
Finding describe(const pki::SignatureFacts& facts, const JudgeInput& input) {
  Finding finding;
  finding.id = facts.id;
  finding.errors = facts.errors;
  finding.warnings = facts.warnings;
  finding.algorithms = facts.algorithm_names;
  finding.claimed_signing_time = facts.claimed_signing_time;
  finding.covers_whole = facts.covers.whole;
  finding.signature_policy = facts.signature_policy;
  append(finding.errors, certificate_reference_errors(input, facts.certificate_reference));
  finding.covers_what = facts.covers.what;
  if (!facts.covers.whole) {
    Error partial(Code::kCoveragePartial, {{"what", facts.covers.what}});
    if (input.policy.coverage == CoverageRule::kWhole)
      append(finding.errors, {std::move(partial)});
    else
      finding.warnings.push_back(std::move(partial));
  }
  return finding;
}

struct SignatureVerdict {
  Finding finding;
  std::vector<Need> needs;
};

// What judging works with, for all signatures of a document.
struct Means {
  pki::Context& context;
  pki::PathCache* cache;
  base::Budget& budget;
};

// The signature, proved to have existed at `proof` (nothing: it exists now).
base::Result<SignatureVerdict> judge_signature_at(Means& means, const pki::SignatureFacts& facts,
                                                  const JudgeInput& input,
                                                  const std::optional<ExistenceProof::Times>& proof) {
  SignatureVerdict verdict{.finding = describe(facts, input), .needs = {}};
  JudgeInput then = input;
  if (proof) then.existed_at = proof->judge_at;
  if (proof && proof->by == Proof::kTimeStamp) then.evidence_since = input.existed_at.value_or(input.now);
  verdict.finding.best_signature_time = proof ? proof->best : input.now;
  append(verdict.finding.errors, algorithm_errors(then, facts));
  if (!facts.certificate) {
    // The makers of facts say so too; a signature by nobody never passes, whoever made the facts.
    if (verdict.finding.errors.empty()) verdict.finding.errors.emplace_back(Code::kCmsNoCertificate);
    return verdict;
  }
  verdict.finding.certificate = summarise(*facts.certificate);
  ClaimJudge judge(means.context, means.cache, then, means.budget);
  TANBA_TRY(ClaimVerdict claim, judge.claim(facts.certificate, then.candidates, then.key_purpose));
  verdict.needs = std::move(claim.needs);
  put_claim(claim, verdict.finding);
  return verdict;
}

base::Result<Finding> judge_signature(Means& means, const pki::DocumentFacts& document,
                                      const pki::SignatureFacts& facts, const JudgeInput& input,
                                      std::vector<Need>& needs) {
  TANBA_TRY(ExistenceProof proof, judge_timestamps(means.context, means.cache, facts.timestamps, input, means.budget));
  const auto proved = proof.proved(input.existed_at, input.now);
  TANBA_TRY(SignatureVerdict verdict, judge_signature_at(means, facts, input, proved));
  const auto hoped_for = proof.hoped_for(input.existed_at, input.now);
  if (hoped_for && refuses(verdict.finding.errors)) {
    TANBA_TRY(SignatureVerdict later, judge_signature_at(means, facts, input, hoped_for));
    if (!refuses(later.finding.errors)) {
      verdict = std::move(later);
      wait_for_timestamps(proof, verdict.finding);
    }
  }
  add_each_once(needs, verdict.needs);
  put_timestamps(proof, needs, verdict.finding);
  verdict.finding.level = level_of(document, facts, verdict.finding);
  return std::move(verdict.finding);
}

std::string joined(const std::vector<pki::Oid>& roles) {
  std::string text;
  for (const pki::Oid& role : roles) text += (text.empty() ? "" : ", ") + pki::role_name(role);
  return text.empty() ? "-" : text;
}

bool has_one_of(const pki::Identity& identity, const std::vector<pki::Oid>& roles) {
  return std::ranges::any_of(
      roles, [&](const pki::Oid& role) { return std::ranges::find(identity.roles, role) != identity.roles.end(); });
}

// Which identity an expectation names: IIN and BIN may both be given, for a person of an organisation.
struct ExpectedNumber {
  const char* kind;
  const std::optional<std::string>& expected;
  std::optional<std::string> pki::Identity::* found;
};

// The signature that comes nearest to fulfilling the expectation decides: how many demands it misses.
std::vector<Error> identity_errors(const Finding& finding, const Expectation& expected, IdentityFinding& out) {
  const pki::Identity nobody;
  const pki::Identity& identity = finding.certificate ? finding.certificate->identity : nobody;
  std::vector<Error> errors;
  const ExpectedNumber numbers[] = {{"IIN", expected.iin, &pki::Identity::iin},
                                    {"BIN", expected.bin, &pki::Identity::bin}};
  for (const ExpectedNumber& number : numbers) {
    if (!number.expected) continue;
    const std::optional<std::string>& found = identity.*(number.found);
    // The last failing number is shown, or the last one when all match.
    if (out.expected.empty() || out.match || found != number.expected) {
      out = {number.kind, *number.expected, found.value_or(""), found == number.expected, out.rule};
    }
    if (!found) {
      errors.emplace_back(Code::kIdentityMissing,
                          std::vector<base::ErrorArgument>{{"kind", number.kind}, {"expected", *number.expected}});
    } else if (*found != *number.expected) {
      errors.emplace_back(
          Code::kIdentityMismatch,
          std::vector<base::ErrorArgument>{{"kind", number.kind}, {"expected", *number.expected}, {"found", *found}});
    }
  }
  if (!expected.roles.empty() && !has_one_of(identity, expected.roles)) {
    errors.emplace_back(Code::kRoleNotEntitled, std::vector<base::ErrorArgument>{{"found", joined(identity.roles)},
                                                                                 {"needed", joined(expected.roles)}});
  }
  return errors;
}

void check_expectation(Report& report, const Expectation& expected) {
  if (!expected.iin && !expected.bin && expected.roles.empty()) return;
  std::string rule = "equal";
  if (expected.iin) rule += " IIN";
  if (expected.bin) rule += " BIN";
  if (!expected.roles.empty()) rule += ", role one of " + joined(expected.roles);
  std::optional<std::vector<Error>> fewest;
  IdentityFinding shown;
  shown.rule = rule;
  for (const Finding& finding : report.findings) {
    IdentityFinding one;
    one.rule = rule;
    std::vector<Error> errors = identity_errors(finding, expected, one);
    // RFC 5280 says nothing of this; DESIGN 3: business data is bound to a signature that covers all of it.
    if (errors.empty() && !finding.covers_whole) continue;
    if (fewest && fewest->size() <= errors.size()) continue;
    fewest = std::move(errors);
    shown = std::move(one);
  }
  if (!fewest) {  // no signature, or none that covers the whole: those errors are there already
    IdentityFinding none;
    none.rule = rule;
    fewest = identity_errors(Finding{}, expected, none);
    shown = std::move(none);
  }
  append(report.errors, *std::move(fewest));
  if (!shown.expected.empty()) report.identity = std::move(shown);
}

// --- issuers of lists and answers ----------------------------------------------------------------------------------

std::vector<CertificatePtr> all_at_hand(const JudgeInput& input) {
  std::vector<CertificatePtr> all(input.candidates);
  for (const pki::Anchor& anchor : input.trust->anchors()) all.push_back(anchor.certificate);
  all.insert(all.end(), input.trust->intermediates().begin(), input.trust->intermediates().end());
  return all;
}

// What a CRL's or a response's authority must be: a certificate whose path holds for any purpose.
base::Result<ClaimVerdict> claim_authority(ClaimJudge& judge, const CertificatePtr& issuer, const JudgeInput& input) {
  return judge.claim(issuer, input.candidates, pki::KeyPurpose::kAny);
}

RevocationStatus status_of(const ocsp::OcspResponse& response, const ocsp::SingleResponse& answer) {
  if (answer.status == ocsp::CertStatus::kGood) return RevocationStatus::kGood;
  if (answer.status == ocsp::CertStatus::kUnknown || is_unknown_to_ca(response, answer))
    return RevocationStatus::kUnknown;
  return answer.reason == ocsp::RevocationReason::kCertificateHold ? RevocationStatus::kOnHold
                                                                   : RevocationStatus::kRevoked;
}

Answer answer_of(const ocsp::OcspResponse& response) {
  Answer answer;
  answer.produced_at = response.produced_at;
  for (const ocsp::SingleResponse& single : response.responses) {
    answer.this_update = single.this_update;
    answer.next_update = single.next_update;
    Answer::Status status{.serial = base::to_hex(single.cert_id.serial),
                          .status = status_of(response, single),
                          .revocation_time = {},
                          .reason = {}};
    if (single.status == ocsp::CertStatus::kRevoked) {
      status.revocation_time = single.revocation_time;
      status.reason = std::string(to_string(single.reason));
    }
    answer.statuses.push_back(std::move(status));
  }
  return answer;
}

}  // namespace

Policy policy_for(pki::PolicyId id) {
  Policy policy;
  policy.id = id;
  // НУЦ РК's answers have no nextUpdate and are made for each request: one that was kept for an hour is old. Lists
  // without nextUpdate break RFC 5280 5.1.2.5; a day bridges daily publication.
  policy.ocsp_freshness.max_age = std::chrono::hours(1);
  policy.crl_freshness.max_age = std::chrono::hours(24);
  // Two daily lists: the evening's document with the morning's list is judged the next day.
  policy.embedded_crl_limit = std::chrono::hours(48);
  if (id == pki::PolicyId::kConformance) {
    policy.coverage = CoverageRule::kPart;
    policy.embedded_crl_limit.reset();
    policy.ocsp_freshness.max_age = std::chrono::hours(24);
  }
  return policy;
}

namespace {

// WSS 1.1 section 10: a message is not to be acted upon from wsu:Expires on. Clocks of two services may differ by this
// much before a message counts as not made yet.
constexpr base::Seconds kClockSkew{300};

std::vector<Error> message_time_errors(const std::optional<pki::MessageTimestamp>& times, base::Time at) {
  std::vector<Error> errors;
  if (!times) return errors;
  if (times->expires && at >= *times->expires) {
    errors.push_back(Error(Code::kWsseExpired, {{"until", base::format_time(*times->expires)}}));
  }
  if (times->created && at + kClockSkew < *times->created) {
    errors.push_back(Error(Code::kWsseNotYetValid, {{"created", base::format_time(*times->created)}}));
  }
  return errors;
}

}  // namespace

base::Result<Judgement> judge(pki::Context& context, pki::PathCache* cache, const Facts& facts, const JudgeInput& asked,
                              base::Budget& budget) {
  const std::optional<JudgeInput> mended = mended_if_ahead(asked);
  const JudgeInput& input = mended ? *mended : asked;
  Report report = empty_report(SubjectKind::kDocument, input);
  report.format = std::string(pki::to_string(facts.content.format));
  report.document = facts.document.hex();
  report.errors = facts.content.errors;
  append(report.errors, message_time_errors(facts.content.message_times, input.existed_at.value_or(input.now)));
  // An empty set of signers is never valid, whatever the parser thought of it.
  if (facts.content.signatures.empty() && report.errors.empty()) report.errors.emplace_back(Code::kFormatNoSignature);

  std::vector<CertificatePtr> candidates(input.candidates);
  candidates.insert(candidates.end(), facts.content.certificates.begin(), facts.content.certificates.end());
  JudgeInput own = input;
  own.candidates = std::move(candidates);
  Means means{context, cache, budget};
  std::vector<Need> needs;
  for (const pki::SignatureFacts& signature : facts.content.signatures) {
    TANBA_TRY(Finding finding, judge_signature(means, facts.content, signature, own, needs));
    report.findings.push_back(std::move(finding));
  }
  // Only when all signatures were judged: what anybody may have added must not use up what they may cost.
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    TANBA_CHECK(
        judge_counter_signatures(context, cache, facts.content.signatures[i], own, budget, report.findings[i], needs));
  }
  check_expectation(report, input.expected);
  return finish(std::move(report), std::move(needs));
}

base::Result<Judgement> judge_certificate(pki::Context& context, pki::PathCache* cache,
                                          const CertificatePtr& certificate, const JudgeInput& asked,
                                          base::Budget& budget) {
  const std::optional<JudgeInput> mended = mended_if_ahead(asked);
  const JudgeInput& input = mended ? *mended : asked;
  Report report = empty_report(SubjectKind::kCertificate, input);
  report.format = "X.509";
  report.document = certificate->digest().hex();
  Finding finding;
  finding.certificate = summarise(*certificate);
  finding.covers_whole = true;
  ClaimJudge judge(context, cache, input, budget);
  TANBA_TRY(ClaimVerdict claim, judge.claim(certificate, input.candidates, input.key_purpose));
  put_claim(claim, finding);
  report.findings.push_back(std::move(finding));
  check_expectation(report, input.expected);
  return finish(std::move(report), std::move(claim.needs));
}

base::Result<Judgement> judge_crl(pki::Context& context, pki::PathCache* cache, const ocsp::CrlPtr& crl,
                                  const JudgeInput& asked, base::Budget& budget) {
  const std::optional<JudgeInput> mended = mended_if_ahead(asked);
  const JudgeInput& input = mended ? *mended : asked;
  Report report = empty_report(SubjectKind::kCrl, input);
  report.format = "X.509 CRL";
  report.document = crl->digest().hex();
  report.answer = Answer{.this_update = crl->this_update(),
                         .next_update = crl->next_update(),
                         .produced_at = {},
                         .number = crl->number(),
                         .entries = crl->entries(),
                         .statuses = {}};
  Finding finding;
  finding.algorithms.push_back(to_string(crl->signature_algorithm()));
  if (auto fresh = ocsp::check_freshness(*crl, input.policy.crl_freshness, input.now); !fresh) {
    finding.errors.push_back(fresh.error());
  }
  ClaimJudge judge(context, cache, input, budget);
  std::vector<Need> needs;
  Error signature(Code::kSignatureBroken);
  bool verified = false;
  const std::vector<CertificatePtr> issuers = issuers_named(crl->issuer(), input);
  for (const CertificatePtr& issuer : issuers) {
    TANBA_CHECK(budget.charge_public_key_operation());
    if (auto ok = crl->verify_signature(context, issuer->key()); !ok) {
      signature = ok.error();
      continue;
    }
    verified = true;
    finding.certificate = summarise(*issuer);
    const pki::KeyFacts key{issuer->key().kind, issuer->key().bits};
    if (auto ok = check_algorithm(input.policy.id, crl->signature_algorithm(), key, input.now, issuer->label()); !ok) {
      finding.errors.push_back(ok.error());
    }
    if (issuer->key_usage() && (*issuer->key_usage() & pki::kCrlSign) == 0) {
      finding.errors.push_back(Error::because(Code::kCrlIssuer, "cRLSign is not set in the issuer's certificate"));
    }
    TANBA_TRY(ClaimVerdict claim, claim_authority(judge, issuer, input));
    add_each_once(needs, claim.needs);
    put_claim(claim, finding);
    break;
  }
  // A list is the thing judged here, not evidence for another: what does not verify is refused, not awaited.
  if (issuers.empty())
    finding.errors.push_back(Error(Code::kPathNoChain, {{"certificate", "CRL"}, {"issuer", crl->issuer().rfc4514()}}));
  else if (!verified)
    finding.errors.emplace_back(Code::kSignatureBroken, std::vector<base::ErrorArgument>{}, signature.message());
  report.findings.push_back(std::move(finding));
  return finish(std::move(report), std::move(needs));
}

base::Result<Judgement> judge_ocsp(pki::Context& context, pki::PathCache* cache, const OcspSubject& subject,
                                   const JudgeInput& asked, base::Budget& budget) {
  const std::optional<JudgeInput> mended = mended_if_ahead(asked);
  const JudgeInput& input = mended ? *mended : asked;
  Report report = empty_report(SubjectKind::kOcsp, input);
  report.format = "OCSP response";
  report.document = subject.response->digest.hex();
  report.answer = answer_of(*subject.response);
  Finding finding;
  ClaimJudge judge(context, cache, input, budget);
  std::vector<Need> needs;
  std::vector<CertificatePtr> issuers;
  if (subject.issuer)
    issuers.push_back(subject.issuer);
  else
    issuers = all_at_hand(input);
  CertificatePtr issuer;
  for (const CertificatePtr& candidate : issuers) {
    const bool named = std::ranges::all_of(subject.response->responses, [&](const ocsp::SingleResponse& single) {
      return names_issuer(context, single.cert_id, *candidate);
    });
    if (named && !subject.response->responses.empty()) {
      issuer = candidate;
      break;
    }
  }
  if (!issuer) {
    finding.errors.push_back(Error(Code::kPathNoChain, {{"certificate", "OCSP"}, {"issuer", "-"}},
                                   "no certificate at hand is named by both hashes of the CertID"));
  } else {
    TANBA_TRY(ClaimVerdict claim, claim_authority(judge, issuer, input));
    const PathPart issuers_path = claim.chain.empty() ? PathPart(&issuer, 1) : PathPart(claim.chain);
    TANBA_TRY(std::vector<Error> responder, judge.revocation().check_responder(*subject.response, issuers_path));
    // The response is the thing judged: what does not verify is refused, not awaited.
    for (const Error& error : responder) {
      const bool broken = error.code() == Code::kOcspSignature;
      finding.errors.emplace_back(
          broken ? Code::kSignatureBroken : Code::kPathKeyUsage,
          std::vector<base::ErrorArgument>{{"certificate", issuer->label()}, {"purpose", "OCSP"}}, error.message());
    }
    add_each_once(needs, claim.needs);
    put_claim(claim, finding);
  }
  if (subject.certificate && issuer) {
    if (auto answer = find_answer(context, *subject.response, *subject.certificate, *issuer); !answer) {
      finding.errors.push_back(answer.error());
    }
  }
  for (const ocsp::SingleResponse& single : subject.response->responses) {
    if (auto fresh = check_freshness(single, input.policy.ocsp_freshness, input.now); !fresh)
      append(finding.errors, {fresh.error()});
  }
  report.findings.push_back(std::move(finding));
  return finish(std::move(report), std::move(needs));
}

base::Result<Judgement> judge_timestamp(pki::Context& context, pki::PathCache* cache, const pki::TimestampFacts& facts,
                                        const JudgeInput& asked, base::Budget& budget) {
  const std::optional<JudgeInput> mended = mended_if_ahead(asked);
  const JudgeInput& input = mended ? *mended : asked;
  Report report = empty_report(SubjectKind::kTimestamp, input);
  report.format = "RFC 3161 time stamp";
  report.document = facts.id.hex();
  TANBA_TRY(TimestampVerdict verdict, judge_one_timestamp(context, cache, facts, input, budget));
  if (!facts.over_known_data) verdict.finding.result.warnings.emplace_back(Code::kTspDataUnknown);
  report.timestamp = std::move(verdict.finding.says);
  report.findings.push_back(std::move(verdict.finding.result));
  return finish(std::move(report), std::move(verdict.needs));
}

void add_errors(Report& report, std::vector<Error> errors) {
  append(report.errors, std::move(errors));
  conclude(report);
}

Report unjudged(const Facts* facts, const Error& error, const JudgeInput& input) {
  Report report = unreadable(SubjectKind::kDocument, {}, error, input);
  if (facts != nullptr) report.document = facts->document.hex();
  return report;
}

namespace {

// The detail alone: that the thing is malformed, the report's own code says.
std::string what_is_malformed(SubjectKind subject, const Error& error) {
  if (error.code() == Code::kFormatUnknown) return "no " + std::string(to_string(subject));
  const auto what = std::ranges::find(error.arguments(), "what", &base::ErrorArgument::name);
  return what == error.arguments().end() ? error.message() : what->value;
}

}  // namespace

Report unreadable(SubjectKind subject, base::ByteView octets, const Error& error, const JudgeInput& input) {
  Report report = empty_report(subject, input);
  report.format = "unknown";
  report.document = base::sha256(octets).hex();
  // Whole and well-formed, and no answer: whoever asks again may get one (RFC 6960 2.3).
  if (error.code() == Code::kOcspStatus && subject == SubjectKind::kOcsp) {
    report.format = "OCSP response";
    report.errors.push_back(error);
    conclude(report);
    return report;
  }
  // As evidence an unreadable answer is only absent; as the thing to be judged it is broken. And what is no document at
  // all is called by what it should have been.
  const bool refuse = base::info(error.code()).effect == base::Effect::kRefuse && error.code() != Code::kFormatUnknown;
  report.errors.push_back(
      refuse ? error : Error(Code::kDerMalformed, {{"what", what_is_malformed(subject, error)}}, error.cause()));
  conclude(report);
  return report;
}

}  // namespace tanba::verify
