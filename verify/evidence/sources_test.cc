// Sources against a server that answers as each test says: real lists and answers of the test authority.
#include "verify/evidence/sources.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <numeric>

#include "base/file.h"
#include "net/fetch/test_server.h"
#include "ocsp/test_support.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using net::fetch::testing::TestServer;
using After = TestServer::After;
using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Long enough that only a fault lets it pass: tests wait for events, never for time.
constexpr auto kNever = 300s;

// What the server gives at present, whatever is asked.
class Content {
 public:
  void set(std::string body, int status = 200) {
    const std::scoped_lock lock(mutex_);
    body_ = std::move(body);
    status_ = status;
  }
  After answer(TestServer::Connection& to) const {
    const std::scoped_lock lock(mutex_);
    return to.answer(status_, body_) ? After::kKeepOpen : After::kClose;
  }

 private:
  mutable std::mutex mutex_;
  std::string body_;
  int status_ = 200;
};

class SourcesTest : public ocsp::test::Authority {
 protected:
  void SetUp() override {
    Authority::SetUp();
    issuing_ = certificate("ca/issuing.pem");
    head_ = certificate("certs/head.pem");
    clock_ = std::make_unique<base::FixedClock>(good_at());
    auto workers = Workers::start({.threads = 2});
    ASSERT_TRUE(workers.has_value());
    workers_ = *std::move(workers);
    auto policy = net::fetch::EgressPolicy::make({.listed = {"127.0.0.0/8"}});
    ASSERT_TRUE(policy.has_value());
    fetcher_ = std::make_unique<net::fetch::Fetcher>(net::fetch::Fetcher::Options{.policy = *std::move(policy)});
    options_.jitter = [] { return 0.5; };
    options_.authorities = [this](const pki::Name& name) {
      return name == issuing_->subject() ? std::vector{issuing_} : std::vector<pki::CertificatePtr>();
    };
    store_ = std::make_unique<Store>(Store::Options{});
  }
  void TearDown() override {
    gate_.count_down();
    if (sources_) sources_->stop();
    fetcher_.reset();
    sources_.reset();
    workers_->stop();
    if (!folder_of_store_.empty()) fs::remove_all(folder_of_store_);
  }
  Sources& start() {
    sources_ = std::make_unique<Sources>(*workers_, fetcher_.get(), *store_, *clock_, options_);
    sources_->start();
    return *sources_;
  }
  // As a new process over the same folder.
  void restart() {
    if (sources_) sources_->stop();
    sources_.reset();
    store_ = std::make_unique<Store>(Store::Options{.directory = folder_of_store_});
    store_->load(clock_->now());
    start();
  }
  void keep_on_disk() {
    folder_of_store_ = fs::temp_directory_path() / ("tanba-sources-" + std::to_string(::getpid()));
    fs::remove_all(folder_of_store_);
    store_ = std::make_unique<Store>(Store::Options{.directory = folder_of_store_});
  }

  std::string text(const std::string& name) { return std::string(base::as_text(octets(name))); }
  void serve_list(const std::string& name) { content_.set(text("crl-series/" + name + ".crl")); }
  [[nodiscard]] std::string list_url() const { return server_.url("/list.crl"); }

  Sources::Question about_list() {
    return {.kind = SourceKind::kCrl, .url = list_url(), .certificate = head_, .issuer = issuing_, .candidates = {}};
  }
  [[nodiscard]] Sources::Question about_answer() const {
    return {.kind = SourceKind::kOcsp,
            .url = server_.url("/ocsp"),
            .certificate = head_,
            .issuer = issuing_,
            .candidates = {}};
  }
  Sources::Answer ask(Sources::Question question, Steady::time_point deadline = Steady::now() + kNever) {
    auto promise = std::make_shared<std::promise<Sources::Answer>>();
    sources_->ask(std::move(question), deadline,
                  [promise](const Sources::Answer& answer) { promise->set_value(answer); });
    return promise->get_future().get();
  }
  static std::optional<Code> code(const Sources::Answer& answer) {
    return answer->has_value() ? std::nullopt : std::optional(answer->error().code());
  }
  std::optional<Code> ask_for_list() { return code(ask(about_list())); }
  // The list that is the last good one, by its number.
  std::string kept() const {
    const auto source = sources_->source(SourceKind::kCrl, list_url());
    return source && source->list ? source->list->number : "none";
  }
  std::vector<Alert> open_alerts() const {
    std::vector<Alert> open = sources_->alerts();
    std::erase_if(open, [](const Alert& alert) { return alert.state != AlertState::kOpen; });
    return open;
  }
  void trust_root_too() {
    root_ = certificate("ca/root.pem");
    options_.authorities = [this](const pki::Name& name) {
      std::vector<pki::CertificatePtr> found;
      for (const pki::CertificatePtr& known : {issuing_, root_}) {
        if (known->subject() == name) found.push_back(known);
      }
      return found;
    };
  }
  base::Result<SourceStatus> import_list(const std::string& name) {
    auto promise = std::make_shared<std::promise<base::Result<SourceStatus>>>();
    const base::Bytes list = octets(name);
    EXPECT_TRUE(workers_->post([&](Worker& worker) { promise->set_value(sources_->import_list(worker, list)); }));
    return promise->get_future().get();
  }

