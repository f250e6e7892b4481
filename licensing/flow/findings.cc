#include "licensing/flow/findings.h"

#include <algorithm>

namespace tanba::licensing::flow {

SignerIdentity signer_of(const pki::Identity& identity) {
  SignerIdentity signer;
  signer.iin = identity.iin.value_or("");
  signer.bin = identity.bin.value_or("");
  for (const pki::Oid& role : identity.roles) signer.roles.push_back(role.dotted());
  return signer;
}

std::vector<SignatureFinding> signature_findings(const verify::Report& report, const verify::Facts& facts) {
  std::vector<SignatureFinding> out;
  for (std::size_t i = 0; i < report.findings.size() && i < facts.content.signatures.size(); ++i) {
    const verify::Finding& finding = report.findings[i];
    const pki::SignatureFacts& signature = facts.content.signatures[i];
    const bool accepted = finding.outcome.decision == verify::Decision::kAccept;
    out.push_back({.verdict = accepted ? SignatureVerdict::kAccepted : SignatureVerdict::kNotAccepted,
                   .coverage = finding.covers_whole ? Coverage::kWhole : Coverage::kPartial,
                   .signer = finding.certificate ? signer_of(finding.certificate->identity) : SignerIdentity{},
                   .content = base::sha256(signature.signed_octets),
                   .errors = finding.errors});
  }
  return out;
}

Errors not_yet_in(const verify::Report& report, const Errors& errors) {
  const std::vector<verify::LocatedError> have = all_errors(report);
  Errors out;
  for (const base::Error& error : errors) {
    const bool known =
        std::ranges::any_of(have, [&](const auto& located) { return located.error.code() == error.code(); });
    if (!known) out.push_back(error);
  }
  return out;
}

const base::Bytes* whole_signed_octets(const verify::Facts& facts) {
  for (const pki::SignatureFacts& signature : facts.content.signatures) {
    if (signature.errors.empty() && signature.covers.whole && !signature.signed_octets.empty()) {
      return &signature.signed_octets;
    }
  }
  return nullptr;
}

}  // namespace tanba::licensing::flow
