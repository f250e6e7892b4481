#include "pki/der.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "base/text.h"

namespace tanba::pki::der {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Result;

std::unexpected<base::Error> malformed(std::string what) {
  return base::fail(base::Error(Code::kDerMalformed, {{"what", std::move(what)}}));
}

constexpr std::uint8_t kConstructed = 0x20;
constexpr std::uint8_t kHighTagNumber = 0x1F;

enum class Rules : std::uint8_t { kDer, kBer };

struct Header {
  std::uint8_t tag = 0;
  std::size_t header_bytes = 0;
  std::size_t length = 0;   // of the contents; unused when indefinite
  bool indefinite = false;  // BER only
};

// Reads the octets of a long-form length that follow its first octet. Nothing read past `octets`.
Result<std::size_t> read_long_length(ByteView octets, Rules rules) {
  if (octets.empty()) return malformed("a length is cut off");
  if (rules == Rules::kDer && octets.front() == 0) return malformed("a length has leading zero octets");
  std::size_t length = 0;
  for (const std::uint8_t octet : octets) {
    if ((length >> (8 * (sizeof length - 1))) != 0) return malformed("a length is too large");
    length = (length << 8) | octet;
  }
  if (rules == Rules::kDer && length < 0x80) return malformed("a length is not in the fewest octets");
  return length;
}

// The identifier and length at the start of `rest`; contents of definite length lie wholly inside `rest`.
Result<Header> read_header(ByteView rest, Rules rules) {
  if (rest.size() < 2) return malformed("an element is cut off");
  Header header;
  header.tag = rest[0];
  if ((header.tag & kHighTagNumber) == kHighTagNumber) return malformed("a tag number above 30");
  if (header.tag == 0) return malformed("an end-of-contents marker where an element should be");
  const std::uint8_t first = rest[1];
  header.header_bytes = 2;
  if (first == 0x80) {
    if (rules == Rules::kDer || (header.tag & kConstructed) == 0) return malformed("an indefinite length");
    header.indefinite = true;
    return header;
  }
  if (first < 0x80) {
    header.length = first;
  } else {
    const std::size_t count = first & 0x7FU;
    if (count > rest.size() - 2) return malformed("a length is cut off");
    TANBA_TRY(header.length, read_long_length(rest.subspan(2, count), rules));
    header.header_bytes += count;
  }
  if (header.length > rest.size() - header.header_bytes) return malformed("an element is longer than what holds it");
  return header;
}

}  // namespace

Result<Tlv> Reader::next() {
  TANBA_TRY(const Header header, read_header(rest_, Rules::kDer));
  Tlv tlv{.tag = header.tag,
          .value = rest_.subspan(header.header_bytes, header.length),
          .whole = rest_.first(header.header_bytes + header.length)};
  rest_ = rest_.subspan(tlv.whole.size());
  return tlv;
}

Result<Tlv> Reader::expect(std::uint8_t tag, const char* what) {
  if (peek() != tag) return malformed(what);
  return next();
}

Result<std::optional<Tlv>> Reader::optional(std::uint8_t tag) {
  if (peek() != tag) return std::optional<Tlv>();
  TANBA_TRY(Tlv tlv, next());
  return std::optional<Tlv>(tlv);
}

Result<Reader> Reader::enter(std::uint8_t tag, const char* what) {
  TANBA_TRY(const Tlv tlv, expect(tag, what));
  return Reader(tlv.value);
}

base::Status Reader::finish(const char* what) const {
  if (at_end()) return {};
  return base::fail(Code::kDerTrailing, std::string(what));
}

Result<Tlv> parse_single(ByteView der, std::uint8_t tag, const char* what) {
  Reader reader(der);
  TANBA_TRY(Tlv tlv, reader.expect(tag, what));
  TANBA_CHECK(reader.finish(what));
  return tlv;
}

// --- BER -------------------------------------------------------------------------------------------------------------

