// The quick way and the general way give the same facts; and the quick one is taken where it should be.
#include "xmldsig/fast_path.h"

#include <gtest/gtest.h>

#include "xmldsig/sign.h"
#include "xmldsig/soap.h"
#include "xmldsig/test_support.h"
#include "xmldsig/xades.h"

namespace tanba::xmldsig {
namespace {

using test::octets;

constexpr pki::SignatureAlgorithm kRsaSha256{};

class FastWay : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = test::made("");
    context_ = test::make_context();
    person_ = test::person(authority_, "head");
  }
  [[nodiscard]] std::string signed_text(std::string_view document) {
    base::Budget budget({});
    const auto out = sign(*context_, octets(document), *person_.signer, person_.chain, {kRsaSha256}, budget);
    EXPECT_TRUE(out.has_value()) << document;
    return out ? std::string(base::as_text(*out)) : std::string();
  }
  [[nodiscard]] bool is_taken(std::string_view text, Forms forms = Forms::kFlow) {
    base::Budget budget({});
    return take_fast_path(*context_, octets(text), {.forms = forms}, budget).has_value();
  }
  [[nodiscard]] pki::DocumentFacts facts_by(Route route, std::string_view text) {
    base::Budget budget({});
    auto facts = inspect(*context_, octets(text), budget, {.keep_octets = pki::KeepOctets::kYes, .route = route});
    EXPECT_TRUE(facts.has_value());
    return facts ? *std::move(facts) : pki::DocumentFacts{};
  }
  void expect_same(std::string_view text) {
    const auto quick = facts_by(Route::kQuickest, text);
    const auto general = facts_by(Route::kGeneral, text);
    EXPECT_EQ(test::codes_of(quick), test::codes_of(general)) << text;
    ASSERT_EQ(quick.signatures.size(), general.signatures.size()) << text;
    EXPECT_EQ(quick.certificates.size(), general.certificates.size());
    for (std::size_t i = 0; i < quick.signatures.size(); ++i) {
      EXPECT_EQ(quick.signatures[i].id, general.signatures[i].id) << text;
      EXPECT_EQ(quick.signatures[i].covers.whole, general.signatures[i].covers.whole) << text;
      EXPECT_EQ(quick.signatures[i].covers.what, general.signatures[i].covers.what) << text;
      EXPECT_EQ(quick.signatures[i].signed_octets, general.signatures[i].signed_octets) << text;
      EXPECT_EQ(quick.signatures[i].algorithm_names, general.signatures[i].algorithm_names) << text;
      EXPECT_EQ(quick.signatures[i].warnings, general.signatures[i].warnings) << text;
    }
  }

  std::filesystem::path authority_;
  std::unique_ptr<pki::Context> context_;
  test::Person person_;
};

TEST_F(FastWay, IsTakenForTheCommonCaseAndSaysTheSame) {
  for (const std::string_view document :
       {"<a>1</a>", "<a/>", "<a xmlns='urn:d' xmlns:x='urn:x'><x:b>Мұнай</x:b></a>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><a>\n <b c='1'>x</b>\r\n</a>"}) {
    const std::string text = signed_text(document);
    EXPECT_TRUE(is_taken(text)) << text;
    EXPECT_EQ(test::codes_of(facts_by(Route::kQuickest, text)), std::vector<std::string>{});
    expect_same(text);
  }
}

