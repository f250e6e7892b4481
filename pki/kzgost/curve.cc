#include "pki/kzgost/curve.h"

#include <nettle/ecc-curve.h>
#include <nettle/gostdsa.h>
#include <openssl/rand.h>

#include <cstring>
#include <new>

namespace tanba::pki::kzgost {
namespace {

struct Domain {
  const char* p;
  const char* a;
  const char* b;
  const char* x;
  const char* y;
  const char* q;
  const char* cofactor;
};

// RFC 4357 11.4, id-GostR3410-2001-CryptoPro-A-ParamSet.
constexpr Domain kCryptoProA = {
    .p = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97",
    .a = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD94",
    .b = "A6",
    .x = "01",
    .y = "8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14",
    .q = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893",
    .cofactor = "01",
};
// RFC 7836 A.2, id-tc26-gost-3410-2012-256-paramSetA, in Weierstrass form.
constexpr Domain kTc26_256A = {
    .p = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97",
    .a = "C2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335",
    .b = "295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513",
    .x = "91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28",
    .y = "32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C",
    .q = "400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67",
    .cofactor = "04",
};
// RFC 7836 A.1, id-tc26-gost-3410-12-512-paramSetA.
constexpr Domain kTc26_512A = {
    .p = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7",
    .a = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC4",
    .b = "E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265"
         "EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760",
    .x = "03",
    .y = "7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921"
         "DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4",
    .q = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
         "27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275",
    .cofactor = "01",
};

const Domain& domain(KeyType type) {
  switch (type) {
    case KeyType::k2004:
      return kCryptoProA;
    case KeyType::k2015_256:
      return kTc26_256A;
    case KeyType::k2015_512:
      break;
  }
  return kTc26_512A;
}

// A nonce of tc26-256-paramSetA is thrown away every second time: this many in a row mean that the generator is broken.
constexpr int kMaxDraws = 256;

// --- numbers ---------------------------------------------------------------------------------------------------------

// Limbs on the stack that held secrets.
template <std::size_t Count>
struct SecretLimbs {
  std::array<mp_limb_t, Count> limbs{};
  ~SecretLimbs() { OPENSSL_cleanse(limbs.data(), sizeof limbs); }
  [[nodiscard]] mp_limb_t* data() { return limbs.data(); }
};

// Scratch space for Nettle and GMP, which leave intermediate secrets in it.
class Scratch {
 public:
  explicit Scratch(mp_size_t limbs)
      : size_(static_cast<std::size_t>(limbs) * sizeof(mp_limb_t)),
        memory_(static_cast<mp_limb_t*>(OPENSSL_malloc(size_))) {}
  ~Scratch() { OPENSSL_clear_free(memory_, size_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] mp_limb_t* get() const { return memory_; }

 private:
  std::size_t size_;
  mp_limb_t* memory_;
};

// `octets` holds a whole number of limbs.
void to_limbs(View octets, mp_limb_t* limbs) {
  for (std::size_t i = 0; i < octets.size() / sizeof(mp_limb_t); ++i) {
    mp_limb_t limb = 0;
    for (std::size_t j = sizeof(mp_limb_t); j-- > 0;) limb = limb << 8 | octets[i * sizeof(mp_limb_t) + j];
    limbs[i] = limb;
  }
}
void from_limbs(const mp_limb_t* limbs, std::span<std::uint8_t> octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<std::uint8_t>(limbs[i / sizeof(mp_limb_t)] >> (8 * (i % sizeof(mp_limb_t))));
  }
}

// a < b for numbers of equal length; 1 or 0, in time that depends on the length alone.
unsigned less(View a, View b) {
  unsigned borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) borrow = (static_cast<unsigned>(a[i]) - b[i] - borrow) >> 31;
  return borrow;
}
// 1 when any bit is set, 0 otherwise; likewise.
unsigned nonzero(View a) {
  unsigned any = 0;
  for (const std::uint8_t octet : a) any |= octet;
  return (any + 0xff) >> 8;
}

// a += b for numbers whose sum has their length; likewise.
void add(std::span<std::uint8_t> a, View b) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    carry += static_cast<unsigned>(a[i]) + b[i];
    a[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
}

bool in_range(View number, View bound) {
  return (less(number, bound) & nonzero(number)) != 0;
}

BignumPtr bignum(const char* hex) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, hex);
  return BignumPtr(number);
}
BignumPtr bignum(View octets) {
  return BignumPtr(BN_lebin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
}
BignumPtr secret_bignum(View octets) {
  BignumPtr number(BN_secure_new());
  if (!number || BN_lebin2bn(octets.data(), static_cast<int>(octets.size()), number.get()) == nullptr) return nullptr;
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}
bool write(const BIGNUM* number, std::span<std::uint8_t> octets) {
  return number != nullptr && BN_bn2lebinpad(number, octets.data(), static_cast<int>(octets.size())) >= 0;
}

// EC_POINT's affine coordinates as x‖y.
bool write_point(const EC_GROUP* group, const EC_POINT* point, BN_CTX* context, PointOctets& octets) {
  const BignumPtr x(BN_secure_new());
  const BignumPtr y(BN_secure_new());
  const std::size_t half = octets.size() / 2;
  return x && y && EC_POINT_get_affine_coordinates(group, point, x.get(), y.get(), context) == 1 &&
         write(x.get(), octets.span().first(half)) && write(y.get(), octets.span().subspan(half));
}

}  // namespace

