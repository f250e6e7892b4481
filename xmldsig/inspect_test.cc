// Signatures written by hand here, each wrong in one thing: their SignedInfo is canonical text, digests are those of
// canonical text given beside it, so that nothing of the code under test takes part in making them.
#include "xmldsig/inspect.h"

#include <gtest/gtest.h>

#include "xmldsig/test_support.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {
namespace {

using test::octets;
using Codes = std::vector<std::string>;

constexpr std::string_view kC14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
constexpr std::string_view kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view kRsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
constexpr std::string_view kSha256 = "http://www.w3.org/2001/04/xmlenc#sha256";

struct Ref {
  std::string canonical;          // the octets that are signed
  std::string uri = " URI=\"\"";  // attributes, as written
  std::vector<std::string> transforms = {std::string(kEnveloped), std::string(kC14n)};
  std::string digest_method = std::string(kSha256);
  std::string digest_value = {};    // empty: of `canonical`
  std::string transform_body = {};  // inside each Transform
};

struct Form {
  std::vector<Ref> references;
  std::string c14n = std::string(kExclusive);
  std::string method = std::string(kRsaSha256);
  std::string method_body = {};
  std::string id = {};                       // attributes of Signature
  std::optional<std::string> key_info = {};  // the whole element; nothing: the signer's certificate
  std::string objects = {};
  std::string value = {};  // empty: a true signature
  std::string more_in_signed_info = {};
};

std::string x509(std::initializer_list<std::string> certificates) {
  std::string out = "<ds:KeyInfo><ds:X509Data>";
  for (const std::string& certificate : certificates)
    out += "<ds:X509Certificate>" + certificate + "</ds:X509Certificate>";
  return out + "</ds:X509Data></ds:KeyInfo>";
}
std::string base64(const pki::CertificatePtr& certificate) {
  return base::to_base64(certificate->der());
}

class Inspection : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = test::made("");
    context_ = test::make_context();
    person_ = test::person(authority_, "head");
  }

  // SignedInfo in the form that exclusive canonicalisation gives.
  static std::string signed_info(const Form& form) {
    std::string text =
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod Algorithm=\"" +
        form.c14n + "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"" + form.method + "\">" +
        form.method_body + "</ds:SignatureMethod>";
    for (const Ref& reference : form.references) {
      text += "<ds:Reference" + reference.uri + ">";
      if (!reference.transforms.empty()) text += "<ds:Transforms>";
      for (const std::string& transform : reference.transforms) {
        text += "<ds:Transform Algorithm=\"" + transform + "\">" + reference.transform_body + "</ds:Transform>";
      }
      if (!reference.transforms.empty()) text += "</ds:Transforms>";
      text += "<ds:DigestMethod Algorithm=\"" + reference.digest_method + "\"></ds:DigestMethod><ds:DigestValue>" +
              (reference.digest_value.empty() ? base::to_base64(base::sha256(octets(reference.canonical)).view())
                                              : reference.digest_value) +
              "</ds:DigestValue></ds:Reference>";
    }
    return text + form.more_in_signed_info + "</ds:SignedInfo>";
  }

  std::string signature(const Form& form) {
    std::string info = signed_info(form);
    std::string value = form.value;
    if (value.empty()) {
      const auto made = person_.signer->sign(
          {pki::SignatureScheme::kRsaPkcs1, pki::DigestAlgorithm::kSha256, pki::DigestAlgorithm::kSha256, 0},
          octets(info));
      EXPECT_TRUE(made.has_value());
      value = base::to_base64(*made);
    }
    // Declared once, by the Signature: so that it is canonical text wherever it stands.
    const std::string_view declaration = " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
    info.erase(info.find(declaration), declaration.size());
    return "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"" + form.id + ">" + info +
           "<ds:SignatureValue>" + value + "</ds:SignatureValue>" +
           form.key_info.value_or(x509({base64(person_.signer->certificate())})) + form.objects + "</ds:Signature>";
  }
  // An enveloped signature over `<a>…</a>` that is in canonical form.
  std::string enveloped(const std::string& document, Form form = {}) {
    if (form.references.empty()) form.references.push_back({.canonical = document});
    return document.substr(0, document.rfind("</")) + signature(form) + document.substr(document.rfind("</"));
  }

  pki::DocumentFacts facts(std::string_view text, const base::Limits& limits = {}) {
    return test::facts_of(*context_, octets(text), limits);
  }
  Codes codes(std::string_view text, const base::Limits& limits = {}) { return test::codes_of(facts(text, limits)); }

  std::filesystem::path authority_;
  std::unique_ptr<pki::Context> context_;
  test::Person person_;
};

TEST_F(Inspection, GoodSignatureHasNoErrors) {
  const auto found = facts(enveloped("<a><b>1</b></a>", {.id = " Id=\"sig\""}));
  EXPECT_EQ(test::codes_of(found), Codes{});
  ASSERT_EQ(found.signatures.size(), 1U);
  const pki::SignatureFacts& signature = found.signatures[0];
  EXPECT_EQ(signature.id, "sig");
  EXPECT_TRUE(signature.covers.whole);
  EXPECT_EQ(base::as_text(signature.signed_octets), "<a><b>1</b></a>");
  EXPECT_EQ(signature.algorithm_names,
            (std::vector<std::string>{std::string(kExclusive), std::string(kRsaSha256), std::string(kEnveloped),
                                      std::string(kC14n), std::string(kSha256)}));
  EXPECT_EQ(signature.certificate->digest(), person_.signer->certificate()->digest());
  EXPECT_FALSE(signature.claimed_signing_time.has_value());
}

TEST_F(Inspection, OctetsAreKeptOnlyWhenAskedFor) {
  base::Budget budget({});
  const auto found = inspect(*context_, octets(enveloped("<a></a>")), budget, pki::KeepOctets::kNo);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(test::codes_of(*found), Codes{});
  EXPECT_TRUE(found->signatures.at(0).signed_octets.empty());
}

// --- the document --------------------------------------------------------------------------------------------------

TEST_F(Inspection, DocumentsThatAreNone) {
  EXPECT_EQ(codes(""), Codes{"format.empty"});
  EXPECT_EQ(codes("<a>"), Codes{"xml.malformed"});
  EXPECT_EQ(codes("<a/>"), Codes{"format.no_signature"});
  EXPECT_EQ(codes("<!DOCTYPE a><a/>"), Codes{"xml.doctype"});
  EXPECT_EQ(codes("<Signature/>"), Codes{"format.no_signature"});
  EXPECT_EQ(codes("<ds:Signature xmlns:ds='urn:other'/>"), Codes{"format.no_signature"});
}

