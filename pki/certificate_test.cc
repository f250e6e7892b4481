#include "pki/certificate.h"

#include <gtest/gtest.h>

#include "pki/der.h"
#include "pki/identity.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::Code;
using test::at;

TEST(CertificateCorpora, EveryRealCertificateParses) {
  std::size_t count = 0;
  for (const char* folder : {"kz/ca", "kz/test-ca", "pkits/certs", "realworld/cert"}) {
    const auto path = test::corpora(folder);
    if (!path) continue;
    for (const auto& file : test::files_in(*path)) {
      const auto certificates = parse_certificates(test::read(file));
      EXPECT_TRUE(certificates && certificates->size() == 1)
          << file << ": " << (certificates ? "none" : certificates.error().message());
      ++count;
    }
  }
  std::printf("%zu certificates parsed\n", count);
}

// --- certificates put together here, to break one thing at a time
// ------------------------------------------------------

struct Parts {
  Bytes version = der::write(der::context_constructed(0), der::write_integer(2));
  Bytes serial = der::write_integer(0x1234);
  Bytes inner_algorithm = write_algorithm_identifier({});
  Bytes outer_algorithm = write_algorithm_identifier({});
  Bytes subject = der::write(der::kSequence, {});
  Bytes validity = der::write_sequence({der::write_time(at("2020-01-01")), der::write_time(at("2060-01-01"))});
  std::vector<Bytes> extensions;  // each whole
  Bytes signature = der::write(der::kBitString, Bytes{0, 1, 2, 3});
  Bytes after;  // behind the certificate
};

