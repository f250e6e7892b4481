#include "pki/algorithm.h"

#include <algorithm>
#include <array>

#include "pki/der.h"

namespace tanba::pki {
namespace {

using base::Code;
using base::Error;
using base::Result;
using base::Status;

struct DigestRow {
  DigestAlgorithm digest;
  std::string_view name;
  const char* openssl;
  std::size_t size_bytes;
  std::string_view oid;       // the one that is written
  std::string_view also_oid;  // another that is read
};

constexpr std::array<DigestRow, 12> kDigests = {{
    {DigestAlgorithm::kMd5, "MD5", "MD5", 16, "1.2.840.113549.2.5", ""},
    {DigestAlgorithm::kSha1, "SHA-1", "SHA1", 20, "1.3.14.3.2.26", ""},
    {DigestAlgorithm::kSha224, "SHA-224", "SHA2-224", 28, "2.16.840.1.101.3.4.2.4", ""},
    {DigestAlgorithm::kSha256, "SHA-256", "SHA2-256", 32, "2.16.840.1.101.3.4.2.1", ""},
    {DigestAlgorithm::kSha384, "SHA-384", "SHA2-384", 48, "2.16.840.1.101.3.4.2.2", ""},
    {DigestAlgorithm::kSha512, "SHA-512", "SHA2-512", 64, "2.16.840.1.101.3.4.2.3", ""},
    {DigestAlgorithm::kSha3_256, "SHA3-256", "SHA3-256", 32, "2.16.840.1.101.3.4.2.8", ""},
    {DigestAlgorithm::kSha3_384, "SHA3-384", "SHA3-384", 48, "2.16.840.1.101.3.4.2.9", ""},
    {DigestAlgorithm::kSha3_512, "SHA3-512", "SHA3-512", 64, "2.16.840.1.101.3.4.2.10", ""},
    // The Russian GOST R 34.11-94 (1.2.643.2.2.9) means CryptoPro's S-box, another function: not read as this one.
    {DigestAlgorithm::kGost34311, "GOST34.311-95", "1.2.398.3.10.1.3.1", 32, "1.2.398.3.10.1.3.1", ""},
    {DigestAlgorithm::kStreebog256, "GOST34.11-2015-256", "1.2.398.3.10.1.3.2", 32, "1.2.398.3.10.1.3.2",
     "1.2.643.7.1.1.2.2"},
    {DigestAlgorithm::kStreebog512, "GOST34.11-2015-512", "1.2.398.3.10.1.3.3", 64, "1.2.398.3.10.1.3.3",
     "1.2.643.7.1.1.2.3"},
}};

const DigestRow& row(DigestAlgorithm digest) {
  return kDigests[static_cast<std::size_t>(digest)];
}

// Octets of an OID that the program knows, made once.
struct DigestOids {
  std::array<Oid, kDigests.size()> written;
  std::array<Oid, kDigests.size()> also;
  DigestOids() {
    for (std::size_t i = 0; i < kDigests.size(); ++i) {
      written[i] = Oid::literal(kDigests[i].oid);
      if (!kDigests[i].also_oid.empty()) also[i] = Oid::literal(kDigests[i].also_oid);
    }
  }
};
const DigestOids& digest_oids() {
  static const DigestOids oids;
  return oids;
}

struct SchemeRow {
  Oid oid;
  SignatureScheme scheme;
  DigestAlgorithm digest;
};

// Signature OIDs that name scheme and digest. SHA-224's are those of RFC 4055, 5758; SHA-3's of NIST's arc sigAlgs.
// The Russian GOST signature OIDs are left out: their octet order is another (RFC 9215), so they are unknown here.
const std::vector<SchemeRow>& schemes() {
  using D = DigestAlgorithm;
  using S = SignatureScheme;
  static const std::vector<SchemeRow> rows = {
      {Oid::literal("1.2.840.113549.1.1.11"), S::kRsaPkcs1, D::kSha256},
      {Oid::literal("1.2.840.113549.1.1.12"), S::kRsaPkcs1, D::kSha384},
      {Oid::literal("1.2.840.113549.1.1.13"), S::kRsaPkcs1, D::kSha512},
      {Oid::literal("1.2.398.3.10.1.1.2.3.2"), S::kGost2015_512, D::kStreebog512},
      {Oid::literal("1.2.398.3.10.1.1.2.3.1"), S::kGost2015_256, D::kStreebog256},
      {Oid::literal("1.2.398.3.10.1.1.1.2"), S::kGost2004, D::kGost34311},
      {Oid::literal("1.2.840.113549.1.1.5"), S::kRsaPkcs1, D::kSha1},
      {Oid::literal("1.2.840.113549.1.1.14"), S::kRsaPkcs1, D::kSha224},
      {Oid::literal("1.2.840.113549.1.1.4"), S::kRsaPkcs1, D::kMd5},
      {Oid::literal("2.16.840.1.101.3.4.3.14"), S::kRsaPkcs1, D::kSha3_256},
      {Oid::literal("2.16.840.1.101.3.4.3.15"), S::kRsaPkcs1, D::kSha3_384},
      {Oid::literal("2.16.840.1.101.3.4.3.16"), S::kRsaPkcs1, D::kSha3_512},
      {Oid::literal("1.2.840.10045.4.1"), S::kEcdsa, D::kSha1},
      {Oid::literal("1.2.840.10045.4.3.1"), S::kEcdsa, D::kSha224},
      {Oid::literal("1.2.840.10045.4.3.2"), S::kEcdsa, D::kSha256},
      {Oid::literal("1.2.840.10045.4.3.3"), S::kEcdsa, D::kSha384},
      {Oid::literal("1.2.840.10045.4.3.4"), S::kEcdsa, D::kSha512},
      {Oid::literal("2.16.840.1.101.3.4.3.10"), S::kEcdsa, D::kSha3_256},
      {Oid::literal("2.16.840.1.101.3.4.3.11"), S::kEcdsa, D::kSha3_384},
      {Oid::literal("2.16.840.1.101.3.4.3.12"), S::kEcdsa, D::kSha3_512},
      {Oid::literal("1.2.840.10040.4.3"), S::kDsa, D::kSha1},
      {Oid::literal("2.16.840.1.101.3.4.3.1"), S::kDsa, D::kSha224},
      {Oid::literal("2.16.840.1.101.3.4.3.2"), S::kDsa, D::kSha256},
      {Oid::literal("2.16.840.1.101.3.4.3.3"), S::kDsa, D::kSha384},
      {Oid::literal("2.16.840.1.101.3.4.3.4"), S::kDsa, D::kSha512},
  };
  return rows;
}

struct BareOids {
  Oid rsa_encryption = Oid::literal("1.2.840.113549.1.1.1");
  Oid rsassa_pss = Oid::literal("1.2.840.113549.1.1.10");
  Oid mgf1 = Oid::literal("1.2.840.113549.1.1.8");
  Oid ec_public_key = Oid::literal("1.2.840.10045.2.1");
  Oid dsa = Oid::literal("1.2.840.10040.4.1");
};
const BareOids& bare() {
  static const BareOids oids;
  return oids;
}

std::unexpected<Error> unknown(const Oid& oid) {
  return base::fail(Error(Code::kAlgorithmUnknown, {{"algorithm", oid.dotted()}}));
}
std::unexpected<Error> unknown(const Oid& oid, const char* why) {
  return base::fail(Error(Code::kAlgorithmUnknown, {{"algorithm", oid.dotted()}}, why));
}

bool is_null_or_absent(base::ByteView parameters) {
  return parameters.empty() || (parameters.size() == 2 && parameters[0] == der::kNull && parameters[1] == 0);
}

// The value inside an explicit context tag, when it is there.
Result<std::optional<base::ByteView>> optional_explicit(der::Reader& reader, unsigned n) {
  TANBA_TRY(const auto tlv, reader.optional(der::context_constructed(n)));
  if (!tlv) return std::optional<base::ByteView>();
  return std::optional<base::ByteView>(tlv->value);
}

Result<DigestAlgorithm> parse_digest_identifier(base::ByteView der) {
  TANBA_TRY(const AlgorithmIdentifier identifier, parse_algorithm_identifier(der));
  if (!is_null_or_absent(identifier.parameters)) return unknown(identifier.oid, "parameters of a digest");
  return digest_from_oid(identifier.oid);
}

Result<DigestAlgorithm> parse_mgf1(base::ByteView der) {
  TANBA_TRY(const AlgorithmIdentifier identifier, parse_algorithm_identifier(der));
  if (identifier.oid != bare().mgf1) return unknown(identifier.oid, "another mask generation than MGF1");
  return parse_digest_identifier(identifier.parameters);
}

// RFC 4055 3.1: RSASSA-PSS-params; an absent member has its default (SHA-1, MGF1 with SHA-1, 20, 1).
Result<SignatureAlgorithm> parse_pss(const AlgorithmIdentifier& identifier) {
  // RFC 4055 3.1: in a signature "the parameters MUST be present".
  if (identifier.parameters.empty()) return unknown(identifier.oid, "RSASSA-PSS without parameters");
  SignatureAlgorithm algorithm{.scheme = SignatureScheme::kRsaPss,
                               .digest = DigestAlgorithm::kSha1,
                               .mgf1_digest = DigestAlgorithm::kSha1,
                               .salt_bytes = 20};
  TANBA_TRY(const der::Tlv whole, der::parse_single(identifier.parameters, der::kSequence, "RSASSA-PSS-params"));
  der::Reader reader(whole.value);
  TANBA_TRY(const auto hash, optional_explicit(reader, 0));
  if (hash) {
    TANBA_TRY(algorithm.digest, parse_digest_identifier(*hash));
  }
  TANBA_TRY(const auto mask, optional_explicit(reader, 1));
  if (mask) {
    TANBA_TRY(algorithm.mgf1_digest, parse_mgf1(*mask));
  }
  TANBA_TRY(const auto salt, optional_explicit(reader, 2));
  if (salt) {
    TANBA_TRY(const der::Tlv number, der::parse_single(*salt, der::kInteger, "salt length"));
    TANBA_TRY(const std::int64_t length, der::read_small_integer(number.value));
    // No modulus that is accepted has room for more.
    if (length > 2048) return unknown(identifier.oid, "salt too long");
    algorithm.salt_bytes = static_cast<std::uint16_t>(length);
  }
  TANBA_TRY(const auto trailer, optional_explicit(reader, 3));
  if (trailer) {
    TANBA_TRY(const der::Tlv number, der::parse_single(*trailer, der::kInteger, "trailer field"));
    TANBA_TRY(const std::int64_t field, der::read_small_integer(number.value));
    // RFC 4055 3.1: "The value of trailerField MUST be 1".
    if (field != 1) return unknown(identifier.oid, "another trailer field than 1");
  }
  TANBA_CHECK(reader.finish("RSASSA-PSS-params"));
  return algorithm;
}

}  // namespace

// --- names -----------------------------------------------------------------------------------------------------------

std::string_view to_string(DigestAlgorithm digest) {
  return row(digest).name;
}
Result<DigestAlgorithm> parse_digest_name(std::string_view name) {
  for (const DigestRow& one : kDigests) {
    if (one.name == name) return one.digest;
  }
  return base::fail(Code::kAlgorithmUnknown, {{"algorithm", std::string(name)}});
}
const char* openssl_name(DigestAlgorithm digest) {
  return row(digest).openssl;
}
std::size_t digest_size_bytes(DigestAlgorithm digest) {
  return row(digest).size_bytes;
}
Oid digest_oid(DigestAlgorithm digest) {
  return digest_oids().written[static_cast<std::size_t>(digest)];
}

Result<DigestAlgorithm> digest_from_oid(const Oid& oid) {
  for (std::size_t i = 0; i < kDigests.size(); ++i) {
    if (!oid.empty() && (digest_oids().written[i] == oid || digest_oids().also[i] == oid)) return kDigests[i].digest;
  }
  return unknown(oid);
}

std::string_view to_string(KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa:
      return "RSA";
    case KeyKind::kRsaPss:
      return "RSA-PSS";
    case KeyKind::kEc:
      return "EC";
    case KeyKind::kDsa:
      return "DSA";
    case KeyKind::kGost2004:
      return "GOST34.310-2004";
    case KeyKind::kGost2015_256:
      return "GOST34.10-2015-256";
    case KeyKind::kGost2015_512:
      return "GOST34.10-2015-512";
    case KeyKind::kUnknown:
      break;
  }
  return "unknown";
}