  std::latch gate_{1};
  Content content_;
  TestServer server_{[this](const TestServer::Received& request, TestServer::Connection& connection) {
    if (request.path == "/gate.crl") gate_.wait();
    return content_.answer(connection);
  }};
  pki::CertificatePtr issuing_, head_, root_;
  std::unique_ptr<base::FixedClock> clock_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<net::fetch::Fetcher> fetcher_;
  std::unique_ptr<Store> store_;
  fs::path folder_of_store_;
  Sources::Options options_;
  std::unique_ptr<Sources> sources_;
};

// --- lists that follow one another -----------------------------------------------------------------------------------

TEST_F(SourcesTest, ANewerListTakesThePlaceOfTheLast) {
  start();
  serve_list("first");
  EXPECT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(kept(), "64");
  serve_list("second");
  EXPECT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(kept(), "65");
  EXPECT_TRUE(sources_->alerts().empty());
}

TEST_F(SourcesTest, AListThatGoesBackIsRefusedAndTheLastGoodOneKept) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  for (const char* back : {"time-back", "number-back", "first"}) {
    serve_list(back);
    EXPECT_EQ(ask_for_list(), Code::kCrlRollback) << back;
    EXPECT_EQ(kept(), "65") << back;
    ASSERT_EQ(store_->lists().size(), 1U);
    EXPECT_EQ(store_->lists().front().item.crl->number(), "65") << back;
    serve_list("second");  // closes the breaker again
    EXPECT_EQ(ask_for_list(), std::nullopt);
  }
  ASSERT_EQ(sources_->alerts().size(), 3U);
  EXPECT_EQ(sources_->alerts().front().kind, AlertKind::kRollback);
  EXPECT_TRUE(open_alerts().empty()) << "the source came right again";
}

TEST_F(SourcesTest, AnAlertStaysOpenUntilTheSourceComesRight) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("time-back");
  ASSERT_EQ(ask_for_list(), Code::kCrlRollback);
  ASSERT_EQ(open_alerts().size(), 1U);
  const Alert alert = open_alerts().front();
  EXPECT_EQ(alert.kept->number, "65");
  EXPECT_EQ(alert.offered->number, "67");
  EXPECT_EQ(alert.error.code(), Code::kCrlRollback);
  serve_list("third");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(sources_->alert(alert.id)->state, AlertState::kOver);
}

TEST_F(SourcesTest, AShrunkListWaitsForAPerson) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("shrunk");
  EXPECT_EQ(ask_for_list(), Code::kCrlShrunk);
  EXPECT_EQ(kept(), "65");
  ASSERT_EQ(open_alerts().size(), 1U);
  const Alert alert = open_alerts().front();
  EXPECT_EQ(alert.kind, AlertKind::kShrunk);
  EXPECT_EQ(sources_->confirm("no such alert").error().code(), Code::kRegistryNotFound);
  ASSERT_TRUE(sources_->confirm(alert.id).has_value());
  EXPECT_EQ(kept(), "68");
  EXPECT_EQ(sources_->alert(alert.id)->state, AlertState::kConfirmed);
  EXPECT_EQ(ask_for_list(), std::nullopt) << "from now on it is the last good one";
  EXPECT_EQ(sources_->confirm(alert.id).error().code(), Code::kRegistryNotFound) << "once";
}

TEST_F(SourcesTest, ARollbackCannotBeConfirmed) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("time-back");
  ASSERT_EQ(ask_for_list(), Code::kCrlRollback);
  EXPECT_EQ(sources_->confirm(open_alerts().front().id).error().code(), Code::kRegistryNotFound);
}

