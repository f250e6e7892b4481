// SOAP 1.1 messages with WS-Security (OASIS WSS SOAP Message Security 1.1, X.509 Token Profile 1.1), as the
// e-government gateway sends and wants them (kz-pki 3).
//
// Verified by inspect() like every XML signature; what is particular to a message:
// - the Envelope holds at most one Header before exactly one Body, and nothing else; a Header holds at most one
//   wsse:Security, since which one speaks for the message must not be a choice (wsse.structure otherwise);
// - a signature that is a child of that Security covers the whole message when it covers the Body and every header
// block
//   but Security, by Id; a signature anywhere else covers what any XML signature would;
// - of a wsu:Timestamp in Security the times are handed over for judging, whether it is signed or not: unsigned it can
//   only make the message refused.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "pki/signature_facts.h"
#include "pki/signer.h"
#include "xmldsig/assemble.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {

inline constexpr std::string_view kSoapNamespace = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr std::string_view kWsseNamespace =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
inline constexpr std::string_view kWsuNamespace =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

struct SoapMessage {
  xml::Element body;
  std::optional<xml::Element> security;
  std::vector<xml::Element> other_headers;
  std::optional<xml::Element> timestamp;
  std::optional<pki::MessageTimestamp> times;
};

// Nothing when the document is no SOAP 1.1 message. wsse.structure; wsse.timestamp for a Timestamp without readable
// times.
[[nodiscard]] base::Result<std::optional<SoapMessage>> read_soap(const xml::Document& document);

// --- signing -------------------------------------------------------------------------------------------------------

struct SoapProfile {
  pki::SignatureAlgorithm algorithm;  // its digest is also the References'
  // A wsu:Timestamp, signed with the Body. The gateway's own messages have none.
  std::optional<pki::MessageTimestamp> times;
};

// `document` is a SOAP 1.1 message, or any other XML, which becomes the content of a Body. The message is written anew
// in canonical form, comments kept; its Body gets a wsu:Id where it has none. Signed are the Body, every other header
// block (which needs an Id) and the Timestamp, each in exclusive canonicalisation with all prefixes in scope; KeyInfo
// is a SecurityTokenReference with the certificate as KeyIdentifier. xml.prepared_changed when the message carries a
// Security already; wsse.structure for attributes of Envelope or Header, which nothing would sign; limit.count; errors
// of parsing.
[[nodiscard]] base::Result<Assembly> prepare_soap(pki::Context& context, base::ByteView document,
                                                  const pki::CertificatePtr& certificate, const SoapProfile& profile,
                                                  base::Budget& budget);
[[nodiscard]] base::Result<base::Bytes> sign_soap(pki::Context& context, base::ByteView document, pki::Signer& signer,
                                                  const SoapProfile& profile, base::Budget& budget);

}  // namespace tanba::xmldsig
