#include "cms/certificate_reference.h"

#include "cms/oids.h"
#include "pki/verify_signature.h"

namespace tanba::cms {
namespace {

using base::ByteView;
using base::Code;
using pki::DigestAlgorithm;
using pki::der::Reader;
using pki::der::Tlv;
namespace der = pki::der;

constexpr std::uint8_t kDirectoryName = der::context_constructed(4);  // RFC 5280 4.2.1.6, GeneralName

// ESSCertID or ESSCertIDv2.
struct CertificateReference {
  DigestAlgorithm digest = DigestAlgorithm::kSha256;
  ByteView hash;
  ByteView issuer;  // contents of GeneralNames; empty when issuerSerial is absent
  ByteView serial;
};

enum class Version : std::uint8_t { kV1, kV2 };

base::Result<CertificateReference> parse_first_reference(ByteView attribute_value, Version version) {
  TANBA_TRY(const Tlv outer, der::parse_single(attribute_value, der::kSequence, "SigningCertificate"));
  Reader fields(outer.value);
  TANBA_TRY(Reader references, fields.enter(der::kSequence, "certs"));
  TANBA_TRY(Reader reference, references.enter(der::kSequence, "ESSCertID"));

  CertificateReference out;
  if (version == Version::kV1) out.digest = DigestAlgorithm::kSha1;  // RFC 2634 5.4
  if (version == Version::kV2 && reference.peek() == der::kSequence) {
    TANBA_TRY(const Tlv algorithm, reference.next());
    TANBA_TRY(const pki::AlgorithmIdentifier identifier, pki::parse_algorithm_identifier(algorithm.whole));
    TANBA_TRY(out.digest, pki::digest_from_oid(identifier.oid));
  }
  TANBA_TRY(const Tlv hash, reference.expect(der::kOctetString, "certHash"));
  out.hash = hash.value;
  if (reference.at_end()) return out;
  TANBA_TRY(Reader issuer_serial, reference.enter(der::kSequence, "issuerSerial"));
  TANBA_TRY(const Tlv issuer, issuer_serial.expect(der::kSequence, "issuer"));
  TANBA_TRY(const Tlv serial, issuer_serial.expect(der::kInteger, "serialNumber"));
  TANBA_CHECK(reference.finish("ESSCertID"));
  out.issuer = issuer.value;
  out.serial = serial.value;
  return out;
}

bool names_include(ByteView general_names, const pki::Name& issuer) {
  Reader names(general_names);
  while (!names.at_end()) {
    const auto name = names.next();
    if (!name.has_value()) return false;
    if (name->tag == kDirectoryName && same_name(issuer, name->value)) return true;
  }
  return false;
}

base::Status check_reference(pki::Context& context, base::Budget& budget, const CertificateReference& reference,
                             const pki::Certificate& certificate) {
  base::Bytes computed;
  ByteView digest = certificate.digest().view();
  if (reference.digest != DigestAlgorithm::kSha256) {
    TANBA_CHECK(budget.charge_digest(certificate.der().size()));
    TANBA_TRY(computed, pki::compute_digest(context, reference.digest, certificate.der()));
    digest = computed;
  }
  if (!base::equal(digest, reference.hash)) return base::fail(Code::kCmsSigningCertificate, "certHash");
  if (reference.serial.empty()) return {};
  if (!base::equal(reference.serial, certificate.serial()) || !names_include(reference.issuer, certificate.issuer())) {
    return base::fail(Code::kCmsSigningCertificate, "issuerSerial");
  }
  return {};
}

base::Status check_attribute(pki::Context& context, base::Budget& budget, const std::vector<Attribute>& attributes,
                             Version version, const pki::Certificate& certificate) {
  const bool v1 = version == Version::kV1;
  const char* const name = v1 ? "signingCertificate" : "signingCertificateV2";
  TANBA_TRY(const std::optional<Tlv> value,
            optional_value(attributes, v1 ? oid::kSigningCertificate : oid::kSigningCertificateV2, name));
  if (!value.has_value()) return {};
  const auto reference = parse_first_reference(value->whole, version);
  if (!reference.has_value()) {
    if (reference.error().code() == Code::kAlgorithmUnknown) return base::fail(reference.error());
    return base::fail(Code::kCmsAttribute, {{"attribute", name}}, reference.error().message());
  }
  return check_reference(context, budget, *reference, certificate);
}

}  // namespace

bool same_name(const pki::Name& name, ByteView octets) {
  if (base::equal(name.der(), octets)) return true;
  const auto other = pki::Name::parse(octets);
  return other.has_value() && *other == name;
}

base::Status check_certificate_references(pki::Context& context, base::Budget& budget,
                                          const std::vector<Attribute>& signed_attributes,
                                          const pki::Certificate& certificate) {
  TANBA_CHECK(check_attribute(context, budget, signed_attributes, Version::kV1, certificate));
  return check_attribute(context, budget, signed_attributes, Version::kV2, certificate);
}

base::Bytes write_signing_certificate_v2(const pki::Certificate& certificate) {
  // RFC 5035 3: hashAlgorithm DEFAULT sha256, so DER leaves it out.
  const base::Bytes hash = der::write_octet_string(certificate.digest().view());
  const base::Bytes issuer = der::write_sequence({der::write(kDirectoryName, certificate.issuer().der())});
  const base::Bytes issuer_serial = der::write_sequence({issuer, der::write(der::kInteger, certificate.serial())});
  const base::Bytes reference = der::write_sequence({hash, issuer_serial});
  return der::write_sequence({der::write_sequence({reference})});
}

base::Bytes wrap_basic_response(ByteView basic) {
  const base::Bytes octets = der::write_octet_string(basic);
  const base::Bytes response = der::write_sequence({oid::kOcspBasic.der(), octets});
  const std::uint8_t successful = 0;
  return der::write_sequence(
      {der::write(der::kEnumerated, {&successful, 1}), der::write(der::context_constructed(0), response)});
}

}  // namespace tanba::cms
