// CertificateList (RFC 5280 5.1) read as a stream: the entries go to the index one by one, everything else is kept as
// the same list without entries, and parsed from that.
#include "ocsp/crl_state.h"
#include "ocsp/der_stream.h"
#include "ocsp/extensions.h"

namespace tanba::ocsp {

using base::Bytes;
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

// --- entries ---------------------------------------------------------------------------------------------------------

struct Entry {
  ByteView serial;  // minimal
  RevokedEntry revoked;
  std::optional<ByteView> issuer;  // certificateIssuer: GeneralNames' contents
};

// RFC 5280 5.3: "If a CRL contains a critical CRL entry extension that the application cannot process, then the
// application MUST NOT use that CRL to determine the status of any certificates."
Status read_entry_extensions(ByteView sequence, ExtensionList& extensions, Entry& out) {
  TANBA_CHECK(extensions.read(sequence));
  for (const ExtensionView& extension : extensions.items()) {
    if (base::equal(extension.oid, kReasonCode)) {
      TANBA_TRY(const der::Tlv value, der::parse_single(extension.value, der::kEnumerated, "reasonCode"));
      TANBA_TRY(const std::uint8_t reason, read_reason(value.value));
      out.revoked.reason = static_cast<RevocationReason>(reason);
    } else if (base::equal(extension.oid, kInvalidityDate)) {
      TANBA_TRY(const der::Tlv value, der::parse_single(extension.value, der::kGeneralizedTime, "invalidityDate"));
      TANBA_TRY(out.revoked.invalidity_date, der::read_generalized_time(value.value));
    } else if (base::equal(extension.oid, kCertificateIssuer)) {
      TANBA_TRY(const der::Tlv value, der::parse_single(extension.value, der::kSequence, "certificateIssuer"));
      out.issuer = value.value;
    } else if (extension.critical) {
      return not_understood(extension.oid);
    }
  }
  return {};
}

Status read_entry(const der::Tlv& whole, ExtensionList& extensions, Entry& out) {
  if (whole.tag != der::kSequence) return bad("revokedCertificates");
  der::Reader fields(whole.value);
  TANBA_TRY(const der::Tlv serial, fields.expect(der::kInteger, "userCertificate"));
  out.serial = minimal_integer(serial.value);
  if (out.serial.empty() || out.serial.size() > kMaxSerialBytes) return bad("userCertificate");
  out.revoked = {};
  out.issuer.reset();
  TANBA_TRY(const der::Tlv time, fields.next());
  TANBA_TRY(out.revoked.revocation_time, der::read_time(time));
  if (fields.at_end()) return {};
  TANBA_TRY(const der::Tlv list, fields.expect(der::kSequence, "crlEntryExtensions"));
  TANBA_CHECK(fields.finish("revokedCertificates"));
  return read_entry_extensions(list.value, extensions, out);
}

// The entries of one list into the builder.
Status read_entries(DerStream& stream, std::uint64_t end, CrlIndexBuilder& entries) {
  ExtensionList extensions;
  Entry entry;
  // RFC 5280 5.3.3: "If this extension is not present on the first entry in an indirect CRL, the certificate issuer
  // defaults to the CRL issuer. On subsequent entries [...] the certificate issuer for the entry is the same as that
  // for the preceding entry."
  std::uint16_t issuer = 0;
  while (stream.position() < end) {
    TANBA_TRY(const der::Tlv whole, stream.element("revokedCertificates", end));
    TANBA_CHECK(read_entry(whole, extensions, entry));
    if (entry.issuer) {
      TANBA_TRY(issuer, entries.issuer(*entry.issuer));
    }
    TANBA_CHECK(entries.add({.issuer = issuer, .serial = entry.serial}, entry.revoked));
  }
  return {};
}

// --- extensions of the list ------------------------------------------------------------------------------------------

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
  out.der = base::to_bytes(whole.whole);
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

// CRLNumber and BaseCRLNumber, in lower-case hexadecimal.
Status parse_number(ByteView value, const char* what, std::string& out) {
  TANBA_TRY(const der::Tlv number, der::parse_single(value, der::kInteger, what));
  ByteView octets = minimal_integer(number.value);
  if (octets.empty() || octets.size() > kMaxNumberBytes || (octets[0] & 0x80) != 0) return bad(what);
  if (octets.size() > 1 && octets[0] == 0) octets = octets.subspan(1);
  out = base::to_hex(octets);
  return {};
}

Status parse_extension(const ExtensionView& extension, CrlState& out) {
  if (base::equal(extension.oid, kAuthorityKeyIdentifier)) return parse_authority_key_id(extension.value, out);
  if (base::equal(extension.oid, kCrlNumber)) return parse_number(extension.value, "cRLNumber", out.number);
  if (base::equal(extension.oid, kDeltaCrlIndicator)) {
    out.is_delta = true;
    return parse_number(extension.value, "deltaCRLIndicator", out.base_number);
  }
  if (base::equal(extension.oid, kIssuingDistributionPoint)) {
    return parse_distribution_point(extension.value, out.distribution_point.emplace());
  }
  if (base::equal(extension.oid, kFreshestCrl)) {
    TANBA_TRY(out.freshest_points, pki::parse_distribution_points(extension.value));
    return {};
  }
  if (base::equal(extension.oid, kExpiredCertsOnCrl)) {
    TANBA_TRY(const der::Tlv value, der::parse_single(extension.value, der::kGeneralizedTime, "expiredCertsOnCRL"));
    TANBA_TRY(out.keeps_expired_since, der::read_generalized_time(value.value));
    return {};
  }
  return extension.critical ? Status(not_understood(extension.oid)) : Status();
}

// RFC 5280 5.2: "If a CRL contains a critical extension that the application cannot process, then the application MUST
// NOT use that CRL to determine the status of certificates."
Status parse_extensions(ByteView sequence, CrlState& out) {
  ExtensionList extensions;
  TANBA_CHECK(extensions.read(sequence));
  for (const ExtensionView& extension : extensions.items()) TANBA_CHECK(parse_extension(extension, out));
  return {};
}

// --- the list without its entries ------------------------------------------------------------------------------------

// The fields of tbsCertList but the entries; the inner signature algorithm is returned.
Result<ByteView> parse_tbs(ByteView contents, CrlState& out) {
  der::Reader fields(contents);
  TANBA_TRY(const auto version, fields.optional(der::kInteger));
  if (version && !base::equal(version->value, std::array<std::uint8_t, 1>{1})) return bad("version");
  TANBA_TRY(const der::Tlv algorithm, fields.expect(der::kSequence, "signature"));
  TANBA_TRY(const der::Tlv issuer, fields.expect(der::kSequence, "issuer"));
  TANBA_TRY(out.issuer, pki::Name::parse(issuer.whole));
  TANBA_TRY(const der::Tlv this_update, fields.next());
  TANBA_TRY(out.this_update, der::read_time(this_update));
  if (fields.peek() == der::kUtcTime || fields.peek() == der::kGeneralizedTime) {
    TANBA_TRY(const der::Tlv next_update, fields.next());
    TANBA_TRY(out.next_update, der::read_time(next_update));
  }
  TANBA_TRY(const auto extensions, fields.optional(der::context_constructed(0)));
  TANBA_CHECK(fields.finish("tbsCertList"));
  if (extensions) {
    // RFC 5280 5.1.2.7: "This field may only appear if the version is 2".
    if (!version) return bad("crlExtensions in version 1");
    TANBA_TRY(const der::Tlv list, der::parse_single(extensions->value, der::kSequence, "crlExtensions"));
    TANBA_CHECK(parse_extensions(list.value, out));
  }
  return algorithm.whole;
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

// The digest that the signature covers; nothing for an algorithm that verifies nothing (Crl::verify_signature).
std::optional<pki::StreamDigest> signed_digest(ByteView algorithm_identifier) {
  const auto identifier = pki::parse_algorithm_identifier(algorithm_identifier);
  if (!identifier) return std::nullopt;
  const auto algorithm = pki::signature_algorithm_from(*identifier);
  if (!algorithm) return std::nullopt;
  auto digest = pki::StreamDigest::start(algorithm->digest);
  return digest ? std::optional(*std::move(digest)) : std::nullopt;
}

void append(Bytes& all, ByteView more) {
  all.insert(all.end(), more.begin(), more.end());
}

// One list from front to back.
class ListReader {
 public:
  ListReader(DerStream& stream, CrlIndexBuilder& entries, CrlState& out)
      : stream_(stream), entries_(entries), out_(out) {}

  // The skeleton.
  Result<Bytes> run(std::uint64_t max_bytes) {
    TANBA_TRY(const std::uint64_t end, stream_.enter(der::kSequence, "CertificateList", max_bytes));
    TANBA_CHECK(read_tbs(end));
    out_.tbs_digest = stream_.stop_digest();
    TANBA_TRY(const der::Tlv algorithm, stream_.element("signatureAlgorithm", end));
    Bytes list = der::write(der::kSequence, tbs_);
    append(list, algorithm.whole);
    TANBA_TRY(const der::Tlv signature, stream_.element("signatureValue", end));
    append(list, signature.whole);
    if (stream_.position() != end) return bad("CertificateList: trailing octets");
    TANBA_CHECK(stream_.finish());
    return der::write(der::kSequence, list);
  }

 private:
  Status read_tbs(std::uint64_t limit) {
    const std::uint64_t start = stream_.position();
    TANBA_TRY(const std::uint64_t end, stream_.enter(der::kSequence, "tbsCertList", limit));
    TANBA_CHECK(read_head(start, end));
    TANBA_TRY(const std::uint8_t tag, stream_.peek());
    if (stream_.position() < end && tag == der::kSequence) {
      TANBA_TRY(const std::uint64_t entries_end, stream_.enter(der::kSequence, "revokedCertificates", end));
      TANBA_CHECK(read_entries(stream_, entries_end, entries_));
    }
    while (stream_.position() < end) TANBA_CHECK(copy("crlExtensions", end));
    return {};
  }

  // Up to nextUpdate: everything before the entries that is no SEQUENCE, or is one of the two that stand there.
  Status read_head(std::uint64_t start, std::uint64_t end) {
    bool has_algorithm = false;
    bool has_issuer = false;
    while (stream_.position() < end) {
      TANBA_TRY(const std::uint8_t tag, stream_.peek());
      if ((tag == der::kSequence && has_issuer) || tag == der::context_constructed(0)) return {};
      TANBA_CHECK(copy("tbsCertList", end));
      if (tag != der::kSequence) continue;
      if (!has_algorithm) {
        stream_.start_digest(signed_digest(ByteView(tbs_).subspan(last_)), start);
      }
      has_issuer = has_algorithm;
      has_algorithm = true;
    }
    return {};
  }

  Status copy(const char* what, std::uint64_t end) {
    TANBA_TRY(const der::Tlv element, stream_.element(what, end));
    last_ = tbs_.size();
    append(tbs_, element.whole);
    // A few small fields and the list's extensions: whoever sends more of them sends no list.
    if (tbs_.size() > 2 * DerStream::kWindowBytes) return bad("tbsCertList: longer than is read");
    return {};
  }

  DerStream& stream_;
  CrlIndexBuilder& entries_;
  CrlState& out_;
  Bytes tbs_;             // contents of tbsCertList without the entries
  std::size_t last_ = 0;  // in tbs_: where the last copied element begins
};

}  // namespace

Status CrlParser::parse_skeleton(ByteView skeleton, CrlState& out) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(skeleton, der::kSequence, "CertificateList"));
  der::Reader fields(whole.value);
  TANBA_TRY(const der::Tlv tbs, fields.expect(der::kSequence, "tbsCertList"));
  TANBA_TRY(const der::Tlv algorithm, fields.expect(der::kSequence, "signatureAlgorithm"));
  TANBA_TRY(const der::Tlv signature, fields.expect(der::kBitString, "signatureValue"));
  TANBA_CHECK(fields.finish("CertificateList"));
  TANBA_TRY(const ByteView inner_algorithm, parse_tbs(tbs.value, out));
  TANBA_TRY(out.signature_algorithm, signature_algorithm(inner_algorithm, algorithm.whole));
  // Octets that are no signature cannot verify; the list is a list all the same.
  if (const auto octets = der::read_bit_string_octets(signature.value)) out.signature = base::to_bytes(*octets);
  return {};
}

Result<Bytes> CrlParser::read(ByteSource& source, std::uint64_t max_bytes, CrlIndexBuilder& entries, CrlState& out) {
  DerStream stream(source, max_bytes);
  TANBA_TRY(Bytes skeleton, ListReader(stream, entries, out).run(max_bytes));
  out.digest = stream.whole_digest();
  out.listed = entries.added();
  TANBA_CHECK(parse_skeleton(skeleton, out));
  // RFC 5280 5.3.3: certificateIssuer is understood in an indirect list only; elsewhere nobody can tell whose entries
  // these are.
  const bool indirect = out.distribution_point && out.distribution_point->indirect;
  if (!indirect && !entries.issuers().empty()) return not_understood(kCertificateIssuer);
  for (std::size_t i = 0; i < entries.issuers().size(); ++i) {
    const std::string& name = entries.issuers()[i].canonical();
    // An entry may name the list's own issuer again.
    out.issuer_ids.emplace(name, static_cast<std::uint16_t>(i + 1));
  }
  return skeleton;
}

}  // namespace tanba::ocsp
