#include "xmldsig/xml/one_pass.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig::xml {
namespace {

constexpr std::string_view kDsNamespace = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view kWsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

// What a character may need: a look at each octet decides whether it can be copied as it is.
enum Octet : std::uint8_t {
  kPlain = 0,
  kInText = 1,       // ends a run of text: < & > ] CR, controls, and the first octet of U+FFFE and U+FFFF
  kInAttribute = 2,  // the same in an attribute value: < & " ' TAB LF CR ...
  kNameStart = 4,
  kNamePart = 8,
  kSpace = 16,
};

constexpr std::array<std::uint8_t, 256> make_octets() {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0; c < 0x20; ++c) table[static_cast<std::size_t>(c)] = kInText | kInAttribute;
  table['\t'] = kInAttribute | kSpace;
  table['\n'] = kInAttribute | kSpace;
  table['\r'] = kInText | kInAttribute | kSpace;
  table[' '] = kSpace;
  for (const char c : std::string_view("<&")) table[static_cast<std::uint8_t>(c)] |= kInText | kInAttribute;
  for (const char c : std::string_view(">]")) table[static_cast<std::uint8_t>(c)] |= kInText;
  for (const char c : std::string_view("\"'")) table[static_cast<std::uint8_t>(c)] |= kInAttribute;
  table[0xEF] |= kInText | kInAttribute;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] |= kNameStart | kNamePart;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] |= kNameStart | kNamePart;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] |= kNamePart;
  table['_'] |= kNameStart | kNamePart;
  table['-'] |= kNamePart;
  table['.'] |= kNamePart;
  return table;
}
constexpr std::array<std::uint8_t, 256> kOctets = make_octets();

[[nodiscard]] bool is(char c, std::uint8_t what) {
  return (kOctets[static_cast<std::uint8_t>(c)] & what) != 0;
}

// An absolute URI that no reader takes apart differently: a scheme, then characters without a meaning of their own.
[[nodiscard]] bool is_plain_uri(std::string_view uri) {
  std::string_view rest;
  if (uri.starts_with("urn:")) {
    rest = uri.substr(4);
    return !rest.empty() && std::ranges::all_of(rest, [](char c) { return is(c, kNamePart) || c == ':'; });
  }
  if (uri.starts_with("http://")) rest = uri.substr(7);
  if (uri.starts_with("https://")) rest = uri.substr(8);
  const std::size_t host_end = std::min(rest.find('/'), rest.size());
  const std::string_view host = rest.substr(0, host_end);
  std::string_view path = rest.substr(host_end);
  if (path.ends_with('#')) path.remove_suffix(1);
  return !host.empty() && std::ranges::all_of(host, [](char c) { return is(c, kNamePart); }) &&
         std::ranges::all_of(path, [](char c) { return is(c, kNamePart) || c == '/'; });
}

struct Name {
  std::string_view whole, prefix, local;
};
struct Binding {
  std::string_view prefix, uri;
};
struct Attribute {
  Name name;
  std::string_view uri;   // of its namespace
  std::string_view raw;   // as written
  std::size_t value = 0;  // where its canonical text begins in values_
  std::size_t value_size = 0;
};
struct Open {
  std::string_view name;
  std::size_t bindings = 0;  // how many there were outside
  std::size_t rendered = 0;
};

class Pass {
 public:
  Pass(std::string_view text, const OnePassQuery& query, const base::Limits& limits)
      : text_(text), query_(query), limits_(limits) {
    out_.reserve(text.size() + text.size() / 8 + 256);
  }