TEST_F(SourcesTest, ACertificateThatWasSeenValidMayNotVanishFromTheList) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("one-gone");
  Sources::Question question = about_list();
  question.certificate = certificate("certs/revoked.pem");
  EXPECT_EQ(code(ask(question)), Code::kCrlShrunk);
}

TEST_F(SourcesTest, AForgedListSpoilsNothing) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("forged");
  EXPECT_EQ(ask_for_list(), std::nullopt) << "judge says what is wrong with it";
  EXPECT_EQ(kept(), "65");
  EXPECT_EQ(sources_->source(SourceKind::kCrl, list_url())->last_error->code(), Code::kCrlSignature);
  serve_list("third");
  EXPECT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(kept(), "66");
}

TEST_F(SourcesTest, AListOfTomorrowDoesNotBecomeTheLastGoodOne) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  content_.set(text("crl-bad/future.crl"));
  EXPECT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(kept(), "65");
  EXPECT_EQ(sources_->source(SourceKind::kCrl, list_url())->last_error->code(), Code::kCrlFuture);
}

TEST_F(SourcesTest, NoGenuineListInBetweenOpensTheWayBack) {
  trust_root_too();
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  for (const char* between : {"crl/root.crl", "crl-delta/issuing-delta.crl"}) {
    content_.set(text(between));
    EXPECT_EQ(ask_for_list(), Code::kCrlIssuer) << between;
    EXPECT_EQ(kept(), "65") << between;
    serve_list("first");
    EXPECT_EQ(ask_for_list(), Code::kCrlRollback) << between;
    EXPECT_EQ(kept(), "65") << between;
    EXPECT_FALSE(open_alerts().empty()) << between;
    serve_list("second");  // closes the breaker again
    EXPECT_EQ(ask_for_list(), std::nullopt);
    EXPECT_TRUE(open_alerts().empty()) << between;
  }
}

TEST_F(SourcesTest, HowFarListsHadComeOutlivesTheListAndARestart) {
  trust_root_too();
  keep_on_disk();
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("time-back");
  ASSERT_EQ(ask_for_list(), Code::kCrlRollback);
  const std::string alert = open_alerts().front().id;
  // When it has ended, another list may take its place: it closes no alert about the first.
  clock_->set(sources_->source(SourceKind::kCrl, list_url())->list->next_update.value() + base::Seconds(1));
  content_.set(text("crl/root.crl"));
  EXPECT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(sources_->source(SourceKind::kCrl, list_url())->list->issuer, root_->subject().rfc4514());
  EXPECT_EQ(sources_->alert(alert)->state, AlertState::kOpen);
  for (const bool anew : {false, true}) {
    if (anew) restart();
    serve_list("first");
    EXPECT_EQ(ask_for_list(), Code::kCrlRollback);
  }
}

TEST_F(SourcesTest, AForeignListThatCameFirstMakesRoomForTheOneThatIsAskedFor) {
  trust_root_too();
  start();
  content_.set(text("crl/root.crl"));
  ASSERT_EQ(ask_for_list(), std::nullopt);
  Sources::Question question = about_list();
  question.url = head_->crl_points().front().urls.front();
  serve_list("second");
  EXPECT_EQ(ask_for_list(), Code::kCrlIssuer) << "the certificate does not name this address";
  const auto root = ocsp::Crl::parse(octets("crl/root.crl"));
  const auto second = ocsp::Crl::parse(octets("crl-series/second.crl"));
  ASSERT_TRUE(root.has_value() && second.has_value());
  const LineRules asked{question.url, clock_->now(), head_.get()};
  EXPECT_TRUE(check_line(**root, **second, asked).has_value());
  EXPECT_FALSE(check_line(**second, **root, asked).has_value());
}

TEST_F(SourcesTest, TheLastGoodListIsKnownAfterARestart) {
  keep_on_disk();
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  restart();
  EXPECT_EQ(kept(), "65");
  serve_list("first");
  EXPECT_EQ(ask_for_list(), Code::kCrlRollback);
}

TEST_F(SourcesTest, AListThatWaitsForAPersonWaitsAfterARestart) {
  keep_on_disk();
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  serve_list("shrunk");
  ASSERT_EQ(ask_for_list(), Code::kCrlShrunk);
  const std::string id = open_alerts().front().id;
  restart();
  ASSERT_EQ(open_alerts().size(), 1U);
  EXPECT_EQ(open_alerts().front().id, id);
  EXPECT_EQ(kept(), "65");
  ASSERT_TRUE(sources_->confirm(id).has_value());
  EXPECT_EQ(kept(), "68");
  restart();
  EXPECT_EQ(kept(), "68");
  EXPECT_TRUE(sources_->alerts().empty());
}

