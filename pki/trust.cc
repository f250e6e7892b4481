#include "pki/trust.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace tanba::pki {
namespace {

constexpr std::array<std::pair<TrustPurpose, std::string_view>, 6> kPurposes = {{
    {TrustPurpose::kApplicant, "applicant"},
    {TrustPurpose::kOfficer, "officer"},
    {TrustPurpose::kOperator, "operator"},
    {TrustPurpose::kOcsp, "ocsp"},
    {TrustPurpose::kTsa, "tsa"},
    {TrustPurpose::kPortal, "portal"},
}};

std::string window_text(const std::optional<base::Time>& time) {
  return time ? base::format_time(*time) : "-";
}

// One line for each member, sorted: the same content has the same name, in whatever order it was configured.
base::Digest digest_of(const std::vector<Anchor>& anchors, const std::vector<CertificatePtr>& intermediates) {
  std::vector<std::string> lines;
  for (const Anchor& anchor : anchors) {
    std::string line = "anchor " + anchor.certificate->digest().hex();
    for (const auto& [purpose, name] : kPurposes) {
      if (anchor.purposes.has(purpose)) line += " " + std::string(name);
    }
    lines.push_back(line + " " + window_text(anchor.trusted_from) + " " + window_text(anchor.trusted_until) + "\n");
  }
  for (const CertificatePtr& certificate : intermediates) {
    lines.push_back("intermediate " + certificate->digest().hex() + "\n");
  }
  std::ranges::sort(lines);
  base::Sha256 hash;
  for (const std::string& line : lines) hash.update(base::as_bytes(line));
  return hash.finish();
}

// The same certificate configured twice is one anchor: for the purposes of both, in the time that both allow.
void merge(Anchor& anchor, const Anchor& other) {
  for (const auto& [purpose, name] : kPurposes) {
    if (other.purposes.has(purpose)) anchor.purposes.add(purpose);
  }
  if (other.trusted_from && (!anchor.trusted_from || *other.trusted_from > *anchor.trusted_from)) {
    anchor.trusted_from = other.trusted_from;
  }
  if (other.trusted_until && (!anchor.trusted_until || *other.trusted_until < *anchor.trusted_until)) {
    anchor.trusted_until = other.trusted_until;
  }
}

}  // namespace

std::string_view to_string(TrustPurpose purpose) {
  return kPurposes[static_cast<std::size_t>(purpose)].second;
}

base::Result<TrustPurpose> parse_trust_purpose(std::string_view name) {
  for (const auto& [purpose, text] : kPurposes) {
    if (text == name) return purpose;
  }
  return base::fail(
      base::Error(base::Code::kInputMember,
                  {{"member", "purpose"}, {"expected", "applicant, officer, operator, ocsp, tsa or portal"}}));
}

TrustSnapshotPtr TrustSnapshot::make(std::vector<Anchor> anchors, std::vector<CertificatePtr> intermediates) {
  const auto snapshot = std::make_shared<TrustSnapshot>();
  std::unordered_set<base::Digest> known;
  const auto add_candidate = [&](const CertificatePtr& certificate) {
    if (!known.insert(certificate->digest()).second) return false;
    snapshot->by_subject_[certificate->subject().canonical()].push_back(certificate);
    return true;
  };
  for (Anchor& anchor : anchors) {
    const auto found = snapshot->anchor_index_.find(anchor.certificate->digest());
    if (found != snapshot->anchor_index_.end()) {
      merge(snapshot->anchors_[found->second], anchor);
      continue;
    }
    add_candidate(anchor.certificate);
    snapshot->anchor_index_.emplace(anchor.certificate->digest(), snapshot->anchors_.size());
    snapshot->anchors_.push_back(std::move(anchor));
  }
  for (CertificatePtr& certificate : intermediates) {
    if (add_candidate(certificate)) snapshot->intermediates_.push_back(std::move(certificate));
  }
  snapshot->id_ = digest_of(snapshot->anchors_, snapshot->intermediates_);
  return snapshot;
}

const Anchor* TrustSnapshot::anchor_of(const base::Digest& certificate) const {
  const auto found = anchor_index_.find(certificate);
  return found == anchor_index_.end() ? nullptr : &anchors_[found->second];
}

std::span<const CertificatePtr> TrustSnapshot::with_subject(const Name& name) const {
  const auto found = by_subject_.find(name.canonical());
  if (found == by_subject_.end()) return {};
  return found->second;
}

bool has_demo_marker(const Certificate& certificate) {
  static const Oid kMarker = Oid::literal("2.25.267144961041042545340788917141386069931");
  return certificate.extension(kMarker) != nullptr;
}

}  // namespace tanba::pki
