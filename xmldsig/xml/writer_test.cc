#include "xmldsig/xml/writer.h"

#include <gtest/gtest.h>

#include "xmldsig/xml/document.h"

namespace tanba::xmldsig::xml {
namespace {

TEST(Writer, WritesWhatAParserReadsBack) {
  const std::string awkward = "a<b>&\"'\r\n\tЖ ]]>";
  Writer writer;
  writer.open("n:a").attribute("xmlns:n", "urn:n").attribute("k", awkward).element("n:b", awkward).open("n:c").close();
  const auto text = writer.finish();
  ASSERT_TRUE(text.has_value());
  const auto document = Document::parse(base::as_bytes(*text), {});
  ASSERT_TRUE(document.has_value()) << *text;
  EXPECT_EQ(document->root().attribute("k"), awkward);
  EXPECT_EQ(*child_text(document->root(), "urn:n", "b"), awkward);
  EXPECT_TRUE(only_child(document->root(), "urn:n", "c").has_value());
}

TEST(Writer, WritesTheExpectedText) {
  Writer writer(Writer::Declaration::kNone);
  writer.open("a").open("b").attribute("c", "1").close().text("x").element("d", "");
  EXPECT_EQ(*writer.finish(), "<a><b c=\"1\"/>x<d></d></a>");
  EXPECT_EQ(*Writer().open("a").close().finish(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a/>");
}

TEST(Writer, RefusesWhatXmlCannotCarry) {
  for (const std::string_view bad : {std::string_view("a\0b", 3), std::string_view("\x1F"), std::string_view("\xFF"),
                                     std::string_view("\xEF\xBF\xBF"), std::string_view("\xEF\xBF\xBE")}) {
    EXPECT_EQ(Writer().open("a").text(bad).finish().error().code(), base::Code::kInputUtf8);
    EXPECT_EQ(Writer().open("a").attribute("b", bad).finish().error().code(), base::Code::kInputUtf8);
  }
  EXPECT_TRUE(Writer().open("a").text("\t\n\r").finish().has_value());
}

}  // namespace
}  // namespace tanba::xmldsig::xml