TEST_F(SourcesTest, AListThatCannotBeStoredRaisesAnAlertAndLeavesTheOldFile) {
  keep_on_disk();
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  // As on a full disk: nothing new can be written there.
  fs::rename(folder_of_store_, folder_of_store_.string() + ".away");
  std::ofstream(folder_of_store_) << "no folder";
  serve_list("third");
  EXPECT_EQ(ask_for_list(), std::nullopt);
  ASSERT_EQ(open_alerts().size(), 1U);
  EXPECT_EQ(open_alerts().front().error.code(), Code::kEvidenceNotStored);
  fs::remove(folder_of_store_);
  fs::rename(folder_of_store_.string() + ".away", folder_of_store_);
  restart();
  EXPECT_EQ(kept(), "65") << "the last good one on disk";
}

// --- by hand ---------------------------------------------------------------------------------------------------------

TEST_F(SourcesTest, AListByHandIsAtHandForItsIssuersCertificates) {
  start();
  const auto imported = import_list("crl-series/second.crl");
  ASSERT_TRUE(imported.has_value());
  EXPECT_EQ(imported->origin, SourceOrigin::kImported);
  EvidenceSet evidence;
  store_->add_known(*head_, clock_->now(), evidence);
  EXPECT_EQ(evidence.crls().size(), 1U);
}

TEST_F(SourcesTest, AListByHandPassesTheSameChecks) {
  start();
  serve_list("second");
  ASSERT_EQ(ask_for_list(), std::nullopt);
  EXPECT_EQ(import_list("crl-series/first.crl").error().code(), Code::kCrlRollback);
  EXPECT_EQ(import_list("crl-series/forged.crl").error().code(), Code::kCrlSignature);
  EXPECT_EQ(import_list("crl-bad/future.crl").error().code(), Code::kCrlFuture);
  EXPECT_EQ(import_list("crl/root.crl").error().code(), Code::kCrlIssuer);
  EXPECT_EQ(import_list("index.json").error().code(), Code::kCrlMalformed);
  EXPECT_EQ(import_list("crl-series/shrunk.crl").error().code(), Code::kCrlShrunk);
  ASSERT_EQ(open_alerts().size(), 1U);
  ASSERT_TRUE(sources_->confirm(open_alerts().front().id).has_value());
  EvidenceSet evidence;
  store_->add_known(*head_, clock_->now(), evidence);
  EXPECT_EQ(evidence.crls().size(), 1U);
}

// --- answers ---------------------------------------------------------------------------------------------------------

TEST_F(SourcesTest, AnAnswerThatGoesBackIsRefused) {
  options_.nonce_bytes = 0;  // an attacker who replays has answers without
  start();
  content_.set(text("ocsp/head.ors"));
  ASSERT_EQ(code(ask(about_answer())), std::nullopt);
  content_.set(text("ocsp-bad/stale.ors"));
  EXPECT_EQ(code(ask(about_answer())), Code::kOcspRollback);
  EXPECT_EQ(open_alerts().size(), 1U);
}

TEST_F(SourcesTest, AnAlertAboutAnAnswerEndsWithAGoodOneAboutThatCertificate) {
  options_.nonce_bytes = 0;
  start();
  content_.set(text("ocsp/head.ors"));
  ASSERT_EQ(code(ask(about_answer())), std::nullopt);
  content_.set(text("ocsp-bad/stale.ors"));
  ASSERT_EQ(code(ask(about_answer())), Code::kOcspRollback);
  Sources::Question other = about_answer();
  other.certificate = certificate("certs/employee.pem");
  content_.set(text("ocsp/employee.ors"));
  ASSERT_EQ(code(ask(other)), std::nullopt);
  EXPECT_EQ(open_alerts().size(), 1U) << "another certificate's answer says nothing of it";
  content_.set(text("ocsp/head.ors"));
  ASSERT_EQ(code(ask(about_answer())), std::nullopt);
  EXPECT_TRUE(open_alerts().empty());
  EXPECT_EQ(sources_->alerts().front().state, AlertState::kOver);
}