TEST_F(Inspection, DuplicateIdsRefuseTheDocument) {
  EXPECT_EQ(codes(enveloped("<a><b Id=\"x\"></b><c Id=\"y\"></c></a>")), Codes{});
  EXPECT_EQ(codes(enveloped("<a><b Id=\"x\"></b><c ID=\"x\"></c></a>")), Codes{"xml.duplicate_id"});
}

TEST_F(Inspection, SignatureIsFoundByNamespaceNotByPrefix) {
  std::string text = enveloped("<a></a>");
  // The default namespace instead of the prefix, outside SignedInfo (whose octets are signed with the prefix).
  for (const std::string_view name : {"Signature", "SignatureValue", "KeyInfo", "X509Data", "X509Certificate"}) {
    for (const std::string_view opening : {"<", "</"}) {
      const std::string from = std::string(opening) + "ds:" + std::string(name);
      for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
        const char after = text[at + from.size()];
        if (after != '>' && after != ' ') {
          ++at;
          continue;
        }
        text.replace(at, from.size(), std::string(opening) + std::string(name));
      }
    }
  }
  const std::string declaration = "<Signature xmlns:ds=";
  ASSERT_NE(text.find(declaration), std::string::npos);
  text.replace(text.find(declaration), declaration.size(),
               "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:ds=");
  EXPECT_EQ(codes(text), Codes{}) << text;
}

// --- changed content, changed values ---------------------------------------------------------------------------------

TEST_F(Inspection, ChangedContentIsADigestMismatchAlone) {
  std::string text = enveloped("<a><b>1</b></a>");
  text.replace(text.find("<b>1"), 4, "<b>2");
  EXPECT_EQ(codes(text), Codes{"digest.mismatch"});
  EXPECT_TRUE(facts(text).signatures.at(0).signed_octets.empty());
}

TEST_F(Inspection, ForeignValueIsABrokenSignatureAlone) {
  EXPECT_EQ(codes(enveloped("<a></a>", {.value = base::to_base64(base::Bytes(256, 7))})), Codes{"signature.broken"});
}

TEST_F(Inspection, CommentsAreNeverSigned) {
  std::string text = enveloped(
      "<a>12</a>", {.references = {{.canonical = "<a>12</a>",
                                    .transforms = {std::string(kEnveloped), std::string(kC14n) + "#WithComments"}}}});
  EXPECT_EQ(codes(text), Codes{});
  text.replace(text.find("12"), 2, "1<!-- x -->2");
  const auto found = facts(text);
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_EQ(base::as_text(found.signatures.at(0).signed_octets), "<a>12</a>");
}

TEST_F(Inspection, ProcessingInstructionsAre) {
  std::string text = enveloped("<a>12</a>");
  text.replace(text.find("12"), 2, "1<?x?>2");
  EXPECT_EQ(codes(text), Codes{"digest.mismatch"});
}

// kz-pki section 3: base64 inside the signature can hold &#13;; in SignedInfo it is part of what is signed.
TEST_F(Inspection, CarriageReturnsInSignedInfoAreSigned) {
  const std::string digest = base::to_base64(base::sha256(octets("<a></a>")).view());
  const std::string text = enveloped(
      "<a></a>",
      {.references = {{.canonical = "", .digest_value = digest.substr(0, 20) + "&#xD;\n" + digest.substr(20)}}});
  EXPECT_EQ(codes(text), Codes{});
  std::string without = text;
  without.erase(without.find("&#xD;"), 5);
  EXPECT_EQ(codes(without), Codes{"signature.broken"});
}

// --- references ------------------------------------------------------------------------------------------------------

TEST_F(Inspection, ByIdOfTheRootCoversTheWhole) {
  const std::string document = "<a Id=\"r\"><b></b></a>";
  const auto found = facts(enveloped(document, {.references = {{.canonical = document, .uri = " URI=\"#r\""}}}));
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_TRUE(found.signatures.at(0).covers.whole);
}

TEST_F(Inspection, ByIdOfAPartCoversThatPart) {
  const Form form{.references = {{.canonical = "<b Id=\"p\">1</b>",
                                  .uri = " URI=\"#p\"",
                                  .transforms = {std::string(kC14n) + "#WithComments"}}}};
  const auto found = facts("<a><b Id=\"p\">1</b><c>unsigned</c>" + signature(form) + "</a>");
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_FALSE(found.signatures.at(0).covers.whole);
  EXPECT_EQ(found.signatures.at(0).covers.what, "#p; not: the rest of the document");
  EXPECT_EQ(base::as_text(found.signatures.at(0).signed_octets), "<b Id=\"p\">1</b>");
}

// The classic wrapping: the signed element moves aside, another takes its place. The value still verifies; what it
// covers is said, and business data comes from the signed octets.
TEST_F(Inspection, WrappedElementShowsInWhatIsCovered) {
  const Form form{
      .references = {{.canonical = "<b Id=\"p\">mine</b>", .uri = " URI=\"#p\"", .transforms = {std::string(kC14n)}}}};
  const auto found = facts("<a><b Id=\"q\">forged</b><w><b Id=\"p\">mine</b></w>" + signature(form) + "</a>");
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_FALSE(found.signatures.at(0).covers.whole);
  EXPECT_EQ(base::as_text(found.signatures.at(0).signed_octets), "<b Id=\"p\">mine</b>");
  // With the Id kept on both, under whatever name, nothing is looked at.
  for (const std::string_view name : {"Id", "ID", "id", "xml:id"}) {
    EXPECT_EQ(
        codes("<a><b " + std::string(name) + "=\"p\">forged</b><w><b Id=\"p\">mine</b></w>" + signature(form) + "</a>"),
        Codes{"xml.duplicate_id"});
  }
}

// The whole old root inside the signature's Object, a new root around: URI="" means the new one.
TEST_F(Inspection, OldRootInsideAnObjectIsNotTheDocument) {
  const std::string document = "<a><b>1</b></a>";
  Form form{.references = {{.canonical = document}}};
  form.objects = "<ds:Object>" + document + "</ds:Object>";
  EXPECT_EQ(codes("<a><b>forged</b>" + signature(form) + "</a>"), Codes{"digest.mismatch"});
}

TEST_F(Inspection, TwoReferencesGiveNoSingleOctets) {
  const std::vector<std::string> c14n = {std::string(kC14n)};
  const Form form{.references = {{.canonical = "<b Id=\"p\"></b>", .uri = " URI=\"#p\"", .transforms = c14n},
                                 {.canonical = "<c Id=\"q\"></c>", .uri = " URI=\"#q\"", .transforms = c14n}}};
  const auto found = facts("<a><b Id=\"p\"></b><c Id=\"q\"></c>" + signature(form) + "</a>");
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_EQ(found.signatures.at(0).covers.what, "#p, #q; not: the rest of the document");
  EXPECT_TRUE(found.signatures.at(0).signed_octets.empty());
}

