// Sources of revocation evidence, alerts about them, look-ups: for security staff.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/limits.h"
#include "net/http/problem.h"
#include "server/members.h"
#include "server/operations.h"
#include "server/rows_json.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using boost::json::object;
using licensing::registry::ActStage;
using licensing::registry::AlertRowState;
using licensing::registry::CertificateQuery;
using licensing::registry::Nothing;
using licensing::registry::Registry;
using licensing::registry::RevocationAct;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;
using verify::evidence::SourceStatus;

constexpr std::size_t kMaxQuestionBytes = 64U << 10;
constexpr std::string_view kListMediaType = "application/pkix-crl";  // RFC 2585 4.2

// Names a source in a path: the digest of its kind and URL.
std::string source_id(const SourceStatus& source) {
  return base::sha256(base::as_bytes(std::string(verify::to_string(source.kind)) + " " + source.url)).hex();
}

object source_answer(const SourceStatus& source, base::Language language) {
  object out = to_json(source, language);
  out["id"] = source_id(source);
  return out;
}

Result<SourceStatus> find_source(const UseCases& use, std::string_view id) {
  for (SourceStatus& source : use.sources->sources()) {
    if (source_id(source) == id) return std::move(source);
  }
  return base::fail(Code::kRegistryNotFound, {{"what", "source"}, {"id", std::string(id)}});
}

// One act of staff on a source: in the journal before it is done, and what came of it before the caller hears.
class Act : public std::enable_shared_from_this<Act> {
 public:
  Act(const UseCases& use, RevocationAct what, licensing::Caller by, Responder&& responder)
      : use_(use), responder_(std::move(responder)) {
    note_.act = what;
    note_.by = std::move(by);
  }
  // `subject` and `digests` as NoteRevocationAct has them; then `work`, which ends with finish().
  void begin(std::string subject, std::vector<base::Digest> digests, std::function<void()> work) {
    note_.subject = std::move(subject);
    note_.digests = std::move(digests);
    use_.registry->submit(licensing::registry::NoteRevocationAct(note_),
                          [self = shared_from_this(), work = std::move(work)](Result<Nothing> noted) {
                            if (!noted) return self->responder_.fail(noted.error());
                            work();
                          });
  }
  void finish(unsigned status, Result<SourceStatus> outcome) {
    note_.stage = ActStage::kDone;
    note_.outcome = outcome ? "ok" : std::string(base::dotted(outcome.error().code()));
    use_.registry->submit(
        licensing::registry::NoteRevocationAct(note_),
        [self = shared_from_this(), status, outcome = std::move(outcome)](Result<Nothing> noted) {
          if (!outcome) return self->refuse(outcome.error());
          if (!noted) return self->responder_.fail(noted.error());
          self->responder_.send(Response::json(status, source_answer(*outcome, self->responder_.language())));
        });
  }
  void fail(const base::Error& error) { finish(0, std::unexpected(error)); }

 private:
  // A fetched list may be better next time; the one that was brought is the request's own content and stays as it is.
  void refuse(const base::Error& error) {
    if (note_.act != RevocationAct::kImport || !base::dotted(error.code()).starts_with("crl."))
      return responder_.fail(error);
    net::http::ProblemContext context{.request_id = responder_.request_id(), .language = responder_.language()};
    context.status = 422;
    responder_.send(net::http::problem(error, context));
  }

  const UseCases& use_;
  Responder responder_;
  licensing::registry::NoteRevocationAct note_;
};

void refresh(const UseCases& use, const Call& call, Responder&& responder) {
  const auto source = find_source(use, call.request.parameter("id"));
  if (!source) return responder.fail(source.error());
  auto act = std::make_shared<Act>(use, RevocationAct::kRefresh, journal_caller(call.caller), std::move(responder));
  act->begin(source->url, {}, [&use, act, url = source->url] {
    use.sources->refresh(url, [act](Result<SourceStatus> refreshed) { act->finish(200, std::move(refreshed)); });
  });
}