TEST_F(SourcesTest, AForgedAnswerOfLaterDoesNotShutOutTheRealOne) {
  options_.nonce_bytes = 0;
  start();
  content_.set(text("ocsp-bad/wrong-signer.ors"));
  EXPECT_EQ(code(ask(about_answer())), std::nullopt) << "judge says what is wrong with it";
  const auto source = sources_->source(SourceKind::kOcsp, about_answer().url);
  EXPECT_EQ(source->failures, 1U);
  EXPECT_EQ(store_->sizes().ocsp, 0U) << "not kept";
  content_.set(text("ocsp-bad/stale.ors"));
  EXPECT_EQ(code(ask(about_answer())), std::nullopt) << "nothing good came before it";
}

// What does not answer our question, or is of tomorrow, must not shut out what does and is of today.
class AnswerOrderTest : public SourcesTest {
 protected:
  void SetUp() override {
    SourcesTest::SetUp();
    // As certs-test/evidence.py asked for the answers in ocsp-bad.
    options_.random = [](std::size_t count) {
      base::Bytes nonce(count);
      std::iota(nonce.begin(), nonce.end(), 1);
      return nonce;
    };
    start();
  }
  std::optional<Code> ask_for(const std::string& answer) {
    content_.set(text("ocsp-bad/" + answer + ".ors"));
    return code(ask(about_answer()));
  }
  [[nodiscard]] std::optional<Code> last_error() const {
    const auto source = sources_->source(SourceKind::kOcsp, about_answer().url);
    return source && source->last_error ? std::optional(source->last_error->code()) : std::nullopt;
  }
};

TEST_F(AnswerOrderTest, AnAnswerToOurNonceIsTheOneThatLaterOnesAreHeldAgainst) {
  EXPECT_EQ(ask_for("ok"), std::nullopt);
  EXPECT_EQ(store_->sizes().ocsp, 1U);
  EXPECT_EQ(ask_for("stale"), Code::kOcspRollback);
}

TEST_F(AnswerOrderTest, AnAnswerToAnotherNonceIsNot) {
  for (const char* answer : {"wrong-nonce", "no-nonce"}) {
    EXPECT_EQ(ask_for(answer), std::nullopt) << "judge says what is wrong with it";
    EXPECT_EQ(last_error(), Code::kOcspNonce) << answer;
    EXPECT_EQ(store_->sizes().ocsp, 0U) << "not kept";
  }
  EXPECT_EQ(ask_for("stale"), std::nullopt);
}

TEST_F(AnswerOrderTest, AnAnswerOfTomorrowIsNot) {
  EXPECT_EQ(ask_for("future"), std::nullopt) << "judge says what is wrong with it";
  EXPECT_EQ(last_error(), Code::kOcspFuture);
  EXPECT_EQ(store_->sizes().ocsp, 0U) << "not kept";
  EXPECT_EQ(ask_for("ok"), std::nullopt);
}

// --- flights ---------------------------------------------------------------------------------------------------------

TEST_F(SourcesTest, ManyWhoNeedTheSameThingCauseOneFetch) {
  start();
  serve_list("second");
  Sources::Question question = about_list();
  question.url = server_.url("/gate.crl");
  std::latch answered(20);
  std::atomic<int> good = 0;
  for (int i = 0; i < 20; ++i) {
    sources_->ask(question, Steady::now() + kNever, [&](const Sources::Answer& answer) {
      if (answer->has_value()) ++good;
      answered.count_down();
    });
  }
  server_.wait_until_received(1);
  gate_.count_down();
  answered.wait();
  EXPECT_EQ(good, 20);
  EXPECT_EQ(server_.received().size(), 1U);
}

TEST_F(SourcesTest, WhoeverRunsOutOfPatienceLeavesAndTheOthersGetTheAnswer) {
  start();
  serve_list("second");
  Sources::Question question = about_list();
  question.url = server_.url("/gate.crl");
  std::promise<Sources::Answer> patient;
  sources_->ask(question, Steady::now() + kNever, [&](const Sources::Answer& answer) { patient.set_value(answer); });
  EXPECT_EQ(code(ask(question, Steady::now() + 50ms)), Code::kFetchTimeout);
  gate_.count_down();
  EXPECT_EQ(code(patient.get_future().get()), std::nullopt);
  EXPECT_EQ(server_.received().size(), 1U);
}

TEST_F(SourcesTest, AFailedFetchFailsAllWhoWaitedAndIsNotRemembered) {
  start();
  content_.set("", 500);
  EXPECT_EQ(ask_for_list(), Code::kFetchStatus);
  serve_list("second");
  EXPECT_EQ(ask_for_list(), std::nullopt) << "the next one asks anew";
}

