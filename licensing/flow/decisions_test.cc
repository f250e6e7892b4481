// What a prepared decision is to those who ask again, and to those who may not ask: against a real registry. The key
// server is played where only its word counts; programs together with it are tried by tests/whole and tests/kill9.
#include <gtest/gtest.h>

#include <future>

#include "licensing/flow/flow.h"
#include "licensing/registry/testing.h"
#include "pki/test_support.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using licensing::testing::kNow;
using registry::testing::code_of;
using registry::testing::registration;
namespace client = tokens::client;

// Says which keys there are, and of any intent that it never signed it.
class PlayedKeyServer final : public client::KeyServer {
 public:
  client::KeyList keys;
  int signatures_asked = 0;

  base::Result<client::Pong> ping(Timeout) override { return client::Pong{}; }
  base::Result<client::KeyList> list_keys(Timeout) override { return keys; }
  base::Result<client::Signed> sign_intent(const client::SignIntent&, Timeout) override {
    ++signatures_asked;
    return base::fail(Code::kKeydUnreachable);
  }
  base::Result<client::IntentAnswer> ask_intent(std::string_view, Timeout) override { return client::IntentAnswer{}; }
  base::Result<client::Sealed> seal_capsule(const client::SealCapsule&, Timeout) override {
    return base::fail(Code::kKeydUnreachable);
  }
};

class DecisionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    registry_ = *registry::Registry::open(place_.options(), clock_);
    workers_ = *verify::evidence::Workers::start({.threads = 2});
    desk_ = *verify::evidence::Workers::start({.threads = 1});
    verifier_ = std::make_unique<verify::evidence::Verifier>(*workers_, nullptr, store_);
    augmenter_ = std::make_unique<verify::evidence::Augmenter>(*workers_, *verifier_, nullptr);
    Settings settings{.services = *Services::make(default_services()), .entitlement = default_entitlement_policy()};
    settings.host = "localhost";
    flow_ = *Flow::make(std::move(settings), {.registry = *registry_,
                                              .verifying = *workers_,
                                              .looking_up = *workers_,
                                              .desk = *desk_,
                                              .lifting = *desk_,
                                              .verifier = *verifier_,
                                              .augmenter = *augmenter_,
                                              .keys = &keys_,
                                              .calendar = calendar_,
                                              .payments = payments_,
                                              .clock = clock_,
                                              .trust = [] { return pki::TrustSnapshotPtr(); }});
    application_ = registry_->execute(registration(1)).value().number;
  }
  void TearDown() override {
    desk_->stop();
    workers_->stop();
  }

  template <class T, class Ask>
  base::Result<T> answer(Ask ask) {
    std::promise<base::Result<T>> promise;
    ask([&promise](base::Result<T> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  base::Result<PreparedDecision> prepare(DecisionRequest request) {
    return answer<PreparedDecision>([&](auto done) { flow_->prepare_decision(std::move(request), std::move(done)); });
  }
  base::Result<DecisionOutcome> approve(const Officer& officer, const std::string& intent) {
    return answer<DecisionOutcome>([&](auto done) {
      flow_->approve(officer, intent, base::to_bytes(base::as_bytes("an approval")), std::move(done));
    });
  }
  base::Result<DecisionOutcome> accept(const Officer& officer, const std::string& intent, base::Bytes document) {
    return answer<DecisionOutcome>(
        [&](auto done) { flow_->accept_signature(officer, intent, std::move(document), std::move(done)); });
  }
  base::Result<Intent> abandon(const Officer& officer, const std::string& intent) {
    return answer<Intent>([&](auto done) { flow_->abandon(officer, intent, "передумал", std::move(done)); });
  }
  DecisionRequest request(SigningMode mode = SigningMode::kWorkstation) {
    return {.officer = officer_, .application = application_, .terms = {DecisionKind::kGrant, "", {}}, .mode = mode};
  }
  std::size_t reserved_numbers() { return place_.session()->rows("SELECT number FROM numbers", 1).value().size(); }
  // A key for licences of the licensor that this certificate names.
  void add_key(const char* certificate) {
    const auto folder = pki::test::certs_test("certs");
    ASSERT_TRUE(folder) << "the test authority is made before this test";
    keys_.keys.keys.push_back({.name = "licence-key",
                               .purpose = client::KeyPurpose::kLicence,
                               .state = client::KeyState::kReady,
                               .reason = "",
                               .algorithms = {},
                               .certificate = pki::test::load(*folder / certificate),
                               .chain = {}});
  }

  const registry::testing::Place place_{registry::testing::Backend::kSqlite};
  base::FixedClock clock_{kNow};
  Officer officer_ = licensing::testing::officer();
  PlayedKeyServer keys_;
  WorkingCalendar calendar_{default_calendar()};
  NoPaymentGateway payments_;
  verify::evidence::Store store_{verify::evidence::Store::Options{}};
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<verify::evidence::Workers> workers_, desk_;
  std::unique_ptr<verify::evidence::Verifier> verifier_;
  std::unique_ptr<verify::evidence::Augmenter> augmenter_;
  std::unique_ptr<Flow> flow_;
  std::string application_;
};

// --- the answer was lost: the same request again --------------------------------------------------------------------

TEST_F(DecisionsTest, TheSameRequestAgainGetsTheIntentThatWaits) {
  const auto first = prepare(request());
  ASSERT_TRUE(first) << first.error().message();
  clock_.set(kNow + base::Seconds(3600));  // a document made anew would differ
  const auto again = prepare(request());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->intent.id, first->intent.id);
  EXPECT_EQ(again->intent.number, first->intent.number);
  EXPECT_EQ(again->document, first->document);
  EXPECT_EQ(again->approval_text, "");
  EXPECT_EQ(reserved_numbers(), 1U);
}

TEST_F(DecisionsTest, ForTheKeyServerToo) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->intent.key, "licence-key");
  const auto again = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->intent.id, first->intent.id);
  EXPECT_EQ(again->document, first->document);
  EXPECT_NE(first->approval_text, "");
  EXPECT_EQ(again->approval_text, first->approval_text);
  EXPECT_EQ(reserved_numbers(), 1U);
}

