#include "pki/name.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "pki/der.h"

namespace tanba::pki {

namespace oid {
const Oid kCommonName = Oid::literal("2.5.4.3");
const Oid kSurname = Oid::literal("2.5.4.4");
const Oid kSerialNumber = Oid::literal("2.5.4.5");
const Oid kCountry = Oid::literal("2.5.4.6");
const Oid kLocality = Oid::literal("2.5.4.7");
const Oid kState = Oid::literal("2.5.4.8");
const Oid kOrganization = Oid::literal("2.5.4.10");
const Oid kOrganizationalUnit = Oid::literal("2.5.4.11");
const Oid kGivenName = Oid::literal("2.5.4.42");
const Oid kEmail = Oid::literal("1.2.840.113549.1.9.1");
}  // namespace oid

namespace {

using base::Result;

bool is_string_type(std::uint8_t tag) {
  switch (tag) {
    case der::kUtf8String:
    case der::kPrintableString:
    case der::kTeletexString:
    case der::kIa5String:
    case der::kUniversalString:
    case der::kBmpString:
    case 0x12:  // NumericString
    case 0x1A:  // VisibleString
      return true;
    default:
      return false;
  }
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// RFC 5280 7.1: compared without regard to case, with white space at the ends removed and inner runs taken as one
// space. Deviation: only ASCII is folded; case beyond it (Cyrillic) counts as written, which is how CAs repeat their
// own name, and what OpenSSL, which judges the chain after us, does.
std::string folded(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_space(text[i])) {
      out += text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    } else if (!is_space(text[i - 1])) {
      out += ' ';
    }
  }
  return out;
}

void append_counted(std::string& out, std::string_view part) {
  const auto size = static_cast<std::uint32_t>(part.size());
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  out += part;
}

void append_keyword(std::string& out, const Oid& type) {
  static const std::array<std::pair<Oid, std::string_view>, 14> kKeywords = {{
      {Oid::literal("2.5.4.3"), "CN"},
      {Oid::literal("2.5.4.4"), "SN"},
      {Oid::literal("2.5.4.5"), "serialNumber"},
      {Oid::literal("2.5.4.6"), "C"},
      {Oid::literal("2.5.4.7"), "L"},
      {Oid::literal("2.5.4.8"), "ST"},
      {Oid::literal("2.5.4.9"), "street"},
      {Oid::literal("2.5.4.10"), "O"},
      {Oid::literal("2.5.4.11"), "OU"},
      {Oid::literal("2.5.4.12"), "title"},
      {Oid::literal("2.5.4.42"), "GN"},
      {Oid::literal("0.9.2342.19200300.100.1.25"), "DC"},
      {Oid::literal("0.9.2342.19200300.100.1.1"), "UID"},
      {Oid::literal("1.2.840.113549.1.9.1"), "E"},
  }};
  const auto found = std::ranges::find(kKeywords, type, &std::pair<Oid, std::string_view>::first);
  if (found == kKeywords.end())
    out += type.dotted();
  else
    out += found->second;
}

// RFC 4514 2.4. A value that is shown as octets begins with an unescaped '#'.
void append_escaped(std::string& out, std::string_view value, std::uint8_t tag) {
  if (!is_string_type(tag)) {
    out += value;
    return;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool at_end = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == value.size() && c == ' ');
    if (c == '\0') {
      out += "\\00";
      continue;
    }
    if (at_end || std::string_view("\"+,;<>\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

struct ParsedAttribute {
  NameAttribute attribute;
  std::string canonical;
  std::string text;  // as RFC 4514 shows it
};

Result<ParsedAttribute> parse_attribute(der::Reader& set) {
  TANBA_TRY(der::Reader pair, set.enter(der::kSequence, "AttributeTypeAndValue"));
  TANBA_TRY(const der::Tlv type, pair.expect(der::kOid, "attribute type"));
  TANBA_TRY(const der::Tlv value, pair.next());
  TANBA_CHECK(pair.finish("AttributeTypeAndValue"));
  ParsedAttribute parsed;
  TANBA_TRY(parsed.attribute.type, Oid::parse(type.value));
  append_counted(parsed.canonical, base::as_text(parsed.attribute.type.contents()));
  if (is_string_type(value.tag)) {
    TANBA_TRY(parsed.attribute.value, der::read_string(value));
    parsed.canonical += 's';
    append_counted(parsed.canonical, folded(parsed.attribute.value));
  } else {
    // RFC 4514 2.4: a value without a string form is shown as '#' and its octets.
    parsed.attribute.value = "#" + base::to_hex(value.whole);
    parsed.canonical += 'o';
    append_counted(parsed.canonical, base::as_text(value.whole));
  }
  append_keyword(parsed.text, parsed.attribute.type);
  parsed.text += '=';
  append_escaped(parsed.text, parsed.attribute.value, value.tag);
  return parsed;
}

// The attributes of one RelativeDistinguishedName.
Result<std::vector<ParsedAttribute>> parse_rdn(der::Reader& sequence) {
  TANBA_TRY(der::Reader set, sequence.enter(der::kSet, "RelativeDistinguishedName"));
  std::vector<ParsedAttribute> attributes;
  do {
    TANBA_TRY(ParsedAttribute attribute, parse_attribute(set));
    attributes.push_back(std::move(attribute));
  } while (!set.at_end());
  return attributes;
}

}  // namespace

Result<Name> Name::parse(base::ByteView der) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(der, der::kSequence, "Name"));
  Name name;
  name.der_ = base::to_bytes(whole.whole);
  std::vector<std::string> texts;  // of each RDN
  der::Reader sequence(whole.value);
  while (!sequence.at_end()) {
    TANBA_TRY(std::vector<ParsedAttribute> rdn, parse_rdn(sequence));
    std::vector<std::string> keys;
    std::string text;
    for (ParsedAttribute& parsed : rdn) {
      keys.push_back(std::move(parsed.canonical));
      if (!text.empty()) text += '+';
      text += parsed.text;
      name.attributes_.push_back(std::move(parsed.attribute));
    }
    // RFC 5280 7.1: two RDNs match if they "have the same number of" attributes that match, in whatever order.
    std::ranges::sort(keys);
    std::string joined;
    for (const std::string& key : keys) append_counted(joined, key);
    append_counted(name.canonical_, joined);
    texts.push_back(std::move(text));
  }
  for (const std::string& text : texts | std::views::reverse) {
    if (!name.rfc4514_.empty()) name.rfc4514_ += ',';
    name.rfc4514_ += text;
  }
  return name;
}

std::optional<std::string> Name::first(const Oid& type) const {
  const auto found = std::ranges::find(attributes_, type, &NameAttribute::type);
  if (found == attributes_.end()) return std::nullopt;
  return found->value;
}

std::string Name::display() const {
  if (auto name = first(oid::kCommonName); name && !name->empty()) return *name;
  if (auto name = first(oid::kOrganization); name && !name->empty()) return *name;
  return rfc4514_;
}

}  // namespace tanba::pki
