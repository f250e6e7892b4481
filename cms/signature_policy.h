// The signature policy that a signer names: id-aa-ets-sigPolicyId (ETSI EN 319 122-1 5.2.9.1).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "pki/signature_facts.h"

namespace tanba::cms {

// SignaturePolicy, whole: SignaturePolicyId, or NULL for a policy that is implied. Of the qualifiers the first SPuri is
// taken, others are passed over. der.*.
[[nodiscard]] base::Result<pki::SignaturePolicyFacts> parse_signature_policy(base::ByteView der);

}  // namespace tanba::cms
