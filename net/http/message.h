// Requests, responses, and the promise to answer, as handlers see them. No Beast or Asio here.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/result.h"

namespace tanba::net::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
[[nodiscard]] std::string_view to_string(Method method);  // "GET"; kOther: "OTHER"
[[nodiscard]] Method method_from(std::string_view name);  // case-sensitive, as RFC 9110 9.1 has it

// Names compare without case; the order of arrival is kept.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
  };
  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  // The first value of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // Of a field that may stand only once: nothing when it stands twice, so that no two readers see different values.
  [[nodiscard]] std::optional<std::string_view> find_single(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// The other end of a connection. The certificate was shown in a TLS handshake that proved possession of its key;
// whether its issuer was checked too depends on ClientCertificates (server.h).
struct Peer {
  std::string address;  // numeric, without a zone; an IPv4 address mapped into IPv6 is written as IPv4
  std::uint16_t port = 0;
  enum class Security : std::uint8_t { kPlain, kTls } security = Security::kPlain;
  base::Bytes certificate;               // DER; empty when none was shown
  std::optional<base::Digest> key_hash;  // SHA-256 of its SubjectPublicKeyInfo
};

// A worker's thread, reached from any other: what lives there and cannot leave it (its OpenSSL context) is worked on by
// tasks posted here. A task that comes after the server stopped is dropped with all it holds.
class Home {
 public:
  using Task = std::move_only_function<void()>;
  virtual ~Home() = default;
  virtual void post(Task task) const = 0;
};

// Takes a body while it arrives, so that it is never held whole. Runs on the worker's thread between other connections:
// what takes long does not belong here.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // The octets that came next. An error is the answer, and no more is read.
  [[nodiscard]] virtual base::Status take(base::ByteView octets) = 0;
  // What it keeps of them so far: charged to the sender like a body that is held.
  [[nodiscard]] virtual std::size_t held_bytes() const = 0;
};

struct Request {
  using Parameter = std::pair<std::string, std::string>;

  Method method = Method::kOther;
  std::string path;                   // as sent, percent-encoded, without the query
  std::vector<std::string> segments;  // between the slashes, decoded
  std::vector<Parameter> query;       // decoded; one name may stand several times
  Headers headers;
  base::Bytes body;
  std::shared_ptr<BodySink> sink;  // what took the body instead, where the route has one
  std::shared_ptr<const Peer> peer;
  std::string id;                                 // 32 hexadecimal digits of our own making
  std::chrono::steady_clock::time_point arrived;  // first octet of the request
  base::Language language = base::Language::kEnglish;
  unsigned worker = 0;               // which worker's thread this runs on
  std::shared_ptr<const Home> home;  // the same, to come back to

  std::string_view route;              // the pattern that matched; empty: none. Lives as long as the router.
  std::vector<Parameter> parameters;   // what stands for `{name}` in it
  std::size_t route_index = SIZE_MAX;  // the router's own

  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  // Of the route's pattern; empty when the pattern has no such name.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

class Response {
 public:
  Response() = default;
  explicit Response(unsigned status) : status_(status) {}
  [[nodiscard]] static Response json(unsigned status, const boost::json::value& value);
  // JSON that is serialised already (a canonical report, an embedded document).
  [[nodiscard]] static Response json_text(unsigned status, std::string text);
  [[nodiscard]] static Response text(unsigned status, std::string_view content_type, std::string text);
  [[nodiscard]] static Response bytes(unsigned status, std::string_view content_type, base::Bytes bytes);
  // A body that outlives the response and is shared by many.
  [[nodiscard]] static Response shared(unsigned status, std::string_view content_type,
                                       std::shared_ptr<const std::string> text);

  // Content-Length, Connection, Date, Cache-Control, X-Content-Type-Options and X-Request-Id are the server's. A value
  // with control characters is left out.
  Response& header(std::string_view name, std::string_view value);

  [[nodiscard]] unsigned status() const { return status_; }
  [[nodiscard]] const std::string& content_type() const { return content_type_; }
  [[nodiscard]] base::ByteView body() const;
  [[nodiscard]] const Headers& headers() const { return headers_; }
  // The stable code of a problem document, for logs and metrics; nothing otherwise.
  [[nodiscard]] std::optional<base::Code> problem_code() const { return problem_code_; }
  void set_problem_code(base::Code code) { problem_code_ = code; }

 private:
  unsigned status_ = 200;
  std::string content_type_;
  std::variant<std::string, base::Bytes, std::shared_ptr<const std::string>> body_;
  Headers headers_;
  std::optional<base::Code> problem_code_;
};

// The duty to answer one request: from any thread, now or later, once. Dropped unanswered it answers with an internal
// fault, so that no caller waits for ever. An answer after the caller has gone, or after the handling deadline, is let
// go.
class Responder {
 public:
  using Sink = std::move_only_function<void(Response&&)>;
  Responder() = default;  // answers nobody
  Responder(Sink sink, std::string request_id, base::Language language);
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  // The first answer counts; a second one does nothing.
  void send(Response&& response);
  // A problem document in the caller's language.
  void fail(const base::Error& error);
  [[nodiscard]] bool pending() const { return static_cast<bool>(sink_); }
  [[nodiscard]] const std::string& request_id() const { return request_id_; }
  [[nodiscard]] base::Language language() const { return language_; }

 private:
  void drop() noexcept;
  Sink sink_;
  std::string request_id_;
  base::Language language_ = base::Language::kEnglish;
};

}  // namespace tanba::net::http
