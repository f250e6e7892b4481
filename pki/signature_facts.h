// What a document says about its signatures, without time and trust: made by cms and xmldsig, judged by verify.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"

namespace tanba::pki {

enum class DocumentFormat : std::uint8_t { kUnknown, kCms, kXmlDsig };
[[nodiscard]] std::string_view to_string(DocumentFormat format);  // "CMS", "XML-DSig"

struct Coverage {
  bool whole = false;  // everything but the signature itself
  std::string what;    // "content", "document", "#body", ...: for the report
};

struct SignatureFacts {
  std::string id;                                // the Signature's Id, else "S1", "S2", ... in document order
  std::optional<SignatureAlgorithm> algorithm;   // nothing when it is not understood (errors says so)
  std::vector<DigestAlgorithm> content_digests;  // of messageDigest or the References
  std::vector<std::string> algorithm_names;      // OIDs or URIs as written: signature, digests, canonicalisation
  CertificatePtr certificate;                    // the signer's; null when the document does not carry it
  // What is wrong with the signature itself: structure, digest, value. Empty means that the value verified over the
  // octets under the certificate's key: nothing about trust.
  std::vector<base::Error> errors;
  Coverage covers;
  std::optional<base::Time> claimed_signing_time;  // proves nothing
  std::vector<base::Bytes> timestamp_tokens;       // signature time stamps (RFC 3161), DER
  std::uint32_t countersignatures = 0;             // how many the signature carries; noted, not verified
  base::Bytes signature_value;                     // what a time stamp is over
  // The octets that were digested, as one string, when the signature covers one thing and the caller asked for them:
  // CMS content, or the canonical XML. Business data is read from here only.
  base::Bytes signed_octets;
};

enum class KeepOctets : std::uint8_t { kNo, kYes };

struct DocumentFacts {
  DocumentFormat format = DocumentFormat::kUnknown;
  Oid content_type;  // CMS: eContentType (id-data for documents); empty for others
  std::vector<SignatureFacts> signatures;
  std::vector<CertificatePtr> certificates;  // all embedded ones, each once
  std::vector<base::Bytes> crls;             // embedded, DER
  std::vector<base::Bytes> ocsp_responses;   // embedded, DER (whole OCSPResponse)
  std::vector<base::Error> errors;           // of the document: refused whatever the signatures say
};

}  // namespace tanba::pki
