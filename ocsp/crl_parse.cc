// CertificateList (RFC 5280 5.1) from its octets, walked twice: once to learn the index's shape, once to fill it.
#include "ocsp/crl_state.h"
#include "ocsp/extensions.h"
#include "pki/der.h"
#include "pki/verify_signature.h"

namespace tanba::ocsp {

using base::ByteView;
using base::Code;
using base::Result;
using base::Status;
namespace der = pki::der;

namespace {

constexpr std::size_t kMaxSerialBytes = 64;  // three times what RFC 5280 allows
constexpr std::size_t kMaxNumberBytes = 32;  // RFC 5280 5.2.3: "CRL issuers MUST NOT use values longer than 20 octets"

std::unexpected<base::Error> bad(std::string what) {
  return malformed(Code::kCrlMalformed, std::move(what));
}

std::unexpected<base::Error> not_understood(ByteView oid) {
  const auto known = pki::Oid::parse(oid);
  return base::fail(Code::kCrlCriticalExtension, {{"oid", known ? known->dotted() : base::to_hex(oid)}});
}

// RFC 5280 5.2.5: whether entries may be of other issuers than the list's.
enum class Entries { kOfIssuer, kOfSeveral };

struct Entry {
  ByteView serial;  // minimal
  RevokedEntry revoked;
};

// revokedCertificates' elements one after the other; the extension list is used again for each.
class EntryReader {
 public:
  EntryReader(ByteView contents, Entries entries) : list_(contents), entries_(entries) {}
  [[nodiscard]] bool at_end() const { return list_.at_end(); }
  [[nodiscard]] Status next(Entry& out);

 private:
  [[nodiscard]] Status read_extensions(ByteView sequence, Entry& out);
  der::Reader list_;
  Entries entries_;
  ExtensionList extensions_;
};

Status EntryReader::next(Entry& out) {
  TANBA_TRY(const der::Tlv whole, list_.expect(der::kSequence, "revokedCertificates"));
  der::Reader fields(whole.value);
  TANBA_TRY(const der::Tlv serial, fields.expect(der::kInteger, "userCertificate"));
  out.serial = minimal_integer(serial.value);
  if (out.serial.empty() || out.serial.size() > kMaxSerialBytes) return bad("userCertificate");
  out.revoked = {};
  TANBA_TRY(const der::Tlv time, fields.next());
  TANBA_TRY(out.revoked.revocation_time, der::read_time(time));
  if (fields.at_end()) return {};
  TANBA_TRY(const der::Tlv extensions, fields.expect(der::kSequence, "crlEntryExtensions"));
  TANBA_CHECK(fields.finish("revokedCertificates"));
  return read_extensions(extensions.value, out);
}

// RFC 5280 5.3: "If a CRL contains a critical CRL entry extension that the application cannot process, then the
// application MUST NOT use that CRL to determine the status of any certificates."
Status EntryReader::read_extensions(ByteView sequence, Entry& out) {
  TANBA_CHECK(extensions_.read(sequence));
  for (const ExtensionView& extension : extensions_.items()) {
    if (base::equal(extension.oid, kReasonCode)) {
      TANBA_TRY(const der::Tlv value, der::parse_single(extension.value, der::kEnumerated, "reasonCode"));
      TANBA_TRY(const std::uint8_t reason, read_reason(value.value));
      out.revoked.reason = static_cast<RevocationReason>(reason);
    } else if (base::equal(extension.oid, kInvalidityDate)) {
      TANBA_TRY(const der::Tlv value, der::parse_single(extension.value, der::kGeneralizedTime, "invalidityDate"));
      TANBA_TRY(out.revoked.invalidity_date, der::read_generalized_time(value.value));
    } else if (extension.critical) {
      // The issuers of an indirect list's entries: such a list is recognised and refused by check_scope.
      if (entries_ == Entries::kOfSeveral && base::equal(extension.oid, kCertificateIssuer)) continue;
      return not_understood(extension.oid);
    }
  }
  return {};
}

Result<CrlIndex> index_entries(ByteView contents, Entries entries) {
  CrlIndex::Shape shape;
  std::size_t long_serials = 0;
  Entry entry;
  for (EntryReader reader(contents, entries); !reader.at_end();) {
    TANBA_CHECK(reader.next(entry));
    if (entry.serial.size() > CrlIndex::kMaxPackedSerialBytes) {
      if (++long_serials > CrlIndex::kMaxLongSerials) return bad("more over-long serial numbers than are allowed");
      continue;
    }
    ++shape.entries;
    shape.longest_serial_bytes = std::max(shape.longest_serial_bytes, entry.serial.size());
    shape.has_invalidity_dates = shape.has_invalidity_dates || entry.revoked.invalidity_date.has_value();
  }
  CrlIndex index(shape);
  for (EntryReader reader(contents, entries); !reader.at_end();) {
    TANBA_CHECK(reader.next(entry));
    index.add(entry.serial, entry.revoked);
  }
  index.sort();
  return index;
}

Result<bool> implicit_boolean(const std::optional<der::Tlv>& field) {
  if (!field) return false;
  return der::read_boolean(field->value);
}

// RFC 5280 5.2.5, all fields OPTIONAL or DEFAULT, context tags IMPLICIT but for the CHOICE.
Status parse_distribution_point(ByteView value, IssuingDistributionPoint& out) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "issuingDistributionPoint"));
  der::Reader fields(whole.value);
  TANBA_TRY(const auto name, fields.optional(der::context_constructed(0)));
  TANBA_TRY(const auto user, fields.optional(der::context_primitive(1)));
  TANBA_TRY(const auto ca, fields.optional(der::context_primitive(2)));
  TANBA_TRY(const auto reasons, fields.optional(der::context_primitive(3)));
  TANBA_TRY(const auto indirect, fields.optional(der::context_primitive(4)));
  TANBA_TRY(const auto attribute, fields.optional(der::context_primitive(5)));
  TANBA_CHECK(fields.finish("issuingDistributionPoint"));
  if (name) out.name = base::to_bytes(name->value);
  TANBA_TRY(out.only_user_certs, implicit_boolean(user));
  TANBA_TRY(out.only_ca_certs, implicit_boolean(ca));
  TANBA_TRY(out.indirect, implicit_boolean(indirect));
  TANBA_TRY(out.only_attribute_certs, implicit_boolean(attribute));
  if (reasons) {
    TANBA_TRY(out.only_some_reasons, der::read_named_bits(reasons->value));
  }
  return {};
}

