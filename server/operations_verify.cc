// Asking only: is this document, is this certificate good? 200 with the report, whatever the decision. And lifting a
// document to a level that is good for longer.
#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <map>
#include <memory>

#include "licensing/words.h"
#include "net/http/problem.h"
#include "pki/certificate.h"
#include "server/members.h"
#include "server/operations.h"
#include "server/streamed_content.h"
#include "server/streamed_document.h"

namespace tanba::server {
namespace {

using base::Code;
using base::Result;
using licensing::flow::AugmentQuestion;
using licensing::flow::CertificateQuestion;
using licensing::flow::VerifyQuestion;
using net::http::Method;
using net::http::Request;
using net::http::Responder;
using net::http::Response;

constexpr std::size_t kMaxIntermediatesGiven = 16;  // a chain has three
constexpr std::size_t kMaxBatch = 100;              // documents; max_body_bytes limits their octets
// Of one batch at a time: the others' verifications must not wait for all of it.
constexpr std::size_t kBatchParallel = 4;
// The largest that max_stream_bytes can be set to, and the document before it.
constexpr std::uint64_t kMaxStreamedBodyBytes = (1ULL << 40) + kMaxStreamedDocumentBytes;

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

// The document, and whose signature it must carry.
base::Status read_document(Members& members, VerifyQuestion& question) {
  TANBA_TRY(question.document, members.base64("document"));
  TANBA_TRY(question.detached, members.optional_base64("detached"));
  TANBA_TRY(auto expect, members.object("expect"));
  if (!expect) return {};
  TANBA_TRY(question.expected.iin, expect->optional_text("iin"));
  TANBA_TRY(question.expected.bin, expect->optional_text("bin"));
  return expect->finish();
}

// By what it is judged.
base::Status read_rules(Members& members, VerifyQuestion& question) {
  TANBA_TRY(const auto policy, members.optional_text("policy"));
  if (policy) {
    TANBA_TRY(question.policy, pki::parse_policy_id(*policy));
  }
  TANBA_TRY(const auto revocation, members.optional_text("revocation"));
  if (revocation) {
    TANBA_TRY(question.revocation, verify::parse_revocation_mode(*revocation));
  }
  TANBA_TRY(question.intermediates, read_intermediates(members));
  return {};
}

// One document, or several under the same rules.
struct Questions {
  std::vector<VerifyQuestion> each;
  enum class Form : std::uint8_t { kOne, kBatch } form = Form::kOne;
};

Result<Questions> read_verify_questions(const Request& request) {
  TANBA_TRY(Members members, Members::of(request));
  VerifyQuestion rules;
  TANBA_CHECK(read_rules(members, rules));
  TANBA_TRY(auto documents, members.object_list("documents", kMaxBatch));
  Questions out;
  if (!documents) {
    TANBA_CHECK(read_document(members, rules));
    TANBA_CHECK(members.finish());
    out.each.push_back(std::move(rules));
    return out;
  }
  TANBA_CHECK(members.finish());
  out.form = Questions::Form::kBatch;
  for (Members& one : *documents) {
    VerifyQuestion question = rules;
    TANBA_CHECK(read_document(one, question));
    TANBA_CHECK(one.finish());
    out.each.push_back(std::move(question));
  }
  return out;
}

Result<AugmentQuestion> read_augment_question(const Request& request) {
  TANBA_TRY(Members members, Members::of(request));
  AugmentQuestion question;
  TANBA_TRY(const std::string level, members.text("level"));
  TANBA_TRY(question.level, verify::evidence::parse_level(level));
  if (question.level == verify::evidence::Level::kBB) {
    return base::fail(Code::kInputMember, {{"member", "level"}, {"expected", "B-T or B-LT"}});
  }
  TANBA_CHECK(read_document(members, question.of));
  TANBA_CHECK(read_rules(members, question.of));
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

void count_verdict(const UseCases& use, std::string_view operation, const verify::Report& report) {
  use.metrics->count("verdicts", "Decisions of verification.",
                     {{"operation", operation}, {"decision", verify::to_string(report.outcome.decision)}});
}

// --- what is digested while it arrives -----------------------------------------------------------------------------

// The members of VerifyQuestion that fit a query; a name that is unknown or stands twice is wrong.
Result<std::map<std::string, std::string>> read_parameters(const Request& request) {
  static constexpr std::string_view kNames[] = {"documentBytes", "policy", "revocation", "iin", "bin"};
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : request.query) {
    if (std::ranges::find(kNames, name) == std::ranges::end(kNames) || !out.emplace(name, value).second) {
      return base::fail(Code::kInputMember, {{"member", name}, {"expected", "a parameter of this operation, once"}});
    }
  }
  return out;
}

Result<std::shared_ptr<net::http::BodySink>> make_sink(const UseCases& use, const Request& head) {
  if (head.headers.find_single("content-type") != "application/octet-stream") {
    return base::fail(Code::kRequestMediaType, {{"expected", "application/octet-stream"}});
  }
  TANBA_TRY(const auto parameters, read_parameters(head));
  const auto found = parameters.find("documentBytes");
  if (found == parameters.end()) return std::make_shared<StreamedDocument>(use.config->max_stream_bytes);
  const std::string& text = found->second;
  std::uint64_t bytes = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || read.ptr != text.data() + text.size() || bytes == 0 || bytes > kMaxStreamedDocumentBytes) {
    return base::fail(Code::kInputMember,
                      {{"member", "documentBytes"}, {"expected", "1 to " + std::to_string(kMaxStreamedDocumentBytes)}});
  }
  return std::make_shared<StreamedContent>(static_cast<std::size_t>(bytes), use.config->max_stream_bytes);
}

// What the body was: a document and its content behind it, or a document that has it inside.
base::Status take_streamed(const Request& request, VerifyQuestion& question) {
  if (auto* content = dynamic_cast<StreamedContent*>(request.sink.get())) {
    TANBA_TRY(question.document, content->document());
    question.detached = content->octets();
    if (!question.detached) {
      TANBA_TRY(question.digested, content->digested());
    }
    return {};
  }
  auto* whole = dynamic_cast<StreamedDocument*>(request.sink.get());
  if (whole == nullptr) return base::fail(Code::kInternal, "a body without its sink");
  if (auto held = whole->held()) {
    question.document = *std::move(held);
    return {};
  }
  TANBA_TRY(cms::LargeDocument large, whole->large());
  question.large = std::make_shared<const cms::LargeDocument>(std::move(large));
  return {};
}

Result<VerifyQuestion> read_streamed_question(const Request& request) {
  TANBA_TRY(auto parameters, read_parameters(request));
  VerifyQuestion question;
  TANBA_CHECK(take_streamed(request, question));
  if (const auto iin = parameters.find("iin"); iin != parameters.end()) question.expected.iin = iin->second;
  if (const auto bin = parameters.find("bin"); bin != parameters.end()) question.expected.bin = bin->second;
  if (const auto policy = parameters.find("policy"); policy != parameters.end()) {
    TANBA_TRY(question.policy, pki::parse_policy_id(policy->second));
  }
  if (const auto revocation = parameters.find("revocation"); revocation != parameters.end()) {
    TANBA_TRY(question.revocation, verify::parse_revocation_mode(revocation->second));
  }
  return question;
}

licensing::Done<verify::Report> answer_with_report(const UseCases& use, std::string_view operation,
                                                   Responder&& responder) {
  return [&use, operation, responder = std::move(responder)](Result<verify::Report> report) mutable {
    if (!report) return responder.fail(report.error());
    count_verdict(use, operation, *report);
    responder.send(Response::json_text(200, verify::write_json(*report, responder.language())));
  };
}

// A batch: a few at a time, each with its own report or problem, answered together in the order of the request.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  Batch(const UseCases& use, std::vector<VerifyQuestion> questions, Responder&& responder)
      : use_(use), questions_(std::move(questions)), responder_(std::move(responder)), answers_(questions_.size()) {}

