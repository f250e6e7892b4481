// Which handler answers what, and how large its body may be.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http/message.h"

namespace tanba::net::http {

// The word on who sends a body: the caller's name, by which held bodies are counted (empty: a stranger who may send it
// all the same), or an error, which is the answer. Given at once or later, on any thread, once.
using Cleared = std::move_only_function<void(base::Result<std::string>)>;
// Asked before anything of a body is read; the request is good for the call only. Does not block.
using Clearance = std::function<void(const Request& head, Cleared cleared)>;

struct Admission {
  std::uint64_t max_body_bytes = 0;
  std::shared_ptr<BodySink> sink = {};   // null: the body is held
  const Clearance* clearance = nullptr;  // null: anybody may send it; lives as long as the application
};

// What a Server asks. Called by all workers at once: implementations hold no unguarded state of their own.
class Application {
 public:
  virtual ~Application() = default;
  // The header has been read, the body has not. An error is the answer, and the body is not read. May fill in the
  // routing members of the request. Does not block.
  [[nodiscard]] virtual std::expected<Admission, Response> admit(Request& head) = 0;
  // Runs on the worker's own thread: what blocks belongs on another one, with the responder.
  virtual void handle(Request&& request, Responder&& responder) = 0;
};

using Handler = std::function<void(Request&&, Responder&&)>;

struct RouteOptions {
  // Larger bodies get 413 without being read. Zero: the route takes no body.
  std::uint64_t max_body_bytes = 0;
  // Looks at the header before the body is read (authentication, for one): a response is the answer.
  std::function<std::expected<void, Response>(const Request&)> guard = {};
  // Who may send a body here: of a request without one nobody is asked.
  Clearance clearance = {};
  // Makes what takes the body while it arrives; an error is the answer. None: the body is held.
  std::function<base::Result<std::shared_ptr<BodySink>>(const Request&)> sink = {};
};

// Patterns are literal segments and `{name}`, which stands for one whole non-empty segment: /v1/applications/{number}.
// Literal segments win over names. HEAD is answered by GET's handler. Unknown paths get request.not_found, known ones
// with another method request.method with Allow. Routes are added before the server starts.
class Router final : public Application {
 public:
  Router();
  ~Router() override;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // config.invalid when the pattern is malformed or is there already.
  [[nodiscard]] base::Status add(Method method, std::string_view pattern, Handler handler, RouteOptions options = {});

  struct RouteInfo {
    Method method;
    std::string_view pattern;
  };
  [[nodiscard]] std::vector<RouteInfo> routes() const;

  [[nodiscard]] std::expected<Admission, Response> admit(Request& head) override;
  void handle(Request&& request, Responder&& responder) override;

 private:
  struct Route;
  [[nodiscard]] std::expected<std::size_t, Response> match(Request& head) const;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace tanba::net::http
