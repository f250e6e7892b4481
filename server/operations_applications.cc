// Applications: filed by portals, read by who filed them and by the licensor.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>

#include "base/json.h"
#include "base/person_name.h"
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
using licensing::flow::Submission;
using licensing::flow::SubmissionOutcome;
using licensing::registry::Registry;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

Result<Submission> read_submission(const Call& call) {
  TANBA_TRY(Members members, Members::of(call.request));
  Submission submission{.caller = journal_caller(call.caller), .claim = {}, .document = {}, .attachments = {}};
  TANBA_TRY(submission.document, members.base64("document"));
  TANBA_TRY(submission.attachments, members.base64_list("attachments", licensing::kMaxAttachments));
  // The claim, the applicant in the signed octets and the certificate must agree: a portal that makes none has not
  // looked whom it speaks for.
  TANBA_TRY(submission.claim, read_claim(members));
  if (!submission.claim) return base::fail(Code::kInputMember, {{"member", "applicant"}, {"expected", "an object"}});
  TANBA_CHECK(members.finish());
  return submission;
}

// The report of the first registration, for a repeat of it.
Result<boost::json::value> report_of(const SubmissionOutcome& outcome, base::Language language) {
  if (!outcome.first_report) return verify::to_json(outcome.report, language);
  return base::parse_json(*outcome.first_report, {.max_size_bytes = outcome.first_report->size()});
}

Response submission_answer(const SubmissionOutcome& outcome, const Responder& responder) {
  if (!outcome.registered) return problem_with_report(outcome.report, responder);
  object out = to_json(*outcome.registered);
  if (auto report = report_of(outcome, responder.language())) out["report"] = *std::move(report);
  Response response = Response::json(201, out);
  response.header("Location", "/v1/applications/" + outcome.registered->number);
  return response;
}

void submit(const UseCases& use, const Call& call, Responder&& responder) {
  auto submission = read_submission(call);
  if (!submission) return responder.fail(submission.error());
  use.flow->submit(
      *std::move(submission), [&use, responder = std::move(responder)](Result<SubmissionOutcome> outcome) mutable {
        if (!outcome) return responder.fail(outcome.error());
        use.metrics->count(
            "verdicts", "Decisions of verification.",
            {{"operation", "submission"}, {"decision", verify::to_string(outcome->report.outcome.decision)}});
        responder.send(submission_answer(*outcome, responder));
      });
}