TEST_F(FastWay, LeavesEverythingElseToTheGeneralWay) {
  const std::string good = signed_text("<a><b>1</b></a>");
  const auto replaced = [&](std::string_view old, std::string_view with) {
    std::string text = good;
    text.replace(text.find(old), old.size(), with);
    return text;
  };
  for (const std::string& text : {
           replaced("<b>1", "<b>2"),                         // a digest that does not fit
           replaced("<b>1", "<b><![CDATA[1]]>"),             // uncommon
           replaced("<a>", "<!DOCTYPE a><a>"),               // refused
           replaced("<a>", "<a Id='x'><c Id='x'/>"),         // refused
           replaced(" URI=\"\"", " URI=\"#none\""),          // not there
           replaced("#enveloped-signature", "#base64"),      // forbidden
           replaced("<ds:KeyInfo>", "<ds:KeyInfo><ds:x/>"),  // known to nobody
           replaced("<ds:Signature ", "<ds:Signature x='1' "),
           replaced("</ds:Signature>", "<ds:Object><x/></ds:Object></ds:Signature>"),  // signed by nobody
           replaced("</ds:Signature>", "<ds:Object/></ds:Signature>"),
           replaced("</ds:SignedInfo>", "<x/></ds:SignedInfo>"),
           signed_text(good),  // two signatures
       }) {
    expect_same(text);
  }
  EXPECT_FALSE(is_taken(replaced("<b>1", "<b>2")));
  EXPECT_FALSE(is_taken(replaced("<ds:KeyInfo>", "<ds:KeyInfo>x")));
  EXPECT_FALSE(is_taken(replaced("</ds:Signature>", "<ds:Object><x/></ds:Object></ds:Signature>")));
  EXPECT_FALSE(is_taken(signed_text(good)));
  EXPECT_FALSE(is_taken(good, Forms::kConformance));
}

// Each of the demo authority's documents, good and bad, both ways.
TEST_F(FastWay, AgreesOnEveryScenario) {
  const auto folder = test::made("scenarios");
  std::size_t seen = 0;
  std::size_t taken = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto document = entry.path() / "document.xml";
    if (!std::filesystem::exists(document) || std::filesystem::file_size(document) > (1U << 20)) continue;
    const base::Bytes text = test::read(document);
    taken += is_taken(base::as_text(text)) ? 1 : 0;
    expect_same(base::as_text(text));
    ++seen;
  }
  EXPECT_GE(seen, 80U);
  EXPECT_GE(taken, 15U);
}

// --- SOAP ----------------------------------------------------------------------------------------------------------

class Soap : public FastWay {
 protected:
  [[nodiscard]] std::string signed_message(std::string_view document, std::optional<pki::MessageTimestamp> times = {}) {
    base::Budget budget({});
    const auto out = sign_soap(*context_, octets(document), *person_.signer, {kRsaSha256, times}, budget);
    EXPECT_TRUE(out.has_value()) << document << (out ? "" : out.error().message());
    return out ? std::string(base::as_text(*out)) : std::string();
  }
  [[nodiscard]] static std::string changed(std::string text, std::string_view old, std::string_view with) {
    const std::size_t at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    return at == std::string::npos ? text : text.replace(at, old.size(), with);
  }
};

constexpr std::string_view kMessage =
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><h:To "
    "xmlns:h='urn:h'>x</h:To></s:Header>"
    "<s:Body><m:q xmlns:m='urn:m' m:a='1'>Сұрау<!-- c --></m:q></s:Body></s:Envelope>";
constexpr std::string_view kPlainMessage =
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><q/></s:Body></s:Envelope>";

TEST_F(Soap, WhatIsSignedVerifiesAndCoversTheMessage) {
  for (const std::string_view document : {kMessage, kPlainMessage, std::string_view("<q xmlns='urn:q'><r/></q>")}) {
    const std::string text = signed_message(document);
    const auto facts = facts_by(Route::kQuickest, text);
    EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{}) << text;
    ASSERT_EQ(facts.signatures.size(), 1U);
    EXPECT_TRUE(facts.signatures[0].covers.whole) << text;
    EXPECT_EQ(facts.signatures[0].covers.what, "SOAP message");
    EXPECT_EQ(facts.signatures[0].certificate->digest(), person_.signer->certificate()->digest());
    expect_same(text);
  }
}

TEST_F(Soap, Xmlsec1VerifiesIt) {
  const test::Scratch scratch;
  const std::string text = signed_message(kPlainMessage);
  const auto file = scratch.write("signed.xml", octets(text));
  const std::string options = "--id-attr:Id http://schemas.xmlsoap.org/soap/envelope/:Body --pubkey-cert-pem '" +
                              (authority_ / "certs/head.pem").string() + "'";
  EXPECT_EQ(test::xmlsec1_verify(file, options), test::Verdict::kGood);
  const auto changed_file = scratch.write("changed.xml", octets(changed(text, "<q></q>", "<q>1</q>")));
  EXPECT_EQ(test::xmlsec1_verify(changed_file, options), test::Verdict::kBad);
}

