// Errors as values: every function that can fail returns Result<T>.
#pragma once

#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codes.h"

namespace tanba::base {

// A value for one `{name}` of the code's text. Values come from outside: whoever prints them escapes them.
struct ErrorArgument {
  std::string name;
  std::string value;
  bool operator==(const ErrorArgument&) const = default;
};

class [[nodiscard]] Error {
 public:
  explicit Error(Code code) : code_(code) {}
  Error(Code code, std::vector<ErrorArgument> arguments, std::string cause = {})
      : code_(code), arguments_(std::move(arguments)), cause_(std::move(cause)) {}
  // The common case: a cause for whoever mends it, no arguments.
  static Error because(Code code, std::string cause) { return Error(code, {}, std::move(cause)); }

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::vector<ErrorArgument>& arguments() const { return arguments_; }
  // What a library or the system said, in its own words; for logs and details, never needed to act.
  [[nodiscard]] const std::string& cause() const { return cause_; }
  // The code's text in this language with the arguments put in; control and bidi characters escaped.
  [[nodiscard]] std::string message(Language language = Language::kEnglish) const;

  bool operator==(const Error&) const = default;

 private:
  Code code_;
  std::vector<ErrorArgument> arguments_;
  std::string cause_;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string cause = {}) {
  return std::unexpected(Error::because(code, std::move(cause)));
}
[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::vector<ErrorArgument> arguments,
                                                 std::string cause = {}) {
  return std::unexpected(Error(code, std::move(arguments), std::move(cause)));
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace tanba::base

#define TANBA_CONCAT_INNER(a, b) a##b
#define TANBA_CONCAT(a, b) TANBA_CONCAT_INNER(a, b)

// TANBA_TRY(auto x, f());  binds the value, or returns the error from the enclosing function.
#define TANBA_TRY(declaration, expression)                                          \
  auto TANBA_CONCAT(try_result_, __LINE__) = (expression);                          \
  if (!TANBA_CONCAT(try_result_, __LINE__).has_value()) {                           \
    return std::unexpected(std::move(TANBA_CONCAT(try_result_, __LINE__)).error()); \
  }                                                                                 \
  declaration = *std::move(TANBA_CONCAT(try_result_, __LINE__))

// TANBA_CHECK(f());  for a Status.
#define TANBA_CHECK(expression)                                                         \
  do {                                                                                  \
    auto try_status = (expression);                                                     \
    if (!try_status.has_value()) return std::unexpected(std::move(try_status).error()); \
  } while (false)
