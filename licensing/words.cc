#include "licensing/words.h"

#include <array>
#include <span>
#include <string>
#include <utility>

namespace tanba::licensing {
namespace {

template <class Enumeration>
struct Word {
  Enumeration value;
  std::string_view word;
};

constexpr std::array<Word<Channel>, 3> kChannels{
    {{Channel::kPortal, "portal"}, {Channel::kLicensor, "licensor"}, {Channel::kCentre, "centre"}}};
constexpr std::array<Word<Action>, 3> kActions{
    {{Action::kIssue, "issue"}, {Action::kReissue, "reissue"}, {Action::kDuplicate, "duplicate"}}};
constexpr std::array<Word<ApplicantKind>, 2> kApplicantKinds{
    {{ApplicantKind::kIndividual, "individual"}, {ApplicantKind::kOrganisation, "organisation"}}};
constexpr std::array<Word<AttachmentKind>, 3> kAttachmentKinds{
    {{AttachmentKind::kDocument, "document"},
     {AttachmentKind::kReceipt, "receipt"},
     {AttachmentKind::kPowerOfAttorney, "power-of-attorney"}}};
constexpr std::array<Word<PaymentRule>, 3> kPaymentRules{
    {{PaymentRule::kNone, "none"}, {PaymentRule::kFee, "fee"}, {PaymentRule::kFeeOrReceipt, "fee-or-receipt"}}};
constexpr std::array<Word<RegisterKind>, 2> kRegisterKinds{
    {{RegisterKind::kLicence, "licence"}, {RegisterKind::kPermit, "permit"}}};
constexpr std::array<Word<DecisionKind>, 2> kDecisionKinds{
    {{DecisionKind::kGrant, "grant"}, {DecisionKind::kRefusal, "refusal"}}};
constexpr std::array<Word<SigningMode>, 2> kSigningModes{
    {{SigningMode::kWorkstation, "workstation"}, {SigningMode::kKeyd, "keyd"}}};
constexpr std::array<Word<ApplicationState>, 4> kApplicationStates{{{ApplicationState::kRegistered, "registered"},
                                                                    {ApplicationState::kInReview, "in-review"},
                                                                    {ApplicationState::kGranted, "granted"},
                                                                    {ApplicationState::kRefused, "refused"}}};
constexpr std::array<Word<LicenceState>, 4> kLicenceStates{{{LicenceState::kActive, "active"},
                                                            {LicenceState::kSuspended, "suspended"},
                                                            {LicenceState::kTerminated, "terminated"},
                                                            {LicenceState::kReplaced, "replaced"}}};
constexpr std::array<Word<LicenceEvent>, 5> kLicenceEvents{{{LicenceEvent::kIssued, "issued"},
                                                            {LicenceEvent::kSuspended, "suspended"},
                                                            {LicenceEvent::kResumed, "resumed"},
                                                            {LicenceEvent::kTerminated, "terminated"},
                                                            {LicenceEvent::kReplaced, "replaced"}}};
constexpr std::array<Word<IntentState>, 6> kIntentStates{{{IntentState::kPrepared, "prepared"},
                                                          {IntentState::kApproved, "approved"},
                                                          {IntentState::kSigning, "signing"},
                                                          {IntentState::kCommitted, "committed"},
                                                          {IntentState::kAbandoned, "abandoned"},
                                                          {IntentState::kVoided, "voided"}}};

constexpr auto words_of(Channel) {
  return std::span(kChannels);
}
constexpr auto words_of(Action) {
  return std::span(kActions);
}
constexpr auto words_of(ApplicantKind) {
  return std::span(kApplicantKinds);
}
constexpr auto words_of(AttachmentKind) {
  return std::span(kAttachmentKinds);
}
constexpr auto words_of(PaymentRule) {
  return std::span(kPaymentRules);
}
constexpr auto words_of(RegisterKind) {
  return std::span(kRegisterKinds);
}
constexpr auto words_of(DecisionKind) {
  return std::span(kDecisionKinds);
}
constexpr auto words_of(SigningMode) {
  return std::span(kSigningModes);
}
constexpr auto words_of(ApplicationState) {
  return std::span(kApplicationStates);
}
constexpr auto words_of(LicenceState) {
  return std::span(kLicenceStates);
}
constexpr auto words_of(LicenceEvent) {
  return std::span(kLicenceEvents);
}
constexpr auto words_of(IntentState) {
  return std::span(kIntentStates);
}

template <class Enumeration>
std::string_view word_of(Enumeration value) {
  for (const auto& entry : words_of(value)) {
    if (entry.value == value) return entry.word;
  }
  std::unreachable();
}

}  // namespace

std::string_view to_string(Channel value) {
  return word_of(value);
}
std::string_view to_string(Action value) {
  return word_of(value);
}
std::string_view to_string(ApplicantKind value) {
  return word_of(value);
}
std::string_view to_string(AttachmentKind value) {
  return word_of(value);
}
std::string_view to_string(PaymentRule value) {
  return word_of(value);
}
std::string_view to_string(RegisterKind value) {
  return word_of(value);
}
std::string_view to_string(DecisionKind value) {
  return word_of(value);
}
std::string_view to_string(SigningMode value) {
  return word_of(value);
}
std::string_view to_string(ApplicationState value) {
  return word_of(value);
}
std::string_view to_string(LicenceState value) {
  return word_of(value);
}
std::string_view to_string(LicenceEvent value) {
  return word_of(value);
}
std::string_view to_string(IntentState value) {
  return word_of(value);
}

template <class Enumeration>
base::Result<Enumeration> parse_word(std::string_view word, std::string_view member) {
  std::string expected;
  for (const auto& entry : words_of(Enumeration{})) {
    if (entry.word == word) return entry.value;
    if (!expected.empty()) expected += ", ";
    expected += entry.word;
  }
  return base::fail(base::Code::kInputMember, {{"member", std::string(member)}, {"expected", expected}});
}

template base::Result<Channel> parse_word(std::string_view, std::string_view);
template base::Result<Action> parse_word(std::string_view, std::string_view);
template base::Result<ApplicantKind> parse_word(std::string_view, std::string_view);
template base::Result<AttachmentKind> parse_word(std::string_view, std::string_view);
template base::Result<PaymentRule> parse_word(std::string_view, std::string_view);
template base::Result<RegisterKind> parse_word(std::string_view, std::string_view);
template base::Result<DecisionKind> parse_word(std::string_view, std::string_view);
template base::Result<SigningMode> parse_word(std::string_view, std::string_view);
template base::Result<ApplicationState> parse_word(std::string_view, std::string_view);
template base::Result<LicenceState> parse_word(std::string_view, std::string_view);
template base::Result<LicenceEvent> parse_word(std::string_view, std::string_view);
template base::Result<IntentState> parse_word(std::string_view, std::string_view);

}  // namespace tanba::licensing
