#include "net/http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "net/http/problem.h"

namespace tanba::net::http {
namespace {

using base::Code;

struct Part {
  std::string text;  // the literal, or the name between braces
  enum class Kind : std::uint8_t { kLiteral, kName } kind = Kind::kLiteral;
};

base::Error malformed_pattern(std::string_view pattern, std::string reason) {
  return base::Error(Code::kConfigInvalid, {{"key", std::string(pattern)}, {"reason", std::move(reason)}});
}

base::Result<std::vector<Part>> parse_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) return std::unexpected(malformed_pattern(pattern, "no leading slash"));
  std::vector<Part> parts;
  std::string_view rest = pattern.substr(1);
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    const bool is_name = segment.starts_with('{') && segment.ends_with('}');
    const std::string_view text = is_name ? segment.substr(1, segment.size() - 2) : segment;
    if (text.empty() || text.find_first_of("{}") != std::string_view::npos) {
      return std::unexpected(malformed_pattern(pattern, "a segment is empty or has stray braces"));
    }
    parts.push_back({std::string(text), is_name ? Part::Kind::kName : Part::Kind::kLiteral});
  }
  return parts;
}

bool fits(const std::vector<Part>& parts, const std::vector<std::string>& segments) {
  return std::ranges::equal(parts, segments, [](const Part& part, const std::string& segment) {
    return part.kind == Part::Kind::kName ? !segment.empty() : part.text == segment;
  });
}

// Literals before names, from the left.
bool is_closer(const std::vector<Part>& a, const std::vector<Part>& b) {
  return std::ranges::lexicographical_compare(a, b, {}, &Part::kind, &Part::kind);
}

bool answers(Method route, Method request) {
  return route == request || (route == Method::kGet && request == Method::kHead);
}

}  // namespace

struct Router::Route {
  Method method;
  std::string pattern;
  std::vector<Part> parts;
  Handler handler;
  RouteOptions options;
};

Router::Router() = default;
Router::~Router() = default;

base::Status Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
  TANBA_TRY(auto parts, parse_pattern(pattern));
  const auto same_shape = [&](const std::unique_ptr<Route>& route) {
    return route->method == method && std::ranges::equal(route->parts, parts, [](const Part& a, const Part& b) {
             return a.kind == b.kind && (a.kind == Part::Kind::kName || a.text == b.text);
           });
  };
  if (std::ranges::any_of(routes_, same_shape)) return std::unexpected(malformed_pattern(pattern, "is there already"));
  auto route = std::make_unique<Route>(
      Route{method, std::string(pattern), std::move(parts), std::move(handler), std::move(options)});
  const auto place = std::ranges::find_if(
      routes_, [&](const std::unique_ptr<Route>& other) { return is_closer(route->parts, other->parts); });
  routes_.insert(place, std::move(route));
  return {};
}

std::vector<Router::RouteInfo> Router::routes() const {
  std::vector<RouteInfo> out;
  out.reserve(routes_.size());
  for (const auto& route : routes_) out.push_back({route->method, route->pattern});
  return out;
}

std::expected<std::size_t, Response> Router::match(Request& head) const {
  std::set<std::string_view> allow;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = *routes_[i];
    if (!fits(route.parts, head.segments)) continue;
    if (answers(route.method, head.method)) return i;
    allow.insert(to_string(route.method));
    if (route.method == Method::kGet) allow.insert("HEAD");
  }
  const ProblemContext context{.request_id = head.id, .language = head.language};
  if (allow.empty()) {
    return std::unexpected(problem(base::Error(Code::kRequestNotFound, {{"path", head.path}}), context));
  }
  Response response =
      problem(base::Error(Code::kRequestMethod, {{"method", std::string(to_string(head.method))}, {"path", head.path}}),
              context);
  response.header("Allow", fmt::format("{}", fmt::join(allow, ", ")));
  return std::unexpected(std::move(response));
}

std::expected<Admission, Response> Router::admit(Request& head) {
  auto index = match(head);
  if (!index) return std::unexpected(std::move(index).error());
  const Route& route = *routes_[*index];
  head.route = route.pattern;
  head.route_index = *index;
  head.parameters.clear();
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    if (route.parts[i].kind == Part::Kind::kName) head.parameters.emplace_back(route.parts[i].text, head.segments[i]);
  }
  if (route.options.guard) {
    auto allowed = route.options.guard(head);
    if (!allowed) return std::unexpected(std::move(allowed).error());
  }
  Admission admission{.max_body_bytes = route.options.max_body_bytes};
  if (route.options.clearance) admission.clearance = &route.options.clearance;
  if (route.options.sink) {
    auto sink = route.options.sink(head);
    if (!sink) return std::unexpected(problem(sink.error(), {.request_id = head.id, .language = head.language}));
    admission.sink = *std::move(sink);
  }
  return admission;
}

void Router::handle(Request&& request, Responder&& responder) {
  if (request.route_index >= routes_.size()) return responder.fail(base::Error(Code::kInternal));
  routes_[request.route_index]->handler(std::move(request), std::move(responder));
}

}  // namespace tanba::net::http
