// Counter-signatures (RFC 5652 11.4): signatures over the value of another signature, in its unsigned attributes.
// Internal to cms.
#pragma once

#include <span>

#include "base/limits.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::cms {

// Verifies what `unsigned_attributes` (contents of the SET) of the signature hold and puts it into
// `signature.counter_signatures`, parents first. One that is wrong says so in its own errors and decides nothing about
// the signature; of too many or too deep ones one entry says limit.count. `signature.id` and `.signature_value` must be
// there. Time stamps in a counter-signature's own unsigned attributes are collected; other evidence there is passed
// over.
[[nodiscard]] base::Status inspect_counter_signatures(pki::Context& context, base::Budget& budget,
                                                      base::ByteView unsigned_attributes,
                                                      pki::SignatureFacts& signature,
                                                      std::span<const pki::CertificatePtr> certificates,
                                                      std::span<const pki::CertificatePtr> at_hand);

}  // namespace tanba::cms
