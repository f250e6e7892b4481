#include "xmldsig/xml/writer.h"

#include "base/text.h"

namespace tanba::xmldsig::xml {
namespace {

using base::Code;

enum class Place { kText, kAttribute };

[[nodiscard]] std::string escape(std::string_view text, Place place) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      case '"':
        out += place == Place::kAttribute ? "&quot;" : "\"";
        break;
      case '\t':
        out += place == Place::kAttribute ? "&#x9;" : "\t";
        break;
      case '\n':
        out += place == Place::kAttribute ? "&#xA;" : "\n";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string escape_text(std::string_view text) {
  return escape(text, Place::kText);
}

std::string escape_attribute(std::string_view text) {
  return escape(text, Place::kAttribute);
}

base::Status check_characters(std::string_view text) {
  if (!base::is_utf8(text)) return base::fail(Code::kInputUtf8);
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 && c != '\t' && c != '\n' && c != '\r') return base::fail(Code::kInputUtf8, "a control character");
  }
  // XML 1.0 2.2: U+FFFE and U+FFFF are no characters.
  if (text.find("\xEF\xBF\xBE") != std::string_view::npos || text.find("\xEF\xBF\xBF") != std::string_view::npos) {
    return base::fail(Code::kInputUtf8, "U+FFFE or U+FFFF");
  }
  return {};
}

Writer::Writer(Declaration declaration) {
  if (declaration == Declaration::kUtf8) out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void Writer::end_tag_opening() {
  if (in_tag_) out_ += '>';
  in_tag_ = false;
}

Writer& Writer::open(std::string_view name) {
  end_tag_opening();
  out_.append("<").append(name);
  open_.emplace_back(name);
  in_tag_ = true;
  return *this;
}

Writer& Writer::attribute(std::string_view name, std::string_view value) {
  if (auto checked = check_characters(value); !checked && status_) status_ = checked;
  out_.append(" ").append(name).append("=\"").append(escape_attribute(value)).append("\"");
  return *this;
}

Writer& Writer::text(std::string_view value) {
  end_tag_opening();
  if (auto checked = check_characters(value); !checked && status_) status_ = checked;
  out_ += escape_text(value);
  return *this;
}

Writer& Writer::close() {
  if (open_.empty()) return *this;
  if (in_tag_) {
    out_ += "/>";
    in_tag_ = false;
  } else {
    out_.append("</").append(open_.back()).append(">");
  }
  open_.pop_back();
  return *this;
}

Writer& Writer::element(std::string_view name, std::string_view value) {
  return open(name).text(value).close();
}

base::Result<std::string> Writer::finish() {
  while (!open_.empty()) close();
  if (!status_) return base::fail(status_.error());
  return std::move(out_);
}

}  // namespace tanba::xmldsig::xml
