#include "licensing/decision.h"

#include <utility>

#include "base/text.h"

namespace tanba::licensing {

using base::Code;
using base::Error;

Checked<ProposedDecision> propose_decision(const ApplicationFacts& application, const Service& service,
                                           const Officer& officer, DecisionTerms terms) {
  Errors out;
  if (officer.listing != Listing::kListed) out.push_back(Error(Code::kRoleNotListed));
  // Every officer decides for one body only, and every application names the body it is addressed to.
  if (officer.bin.empty() || officer.bin != application.licensor_bin) {
    out.push_back(Error(Code::kIdentityMismatch,
                        {{"kind", "BIN"}, {"expected", application.licensor_bin}, {"found", officer.bin}}));
  }
  if (service.id != application.service) {
    out.push_back(Error(Code::kApplicationService, {{"service", application.service}}));
  }
  if (application.state != ApplicationState::kRegistered && application.state != ApplicationState::kInReview) {
    out.push_back(Error(
        Code::kRegistryState,
        {{"what", "application"}, {"id", application.number}, {"state", std::string(to_string(application.state))}}));
  }
  // The texts ask for a reasoned refusal («мотивированный отказ»).
  const bool reasoned = terms.kind == DecisionKind::kGrant || !terms.reason.empty();
  if (!reasoned || terms.reason.size() > kMaxReasonBytes || !base::is_utf8(terms.reason) ||
      terms.reason.find('\0') != std::string::npos) {
    out.push_back(Error(Code::kInputMember,
                        {{"member", "reason"}, {"expected", "1 to " + std::to_string(kMaxReasonBytes) + " bytes"}}));
  }
  if (!out.empty()) return std::unexpected(std::move(out));
  ProposedDecision proposal;
  proposal.application_ = application.number;
  proposal.number_kind_ = number_kind(terms.kind, service.register_kind);
  proposal.terms_ = std::move(terms);
  proposal.service_code_ = service.code;
  proposal.licensor_bin_ = application.licensor_bin;
  proposal.officer_ = officer;
  return proposal;
}

namespace {

Errors check_signature(const Intent& intent, const SignatureFinding& signature, const EntitlementPolicy& policy) {
  Errors out;
  if (signature.verdict != SignatureVerdict::kAccepted) {
    out = signature.errors;
    if (out.empty()) out.push_back(Error::because(Code::kInternal, "a rejected signature without errors"));
  }
  if (signature.coverage != Coverage::kWhole) out.push_back(Error(Code::kCoveragePartial, {{"what", "a part"}}));
  if (signature.content != intent.content) out.push_back(Error(Code::kXmlPreparedChanged));
  const bool own_key = intent.mode == SigningMode::kWorkstation;
  Errors entitlement = check_entitlement(policy, own_key ? Capacity::kOfficer : Capacity::kLicensorKey,
                                         signature.signer, intent.licensor_bin, intent.officer.listing);
  out.insert(out.end(), entitlement.begin(), entitlement.end());
  // An officer's own key: nobody signs in another officer's name, not even a colleague of the same body.
  if (own_key && (intent.officer.iin.empty() || signature.signer.iin != intent.officer.iin)) {
    out.push_back(Error(Code::kIdentityMismatch,
                        {{"kind", "IIN"}, {"expected", intent.officer.iin}, {"found", signature.signer.iin}}));
  }
  return out;
}

}  // namespace

Checked<SignedDecision> accept_signed_decision(const Intent& intent, const base::Digest& document,
                                               std::span<const SignatureFinding> signatures,
                                               const EntitlementPolicy& policy) {
  Errors out;
  if (intent.state != IntentState::kSigning && intent.state != IntentState::kCommitted) {
    out.push_back(Error(Code::kIntentState, {{"intent", intent.id}, {"state", std::string(to_string(intent.state))}}));
  }
  if (signatures.empty()) out.push_back(Error(Code::kFormatNoSignature));
  if (signatures.size() > 1) out.push_back(Error(Code::kLimitCount, {{"limit", "1"}, {"what", "signatures"}}));
  if (signatures.size() == 1) {
    Errors findings = check_signature(intent, signatures.front(), policy);
    out.insert(out.end(), findings.begin(), findings.end());
  }
  if (!out.empty()) return std::unexpected(std::move(out));
  SignedDecision decision;
  decision.intent_ = intent.id;
  decision.number_ = intent.number;
  decision.kind_ = intent.kind;
  decision.content_ = intent.content;
  decision.document_ = document;
  return decision;
}

}  // namespace tanba::licensing
