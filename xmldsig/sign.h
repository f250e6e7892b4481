// Makes enveloped XML signatures in the form that НУЦ РК's portals and plain xmlsec1 verify.
//
// One Reference URI="" with enveloped-signature and c14n 1.0 WithComments (comments are still not signed, as "" selects
// none); SignedInfo in exclusive c14n, so that its octets do not depend on the document around it; the Signature is the
// root's last child; X509Data holds the signer's certificate and then the chain given.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "pki/certificate.h"
#include "pki/context.h"
#include "pki/signature_facts.h"
#include "pki/signer.h"

namespace tanba::xmldsig {

struct Profile {
  pki::SignatureAlgorithm algorithm;  // its digest is also the Reference's
};

struct ToBeSigned {
  base::Bytes octets;           // canonical SignedInfo (pki::signed_info_for): the message the key signs
  base::Bytes document_digest;  // the Reference's DigestValue: of the canonical document
  pki::SignatureAlgorithm algorithm;
  base::Bytes document;                           // as it came
  std::vector<pki::CertificatePtr> certificates;  // signer first
};

// Signatures that the document carries already are covered by the new one. Errors: those of xml::Document::parse;
// algorithm.unknown when XML-DSig has no name for the algorithm.
[[nodiscard]] base::Result<ToBeSigned> prepare(pki::Context& context, base::ByteView document,
                                               const pki::CertificatePtr& certificate,
                                               std::span<const pki::CertificatePtr> chain, const Profile& profile,
                                               base::Budget& budget);
// `signature` as pki::Signer gives it (ECDSA in DER; written as r‖s). The result is not verified here.
[[nodiscard]] base::Result<base::Bytes> complete(const ToBeSigned& prepared, base::ByteView signature);
// prepare, sign, complete.
[[nodiscard]] base::Result<base::Bytes> sign(pki::Context& context, base::ByteView document, pki::Signer& signer,
                                             std::span<const pki::CertificatePtr> chain, const Profile& profile,
                                             base::Budget& budget);

// The digest over the canonical document that a signature by `digest` would carry: what intents name a document by.
[[nodiscard]] base::Result<base::Bytes> document_digest(pki::Context& context, base::ByteView document,
                                                        pki::DigestAlgorithm digest, base::Budget& budget);

// For a document that someone else's software signed: without its last ds:Signature it must be canonically equal to the
// one that was prepared; xml.prepared_changed otherwise. That the signature verifies and covers the whole document is
// the verification's matter, not this function's.
[[nodiscard]] base::Status check_signed_equals_prepared(base::ByteView prepared, base::ByteView signed_document,
                                                        base::Budget& budget);

}  // namespace tanba::xmldsig
