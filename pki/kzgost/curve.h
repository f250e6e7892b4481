// The arithmetic of ГОСТ 34.310-2004 and 34.10-2015 (GOST R 34.10-2001, -2012; RFC 7091), in Kazakhstan's octet order:
// every number little-endian, a point x‖y, a signature r‖s.
//
// gost_gc256b and gost_gc512a are GNU Nettle's. tc26-256-paramSetA, which Nettle lacks, runs over OpenSSL's EC_GROUP in
// Weierstrass form; so does the derivation of every public key, because that wipes what it used.
//
// Timing. What touches a private key or a nonce branches on neither: Nettle's ecc_gostdsa_sign and GMP's mpn_sec_*
// functions promise that, OpenSSL's ladder for EC_POINT_mul is built for it, and the comparisons here are done without
// branches. Verification handles public data and makes no such promise.
#pragma once

#include <gmp.h>
#include <nettle/ecc.h>
#include <openssl/types.h>

#include "pki/kzgost/algorithm.h"
#include "pki/kzgost/errors.h"
#include "pki/kzgost/handles.h"

namespace tanba::pki::kzgost {

inline constexpr std::size_t kMaxLimbs = kMaxFieldBytes / sizeof(mp_limb_t);

using PointOctets = FixedOctets<kMaxPointBytes>;
using SignatureOctets = FixedOctets<kMaxSignatureBytes>;

// A point that was checked: on the curve, not infinity, in the group of prime order. Its maker is Curve::point.
class Point {
 public:
  [[nodiscard]] View octets() const { return octets_.view(); }

 private:
  friend class Curve;
  PointOctets octets_;
  std::array<mp_limb_t, 2 * kMaxLimbs> limbs_{};  // x, y, for Nettle
  EcPointPtr ec_;                                 // for the curve that Nettle lacks
};

// One curve with its group, immutable: shared by threads.
class Curve {
 public:
  // `library`, get0, serves random numbers and must outlive the curve.
  [[nodiscard]] static Outcome<std::unique_ptr<Curve>> create(KeyType type, OSSL_LIB_CTX* library) noexcept;

  [[nodiscard]] const KeyRow& row() const { return row_; }

  // point.length, .infinity, .range, .off_curve, .order.
  [[nodiscard]] Outcome<Point> point(View octets) const noexcept;
  // Whether 0 < scalar < q. scalar.length, scalar.range.
  [[nodiscard]] Done check_scalar(View scalar) const noexcept;
  // d·P for a checked scalar.
  [[nodiscard]] Outcome<PointOctets> derive(View scalar) const noexcept;
  // Fills a scalar with a uniformly distributed number in [1, q-1] from the library's private generator.
  [[nodiscard]] Done random_scalar(std::span<std::uint8_t> scalar) const noexcept;

  // digest.length; signature.length, signature.range, signature.broken.
  [[nodiscard]] Done verify(const Point& key, View digest, View signature) const noexcept;
  // `scalar` was checked. digest.length.
  [[nodiscard]] Outcome<SignatureOctets> sign(View scalar, View digest) const noexcept;

 private:
  explicit Curve(KeyType type) : row_(kzgost::row(type)) {}

  [[nodiscard]] Done set_up(OSSL_LIB_CTX* library) noexcept;
  [[nodiscard]] std::size_t limbs() const { return row_.field_bytes() / sizeof(mp_limb_t); }
  [[nodiscard]] FixedOctets<kMaxFieldBytes> reduce(View number) const noexcept;
  [[nodiscard]] FixedOctets<kMaxFieldBytes> digest_number(View digest) const noexcept;
  [[nodiscard]] Done put_on_nettle(Point& point) const noexcept;
  [[nodiscard]] Done put_on_group(Point& point) const noexcept;
  [[nodiscard]] Done verify_nettle(const Point& key, View number, View signature) const noexcept;
  [[nodiscard]] Done verify_group(const Point& key, View number, View signature) const noexcept;
  [[nodiscard]] Outcome<SignatureOctets> sign_nettle(View scalar, View number, View nonce) const noexcept;
  [[nodiscard]] Outcome<SignatureOctets> sign_group(View scalar, View number, View nonce) const noexcept;

  const KeyRow& row_;
  const ecc_curve* nettle_ = nullptr;  // static data of Nettle's; null for the curve that it lacks
  OSSL_LIB_CTX* library_ = nullptr;    // get0
  EcGroupPtr group_;
  FixedOctets<kMaxFieldBytes> prime_;
  FixedOctets<kMaxFieldBytes> order_;
  std::array<mp_limb_t, kMaxLimbs> order_limbs_{};
};

}  // namespace tanba::pki::kzgost
