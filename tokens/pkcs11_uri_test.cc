#include "tokens/pkcs11_uri.h"

#include <gtest/gtest.h>

namespace tanba::tokens {
namespace {

TEST(Pkcs11UriTest, ReadsEveryAttribute) {
  const auto uri = parse_pkcs11_uri(
      "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;serial=4c;model=1.0;"
      "library-manufacturer=LM;library-description=LD;library-version=3.1;slot-manufacturer=SM;slot-description=SD;"
      "slot-id=327;object=my-%D1%84;id=%69%95%3E%00;type=private"
      "?module-path=/usr/lib/x.so&module-name=x&pin-source=file:/etc/token_pin");
  ASSERT_TRUE(uri) << uri.error().message();
  EXPECT_EQ(uri->token, "The Software PKCS#11 Softtoken");
  EXPECT_EQ(uri->manufacturer, "Snake Oil, Inc.");
  EXPECT_EQ(uri->serial, "4c");
  EXPECT_EQ(uri->model, "1.0");
  EXPECT_EQ(uri->library_manufacturer, "LM");
  EXPECT_EQ(uri->library_description, "LD");
  EXPECT_EQ(uri->library_version, "3.1");
  EXPECT_EQ(uri->slot_manufacturer, "SM");
  EXPECT_EQ(uri->slot_description, "SD");
  EXPECT_EQ(uri->slot_id, 327UL);
  EXPECT_EQ(uri->object, "my-ф");
  EXPECT_EQ(uri->id, (base::Bytes{0x69, 0x95, 0x3E, 0x00}));
  EXPECT_EQ(uri->type, ObjectType::kPrivate);
  EXPECT_EQ(uri->module_path, "/usr/lib/x.so");
  EXPECT_EQ(uri->module_name, "x");
  EXPECT_EQ(uri->pin_source, "/etc/token_pin");
  EXPECT_EQ(parse_pkcs11_uri(format_pkcs11_uri(*uri)), *uri);
}

struct Accepted {
  const char* name;
  const char* text;
  const char* formatted;
};
class AcceptedUri : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptedUri, IsFormattedInOneWay) {
  const auto uri = parse_pkcs11_uri(GetParam().text);
  ASSERT_TRUE(uri) << uri.error().message();
  EXPECT_EQ(format_pkcs11_uri(*uri), GetParam().formatted);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AcceptedUri,
    testing::Values(Accepted{"empty", "pkcs11:", "pkcs11:"},
                    Accepted{"scheme_in_capitals", "PKCS11:token=a", "pkcs11:token=a"},
                    Accepted{"order_does_not_matter", "pkcs11:object=o;token=t", "pkcs11:token=t;object=o"},
                    Accepted{"empty_value", "pkcs11:object=", "pkcs11:object="},
                    Accepted{"reserved_that_are_allowed", "pkcs11:token=:[]@!$'()*+,=&",
                             "pkcs11:token=%3A%5B%5D%40%21%24%27%28%29%2A%2B%2C%3D%26"},
                    Accepted{"id_with_plain_letters", "pkcs11:id=ab", "pkcs11:id=%61%62"},
                    Accepted{"query_with_slashes", "pkcs11:?module-path=/a/b", "pkcs11:?module-path=%2Fa%2Fb"},
                    Accepted{"names_in_capitals", "pkcs11:TOKEN=a?Module-Name=b", "pkcs11:token=a?module-name=b"},
                    Accepted{"version_without_minor", "pkcs11:library-version=3", "pkcs11:library-version=3.0"},
                    Accepted{"query_unknown", "pkcs11:token=a?colour=red&module-name=b&colour=green&x-v=1",
                             "pkcs11:token=a?module-name=b"},
                    Accepted{"pin_file_with_three_slashes", "pkcs11:?pin-source=file:///a",
                             "pkcs11:?pin-source=file:%2Fa"}),
    [](const auto& test) { return std::string(test.param.name); });

struct Refused {
  const char* name;
  const char* text;
};
class RefusedUri : public testing::TestWithParam<Refused> {};

TEST_P(RefusedUri, IsTokenUri) {
  const auto uri = parse_pkcs11_uri(GetParam().text);
  ASSERT_FALSE(uri);
  EXPECT_EQ(base::dotted(uri.error().code()), "token.uri");
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedUri,
    testing::Values(Refused{"nothing", ""}, Refused{"another_scheme", "pkcs12:token=a"},
                    Refused{"a_file_name", "/tmp/key.p12"}, Refused{"without_a_value", "pkcs11:token"},
                    Refused{"twice", "pkcs11:token=a;token=a"}, Refused{"id_twice", "pkcs11:id=%01;id=%02"},
                    Refused{"unknown", "pkcs11:colour=red"}, Refused{"vendors_own", "pkcs11:x-vendor=1"},
                    Refused{"empty_attribute", "pkcs11:token=a;"}, Refused{"space", "pkcs11:token=a b"},
                    Refused{"slash_in_path", "pkcs11:token=a/b"}, Refused{"half_a_percent", "pkcs11:token=%4"},
                    Refused{"percent_of_no_digits", "pkcs11:token=%zz"}, Refused{"type", "pkcs11:type=pubkey"},
                    Refused{"slot_negative", "pkcs11:slot-id=-1"}, Refused{"slot_empty", "pkcs11:slot-id="},
                    Refused{"slot_too_large", "pkcs11:slot-id=99999999999999999999"},
                    Refused{"non_ascii", "pkcs11:token=ф"}, Refused{"pin_value", "pkcs11:?pin-value=1234"},
                    Refused{"pin_from_a_command", "pkcs11:?pin-source=%7C/bin/pin"},
                    Refused{"pin_from_http", "pkcs11:?pin-source=http://a"},
                    Refused{"pin_from_another_host", "pkcs11:?pin-source=file://host/a"},
                    Refused{"pin_relative", "pkcs11:?pin-source=file:pin"},
                    Refused{"query_unknown_and_wrong", "pkcs11:?colour=r d"},
                    Refused{"pin_value_in_capitals", "pkcs11:?PIN-VALUE=1234"},
                    Refused{"version_no_number", "pkcs11:library-version=a"},
                    Refused{"version_of_three", "pkcs11:library-version=1.2.3"},
                    Refused{"version_too_large", "pkcs11:library-version=1.256"},
                    Refused{"version_unfinished", "pkcs11:library-version=1."},
                    Refused{"version_negative", "pkcs11:library-version=-1"},
                    Refused{"query_twice", "pkcs11:?module-name=a&module-name=b"},
                    Refused{"empty_query", "pkcs11:token=a?"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Pkcs11UriTest, RefusesOversizedText) {
  EXPECT_TRUE(parse_pkcs11_uri("pkcs11:token=" + std::string(1000, 'a')));
  EXPECT_FALSE(parse_pkcs11_uri("pkcs11:token=" + std::string(5000, 'a')));
}

TEST(Pkcs11UriTest, ErrorsDoNotShowThePin) {
  const auto uri = parse_pkcs11_uri("pkcs11:token=a?pin-value=secret99");
  ASSERT_FALSE(uri);
  EXPECT_EQ(uri.error().message().find("secret99"), std::string::npos);
}

}  // namespace
}  // namespace tanba::tokens
