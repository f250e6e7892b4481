#include "pki/der.h"

#include <gtest/gtest.h>

#include "pki/oid.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::Code;
using test::at;

Bytes hex(std::string_view text) {
  return *base::from_hex(text);
}
Code code_of_next(std::string_view text) {
  const Bytes octets = hex(text);
  return der::Reader(octets).next().error().code();
}

TEST(DerReader, WalksElements) {
  const Bytes octets = hex("3006020105040101");
  der::Reader outer(octets);
  auto inner = outer.enter(der::kSequence, "sequence");
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(der::read_small_integer(inner->expect(der::kInteger, "number")->value), 5);
  EXPECT_FALSE(inner->optional(der::kBoolean)->has_value());
  EXPECT_FALSE(inner->finish("sequence").has_value());
  EXPECT_EQ(inner->next()->value.size(), 1U);
  EXPECT_TRUE(inner->finish("sequence").has_value());
  EXPECT_TRUE(outer.at_end());
  EXPECT_EQ(outer.expect(der::kInteger, "number").error().code(), Code::kDerMalformed);
}

TEST(DerReader, RefusesWhatIsNotDer) {
  for (const std::string_view bad : {
           "", "30", "3001", "30820001", "308100",                  // cut off
           "30800000",                                              // indefinite
           "0481050000000000", "04820005 0000000000",               // length not in the fewest octets
           "04890100000000000000000000", "04ff", "0485ffffffffff",  // too large
           "1f810000", "0000",                                      // high tag number, end-of-contents
       }) {
    std::string text(bad);
    std::erase(text, ' ');
    EXPECT_EQ(code_of_next(text), Code::kDerMalformed) << bad;
  }
  EXPECT_EQ(der::parse_single(hex("02010500"), der::kInteger, "x").error().code(), Code::kDerTrailing);
}

TEST(DerBer, MakesDerOfIndefiniteLengthsAndSegments) {
  // SEQUENCE (indefinite) { OCTET STRING (constructed, indefinite) { 01 02, 03 }, INTEGER with a long length }
  const Bytes ber =
      hex("3080248004020102040103000002810105"
          "0000");
  EXPECT_EQ(base::to_hex(*der::from_ber(ber)), "30080403010203020105");
  // Segments of segments.
  EXPECT_EQ(base::to_hex(*der::from_ber(hex("240a2404040201020402"
                                            "0304"))),
            "040401020304");
  // DER comes back as it was, without a copy.
  const Bytes plain = hex("30080403010203020105");
  Bytes storage;
  EXPECT_EQ(der::normalise(plain, storage)->data(), plain.data());
  EXPECT_EQ(der::from_ber(plain), plain);
  EXPECT_EQ(base::to_hex(*der::normalise(ber, storage)), "30080403010203020105");
}

TEST(DerBer, LongContentsGetLongLengths) {
  Bytes ber = hex("2480");
  Bytes content;
  for (int i = 0; i < 300; ++i) {
    const Bytes segment = {0x04, 0x01, static_cast<std::uint8_t>(i)};
    ber.insert(ber.end(), segment.begin(), segment.end());
    content.push_back(static_cast<std::uint8_t>(i));
  }
  ber.insert(ber.end(), {0, 0});
  EXPECT_EQ(*der::from_ber(ber), der::write_octet_string(content));
}

TEST(DerBer, RefusesBadBer) {
  for (const char* bad : {"3080", "308002010500", "30800000ff",
                          "2480020101"
                          "0000",
                          "0480", "30060201",
                          "23800302000100"
                          "00",
                          "3003020105ff", "30800001", ""}) {
    const Bytes octets = hex(bad);
    EXPECT_FALSE(der::from_ber(octets).has_value()) << bad;
    Bytes storage;
    EXPECT_FALSE(der::normalise(octets, storage).has_value()) << bad;
  }
}

