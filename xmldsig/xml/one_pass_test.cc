#include "xmldsig/xml/one_pass.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/test_support.h"
#include "xmldsig/xml/canonical.h"

namespace tanba::xmldsig::xml {
namespace {

using Method = OnePassQuery::Method;

std::optional<std::string> one_pass(std::string_view text, Method method = Method::kInclusive,
                                    std::string_view id = {}) {
  const auto result = canonicalise_in_one_pass(base::as_bytes(text), {.id = id, .method = method}, {});
  if (!result) return std::nullopt;
  return std::string(base::as_text(result->canonical));
}

// What the tree and libxml2 make of it.
std::optional<std::string> general(std::string_view text, Method method, std::string_view id) {
  const auto document = Document::parse(base::as_bytes(text), {});
  if (!document) return std::nullopt;
  Selection selection;
  if (!id.empty()) selection.apex = document->find_id(id);
  for (const Element& one : document->find_all("http://www.w3.org/2000/09/xmldsig#", "Signature"))
    selection.without.push_back(one);
  base::Budget budget({});
  const auto octets = canonicalise(*document, selection,
                                   method == Method::kExclusive ? C14n::kExclusive : C14n::kInclusive, {}, budget);
  if (!octets) return std::nullopt;
  return std::string(base::as_text(*octets));
}

constexpr std::string_view kTaken[] = {
    "<a/>",
    "<a></a>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->\n<a >1</a >\n<!-- d --> ",
    "<a b='1' a=\"2\" c = '3'/>",
    "<a>\r\n\r\t &lt;&gt;&amp;&quot;&apos;&#13;&#xD;&#10;&#9; ]] ]&gt; \xEF\xBB\xBF</a>",
    "<a b='&lt;&gt;&amp;&quot;&apos;&#13;&#10;&#9;\r\n\r\n\t\n\"'/>",
    "<a>Мұнай-газ 𐍈 &#x416;&#128512;&#xFFFD;</a>",
    "<a xmlns='urn:d'><b xmlns=''><c xmlns='urn:d'/></b></a>",
    "<a xmlns='urn:d' xmlns:x='urn:x'><x:b x:c='1' d='2' xmlns:x='urn:y'><x:e/></x:b><x:f/></a>",
    "<x:a xmlns:x='urn:x'><b xmlns='urn:b' xmlns:x='urn:x'/><x:c xmlns:x='urn:z'/></x:a>",
    "<a xmlns:z='urn:1' xmlns:y='urn:2' z:b='1' y:b='2' b='3' y:a='4'/>",
    "<a xml:lang='kk'><b xml:lang=''/></a>",
    "<a xmlns:e='http://example.org/a/b#'><e:b/></a>",
    "<a Id='t'><!-- c --><b wsu:Id='u' xmlns:wsu='http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-wssecurity-utility-1.0.xsd'/></a>",
    "<e xmlns='urn:e' xmlns:q='urn:q'><a Id='t' q:z='1'><b xmlns=''>1</b></a>2</e>",
    "<e><a Id='t'/>&#13;</e>",
    "<a xmlns:p='urn:p'><b>1</b><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><ds:x>2</ds:x>"
    "</ds:Signature>3</a>",
    "<a xmlns='http://www.w3.org/2000/09/xmldsig#'><Signature/><b/></a>",
};

TEST(OnePass, AgreesWithTheTreeOnWhatItTakes) {
  for (const std::string_view text : kTaken) {
    for (const Method method : {Method::kInclusive, Method::kExclusive}) {
      for (const std::string_view id : {"", "t"}) {
        if (id == "t" && text.find("'t'") == std::string_view::npos) continue;
        const auto quick = one_pass(text, method, id);
        ASSERT_TRUE(quick.has_value()) << text;
        EXPECT_EQ(quick, general(text, method, id)) << text;
      }
    }
  }
}

TEST(OnePass, HasNoAnswerForWhatIsWrong) {
  for (const std::string_view text : {"",
                                      "x",
                                      "<a>",
                                      "<a></b>",
                                      "<a/><b/>",
                                      "<a/>x",
                                      "<a b=1/>",
                                      "<a b='1' b='2'/>",
                                      "<a b='1'c='2'/>",
                                      "<a b/>",
                                      "<a b='<'/>",
                                      "<a>&b;</a>",
                                      "<a>&#0;</a>",
                                      "<a>&#xFFFE;</a>",
                                      "<a>&#xD800;</a>",
                                      "<a>&#x110000;</a>",
                                      "<a>]]></a>",
                                      "<a>&</a>",
                                      "<a>&lt</a>",
                                      "<a>\x01</a>",
                                      "<a b='\x01'/>",
                                      "<a>\xEF\xBF\xBE</a>",
                                      "<a b='\xEF\xBF\xBF'/>",
                                      "<a>\xFF</a>",
                                      "<a><!-- -- --></a>",
                                      "<a><!-- \x02 --></a>",
                                      "<a><!-- --->",
                                      "<p:a/>",
                                      "<a p:b='1'/>",
                                      "<a xmlns:p='urn:p' xmlns:p='urn:q'/>",
                                      "<a xmlns:p=''/>",
                                      "<a xmlns:xml='urn:x'/>",
                                      "<a xmlns:xmlns='urn:x'/>",
                                      "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>",
                                      "<a:b:c/>",
                                      "<:a/>",
                                      "<a:/>",
                                      "<1/>",
                                      "<a Id='1'><b ID='1'/></a>",
                                      "< a/>",
                                      "<a / >",
                                      "</a>"}) {
    EXPECT_EQ(one_pass(text), std::nullopt) << text;
  }
}

// Well-formed, but for the general way to say.
TEST(OnePass, LeavesTheUncommonToTheGeneralWay) {
  for (const std::string_view text :
       {"<!DOCTYPE a><a/>", "<a><![CDATA[x]]></a>", "<?p x?><a/>", "<a><?p x?></a>", "\xEF\xBB\xBF<a/>",
        "<?xml version=\"1.1\"?><a/>", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", "<ж/>",
        "<a xmlns='relative'/>", "<a xmlns='urn:a b'/>", "<a xmlns='http://h:1/'/>", "<a xmlns='http://[::1]/'/>",
        "<a xml:id='x'/>", "<a xml:space='preserve'/>", "<a xml:base='x'/>", "<a Id='&#49;'/>",
        "<a><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>"
        "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></a>",
        "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>",
        "<a xml:lang='kk'><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></a>"}) {
    EXPECT_EQ(one_pass(text), std::nullopt) << text;
  }
  EXPECT_EQ(one_pass("<a xml:lang='kk'><b Id='t'/></a>", Method::kInclusive, "t"), std::nullopt);
  EXPECT_EQ(one_pass("<a/>", Method::kInclusive, "t"), std::nullopt);
  EXPECT_EQ(one_pass("<a><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><b Id='t'/></ds:Signature></a>",
                     Method::kInclusive, "t"),
            std::nullopt);
}

TEST(OnePass, HoldsTheLimits) {
  base::Limits limits;
  limits.max_xml_depth = 3;
  const auto within = [&](std::string_view text) {
    return canonicalise_in_one_pass(base::as_bytes(text), {}, limits).has_value();
  };
  EXPECT_TRUE(within("<a><b><c/></b></a>"));
  EXPECT_FALSE(within("<a><b><c><d/></c></b></a>"));
  limits.max_document_bytes = 10;
  EXPECT_TRUE(within("<a>12</a >"));
  EXPECT_FALSE(within("<a>123</a >"));
  limits = {};
  limits.max_xml_nodes = 8;
  EXPECT_TRUE(within("<a>1<b/></a>"));
  EXPECT_FALSE(within("<a>1<b/>2<b/>3</a>"));
  limits = {};
  std::string many = "<a";
  for (std::size_t i = 0; i <= kMaxAttributesOfElement; ++i) many += " a" + std::to_string(i) + "=''";
  EXPECT_FALSE(within(many + "/>"));
}

TEST(OnePass, CutsTheSignatureOutWithItsNamespaces) {
  const std::string_view text =
      "<a xmlns='urn:d' xmlns:x='urn:x' xmlns:y='urn:y'><b xmlns:x='urn:z'>1<ds:Signature "
      "xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><x/></ds:Signature></b></a>";
  const auto result = canonicalise_in_one_pass(base::as_bytes(text), {}, {});
  ASSERT_TRUE(result && result->signature);
  EXPECT_EQ(result->signature->alone,
            "<scope xmlns=\"urn:d\" xmlns:y=\"urn:y\" xmlns:x=\"urn:z\"><ds:Signature "
            "xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><x/></ds:Signature></scope>");
  EXPECT_EQ(text.substr(result->signature->begin, result->signature->end - result->signature->begin),
            "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><x/></ds:Signature>");
  EXPECT_EQ(result->signature->place, OnePassResult::Signature::Place::kInside);
}

// Every file of others: where the pass has an answer, it is the tree's.
TEST(Corpora, TheOnePassAgreesWithTheTree) {
  const auto folder = base::test::corpora("");
  if (!folder) GTEST_SKIP();
  std::size_t answered = 0;
  for (const char* name : {"libxml2", "xmldsig-xmlsec", "kz/signed"}) {
    const std::filesystem::path root = *folder / name;
    ASSERT_TRUE(std::filesystem::exists(root)) << name;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(file)), {});
      for (const Method method : {Method::kInclusive, Method::kExclusive}) {
        const auto quick = one_pass(text, method);
        if (!quick) continue;
        ++answered;
        EXPECT_EQ(quick, general(text, method, {})) << entry.path();
      }
    }
  }
  EXPECT_GE(answered, 60U);
}

}  // namespace
}  // namespace tanba::xmldsig::xml