std::string to_string(const SignatureAlgorithm& algorithm) {
  const std::string digest(to_string(algorithm.digest));
  switch (algorithm.scheme) {
    case SignatureScheme::kRsaPkcs1:
      return "RSA-PKCS1-" + digest;
    case SignatureScheme::kRsaPss:
      return "RSA-PSS-" + digest;
    case SignatureScheme::kEcdsa:
      return "ECDSA-" + digest;
    case SignatureScheme::kDsa:
      return "DSA-" + digest;
    case SignatureScheme::kGost2004:
      return "GOST34.310-2004";
    case SignatureScheme::kGost2015_256:
      return "GOST34.10-2015-256";
    case SignatureScheme::kGost2015_512:
      return "GOST34.10-2015-512";
  }
  return "unknown";
}

// --- AlgorithmIdentifier ---------------------------------------------------------------------------------------------

Result<AlgorithmIdentifier> parse_algorithm_identifier(base::ByteView der) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(der, der::kSequence, "AlgorithmIdentifier"));
  der::Reader reader(whole.value);
  TANBA_TRY(const der::Tlv type, reader.expect(der::kOid, "algorithm"));
  AlgorithmIdentifier identifier;
  TANBA_TRY(identifier.oid, Oid::parse(type.value));
  identifier.whole = whole.whole;
  if (!reader.at_end()) {
    TANBA_TRY(const der::Tlv parameters, reader.next());
    identifier.parameters = parameters.whole;
  }
  TANBA_CHECK(reader.finish("AlgorithmIdentifier"));
  return identifier;
}