// --- set-up ----------------------------------------------------------------------------------------------------------

Outcome<std::unique_ptr<Curve>> Curve::create(KeyType type, OSSL_LIB_CTX* library) noexcept {
  std::unique_ptr<Curve> curve(new (std::nothrow) Curve(type));
  if (!curve) return refuse(Reason::kMemory);
  KZGOST_CHECK(curve->set_up(library));
  return curve;
}

Done Curve::set_up(OSSL_LIB_CTX* library) noexcept {
  const Domain& parameters = domain(row_.type);
  library_ = library;
  if (row_.type == KeyType::k2004) nettle_ = nettle_get_gost_gc256b();
  if (row_.type == KeyType::k2015_512) nettle_ = nettle_get_gost_gc512a();
  const BnCtxPtr context(BN_CTX_new_ex(library));
  const BignumPtr p = bignum(parameters.p), a = bignum(parameters.a), b = bignum(parameters.b);
  const BignumPtr x = bignum(parameters.x), y = bignum(parameters.y), q = bignum(parameters.q);
  const BignumPtr cofactor = bignum(parameters.cofactor);
  if (!context || !p || !a || !b || !x || !y || !q || !cofactor) return refuse(Reason::kMemory);
  group_.reset(EC_GROUP_new_curve_GFp(p.get(), a.get(), b.get(), context.get()));
  if (!group_) return refuse(Reason::kInternal);
  const EcPointPtr generator(EC_POINT_new(group_.get()));
  if (!generator ||
      EC_POINT_set_affine_coordinates(group_.get(), generator.get(), x.get(), y.get(), context.get()) != 1 ||
      EC_GROUP_set_generator(group_.get(), generator.get(), q.get(), cofactor.get()) != 1) {
    return refuse(Reason::kInternal);
  }
  prime_ = FixedOctets<kMaxFieldBytes>(row_.field_bytes());
  order_ = prime_;
  if (!write(p.get(), prime_.span()) || !write(q.get(), order_.span())) return refuse(Reason::kInternal);
  to_limbs(order_.view(), order_limbs_.data());
  return {};
}

// --- keys ------------------------------------------------------------------------------------------------------------

Outcome<Point> Curve::point(View octets) const noexcept {
  if (octets.size() != row_.point_bytes()) return refuse(Reason::kPointLength);
  // Affine coordinates cannot express the point at infinity; zeros are how it is written all the same.
  if (nonzero(octets) == 0) return refuse(Reason::kPointInfinity);
  const std::size_t half = row_.field_bytes();
  // OpenSSL and Nettle would differ in what they make of x + p.
  if (less(octets.first(half), prime_.view()) == 0 || less(octets.subspan(half), prime_.view()) == 0) {
    return refuse(Reason::kPointRange);
  }
  Point point;
  point.octets_.append(octets);
  KZGOST_CHECK(nettle_ != nullptr ? put_on_nettle(point) : put_on_group(point));
  return point;
}

