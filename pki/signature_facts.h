// What a document says about its signatures, without time and trust: made by cms, xmldsig and pdf, judged by verify.
#pragma once

#include <chrono>
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

enum class DocumentFormat : std::uint8_t { kUnknown, kCms, kXmlDsig, kPdf };
[[nodiscard]] std::string_view to_string(DocumentFormat format);  // "CMS", "XML-DSig", "PDF"

struct Coverage {
  bool whole = false;  // everything but the signature itself
  std::string what;    // "content", "document", "#body", ...: for the report
};

// A time stamp (RFC 3161) that a document carries, as its format found it: cms/tsp verifies it (verify::inspect does so
// for every one that a format hands over).
struct TimestampToken {
  base::Bytes token;    // ContentInfo, DER or BER
  base::Bytes covered;  // the octets whose digest its imprint must be
  bool operator==(const TimestampToken&) const = default;
};

// What a time stamp is over: the signature it stands in, or a document of which the signature is a part (PAdES).
enum class TimestampKind : std::uint8_t { kSignature, kDocument };
[[nodiscard]] std::string_view to_string(TimestampKind kind);  // "signature", "document"

// What a time stamp says and what is wrong with it, without time and trust: made by cms/tsp, judged by verify. Members
// that could not be read are empty, and `errors` says so.
struct TimestampFacts {
  TimestampKind kind = TimestampKind::kSignature;
  base::Bytes token;
  base::Digest id;  // SHA-256 of the token
  // Empty means that it is well formed, by one signer whom its ESS attribute names, and that the value verified.
  std::vector<base::Error> errors;
  bool over_known_data = false;  // the imprint was compared (and, without errors, is equal)
  // TSTInfo, RFC 3161 2.4.2.
  Oid policy;
  std::string imprint_algorithm;                  // OID as written
  std::optional<DigestAlgorithm> imprint_digest;  // nothing when it is not known here
  base::Bytes imprint;
  std::string serial;   // hexadecimal, lower case
  base::Time gen_time;  // a fraction is cut off
  // "By adding the accuracy value to the GeneralizedTime, an upper limit of the time at which the time-stamp token has
  // been created by the TSA can be obtained": in whole seconds, rounded up. What existed at genTime, existed then.
  base::Time latest_time;
  std::optional<std::chrono::microseconds> accuracy;
  bool ordering = false;
  base::Bytes nonce;  // contents octets of the INTEGER
  std::string tsa;    // RFC 4514 or as written; empty when absent
  // Its signature.
  std::optional<SignatureAlgorithm> algorithm;
  std::vector<DigestAlgorithm> content_digests;
  std::vector<std::string> algorithm_names;
  CertificatePtr certificate;  // the TSA's; null when neither token nor caller had it
  // What the token carries.
  std::vector<CertificatePtr> certificates;
  std::vector<base::Bytes> crls;
  std::vector<base::Bytes> ocsp_responses;
};

// By which rules the signer says that the signature was made: EN 319 122-1 5.2.9 (CMS), EN 319 132-1 5.2.9 (XML). Read,
// and not followed: what it means is for whoever knows those rules.
struct SignaturePolicyFacts {
  std::string id;                // OID or URI as written; empty when the policy is implied by what is signed
  std::string digest_algorithm;  // of the policy's text: OID or URI as written; empty when no digest is given
  base::Bytes digest;
  std::string uri;  // where its text can be had; empty when not said
  bool operator==(const SignaturePolicyFacts&) const = default;
};

// Whether what is signed names the certificate of the signer, so that no other one of the same key can take its place.
enum class CertificateReference : std::uint8_t { kAbsent, kSigned };

// Of one signature, those of its counter-signatures too; each costs a verification and a path. Approvals in a row seen
// in practice are two or three.
inline constexpr std::size_t kMaxCounterSignatures = 16;
// S1.C1.C1.C1: counter-signatures deeper than that are not looked for.
inline constexpr std::size_t kMaxCounterSignatureDepth = 3;

// A signature over the value of another signature (RFC 5652 11.4; EN 319 132-1 5.2.7). Its own are looked for too, and
// stand beside it.
struct CounterSignatureFacts {
  std::string id;    // "S1.C1", its own counter-signature "S1.C1.C1"
  std::string over;  // the id of the signature whose value it is over
  std::optional<SignatureAlgorithm> algorithm;
  std::vector<DigestAlgorithm> content_digests;
  std::vector<std::string> algorithm_names;
  CertificatePtr certificate;       // null when neither document nor caller had it
  std::vector<base::Error> errors;  // empty: the value verified over the other signature's value
  CertificateReference certificate_reference = CertificateReference::kAbsent;
  std::optional<base::Time> claimed_signing_time;  // proves nothing
  std::vector<TimestampToken> timestamp_tokens;    // over its own value: as those of a signature
  std::vector<TimestampFacts> timestamps;
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
  std::vector<base::Error> warnings;  // reported, decide nothing
  Coverage covers;
  std::optional<base::Time> claimed_signing_time;  // proves nothing
  std::vector<TimestampToken> timestamp_tokens;    // found, not verified yet: verify::inspect turns them into ...
  std::vector<TimestampFacts> timestamps;          // ... these, each of which may prove when the signature existed
  std::uint32_t countersignatures = 0;             // how many stand in the signature itself
  std::vector<CounterSignatureFacts> counter_signatures;  // every one that was looked at, parents first
  CertificateReference certificate_reference = CertificateReference::kAbsent;
  std::optional<SignaturePolicyFacts> signature_policy;
  base::Bytes signature_value;
  // The octets that were digested, as one string, when the signature covers one thing and the caller asked for them:
  // CMS content, or the canonical XML. Business data is read from here only.
  base::Bytes signed_octets;
};

// What verified as a signature, as a counter-signature of the one that `over` names.
[[nodiscard]] CounterSignatureFacts counter_signature_from(SignatureFacts&& facts, std::string over);
// Stands for those that were not looked at: limit.count.
[[nodiscard]] CounterSignatureFacts counter_signatures_not_looked_at(const std::string& over, std::string_view what,
                                                                     std::size_t limit);

// Every time stamp that the signature carries: its own and those of its counter-signatures.
template <class Take>
void for_each_timestamp(const SignatureFacts& signature, Take take) {
  for (const TimestampFacts& timestamp : signature.timestamps) take(timestamp);
  for (const CounterSignatureFacts& one : signature.counter_signatures) {
    for (const TimestampFacts& timestamp : one.timestamps) take(timestamp);
  }
}

enum class KeepOctets : std::uint8_t { kNo, kYes };

// wsu:Timestamp of a SOAP message (WSS 1.1 section 10): how long the sender means it to be acted upon.
struct MessageTimestamp {
  std::optional<base::Time> created;
  std::optional<base::Time> expires;
};

struct DocumentFacts {
  DocumentFormat format = DocumentFormat::kUnknown;
  Oid content_type;  // CMS: eContentType (id-data for documents); empty for others
  std::vector<SignatureFacts> signatures;
  std::vector<CertificatePtr> certificates;  // all embedded ones, each once
  std::vector<base::Bytes> crls;             // embedded, DER
  std::vector<base::Bytes> ocsp_responses;   // embedded, DER (whole OCSPResponse)
  std::optional<MessageTimestamp> message_times;
  std::vector<base::Error> errors;  // of the document: refused whatever the signatures say
};

}  // namespace tanba::pki
