// /healthz, /readyz, /metrics, the API's own description, and the services on offer.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "net/http/problem.h"
#include "server/openapi_text.h"
#include "server/operations.h"
#include "server/rows_json.h"

namespace tanba::server {
namespace {

using base::Code;
using net::http::Method;
using net::http::Responder;
using net::http::Response;

Response ready(const UseCases& use) {
  const bool is_ready = use.readiness->state() == Readiness::State::kReady;
  boost::json::object out{{"status", is_ready ? "ready" : "not-ready"},
                          {"demo", use.config->mode == Mode::kDemo},
                          {"checks", use.readiness->document()}};
  const pki::TrustSnapshotPtr trust = use.trust->current();
  out["trust"] = {{"anchors", trust->anchors().size()}, {"snapshot", trust->id().hex()}};
  return Response::json(is_ready ? 200 : 503, out);
}

}  // namespace

base::Status add_service_operations(Api& api, const UseCases& use) {
  TANBA_CHECK(api.add({.method = Method::kGet, .pattern = "/healthz", .run = [](Call&&, Responder&& responder) {
                         responder.send(Response::json(200, {{"status", "alive"}}));
                       }}));
  TANBA_CHECK(api.add({.method = Method::kGet, .pattern = "/readyz", .run = [&use](Call&&, Responder&& responder) {
                         responder.send(ready(use));
                       }}));
  TANBA_CHECK(
      api.add({.method = Method::kGet, .pattern = "/metrics", .run = [&use](Call&& call, Responder&& responder) {
                 if (membership(use.config->metrics_networks, call.request.peer->address) == Membership::kOutside) {
                   return responder.fail(base::Error(Code::kAuthDenied));
                 }
                 responder.send(Response::text(200, "text/plain; version=0.0.4; charset=utf-8", use.metrics->text()));
               }}));
  TANBA_CHECK(api.add({.method = Method::kGet, .pattern = "/v1/openapi.json", .run = [](Call&&, Responder&& responder) {
                         responder.send(Response::json_text(200, std::string(kOpenApiText)));
                       }}));
  return api.add({.method = Method::kGet, .pattern = "/v1/services", .run = [&use](Call&&, Responder&& responder) {
                    boost::json::array services;
                    for (const licensing::Service& service : use.flow->settings().services.all()) {
                      services.push_back(to_json(service));
                    }
                    responder.send(Response::json(200, {{"services", std::move(services)}}));
                  }});
}

}  // namespace tanba::server