namespace {

// X.509 certificates inside CMS nest about 12 deep, PKCS#12 about as much; nothing real comes near.
constexpr std::size_t kMaxBerDepth = 64;
// 64 MiB of content in segments of 1,000 octets are 67,000 elements. A million of ours take 40 MiB.
constexpr std::size_t kMaxBerElements = 1'000'000;

// X.690 8.6.4, 8.7.3, 8.23: strings that BER may cut into segments under a constructed identifier.
bool is_constructed_string(std::uint8_t tag) {
  switch (tag & ~kConstructed) {
    case kBitString:
    case kOctetString:
    case kUtf8String:
    case 0x12:  // NumericString
    case kPrintableString:
    case kTeletexString:
    case 0x15:  // VideotexString
    case kIa5String:
    case 0x19:  // GraphicString
    case 0x1A:  // VisibleString
    case 0x1B:  // GeneralString
    case kUniversalString:
    case kBmpString:
      return (tag & kConstructed) != 0;
    default:
      return false;
  }
}

// One element in document order; the elements inside it follow it, up to `end`.
struct Element {
  std::uint8_t tag = 0;
  std::size_t end = 0;
  ByteView value;              // primitive ones
  std::size_t der_length = 0;  // contents octets in DER
};

struct OpenElement {
  std::size_t index = 0;
  ByteView after;  // what follows a definite one
  bool indefinite = false;
};

class BerParser {
 public:
  explicit BerParser(ByteView ber) : rest_(ber) {}

  // The elements of the one value that fills the input.
  Result<std::vector<Element>> parse() {
    do {
      if (auto closed = close_finished(); !closed) return std::unexpected(closed.error());
      if (open_.empty() && !elements_.empty()) break;
      if (auto opened = take_element(); !opened) return std::unexpected(opened.error());
    } while (true);
    if (!rest_.empty()) return base::fail(Code::kDerTrailing);
    return std::move(elements_);
  }

 private:
  // Closes every element whose contents end here.
  base::Status close_finished() {
    while (!open_.empty()) {
      const OpenElement& innermost = open_.back();
      if (innermost.indefinite) {
        if (rest_.size() < 2) return malformed("an element of indefinite length has no end");
        if (rest_[0] != 0) return {};
        if (rest_[1] != 0) return malformed("an end-of-contents marker is malformed");
        rest_ = rest_.subspan(2);
      } else {
        if (!rest_.empty()) return {};
        rest_ = innermost.after;
      }
      elements_[innermost.index].end = elements_.size();
      open_.pop_back();
    }
    return {};
  }

  base::Status take_element() {
    TANBA_TRY(const Header header, read_header(rest_, Rules::kBer));
    if (elements_.size() == kMaxBerElements) {
      return base::fail(
          base::Error(Code::kLimitCount, {{"limit", std::to_string(kMaxBerElements)}, {"what", "ASN.1 elements"}}));
    }
    const std::size_t index = elements_.size();
    elements_.push_back({.tag = header.tag, .end = index + 1, .value = {}, .der_length = 0});
    rest_ = rest_.subspan(header.header_bytes);
    if ((header.tag & kConstructed) == 0) {
      elements_.back().value = rest_.first(header.length);
      rest_ = rest_.subspan(header.length);
      return {};
    }
    if (open_.size() == kMaxBerDepth) {
      return base::fail(base::Error(Code::kLimitDepth, {{"limit", std::to_string(kMaxBerDepth)}}));
    }
    OpenElement opened{.index = index, .after = {}, .indefinite = header.indefinite};
    if (!header.indefinite) {
      opened.after = rest_.subspan(header.length);
      rest_ = rest_.first(header.length);
    }
    // The contents of a definite element are read as if nothing followed; an indefinite one ends inside them.
    open_.push_back(opened);
    return {};
  }

