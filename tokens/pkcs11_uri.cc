#include "tokens/pkcs11_uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace tanba::tokens {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
// A label has 32 octets, an id rarely more than 64: an URI with everything is under 1 KiB.
constexpr std::size_t kMaxUriBytes = 4096;

struct TypeName {
  ObjectType type;
  std::string_view name;
};
// RFC 7512 2.3: pk11-type.
constexpr std::array kTypes = {
    TypeName{ObjectType::kPrivate, "private"},  TypeName{ObjectType::kPublic, "public"},
    TypeName{ObjectType::kCertificate, "cert"}, TypeName{ObjectType::kSecretKey, "secret-key"},
    TypeName{ObjectType::kData, "data"},
};

struct TextAttribute {
  std::string_view name;
  std::optional<std::string> Pkcs11Uri::* member;
};
constexpr std::array kPathAttributes = {
    TextAttribute{"token", &Pkcs11Uri::token},
    TextAttribute{"manufacturer", &Pkcs11Uri::manufacturer},
    TextAttribute{"serial", &Pkcs11Uri::serial},
    TextAttribute{"model", &Pkcs11Uri::model},
    TextAttribute{"library-manufacturer", &Pkcs11Uri::library_manufacturer},
    TextAttribute{"library-description", &Pkcs11Uri::library_description},
    TextAttribute{"library-version", &Pkcs11Uri::library_version},
    TextAttribute{"slot-manufacturer", &Pkcs11Uri::slot_manufacturer},
    TextAttribute{"slot-description", &Pkcs11Uri::slot_description},
    TextAttribute{"object", &Pkcs11Uri::object},
};
constexpr std::array kQueryAttributes = {
    TextAttribute{"module-path", &Pkcs11Uri::module_path},
    TextAttribute{"module-name", &Pkcs11Uri::module_name},
    TextAttribute{"pin-source", &Pkcs11Uri::pin_source},
};

