// What the registry knows for revocation: by which certificates something was signed here, what happened to sources of
// evidence, and what security staff did about it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "licensing/registry_port.h"

namespace tanba::licensing::registry {

// --- certificates seen ---------------------------------------------------------------------------------------------

// Exactly one of serial, iin and bin is not empty.
struct CertificateQuery {
  std::string serial = {};  // lower-case hexadecimal, as reports have it; of any issuer unless `issuer` is given
  std::string issuer = {};  // RFC 4514
  std::string iin = {};
  std::string bin = {};
  std::optional<base::Digest> after = {};  // of the last row of the page before
  unsigned limit = 100;                    // at most kMaxPageRows
};
// In the order in which they were first seen here.
struct CertificateRow {
  SignerCertificate certificate;
  base::Time first_seen;
};

// What a certificate signed here, and what came of it.
enum class SignedAs : std::uint8_t { kApplication, kDecision };
[[nodiscard]] std::string_view to_string(SignedAs what);  // application, decision
struct TouchedRow {
  SignedAs what = SignedAs::kApplication;
  std::string application;
  std::string service;
  std::string licensor_bin;
  ApplicationState state = ApplicationState::kRegistered;
  base::Time registered_at;
  std::string decision;  // number; empty while there is none
  std::string licence;   // number; empty when none was issued
  std::optional<LicenceState> licence_state;
};

// --- alerts --------------------------------------------------------------------------------------------------------

// As the source of evidence reports it, whichever daemon saw it.
struct AlertReport {
  std::string id;           // the same for the same thing seen again
  std::string kind;         // rollback, shrunk, storage
  std::string source_kind;  // OCSP, CRL
  std::string source;       // URL
  std::string code;         // of the error
  std::string kept;         // SHA-256 of the last good list; empty: none
  std::string offered;      // of the one that was refused or waits
  base::Time seen_at;
  enum class State : std::uint8_t { kOpen, kOver } state = State::kOpen;
};
enum class AlertRowState : std::uint8_t { kOpen, kAcknowledged, kConfirmed, kOver };
[[nodiscard]] std::string_view to_string(AlertRowState state);  // open, acknowledged, confirmed, over
[[nodiscard]] base::Result<AlertRowState> parse_alert_state(std::string_view word);
struct AlertRow {
  AlertReport report;
  AlertRowState state = AlertRowState::kOpen;
  std::optional<Caller> decided_by;
  std::optional<base::Time> decided_at;
  std::string reason;
};
struct AlertQuery {
  std::vector<AlertRowState> states = {};  // none: any
  std::string after = {};                  // id of the last row of the page before
  unsigned limit = 100;
};

// --- commands ------------------------------------------------------------------------------------------------------

struct Nothing;

// The first report of an alert makes its row and journal entry; a later one that says it is over ends it, unless staff
// confirmed it. Anything else changes nothing.
struct RecordAlert {
  using Answer = Nothing;
  AlertReport report;
};
// kAcknowledged: somebody has seen it. kConfirmed: of kind shrunk, the list is right and is to be used.
// registry.not_found; registry.state when it is over, or decided already (the same decision again is fine).
struct DecideAlert {
  using Answer = AlertRow;
  std::string id;
  AlertRowState decision = AlertRowState::kAcknowledged;
  std::string reason;
  Caller by;
};

// A journal row for what staff did that changes no row here. `subject` and `digests` name no person.
enum class RevocationAct : std::uint8_t { kRefresh, kImport, kLookUp };
enum class ActStage : std::uint8_t { kBegun, kDone };
struct NoteRevocationAct {
  using Answer = Nothing;
  RevocationAct act = RevocationAct::kRefresh;
  ActStage stage = ActStage::kBegun;
  std::string subject;                     // the source; of a look-up: by what was looked
  std::vector<base::Digest> digests = {};  // the list; the certificates that were shown
  std::string outcome = {};                // of kDone: "ok" or the error's code
  Caller by = {};
};

}  // namespace tanba::licensing::registry
