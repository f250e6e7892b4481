// Log-in by a signed challenge, and who one is.
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "net/http/problem.h"
#include "server/members.h"
#include "server/operations.h"

namespace tanba::server {
namespace {

using boost::json::object;
using net::http::Method;
using net::http::Responder;
using net::http::Response;

object staff_json(const StaffIdentity& staff) {
  return {{"id", staff.id}, {"name", staff.name}, {"bin", staff.bin}};
}

object caller_json(const Caller& caller) {
  object out{{"kind", to_string(caller.kind)}};
  if (caller.kind == CallerKind::kPortal) {
    out["portal"] = caller.portal;
    out["scopes"] = boost::json::array(caller.scopes.begin(), caller.scopes.end());
  } else {
    out["staff"] = staff_json(caller.staff);
  }
  return out;
}

// As what somebody logs in; operators have no screens yet.
struct Role {
  std::string_view name;
  CallerKind caller;
  licensing::registry::StaffKind staff;
};
constexpr std::array kRoles{Role{"officer", CallerKind::kOfficer, licensing::registry::StaffKind::kOfficer},
                            Role{"security", CallerKind::kSecurity, licensing::registry::StaffKind::kSecurity}};

base::Result<Role> read_role(Members& members) {
  TANBA_TRY(const auto name, members.optional_text("role"));
  for (const Role& role : kRoles) {
    if (role.name == name.value_or("officer")) return role;
  }
  return base::fail(base::Code::kInputMember, {{"member", "role"}, {"expected", "officer or security"}});
}

Response log_in_answer(const UseCases& use, const Role& role, const licensing::flow::LogIn& log_in,
                       const Responder& responder) {
  // Refused is "not you", not "a bad request": 403, with the report that says why.
  if (!log_in.person) return problem_with_report(log_in.report, responder, 403);
  const licensing::Officer& person = *log_in.person;
  const StaffIdentity staff{
      .kind = role.caller, .id = person.id, .iin = person.iin, .bin = person.bin, .name = person.name};
  const auto opened = use.sessions->open(staff);
  if (!opened)
    return net::http::problem(opened.error(), {.request_id = responder.request_id(), .language = responder.language()});
  return Response::json(
      200,
      object{{"token", opened->token}, {"expires", base::format_time(opened->expires)}, {"staff", staff_json(staff)}});
}

void log_in(const UseCases& use, const net::http::Request& request, Responder&& responder) {
  auto members = Members::of(request);
  if (!members) return responder.fail(members.error());
  auto document = members->base64("document");
  if (!document) return responder.fail(document.error());
  const auto role = read_role(*members);
  if (!role) return responder.fail(role.error());
  if (const auto finished = members->finish(); !finished) return responder.fail(finished.error());
  auto shared = std::make_shared<Responder>(std::move(responder));
  use.flow->log_in(
      *std::move(document), role->staff, [&use, shared, role = *role](base::Result<licensing::flow::LogIn> answer) {
        use.metrics->count("log_ins", "Log-ins by signed challenge.",
                           {{"role", role.name}, {"outcome", answer && answer->person ? "accepted" : "refused"}});
        if (!answer) return shared->fail(answer.error());
        shared->send(log_in_answer(use, role, *answer, *shared));
      });
}

}  // namespace

base::Status add_session_operations(Api& api, const UseCases& use, std::size_t max_body_bytes) {
  TANBA_CHECK(
      api.add({.method = Method::kPost, .pattern = "/v1/login/challenge", .run = [&use](Call&&, Responder&& responder) {
                 auto challenge = use.flow->challenge();
                 if (!challenge) return responder.fail(challenge.error());
                 responder.send(Response::json(200, {{"challenge", *challenge}}));
               }}));
  // A signed challenge is a few kilobytes.
  const std::size_t max_log_in_bytes = std::min<std::size_t>(max_body_bytes, 256U << 10);
  TANBA_CHECK(api.add(
      {.method = Method::kPost,
       .pattern = "/v1/login",
       .max_body_bytes = max_log_in_bytes,
       .run = [&use](Call&& call, Responder&& responder) { log_in(use, call.request, std::move(responder)); }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/session",
                       .access = Access::kKnown,
                       .run = [](Call&& call, Responder&& responder) {
                         responder.send(Response::json(200, caller_json(call.caller)));
                       }}));
  return api.add({.method = Method::kDelete,
                  .pattern = "/v1/session",
                  .access = Access::kStaff,
                  .run = [&use](Call&& call, Responder&& responder) {
                    const auto value = call.request.headers.find_single("authorization").value_or("");
                    use.sessions->close(value.substr(std::min<std::size_t>(value.size(), 7)));  // after "Bearer "
                    responder.send(Response(204));
                  }});
}

}  // namespace tanba::server
