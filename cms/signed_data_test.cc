#include "cms/signed_data.h"

#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;

Bytes small_attribute(const char* type, std::uint8_t value) {
  return attribute(pki::Oid::literal(type), {der::write_integer(value)});
}

TEST(Attributes, AreReadInTheirOrder) {
  const Bytes contents = joined({small_attribute("1.2.3", 1), small_attribute("1.2.4", 2)});
  const auto attributes = parse_attributes(contents);
  ASSERT_TRUE(attributes.has_value());
  ASSERT_EQ(attributes->size(), 2U);
  EXPECT_TRUE(attributes->at(0).is(pki::Oid::literal("1.2.3")));
  EXPECT_TRUE(attributes->at(1).is(pki::Oid::literal("1.2.4")));
}

TEST(Attributes, MoreThanTheLimitAreRefused) {
  const std::vector<Bytes> many(kMaxAttributes, small_attribute("1.2.3", 1));
  EXPECT_TRUE(parse_attributes(joined(many)).has_value());
  std::vector<Bytes> too_many = many;
  too_many.push_back(small_attribute("1.2.3", 1));
  EXPECT_EQ(parse_attributes(joined(too_many)).error().code(), Code::kLimitCount);
}

TEST(Attributes, OneValueOfOneAttribute) {
  const pki::Oid type = pki::Oid::literal("1.2.3");
  const Bytes once = small_attribute("1.2.3", 1);
  const auto attributes = [](const Bytes& contents) { return parse_attributes(contents).value(); };
  EXPECT_TRUE(single_value(attributes(once), type, "x").has_value());

  const Bytes other = small_attribute("1.2.4", 1);
  EXPECT_EQ(single_value(attributes(other), type, "x").error().code(), Code::kCmsAttribute);
  EXPECT_FALSE(optional_value(attributes(other), type, "x").value().has_value());
  const Bytes twice = joined({once, once});
  EXPECT_EQ(single_value(attributes(twice), type, "x").error().code(), Code::kCmsAttribute);
  EXPECT_EQ(optional_value(attributes(twice), type, "x").error().code(), Code::kCmsAttribute);
  const Bytes two_values = attribute(type, {der::write_integer(1), der::write_integer(2)});
  EXPECT_EQ(single_value(attributes(two_values), type, "x").error().code(), Code::kCmsAttribute);
  const Bytes no_value = attribute(type, {});
  EXPECT_EQ(single_value(attributes(no_value), type, "x").error().code(), Code::kCmsAttribute);
}

TEST(Attributes, AreDigestedAsSortedSet) {
  const Bytes first = small_attribute("1.2.3", 1);
  const Bytes second = small_attribute("1.2.4", 2);
  const Bytes wanted = der::write_set_of({first, second});
  for (const Bytes& contents : {joined({first, second}), joined({second, first})}) {
    const Bytes received = der::write(der::context_constructed(0), contents);
    const auto attributes = parse_attributes(contents).value();
    EXPECT_EQ(signed_attributes_for_digest(received, attributes), wanted);
  }
}

class Structure : public testing::Test {
 protected:
  void SetUp() override {
    FileSigner signer("head");
    document = sign(context(), signer, base::as_bytes("content"), {.algorithm = rsa_sha256()}).value();
  }
  [[nodiscard]] static Code refusal(const Bytes& octets) {
    const auto parsed = parse_signed_data(octets, base::Limits{});
    return parsed.has_value() ? Code::kInternal : parsed.error().code();
  }
  Bytes document;
};

TEST_F(Structure, IsCutIntoViews) {
  const auto parsed = parse_signed_data(document, base::Limits{});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->version, 1);
  EXPECT_EQ(parsed->content_type, oid::kData);
  EXPECT_EQ(base::as_text(*parsed->content), "content");
  ASSERT_EQ(parsed->signers.size(), 1U);
  const auto info = parse_signer_info(parsed->signers[0]);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->version, 1);
  EXPECT_TRUE(base::equal(info->issuer, certificate("certs/head")->issuer().der()));
  EXPECT_TRUE(base::equal(info->serial, certificate("certs/head")->serial()));
  EXPECT_TRUE(info->signed_attributes.has_value());
  EXPECT_EQ(info->signature.size(), 256U);
}

TEST_F(Structure, MoreSignersThanTheLimitAreRefused) {
  Parts parts(document);
  parts.signers.resize(base::Limits{}.max_signatures, parts.signers[0]);
  EXPECT_EQ(refusal(parts.write()), Code::kInternal);
  parts.signers.push_back(parts.signers[0]);
  EXPECT_EQ(refusal(parts.write()), Code::kLimitCount);
}

TEST_F(Structure, OtherContentInfoIsNotSignedData) {
  const Bytes data = der::write_sequence(
      {oid::kData.der(), der::write(der::context_constructed(0), der::write_octet_string(base::as_bytes("x")))});
  EXPECT_EQ(refusal(data), Code::kCmsNotSignedData);
}

TEST_F(Structure, WhatStandsAfterItsEndIsRefused) {
  Bytes after = document;
  after.push_back(0);
  EXPECT_EQ(refusal(after), Code::kDerTrailing);
  Parts inside(document);
  inside.trailing = der::write_null();
  EXPECT_EQ(refusal(inside.write()), Code::kDerTrailing);
  const SignedData parsed = parse_signed_data(document, base::Limits{}).value();
  EXPECT_EQ(parse_signer_info(with_appended(parsed.signers[0], der::write_null())).error().code(), Code::kDerTrailing);
}

}  // namespace
}  // namespace tanba::cms
