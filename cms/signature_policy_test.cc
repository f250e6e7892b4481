#include "cms/signature_policy.h"

#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;

const pki::Oid kId = pki::Oid::literal("2.25.7");

Bytes hash() {
  return der::write_sequence({der::write_sequence({pki::Oid::literal("2.16.840.1.101.3.4.2.1").der()}),
                              der::write_octet_string(Bytes{1, 2, 3})});
}
Bytes qualifier(const pki::Oid& type, std::string_view text) {
  return der::write_sequence({type.der(), der::write(der::kIa5String, base::as_bytes(text))});
}
Code code_of(const Bytes& der) {
  const auto policy = parse_signature_policy(der);
  return policy.has_value() ? Code::kInternal : policy.error().code();
}

TEST(SignaturePolicy, IsReadInEveryForm) {
  const Bytes qualifiers = der::write_sequence({qualifier(pki::Oid::literal("2.25.8"), "a notice"),
                                                qualifier(oid::kSignaturePolicyUri, "http://policy.test"),
                                                qualifier(oid::kSignaturePolicyUri, "http://second.test")});
  const pki::SignaturePolicyFacts whole{
      .id = "2.25.7", .digest_algorithm = "2.16.840.1.101.3.4.2.1", .digest = {1, 2, 3}, .uri = "http://policy.test"};
  EXPECT_EQ(parse_signature_policy(der::write_sequence({kId.der(), hash(), qualifiers})).value(), whole);
  EXPECT_EQ(parse_signature_policy(der::write_sequence({kId.der()})).value(),
            (pki::SignaturePolicyFacts{.id = "2.25.7", .digest_algorithm = {}, .digest = {}, .uri = {}}));
  EXPECT_EQ(parse_signature_policy(der::write_sequence({kId.der(), qualifiers})).value().uri, "http://policy.test");
  EXPECT_EQ(parse_signature_policy(der::write_null()).value(), pki::SignaturePolicyFacts{});
}

TEST(SignaturePolicy, OfAnotherShapeIsNone) {
  EXPECT_EQ(code_of({}), Code::kDerMalformed);
  EXPECT_EQ(code_of(kId.der()), Code::kDerMalformed);
  EXPECT_EQ(code_of(der::write_sequence({hash()})), Code::kDerMalformed);
  EXPECT_EQ(code_of(der::write_sequence({kId.der(), hash(), hash()})), Code::kDerMalformed);
  EXPECT_EQ(code_of(der::write_sequence({kId.der(), hash(), der::write_sequence({}), der::write_null()})),
            Code::kDerTrailing);
  EXPECT_EQ(code_of(joined({der::write_null(), der::write_null()})), Code::kDerTrailing);
}

}  // namespace
}  // namespace tanba::cms
