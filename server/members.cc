#include "server/members.h"

#include "base/json.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Error;
using base::Result;

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const auto end = type.find_last_not_of(" \t");
  return end != std::string_view::npos && type.substr(0, end + 1) == "application/json";
}

}  // namespace

Result<Members> Members::of(const net::http::Request& request) {
  if (!is_json(request.headers.find_single("content-type").value_or(""))) {
    return base::fail(Code::kRequestMediaType, {{"expected", "application/json"}});
  }
  const base::JsonLimits limits{.max_size_bytes = request.body.size()};  // the route has bounded it
  TANBA_TRY(boost::json::value value, base::parse_json(base::as_text(request.body), limits));
  if (!value.is_object()) return base::fail(Code::kInputMember, {{"member", "."}, {"expected", "an object"}});
  return Members(std::move(value.as_object()), "");
}

Error Members::bad(std::string_view name, std::string expected) const {
  return Error(Code::kInputMember, {{"member", path_ + std::string(name)}, {"expected", std::move(expected)}});
}

// Null is absent.
boost::json::value* Members::take(std::string_view name) {
  taken_.emplace(name);
  boost::json::value* value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::optional<Members>> Members::object(std::string_view name) {
  boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return std::unexpected(bad(name, "an object"));
  return Members(std::move(value->as_object()), path_ + std::string(name) + ".");
}

Result<std::optional<std::string>> Members::optional_text(std::string_view name) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return std::unexpected(bad(name, "a text"));
  return std::string(value->as_string());
}

Result<std::string> Members::text(std::string_view name) {
  TANBA_TRY(auto value, optional_text(name));
  if (!value || value->empty()) return std::unexpected(bad(name, "a text that is not empty"));
  return *std::move(value);
}

Result<std::int64_t> Members::number(std::string_view name) {
  const boost::json::value* value = take(name);
  if (value == nullptr || !value->is_int64()) return std::unexpected(bad(name, "a whole number"));
  return value->get_int64();
}

Result<std::optional<base::Time>> Members::optional_time(std::string_view name) {
  TANBA_TRY(const auto value, optional_text(name));
  if (!value) return std::nullopt;
  const auto time = base::parse_time(*value);
  if (!time) return std::unexpected(bad(name, "a time (RFC 3339)"));
  return *time;
}

Result<std::optional<std::vector<Members>>> Members::object_list(std::string_view name, std::size_t max_count) {
  boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  const auto wrong = [&] {
    return std::unexpected(bad(name, "a list of 1 to " + std::to_string(max_count) + " objects"));
  };
  if (!value->is_array() || value->as_array().empty() || value->as_array().size() > max_count) return wrong();
  std::vector<Members> out;
  for (boost::json::value& element : value->as_array()) {
    if (!element.is_object()) return wrong();
    out.push_back(
        Members(std::move(element.as_object()), path_ + std::string(name) + "[" + std::to_string(out.size()) + "]."));
  }
  return out;
}

Result<std::vector<std::string>> Members::text_list(std::string_view name, std::size_t max_count) {
  const boost::json::value* value = take(name);
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (!value->is_array() || value->as_array().size() > max_count) {
    return std::unexpected(bad(name, "a list of at most " + std::to_string(max_count)));
  }
  for (const boost::json::value& element : value->as_array()) {
    if (!element.is_string()) return std::unexpected(bad(name, "a list of texts"));
    out.emplace_back(element.as_string());
  }
  return out;
}

Result<std::optional<base::Bytes>> Members::optional_base64(std::string_view name) {
  TANBA_TRY(auto value, optional_text(name));
  if (!value) return std::nullopt;
  auto octets = base::from_base64(*value);
  if (!octets) return std::unexpected(bad(name, "base64 (RFC 4648 section 4)"));
  return *std::move(octets);
}

Result<base::Bytes> Members::base64(std::string_view name) {
  TANBA_TRY(auto octets, optional_base64(name));
  if (!octets || octets->empty()) return std::unexpected(bad(name, "base64 of at least one octet"));
  return *std::move(octets);
}

Result<std::vector<base::Bytes>> Members::base64_list(std::string_view name, std::size_t max_count) {
  const boost::json::value* value = take(name);
  std::vector<base::Bytes> out;
  if (value == nullptr) return out;
  if (!value->is_array() || value->as_array().size() > max_count) {
    return std::unexpected(bad(name, "a list of at most " + std::to_string(max_count)));
  }
  for (const boost::json::value& element : value->as_array()) {
    auto octets = element.is_string() ? base::from_base64(std::string_view(element.as_string()))
                                      : Result<base::Bytes>(base::fail(Code::kInputBase64));
    if (!octets) return std::unexpected(bad(name, "base64 (RFC 4648 section 4)"));
    out.push_back(*std::move(octets));
  }
  return out;
}

base::Status Members::finish() const {
  for (const auto& [name, value] : object_) {
    if (!taken_.contains(std::string_view(name))) return std::unexpected(bad(name, "no such member"));
  }
  return {};
}

}  // namespace tanba::server