// RFC 2585 4.2: a list in DER.
void import_list(const UseCases& use, Call&& call, Responder&& responder) {
  const std::string_view type = call.request.headers.find_single("content-type").value_or("");
  if (type.substr(0, type.find(';')) != kListMediaType) {
    return responder.fail(base::Error(Code::kRequestMediaType, {{"expected", std::string(kListMediaType)}}));
  }
  auto list = std::make_shared<const base::Bytes>(std::move(call.request.body));
  auto act = std::make_shared<Act>(use, RevocationAct::kImport, journal_caller(call.caller), std::move(responder));
  act->begin("list", {base::sha256(*list)}, [&use, act, list] {
    const auto posted = use.verifying->post([&use, act, list](verify::evidence::Worker& worker) {
      act->finish(201, use.sources->import_list(worker, *list));
    });
    if (!posted) act->fail(posted.error());
  });
}

// As reports spell it, from however a person has it: capitals, colons, spaces, 0x, zeros in front. What is no number
// would find nothing, and nothing found would be taken for nothing touched.
Result<std::string> plain_serial(std::string_view text) {
  std::string digits;
  digits.reserve(text.size() + 1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool hexadecimal = (lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f');
    if (!hexadecimal) return base::fail(Code::kInputHex);
    digits += lower;
  }
  if (digits.empty()) return base::fail(Code::kInputHex);
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return "0";
  if (digits.size() % 2 != 0) digits.insert(0, 1, '0');
  return (negative ? "-" : "") + digits;
}

Result<CertificateQuery> read_look_up(const UseCases& use, const Call& call) {
  TANBA_TRY(Members members, Members::of(call.request));
  CertificateQuery query{.limit = licensing::flow::kMaxLookUp};
  const auto take = [&](std::string_view name, std::string& into) -> base::Status {
    TANBA_TRY(auto value, members.optional_text(name));
    into = std::move(value).value_or("");
    return {};
  };
  TANBA_CHECK(take("serial", query.serial));
  TANBA_CHECK(take("issuer", query.issuer));
  TANBA_CHECK(take("iin", query.iin));
  TANBA_CHECK(take("bin", query.bin));
  TANBA_TRY(const auto after, members.optional_text("after"));
  if (after) {
    TANBA_TRY(query.after, base::digest_from_hex(*after));
  }
  TANBA_CHECK(members.finish());
  const int named = !query.serial.empty() + !query.iin.empty() + !query.bin.empty();
  if (named != 1) return base::fail(Code::kInputMember, {{"member", "iin"}, {"expected", "one of serial, iin, bin"}});
  if (!query.issuer.empty() && query.serial.empty()) {
    return base::fail(Code::kInputMember, {{"member", "issuer"}, {"expected", "only beside serial"}});
  }
  if (query.serial.empty()) {
    TANBA_CHECK(check_identity_number(query.iin.empty() ? query.bin : query.iin, use));
    return query;
  }
  TANBA_TRY(query.serial, plain_serial(query.serial));
  return query;
}

Result<Response> look_up(const UseCases& use, const Call& call, const CertificateQuery& query) {
  TANBA_TRY(const auto seen, use.flow->look_up_certificates(query, journal_caller(call.caller)));
  boost::json::array out;
  for (const auto& one : seen) out.push_back(to_json(one, call.request.language));
  object answer{{"certificates", std::move(out)}};
  if (seen.size() >= query.limit) answer["next"] = seen.back().row.certificate.digest.hex();
  return Response::json(200, answer);
}

Result<licensing::registry::AlertQuery> read_alert_query(const Request& request) {
  licensing::registry::AlertQuery query;
  for (const auto& [name, value] : request.query) {
    if (name == "state") {
      TANBA_TRY(const auto state, licensing::registry::parse_alert_state(value));
      query.states.push_back(state);
    } else if (name == "after") {
      query.after = value;
    } else if (name == "limit") {
      TANBA_TRY(query.limit, read_limit(value));
    } else {
      return base::fail(Code::kInputMember, {{"member", name}, {"expected", "no such parameter"}});
    }
  }
  return query;
}

Result<Response> list_alerts(Registry& registry, const licensing::registry::AlertQuery& query) {
  TANBA_TRY(const auto rows, registry.alerts(query));
  boost::json::array out;
  for (const auto& row : rows) out.push_back(to_json(row));
  object answer{{"alerts", std::move(out)}};
  if (rows.size() >= query.limit && !rows.empty()) answer["next"] = rows.back().report.id;
  return Response::json(200, answer);
}

Result<Response> decide_alert(const UseCases& use, const Call& call, AlertRowState decision) {
  TANBA_TRY(Members members, Members::of(call.request));
  TANBA_TRY(const std::string reason, members.text("reason"));
  TANBA_CHECK(members.finish());
  TANBA_TRY(const auto row,
            use.registry->execute(licensing::registry::DecideAlert{.id = std::string(call.request.parameter("id")),
                                                                   .decision = decision,
                                                                   .reason = reason,
                                                                   .by = journal_caller(call.caller)}));
  // Where the list waits in another daemon, that one takes the decision over from the registry.
  if (decision == AlertRowState::kConfirmed) {
    const auto used = use.sources->confirm(row.report.id);
    if (!used && used.error().code() != Code::kRegistryNotFound) return std::unexpected(used.error());
  }
  return Response::json(200, to_json(row));
}

base::Status add_decision(Api& api, const UseCases& use, std::string_view pattern, AlertRowState decision) {
  return api.add({.method = Method::kPost,
                  .pattern = pattern,
                  .access = Access::kSecurity,
                  .max_body_bytes = kMaxQuestionBytes,
                  .run = [&use, decision](Call&& call, Responder&& responder) {
                    auto kept = std::make_shared<Call>(std::move(call));
                    answer_later(use, std::move(responder),
                                 [&use, kept, decision] { return decide_alert(use, *kept, decision); });
                  }});
}

base::Status add_source_operations(Api& api, const UseCases& use) {
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/revocation/sources",
                       .access = Access::kSecurity,
                       .run = [&use](Call&& call, Responder&& responder) {
                         boost::json::array out;
                         for (const SourceStatus& source : use.sources->sources()) {
                           out.push_back(source_answer(source, call.request.language));
                         }
                         responder.send(Response::json(200, object{{"sources", std::move(out)}}));
                       }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/revocation/sources/{id}",
                       .access = Access::kSecurity,
                       .run = [&use](Call&& call, Responder&& responder) {
                         const auto source = find_source(use, call.request.parameter("id"));
                         if (!source) return responder.fail(source.error());
                         responder.send(Response::json(200, source_answer(*source, call.request.language)));
                       }}));
  TANBA_CHECK(
      api.add({.method = Method::kPost,
               .pattern = "/v1/revocation/sources/{id}/refresh",
               .access = Access::kSecurity,
               .run = [&use](Call&& call, Responder&& responder) { refresh(use, call, std::move(responder)); }}));
  return api.add(
      {.method = Method::kPost,
       .pattern = "/v1/revocation/lists",
       .access = Access::kSecurity,
       .max_body_bytes = base::Limits{}.max_crl_bytes,
       .run = [&use](Call&& call, Responder&& responder) { import_list(use, std::move(call), std::move(responder)); }});
}

}  // namespace

