#include "server/operations.h"

#include <algorithm>
#include <limits>

#include "licensing/identity_number.h"
#include "net/http/problem.h"

namespace tanba::server {

using base::Code;
using net::http::Responder;
using net::http::Response;

base::Status check_identity_number(std::string_view digits, const UseCases& use) {
  TANBA_CHECK(licensing::parse_identity_number(digits, use.config->check_digits));
  return {};
}

base::Status add_operations(Api& api, const UseCases& use, std::size_t max_body_bytes) {
  TANBA_CHECK(add_service_operations(api, use));
  TANBA_CHECK(add_session_operations(api, use, max_body_bytes));
  TANBA_CHECK(add_verify_operations(api, use, max_body_bytes));
  TANBA_CHECK(add_application_operations(api, use, max_body_bytes));
  TANBA_CHECK(add_decision_operations(api, use, max_body_bytes));
  TANBA_CHECK(add_licence_operations(api, use));
  TANBA_CHECK(add_trust_operations(api, use));
  return add_revocation_operations(api, use);
}

licensing::Scope scope_of(const Caller& caller) {
  // Nobody's scope is everything; an anonymous caller's is a portal that does not exist.
  if (caller.kind == CallerKind::kPortal) return licensing::OfPortal{caller.portal};
  if (caller.kind == CallerKind::kOfficer) return licensing::OfLicensor{caller.staff.bin};
  return licensing::OfPortal{""};
}

licensing::Caller journal_caller(const Caller& caller) {
  switch (caller.kind) {
    case CallerKind::kPortal:
      return {licensing::CallerKind::kPortal, caller.portal};
    case CallerKind::kOfficer:
      return {licensing::CallerKind::kOfficer, caller.staff.id};
    case CallerKind::kOperator:
      return {licensing::CallerKind::kOperator, caller.staff.id};
    case CallerKind::kSecurity:
      return {licensing::CallerKind::kSecurity, caller.staff.id};
    case CallerKind::kAnonymous:
      break;
  }
  return {licensing::CallerKind::kSystem, "anonymous"};
}

licensing::Officer officer_of(const Caller& caller) {
  // Listed: whoever is taken off the list loses the session (Authenticator).
  return {.id = caller.staff.id,
          .iin = caller.staff.iin,
          .bin = caller.staff.bin,
          .name = caller.staff.name,
          .listing = licensing::Listing::kListed};
}

base::Result<Response> capsule_file(const UseCases& use, std::string_view number) {
  TANBA_TRY(base::Bytes octets, use.capsules->file(number));
  Response response = Response::bytes(200, "application/octet-stream", std::move(octets));
  response.header("Content-Disposition", "attachment");
  return response;
}

void answer_from_registry(const UseCases& use, Responder&& responder, Reading read) {
  auto shared = std::make_shared<Responder>(std::move(responder));
  use.flow->look_up(
      [shared, read = std::move(read)](licensing::registry::Registry& registry) mutable {
        auto response = read(registry);
        if (!response) return shared->fail(response.error());
        shared->send(*std::move(response));
      },
      [shared](const base::Error& error) { shared->fail(error); });
}

void answer_later(const UseCases& use, Responder&& responder, Work work) {
  answer_from_registry(use, std::move(responder),
                       [work = std::move(work)](licensing::registry::Registry&) mutable { return work(); });
}

Response problem_with_report(const verify::Report& report, const Responder& responder, unsigned refuse_status) {
  const auto errors = verify::all_errors(report);
  const base::Error first =
      errors.empty() ? base::Error::because(Code::kInternal, "a report without a reason") : errors.front().error;
  net::http::ProblemContext context{.request_id = responder.request_id(), .language = responder.language()};
  context.status = refuse_status;
  if (report.outcome.decision == verify::Decision::kRetry) {
    context.status = 503;
    const auto seconds = report.retry_after.value_or(base::Seconds(context.retry_after_seconds)).count();
    context.retry_after_seconds = static_cast<unsigned>(std::clamp<std::int64_t>(seconds, 1, 86400));
  }
  if (errors.empty()) context.status = 500;
  return problem(first, context, {{"report", verify::to_json(report, responder.language())}});
}

}  // namespace tanba::server
