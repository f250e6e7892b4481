#include "server/api.h"

#include <algorithm>
#include <memory>

#include "net/http/problem.h"
#include "server/guarded_sink.h"

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

}  // namespace

base::Status check_access(const Operation& operation, const Caller& caller) {
  if (may_call(operation, caller)) return {};
  return base::fail(caller.kind == CallerKind::kAnonymous ? Code::kAuthRequired : Code::kAuthDenied);
}

// The sender is looked up while the first octets come: a guessed key is not worth a body of any size.
base::Result<std::shared_ptr<net::http::BodySink>> Api::guarded_sink(const std::shared_ptr<const Operation>& operation,
                                                                     const Request& head) {
  TANBA_TRY(auto inner, operation->sink(head));
  auto verdict = std::make_shared<GuardedSink::Verdict>();
  authenticator_.authenticate(head, [operation, verdict](base::Result<Caller> caller) {
    const base::Status allowed = caller ? check_access(*operation, *caller) : std::unexpected(caller.error());
    if (!allowed) verdict->refuse(allowed.error());
  });
  return std::make_shared<GuardedSink>(std::move(inner), std::move(verdict));
}

base::Status Api::add(Operation operation) {
  auto shared = std::make_shared<const Operation>(std::move(operation));
  entries_.push_back({shared->method, shared->pattern, shared->access});
  net::http::RouteOptions options{.max_body_bytes = shared->max_body_bytes, .sink = {}};
  if (shared->sink) options.sink = [this, shared](const Request& head) { return guarded_sink(shared, head); };
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
      if (const auto* guarded = dynamic_cast<const GuardedSink*>(kept->first.sink.get())) {
        kept->first.sink = std::shared_ptr(guarded->inner());
      }
      shared->run(Call{std::move(kept->first), *std::move(caller)}, std::move(kept->second));
    });
  };
  return router_.add(shared->method, shared->pattern, handle, std::move(options));
}

}  // namespace tanba::server
