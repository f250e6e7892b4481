#include "pki/certificate.h"

#include <algorithm>
#include <unordered_set>

#include "base/limits.h"
#include "pki/der.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Error;
using base::Result;
using base::Status;

// A certificate of the corpora has at most 14; each costs a comparison with those before it.
constexpr std::size_t kMaxExtensions = 64;
// Addresses are fetched from in turn: more than a handful are an attempt to make us call many places.
constexpr std::size_t kMaxUrls = 16;
constexpr std::size_t kMaxSerialBytes = 64;  // RFC 5280 4.1.2.2 allows 20; some CAs write more

struct ExtensionOids {
  Oid key_usage = Oid::literal("2.5.29.15");
  Oid extended_key_usage = Oid::literal("2.5.29.37");
  Oid basic_constraints = Oid::literal("2.5.29.19");
  Oid subject_key_id = Oid::literal("2.5.29.14");
  Oid authority_key_id = Oid::literal("2.5.29.35");
  Oid authority_info = Oid::literal("1.3.6.1.5.5.7.1.1");
  Oid crl_points = Oid::literal("2.5.29.31");
  Oid freshest_crl = Oid::literal("2.5.29.46");
  Oid ocsp_no_check = Oid::literal("1.3.6.1.5.5.7.48.1.5");
  Oid access_ocsp = Oid::literal("1.3.6.1.5.5.7.48.1");
  Oid access_ca_issuers = Oid::literal("1.3.6.1.5.5.7.48.2");
};
const ExtensionOids& oids() {
  static const ExtensionOids values;
  return values;
}

constexpr std::uint8_t kUriName = der::context_primitive(6);
constexpr std::uint8_t kDirectoryName = der::context_constructed(4);

// Addresses that a fetcher could be given; others (not ASCII, spaces, endless) are no addresses and are left out.
void add_url(std::vector<std::string>& urls, ByteView octets) {
  const bool printable = std::ranges::all_of(octets, [](std::uint8_t c) { return c > 0x20 && c < 0x7F; });
  if (!printable || octets.empty() || octets.size() > 2048 || urls.size() >= kMaxUrls) return;
  std::string url(base::as_text(octets));
  if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
}

Status read_urls(ByteView general_names, std::vector<std::string>& urls) {
  der::Reader names(general_names);
  while (!names.at_end()) {
    TANBA_TRY(const der::Tlv name, names.next());
    if (name.tag == kUriName) add_url(urls, name.value);
  }
  return {};
}

Status read_directory_names(ByteView general_names, std::vector<Bytes>& out) {
  der::Reader names(general_names);
  while (!names.at_end()) {
    TANBA_TRY(const der::Tlv name, names.next());
    if (name.tag != kDirectoryName) continue;
    TANBA_TRY(const der::Tlv dn, der::parse_single(name.value, der::kSequence, "directoryName"));
    out.push_back(base::to_bytes(dn.whole));
  }
  return {};
}

Status read_point(der::Reader fields, DistributionPoint& point) {
  TANBA_TRY(const auto name, fields.optional(der::context_constructed(0)));
  if (name) {
    der::Reader choice(name->value);
    TANBA_TRY(const der::Tlv inside, choice.next());
    TANBA_CHECK(choice.finish("DistributionPointName"));
    point.name = base::to_bytes(inside.whole);
    if (inside.tag == der::context_constructed(0)) {
      TANBA_CHECK(read_urls(inside.value, point.urls));
    }
  }
  TANBA_TRY(const auto reasons, fields.optional(der::context_primitive(1)));
  if (reasons) {
    TANBA_TRY(point.reasons, der::read_named_bits(reasons->value));
  }
  TANBA_TRY(const auto issuer, fields.optional(der::context_constructed(2)));
  if (issuer) {
    TANBA_CHECK(read_directory_names(issuer->value, point.crl_issuer));
  }
  return fields.finish("DistributionPoint");
}

}  // namespace

