// Counter-signatures (RFC 5652 11.4): signatures over the value of another signature, in its unsigned attributes.
// Internal to cms.
#pragma once

#include <span>

#include "base/limits.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::cms {

// Of one signature, those of its counter-signatures too; each costs a verification and a path. Approvals in a row seen
// in practice are two or three.
inline constexpr std::size_t kMaxCounterSignatures = 16;
// S1.C1.C1.C1: counter-signatures deeper than that are not looked for.
inline constexpr std::size_t kMaxCounterSignatureDepth = 3;

// Verifies what `unsigned_attributes` (contents of the SET) of the signature hold and puts it into
// `signature.counter_signatures`, parents first. One that is wrong says so in its own errors and decides nothing about
// the signature; of too many or too deep ones one entry says limit.count. `signature.id` and `.signature_value` must be
// there.
[[nodiscard]] base::Status inspect_counter_signatures(pki::Context& context, base::Budget& budget,
                                                      base::ByteView unsigned_attributes,
                                                      pki::SignatureFacts& signature,
                                                      std::span<const pki::CertificatePtr> certificates,
                                                      std::span<const pki::CertificatePtr> at_hand);

}  // namespace tanba::cms
