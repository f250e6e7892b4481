// From an application under review to a signed decision.
//
//   ApplicationFacts + Officer -> ProposedDecision -> (registry: Intent) -> SignedDecision
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "licensing/application.h"
#include "licensing/calendar.h"
#include "licensing/numbers.h"
#include "licensing/states.h"

namespace tanba::licensing {

struct Officer {
  std::string id;
  std::string iin;
  std::string bin;  // of the licensor whose applications this officer decides
  std::string name;
  Listing listing = Listing::kNotListed;
  bool operator==(const Officer&) const = default;
};

struct ApplicationFacts {
  std::string number;
  std::string service;
  std::string licensor_bin;
  ApplicationState state;
  Action action = Action::kIssue;
  std::optional<LicenceFacts> licence = {};  // that a reissue or duplicate replaces; nothing: not known
};

struct DecisionTerms {
  DecisionKind kind;
  std::string reason;               // why it is refused; for a grant, conditions or nothing
  std::optional<Date> valid_until;  // nothing: without end
};
inline constexpr std::size_t kMaxReasonBytes = 8U << 10;  // two pages: a reasoned refusal quotes the law
// input.member unless it says something, is not longer, and XML can carry it.
[[nodiscard]] base::Status check_reason(std::string_view reason);

// When an officer acts. Whoever reads a decision takes its date for the day on which it was signed: what was prepared
// on another day is prepared anew, but for what was begun shortly before midnight.
inline constexpr base::Seconds kPreparedOverMidnight = std::chrono::hours(1);
class ActingDay {
 public:
  ActingDay(const Calendar& calendar, base::Time now);
  [[nodiscard]] Date today() const { return today_; }
  [[nodiscard]] base::Time prepared_since() const { return prepared_since_; }

 private:
  Date today_;
  base::Time prepared_since_;
};

// An officer of the licensor concerned means to decide this application, which is not decided yet.
class ProposedDecision {
 public:
  [[nodiscard]] const std::string& application() const { return application_; }
  [[nodiscard]] DecisionKind kind() const { return terms_.kind; }
  [[nodiscard]] const DecisionTerms& terms() const { return terms_; }
  [[nodiscard]] NumberKind number_kind() const { return number_kind_; }
  [[nodiscard]] unsigned service_code() const { return service_code_; }
  [[nodiscard]] const std::string& licensor_bin() const { return licensor_bin_; }
  [[nodiscard]] const Officer& officer() const { return officer_; }
  [[nodiscard]] Date proposed_on() const { return proposed_on_; }

 private:
  ProposedDecision() = default;
  friend Checked<ProposedDecision> propose_decision(const ApplicationFacts&, const Service&, const Officer&,
                                                    DecisionTerms, Date);
  std::string application_;
  DecisionTerms terms_{};
  NumberKind number_kind_ = NumberKind::kLicence;
  unsigned service_code_ = 0;
  std::string licensor_bin_;
  Officer officer_;
  Date proposed_on_;
};

// role.not_listed; identity.mismatch (BIN) for another licensor's application; registry.state when it is decided
// already; input.member for a refusal without reason or one too long, for an end that is not after `today`, and for a
// duplicate that would end at another day than its original; application.licence when what is to be replaced is not in
// force. A licence that replaces another ends with it where no end is given.
[[nodiscard]] Checked<ProposedDecision> propose_decision(const ApplicationFacts& application, const Service& service,
                                                         const Officer& officer, DecisionTerms terms, Date today);

// What the registry recorded before a key was asked.
struct Intent {
  std::string id;  // UUID
  std::string application;
  DecisionKind kind;
  SigningMode mode;
  IntentState state;
  std::string number;  // of the licence, permit or refusal; used by this intent alone
  std::string service;
  std::string licensor_bin;
  Officer officer;
  DecisionTerms terms;
  base::Digest content;                  // SHA-256 of the octets that a signature must cover
  base::Digest prepared;                 // the prepared document in the document store
  std::string key;                       // the key in the key server, empty on a workstation
  std::optional<base::Digest> approval;  // the officer's CMS over the intent, for the key server
  std::optional<base::Digest> signed_document;
  base::Time created_at;
  base::Time updated_at;
  std::string note;  // why it was abandoned
};

// intent.state (expired) for what was prepared before the day on which it would be signed, and for a licence whose last
// day would be that day or earlier.
[[nodiscard]] base::Status check_not_expired(const Intent& intent, const ActingDay& day);

// The prepared octets, signed by whoever was to sign them.
class SignedDecision {
 public:
  [[nodiscard]] const std::string& intent() const { return intent_; }
  [[nodiscard]] const std::string& number() const { return number_; }
  [[nodiscard]] DecisionKind kind() const { return kind_; }
  [[nodiscard]] const base::Digest& content() const { return content_; }
  [[nodiscard]] const base::Digest& document() const { return document_; }

 private:
  SignedDecision() = default;
  friend Checked<SignedDecision> accept_signed_decision(const Intent&, const base::Digest&,
                                                        std::span<const SignatureFinding>, const EntitlementPolicy&);
  std::string intent_;
  std::string number_;
  DecisionKind kind_ = DecisionKind::kRefusal;
  base::Digest content_;
  base::Digest document_;
};

// `document` is the SHA-256 of the signed document. Exactly one signature, accepted, covering the whole document and
// exactly the prepared octets (xml.prepared_changed); on a workstation by the intent's officer (IIN and the licensor's
// BIN equal, role entitled), from the key server by a key of the licensor. intent.state unless the intent is `signing`
// (or committed: the same again is for the registry to answer).
[[nodiscard]] Checked<SignedDecision> accept_signed_decision(const Intent& intent, const base::Digest& document,
                                                             std::span<const SignatureFinding> signatures,
                                                             const EntitlementPolicy& policy);

}  // namespace tanba::licensing
