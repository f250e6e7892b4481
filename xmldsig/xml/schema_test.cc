#include "xmldsig/xml/schema.h"

#include <gtest/gtest.h>

namespace tanba::xmldsig::xml {
namespace {

constexpr std::string_view kSchema = R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:n"
    xmlns="urn:n" elementFormDefault="qualified">
  <xs:element name="a"><xs:complexType><xs:sequence>
    <xs:element name="number" maxOccurs="100"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{3}"/>
    </xs:restriction></xs:simpleType></xs:element>
    <xs:any namespace="http://www.w3.org/2000/09/xmldsig#" processContents="skip" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>)";

std::vector<std::string> violations(const Schema& schema, std::string_view text) {
  const auto document = Document::parse(base::as_bytes(text), {});
  EXPECT_TRUE(document.has_value());
  const auto found = schema.violations(*document);
  EXPECT_TRUE(found.has_value());
  return *found;
}

TEST(Schema, AcceptsWhatFollowsIt) {
  const auto schema = Schema::compile(kSchema);
  ASSERT_TRUE(schema.has_value()) << schema.error().cause();
  EXPECT_TRUE(violations(*schema, "<a xmlns='urn:n'><number>123</number></a>").empty());
  EXPECT_TRUE(violations(*schema,
                         "<x:a xmlns:x='urn:n'><x:number>123</x:number><Signature "
                         "xmlns='http://www.w3.org/2000/09/xmldsig#'><z/></Signature></x:a>")
                  .empty());
}

TEST(Schema, SaysWhatDoesNot) {
  const auto schema = Schema::compile(kSchema);
  ASSERT_TRUE(schema.has_value());
  const auto found = violations(*schema, "<a xmlns='urn:n'>\n<number>12</number></a>");
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found.front().find("(line 2)"), std::string::npos) << found.front();
  EXPECT_FALSE(violations(*schema, "<a><number>123</number></a>").empty());  // no namespace
  EXPECT_FALSE(violations(*schema, "<a xmlns='urn:n'/>").empty());           // nothing inside
  EXPECT_FALSE(violations(*schema, "<a xmlns='urn:n'><number>123</number><b/></a>").empty());
}

TEST(Schema, CollectsOnlySoMany) {
  const auto schema = Schema::compile(kSchema);
  ASSERT_TRUE(schema.has_value());
  std::string text = "<a xmlns='urn:n'>";
  for (int i = 0; i < 90; ++i) text += "<number>x</number>";
  EXPECT_EQ(violations(*schema, text + "</a>").size(), kMaxViolations);
}

TEST(Schema, DoesNotCompileFromNonsenseOrFetch) {
  EXPECT_FALSE(Schema::compile("<a/>").has_value());
  EXPECT_FALSE(Schema::compile("nonsense").has_value());
  EXPECT_FALSE(Schema::compile(R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include
      schemaLocation="/etc/hostname"/><xs:element name="a"/></xs:schema>)")
                   .has_value());
}

}  // namespace
}  // namespace tanba::xmldsig::xml
