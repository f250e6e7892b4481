// Asking only: is this document, is this certificate good? 200 with the report, whatever the decision.
#include <boost/json/object.hpp>

#include "licensing/words.h"
#include "pki/certificate.h"
#include "server/members.h"
#include "server/operations.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using licensing::flow::CertificateQuestion;
using licensing::flow::VerifyQuestion;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

constexpr std::size_t kMaxIntermediatesGiven = 16;  // a chain has three

Result<std::vector<pki::CertificatePtr>> read_intermediates(Members& members) {
  TANBA_TRY(const auto files, members.base64_list("intermediates", kMaxIntermediatesGiven));
  std::vector<pki::CertificatePtr> out;
  for (const base::Bytes& file : files) {
    auto certificates = pki::parse_certificates(file);
    if (!certificates) {
      return base::fail(Code::kInputMember, {{"member", "intermediates"}, {"expected", "certificates"}},
                        certificates.error().message());
    }
    out.insert(out.end(), certificates->begin(), certificates->end());
  }
  return out;
}

Result<VerifyQuestion> read_verify_question(const Request& request) {
  TANBA_TRY(Members members, Members::of(request));
  VerifyQuestion question;
  TANBA_TRY(question.document, members.base64("document"));
  TANBA_TRY(question.detached, members.optional_base64("detached"));
  TANBA_TRY(auto expect, members.object("expect"));
  if (expect) {
    TANBA_TRY(question.expected.iin, expect->optional_text("iin"));
    TANBA_TRY(question.expected.bin, expect->optional_text("bin"));
    TANBA_CHECK(expect->finish());
  }
  TANBA_TRY(const auto policy, members.optional_text("policy"));
  if (policy) {
    TANBA_TRY(question.policy, pki::parse_policy_id(*policy));
  }
  TANBA_TRY(const auto revocation, members.optional_text("revocation"));
  if (revocation) {
    TANBA_TRY(question.revocation, verify::parse_revocation_mode(*revocation));
  }
  TANBA_TRY(question.intermediates, read_intermediates(members));
  TANBA_CHECK(members.finish());
  return question;
}

Result<CertificateQuestion> read_certificate_question(const Request& request) {
  TANBA_TRY(Members members, Members::of(request));
  CertificateQuestion question;
  TANBA_TRY(const base::Bytes file, members.base64("certificate"));
  auto certificates = pki::parse_certificates(file);
  if (!certificates || certificates->empty()) {
    return base::fail(Code::kInputMember, {{"member", "certificate"}, {"expected", "a certificate"}});
  }
  question.certificate = certificates->front();
  TANBA_TRY(question.intermediates, read_intermediates(members));
  question.intermediates.insert(question.intermediates.end(), certificates->begin() + 1, certificates->end());
  TANBA_TRY(question.claim, read_claim(members));
  TANBA_CHECK(members.finish());
  return question;
}

licensing::Done<verify::Report> answer_with_report(const UseCases& use, std::string_view operation,
                                                   Responder&& responder) {
  return [&use, operation, responder = std::move(responder)](Result<verify::Report> report) mutable {
    if (!report) return responder.fail(report.error());
    use.metrics->count("verdicts", "Decisions of verification.",
                       {{"operation", operation}, {"decision", verify::to_string(report->outcome.decision)}});
    responder.send(Response::json(200, verify::to_json(*report, responder.language())));
  };
}

}  // namespace

Result<std::optional<licensing::ApplicantClaim>> read_claim(Members& members) {
  TANBA_TRY(auto applicant, members.object("applicant"));
  if (!applicant) return std::nullopt;
  TANBA_TRY(const std::string kind, applicant->text("kind"));
  licensing::ApplicantClaim claim{};
  TANBA_TRY(claim.kind, licensing::parse_word<licensing::ApplicantKind>(kind, "applicant.kind"));
  TANBA_TRY(claim.number, applicant->text("number"));
  TANBA_CHECK(applicant->finish());
  return claim;
}

base::Status add_verify_operations(Api& api, const UseCases& use, std::size_t max_body_bytes) {
  TANBA_CHECK(api.add({.method = Method::kPost,
                       .pattern = "/v1/verify",
                       .access = Access::kPortalOrStaff,
                       .scope = "verify",
                       .max_body_bytes = max_body_bytes,
                       .run = [&use](Call&& call, Responder&& responder) {
                         auto question = read_verify_question(call.request);
                         if (!question) return responder.fail(question.error());
                         question->scope = scope_of(call.caller);
                         use.flow->verify(*std::move(question),
                                          answer_with_report(use, "verify", std::move(responder)));
                       }}));
  return api.add({.method = Method::kPost,
                  .pattern = "/v1/certificates/check",
                  .access = Access::kPortalOrStaff,
                  .scope = "verify",
                  .max_body_bytes = std::min<std::size_t>(max_body_bytes, 1U << 20),
                  .run = [&use](Call&& call, Responder&& responder) {
                    auto question = read_certificate_question(call.request);
                    if (!question) return responder.fail(question.error());
                    use.flow->check_certificate(*std::move(question),
                                                answer_with_report(use, "certificate", std::move(responder)));
                  }});
}

}  // namespace tanba::server