// These curves have cofactor 1: every point but infinity has the right order.
Done Curve::put_on_nettle(Point& point) const noexcept {
  const std::size_t half = row_.field_bytes();
  mpz_t x, y;
  mpz_init(x);
  mpz_init(y);
  mpz_import(x, half, -1, 1, 0, 0, point.octets_.data());
  mpz_import(y, half, -1, 1, 0, 0, point.octets_.data() + half);
  ecc_point checked;
  ecc_point_init(&checked, nettle_);
  const bool on_curve = ecc_point_set(&checked, x, y) == 1;
  ecc_point_clear(&checked);
  mpz_clear(y);
  mpz_clear(x);
  if (!on_curve) return refuse(Reason::kPointOffCurve);
  // What ecc_point_set makes of it: x and y as they are.
  to_limbs(point.octets_.view(), point.limbs_.data());
  return {};
}

Done Curve::put_on_group(Point& point) const noexcept {
  const std::size_t half = row_.field_bytes();
  const BnCtxPtr context(BN_CTX_new_ex(library_));
  const BignumPtr x = bignum(point.octets_.view().first(half));
  const BignumPtr y = bignum(point.octets_.view().subspan(half));
  point.ec_.reset(EC_POINT_new(group_.get()));
  const EcPointPtr multiple(EC_POINT_new(group_.get()));
  if (!context || !x || !y || !point.ec_ || !multiple) return refuse(Reason::kMemory);
  // It checks the equation of the curve.
  if (EC_POINT_set_affine_coordinates(group_.get(), point.ec_.get(), x.get(), y.get(), context.get()) != 1) {
    return refuse(Reason::kPointOffCurve);
  }
  // With cofactor 4 there are points of order 2, 4, 2q and 4q, with which a signature would say less than it seems.
  if (EC_POINT_mul(group_.get(), multiple.get(), nullptr, point.ec_.get(), EC_GROUP_get0_order(group_.get()),
                   context.get()) != 1) {
    return refuse(Reason::kInternal);
  }
  if (EC_POINT_is_at_infinity(group_.get(), multiple.get()) != 1) return refuse(Reason::kPointOrder);
  return {};
}

Done Curve::check_scalar(View scalar) const noexcept {
  if (scalar.size() != row_.field_bytes()) return refuse(Reason::kScalarLength);
  if (!in_range(scalar, order_.view())) return refuse(Reason::kScalarRange);
  return {};
}

Outcome<PointOctets> Curve::derive(View scalar) const noexcept {
  const BnCtxPtr context(BN_CTX_secure_new_ex(library_));
  FixedOctets<kMaxFieldBytes> same(scalar.size());
  std::ranges::copy(scalar, same.data());
  // BN_lebin2bn looks for leading zeros, and nonces come this way on the curve that Nettle lacks: (k + q)·P is k·P, and
  // k + q begins with a one. On the others q fills the field, and only the making and loading of keys passes here.
  if (nettle_ == nullptr) add(same.span(), order_.view());
  const BignumPtr number = secret_bignum(same.view());
  OPENSSL_cleanse(same.data(), same.size());
  const EcPointPtr product(EC_POINT_new(group_.get()));
  if (!context || !number || !product) return refuse(Reason::kMemory);
  PointOctets octets(row_.point_bytes());
  if (EC_POINT_mul(group_.get(), product.get(), number.get(), nullptr, nullptr, context.get()) != 1 ||
      !write_point(group_.get(), product.get(), context.get(), octets)) {
    return refuse(Reason::kInternal);
  }
  return octets;
}

Done Curve::random_scalar(std::span<std::uint8_t> scalar) const noexcept {
  // Bits above the order's highest: drawing them would waste draws.
  const std::uint8_t top = order_.view().back();
  std::uint8_t mask = 0xff;
  while ((mask >> 1) >= top) mask = static_cast<std::uint8_t>(mask >> 1);
  const unsigned strength = row_.bits / 2;
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    if (RAND_priv_bytes_ex(library_, scalar.data(), scalar.size(), strength) != 1) return refuse(Reason::kRandom);
    scalar.back() &= mask;
    // That a number was thrown away says nothing about the one that is kept.
    if (in_range(scalar, order_.view())) return {};
  }
  return refuse(Reason::kRandom);
}

