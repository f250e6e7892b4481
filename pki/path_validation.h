// One candidate chain, judged: RFC 5280 section 6 by OpenSSL, and around it what OpenSSL leaves open (which algorithms,
// what for, whose trust, when). Inside of the path search, and for a path that
// another one gives, as an OCSP responder's.
#pragma once

#include <vector>

#include "pki/path.h"

namespace tanba::pki {

// Everything that is wrong with `path`, which ends in an anchor of the query's snapshot; the most telling first. Empty:
// the path is valid. Errors of the result are limit.cost and internal.
[[nodiscard]] base::Result<std::vector<base::Error>> validate_path(Context& context, const Path& path,
                                                                   const PathQuery& query, base::Budget& budget);

// Whether the certificate may issue others (RFC 5280 6.1.4 k, n): path.not_a_ca, path.key_usage.
[[nodiscard]] base::Status check_may_issue(const Certificate& issuer);

// The key with the DSA parameters that it leaves to its issuer (RFC 3279 2.3.2); any other key as it is.
[[nodiscard]] PublicKeyInfo with_inherited_parameters(const PublicKeyInfo& key, const PublicKeyInfo& issuer_key);
[[nodiscard]] inline bool lacks_parameters(const PublicKeyInfo& key) {
  return key.kind == KeyKind::kDsa && key.bits == 0;
}

// Verifies one link; charged to the budget unless remembered. path.bad_signature, certificate.unsupported_key,
// algorithm.*, or limit.cost.
[[nodiscard]] base::Status check_link(Context& context, const Certificate& certificate, const Certificate& issuer,
                                      const PublicKeyInfo& issuer_key, base::Budget& budget);

// Sorted by the rank of their sub-indications (base/codes.h), otherwise in the order found.
void rank_errors(std::vector<base::Error>& errors);

}  // namespace tanba::pki