base::Status add_revocation_operations(Api& api, const UseCases& use) {
  TANBA_CHECK(add_source_operations(api, use));
  TANBA_CHECK(api.add({.method = Method::kPost,
                       .pattern = "/v1/revocation/lookups",
                       .access = Access::kSecurity,
                       .max_body_bytes = kMaxQuestionBytes,
                       .run = [&use](Call&& call, Responder&& responder) {
                         const auto query = read_look_up(use, call);
                         if (!query) return responder.fail(query.error());
                         auto kept = std::make_shared<Call>(std::move(call));
                         answer_later(use, std::move(responder),
                                      [&use, kept, query = *query] { return look_up(use, *kept, query); });
                       }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/revocation/alerts",
                       .access = Access::kSecurity,
                       .run = [&use](Call&& call, Responder&& responder) {
                         const auto query = read_alert_query(call.request);
                         if (!query) return responder.fail(query.error());
                         answer_from_registry(use, std::move(responder), [query = *query](Registry& registry) {
                           return list_alerts(registry, query);
                         });
                       }}));
  TANBA_CHECK(add_decision(api, use, "/v1/revocation/alerts/{id}/acknowledgement", AlertRowState::kAcknowledged));
  return add_decision(api, use, "/v1/revocation/alerts/{id}/confirmation", AlertRowState::kConfirmed);
}

}  // namespace tanba::server
