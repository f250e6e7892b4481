#include "pki/kzgost/key_format.h"

#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::ByteView;

// As НУЦ РК writes them, up to the key itself.
std::string_view spki_head(KeyType type) {
  switch (type) {
    case KeyType::k2004:
      return "306c302506092a830e030a010101013018060a2a830e030a0101010101060a2a830e030a01030101000343000440";
    case KeyType::k2015_256:
      break;
    case KeyType::k2015_512:
      return "3081ac302306092a830e030a010102023016060a2a830e030a010102020106082a830e030a010303038184000481"
             "80";
  }
  return "306a302306092a830e030a010102013016060a2a830e030a010102010106082a830e030a0103020343000440";
}

Bytes ascending(std::size_t size) {
  Bytes octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i + 1);
  return octets;
}

// A TLV with a length of one octet.
Bytes tlv(std::uint8_t tag, const std::vector<Bytes>& parts) {
  Bytes contents;
  for (const Bytes& part : parts) contents.insert(contents.end(), part.begin(), part.end());
  Bytes out = {tag};
  if (contents.size() >= 0x80) out.push_back(0x81);
  out.push_back(static_cast<std::uint8_t>(contents.size()));
  out.insert(out.end(), contents.begin(), contents.end());
  return out;
}
Bytes oid(const FixedOctets<16>& contents) {
  return tlv(0x06, {Bytes(contents.view().begin(), contents.view().end())});
}
Bytes identifier(const KeyRow& key) {
  return tlv(0x30, {oid(key.oid), tlv(0x30, {oid(key.curve_oid), oid(key.digest_oid)})});
}
Bytes spki(const Bytes& algorithm, const Bytes& point) {
  return tlv(0x30, {algorithm, tlv(0x03, {{0}, tlv(0x04, {point})})});
}
Bytes pkcs8(const Bytes& algorithm, const Bytes& inner) {
  return tlv(0x30, {tlv(0x02, {{0}}), algorithm, tlv(0x04, {inner})});
}

Reason public_reason(const KeyRow& key, ByteView der) {
  const auto point = parse_public(key, der);
  return point ? Reason::kInternal : point.error();
}
Reason private_reason(const KeyRow& key, ByteView der) {
  FixedOctets<kMaxFieldBytes> scalar(key.field_bytes());
  const Done done = parse_private(key, der, scalar.span());
  return done ? Reason::kInternal : done.error();
}
Bytes private_octets(const KeyRow& key, ByteView der) {
  FixedOctets<kMaxFieldBytes> scalar(key.field_bytes());
  EXPECT_TRUE(parse_private(key, der, scalar.span()).has_value());
  return {scalar.view().begin(), scalar.view().end()};
}

class EachKey : public ::testing::TestWithParam<KeyType> {
 protected:
  const KeyRow& key_ = row(GetParam());
  const Bytes point_ = ascending(key_.point_bytes());
  const Bytes scalar_ = ascending(key_.field_bytes());
};

TEST_P(EachKey, WritesPublicKeysAsTheAuthorityDoes) {
  const KeyDer der = write_public(key_, point_);
  EXPECT_EQ(base::to_hex(der.view()), std::string(spki_head(GetParam())) + base::to_hex(point_));
  const auto read = parse_public(key_, der.view());
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(equal(*read, point_));
  EXPECT_EQ(recognise(der.view(), KeyStructure::kPublic), GetParam());
  EXPECT_EQ(recognise(der.view(), KeyStructure::kPrivate), std::nullopt);
}

TEST_P(EachKey, ReadsPrivateKeysInBothSpellings) {
  const Bytes big_endian(scalar_.rbegin(), scalar_.rend());
  const Bytes as_octets = pkcs8(identifier(key_), tlv(0x04, {scalar_}));
  const Bytes as_integer = pkcs8(identifier(key_), tlv(0x02, {big_endian}));
  EXPECT_EQ(private_octets(key_, as_octets), scalar_);
  EXPECT_EQ(private_octets(key_, as_integer), scalar_);
  const KeyDer written = write_private(key_, scalar_);
  EXPECT_EQ(base::to_hex(written.view()),
            base::to_hex(key_.spelling == PrivateSpelling::kInteger ? as_integer : as_octets));
  EXPECT_EQ(recognise(written.view(), KeyStructure::kPrivate), GetParam());
}