TEST(DerBer, DepthIsBounded) {
  Bytes deep;
  for (int i = 0; i < 100; ++i) deep.insert(deep.end(), {0x30, 0x80});
  EXPECT_EQ(der::from_ber(deep).error().code(), Code::kLimitDepth);
}

TEST(DerBer, ElementsAreCounted) {
  Bytes many = hex("3080");
  for (int i = 0; i < 1'000'001; ++i) many.insert(many.end(), {0x05, 0x00});
  EXPECT_EQ(der::from_ber(many).error().code(), Code::kLimitCount);
}

TEST(DerValues, Booleans) {
  EXPECT_EQ(der::read_boolean(hex("ff")), true);
  EXPECT_EQ(der::read_boolean(hex("00")), false);
  for (const char* bad : {"01", "", "ffff"}) EXPECT_FALSE(der::read_boolean(hex(bad)).has_value()) << bad;
}

TEST(DerValues, SmallIntegers) {
  EXPECT_EQ(der::read_small_integer(hex("00")), 0);
  EXPECT_EQ(der::read_small_integer(hex("0080")), 128);
  EXPECT_EQ(der::read_small_integer(hex("7fffffffffffffff")), INT64_MAX);
  for (const char* bad : {"", "80", "0001", "008000000000000000", "01000000000000000000"}) {
    EXPECT_FALSE(der::read_small_integer(hex(bad)).has_value()) << bad;
  }
}

TEST(DerValues, BitStrings) {
  EXPECT_EQ(base::to_hex(*der::read_bit_string_octets(hex("00a1"))), "a1");
  EXPECT_FALSE(der::read_bit_string_octets(hex("04a0")).has_value());
  EXPECT_FALSE(der::read_bit_string_octets({}).has_value());
  EXPECT_EQ(der::read_named_bits(hex("06c0")), 3U);         // bits 0 and 1
  EXPECT_EQ(der::read_named_bits(hex("070080")), 1U << 8);  // decipherOnly
  EXPECT_EQ(der::read_named_bits(hex("00")), 0U);
  for (const char* bad : {"", "08ff", "01"}) EXPECT_FALSE(der::read_named_bits(hex(bad)).has_value()) << bad;
}

der::Tlv text_of(std::uint8_t tag, std::string_view text) {
  return {.tag = tag, .value = base::as_bytes(text), .whole = {}};
}

TEST(DerValues, Times) {
  EXPECT_EQ(der::read_time(text_of(der::kUtcTime, "490101000000Z")), at("2049-01-01"));
  EXPECT_EQ(der::read_time(text_of(der::kUtcTime, "500101000000Z")), at("1950-01-01"));
  EXPECT_EQ(der::read_time(text_of(der::kGeneralizedTime, "20500101120000Z")), at("2050-01-01T12:00:00Z"));
  EXPECT_EQ(der::read_time(text_of(der::kGeneralizedTime, "99991231235959Z")), at("9999-12-31T23:59:59Z"));
  for (const char* bad : {"", "4901010000Z", "490101000000", "491301000000Z", "490230000000Z", "490101240000Z",
                          "49010100000aZ", "490101000000+0000"}) {
    EXPECT_FALSE(der::read_time(text_of(der::kUtcTime, bad)).has_value()) << bad;
  }
  EXPECT_FALSE(der::read_time(text_of(der::kGeneralizedTime, "20500101120000.5Z")).has_value());
  EXPECT_EQ(der::read_generalized_time(base::as_bytes("20500101120000.5Z")), at("2050-01-01T12:00:00Z"));
  EXPECT_EQ(der::read_generalized_time(base::as_bytes("20500101120000Z")), at("2050-01-01T12:00:00Z"));
  for (const char* bad : {"20500101120000.Z", "20500101120000,5Z", "20500101120000.5", "205001011200Z", "Z"}) {
    EXPECT_FALSE(der::read_generalized_time(base::as_bytes(bad)).has_value()) << bad;
  }
}