TEST_F(Soap, BodyAndHeadersMustReallyBeCovered) {
  const std::string good = signed_message(kMessage);
  EXPECT_EQ(test::codes_of(*context_, changed(good, "Сұрау", "Басқа")), std::vector<std::string>{"digest.mismatch"});
  EXPECT_EQ(test::codes_of(*context_, changed(good, ">x</h:To>", ">y</h:To>")),
            std::vector<std::string>{"digest.mismatch"});
  const auto covers = [&](const std::string& text) {
    const auto facts = facts_by(Route::kQuickest, text);
    EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{}) << text;
    return !facts.signatures.empty() && facts.signatures[0].covers.whole;
  };
  // A header block that nobody signed.
  const std::string unsigned_header = changed(good, "<wsse:Security ", "<z xmlns=''/><wsse:Security ");
  EXPECT_FALSE(covers(unsigned_header));
  EXPECT_TRUE(facts_by(Route::kQuickest, unsigned_header).signatures.at(0).covers.what.ends_with("; not: z"));
  // Wrapping: the signed Body moves into the header, another takes its place.
  const std::string plain = signed_message(kPlainMessage);
  const std::size_t begin = plain.find("<s:Body");
  const std::size_t end = plain.find("</s:Body>") + 9;
  const std::string body = plain.substr(begin, end - begin);
  const std::string forged = "<s:Body xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><evil/></s:Body>";
  std::string wrapped = changed(plain, body, forged);
  EXPECT_FALSE(covers(changed(wrapped, "<wsse:Security ", "<w>" + body + "</w><wsse:Security ")));
  // The same inside the Signature, whose Object nobody looks at.
  EXPECT_FALSE(covers(changed(wrapped, "</ds:Signature>", "<ds:Object>" + body + "</ds:Object></ds:Signature>")));
  // A signature that stands elsewhere than in Security does not speak for the message.
  const std::size_t signature_begin = plain.find("<ds:Signature ");
  const std::size_t signature_end = plain.find("</ds:Signature>") + 15;
  const std::string signature = plain.substr(signature_begin, signature_end - signature_begin);
  const std::string holder = "<w xmlns:wsse=\"" + std::string(kWsseNamespace) + "\">";
  const std::string moved =
      changed(changed(plain, signature, ""), "<wsse:Security ", holder + signature + "</w><wsse:Security ");
  EXPECT_FALSE(covers(moved));
}

// A value may hold a name whose prefix is declared where nothing is signed.
constexpr std::string_view kTypedMessage =
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:x='urn:dear'><s:Header><h:To "
    "xmlns:h='urn:h' "
    "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='x:Dear'>x</h:To></s:Header>"
    "<s:Body xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='x:Dear'><q/></s:Body></s:Envelope>";

TEST_F(Soap, WhatPrefixesInValuesMeanIsSigned) {
  const std::string good =
      signed_message(kTypedMessage, pki::MessageTimestamp{pki::test::at("2026-11-20T10:00:00Z"), {}});
  const auto facts = facts_by(Route::kQuickest, good);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{}) << good;
  ASSERT_EQ(facts.signatures.size(), 1U);
  EXPECT_TRUE(facts.signatures[0].covers.whole);
  EXPECT_EQ(facts.signatures[0].warnings, std::vector<base::Error>{});
  // Of the Body, then of the header block: each is signed by itself.
  std::string rebound = good;
  const std::size_t body = rebound.find("<s:Body");
  rebound.replace(rebound.find("xmlns:x=\"urn:dear\"", body), 18, "xmlns:x=\"urn:cheap\"");
  EXPECT_EQ(test::codes_of(*context_, rebound), std::vector<std::string>{"digest.mismatch"});
  EXPECT_EQ(test::codes_of(*context_, changed(good, "xmlns:x=\"urn:dear\"", "xmlns:x=\"urn:cheap\"")),
            std::vector<std::string>{"digest.mismatch"});
  EXPECT_EQ(test::codes_of(*context_, changed(good, "<s:Body", "<s:Body xmlns:more=\"urn:more\"")),
            std::vector<std::string>{})
      << "a prefix that was not there and that nothing uses";
}

