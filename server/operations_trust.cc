// Trust lists: which anchors and intermediates are in force, every earlier version, and how security staff change them.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>

#include "server/members.h"
#include "server/operations.h"
#include "server/rows_json.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using boost::json::object;
using licensing::flow::TrustChange;
using licensing::flow::TrustImport;
using licensing::flow::TrustKind;
using licensing::flow::TrustRemoval;
using licensing::flow::TrustRollback;
using licensing::registry::Registry;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

constexpr std::size_t kMaxChangeBytes = 256U << 10;  // a certificate and two pages of reason
constexpr std::size_t kMaxPurposes = 6;              // as many as there are

Result<std::int64_t> read_version(std::string_view text, std::string_view member) {
  std::int64_t version = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (ec != std::errc{} || end != text.data() + text.size() || version < 1) {
    return base::fail(Code::kInputMember, {{"member", std::string(member)}, {"expected", "1, 2, ..."}});
  }
  return version;
}

Result<licensing::registry::TrustQuery> read_trust_query(const Request& request) {
  licensing::registry::TrustQuery query;
  for (const auto& [name, value] : request.query) {
    if (name == "before") {
      TANBA_TRY(query.before, read_version(value, name));
    } else if (name == "limit") {
      TANBA_TRY(query.limit, read_limit(value));
    } else {
      return base::fail(Code::kInputMember, {{"member", name}, {"expected", "no such parameter"}});
    }
  }
  return query;
}

Result<Response> list_versions(Registry& registry, const licensing::registry::TrustQuery& query) {
  TANBA_TRY(const auto rows, registry.trust_versions(query));
  boost::json::array out;
  for (const auto& row : rows) out.push_back(to_json(row));
  object answer{{"versions", std::move(out)}};
  if (rows.size() >= query.limit && rows.back().version > 1) answer["next"] = rows.back().version;
  return Response::json(200, answer);
}

// Against the version before it, or the one that is named.
Result<Response> show_difference(const UseCases& use, const Request& request) {
  TANBA_TRY(const std::int64_t version, read_version(request.parameter("version"), "version"));
  std::int64_t from = version - 1;
  for (const auto& [name, value] : request.query) {
    if (name != "from") return base::fail(Code::kInputMember, {{"member", name}, {"expected", "no such parameter"}});
    TANBA_TRY(from, read_version(value, name));
  }
  TANBA_TRY(const auto after, use.trust->state_of(version));
  const pki::TrustSnapshotPtr nothing = pki::TrustSnapshot::make({}, {});
  licensing::flow::TrustState before{.version = {}, .snapshot = nothing};
  if (from > 0) {
    TANBA_TRY(before, use.trust->state_of(from));
  }
  return Response::json(200,
                        object{{"from", from},
                               {"to", version},
                               {"changes", to_json(licensing::flow::difference(*before.snapshot, *after.snapshot))}});
}

Result<TrustImport> read_import(Members& members) {
  TrustImport out;
  TANBA_TRY(const std::string kind, members.text("kind"));
  TANBA_TRY(out.kind, licensing::flow::parse_trust_kind(kind));
  TANBA_TRY(out.certificate, members.base64("certificate"));
  TANBA_TRY(const std::string fingerprint, members.text("sha256"));
  TANBA_TRY(out.fingerprint, licensing::flow::parse_fingerprint(fingerprint));
  TANBA_TRY(const auto purposes, members.text_list("purposes", kMaxPurposes));
  for (const std::string& word : purposes) {
    TANBA_TRY(const pki::TrustPurpose purpose, pki::parse_trust_purpose(word));
    out.purposes.add(purpose);
  }
  TANBA_TRY(out.trusted_from, members.optional_time("from"));
  TANBA_TRY(out.trusted_until, members.optional_time("until"));
  return out;
}

Result<TrustRemoval> read_removal(Members& members) {
  TrustRemoval out;
  TANBA_TRY(const std::string kind, members.text("kind"));
  TANBA_TRY(out.kind, licensing::flow::parse_trust_kind(kind));
  TANBA_TRY(const std::string fingerprint, members.text("sha256"));
  TANBA_TRY(out.certificate, licensing::flow::parse_fingerprint(fingerprint));
  return out;
}

Result<TrustRollback> read_rollback(Members& members) {
  TANBA_TRY(const std::int64_t version, members.number("version"));
  return TrustRollback{version};
}

template <class What>
Result<TrustChange> read_change(const Call& call, Result<What> (*read)(Members&)) {
  TANBA_TRY(Members members, Members::of(call.request));
  TrustChange out;
  TANBA_TRY(out.what, read(members));
  TANBA_TRY(out.based_on, members.number("basedOn"));
  TANBA_TRY(out.reason, members.text("reason"));
  TANBA_CHECK(members.finish());
  out.by = journal_caller(call.caller);
  return out;
}

template <class What>
base::Status add_change(Api& api, const UseCases& use, std::string_view pattern, Result<What> (*read)(Members&)) {
  return api.add({.method = Method::kPost,
                  .pattern = pattern,
                  .access = Access::kSecurity,
                  .max_body_bytes = kMaxChangeBytes,
                  .run = [&use, read](Call&& call, Responder&& responder) {
                    auto change = read_change(call, read);
                    if (!change) return responder.fail(change.error());
                    answer_later(use, std::move(responder), [&use, change = *std::move(change)]() -> Result<Response> {
                      TANBA_TRY(const auto state, use.trust->change(change));
                      return Response::json(201, to_json(state));
                    });
                  }});
}

}  // namespace

base::Status add_trust_operations(Api& api, const UseCases& use) {
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/trust",
                       .access = Access::kSecurity,
                       .run = [&use](Call&&, Responder&& responder) {
                         responder.send(Response::json(200, to_json(use.trust->in_force())));
                       }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/trust/versions",
                       .access = Access::kSecurity,
                       .run = [&use](Call&& call, Responder&& responder) {
                         const auto query = read_trust_query(call.request);
                         if (!query) return responder.fail(query.error());
                         answer_from_registry(use, std::move(responder), [query = *query](Registry& registry) {
                           return list_versions(registry, query);
                         });
                       }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/trust/versions/{version}",
                       .access = Access::kSecurity,
                       .run = [&use](Call&& call, Responder&& responder) {
                         const auto version = read_version(call.request.parameter("version"), "version");
                         if (!version) return responder.fail(version.error());
                         answer_later(use, std::move(responder), [&use, version = *version]() -> Result<Response> {
                           TANBA_TRY(const auto state, use.trust->state_of(version));
                           return Response::json(200, to_json(state));
                         });
                       }}));
  TANBA_CHECK(api.add({.method = Method::kGet,
                       .pattern = "/v1/trust/versions/{version}/diff",
                       .access = Access::kSecurity,
                       .run = [&use](Call&& call, Responder&& responder) {
                         auto kept = std::make_shared<Call>(std::move(call));
                         answer_later(use, std::move(responder),
                                      [&use, kept] { return show_difference(use, kept->request); });
                       }}));
  TANBA_CHECK(add_change(api, use, "/v1/trust/certificates", &read_import));
  TANBA_CHECK(add_change(api, use, "/v1/trust/removals", &read_removal));
  return add_change(api, use, "/v1/trust/rollbacks", &read_rollback);
}

}  // namespace tanba::server
