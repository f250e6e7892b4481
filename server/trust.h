// Trust anchors and intermediates from their files, as the snapshot that verification runs on.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "pki/trust.h"
#include "server/config.h"

namespace tanba::server {

inline constexpr std::size_t kMaxAnchorFileBytes = 1U << 20;
inline constexpr std::size_t kMaxIntermediates = 1024;  // a national PKI has tens

// file.not_readable, file.wrong_content; config.demo_anchor when one of the demo authority's is listed outside demo
// mode. A directory of intermediates holds certificates only; files whose names begin with a dot are passed over.
[[nodiscard]] base::Result<pki::TrustSnapshotPtr> load_trust(const Config& config);

// The snapshot whole, as canonical JSON: anchors with purposes and windows, intermediates, in base64. What the registry
// keeps, so that an old report can be judged again.
[[nodiscard]] std::string write_trust_document(const pki::TrustSnapshot& snapshot);

// The snapshot in force: swapped whole, read from any thread.
class TrustHolder {
 public:
  explicit TrustHolder(pki::TrustSnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {}
  [[nodiscard]] pki::TrustSnapshotPtr current() const {
    const std::scoped_lock lock(mutex_);
    return snapshot_;
  }
  void set(pki::TrustSnapshotPtr snapshot) {
    const std::scoped_lock lock(mutex_);
    snapshot_ = std::move(snapshot);
  }

 private:
  mutable std::mutex mutex_;
  pki::TrustSnapshotPtr snapshot_;
};

}  // namespace tanba::server