// INTEGER drops leading zeros and takes one on where the sign would be wrong.
TEST_P(EachKey, KeepsShortAndHighIntegers) {
  Bytes high = scalar_;
  high.back() = 0xff;
  Bytes low(scalar_.size(), 0);
  low[0] = 0x80;
  for (const Bytes& scalar : {high, low, scalar_}) {
    Bytes contents(scalar.rbegin(), scalar.rend());
    while (contents.size() > 1 && contents[0] == 0) contents.erase(contents.begin());
    if ((contents[0] & 0x80) != 0) contents.insert(contents.begin(), 0);
    const Bytes as_integer = pkcs8(identifier(key_), tlv(0x02, {contents}));
    EXPECT_EQ(private_octets(key_, as_integer), scalar);
    EXPECT_EQ(private_octets(key_, write_private(key_, scalar).view()), scalar);
  }
}

TEST_P(EachKey, SkipsAttributesOfPrivateKeys) {
  const Bytes attributes = tlv(0xa0, {tlv(0x30, {oid(key_.oid), tlv(0x31, {})})});
  const Bytes der = tlv(0x30, {tlv(0x02, {{0}}), identifier(key_), tlv(0x04, {tlv(0x04, {scalar_})}), attributes});
  EXPECT_EQ(private_octets(key_, der), scalar_);
  const Bytes other = tlv(0x30, {tlv(0x02, {{0}}), identifier(key_), tlv(0x04, {tlv(0x04, {scalar_})}), tlv(0xa1, {})});
  EXPECT_EQ(private_reason(key_, other), Reason::kDerMalformed);
}

TEST_P(EachKey, RefusesEveryTruncation) {
  const KeyDer public_der = write_public(key_, point_);
  for (std::size_t size = 0; size < public_der.size(); ++size) {
    EXPECT_EQ(public_reason(key_, public_der.view().first(size)), Reason::kDerTruncated) << size;
  }
  const KeyDer private_der = write_private(key_, scalar_);
  for (std::size_t size = 0; size < private_der.size(); ++size) {
    EXPECT_EQ(private_reason(key_, private_der.view().first(size)), Reason::kDerTruncated) << size;
  }
}

TEST_P(EachKey, RefusesWhatFollows) {
  Bytes longer = spki(identifier(key_), point_);
  longer.push_back(0);
  EXPECT_EQ(public_reason(key_, longer), Reason::kDerTrailing);
  Bytes inner = tlv(0x04, {point_});
  inner.push_back(0);
  EXPECT_EQ(public_reason(key_, tlv(0x30, {identifier(key_), tlv(0x03, {{0}, inner})})), Reason::kDerTrailing);
  EXPECT_EQ(public_reason(key_, tlv(0x30, {identifier(key_), tlv(0x03, {{0}, tlv(0x04, {point_})}), tlv(0x05, {})})),
            Reason::kDerTrailing);
  inner = tlv(0x04, {scalar_});
  inner.push_back(0);
  EXPECT_EQ(private_reason(key_, pkcs8(identifier(key_), inner)), Reason::kDerTrailing);
  longer = pkcs8(identifier(key_), tlv(0x04, {scalar_}));
  longer.push_back(0);
  EXPECT_EQ(private_reason(key_, longer), Reason::kDerTrailing);
}

TEST_P(EachKey, RefusesLengthsThatAreNotDer) {
  const Bytes der = spki(identifier(key_), point_);
  Bytes indefinite = der;
  indefinite[1] = 0x80;
  EXPECT_EQ(public_reason(key_, indefinite), Reason::kDerLength);
  // The same element with its length in more octets than it needs.
  const std::size_t header = der[1] < 0x80 ? 2 : 3;
  Bytes overlong = {0x30, 0x82, 0x00, static_cast<std::uint8_t>(der.size() - header)};
  overlong.insert(overlong.end(), der.begin() + static_cast<long>(header), der.end());
  EXPECT_EQ(public_reason(key_, overlong), Reason::kDerLength);
  Bytes enormous = der;
  enormous[1] = 0x84;
  EXPECT_EQ(public_reason(key_, enormous), Reason::kDerLength);
  const Bytes padded = tlv(0x02, {{0}, {0x01}});
  EXPECT_EQ(private_reason(key_, pkcs8(identifier(key_), padded)), Reason::kDerLength);
}