Result<std::vector<DistributionPoint>> parse_distribution_points(ByteView value) {
  std::vector<DistributionPoint> points;
  TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "CRLDistributionPoints"));
  der::Reader reader(whole.value);
  while (!reader.at_end()) {
    TANBA_TRY(const der::Tlv fields, reader.expect(der::kSequence, "DistributionPoint"));
    DistributionPoint point;
    TANBA_CHECK(read_point(der::Reader(fields.value), point));
    if (points.size() == kMaxUrls) {
      return base::fail(Error(Code::kDerMalformed, {{"what", "more distribution points than are accepted"}}));
    }
    points.push_back(std::move(point));
  }
  return points;
}

class CertificateParser {
 public:
  explicit CertificateParser(ByteView der) : certificate_(std::make_shared<Certificate>()) {
    certificate_->der_ = base::to_bytes(der);
  }

  Result<CertificatePtr> parse() {
    TANBA_TRY(der::Reader outer, enter_whole());
    TANBA_TRY(const der::Tlv tbs, outer.expect(der::kSequence, "TBSCertificate"));
    TANBA_TRY(const der::Tlv algorithm, outer.expect(der::kSequence, "signatureAlgorithm"));
    TANBA_TRY(const der::Tlv signature, outer.expect(der::kBitString, "signatureValue"));
    TANBA_CHECK(outer.finish("after the signature"));
    certificate_->tbs_ = tbs.whole;
    TANBA_TRY(certificate_->signature_algorithm_, parse_algorithm_identifier(algorithm.whole));
    // No algorithm makes a value that is not whole octets: it is left empty, which never verifies, so that the
    // certificate is refused for its signature and not for its form.
    certificate_->signature_ = der::read_bit_string_octets(signature.value).value_or(ByteView());
    TANBA_CHECK(read_tbs(der::Reader(tbs.value)));
    certificate_->digest_ = base::sha256(certificate_->der_);
    return CertificatePtr(std::move(certificate_));
  }

 private:
  static std::unexpected<Error> malformed(std::string what) {
    return base::fail(Error(Code::kDerMalformed, {{"what", std::move(what)}}));
  }

  Result<der::Reader> enter_whole() {
    TANBA_TRY(const der::Tlv whole, der::parse_single(certificate_->der_, der::kSequence, "Certificate"));
    return der::Reader(whole.value);
  }

  Status read_tbs(der::Reader tbs) {
    TANBA_TRY(const auto version_field, tbs.optional(der::context_constructed(0)));
    if (version_field) {
      TANBA_CHECK(read_version(version_field->value));
    }
    TANBA_TRY(const der::Tlv serial, tbs.expect(der::kInteger, "serialNumber"));
    if (serial.value.empty() || serial.value.size() > kMaxSerialBytes) return malformed("serialNumber");
    certificate_->serial_ = serial.value;
    TANBA_TRY(const der::Tlv algorithm, tbs.expect(der::kSequence, "signature"));
    // RFC 5280 4.1.1.2: "This field MUST contain the same algorithm identifier as the signature field".
    if (!base::equal(algorithm.whole, certificate_->signature_algorithm_.whole)) {
      return malformed("the signature algorithms inside and outside differ");
    }
    TANBA_TRY(const der::Tlv issuer, tbs.expect(der::kSequence, "issuer"));
    TANBA_TRY(certificate_->issuer_, Name::parse(issuer.whole));
    TANBA_CHECK(read_validity(tbs));
    TANBA_TRY(const der::Tlv subject, tbs.expect(der::kSequence, "subject"));
    TANBA_TRY(certificate_->subject_, Name::parse(subject.whole));
    TANBA_TRY(const der::Tlv key, tbs.expect(der::kSequence, "subjectPublicKeyInfo"));
    TANBA_TRY(certificate_->key_, parse_public_key_info(key.whole));
    return read_optional_fields(tbs);
  }

