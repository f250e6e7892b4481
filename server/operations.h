// The operations of the API: requests to use cases, outcomes to answers. server/openapi.json describes them; a test
// holds the two against each other, both ways.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "licensing/flow/capsules.h"
#include "licensing/flow/flow.h"
#include "licensing/flow/trust_lists.h"
#include "server/api.h"
#include "server/config.h"
#include "server/health.h"
#include "server/members.h"
#include "server/metrics.h"
#include "server/sessions.h"

namespace tanba::server {

// What operations work with; all outlive the API.
struct UseCases {
  licensing::flow::Flow* flow = nullptr;
  licensing::registry::Registry* registry = nullptr;
  SessionBook* sessions = nullptr;
  Readiness* readiness = nullptr;
  Metrics* metrics = nullptr;
  const Config* config = nullptr;
  licensing::flow::TrustLists* trust = nullptr;
  verify::evidence::Sources* sources = nullptr;
  verify::evidence::Workers* verifying = nullptr;
  const licensing::flow::Capsules* capsules = nullptr;
};

// Registers every operation. `use` outlives the API; nothing of it is touched before the first request.
[[nodiscard]] base::Status add_operations(Api& api, const UseCases& use, std::size_t max_body_bytes);

// For questions about a person: who mistyped the number must not read that there is nothing. By the daemon's rule about
// check digits. input.identity_number
[[nodiscard]] base::Status check_identity_number(std::string_view digits, const UseCases& use);

// By subject; add_operations calls them all.
[[nodiscard]] base::Status add_service_operations(Api& api, const UseCases& use);
[[nodiscard]] base::Status add_session_operations(Api& api, const UseCases& use, std::size_t max_body_bytes);
[[nodiscard]] base::Status add_verify_operations(Api& api, const UseCases& use, std::size_t max_body_bytes);
[[nodiscard]] base::Status add_application_operations(Api& api, const UseCases& use, std::size_t max_body_bytes);
[[nodiscard]] base::Status add_decision_operations(Api& api, const UseCases& use, std::size_t max_body_bytes);
[[nodiscard]] base::Status add_licence_operations(Api& api, const UseCases& use);
[[nodiscard]] base::Status add_trust_operations(Api& api, const UseCases& use);
[[nodiscard]] base::Status add_revocation_operations(Api& api, const UseCases& use);

// --- shared by them --------------------------------------------------------------------------------------------------

// What this caller may see.
[[nodiscard]] licensing::Scope scope_of(const Caller& caller);
// For the journal.
[[nodiscard]] licensing::Caller journal_caller(const Caller& caller);
[[nodiscard]] licensing::Officer officer_of(const Caller& caller);

// The member `applicant`, {kind, number}: whom the caller says it speaks for.
[[nodiscard]] base::Result<std::optional<licensing::ApplicantClaim>> read_claim(Members& members);
// The query parameter `limit` of a list.
[[nodiscard]] base::Result<unsigned> read_limit(std::string_view text);

// What may block, on the flow's pool for reading: only people's work, never a verification waits there.
using Work = std::move_only_function<base::Result<net::http::Response>()>;
void answer_later(const UseCases& use, net::http::Responder&& responder, Work work);
// Reads on the flow's pool; what the function gives is the answer.
using Reading = std::move_only_function<base::Result<net::http::Response>(licensing::registry::Registry&)>;
void answer_from_registry(const UseCases& use, net::http::Responder&& responder, Reading read);

// The evidence capsule of this application's or decision's number, which the caller may see.
[[nodiscard]] base::Result<net::http::Response> capsule_file(const UseCases& use, std::string_view number);

// A report that did not accept: 422 to refuse (or the status given), 503 with Retry-After to try again. Its first code
// is the problem's, the report a member.
[[nodiscard]] net::http::Response problem_with_report(const verify::Report& report,
                                                      const net::http::Responder& responder,
                                                      unsigned refuse_status = 422);

}  // namespace tanba::server