  ByteView rest_;
  std::vector<Element> elements_;
  std::vector<OpenElement> open_;
};

std::size_t header_size(std::size_t length) {
  std::size_t size = 2;
  if (length >= 0x80) {
    for (; length != 0; length >>= 8) ++size;
  }
  return size;
}

void append_header(Bytes& out, std::uint8_t tag, std::size_t length) {
  out.push_back(tag);
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  const std::size_t count = header_size(length) - 2;
  out.push_back(static_cast<std::uint8_t>(0x80 | count));
  for (std::size_t i = count; i-- > 0;) out.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
}

// Checks the segments of a constructed string and gives the length of their concatenation. Segments may be constructed
// themselves; each must have the string's own type (X.690 8.7.3.2 and its like).
Result<std::size_t> joined_length(std::span<const Element> elements, std::size_t index) {
  const std::uint8_t primitive = elements[index].tag & static_cast<std::uint8_t>(~kConstructed);
  std::size_t length = 0;
  for (std::size_t i = index + 1; i < elements[index].end; ++i) {
    const Element& segment = elements[i];
    if ((segment.tag & ~kConstructed) != primitive) return malformed("a string has a segment of another type");
    if ((segment.tag & kConstructed) == 0) length += segment.value.size();
  }
  // Segments of a BIT STRING each begin with a count of unused bits. No signature or key is written so; leaving it out
  // keeps one way of reading.
  if (primitive == kBitString) return malformed("a BIT STRING in segments");
  return length;
}

// Sets der_length, from the innermost elements outwards.
base::Status measure(std::vector<Element>& elements) {
  for (std::size_t i = elements.size(); i-- > 0;) {
    Element& element = elements[i];
    if ((element.tag & kConstructed) == 0) {
      element.der_length = element.value.size();
    } else if (is_constructed_string(element.tag)) {
      TANBA_TRY(element.der_length, joined_length(elements, i));
    } else {
      for (std::size_t child = i + 1; child < element.end; child = elements[child].end) {
        element.der_length += header_size(elements[child].der_length) + elements[child].der_length;
      }
    }
  }
  return {};
}

Bytes emit(std::span<const Element> elements) {
  Bytes out;
  out.reserve(header_size(elements.front().der_length) + elements.front().der_length);
  for (std::size_t i = 0; i < elements.size();) {
    const Element& element = elements[i];
    if (!is_constructed_string(element.tag)) {
      append_header(out, element.tag, element.der_length);
      out.insert(out.end(), element.value.begin(), element.value.end());
      ++i;
      continue;
    }
    append_header(out, element.tag & static_cast<std::uint8_t>(~kConstructed), element.der_length);
    for (++i; i < element.end; ++i) out.insert(out.end(), elements[i].value.begin(), elements[i].value.end());
  }
  return out;
}

// Whether the octets are one element in definite, shortest lengths throughout, without strings in segments.
bool is_der(ByteView octets) {
  std::array<ByteView, kMaxBerDepth> after;
  std::size_t depth = 0;
  ByteView rest = octets;
  bool first = true;
  while (true) {
    while (rest.empty() && depth > 0) rest = after[--depth];
    if (depth == 0 && !first) return rest.empty();
    first = false;
    const auto header = read_header(rest, Rules::kDer);
    if (!header || is_constructed_string(header->tag)) return false;
    const std::size_t whole = header->header_bytes + header->length;
    if ((header->tag & kConstructed) == 0) {
      rest = rest.subspan(whole);
      if (depth == 0) return rest.empty();
      continue;
    }
    if (depth == kMaxBerDepth) return false;
    after[depth++] = rest.subspan(whole);
    rest = rest.subspan(header->header_bytes, header->length);
  }
}

}  // namespace

Result<Bytes> from_ber(ByteView ber) {
  TANBA_TRY(std::vector<Element> elements, BerParser(ber).parse());
  TANBA_CHECK(measure(elements));
  return emit(elements);
}

Result<ByteView> normalise(ByteView octets, Bytes& storage) {
  if (is_der(octets)) return octets;
  TANBA_TRY(storage, from_ber(octets));
  return ByteView(storage);
}

// --- values ----------------------------------------------------------------------------------------------------------

Result<bool> read_boolean(ByteView value) {
  // X.690 11.1: "all eight bits shall be set to one" for TRUE.
  if (value.size() != 1 || (value[0] != 0x00 && value[0] != 0xFF)) return malformed("BOOLEAN");
  return value[0] != 0;
}

