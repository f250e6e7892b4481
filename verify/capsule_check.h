// Verifies a capsule file: judges again from what is in it and compares the reports, then the seal and the time stamps.
// Pure, offline.
//
// Whose seals count is the caller's to say: `trust` for the certificate, and the sealing keys where they are known. A
// certificate that the trust accepts proves who sealed, not that this one may: without a list of keys the reader
// compares the name in the report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/capsule_file.h"

namespace tanba::verify {

enum class SealRule : std::uint8_t { kRequired, kNotRequired };

struct CapsuleQuestion {
  // Trust, policy, evidence and times for seal and time stamps; nothing of it touches what the capsule itself is
  // judged from. Lists in its evidence stand in for those that the file leaves out.
  JudgeInput input;
  SealRule seal = SealRule::kRequired;
  std::vector<base::Digest> seal_keys;   // SHA-256 of SubjectPublicKeyInfo; empty: any that the trust accepts
  std::optional<base::Digest> document;  // SHA-256 of what the capsule must be about
};

struct CapsuleVerdict {
  Outcome outcome;
  std::vector<base::Error> errors;  // most telling first
  std::vector<base::Error> warnings;
  std::optional<CapsuleManifest> manifest;  // nothing when the file could not be read
  std::optional<base::Digest> name;         // SHA-256 of the manifest
  std::string report;                       // as stored; canonical JSON
  std::optional<Report> replayed;           // nothing when it could not be judged again
  std::optional<base::Time> sealed_at;      // as the seal says
  std::optional<Report> seal;
  std::vector<Report> stamps;  // in the order of the file
};

// Every verdict is in the answer; errors are internal faults.
[[nodiscard]] base::Result<CapsuleVerdict> check_capsule(pki::Context& context, base::ByteView file,
                                                         const CapsuleQuestion& question);

// Judges again: what whoever seals makes sure of first. `at_hand` may be null. capsule.malformed (also when the record
// is of another verification than the manifest says), those of read_inputs; internal faults.
[[nodiscard]] base::Result<Report> replay(pki::Context& context, const CapsuleFile& file, const EvidenceSet* at_hand,
                                          PolicyVersions versions = PolicyVersions::kOwn);
// capsule.report when the file's report is another one, octet by octet.
[[nodiscard]] base::Status check_report(const CapsuleFile& file, const Report& replayed);

}  // namespace tanba::verify
