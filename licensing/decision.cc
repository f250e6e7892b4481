#include "licensing/decision.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace tanba::licensing {

using base::Code;
using base::Error;

namespace {

// White space and what has no width: a text of these says nothing.
constexpr std::string_view kBlanks[] = {" ",      "\t",     "\n",     "\r",     "\u00a0", "\u00ad", "\u1680", "\u2000",
                                        "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
                                        "\u2009", "\u200a", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028",
                                        "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"};

bool says_something(std::string_view text) {
  while (!text.empty()) {
    const auto* blank = std::ranges::find_if(kBlanks, [text](std::string_view one) { return text.starts_with(one); });
    if (blank == std::end(kBlanks)) return true;
    text.remove_prefix(blank->size());
  }
  return false;
}

// XML 1.0 2.2: no control characters but tab and line ends, no U+FFFE, no U+FFFF.
bool fits_xml(std::string_view text) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  return base::is_utf8(text) && std::ranges::none_of(text, is_control) && !text.contains("\xEF\xBF\xBE") &&
         !text.contains("\xEF\xBF\xBF");
}

Error bad_end(std::string expected) {
  return Error(Code::kInputMember, {{"member", "validUntil"}, {"expected", std::move(expected)}});
}

// A licence that is granted is good for a day at least, and replaces only what is in force.
void check_grant(const ApplicationFacts& application, DecisionTerms& terms, Date today, Errors& out) {
  if (terms.kind != DecisionKind::kGrant) return;
  if (terms.valid_until && *terms.valid_until <= today) out.push_back(bad_end("a day after today"));
  if (application.action == Action::kIssue) return;
  const auto& licence = application.licence;
  if (!licence || force_of(*licence, today) == Force::kNotInForce) {
    out.push_back(Error(Code::kApplicationLicence, {{"number", licence ? licence->number : ""}}));
    return;
  }
  if (!terms.valid_until) terms.valid_until = licence->valid_until;
  if (application.action == Action::kDuplicate && terms.valid_until != licence->valid_until) {
    out.push_back(bad_end(licence->valid_until ? format_date(*licence->valid_until) : "no end"));
  }
}

}  // namespace

base::Status check_reason(std::string_view reason) {
  if (says_something(reason) && reason.size() <= kMaxReasonBytes && fits_xml(reason)) return {};
  return base::fail(Code::kInputMember,
                    {{"member", "reason"},
                     {"expected", "1 to " + std::to_string(kMaxReasonBytes) + " octets without control characters"}});
}

ActingDay::ActingDay(const Calendar& calendar, base::Time now)
    : today_(calendar.local_date(now)),
      prepared_since_(std::min(calendar.start_of(today_), now - kPreparedOverMidnight)) {}

base::Status check_not_expired(const Intent& intent, const ActingDay& day) {
  const bool ends =
      intent.kind == DecisionKind::kGrant && intent.terms.valid_until && *intent.terms.valid_until <= day.today();
  if (intent.created_at >= day.prepared_since() && !ends) return {};
  return base::fail(Code::kIntentState, {{"intent", intent.id}, {"state", "expired"}});
}

Checked<ProposedDecision> propose_decision(const ApplicationFacts& application, const Service& service,
                                           const Officer& officer, DecisionTerms terms, Date today) {
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
  check_grant(application, terms, today, out);
  // The texts ask for a reasoned refusal («мотивированный отказ»).
  const bool needed = terms.kind == DecisionKind::kRefusal || !terms.reason.empty();
  if (const base::Status reasoned = check_reason(terms.reason); needed && !reasoned) out.push_back(reasoned.error());
  if (!out.empty()) return std::unexpected(std::move(out));
  ProposedDecision proposal;
  proposal.application_ = application.number;
  proposal.number_kind_ = number_kind(terms.kind, service.register_kind);
  proposal.terms_ = std::move(terms);
  proposal.service_code_ = service.code;
  proposal.licensor_bin_ = application.licensor_bin;
  proposal.officer_ = officer;
  proposal.proposed_on_ = today;
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