TEST_F(Inspection, ReferencesElsewhereAreForbidden) {
  for (const std::string_view uri :
       {"", " URI=\"http://example.org/\"", " URI=\"file:///etc/hostname\"", " URI=\"other.xml\"", " URI=\"#\"",
        " URI=\"#xpointer(/)\"", " URI=\"#xpointer(id('x'))\"", " URI=\"#a b\"", " URI=\"#a%20\"", " URI=\"?x\"",
        " URI=\"cid:part\""}) {
    const Form form{.references = {{.canonical = "<a></a>", .uri = std::string(uri)}}};
    EXPECT_EQ(codes(enveloped("<a></a>", form)), Codes{"xml.reference_forbidden"}) << uri;
    EXPECT_FALSE(facts(enveloped("<a></a>", form)).signatures.at(0).covers.whole);
  }
}

TEST_F(Inspection, ReferenceToAnIdThatIsNotThere) {
  EXPECT_EQ(codes(enveloped("<a></a>", {.references = {{.canonical = "<a></a>", .uri = " URI=\"#x\""}}})),
            Codes{"xml.reference_not_found"});
}

TEST_F(Inspection, OneGoodReferenceDoesNotHideABadOne) {
  const Ref good{.canonical = "<a></a>"};
  EXPECT_EQ(codes(enveloped("<a></a>", {.references = {good, {.canonical = "<x></x>"}}})), Codes{"digest.mismatch"});
  EXPECT_EQ(codes(enveloped("<a></a>", {.references = {good, {.canonical = "", .uri = " URI=\"http://x/\""}}})),
            Codes{"xml.reference_forbidden"});
}

// The Signature is the root: the enveloped transform leaves nothing.
TEST_F(Inspection, ReferenceThatSelectsNothing) {
  const Form form{.references = {{.canonical = ""}}, .objects = "<ds:Object>forged</ds:Object>"};
  EXPECT_EQ(codes(signature(form)), Codes{"xml.signature_structure"});
  EXPECT_FALSE(facts(signature(form)).signatures.at(0).covers.whole);
}

TEST_F(Inspection, EnvelopingSignatureCoversItsObjects) {
  const std::string canonical =
      "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"o\"><b>1</b></ds:Object>";
  Form form{.references = {{.canonical = canonical, .uri = " URI=\"#o\"", .transforms = {}}},
            .objects = "<ds:Object Id=\"o\"><b>1</b></ds:Object>"};
  const auto found = facts(signature(form));
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_TRUE(found.signatures.at(0).covers.whole);
  EXPECT_EQ(base::as_text(found.signatures.at(0).signed_octets), canonical);
  form.objects += "<ds:Object>unsigned</ds:Object>";
  EXPECT_EQ(codes(signature(form)), Codes{});
  EXPECT_FALSE(facts(signature(form)).signatures.at(0).covers.whole);
}

TEST_F(Inspection, WhatTheSchemaKnowsBesideTheSignedPartStays) {
  const std::string good = enveloped("<a></a>", {.objects = "<ds:Object Id=\"o\" MimeType=\"m\" Encoding=\"e\"/>"});
  ASSERT_EQ(codes(good), Codes{});
  EXPECT_TRUE(facts(good).signatures.at(0).covers.whole);
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"<ds:Signature ", "<ds:Signature Id=\"s\" xmlns:x=\"urn:x\" "},
           {"<ds:SignatureValue>", "<ds:SignatureValue Id=\"v\">"},
           {"<ds:KeyInfo>", "<ds:KeyInfo Id=\"k\"><ds:KeyName>who</ds:KeyName><ds:KeyValue/>"},
           {"<ds:X509Data>", "<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509SKI>AA==</ds:X509SKI>"},
       }) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    EXPECT_EQ(codes(text), Codes{}) << to;
    EXPECT_TRUE(facts(text).signatures.at(0).covers.whole) << to;
  }
}

// The enveloped transform takes the whole Signature away: whoever passes the document on can put Objects into it.
TEST_F(Inspection, ObjectsThatNobodySignedAreNotCovered) {
  const std::string xades = "xmlns:x=\"http://uri.etsi.org/01903/v1.3.2#\"";
  const auto covers = [&](const std::string& objects) {
    const auto found = facts(enveloped("<a></a>", {.objects = objects}));
    EXPECT_EQ(test::codes_of(found), Codes{}) << objects;
    return found.signatures.at(0).covers;
  };
  for (const std::string& inside : {
           std::string("<b>1</b>"),
           std::string("text"),
           std::string("<!-- c -->"),
           std::string("<?p?>"),
           std::string("<ds:SignatureProperties/>"),
           std::string("<ds:Manifest/>"),
           "<x:QualifyingProperties " + xades + "/>text",
           "<x:QualifyingProperties " + xades + ">text</x:QualifyingProperties>",
           "<x:QualifyingProperties " + xades + "><b/></x:QualifyingProperties>",
           "<x:QualifyingProperties " + xades + " b=\"1\"/>",
           "<x:QualifyingProperties " + xades + "><x:UnsignedProperties><b/></x:UnsignedProperties>" +
               "</x:QualifyingProperties>",
           std::string("<x:QualifyingProperties xmlns:x=\"urn:x\"/>"),
       }) {
    const pki::Coverage found = covers("<ds:Object>" + inside + "</ds:Object>");
    EXPECT_FALSE(found.whole) << inside;
    EXPECT_EQ(found.what, "document; not: an Object in the Signature") << inside;
  }
  EXPECT_TRUE(covers("<ds:Object><x:QualifyingProperties " + xades +
                     "><x:UnsignedProperties/></x:QualifyingProperties></ds:Object>")
                  .whole);
}

TEST_F(Inspection, ObjectsWithReferencesOfTheirOwnAreCovered) {
  const std::string_view declared = " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
  const auto whole = [&](const std::string& canonical, std::string objects) {
    const auto at = objects.find(declared);
    if (at != std::string::npos) objects.erase(at, declared.size());  // the Signature declares it
    const auto found = facts(enveloped(
        "<a></a>",
        {.references = {{.canonical = "<a></a>"}, {.canonical = canonical, .uri = " URI=\"#o\"", .transforms = {}}},
         .objects = objects}));
    EXPECT_EQ(test::codes_of(found), Codes{}) << objects;
    return found.signatures.at(0).covers.whole;
  };
  const std::string object = "<ds:Object" + std::string(declared) + " Id=\"o\"><b>1</b></ds:Object>";
  EXPECT_TRUE(whole(object, object));
  EXPECT_FALSE(whole(object, object + "<ds:Object><b>2</b></ds:Object>"));
  const std::string list = "<ds:Manifest" + std::string(declared) + " Id=\"o\"></ds:Manifest>";
  EXPECT_TRUE(whole(list, "<ds:Object>" + list + "</ds:Object>"));
  EXPECT_FALSE(whole(list, "<ds:Object>" + list + "<b></b></ds:Object>"));
}

