// Flow 1 from the signed document's fields to an applicant: the types, and the rules between them.
//
//   ApplicationText (what the XML reader found) -> ApplicationFields -> Applicant
//
// Everything here comes from octets that a signature covered; that is for the caller to see to (SignatureFinding says
// so).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "licensing/calendar.h"
#include "licensing/entitlement.h"
#include "licensing/findings.h"
#include "licensing/identity_number.h"
#include "licensing/services.h"
#include "licensing/words.h"

namespace tanba::licensing {

// --- as text -------------------------------------------------------------------------------------------------------

struct FormField {
  std::string name;
  std::string value;
  bool operator==(const FormField&) const = default;
};

struct AttachmentText {
  std::string name;
  std::string media_type;
  std::string kind;
  std::string sha256;  // hexadecimal
};

struct ApplicationText {
  std::string request_id;
  std::string service;
  std::string action;
  std::string licensor_bin;
  std::string created_at;  // RFC 3339
  std::string applicant_kind;
  std::string applicant_number;
  std::string applicant_name;
  std::string licence;  // what a reissue or duplicate is about; empty otherwise
  std::vector<FormField> fields;
  std::vector<AttachmentText> attachments;
};

// --- as fields -----------------------------------------------------------------------------------------------------

struct ApplicantFields {
  ApplicantKind kind;
  IdentityNumber number;  // IIN of an individual, BIN of an organisation
  std::string name;
  bool operator==(const ApplicantFields&) const = default;
};

struct AttachmentFields {
  std::string name;
  std::string media_type;
  AttachmentKind kind;
  base::Digest digest;
  bool operator==(const AttachmentFields&) const = default;
};

struct ApplicationFields {
  std::string request_id;  // UUID, lower case
  std::string service;
  Action action;
  IdentityNumber licensor_bin;
  base::Time created_at;
  ApplicantFields applicant;
  std::string licence;  // register number in its one spelling, or empty
  std::vector<FormField> fields;
  std::vector<AttachmentFields> attachments;
  bool operator==(const ApplicationFields&) const = default;
};

// What one application may hold; beyond it: limit.count, application.schema.
inline constexpr std::size_t kMaxFormFields = 256;        // the longest form of the five texts has under sixty
inline constexpr std::size_t kMaxFieldBytes = 16U << 10;  // a page or four of free text
inline constexpr std::size_t kMaxAttachments = 64;        // the longest list of documents has under thirty
inline constexpr std::size_t kMaxNameBytes = 1024;        // the longest name of a service itself has under 700

// Each member that cannot be read is application.schema or input.identity_number naming it, or a limit.
[[nodiscard]] Checked<ApplicationFields> parse_application(const ApplicationText& text,
                                                           CheckDigitRule rule = CheckDigitRule::kRequired);

// The canonical UUID of RFC 4122 (8-4-4-4-12), lower-cased; application.schema otherwise.
[[nodiscard]] base::Result<std::string> parse_request_id(std::string_view text);

// --- the rules that need more than the document --------------------------------------------------------------------

// Whom the authenticated caller says it speaks for.
struct ApplicantClaim {
  ApplicantKind kind;
  std::string number;
};

// What the payment port found (see ports.h). kNotAsked counts neither as paid nor as not paid.
enum class PaymentFinding { kNotAsked, kPaid, kNotPaid };

// What the registry knows of the licence that a reissue or duplicate is about.
struct LicenceFacts {
  std::string number;
  std::string service;
  ApplicantKind holder_kind;
  std::string holder_number;
  LicenceState state;
  std::optional<Date> valid_until;  // its last day; nothing: without end
};
// Active, and its last day is not over. A suspended licence is reissued or copied after it was resumed: its successor
// would be a way around the suspension.
enum class Force : std::uint8_t { kInForce, kNotInForce };
[[nodiscard]] Force force_of(const LicenceFacts& licence, Date today);

struct ApplicationContext {
  const Services& services;
  Channel channel;
  base::Time now;
  Date today;                              // the local date at this moment
  std::optional<ApplicantClaim> claim;     // nothing when the caller makes none
  std::span<const base::Digest> supplied;  // digests of the attachments that came along
  PaymentFinding payment = PaymentFinding::kNotAsked;
  std::optional<LicenceFacts> licence;                 // what a look-up of `fields.licence` gave
  base::Seconds max_age = std::chrono::days(1);        // an evening's draft; older ones are signed anew
  base::Seconds max_future = std::chrono::minutes(5);  // clocks of applicants differ
};

// All findings: application.service, .licensor, .age, .attachment, .payment, .applicant, .licence; fetch.unreachable
// (retry) where only a gateway's word counts and none was asked. Empty: it may be registered, as far as its content
// goes.
[[nodiscard]] Errors check_application(const ApplicationFields& fields, const ApplicationContext& context);

// The form field by which an applicant claims to be a subject of small business: "true", which shortens the period of
// some services, or "false"; anything else is application.schema. The officer checks the claim; a wrong one only makes
// the licensor quicker.
inline constexpr std::string_view kSmallBusinessField = "small-business";

// The day by which a decision is due.
[[nodiscard]] Date decision_due(const Service& service, const ApplicationFields& fields, base::Time registered_at,
                                const Calendar& calendar);

// --- signatures, and who the applicant is --------------------------------------------------------------------------

enum class SignatureVerdict { kAccepted, kNotAccepted };
enum class Coverage { kWhole, kPartial };

// What verification said about one signature, in plain data. `errors` are its findings when it was not accepted.
struct SignatureFinding {
  SignatureVerdict verdict;
  Coverage coverage;
  SignerIdentity signer;
  base::Digest content;  // SHA-256 of the octets it covers, without the signature itself
  Errors errors;
};

// Holding one is the proof that somebody entitled stands behind the application.
class Applicant {
 public:
  enum class Origin { kSelfSigned, kEnteredByOfficer, kCertifiedByOperator };
  [[nodiscard]] Origin origin() const { return origin_; }
  [[nodiscard]] ApplicantKind kind() const { return fields_.kind; }
  [[nodiscard]] const std::string& number() const { return fields_.number.digits(); }
  [[nodiscard]] const std::string& name() const { return fields_.name; }
  [[nodiscard]] const ApplicantFields& fields() const { return fields_; }