  void start() {
    for (std::size_t i = 0; i < std::min(kBatchParallel, questions_.size()); ++i) next();
  }

 private:
  void next() {
    const std::size_t index = begun_.fetch_add(1);
    if (index >= questions_.size()) return;
    use_.flow->verify(std::move(questions_[index]),
                      [self = shared_from_this(), index](Result<verify::Report> report) { self->take(index, report); });
  }

  void take(std::size_t index, const Result<verify::Report>& report) {
    boost::json::object& answer = answers_[index];  // nobody else's
    if (report) {
      count_verdict(use_, "verify", *report);
      answer["report"] = verify::to_json(*report, responder_.language());
    } else {
      answer["problem"] = net::http::problem_json(
          report.error(), {.request_id = responder_.request_id(), .language = responder_.language()});
    }
    if (done_.fetch_add(1) + 1 == questions_.size()) return send();
    next();
  }

  void send() {
    boost::json::array reports;
    for (boost::json::object& answer : answers_) reports.push_back(std::move(answer));
    responder_.send(Response::json(200, boost::json::object{{"reports", std::move(reports)}}));
  }

  const UseCases& use_;
  std::vector<VerifyQuestion> questions_;
  Responder responder_;
  std::vector<boost::json::object> answers_;
  std::atomic<std::size_t> begun_{0};
  std::atomic<std::size_t> done_{0};
};

