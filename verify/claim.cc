#include "verify/claim.h"

#include <algorithm>
#include <utility>

#include "pki/identity.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Error;
using pki::CertificatePtr;

bool same(const Need& a, const Need& b) {
  return a.kind == b.kind && a.certificate->digest() == b.certificate->digest() && a.sources == b.sources;
}

void reject(pki::PathResult& paths, ClaimVerdict& verdict) {
  // A path search without any path says at least that there is none: an empty reason would read as success.
  if (paths.rejected.empty() || paths.rejected.front().errors.empty()) {
    verdict.errors.push_back(Error::because(Code::kInternal, "a path was rejected without a reason"));
    return;
  }
  verdict.chain = paths.rejected.front().path.certificates;
  verdict.errors = std::move(paths.rejected.front().errors);
}

}  // namespace

std::vector<Error> algorithm_errors(const JudgeInput& input, const std::optional<pki::SignatureAlgorithm>& algorithm,
                                    const CertificatePtr& certificate, std::span<const pki::DigestAlgorithm> digests) {
  const base::Time at = input.existed_at.value_or(input.now);
  std::vector<Error> errors;
  if (algorithm && certificate) {
    const pki::KeyFacts key{certificate->key().kind, certificate->key().bits};
    if (auto ok = check_algorithm(input.policy.id, *algorithm, key, at, certificate->label()); !ok) {
      append(errors, {ok.error()});
    }
  }
  for (const pki::DigestAlgorithm digest : digests) {
    if (auto ok = check_digest(input.policy.id, digest, pki::DigestUse::kSignature, at); !ok) {
      append(errors, {ok.error()});
    }
  }
  return errors;
}

std::vector<Error> certificate_reference_errors(const JudgeInput& input, pki::CertificateReference reference) {
  const bool lacking = input.policy.certificate_reference == CertificateReferenceRule::kRequired &&
                       reference == pki::CertificateReference::kAbsent;
  return lacking ? std::vector<Error>{Error(Code::kSignatureNoSigningCertificate)} : std::vector<Error>{};
}

CertificateSummary summarise(const pki::Certificate& certificate) {
  return {.subject = certificate.subject().rfc4514(),
          .issuer = certificate.issuer().rfc4514(),
          .serial = certificate.serial_hex(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after(),
          .digest = certificate.digest().hex(),
          .identity = identity_of(certificate)};
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

void rank(std::vector<Error>& errors) {
  std::ranges::stable_sort(errors, {}, [](const Error& error) {
    const base::CodeInfo& code = base::info(error.code());
    return std::pair(code.effect == base::Effect::kRetry, code.sub_indication);
  });
}

bool refuses(const std::vector<Error>& errors) {
  return !errors.empty() && decide(errors).decision == Decision::kRefuse;
}

void put_claim(ClaimVerdict& claim, Finding& finding) {
  append(finding.errors, std::move(claim.errors));
  append(finding.warnings, std::move(claim.warnings));
  for (const CertificatePtr& certificate : claim.chain) finding.chain.push_back(summarise(*certificate));
  finding.revocation = std::move(claim.revocation);
  finding.missing_evidence = std::move(claim.missing);
  finding.beneath = std::move(claim.beneath);
}

base::Result<ClaimVerdict> ClaimJudge::claim(const CertificatePtr& leaf, std::span<const CertificatePtr> candidates,
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

// Several paths may be valid; the first whose certificates all hold is taken, else the one that fails least.
base::Result<ClaimVerdict> ClaimJudge::best_by_revocation(const pki::PathResult& paths) {
  std::optional<ClaimVerdict> best;
  for (const pki::Path& path : paths.valid) {
    TANBA_TRY(ClaimVerdict verdict, with_revocation(path));
    if (verdict.errors.empty()) return verdict;
    const bool better = best && refuses(best->errors) && !refuses(verdict.errors);
    if (!best || better) best = std::move(verdict);
  }
  return *std::move(best);
}

base::Result<ClaimVerdict> ClaimJudge::with_revocation(const pki::Path& path) {
  ClaimVerdict verdict;
  verdict.chain = path.certificates;
  revocation_.begin_claim(*path.certificates.front());
  for (std::size_t i = 0; i + 1 < path.certificates.size(); ++i) {
    const CertificateRole role = i == 0 ? CertificateRole::kEndEntity : CertificateRole::kAuthority;
    TANBA_TRY(RevocationVerdict one, revocation_.check(PathPart(path.certificates).subspan(i), role));
    append(verdict.errors, std::move(one.errors));
    append(verdict.warnings, std::move(one.warnings));
    std::ranges::move(one.entries, std::back_inserter(verdict.revocation));
    add_each_once(verdict.missing, one.missing);
    add_each_once(verdict.needs, one.needs);
  }
  verdict.beneath = revocation_.take_beneath();
  return verdict;
}

}  // namespace tanba::verify
