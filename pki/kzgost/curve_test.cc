#include "pki/kzgost/curve.h"

#include "pki/kzgost/key.h"
#include "pki/kzgost/test_support.h"

namespace tanba::pki::kzgost {
namespace {

using test::Bytes;
using test::ByteView;
using test::Library;

// Numbers of the curves, as RFC 4357 and RFC 7836 print them.
struct Numbers {
  std::string_view p;
  std::string_view q;
  std::string_view x;
  std::string_view y;
};
Numbers numbers(KeyType type) {
  switch (type) {
    case KeyType::k2004:
      return {"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd97",
              "ffffffffffffffffffffffffffffffff6c611070995ad10045841b09b761b893",
              "0000000000000000000000000000000000000000000000000000000000000001",
              "8d91e471e0989cda27df505a453f2b7635294f2ddf23e3b122acc99c9e9f1e14"};
    case KeyType::k2015_256:
      return {"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd97",
              "400000000000000000000000000000000fd8cddfc87b6635c115af556c360c67",
              "91e38443a5e82c0d880923425712b2bb658b9196932e02c78b2582fe742daa28",
              "32879423ab1a0375895786c4bb46e9565fde0b5344766740af268adb32322e5c"};
    case KeyType::k2015_512:
      break;
  }
  return {
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
      "fff"
      "ffffffffffdc7",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85d"
      "cac"
      "db1411f10b275",
      "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "000"
      "0000000000003",
      "7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b8"
      "89a"
      "589cb5215f2a4"};
}

Bytes little_endian(std::string_view hex) {
  Bytes octets = test::from_hex(hex);
  std::ranges::reverse(octets);
  return octets;
}
Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}
Bytes small(std::size_t size, std::uint8_t value) {
  Bytes octets(size, 0);
  octets[0] = value;
  return octets;
}
Bytes minus_one(Bytes number) {
  for (std::uint8_t& octet : number) {
    if (octet-- != 0) break;
  }
  return number;
}

class EachCurve : public ::testing::TestWithParam<KeyType> {
 protected:
  EachCurve() {
    auto curve = Curve::create(GetParam(), library_.get());
    EXPECT_TRUE(curve.has_value());
    curve_ = *std::move(curve);
  }
  [[nodiscard]] Reason point_reason(ByteView octets) const {
    const auto point = curve_->point(octets);
    return point ? Reason::kInternal : point.error();
  }
  [[nodiscard]] Reason verify_reason(const Point& key, ByteView digest, ByteView signature) const {
    const Done done = curve_->verify(key, digest, signature);
    return done ? Reason::kInternal : done.error();
  }
  [[nodiscard]] std::size_t size() const { return curve_->row().field_bytes(); }
  [[nodiscard]] Bytes q() const { return little_endian(numbers(GetParam()).q); }
  [[nodiscard]] Bytes p() const { return little_endian(numbers(GetParam()).p); }
  [[nodiscard]] Bytes generator() const {
    return joined(little_endian(numbers(GetParam()).x), little_endian(numbers(GetParam()).y));
  }