 private:
  Applicant(Origin origin, ApplicantFields fields) : origin_(origin), fields_(std::move(fields)) {}
  friend Checked<Applicant> applicant_by_signature(const ApplicationFields&, std::span<const SignatureFinding>,
                                                   const EntitlementPolicy&);
  friend Checked<Applicant> applicant_by_officer(const ApplicationFields&, const struct OfficerEntry&);
  friend Checked<Applicant> applicant_by_operator(const ApplicationFields&, const struct OperatorEntry&,
                                                  const EntitlementPolicy&);
  Origin origin_;
  ApplicantFields fields_;
};
[[nodiscard]] std::string_view to_string(Applicant::Origin origin);  // self-signed, entered-by-officer, ...

// Flow 1. Every signature must be accepted, and at least one of them cover the whole application and be by a person
// entitled to sign for the applicant. No signature at all: format.no_signature. Otherwise the errors of those that
// failed, coverage.partial, or the entitlement findings of the one that comes closest.
[[nodiscard]] Checked<Applicant> applicant_by_signature(const ApplicationFields& fields,
                                                        std::span<const SignatureFinding> signatures,
                                                        const EntitlementPolicy& policy);

// What a state database answered about the applicant (ports.h).
enum class PersonFinding { kFound, kNotFound };

// Flow 2: the officer's session and the state database's answer stand for the applicant's signature.
struct OfficerEntry {
  std::string officer_bin;
  Listing listing;
  PersonFinding person;
};
[[nodiscard]] Checked<Applicant> applicant_by_officer(const ApplicationFields& fields, const OfficerEntry& entry);

// Flow 3: the operator's signature over the filled request, and the state database's answer.
struct OperatorEntry {
  std::string centre_bin;
  Listing listing;
  PersonFinding person;
  std::span<const SignatureFinding> signatures;
};
[[nodiscard]] Checked<Applicant> applicant_by_operator(const ApplicationFields& fields, const OperatorEntry& entry,
                                                       const EntitlementPolicy& policy);

}  // namespace tanba::licensing