  Status read_version(ByteView field) {
    TANBA_TRY(const der::Tlv number, der::parse_single(field, der::kInteger, "version"));
    TANBA_TRY(version_, der::read_small_integer(number.value));
    if (version_ > 2) return malformed("version above 3");
    return {};
  }

  Status read_validity(der::Reader& tbs) {
    TANBA_TRY(der::Reader validity, tbs.enter(der::kSequence, "validity"));
    TANBA_TRY(const der::Tlv from, validity.next());
    TANBA_TRY(const der::Tlv until, validity.next());
    TANBA_CHECK(validity.finish("validity"));
    TANBA_TRY(certificate_->not_before_, der::read_time(from));
    TANBA_TRY(certificate_->not_after_, der::read_time(until));
    return {};
  }

  // issuerUniqueID, subjectUniqueID (not used) and the extensions.
  Status read_optional_fields(der::Reader& tbs) {
    for (const unsigned n : {1U, 2U}) {
      TANBA_TRY(const auto unique_id, tbs.optional(der::context_primitive(n)));
      if (unique_id && version_ == 0) return malformed("a unique identifier in version 1");
    }
    TANBA_TRY(const auto field, tbs.optional(der::context_constructed(3)));
    TANBA_CHECK(tbs.finish("TBSCertificate"));
    if (!field) return {};
    // RFC 5280 4.1.2.9: "This field MUST only appear if the version is 3".
    if (version_ != 2) return malformed("extensions in a version before 3");
    TANBA_TRY(const der::Tlv list, der::parse_single(field->value, der::kSequence, "extensions"));
    der::Reader reader(list.value);
    if (reader.at_end()) return malformed("extensions without any");
    while (!reader.at_end()) {
      TANBA_CHECK(read_extension(reader));
    }
    return {};
  }

  Status read_extension(der::Reader& list) {
    TANBA_TRY(der::Reader fields, list.enter(der::kSequence, "Extension"));
    TANBA_TRY(const der::Tlv type, fields.expect(der::kOid, "extnID"));
    Extension extension;
    TANBA_TRY(extension.oid, Oid::parse(type.value));
    TANBA_TRY(const auto critical, fields.optional(der::kBoolean));
    if (critical) {
      TANBA_TRY(extension.critical, der::read_boolean(critical->value));
    }
    TANBA_TRY(const der::Tlv value, fields.expect(der::kOctetString, "extnValue"));
    TANBA_CHECK(fields.finish("Extension"));
    // RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension."
    if (certificate_->extension(extension.oid) != nullptr)
      return malformed("extension " + extension.oid.dotted() + " twice");
    if (certificate_->extensions_.size() == kMaxExtensions) return malformed("more extensions than are accepted");
    extension.value = base::to_bytes(value.value);
    certificate_->extensions_.push_back(extension);
    if (auto read = read_known(extension); !read) return malformed("extension " + extension.oid.dotted());
    return {};
  }

  Status read_known(const Extension& extension) {
    const Oid& oid = extension.oid;
    if (oid == oids().key_usage) return read_key_usage(extension.value);
    if (oid == oids().basic_constraints) return read_basic_constraints(extension.value);
    if (oid == oids().extended_key_usage) return read_extended_key_usage(extension.value);
    if (oid == oids().subject_key_id) return read_subject_key_id(extension.value);
    if (oid == oids().authority_key_id) return read_authority_key_id(extension.value);
    if (oid == oids().authority_info) return read_authority_info(extension.value);
    if (oid == oids().crl_points) {
      TANBA_TRY(certificate_->crl_points_, parse_distribution_points(extension.value));
      return {};
    }
    if (oid == oids().freshest_crl) {
      TANBA_TRY(certificate_->freshest_crl_points_, parse_distribution_points(extension.value));
      return {};
    }
    if (oid == oids().ocsp_no_check) certificate_->ocsp_no_check_ = true;
    return {};
  }

  Status read_key_usage(ByteView value) {
    TANBA_TRY(const der::Tlv bits, der::parse_single(value, der::kBitString, "KeyUsage"));
    TANBA_TRY(certificate_->key_usage_, der::read_named_bits(bits.value));
    return {};
  }

