// Operations of the API on the router: each with who may call it. Authentication and access are decided here, once, so
// that an operation's code begins with a caller who may call it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/router.h"
#include "server/auth.h"

namespace tanba::server {

struct Call {
  net::http::Request request;
  Caller caller;
};

enum class Access : std::uint8_t {
  kPublic,         // anybody; a caller who names itself must still be right
  kKnown,          // anybody who is known
  kPortal,         // with the operation's scope
  kPortalOrStaff,  // a portal with the scope, an officer or an operator
  kStaff,          // whoever logged in
  kOfficer,
  kSecurity,
};

struct Operation {
  net::http::Method method = net::http::Method::kGet;
  std::string_view pattern;
  Access access = Access::kPublic;
  std::string_view scope = {};  // that a portal's key must have
  std::uint64_t max_body_bytes = 0;
  std::function<base::Result<std::shared_ptr<net::http::BodySink>>(const net::http::Request&)> sink = {};
  std::function<void(Call&&, net::http::Responder&&)> run;
};

// auth.required for an anonymous caller, auth.denied for another than the operation is for.
[[nodiscard]] base::Status check_access(const Operation& operation, const Caller& caller);

class Api {
 public:
  // Both outlive the API.
  Api(net::http::Router& router, Authenticator& authenticator) : router_(router), authenticator_(authenticator) {}
  // config.invalid when the pattern is there already. The operation's code runs on a worker's thread, or on the one
  // that the caller was looked up on.
  [[nodiscard]] base::Status add(Operation operation);

  struct Entry {
    net::http::Method method;
    std::string_view pattern;
    Access access;
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  net::http::Router& router_;
  Authenticator& authenticator_;
  std::vector<Entry> entries_;
};

}  // namespace tanba::server
