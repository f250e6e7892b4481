// inspect: octets to Facts. Pure: no time, no trust, no network. Done once for a document; judge works on the Facts.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"
#include "cms/content.h"
#include "cms/large_document.h"
#include "pki/context.h"
#include "pki/signature_facts.h"
#include "xmldsig/inspect.h"

namespace tanba::verify {

struct Facts {
  base::Digest document;  // SHA-256 of the file as it came
  std::uint64_t size_bytes = 0;
  std::optional<base::Digest> detached;  // SHA-256 of the content given beside it
  pki::DocumentFacts content;
};

// A log-in challenge is signed like a document, but must never pass for one; nothing else passes for a challenge.
enum class DocumentKind : std::uint8_t { kDocument, kLoginChallenge };
inline constexpr std::string_view kLoginChallengeNamespace = "urn:tanba:login-challenge:1";
// Challenges are of our own making and under two kilobytes; what is larger is none.
inline constexpr std::size_t kMaxChallengeBytes = 16U << 10;

struct InspectOptions {
  DocumentKind kind = DocumentKind::kDocument;
  // Content beside the document. What is only digested must be larger than kMaxChallengeBytes.
  cms::DetachedContent detached;
  pki::KeepOctets keep_octets = pki::KeepOctets::kNo;
  // What of XML-DSig is understood; `certificates`: at hand beside the document, for its conformance forms only.
  xmldsig::Forms xml_forms = xmldsig::Forms::kFlow;
  std::span<const pki::CertificatePtr> certificates{};
};

// Finds the format (CMS in DER, BER, PEM or bare base64; XML; PDF) and inspects it. What is wrong inside the document
// is in Facts; an error here is an internal fault.
[[nodiscard]] base::Result<Facts> inspect(pki::Context& context, base::ByteView document, const InspectOptions& options,
                                          const base::Limits& limits);

// The document without its armour: CMS in PEM or base64 as DER or BER, everything else as it is. format.unknown.
[[nodiscard]] base::Result<base::Bytes> without_armour(base::ByteView document);

// A CMS whose content is not held in memory; `options.detached` is for one that has none inside. No octets are kept.
[[nodiscard]] base::Result<Facts> inspect(pki::Context& context, const cms::LargeDocument& document,
                                          const InspectOptions& options, const base::Limits& limits);

// Facts as JSON and back, without loss but for `signed_octets` and what judge does not read: what a capsule keeps.
[[nodiscard]] boost::json::value to_json(const Facts& facts);
[[nodiscard]] base::Result<Facts> facts_from_json(const boost::json::value& value);

}  // namespace tanba::verify
