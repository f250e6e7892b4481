#include "xmldsig/sign.h"

#include <gtest/gtest.h>

#include <openssl/x509v3.h>

#include "pki/xml_signed_info.h"
#include "xmldsig/test_support.h"
#include "xmldsig/xml/canonical.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {
namespace {

using base::Code;
using pki::DigestAlgorithm;
using pki::SignatureScheme;
using test::octets;

constexpr Profile kRsa{{SignatureScheme::kRsaPkcs1, DigestAlgorithm::kSha256, DigestAlgorithm::kSha256, 0}};

// Documents in whose context a Signature could come to mean something else.
constexpr std::string_view kDocuments[] = {
    "<a>1</a>",
    "<a/>",
    "<a  b='1'\t/>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><a>\n  <b>x</b>\n</a>\n<!-- </a> -->\n<?p </a>?>",
    "<a xmlns='urn:d' xmlns:x='urn:x' xml:lang='kk'><x:b/></a>",
    "<a xmlns:ds='urn:not-the-one' ds:k='1'><ds:Signature/></a>",
    "<ds:a xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>",
    "<a Id='r'><b><!-- c --></b>&#13;&lt;<![CDATA[<>]]></a>",
};

class Signing : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = test::made("");
    context_ = test::make_context();
    person_ = test::person(authority_, "head");
  }
  [[nodiscard]] std::string signed_text(std::string_view document, const Profile& profile = kRsa) {
    base::Budget budget({});
    const auto out = sign(*context_, octets(document), *person_.signer, person_.chain, profile, budget);
    EXPECT_TRUE(out.has_value()) << document;
    return out ? std::string(base::as_text(*out)) : std::string();
  }

  std::filesystem::path authority_;
  std::unique_ptr<pki::Context> context_;
  test::Person person_;
};

TEST_F(Signing, RoundTripCoversTheWholeDocument) {
  for (const std::string_view document : kDocuments) {
    const std::string text = signed_text(document);
    const auto facts = test::facts_of(*context_, octets(text));
    EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{}) << text;
    ASSERT_EQ(facts.signatures.size(), 1U) << text;
    EXPECT_TRUE(facts.signatures[0].covers.whole);
    EXPECT_EQ(facts.signatures[0].certificate->digest(), person_.signer->certificate()->digest());
    EXPECT_EQ(facts.certificates.size(), 2U);
  }
}

// The key server signs the template; verifiers canonicalise what stands in the document. Both must be the same octets.
TEST_F(Signing, TemplateIsWhatCanonicalisationGives) {
  for (const std::string_view document : kDocuments) {
    base::Budget budget({});
    const auto prepared =
        prepare(*context_, octets(document), person_.signer->certificate(), person_.chain, kRsa, budget);
    ASSERT_TRUE(prepared.has_value());
    EXPECT_EQ(base::as_text(prepared->octets), *pki::signed_info_for(kRsa.algorithm, prepared->document_digest));
    const auto completed = complete(*prepared, base::Bytes(256, 1));
    ASSERT_TRUE(completed.has_value());
    const auto parsed = xml::Document::parse(*completed, {});
    ASSERT_TRUE(parsed.has_value());
    const auto signed_info = parsed->find_all(kSignatureNamespace, "SignedInfo");
    ASSERT_EQ(signed_info.size(), 1U);
    const auto canonical = xml::canonicalise(*parsed, {signed_info[0], {}}, xml::C14n::kExclusive, {}, budget);
    EXPECT_EQ(base::as_text(*canonical), base::as_text(prepared->octets)) << document;
  }
}

TEST_F(Signing, EveryOctetOfTheDocumentStays) {
  const std::string text = signed_text("<a>\r\n <b k = '1'/></a >\n");
  EXPECT_TRUE(text.starts_with("<a>\r\n <b k = '1'/><ds:Signature "));
  EXPECT_TRUE(text.ends_with("</ds:Signature></a >\n"));
}

// DESIGN 5: no option but the anchor.
TEST_F(Signing, Xmlsec1VerifiesWithTheAnchorAlone) {
  const test::Scratch scratch;
  for (const std::string_view document : kDocuments) {
    const auto file = scratch.write("signed.xml", octets(signed_text(document)));
    EXPECT_EQ(test::xmlsec1_verify(file, "--trusted-pem '" + (authority_ / "anchors.pem").string() + "'"),
              test::Verdict::kGood)
        << document;
    EXPECT_EQ(test::xmlsec1_verify(file, "--trusted-pem '" + (authority_ / "ca" / "foreign-root.pem").string() + "'"),
              test::Verdict::kBad);
  }
}

TEST_F(Signing, PssVerifies) {
  const Profile pss{{SignatureScheme::kRsaPss, DigestAlgorithm::kSha512, DigestAlgorithm::kSha512, 64}};
  const auto facts = test::facts_of(*context_, octets(signed_text("<a>1</a>", pss)));
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  EXPECT_EQ(facts.signatures.at(0).algorithm, pss.algorithm);
}

