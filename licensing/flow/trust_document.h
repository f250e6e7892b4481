// A trust list whole, as the document that the registry keeps: canonical JSON
//
//     {"anchors":[{"certificate":"<base64 DER>","from":"...","purposes":["applicant",...],"until":"..."}],
//      "id":"<hex>","intermediates":["<base64 DER>"]}
//
// so that an old report can be judged again, and an old list be taken into force again.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "pki/trust.h"

namespace tanba::licensing::flow {

// A national PKI has tens of certificates in use; ten thousand would make every search long.
inline constexpr std::size_t kMaxAnchors = 256;
inline constexpr std::size_t kMaxIntermediates = 1024;

[[nodiscard]] std::string write_trust_document(const pki::TrustSnapshot& snapshot);

// Exactly what write_trust_document writes: unknown or missing members, certificates that cannot be read, too many of
// them, or an `id` that is not the content's are registry.damaged. Never a part of a list.
[[nodiscard]] base::Result<pki::TrustSnapshotPtr> read_trust_document(base::ByteView document);

}  // namespace tanba::licensing::flow
