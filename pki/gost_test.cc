// ГОСТ keys and signatures through pki's own interfaces: what is accepted, and with which code the rest is refused.
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <functional>

#include "pki/der.h"
#include "pki/kzgost/key_format.h"
#include "pki/test_support.h"
#include "pki/verify_signature.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;

const Bytes kMessage = base::to_bytes(base::as_bytes("Таңба"));

struct KindCase {
  const char* name;
  kzgost::KeyType type;
  KeyKind kind;
  SignatureScheme scheme;
  DigestAlgorithm digest;
};
constexpr KindCase kKinds[] = {
    {"Gost2004", kzgost::KeyType::k2004, KeyKind::kGost2004, SignatureScheme::kGost2004, DigestAlgorithm::kGost34311},
    {"Gost2015x256", kzgost::KeyType::k2015_256, KeyKind::kGost2015_256, SignatureScheme::kGost2015_256,
     DigestAlgorithm::kStreebog256},
    {"Gost2015x512", kzgost::KeyType::k2015_512, KeyKind::kGost2015_512, SignatureScheme::kGost2015_512,
     DigestAlgorithm::kStreebog512},
};

Bytes reversed(ByteView octets) {
  return {octets.rbegin(), octets.rend()};
}
Bytes joined(ByteView a, ByteView b) {
  Bytes out(a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}
void flip(Bytes& octets, std::size_t bit) {
  octets[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
}

class GostKeys : public ::testing::TestWithParam<KindCase> {
 protected:
  GostKeys() {
    const EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(context_->library(), row_.names.short_name, nullptr));
    EVP_PKEY* made = nullptr;
    EXPECT_TRUE(maker && EVP_PKEY_keygen_init(maker.get()) == 1 && EVP_PKEY_generate(maker.get(), &made) == 1);
    key_.reset(made);
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(made, &der);
    spki_.assign(der, der + std::max(size, 0));
    OPENSSL_free(der);
    info_ = *parse_public_key_info(spki_);
    algorithm_.scheme = GetParam().scheme;
    algorithm_.digest = GetParam().digest;
    signature_ = sign(kMessage);
  }

  // By the provider alone.
  [[nodiscard]] Bytes sign(ByteView message) const {
    const EvpMdCtxPtr signing(EVP_MD_CTX_new());
    Bytes value(row_.signature_bytes());
    std::size_t size = value.size();
    EXPECT_EQ(EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, key_.get()), 1);
    EXPECT_EQ(EVP_DigestSign(signing.get(), value.data(), &size, message.data(), message.size()), 1);
    return value;
  }
  [[nodiscard]] base::Status verify(const PublicKeyInfo& key, ByteView message, ByteView signature) const {
    return verify_signature(*context_, key, algorithm_, message, signature);
  }
  // What the context says of a key in this DER: "code: the argument up to its colon".
  [[nodiscard]] std::string refusal(const Bytes& spki) const {
    const auto info = parse_public_key_info(spki);
    const auto key = info ? context_->key(*info) : base::Result<EVP_PKEY*>(std::unexpected(info.error()));
    if (key) return "taken";
    const std::string& what = key.error().arguments().front().value;
    return std::string(base::dotted(key.error().code())) + ": " + what.substr(0, what.find(':'));
  }
  // The key's SPKI with another AlgorithmIdentifier, or other octets of the point.
  [[nodiscard]] Bytes spki_with(const Bytes& identifier, ByteView point) const {
    return der::write_sequence(
        {identifier, der::write(der::kBitString, joined(Bytes{0}, der::write_octet_string(point)))});
  }
  [[nodiscard]] Bytes identifier(const char* key, std::initializer_list<ByteView> parameters) const {
    return der::write_sequence({Oid::literal(key).der(), der::write_sequence(parameters)});
  }
  [[nodiscard]] Bytes own_identifier() const {
    return identifier(row_.names.oid, {own_curve(), der::write(der::kOid, row_.digest_oid.view())});
  }
  [[nodiscard]] Bytes own_curve() const { return Oid::literal(row_.curve.oid).der(); }
  [[nodiscard]] ByteView point() const { return ByteView(spki_).last(row_.point_bytes()); }

  const kzgost::KeyRow& row_ = kzgost::row(GetParam().type);
  std::unique_ptr<Context> context_ = test::make_context();
  EvpPkeyPtr key_;
  Bytes spki_;
  PublicKeyInfo info_;
  SignatureAlgorithm algorithm_;
  Bytes signature_;
};

TEST_P(GostKeys, VerifyWhatTheySigned) {
  EXPECT_EQ(info_.kind, GetParam().kind);
  EXPECT_EQ(info_.bits, row_.bits);
  EXPECT_TRUE(verify(info_, kMessage, signature_).has_value());
  EXPECT_EQ(spki_with(own_identifier(), point()), spki_);
}

