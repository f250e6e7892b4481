// Signatures that nobody on this project made.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <set>

#include "pki/der.h"
#include "xmldsig/key_hints.h"
#include "xmldsig/test_support.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {
namespace {

using base::Code;

// --- НУЦ РК and its tools (kz-pki section 3) -----------------------------------------------------------------------

TEST(KzCorpora, EnvelopedRsaVerifiesAndCoversTheDocument) {
  const auto folder = test::corpora("kz/signed");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const auto facts = test::facts_of(*context, test::read(*folder / "XmlServiceTest_XML_SIGNED_VALID_STRING.xml"));
  ASSERT_EQ(facts.signatures.size(), 1U);
  const pki::SignatureFacts& signature = facts.signatures.front();
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  EXPECT_EQ(facts.format, pki::DocumentFormat::kXmlDsig);
  EXPECT_EQ(signature.id, "S1");
  EXPECT_TRUE(signature.covers.whole);
  EXPECT_EQ(signature.covers.what, "document");
  EXPECT_EQ(pki::to_string(*signature.algorithm), "RSA-PKCS1-SHA-256");
  EXPECT_EQ(signature.content_digests, std::vector{pki::DigestAlgorithm::kSha256});
  EXPECT_EQ(base::as_text(signature.signed_octets), "<a><b>test</b></a>");
  EXPECT_EQ(facts.certificates.size(), 1U);
  EXPECT_NE(signature.certificate, nullptr);
}

TEST(KzCorpora, WsSecurityVerifiesAndCoversTheBody) {
  const auto folder = test::corpora("kz/signed");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const auto facts = test::facts_of(*context, test::read(*folder / "WsseServiceTest_XML_SIGNED_STRING.xml"));
  ASSERT_EQ(facts.signatures.size(), 1U);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  EXPECT_TRUE(facts.signatures.front().covers.whole);
  EXPECT_EQ(facts.signatures.front().covers.what, "SOAP message");
  EXPECT_NE(facts.signatures.front().certificate, nullptr);
  // xsi:type="cs:Request", and nothing that is signed says what cs means.
  ASSERT_EQ(facts.signatures.front().warnings.size(), 1U);
  EXPECT_EQ(facts.signatures.front().warnings.front().code(), Code::kCoveragePartial);
  const auto body = xml::Document::parse(facts.signatures.front().signed_octets, {});
  ASSERT_TRUE(body.has_value());
  EXPECT_TRUE(body->root().is("http://schemas.xmlsoap.org/soap/envelope/", "Body"));
}

TEST(KzCorpora, GostDocumentVerifiesAndNoLongerAfterAnyChange) {
  const auto folder = test::corpora("kz/signed");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const base::Bytes document = test::read(*folder / "test_gost512.xml_simple.xml");
  const auto facts = test::facts_of(*context, document);
  ASSERT_EQ(facts.signatures.size(), 1U);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  const pki::SignatureFacts& signature = facts.signatures.front();
  ASSERT_TRUE(signature.algorithm.has_value());
  EXPECT_EQ(signature.algorithm->scheme, pki::SignatureScheme::kGost2015_512);
  EXPECT_EQ(signature.content_digests, std::vector{pki::DigestAlgorithm::kStreebog512});
  EXPECT_TRUE(signature.covers.whole);
  // The value itself, then the octets that it covers.
  std::string text(base::as_text(document));
  const std::size_t value = text.find("SignatureValue>") + 40;
  text[value] = text[value] == 'A' ? 'B' : 'A';
  EXPECT_EQ(test::codes_of(test::facts_of(*context, base::as_bytes(text))),
            std::vector<std::string>{"signature.broken"});
  text = base::as_text(document);
  text.insert(text.find("<ds:Signature"), "<more/>");
  EXPECT_EQ(test::codes_of(test::facts_of(*context, base::as_bytes(text))),
            std::vector<std::string>{"digest.mismatch"});
}

// --- xmlsec's vectors ----------------------------------------------------------------------------------------------

// What the project declares unsupported, by the code that refuses it.
const std::map<std::string, std::string_view>& unsupported() {
  static const std::map<std::string, std::string_view> reasons = {
      {"xml.algorithm_forbidden", "MACs"},
      {"xml.transform_forbidden", "XSLT, OPC relationships"},
      {"xml.reference_forbidden", "xpointer, remote and local files"},
      {"xml.doctype", "document types"},
      {"algorithm.unknown", "RIPEMD-160, Russian names of ГОСТ"},
  };
  return reasons;
}

// A certificate around the key of a KeyValue that nobody ever certified: written here in DER, signed by nobody.
pki::CertificatePtr certificate_around(const base::Bytes& spki) {
  namespace der = pki::der;
  const base::Bytes algorithm =
      der::write_sequence({pki::Oid::literal("1.2.840.113549.1.1.11").der(), der::write_null()});
  const base::Bytes common_name = der::write_sequence(
      {pki::Oid::literal("2.5.4.3").der(), der::write(der::kUtf8String, base::as_bytes("a key of the vectors"))});
  const base::Bytes name = der::write(der::kSequence, der::write_set_of({common_name}));
  const auto year = [](std::string_view text) { return der::write_time(*base::parse_time(text)); };
  const base::Bytes validity = der::write_sequence({year("2000-01-01T00:00:00Z"), year("2049-01-01T00:00:00Z")});
  const base::Bytes version = der::write(der::context_constructed(0), der::write_integer(2));
  const base::Bytes tbs = der::write_sequence({version, der::write_integer(1), algorithm, name, validity, name, spki});
  const auto parsed =
      pki::Certificate::parse(der::write_sequence({tbs, algorithm, der::write(der::kBitString, base::Bytes(257))}));
  EXPECT_TRUE(parsed.has_value());
  return parsed ? *parsed : nullptr;
}

// Every certificate that comes with the vectors, and one for each bare key in this document.
std::vector<pki::CertificatePtr> certificates_for(const std::filesystem::path& folder, base::ByteView document) {
  std::vector<pki::CertificatePtr> found;
  if (const auto parsed = xml::Document::parse(document, {})) {
    for (const xml::Element& key_info : parsed->find_all(kSignatureNamespace, "KeyInfo")) {
      for (const base::Bytes& key : read_key_hints(key_info).keys) found.push_back(certificate_around(key));
    }
  }
  for (const char* name : {"rsacert", "largersacert", "ca2cert", "dsacert"}) {
    found.push_back(test::load(folder / "keys" / (std::string(name) + ".der")));
  }
  found.push_back(test::load(folder / "phaos-xmldsig-three/certs/rsa-cert.der"));
  return found;
}

std::vector<std::string> conformance_codes(pki::Context& context, const std::filesystem::path& folder,
                                           const std::filesystem::path& file) {
  const base::Bytes document = test::read(file);
  const auto certificates = certificates_for(folder, document);
  base::Budget budget({});
  const auto facts = inspect(context, document, budget, {.forms = Forms::kConformance, .certificates = certificates});
  EXPECT_TRUE(facts.has_value());
  return facts ? test::codes_of(*facts) : std::vector<std::string>{"internal"};
}

struct Vector {
  std::string name;
  std::string expected;
  std::filesystem::path file;
};
std::vector<Vector> vectors(const std::filesystem::path& folder) {
  std::vector<Vector> found;
  const base::Bytes table = test::read(folder / "vectors.json");
  const boost::json::value rows = boost::json::parse(base::as_text(table));
  for (const auto& row : rows.as_array()) {
    // The folder stands in either of the two members.
    std::string name(row.at("folder").as_string());
    if (!name.empty()) name += '/';
    name += std::string_view(row.at("file").as_string());
    const auto file = folder / (name + ".xml");
    if (std::filesystem::exists(file)) found.push_back({name, std::string(row.at("expected").as_string()), file});
  }
  return found;
}

TEST(XmlsecVectors, GoodOnesVerifyOrAreDeclaredUnsupported) {
  const auto folder = test::corpora("xmldsig-xmlsec");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  std::map<std::string, std::size_t> counts;
  for (const Vector& vector : vectors(*folder)) {
    if (vector.expected != "success") continue;
    const auto codes = conformance_codes(*context, *folder, vector.file);
    ++counts[codes.empty() ? "verified" : "unsupported"];
    const auto is_reason = [](const std::string& code) { return unsupported().contains(code); };
    EXPECT_TRUE(codes.empty() || std::ranges::any_of(codes, is_reason))
        << vector.name << ": " << testing::PrintToString(codes);
  }
  std::printf("xmlsec vectors: %zu verified, %zu declared unsupported\n", counts["verified"], counts["unsupported"]);
  EXPECT_EQ(counts["verified"], 45U);
}

// What is understood for vectors only is refused in the flow, by the code of what it is.
TEST(XmlsecVectors, ConformanceFormsAreRefusedInTheFlow) {
  const auto folder = test::corpora("xmldsig-xmlsec");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  std::size_t transforms = 0;
  std::size_t keys = 0;
  for (const Vector& vector : vectors(*folder)) {
    if (!conformance_codes(*context, *folder, vector.file).empty()) continue;
    for (const std::string& code : test::codes_of(test::facts_of(*context, test::read(vector.file)))) {
      EXPECT_TRUE(code == "xml.transform_forbidden" || code == "xml.no_certificate") << vector.name << ": " << code;
      ++(code == "xml.no_certificate" ? keys : transforms);
    }
  }
  EXPECT_GE(transforms, 9U);
  EXPECT_GE(keys, 8U);
}

TEST(XmlsecVectors, BadOnesFailUnlessOnlyTrustIsBad) {
  const auto folder = test::corpora("xmldsig-xmlsec");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  // Bad for xmlsec because of the certificate's time or missing anchors, which inspection does not look at.
  const std::set<std::string> bad_by_trust = {"aleksey-xmldsig-01/enveloping-expired-cert",
                                              "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-verify",
                                              "phaos-xmldsig-three/signature-rsa-manifest-x509-data-crl"};
  std::size_t seen = 0;
  for (const Vector& vector : vectors(*folder)) {
    if (vector.expected != "fail" || bad_by_trust.contains(vector.name)) continue;
    EXPECT_FALSE(test::codes_of(test::facts_of(*context, test::read(vector.file))).empty()) << vector.name;
    EXPECT_FALSE(conformance_codes(*context, *folder, vector.file).empty()) << vector.name;
    ++seen;
  }
  EXPECT_GE(seen, 4U);
}

// Every file of that kind, also those that the table does not name: a result, never a fault of ours.
TEST(XmlsecVectors, NothingMakesInspectionFail) {
  const auto context = test::make_context();
  std::size_t seen = 0;
  for (const char* name : {"xmldsig-xmlsec", "libxml2"}) {
    const auto folder = test::corpora(name);
    if (!folder) GTEST_SKIP();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
      if (!entry.is_regular_file()) continue;
      for (const Forms forms : {Forms::kFlow, Forms::kConformance}) {
        base::Budget budget({});
        EXPECT_TRUE(inspect(*context, test::read(entry.path()), budget, {.forms = forms}).has_value()) << entry.path();
      }
      ++seen;
    }
  }
  EXPECT_GE(seen, 300U);
}

}  // namespace
}  // namespace tanba::xmldsig
