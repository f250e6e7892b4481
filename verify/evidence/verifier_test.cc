// The shell around judge, against a server that answers as each test says: what it asks, and what comes of it.
#include "verify/evidence/verifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "net/fetch/test_server.h"
#include "pki/test_support.h"
#include "verify/crl_maker.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using base::Seconds;
using net::fetch::testing::TestServer;
using test::noon;

constexpr Seconds kDay{86400};

class VerifierTest : public testing::Test {
 protected:
  VerifierTest() : context_(pki::test::make_context()), maker_(test::CrlMaker::Keys::kRsa) {
    maker_.certificate({.name = "CA", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    leaf({.serial = 5, .points = "URI:" + server_.url("/list.crl"), .ocsp = "URI:" + server_.url("/ocsp")});
    task_.input.now = noon();
    task_.input.policy = policy_for(pki::PolicyId::kKzSubmission);
    task_.input.key_purpose = pki::KeyPurpose::kAny;
    task_.input.trust = pki::TrustSnapshot::make(
        {{.certificate = get("CA"), .purposes = pki::TrustPurposes::all(), .trusted_from = {}, .trusted_until = {}}},
        {});
    task_.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(300);
    auto workers = Workers::start({.threads = 1});
    EXPECT_TRUE(workers.has_value());
    workers_ = *std::move(workers);
    auto policy = net::fetch::EgressPolicy::make({.listed = {"127.0.0.0/8"}});
    EXPECT_TRUE(policy.has_value());
    fetcher_ = std::make_unique<net::fetch::Fetcher>(net::fetch::Fetcher::Options{.policy = *std::move(policy)});
    sources_ = std::make_unique<Sources>(*workers_, fetcher_.get(), store_, clock_, Sources::Options{.nonce_bytes = 0});
    sources_->start();
    verifier_ = std::make_unique<Verifier>(*workers_, sources_.get(), store_);
  }
  ~VerifierTest() override {
    sources_->stop();
    fetcher_.reset();
    workers_->stop();
  }

  void leaf(test::CertificatePlan plan) {
    plan.name = "leaf";
    plan.issuer = "CA";
    maker_.certificate(plan);
  }
  [[nodiscard]] pki::CertificatePtr get(const std::string& name) const { return maker_.get(name).ours; }
  // At this path from now on.
  void serve(const std::string& path, const base::Bytes& octets) {
    const std::scoped_lock lock(mutex_);
    served_[path] = std::string(base::as_text(octets));
  }
  void serve_answer(const test::AnswerPlan& plan) { serve("/ocsp", maker_.answer(plan)); }
  base::Bytes list(const test::ListPlan& plan) { return maker_.list_octets(plan); }
  // A signature by the leaf that carries these.
  void document(std::vector<base::Bytes> crls) {
    pki::SignatureFacts signature;
    signature.id = "S1";
    signature.algorithm.emplace().scheme = pki::SignatureScheme::kRsaPkcs1;
    signature.certificate = get("leaf");
    signature.covers = {.whole = true, .what = "content"};
    auto facts = std::make_shared<Facts>();
    facts->content.format = pki::DocumentFormat::kCms;
    facts->content.signatures.push_back(std::move(signature));
    facts->content.crls = std::move(crls);
    task_.subject = FactsSubject{std::move(facts)};
  }
  Report verified() {
    auto verified = verifier_->verify_and_wait(task_);
    if (!verified) {
      ADD_FAILURE() << verified.error().message();
      return {};
    }
    return std::move(verified->report);
  }
  [[nodiscard]] std::vector<std::string> asked() const {
    std::vector<std::string> paths;
    for (const TestServer::Received& request : server_.received()) paths.push_back(request.path);
    return paths;
  }
  static std::string message(const Report& report) {
    std::string text;
    for (const LocatedError& located : all_errors(report)) text += "\n  " + located.error.message();
    return text;
  }
  using Paths = std::vector<std::string>;

  std::mutex mutex_;
  std::map<std::string, std::string> served_;
  TestServer server_{[this](const TestServer::Received& request, TestServer::Connection& connection) {
    const std::scoped_lock lock(mutex_);
    const auto found = served_.find(request.path);
    const bool sent = found != served_.end() ? connection.answer(200, found->second) : connection.answer(503, "");
    return sent ? TestServer::After::kKeepOpen : TestServer::After::kClose;
  }};
  std::unique_ptr<pki::Context> context_;
  test::CrlMaker maker_;
  base::FixedClock clock_{noon()};
  Store store_{Store::Options{}};
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<net::fetch::Fetcher> fetcher_;
  std::unique_ptr<Sources> sources_;
  std::unique_ptr<Verifier> verifier_;
  Task task_;
};

// The signer chooses what a document carries: a list from before the revocation is good for months.
TEST_F(VerifierTest, AListInsideTheDocumentDoesNotHideARevocation) {
  serve_answer({.revoked = true, .revoked_at = noon() - Seconds(7200)});
  for (const Seconds age : {Seconds(86400), 150 * kDay}) {
    document({list({.this_update = noon() - age, .next_update = noon() + 30 * kDay})});
    const Report report = verified();
    EXPECT_EQ(report.outcome.decision, Decision::kRefuse) << message(report);
  }
  EXPECT_EQ(asked().front(), "/ocsp");
}

TEST_F(VerifierTest, AFreshListInsideTheDocumentCountsWhereSourcesAreDown) {
  document({list({.this_update = noon() - kDay, .next_update = noon() + 30 * kDay})});
  Report report = verified();
  EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
  EXPECT_EQ(asked(), (Paths{"/ocsp", "/list.crl"}));
  document({list({.this_update = noon() - 150 * kDay, .next_update = noon() + 30 * kDay})});
  report = verified();
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
}

// The authority may publish so seldom: its source gives the very list that the document carries.
TEST_F(VerifierTest, AnOldListInsideTheDocumentCountsWhereItsSourceHasNoOther) {
  const base::Bytes old = list({.this_update = noon() - 150 * kDay, .next_update = noon() + 30 * kDay});
  document({old});
  serve("/list.crl", old);
  const Report report = verified();
  EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
  EXPECT_EQ(asked(), (Paths{"/ocsp", "/list.crl"}));
}

TEST_F(VerifierTest, WhatTheSourceSaysIsAskedForOnce) {
  document({list({.this_update = noon() - kDay, .next_update = noon() + 30 * kDay})});
  serve_answer({});
  const Report report = verified();
  EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
  EXPECT_EQ(asked(), Paths{"/ocsp"});
}

// Who makes a certificate chooses what we ask for it: sixteen addresses in one place, eight of a need at a time, and
// after the eighth judgement no more.
TEST_F(VerifierTest, ACertificateMakesUsAskSoManyAddressesAndNoMore) {
  const auto addresses = [&](const std::string& below, int count, const std::string& between) {
    std::string all;
    for (int i = 1; i <= count; ++i) all += (i == 1 ? "URI:" : between) + server_.url(below + std::to_string(i));
    return all;
  };
  std::string sections;
  for (int i = 1; i <= 4; ++i) {
    const std::string name = "p" + std::to_string(i);
    sections += "[" + name + "]\nfullname=" + addresses("/" + name + "/", 16, ",URI:") + "\n";
  }
  leaf({.serial = 5, .points = "p1,p2,p3,p4", .ocsp = addresses("/ocsp/", 17, ",OCSP;URI:"), .sections = sections});
  document({});
  EXPECT_EQ(verified().outcome.decision, Decision::kRetry);
  const auto of_ocsp = [](const std::string& path) { return path.starts_with("/ocsp/"); };
  EXPECT_EQ(std::ranges::count_if(asked(), of_ocsp), 16);
  EXPECT_EQ(asked().size(), 7U * 8U);
}

// RFC 6960 4.2.2.2.1: a responder without id-pkix-ocsp-nocheck is to be checked, at the sources that it names.
class CheckedResponderTest : public VerifierTest {
 protected:
  CheckedResponderTest() {
    leaf({.serial = 5, .ocsp = "URI:" + server_.url("/ocsp")});
    maker_.certificate({.name = "responder",
                        .issuer = "CA",
                        .serial = 9,
                        .extended_key_usage = "OCSPSigning",
                        .points = "URI:" + about_responder_});
    document({});
    serve_answer({.responder = "responder"});
  }
  const std::string about_responder_ = server_.url("/responder.crl");
};

TEST_F(CheckedResponderTest, WhatItsCertificateLacksIsFetchedToo) {
  serve("/responder.crl", list({.point = "fullname=URI:" + about_responder_}));
  const Report report = verified();
  EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
  EXPECT_EQ(asked(), (Paths{"/ocsp", "/responder.crl"}));
}

TEST_F(CheckedResponderTest, ItsAnswerDoesNotCountWhileThatIsMissing) {
  const Report report = verified();
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_EQ(asked(), (Paths{"/ocsp", "/responder.crl"}));
  EXPECT_EQ(report.findings.at(0).missing_evidence.size(), 2U) << "about the signer and about the responder";
}

}  // namespace
}  // namespace tanba::verify::evidence