Result<SignatureAlgorithm> signature_algorithm_from(const AlgorithmIdentifier& identifier) {
  if (identifier.oid == bare().rsassa_pss) return parse_pss(identifier);
  const auto found = std::ranges::find(schemes(), identifier.oid, &SchemeRow::oid);
  if (found == schemes().end()) return unknown(identifier.oid);
  // RFC 4055 5: NULL, but "implementations MUST accept the parameters being absent as well as present". RFC 5758 wants
  // them absent for ECDSA and DSA, where some CAs write NULL: it means nothing, so it is let pass.
  if (!is_null_or_absent(identifier.parameters)) return unknown(identifier.oid, "parameters that do not belong there");
  return SignatureAlgorithm{.scheme = found->scheme,
                            .digest = found->digest,
                            .mgf1_digest = SignatureAlgorithm{}.mgf1_digest,
                            .salt_bytes = 0};
}

Result<SignatureAlgorithm> signature_algorithm_from(const AlgorithmIdentifier& identifier, DigestAlgorithm digest) {
  const std::pair<const Oid&, SignatureScheme> bare_keys[] = {{bare().rsa_encryption, SignatureScheme::kRsaPkcs1},
                                                              {bare().ec_public_key, SignatureScheme::kEcdsa},
                                                              {bare().dsa, SignatureScheme::kDsa}};
  for (const auto& [oid, scheme] : bare_keys) {
    if (identifier.oid != oid) continue;
    if (!is_null_or_absent(identifier.parameters)) return unknown(oid, "parameters that do not belong there");
    return SignatureAlgorithm{
        .scheme = scheme, .digest = digest, .mgf1_digest = SignatureAlgorithm{}.mgf1_digest, .salt_bytes = 0};
  }
  TANBA_TRY(const SignatureAlgorithm algorithm, signature_algorithm_from(identifier));
  if (algorithm.digest != digest) {
    return base::fail(Error(Code::kAlgorithmMismatch, {{"algorithm", to_string(algorithm)}},
                            "digestAlgorithm is " + std::string(to_string(digest))));
  }
  return algorithm;
}