Result<std::int64_t> read_small_integer(ByteView value) {
  if (value.empty()) return malformed("INTEGER without octets");
  if (value.size() > 1 && value[0] == 0 && (value[1] & 0x80) == 0) return malformed("INTEGER not in the fewest octets");
  if ((value[0] & 0x80) != 0) return malformed("INTEGER is negative");
  if (value.size() > 9 || (value.size() == 9 && value[0] != 0)) return malformed("INTEGER is too large");
  std::uint64_t number = 0;
  for (const std::uint8_t octet : value) number = (number << 8) | octet;
  if (number > static_cast<std::uint64_t>(INT64_MAX)) return malformed("INTEGER is too large");
  return static_cast<std::int64_t>(number);
}

Result<ByteView> read_bit_string_octets(ByteView value) {
  if (value.empty() || value[0] != 0) return malformed("BIT STRING that is not whole octets");
  return value.subspan(1);
}

Result<std::uint32_t> read_named_bits(ByteView value) {
  if (value.empty() || value[0] > 7 || (value.size() == 1 && value[0] != 0)) return malformed("BIT STRING");
  std::uint32_t bits = 0;
  const std::size_t count = (value.size() - 1) * 8 - value[0];
  for (std::size_t n = 0; n < std::min<std::size_t>(count, 32); ++n) {
    if ((value[1 + n / 8] & (0x80U >> (n % 8))) != 0) bits |= 1U << n;
  }
  return bits;
}

namespace {

// The decimal number in `digits`; nothing when one is no digit.
std::optional<int> decimal(std::string_view digits) {
  int number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  return number;
}

// MMDDHHMMSS after a year.
Result<base::Time> time_from_parts(std::optional<int> year, std::string_view text) {
  const auto month = decimal(text.substr(0, 2)), day = decimal(text.substr(2, 2)), hour = decimal(text.substr(4, 2)),
             minute = decimal(text.substr(6, 2)), second = decimal(text.substr(8, 2));
  if (!year || !month || !day || !hour || !minute || !second)
    return malformed("time with other characters than digits");
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return malformed("time that does not exist");
  return base::Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         base::Seconds(*second);
}

}  // namespace

Result<base::Time> read_time(const Tlv& tlv) {
  const std::string_view text = base::as_text(tlv.value);
  if (tlv.tag == kUtcTime) {
    // RFC 5280 4.1.2.5.1: "MUST be expressed in Greenwich Mean Time (Zulu) and MUST include seconds"; YY >= 50 is 19YY.
    if (text.size() != 13 || text.back() != 'Z') return malformed("UTCTime");
    auto year = decimal(text.substr(0, 2));
    if (year) *year += *year >= 50 ? 1900 : 2000;
    return time_from_parts(year, text.substr(2));
  }
  // RFC 5280 4.1.2.5.2: "MUST NOT include fractional seconds".
  if (tlv.tag != kGeneralizedTime || text.size() != 15 || text.back() != 'Z') return malformed("GeneralizedTime");
  return time_from_parts(decimal(text.substr(0, 4)), text.substr(4));
}

Result<base::Time> read_generalized_time(ByteView value) {
  const std::string_view text = base::as_text(value);
  if (text.size() < 15 || text.back() != 'Z') return malformed("GeneralizedTime");
  const std::string_view fraction = text.substr(14, text.size() - 15);
  if (!fraction.empty() && (fraction.size() < 2 || fraction.size() > 10 || fraction.front() != '.' ||
                            !std::ranges::all_of(fraction.substr(1), [](char c) { return c >= '0' && c <= '9'; }))) {
    return malformed("GeneralizedTime with a malformed fraction");
  }
  return time_from_parts(decimal(text.substr(0, 4)), text.substr(4));
}

namespace {

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// Big-endian units of `width` octets, each a character (BMPString, UniversalString; TeletexString read as Latin-1, as
// every implementation has come to do).
Result<std::string> from_units(ByteView value, std::size_t width) {
  if (value.size() % width != 0) return malformed("a string is cut off");
  std::string out;
  for (std::size_t i = 0; i < value.size(); i += width) {
    std::uint32_t point = 0;
    for (std::size_t k = 0; k < width; ++k) point = (point << 8) | value[i + k];
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return malformed("a string holds no character");
    append_utf8(out, point);
  }
  return out;
}

}  // namespace