// RFC 5234 2.3: the names that the grammar gives are case-insensitive.
std::string in_small_letters(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_unreserved(char c) {  // RFC 3986 2.3
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

class UriParser {
 public:
  explicit UriParser(std::string_view text) : text_(text) {}

  base::Result<Pkcs11Uri> run() {
    if (text_.size() > kMaxUriBytes) return failure("too long");
    if (!has_scheme()) return failure("it does not begin with pkcs11:");
    const std::string_view rest = text_.substr(kScheme.size());
    const std::size_t question = rest.find('?');
    TANBA_CHECK(parse_path(rest.substr(0, question)));
    if (question != std::string_view::npos) TANBA_CHECK(parse_query(rest.substr(question + 1)));
    return std::move(uri_);
  }

 private:
  // pin-value must not come back in an error: messages show the part before the query only.
  std::unexpected<base::Error> failure(std::string reason) const {
    const std::string_view shown = text_.substr(0, text_.find('?'));
    return base::fail(base::Code::kTokenUri, {{"uri", std::string(shown)}, {"reason", std::move(reason)}});
  }

  bool has_scheme() const {  // RFC 3986 3.1: schemes are case-insensitive
    return in_small_letters(text_.substr(0, kScheme.size())) == kScheme;
  }

  template <class Function>
  base::Status for_each_attribute(std::string_view list, char separator, Function&& function) {
    while (true) {
      const std::size_t end = list.find(separator);
      const std::string_view attribute = list.substr(0, end);
      const std::size_t equals = attribute.find('=');
      if (equals == std::string_view::npos) return failure("an attribute without a value");
      TANBA_CHECK(function(in_small_letters(attribute.substr(0, equals)), attribute.substr(equals + 1)));
      if (end == std::string_view::npos) return {};
      list.remove_prefix(end + 1);
    }
  }

  base::Status parse_path(std::string_view path) {
    if (path.empty()) return {};  // RFC 7512 2.3: pk11-path may be empty and then matches everything
    return for_each_attribute(path, ';', [&](std::string_view name, std::string_view written) -> base::Status {
      // RFC 7512 2.3: pk11-res-avail and, in the path, "&".
      TANBA_TRY(std::string value, decode(name, written, ":[]@!$'()*+,=&"));
      return set_path(name, std::move(value));
    });
  }

  base::Status parse_query(std::string_view query) {
    return for_each_attribute(query, '&', [&](std::string_view name, std::string_view written) -> base::Status {
      if (name == "pin-value") return failure("pin-value is not accepted: name a file with pin-source");
      TANBA_TRY(std::string value, decode(name, written, ":[]@!$'()*+,=/?|"));
      return set_query(name, std::move(value));
    });
  }

  base::Status set_path(std::string_view name, std::string value) {
    if (name == "library-version") {
      TANBA_TRY(value, version_in_full(value));
    }
    for (const TextAttribute& known : kPathAttributes) {
      if (known.name == name) return set_once(uri_.*known.member, name, std::move(value));
    }
    if (name == "id") return set_once(uri_.id, name, base::to_bytes(base::as_bytes(value)));
    if (name == "type") return set_type(value);
    if (name == "slot-id") return set_slot(value);
    return failure(fmt::format("the attribute {} is not known", name));
  }

  base::Status set_query(std::string_view name, std::string value) {
    if (name == "pin-source") {
      constexpr std::string_view kFile = "file:";
      if (!value.starts_with(kFile)) return failure("pin-source must be a file");
      value.erase(0, kFile.size());
      // RFC 8089: file:///path and file:/path are the same.
      if (value.starts_with("///")) value.erase(0, 2);
      if (!value.starts_with('/') || value.starts_with("//")) return failure("pin-source must be an absolute path");
    }
    for (const TextAttribute& known : kQueryAttributes) {
      if (known.name == name) return set_once(uri_.*known.member, name, std::move(value));
    }
    return {};  // RFC 7512 2.5: "SHOULD be ignored"; 2.4: those not of the RFC may stand twice
  }

  template <class T>
  base::Status set_once(std::optional<T>& member, std::string_view name, T value) {
    // RFC 7512 2.3: a URI "MUST NOT contain duplicate attributes of the same name in the URI path component".
    if (member) return failure(fmt::format("the attribute {} stands twice", name));
    member = std::move(value);
    return {};
  }

  base::Status set_type(std::string_view value) {
    const auto known = std::ranges::find(kTypes, value, &TypeName::name);
    if (known == kTypes.end()) return failure("the type is not known");
    return set_once(uri_.type, "type", known->type);
  }

  // RFC 7512 2.3: "M" or "M.N", where "M" is the same as "M.0"; each is an octet of CK_INFO.libraryVersion.
  base::Result<std::string> version_in_full(std::string_view value) const {
    const std::size_t dot = value.find('.');
    std::string out;
    for (const std::string_view part :
         {value.substr(0, dot), dot == std::string_view::npos ? "0" : value.substr(dot + 1)}) {
      std::uint8_t number = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
      if (error != std::errc() || end != part.data() + part.size()) return failure("library-version is not a version");
      fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ".", unsigned{number});
    }
    return out;
  }

  base::Status set_slot(std::string_view value) {
    unsigned long slot = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), slot);
    if (error != std::errc() || end != value.data() + value.size()) return failure("slot-id is not a number");
    return set_once(uri_.slot_id, "slot-id", slot);
  }

  base::Result<std::string> decode(std::string_view name, std::string_view written, std::string_view allowed) const {
    std::string out;
    for (std::size_t i = 0; i < written.size(); ++i) {
      const char c = written[i];
      if (c == '%') {
        const base::Result<base::Bytes> octet = base::from_hex(written.substr(i + 1, 2));
        if (!octet || octet->size() != 1) return failure(fmt::format("wrong percent-encoding in {}", name));
        out += static_cast<char>(octet->front());
        i += 2;
      } else if (is_unreserved(c) || allowed.find(c) != std::string_view::npos) {
        out += c;
      } else {
        return failure(fmt::format("a character in {} must be percent-encoded", name));
      }
    }
    return out;
  }

  std::string_view text_;
  Pkcs11Uri uri_;
};

std::string encode(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string encode_wholly(base::ByteView value) {
  std::string out;
  for (const std::uint8_t octet : value) fmt::format_to(std::back_inserter(out), "%{:02X}", octet);
  return out;
}

}  // namespace

base::Result<Pkcs11Uri> parse_pkcs11_uri(std::string_view text) {
  return UriParser(text).run();
}

std::string format_pkcs11_uri(const Pkcs11Uri& uri) {
  std::string path;
  const auto add = [](std::string& to, char separator, std::string_view name, std::string_view value) {
    if (!to.empty()) to += separator;
    fmt::format_to(std::back_inserter(to), "{}={}", name, value);
  };
  for (const TextAttribute& known : kPathAttributes) {
    if (const auto& value = uri.*known.member) add(path, ';', known.name, encode(*value));
  }
  if (uri.slot_id) add(path, ';', "slot-id", std::to_string(*uri.slot_id));
  if (uri.id) add(path, ';', "id", encode_wholly(*uri.id));
  if (uri.type) add(path, ';', "type", std::ranges::find(kTypes, *uri.type, &TypeName::type)->name);
  std::string query;
  for (const TextAttribute& known : kQueryAttributes) {
    const auto& value = uri.*known.member;
    if (!value) continue;
    add(query, '&', known.name, known.member == &Pkcs11Uri::pin_source ? "file:" + encode(*value) : encode(*value));
  }
  std::string out(kScheme);
  out += path;
  if (!query.empty()) out += "?" + query;
  return out;
}

}  // namespace tanba::tokens
