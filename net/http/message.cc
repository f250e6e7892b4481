#include "net/http/message.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "net/http/problem.h"

namespace tanba::net::http {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethods{{
    {Method::kGet, "GET"},
    {Method::kHead, "HEAD"},
    {Method::kPost, "POST"},
    {Method::kPut, "PUT"},
    {Method::kPatch, "PATCH"},
    {Method::kDelete, "DELETE"},
    {Method::kOptions, "OPTIONS"},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::string_view to_string(Method method) {
  const auto* found = std::ranges::find(kMethods, method, &std::pair<Method, std::string_view>::first);
  return found == kMethods.end() ? "OTHER" : found->second;
}

Method method_from(std::string_view name) {
  const auto* found = std::ranges::find(kMethods, name, &std::pair<Method, std::string_view>::second);
  return found == kMethods.end() ? Method::kOther : found->first;
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (same_name(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Headers::find_single(std::string_view name) const {
  return count(name) == 1 ? find(name) : std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [name](const Field& field) { return same_name(field.name, name); }));
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &Parameter::first);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

std::string_view Request::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::first);
  return found == parameters.end() ? std::string_view{} : std::string_view{found->second};
}

Response Response::json(unsigned status, const boost::json::value& value) {
  return json_text(status, boost::json::serialize(value));
}

Response Response::json_text(unsigned status, std::string text) {
  return Response::text(status, "application/json", std::move(text));
}

Response Response::text(unsigned status, std::string_view content_type, std::string text) {
  Response response(status);
  response.content_type_ = content_type;
  response.body_ = std::move(text);
  return response;
}

Response Response::bytes(unsigned status, std::string_view content_type, base::Bytes bytes) {
  Response response(status);
  response.content_type_ = content_type;
  response.body_ = std::move(bytes);
  return response;
}

Response Response::shared(unsigned status, std::string_view content_type, std::shared_ptr<const std::string> text) {
  Response response(status);
  response.content_type_ = content_type;
  response.body_ = std::move(text);
  return response;
}

Response& Response::header(std::string_view name, std::string_view value) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!name.empty() && std::ranges::none_of(name, is_control) && std::ranges::none_of(value, is_control)) {
    headers_.add(std::string(name), std::string(value));
  }
  return *this;
}

base::ByteView Response::body() const {
  if (const auto* text = std::get_if<std::string>(&body_)) return base::as_bytes(*text);
  if (const auto* bytes = std::get_if<base::Bytes>(&body_)) return *bytes;
  const auto& shared = std::get<std::shared_ptr<const std::string>>(body_);
  return shared ? base::as_bytes(*shared) : base::ByteView{};
}

Responder::Responder(Sink sink, std::string request_id, base::Language language)
    : sink_(std::move(sink)), request_id_(std::move(request_id)), language_(language) {}

Responder::Responder(Responder&& other) noexcept
    : sink_(std::exchange(other.sink_, Sink{})),
      request_id_(std::move(other.request_id_)),
      language_(other.language_) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    drop();
    sink_ = std::exchange(other.sink_, Sink{});
    request_id_ = std::move(other.request_id_);
    language_ = other.language_;
  }
  return *this;
}

Responder::~Responder() {
  drop();
}

void Responder::drop() noexcept {
  try {
    if (sink_) fail(base::Error(base::Code::kInternal));
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory: the connection's own deadline ends the wait
  }
}

void Responder::send(Response&& response) {
  if (!sink_) return;
  Sink sink = std::exchange(sink_, Sink{});
  sink(std::move(response));
}

void Responder::fail(const base::Error& error) {
  send(problem(error, {.request_id = request_id_, .language = language_}));
}

}  // namespace tanba::net::http