namespace {

base::Bytes write_identifier(const Oid& oid, base::ByteView parameters) {
  return der::write_sequence({oid.der(), parameters});
}

base::Bytes write_pss(const SignatureAlgorithm& algorithm) {
  const base::Bytes mgf1 = write_identifier(bare().mgf1, write_digest_identifier(algorithm.mgf1_digest));
  // DER leaves defaults out (X.690 11.5): SHA-1, MGF1 with SHA-1, a salt of 20.
  base::Bytes hash_member, mask_member, salt_member;
  if (algorithm.digest != DigestAlgorithm::kSha1) {
    hash_member = der::write(der::context_constructed(0), write_digest_identifier(algorithm.digest));
  }
  if (algorithm.mgf1_digest != DigestAlgorithm::kSha1) mask_member = der::write(der::context_constructed(1), mgf1);
  if (algorithm.salt_bytes != 20) {
    salt_member = der::write(der::context_constructed(2), der::write_integer(algorithm.salt_bytes));
  }
  return write_identifier(bare().rsassa_pss, der::write_sequence({hash_member, mask_member, salt_member}));
}

}  // namespace

base::Bytes write_algorithm_identifier(const SignatureAlgorithm& algorithm) {
  if (algorithm.scheme == SignatureScheme::kRsaPss) return write_pss(algorithm);
  const bool null_parameters = algorithm.scheme != SignatureScheme::kEcdsa && algorithm.scheme != SignatureScheme::kDsa;
  const base::Bytes parameters = null_parameters ? der::write_null() : base::Bytes();
  for (const SchemeRow& scheme : schemes()) {
    if (scheme.scheme == algorithm.scheme && scheme.digest == algorithm.digest) {
      return write_identifier(scheme.oid, parameters);
    }
  }
  // A pair without an OID of its own (RSA with Streebog, say) is made by no signer: algorithms_for() never offers it.
  return {};
}