TEST_F(SourcesTest, ADeadSourceIsNotAskedAgainAndAgain) {
  start();
  content_.set("", 500);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_for_list(), Code::kFetchStatus);
  EXPECT_EQ(ask_for_list(), Code::kFetchPaused);
  EXPECT_EQ(server_.received().size(), 3U);
  EXPECT_EQ(sources_->source(SourceKind::kCrl, list_url())->breaker, BreakerState::kOpen);
}

TEST_F(SourcesTest, AForcedRefreshAsksInSpiteOfTheBreakerAndRecovers) {
  start();
  content_.set("", 500);
  for (int i = 0; i < 4; ++i) (void)ask_for_list();
  serve_list("second");
  std::promise<base::Result<SourceStatus>> done;
  sources_->refresh(list_url(), [&](base::Result<SourceStatus> status) { done.set_value(std::move(status)); });
  const auto status = done.get_future().get();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->breaker, BreakerState::kClosed);
  EXPECT_EQ(kept(), "65");
}

TEST_F(SourcesTest, AForcedRefreshOfWhatNobodyKnowsIsNotFound) {
  start();
  std::promise<base::Result<SourceStatus>> done;
  sources_->refresh("http://nowhere/x.crl",
                    [&](base::Result<SourceStatus> status) { done.set_value(std::move(status)); });
  EXPECT_EQ(done.get_future().get().error().code(), Code::kRegistryNotFound);
}

TEST_F(SourcesTest, TooManyWhoWaitAreTurnedAway) {
  options_.max_waiters = 1;
  start();
  Sources::Question question = about_list();
  question.url = server_.url("/gate.crl");
  std::promise<void> first;
  sources_->ask(question, Steady::now() + kNever, [&](const Sources::Answer&) { first.set_value(); });
  EXPECT_EQ(code(ask(question)), Code::kFetchBusy);
  gate_.count_down();
  first.get_future().wait();
}

TEST_F(SourcesTest, AQuestionThatTheSourceDoesNotTakeIsNoFaultOfTheSource) {
  start();
  content_.set(text("ocsp-bad/unauthorized.ors"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code(ask(about_answer())), Code::kOcspStatus);
  content_.set(text("ocsp-bad/try-later.ors"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code(ask(about_answer())), Code::kOcspStatus);
  EXPECT_EQ(code(ask(about_answer())), Code::kFetchPaused);
}

TEST_F(SourcesTest, ConfiguredListsAreFetchedByTheirOwnAndReachAllOfTheirIssuer) {
  options_.configured = {list_url()};
  serve_list("second");
  start();
  server_.wait_until_received(1);
  std::promise<base::Result<SourceStatus>> done;
  sources_->refresh(list_url(), [&](base::Result<SourceStatus> status) { done.set_value(std::move(status)); });
  ASSERT_TRUE(done.get_future().get().has_value());
  EvidenceSet evidence;
  store_->add_known(*head_, clock_->now(), evidence);
  EXPECT_EQ(evidence.crls().size(), 1U);
}

TEST_F(SourcesTest, StopAnswersWhoeverWaits) {
  start();
  Sources::Question question = about_list();
  question.url = server_.url("/gate.crl");
  std::promise<Sources::Answer> waiting;
  sources_->ask(question, Steady::now() + kNever, [&](const Sources::Answer& answer) { waiting.set_value(answer); });
  server_.wait_until_received(1);
  sources_->stop();  // the fetch itself goes on: nothing else would end the wait
  EXPECT_EQ(code(waiting.get_future().get()), Code::kFetchCancelled);
  EXPECT_EQ(ask_for_list(), Code::kFetchCancelled) << "and nothing is begun any more";
}

TEST_F(SourcesTest, ManySourcesTakeBoundedRoom) {
  options_.max_sources = 4;
  start();
  serve_list("second");
  for (int i = 0; i < 10; ++i) {
    Sources::Question question = about_list();
    question.url = server_.url("/" + std::to_string(i) + ".crl");
    EXPECT_EQ(code(ask(question)), std::nullopt);
  }
  EXPECT_EQ(sources_->sources().size(), 4U);
  EXPECT_LE(store_->sizes().crls, 4U) << "nobody renews the list of a source that is forgotten";
}

}  // namespace
}  // namespace tanba::verify::evidence
