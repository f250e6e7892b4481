// Which evidence a verification went by: what a document must carry to be judged the same from the inside alone.
// Internal to verify/evidence.
#pragma once

#include "verify/evidence/augment_format.h"
#include "verify/evidence/verifier.h"

namespace tanba::verify::evidence {

// What this signature's path, its time stamps' paths, and those who signed the evidence about them were judged by,
// without anchors and without what the document carries already. Of OCSP and lists, where either is enough, the answer.
// augment.evidence when a list's octets are not to be had any more.
[[nodiscard]] base::Result<SignatureValues> values_of(const Verified& verified, const Finding& finding,
                                                      const JudgeInput& input);

}  // namespace tanba::verify::evidence
