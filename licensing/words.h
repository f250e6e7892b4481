// The enumerations of licensing and the one spelling of each value: in documents, in the registry and in the API.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace tanba::licensing {

enum class Channel : std::uint8_t { kPortal, kLicensor, kCentre };  // flows 1, 2 and 3
enum class Action : std::uint8_t { kIssue, kReissue, kDuplicate };
enum class ApplicantKind : std::uint8_t { kIndividual, kOrganisation };
enum class AttachmentKind : std::uint8_t { kDocument, kReceipt, kPowerOfAttorney };
// How the fee is settled: not at all, through the payment gateway, or that or a scanned receipt.
enum class PaymentRule : std::uint8_t { kNone, kFee, kFeeOrReceipt };
enum class RegisterKind : std::uint8_t { kLicence, kPermit };
enum class DecisionKind : std::uint8_t { kGrant, kRefusal };  // granting: a licence, permit, reissue or duplicate
// Who signs the decision: the officer's own key on a workstation, or the licensor's key in tanba-keyd.
enum class SigningMode : std::uint8_t { kWorkstation, kKeyd };
enum class ApplicationState : std::uint8_t { kRegistered, kInReview, kGranted, kRefused };
enum class LicenceState : std::uint8_t { kActive, kSuspended, kTerminated, kReplaced };
enum class LicenceEvent : std::uint8_t { kIssued, kSuspended, kResumed, kTerminated, kReplaced };
enum class IntentState : std::uint8_t { kPrepared, kApproved, kSigning, kCommitted, kAbandoned, kVoided };

[[nodiscard]] std::string_view to_string(Channel value);           // portal, licensor, centre
[[nodiscard]] std::string_view to_string(Action value);            // issue, reissue, duplicate
[[nodiscard]] std::string_view to_string(ApplicantKind value);     // individual, organisation
[[nodiscard]] std::string_view to_string(AttachmentKind value);    // document, receipt, power-of-attorney
[[nodiscard]] std::string_view to_string(PaymentRule value);       // none, fee, fee-or-receipt
[[nodiscard]] std::string_view to_string(RegisterKind value);      // licence, permit
[[nodiscard]] std::string_view to_string(DecisionKind value);      // grant, refusal
[[nodiscard]] std::string_view to_string(SigningMode value);       // workstation, keyd
[[nodiscard]] std::string_view to_string(ApplicationState value);  // registered, in-review, granted, refused
[[nodiscard]] std::string_view to_string(LicenceState value);      // active, suspended, terminated, replaced
[[nodiscard]] std::string_view to_string(LicenceEvent value);      // issued, suspended, resumed, terminated, replaced
// prepared, approved, signing, committed, abandoned, voided
[[nodiscard]] std::string_view to_string(IntentState value);

// parse_word<Action>("issue"); input.member when the word is none of the enumeration's. `member` names what was read.
template <class Enumeration>
[[nodiscard]] base::Result<Enumeration> parse_word(std::string_view word, std::string_view member);

extern template base::Result<Channel> parse_word(std::string_view, std::string_view);
extern template base::Result<Action> parse_word(std::string_view, std::string_view);
extern template base::Result<ApplicantKind> parse_word(std::string_view, std::string_view);
extern template base::Result<AttachmentKind> parse_word(std::string_view, std::string_view);
extern template base::Result<PaymentRule> parse_word(std::string_view, std::string_view);
extern template base::Result<RegisterKind> parse_word(std::string_view, std::string_view);
extern template base::Result<DecisionKind> parse_word(std::string_view, std::string_view);
extern template base::Result<SigningMode> parse_word(std::string_view, std::string_view);
extern template base::Result<ApplicationState> parse_word(std::string_view, std::string_view);
extern template base::Result<LicenceState> parse_word(std::string_view, std::string_view);
extern template base::Result<LicenceEvent> parse_word(std::string_view, std::string_view);
extern template base::Result<IntentState> parse_word(std::string_view, std::string_view);

}  // namespace tanba::licensing
