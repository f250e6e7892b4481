#include "verify/evidence/augment_values.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "verify/freshness_rules.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using pki::CertificatePtr;

class Collector {
 public:
  Collector(const Verified& verified, const JudgeInput& input) : verified_(verified), policy_(input.policy) {
    const pki::DocumentFacts& document = verified.facts->content;
    for (const CertificatePtr& certificate : document.certificates) take_inside(certificate);
    for (const pki::SignatureFacts& signature : document.signatures) {
      for (const pki::TimestampFacts& timestamp : signature.timestamps) {
        for (const CertificatePtr& certificate : timestamp.certificates) take_inside(certificate);
      }
    }
    for (const CertificatePtr& certificate : input.candidates) know(certificate);
    for (const CertificatePtr& certificate : input.trust->intermediates()) know(certificate);
    for (const pki::Anchor& anchor : input.trust->anchors()) {
      know(anchor.certificate);
      done_.insert(anchor.certificate->digest().hex());
    }
    // A responder's certificate travels in its answers.
    for (const OcspItem& item : verified.evidence.ocsp()) {
      for (const CertificatePtr& certificate : item.response->certificates) take_inside(certificate);
    }
  }

  base::Status take(const Finding& finding, Values& out) {
    for (std::size_t i = 0; i + 1 < finding.chain.size(); ++i) {
      add_certificate(finding.chain[i].digest, out);
      TANBA_CHECK(add_evidence(finding.revocation, finding.chain[i].digest, finding.chain[i + 1].digest, out));
    }
    for (const CertificatePtr& signer : finding.beneath.certificates) {
      know(signer);
      add_certificate(signer->digest().hex(), out);
      TANBA_CHECK(add_evidence(finding.beneath.revocation, signer->digest().hex(), "", out));
    }
    return {};
  }

 private:
  using Entries = std::vector<const RevocationEntry*>;

  void know(const CertificatePtr& certificate) { known_.emplace(certificate->digest().hex(), certificate); }
  void take_inside(const CertificatePtr& certificate) {
    know(certificate);
    done_.insert(certificate->digest().hex());
  }

  void add_certificate(const std::string& digest, Values& out) {
    const auto found = known_.find(digest);
    if (found != known_.end() && done_.insert(digest).second) out.certificates.push_back(found->second);
  }

  [[nodiscard]] EvidenceRule rule_of(const std::string& issuer) const {
    const auto found = known_.find(issuer);
    return found != known_.end() ? rule_for(policy_, *found->second).evidence : policy_.evidence;
  }

  // Each says by itself that the certificate held; together they are enough for the rule.
  [[nodiscard]] static Entries choose(const std::vector<RevocationEntry>& all, const std::string& certificate,
                                      EvidenceRule rule) {
    Entries answers;
    Entries lists;
    for (const RevocationEntry& entry : all) {
      if (!entry.holds || entry.certificate_digest != certificate) continue;
      (entry.kind == "OCSP" ? answers : lists).push_back(&entry);
    }
    const bool either = rule == EvidenceRule::kOcspOrCrl;
    const auto is_inside = [](const RevocationEntry* entry) { return entry->source == kEmbedded; };
    if (either && !lists.empty() && std::ranges::all_of(lists, is_inside)) return {};
    const auto newest = std::ranges::max_element(
        answers, {}, [&](const RevocationEntry* entry) { return std::pair(is_inside(entry), entry->this_update); });
    Entries chosen;
    if (newest != answers.end() && wants_ocsp(rule)) chosen.push_back(*newest);
    if (wants_crl(rule) && !(either && !chosen.empty())) chosen.insert(chosen.end(), lists.begin(), lists.end());
    return chosen;
  }

  base::Status add_evidence(const std::vector<RevocationEntry>& all, const std::string& certificate,
                            const std::string& issuer, Values& out) {
    for (const RevocationEntry* entry : choose(all, certificate, rule_of(issuer))) {
      if (entry->source == kEmbedded || !done_.insert(entry->evidence).second) continue;
      TANBA_CHECK(add_octets(*entry, out));
    }
    return {};
  }

  base::Status add_octets(const RevocationEntry& entry, Values& out) const {
    const auto is_it = [&](const auto& item) { return item.id.hex() == entry.evidence; };
    if (const auto ocsp = std::ranges::find_if(verified_.evidence.ocsp(), is_it);
        ocsp != verified_.evidence.ocsp().end()) {
      out.ocsp_responses.push_back(ocsp->response->octets);
      return {};
    }
    const auto list = std::ranges::find_if(verified_.evidence.crls(), is_it);
    if (list == verified_.evidence.crls().end() || !list->octets) return gone(entry);
    auto octets = list->octets->read(list->id);
    if (!octets) return gone(entry);
    out.crls.push_back(*std::move(octets));
    return {};
  }

  [[nodiscard]] static base::Status gone(const RevocationEntry& entry) {
    return base::fail(Code::kAugmentEvidence, {{"what", "the octets of " + entry.kind + " " + entry.evidence}});
  }

  const Verified& verified_;
  const Policy& policy_;
  std::map<std::string, CertificatePtr> known_;  // by SHA-256
  std::set<std::string> done_;                   // certificates and evidence that need not go in any more
};

}  // namespace

base::Result<SignatureValues> values_of(const Verified& verified, const Finding& finding, const JudgeInput& input) {
  Collector collector(verified, input);
  SignatureValues values;
  TANBA_CHECK(collector.take(finding, values.signer));
  for (const TimestampFinding& timestamp : finding.timestamps) {
    if (timestamp.result.errors.empty()) TANBA_CHECK(collector.take(timestamp.result, values.timestamps));
  }
  return values;
}

}  // namespace tanba::verify::evidence