TEST_F(Soap, Xmlsec1VerifiesThePrefixList) {
  const test::Scratch scratch;
  const std::string options =
      "--id-attr:Id http://schemas.xmlsoap.org/soap/envelope/:Body --id-attr:Id urn:h:To --pubkey-cert-pem '" +
      (authority_ / "certs/head.pem").string() + "'";
  const std::string text = signed_message(kTypedMessage);
  EXPECT_EQ(test::xmlsec1_verify(scratch.write("signed.xml", octets(text)), options), test::Verdict::kGood);
  std::string rebound = text;
  rebound.replace(rebound.find("xmlns:x=\"urn:dear\"", rebound.find("<s:Body")), 18, "xmlns:x=\"urn:cheap\"");
  EXPECT_EQ(test::xmlsec1_verify(scratch.write("rebound.xml", octets(rebound)), options), test::Verdict::kBad);
}

// What stands around the signed parts would be lost, or be signed by nobody.
TEST_F(Soap, AttributesOfEnvelopeAndHeaderAreNotSignedAway) {
  const auto code_of = [&](const std::string& message) {
    base::Budget budget({});
    const auto out = sign_soap(*context_, octets(message), *person_.signer, {kRsaSha256, {}}, budget);
    return out ? std::string() : std::string(base::dotted(out.error().code()));
  };
  const std::string message(kMessage);
  EXPECT_EQ(code_of(message), "");
  EXPECT_EQ(code_of(changed(message, "<s:Envelope ", "<s:Envelope s:encodingStyle='urn:e' ")), "wsse.structure");
  EXPECT_EQ(code_of(changed(message, "<s:Header>", "<s:Header a='1'>")), "wsse.structure");
  EXPECT_EQ(code_of("<a b='1'/>"), "") << "no message";
}

TEST_F(Soap, MorePrefixesThanAListMayHaveAreNotSigned) {
  std::string message = "<q";
  for (int i = 0; i < 70; ++i) message += " xmlns:p" + std::to_string(i) + "='urn:p'";
  base::Budget budget({});
  const std::string body = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body" +
                           message.substr(2) + "><q/></s:Body></s:Envelope>";
  const auto out = sign_soap(*context_, octets(body), *person_.signer, {kRsaSha256, {}}, budget);
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().code(), base::Code::kLimitCount);
  EXPECT_FALSE(signed_message(message + "/>").empty()) << "prefixes further in are the content's own";
}

TEST_F(Soap, StructureIsHeldStrictly) {
  const std::string good = signed_message(kPlainMessage);
  const auto first_code = [&](const std::string& text) {
    const auto codes = test::codes_of(*context_, text);
    return codes.empty() ? std::string() : codes.front();
  };
  const std::string second_body = "</s:Body><s:Body xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"/>";
  EXPECT_EQ(first_code(changed(good, "</s:Body>", second_body)), "wsse.structure");
  EXPECT_EQ(first_code(changed(good, "</soap:Envelope>", "<z/></soap:Envelope>")), "wsse.structure");
  EXPECT_EQ(first_code(changed(good, "<soap:Header>", "<soap:Header>text")), "wsse.structure");
  EXPECT_EQ(first_code(changed(good, "</wsse:Security>",
                               "</wsse:Security><wsse:Security xmlns:wsse=\"" + std::string(kWsseNamespace) + "\"/>")),
            "wsse.structure");
  EXPECT_EQ(first_code(changed(good, "<soap:Header>", "<soap:Header/><soap:Header>")), "wsse.structure");
}