// Approved and waiting for a key server that is away: still the same intent.
TEST_F(DecisionsTest, AlsoWhenItWasApprovedAlready) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(officer_, first->intent.id)), Code::kKeydUnreachable);
  EXPECT_EQ(keys_.signatures_asked, 1);
  const auto again = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->intent.id, first->intent.id);
  EXPECT_EQ(again->intent.state, IntentState::kSigning);
  EXPECT_EQ(again->document, first->document);
}

// Each of these differs from what waits in one respect only.
TEST_F(DecisionsTest, AnotherWishDoesNotGetTheIntentThatWaits) {
  add_key("officer-head.pem");
  const auto first = prepare(request());
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kRegistryState);
  DecisionRequest other = request();
  other.terms = {DecisionKind::kRefusal, "не хватает оборудования", {}};
  EXPECT_EQ(code_of(prepare(other)), Code::kRegistryState);
  other = request();
  other.terms.reason = "с оговоркой";
  EXPECT_EQ(code_of(prepare(other)), Code::kRegistryState);
  other = request();
  other.terms.valid_until = *parse_date("2030-01-01");
  EXPECT_EQ(code_of(prepare(other)), Code::kRegistryState);
  other = request();
  other.officer.id = "officer-2";
  EXPECT_EQ(code_of(prepare(other)), Code::kRegistryState);
  EXPECT_EQ(prepare(request())->intent.id, first->intent.id);
}

TEST_F(DecisionsTest, AnAbandonedIntentIsNotGivenAgain) {
  const auto first = prepare(request());
  ASSERT_TRUE(first);
  ASSERT_TRUE(abandon(officer_, first->intent.id));
  const auto second = prepare(request());
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_NE(second->intent.id, first->intent.id);
  EXPECT_NE(second->intent.number, first->intent.number);
}

