// RFC 9457 problem documents: the one place where our errors become HTTP.
//
//   type       urn:tanba:error:<dotted code>
//   title      what kind of problem: the same words for every error of that kind
//   status     as the status line
//   detail     the code's text with its arguments, in the caller's language
//   code       the dotted code, for programs
//   requestId  what X-Request-Id says and the log has
//
// An error's cause (a library's own words) stays in the log: it may name files and hosts.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "base/result.h"
#include "net/http/message.h"

namespace tanba::net::http {

// HTTP status of a code: by its effect, with a few codes of their own (413, 415, ...).
[[nodiscard]] unsigned status_of(base::Code code);

struct ProblemContext {
  std::string_view request_id = {};
  base::Language language = base::Language::kEnglish;
  unsigned retry_after_seconds = 5;  // for 503
  unsigned status = 0;  // instead of the code's own: 422 for a report that refuses, whatever its first code
};

// The document alone, for an answer that holds several.
[[nodiscard]] boost::json::object problem_json(const base::Error& error, const ProblemContext& context);

// `members` are added after ours (`report`, `retry`, ...); ours win where names are equal.
[[nodiscard]] Response problem(const base::Error& error, const ProblemContext& context,
                               boost::json::object members = {});

// RFC 9110 12.5.4: the most wanted of en, ru, kk; English when none is named.
[[nodiscard]] base::Language negotiate_language(std::string_view accept_language);
[[nodiscard]] std::string_view language_tag(base::Language language);

}  // namespace tanba::net::http
