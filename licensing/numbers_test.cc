#include "licensing/numbers.h"

#include <gtest/gtest.h>

#include "licensing/identity_number.h"

namespace tanba::licensing {
namespace {

using base::Code;

TEST(IdentityNumber, TwelveDigitsWithARightCheckDigit) {
  EXPECT_EQ(parse_identity_number("941240000193")->digits(), "941240000193");
  EXPECT_TRUE(parse_identity_number("850101300015"));
  EXPECT_EQ(parse_identity_number("941240000194").error().code(), Code::kInputIdentityNumber);
  EXPECT_EQ(parse_identity_number("94124000019").error().code(), Code::kInputIdentityNumber);
  EXPECT_EQ(parse_identity_number("9412400001933").error().code(), Code::kInputIdentityNumber);
  EXPECT_EQ(parse_identity_number("94124000019a").error().code(), Code::kInputIdentityNumber);
  EXPECT_EQ(parse_identity_number("").error().code(), Code::kInputIdentityNumber);
  EXPECT_EQ(parse_identity_number("٩٤١٢٤٠").error().code(), Code::kInputIdentityNumber);
}

TEST(IdentityNumber, SecondWeightsDecideWhenTheFirstGiveTen) {
  // 1*1+2*2+5*1 = 10 with the first weights; with 3..11,1,2 it is 3*1+4*2+7*1 = 18, 18 mod 11 = 7.
  EXPECT_EQ(identity_check_digit("12001000000"), '7');
  // Ten with both rows: such a number does not exist, whatever its last digit.
  std::string impossible;
  for (int i = 0; i < 2000 && impossible.empty(); ++i) {
    const std::string eleven = std::to_string(85010130000 + i);
    if (!identity_check_digit(eleven)) impossible = eleven;
  }
  ASSERT_FALSE(impossible.empty());
  for (char digit = '0'; digit <= '9'; ++digit) EXPECT_FALSE(parse_identity_number(impossible + digit));
}

TEST(IdentityNumber, TestContourMaySwitchTheCheckDigitOffButNotTheShape) {
  EXPECT_EQ(parse_identity_number("123456789011").error().code(), Code::kInputIdentityNumber);
  EXPECT_TRUE(parse_identity_number("123456789011", CheckDigitRule::kIgnored));
  EXPECT_TRUE(parse_identity_number("123456789021", CheckDigitRule::kIgnored));
  EXPECT_FALSE(parse_identity_number("12345678901", CheckDigitRule::kIgnored));
}

TEST(IdentityNumber, DatesAndKindsOnlyWarn) {
  const auto number = [](const char* digits) { return *parse_identity_number(digits, CheckDigitRule::kIgnored); };
  EXPECT_TRUE(warnings_about_iin(number("850101300015")).empty());
  EXPECT_EQ(warnings_about_iin(number("851301300015")).at(0).code(), Code::kIdentityNumberShape);
  EXPECT_EQ(warnings_about_iin(number("850101700015")).size(), 1U);
  EXPECT_TRUE(warnings_about_iin(number("000229500015")).empty());   // 2000 is a leap year
  EXPECT_EQ(warnings_about_iin(number("000229300015")).size(), 1U);  // 1900 is none
  EXPECT_TRUE(warnings_about_bin(number("941240000193")).empty());
  EXPECT_EQ(warnings_about_bin(number("941340000193")).size(), 1U);
  EXPECT_EQ(warnings_about_bin(number("941290000193")).size(), 1U);
  EXPECT_EQ(warnings_about_bin(number("941244000193")).size(), 1U);
}

TEST(RegisterNumber, HasOneSpellingAndReadsWhatPeopleType) {
  const auto number = make_register_number(NumberKind::kLicence, 2026, 1, 42);
  ASSERT_TRUE(number);
  const std::string text = number->text();
  EXPECT_EQ(text.substr(0, 18), "L-2026-01-0000042-");
  EXPECT_EQ(parse_register_number(text), *number);
  EXPECT_EQ(parse_register_number("l20260100000 42" + text.substr(18)), *number);
  for (const NumberKind kind :
       {NumberKind::kApplication, NumberKind::kLicence, NumberKind::kPermit, NumberKind::kRefusal}) {
    const auto other = *make_register_number(kind, 2031, 99, 9'999'999);
    EXPECT_EQ(parse_register_number(other.text()), other);
  }
}

// ISO/IEC 7064's own example for MOD 97-10 is 794 with the check characters 44.
TEST(RegisterNumber, EveryWrongCharacterAndEverySwapOfNeighboursIsFound) {
  for (std::uint32_t sequence : {1U, 42U, 1234567U, 9999999U}) {
    const std::string text = make_register_number(NumberKind::kApplication, 2026, 8, sequence)->text();
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '-') continue;
      for (const char c : std::string_view("0123456789ALPR")) {
        std::string wrong = text;
        wrong[at] = c;
        if (wrong == text) continue;
        const auto read = parse_register_number(wrong);
        EXPECT_TRUE(!read && read.error().code() == Code::kRegistryNumber) << wrong;
      }
      const std::size_t next = at + 1 < text.size() && text[at + 1] == '-' ? at + 2 : at + 1;
      if (next >= text.size() || text[at] == text[next]) continue;
      std::string swapped = text;
      std::swap(swapped[at], swapped[next]);
      EXPECT_FALSE(parse_register_number(swapped)) << swapped;
    }
  }
}

TEST(RegisterNumber, RefusesOtherShapes) {
  for (const char* text : {"", "L", "X-2026-01-0000042-71", "L-2026-01-0000042", "L-2026-01-0000042-711",
                           "L-2026-01-00000A2-71", "Ⅼ-2026-01-0000042-71"}) {
    EXPECT_EQ(parse_register_number(text).error().code(), Code::kRegistryNumber) << text;
  }
  EXPECT_FALSE(parse_register_number(std::string(10'000'000, ' ')));
  EXPECT_FALSE(make_register_number(NumberKind::kLicence, 1999, 1, 1));
  EXPECT_FALSE(make_register_number(NumberKind::kLicence, 2026, 0, 1));
  EXPECT_FALSE(make_register_number(NumberKind::kLicence, 2026, 100, 1));
  EXPECT_FALSE(make_register_number(NumberKind::kLicence, 2026, 1, 0));
  EXPECT_FALSE(make_register_number(NumberKind::kLicence, 2026, 1, 10'000'000));
}

TEST(RegisterNumber, KindFollowsDecisionAndRegister) {
  EXPECT_EQ(number_kind(DecisionKind::kGrant, RegisterKind::kLicence), NumberKind::kLicence);
  EXPECT_EQ(number_kind(DecisionKind::kGrant, RegisterKind::kPermit), NumberKind::kPermit);
  EXPECT_EQ(number_kind(DecisionKind::kRefusal, RegisterKind::kPermit), NumberKind::kRefusal);
}

}  // namespace
}  // namespace tanba::licensing