// A later signature covers the earlier ones; each is verified as it was made.
TEST_F(Signing, SeveralSignersOneAfterTheOther) {
  const test::Person second = test::person(authority_, "individual");
  const test::Person third = test::person(authority_, "officer");
  std::string text = signed_text("<a>1</a>");
  for (const test::Person* person : {&second, &third}) {
    base::Budget budget({});
    const auto out = sign(*context_, octets(text), *person->signer, person->chain, kRsa, budget);
    ASSERT_TRUE(out.has_value());
    text = base::as_text(*out);
  }
  const auto facts = test::facts_of(*context_, octets(text));
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  ASSERT_EQ(facts.signatures.size(), 3U);
  for (const auto& signature : facts.signatures) EXPECT_TRUE(signature.covers.whole);
  EXPECT_EQ(base::as_text(facts.signatures[0].signed_octets), "<a>1</a>");
  EXPECT_GT(facts.signatures[2].signed_octets.size(), facts.signatures[1].signed_octets.size());
  EXPECT_EQ(facts.signatures[1].certificate->digest(), second.signer->certificate()->digest());
}

// Without the earlier signature the later one no longer holds; the earlier one holds without the later.
TEST_F(Signing, TakingASignatureAwayBreaksThoseAfterIt) {
  const std::string first = signed_text("<a>1</a>");
  const std::string both = signed_text(first);
  const std::size_t begin = both.find("<ds:Signature ");
  const std::size_t end = both.find("</ds:Signature>") + std::string_view("</ds:Signature>").size();
  EXPECT_EQ(test::codes_of(*context_, both.substr(0, begin) + both.substr(end)),
            std::vector<std::string>{"digest.mismatch"});
  EXPECT_EQ(test::codes_of(*context_, first), std::vector<std::string>{});
}

TEST_F(Signing, DocumentDigestNamesTheCanonicalDocument) {
  base::Budget budget({});
  const auto digest =
      document_digest(*context_, octets("<a  b = '1'><!-- c --></a>"), DigestAlgorithm::kSha256, budget);
  EXPECT_EQ(*digest, base::to_bytes(base::sha256(octets("<a b=\"1\"></a>")).view()));
}

TEST_F(Signing, RefusesWhatIsNoDocumentOrHasNoName) {
  base::Budget budget({});
  const auto& certificate = person_.signer->certificate();
  EXPECT_EQ(prepare(*context_, octets("<a>"), certificate, {}, kRsa, budget).error().code(), Code::kXmlMalformed);
  EXPECT_EQ(prepare(*context_, octets("<!DOCTYPE a><a/>"), certificate, {}, kRsa, budget).error().code(),
            Code::kXmlDoctype);
  const Profile unnamed{{SignatureScheme::kDsa, DigestAlgorithm::kSha512, DigestAlgorithm::kSha512, 0}};
  EXPECT_EQ(prepare(*context_, octets("<a/>"), certificate, {}, unnamed, budget).error().code(),
            Code::kAlgorithmUnknown);
}

TEST_F(Signing, PreparedDocumentMustComeBackUnchanged) {
  const auto check = [](std::string_view prepared, std::string_view signed_document) {
    base::Budget budget({});
    const auto status = check_signed_equals_prepared(octets(prepared), octets(signed_document), budget);
    return status ? std::string("equal") : std::string(base::dotted(status.error().code()));
  };
  const std::string_view prepared = "<a xmlns='urn:d' k='1'><b>x</b></a>";
  const std::string text = signed_text(prepared);
  EXPECT_EQ(check(prepared, text), "equal");
  // Another spelling of the same document is the same.
  EXPECT_EQ(check("<?xml version='1.0'?>\n<a k=\"1\"  xmlns=\"urn:d\"><b>x</b></a>", text), "equal");
  EXPECT_EQ(check("<a xmlns='urn:d' k='1'><b>y</b></a>", text), "xml.prepared_changed");
  EXPECT_EQ(check("<a xmlns='urn:d' k='1'><b>x</b> </a>", text), "xml.prepared_changed");
  EXPECT_EQ(check("<a xmlns='urn:d' k='2'><b>x</b></a>", text), "xml.prepared_changed");
  EXPECT_EQ(check(prepared, prepared), "format.no_signature");
  EXPECT_EQ(check(prepared, signed_text(text)), "xml.prepared_changed");
  EXPECT_EQ(check(text, signed_text(text)), "equal");
}