  Status read_basic_constraints(ByteView value) {
    TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "BasicConstraints"));
    der::Reader reader(whole.value);
    TANBA_TRY(const auto ca, reader.optional(der::kBoolean));
    if (ca) {
      TANBA_TRY(certificate_->is_ca_, der::read_boolean(ca->value));
    }
    TANBA_TRY(const auto length, reader.optional(der::kInteger));
    if (length) {
      TANBA_TRY(certificate_->path_length_, der::read_small_integer(length->value));
    }
    return reader.finish("BasicConstraints");
  }

  Status read_extended_key_usage(ByteView value) {
    TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "ExtKeyUsageSyntax"));
    der::Reader reader(whole.value);
    std::vector<Oid> purposes;
    do {
      TANBA_TRY(const der::Tlv purpose, reader.expect(der::kOid, "KeyPurposeId"));
      TANBA_TRY(Oid oid, Oid::parse(purpose.value));
      purposes.push_back(std::move(oid));
    } while (!reader.at_end());
    certificate_->extended_key_usage_ = std::move(purposes);
    return {};
  }

  Status read_subject_key_id(ByteView value) {
    TANBA_TRY(const der::Tlv id, der::parse_single(value, der::kOctetString, "SubjectKeyIdentifier"));
    certificate_->subject_key_id_ = base::to_bytes(id.value);
    return {};
  }

  Status read_authority_key_id(ByteView value) {
    TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "AuthorityKeyIdentifier"));
    der::Reader reader(whole.value);
    TANBA_TRY(const auto id, reader.optional(der::context_primitive(0)));
    if (id) certificate_->authority_key_id_ = base::to_bytes(id->value);
    // Issuer and serial number, not used: they are read so that nothing else can stand there.
    if (auto issuer = reader.optional(der::context_constructed(1)); !issuer) return std::unexpected(issuer.error());
    if (auto serial = reader.optional(der::context_primitive(2)); !serial) return std::unexpected(serial.error());
    return reader.finish("AuthorityKeyIdentifier");
  }

  Status read_authority_info(ByteView value) {
    TANBA_TRY(const der::Tlv whole, der::parse_single(value, der::kSequence, "AuthorityInfoAccessSyntax"));
    der::Reader reader(whole.value);
    while (!reader.at_end()) {
      TANBA_TRY(der::Reader access, reader.enter(der::kSequence, "AccessDescription"));
      TANBA_TRY(const der::Tlv method, access.expect(der::kOid, "accessMethod"));
      TANBA_TRY(const der::Tlv location, access.next());
      TANBA_CHECK(access.finish("AccessDescription"));
      if (location.tag != kUriName) continue;
      if (base::equal(method.value, oids().access_ocsp.contents())) add_url(certificate_->ocsp_urls_, location.value);
      if (base::equal(method.value, oids().access_ca_issuers.contents())) {
        add_url(certificate_->ca_issuer_urls_, location.value);
      }
    }
    return {};
  }

  std::shared_ptr<Certificate> certificate_;
  std::int64_t version_ = 0;
};

Result<CertificatePtr> Certificate::parse(ByteView der) {
  constexpr std::size_t kMaxBytes = base::Limits{}.max_certificate_bytes;
  if (der.size() > kMaxBytes) {
    return base::fail(
        Error(Code::kCertificateMalformed, {{"what", "larger than " + std::to_string(kMaxBytes) + " octets"}}));
  }
  auto parsed = CertificateParser(der).parse();
  if (parsed) return parsed;
  // One code for everything that is wrong in a certificate; what it was in detail is the argument.
  const Error& error = parsed.error();
  const std::string what = error.arguments().empty() ? error.cause() : error.arguments().front().value;
  return base::fail(Error(Code::kCertificateMalformed, {{"what", what}}, std::string(base::dotted(error.code()))));
}

