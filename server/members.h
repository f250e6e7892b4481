// Members of a JSON request, read strictly: what is missing, of another type or not expected is input.member by name.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http/message.h"

namespace tanba::server {

class Members {
 public:
  // The whole body: request.media_type unless application/json, input.json, input.member unless an object.
  [[nodiscard]] static base::Result<Members> of(const net::http::Request& request);
  // A member that is an object itself; nothing when it is absent.
  [[nodiscard]] base::Result<std::optional<Members>> object(std::string_view name);

  // A list of objects; nothing when it is absent. More than max_count, none at all, or anything else: input.member.
  [[nodiscard]] base::Result<std::optional<std::vector<Members>>> object_list(std::string_view name,
                                                                              std::size_t max_count);

  [[nodiscard]] base::Result<std::string> text(std::string_view name);  // required, not empty
  [[nodiscard]] base::Result<std::optional<std::string>> optional_text(std::string_view name);
  [[nodiscard]] base::Result<std::int64_t> number(std::string_view name);  // required, a whole number
  [[nodiscard]] base::Result<std::optional<base::Time>> optional_time(std::string_view name);  // RFC 3339
  [[nodiscard]] base::Result<std::vector<std::string>> text_list(std::string_view name, std::size_t max_count);
  [[nodiscard]] base::Result<base::Bytes> base64(std::string_view name);  // required, not empty
  [[nodiscard]] base::Result<std::optional<base::Bytes>> optional_base64(std::string_view name);
  [[nodiscard]] base::Result<std::vector<base::Bytes>> base64_list(std::string_view name, std::size_t max_count);
  // Members that nobody asked for: a misspelt one must not be passed over in silence.
  [[nodiscard]] base::Status finish() const;

 private:
  explicit Members(boost::json::object object, std::string path) : object_(std::move(object)), path_(std::move(path)) {}
  [[nodiscard]] boost::json::value* take(std::string_view name);
  [[nodiscard]] base::Error bad(std::string_view name, std::string expected) const;
  boost::json::object object_;
  std::string path_;  // "" or "applicant."
  std::set<std::string, std::less<>> taken_;
};

}  // namespace tanba::server
