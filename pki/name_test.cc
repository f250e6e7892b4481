#include "pki/name.h"

#include <gtest/gtest.h>

#include "pki/der.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::Code;

Bytes attribute(const Oid& type, std::string_view value, std::uint8_t tag = der::kUtf8String) {
  return der::write_sequence({type.der(), der::write(tag, base::as_bytes(value))});
}
Bytes name_of(std::initializer_list<std::vector<Bytes>> rdns) {
  Bytes contents;
  for (const auto& rdn : rdns) {
    const Bytes set = der::write_set_of(rdn);
    contents.insert(contents.end(), set.begin(), set.end());
  }
  return der::write(der::kSequence, contents);
}
Name parse(const Bytes& der) {
  auto name = Name::parse(der);
  EXPECT_TRUE(name.has_value());
  return name ? *std::move(name) : Name();
}
Name common(std::string_view value, std::uint8_t tag = der::kUtf8String) {
  return parse(name_of({{attribute(oid::kCommonName, value, tag)}}));
}

TEST(Names, CompareWithoutCaseAndSpaces) {
  EXPECT_EQ(common("Example CA"), common("  eXAMPLE \t ca ", der::kPrintableString));
  EXPECT_EQ(common("é"), common("\xE9", der::kTeletexString));
  EXPECT_NE(common("Example CA"), common("ExampleCA"));
  EXPECT_NE(common("ИВАНОВ"), common("иванов"));  // only ASCII is folded
  EXPECT_NE(common("a"), parse(name_of({{attribute(oid::kSurname, "a")}})));
  EXPECT_EQ(common("a").canonical(), common("A").canonical());
}

TEST(Names, RdnsAreSetsInASequence) {
  const Bytes cn = attribute(oid::kCommonName, "a"), organization = attribute(oid::kOrganization, "b");
  EXPECT_NE(parse(name_of({{cn}, {organization}})), parse(name_of({{organization}, {cn}})));
  EXPECT_NE(parse(name_of({{cn}, {organization}})), parse(name_of({{cn, organization}})));
  // The order inside a SET is the writer's affair.
  Bytes backwards, contents;
  contents.insert(contents.end(), organization.begin(), organization.end());
  contents.insert(contents.end(), cn.begin(), cn.end());
  const Bytes sequence = der::write(der::kSequence, der::write(der::kSet, contents));
  EXPECT_EQ(parse(sequence), parse(name_of({{cn, organization}})));
}

TEST(Names, ShownAsRfc4514) {
  const Name name = parse(name_of({{attribute(oid::kCountry, "KZ")},
                                   {attribute(oid::kOrganization, "ТОО \"А, Б\"; <в>")},
                                   {attribute(oid::kCommonName, " #a "), attribute(oid::kSerialNumber, "IIN1")},
                                   {attribute(Oid::literal("1.2.3"), "x=y+z\\")}}));
  EXPECT_EQ(name.rfc4514(), "1.2.3=x=y\\+z\\\\,CN=\\ #a\\ +serialNumber=IIN1,O=ТОО \\\"А\\, Б\\\"\\; \\<в\\>,C=KZ");
  EXPECT_EQ(name.display(), " #a ");
  EXPECT_EQ(name.first(oid::kCountry), "KZ");
  EXPECT_EQ(name.first(oid::kEmail), std::nullopt);
}

TEST(Names, DisplayFallsBack) {
  EXPECT_EQ(parse(name_of({{attribute(oid::kOrganization, "b")}})).display(), "b");
  EXPECT_EQ(parse(name_of({{attribute(oid::kCountry, "KZ")}})).display(), "C=KZ");
  EXPECT_TRUE(parse(name_of({})).empty());
}

TEST(Names, ValuesThatAreNoStrings) {
  const Bytes bits = der::write(der::kBitString, Bytes{0, 0xA1});
  const Bytes pair = der::write_sequence({Oid::literal("2.5.4.45").der(), bits});
  EXPECT_EQ(parse(name_of({{pair}})).rfc4514(), "2.5.4.45=#030200a1");
}

TEST(Names, RefusesTheMalformed) {
  const Bytes bad_utf8 = name_of({{attribute(oid::kCommonName, "\xFF")}});
  const Bytes empty_rdn = der::write(der::kSequence, der::write(der::kSet, {}));
  for (const Bytes& bad : {Bytes{}, bad_utf8, empty_rdn, der::write(der::kSequence, der::write_null()),
                           der::write(der::kSequence, der::write(der::kSet, der::write_null()))}) {
    EXPECT_EQ(Name::parse(bad).error().code(), Code::kDerMalformed) << base::to_hex(bad);
  }
}

}  // namespace
}  // namespace tanba::pki
