// ASN.1 in DER (X.690), read by walking the octets: nothing is copied, nothing recurses, every length is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace tanba::pki::der {

// Identifier octets of the universal types used here; constructed bit included.
enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kEnumerated = 0x0A,
  kUtf8String = 0x0C,
  kPrintableString = 0x13,
  kTeletexString = 0x14,
  kIa5String = 0x16,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kUniversalString = 0x1C,
  kBmpString = 0x1E,
  kSequence = 0x30,
  kSet = 0x31,
};
[[nodiscard]] constexpr std::uint8_t context_primitive(unsigned n) {
  return static_cast<std::uint8_t>(0x80 | n);
}
[[nodiscard]] constexpr std::uint8_t context_constructed(unsigned n) {
  return static_cast<std::uint8_t>(0xA0 | n);
}

struct Tlv {
  std::uint8_t tag = 0;  // one identifier octet; high-tag-number form is refused
  base::ByteView value;  // contents octets
  base::ByteView whole;  // identifier, length and contents
};

// Walks the elements of one constructed value. Errors are der.malformed (with what was being read) and der.trailing.
class Reader {
 public:
  explicit Reader(base::ByteView contents) : rest_(contents) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // The next identifier octet; 0 at the end.
  [[nodiscard]] std::uint8_t peek() const { return rest_.empty() ? std::uint8_t{0} : rest_.front(); }
  // X.690 10.1: definite lengths in the fewest octets only.
  [[nodiscard]] base::Result<Tlv> next();
  [[nodiscard]] base::Result<Tlv> expect(std::uint8_t tag, const char* what);
  // The element when it has this tag; nothing (and no step) otherwise.
  [[nodiscard]] base::Result<std::optional<Tlv>> optional(std::uint8_t tag);
  // A SEQUENCE (or other constructed element) as a reader of its contents.
  [[nodiscard]] base::Result<Reader> enter(std::uint8_t tag, const char* what);
  [[nodiscard]] base::Status finish(const char* what) const;
  [[nodiscard]] base::ByteView rest() const { return rest_; }

 private:
  base::ByteView rest_;
};

// Exactly one element fills `der`.
[[nodiscard]] base::Result<Tlv> parse_single(base::ByteView der, std::uint8_t tag, const char* what);

// BER as PKCS#7 and PKCS#12 tools write it (indefinite lengths, constructed strings, long lengths) made DER. SET OF is
// not sorted: signed attributes are checked by their own rules. Bounded by depth and size of the input.
[[nodiscard]] base::Result<base::Bytes> from_ber(base::ByteView ber);
// from_ber only when `octets` are not DER already; no copy otherwise: `storage` owns what was made.
[[nodiscard]] base::Result<base::ByteView> normalise(base::ByteView octets, base::Bytes& storage);

[[nodiscard]] base::Result<bool> read_boolean(base::ByteView value);
// Non-negative and at most 2^63-1.
[[nodiscard]] base::Result<std::int64_t> read_small_integer(base::ByteView value);
// BIT STRING without unused bits: its octets.
[[nodiscard]] base::Result<base::ByteView> read_bit_string_octets(base::ByteView value);
// Named bits (KeyUsage, ReasonFlags): bit 0 is the most significant of the first octet; at most 32 bits are kept, bit n
// of the ASN.1 being bit n of the result.
[[nodiscard]] base::Result<std::uint32_t> read_named_bits(base::ByteView value);
// RFC 5280 4.1.2.5: UTCTime or GeneralizedTime, seconds, Z, no fraction.
[[nodiscard]] base::Result<base::Time> read_time(const Tlv& tlv);
// GeneralizedTime as OCSP, CRL extensions and time stamps write it: a fraction is allowed and cut off.
[[nodiscard]] base::Result<base::Time> read_generalized_time(base::ByteView value);
// Any of the DirectoryString choices and IA5String as UTF-8.
[[nodiscard]] base::Result<std::string> read_string(const Tlv& tlv);

// Writing: small structures (requests, attributes, SignerInfo) bottom up.
// Identifier and length alone, for contents that are not held in memory.
[[nodiscard]] base::Bytes write_header(std::uint8_t tag, std::uint64_t contents_bytes);
[[nodiscard]] base::Bytes write(std::uint8_t tag, base::ByteView contents);
[[nodiscard]] base::Bytes write_sequence(std::initializer_list<base::ByteView> elements);
[[nodiscard]] base::Bytes write_set_of(std::vector<base::Bytes> elements);  // sorted, X.690 11.6
[[nodiscard]] base::Bytes write_integer(std::int64_t value);
[[nodiscard]] base::Bytes write_unsigned(base::ByteView big_endian);  // adds the sign octet where needed
[[nodiscard]] base::Bytes write_time(base::Time time);                // UTCTime until 2049, GeneralizedTime after
[[nodiscard]] base::Bytes write_generalized_time(base::Time time);
[[nodiscard]] base::Bytes write_null();
[[nodiscard]] base::Bytes write_octet_string(base::ByteView octets);

}  // namespace tanba::pki::der