// A P-256 key with a certificate of its own, as no one in the demo authority has one.
test::FileSigner ec_signer() {
  pki::EvpPkeyPtr key(EVP_EC_gen("P-256"));
  const pki::X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* name = X509_get_subject_name(certificate.get());  // get0
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("EC"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  auto parsed = pki::Certificate::parse({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  EXPECT_TRUE(parsed.has_value());
  return {std::move(key), *parsed};
}

TEST(SigningWithEcdsa, WritesTheTwoNumbersSideBySide) {
  const auto context = test::make_context();
  test::FileSigner signer = ec_signer();
  const Profile profile{{SignatureScheme::kEcdsa, DigestAlgorithm::kSha256, DigestAlgorithm::kSha256, 0}};
  base::Budget budget({});
  const auto text = sign(*context, octets("<a>1</a>"), signer, {}, profile, budget);
  ASSERT_TRUE(text.has_value());
  const auto facts = test::facts_of(*context, *text);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  EXPECT_EQ(facts.signatures.at(0).signature_value.size(), 64U);
  const test::Scratch scratch;
  const auto anchor = scratch.write("anchor.der", signer.certificate()->der());
  EXPECT_EQ(test::xmlsec1_verify(scratch.write("signed.xml", *text), "--trusted-der '" + anchor.string() + "'"),
            test::Verdict::kGood);
}

// Every change to a signed document that xmlsec1 minds we mind too, and the other way. Declared differences: none for
// documents of this form (comments are ignored by both).
TEST_F(Signing, AgreesWithXmlsec1OnChangedDocuments) {
  const std::string original = signed_text("<a xmlns:x='urn:x'><b k='1'>text</b><!-- c --><x:c/></a>");
  const test::Scratch scratch;
  const std::string options = "--trusted-pem '" + (authority_ / "anchors.pem").string() + "'";
  std::size_t good = 0;
  std::size_t bad = 0;
  const auto compare = [&](const std::string& text) {
    const bool ours = test::codes_of(*context_, text).empty();
    const bool theirs =
        test::xmlsec1_verify(scratch.write("changed.xml", octets(text)), options) == test::Verdict::kGood;
    EXPECT_EQ(ours, theirs) << text;
    ++(ours ? good : bad);
  };
  compare(original);
  const std::pair<std::string_view, std::string_view> changes[] = {
      {"text", "texT"},
      {"k='1'", "k=\"1\""},
      {"k='1'", "k='2'"},
      {"<x:c/>", "<x:c></x:c>"},
      {"<x:c/>", "<x:c />"},
      {"<x:c/>", ""},
      {"<!-- c -->", "<!-- d -->"},
      {"<!-- c -->", ""},
      {"<!-- c -->", "<?c?>"},
      {"text", "te<![CDATA[x]]>t"},
      {"text", "te&#x78;t"},
      {"text", "te<!-- -->xt"},
      {"<b ", "<b  "},
      {"</b>", "</b >"},
      {"</b>", " </b>"},
      {"xmlns:x='urn:x'", "xmlns:x='urn:y'"},
      {"xmlns:x='urn:x'", "xmlns:x='urn:x' xmlns:y='urn:y'"},
      {"URI=\"\"", "URI=\"#x\""},
      {"#WithComments", ""},
      {"enveloped-signature", "base64"},
      {"xmlenc#sha256", "xmlenc#sha512"},
      {"rsa-sha256", "rsa-sha512"},
      {"<ds:DigestValue>", "<ds:DigestValue>A"},
      {"<ds:DigestValue>", "<ds:DigestValue> "},
      {"<ds:SignatureValue>", "<ds:SignatureValue>\n"},
      {"<ds:KeyInfo>", "<ds:KeyInfo>\n"},
      {"</a>", "\n</a>"},
      {"</a>", "</a>\n"},
      {"<a ", "\n<a "},
  };
  for (const auto& [from, to] : changes) {
    std::string text = original;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    compare(text.replace(at, from.size(), to));
  }
  EXPECT_GE(good, 8U);
  EXPECT_GE(bad, 12U);
}

// By the URIs of the national authority; what others make of it: tests/cli.
TEST_F(Signing, GostKeysSign) {
  for (const auto& [name, uri] :
       {std::pair("gost-head", "gostr34102015-gostr34112015-512"),
        std::pair("gost256-head", "gostr34102015-gostr34112015-256"),
        std::pair("gost2004-head", "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311")}) {
    person_ = test::person(authority_, name);
    const std::string text = signed_text("<a><b>1</b></a>", {person_.signer->algorithms().front()});
    EXPECT_NE(text.find(uri), std::string::npos) << name;
    EXPECT_EQ(test::codes_of(*context_, text), std::vector<std::string>{}) << name;
    std::string changed = text;
    changed.replace(changed.find("<b>1"), 4, "<b>2");
    EXPECT_EQ(test::codes_of(*context_, changed), std::vector<std::string>{"digest.mismatch"}) << name;
    changed = text;
    char& letter = changed[changed.find("SignatureValue>") + 20];
    letter = letter == 'A' ? 'B' : 'A';
    EXPECT_EQ(test::codes_of(*context_, changed), std::vector<std::string>{"signature.broken"}) << name;
  }
}

}  // namespace
}  // namespace tanba::xmldsig
