// An evidence capsule: everything that one verification of a document was made from, and its report, so that anybody
// can judge again, years later and offline, and get the identical report (docs/reference/capsule.md).
//
// A capsule is a manifest that names its parts by digest: the record (facts, evidence, policy, times), the trust that
// was in force, the report, and the revocation lists. Parts are shared: one trust list and one revocation list serve
// many capsules. capsule_file.h puts them into one file with seal and time stamps, capsule_check.h verifies that.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "cms/capsule_seal.h"
#include "verify/judge.h"

namespace tanba::verify {

enum class CapsulePartKind : std::uint8_t { kRecord, kTrust, kReport, kCrl };
[[nodiscard]] std::string_view to_string(CapsulePartKind kind);  // "record", "trust", "report", "crl"

struct CapsulePart {
  CapsulePartKind kind = CapsulePartKind::kRecord;
  base::Digest digest;  // SHA-256
  std::uint64_t size_bytes = 0;
  bool operator==(const CapsulePart&) const = default;
};

struct CapsuleSubject {
  cms::CapsuleKind kind = cms::CapsuleKind::kVerification;
  std::string id;  // the document's digest, the submission's request id, the decision's number
};

struct CapsuleManifest {
  CapsuleSubject subject;
  base::Time judged_at;
  base::Digest document;           // SHA-256 of the signed document
  std::vector<CapsulePart> parts;  // record, trust, report, then the lists in the order of their digests
  [[nodiscard]] const CapsulePart& record() const { return parts[0]; }
  [[nodiscard]] const CapsulePart& trust() const { return parts[1]; }
  [[nodiscard]] const CapsulePart& report() const { return parts[2]; }
};
// Canonical JSON; its SHA-256 is the capsule's name and what the seal is over.
[[nodiscard]] std::string write_manifest(const CapsuleManifest& manifest);
// Only what write_manifest makes, octet by octet: capsule.malformed, capsule.version.
[[nodiscard]] base::Result<CapsuleManifest> parse_manifest(std::string_view text);

// Bounds of what is read: a capsule comes from outside like any document.
inline constexpr std::size_t kMaxManifestBytes = 1U << 20;
inline constexpr std::size_t kMaxRecordBytes = 128U << 20;  // a document's embedded lists in base64, and room
inline constexpr std::size_t kMaxTrustBytes = 32U << 20;
inline constexpr std::size_t kMaxReportBytes = 32U << 20;
inline constexpr std::size_t kMaxCapsuleLists = 1024;  // as many sources of lists as a national PKI has, tenfold

// --- making --------------------------------------------------------------------------------------------------------

struct NewCapsule {
  CapsuleManifest manifest;
  std::string text;  // of the manifest
  std::string record, trust, report;
  std::vector<CrlItem> lists;  // in the manifest's order; with octets
};
// Of what was judged: facts, the input and the evidence of the last round, the limits of the budget, and the report
// that came of it as it is archived (canonical JSON, in English). capsule.incomplete when nobody kept a list's octets;
// internal when it is more than a capsule holds; those of ListOctets::read.
[[nodiscard]] base::Result<NewCapsule> make_capsule(CapsuleSubject subject, const Facts& facts, const JudgeInput& input,
                                                    const EvidenceSet& evidence, const base::Limits& limits,
                                                    std::string report);

// --- reading and judging again -------------------------------------------------------------------------------------

// What a record and a trust part hold.
struct CapsuleInputs {
  Facts facts;
  JudgeInput input;  // `evidence` is null: it is the member below
  EvidenceSet evidence;
  base::Limits limits;
  int policy_version = pki::kPolicyVersion;  // by which it was judged
};
// What policies are read: the program's own is the one by which a capsule holds or not. Those before it are judged anew
// by it, which shows whether anything came to be judged otherwise.
enum class PolicyVersions : std::uint8_t { kOwn, kEarlierToo };
// A list by its digest; capsule.incomplete when it is not at hand.
using ListSource = std::function<base::Result<ocsp::CrlPtr>(const base::Digest&)>;
// capsule.malformed, capsule.version (a policy version that this program does not judge by), those of the source.
[[nodiscard]] base::Result<CapsuleInputs> read_inputs(std::string_view record, std::string_view trust,
                                                      const ListSource& lists,
                                                      PolicyVersions versions = PolicyVersions::kOwn);

// The report of these inputs, by the present rules under the version that the inputs name. Errors are internal faults.
[[nodiscard]] base::Result<Report> replay(pki::Context& context, const CapsuleInputs& inputs);

// As text and back; used by make_capsule and read_inputs.
[[nodiscard]] std::string write_record(const Facts& facts, const JudgeInput& input, const EvidenceSet& evidence,
                                       const base::Limits& limits);
[[nodiscard]] std::string write_trust(const pki::TrustSnapshot& trust);
[[nodiscard]] base::Result<pki::TrustSnapshotPtr> read_trust(std::string_view text);
[[nodiscard]] std::unexpected<base::Error> capsule_malformed(std::string what, std::string cause = {});

}  // namespace tanba::verify