TEST_P(EachKey, RefusesOtherAndMissingParameters) {
  const KeyRow& other = row(GetParam() == KeyType::k2015_512 ? KeyType::k2004 : KeyType::k2015_512);
  const auto with = [&](const Bytes& parameters) {
    const Bytes algorithm = tlv(0x30, {oid(key_.oid), parameters});
    const Reason of_public = public_reason(key_, spki(algorithm, point_));
    EXPECT_EQ(private_reason(key_, pkcs8(algorithm, tlv(0x04, {scalar_}))), of_public);
    return of_public;
  };
  EXPECT_EQ(with({}), Reason::kParametersMissing);
  EXPECT_EQ(with(tlv(0x05, {})), Reason::kParametersMissing);
  EXPECT_EQ(with(tlv(0x30, {})), Reason::kParametersMissing);
  EXPECT_EQ(with(tlv(0x30, {oid(key_.curve_oid)})), Reason::kParametersMissing);
  EXPECT_EQ(with(tlv(0x30, {oid(other.curve_oid), oid(key_.digest_oid)})), Reason::kParametersWrong);
  EXPECT_EQ(with(tlv(0x30, {oid(key_.curve_oid), oid(other.digest_oid)})), Reason::kParametersWrong);
  EXPECT_EQ(with(tlv(0x30, {oid(key_.digest_oid), oid(key_.curve_oid)})), Reason::kParametersWrong);
  EXPECT_EQ(with(tlv(0x30, {oid(key_.curve_oid), oid(key_.digest_oid), tlv(0x05, {})})), Reason::kParametersWrong);
  EXPECT_EQ(with(oid(key_.curve_oid)), Reason::kParametersWrong);
}

TEST_P(EachKey, RefusesKeysOfOtherShapes) {
  const Bytes algorithm = identifier(key_);
  EXPECT_EQ(public_reason(key_, spki(algorithm, Bytes(point_.size() - 1, 1))), Reason::kPointLength);
  EXPECT_EQ(public_reason(key_, spki(algorithm, {})), Reason::kPointLength);
  EXPECT_EQ(public_reason(key_, tlv(0x30, {algorithm, tlv(0x03, {{1}, tlv(0x04, {point_})})})), Reason::kDerMalformed);
  EXPECT_EQ(public_reason(key_, tlv(0x30, {algorithm, tlv(0x03, {})})), Reason::kDerMalformed);
  // The bare point, as other curves have it.
  EXPECT_EQ(public_reason(key_, tlv(0x30, {algorithm, tlv(0x03, {{0}, point_})})), Reason::kDerMalformed);
  EXPECT_EQ(public_reason(key_, tlv(0x30, {algorithm, tlv(0x04, {point_})})), Reason::kDerMalformed);
  EXPECT_EQ(private_reason(key_, pkcs8(algorithm, tlv(0x04, {Bytes(scalar_.size() - 1, 1)}))), Reason::kScalarLength);
  EXPECT_EQ(private_reason(key_, pkcs8(algorithm, tlv(0x02, {Bytes(scalar_.size() + 1, 1)}))), Reason::kScalarLength);
  EXPECT_EQ(private_reason(key_, pkcs8(algorithm, tlv(0x02, {{0x80}}))), Reason::kScalarRange);
  EXPECT_EQ(private_reason(key_, pkcs8(algorithm, tlv(0x02, {}))), Reason::kDerMalformed);
  EXPECT_EQ(private_reason(key_, pkcs8(algorithm, {})), Reason::kDerTruncated);
  EXPECT_EQ(private_reason(key_, tlv(0x30, {tlv(0x02, {{1}}), algorithm, tlv(0x04, {tlv(0x04, {scalar_})})})),
            Reason::kVersion);
}

std::string key_name(const ::testing::TestParamInfo<KeyType>& info) {
  constexpr std::array kNames = {"Gost2004", "Gost2015x256", "Gost2015x512"};
  return kNames[static_cast<std::size_t>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(KeyFormat, EachKey, ::testing::ValuesIn(kKeyTypes), key_name);

TEST(KeyFormat, LeavesForeignKeysToOthers) {
  // Ed25519 (RFC 8410 10.1), and what is no key at all.
  const Bytes ed25519 =
      test::from_hex("302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
  EXPECT_EQ(recognise(ed25519, KeyStructure::kPublic), std::nullopt);
  EXPECT_EQ(recognise({}, KeyStructure::kPublic), std::nullopt);
  EXPECT_EQ(recognise(test::from_hex("3000"), KeyStructure::kPrivate), std::nullopt);
  // The Russian key type has another octet order's signatures.
  const Bytes russian = tlv(0x30, {tlv(0x30, {test::from_hex("06082a85030701010102")}), tlv(0x03, {{0}})});
  EXPECT_EQ(recognise(russian, KeyStructure::kPublic), std::nullopt);
}

TEST(KeyFormat, NamesSignatures) {
  EXPECT_EQ(base::to_hex(write_signature_algorithm(row(KeyType::k2004)).view()), "300d06092a830e030a010101020500");
  EXPECT_EQ(base::to_hex(write_signature_algorithm(row(KeyType::k2015_512)).view()),
            "300e060a2a830e030a01010203020500");
}

}  // namespace
}  // namespace tanba::pki::kzgost