TEST_P(GostKeys, NoBitMayChange) {
  for (std::size_t bit = 0; bit < 8 * signature_.size(); ++bit) {
    Bytes changed = signature_;
    flip(changed, bit);
    const auto verified = verify(info_, kMessage, changed);
    ASSERT_FALSE(verified.has_value()) << bit;
    EXPECT_EQ(verified.error().code(), Code::kSignatureBroken) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * kMessage.size(); ++bit) {
    Bytes changed = kMessage;
    flip(changed, bit);
    EXPECT_EQ(verify(info_, changed, signature_).error().code(), Code::kSignatureBroken) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * spki_.size(); ++bit) {
    Bytes changed = spki_;
    flip(changed, bit);
    const auto other = parse_public_key_info(changed);
    EXPECT_FALSE(other && verify(*other, kMessage, signature_)) << bit;
  }
}

// RFC 9215 2: Russia writes s before r, each most significant octet first; RFC 4491 2.2.2 likewise.
TEST_P(GostKeys, OtherOctetOrdersDoNotVerify) {
  const ByteView r = ByteView(signature_).first(signature_.size() / 2), s = ByteView(signature_).subspan(r.size());
  for (const Bytes& other : {joined(reversed(s), reversed(r)), joined(reversed(r), reversed(s)), joined(s, r)}) {
    EXPECT_EQ(verify(info_, kMessage, other).error().code(), Code::kSignatureBroken);
  }
}

TEST_P(GostKeys, NumbersOutOfRangeDoNotVerify) {
  const std::size_t half = signature_.size() / 2;
  const Bytes zero(half, 0), high(half, 0xff);
  const ByteView r = ByteView(signature_).first(half), s = ByteView(signature_).subspan(half);
  for (const Bytes& other : {joined(zero, s), joined(r, zero), joined(high, s), joined(r, high)}) {
    const auto verified = verify(info_, kMessage, other);
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code(), Code::kSignatureBroken);
    EXPECT_NE(verified.error().cause().find("signature.range"), std::string::npos) << verified.error().cause();
  }
  for (const Bytes& other : {Bytes(), Bytes(signature_.begin(), signature_.end() - 1), joined(signature_, Bytes{0})}) {
    EXPECT_EQ(verify(info_, kMessage, other).error().code(), Code::kSignatureBroken);
  }
}

// The key alone decides the digest: not even one of the right length may stand in for it.
TEST_P(GostKeys, OtherDigestsAndSchemesAreRefused) {
  for (const DigestAlgorithm digest :
       {DigestAlgorithm::kSha256, DigestAlgorithm::kSha512, DigestAlgorithm::kSha3_256, DigestAlgorithm::kSha3_512,
        DigestAlgorithm::kGost34311, DigestAlgorithm::kStreebog256, DigestAlgorithm::kStreebog512}) {
    if (digest == GetParam().digest) continue;
    SignatureAlgorithm other = algorithm_;
    other.digest = digest;
    EXPECT_EQ(verify_signature(*context_, info_, other, kMessage, signature_).error().code(), Code::kAlgorithmMismatch)
        << to_string(other);
  }
  for (const KindCase& kind : kKinds) {
    if (kind.kind == GetParam().kind) continue;
    SignatureAlgorithm other;
    other.scheme = kind.scheme;
    other.digest = kind.digest;
    EXPECT_EQ(verify_signature(*context_, info_, other, kMessage, signature_).error().code(), Code::kAlgorithmMismatch)
        << to_string(other);
  }
}

TEST_P(GostKeys, PointsThatAreNoneAreRefused) {
  Bytes off_curve(point().begin(), point().end());
  off_curve.back() ^= 1;
  EXPECT_EQ(refusal(spki_with(own_identifier(), off_curve)), "key.malformed: point.off_curve");
  EXPECT_EQ(refusal(spki_with(own_identifier(), Bytes(row_.point_bytes(), 0))), "key.malformed: point.infinity");
  EXPECT_EQ(refusal(spki_with(own_identifier(), Bytes(row_.point_bytes(), 0xff))), "key.malformed: point.range");
  EXPECT_EQ(refusal(spki_with(own_identifier(), point().first(row_.point_bytes() - 1))), "key.malformed: point.length");
  EXPECT_EQ(refusal(spki_with(own_identifier(), joined(point(), Bytes{0}))), "key.malformed: point.length");
  EXPECT_EQ(refusal(spki_with(own_identifier(), {})), "key.malformed: point.length");
  EXPECT_EQ(refusal(der::write_sequence({own_identifier(), der::write(der::kBitString, joined(Bytes{0}, point()))})),
            "key.malformed: der.malformed");
}

