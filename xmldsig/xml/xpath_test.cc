#include "xmldsig/xml/xpath.h"

#include <gtest/gtest.h>

#include "xmldsig/xml/canonical.h"

namespace tanba::xmldsig::xml {
namespace {

// What is left of the document, canonically. The expressions are the text of the elements named.
std::string left_of(std::string_view text, base::Code* code = nullptr) {
  const auto document = Document::parse(base::as_bytes(text), {});
  EXPECT_TRUE(document.has_value());
  if (!document) return {};
  Selection selection;
  for (const Element& filter : document->find_all("", "filter")) {
    auto nodes = filter_nodes(*document, filter);
    if (!nodes) {
      if (code != nullptr) *code = nodes.error().code();
      return "error";
    }
    selection.within.push_back(*std::move(nodes));
  }
  std::vector<SubtreeFilter> subtrees;
  for (const Element& filter : document->find_all("", "subtrees")) {
    const std::string name = filter.attribute("do").value_or("");
    const auto operation = name == "subtract" ? SetOperation::kSubtract
                           : name == "union"  ? SetOperation::kUnion
                                              : SetOperation::kIntersect;
    subtrees.push_back({operation, filter});
  }
  if (!subtrees.empty()) {
    auto nodes = filter_subtrees(*document, subtrees);
    if (!nodes) {
      if (code != nullptr) *code = nodes.error().code();
      return "error";
    }
    selection.within.push_back(*std::move(nodes));
  }
  base::Budget budget({});
  const auto octets = canonicalise(*document, selection, C14n::kInclusiveWithComments, {}, budget);
  EXPECT_TRUE(octets.has_value());
  return octets ? std::string(base::as_text(*octets)) : "error";
}

TEST(Filter, KeepsTheNodesOfWhichItHolds) {
  EXPECT_EQ(left_of("<a><b x='1' y='2'>t</b><c/><filter>ancestor-or-self::b and not(self::attribute) and "
                    "name() != 'y'</filter></a>"),
            "<b x=\"1\">t</b>");
  EXPECT_EQ(left_of("<a><b>t</b><filter>not(ancestor-or-self::filter)</filter></a>"), "<a><b>t</b></a>");
}

TEST(Filter, UsesTheNamespacesOfItsElementAndNoDefaultOne) {
  EXPECT_EQ(left_of("<a><b xmlns='urn:n'>t</b><filter xmlns:p='urn:n'>ancestor-or-self::p:b</filter></a>"),
            "<b xmlns=\"urn:n\">t</b>");
  base::Code code{};
  EXPECT_EQ(left_of("<a><filter>ancestor-or-self::p:b</filter></a>", &code), "error");
  EXPECT_EQ(code, base::Code::kXmlMalformed);
}

TEST(Filter, KnowsWhereItIs) {
  EXPECT_EQ(left_of("<a><b/><filter>count(ancestor-or-self::filter | here()) &gt; count(ancestor-or-self::filter)"
                    "</filter></a>"),
            "<a><b></b></a>");
}

TEST(Filter, NeverHasComments) {
  EXPECT_EQ(left_of("<a><!--c--><b/><filter>not(ancestor-or-self::filter)</filter></a>"), "<a><b></b></a>");
}

TEST(Subtrees, IntersectSubtractUnion) {
  EXPECT_EQ(left_of("<a><b><c><d>1</d></c>2</b><subtrees do='intersect'>//b</subtrees>"
                    "<subtrees do='subtract'>//c</subtrees><subtrees do='union'>//d</subtrees></a>"),
            "<b><d>1</d>2</b>");
  base::Code code{};
  EXPECT_EQ(left_of("<a><subtrees do='intersect'>1 + 1</subtrees></a>", &code), "error");
  EXPECT_EQ(code, base::Code::kXmlMalformed);
}

// None of them reads anything but the document; libxml2 has no other functions, and XSLT's are not there.
TEST(Expressions, ThatReachOutsideAreNone) {
  for (const char* expression : {"document('file:///etc/passwd')", "unparsed-text('x')", "system-property('x')", "id(",
                                 "$variable", "doc('http://localhost/')"}) {
    base::Code code{};
    EXPECT_EQ(left_of("<a><filter>" + std::string(expression) + "</filter></a>", &code), "error") << expression;
    EXPECT_EQ(code, base::Code::kXmlMalformed) << expression;
  }
}

TEST(Expressions, CostIsBounded) {
  std::string many = "<a>";
  for (int i = 0; i < 2000; ++i) many += "<b/>";
  base::Code code{};
  EXPECT_EQ(left_of(many + "<filter>count(//b[count(//b) &gt; 1]) &gt; 1</filter></a>", &code), "error");
  EXPECT_EQ(code, base::Code::kLimitCost);
  code = {};
  EXPECT_EQ(left_of("<a><filter>" + std::string(5000, ' ') + "true()</filter></a>", &code), "error");
  EXPECT_EQ(code, base::Code::kLimitCost);
}

}  // namespace
}  // namespace tanba::xmldsig::xml
