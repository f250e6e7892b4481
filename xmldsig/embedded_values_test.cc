#include "xmldsig/embedded_values.h"

#include <gtest/gtest.h>

#include <string>

namespace tanba::xmldsig {
namespace {

class EmbeddedValuesTest : public testing::Test {
 protected:
  void add(const std::string& elements) {
    auto document = xml::Document::parse(base::as_bytes("<a>" + elements + "</a>"), {});
    ASSERT_TRUE(document.has_value());
    values_.add(document->root().children());
  }
  // Elements whose text is the base64 of numbers, from..from+count.
  static std::string numbered(std::size_t from, std::size_t count) {
    std::string text;
    for (std::size_t i = from; i < from + count; ++i) {
      text += "<v>" + base::to_base64(base::as_bytes("value " + std::to_string(i))) + "</v>";
    }
    return text;
  }
  std::vector<base::Bytes> found_;
  EmbeddedValues values_{found_};
};

TEST_F(EmbeddedValuesTest, EachIsKeptOnceAndWhatIsNoBase64IsPassedOver) {
  add("<v>AQI=</v><v>?</v><v>AQI=</v><v> AQ\n I= </v><v><w/></v><v>AQM=</v>");
  EXPECT_EQ(found_, (std::vector<base::Bytes>{{1, 2}, {1, 3}}));
}

TEST_F(EmbeddedValuesTest, TheFirstOfAllSignaturesTogetherAreKept) {
  add(numbered(0, 200));
  add(numbered(100, 200));  // half of them again
  ASSERT_EQ(found_.size(), kMaxEmbeddedValues);
  EXPECT_EQ(base::as_text(found_.back()), "value 255");
}

// Work grows with what is kept, not with what somebody added.
TEST_F(EmbeddedValuesTest, WhatIsBeyondTheBoundIsNotDecoded) {
  add(numbered(0, 5000));
  EXPECT_EQ(values_.decoded(), kMaxEmbeddedValues);
  add(numbered(5000, 10));
  EXPECT_EQ(values_.decoded(), kMaxEmbeddedValues);
}

}  // namespace
}  // namespace tanba::xmldsig