Result<licensing::ApplicationQuery> read_application_query(const UseCases& use, const Request& request) {
  licensing::ApplicationQuery query;
  for (const auto& [name, value] : request.query) {
    if (name == "state") {
      TANBA_TRY(const auto state, licensing::parse_word<licensing::ApplicationState>(value, "state"));
      query.states.push_back(state);
    } else if (name == "service") {
      query.service = value;
    } else if (name == "applicant") {
      TANBA_CHECK(check_identity_number(value, use));
      query.applicant_number = value;
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

Result<Response> list_applications(Registry& registry, const licensing::Scope& scope,
                                   const licensing::ApplicationQuery& query) {
  TANBA_TRY(const auto rows, registry.applications(scope, query));
  boost::json::array out;
  for (const licensing::ApplicationRow& row : rows) out.push_back(to_json(row, scope));
  object answer{{"applications", std::move(out)}};
  if (rows.size() >= query.limit && !rows.empty()) answer["next"] = rows.back().number;
  return Response::json(200, answer);
}

Result<Response> attachment(Registry& registry, const licensing::ApplicationRow& row, std::string_view sha256) {
  const auto wanted = base::digest_from_hex(sha256);
  const auto found = std::ranges::find_if(
      row.attachments, [&](const licensing::AttachmentRow& one) { return wanted && one.fields.digest == *wanted; });
  if (found == row.attachments.end()) {
    return base::fail(Code::kRegistryNotFound, {{"what", "attachment"}, {"id", std::string(sha256)}});
  }
  TANBA_TRY(base::Bytes octets, registry.document(found->fields.digest));
  // Applicants name the type; a browser must not be talked into running it.
  Response response = Response::bytes(200, "application/octet-stream", std::move(octets));
  response.header("Content-Disposition", "attachment");
  return response;
}

Result<Response> stored_json(Registry& registry, const base::Digest& digest) {
  TANBA_TRY(const base::Bytes octets, registry.document(digest));
  return Response::json_text(200, std::string(base::as_text(octets)));
}

// An operation that reads one application in the caller's scope first.
using OfApplication = std::function<Result<Response>(Registry&, const licensing::ApplicationRow&, const Call&)>;
std::function<void(Call&&, Responder&&)> of_application(const UseCases& use, const OfApplication& then) {
  return [&use, then](Call&& call, Responder&& responder) {
    auto kept = std::make_shared<Call>(std::move(call));
    answer_from_registry(use, std::move(responder), [kept, then](Registry& registry) -> Result<Response> {
      TANBA_TRY(const auto number, licensing::parse_register_number(kept->request.parameter("number")));
      TANBA_TRY(const auto row, registry.application(scope_of(kept->caller), number.text()));
      return then(registry, row, *kept);
    });
  };
}

base::Status add_reading(Api& api, const UseCases& use, std::string_view pattern, const OfApplication& then) {
  return api.add({.method = Method::kGet,
                  .pattern = pattern,
                  .access = Access::kPortalOrStaff,
                  .scope = "read",
                  .run = of_application(use, then)});
}

void take_into_review(const UseCases& use, const Call& call, Responder&& responder) {
  const auto number = licensing::parse_register_number(call.request.parameter("number"));
  if (!number) return responder.fail(number.error());
  use.registry->submit(licensing::TakeIntoReview{number->text(), officer_of(call.caller)},
                       [responder = std::move(responder)](Result<licensing::ApplicationState> state) mutable {
                         if (!state) return responder.fail(state.error());
                         responder.send(Response::json(200, {{"state", licensing::to_string(*state)}}));
                       });
}

// The certificates' names for the applicant, as the report of the submission has them. The number is what was checked:
// the name in the application is the applicant's own word, and it goes into the licence.
Result<std::vector<std::string>> names_in_certificates(Registry& registry, const licensing::ApplicationRow& row) {
  const std::string member = row.applicant_kind == licensing::ApplicantKind::kIndividual ? "name" : "organization";
  TANBA_TRY(const base::Bytes report, registry.document(row.report));
  TANBA_TRY(const auto parsed, base::parse_json(base::as_text(report), {.max_size_bytes = report.size()}));
  std::vector<std::string> out;
  const auto* signatures = parsed.is_object() ? parsed.as_object().if_contains("signatures") : nullptr;
  if (signatures == nullptr || !signatures->is_array()) return out;
  for (const boost::json::value& signature : signatures->as_array()) {
    boost::system::error_code absent;
    const auto* name = signature.find_pointer("/certificate/identity/" + member, absent);
    if (name != nullptr && name->is_string()) out.emplace_back(name->as_string());
  }
  return out;
}

Result<Response> show_application(Registry& registry, const licensing::ApplicationRow& row,
                                  const licensing::Scope& scope) {
  object out = to_json(row, scope);
  TANBA_TRY(const std::vector<std::string> names, names_in_certificates(registry, row));
  const auto same = [&](const std::string& name) {
    return base::compare_names(name, row.applicant_name) == base::NameMatch::kSame;
  };
  // Whoever decides shall see that somebody else's name would stand in the licence.
  if (!names.empty() && std::ranges::none_of(names, same)) {
    out["applicant"].as_object()["nameInCertificate"] = names.front();
  }
  return Response::json(200, out);
}

base::Status add_readings(Api& api, const UseCases& use) {
  using Row = licensing::ApplicationRow;
  TANBA_CHECK(
      add_reading(api, use, "/v1/applications/{number}", [](Registry& registry, const Row& row, const Call& call) {
        return show_application(registry, row, scope_of(call.caller));
      }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/document",
                          [](Registry& registry, const Row& row, const Call&) -> Result<Response> {
                            TANBA_TRY(base::Bytes octets, registry.document(row.document));
                            return Response::bytes(200, row.media_type, std::move(octets));
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/report",
                          [](Registry& registry, const Row& row, const Call&) -> Result<Response> {
                            return stored_json(registry, row.report);
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/attachments/{sha256}",
                          [](Registry& registry, const Row& row, const Call& call) -> Result<Response> {
                            return attachment(registry, row, call.request.parameter("sha256"));
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/decision",
                          [](Registry& registry, const Row& row, const Call& call) -> Result<Response> {
                            TANBA_TRY(const auto decision, registry.decision(scope_of(call.caller), row.number));
                            return Response::json(200, to_json(decision));
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/decision/document",
                          [](Registry& registry, const Row& row, const Call& call) -> Result<Response> {
                            TANBA_TRY(const auto decision, registry.decision(scope_of(call.caller), row.number));
                            TANBA_TRY(base::Bytes octets, registry.document(decision.document));
                            return Response::bytes(200, decision.media_type, std::move(octets));
                          }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/capsule",
                          [&use](Registry&, const Row& row, const Call&) { return capsule_file(use, row.number); }));
  TANBA_CHECK(add_reading(api, use, "/v1/applications/{number}/decision/capsule",
                          [&use](Registry& registry, const Row& row, const Call& call) -> Result<Response> {
                            TANBA_TRY(const auto decision, registry.decision(scope_of(call.caller), row.number));
                            return capsule_file(use, decision.number);
                          }));
  return add_reading(api, use, "/v1/applications/{number}/decision/report",
                     [](Registry& registry, const Row& row, const Call& call) -> Result<Response> {
                       TANBA_TRY(const auto decision, registry.decision(scope_of(call.caller), row.number));
                       return stored_json(registry, decision.report);
                     });
}

}  // namespace

Result<unsigned> read_limit(std::string_view text) {
  unsigned limit = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (ec != std::errc{} || end != text.data() + text.size() || limit == 0 || limit > licensing::kMaxPageRows) {
    return base::fail(Code::kInputMember,
                      {{"member", "limit"}, {"expected", "1 to " + std::to_string(licensing::kMaxPageRows)}});
  }
  return limit;
}

base::Status add_application_operations(Api& api, const UseCases& use, std::size_t max_body_bytes) {
  TANBA_CHECK(
      api.add({.method = Method::kPost,
               .pattern = "/v1/applications",
               .access = Access::kPortal,
               .scope = "submit",
               .max_body_bytes = max_body_bytes,
               .run = [&use](Call&& call, Responder&& responder) { submit(use, call, std::move(responder)); }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/applications",
                       .access = Access::kPortalOrStaff,
                       .scope = "read",
                       .run = [&use](Call&& call, Responder&& responder) {
                         auto query = read_application_query(use, call.request);
                         if (!query) return responder.fail(query.error());
                         answer_from_registry(
                             use, std::move(responder),
                             [query = *std::move(query), scope = scope_of(call.caller)](Registry& registry) {
                               return list_applications(registry, scope, query);
                             });
                       }}));
  TANBA_CHECK(api.add(
      {.method = Method::kPost,
       .pattern = "/v1/applications/{number}/review",
       .access = Access::kOfficer,
       .run = [&use](Call&& call, Responder&& responder) { take_into_review(use, call, std::move(responder)); }}));
  return add_readings(api, use);
}

}  // namespace tanba::server