Bytes join(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes extension(std::string_view oid, const Bytes& value, const Bytes& critical = {}) {
  return der::write_sequence({Oid::literal(oid).der(), critical, der::write_octet_string(value)});
}

Bytes rsa_key() {
  const Bytes numbers = der::write_sequence({der::write_unsigned(Bytes(128, 0xC1)), der::write_integer(65537)});
  const Bytes algorithm = der::write_sequence({Oid::literal("1.2.840.113549.1.1.1").der(), der::write_null()});
  return der::write_sequence({algorithm, der::write(der::kBitString, join({{0}, numbers}))});
}

Bytes build(const Parts& parts) {
  Bytes extensions;
  if (!parts.extensions.empty()) {
    extensions = der::write(der::context_constructed(3), der::write(der::kSequence, join(parts.extensions)));
  }
  const Bytes tbs = der::write_sequence({parts.version, parts.serial, parts.inner_algorithm, parts.subject,
                                         parts.validity, parts.subject, rsa_key(), extensions});
  return join({der::write_sequence({tbs, parts.outer_algorithm, parts.signature}), parts.after});
}

base::Result<CertificatePtr> parse(const Parts& parts) {
  return Certificate::parse(build(parts));
}
Code code_of(const Parts& parts) {
  const auto certificate = parse(parts);
  return certificate ? Code::kInternal : certificate.error().code();
}

TEST(Certificates, ReadsWhatIsThere) {
  Parts parts;
  const Bytes url = der::write(der::context_primitive(6), base::as_bytes("http://ocsp.example/"));
  const Bytes access = der::write_sequence({Oid::literal("1.3.6.1.5.5.7.48.1").der(), url});
  const Bytes point_url = der::write(der::context_primitive(6), base::as_bytes("http://crl.example/a.crl"));
  const Bytes full_name = der::write(der::context_constructed(0), point_url);
  const Bytes directory = der::write(der::context_constructed(4), der::write(der::kSequence, {}));
  const Bytes point = der::write_sequence({der::write(der::context_constructed(0), full_name),
                                           der::write(der::context_primitive(1), Bytes{1, 0x60}),
                                           der::write(der::context_constructed(2), directory)});
  parts.extensions = {
      extension("2.5.29.15", der::write(der::kBitString, Bytes{6, 0xC0}), der::write(der::kBoolean, Bytes{0xFF})),
      extension("2.5.29.19", der::write_sequence({der::write(der::kBoolean, Bytes{0xFF}), der::write_integer(3)})),
      extension("2.5.29.37", der::write_sequence({Oid::literal("1.2.398.3.3.4.1.1").der()})),
      extension("2.5.29.14", der::write_octet_string(Bytes{1, 2})),
      extension("2.5.29.35", der::write_sequence({der::write(der::context_primitive(0), Bytes{3, 4})})),
      extension("1.3.6.1.5.5.7.1.1", der::write_sequence({access, access})),
      extension("2.5.29.31", der::write_sequence({point})),
      extension("2.5.29.46", der::write_sequence({point})),
      extension("1.3.6.1.5.5.7.48.1.5", der::write_null()),
      extension("1.2.3.4", Bytes{9}),
  };
  const auto parsed = parse(parts);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  const Certificate& certificate = **parsed;
  EXPECT_EQ(certificate.serial_hex(), "1234");
  EXPECT_EQ(certificate.not_before(), at("2020-01-01"));
  EXPECT_EQ(certificate.not_after(), at("2060-01-01"));
  EXPECT_EQ(certificate.key().kind, KeyKind::kRsa);
  EXPECT_EQ(certificate.key().bits, 1024U);
  EXPECT_TRUE(certificate.is_self_issued());
  EXPECT_EQ(certificate.key_usage(), kDigitalSignature | kNonRepudiation);
  EXPECT_TRUE(certificate.extensions().front().critical);
  EXPECT_TRUE(certificate.is_ca());
  EXPECT_EQ(certificate.path_length(), 3);
  EXPECT_TRUE(certificate.has_extended_key_usage(role::kIndividual));
  EXPECT_EQ(certificate.subject_key_id(), (Bytes{1, 2}));
  EXPECT_EQ(certificate.authority_key_id(), (Bytes{3, 4}));
  EXPECT_EQ(certificate.ocsp_urls(), std::vector<std::string>{"http://ocsp.example/"});  // written twice, kept once
  for (const auto* points : {&certificate.crl_points(), &certificate.freshest_crl_points()}) {
    ASSERT_EQ(points->size(), 1U);
    EXPECT_EQ(points->front().urls, std::vector<std::string>{"http://crl.example/a.crl"});
    EXPECT_EQ(points->front().name, full_name);
    EXPECT_EQ(points->front().reasons, 0b110U);
    EXPECT_EQ(points->front().crl_issuer, std::vector<Bytes>{der::write(der::kSequence, {})});
  }
  EXPECT_TRUE(certificate.has_ocsp_no_check());
  EXPECT_NE(certificate.extension(Oid::literal("1.2.3.4")), nullptr);
  EXPECT_EQ(certificate.signature().size(), 3U);
}

TEST(Certificates, RefusesTheMalformed) {
  ASSERT_TRUE(parse({}).has_value());
  Parts parts;
  parts.after = {0};
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "octets behind it";
  parts = {};
  parts.inner_algorithm = write_algorithm_identifier({.digest = DigestAlgorithm::kSha512});
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "two algorithms";
  parts = {};
  parts.version = der::write(der::context_constructed(0), der::write_integer(3));
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "version 4";
  parts = {};
  parts.serial = der::write(der::kInteger, {});
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "no serial number";
  parts = {};
  parts.serial = der::write(der::kInteger, Bytes(65, 1));
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "a serial number without end";
  parts = {};
  parts.validity = der::write_sequence({der::write_time(at("2020-01-01"))});
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "no end";
  for (const Bytes& bad : {Bytes{}, Bytes{0x30, 0x00}, Bytes{0x30, 0x80, 0x00, 0x00}}) {
    EXPECT_EQ(Certificate::parse(bad).error().code(), Code::kCertificateMalformed);
  }
}

TEST(Certificates, AreAtMostSixtyFourKibibytesLong) {
  constexpr std::size_t kLargest = 65536;
  const auto of_size = [](std::size_t wanted) {
    Bytes value(60000);
    for (;;) {
      Parts parts;
      parts.extensions = {extension("1.2.3", value)};
      Bytes whole = build(parts);
      if (whole.size() >= wanted) return whole;
      value.resize(value.size() + wanted - whole.size());
    }
  };
  const Bytes largest = of_size(kLargest);
  ASSERT_EQ(largest.size(), kLargest);
  EXPECT_TRUE(Certificate::parse(largest).has_value());
  const Bytes larger = of_size(kLargest + 1);
  ASSERT_EQ(larger.size(), kLargest + 1);
  const auto refused = Certificate::parse(larger);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kCertificateMalformed);
}

