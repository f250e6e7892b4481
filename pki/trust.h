// Trust anchors with their purposes, as one immutable snapshot.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "pki/certificate.h"

namespace tanba::pki {

// For whom or what an anchor is trusted. `--trust` on the command line gives all of them.
enum class TrustPurpose : std::uint8_t { kApplicant, kOfficer, kOperator, kOcsp, kTsa, kPortal };
[[nodiscard]] std::string_view to_string(TrustPurpose purpose);
[[nodiscard]] base::Result<TrustPurpose> parse_trust_purpose(std::string_view name);

class TrustPurposes {
 public:
  constexpr TrustPurposes() = default;
  constexpr TrustPurposes(std::initializer_list<TrustPurpose> purposes) {
    for (const TrustPurpose purpose : purposes) bits_ |= bit(purpose);
  }
  [[nodiscard]] static constexpr TrustPurposes all() {
    return {TrustPurpose::kApplicant, TrustPurpose::kOfficer, TrustPurpose::kOperator,
            TrustPurpose::kOcsp,      TrustPurpose::kTsa,     TrustPurpose::kPortal};
  }
  [[nodiscard]] constexpr bool has(TrustPurpose purpose) const { return (bits_ & bit(purpose)) != 0; }
  constexpr void add(TrustPurpose purpose) { bits_ |= bit(purpose); }
  bool operator==(const TrustPurposes&) const = default;

 private:
  [[nodiscard]] static constexpr unsigned bit(TrustPurpose purpose) { return 1U << static_cast<unsigned>(purpose); }
  unsigned bits_ = 0;
};

struct Anchor {
  CertificatePtr certificate;  // any certificate may be an anchor; its own signature is not checked
  TrustPurposes purposes;
  std::optional<base::Time> trusted_from;  // the operator's window, beside the certificate's own validity
  std::optional<base::Time> trusted_until;
};

class TrustSnapshot;
using TrustSnapshotPtr = std::shared_ptr<const TrustSnapshot>;

class TrustSnapshot {
 public:
  // Intermediates are candidates for chains, never trusted by themselves.
  [[nodiscard]] static TrustSnapshotPtr make(std::vector<Anchor> anchors, std::vector<CertificatePtr> intermediates);

  // Names the content: SHA-256 over anchors (digest, purposes, windows) and intermediates, in a fixed order.
  [[nodiscard]] const base::Digest& id() const { return id_; }
  [[nodiscard]] std::span<const Anchor> anchors() const { return anchors_; }
  [[nodiscard]] std::span<const CertificatePtr> intermediates() const { return intermediates_; }
  [[nodiscard]] const Anchor* anchor_of(const base::Digest& certificate) const;
  // Candidates by subject name (Name::canonical()).
  [[nodiscard]] std::span<const CertificatePtr> with_subject(const Name& name) const;

 private:
  base::Digest id_;
  std::vector<Anchor> anchors_;
  std::vector<CertificatePtr> intermediates_;
  std::unordered_map<std::string, std::vector<CertificatePtr>> by_subject_;
  std::unordered_map<base::Digest, std::size_t> anchor_index_;
};

// OID under 2.25 that marks the demo authority's root (certs-test/README.md).
[[nodiscard]] bool has_demo_marker(const Certificate& certificate);

}  // namespace tanba::pki
