// What is at hand to judge with: an append-only set.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "ocsp/crl.h"
#include "ocsp/ocsp.h"
#include "pki/certificate.h"
#include "verify/list_octets.h"

namespace tanba::verify {

// The source of evidence that the document carries.
inline constexpr std::string_view kEmbedded = "embedded";

struct OcspItem {
  base::Digest id;  // SHA-256 of the octets
  std::shared_ptr<const ocsp::OcspResponse> response;
  std::shared_ptr<const base::Bytes> octets;
  base::Bytes nonce;                      // that was sent; empty when none was
  std::optional<base::Digest> asked_for;  // the certificate that it was fetched for
  std::string source;                     // URL, file, or "embedded"
  base::Time received_at;
  bool brought_too = false;  // embedded, and somebody besides the document brought it as well
};

struct CrlItem {
  base::Digest id;
  std::shared_ptr<const ocsp::Crl> crl;
  std::optional<base::Digest> asked_for;
  std::string source;
  base::Time received_at;
  std::shared_ptr<const ListOctets> octets{};  // null: nobody kept them; no capsule can be made with this list
  bool brought_too = false;
};

// Whoever made the document chose it, and as of when.
template <class Item>
[[nodiscard]] bool only_in_document(const Item& item) {
  return item.source == kEmbedded && !item.brought_too;
}

// A source that was asked about a certificate and gave nothing usable as octets.
struct SourceFailure {
  std::string source;
  base::Error error;
  base::Time at;
  std::optional<base::Digest> asked_for;  // nothing for a file that was given: it may have been meant for anything
};

// A local decision to refuse a certificate, a key, or a person's certificates.
struct LocalHold {
  enum class Over : std::uint8_t { kCertificate, kKey, kIin, kBin, kSerial };
  Over over = Over::kCertificate;
  std::string value;   // SHA-256 in hexadecimal, the IIN or BIN, or the serial in lower-case hexadecimal
  std::string issuer;  // RFC 4514, for kSerial
  base::Time since;
  std::string reason;
};

class EvidenceSet {
 public:
  // Returns false when the same octets are there already. What the document carries itself is "embedded", whoever
  // brought it too: it will be at hand wherever the document is.
  bool add(OcspItem item);
  bool add(CrlItem item);
  void add(SourceFailure failure) { failures_.push_back(std::move(failure)); }
  void add(LocalHold hold) { holds_.push_back(std::move(hold)); }
  // The source was asked for this need: it is not asked again in this verification.
  void note_asked(const std::string& source, const base::Digest& certificate) { asked_.emplace(source, certificate); }

  [[nodiscard]] bool was_asked(const std::string& source, const base::Digest& certificate) const {
    return asked_.contains({source, certificate});
  }
  using Asked = std::set<std::pair<std::string, base::Digest>>;
  [[nodiscard]] const Asked& asked() const { return asked_; }
  [[nodiscard]] std::span<const OcspItem> ocsp() const { return ocsp_; }
  [[nodiscard]] std::span<const CrlItem> crls() const { return crls_; }
  [[nodiscard]] std::span<const SourceFailure> failures() const { return failures_; }
  [[nodiscard]] std::span<const LocalHold> holds() const { return holds_; }
  // Grows with every change: a round that adds nothing is the last one.
  [[nodiscard]] std::size_t size() const { return ocsp_.size() + crls_.size() + failures_.size() + holds_.size(); }

 private:
  std::vector<OcspItem> ocsp_;
  std::vector<CrlItem> crls_;
  std::map<base::Digest, std::size_t> ocsp_places_, crl_places_;  // of each item, by its id
  std::vector<SourceFailure> failures_;
  std::vector<LocalHold> holds_;
  Asked asked_;
};

}  // namespace tanba::verify
