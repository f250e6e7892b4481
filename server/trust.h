// Trust anchors and intermediates from the configuration's files: the registry's first trust list, and what it is
// compared with later (licensing/flow/trust_lists.h).
#pragma once

#include "licensing/flow/trust_document.h"
#include "pki/trust.h"
#include "server/config.h"

namespace tanba::server {

inline constexpr std::size_t kMaxAnchorFileBytes = 1U << 20;

// file.not_readable, file.wrong_content; config.demo_anchor when one of the demo authority's is listed outside demo
// mode. A directory of intermediates holds certificates only; files whose names begin with a dot are passed over.
[[nodiscard]] base::Result<pki::TrustSnapshotPtr> load_trust(const Config& config);

}  // namespace tanba::server