Status parse_authority_key_id(ByteView value, CrlState& out) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "authorityKeyIdentifier"));
  der::Reader fields(whole.value);
  TANBA_TRY(const auto key, fields.optional(der::context_primitive(0)));
  if (key) out.authority_key_id = base::to_bytes(key->value);
  return {};
}

Status parse_number(ByteView value, CrlState& out) {
  TANBA_TRY(const der::Tlv number, der::parse_single(value, der::kInteger, "cRLNumber"));
  ByteView octets = minimal_integer(number.value);
  if (octets.empty() || octets.size() > kMaxNumberBytes || (octets[0] & 0x80) != 0) return bad("cRLNumber");
  if (octets.size() > 1 && octets[0] == 0) octets = octets.subspan(1);
  out.number = base::to_hex(octets);
  return {};
}

// RFC 5280 5.2: "If a CRL contains a critical extension that the application cannot process, then the application MUST
// NOT use that CRL to determine the status of certificates."
Status parse_extensions(ByteView sequence, CrlState& out) {
  ExtensionList extensions;
  TANBA_CHECK(extensions.read(sequence));
  for (const ExtensionView& extension : extensions.items()) {
    if (base::equal(extension.oid, kAuthorityKeyIdentifier)) {
      TANBA_CHECK(parse_authority_key_id(extension.value, out));
    } else if (base::equal(extension.oid, kCrlNumber)) {
      TANBA_CHECK(parse_number(extension.value, out));
    } else if (base::equal(extension.oid, kDeltaCrlIndicator)) {
      out.is_delta = true;
    } else if (base::equal(extension.oid, kIssuingDistributionPoint)) {
      TANBA_CHECK(parse_distribution_point(extension.value, out.distribution_point.emplace()));
    } else if (extension.critical) {
      return not_understood(extension.oid);
    }
  }
  return {};
}

