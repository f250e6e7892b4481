#include "xmldsig/xml/scan.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig::xml {

std::unexpected<base::Error> malformed(std::string what) {
  return base::fail(base::Code::kXmlMalformed, {{"what", std::move(what)}});
}
namespace {

using base::Code;

[[nodiscard]] bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != b[i]) return false;
  }
  return true;
}

[[nodiscard]] std::unexpected<base::Error> too_many(std::string_view what, std::size_t limit) {
  return base::fail(Code::kLimitCount, {{"limit", std::to_string(limit)}, {"what", std::string(what)}});
}

class Scanner {
 public:
  Scanner(std::string_view text, const base::Limits& limits, std::size_t wanted_element)
      : text_(text), limits_(limits), wanted_element_(wanted_element) {}

  [[nodiscard]] base::Result<ScanResult> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
    TANBA_CHECK(check_declaration());
    while (true) {
      const std::size_t tag = text_.find('<', position_);
      if (tag == std::string_view::npos) break;
      if (tag > position_) TANBA_CHECK(count_nodes(1));  // the text before it
      position_ = tag;
      TANBA_CHECK(markup());
    }
    return result_;
  }

 private:
  [[nodiscard]] bool at(std::string_view what) const { return text_.substr(position_).starts_with(what); }

  [[nodiscard]] base::Status count_nodes(std::size_t count) {
    nodes_ += count;
    if (nodes_ > limits_.max_xml_nodes) return too_many("XML nodes", limits_.max_xml_nodes);
    return {};
  }

  // XML 1.0 4.3.3: an encoding declaration other than UTF-8 is refused; none at all means UTF-8.
  [[nodiscard]] base::Status check_declaration() {
    if (!at("<?xml") || position_ + 5 >= text_.size() || !is_space(text_[position_ + 5])) return {};
    const std::size_t end = text_.find("?>", position_);
    if (end == std::string_view::npos) return malformed("the XML declaration does not end");
    const std::string_view declaration = text_.substr(position_, end - position_);
    const std::size_t name = declaration.find("encoding");
    if (name == std::string_view::npos) return {};
    std::size_t at_value = declaration.find_first_not_of(" \t\r\n=", name + 8);
    if (at_value == std::string_view::npos) return malformed("the XML declaration");
    const char quote = declaration[at_value++];
    const std::size_t close = declaration.find(quote, at_value);
    if ((quote != '"' && quote != '\'') || close == std::string_view::npos) return malformed("the XML declaration");
    if (!equal_ignoring_case(declaration.substr(at_value, close - at_value), "utf-8")) {
      return base::fail(Code::kXmlEncoding);
    }
    return {};
  }

  [[nodiscard]] base::Status skip_past(std::string_view end, std::string_view what) {
    const std::size_t found = text_.find(end, position_);
    if (found == std::string_view::npos) return malformed(std::string(what) + " does not end");
    position_ = found + end.size();
    return {};
  }

  [[nodiscard]] base::Status markup() {
    TANBA_CHECK(count_nodes(1));
    if (at("<!--")) {
      position_ += 4;
      return skip_past("-->", "a comment");
    }
    if (at("<![CDATA[")) return skip_past("]]>", "a CDATA section");
    // XML 1.0 2.8: nothing else that begins so may stand in a document but the document type declaration.
    if (at("<!")) return at("<!DOCTYPE") ? base::fail(Code::kXmlDoctype) : malformed("a declaration outside a DOCTYPE");
    if (at("<?")) return skip_past("?>", "a processing instruction");
    if (at("</")) return end_tag();
    return start_tag();
  }

  [[nodiscard]] base::Status end_tag() {
    if (namespaces_.empty()) return malformed("an end tag without a start tag");
    if (namespaces_.size() == wanted_depth_) {
      result_.element_end = position_;
      result_.tag = ScanResult::Tag::kWithEndTag;
      wanted_depth_ = kNotOpen;
    }
    in_scope_ -= namespaces_.back();
    namespaces_.pop_back();
    return skip_past(">", "an end tag");
  }

  [[nodiscard]] base::Status start_tag() {
    const std::size_t begin = position_;
    std::size_t attributes = 0;
    std::size_t namespaces = 0;
    std::size_t word = position_ + 1;  // where the name begins that an '=' may end
    ++position_;
    while (true) {
      position_ = text_.find_first_of("=>\"' \t\r\n", position_);
      if (position_ == std::string_view::npos) return malformed("a start tag does not end");
      const char c = text_[position_];
      if (c == '>') break;
      if (c == '=') {
        ++attributes;
        if (text_.substr(word).starts_with("xmlns")) ++namespaces;
        if (attributes > kMaxAttributesOfElement) return too_many("attributes of one element", kMaxAttributesOfElement);
      } else if (c == '"' || c == '\'') {
        position_ = text_.find(c, position_ + 1);
        if (position_ == std::string_view::npos) return malformed("an attribute value does not end");
      } else if (const std::size_t next = position_ + 1;
                 next < text_.size() && !is_space(text_[next]) && text_[next] != '=') {
        word = next;
      }
      ++position_;
    }
    const bool empty = text_[position_ - 1] == '/';
    if (result_.elements == wanted_element_) {
      result_.element_begin = begin;
      result_.element_end = position_ - 1;
      result_.tag = ScanResult::Tag::kEmpty;
      if (!empty) wanted_depth_ = namespaces_.size() + 1;
    }
    ++position_;
    ++result_.elements;
    TANBA_CHECK(count_nodes(attributes));
    in_scope_ += namespaces;
    if (in_scope_ > kMaxNamespacesInScope) return too_many("namespaces in scope", kMaxNamespacesInScope);
    if (empty) {
      in_scope_ -= namespaces;
      return check_depth(namespaces_.size() + 1);
    }
    namespaces_.push_back(namespaces);
    return check_depth(namespaces_.size());
  }

  [[nodiscard]] base::Status check_depth(std::size_t depth) const {
    if (depth <= limits_.max_xml_depth) return {};
    return base::fail(Code::kLimitDepth, {{"limit", std::to_string(limits_.max_xml_depth)}});
  }

  std::string_view text_;
  const base::Limits& limits_;
  const std::size_t wanted_element_;
  static constexpr std::size_t kNotOpen = SIZE_MAX;
  std::size_t wanted_depth_ = kNotOpen;  // how many elements are open in the wanted one
  std::size_t position_ = 0;
  std::size_t nodes_ = 0;
  std::size_t in_scope_ = 0;
  std::vector<std::size_t> namespaces_;  // declared by each open element
  ScanResult result_;
};

}  // namespace

base::Result<ScanResult> scan(base::ByteView xml, const base::Limits& limits, std::size_t wanted_element) {
  if (xml.empty()) return base::fail(Code::kFormatEmpty);
  if (xml.size() > limits.max_document_bytes) {
    return base::fail(Code::kLimitSize, {{"limit", std::to_string(limits.max_document_bytes)}});
  }
  const std::string_view text = base::as_text(xml);
  if (!base::is_utf8(text)) return base::fail(Code::kXmlEncoding);
  if (std::memchr(text.data(), 0, text.size()) != nullptr) return malformed("it holds the character U+0000");
  return Scanner(text, limits, wanted_element).run();
}

}  // namespace tanba::xmldsig::xml