base::Bytes write_digest_identifier(DigestAlgorithm digest) {
  return write_identifier(digest_oid(digest), der::write_null());
}

// --- policies --------------------------------------------------------------------------------------------------------

std::string_view to_string(PolicyId id) {
  switch (id) {
    case PolicyId::kKzSubmission:
      return "kz-submission";
    case PolicyId::kKzArchive:
      return "kz-archive";
    case PolicyId::kConformance:
      return "conformance";
  }
  return "unknown";
}

Result<PolicyId> parse_policy_id(std::string_view name) {
  for (const PolicyId id : {PolicyId::kKzSubmission, PolicyId::kKzArchive, PolicyId::kConformance}) {
    if (name == to_string(id)) return id;
  }
  return base::fail(
      Error(Code::kInputMember, {{"member", "policy"}, {"expected", "kz-submission, kz-archive or conformance"}}));
}

namespace {

constexpr unsigned kLeastRsaBits = 2048;
constexpr unsigned kLeastArchiveRsaBits = 1024;

constexpr base::Time day(int year, unsigned month, unsigned day_of_month) {
  return std::chrono::sys_days{std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day_of_month)};
}

// What kz-archive lets pass for signatures proved to have existed before these dates.
//
// ГОСТ 34.310-2004: the last issuing CA of НУЦ РК with this algorithm ended on 2025-06-25 (its certificate's notAfter),
// so no certificate of a person was valid later.
constexpr base::Time kGost2004End = day(2025, 6, 26);
// SHA-1: the first collision was published on 2017-02-23 (Stevens et al., "The first collision for full SHA-1"); NIST
// SP 800-131A had disallowed making signatures with it from 2014 on.
constexpr base::Time kSha1End = day(2017, 2, 23);
// RSA of 1024 bits: NIST SP 800-131A Rev. 1, table 2: "disallowed after 2013" for making signatures.
constexpr base::Time kRsa1024End = day(2014, 1, 1);