// --- signatures ------------------------------------------------------------------------------------------------------

// A number of the field's length modulo q. Public ones only.
FixedOctets<kMaxFieldBytes> Curve::reduce(View number) const noexcept {
  const auto count = static_cast<mp_size_t>(limbs());
  std::array<mp_limb_t, kMaxLimbs> rest{};
  to_limbs(number, rest.data());
  // At most three times: the smallest order is above 2^254.
  while (mpn_cmp(rest.data(), order_limbs_.data(), count) >= 0) {
    mpn_sub_n(rest.data(), rest.data(), order_limbs_.data(), count);
  }
  FixedOctets<kMaxFieldBytes> octets(row_.field_bytes());
  from_limbs(rest.data(), octets.span());
  return octets;
}

// RFC 7091 6.1, step 2: "e = alpha (mod q). If e = 0, then assign e = 1". The digest is little-endian.
FixedOctets<kMaxFieldBytes> Curve::digest_number(View digest) const noexcept {
  auto number = reduce(digest);
  if (nonzero(number.view()) == 0) number.span()[0] = 1;
  return number;
}

Done Curve::verify(const Point& key, View digest, View signature) const noexcept {
  if (digest.size() != row_.field_bytes()) return refuse(Reason::kDigestLength);
  if (signature.size() != row_.signature_bytes()) return refuse(Reason::kSignatureLength);
  const std::size_t half = row_.field_bytes();
  // RFC 7091 6.2, step 1: "If both inequalities 0 < r < q and 0 < s < q hold, go to the next step. Otherwise, the
  // signature is incorrect."
  if (!in_range(signature.first(half), order_.view()) || !in_range(signature.subspan(half), order_.view())) {
    return refuse(Reason::kSignatureRange);
  }
  const auto number = digest_number(digest);
  return nettle_ != nullptr ? verify_nettle(key, number.view(), signature)
                            : verify_group(key, number.view(), signature);
}

Done Curve::verify_nettle(const Point& key, View number, View signature) const noexcept {
  std::array<mp_limb_t, 2 * kMaxLimbs> rs{};
  to_limbs(signature, rs.data());
  const Scratch scratch(ecc_gostdsa_verify_itch(nettle_));
  if (scratch.get() == nullptr) return refuse(Reason::kMemory);
  const int good = ecc_gostdsa_verify(nettle_, key.limbs_.data(), number.size(), number.data(), rs.data(),
                                      rs.data() + limbs(), scratch.get());
  if (good != 1) return refuse(Reason::kSignatureBroken);
  return {};
}

// RFC 7091 6.2: v = e^-1, z1 = s·v, z2 = -r·v, C = z1·P + z2·Q, R = x_C mod q; good when R = r.
Done Curve::verify_group(const Point& key, View number, View signature) const noexcept {
  const std::size_t half = row_.field_bytes();
  const BIGNUM* q = EC_GROUP_get0_order(group_.get());
  const BnCtxPtr context(BN_CTX_new_ex(library_));
  const BignumPtr r = bignum(signature.first(half)), s = bignum(signature.subspan(half)), e = bignum(number);
  const BignumPtr v(BN_new()), z1(BN_new()), z2(BN_new()), x(BN_new());
  const EcPointPtr point(EC_POINT_new(group_.get()));
  if (!context || !r || !s || !e || !v || !z1 || !z2 || !x || !point) return refuse(Reason::kMemory);
  if (BN_mod_inverse(v.get(), e.get(), q, context.get()) == nullptr ||
      BN_mod_mul(z1.get(), s.get(), v.get(), q, context.get()) != 1 ||
      BN_mod_mul(z2.get(), r.get(), v.get(), q, context.get()) != 1 || BN_sub(z2.get(), q, z2.get()) != 1 ||
      EC_POINT_mul(group_.get(), point.get(), z1.get(), key.ec_.get(), z2.get(), context.get()) != 1) {
    return refuse(Reason::kInternal);
  }
  if (EC_POINT_is_at_infinity(group_.get(), point.get()) == 1) return refuse(Reason::kSignatureBroken);
  if (EC_POINT_get_affine_coordinates(group_.get(), point.get(), x.get(), nullptr, context.get()) != 1 ||
      BN_nnmod(x.get(), x.get(), q, context.get()) != 1) {
    return refuse(Reason::kInternal);
  }
  if (BN_cmp(x.get(), r.get()) != 0) return refuse(Reason::kSignatureBroken);
  return {};
}

