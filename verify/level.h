// What of the baseline levels (ETSI EN 319 122-1, 319 132-1, 319 142-1, clause 6) a signature reaches. Internal to
// verify.
//
// Of what clause 6.3 wants of every level, looked at is what says who signed and when: the signer's certificate named
// in what is signed (in its newer or older form) and the claimed time; content-type and message-digest are there
// whenever anything is signed beside the content, else the signature is refused. Not looked at: DataObjectFormat,
// SubFilter.
#pragma once

#include <cstdint>
#include <string>

#include "pki/signature_facts.h"
#include "verify/report.h"

namespace tanba::verify {

// What a signature carries that outlasts its certificate.
enum class Lasting : std::uint8_t {
  kNothing,
  // A time stamp of the signature, that holds. What does not hold is as if it were not there.
  kTimestamp,
  // Also everything that signature and time stamp were judged by but the anchors: certificates, and evidence about each
  // that suffices by itself.
  kEvidence,
};
[[nodiscard]] Lasting lasting_in(const pki::DocumentFacts& document, const pki::SignatureFacts& signature,
                                 const Finding& finding);

// "B-B", with what lasts "B-T" and "B-LT"; empty where what every level wants is not there: a CMS without signed
// attributes or whose attributes do not name the certificate, an XML-DSig that is no XAdES.
[[nodiscard]] std::string level_of(const pki::DocumentFacts& document, const pki::SignatureFacts& signature,
                                   const Finding& finding);

}  // namespace tanba::verify