TEST_F(Soap, TimesAreHandedOver) {
  const auto created = pki::test::at("2026-11-20T10:00:00Z");
  const auto expires = pki::test::at("2026-11-20T10:05:00Z");
  const std::string good = signed_message(kMessage, pki::MessageTimestamp{created, expires});
  const auto facts = facts_by(Route::kQuickest, good);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  ASSERT_TRUE(facts.message_times.has_value());
  EXPECT_EQ(facts.message_times->created, created);
  EXPECT_EQ(facts.message_times->expires, expires);
  EXPECT_EQ(facts.signatures.at(0).covers.what, "SOAP message with its Timestamp");
  EXPECT_EQ(test::codes_of(*context_, changed(good, "T10:05:00Z", "T11:05:00Z")),
            std::vector<std::string>{"digest.mismatch"});
  EXPECT_EQ(test::codes_of(*context_, changed(good, "2026-11-20T10:05:00Z", "tomorrow")).front(), "wsse.timestamp");
  EXPECT_EQ(test::codes_of(*context_,
                           changed(good, "</wsu:Timestamp>",
                                   "</wsu:Timestamp><wsu:Timestamp xmlns:wsu=\"" + std::string(kWsuNamespace) + "\"/>"))
                .front(),
            "wsse.timestamp");
}

TEST_F(Soap, AMessageThatIsSignedAlreadyIsNotSignedAgain) {
  base::Budget budget({});
  const auto again = sign_soap(*context_, octets(signed_message(kMessage)), *person_.signer, {kRsaSha256, {}}, budget);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), base::Code::kXmlPreparedChanged);
}

// --- XAdES ---------------------------------------------------------------------------------------------------------

class XadesSigning : public FastWay {
 protected:
  const base::Time time_ = pki::test::at("2026-11-20T10:00:00Z");
  [[nodiscard]] std::string signed_xades(std::string_view document) {
    base::Budget budget({});
    const auto out =
        sign_xades(*context_, octets(document), *person_.signer, person_.chain, {kRsaSha256, time_}, budget);
    EXPECT_TRUE(out.has_value()) << document << (out ? "" : out.error().message());
    return out ? std::string(base::as_text(*out)) : std::string();
  }
};

constexpr std::string_view kDocuments[] = {"<a>1</a>", "<a/>",
                                           "<a xmlns='urn:d' xmlns:xades='urn:x' xml:lang='kk'><b/></a>",
                                           "<ds:a xmlns:ds='urn:not-the-one'/>"};

TEST_F(XadesSigning, PropertiesAreCoveredAndNameTheSigner) {
  for (const std::string_view document : kDocuments) {
    const std::string text = signed_xades(document);
    const auto facts = facts_by(Route::kQuickest, text);
    EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{}) << text;
    ASSERT_EQ(facts.signatures.size(), 1U);
    EXPECT_TRUE(facts.signatures[0].covers.whole);
    EXPECT_EQ(facts.signatures[0].claimed_signing_time, time_);
    expect_same(text);
  }
}

TEST_F(XadesSigning, Xmlsec1VerifiesIt) {
  const test::Scratch scratch;
  const auto file = scratch.write("signed.xml", octets(signed_xades("<a><b>1</b></a>")));
  const std::string options = "--id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties --trusted-pem '" +
                              (authority_ / "anchors.pem").string() + "'";
  EXPECT_EQ(test::xmlsec1_verify(file, options), test::Verdict::kGood);
}

TEST_F(XadesSigning, AChangedPropertyBreaksIt) {
  std::string text = signed_xades("<a/>");
  text.replace(text.find("T10:00:00Z"), 10, "T11:00:00Z");
  EXPECT_EQ(test::codes_of(*context_, text), std::vector<std::string>{"digest.mismatch"});
}

