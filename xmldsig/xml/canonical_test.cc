#include "xmldsig/xml/canonical.h"

#include <gtest/gtest.h>

namespace tanba::xmldsig::xml {
namespace {

using base::Code;

struct Case {
  std::string_view text;
  std::string_view apex = {};                  // an Id; empty: the document
  std::vector<std::string_view> without = {};  // Ids
  std::vector<std::string> prefixes = {};
};

base::Result<std::string> canonical(const Case& c, C14n method, const base::Limits& limits = {}) {
  auto document = Document::parse(base::as_bytes(c.text), {});
  EXPECT_TRUE(document.has_value()) << c.text;
  Selection selection;
  if (!c.apex.empty()) selection.apex = document->find_id(c.apex);
  for (const std::string_view id : c.without) selection.without.push_back(*document->find_id(id));
  base::Budget budget(limits);
  TANBA_TRY(const base::Bytes octets, canonicalise(*document, selection, method, c.prefixes, budget));
  return std::string(base::as_text(octets));
}
std::string inclusive(const Case& c) {
  return *canonical(c, C14n::kInclusive);
}
std::string exclusive(const Case& c) {
  return *canonical(c, C14n::kExclusive);
}

TEST(Names, AreTheStandards) {
  for (const C14n method : {C14n::kInclusive, C14n::kInclusiveWithComments, C14n::kExclusive,
                            C14n::kExclusiveWithComments, C14n::kInclusive11, C14n::kInclusive11WithComments}) {
    EXPECT_EQ(c14n_from_uri(c14n_uri(method)), method);
    EXPECT_EQ(c14n_uri(method).find(c14n_uri(without_comments(method))), 0U);
  }
  EXPECT_EQ(c14n_from_uri("http://www.w3.org/TR/1999/REC-xslt-19991116"), std::nullopt);
  EXPECT_TRUE(is_exclusive(C14n::kExclusiveWithComments));
  EXPECT_FALSE(is_exclusive(C14n::kInclusive11WithComments));
}

// REC-xml-c14n 3.1 and 3.4, as far as they do without a DTD.
TEST(Inclusive, TagsAttributesCharacters) {
  EXPECT_EQ(inclusive({"<?xml version='1.0'?>\n\n<?p  d ?>\n<a   c = '2'  b='1'><e/></a>\n<!-- x -->\n"}),
            "<?p d ?>\n<a b=\"1\" c=\"2\"><e></e></a>");
  EXPECT_EQ(*canonical({"<!-- 1 --><a/><!-- 2 -->"}, C14n::kInclusiveWithComments), "<!-- 1 -->\n<a></a>\n<!-- 2 -->");
  EXPECT_EQ(inclusive({"<a b='&lt;&#9;&#10;&#13;&quot;&gt;'>&lt;&gt;&amp;&#13;\"<![CDATA[<]]>\r\n</a>"}),
            "<a b=\"&lt;&#x9;&#xA;&#xD;&quot;>\">&lt;&gt;&amp;&#xD;\"&lt;\n</a>");
}

TEST(Inclusive, NamespacesAreRenderedWhereTheyBegin) {
  EXPECT_EQ(inclusive({"<a xmlns:y='urn:y' xmlns:x='urn:x' xmlns='urn:d'><b xmlns:x='urn:x' xmlns=''/></a>"}),
            "<a xmlns=\"urn:d\" xmlns:x=\"urn:x\" xmlns:y=\"urn:y\"><b xmlns=\"\"></b></a>");
}

TEST(Inclusive, SubtreesInheritNamespacesAndXmlAttributes) {
  const Case c{"<a xmlns='urn:d' xmlns:x='urn:x' xml:lang='kk' k='1'><b Id='i'><c/></b></a>", "i", {}, {}};
  EXPECT_EQ(inclusive(c), "<b xmlns=\"urn:d\" xmlns:x=\"urn:x\" Id=\"i\" xml:lang=\"kk\"><c></c></b>");
  EXPECT_EQ(exclusive(c), "<b xmlns=\"urn:d\" Id=\"i\"><c></c></b>");
}

// xml-c14n11 2.4: xml:id is not inherited, xml:base is joined.
TEST(Inclusive11, LeavesXmlIdAndJoinsXmlBase) {
  const Case c{"<a xml:id='x' xml:base='http://h/d/'><b Id='i' xml:base='e'/></a>", "i", {}, {}};
  EXPECT_EQ(inclusive(c), "<b Id=\"i\" xml:base=\"e\" xml:id=\"x\"></b>");
  EXPECT_EQ(*canonical(c, C14n::kInclusive11), "<b Id=\"i\" xml:base=\"http://h/d/e\"></b>");
}

TEST(Exclusive, RendersWhatIsUsedWhereItIsUsed) {
  const Case c{"<a xmlns:x='urn:x' xmlns:y='urn:y'><x:b Id='i'><c y:k='1'/><y:d/></x:b></a>", "i", {}, {}};
  EXPECT_EQ(exclusive(c),
            "<x:b xmlns:x=\"urn:x\" Id=\"i\"><c xmlns:y=\"urn:y\" y:k=\"1\"></c><y:d xmlns:y=\"urn:y\"></y:d></x:b>");
  EXPECT_EQ(exclusive({c.text, "i", {}, {"y"}}),
            "<x:b xmlns:x=\"urn:x\" xmlns:y=\"urn:y\" Id=\"i\"><c y:k=\"1\"></c><y:d></y:d></x:b>");
}

TEST(Exclusive, DefaultNamespaceInThePrefixList) {
  const std::string_view text = "<a xmlns='urn:d' xmlns:x='urn:x'><x:b Id='i'/></a>";
  EXPECT_EQ(exclusive({text, "i", {}, {}}), "<x:b xmlns:x=\"urn:x\" Id=\"i\"></x:b>");
  EXPECT_EQ(exclusive({text, "i", {}, {"#default"}}), "<x:b xmlns=\"urn:d\" xmlns:x=\"urn:x\" Id=\"i\"></x:b>");
}

TEST(Selections, LeaveSubtreesOut) {
  const std::string_view text = "<a>1<s Id='s'><t/>x</s>2<b Id='b'><s Id='u'/>3</b></a>";
  EXPECT_EQ(inclusive({text, "", {"s"}, {}}), "<a>12<b Id=\"b\"><s Id=\"u\"></s>3</b></a>");
  EXPECT_EQ(inclusive({text, "", {"u", "s"}, {}}), "<a>12<b Id=\"b\">3</b></a>");
  EXPECT_EQ(inclusive({text, "b", {"u"}, {}}), "<b Id=\"b\">3</b>");
  EXPECT_EQ(inclusive({text, "b", {"s"}, {}}), "<b Id=\"b\"><s Id=\"u\"></s>3</b>");
}

// The root by Id is not the document: what stands outside the root is not selected.
TEST(Selections, OfTheRootLeaveOutWhatStandsAround) {
  const std::string_view text = "<?p?><a Id='r'/><?q?>";
  EXPECT_EQ(inclusive({text, "r", {}, {}}), "<a Id=\"r\"></a>");
  EXPECT_EQ(inclusive({text, "", {}, {}}), "<?p?>\n<a Id=\"r\"></a>\n<?q?>");
}

TEST(Budget, IsChargedBeforeTheWork) {
  const Case c{"<a>xxxxxxxx</a>", "", {}, {}};
  EXPECT_TRUE(canonical(c, C14n::kInclusive, {.max_canonicalised_bytes = 15}).has_value());
  EXPECT_EQ(canonical(c, C14n::kInclusive, {.max_canonicalised_bytes = 14}).error().code(), Code::kLimitCost);
}

// Exclusive canonicalisation repeats a declaration at every place that uses it: what is written beyond the document's
// own size is charged too.
TEST(Budget, StopsTextThatGrows) {
  std::string text = "<a xmlns:x='urn:" + std::string(10'000, 'u') + "'>";
  for (int i = 0; i < 2'000; ++i) text += "<x:b/>";
  text += "</a>";
  const auto grown = canonical({text, "", {}, {}}, C14n::kExclusive, {.max_canonicalised_bytes = 1U << 20});
  ASSERT_FALSE(grown.has_value());
  EXPECT_EQ(grown.error().code(), Code::kLimitCost);
  EXPECT_TRUE(canonical({text, "", {}, {}}, C14n::kExclusive, {.max_canonicalised_bytes = 32U << 20}).has_value());
}

// REC-xml-c14n 1.3: "implementations MUST report an operation failure on documents containing relative namespace URIs."
TEST(Errors, RelativeNamespaces) {
  EXPECT_EQ(canonical({"<a xmlns='relative'/>", "", {}, {}}, C14n::kInclusive).error().code(), Code::kXmlMalformed);
  EXPECT_TRUE(canonical({"<a xmlns='urn:absolute'/>", "", {}, {}}, C14n::kInclusive).has_value());
}

}  // namespace
}  // namespace tanba::xmldsig::xml