TEST(Certificates, EveryCutIsMalformed) {
  const Bytes whole = build({});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Certificate::parse(base::ByteView(whole).first(size)).error().code(), Code::kCertificateMalformed)
        << size;
  }
}

TEST(Certificates, ExtensionsOnceAndInVersionThree) {
  Parts parts;
  const Bytes unknown = extension("1.2.3.4", Bytes{9});
  parts.extensions = {unknown};
  EXPECT_TRUE(parse(parts).has_value());
  parts.extensions = {unknown, unknown};
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "twice";
  parts.extensions = {unknown};
  parts.version = {};
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "version 1";
  parts = {};
  for (int i = 0; i < 65; ++i) parts.extensions.push_back(extension("1.2.3." + std::to_string(i), {}));
  EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << "more than are accepted";
}

TEST(Certificates, ExtensionsThatAreReadMustBeWellFormed) {
  for (const char* oid : {"2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.1.1",
                          "2.5.29.31", "2.5.29.46"}) {
    Parts parts;
    parts.extensions = {extension(oid, Bytes{0x05, 0x00})};
    EXPECT_EQ(code_of(parts), Code::kCertificateMalformed) << oid;
  }
}

TEST(Certificates, ASignatureThatIsNotWholeOctetsNeverVerifies) {
  Parts parts;
  parts.signature = der::write(der::kBitString, Bytes{4, 1, 2, 0x30});
  const auto certificate = parse(parts);
  ASSERT_TRUE(certificate.has_value());
  EXPECT_TRUE((*certificate)->signature().empty());
}

TEST(Certificates, SerialNumbersHaveOneSpelling) {
  const auto spelled = [](const Bytes& octets) {
    Parts parts;
    parts.serial = der::write(der::kInteger, octets);
    return (*parse(parts))->serial_hex();
  };
  EXPECT_EQ(spelled({0x00}), "0");
  EXPECT_EQ(spelled({0x0A, 0x1B}), "0a1b");
  EXPECT_EQ(spelled({0x00, 0xFF}), "ff");
  EXPECT_EQ(spelled({0xFF}), "-01");
  EXPECT_EQ(spelled({0xFF, 0x00}), "-0100");
}

TEST(Pem, BlocksInOrder) {
  const Bytes der = build({});
  const std::string pem =
      "noise\r\n" + write_pem("CERTIFICATE", der) + write_pem("X509 CRL", Bytes{1}) + write_pem("CERTIFICATE", der);
  const auto blocks = parse_pem(pem);
  ASSERT_TRUE(blocks && blocks->size() == 3);
  EXPECT_EQ((*blocks)[1].label, "X509 CRL");
  EXPECT_EQ((*blocks)[0].octets, der);
  EXPECT_EQ(parse_certificates(base::as_bytes(pem))->size(), 2U);
  EXPECT_EQ(parse_certificates(der)->size(), 1U);
  EXPECT_TRUE(parse_certificates(base::as_bytes("nothing"))->empty());
  EXPECT_TRUE(parse_certificates({})->empty());
}

TEST(Pem, RefusesTheMalformed) {
  for (const char* bad : {"-----BEGIN A-----\nAAAA\n", "-----BEGIN A-----\nAAAA\n-----END B-----\n",
                          "-----BEGIN A-----\nA\n-----END A-----\n"}) {
    EXPECT_EQ(parse_pem(bad).error().code(), Code::kInputBase64) << bad;
  }
  EXPECT_EQ(parse_certificates(base::as_bytes(write_pem("CERTIFICATE", Bytes{1}))).error().code(),
            Code::kCertificateMalformed);
}

