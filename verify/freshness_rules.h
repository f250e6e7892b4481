// How current evidence of revocation must be, and how much of it is enough: rules an issuer, the operator's. Pure.
//
// RFC 5280 and RFC 6960 say when evidence ends; how long to trust evidence without an end, whether one kind is enough,
// and what to do while sources are down is for the relying party to say. НУЦ РК's OCSP answers have no nextUpdate.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ocsp/crl.h"
#include "ocsp/ocsp.h"
#include "pki/certificate.h"
#include "verify/evidence_set.h"

namespace tanba::verify {

struct Policy;

enum class EvidenceRule : std::uint8_t { kOcspOrCrl, kOcspAndCrl, kOcspOnly, kCrlOnly };
[[nodiscard]] std::string_view to_string(EvidenceRule rule);  // "ocsp-or-crl", ...
// config.invalid
[[nodiscard]] base::Result<EvidenceRule> parse_evidence_rule(std::string_view name);

struct FreshnessRule {
  EvidenceRule evidence = EvidenceRule::kOcspOrCrl;
  ocsp::FreshnessRules ocsp{};  // max_age: of answers and lists without nextUpdate
  ocsp::FreshnessRules crl{};
  // How old at most, whatever nextUpdate says.
  std::optional<base::Seconds> ocsp_limit;
  std::optional<base::Seconds> crl_limit;
  // So long after its end evidence still counts while the sources that would give newer one are down. Zero: not at all.
  base::Seconds grace{0};
};

// The rule for certificates of this issuer: its own, or the policy's.
[[nodiscard]] FreshnessRule rule_for(const Policy& policy, const pki::Certificate& issuer);

[[nodiscard]] bool wants_ocsp(EvidenceRule rule);
[[nodiscard]] bool wants_crl(EvidenceRule rule);

enum class Freshness : std::uint8_t {
  kCurrent,
  kThen,     // was current when what is judged is proved to have existed, and has ended since
  kInGrace,  // ended, but not longer ago than the grace
  kNo,
};
struct Age {
  Freshness freshness = Freshness::kNo;
  std::optional<base::Error> error;  // ocsp.stale, ocsp.future, crl.stale, crl.future; nothing when current
  base::Time this_update;
  base::Time until;  // end of the grace
};
[[nodiscard]] Age judge_age(const ocsp::SingleResponse& answer, const FreshnessRule& rule, base::Time at);
[[nodiscard]] Age judge_age(const ocsp::Crl& crl, const FreshnessRule& rule, base::Time at);
// For what is proved to have existed at `existed_at` (nothing: it exists now). Evidence made since then tells of that
// time however old it has become. Where a time stamp is the proof, evidence that was current then counts too: it is
// what whoever checked the signature at that time would have gone by.
enum class Proof : std::uint8_t { kVouchedFor, kTimeStamp };
struct Existence {
  base::Time now;
  std::optional<base::Time> existed_at;
  Proof proof = Proof::kVouchedFor;
};
[[nodiscard]] Age judge_age(const ocsp::SingleResponse& answer, const FreshnessRule& rule, const Existence& existence);
[[nodiscard]] Age judge_age(const ocsp::Crl& crl, const FreshnessRule& rule, const Existence& existence);

// Why a good word that only the document brings does not count: it is older than such a word may be. nextUpdate is no
// bound: the signer chose among all that were made since the certificate was, and a list may be good for months.
[[nodiscard]] std::optional<base::Error> too_old_to_bring(const ocsp::SingleResponse& answer, const Policy& policy,
                                                          const FreshnessRule& rule, base::Time now);
[[nodiscard]] std::optional<base::Error> too_old_to_bring(const ocsp::Crl& crl, const Policy& policy,
                                                          const FreshnessRule& rule, base::Time now);

// Good evidence that was found, by kind; the last in grace of each.
struct GoodEvidence {
  bool ocsp = false;
  bool crl = false;
  bool ocsp_then = false;  // current when it mattered, ended since
  bool crl_then = false;
  std::optional<Age> ocsp_in_grace;
  std::optional<Age> crl_in_grace;
};
// What of it is lacking under the rule; empty: enough.
[[nodiscard]] std::vector<std::string_view> lacking(EvidenceRule rule, const GoodEvidence& found);
// Whether it is enough with what was current when it mattered.
[[nodiscard]] bool enough_then(EvidenceRule rule, const GoodEvidence& found);
// With evidence in grace: what had to be used of it; nothing (nullopt) when even so it is not enough.
[[nodiscard]] std::optional<std::vector<Age>> enough_in_grace(EvidenceRule rule, const GoodEvidence& found);
// A source of evidence about this certificate was asked and did not serve: the grace is for that alone. Our own limits
// and egress policy are no outage, and neither is evidence that is unreadable, forged, or goes back.
[[nodiscard]] bool source_is_down(const EvidenceSet& evidence, const base::Digest& certificate);

}  // namespace tanba::verify
