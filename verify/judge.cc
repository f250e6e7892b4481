#include "verify/judge.h"

#include <algorithm>
#include <utility>

#include "pki/identity.h"
#include "verify/revocation.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using pki::CertificatePtr;

// After this time a caller may hope that a source is back; the daemon's refresh is quicker than that.
constexpr base::Seconds kRetryAfter{60};

CertificateSummary summarise(const pki::Certificate& certificate) {
  return {.subject = certificate.subject().rfc4514(),
          .issuer = certificate.issuer().rfc4514(),
          .serial = certificate.serial_hex(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after(),
          .digest = certificate.digest().hex(),
          .identity = identity_of(certificate)};
}

bool same(const Need& a, const Need& b) {
  return a.kind == b.kind && a.certificate->digest() == b.certificate->digest() && a.sources == b.sources;
}

void add_each_once(std::vector<Need>& all, const std::vector<Need>& more) {
  for (const Need& need : more) {
    if (std::ranges::none_of(all, [&](const Need& have) { return same(have, need); })) all.push_back(need);
  }
}

void append(std::vector<Error>& all, std::vector<Error> more) {
  for (Error& error : more) {
    if (std::ranges::find(all, error) == all.end()) all.push_back(std::move(error));
  }
}

bool refuses(const std::vector<Error>& errors) {
  return !errors.empty() && decide(errors).decision == Decision::kRefuse;
}

// One claim being judged: a certificate for a purpose at a time, with everything found out about it.
struct ClaimVerdict {
  std::vector<Error> errors;
  std::vector<Error> warnings;
  std::vector<CertificatePtr> chain;
  std::vector<RevocationEntry> revocation;
  std::vector<Need> missing;
  std::vector<Need> needs;
};

class Judge {
 public:
  Judge(pki::Context& context, pki::PathCache* cache, const JudgeInput& input, base::Budget& budget)
      : context_(context), cache_(cache), input_(input), budget_(budget), revocation_(context, input, budget) {}

  base::Result<ClaimVerdict> claim(const CertificatePtr& leaf, std::span<const CertificatePtr> candidates,
                                   pki::KeyPurpose purpose) {
    const pki::PathQuery query{.leaf = leaf,
                               .trust = input_.trust,
                               .candidates = candidates,
                               .at = input_.existed_at.value_or(input_.now),
                               .trust_purpose = input_.trust_purpose,
                               .key_purpose = purpose,
                               .algorithm_policy = input_.policy.id,
                               .policy_inputs = input_.policy.path_inputs};
    auto paths = find_paths(context_, cache_, query, budget_);
    ClaimVerdict verdict;
    if (!paths) {
      if (base::info(paths.error().code()).effect == base::Effect::kInternal) return base::fail(paths.error());
      verdict.errors.push_back(paths.error());
      return verdict;
    }
    if (paths->valid.empty()) {
      reject(*paths, verdict);
      return verdict;
    }
    return best_by_revocation(*paths);
  }

  RevocationJudge& revocation() { return revocation_; }

 private:
  static void reject(pki::PathResult& paths, ClaimVerdict& verdict) {
    // A path search without any path says at least that there is none: an empty reason would read as success.
    if (paths.rejected.empty() || paths.rejected.front().errors.empty()) {
      verdict.errors.push_back(Error::because(Code::kInternal, "a path was rejected without a reason"));
      return;
    }
    verdict.chain = paths.rejected.front().path.certificates;
    verdict.errors = std::move(paths.rejected.front().errors);
  }

  // Several paths may be valid; the first whose certificates all hold is taken, else the one that fails least.
  base::Result<ClaimVerdict> best_by_revocation(const pki::PathResult& paths) {
    std::optional<ClaimVerdict> best;
    for (const pki::Path& path : paths.valid) {
      TANBA_TRY(ClaimVerdict verdict, with_revocation(path));
      if (verdict.errors.empty()) return verdict;
      const bool better = best && refuses(best->errors) && !refuses(verdict.errors);
      if (!best || better) best = std::move(verdict);
    }
    return *std::move(best);
  }

  base::Result<ClaimVerdict> with_revocation(const pki::Path& path) {
    ClaimVerdict verdict;
    verdict.chain = path.certificates;
    for (std::size_t i = 0; i + 1 < path.certificates.size(); ++i) {
      const CertificateRole role = i == 0 ? CertificateRole::kEndEntity : CertificateRole::kAuthority;
      TANBA_TRY(RevocationVerdict one, revocation_.check(path.certificates[i], path.certificates[i + 1], role));
      append(verdict.errors, std::move(one.errors));
      append(verdict.warnings, std::move(one.warnings));
      std::ranges::move(one.entries, std::back_inserter(verdict.revocation));
      add_each_once(verdict.missing, one.missing);
      add_each_once(verdict.needs, one.needs);
    }
    return verdict;
  }

  pki::Context& context_;
  pki::PathCache* cache_;
  const JudgeInput& input_;
  base::Budget& budget_;
  RevocationJudge revocation_;
};

void put_claim(ClaimVerdict& claim, Finding& finding) {
  append(finding.errors, std::move(claim.errors));
  append(finding.warnings, std::move(claim.warnings));
  for (const CertificatePtr& certificate : claim.chain) finding.chain.push_back(summarise(*certificate));
  finding.revocation = std::move(claim.revocation);
  finding.missing_evidence = std::move(claim.missing);
}

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

// The most telling error first: by rank of its sub-indication, refusals before what may come right.
void rank(std::vector<Error>& errors) {
  std::ranges::stable_sort(errors, {}, [](const Error& error) {
    const base::CodeInfo& code = base::info(error.code());
    return std::pair(code.effect == base::Effect::kRetry, code.sub_indication);
  });
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

// --- documents -----------------------------------------------------------------------------------------------------

void check_algorithms(const pki::SignatureFacts& facts, const JudgeInput& input, Finding& finding) {
  const base::Time at = input.existed_at.value_or(input.now);
  if (facts.algorithm && facts.certificate) {
    const pki::KeyFacts key{facts.certificate->key().kind, facts.certificate->key().bits};
    if (auto ok = check_algorithm(input.policy.id, *facts.algorithm, key, at, facts.certificate->label()); !ok) {
      append(finding.errors, {ok.error()});
    }
  }
  for (const pki::DigestAlgorithm digest : facts.content_digests) {
    if (auto ok = check_digest(input.policy.id, digest, pki::DigestUse::kSignature, at); !ok) {
      append(finding.errors, {ok.error()});
    }
  }
}

base::Result<Finding> judge_signature(Judge& judge, const pki::SignatureFacts& facts,
                                      std::span<const CertificatePtr> candidates, const JudgeInput& input,
                                      std::vector<Need>& needs) {
  Finding finding;
  finding.id = facts.id;
  finding.level = "B-B";
  finding.errors = facts.errors;
  finding.algorithms = facts.algorithm_names;
  finding.claimed_signing_time = facts.claimed_signing_time;
  finding.best_signature_time = input.existed_at.value_or(input.now);
  finding.covers_whole = facts.covers.whole;
  finding.covers_what = facts.covers.what;
  if (!facts.covers.whole) {
    Error partial(Code::kCoveragePartial, {{"what", facts.covers.what}});
    if (input.policy.coverage == CoverageRule::kWhole)
      append(finding.errors, {std::move(partial)});
    else
      finding.warnings.push_back(std::move(partial));
  }
  check_algorithms(facts, input, finding);
  if (!facts.certificate) {
    // The makers of facts say so too; a signature by nobody never passes, whoever made the facts.
    if (finding.errors.empty()) finding.errors.emplace_back(Code::kCmsNoCertificate);
    return finding;
  }
  finding.certificate = summarise(*facts.certificate);
  TANBA_TRY(ClaimVerdict claim, judge.claim(facts.certificate, candidates, input.key_purpose));
  add_each_once(needs, claim.needs);
  put_claim(claim, finding);
  return finding;
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

// Certificates at hand that could have signed for this name, each once.
std::vector<CertificatePtr> issuers_named(const pki::Name& name, const JudgeInput& input) {
  std::vector<CertificatePtr> found;
  for (const CertificatePtr& certificate : input.trust->with_subject(name)) found.push_back(certificate);
  for (const CertificatePtr& certificate : input.candidates) {
    if (certificate->subject() == name) found.push_back(certificate);
  }
  std::ranges::sort(found, {}, [](const CertificatePtr& c) { return c->digest(); });
  const auto [first, last] = std::ranges::unique(found, {}, [](const CertificatePtr& c) { return c->digest(); });
  found.erase(first, last);
  return found;
}

std::vector<CertificatePtr> all_at_hand(const JudgeInput& input) {
  std::vector<CertificatePtr> all(input.candidates);
  for (const pki::Anchor& anchor : input.trust->anchors()) all.push_back(anchor.certificate);
  all.insert(all.end(), input.trust->intermediates().begin(), input.trust->intermediates().end());
  return all;
}

// What a CRL's or a response's authority must be: a certificate whose path holds for any purpose.
base::Result<ClaimVerdict> claim_authority(Judge& judge, const CertificatePtr& issuer, const JudgeInput& input) {
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
  if (id == pki::PolicyId::kConformance) {
    policy.coverage = CoverageRule::kPart;
    policy.ocsp_freshness.max_age = std::chrono::hours(24);
  }
  return policy;
}

base::Result<Judgement> judge(pki::Context& context, pki::PathCache* cache, const Facts& facts, const JudgeInput& input,
                              base::Budget& budget) {
  Report report = empty_report(SubjectKind::kDocument, input);
  report.format = std::string(pki::to_string(facts.content.format));
  report.document = facts.document.hex();
  report.errors = facts.content.errors;
  // An empty set of signers is never valid, whatever the parser thought of it.
  if (facts.content.signatures.empty() && report.errors.empty()) report.errors.emplace_back(Code::kFormatNoSignature);

  std::vector<CertificatePtr> candidates(input.candidates);
  candidates.insert(candidates.end(), facts.content.certificates.begin(), facts.content.certificates.end());
  JudgeInput own = input;
  own.candidates = std::move(candidates);
  Judge judge(context, cache, own, budget);
  std::vector<Need> needs;
  for (const pki::SignatureFacts& signature : facts.content.signatures) {
    TANBA_TRY(Finding finding, judge_signature(judge, signature, own.candidates, own, needs));
    report.findings.push_back(std::move(finding));
  }
  check_expectation(report, input.expected);
  return finish(std::move(report), std::move(needs));
}

base::Result<Judgement> judge_certificate(pki::Context& context, pki::PathCache* cache,
                                          const CertificatePtr& certificate, const JudgeInput& input,
                                          base::Budget& budget) {
  Report report = empty_report(SubjectKind::kCertificate, input);
  report.format = "X.509";
  report.document = certificate->digest().hex();
  Finding finding;
  finding.certificate = summarise(*certificate);
  finding.covers_whole = true;
  Judge judge(context, cache, input, budget);
  TANBA_TRY(ClaimVerdict claim, judge.claim(certificate, input.candidates, input.key_purpose));
  put_claim(claim, finding);
  report.findings.push_back(std::move(finding));
  check_expectation(report, input.expected);
  return finish(std::move(report), std::move(claim.needs));
}

base::Result<Judgement> judge_crl(pki::Context& context, pki::PathCache* cache, const ocsp::CrlPtr& crl,
                                  const JudgeInput& input, base::Budget& budget) {
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
  Judge judge(context, cache, input, budget);
  std::vector<Need> needs;
  Error signature = Error::because(Code::kCrlIssuer, "no certificate of the issuer is at hand");
  bool verified = false;
  for (const CertificatePtr& issuer : issuers_named(crl->issuer(), input)) {
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
  if (!verified)
    finding.errors.emplace_back(Code::kSignatureBroken, std::vector<base::ErrorArgument>{}, signature.message());
  report.findings.push_back(std::move(finding));
  return finish(std::move(report), std::move(needs));
}

base::Result<Judgement> judge_ocsp(pki::Context& context, pki::PathCache* cache, const OcspSubject& subject,
                                   const JudgeInput& input, base::Budget& budget) {
  Report report = empty_report(SubjectKind::kOcsp, input);
  report.format = "OCSP response";
  report.document = subject.response->digest.hex();
  report.answer = answer_of(*subject.response);
  Finding finding;
  Judge judge(context, cache, input, budget);
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
    TANBA_TRY(std::vector<Error> responder, judge.revocation().check_responder(*subject.response, issuer));
    // The response is the thing judged: what does not verify is refused, not awaited.
    for (const Error& error : responder) {
      const bool broken = error.code() == Code::kOcspSignature;
      finding.errors.emplace_back(
          broken ? Code::kSignatureBroken : Code::kPathKeyUsage,
          std::vector<base::ErrorArgument>{{"certificate", issuer->label()}, {"purpose", "OCSP"}}, error.message());
    }
    TANBA_TRY(ClaimVerdict claim, claim_authority(judge, issuer, input));
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

void add_errors(Report& report, std::vector<Error> errors) {
  append(report.errors, std::move(errors));
  conclude(report);
}

Report unreadable(SubjectKind subject, base::ByteView octets, const Error& error, const JudgeInput& input) {
  Report report = empty_report(subject, input);
  report.format = "unknown";
  report.document = base::sha256(octets).hex();
  // As evidence an unreadable answer is only absent; as the thing to be judged it is broken. And what is no document at
  // all is called by what it should have been.
  const bool refuse = base::info(error.code()).effect == base::Effect::kRefuse && error.code() != Code::kFormatUnknown;
  const std::string wanted(to_string(subject));
  report.errors.push_back(
      refuse
          ? error
          : Error(Code::kDerMalformed,
                  {{"what", error.code() == Code::kFormatUnknown ? "no " + wanted : error.message()}}, error.cause()));
  conclude(report);
  return report;
}

}  // namespace tanba::verify