// Exclusive canonicalisation knows nothing of prefixes inside values; so the gateway's messages are made all the same.
TEST_F(Inspection, PrefixesInTypesThatNobodySignedAreWarnedOf) {
  const std::string xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
  const auto warnings = [&](const std::string& root, const std::string& canonical, std::string_view c14n) {
    const std::string text = enveloped(
        root, {.references = {{.canonical = canonical, .transforms = {std::string(kEnveloped), std::string(c14n)}}}});
    const auto found = facts(text);
    EXPECT_EQ(test::codes_of(found), Codes{}) << text;
    EXPECT_TRUE(found.signatures.at(0).covers.whole);
    Codes codes;
    for (const base::Error& one : found.signatures.at(0).warnings) codes.emplace_back(one.message());
    return codes.size();
  };
  const std::string open = "<a xmlns:x=\"urn:x\" " + xsi + " xsi:type=\"x:T\"></a>";
  EXPECT_EQ(warnings(open, "<a " + xsi + " xsi:type=\"x:T\"></a>", kExclusive), 1U);
  EXPECT_EQ(warnings(open, open, kC14n), 0U);
  const std::string used = "<x:a xmlns:x=\"urn:x\" " + xsi + " xsi:type=\"x:T\"></x:a>";
  EXPECT_EQ(warnings(used, used, kExclusive), 0U);
}

// --- transforms and algorithms ---------------------------------------------------------------------------------------

TEST_F(Inspection, TransformsOutsideTheListAreForbidden) {
  const std::string e(kEnveloped);
  const std::string c(kC14n);
  const std::vector<std::string> lists[] = {
      {e, "http://www.w3.org/TR/1999/REC-xpath-19991116"},
      {e, "http://www.w3.org/2002/06/xmldsig-filter2"},
      {e, "http://www.w3.org/TR/1999/REC-xslt-19991116"},
      {e, "http://www.w3.org/2000/09/xmldsig#base64"},
      {c, e},
      {e, e},
      {e, c, c},
      {e, c, e},
      {e, "urn:unknown"},
  };
  for (const auto& transforms : lists) {
    EXPECT_EQ(codes(enveloped("<a></a>", {.references = {{.canonical = "<a></a>", .transforms = transforms}}})),
              Codes{"xml.transform_forbidden"})
        << testing::PrintToString(transforms);
  }
}

