// What of the baseline levels (ETSI EN 319 122-1, 319 132-1, 319 142-1, clause 6) a signature reaches. Internal to
// verify.
#pragma once

#include <string>

#include "pki/signature_facts.h"
#include "verify/report.h"

namespace tanba::verify {

// B-T has a time stamp of the signature; B-LT also everything that signature and time stamp were judged by but the
// anchors: certificates, and evidence about each that suffices by itself. What does not hold is as if it were not
// there.
[[nodiscard]] std::string level_of(const pki::DocumentFacts& document, const pki::SignatureFacts& signature,
                                   const Finding& finding);

}  // namespace tanba::verify