  [[nodiscard]] std::optional<OnePassResult> run() {
    if (!declaration() || !misc() || !element_start() || !content() || !misc() || at_ != text_.size()) return {};
    if (!query_.id.empty() && !found_target_) return {};
    result_.canonical = base::to_bytes(base::as_bytes(out_));
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  [[nodiscard]] bool take(std::string_view what) {
    if (!at(what)) return false;
    at_ += what.size();
    return true;
  }
  void spaces() {
    while (at_ < text_.size() && is(text_[at_], kSpace)) ++at_;
  }
  [[nodiscard]] bool count(std::size_t nodes) {
    nodes_ += nodes;
    return nodes_ <= limits_.max_xml_nodes;
  }

  // XML 1.0 2.8, in the spellings that are in use.
  [[nodiscard]] bool declaration() {
    if (!at("<?")) return true;
    if (!take("<?xml version=\"1.0\"")) return false;
    if (!take(" encoding=\"UTF-8\"")) static_cast<void>(take(" encoding=\"utf-8\""));
    if (!take(" standalone=\"no\"")) static_cast<void>(take(" standalone=\"yes\""));
    spaces();
    return take("?>");
  }

  // Outside the root element: white space and comments.
  [[nodiscard]] bool misc() {
    while (true) {
      spaces();
      if (!count(1)) return false;
      if (!at("<!--")) return true;
      if (!comment()) return false;
    }
  }

  // XML 1.0 2.5: "the string "--" (double-hyphen) MUST NOT occur within comments."
  [[nodiscard]] bool comment() {
    at_ += 4;
    const std::size_t end = text_.find("--", at_);
    if (end == std::string_view::npos || text_.substr(end, 3) != "-->" || !count(1)) return false;
    for (; at_ < end; ++at_) {
      const auto octet = static_cast<std::uint8_t>(text_[at_]);
      if ((octet < 0x20 && !is(text_[at_], kSpace)) || (octet == 0xEF && !is_character_here())) return false;
    }
    at_ = end + 3;
    return true;
  }

  // U+FFFE and U+FFFF are no characters (XML 1.0 2.2); other characters begin with the same octet.
  [[nodiscard]] bool is_character_here() const {
    const std::string_view three = text_.substr(at_, 3);
    return three != "\xEF\xBF\xBE" && three != "\xEF\xBF\xBF";
  }

  [[nodiscard]] bool name(Name& out) {
    const std::size_t begin = at_;
    if (!part_of_name()) return false;
    out.local = out.whole = text_.substr(begin, at_ - begin);
    out.prefix = {};
    if (at_ < text_.size() && text_[at_] == ':') {
      out.prefix = out.whole;
      const std::size_t local = ++at_;
      if (!part_of_name()) return false;
      out.local = text_.substr(local, at_ - local);
      out.whole = text_.substr(begin, at_ - begin);
    }
    return at_ < text_.size() && text_[at_] != ':' && static_cast<std::uint8_t>(text_[at_]) < 0x80;
  }
  [[nodiscard]] bool part_of_name() {
    if (at_ == text_.size() || !is(text_[at_], kNameStart)) return false;
    while (at_ < text_.size() && is(text_[at_], kNamePart)) ++at_;
    return true;
  }

  // --- namespaces --------------------------------------------------------------------------------------------------

  [[nodiscard]] const Binding* bound(std::string_view prefix) const {
    for (std::size_t i = bindings_.size(); i-- > 0;) {
      if (bindings_[i].prefix == prefix) return &bindings_[i];
    }
    return nullptr;
  }

  // Whether the prefix means something, and what; nothing at all is the meaning of no prefix without a declaration.
  [[nodiscard]] bool resolve(std::string_view prefix, std::string_view& uri) const {
    const Binding* binding = bound(prefix);
    uri = binding == nullptr ? std::string_view{} : binding->uri;
    return prefix.empty() || binding != nullptr;
  }

  [[nodiscard]] bool declare(std::string_view prefix, std::string_view uri) {
    if (prefix == "xml" || prefix == "xmlns" || (uri.empty() ? !prefix.empty() : !is_plain_uri(uri))) return false;
    if (uri == "http://www.w3.org/XML/1998/namespace" || uri == "http://www.w3.org/2000/xmlns/") return false;
    for (std::size_t i = open_.back().bindings; i < bindings_.size(); ++i) {
      if (bindings_[i].prefix == prefix) return false;
    }
    bindings_.push_back({prefix, uri});
    return bindings_.size() <= kMaxNamespacesInScope;
  }

  // --- tags --------------------------------------------------------------------------------------------------------

  // From "<" to behind ">"; an empty element is ended as well.
  [[nodiscard]] bool element_start() {
    const std::size_t begin = at_;
    Name tag;
    if (!take("<") || !name(tag) || !count(1)) return false;
    open_.push_back({tag.whole, bindings_.size(), rendered_.size()});
    if (open_.size() > limits_.max_xml_depth) return false;
    attributes_.clear();
    values_.clear();
    bool empty = false;
    if (!attributes(empty)) return false;
    std::string_view uri;
    if (tag.prefix == "xml" || tag.prefix == "xmlns" || !resolve(tag.prefix, uri) || !resolve_attributes())
      return false;
    if (!begin_parts(begin, tag, uri)) return false;
    if (emitting()) write_start(tag, uri);
    if (!empty) return true;
    return end_parts(tag.whole);
  }

  [[nodiscard]] bool attributes(bool& empty) {
    while (true) {
      const std::size_t before = at_;
      spaces();
      if (take(">")) return true;
      if (take("/>")) return empty = true;
      if (at_ == before) return false;
      Attribute attribute;
      if (!name(attribute.name)) return false;
      spaces();
      if (!take("=")) return false;
      spaces();
      if (!attribute_value(attribute)) return false;
      if (++attributes_of_tag_ > kMaxAttributesOfElement) return false;
      if (attribute.name.whole == "xmlns") {
        if (!declare({}, attribute.raw)) return false;
      } else if (attribute.name.prefix == "xmlns") {
        if (!declare(attribute.name.local, attribute.raw)) return false;
      } else if (attribute.name.whole.starts_with("xmlns")) {  // counted as a declaration by the limits
        return false;
      } else {
        attributes_.push_back(attribute);
      }
    }
  }

  [[nodiscard]] bool attribute_value(Attribute& out) {
    if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
    const char quote = text_[at_++];
    const std::size_t begin = at_;
    out.value = values_.size();
    while (true) {
      const std::size_t run = at_;
      while (at_ < text_.size() && !is(text_[at_], kInAttribute)) ++at_;
      values_.append(text_, run, at_ - run);
      if (at_ == text_.size()) return false;
      if (text_[at_] == quote) break;
      if (!attribute_character()) return false;
    }
    out.raw = text_.substr(begin, at_ - begin);
    out.value_size = values_.size() - out.value;
    ++at_;
    return true;
  }

  // XML 1.0 3.3.3 reads literal white space as spaces; what canonical XML writes is in c14n 2.3, "Attribute Nodes".
  [[nodiscard]] bool attribute_character() {
    switch (text_[at_]) {
      case '\r':
        if (text_.substr(at_, 2) == "\r\n") ++at_;
        [[fallthrough]];
      case '\t':
      case '\n':
        values_ += ' ';
        ++at_;
        return true;
      case '"':
        values_ += "&quot;";
        ++at_;
        return true;
      case '\'':
        values_ += text_[at_++];
        return true;
      case '\xEF':
        if (!is_character_here()) return false;
        values_ += text_[at_++];
        return true;
      case '&': {
        std::uint32_t character = 0;
        if (!reference(character)) return false;
        append_attribute_character(character);
        return true;
      }
      default:
        return false;
    }
  }

  void append_attribute_character(std::uint32_t character) {
    switch (character) {
      case '&':
        values_ += "&amp;";
        return;
      case '<':
        values_ += "&lt;";
        return;
      case '"':
        values_ += "&quot;";
        return;
      case '\t':
        values_ += "&#x9;";
        return;
      case '\n':
        values_ += "&#xA;";
        return;
      case '\r':
        values_ += "&#xD;";
        return;
      default:
        append_utf8(values_, character);
    }
  }

  // The five that XML predefines, and characters by number (XML 1.0 4.1, 4.6).
  [[nodiscard]] bool reference(std::uint32_t& character) {
    constexpr std::pair<std::string_view, unsigned char> kNamed[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (const auto& [spelling, meaning] : kNamed) {
      if (!take(spelling)) continue;
      character = meaning;
      return true;
    }
    if (!take("&#")) return false;
    const std::uint32_t base = take("x") ? 16 : 10;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && at_ - begin < 8; ++at_) {
      const char c = text_[at_];
      std::uint32_t digit = 16;
      if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
      if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
      if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
      if (digit >= base) break;
      character = character * base + digit;
    }
    return at_ > begin && take(";") && is_character(character);
  }
  [[nodiscard]] static bool is_character(std::uint32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xD800) || (c >= 0xE000 && c < 0xFFFE) ||
           (c >= 0x10000 && c < 0x110000);
  }
  static void append_utf8(std::string& to, std::uint32_t c) {
    const auto trail = [&](unsigned shift) { to += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
    if (c < 0x80) {
      to += static_cast<char>(c);
    } else if (c < 0x800) {
      to += static_cast<char>(0xC0 | (c >> 6));
      trail(0);
    } else if (c < 0x10000) {
      to += static_cast<char>(0xE0 | (c >> 12));
      trail(6);
      trail(0);
    } else {
      to += static_cast<char>(0xF0 | (c >> 18));
      trail(12);
      trail(6);
      trail(0);
    }
  }

  [[nodiscard]] std::string_view value_of(const Attribute& attribute) const {
    return std::string_view(values_).substr(attribute.value, attribute.value_size);
  }

  // Each name once, by namespace too; sorted as canonical XML has them: by namespace, then by local name.
  [[nodiscard]] bool resolve_attributes() {
    if (!count(attributes_of_tag_)) return false;
    attributes_of_tag_ = 0;
    tag_has_language_ = false;
    for (Attribute& attribute : attributes_) {
      if (attribute.name.prefix.empty()) continue;
      if (attribute.name.prefix == "xml") {
        if (attribute.name.local != "lang") return false;
        attribute.uri = "http://www.w3.org/XML/1998/namespace";
        tag_has_language_ = true;
      } else if (!resolve(attribute.name.prefix, attribute.uri)) {
        return false;
      }
    }
    const auto key = [](const Attribute& attribute) { return std::pair(attribute.uri, attribute.name.local); };
    if (attributes_.size() < 2) return true;
    std::ranges::sort(attributes_, {}, key);
    return std::ranges::adjacent_find(attributes_, {}, key) == attributes_.end();
  }

  // --- what is asked for, and the Signature ------------------------------------------------------------------------

  [[nodiscard]] bool emitting() const { return target_depth_ != 0 && signature_depth_ == 0; }

  [[nodiscard]] bool begin_parts(std::size_t begin, const Name& tag, std::string_view uri) {
    if (tag_has_language_) languages_.push_back(open_.size());
    bool is_target = query_.id.empty() && open_.size() == 1;
    for (const Attribute& attribute : attributes_) {
      const bool is_id = attribute.uri.empty() ? attribute.name.local == "Id" || attribute.name.local == "ID" ||
                                                     attribute.name.local == "id"
                                               : attribute.uri == kWsu && attribute.name.local == "Id";
      if (!is_id) continue;
      // Characters that would have to be read: such Ids are compared elsewhere.
      if (attribute.raw != value_of(attribute) || attribute.raw.find('&') != std::string_view::npos) return false;
      if (!ids_.insert(attribute.raw).second) return false;
      is_target = is_target || (!query_.id.empty() && attribute.raw == query_.id);
    }
    if (tag.local == "Signature" && uri == kDsNamespace && !begin_signature(begin)) return false;
    return !is_target || begin_target();
  }

  [[nodiscard]] bool inherits_language() const {
    return std::ranges::any_of(languages_, [&](std::size_t depth) { return depth < open_.size(); });
  }

  [[nodiscard]] bool begin_target() {
    if (found_target_ || signature_depth_ != 0) return false;
    // c14n 2.4: the attributes of the namespace xml of what is around would have to be imported.
    if (inherits_language()) return false;
    found_target_ = true;
    target_depth_ = open_.size();
    result_.target = query_.id.empty()   ? OnePassResult::Target::kDocument
                     : open_.size() == 1 ? OnePassResult::Target::kRoot
                                         : OnePassResult::Target::kPart;
    return true;
  }

  [[nodiscard]] bool begin_signature(std::size_t begin) {
    if (result_.signature || open_.size() == 1) return false;
    if (inherits_language()) return false;
    signature_depth_ = open_.size();
    result_.signature.emplace();
    result_.signature->begin = begin;
    result_.signature->place =
        target_depth_ != 0 ? OnePassResult::Signature::Place::kInside : OnePassResult::Signature::Place::kOutside;
    std::string& alone = result_.signature->alone;
    alone = "<scope";
    for (std::size_t i = 0; i < open_.back().bindings; ++i) {
      const Binding& binding = bindings_[i];
      if (nearest_outside(binding.prefix) != &binding || (binding.prefix.empty() && binding.uri.empty())) continue;
      alone.append(binding.prefix.empty() ? " xmlns" : " xmlns:").append(binding.prefix);
      alone.append("=\"").append(binding.uri).append("\"");
    }
    alone += '>';
    return true;
  }
  [[nodiscard]] const Binding* nearest_outside(std::string_view prefix) const {
    for (std::size_t i = open_.back().bindings; i-- > 0;) {
      if (bindings_[i].prefix == prefix) return &bindings_[i];
    }
    return nullptr;
  }

  // Behind an end tag, or an empty-element tag.
  [[nodiscard]] bool end_parts(std::string_view tag) {
    if (open_.back().name != tag) return false;
    if (emitting()) out_.append("</").append(tag).append(">");
    const std::size_t depth = open_.size();
    if (depth == target_depth_) target_depth_ = 0;
    if (depth == signature_depth_) {
      signature_depth_ = 0;
      result_.signature->end = at_;
      result_.signature->alone.append(text_, result_.signature->begin, at_ - result_.signature->begin)
          .append("</scope>");
    }
    if (!languages_.empty() && languages_.back() == depth) languages_.pop_back();
    bindings_.resize(open_.back().bindings);
    rendered_.resize(open_.back().rendered);
    open_.pop_back();
    return true;
  }

  // --- canonical tags ----------------------------------------------------------------------------------------------

  [[nodiscard]] std::string_view rendered_uri(std::string_view prefix) const {
    for (std::size_t i = rendered_.size(); i-- > 0;) {
      if (rendered_[i].prefix == prefix) return rendered_[i].uri;
    }
    return {};
  }
  void want_rendered(const Binding& binding) {
    if (rendered_uri(binding.prefix) == binding.uri) return;
    rendered_.push_back(binding);
  }

  // c14n 2.3, "Namespace Nodes": what is in force here and was not written by an element around. Around the apex
  // nothing was written, so there it is all that is in force. exc-c14n 3: only what is visibly utilised.
  void choose_namespaces(const Name& tag, std::string_view uri) {
    if (query_.method == OnePassQuery::Method::kExclusive) {
      want_rendered({tag.prefix, uri});
      for (const Attribute& attribute : attributes_) {
        if (!attribute.name.prefix.empty() && attribute.name.prefix != "xml")
          want_rendered({attribute.name.prefix, attribute.uri});
      }
      return;
    }
    const std::size_t first = open_.size() == target_depth_ ? 0 : open_.back().bindings;
    for (std::size_t i = first; i < bindings_.size(); ++i) {
      if (bound(bindings_[i].prefix) == &bindings_[i]) want_rendered(bindings_[i]);
    }
  }

  void write_start(const Name& tag, std::string_view uri) {
    out_.append("<").append(tag.whole);
    const std::size_t first = rendered_.size();
    choose_namespaces(tag, uri);
    std::sort(rendered_.begin() + static_cast<std::ptrdiff_t>(first), rendered_.end(),
              [](const Binding& a, const Binding& b) { return a.prefix < b.prefix; });
    for (std::size_t i = first; i < rendered_.size(); ++i) {
      out_.append(rendered_[i].prefix.empty() ? " xmlns" : " xmlns:").append(rendered_[i].prefix);
      out_.append("=\"").append(rendered_[i].uri).append("\"");
    }
    for (const Attribute& attribute : attributes_) {
      out_.append(" ").append(attribute.name.whole).append("=\"").append(value_of(attribute)).append("\"");
    }
    out_ += '>';
  }

  // --- content -----------------------------------------------------------------------------------------------------

  // Behind the root's start tag, to behind its end tag.
  [[nodiscard]] bool content() {
    while (!open_.empty()) {
      if (!text()) return false;
      if (at("</")) {
        if (!end_tag()) return false;
      } else if (at("<!--")) {
        if (!comment()) return false;
      } else if (!element_start()) {  // "<!" and "<?" are no names
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] bool end_tag() {
    at_ += 2;
    Name tag;
    if (!name(tag) || !count(1)) return false;
    spaces();
    return take(">") && end_parts(tag.whole);
  }

  // To the next "<".
  [[nodiscard]] bool text() {
    const std::size_t begin = at_;
    const bool write = emitting();
    while (true) {
      const std::size_t run = at_;
      while (at_ < text_.size() && !is(text_[at_], kInText)) ++at_;
      if (write) out_.append(text_, run, at_ - run);
      if (at_ == text_.size()) return false;
      if (text_[at_] == '<') return at_ == begin || count(1);
      if (!text_character(write)) return false;
    }
  }

  [[nodiscard]] bool text_character(bool write) {
    std::uint32_t character = static_cast<std::uint8_t>(text_[at_]);
    switch (text_[at_]) {
      case '\r':  // XML 1.0 2.11: line ends are read as LF
        if (text_.substr(at_, 2) == "\r\n") ++at_;
        ++at_;
        if (write) out_ += '\n';
        return true;
      case ']':
        if (at("]]>")) return false;
        ++at_;
        if (write) out_ += ']';
        return true;
      case '\xEF':
        if (!is_character_here()) return false;
        if (write) out_ += text_[at_];
        ++at_;
        return true;
      case '>':
        ++at_;
        break;
      case '&':
        character = 0;
        if (!reference(character)) return false;
        break;
      default:
        return false;
    }
    if (write) append_text_character(character);
    return true;
  }

  void append_text_character(std::uint32_t character) {
    switch (character) {
      case '&':
        out_ += "&amp;";
        return;
      case '<':
        out_ += "&lt;";
        return;
      case '>':
        out_ += "&gt;";
        return;
      case '\r':
        out_ += "&#xD;";
        return;
      default:
        append_utf8(out_, character);
    }
  }

  std::string_view text_;
  const OnePassQuery& query_;
  const base::Limits& limits_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::vector<Open> open_;
  std::vector<Binding> bindings_;  // in force, the nearest last
  std::vector<Binding> rendered_;  // written by the elements around, the nearest last
  std::vector<Attribute> attributes_;
  std::string values_;
  std::size_t attributes_of_tag_ = 0;
  bool tag_has_language_ = false;
  std::vector<std::size_t> languages_;  // depths of the open elements with xml:lang
  std::unordered_set<std::string_view> ids_;
  std::size_t target_depth_ = 0;  // 0: not inside
  std::size_t signature_depth_ = 0;
  bool found_target_ = false;
  std::string out_;
  OnePassResult result_;
};

}  // namespace

std::optional<OnePassResult> canonicalise_in_one_pass(base::ByteView xml, const OnePassQuery& query,
                                                      const base::Limits& limits) {
  const std::string_view text = base::as_text(xml);
  if (text.empty() || text.size() > limits.max_document_bytes || !base::is_utf8(text)) return {};
  return Pass(text, query, limits).run();
}

}  // namespace tanba::xmldsig::xml
