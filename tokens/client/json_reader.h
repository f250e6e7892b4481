// Reading JSON objects strictly: every member is asked for once, and none may be left over.
#pragma once

#include <boost/json/object.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tanba::tokens::client {

[[nodiscard]] std::unexpected<base::Error> protocol_failure(std::string_view what);

class ObjectReader {
 public:
  explicit ObjectReader(const boost::json::object& object) : object_(object) {}
  [[nodiscard]] static base::Result<ObjectReader> from(const boost::json::value& value, std::string_view what);

  [[nodiscard]] base::Result<std::string> text(std::string_view name);
  [[nodiscard]] base::Result<base::Bytes> base64(std::string_view name);
  [[nodiscard]] base::Result<std::uint64_t> count(std::string_view name);
  [[nodiscard]] base::Result<const boost::json::object*> object(std::string_view name);
  [[nodiscard]] base::Result<const boost::json::array*> array(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }
  // Members that nobody asked for are an error: they may carry what this version does not check.
  [[nodiscard]] base::Status finish() const;

 private:
  [[nodiscard]] const boost::json::value* take(std::string_view name);
  const boost::json::object& object_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace tanba::tokens::client