enum class Verdict : std::uint8_t { kAllowed, kAllowedBefore, kForbidden };
struct Judgement {
  Verdict verdict = Verdict::kForbidden;
  base::Time end;  // kAllowedBefore
};

bool is_sha2(DigestAlgorithm digest) {
  return digest == DigestAlgorithm::kSha224 || digest == DigestAlgorithm::kSha256 ||
         digest == DigestAlgorithm::kSha384 || digest == DigestAlgorithm::kSha512;
}

Judgement judge_scheme(PolicyId policy, SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kRsaPkcs1:
    case SignatureScheme::kRsaPss:
    case SignatureScheme::kGost2015_256:
    case SignatureScheme::kGost2015_512:
      return {.verdict = Verdict::kAllowed, .end = {}};
    case SignatureScheme::kGost2004:
      if (policy == PolicyId::kConformance) return {.verdict = Verdict::kAllowed, .end = {}};
      if (policy == PolicyId::kKzArchive) return {.verdict = Verdict::kAllowedBefore, .end = kGost2004End};
      break;
    case SignatureScheme::kEcdsa:
    case SignatureScheme::kDsa:
      if (policy == PolicyId::kConformance) return {.verdict = Verdict::kAllowed, .end = {}};
      break;
  }
  return {.verdict = Verdict::kForbidden, .end = {}};
}

std::optional<SignatureScheme> scheme_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa:
      return SignatureScheme::kRsaPkcs1;
    case KeyKind::kRsaPss:
      return SignatureScheme::kRsaPss;
    case KeyKind::kEc:
      return SignatureScheme::kEcdsa;
    case KeyKind::kDsa:
      return SignatureScheme::kDsa;
    case KeyKind::kGost2004:
      return SignatureScheme::kGost2004;
    case KeyKind::kGost2015_256:
      return SignatureScheme::kGost2015_256;
    case KeyKind::kGost2015_512:
      return SignatureScheme::kGost2015_512;
    case KeyKind::kUnknown:
      break;
  }
  return std::nullopt;
}

// The digest of a signature.
Judgement judge_digest(PolicyId policy, DigestAlgorithm digest) {
  const bool gost2015 = digest == DigestAlgorithm::kStreebog256 || digest == DigestAlgorithm::kStreebog512;
  if (policy == PolicyId::kConformance || is_sha2(digest) || gost2015) return {.verdict = Verdict::kAllowed, .end = {}};
  if (policy == PolicyId::kKzArchive && digest == DigestAlgorithm::kSha1) {
    return {.verdict = Verdict::kAllowedBefore, .end = kSha1End};
  }
  if (policy == PolicyId::kKzArchive && digest == DigestAlgorithm::kGost34311) {
    return {.verdict = Verdict::kAllowedBefore, .end = kGost2004End};
  }
  return {.verdict = Verdict::kForbidden, .end = {}};
}

std::unexpected<Error> ended(std::string algorithm, base::Time end) {
  return base::fail(
      Error(Code::kAlgorithmEnded, {{"algorithm", std::move(algorithm)}, {"until", base::format_time(end)}}));
}

bool is_over(const Judgement& judgement, base::Time existed_at) {
  return judgement.verdict == Verdict::kAllowedBefore && existed_at >= judgement.end;
}

