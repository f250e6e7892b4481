// Counter-signatures as claims of their own: certificate, path, revocation, algorithms. Internal to verify.
#pragma once

#include <vector>

#include "verify/claim.h"

namespace tanba::verify {

// Judges those of one signature at `input.existed_at`, else now: a time stamp of the signature says nothing of when it
// was counter-signed. What fails becomes a warning of `finding` (DESIGN 3: a counter-signature "that fails takes away
// what it would prove, no more"); what a source may still give joins `needs`.
[[nodiscard]] base::Status judge_counter_signatures(pki::Context& context, pki::PathCache* cache,
                                                    const pki::SignatureFacts& signature, const JudgeInput& input,
                                                    base::Budget& budget, Finding& finding, std::vector<Need>& needs);

}  // namespace tanba::verify
