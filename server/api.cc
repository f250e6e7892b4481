#include "server/api.h"

#include <algorithm>
#include <memory>

#include "net/http/problem.h"

namespace tanba::server {
namespace {

using base::Code;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

// Security staff see trust and revocation, not the licensors' matters.
bool is_licensing_staff(const Caller& caller) {
  return caller.kind == CallerKind::kOfficer || caller.kind == CallerKind::kOperator;
}

bool is_portal_with(const Caller& caller, std::string_view scope) {
  return caller.kind == CallerKind::kPortal && std::ranges::find(caller.scopes, scope) != caller.scopes.end();
}

bool may_call(const Operation& operation, const Caller& caller) {
  switch (operation.access) {
    case Access::kPublic:
      return true;
    case Access::kKnown:
      return caller.kind != CallerKind::kAnonymous;
    case Access::kPortal:
      return is_portal_with(caller, operation.scope);
    case Access::kPortalOrStaff:
      return is_portal_with(caller, operation.scope) || is_licensing_staff(caller);
    case Access::kStaff:
      return is_licensing_staff(caller) || caller.kind == CallerKind::kSecurity;
    case Access::kOfficer:
      return caller.kind == CallerKind::kOfficer;
    case Access::kSecurity:
      return caller.kind == CallerKind::kSecurity;
  }
  return false;
}

// By which a caller's bodies are counted; empty: a stranger.
std::string account_name(const Caller& caller) {
  switch (caller.kind) {
    case CallerKind::kAnonymous:
      return "";
    case CallerKind::kPortal:
      return "portal " + caller.portal;
    case CallerKind::kOfficer:
    case CallerKind::kOperator:
    case CallerKind::kSecurity:
      return "staff " + caller.staff.id;
  }
  return "";
}

}  // namespace

base::Status check_access(const Operation& operation, const Caller& caller) {
  if (may_call(operation, caller)) return {};
  return base::fail(caller.kind == CallerKind::kAnonymous ? Code::kAuthRequired : Code::kAuthDenied);
}

base::Status Api::add(Operation operation) {
  auto shared = std::make_shared<const Operation>(std::move(operation));
  entries_.push_back({shared->method, shared->pattern, shared->access});
  net::http::RouteOptions options{.max_body_bytes = shared->max_body_bytes, .sink = shared->sink};
  // A guessed key is not worth a body of any size: the sender is looked up before the first octet is taken, and counted
  // by name from then on.
  options.clearance = [this, shared](const Request& head, net::http::Cleared cleared) {
    authenticator_.authenticate(head, [shared, cleared = std::move(cleared)](base::Result<Caller> caller) mutable {
      if (!caller) return cleared(std::unexpected(caller.error()));
      const base::Status allowed = check_access(*shared, *caller);
      if (!allowed) return cleared(std::unexpected(allowed.error()));
      cleared(account_name(*caller));
    });
  };
  if (shared->access != Access::kPublic) {
    // Whoever does not even try to say who it is sends its body to nobody.
    options.guard = [](const Request& head) -> std::expected<void, Response> {
      if (Authenticator::attempt(head) == Authenticator::Attempt::kMade) return {};
      return std::unexpected(
          net::http::problem(base::Error(Code::kAuthRequired), {.request_id = head.id, .language = head.language}));
    };
  }
  const auto handle = [this, shared](Request&& request, Responder&& responder) {
    auto kept = std::make_shared<std::pair<Request, Responder>>(std::move(request), std::move(responder));
    authenticator_.authenticate(kept->first, [shared, kept](base::Result<Caller> caller) {
      if (!caller) return kept->second.fail(caller.error());
      const base::Status allowed = check_access(*shared, *caller);
      if (!allowed) return kept->second.fail(allowed.error());
      shared->run(Call{std::move(kept->first), *std::move(caller)}, std::move(kept->second));
    });
  };
  return router_.add(shared->method, shared->pattern, handle, std::move(options));
}

}  // namespace tanba::server
