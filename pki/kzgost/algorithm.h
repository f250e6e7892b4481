// The algorithms of the provider as data: names, OIDs, sizes, and what belongs to what.
//
// ГОСТ 34.310-2004 and ГОСТ 34.10-2015 with Kazakhstan's OIDs; one curve and one digest for each kind of key. Names are
// threefold, because OpenSSL looks up by short name, long name and dotted OID.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "pki/kzgost/octets.h"

namespace tanba::pki::kzgost {

// 512 bits: the longest coordinate, scalar and digest.
inline constexpr std::size_t kMaxFieldBytes = 64;
inline constexpr std::size_t kMaxPointBytes = 2 * kMaxFieldBytes;
inline constexpr std::size_t kMaxSignatureBytes = 2 * kMaxFieldBytes;
inline constexpr std::size_t kMaxDigestBytes = 64;

struct Names {
  const char* short_name;
  const char* long_name;
  const char* oid;
};

enum class DigestFunction : std::uint8_t { kGost34311, kStreebog256, kStreebog512 };

struct DigestRow {
  Names names;
  DigestFunction function;
  // "short:long:oid", as OSSL_ALGORITHM wants it.
  const char* algorithm_names;
};
// Kazakhstan's first, at the index of the function; then the Russian names of the same functions.
[[nodiscard]] std::span<const DigestRow> digest_rows();
[[nodiscard]] std::size_t digest_size_bytes(DigestFunction function);
[[nodiscard]] std::size_t digest_block_bytes(DigestFunction function);
// By any of its names, upper and lower case alike.
[[nodiscard]] std::optional<DigestFunction> find_digest(std::string_view name);

enum class KeyType : std::uint8_t { k2004, k2015_256, k2015_512 };
inline constexpr std::array kKeyTypes = {KeyType::k2004, KeyType::k2015_256, KeyType::k2015_512};

// How the private key stands inside PrivateKeyInfo's OCTET STRING. Both are read for every kind.
enum class PrivateSpelling : std::uint8_t { kOctetString, kInteger };  // little-endian; big-endian

struct KeyRow {
  KeyType type;
  Names names;
  Names curve;
  Names signature;
  DigestFunction digest;
  unsigned bits;
  unsigned security_bits;
  PrivateSpelling spelling;  // the one that is written
  FixedOctets<16> oid;       // contents octets
  FixedOctets<16> curve_oid;
  FixedOctets<16> digest_oid;  // as it stands in the key's parameters
  FixedOctets<16> signature_oid;
  const char* algorithm_names;

  [[nodiscard]] constexpr std::size_t field_bytes() const { return bits / 8; }
  [[nodiscard]] constexpr std::size_t point_bytes() const { return bits / 4; }
  [[nodiscard]] constexpr std::size_t signature_bytes() const { return bits / 4; }
};
[[nodiscard]] const KeyRow& row(KeyType type);
[[nodiscard]] bool names_curve(const KeyRow& row, std::string_view name);

}  // namespace tanba::pki::kzgost