TEST(PublicKeys, KindsOfTheNationalAuthority) {
  const auto folder = test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto kind = [&](const char* file) { return test::load(*folder / file)->key().kind; };
  EXPECT_EQ(kind("ca/root_gost_2022.pem"), KeyKind::kGost2015_512);
  EXPECT_EQ(kind("ca/root_gost.pem"), KeyKind::kGost2004);
  EXPECT_EQ(kind("ca/root_rsa_2020.cer"), KeyKind::kRsa);
  EXPECT_EQ(test::load(*folder / "ca/root_rsa_2020.cer")->key().bits, 4096U);
}

TEST(PublicKeys, RefusesTheMalformed) {
  EXPECT_TRUE(parse_public_key_info(rsa_key()).has_value());
  const Bytes algorithm = der::write_sequence({Oid::literal("1.2.840.113549.1.1.1").der(), der::write_null()});
  for (const Bytes& bad :
       {Bytes{}, der::write_sequence({algorithm}), der::write_sequence({algorithm, der::write_null()}),
        der::write_sequence({algorithm, der::write(der::kBitString, Bytes{0, 1, 2})}),
        der::write_sequence({algorithm, der::write(der::kBitString, Bytes{1, 2})})}) {
    EXPECT_EQ(parse_public_key_info(bad).error().code(), Code::kKeyMalformed) << base::to_hex(bad);
  }
}

TEST(PublicKeys, CurvesWithoutANameAreOfNoKind) {
  const Bytes point = der::write(der::kBitString, join({{0, 4}, Bytes(64, 7)}));
  const auto key = [&](const Bytes& parameters) {
    const Bytes algorithm = der::write_sequence({Oid::literal("1.2.840.10045.2.1").der(), parameters});
    return *parse_public_key_info(der::write_sequence({algorithm, point}));
  };
  EXPECT_EQ(key(Oid::literal("1.2.840.10045.3.1.7").der()).kind, KeyKind::kEc);
  EXPECT_EQ(key(Oid::literal("1.2.840.10045.3.1.7").der()).bits, 256U);
  EXPECT_EQ(key(der::write(der::kSequence, {})).kind, KeyKind::kUnknown);
  EXPECT_EQ(key(der::write_null()).kind, KeyKind::kUnknown);
}

// --- identity --------------------------------------------------------------------------------------------------------

Identity identity_with(const std::vector<std::pair<Oid, std::string>>& attributes) {
  Bytes contents;
  for (const auto& [type, value] : attributes) {
    const Bytes pair = der::write_sequence({type.der(), der::write(der::kUtf8String, base::as_bytes(value))});
    const Bytes set = der::write(der::kSet, pair);
    contents.insert(contents.end(), set.begin(), set.end());
  }
  Parts parts;
  parts.subject = der::write(der::kSequence, contents);
  return identity_of(**parse(parts));
}

TEST(Identities, NumbersAreReadWhereTheProfilePutsThem) {
  using namespace oid;
  const Identity identity = identity_with({{kCommonName, "ИВАНОВ ИВАН"},
                                           {kSurname, "ИВАНОВ"},
                                           {kSerialNumber, "IIN850101300015"},
                                           {kOrganization, "ТОО «А»"},
                                           {kOrganizationalUnit, "BIN050140000011"},
                                           {kGivenName, "ИВАНОВИЧ"}});
  EXPECT_EQ(identity.iin, "850101300015");
  EXPECT_EQ(identity.bin, "050140000011");
  EXPECT_EQ(identity.name, "ИВАНОВ ИВАН ИВАНОВИЧ");
  EXPECT_EQ(identity.organization, "ТОО «А»");
  EXPECT_EQ(identity_with({{kSerialNumber, "BIN050140000011"}}).bin, "050140000011");
}

TEST(Identities, WhatIsNoNumberIsNone) {
  using namespace oid;
  for (const char* bad :
       {"IIN85010130001", "IIN8501013000155", "IIN85010130001a", "850101300015", "iin850101300015", ""}) {
    EXPECT_EQ(identity_with({{kSerialNumber, bad}}).iin, std::nullopt) << bad;
  }
  // The IIN is not read where the BIN belongs.
  EXPECT_EQ(identity_with({{kOrganizationalUnit, "IIN850101300015"}}).iin, std::nullopt);
  EXPECT_EQ(identity_with({{kCommonName, "IIN850101300015"}}).iin, std::nullopt);
}

