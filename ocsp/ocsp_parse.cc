// OCSPResponse (RFC 6960 4.2.1) from its octets.
#include <algorithm>

#include "base/limits.h"
#include "ocsp/extensions.h"
#include "ocsp/ocsp.h"
#include "pki/der.h"

namespace tanba::ocsp {

using base::ByteView;
using base::Code;
using base::Result;
using base::Status;
namespace der = pki::der;

namespace {

// An answer embeds the responder's certificate and perhaps its chain.
constexpr std::size_t kMaxCertificates = 16;
constexpr std::size_t kMaxNonceBytes = 128;  // RFC 8954 says 32; older responders echo longer ones

std::unexpected<base::Error> bad_answer(std::string what) {
  return malformed(Code::kOcspMalformed, std::move(what));
}

std::string_view response_status_name(std::uint8_t status) {
  switch (status) {
    case 1:
      return "malformedRequest";
    case 2:
      return "internalError";
    case 3:
      return "tryLater";
    case 5:
      return "sigRequired";
    case 6:
      return "unauthorized";
    default:
      return "undefined";
  }
}

// [n] EXPLICIT holding exactly one element of this tag.
Result<der::Tlv> explicit_element(ByteView wrapper, std::uint8_t tag, const char* what) {
  return der::parse_single(wrapper, tag, what);
}

// CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }. Nothing when the hash is one that
// is not known: such an answer matches no certificate.
Result<std::optional<CertId>> parse_cert_id(ByteView whole) {
  der::Reader fields(whole);
  TANBA_TRY(const der::Tlv algorithm, fields.expect(der::kSequence, "hashAlgorithm"));
  TANBA_TRY(const der::Tlv name_hash, fields.expect(der::kOctetString, "issuerNameHash"));
  TANBA_TRY(const der::Tlv key_hash, fields.expect(der::kOctetString, "issuerKeyHash"));
  TANBA_TRY(const der::Tlv serial, fields.expect(der::kInteger, "serialNumber"));
  TANBA_CHECK(fields.finish("CertID"));
  TANBA_TRY(const pki::AlgorithmIdentifier identifier, pki::parse_algorithm_identifier(algorithm.whole));
  const auto digest = pki::digest_from_oid(identifier.oid);
  if (!digest) return std::nullopt;
  return CertId{*digest, base::to_bytes(name_hash.value), base::to_bytes(key_hash.value),
                base::to_bytes(minimal_integer(serial.value))};
}

// RevokedInfo ::= SEQUENCE { revocationTime GeneralizedTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL }
Status parse_revoked_info(ByteView contents, SingleResponse& out) {
  der::Reader fields(contents);
  TANBA_TRY(const der::Tlv time, fields.expect(der::kGeneralizedTime, "revocationTime"));
  TANBA_TRY(out.revocation_time, der::read_generalized_time(time.value));
  TANBA_TRY(const auto reason, fields.optional(der::context_constructed(0)));
  if (reason) {
    TANBA_TRY(const der::Tlv value, explicit_element(reason->value, der::kEnumerated, "revocationReason"));
    TANBA_TRY(const std::uint8_t code, read_reason(value.value));
    out.reason = static_cast<RevocationReason>(code);
  }
  return fields.finish("RevokedInfo");
}

// CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo, unknown [2] IMPLICIT UnknownInfo }
Status parse_status(der::Reader& fields, SingleResponse& out) {
  TANBA_TRY(const der::Tlv status, fields.next());
  if (status.tag == der::context_primitive(0) && status.value.empty()) {
    out.status = CertStatus::kGood;
  } else if (status.tag == der::context_constructed(1)) {
    out.status = CertStatus::kRevoked;
    return parse_revoked_info(status.value, out);
  } else if (status.tag == der::context_primitive(2) && status.value.empty()) {
    out.status = CertStatus::kUnknown;
  } else {
    return bad_answer("certStatus");
  }
  return {};
}

Status parse_single_extensions(ByteView contents, SingleResponse& out) {
  TANBA_TRY(const der::Tlv list, explicit_element(contents, der::kSequence, "singleExtensions"));
  ExtensionList extensions;
  TANBA_CHECK(extensions.read(list.value));
  for (const ExtensionView& extension : extensions.items()) {
    if (base::equal(extension.oid, kOcspArchiveCutoff)) {
      TANBA_TRY(const der::Tlv time, der::parse_single(extension.value, der::kGeneralizedTime, "archiveCutoff"));
      TANBA_TRY(out.archive_cutoff, der::read_generalized_time(time.value));
    } else if (base::equal(extension.oid, kInvalidityDate)) {
      TANBA_TRY(const der::Tlv time, der::parse_single(extension.value, der::kGeneralizedTime, "invalidityDate"));
      TANBA_TRY(out.invalidity_date, der::read_generalized_time(time.value));
    } else if (extension.critical && !base::equal(extension.oid, kOcspNonce)) {  // some repeat it here: says nothing
      return bad_answer("a critical extension that is not understood");
    }
  }
  return {};
}

Status parse_single_response(ByteView contents, OcspResponse& out) {
  der::Reader fields(contents);
  SingleResponse single;
  TANBA_TRY(const der::Tlv cert_id, fields.expect(der::kSequence, "CertID"));
  TANBA_TRY(std::optional<CertId> id, parse_cert_id(cert_id.value));
  TANBA_CHECK(parse_status(fields, single));
  TANBA_TRY(const der::Tlv this_update, fields.expect(der::kGeneralizedTime, "thisUpdate"));
  TANBA_TRY(single.this_update, der::read_generalized_time(this_update.value));
  TANBA_TRY(const auto next_update, fields.optional(der::context_constructed(0)));
  if (next_update) {
    TANBA_TRY(const der::Tlv time, explicit_element(next_update->value, der::kGeneralizedTime, "nextUpdate"));
    TANBA_TRY(single.next_update, der::read_generalized_time(time.value));
  }
  TANBA_TRY(const auto extensions, fields.optional(der::context_constructed(1)));
  if (extensions) TANBA_CHECK(parse_single_extensions(extensions->value, single));
  TANBA_CHECK(fields.finish("SingleResponse"));
  if (!id) return {};
  single.cert_id = *std::move(id);
  single.produced_at = out.produced_at;
  out.responses.push_back(std::move(single));
  return {};
}

// ResponderID ::= CHOICE { byName [1] EXPLICIT Name, byKey [2] EXPLICIT OCTET STRING }
Status parse_responder_id(der::Reader& fields, OcspResponse& out) {
  TANBA_TRY(const der::Tlv choice, fields.next());
  if (choice.tag == der::context_constructed(1)) {
    TANBA_TRY(const der::Tlv name, explicit_element(choice.value, der::kSequence, "byName"));
    out.responder_name = base::to_bytes(name.whole);
    return {};
  }
  if (choice.tag == der::context_constructed(2)) {
    TANBA_TRY(const der::Tlv key, explicit_element(choice.value, der::kOctetString, "byKey"));
    out.responder_key_hash = base::to_bytes(key.value);
    return {};
  }
  return bad_answer("responderID");
}

// RFC 8954 2.1: "Nonce ::= OCTET STRING(SIZE(1..32))" inside the extension's OCTET STRING; before it, responders echoed
// the octets without one.
Status parse_nonce(ByteView value, OcspResponse& out) {
  if (value.size() > kMaxNonceBytes) return bad_answer("nonce");
  const auto wrapped = der::parse_single(value, der::kOctetString, "nonce");
  out.nonce = base::to_bytes(wrapped ? wrapped->value : value);
  return {};
}

Status parse_response_extensions(ByteView contents, OcspResponse& out) {
  TANBA_TRY(const der::Tlv list, explicit_element(contents, der::kSequence, "responseExtensions"));
  ExtensionList extensions;
  TANBA_CHECK(extensions.read(list.value));
  for (const ExtensionView& extension : extensions.items()) {
    if (base::equal(extension.oid, kOcspNonce)) {
      TANBA_CHECK(parse_nonce(extension.value, out));
    } else if (base::equal(extension.oid, kOcspExtendedRevoke)) {
      out.extended_revoke = true;
    } else if (extension.critical) {
      return bad_answer("a critical extension that is not understood");
    }
  }
  return {};
}

// ResponseData ::= SEQUENCE { version [0] EXPLICIT Version DEFAULT v1, responderID, producedAt, responses,
//                             responseExtensions [1] EXPLICIT Extensions OPTIONAL }
Status parse_response_data(ByteView contents, OcspResponse& out) {
  der::Reader fields(contents);
  TANBA_TRY(const auto version, fields.optional(der::context_constructed(0)));
  if (version) {
    TANBA_TRY(const der::Tlv number, explicit_element(version->value, der::kInteger, "version"));
    TANBA_TRY(const std::int64_t value, der::read_small_integer(number.value));
    if (value != 0) return bad_answer("version");
  }
  TANBA_CHECK(parse_responder_id(fields, out));
  TANBA_TRY(const der::Tlv produced_at, fields.expect(der::kGeneralizedTime, "producedAt"));
  TANBA_TRY(out.produced_at, der::read_generalized_time(produced_at.value));
  TANBA_TRY(der::Reader responses, fields.enter(der::kSequence, "responses"));
  while (!responses.at_end()) {
    TANBA_TRY(const der::Tlv single, responses.expect(der::kSequence, "SingleResponse"));
    TANBA_CHECK(parse_single_response(single.value, out));
  }
  TANBA_TRY(const auto extensions, fields.optional(der::context_constructed(1)));
  if (extensions) TANBA_CHECK(parse_response_extensions(extensions->value, out));
  return fields.finish("ResponseData");
}

Status parse_certificates(ByteView contents, OcspResponse& out) {
  TANBA_TRY(const der::Tlv list, explicit_element(contents, der::kSequence, "certs"));
  der::Reader certificates(list.value);
  for (std::size_t count = 0; !certificates.at_end(); ++count) {
    if (count == kMaxCertificates) return bad_answer("more certificates than are allowed");
    TANBA_TRY(const der::Tlv whole, certificates.expect(der::kSequence, "Certificate"));
    // One that does not parse helps nobody; whether another one signed is found out later.
    if (auto certificate = pki::Certificate::parse(whole.whole)) out.certificates.push_back(*std::move(certificate));
  }
  return {};
}

// BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature, certs [0] EXPLICIT OPTIONAL }
Status parse_basic(ByteView octets, OcspResponse& out) {
  TANBA_TRY(const der::Tlv basic, der::parse_single(octets, der::kSequence, "BasicOCSPResponse"));
  der::Reader fields(basic.value);
  TANBA_TRY(const der::Tlv tbs, fields.expect(der::kSequence, "tbsResponseData"));
  TANBA_TRY(const der::Tlv algorithm, fields.expect(der::kSequence, "signatureAlgorithm"));
  TANBA_TRY(const der::Tlv signature, fields.expect(der::kBitString, "signature"));
  TANBA_TRY(const ByteView signature_octets, der::read_bit_string_octets(signature.value));
  TANBA_TRY(const auto certificates, fields.optional(der::context_constructed(0)));
  TANBA_CHECK(fields.finish("BasicOCSPResponse"));
  out.tbs = base::to_bytes(tbs.whole);
  out.signature_algorithm = base::to_bytes(algorithm.whole);
  out.signature = base::to_bytes(signature_octets);
  TANBA_CHECK(parse_response_data(tbs.value, out));
  return certificates ? parse_certificates(certificates->value, out) : Status();
}

// OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
Status parse_whole(ByteView octets, OcspResponse& out) {
  TANBA_TRY(const der::Tlv response, der::parse_single(octets, der::kSequence, "OCSPResponse"));
  der::Reader fields(response.value);
  TANBA_TRY(const der::Tlv status, fields.expect(der::kEnumerated, "responseStatus"));
  if (status.value.size() != 1) return bad_answer("responseStatus");
  TANBA_TRY(const auto bytes, fields.optional(der::context_constructed(0)));
  TANBA_CHECK(fields.finish("OCSPResponse"));
  if (status.value[0] != 0) {
    return base::fail(Code::kOcspStatus, {{"status", std::string(response_status_name(status.value[0]))}});
  }
  if (!bytes) return bad_answer("successful, but without responseBytes");
  TANBA_TRY(const der::Tlv response_bytes, explicit_element(bytes->value, der::kSequence, "responseBytes"));
  der::Reader typed(response_bytes.value);
  TANBA_TRY(const der::Tlv type, typed.expect(der::kOid, "responseType"));
  TANBA_TRY(const der::Tlv value, typed.expect(der::kOctetString, "response"));
  TANBA_CHECK(typed.finish("ResponseBytes"));
  if (!base::equal(type.value, kOcspBasic)) return bad_answer("responseType is not id-pkix-ocsp-basic");
  return parse_basic(value.value, out);
}

}  // namespace

Result<std::shared_ptr<const OcspResponse>> parse_response(ByteView octets) {
  const std::size_t limit = base::Limits{}.max_ocsp_bytes;
  if (octets.size() > limit) return bad_answer("larger than " + std::to_string(limit) + " octets");
  auto response = std::make_shared<OcspResponse>();
  if (auto parsed = parse_whole(octets, *response); !parsed) {
    if (parsed.error().code() == Code::kOcspStatus) return base::fail(std::move(parsed).error());
    return base::fail(as_malformed(Code::kOcspMalformed, parsed.error()));
  }
  response->octets = base::to_bytes(octets);
  response->digest = base::sha256(octets);
  return response;
}

}  // namespace tanba::ocsp
