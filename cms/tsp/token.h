// Time-stamp tokens (RFC 3161, RFC 5816): a CMS SignedData over TSTInfo, read and verified without time and trust.
//
// Checked here: eContentType is id-ct-TSTInfo; exactly one signer; everything that cms::inspect checks of it; an ESS
// signing-certificate attribute (v1 or v2) is there and names the certificate under which the value verified; TSTInfo
// by cms/tsp/tst_info.h; the imprint is of a known digest and is the digest of the data; `tsa`, where present, is one
// of the certificate's names. What is left to whoever judges: the certificate's purpose (RFC 3161 2.3), path and
// revocation, the digests' strength, and genTime against the clock.
#pragma once

#include <span>

#include "base/limits.h"
#include "cms/content.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::cms::tsp {

// Tokens with two certificate chains and a list inside; more is no token.
inline constexpr std::size_t kMaxTokenBytes = 1U << 20;

// `data`: what the token must be over; nothing given leaves the imprint uncompared (over_known_data stays false).
// `certificates`: where the TSA's certificate is looked for when the token does not carry it (certReq absent).
// Errors in the facts: tsp.*, cms.*, der.*, digest.mismatch, signature.broken, algorithm.*, limit.*. A Result without
// value is an internal fault and no verdict.
[[nodiscard]] base::Result<pki::TimestampFacts> inspect_token(pki::Context& context, base::ByteView token,
                                                              const DetachedContent& data, base::Budget& budget,
                                                              std::span<const pki::CertificatePtr> certificates = {});

// Verifies every token that the format found: timestamp_tokens of signatures and counter-signatures become timestamps.
// The document's own certificates serve tokens that carry none.
[[nodiscard]] base::Status inspect_tokens(pki::Context& context, pki::DocumentFacts& facts, base::Budget& budget);

// A file that holds a token or a whole TimeStampResp, in DER, BER or PEM: the token. tsp.malformed, tsp.rejected.
[[nodiscard]] base::Result<base::Bytes> token_in_file(base::ByteView file);

}  // namespace tanba::cms::tsp
