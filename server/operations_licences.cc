// Licences and permits: read by portals (their own) and officers; suspended, resumed and ended by officers.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "licensing/numbers.h"
#include "licensing/words.h"
#include "server/members.h"
#include "server/operations.h"
#include "server/rows_json.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using boost::json::object;
using licensing::registry::Registry;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

constexpr std::size_t kMaxEventBytes = 64U << 10;  // a reason of two pages

Result<licensing::LicenceQuery> read_licence_query(const UseCases& use, const Request& request) {
  licensing::LicenceQuery query{.today = use.flow->today()};
  for (const auto& [name, value] : request.query) {
    if (name == "state") {
      TANBA_TRY(const auto state, licensing::parse_word<licensing::LicenceState>(value, "state"));
      query.states.push_back(state);
    } else if (name == "service") {
      query.service = value;
    } else if (name == "holder") {
      TANBA_CHECK(check_identity_number(value, use));
      query.holder_number = value;
    } else if (name == "inForce") {
      if (value != "true" && value != "false") {
        return base::fail(Code::kInputMember, {{"member", "inForce"}, {"expected", "true, false"}});
      }
      query.force = value == "true" ? licensing::Force::kInForce : licensing::Force::kNotInForce;
    } else if (name == "after") {
      TANBA_TRY(const auto after, licensing::parse_register_number(value));
      query.after = after.text();
    } else if (name == "limit") {
      TANBA_TRY(query.limit, read_limit(value));
    } else {
      return base::fail(Code::kInputMember, {{"member", name}, {"expected", "no such parameter"}});
    }
  }
  return query;
}

Result<Response> list_licences(Registry& registry, const licensing::Scope& scope,
                               const licensing::LicenceQuery& query) {
  TANBA_TRY(const auto rows, registry.licences(scope, query));
  boost::json::array out;
  for (const licensing::LicenceRow& row : rows) out.push_back(to_json(row, query.today));
  object answer{{"licences", std::move(out)}};
  if (rows.size() >= query.limit && !rows.empty()) answer["next"] = rows.back().number;
  return Response::json(200, answer);
}

Result<Response> list_events(Registry& registry, const licensing::LicenceRow& licence, const licensing::Scope& scope) {
  TANBA_TRY(const auto rows, registry.licence_events(scope, licence.number));
  boost::json::array out;
  for (const licensing::LicenceEventRow& row : rows) out.push_back(to_json(row));
  return Response::json(200, {{"events", std::move(out)}});
}

using OfLicence = std::function<Result<Response>(Registry&, const licensing::LicenceRow&, const licensing::Scope&)>;
base::Status add_reading(Api& api, const UseCases& use, std::string_view pattern, const OfLicence& then) {
  return api.add(
      {.method = Method::kGet,
       .pattern = pattern,
       .access = Access::kPortalOrStaff,
       .scope = "read",
       .run = [&use, then](Call&& call, Responder&& responder) {
         auto kept = std::make_shared<Call>(std::move(call));
         answer_from_registry(use, std::move(responder), [kept, then](Registry& registry) -> Result<Response> {
           TANBA_TRY(const auto number, licensing::parse_register_number(kept->request.parameter("number")));
           const licensing::Scope scope = scope_of(kept->caller);
           TANBA_TRY(const auto row, registry.licence(scope, number.text()));
           return then(registry, row, scope);
         });
       }});
}

Result<licensing::ChangeLicence> read_change(const Call& call, licensing::Date today) {
  TANBA_TRY(Members members, Members::of(call.request));
  TANBA_TRY(const auto number, licensing::parse_register_number(call.request.parameter("number")));
  licensing::ChangeLicence change{
      .licence = number.text(), .event = {}, .officer = officer_of(call.caller), .reason = {}, .today = today};
  TANBA_TRY(const std::string event, members.text("event"));
  TANBA_TRY(change.event, licensing::parse_word<licensing::LicenceEvent>(event, "event"));
  TANBA_TRY(change.reason, members.text("reason"));
  TANBA_CHECK(members.finish());
  return change;
}

void change_licence(const UseCases& use, const Call& call, Responder&& responder) {
  auto change = read_change(call, use.flow->today());
  if (!change) return responder.fail(change.error());
  use.registry->submit(*std::move(change),
                       [responder = std::move(responder)](Result<licensing::LicenceState> state) mutable {
                         if (!state) return responder.fail(state.error());
                         responder.send(Response::json(200, {{"state", licensing::to_string(*state)}}));
                       });
}

}  // namespace

base::Status add_licence_operations(Api& api, const UseCases& use) {
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/licences",
                       .access = Access::kPortalOrStaff,
                       .scope = "read",
                       .run = [&use](Call&& call, Responder&& responder) {
                         auto query = read_licence_query(use, call.request);
                         if (!query) return responder.fail(query.error());
                         answer_from_registry(
                             use, std::move(responder),
                             [query = *std::move(query), scope = scope_of(call.caller)](Registry& registry) {
                               return list_licences(registry, scope, query);
                             });
                       }}));
  using Row = licensing::LicenceRow;
  using licensing::Scope;
  TANBA_CHECK(add_reading(api, use, "/v1/licences/{number}",
                          [&use](Registry&, const Row& row, const Scope&) -> Result<Response> {
                            return Response::json(200, to_json(row, use.flow->today()));
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/licences/{number}/events", list_events));
  TANBA_CHECK(add_reading(api, use, "/v1/licences/{number}/document",
                          [](Registry& registry, const Row& row, const Scope&) -> Result<Response> {
                            TANBA_TRY(base::Bytes octets, registry.document(row.document));
                            return Response::bytes(200, "application/xml", std::move(octets));
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/licences/{number}/capsule",
                          [&use](Registry&, const Row& row, const Scope&) { return capsule_file(use, row.number); }));
  return api.add(
      {.method = Method::kPost,
       .pattern = "/v1/licences/{number}/events",
       .access = Access::kOfficer,
       .max_body_bytes = kMaxEventBytes,
       .run = [&use](Call&& call, Responder&& responder) { change_licence(use, call, std::move(responder)); }});
}

}  // namespace tanba::server
