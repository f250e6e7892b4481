// Verifies every signature of a CMS SignedData document (RFC 5652), without time and trust.
//
// Takes DER and BER, attached and detached content, signers named by issuer and serial or by key identifier, with and
// without signed attributes (5.6: without only when the content is id-data), and checks contentType, messageDigest,
// signingTime's form, and the signing-certificate attributes of RFC 2634 5.4 and RFC 5035 3 where present. The
// signature policy (EN 319 122-1 5.2.9) is read. Counter-signatures (11.4) are verified the same way, within bounds.
//
// Beyond RFC 5652: content that is itself an encoding of signed attributes is refused where a signer has none, since
// the value of another signature over those attributes would verify for it (RFC 5652 section 14 does not warn of it).
// Only collected, not verified: time stamps of signatures and counter-signatures, embedded CRLs and OCSP responses.
//
// What is wrong in the document is in the facts: DocumentFacts::errors for the document, SignatureFacts::errors for one
// signature. A Result without value is an internal fault and no verdict. Costs are charged before the work; content is
// digested once for an algorithm, however many signers name it.
#pragma once

#include <span>
#include <vector>

#include "base/limits.h"
#include "cms/content.h"
#include "cms/signed_data.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::cms {

struct InspectOptions {
  // kYes: SignatureFacts::signed_octets of every signature without errors; each copy is charged like a digest.
  pki::KeepOctets keep_octets = pki::KeepOctets::kNo;
  // Where a signer's certificate is looked for when the document does not carry it (time-stamp tokens may not).
  std::span<const pki::CertificatePtr> certificates{};
};

// `cms` is DER or BER (no PEM). `detached`: no content, octets, or digests only; octets must stay while this runs.
[[nodiscard]] base::Result<pki::DocumentFacts> inspect(pki::Context& context, base::ByteView cms,
                                                       const DetachedContent& detached, base::Budget& budget,
                                                       const InspectOptions& options);
[[nodiscard]] inline base::Result<pki::DocumentFacts> inspect(pki::Context& context, base::ByteView cms,
                                                              const DetachedContent& detached, base::Budget& budget,
                                                              pki::KeepOctets keep_octets = pki::KeepOctets::kNo) {
  return inspect(context, cms, detached, budget, InspectOptions{.keep_octets = keep_octets, .certificates = {}});
}
// The same for what is parsed already (cms/tsp, which needs the content too).
[[nodiscard]] base::Result<pki::DocumentFacts> inspect(pki::Context& context, const SignedData& signed_data,
                                                       const DetachedContent& detached, base::Budget& budget,
                                                       const InspectOptions& options);

// The digests of its content that the signers of a document name, each once; those that are not known are passed over.
// For whoever computes them before there is a document to inspect. As cms::parse_signed_data.
[[nodiscard]] base::Result<std::vector<pki::DigestAlgorithm>> content_digests(base::ByteView cms,
                                                                              const base::Limits& limits);

}  // namespace tanba::cms
