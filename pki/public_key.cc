// SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279, RFC 4055, RFC 5480, kz-pki's ГОСТ keys) as facts.
#include <array>
#include <bit>
#include <utility>

#include "pki/certificate.h"
#include "pki/der.h"

namespace tanba::pki {
namespace {

using base::ByteView;
using base::Code;
using base::Result;

std::unexpected<base::Error> malformed(const char* what) {
  return base::fail(base::Error(Code::kKeyMalformed, {{"what", what}}));
}

struct KindRow {
  Oid oid;
  KeyKind kind;
};

KeyKind kind_of(const Oid& oid) {
  // Russia's names of the same curves stand for another octet order of signatures (RFC 9215): unknown here.
  static const std::array<KindRow, 7> kKinds = {{
      {Oid::literal("1.2.840.113549.1.1.1"), KeyKind::kRsa},
      {Oid::literal("1.2.840.113549.1.1.10"), KeyKind::kRsaPss},
      {Oid::literal("1.2.840.10045.2.1"), KeyKind::kEc},
      {Oid::literal("1.2.840.10040.4.1"), KeyKind::kDsa},
      {Oid::literal("1.2.398.3.10.1.1.2.2"), KeyKind::kGost2015_512},
      {Oid::literal("1.2.398.3.10.1.1.2.1"), KeyKind::kGost2015_256},
      {Oid::literal("1.2.398.3.10.1.1.1.1"), KeyKind::kGost2004},
  }};
  for (const KindRow& row : kKinds) {
    if (row.oid == oid) return row.kind;
  }
  return KeyKind::kUnknown;
}

unsigned integer_bits(ByteView contents) {
  while (!contents.empty() && contents.front() == 0) contents = contents.subspan(1);
  if (contents.empty()) return 0;
  return static_cast<unsigned>((contents.size() - 1) * 8 + std::bit_width(contents.front()));
}

Result<unsigned> rsa_bits(ByteView key) {
  const auto whole = der::parse_single(key, der::kSequence, "RSAPublicKey");
  if (!whole) return malformed("RSAPublicKey");
  der::Reader reader(whole->value);
  const auto modulus = reader.expect(der::kInteger, "modulus");
  const auto exponent = reader.expect(der::kInteger, "publicExponent");
  if (!modulus || !exponent || !reader.at_end()) return malformed("RSAPublicKey");
  if (modulus->value.empty() || (modulus->value.front() & 0x80) != 0) return malformed("RSA modulus");
  return integer_bits(modulus->value);
}

// The curves that have a name in OpenSSL and a use in certificates. Others keep the size that their point shows.
unsigned curve_bits(const Oid& curve, ByteView point) {
  static const std::array<std::pair<Oid, unsigned>, 9> kCurves = {{
      {Oid::literal("1.2.840.10045.3.1.7"), 256},    // P-256
      {Oid::literal("1.3.132.0.34"), 384},           // P-384
      {Oid::literal("1.3.132.0.35"), 521},           // P-521
      {Oid::literal("1.2.840.10045.3.1.1"), 192},    // P-192
      {Oid::literal("1.3.132.0.33"), 224},           // P-224
      {Oid::literal("1.3.132.0.10"), 256},           // secp256k1
      {Oid::literal("1.3.36.3.3.2.8.1.1.7"), 256},   // brainpoolP256r1
      {Oid::literal("1.3.36.3.3.2.8.1.1.11"), 384},  // brainpoolP384r1
      {Oid::literal("1.3.36.3.3.2.8.1.1.13"), 512},  // brainpoolP512r1
  }};
  for (const auto& [oid, bits] : kCurves) {
    if (oid == curve) return bits;
  }
  if (point.empty()) return 0;
  const std::size_t field_bytes = point.front() == 0x04 ? (point.size() - 1) / 2 : point.size() - 1;
  return static_cast<unsigned>(field_bytes * 8);
}

// RFC 5480 2.1.1: "implicitCurve and specifiedCurve MUST NOT be used in PKIX": such a key is of no kind that we know.
void read_ec(PublicKeyInfo& info, const AlgorithmIdentifier& identifier) {
  info.kind = KeyKind::kUnknown;
  const auto parameters = der::parse_single(identifier.parameters, der::kOid, "namedCurve");
  if (!parameters) return;
  const auto curve = Oid::parse(parameters->value);
  if (!curve) return;
  info.kind = KeyKind::kEc;
  info.algorithm += " " + curve->dotted();
  info.bits = curve_bits(*curve, info.bits_value);
}

// RFC 3279 2.3.2: parameters may be left out and inherited from the issuer; the size is unknown (0) until then.
unsigned dsa_bits(const AlgorithmIdentifier& identifier) {
  const auto parameters = der::parse_single(identifier.parameters, der::kSequence, "Dss-Parms");
  if (!parameters) return 0;
  der::Reader reader(parameters->value);
  const auto prime = reader.expect(der::kInteger, "p");
  return prime ? integer_bits(prime->value) : 0;
}

base::Status read_size(PublicKeyInfo& info, const AlgorithmIdentifier& identifier) {
  switch (info.kind) {
    case KeyKind::kRsa:
    case KeyKind::kRsaPss: {
      TANBA_TRY(info.bits, rsa_bits(info.bits_value));
      return {};
    }
    case KeyKind::kEc:
      read_ec(info, identifier);
      return {};
    case KeyKind::kDsa:
      info.bits = dsa_bits(identifier);
      return {};
    case KeyKind::kGost2004:
    case KeyKind::kGost2015_256:
      info.bits = 256;
      return {};
    case KeyKind::kGost2015_512:
      info.bits = 512;
      return {};
    case KeyKind::kUnknown:
      break;
  }
  return {};
}

}  // namespace

Result<PublicKeyInfo> parse_public_key_info(ByteView spki) {
  const auto whole = der::parse_single(spki, der::kSequence, "SubjectPublicKeyInfo");
  if (!whole) return malformed("SubjectPublicKeyInfo");
  der::Reader reader(whole->value);
  const auto algorithm = reader.expect(der::kSequence, "algorithm");
  const auto key = reader.expect(der::kBitString, "subjectPublicKey");
  if (!algorithm || !key || !reader.at_end()) return malformed("SubjectPublicKeyInfo");
  const auto identifier = parse_algorithm_identifier(algorithm->whole);
  const auto octets = der::read_bit_string_octets(key->value);
  if (!identifier || !octets) return malformed("SubjectPublicKeyInfo");
  PublicKeyInfo info;
  info.spki = base::to_bytes(whole->whole);
  info.digest = base::sha256(info.spki);
  info.kind = kind_of(identifier->oid);
  info.algorithm = identifier->oid.dotted();
  info.bits_value = base::to_bytes(*octets);
  TANBA_CHECK(read_size(info, *identifier));
  return info;
}

}  // namespace tanba::pki