TEST(Identities, TwoNumbersNameNobody) {
  using namespace oid;
  EXPECT_EQ(identity_with({{kSerialNumber, "IIN850101300015"}, {kSerialNumber, "IIN780310300036"}}).iin, std::nullopt);
  EXPECT_EQ(identity_with({{kSerialNumber, "IIN850101300015"}, {kSerialNumber, "IIN850101300015"}}).iin,
            "850101300015");
  EXPECT_EQ(identity_with({{kSerialNumber, "BIN050140000011"}, {kOrganizationalUnit, "BIN050140000022"}}).bin,
            std::nullopt);
}

TEST(Identities, RoleNames) {
  EXPECT_EQ(role_name(role::kHead), "head");
  EXPECT_EQ(role_name(role::kIndividual), "individual");
  EXPECT_EQ(role_name(Oid::literal("1.2.398.3.3.4.9")), "1.2.398.3.3.4.9");
}

TEST(Identities, SigningNeedsBothBits) {
  const auto signs = [](std::optional<std::uint8_t> bits) {
    Parts parts;
    if (bits) parts.extensions = {extension("2.5.29.15", der::write(der::kBitString, Bytes{0, *bits}))};
    return is_signing_key(**parse(parts));
  };
  EXPECT_TRUE(signs(0xC0));
  EXPECT_TRUE(signs(0xC8));
  EXPECT_FALSE(signs(0x80));
  EXPECT_FALSE(signs(0x40));
  EXPECT_FALSE(signs(std::nullopt));
}

TEST(Identities, SigningNeedsAnExtendedKeyUsageThatAllowsIt) {
  enum class Critical : std::uint8_t { kNo, kYes };
  const auto signs = [](const std::vector<const char*>& usages, Critical critical) {
    std::vector<Bytes> list;
    for (const char* usage : usages) list.push_back(Oid::literal(usage).der());
    Parts parts;
    parts.extensions = {extension("2.5.29.15", der::write(der::kBitString, Bytes{0, 0xC0})),
                        extension("2.5.29.37", der::write(der::kSequence, join(list)),
                                  critical == Critical::kYes ? der::write(der::kBoolean, Bytes{0xFF}) : Bytes{})};
    return is_signing_key(**parse(parts));
  };
  constexpr const char* kEmailProtection = "1.3.6.1.5.5.7.3.4";
  constexpr const char* kDocumentSigning = "1.3.6.1.5.5.7.3.36";
  constexpr const char* kAny = "2.5.29.37.0";
  constexpr const char* kClientAuth = "1.3.6.1.5.5.7.3.2";
  constexpr const char* kTimeStamping = "1.3.6.1.5.5.7.3.8";
  constexpr const char* kOcspSigning = "1.3.6.1.5.5.7.3.9";
  constexpr const char* kHead = "1.2.398.3.3.4.1.2.1";
  constexpr const char* kTreasury = "1.2.398.5.19.1.2.2.1";
  for (const char* good : {kEmailProtection, kDocumentSigning, kAny, kHead}) {
    EXPECT_TRUE(signs({good}, Critical::kYes)) << good;
    EXPECT_TRUE(signs({kClientAuth, good}, Critical::kYes)) << good;
  }
  EXPECT_TRUE(signs({kTimeStamping, kHead}, Critical::kNo));
  // Critical, and nothing of it is for documents.
  EXPECT_TRUE(signs({kClientAuth}, Critical::kNo));
  EXPECT_FALSE(signs({kClientAuth}, Critical::kYes));
  EXPECT_FALSE(signs({"1.2.398.3.3.4"}, Critical::kYes)) << "the arc of roles is none itself";
  // Of machines, critical or not.
  for (const Critical critical : {Critical::kNo, Critical::kYes}) {
    EXPECT_FALSE(signs({kTimeStamping}, critical));
    EXPECT_FALSE(signs({kOcspSigning}, critical));
    EXPECT_FALSE(signs({kOcspSigning, kTimeStamping}, critical));
    EXPECT_FALSE(signs({kEmailProtection, kHead, kTreasury}, critical));
  }
}

}  // namespace
}  // namespace tanba::pki