Result<std::string> read_string(const Tlv& tlv) {
  switch (tlv.tag) {
    case kUtf8String:
      if (!base::is_utf8(base::as_text(tlv.value))) return malformed("UTF8String that is not UTF-8");
      return std::string(base::as_text(tlv.value));
    case kPrintableString:
    case kIa5String:
    case 0x12:  // NumericString
    case 0x1A:  // VisibleString
      // CAs write '@', '*' and '_' as PrintableString; only what is not ASCII has no meaning here.
      if (std::ranges::any_of(tlv.value, [](std::uint8_t c) { return c >= 0x80; })) {
        return malformed("a string of ASCII with other octets");
      }
      return std::string(base::as_text(tlv.value));
    case kTeletexString:
      return from_units(tlv.value, 1);
    case kBmpString:
      return from_units(tlv.value, 2);
    case kUniversalString:
      return from_units(tlv.value, 4);
    default:
      return malformed("a string type was expected");
  }
}

// --- writing ---------------------------------------------------------------------------------------------------------

Bytes write_header(std::uint8_t tag, std::uint64_t contents_bytes) {
  Bytes out;
  append_header(out, tag, contents_bytes);
  return out;
}

Bytes write(std::uint8_t tag, ByteView contents) {
  Bytes out;
  out.reserve(header_size(contents.size()) + contents.size());
  append_header(out, tag, contents.size());
  out.insert(out.end(), contents.begin(), contents.end());
  return out;
}

Bytes write_sequence(std::initializer_list<ByteView> elements) {
  Bytes contents;
  for (const ByteView element : elements) contents.insert(contents.end(), element.begin(), element.end());
  return write(kSequence, contents);
}

Bytes write_set_of(std::vector<Bytes> elements) {
  // X.690 11.6: ascending, the shorter padded with zero octets at its end. No DER element is another's proper prefix,
  // so plain lexicographic order is the same.
  std::ranges::sort(elements);
  Bytes contents;
  for (const Bytes& element : elements) contents.insert(contents.end(), element.begin(), element.end());
  return write(kSet, contents);
}

Bytes write_integer(std::int64_t value) {
  Bytes contents;
  for (int shift = 56; shift >= 0; shift -= 8) contents.push_back(static_cast<std::uint8_t>(value >> shift));
  std::size_t skip = 0;
  while (skip < 7 && ((contents[skip] == 0x00 && (contents[skip + 1] & 0x80) == 0) ||
                      (contents[skip] == 0xFF && (contents[skip + 1] & 0x80) != 0))) {
    ++skip;
  }
  return write(kInteger, ByteView(contents).subspan(skip));
}

Bytes write_unsigned(ByteView big_endian) {
  while (big_endian.size() > 1 && big_endian.front() == 0) big_endian = big_endian.subspan(1);
  Bytes contents;
  if (big_endian.empty() || (big_endian.front() & 0x80) != 0) contents.push_back(0);
  contents.insert(contents.end(), big_endian.begin(), big_endian.end());
  return write(kInteger, contents);
}

namespace {

std::string digits_of(base::Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[48];
  const int length = std::snprintf(text, sizeof text, "%04d%02u%02u%02d%02d%02dZ", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

Bytes write_time(base::Time time) {
  const std::string text = digits_of(time);
  // RFC 5280 4.1.2.5: UTCTime "through the year 2049", GeneralizedTime "in 2050 or later"; before 1950 UTCTime cannot.
  const bool utc = text >= "1950" && text < "2050";
  return utc ? write(kUtcTime, base::as_bytes(std::string_view(text).substr(2)))
             : write(kGeneralizedTime, base::as_bytes(text));
}

Bytes write_generalized_time(base::Time time) {
  return write(kGeneralizedTime, base::as_bytes(digits_of(time)));
}
Bytes write_null() {
  return {kNull, 0};
}
Bytes write_octet_string(ByteView octets) {
  return write(kOctetString, octets);
}

}  // namespace tanba::pki::der
