#include "pki/oid.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "pki/der.h"

namespace tanba::pki {
namespace {

// Arcs of 2.25 are UUIDs: 128 bits.
__extension__ typedef unsigned __int128 Arc;

// The longest OID seen in certificates has 20 octets; 64 leaves room for UUID-based ones (2.25.…, 19 octets).
constexpr std::size_t kMaxOidBytes = 64;

void append_arc(std::string& out, Arc arc) {
  char digits[40];
  std::size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + static_cast<int>(arc % 10));
    arc /= 10;
  } while (arc != 0);
  while (count > 0) out += digits[--count];
}

// Base 128, most significant first.
void append_base128(std::string& out, Arc arc) {
  int shift = 0;
  while ((arc >> shift) >= 0x80 && shift < 126) shift += 7;
  for (; shift > 0; shift -= 7) out += static_cast<char>(0x80 | static_cast<int>((arc >> shift) & 0x7F));
  out += static_cast<char>(static_cast<int>(arc & 0x7F));
}

std::optional<Arc> read_arc(std::string_view& dotted) {
  constexpr Arc kMost = ~static_cast<Arc>(0);
  std::size_t digits = 0;
  Arc arc = 0;
  for (; digits < dotted.size() && dotted[digits] != '.'; ++digits) {
    const char digit = dotted[digits];
    if (digit < '0' || digit > '9' || (digits == 1 && dotted[0] == '0') ||
        arc > (kMost - static_cast<unsigned>(digit - '0')) / 10) {
      return std::nullopt;
    }
    arc = arc * 10 + static_cast<unsigned>(digit - '0');
  }
  if (digits == 0) return std::nullopt;
  dotted.remove_prefix(digits);
  return arc;
}

}  // namespace

base::Result<Oid> Oid::parse(base::ByteView contents) {
  const auto malformed = [] {
    return base::fail(base::Error(base::Code::kDerMalformed, {{"what", "OBJECT IDENTIFIER"}}));
  };
  if (contents.empty() || contents.size() > kMaxOidBytes || (contents.back() & 0x80) != 0) return malformed();
  std::size_t arc_bytes = 0;
  std::uint8_t arc_first = 0;
  for (const std::uint8_t octet : contents) {
    if (arc_bytes == 0) arc_first = octet;
    // X.690 8.19.2: "the leading octet of the subidentifier shall not have the value 0x80".
    if (arc_first == 0x80) return malformed();
    // Arcs up to 2^128 - 1 (those of 2.25): 18 octets hold 126 bits, a nineteenth the other two.
    ++arc_bytes;
    if (arc_bytes > 19 || (arc_bytes == 19 && (arc_first & 0x7F) > 3)) return malformed();
    if ((octet & 0x80) == 0) arc_bytes = 0;
  }
  Oid oid;
  oid.contents_ = base::as_text(contents);
  return oid;
}

base::Result<Oid> Oid::from_dotted(std::string_view dotted) {
  const auto wrong = [] {
    return base::fail(
        base::Error(base::Code::kInputMember, {{"member", "oid"}, {"expected", "a dotted object identifier"}}));
  };
  auto first = read_arc(dotted);
  if (!first || *first > 2 || dotted.empty()) return wrong();
  dotted.remove_prefix(1);
  auto second = read_arc(dotted);
  if (!second || (*first < 2 && *second > 39) || *second > (~static_cast<Arc>(0) - 80)) return wrong();
  Oid oid;
  append_base128(oid.contents_, *first * 40 + *second);
  while (!dotted.empty()) {
    dotted.remove_prefix(1);
    const auto arc = read_arc(dotted);
    if (!arc) return wrong();
    append_base128(oid.contents_, *arc);
    if (oid.contents_.size() > kMaxOidBytes) return wrong();
  }
  return oid;
}

Oid Oid::literal(std::string_view dotted) {
  auto oid = from_dotted(dotted);
  if (!oid) {
    (void)std::fprintf(stderr, "ill-formed object identifier in the program: %.*s\n", static_cast<int>(dotted.size()),
                       dotted.data());
    std::abort();
  }
  return *std::move(oid);
}

std::string Oid::dotted() const {
  std::string out;
  Arc arc = 0;
  bool first = true;
  for (const char octet : contents_) {
    arc = (arc << 7) | static_cast<unsigned>(octet & 0x7F);
    if ((octet & 0x80) != 0) continue;
    if (first) {
      const Arc root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
      append_arc(out, root);
      arc -= root * 40;
      first = false;
    }
    if (!out.empty()) out += '.';
    append_arc(out, arc);
    arc = 0;
  }
  return out;
}

base::Bytes Oid::der() const {
  return der::write(der::kOid, contents());
}

}  // namespace tanba::pki
