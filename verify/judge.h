// judge: Facts, trust, evidence, policy and a time in; a Report and what is lacking out. Pure: it fetches nothing and
// reads no clock, so a stored set of inputs replays to the identical report.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "ocsp/crl.h"
#include "ocsp/ocsp.h"
#include "pki/context.h"
#include "pki/path.h"
#include "pki/trust.h"
#include "verify/evidence_set.h"
#include "verify/facts.h"
#include "verify/freshness_rules.h"
#include "verify/report.h"

namespace tanba::verify {

// Must every signature cover the whole document (what is filed), or is a part enough (conformance vectors)?
enum class CoverageRule : std::uint8_t { kWhole, kPart };

// Must what is signed name the signer's certificate (ESS signing-certificate, XAdES SigningCertificate)? What it names
// is checked wherever it is there.
enum class CertificateReferenceRule : std::uint8_t { kOptional, kRequired };

struct Policy {
  pki::PolicyId id = pki::PolicyId::kKzSubmission;
  RevocationMode revocation = RevocationMode::kRequire;
  CoverageRule coverage = CoverageRule::kWhole;
  CertificateReferenceRule certificate_reference = CertificateReferenceRule::kOptional;
  ocsp::FreshnessRules ocsp_freshness{};
  ocsp::FreshnessRules crl_freshness{};
  // Beside these, what stands for certificates of every issuer that has no rule of its own (freshness_rules.h).
  EvidenceRule evidence = EvidenceRule::kOcspOrCrl;
  base::Seconds grace{0};
  // How old a list that only the document brings may be for its good word to count, where nothing proves the signature
  // to be older; of an answer, ocsp_freshness.max_age is the limit then. Nothing: nextUpdate decides.
  std::optional<base::Seconds> embedded_crl_limit;
  std::map<base::Digest, FreshnessRule> issuer_rules;  // by the issuer's certificate, SHA-256
  pki::PolicyInputs path_inputs;
};
// The policy of this name with its own defaults (DESIGN 3, "Policies").
[[nodiscard]] Policy policy_for(pki::PolicyId id);

// Who must have signed. A document fulfils it when one signature that passes and covers the whole is by that subject;
// every other signature must pass too.
struct Expectation {
  std::optional<std::string> iin;  // compared digit by digit as given
  std::optional<std::string> bin;
  std::vector<pki::Oid> roles;  // one of them must be in the certificate; empty: any role
};

struct JudgeInput {
  pki::TrustSnapshotPtr trust;
  const EvidenceSet* evidence = nullptr;
  Policy policy;
  base::Time now;
  // The caller vouches, or a verified receipt proves, that the signature existed then: certificates are judged at that
  // time with all that is known at `now`. A time stamp inside may prove an earlier time for its signature.
  std::optional<base::Time> existed_at;
  // Set by judge itself, for what a time stamp proves to have existed: since when the evidence is known to exist. What
  // could have been forged since then proves nothing, whatever time stands in it.
  std::optional<base::Time> evidence_since;
  pki::TrustPurpose trust_purpose = pki::TrustPurpose::kApplicant;
  pki::KeyPurpose key_purpose = pki::KeyPurpose::kSigning;
  std::vector<pki::CertificatePtr> candidates;  // given beside the document
  Expectation expected;
};

struct Judgement {
  Report report;
  // What a source may still give: empty when nothing more would change the report.
  std::vector<Need> needs;
};

// Errors are internal faults only; every verdict is in the report. `cache` may be null.
[[nodiscard]] base::Result<Judgement> judge(pki::Context& context, pki::PathCache* cache, const Facts& facts,
                                            const JudgeInput& input, base::Budget& budget);
[[nodiscard]] base::Result<Judgement> judge_certificate(pki::Context& context, pki::PathCache* cache,
                                                        const pki::CertificatePtr& certificate, const JudgeInput& input,
                                                        base::Budget& budget);
// Authenticity and freshness of the list itself; its issuer is looked for among anchors, intermediates and candidates.
[[nodiscard]] base::Result<Judgement> judge_crl(pki::Context& context, pki::PathCache* cache, const ocsp::CrlPtr& crl,
                                                const JudgeInput& input, base::Budget& budget);
struct OcspSubject {
  std::shared_ptr<const ocsp::OcspResponse> response;
  pki::CertificatePtr issuer;       // null: the certificate at hand that both CertID hashes name
  pki::CertificatePtr certificate;  // null: every answer is reported
};
[[nodiscard]] base::Result<Judgement> judge_ocsp(pki::Context& context, pki::PathCache* cache,
                                                 const OcspSubject& subject, const JudgeInput& input,
                                                 base::Budget& budget);
// Authenticity of the token, at its own time; what it says is in the report. Without data that it was compared with:
// warning tsp.data_unknown.
[[nodiscard]] base::Result<Judgement> judge_timestamp(pki::Context& context, pki::PathCache* cache,
                                                      const pki::TimestampFacts& facts, const JudgeInput& input,
                                                      base::Budget& budget);

// Further findings about the document as a whole (the licensing rules' own): the outcome is decided anew.
void add_errors(Report& report, std::vector<base::Error> errors);

// A report for a document that could not be judged: a limit was reached, which is a verdict about the document and no
// fault of ours. `facts` may be null.
[[nodiscard]] Report unjudged(const Facts* facts, const base::Error& error, const JudgeInput& input);

// A report for an object that could not even be read: format failure, refuse. Of an OCSP response that is no answer
// (tryLater, unauthorized): ocsp.response_status, retry.
[[nodiscard]] Report unreadable(SubjectKind subject, base::ByteView octets, const base::Error& error,
                                const JudgeInput& input);

}  // namespace tanba::verify