// The fields of tbsCertList up to the entries, the entries' octets, and the extensions.
struct Body {
  ByteView signature_algorithm;
  ByteView entries;
  bool has_extensions = false;
};

Result<Body> parse_tbs(ByteView contents, CrlState& out) {
  der::Reader fields(contents);
  Body body;
  TANBA_TRY(const auto version, fields.optional(der::kInteger));
  if (version && !base::equal(version->value, std::array<std::uint8_t, 1>{1})) return bad("version");
  TANBA_TRY(const der::Tlv algorithm, fields.expect(der::kSequence, "signature"));
  body.signature_algorithm = algorithm.whole;
  TANBA_TRY(const der::Tlv issuer, fields.expect(der::kSequence, "issuer"));
  TANBA_TRY(out.issuer, pki::Name::parse(issuer.whole));
  TANBA_TRY(const der::Tlv this_update, fields.next());
  TANBA_TRY(out.this_update, der::read_time(this_update));
  if (fields.peek() == der::kUtcTime || fields.peek() == der::kGeneralizedTime) {
    TANBA_TRY(const der::Tlv next_update, fields.next());
    TANBA_TRY(out.next_update, der::read_time(next_update));
  }
  TANBA_TRY(const auto entries, fields.optional(der::kSequence));
  if (entries) body.entries = entries->value;
  TANBA_TRY(const auto extensions, fields.optional(der::context_constructed(0)));
  TANBA_CHECK(fields.finish("tbsCertList"));
  if (extensions) {
    // RFC 5280 5.1.2.7: "This field may only appear if the version is 2".
    if (!version) return bad("crlExtensions in version 1");
    TANBA_TRY(const der::Tlv list, der::parse_single(extensions->value, der::kSequence, "crlExtensions"));
    TANBA_CHECK(parse_extensions(list.value, out));
  }
  return body;
}

// RFC 5280 5.1.1.2: "This field MUST contain the same algorithm identifier as the signature field in the sequence
// tbsCertList". НУЦ РК writes NULL parameters in one and none in the other, so they are compared by what they mean; the
// one that is signed counts.
Result<pki::SignatureAlgorithm> signature_algorithm(ByteView inner, ByteView outer) {
  TANBA_TRY(const auto inner_identifier, pki::parse_algorithm_identifier(inner));
  TANBA_TRY(const auto outer_identifier, pki::parse_algorithm_identifier(outer));
  if (inner_identifier.oid != outer_identifier.oid) return bad("two different signature algorithms");
  const auto inner_algorithm = pki::signature_algorithm_from(inner_identifier);
  const auto outer_algorithm = pki::signature_algorithm_from(outer_identifier);
  if (!inner_algorithm) return base::fail(Code::kCrlSignature, inner_algorithm.error().message());
  if (inner_algorithm != outer_algorithm) return bad("two different signature algorithms");
  return *inner_algorithm;
}

}  // namespace

Status CrlParser::parse(ByteView octets, CrlState& out) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(octets, der::kSequence, "CertificateList"));
  der::Reader fields(whole.value);
  TANBA_TRY(const der::Tlv tbs, fields.expect(der::kSequence, "tbsCertList"));
  TANBA_TRY(const der::Tlv algorithm, fields.expect(der::kSequence, "signatureAlgorithm"));
  TANBA_TRY(const der::Tlv signature, fields.expect(der::kBitString, "signatureValue"));
  TANBA_CHECK(fields.finish("CertificateList"));
  TANBA_TRY(const ByteView signature_octets, der::read_bit_string_octets(signature.value));
  TANBA_TRY(const Body body, parse_tbs(tbs.value, out));
  TANBA_TRY(out.signature_algorithm, signature_algorithm(body.signature_algorithm, algorithm.whole));
  const bool indirect = out.distribution_point && out.distribution_point->indirect;
  TANBA_TRY(out.index, index_entries(body.entries, indirect ? Entries::kOfSeveral : Entries::kOfIssuer));
  out.signature = base::to_bytes(signature_octets);
  // An algorithm whose digest is not there verifies nothing: empty (Crl::verify_signature).
  if (auto digest = pki::compute_digest(out.signature_algorithm.digest, tbs.whole)) out.tbs_digest = *std::move(digest);
  return {};
}

}  // namespace tanba::ocsp