  Library library_;
  std::unique_ptr<Curve> curve_;
};

TEST_P(EachCurve, DerivesTheGeneratorFromOne) {
  const auto derived = curve_->derive(small(size(), 1));
  ASSERT_TRUE(derived.has_value());
  EXPECT_EQ(base::to_hex(derived->view()), base::to_hex(generator()));
  EXPECT_TRUE(curve_->point(generator()).has_value());
}

TEST_P(EachCurve, RefusesWhatIsNoPointOfTheGroup) {
  const Bytes good = generator();
  EXPECT_EQ(point_reason(ByteView(good).first(good.size() - 1)), Reason::kPointLength);
  EXPECT_EQ(point_reason(joined(good, {0})), Reason::kPointLength);
  EXPECT_EQ(point_reason({}), Reason::kPointLength);
  EXPECT_EQ(point_reason(Bytes(good.size(), 0)), Reason::kPointInfinity);
  EXPECT_EQ(point_reason(Bytes(good.size(), 0xff)), Reason::kPointRange);
  EXPECT_EQ(point_reason(joined(p(), Bytes(good.begin() + static_cast<long>(size()), good.end()))),
            Reason::kPointRange);
  EXPECT_EQ(point_reason(joined(Bytes(good.begin(), good.begin() + static_cast<long>(size())), p())),
            Reason::kPointRange);
  for (std::size_t bit = 0; bit < 16; ++bit) {
    Bytes changed = good;
    changed[size() + bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_EQ(point_reason(changed), Reason::kPointOffCurve) << bit;
  }
}

TEST_P(EachCurve, TakesScalarsFromOneToTheOrder) {
  EXPECT_TRUE(curve_->check_scalar(small(size(), 1)).has_value());
  EXPECT_TRUE(curve_->check_scalar(minus_one(q())).has_value());
  EXPECT_EQ(curve_->check_scalar(small(size(), 0)).error(), Reason::kScalarRange);
  EXPECT_EQ(curve_->check_scalar(q()).error(), Reason::kScalarRange);
  EXPECT_EQ(curve_->check_scalar(Bytes(size(), 0xff)).error(), Reason::kScalarRange);
  EXPECT_EQ(curve_->check_scalar(small(size() - 1, 1)).error(), Reason::kScalarLength);
  EXPECT_EQ(curve_->check_scalar(small(size() + 1, 1)).error(), Reason::kScalarLength);
}

TEST_P(EachCurve, DrawsScalarsThatDiffer) {
  FixedOctets<kMaxFieldBytes> a(size()), b(size());
  ASSERT_TRUE(curve_->random_scalar(a.span()).has_value());
  ASSERT_TRUE(curve_->random_scalar(b.span()).has_value());
  EXPECT_FALSE(equal(a.view(), b.view()));
  EXPECT_TRUE(curve_->check_scalar(a.view()).has_value());
}

class EachCurveSigning : public EachCurve {
 protected:
  EachCurveSigning() : private_(size()) {
    EXPECT_TRUE(curve_->random_scalar(private_.span()).has_value());
    auto point = curve_->point(curve_->derive(private_.view())->view());
    EXPECT_TRUE(point.has_value());
    key_ = *std::move(point);
  }
  [[nodiscard]] SignatureOctets sign(ByteView digest) const {
    auto signature = curve_->sign(private_.view(), digest);
    EXPECT_TRUE(signature.has_value());
    return *signature;
  }
  FixedOctets<kMaxFieldBytes> private_;
  Point key_;
};

TEST_P(EachCurveSigning, VerifiesWhatItSigned) {
  for (int i = 0; i < 20; ++i) {
    const Bytes digest = test::random_octets(size());
    const auto signature = sign(digest);
    EXPECT_TRUE(curve_->verify(key_, digest, signature.view()).has_value());
    EXPECT_EQ(verify_reason(key_, test::random_octets(size()), signature.view()), Reason::kSignatureBroken);
  }
}

TEST_P(EachCurveSigning, SignsTheSameTwiceWithOtherNonces) {
  const Bytes digest = test::random_octets(size());
  EXPECT_FALSE(equal(sign(digest).view(), sign(digest).view()));
}

// RFC 7091 6.1, step 2: digests of 0 and q are both e = 1; a digest of 1 is it as well.
TEST_P(EachCurveSigning, CountsDigestsModuloTheOrder) {
  const std::vector<Bytes> same = {small(size(), 0), small(size(), 1), q()};
  for (const Bytes& signed_digest : same) {
    const auto signature = sign(signed_digest);
    for (const Bytes& digest : same) EXPECT_TRUE(curve_->verify(key_, digest, signature.view()).has_value());
    EXPECT_EQ(verify_reason(key_, small(size(), 2), signature.view()), Reason::kSignatureBroken);
  }
  // Above the order, up to the largest number there is.
  const Bytes largest(size(), 0xff);
  EXPECT_TRUE(curve_->verify(key_, largest, sign(largest).view()).has_value());
}

TEST_P(EachCurveSigning, RefusesNumbersOutOfRange) {
  const Bytes digest = test::random_octets(size());
  const auto signature = sign(digest);
  const Bytes r(signature.data(), signature.data() + size());
  const Bytes s(signature.data() + size(), signature.data() + 2 * size());
  const Bytes zero(size(), 0), largest(size(), 0xff);
  ASSERT_TRUE(curve_->verify(key_, digest, joined(r, s)).has_value());
  for (const Bytes& bad : {zero, q(), largest}) {
    EXPECT_EQ(verify_reason(key_, digest, joined(bad, s)), Reason::kSignatureRange);
    EXPECT_EQ(verify_reason(key_, digest, joined(r, bad)), Reason::kSignatureRange);
    EXPECT_EQ(verify_reason(key_, digest, joined(bad, bad)), Reason::kSignatureRange);
  }
  for (const Bytes& edge : {small(size(), 1), minus_one(q())}) {
    EXPECT_EQ(verify_reason(key_, digest, joined(edge, s)), Reason::kSignatureBroken);
    EXPECT_EQ(verify_reason(key_, digest, joined(r, edge)), Reason::kSignatureBroken);
  }
}

// Adding q to s makes another number of the same class: only the one below q is a signature.
TEST_P(EachCurveSigning, RefusesTheSameSignatureOtherwiseWritten) {
  const Bytes digest = test::random_octets(size());
  const auto signature = sign(digest);
  Bytes shifted(signature.data(), signature.data() + signature.size());
  const Bytes order = q();
  unsigned carry = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    carry += static_cast<unsigned>(shifted[size() + i]) + order[i];
    shifted[size() + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  if (carry == 0) {
    EXPECT_EQ(verify_reason(key_, digest, shifted), Reason::kSignatureRange);
  }
}

TEST_P(EachCurveSigning, RefusesWrongLengths) {
  const Bytes digest = test::random_octets(size());
  const auto signature = sign(digest);
  const Bytes long_signature = joined(Bytes(signature.view().begin(), signature.view().end()), {0});
  EXPECT_EQ(verify_reason(key_, digest, signature.view().first(signature.size() - 1)), Reason::kSignatureLength);
  EXPECT_EQ(verify_reason(key_, digest, long_signature), Reason::kSignatureLength);
  EXPECT_EQ(verify_reason(key_, digest, {}), Reason::kSignatureLength);
  EXPECT_EQ(verify_reason(key_, ByteView(digest).first(size() - 1), signature.view()), Reason::kDigestLength);
  EXPECT_EQ(verify_reason(key_, joined(digest, {0}), signature.view()), Reason::kDigestLength);
  EXPECT_EQ(curve_->sign(private_.view(), ByteView(digest).first(size() - 1)).error(), Reason::kDigestLength);
}

TEST_P(EachCurveSigning, NoSingleBitMayChange) {
  const Bytes digest = test::random_octets(size());
  const auto signature = sign(digest);
  const Bytes good(signature.data(), signature.data() + signature.size());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes changed = good;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(curve_->verify(key_, digest, changed).has_value()) << "signature, bit " << bit;
  }
  for (std::size_t bit = 0; bit < 8 * digest.size(); ++bit) {
    Bytes changed = digest;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(curve_->verify(key_, changed, signature.view()).has_value()) << "digest, bit " << bit;
  }
}

// RFC 4491 2.2.2 and RFC 9215: s‖r, most significant octet first; and the two half-way orders.
TEST_P(EachCurveSigning, OtherOctetOrdersDoNotVerify) {
  const Bytes digest = test::random_octets(size());
  const auto signature = sign(digest);
  const Bytes r(signature.data(), signature.data() + size());
  const Bytes s(signature.data() + size(), signature.data() + 2 * size());
  const Bytes r_big(r.rbegin(), r.rend()), s_big(s.rbegin(), s.rend());
  EXPECT_TRUE(curve_->verify(key_, digest, joined(r, s)).has_value());
  EXPECT_FALSE(curve_->verify(key_, digest, joined(s_big, r_big)).has_value());
  EXPECT_FALSE(curve_->verify(key_, digest, joined(r_big, s_big)).has_value());
  EXPECT_FALSE(curve_->verify(key_, digest, joined(s, r)).has_value());
  EXPECT_FALSE(curve_->verify(key_, Bytes(digest.rbegin(), digest.rend()), joined(r, s)).has_value());
}

std::string curve_name(const ::testing::TestParamInfo<KeyType>& info) {
  constexpr std::array kNames = {"Gost2004", "Gost2015x256", "Gost2015x512"};
  return kNames[static_cast<std::size_t>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(Curve, EachCurve, ::testing::ValuesIn(kKeyTypes), curve_name);
INSTANTIATE_TEST_SUITE_P(Curve, EachCurveSigning, ::testing::ValuesIn(kKeyTypes), curve_name);

// On the curve, but of order 2, 4 or 4q: made by solving the curve's equation (certs-test/gost.py).
TEST(Curve, RefusesPointsOfLowOrder) {
  const Library library;
  const auto curve = Curve::create(KeyType::k2015_256, library.get());
  ASSERT_TRUE(curve.has_value());
  for (const std::string_view hex : {
           "aa4aa1e7dc7530a67ec42a195cfe448758d978d4444b978e15ff95f573fe0001"
           "0000000000000000000000000000000000000000000000000000000000000000",
           "77592f8c11c5e7acc09d6af3d1805dbc5393c3955d5ab43875003505c6807f7f"
           "cd0e8ea4344fb70642d93fda75821835fbb94ac1180f1daa5f019f0f52827e7e",
           "0d00000000000000000000000000000000000000000000000000000000000000"
           "a3a6bb4ca6c634dbd507c651cad14df420b53a49cd5de491a789f5a6d9c22975",
       }) {
    const auto point = (*curve)->point(test::from_hex(hex));
    ASSERT_FALSE(point.has_value());
    EXPECT_EQ(point.error(), Reason::kPointOrder);
  }
}

}  // namespace
}  // namespace tanba::pki::kzgost
