#include "pki/kzgost/key_format.h"

#include <openssl/crypto.h>

namespace tanba::pki::kzgost {
namespace {

constexpr std::uint8_t kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04, kNull = 0x05, kOid = 0x06,
                       kSequence = 0x30, kAttributes = 0xa0;

// --- reading ---------------------------------------------------------------------------------------------------------

// X.690 10.1: "The definite form of length encoding shall be used, encoded in the minimum number of octets."
Outcome<std::size_t> read_length(View& rest) {
  if (rest.empty()) return refuse(Reason::kDerTruncated);
  const std::uint8_t first = rest.front();
  rest = rest.subspan(1);
  if (first < 0x80) return first;
  const std::size_t count = first & 0x7f;
  // Two octets reach 64 KiB: more than any key has.
  if (count == 0 || count > 2) return refuse(Reason::kDerLength);
  if (rest.size() < count) return refuse(Reason::kDerTruncated);
  std::size_t length = 0;
  for (const std::uint8_t octet : rest.first(count)) length = length << 8 | octet;
  rest = rest.subspan(count);
  if (length < (count == 1 ? 0x80U : 0x100U)) return refuse(Reason::kDerLength);
  return length;
}

// Takes the element off the front of `rest`; its contents.
Outcome<View> take(View& rest, std::uint8_t tag) {
  if (rest.empty()) return refuse(Reason::kDerTruncated);
  if (rest.front() != tag) return refuse(Reason::kDerMalformed);
  View after = rest.subspan(1);
  KZGOST_TRY(const std::size_t length, read_length(after));
  if (after.size() < length) return refuse(Reason::kDerTruncated);
  rest = after.subspan(length);
  return after.first(length);
}

// The one element that `der` is made of.
Outcome<View> take_only(View der, std::uint8_t tag) {
  KZGOST_TRY(const View contents, take(der, tag));
  if (!der.empty()) return refuse(Reason::kDerTrailing);
  return contents;
}

Done check_oid(View& rest, View expected, Reason missing, Reason wrong) {
  if (rest.empty()) return refuse(missing);
  const auto contents = take(rest, kOid);
  if (!contents) return refuse(contents.error() == Reason::kDerMalformed ? wrong : contents.error());
  if (!equal(*contents, expected)) return refuse(wrong);
  return {};
}

// Curve and digest are fixed for a kind of key; others would be keys of another meaning.
Done check_parameters(const KeyRow& row, View& rest) {
  KZGOST_TRY(View identifier, take(rest, kSequence));
  KZGOST_CHECK(check_oid(identifier, row.oid.view(), Reason::kDerMalformed, Reason::kDerMalformed));
  if (identifier.empty()) return refuse(Reason::kParametersMissing);
  if (identifier.front() != kSequence) {
    return refuse(identifier.front() == kNull ? Reason::kParametersMissing : Reason::kParametersWrong);
  }
  KZGOST_TRY(View parameters, take_only(identifier, kSequence));
  KZGOST_CHECK(check_oid(parameters, row.curve_oid.view(), Reason::kParametersMissing, Reason::kParametersWrong));
  KZGOST_CHECK(check_oid(parameters, row.digest_oid.view(), Reason::kParametersMissing, Reason::kParametersWrong));
  if (!parameters.empty()) return refuse(Reason::kParametersWrong);
  return {};
}

// Contents of an INTEGER as a scalar.
Done read_integer(View integer, std::span<std::uint8_t> scalar) {
  if (integer.empty()) return refuse(Reason::kDerMalformed);
  if ((integer.front() & 0x80) != 0) return refuse(Reason::kScalarRange);
  // X.690 8.3.2: the first nine bits shall not all be zero.
  if (integer.size() > 1 && integer[0] == 0 && (integer[1] & 0x80) == 0) return refuse(Reason::kDerLength);
  if (integer[0] == 0) integer = integer.subspan(1);
  if (integer.size() > scalar.size()) return refuse(Reason::kScalarLength);
  std::ranges::fill(scalar, std::uint8_t{0});
  std::copy(integer.rbegin(), integer.rend(), scalar.begin());
  return {};
}

// --- writing ---------------------------------------------------------------------------------------------------------

std::size_t header_bytes(std::size_t length) {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : 4;
}
std::size_t element_bytes(std::size_t length) {
  return header_bytes(length) + length;
}

template <std::size_t Capacity>
void put_header(FixedOctets<Capacity>& out, std::uint8_t tag, std::size_t length) {
  out.append(tag);
  if (length >= 0x100) {
    out.append(std::uint8_t{0x82});
    out.append(static_cast<std::uint8_t>(length >> 8));
  } else if (length >= 0x80) {
    out.append(std::uint8_t{0x81});
  }
  out.append(static_cast<std::uint8_t>(length));
}
template <std::size_t Capacity>
void put(FixedOctets<Capacity>& out, std::uint8_t tag, View contents) {
  put_header(out, tag, contents.size());
  out.append(contents);
}

FixedOctets<64> key_identifier(const KeyRow& row) {
  FixedOctets<64> parameters;
  put(parameters, kOid, row.curve_oid.view());
  put(parameters, kOid, row.digest_oid.view());
  FixedOctets<64> contents;
  put(contents, kOid, row.oid.view());
  put(contents, kSequence, parameters.view());
  FixedOctets<64> identifier;
  put(identifier, kSequence, contents.view());
  return identifier;
}

// INTEGER's contents: shortest, and with its sign. A private key's length shows in its encoding; that is DER's doing.
FixedOctets<kMaxFieldBytes + 1> integer_contents(View scalar) {
  std::size_t size = scalar.size();
  while (size > 1 && scalar[size - 1] == 0) --size;
  FixedOctets<kMaxFieldBytes + 1> contents;
  if ((scalar[size - 1] & 0x80) != 0) contents.append(std::uint8_t{0});
  while (size-- > 0) contents.append(scalar[size]);
  return contents;
}

}  // namespace

std::optional<KeyType> recognise(View der, KeyStructure structure) {
  auto whole = take(der, kSequence);
  if (!whole) return std::nullopt;
  View rest = *whole;
  if (structure == KeyStructure::kPrivate && !take(rest, kInteger)) return std::nullopt;
  auto identifier = take(rest, kSequence);
  if (!identifier) return std::nullopt;
  const auto oid = take(*identifier, kOid);
  if (!oid) return std::nullopt;
  for (const KeyType type : kKeyTypes) {
    if (equal(*oid, row(type).oid.view())) return type;
  }
  return std::nullopt;
}

Outcome<View> parse_public(const KeyRow& row, View der) {
  KZGOST_TRY(View rest, take_only(der, kSequence));
  KZGOST_CHECK(check_parameters(row, rest));
  KZGOST_TRY(const View bits, take_only(rest, kBitString));
  // X.690 8.6.2: the first octet counts the unused bits of the last one.
  if (bits.empty() || bits.front() != 0) return refuse(Reason::kDerMalformed);
  KZGOST_TRY(const View point, take_only(bits.subspan(1), kOctetString));
  if (point.size() != row.point_bytes()) return refuse(Reason::kPointLength);
  return point;
}

Done parse_private(const KeyRow& row, View der, std::span<std::uint8_t> scalar) {
  KZGOST_TRY(View rest, take_only(der, kSequence));
  KZGOST_TRY(const View version, take(rest, kInteger));
  // RFC 5208 5: version 0. OneAsymmetricKey (RFC 5958, version 1) would carry a public key in a spelling of its own.
  if (version.size() != 1 || version[0] != 0) return refuse(Reason::kVersion);
  KZGOST_CHECK(check_parameters(row, rest));
  KZGOST_TRY(const View wrapped, take(rest, kOctetString));
  if (!rest.empty()) {
    const auto attributes = take_only(rest, kAttributes);
    if (!attributes) return refuse(attributes.error());
  }
  if (wrapped.empty()) return refuse(Reason::kDerTruncated);
  if (wrapped.front() == kInteger) {
    KZGOST_TRY(const View integer, take_only(wrapped, kInteger));
    return read_integer(integer, scalar);
  }
  KZGOST_TRY(const View octets, take_only(wrapped, kOctetString));
  if (octets.size() != scalar.size()) return refuse(Reason::kScalarLength);
  std::ranges::copy(octets, scalar.begin());
  return {};
}

KeyDer write_public(const KeyRow& row, View point) {
  const auto identifier = key_identifier(row);
  const std::size_t inner = element_bytes(point.size());
  KeyDer out;
  put_header(out, kSequence, identifier.size() + element_bytes(inner + 1));
  out.append(identifier.view());
  put_header(out, kBitString, inner + 1);
  out.append(std::uint8_t{0});
  put(out, kOctetString, point);
  return out;
}

KeyDer write_private(const KeyRow& row, View scalar) {
  const auto identifier = key_identifier(row);
  const bool integer = row.spelling == PrivateSpelling::kInteger;
  auto contents = integer ? integer_contents(scalar) : FixedOctets<kMaxFieldBytes + 1>();
  if (!integer) contents.append(scalar);
  const std::size_t inner = element_bytes(contents.size());
  constexpr std::array<std::uint8_t, 1> kVersion = {0};
  KeyDer out;
  put_header(out, kSequence, element_bytes(1) + identifier.size() + element_bytes(inner));
  put(out, kInteger, kVersion);
  out.append(identifier.view());
  put_header(out, kOctetString, inner);
  put(out, integer ? kInteger : kOctetString, contents.view());
  OPENSSL_cleanse(contents.data(), contents.size());
  return out;
}

FixedOctets<32> write_signature_algorithm(const KeyRow& row) {
  FixedOctets<32> contents;
  put(contents, kOid, row.signature_oid.view());
  put(contents, kNull, {});
  FixedOctets<32> out;
  put(out, kSequence, contents.view());
  return out;
}

}  // namespace tanba::pki::kzgost
