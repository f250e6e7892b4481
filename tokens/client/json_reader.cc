#include "tokens/client/json_reader.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace tanba::tokens::client {

namespace json = boost::json;

std::unexpected<base::Error> protocol_failure(std::string_view what) {
  return base::fail(base::Code::kKeydProtocol, {{"what", std::string(what)}});
}

base::Result<ObjectReader> ObjectReader::from(const json::value& value, std::string_view what) {
  const json::object* object = value.if_object();
  if (object == nullptr) return protocol_failure(what);
  return ObjectReader(*object);
}

const json::value* ObjectReader::take(std::string_view name) {
  taken_.emplace(name);
  return object_.if_contains(name);
}

base::Result<std::string> ObjectReader::text(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr || !value->is_string()) return protocol_failure(name);
  return std::string(value->get_string());
}

base::Result<base::Bytes> ObjectReader::base64(std::string_view name) {
  TANBA_TRY(const std::string written, text(name));
  base::Result<base::Bytes> octets = base::from_base64(written);
  if (!octets) return protocol_failure(name);
  return octets;
}

base::Result<std::uint64_t> ObjectReader::count(std::string_view name) {
  const json::value* value = take(name);
  if (value != nullptr && value->is_int64() && value->get_int64() >= 0) {
    return static_cast<std::uint64_t>(value->get_int64());
  }
  return protocol_failure(name);
}

base::Result<const json::object*> ObjectReader::object(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr || !value->is_object()) return protocol_failure(name);
  return &value->get_object();
}

base::Result<const json::array*> ObjectReader::array(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr || !value->is_array()) return protocol_failure(name);
  return &value->get_array();
}

base::Status ObjectReader::finish() const {
  for (const json::key_value_pair& member : object_) {
    if (!taken_.contains(std::string_view(member.key()))) return protocol_failure(member.key());
  }
  return {};
}

}  // namespace tanba::tokens::client
