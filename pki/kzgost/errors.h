// Reasons why the provider refuses, and their way onto OpenSSL's error queue.
//
// Inside the provider errors are plain numbers: it runs in other programs, where nothing but OpenSSL's queue carries
// them, and it must not throw.
#pragma once

#include <expected>
#include <source_location>

namespace tanba::pki::kzgost {

enum class Reason : int {
#define KZGOST_REASON(name, number, text) name = number,
#include "pki/kzgost/errors.def"
#undef KZGOST_REASON
};

template <class T>
using Outcome = std::expected<T, Reason>;
using Done = std::expected<void, Reason>;

[[nodiscard]] inline std::unexpected<Reason> refuse(Reason reason) {
  return std::unexpected(reason);
}

// "code: words", as on the queue.
[[nodiscard]] const char* text(Reason reason) noexcept;

// Puts the reason on this thread's queue; always 0, so that a callback can return it.
int raise(Reason reason, std::source_location where = std::source_location::current()) noexcept;

// The newest error on this thread's queue, which stays there; kInternal when it is not the provider's.
[[nodiscard]] Reason newest_reason() noexcept;

// Once for the process, before threads: the library's number and the texts (ERR_load_strings).
[[nodiscard]] bool register_error_strings() noexcept;
// The number of our library in packed error codes (ERR_GET_LIB); 0 before registration.
[[nodiscard]] int error_library() noexcept;

}  // namespace tanba::pki::kzgost

// KZGOST_TRY(auto x, f());  binds the value, or returns the reason from the enclosing function.
#define KZGOST_CONCAT_INNER(a, b) a##b
#define KZGOST_CONCAT(a, b) KZGOST_CONCAT_INNER(a, b)
#define KZGOST_TRY(declaration, expression)                                                                  \
  auto KZGOST_CONCAT(outcome_, __LINE__) = (expression);                                                     \
  if (!KZGOST_CONCAT(outcome_, __LINE__)) return std::unexpected(KZGOST_CONCAT(outcome_, __LINE__).error()); \
  declaration = *std::move(KZGOST_CONCAT(outcome_, __LINE__))
#define KZGOST_CHECK(expression)                                       \
  do {                                                                 \
    const auto outcome = (expression);                                 \
    if (!outcome.has_value()) return std::unexpected(outcome.error()); \
  } while (false)