TEST(DerValues, Strings) {
  EXPECT_EQ(der::read_string(text_of(der::kUtf8String, "ИВАНОВ")), "ИВАНОВ");
  EXPECT_EQ(der::read_string(text_of(der::kTeletexString, "\xE9")), "é");
  const Bytes bmp = hex("041804120041");
  EXPECT_EQ(der::read_string({.tag = der::kBmpString, .value = bmp, .whole = {}}), "ИВA");
  const Bytes universal = hex("0001f600");
  EXPECT_EQ(der::read_string({.tag = der::kUniversalString, .value = universal, .whole = {}}), "😀");
  EXPECT_FALSE(der::read_string(text_of(der::kUtf8String, "\xC0\x80")).has_value());
  EXPECT_FALSE(der::read_string(text_of(der::kPrintableString, "\xE9")).has_value());
  EXPECT_FALSE(der::read_string(text_of(der::kBmpString, "abc")).has_value());
  EXPECT_FALSE(der::read_string(text_of(der::kBmpString, "\xD8\x01")).has_value());
  EXPECT_FALSE(der::read_string(text_of(der::kOctetString, "a")).has_value());
}

TEST(DerWriting, RoundTrips) {
  EXPECT_EQ(base::to_hex(der::write_integer(0)), "020100");
  EXPECT_EQ(base::to_hex(der::write_integer(128)), "02020080");
  EXPECT_EQ(base::to_hex(der::write_integer(-1)), "0201ff");
  EXPECT_EQ(base::to_hex(der::write_unsigned(hex("000080"))), "02020080");
  EXPECT_EQ(base::to_hex(der::write_unsigned({})), "020100");
  EXPECT_EQ(base::to_hex(der::write_set_of({hex("020102"), hex("020101")})), "3106020101020102");
  EXPECT_EQ(base::to_hex(der::write_null()), "0500");
  for (const char* time :
       {"1949-12-31T23:59:59Z", "1950-01-01T00:00:00Z", "2026-11-22T04:18:50Z", "2050-01-01T00:00:00Z"}) {
    const Bytes octets = der::write_time(at(time));
    EXPECT_EQ(der::read_time(*der::Reader(octets).next()), at(time));
  }
  EXPECT_EQ(der::write_time(at("2049-12-31")).front(), der::kUtcTime);
  EXPECT_EQ(der::write_time(at("2050-01-01")).front(), der::kGeneralizedTime);
}

TEST(Oids, DottedAndBack) {
  for (const char* dotted :
       {"1.2.840.113549.1.1.11", "2.5.29.15", "0.9.2342.19200300.100.1.25", "1.2.398.3.10.1.1.2.3.2", "2.999.1",
        "2.25.340282366920938463463374607431768211455", "1.3"}) {
    const auto oid = Oid::from_dotted(dotted);
    ASSERT_TRUE(oid.has_value()) << dotted;
    EXPECT_EQ(oid->dotted(), dotted);
    EXPECT_EQ(*Oid::parse(oid->contents()), *oid) << dotted;
  }
  EXPECT_EQ(base::to_hex(Oid::literal("1.2.840.113549").der()), "06062a864886f70d");
}

TEST(Oids, RefusesIllFormed) {
  for (const char* bad : {"", "1", "1.", "3.1", "1.40", "1.2.", "1..2", "1.2.03", "1.2.a", "1.-2", " 1.2",
                          "2.25.999999999999999999999999999999999999999999"}) {
    EXPECT_EQ(Oid::from_dotted(bad).error().code(), Code::kInputMember) << bad;
  }
  for (const char* bad : {"", "2a86", "2a8001", "2aff", "69ffffffffffffffffffffffffffffffffffffffff7f"}) {
    EXPECT_EQ(Oid::parse(hex(bad)).error().code(), Code::kDerMalformed) << bad;
  }
}

}  // namespace
}  // namespace tanba::pki