// The key server was asked and never signed: then the officer may change their mind.
TEST_F(DecisionsTest, WhatTheKeyServerNeverSignedCanBeAbandoned) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(officer_, first->intent.id)), Code::kKeydUnreachable);
  const auto abandoned = abandon(officer_, first->intent.id);
  ASSERT_TRUE(abandoned) << abandoned.error().message();
  EXPECT_EQ(abandoned->state, IntentState::kAbandoned);
  EXPECT_EQ(code_of(approve(officer_, first->intent.id)), Code::kIntentState);
  EXPECT_EQ(keys_.signatures_asked, 1);
}

// --- those who may not ----------------------------------------------------------------------------------------------

TEST_F(DecisionsTest, AnotherLicensorsOfficerFindsNothing) {
  const Officer stranger = licensing::testing::officer(licensing::testing::kIndustryBin);
  DecisionRequest theirs = request();
  theirs.officer = stranger;
  EXPECT_EQ(code_of(prepare(theirs)), Code::kRegistryNotFound);
  const auto first = prepare(request());
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(prepare(theirs)), Code::kRegistryNotFound);
  EXPECT_EQ(code_of(approve(stranger, first->intent.id)), Code::kIntentNotFound);
  EXPECT_EQ(code_of(accept(stranger, first->intent.id, first->document)), Code::kIntentNotFound);
  EXPECT_EQ(code_of(abandon(stranger, first->intent.id)), Code::kIntentNotFound);
}

TEST_F(DecisionsTest, AnOfficerWhoIsNotListedPreparesNothing) {
  DecisionRequest unlisted = request();
  unlisted.officer.listing = Listing::kNotListed;
  EXPECT_EQ(code_of(prepare(unlisted)), Code::kRoleNotListed);
  EXPECT_EQ(reserved_numbers(), 0U);
}

TEST_F(DecisionsTest, ASignatureIsTakenFromTheOfficerWhoPrepared) {
  const auto first = prepare(request());
  ASSERT_TRUE(first);
  Officer colleague = officer_;
  colleague.id = "officer-2";
  EXPECT_EQ(code_of(accept(colleague, first->intent.id, first->document)), Code::kAuthDenied);
}

TEST_F(DecisionsTest, ASignatureOverAnotherDocumentIsRefused) {
  const auto first = prepare(request());
  ASSERT_TRUE(first);
  std::string text(first->document.begin(), first->document.end());
  const std::size_t end = text.rfind("</");
  text.insert(end, "<more/><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>");
  EXPECT_EQ(code_of(accept(officer_, first->intent.id, base::to_bytes(base::as_bytes(text)))),
            Code::kXmlPreparedChanged);
}

TEST_F(DecisionsTest, EachIntentIsSignedTheWayItWasPrepared) {
  add_key("officer-head.pem");
  const auto workstation = prepare(request());
  ASSERT_TRUE(workstation);
  EXPECT_EQ(code_of(approve(officer_, workstation->intent.id)), Code::kIntentState);
  ASSERT_TRUE(abandon(officer_, workstation->intent.id));
  const auto server = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(server);
  EXPECT_EQ(code_of(accept(officer_, server->intent.id, server->document)), Code::kIntentState);
  EXPECT_EQ(keys_.signatures_asked, 0);
}

// --- keys -----------------------------------------------------------------------------------------------------------

TEST_F(DecisionsTest, OnlyAReadyKeyOfThisLicensorForThisPurposeIsUsed) {
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kKeydUnknownKey);
  add_key("officer-industry.pem");
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kKeydUnknownKey);
  add_key("officer-head.pem");
  keys_.keys.keys.back().purpose = client::KeyPurpose::kRefusal;
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kKeydUnknownKey);
  keys_.keys.keys.back().purpose = client::KeyPurpose::kLicence;
  keys_.keys.keys.back().state = client::KeyState::kLocked;
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kTokenLocked);
  EXPECT_EQ(reserved_numbers(), 0U);
  keys_.keys.keys.back().state = client::KeyState::kReady;
  EXPECT_TRUE(prepare(request(SigningMode::kKeyd)));
}

}  // namespace
}  // namespace tanba::licensing::flow
