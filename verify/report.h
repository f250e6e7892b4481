// The report: what was found, in types; its JSON is the contract of CLI and API (docs/schema/report-1.schema.json).
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "pki/identity.h"
#include "pki/signature_facts.h"
#include "verify/decision.h"

namespace tanba::verify {

enum class SubjectKind : std::uint8_t { kDocument, kCertificate, kCrl, kOcsp, kTimestamp };
[[nodiscard]] std::string_view to_string(SubjectKind kind);

enum class RevocationMode : std::uint8_t { kRequire, kIfAvailable, kOff };
[[nodiscard]] std::string_view to_string(RevocationMode mode);
[[nodiscard]] base::Result<RevocationMode> parse_revocation_mode(std::string_view name);

enum class RevocationStatus : std::uint8_t { kGood, kRevoked, kOnHold, kUnknown };
[[nodiscard]] std::string_view to_string(RevocationStatus status);

struct RevocationEntry {
  std::string certificate;  // label
  std::string source;       // URL or file; "embedded"
  std::string kind;         // "OCSP", "CRL", "hold"
  RevocationStatus status = RevocationStatus::kUnknown;
  base::Time this_update;
  std::optional<base::Time> next_update;
  std::optional<base::Time> revocation_time;
  std::string reason;
  std::string evidence;  // SHA-256 of the octets
  // By itself it says that the certificate held at the time judged for, also years later (not in the JSON).
  bool holds = false;
  std::string certificate_digest;  // SHA-256 (neither)
};

// What is lacking: the shell fetches it, the caller is told.
struct Need {
  enum class Kind : std::uint8_t { kOcsp, kCrl };
  Kind kind = Kind::kOcsp;
  pki::CertificatePtr certificate;
  pki::CertificatePtr issuer;
  std::vector<std::string> sources;  // URLs in order of preference; empty when the certificate names none
};
[[nodiscard]] std::string_view to_string(Need::Kind kind);  // "OCSP", "CRL"

struct CertificateSummary {
  std::string subject, issuer, serial;  // RFC 4514; serial in lower-case hexadecimal
  base::Time not_before, not_after;
  std::string digest;  // SHA-256
  pki::Identity identity;
};

// What a time stamp says (RFC 3161 2.4.2).
struct TimestampSummary {
  std::string kind;   // what it is over: "signature", "document"
  std::string token;  // SHA-256 of the octets
  base::Time gen_time;
  base::Time latest_time;  // genTime and accuracy: certificates are judged at this time
  std::optional<std::chrono::microseconds> accuracy;
  std::string policy;  // dotted OID
  std::string imprint_algorithm, imprint, serial, nonce, tsa;
  bool ordering = false;
};

struct TimestampFinding;
struct CounterSignatureFinding;

// What was gone by about those who signed evidence: for whoever gathers all of it (not in the JSON).
struct Beneath {
  std::vector<RevocationEntry> revocation;
  std::vector<pki::CertificatePtr> certificates;
};

// One signature; for other subjects than documents the one `result`.
struct Finding {
  std::string id;
  std::string level;  // "B-B", "B-T", "B-LT"; empty for certificates and the rest
  Outcome outcome;
  std::vector<base::Error> errors;
  std::vector<base::Error> warnings;
  std::vector<std::string> algorithms;
  std::optional<base::Time> claimed_signing_time;
  // ETSI EN 319 102-1 5.5.4: the earliest time at which the signature is proved to have existed.
  std::optional<base::Time> best_signature_time;
  bool covers_whole = false;
  std::string covers_what;
  std::optional<CertificateSummary> certificate;
  std::vector<CertificateSummary> chain;  // leaf first, anchor last; empty when none was found
  std::vector<RevocationEntry> revocation;
  std::vector<Need> missing_evidence;
  std::vector<TimestampFinding> timestamps;
  Beneath beneath;
  std::vector<CounterSignatureFinding> counter_signatures;
  std::optional<pki::SignaturePolicyFacts> signature_policy;
};

// A time stamp of a signature, judged by itself. One that failed decides nothing about the signature.
struct TimestampFinding {
  TimestampSummary says;
  Finding result;
};

// A signature over the value of another one, judged by itself. One that failed decides nothing about the other.
struct CounterSignatureFinding {
  std::string over;  // the id of the signature, or counter-signature, that it is over
  Finding result;
};

struct IdentityFinding {
  std::string kind;  // "IIN" or "BIN"
  std::string expected;
  std::string found;  // of the signature that decides; empty when the certificate has none
  bool match = false;
  std::string rule;  // the rule of policy that was applied
};

// What a CRL or OCSP answer says, beside whether it is authentic.
struct Answer {
  base::Time this_update;
  std::optional<base::Time> next_update;
  std::optional<base::Time> produced_at;
  std::string number;                    // of a CRL
  std::optional<std::uint64_t> entries;  // of a CRL
  struct Status {
    std::string serial;
    RevocationStatus status = RevocationStatus::kUnknown;
    std::optional<base::Time> revocation_time;
    std::string reason;
  };
  std::vector<Status> statuses;  // of an OCSP answer
};

struct Report {
  SubjectKind subject = SubjectKind::kDocument;
  RevocationMode revocation_mode = RevocationMode::kRequire;
  Outcome outcome;
  std::vector<base::Error> errors;  // of the document as a whole: not one signature's
  std::string format;
  std::string document;  // SHA-256 of what was checked
  base::Time validation_time;
  std::optional<base::Time> existed_at;
  std::string policy_id;
  int policy_version = 0;
  bool conformance_only = false;  // judged by a policy that is no basis for a decision
  std::string trust_snapshot;
  std::vector<Finding> findings;  // `signatures` of a document, one `result` otherwise
  std::optional<IdentityFinding> identity;
  std::optional<Answer> answer;
  std::optional<TimestampSummary> timestamp;  // of a time stamp that is the subject: its answer
  std::vector<Need> needs;                    // of all findings, each once
  std::optional<base::Seconds> retry_after;
};

// The contract's JSON, messages in this language. In English it is the canonical form that is stored and replayed.
[[nodiscard]] std::string write_json(const Report& report, base::Language language = base::Language::kEnglish);
// The same as a value, for what holds a report among other things.
[[nodiscard]] boost::json::value to_json(const Report& report, base::Language language = base::Language::kEnglish);

// Every error of the report with the id of what it belongs to ("" for the whole document), the deciding one first.
struct LocatedError {
  std::string where;
  base::Error error;
};
[[nodiscard]] std::vector<LocatedError> all_errors(const Report& report);

}  // namespace tanba::verify