Outcome<SignatureOctets> Curve::sign(View scalar, View digest) const noexcept {
  if (digest.size() != row_.field_bytes()) return refuse(Reason::kDigestLength);
  const auto number = digest_number(digest);
  FixedOctets<kMaxFieldBytes> nonce(row_.field_bytes());
  struct Wipe {
    FixedOctets<kMaxFieldBytes>& octets;
    ~Wipe() { OPENSSL_cleanse(octets.data(), octets.size()); }
  } const wipe{nonce};
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    KZGOST_CHECK(random_scalar(nonce.span()));
    KZGOST_TRY(const SignatureOctets signature, nettle_ != nullptr ? sign_nettle(scalar, number.view(), nonce.view())
                                                                   : sign_group(scalar, number.view(), nonce.view()));
    // RFC 7091 6.1, steps 4 and 5: r = 0 or s = 0: another k.
    const std::size_t half = row_.field_bytes();
    if ((nonzero(signature.view().first(half)) & nonzero(signature.view().subspan(half))) != 0) return signature;
  }
  return refuse(Reason::kRandom);
}

Outcome<SignatureOctets> Curve::sign_nettle(View scalar, View number, View nonce) const noexcept {
  SecretLimbs<kMaxLimbs> d, k;
  to_limbs(scalar, d.data());
  to_limbs(nonce, k.data());
  std::array<mp_limb_t, 2 * kMaxLimbs> rs{};
  const Scratch scratch(ecc_gostdsa_sign_itch(nettle_));
  if (scratch.get() == nullptr) return refuse(Reason::kMemory);
  ecc_gostdsa_sign(nettle_, d.data(), k.data(), number.size(), number.data(), rs.data(), rs.data() + limbs(),
                   scratch.get());
  SignatureOctets signature(row_.signature_bytes());
  from_limbs(rs.data(), signature.span());
  return signature;
}

// RFC 7091 6.1: C = k·P, r = x_C mod q, s = (r·d + k·e) mod q.
Outcome<SignatureOctets> Curve::sign_group(View scalar, View number, View nonce) const noexcept {
  const std::size_t half = row_.field_bytes();
  const auto count = static_cast<mp_size_t>(limbs());
  KZGOST_TRY(const PointOctets point, derive(nonce));
  const auto r = reduce(point.view().first(half));
  SecretLimbs<kMaxLimbs> a, b;
  SecretLimbs<2 * kMaxLimbs + 1> sum, product;
  const mp_size_t product_itch = mpn_sec_mul_itch(count, count);
  const mp_size_t rest_itch = mpn_sec_div_r_itch(2 * count + 1, count);
  const Scratch scratch(std::max(product_itch, rest_itch));
  if (scratch.get() == nullptr) return refuse(Reason::kMemory);
  to_limbs(scalar, a.data());
  to_limbs(r.view(), b.data());
  mpn_sec_mul(sum.data(), a.data(), count, b.data(), count, scratch.get());
  to_limbs(nonce, a.data());
  to_limbs(number, b.data());
  mpn_sec_mul(product.data(), a.data(), count, b.data(), count, scratch.get());
  sum.data()[2 * count] = mpn_add_n(sum.data(), sum.data(), product.data(), 2 * count);
  mpn_sec_div_r(sum.data(), 2 * count + 1, order_limbs_.data(), count, scratch.get());
  SignatureOctets signature(row_.signature_bytes());
  std::ranges::copy(r.view(), signature.data());
  from_limbs(sum.data(), signature.span().subspan(half));
  return signature;
}

}  // namespace tanba::pki::kzgost
