// Decisions: prepared for signing, approved or signed, stored.
#include <algorithm>
#include <boost/json/object.hpp>

#include "base/json.h"
#include "licensing/numbers.h"
#include "licensing/words.h"
#include "net/http/problem.h"
#include "server/members.h"
#include "server/operations.h"
#include "server/rows_json.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using boost::json::object;
using licensing::flow::DecisionOutcome;
using licensing::flow::DecisionRequest;
using licensing::flow::PreparedDecision;
using licensing::registry::Registry;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

Result<DecisionRequest> read_decision(const Call& call) {
  TANBA_TRY(Members members, Members::of(call.request));
  DecisionRequest request{.officer = officer_of(call.caller), .application = {}, .terms = {}};
  TANBA_TRY(const auto number, licensing::parse_register_number(call.request.parameter("number")));
  request.application = number.text();
  TANBA_TRY(const std::string kind, members.text("kind"));
  TANBA_TRY(request.terms.kind, licensing::parse_word<licensing::DecisionKind>(kind, "kind"));
  TANBA_TRY(auto reason, members.optional_text("reason"));
  request.terms.reason = std::move(reason).value_or("");
  TANBA_TRY(const auto until, members.optional_text("validUntil"));
  if (until) {
    TANBA_TRY(request.terms.valid_until, licensing::parse_date(*until));
  }
  TANBA_TRY(const std::string mode, members.text("mode"));
  TANBA_TRY(request.mode, licensing::parse_word<licensing::SigningMode>(mode, "mode"));
  TANBA_CHECK(members.finish());
  return request;
}

// An intent that is in the way stands in the problem document: to be finished or abandoned, also by a colleague.
Response problem_with_intent(const base::Error& error, const Responder& responder) {
  object members;
  const auto intent = std::ranges::find(error.arguments(), "intent", &base::ErrorArgument::name);
  if (intent != error.arguments().end()) members["intent"] = intent->value;
  return net::http::problem(error, {.request_id = responder.request_id(), .language = responder.language()}, members);
}

void prepare(const UseCases& use, const Call& call, Responder&& responder) {
  auto request = read_decision(call);
  if (!request) return responder.fail(request.error());
  use.flow->prepare_decision(
      *std::move(request), [responder = std::move(responder)](Result<PreparedDecision> prepared) mutable {
        if (!prepared) return responder.send(problem_with_intent(prepared.error(), responder));
        object out{{"intent", to_json(prepared->intent)}, {"document", base::to_base64(prepared->document)}};
        if (!prepared->approval_text.empty()) out["approvalText"] = prepared->approval_text;
        Response response = Response::json(201, out);
        response.header("Location", "/v1/intents/" + prepared->intent.id);
        responder.send(std::move(response));
      });
}

// Of what was decided before: the report that was stored with it.
Result<boost::json::value> decision_report(const DecisionOutcome& outcome, base::Language language) {
  const std::string& stored = outcome.finished->report;
  if (outcome.finished->decided.repetition == licensing::Repetition::kFirst) {
    return verify::to_json(outcome.report, language);
  }
  return base::parse_json(stored, {.max_size_bytes = stored.size()});
}

licensing::Done<DecisionOutcome> answer_with_decision(const UseCases& use, Responder&& responder) {
  return [&use, responder = std::move(responder)](Result<DecisionOutcome> outcome) mutable {
    if (!outcome) return responder.fail(outcome.error());
    use.metrics->count("decisions", "Decisions signed, or whose signature did not pass.",
                       {{"outcome", outcome->finished ? "signed" : "refused"}});
    if (!outcome->finished) return responder.send(problem_with_report(outcome->report, responder));
    object out = to_json(outcome->finished->decided);
    out["document"] = base::to_base64(outcome->finished->document);
    auto report = decision_report(*outcome, responder.language());
    if (!report) return responder.fail(report.error());
    out["report"] = *std::move(report);
    responder.send(Response::json(200, out));
  };
}

// The one member that a signing request has.
Result<base::Bytes> read_octets(const Request& request, std::string_view name) {
  TANBA_TRY(Members members, Members::of(request));
  TANBA_TRY(base::Bytes octets, members.base64(name));
  TANBA_CHECK(members.finish());
  return octets;
}

void approve(const UseCases& use, const Call& call, Responder&& responder) {
  auto approval = read_octets(call.request, "approval");
  if (!approval) return responder.fail(approval.error());
  use.flow->approve(officer_of(call.caller), std::string(call.request.parameter("id")), *std::move(approval),
                    answer_with_decision(use, std::move(responder)));
}

void accept_signature(const UseCases& use, const Call& call, Responder&& responder) {
  auto document = read_octets(call.request, "document");
  if (!document) return responder.fail(document.error());
  use.flow->accept_signature(officer_of(call.caller), std::string(call.request.parameter("id")), *std::move(document),
                             answer_with_decision(use, std::move(responder)));
}

void abandon(const UseCases& use, const Call& call, Responder&& responder) {
  auto members = Members::of(call.request);
  if (!members) return responder.fail(members.error());
  auto note = members->text("note");
  if (!note) return responder.fail(note.error());
  if (const auto finished = members->finish(); !finished) return responder.fail(finished.error());
  use.flow->abandon(officer_of(call.caller), std::string(call.request.parameter("id")), *std::move(note),
                    [responder = std::move(responder)](Result<licensing::Intent> intent) mutable {
                      if (!intent) return responder.fail(intent.error());
                      responder.send(Response::json(200, to_json(*intent)));
                    });
}

void show_intent(const UseCases& use, Call&& call, Responder&& responder) {
  auto kept = std::make_shared<Call>(std::move(call));
  answer_from_registry(use, std::move(responder), [kept](Registry& registry) -> Result<Response> {
    const std::string id(kept->request.parameter("id"));
    TANBA_TRY(const licensing::Intent intent, registry.intent(id));
    // Another licensor's looks as if it did not exist.
    if (intent.licensor_bin != kept->caller.staff.bin) return base::fail(Code::kIntentNotFound, {{"intent", id}});
    return Response::json(200, to_json(intent));
  });
}

}  // namespace

base::Status add_decision_operations(Api& api, const UseCases& use, std::size_t max_body_bytes) {
  const auto add = [&](Method method, std::string_view pattern, std::size_t max_bytes, auto run) {
    return api.add(
        {.method = method,
         .pattern = pattern,
         .access = Access::kOfficer,
         .max_body_bytes = max_bytes,
         .run = [&use, run](Call&& call, Responder&& responder) { run(use, std::move(call), std::move(responder)); }});
  };
  const std::size_t max_terms_bytes = 64U << 10;  // a reason of two pages
  TANBA_CHECK(add(Method::kPost, "/v1/applications/{number}/decisions", max_terms_bytes, prepare));
  TANBA_CHECK(add(Method::kGet, "/v1/intents/{id}", 0, show_intent));
  TANBA_CHECK(
      add(Method::kPost, "/v1/intents/{id}/approval", std::min<std::size_t>(max_body_bytes, 256U << 10), approve));
  TANBA_CHECK(add(Method::kPost, "/v1/intents/{id}/signature", max_body_bytes, accept_signature));
  return add(Method::kPost, "/v1/intents/{id}/abandon", max_terms_bytes, abandon);
}

}  // namespace tanba::server