TEST_P(GostKeys, WrongAndMissingParametersAreRefused) {
  const char* key = row_.names.oid;
  const Bytes digest = der::write(der::kOid, row_.digest_oid.view());
  const Bytes other_curve = Oid::literal("1.2.643.7.1.2.1.2.2").der();  // id-tc26-gost-3410-12-512-paramSetB
  const auto refused = [&](const Bytes& identifier) { return refusal(spki_with(identifier, point())); };
  EXPECT_EQ(refused(der::write_sequence({Oid::literal(key).der()})), "key.malformed: parameters.missing");
  EXPECT_EQ(refused(der::write_sequence({Oid::literal(key).der(), der::write_null()})),
            "key.malformed: parameters.missing");
  EXPECT_EQ(refused(identifier(key, {})), "key.malformed: parameters.missing");
  EXPECT_EQ(refused(identifier(key, {own_curve()})), "key.malformed: parameters.missing");
  EXPECT_EQ(refused(identifier(key, {other_curve, digest})), "key.malformed: parameters.wrong");
  EXPECT_EQ(refused(identifier(key, {own_curve(), own_curve()})), "key.malformed: parameters.wrong");
  EXPECT_EQ(refused(identifier(key, {own_curve(), digest, digest})), "key.malformed: parameters.wrong");
}

TEST_P(GostKeys, TruncatedOverlongAndTrailingDerIsRefused) {
  for (std::size_t size = 0; size < spki_.size(); ++size) {
    EXPECT_TRUE(refusal({spki_.begin(), spki_.begin() + static_cast<long>(size)}).starts_with("key.malformed")) << size;
  }
  EXPECT_TRUE(refusal(joined(spki_, Bytes{0})).starts_with("key.malformed"));
  const Bytes inner = joined(der::write_octet_string(point()), Bytes{0});
  EXPECT_EQ(refusal(der::write_sequence({own_identifier(), der::write(der::kBitString, joined(Bytes{0}, inner))})),
            "key.malformed: der.trailing");
}

// One curve and one set of numbers, but the name says that signatures are in another order.
TEST_P(GostKeys, RussianKeysAreOfAnUnknownKind) {
  const char* russian = GetParam().type == kzgost::KeyType::k2004       ? "1.2.643.2.2.19"
                        : GetParam().type == kzgost::KeyType::k2015_256 ? "1.2.643.7.1.1.1.1"
                                                                        : "1.2.643.7.1.1.1.2";
  const Bytes spki =
      spki_with(identifier(russian, {own_curve(), der::write(der::kOid, row_.digest_oid.view())}), point());
  const auto info = parse_public_key_info(spki);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->kind, KeyKind::kUnknown);
  EXPECT_EQ(context_->key(*info).error().code(), Code::kCertificateUnsupportedKey);
}

INSTANTIATE_TEST_SUITE_P(Gost, GostKeys, ::testing::ValuesIn(kKinds),
                         [](const auto& one) { return std::string(one.param.name); });

// tc26-256-paramSetA has cofactor 4: a point of order 2 on it (x³ + ax + b = 0).
TEST(Gost, PointsOfLowOrderAreRefused) {
  const auto context = test::make_context();
  const kzgost::KeyRow& row = kzgost::row(kzgost::KeyType::k2015_256);
  const Bytes point = *base::from_hex(
      "aa4aa1e7dc7530a67ec42a195cfe448758d978d4444b978e15ff95f573fe0001"
      "0000000000000000000000000000000000000000000000000000000000000000");
  const auto info = parse_public_key_info(base::to_bytes(kzgost::write_public(row, point).view()));
  ASSERT_TRUE(info.has_value());
  const auto key = context->key(*info);
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code(), Code::kKeyMalformed);
  EXPECT_TRUE(key.error().arguments().front().value.starts_with("point.order")) << key.error().message();
}

// With a context and without one.
TEST(Gost, DigestsHaveTheirKnownAnswers) {
  const auto context = test::make_context();
  const auto both = [&](DigestAlgorithm digest, std::string_view message) {
    const auto with = compute_digest(*context, digest, base::as_bytes(message));
    const auto without = compute_digest(digest, base::as_bytes(message));
    EXPECT_EQ(with, without);
    return with ? base::to_hex(*with) : "none";
  };
  EXPECT_EQ(both(DigestAlgorithm::kGost34311, ""), "ce85b99cc46752fffee35cab9a7b0278abb4c2d2055cff685af4912c49490f8d");
  // RFC 6986 10.1, message M1, as octets in the order of the text.
  EXPECT_EQ(both(DigestAlgorithm::kStreebog256, "012345678901234567890123456789012345678901234567890123456789012"),
            "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500");
  EXPECT_EQ(both(DigestAlgorithm::kStreebog512, "012345678901234567890123456789012345678901234567890123456789012"),
            "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa"
            "00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48");
  EXPECT_EQ(both(DigestAlgorithm::kSha256, "abc"), base::sha256(base::as_bytes("abc")).hex());
}

}  // namespace
}  // namespace tanba::pki