std::string Certificate::serial_hex() const {
  Bytes magnitude = base::to_bytes(serial_);
  const bool negative = (magnitude.front() & 0x80) != 0;
  if (negative) {  // two's complement: invert and add one
    unsigned carry = 1;
    for (std::size_t i = magnitude.size(); i-- > 0;) {
      carry += static_cast<std::uint8_t>(~magnitude[i]);
      magnitude[i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  ByteView digits(magnitude);
  while (!digits.empty() && digits.front() == 0) digits = digits.subspan(1);
  if (digits.empty()) return "0";
  return (negative ? "-" : "") + base::to_hex(digits);
}

bool Certificate::has_extended_key_usage(const Oid& purpose) const {
  return extended_key_usage_ && std::ranges::find(*extended_key_usage_, purpose) != extended_key_usage_->end();
}

const Extension* Certificate::extension(const Oid& oid) const {
  const auto found = std::ranges::find(extensions_, oid, &Extension::oid);
  return found == extensions_.end() ? nullptr : &*found;
}

std::string Certificate::label() const {
  return subject_.display() + " (serial " + serial_hex() + ")";
}

// --- files -----------------------------------------------------------------------------------------------------------

namespace {

// A bundle of all the world's roots has about 150; a folder of intermediates some hundreds.
constexpr std::size_t kMaxPemBlocks = 4096;

std::unexpected<Error> bad_pem(const char* cause) {
  return base::fail(Code::kInputBase64, std::string(cause));
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

// "-----BEGIN X-----" -> "X"; nothing when the line is no such boundary.
std::optional<std::string_view> label_in(std::string_view line, std::string_view prefix) {
  constexpr std::string_view kDashes = "-----";
  if (line.size() < prefix.size() + kDashes.size() || !line.starts_with(prefix) || !line.ends_with(kDashes)) {
    return std::nullopt;
  }
  return line.substr(prefix.size(), line.size() - prefix.size() - kDashes.size());
}

// The lines up to the END of this label, without RFC 1421 headers.
Result<PemBlock> read_block(std::string_view label, std::string_view& text) {
  std::string body;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (const auto end = label_in(line, "-----END ")) {
      if (*end != label) return bad_pem("BEGIN and END of a PEM block differ");
      PemBlock block{.label = std::string(label), .octets = {}};
      TANBA_TRY(block.octets, base::from_base64_with_space(body));
      return block;
    }
    if (line.find(':') != std::string_view::npos) continue;
    body += line;
    body += '\n';
  }
  return bad_pem("a PEM block has no END");
}

}  // namespace

Result<std::vector<PemBlock>> parse_pem(std::string_view text) {
  std::vector<PemBlock> blocks;
  while (!text.empty()) {
    const auto label = label_in(take_line(text), "-----BEGIN ");
    if (!label) continue;
    if (blocks.size() == kMaxPemBlocks) {
      return base::fail(Error(Code::kLimitCount, {{"limit", std::to_string(kMaxPemBlocks)}, {"what", "PEM blocks"}}));
    }
    TANBA_TRY(PemBlock block, read_block(*label, text));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::string write_pem(std::string_view label, ByteView octets) {
  const std::string body = base::to_base64(octets);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < body.size(); at += 64) out += body.substr(at, 64) + "\n";
  return out + "-----END " + std::string(label) + "-----\n";
}

Result<std::vector<CertificatePtr>> parse_certificates(ByteView file) {
  std::vector<CertificatePtr> certificates;
  if (!file.empty() && file.front() == der::kSequence) {
    TANBA_TRY(CertificatePtr certificate, Certificate::parse(file));
    certificates.push_back(std::move(certificate));
    return certificates;
  }
  TANBA_TRY(const std::vector<PemBlock> blocks, parse_pem(base::as_text(file)));
  for (const PemBlock& block : blocks) {
    if (block.label != "CERTIFICATE" && block.label != "X509 CERTIFICATE") continue;
    TANBA_TRY(CertificatePtr certificate, Certificate::parse(block.octets));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

}  // namespace tanba::pki