TEST_F(XadesSigning, UnsignedPropertiesAreAddedAndReadBack) {
  const std::string text = signed_xades("<a xmlns:p='urn:p'><!-- c --></a>");
  base::Budget budget({});
  const auto covered = timestamp_octets(octets(text), 0, budget);
  ASSERT_TRUE(covered.has_value());
  const auto stamped = add_unsigned_properties(octets(text), 0, {.timestamp_tokens = {{1, 2, 3}}}, budget);
  ASSERT_TRUE(stamped.has_value());
  const UnsignedProperties evidence{
      .timestamp_tokens = {},
      .values = {.certificates = person_.chain, .crls = {{4, 5}}, .ocsp_responses = {{6}, {7}}},
      .timestamp_values = {.certificates = {}, .crls = {{8}}, .ocsp_responses = {{9}}}};
  const auto full = add_unsigned_properties(*stamped, 0, evidence, budget);
  ASSERT_TRUE(full.has_value());
  const auto facts = facts_by(Route::kQuickest, base::as_text(*full));
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{}) << base::as_text(*full);
  ASSERT_EQ(facts.signatures.at(0).timestamp_tokens.size(), 1U);
  EXPECT_EQ(facts.signatures[0].timestamp_tokens[0].token, (base::Bytes{1, 2, 3}));
  EXPECT_EQ(facts.signatures[0].timestamp_tokens[0].covered, *covered);
  EXPECT_EQ(facts.crls, (std::vector<base::Bytes>{{4, 5}, {8}}));
  EXPECT_EQ(facts.ocsp_responses, (std::vector<base::Bytes>{{6}, {7}, {9}}));
  // Twice would be a choice between two.
  EXPECT_EQ(add_unsigned_properties(*full, 0, evidence, budget).error().code(), base::Code::kXmlSignatureStructure);
  EXPECT_EQ(add_unsigned_properties(octets(text), 1, evidence, budget).error().code(), base::Code::kInputMember);
  EXPECT_EQ(add_unsigned_properties(octets(signed_text("<a/>")), 0, evidence, budget).error().code(),
            base::Code::kXmlSignatureStructure);
}

// Of two references the properties describe the one that they name; what names none describes nothing that is signed.
TEST_F(XadesSigning, DataObjectFormatMustNameAReference) {
  base::Budget budget({});
  const XadesProfile profile{kRsaSha256, time_};
  auto assembly =
      prepare_xades(*context_, octets("<a/>"), person_.signer->certificate(), person_.chain, profile, budget);
  ASSERT_TRUE(assembly.has_value());
  const auto rename = [](std::string text) {
    const std::size_t at = text.find("-content\" URI=\"\"");
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, 8, "-another");
  };
  const auto finish = [&] {
    const auto value = person_.signer->sign(profile.algorithm, assembly->octets);
    return std::string(base::as_text(*complete(*assembly, *value)));
  };
  EXPECT_EQ(test::codes_of(*context_, finish()), std::vector<std::string>{});
  assembly->octets = base::to_bytes(base::as_bytes(rename(std::string(base::as_text(assembly->octets)))));
  assembly->before = rename(assembly->before);
  EXPECT_EQ(test::codes_of(*context_, finish()), std::vector<std::string>{"xml.signature_structure"});
}

// A counter-signature says something about the signature: it is counted, and what is wrong with it is no fault of the
// document. Anywhere else it is a signature like others.
TEST_F(XadesSigning, CounterSignaturesAreCounted) {
  const std::string text = signed_xades("<a/>");
  const std::string counter =
      "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CounterSignature><ds:Signature/>"
      "</xades:CounterSignature></xades:UnsignedSignatureProperties></xades:UnsignedProperties>";
  std::string with = text;
  with.insert(with.find("</xades:QualifyingProperties>"), counter);
  const auto facts = facts_by(Route::kQuickest, with);
  EXPECT_EQ(test::codes_of(facts), std::vector<std::string>{});
  ASSERT_EQ(facts.signatures.size(), 1U);
  EXPECT_EQ(facts.signatures[0].countersignatures, 1U);
  std::string elsewhere = text;
  elsewhere.insert(
      elsewhere.find("</ds:Signature>"),
      "<ds:Object>" +
          std::string("<xades:CounterSignature "
                      "xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"><ds:Signature/></xades:CounterSignature>") +
          "</ds:Object>");
  EXPECT_EQ(facts_by(Route::kQuickest, elsewhere).signatures.size(), 2U);
}

}  // namespace
}  // namespace tanba::xmldsig