Status check_key_size(PolicyId policy, const KeyFacts& key, base::Time existed_at, std::string_view subject) {
  const bool rsa = key.kind == KeyKind::kRsa || key.kind == KeyKind::kRsaPss;
  if (policy == PolicyId::kConformance || !rsa || key.bits >= kLeastRsaBits) return {};
  const unsigned least = policy == PolicyId::kKzArchive ? kLeastArchiveRsaBits : kLeastRsaBits;
  if (key.bits < least) {
    return base::fail(Error(Code::kAlgorithmWeakKey, {{"certificate", std::string(subject)},
                                                      {"bits", std::to_string(key.bits)},
                                                      {"policy", std::string(to_string(policy))},
                                                      {"least", std::to_string(least)}}));
  }
  if (existed_at >= kRsa1024End) return ended("RSA-" + std::to_string(key.bits), kRsa1024End);
  return {};
}

Status check_signature_digest(PolicyId policy, DigestAlgorithm digest, base::Time existed_at) {
  const Judgement judgement = judge_digest(policy, digest);
  if (judgement.verdict == Verdict::kForbidden) {
    return base::fail(Error(Code::kAlgorithmWeakDigest, {{"algorithm", std::string(to_string(digest))},
                                                         {"policy", std::string(to_string(policy))}}));
  }
  if (is_over(judgement, existed_at)) return ended(std::string(to_string(digest)), judgement.end);
  return {};
}

}  // namespace

Status check_algorithm(PolicyId policy, const SignatureAlgorithm& algorithm, const KeyFacts& key, base::Time existed_at,
                       std::string_view subject) {
  const Judgement judgement = judge_scheme(policy, algorithm.scheme);
  if (judgement.verdict == Verdict::kForbidden) {
    return base::fail(Error(Code::kAlgorithmForbidden,
                            {{"algorithm", to_string(algorithm)}, {"policy", std::string(to_string(policy))}}));
  }
  if (is_over(judgement, existed_at)) return ended(to_string(algorithm), judgement.end);
  TANBA_CHECK(check_key_size(policy, key, existed_at, subject));
  TANBA_CHECK(check_signature_digest(policy, algorithm.digest, existed_at));
  // PSS: a mask made with a weaker digest than the policy allows would be a way around it.
  if (algorithm.scheme == SignatureScheme::kRsaPss)
    return check_signature_digest(policy, algorithm.mgf1_digest, existed_at);
  return {};
}

Status check_key(PolicyId policy, const KeyFacts& key, base::Time existed_at, std::string_view subject) {
  const std::optional<SignatureScheme> scheme = scheme_of(key.kind);
  const Judgement judgement = scheme ? judge_scheme(policy, *scheme) : Judgement{};
  if (judgement.verdict == Verdict::kForbidden) {
    return base::fail(Error(Code::kAlgorithmForbidden, {{"algorithm", std::string(to_string(key.kind))},
                                                        {"policy", std::string(to_string(policy))}}));
  }
  if (is_over(judgement, existed_at)) return ended(std::string(to_string(key.kind)), judgement.end);
  return check_key_size(policy, key, existed_at, subject);
}

std::span<const base::Time> policy_boundaries(PolicyId policy) {
  static constexpr std::array<base::Time, 3> kEnds = {kGost2004End, kSha1End, kRsa1024End};
  if (policy != PolicyId::kKzArchive) return {};
  return kEnds;
}

Status check_digest(PolicyId policy, DigestAlgorithm digest, DigestUse use, base::Time existed_at) {
  if (use == DigestUse::kSignature) return check_signature_digest(policy, digest, existed_at);
  // A CertID only names a certificate, and an imprint is over a signature value that its maker cannot choose freely:
  // both rest on second preimages, not on collisions (RFC 6960 4.1.1 and RFC 3161 2.4.1 leave the digest open). MD5 is
  // out all the same: nothing of today uses it.
  if (digest == DigestAlgorithm::kMd5 && policy != PolicyId::kConformance) {
    return base::fail(Error(Code::kAlgorithmWeakDigest, {{"algorithm", std::string(to_string(digest))},
                                                         {"policy", std::string(to_string(policy))}}));
  }
  return {};
}

}  // namespace tanba::pki