void verify(const UseCases& use, Call&& call, Responder&& responder) {
  auto questions = read_verify_questions(call.request);
  if (!questions) return responder.fail(questions.error());
  for (VerifyQuestion& question : questions->each) question.scope = scope_of(call.caller);
  if (questions->form == Questions::Form::kBatch) {
    std::make_shared<Batch>(use, std::move(questions->each), std::move(responder))->start();
    return;
  }
  use.flow->verify(std::move(questions->each.front()), answer_with_report(use, "verify", std::move(responder)));
}

void augment(const UseCases& use, Call&& call, Responder&& responder) {
  auto question = read_augment_question(call.request);
  if (!question) return responder.fail(question.error());
  auto shared = std::make_shared<Responder>(std::move(responder));
  use.flow->augment(*std::move(question), [&use, shared](Result<verify::evidence::Augmented> lifted) {
    if (!lifted) return shared->fail(lifted.error());
    count_verdict(use, "augment", lifted->report);
    if (!lifted->document) return shared->send(problem_with_report(lifted->report, *shared));
    shared->send(
        Response::json(200, boost::json::object{{"document", base::to_base64(*lifted->document)},
                                                {"report", verify::to_json(lifted->report, shared->language())}}));
  });
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
  TANBA_CHECK(api.add(
      {.method = Method::kPost,
       .pattern = "/v1/verify",
       .access = Access::kPortalOrStaff,
       .scope = "verify",
       .max_body_bytes = max_body_bytes,
       .run = [&use](Call&& call, Responder&& responder) { verify(use, std::move(call), std::move(responder)); }}));
  TANBA_CHECK(api.add(
      {.method = Method::kPost,
       .pattern = "/v1/augment",
       .access = Access::kPortalOrStaff,
       .scope = "verify",
       .max_body_bytes = max_body_bytes,
       .run = [&use](Call&& call, Responder&& responder) { augment(use, std::move(call), std::move(responder)); }}));
  TANBA_CHECK(api.add({.method = Method::kPost,
                       .pattern = "/v1/verify/stream",
                       .access = Access::kPortalOrStaff,
                       .scope = "verify",
                       .max_body_bytes = kMaxStreamedBodyBytes,
                       .sink = [&use](const Request& head) { return make_sink(use, head); },
                       .run =
                           [&use](Call&& call, Responder&& responder) {
                             auto question = read_streamed_question(call.request);
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
