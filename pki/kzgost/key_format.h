// Keys in DER: SubjectPublicKeyInfo and PrivateKeyInfo as НУЦ РК writes them.
//
//   SubjectPublicKeyInfo ::= SEQUENCE {
//     SEQUENCE { OBJECT IDENTIFIER key, SEQUENCE { OBJECT IDENTIFIER curve, OBJECT IDENTIFIER digest } },
//     BIT STRING { OCTET STRING x‖y } }                                 -- little-endian
//   PrivateKeyInfo ::= SEQUENCE { INTEGER 0, the same AlgorithmIdentifier,
//     OCTET STRING { OCTET STRING d }                                   -- little-endian, ГОСТ 34.10-2015
//     OCTET STRING { INTEGER d }                                        -- ГОСТ 34.310-2004
//     [0] attributes OPTIONAL }
//
// Parsed by hand and strictly: DER only, nothing after the end. Points and scalars are not checked here.
#pragma once

#include <optional>

#include "pki/kzgost/algorithm.h"
#include "pki/kzgost/errors.h"

namespace tanba::pki::kzgost {

// The longest key is under 300 octets; attributes of PrivateKeyInfo (friendly names) take some more.
inline constexpr std::size_t kMaxKeyDerBytes = 4096;
using KeyDer = FixedOctets<320>;

enum class KeyStructure : std::uint8_t { kPublic, kPrivate };

// The kind of key that this DER says it is, when it is one of ours in this structure; nothing for foreign data.
[[nodiscard]] std::optional<KeyType> recognise(View der, KeyStructure structure);

// x‖y, a view into `der`. der.*, parameters.*, point.length.
[[nodiscard]] Outcome<View> parse_public(const KeyRow& row, View der);
// The scalar, little-endian, into `scalar` of row.field_bytes() octets, which the caller wipes. der.*, parameters.*,
// key.version, scalar.length, scalar.range (a negative INTEGER).
[[nodiscard]] Done parse_private(const KeyRow& row, View der, std::span<std::uint8_t> scalar);

[[nodiscard]] KeyDer write_public(const KeyRow& row, View point);
// The caller wipes it.
[[nodiscard]] KeyDer write_private(const KeyRow& row, View scalar);
// SEQUENCE { OBJECT IDENTIFIER signature, NULL }.
[[nodiscard]] FixedOctets<32> write_signature_algorithm(const KeyRow& row);

}  // namespace tanba::pki::kzgost
