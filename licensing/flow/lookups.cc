// Look-ups of security staff: by which certificates something was signed here, what is known of their revocation now,
// and what that touches.
#include <algorithm>

#include "licensing/flow/flow.h"

namespace tanba::licensing::flow {
namespace {

using base::Result;
using verify::RevocationEntry;
using verify::RevocationStatus;

// The worst word about a certificate decides: a list that says "revoked" is not outvoted by an older good answer.
int rank(RevocationStatus status) {
  switch (status) {
    case RevocationStatus::kRevoked:
      return 3;
    case RevocationStatus::kOnHold:
      return 2;
    case RevocationStatus::kGood:
      return 1;
    case RevocationStatus::kUnknown:
      return 0;
  }
  return 0;
}

std::optional<RevocationEntry> worst_entry(const verify::Report& report, const std::string& label) {
  std::optional<RevocationEntry> worst;
  for (const verify::Finding& finding : report.findings) {
    for (const RevocationEntry& entry : finding.revocation) {
      if (entry.certificate != label) continue;
      if (!worst || rank(entry.status) > rank(worst->status)) worst = entry;
    }
  }
  return worst;
}

Result<pki::CertificatePtr> stored_certificate(registry::Registry& registry, const base::Digest& digest) {
  TANBA_TRY(const base::Bytes der, registry.document(digest));
  return pki::Certificate::parse(der);
}

}  // namespace

Result<CertificateStanding> Flow::standing_of(const registry::CertificateRow& row) {
  TANBA_TRY(const pki::CertificatePtr certificate, stored_certificate(parts_.registry, row.certificate.digest));
  std::vector<pki::CertificatePtr> chain;
  for (const base::Digest& digest : row.certificate.chain) {
    TANBA_TRY(auto issuer, stored_certificate(parts_.registry, digest));
    chain.push_back(std::move(issuer));
  }
  const base::Time now = parts_.clock.now();
  CertificateStanding out{.subject = certificate->subject().rfc4514(), .expired = now > certificate->not_after()};
  for (const pki::TrustPurpose purpose : {pki::TrustPurpose::kApplicant, pki::TrustPurpose::kOfficer}) {
    verify::JudgeInput input = input_for(purpose, now);
    input.candidates = chain;
    // A certificate that has ended is judged as it was at its end, by what is known now.
    if (out.expired) input.existed_at = certificate->not_after();
    TANBA_TRY(const verify::evidence::Verified verified,
              parts_.verifier.verify_and_wait({.subject = certificate,
                                               .input = std::move(input),
                                               .evidence = local_evidence(),
                                               .fetching = verify::evidence::Fetching::kAtHandOnly,
                                               .deadline = deadline(),
                                               .limits = settings_.limits}));
    out.entry = worst_entry(verified.report, certificate->label());
    out.errors.clear();
    for (const verify::LocatedError& located : all_errors(verified.report)) out.errors.push_back(located.error);
    if (out.entry) break;
  }
  return out;
}

Result<std::vector<SeenCertificate>> Flow::look_up_certificates(const registry::CertificateQuery& query,
                                                                const Caller& by) {
  TANBA_TRY(std::vector<registry::CertificateRow> rows, parts_.registry.certificates(Everything{}, query));
  std::vector<SeenCertificate> out;
  registry::NoteRevocationAct note{.act = registry::RevocationAct::kLookUp,
                                   .stage = registry::ActStage::kDone,
                                   .subject = !query.iin.empty()   ? "iin"
                                              : !query.bin.empty() ? "bin"
                                                                   : "serial",
                                   .outcome = "ok",
                                   .by = by};
  for (registry::CertificateRow& row : rows) {
    SeenCertificate seen;
    TANBA_TRY(seen.standing, standing_of(row));
    TANBA_TRY(seen.touched, parts_.registry.touched(Everything{}, row.certificate.digest, kMaxTouched));
    note.digests.push_back(row.certificate.digest);
    seen.row = std::move(row);
    out.push_back(std::move(seen));
  }
  // Whose certificates were looked at is in the journal before anybody sees them.
  TANBA_CHECK(parts_.registry.execute(std::move(note)));
  return out;
}

std::vector<SignerCertificate> Flow::signers_of(const verify::Report& report, const verify::Facts& facts,
                                                std::vector<EvidenceItem>& evidence) const {
  const pki::TrustSnapshotPtr trust = parts_.trust();
  const auto octets_of = [&](const std::string& hex) -> pki::CertificatePtr {
    const auto is_it = [&](const pki::CertificatePtr& one) { return one && one->digest().hex() == hex; };
    for (const pki::SignatureFacts& signature : facts.content.signatures) {
      if (is_it(signature.certificate)) return signature.certificate;
    }
    const auto embedded = std::ranges::find_if(facts.content.certificates, is_it);
    if (embedded != facts.content.certificates.end()) return *embedded;
    const auto listed = std::ranges::find_if(trust->intermediates(), is_it);
    return listed != trust->intermediates().end() ? *listed : nullptr;
  };
  const auto keep = [&](const pki::CertificatePtr& certificate) {
    const bool kept =
        std::ranges::any_of(evidence, [&](const EvidenceItem& item) { return item.digest == certificate->digest(); });
    if (!kept) evidence.push_back({"certificate", certificate->digest(), base::to_bytes(certificate->der())});
  };
  std::vector<SignerCertificate> out;
  for (const verify::Finding& finding : report.findings) {
    if (!finding.certificate) continue;
    const pki::CertificatePtr certificate = octets_of(finding.certificate->digest);
    if (!certificate) continue;
    keep(certificate);
    SignerCertificate one{.digest = certificate->digest(),
                          .issuer = finding.certificate->issuer,
                          .serial = finding.certificate->serial,
                          .iin = finding.certificate->identity.iin.value_or(""),
                          .bin = finding.certificate->identity.bin.value_or(""),
                          .not_before = certificate->not_before(),
                          .not_after = certificate->not_after(),
                          .chain = {}};
    // Between it and the anchor: what a later path may need, when nobody embeds it any more.
    for (std::size_t i = 1; i + 1 < finding.chain.size(); ++i) {
      const pki::CertificatePtr issuer = octets_of(finding.chain[i].digest);
      if (!issuer) continue;
      keep(issuer);
      one.chain.push_back(issuer->digest());
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace tanba::licensing::flow