TEST_F(Inspection, EveryCanonicalisationOfTheListWorks) {
  for (const std::string_view method :
       {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2006/12/xml-c14n11"}) {
    for (const std::string_view suffix : {"", "WithComments"}) {
      std::string uri(method);
      if (!suffix.empty()) uri += uri.ends_with('#') ? std::string(suffix) : "#" + std::string(suffix);
      const Ref reference{.canonical = "<a></a>", .transforms = {std::string(kEnveloped), uri}};
      EXPECT_EQ(codes(enveloped("<a></a>", {.references = {reference}})), Codes{}) << uri;
      // In SignedInfo too: the text is the same in each, as nothing else is in scope.
      EXPECT_EQ(codes(enveloped("<a></a>", {.c14n = uri})), Codes{}) << uri;
    }
  }
  EXPECT_EQ(codes(enveloped("<a></a>", {.c14n = "urn:unknown"})), Codes{"xml.algorithm_forbidden"});
}

TEST_F(Inspection, MacsAreForbidden) {
  EXPECT_EQ(codes(enveloped("<a></a>", {.method = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"})),
            Codes{"xml.algorithm_forbidden"});
  EXPECT_EQ(codes(enveloped("<a></a>", {.method = "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                                        .method_body = "<ds:HMACOutputLength>8</ds:HMACOutputLength>"})),
            Codes{"xml.algorithm_forbidden"});
  EXPECT_EQ(codes(enveloped("<a></a>", {.method_body = "<ds:HMACOutputLength>8</ds:HMACOutputLength>"})),
            Codes{"xml.signature_structure"});
}

TEST_F(Inspection, UnknownAlgorithmsAreNamed) {
  const auto found = facts(enveloped("<a></a>", {.method = "urn:unknown"}));
  EXPECT_EQ(test::codes_of(found), Codes{"algorithm.unknown"});
  EXPECT_FALSE(found.signatures.at(0).algorithm.has_value());
  EXPECT_EQ(codes(enveloped("<a></a>", {.references = {{.canonical = "<a></a>", .digest_method = "urn:unknown"}}})),
            Codes{"algorithm.unknown"});
}

TEST_F(Inspection, AlgorithmOfAnotherKindThanTheKey) {
  EXPECT_EQ(codes(enveloped("<a></a>", {.method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
                                        .value = base::to_base64(base::Bytes(64, 7))})),
            Codes{"algorithm.mismatch"});
}

// --- structure -------------------------------------------------------------------------------------------------------

TEST_F(Inspection, StructureIsHeldStrictly) {
  const std::string good = enveloped("<a></a>");
  ASSERT_EQ(codes(good), Codes{});
  const std::pair<std::string_view, std::string_view> changes[] = {
      {"<ds:SignedInfo>", "<ds:Object/><ds:SignedInfo>"},
      {"<ds:SignedInfo>", "text<ds:SignedInfo>"},
      {"<ds:SignedInfo>", "<!-- --><ds:SignedInfo>"},
      {"<ds:SignatureValue>", "<ds:SignatureValue>!"},
      {"<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"},
      {"</ds:SignatureValue>", "</ds:SignatureValue><ds:SignatureValue>AAAA</ds:SignatureValue>"},
      {"</ds:KeyInfo>", "</ds:KeyInfo><ds:KeyInfo/>"},
      {"</ds:KeyInfo>", "</ds:KeyInfo><x/>"},
      {"<ds:DigestValue>", "<ds:DigestValue><!-- -->"},
      {"<ds:DigestValue>", "<ds:DigestValue>AAAA"},
      {"<ds:DigestValue>", "<ds:DigestValue><x/>"},
      {"<ds:Reference ", "<ds:Reference Extra=\"1\" "},
      {"<ds:Reference ", "<x/><ds:Reference "},
      {"<ds:Transform ", "<ds:Transform Extra=\"1\" "},
      {"<ds:Transforms>", "<ds:Transforms><x/>"},
      {"<ds:DigestMethod ", "<ds:DigestMethod Extra=\"1\" "},
      {"<ds:CanonicalizationMethod ", "<ds:CanonicalizationMethod Extra=\"1\" "},
      {"</ds:CanonicalizationMethod>", "<x/></ds:CanonicalizationMethod>"},
      {"<ds:SignatureMethod ", "<ds:SignatureMethod Extra=\"1\" "},
      {"</ds:SignedInfo>", "<ds:Manifest/></ds:SignedInfo>"},
      {"</ds:SignedInfo>", "<!-- --></ds:SignedInfo>"},
      {"</ds:SignedInfo>", "<?p?></ds:SignedInfo>"},
      // What no Reference need reach.
      {"<ds:Signature ", "<ds:Signature extra=\"1\" "},
      {"<ds:SignatureValue>", "<ds:SignatureValue extra=\"1\">"},
      {"<ds:KeyInfo>", "<ds:KeyInfo extra=\"1\">"},
      {"<ds:KeyInfo>", "<ds:KeyInfo>text"},
      {"<ds:KeyInfo>", "<ds:KeyInfo><!-- -->"},
      {"<ds:KeyInfo>", "<ds:KeyInfo><?p?>"},
      {"<ds:KeyInfo>", "<ds:KeyInfo><x/>"},
      {"<ds:KeyInfo>", "<ds:KeyInfo><ds:X509Certificate/>"},
      {"<ds:X509Data>", "<ds:X509Data extra=\"1\">"},
      {"<ds:X509Data>", "<ds:X509Data>text"},
      {"<ds:X509Data>", "<ds:X509Data><ds:KeyName/>"},
      {"<ds:X509Certificate>", "<ds:X509Certificate extra=\"1\">"},
      {"</ds:Signature>", "<ds:Object extra=\"1\"/></ds:Signature>"},
  };
  for (const auto& [from, to] : changes) {
    std::string text = good;
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
    EXPECT_EQ(codes(text), Codes{"xml.signature_structure"}) << to;
  }
  EXPECT_EQ(codes("<a><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></a>"),
            Codes{"xml.signature_structure"});
}

// No Reference reaches into KeyInfo: what nobody signed must not hide in what the standards do have there.
TEST_F(Inspection, PartsOfKeyInfoHoldOnlyWhatBelongsThere) {
  const std::string good = enveloped("<a></a>");
  const auto with = [&](std::string part) {
    for (const auto& [prefix, name] :
         {std::pair{"<wsse:", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"},
          std::pair{"<ds11:", "http://www.w3.org/2009/xmldsig11#"},
          std::pair{"<more:", "http://www.w3.org/2001/04/xmldsig-more#"},
          std::pair{"<gost:", "urn:ietf:params:xml:ns:cpxmlsec"}}) {
      const std::size_t at = part.find(prefix);
      if (at == std::string::npos) continue;
      const std::string word(prefix + 1);
      part.insert(part.find_first_of(" />", at + 1), " xmlns:" + word.substr(0, word.size() - 1) + "=\"" + name + "\"");
    }
    std::string text = good;
    return text.insert(text.find("<ds:KeyInfo>") + 12, part);
  };
  for (
      const char* part : {
          "<ds:KeyName>Approved by the minister</ds:KeyName>",  // a name, whatever it says
          "<ds:MgmtData>AA==</ds:MgmtData>",
          "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AA==</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
          "</ds:KeyValue>",
          "<ds:KeyValue><ds11:ECKeyValue Id=\"k\"><ds11:NamedCurve URI=\"urn:oid:1.2\"/><ds11:PublicKey>AA=="
          "</ds11:PublicKey></ds11:ECKeyValue></ds:KeyValue>",
          "<ds:KeyValue><more:ECDSAKeyValue><more:PublicKey><more:X Value=\"1\"/><more:Y Value=\"2\"/></more:PublicKey>"
          "</more:ECDSAKeyValue></ds:KeyValue>",
          "<ds:KeyValue><gost:GOSTKeyValue><gost:PublicKey>AA==</gost:PublicKey></gost:GOSTKeyValue></ds:KeyValue>",
          "<ds11:DEREncodedKeyValue>AA==</ds11:DEREncodedKeyValue>",
          "<ds:RetrievalMethod URI=\"#a\" Type=\"urn:t\"/>",
          "<ds:X509Data><ds:X509SubjectName>CN=A</ds:X509SubjectName></ds:X509Data>",
          "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=A</ds:X509IssuerName><ds:X509SerialNumber>1"
          "</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>",
          "<ds:X509Data><ds11:X509Digest Algorithm=\"urn:d\">AA==</ds11:X509Digest></ds:X509Data>",
          "<ds:SPKIData><ds:SPKISexp>AA==</ds:SPKISexp></ds:SPKIData>",
          "<ds:PGPData><ds:PGPKeyID>AA==</ds:PGPKeyID></ds:PGPData>",
          "<wsse:SecurityTokenReference><wsse:Reference URI=\"#a\" ValueType=\"urn:t\"/></wsse:SecurityTokenReference>",
          "<wsse:SecurityTokenReference><wsse:Embedded><wsse:BinarySecurityToken>AA==</wsse:BinarySecurityToken>"
          "</wsse:Embedded></wsse:SecurityTokenReference>",
      }) {
    EXPECT_EQ(codes(with(part)), Codes{}) << part;
    // The same with something added at each place: after each tag that opens, and as an attribute of each element.
    const std::string_view text = part;
    for (std::size_t at = text.find('>'); at != std::string_view::npos; at = text.find('>', at + 1)) {
      const std::size_t begin = text.rfind('<', at);
      if (text[begin + 1] == '/') continue;
      const bool is_empty = text[at - 1] == '/';
      std::string attribute(text);
      attribute.insert(is_empty ? at - 1 : at, " extra=\"1\"");
      EXPECT_EQ(codes(with(attribute)), Codes{"xml.signature_structure"}) << attribute;
      if (is_empty) continue;
      for (const char* added : {"<x>evil</x>", "<ds:Object/>", "<!-- evil -->", "<?evil?>"}) {
        std::string inside(text);
        inside.insert(at + 1, added);
        EXPECT_EQ(codes(with(inside)), Codes{"xml.signature_structure"}) << inside;
      }
    }
  }
  for (const char* part : {"<ds:KeyValue>evil</ds:KeyValue>", "<ds:SPKIData>evil</ds:SPKIData>",
                           "<ds:X509Data><ds:X509IssuerSerial>evil</ds:X509IssuerSerial></ds:X509Data>",
                           "<ds:RetrievalMethod URI=\"#a\">evil</ds:RetrievalMethod>",
                           "<wsse:SecurityTokenReference><wsse:Reference URI=\"#a\">evil</wsse:Reference>"
                           "</wsse:SecurityTokenReference>"}) {
    EXPECT_EQ(codes(with(part)), Codes{"xml.signature_structure"}) << part;
  }
}

TEST_F(Inspection, PrefixListsBelongToExclusiveCanonicalisation) {
  const std::string body =
      "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"x "
      "#default\"></ec:InclusiveNamespaces>";
  const std::string document = "<a xmlns:x=\"urn:x\"></a>";
  Ref reference{.canonical = document, .transforms = {std::string(kExclusive)}, .transform_body = body};
  reference.uri = " URI=\"#r\"";
  reference.canonical = "<b xmlns:x=\"urn:x\" Id=\"r\"></b>";
  const auto text = [&](const Ref& used) {
    return "<a xmlns:x=\"urn:x\"><b Id=\"r\"></b>" + signature({.references = {used}}) + "</a>";
  };
  EXPECT_EQ(codes(text(reference)), Codes{});
  reference.transforms = {std::string(kC14n)};
  EXPECT_EQ(codes(text(reference)), Codes{"xml.signature_structure"});
}

TEST_F(Inspection, PssParametersAreRead) {
  const std::string more = "http://www.w3.org/2007/05/xmldsig-more#";
  const auto with = [&](const std::string& parameters) {
    const Form form{
        .method = more + "rsa-pss", .method_body = parameters, .value = base::to_base64(base::Bytes(256, 7))};
    return facts(enveloped("<a></a>", form)).signatures.at(0);
  };
  const auto plain = with("");
  EXPECT_EQ(plain.errors.at(0).code(), base::Code::kSignatureBroken);
  EXPECT_EQ(pki::to_string(*plain.algorithm).find("RSA-PSS"), 0U);
  EXPECT_EQ(plain.algorithm->salt_bytes, 32);
  const auto given = with("<p:RSAPSSParams xmlns:p=\"" + more +
                          "\"><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/>"
                          "<p:MaskGenerationFunction Algorithm=\"" +
                          more + "MGF1\"><ds:DigestMethod Algorithm=\"" + std::string(kSha256) +
                          "\"/></p:MaskGenerationFunction><p:SaltLength>20</p:SaltLength>"
                          "<p:TrailerField>1</p:TrailerField></p:RSAPSSParams>");
  EXPECT_EQ(given.algorithm, (pki::SignatureAlgorithm{pki::SignatureScheme::kRsaPss, pki::DigestAlgorithm::kSha512,
                                                      pki::DigestAlgorithm::kSha256, 20}));
  EXPECT_EQ(with("<p:RSAPSSParams xmlns:p=\"" + more + "\"><p:SaltLength>x</p:SaltLength></p:RSAPSSParams>")
                .errors.at(0)
                .code(),
            base::Code::kXmlSignatureStructure);
}

// --- certificates ----------------------------------------------------------------------------------------------------

TEST_F(Inspection, WithoutACertificateNothingVerifies) {
  for (const std::string_view key_info : {"", "<ds:KeyInfo/>", "<ds:KeyInfo><ds:KeyName>head</ds:KeyName></ds:KeyInfo>",
                                          "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://x/\"/></ds:KeyInfo>",
                                          "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>"}) {
    const auto found = facts(enveloped("<a></a>", {.key_info = std::string(key_info)}));
    Codes expected{"xml.no_certificate"};
    if (key_info.find("RetrievalMethod") != std::string_view::npos) {
      expected = {"xml.reference_forbidden", "xml.no_certificate"};  // nothing is fetched, and that is said
    }
    EXPECT_EQ(test::codes_of(found), expected) << key_info;
    EXPECT_EQ(found.signatures.at(0).certificate, nullptr);
  }
}

TEST_F(Inspection, ACertificateThatIsNone) {
  const std::string good = base64(person_.signer->certificate());
  EXPECT_EQ(codes(enveloped("<a></a>", {.key_info = x509({"AAAA", good})})).size(), 1U);
  for (const std::string_view bad : {"AAAA", "!"}) {
    const Codes found = codes(enveloped("<a></a>", {.key_info = x509({std::string(bad)})}));
    ASSERT_EQ(found.size(), 2U) << bad;
    EXPECT_EQ(found[1], "xml.no_certificate");
  }
}

TEST_F(Inspection, TheSignerIsFoundAmongSeveral) {
  const auto issuing = test::load(authority_ / "ca" / "issuing.pem");
  const auto other = test::load(authority_ / "certs" / "individual.pem");
  const auto& own = person_.signer->certificate();
  for (const std::string& key_info : {x509({base64(issuing), base64(own)}), x509({base64(own), base64(issuing)}),
                                      x509({base64(other), base64(issuing), base64(own)})}) {
    const auto found = facts(enveloped("<a></a>", {.key_info = key_info}));
    EXPECT_EQ(test::codes_of(found), Codes{});
    EXPECT_EQ(found.signatures.at(0).certificate->digest(), own->digest());
  }
  EXPECT_EQ(codes(enveloped("<a></a>", {.key_info = x509({base64(other), base64(issuing)})})),
            Codes{"signature.broken"});
}

TEST_F(Inspection, WsSecurityTokens) {
  const std::string wsse =
      "xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"";
  const std::string certificate = base64(person_.signer->certificate());
  const std::string type =
      "ValueType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3\"";
  const auto reference = [&](const std::string& inner) {
    return "<ds:KeyInfo><w:SecurityTokenReference " + wsse + ">" + inner + "</w:SecurityTokenReference></ds:KeyInfo>";
  };
  EXPECT_EQ(codes(enveloped("<a></a>", {.key_info = reference("<w:KeyIdentifier " + type + ">" + certificate +
                                                              "</w:KeyIdentifier>")})),
            Codes{});
  EXPECT_EQ(codes(enveloped("<a></a>", {.key_info = reference("<w:KeyIdentifier ValueType=\"urn:x\">" + certificate +
                                                              "</w:KeyIdentifier>")})),
            Codes{"xml.no_certificate"});
  // What stands between the parts of a reference was signed by nobody.
  for (const char* more : {"<x/>", "text", "<w:Other/>"}) {
    EXPECT_EQ(codes(enveloped("<a></a>", {.key_info = reference("<w:KeyIdentifier " + type + ">" + certificate +
                                                                "</w:KeyIdentifier>" + more)})),
              Codes{"xml.signature_structure"})
        << more;
  }
  const std::string token =
      "<w:BinarySecurityToken " + wsse + " Id=\"t\" " + type + ">" + certificate + "</w:BinarySecurityToken>";
  const Form by_token{.references = {{.canonical = "<b Id=\"p\"></b>", .uri = " URI=\"#p\"", .transforms = {}}},
                      .key_info = reference("<w:Reference URI=\"#t\"/>")};
  EXPECT_EQ(codes("<a>" + token + "<b Id=\"p\"></b>" + signature(by_token) + "</a>"), Codes{});
  EXPECT_EQ(codes("<a><b Id=\"p\"></b>" + signature(by_token) + "</a>"), Codes{"xml.no_certificate"});
}

// --- several signatures ----------------------------------------------------------------------------------------------

// As the standard alone has it: the first was made while the second stood there already.
TEST_F(Inspection, AnEarlierSignatureMayCoverALaterOne) {
  const std::string part =
      signature({.references = {{.canonical = "<b Id=\"p\"></b>", .uri = " URI=\"#p\"", .transforms = {}}}});
  const std::string second = signature({.references = {{.canonical = "<a><b Id=\"p\"></b>" + part + "</a>"}}});
  const std::string text = "<a><b Id=\"p\"></b>" + second + part + "</a>";
  const auto found = facts(text);
  EXPECT_EQ(test::codes_of(found), Codes{}) << text;
  EXPECT_TRUE(found.signatures.at(0).covers.whole);
  EXPECT_FALSE(found.signatures.at(1).covers.whole);
}

// A later signature elsewhere is content: it was not there when the first was made.
TEST_F(Inspection, ASignaturePutElsewhereBreaksTheFirst) {
  const std::string first = enveloped("<a><b></b></a>");
  const std::string second = signature({.references = {{.canonical = first.substr(0)}}});
  std::string text = first;
  text.insert(text.find("</b>"), second);
  const auto found = facts(text);
  ASSERT_EQ(found.signatures.size(), 2U);
  EXPECT_EQ(found.signatures[0].errors.size(), 0U);  // the inner one covers all but itself
  ASSERT_EQ(found.signatures[1].errors.size(), 1U);
  EXPECT_EQ(found.signatures[1].errors[0].code(), base::Code::kDigestMismatch);
}

// Content that hides between signatures is signed by nobody before it.
TEST_F(Inspection, ContentBesideTheSignaturesIsNotTakenAway) {
  std::string text = enveloped("<a><b></b></a>");
  text.insert(text.rfind("</a>"), "<b>forged</b>");
  EXPECT_EQ(codes(text), Codes{"digest.mismatch"});
}

// --- limits ----------------------------------------------------------------------------------------------------------

TEST_F(Inspection, CountsAreLimited) {
  const Ref reference{.canonical = "<a></a>"};
  EXPECT_EQ(codes(enveloped("<a></a>", {.references = {reference, reference}}), {.max_references = 2}), Codes{});
  EXPECT_EQ(facts(enveloped("<a></a>", {.references = {reference, reference, reference}}), {.max_references = 2})
                .errors.at(0)
                .code(),
            base::Code::kLimitCount);
  const std::string two = enveloped("<a></a>");
  EXPECT_EQ(codes(two, {.max_signatures = 1}), Codes{});
  EXPECT_EQ(codes(enveloped(two), {.max_signatures = 1}), Codes{"limit.count"});
  const std::string certificate = base64(person_.signer->certificate());
  EXPECT_EQ(codes(enveloped("<a></a>", {.key_info = x509({certificate, certificate})}), {.max_certificates = 2}),
            Codes{});
  EXPECT_EQ(facts(enveloped("<a></a>", {.key_info = x509({certificate, certificate})}), {.max_certificates = 1})
                .errors.at(0)
                .code(),
            base::Code::kLimitCount);
}

// No signature of an inspection that ended early may look good.
// KeyInfo is signed by nobody: whoever passes a document on can put any number of lists into it.
TEST_F(Inspection, OfEmbeddedListsTheFirstAreKept) {
  const auto key_info = [&](std::size_t count) {
    std::string text = "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + base64(person_.signer->certificate()) +
                       "</ds:X509Certificate>";
    for (std::size_t i = 0; i < count; ++i) {
      text += "<ds:X509CRL>" + base::to_base64(octets("list " + std::to_string(i))) + "</ds:X509CRL>";
    }
    return text + "</ds:X509Data></ds:KeyInfo>";
  };
  const auto found = facts(enveloped("<a></a>", {.key_info = key_info(257)}));
  EXPECT_EQ(test::codes_of(found), Codes{});
  ASSERT_EQ(found.crls.size(), 256U);
  EXPECT_EQ(base::as_text(found.crls.back()), "list 255");
  // The same lists again, of another signature, are none more.
  const std::string once = enveloped("<a></a>", {.key_info = key_info(3)});
  const auto twice = facts(enveloped(once, {.key_info = key_info(4)}));
  EXPECT_EQ(twice.signatures.size(), 2U);
  EXPECT_EQ(twice.crls.size(), 4U);
}

TEST_F(Inspection, AnInspectionThatEndsEarlyShowsNothingAsGood) {
  const std::string text = enveloped("<a></a>");
  for (const base::Limits& limits :
       {base::Limits{.max_canonicalised_bytes = text.size()}, base::Limits{.max_digested_bytes = 1},
        base::Limits{.max_public_key_operations = 0}}) {
    const auto found = facts(text, limits);
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_EQ(found.errors[0].code(), base::Code::kLimitCost);
    for (const auto& signature : found.signatures) EXPECT_FALSE(signature.errors.empty());
  }
}

TEST_F(Inspection, ManyReferencesOverALargeDocumentCostTooMuch) {
  const std::string document = "<a>" + std::string(1U << 20, 'x') + "</a>";
  std::vector<Ref> references(30, Ref{.canonical = document});
  const std::string text = enveloped(document, {.references = references});
  EXPECT_EQ(facts(text, {.max_canonicalised_bytes = 16U << 20}).errors.at(0).code(), base::Code::kLimitCost);
  EXPECT_EQ(codes(text, {.max_canonicalised_bytes = 64U << 20}), Codes{});
}

// --- XAdES -----------------------------------------------------------------------------------------------------------

class Xades : public Inspection {
 protected:
  static constexpr std::string_view kNamespaces = "xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" Id=\"props\"";
  // SignedProperties as inclusive canonicalisation gives it inside the Signature.
  std::string properties(const pki::CertificatePtr& named, std::string_view time = "2026-11-20T10:00:00+05:00",
                         const std::string& further = {}) {
    return "<xades:SignedProperties xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" " + std::string(kNamespaces) +
           "><xades:SignedSignatureProperties><xades:SigningTime>" + std::string(time) +
           "</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod "
           "Algorithm=\"" +
           std::string(kSha256) + "\"></ds:DigestMethod><ds:DigestValue>" +
           base::to_base64(base::sha256(named->der()).view()) +
           "</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>" + further +
           "</xades:SignedSignatureProperties>"
           "</xades:SignedProperties>";
  }
  enum class Covered { kYes, kNo };
  std::string with_properties(const std::string& signed_properties, Covered covered, const std::string& target = "#s",
                              const std::string& unsigned_properties = {}) {
    Form form{.references = {{.canonical = "<a></a>"}}, .id = " Id=\"s\""};
    if (covered == Covered::kYes) {
      form.references.push_back({.canonical = signed_properties,
                                 .uri = " Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#props\"",
                                 .transforms = {std::string(kC14n)}});
    }
    form.objects =
        "<ds:Object><xades:QualifyingProperties xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" Target=\"" + target +
        "\">" + signed_properties + unsigned_properties + "</xades:QualifyingProperties></ds:Object>";
    return enveloped("<a></a>", form);
  }
};

TEST_F(Xades, SignedPropertiesAreReadWhenCovered) {
  const auto found = facts(with_properties(properties(person_.signer->certificate()), Covered::kYes));
  EXPECT_EQ(test::codes_of(found), Codes{});
  const pki::SignatureFacts& signature = found.signatures.at(0);
  EXPECT_EQ(signature.claimed_signing_time, pki::test::at("2026-11-20T05:00:00Z"));
  EXPECT_TRUE(signature.covers.whole);
  EXPECT_EQ(base::as_text(signature.signed_octets), "<a></a>");
  EXPECT_EQ(signature.certificate_reference, pki::CertificateReference::kSigned);
  EXPECT_FALSE(signature.signature_policy.has_value());
}

constexpr std::string_view kNamedPolicy =
    "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier>urn:oid:1.2.398.7"
    "</xades:Identifier></xades:SigPolicyId><xades:SigPolicyHash><ds:DigestMethod Algorithm=\"urn:digest\">"
    "</ds:DigestMethod><ds:DigestValue>AQID</ds:DigestValue></xades:SigPolicyHash><xades:SigPolicyQualifiers>"
    "<xades:SigPolicyQualifier><xades:SPURI>http://policy.test/1</xades:SPURI></xades:SigPolicyQualifier>"
    "</xades:SigPolicyQualifiers></xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>";

TEST_F(Xades, SignaturePolicyIsRead) {
  const auto& signer = person_.signer->certificate();
  const auto policy_in = [&](const std::string& identifier, Covered covered = Covered::kYes) {
    const auto found = facts(with_properties(properties(signer, "2026-11-20T10:00:00Z", identifier), covered));
    EXPECT_EQ(test::codes_of(found), Codes{});
    return found.signatures.at(0).signature_policy;
  };
  EXPECT_EQ(policy_in(std::string(kNamedPolicy)), (pki::SignaturePolicyFacts{.id = "urn:oid:1.2.398.7",
                                                                             .digest_algorithm = "urn:digest",
                                                                             .digest = {1, 2, 3},
                                                                             .uri = "http://policy.test/1"}));
  EXPECT_EQ(policy_in("<xades:SignaturePolicyIdentifier><xades:SignaturePolicyImplied></xades:SignaturePolicyImplied>"
                      "</xades:SignaturePolicyIdentifier>"),
            pki::SignaturePolicyFacts{});
  EXPECT_EQ(policy_in(std::string(kNamedPolicy), Covered::kNo), std::nullopt);
}

TEST_F(Xades, SignaturePolicyThatIsNoneIsRefused) {
  const std::string empty = "<xades:SignaturePolicyIdentifier></xades:SignaturePolicyIdentifier>";
  EXPECT_EQ(
      codes(with_properties(properties(person_.signer->certificate(), "2026-11-20T10:00:00Z", empty), Covered::kYes)),
      Codes{"xml.signature_structure"});
}

TEST_F(Xades, PropertiesThatNothingCoversAreIgnored) {
  const auto other = test::load(authority_ / "certs" / "individual.pem");
  const auto found = facts(with_properties(properties(other), Covered::kNo));
  EXPECT_EQ(test::codes_of(found), Codes{});
  EXPECT_FALSE(found.signatures.at(0).claimed_signing_time.has_value());
  EXPECT_EQ(found.signatures.at(0).certificate_reference, pki::CertificateReference::kAbsent);
}

TEST_F(Xades, AnotherSigningCertificateIsRefused) {
  const auto other = test::load(authority_ / "certs" / "individual.pem");
  EXPECT_EQ(codes(with_properties(properties(other), Covered::kYes)), Codes{"xml.signing_certificate"});
}

TEST_F(Xades, PropertiesOfAnotherSignatureAreRefused) {
  EXPECT_EQ(codes(with_properties(properties(person_.signer->certificate()), Covered::kYes, "#other")),
            Codes{"xml.signature_structure"});
}

TEST_F(Xades, ChangedPropertiesAreADigestMismatch) {
  std::string text = with_properties(properties(person_.signer->certificate()), Covered::kYes);
  text.replace(text.find("T10:00"), 6, "T11:00");
  const auto found = facts(text);
  EXPECT_EQ(test::codes_of(found), Codes{"digest.mismatch"});
  EXPECT_FALSE(found.signatures.at(0).claimed_signing_time.has_value());
}

// EN 319 132-1 5.3: the time stamp is over the canonical SignatureValue element.
TEST_F(Xades, TimeStampsAndEvidenceAreCollected) {
  const auto issuing = test::load(authority_ / "ca" / "issuing.pem");
  const std::string evidence =
      "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
      "<xades:EncapsulatedTimeStamp>AQID</xades:EncapsulatedTimeStamp></"
      "xades:SignatureTimeStamp><xades:CertificateValues>"
      "<xades:EncapsulatedX509Certificate>" +
      base64(issuing) +
      "</xades:EncapsulatedX509Certificate>"
      "<xades:EncapsulatedX509Certificate>AAAA</xades:EncapsulatedX509Certificate></xades:CertificateValues>"
      "<xades:RevocationValues><xades:CRLValues><xades:EncapsulatedCRLValue>BAUG</xades:EncapsulatedCRLValue></"
      "xades:CRLValues>"
      "<xades:OCSPValues><xades:EncapsulatedOCSPValue>BwgJ</xades:EncapsulatedOCSPValue></xades:OCSPValues>"
      "</xades:RevocationValues></xades:UnsignedSignatureProperties></xades:UnsignedProperties>";
  const auto found = facts(with_properties(properties(person_.signer->certificate()), Covered::kYes, "#s", evidence));
  EXPECT_EQ(test::codes_of(found), Codes{});
  const pki::SignatureFacts& signature = found.signatures.at(0);
  ASSERT_EQ(signature.timestamp_tokens.size(), 1U);
  EXPECT_EQ(signature.timestamp_tokens[0].token, (base::Bytes{1, 2, 3}));
  EXPECT_TRUE(base::as_text(signature.timestamp_tokens[0].covered)
                  .starts_with("<ds:SignatureValue xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"));
  EXPECT_EQ(found.certificates.size(), 2U);
  EXPECT_EQ(found.crls, (std::vector<base::Bytes>{{4, 5, 6}}));
  EXPECT_EQ(found.ocsp_responses, (std::vector<base::Bytes>{{7, 8, 9}}));
}

}  // namespace
}  // namespace tanba::xmldsig
