#include "xmldsig/xml/prefixes.h"

#include <gtest/gtest.h>

namespace tanba::xmldsig::xml {
namespace {

using Names = std::vector<std::string>;

// With xsi declared by the root; what is selected is the element with Id="p".
Names open_in(const std::string& text, const Names& inclusive = {}) {
  const std::string document =
      "<r xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='urn:x'>" + text + "</r>";
  auto parsed = Document::parse(base::as_bytes(document), {});
  EXPECT_TRUE(parsed.has_value()) << document;
  if (!parsed) return {};
  return open_type_prefixes(*parsed, {.apex = parsed->find_id("p"), .without = {}, .within = {}}, inclusive);
}

TEST(OpenTypePrefixes, WhatNoNameUsesIsNotWritten) {
  EXPECT_EQ(open_in("<a Id='p' xsi:type='x:T'/>"), Names{"x"});
  EXPECT_EQ(open_in("<a Id='p'><b xsi:type=' x:T '/><c xsi:type='x:T'/></a>"), Names{"x"});
  EXPECT_EQ(open_in("<a Id='p' xmlns:y='urn:y' xsi:type='y:T'/>"), Names{"y"}) << "exclusive leaves this out as well";
  EXPECT_EQ(open_in("<x:r><a Id='p' xsi:type='x:T'/></x:r>"), Names{"x"}) << "outside";
  EXPECT_EQ(open_in("<a Id='p' xsi:type='x:T'><x:b/></a>"), Names{"x"}) << "written further in only";
  EXPECT_EQ(open_in("<x:a Id='p'><b xmlns:x='urn:other' xsi:type='x:T'/></x:a>"), Names{"x"}) << "another meaning";
  EXPECT_EQ(open_in("<x:a Id='p' xsi:type='T'/>"), Names{"#default"});
}

TEST(OpenTypePrefixes, WhatANameUsesOrAListNamesIsWritten) {
  EXPECT_EQ(open_in("<x:a Id='p' xsi:type='x:T'/>"), Names{});
  EXPECT_EQ(open_in("<a Id='p' x:b='1'><c xsi:type='x:T'/></a>"), Names{});
  EXPECT_EQ(open_in("<a Id='p' xsi:type='x:T'/>", {"x"}), Names{});
  EXPECT_EQ(open_in("<x:a Id='p' xsi:type='T'/>", {"#default"}), Names{});
  EXPECT_EQ(open_in("<a Id='p' xsi:type='T'/>"), Names{}) << "the element's own name is in the default namespace";
  EXPECT_EQ(open_in("<a Id='p' type='x:T'/><b xsi:type='x:T'/>"), Names{}) << "no xsi:type inside";
}

TEST(OpenTypePrefixes, AreBounded) {
  std::string text = "<a Id='p'>";
  for (int i = 0; i < 20; ++i) {
    const std::string name = "p" + std::to_string(i);
    text += "<b xmlns:" + name + "='urn:b' xsi:type='" + name + ":T'/>";
  }
  EXPECT_EQ(open_in(text + "</a>").size(), kMaxOpenPrefixes);
}

TEST(PrefixesInScope, TheNearestDeclarationCounts) {
  const auto parsed = Document::parse(
      base::as_bytes("<r xmlns='urn:d' xmlns:b='urn:b' xmlns:a='urn:a'><m xmlns:c='urn:c'><n xmlns=''/></m></r>"), {});
  ASSERT_TRUE(parsed.has_value());
  const Element middle = parsed->root().children().front();
  EXPECT_EQ(prefixes_in_scope(middle), (Names{"#default", "a", "b", "c"}));
  EXPECT_EQ(prefixes_in_scope(middle.children().front()), (Names{"a", "b", "c"}));
}

}  // namespace
}  // namespace tanba::xmldsig::xml
