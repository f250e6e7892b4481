#include "net/http/target.h"

#include <algorithm>

#include "base/text.h"

namespace tanba::net::http {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kMaxSegments = 32;      // our deepest route has six
constexpr std::size_t kMaxQueryMembers = 64;  // our longest query has ten

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { kItself, kSpace };

Result<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return fail(Code::kRequestMalformed, "percent-encoding cut short");
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return fail(Code::kRequestMalformed, "percent-encoding");
      c = static_cast<char>(high * 16 + low);
      if (c == '\0') return fail(Code::kRequestMalformed, "NUL in the target");
      i += 2;
    } else if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    }
    out += c;
  }
  if (!base::is_utf8(out)) return fail(Code::kRequestMalformed, "the target is not UTF-8");
  return out;
}

base::Status decode_path(Target& out) {
  std::string_view rest = std::string_view(out.path).substr(1);
  if (rest.empty()) return {};
  for (;;) {
    if (out.segments.size() == kMaxSegments) return fail(Code::kRequestMalformed, "too many path segments");
    const auto slash = rest.find('/');
    TANBA_TRY(std::string segment, decode(rest.substr(0, slash), Plus::kItself));
    if (segment == "." || segment == ".." || segment.find_first_of("/\\") != std::string::npos) {
      return fail(Code::kRequestMalformed, "dot segment or encoded slash");
    }
    out.segments.push_back(std::move(segment));
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

base::Status decode_query(std::string_view query, Target& out) {
  while (!query.empty()) {
    const auto ampersand = query.find('&');
    const std::string_view member = query.substr(0, ampersand);
    query = ampersand == std::string_view::npos ? std::string_view{} : query.substr(ampersand + 1);
    if (member.empty()) continue;
    if (out.query.size() == kMaxQueryMembers) return fail(Code::kRequestMalformed, "too many query members");
    const auto equals = member.find('=');
    TANBA_TRY(std::string name, decode(member.substr(0, equals), Plus::kSpace));
    std::string value;
    if (equals != std::string_view::npos) {
      TANBA_TRY(value, decode(member.substr(equals + 1), Plus::kSpace));
    }
    out.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

// RFC 9112 3.2.2: absolute-form = absolute-URI. What is left is the origin form.
std::string_view strip_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto end = target.find_first_of("/?", scheme.size());
    return end == std::string_view::npos ? std::string_view("/") : target.substr(end);
  }
  return target;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  const auto is_outside = [](char c) { return c <= 0x20 || c >= 0x7f || c == '#'; };
  if (std::ranges::any_of(target, is_outside)) return fail(Code::kRequestMalformed, "character in the target");
  target = strip_authority(target);
  if (target.empty() || target.front() != '/') return fail(Code::kRequestMalformed, "form of the target");
  const auto question = target.find('?');
  Target out;
  out.path = target.substr(0, question);
  TANBA_CHECK(decode_path(out));
  if (question != std::string_view::npos) TANBA_CHECK(decode_query(target.substr(question + 1), out));
  return out;
}

}  // namespace tanba::net::http
