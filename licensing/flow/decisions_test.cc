// What a prepared decision is to those who ask again, and to those who may not ask: against a real registry. The key
// server is played where only its word counts; programs together with it are tried by tests/whole and tests/kill9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/cms.h>
#include <openssl/pem.h>

#include <future>
#include <set>

#include "cms/sign.h"
#include "licensing/flow/flow.h"
#include "licensing/registry/testing.h"
#include "pki/openssl.h"
#include "pki/pkcs12.h"
#include "verify/test_support.h"
#include "xmldsig/sign.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using registry::testing::code_of;
using registry::testing::registration;
namespace client = tokens::client;

// Says which keys there are, and of any intent how far it came.
class PlayedKeyServer final : public client::KeyServer {
 public:
  client::KeyList keys;
  int signatures_asked = 0;
  Code says = Code::kKeydUnreachable;
  client::IntentProgress progress = client::IntentProgress::kUnknown;
  std::optional<client::Signed> signature = {};
  bool away = false;  // also for what is to be cancelled
  std::vector<std::string> cancelled;
  std::set<std::string> hanging;  // keys whose token does not answer in time
  bool silent = false;            // the server itself does not

  base::Result<client::Pong> ping(Timeout) override {
    if (silent) return base::fail(Code::kServerDeadline);
    return client::Pong{};
  }
  base::Result<client::KeyList> list_keys(Timeout) override { return keys; }
  std::function<void()> before_signing = [] {};
  base::Result<client::Signed> sign_intent(const client::SignIntent& request, Timeout) override {
    before_signing();
    ++signatures_asked;
    if (hanging.contains(request.intent.key)) return base::fail(Code::kServerDeadline);
    if (signature) return *signature;
    return base::fail(says);
  }
  base::Result<client::IntentAnswer> ask_intent(std::string_view, Timeout) override {
    return client::IntentAnswer{progress, signature};
  }
  base::Result<client::IntentAnswer> cancel_intent(std::string_view intent, Timeout) override {
    if (away) return base::fail(Code::kServerDeadline);
    if (progress == client::IntentProgress::kSigned) return client::IntentAnswer{progress, {}};
    cancelled.emplace_back(intent);
    return client::IntentAnswer{client::IntentProgress::kCancelled, {}};
  }
  base::Result<client::Sealed> seal_capsule(const client::SealCapsule&, Timeout) override {
    return base::fail(Code::kKeydUnreachable);
  }
};

// With the keys and lists of the test authority; the officer is the one of its certificate "officer".
class DecisionsTest : public verify::test::AuthorityTest {
 protected:
  void SetUp() override {
    clock_.set(good_at());
    keep_list("crl/root.crl");
    keep_list("crl/issuing.crl");
    trust_ = verify::test::trust_in("anchors.pem", {verify::test::certificate("ca/issuing.pem")});
    registry_ = *registry::Registry::open(place_.options(), clock_);
    workers_ = *verify::evidence::Workers::start({.threads = 2});
    desk_ = *verify::evidence::Workers::start({.threads = 1});
    key_desk_ = *verify::evidence::Workers::start({.threads = 1});
    verifier_ = std::make_unique<verify::evidence::Verifier>(*workers_, nullptr, store_);
    augmenter_ = std::make_unique<verify::evidence::Augmenter>(*workers_, *verifier_, nullptr);
    Settings settings{.services = *Services::make(default_services()), .entitlement = default_entitlement_policy()};
    settings.host = "localhost";
    flow_ = *Flow::make(std::move(settings), {.registry = *registry_,
                                              .verifying = *workers_,
                                              .looking_up = *workers_,
                                              .desk = *desk_,
                                              .key_desk = *key_desk_,
                                              .lifting = *desk_,
                                              .verifier = *verifier_,
                                              .augmenter = *augmenter_,
                                              .keys = &keys_,
                                              .calendar = calendar_,
                                              .payments = payments_,
                                              .clock = clock_,
                                              .trust = [this] { return trust_; }});
    list(Listing::kListed);
    application_ = registry_->execute(registration(1)).value().number;
  }
  void TearDown() override {
    desk_->stop();
    key_desk_->stop();
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
  base::Result<DecisionOutcome> approve(const Officer& officer, const std::string& intent, base::Bytes approval) {
    return answer<DecisionOutcome>(
        [&](auto done) { flow_->approve(officer, intent, std::move(approval), std::move(done)); });
  }
  // As the officer does it.
  base::Result<DecisionOutcome> approve(const PreparedDecision& prepared) {
    return approve(officer_, prepared.intent.id, signed_by("officer", prepared.approval_text));
  }
  // A CMS by somebody's key from the test authority.
  base::Bytes signed_by(const std::string& name, std::string_view text,
                        cms::Placement placement = cms::Placement::kAttached) {
    const base::Secret password(base::as_bytes(std::string_view(index_.at("p12Password").as_string())));
    const auto key = open_pkcs12(*context_, verify::test::read_made("p12/" + name + ".p12"), password);
    EXPECT_TRUE(key);
    cms::Profile profile;
    profile.placement = placement;
    return cms::sign(*context_, *key->signer, base::as_bytes(text), profile).value();
  }
  // A CMS with a signature of each, made by OpenSSL.
  static base::Bytes signed_by_each(const std::vector<std::string>& names, std::string_view text) {
    const pki::BioPtr content(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const std::unique_ptr<CMS_ContentInfo, pki::Deleter<CMS_ContentInfo_free>> cms(
        CMS_sign(nullptr, nullptr, nullptr, content.get(), CMS_BINARY | CMS_PARTIAL));
    for (const std::string& name : names) {
      const base::Bytes key_text = verify::test::read_made("keys/" + name + ".key.pem");
      const base::Bytes certificate_text = verify::test::read_made("certs/" + name + ".pem");
      const pki::BioPtr key_in(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
      const pki::BioPtr certificate_in(
          BIO_new_mem_buf(certificate_text.data(), static_cast<int>(certificate_text.size())));
      const pki::EvpPkeyPtr key(PEM_read_bio_PrivateKey(key_in.get(), nullptr, nullptr, nullptr));
      const pki::X509Ptr certificate(PEM_read_bio_X509(certificate_in.get(), nullptr, nullptr, nullptr));
      EXPECT_NE(CMS_add1_signer(cms.get(), certificate.get(), key.get(), EVP_sha256(), CMS_NOSMIMECAP), nullptr);
    }
    EXPECT_EQ(CMS_final(cms.get(), content.get(), nullptr, CMS_BINARY), 1) << pki::drain_openssl_errors();
    unsigned char* der = nullptr;
    const int size = i2d_CMS_ContentInfo(cms.get(), &der);
    base::Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
  }
  // By somebody's key from the test authority, as a workstation does it.
  base::Bytes signed_document(const std::string& name, const PreparedDecision& prepared) {
    const base::Secret password(base::as_bytes(std::string_view(index_.at("p12Password").as_string())));
    const auto key = open_pkcs12(*context_, verify::test::read_made("p12/" + name + ".p12"), password);
    EXPECT_TRUE(key);
    base::Budget budget{base::Limits{}};
    return xmldsig::sign(*context_, prepared.document, *key->signer, {}, {kAlgorithm}, budget).value();
  }
  // By the key server's key.
  client::Signed signature_over(const PreparedDecision& prepared) {
    const base::Secret password(base::as_bytes(std::string_view(index_.at("p12Password").as_string())));
    const auto key = open_pkcs12(*context_, verify::test::read_made("p12/officer-head.p12"), password);
    EXPECT_TRUE(key);
    base::Budget budget{base::Limits{}};
    const pki::CertificatePtr& certificate = key->signer->certificate();
    const auto to_be_signed =
        xmldsig::prepare(*context_, prepared.document, certificate, {}, {kAlgorithm}, budget).value();
    return {.algorithm = kAlgorithm,
            .signature = key->signer->sign(kAlgorithm, to_be_signed.octets).value(),
            .certificate = certificate,
            .chain = {}};
  }
  // Noon of the local day after the one of good_at().
  [[nodiscard]] base::Time next_day() const {
    return calendar_.start_of(calendar_.local_date(good_at()) + std::chrono::days(1)) + std::chrono::hours(12);
  }
  template <class T>
  static std::string state_told(const base::Result<T>& result) {
    if (result || result.error().code() != Code::kIntentState) return "no intent.state";
    return result.error().arguments().back().value;
  }
  static std::vector<Code> codes_of(const verify::Report& report) {
    std::vector<Code> out;
    for (const auto& located : verify::all_errors(report)) out.push_back(located.error.code());
    return out;
  }
  static std::vector<Code> codes_of(const base::Result<DecisionOutcome>& outcome) {
    EXPECT_TRUE(outcome) << outcome.error().message();
    if (!outcome) return {};
    EXPECT_FALSE(outcome->finished);
    return codes_of(outcome->report);
  }
  // Under the same anchor as ever, for these purposes.
  void trust_for(pki::TrustPurposes purposes) {
    trust_ = verify::test::trust_in("anchors.pem", {verify::test::certificate("ca/issuing.pem")}, purposes);
  }
  base::Result<LogIn> log_in(base::Bytes document) {
    return answer<LogIn>(
        [&](auto done) { flow_->log_in(std::move(document), registry::StaffKind::kOfficer, std::move(done)); });
  }
  IntentState state_of(const PreparedDecision& prepared) { return registry_->intent(prepared.intent.id)->state; }
  void hold(const std::string& name) {
    const auto certificate = verify::test::certificate(name);
    ASSERT_TRUE(registry_->execute(registry::PlaceHold{.hold = {.id = registry::testing::uuid(9),
                                                                .issuer = certificate->issuer().rfc4514(),
                                                                .serial = std::string(certificate->serial_hex()),
                                                                .reason = "утерян"}}));
    ASSERT_TRUE(flow_->refresh_holds());
  }
  void list(Listing listing) {
    Officer person = officer_;
    person.listing = listing;
    ASSERT_TRUE(
        registry_->execute(registry::PutStaff{{person, registry::StaffKind::kOfficer}, {CallerKind::kSystem, "test"}}));
  }
  void keep_list(const std::string& name) {
    const verify::CrlItem item = verify::test::list_item(name, good_at());
    ASSERT_TRUE(store_.keep({.item = item,
                             .reach = verify::evidence::Store::Reach::kIssuer,
                             .standing = verify::evidence::Store::Standing::kProved},
                            verify::test::read_made(name)));
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
  // A key of the licensor that this certificate names.
  void add_key(const char* certificate, std::string name = "licence-key",
               client::KeyPurpose purpose = client::KeyPurpose::kLicence) {
    keys_.keys.keys.push_back({.name = std::move(name),
                               .purpose = purpose,
                               .state = client::KeyState::kReady,
                               .reason = "",
                               .algorithms = {},
                               .certificate = verify::test::certificate(std::string("certs/") + certificate),
                               .chain = {}});
  }

  static constexpr pki::SignatureAlgorithm kAlgorithm{.scheme = pki::SignatureScheme::kRsaPkcs1,
                                                      .digest = pki::DigestAlgorithm::kSha256};
  const registry::testing::Place place_{registry::testing::Backend::kSqlite};
  base::FixedClock clock_{base::Time{}};
  pki::TrustSnapshotPtr trust_;
  Officer officer_ = licensing::testing::officer();
  PlayedKeyServer keys_;
  WorkingCalendar calendar_{default_calendar()};
  NoPaymentGateway payments_;
  verify::evidence::Store store_{verify::evidence::Store::Options{}};
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<verify::evidence::Workers> workers_, desk_, key_desk_;
  std::unique_ptr<verify::evidence::Verifier> verifier_;
  std::unique_ptr<verify::evidence::Augmenter> augmenter_;
  std::unique_ptr<Flow> flow_;
  std::string application_;
};

// --- the answer was lost: the same request again --------------------------------------------------------------------

TEST_F(DecisionsTest, TheSameRequestAgainGetsTheIntentThatWaits) {
  const auto first = prepare(request());
  ASSERT_TRUE(first) << first.error().message();
  clock_.set(good_at() + base::Seconds(3600));  // a document made anew would differ
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
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
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
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  const auto abandoned = abandon(officer_, first->intent.id);
  ASSERT_TRUE(abandoned) << abandoned.error().message();
  EXPECT_EQ(abandoned->state, IntentState::kAbandoned);
  EXPECT_EQ(keys_.cancelled, std::vector{first->intent.id});
  EXPECT_EQ(code_of(approve(*first)), Code::kIntentState);
  EXPECT_EQ(keys_.signatures_asked, 1);
}

// It may have signed, or may still: nobody gives that up on a guess.
TEST_F(DecisionsTest, WithoutTheKeyServersWordNothingItWasAskedForIsAbandoned) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  keys_.away = true;
  EXPECT_EQ(code_of(abandon(officer_, first->intent.id)), Code::kServerDeadline);
  keys_.away = false;
  keys_.progress = client::IntentProgress::kSigned;
  EXPECT_EQ(code_of(abandon(officer_, first->intent.id)), Code::kIntentState);
  EXPECT_EQ(state_of(*first), IntentState::kSigning);
}

TEST_F(DecisionsTest, WhatTheKeyServerWasNeverAskedForIsAbandonedWhileItIsAway) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  keys_.away = true;
  EXPECT_TRUE(abandon(officer_, first->intent.id));
}

// The key server was told, and the daemon did not hear that it was.
TEST_F(DecisionsTest, WhatTheKeyServerCancelledIsAbandonedHereToo) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  keys_.says = Code::kIntentState;
  keys_.progress = client::IntentProgress::kCancelled;
  EXPECT_EQ(flow_->recover(), 1U);
  EXPECT_EQ(state_of(*first), IntentState::kAbandoned);
  EXPECT_EQ(flow_->recover(), 0U);
}

// --- the approval --------------------------------------------------------------------------------------------------

TEST_F(DecisionsTest, AnApprovalIsKeptWithWhatItWasJudgedBy) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  EXPECT_EQ(state_of(*first), IntentState::kSigning);
  EXPECT_FALSE(registry_->evidence(first->intent.id)->empty());
  bool told = false;
  const std::vector<registry::JournalRow> rows = registry_->journal(0, kMaxPageRows).value();
  for (const registry::JournalRow& row : rows) {
    if (row.event != "intent.approved") continue;
    const boost::json::value entry = base::parse_json(row.entry).value();
    EXPECT_EQ(entry.at("actor").at("id").as_string(), officer_.id);
    const auto report = base::digest_from_hex(entry.at("data").at("report").as_string());
    told = registry_->document(*report).has_value();
  }
  EXPECT_TRUE(told);
}

TEST_F(DecisionsTest, ADetachedApprovalIsGoodToo) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  const base::Bytes approval = signed_by("officer", first->approval_text, cms::Placement::kDetached);
  EXPECT_EQ(code_of(approve(officer_, first->intent.id, approval)), Code::kKeydUnreachable);
  EXPECT_EQ(keys_.signatures_asked, 1);
}

TEST_F(DecisionsTest, AColleagueDoesNotApprove) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  Officer colleague = officer_;
  colleague.id = "officer-2";
  EXPECT_EQ(code_of(approve(colleague, first->intent.id, signed_by("officer", first->approval_text))),
            Code::kAuthDenied);
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  EXPECT_EQ(keys_.signatures_asked, 0);
}

TEST_F(DecisionsTest, AColleaguesKeyDoesNotApprove) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_THAT(codes_of(approve(officer_, first->intent.id, signed_by("officer-second", first->approval_text))),
              ::testing::Contains(Code::kIdentityMismatch));
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  EXPECT_EQ(keys_.signatures_asked, 0);
}

TEST_F(DecisionsTest, ACertificateThatDoesNotHoldDoesNotApprove) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  hold("certs/officer.pem");
  EXPECT_FALSE(codes_of(approve(*first)).empty());
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  EXPECT_EQ(keys_.signatures_asked, 0);
}

TEST_F(DecisionsTest, AnApprovalOfSomethingElseDoesNotCount) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(codes_of(approve(officer_, first->intent.id, signed_by("officer", first->approval_text + " "))),
            std::vector{Code::kKeydApproval});
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  EXPECT_EQ(keys_.signatures_asked, 0);
}

TEST_F(DecisionsTest, WhoIsStruckOffDoesNotApprove) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  list(Listing::kNotListed);
  EXPECT_EQ(codes_of(approve(*first)), std::vector{Code::kRoleNotListed});
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  list(Listing::kListed);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
}

// The key server has a list of its own. Whoever is not on it spent nothing.
TEST_F(DecisionsTest, AnApprovalThatTheKeyServerRefusesLeavesTheIntentPrepared) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  for (const Code code : {Code::kKeydApprover, Code::kKeydApproval}) {
    keys_.says = code;
    EXPECT_EQ(code_of(approve(*first)), code);
    EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  }
  keys_.says = Code::kKeydUnreachable;
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  EXPECT_EQ(state_of(*first), IntentState::kSigning);
  EXPECT_EQ(keys_.signatures_asked, 3);
}

// --- a decision does not age -----------------------------------------------------------------------------------------

TEST_F(DecisionsTest, WhatWasPreparedYesterdayIsNotAcceptedToday) {
  const auto first = prepare(request());
  ASSERT_TRUE(first);
  clock_.set(next_day());
  EXPECT_EQ(state_told(accept(officer_, first->intent.id, signed_document("officer", *first))), "expired");
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  // Nor is it given again, to be signed in vain: it is abandoned, and prepared anew with another date.
  EXPECT_EQ(state_told(prepare(request())), "expired");
  ASSERT_TRUE(abandon(officer_, first->intent.id));
  const auto second = prepare(request());
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_TRUE(accept(officer_, second->intent.id, signed_document("officer", *second))->finished);
}

TEST_F(DecisionsTest, AnApprovalOfWhatWasPreparedYesterdaySpendsNothing) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  clock_.set(next_day());
  EXPECT_EQ(state_told(approve(*first)), "expired");
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  EXPECT_EQ(keys_.signatures_asked, 0);
  keys_.away = true;
  EXPECT_TRUE(abandon(officer_, first->intent.id));
}

TEST_F(DecisionsTest, NoKeyIsAskedForWhatWasApprovedYesterday) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  EXPECT_EQ(keys_.signatures_asked, 1);
  clock_.set(next_day());
  EXPECT_EQ(flow_->recover(), 1U);
  EXPECT_EQ(keys_.signatures_asked, 1);
  EXPECT_TRUE(abandon(officer_, first->intent.id));
}

// The key server signed in time, and the daemon hears of it too late.
TEST_F(DecisionsTest, WhatWasSignedYesterdayIsVoided) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  keys_.signature = signature_over(*first);
  clock_.set(next_day());
  EXPECT_EQ(flow_->recover(), 1U);
  EXPECT_EQ(state_of(*first), IntentState::kVoided);
  EXPECT_EQ(registry_->intent(first->intent.id)->note, "intent.state");
  EXPECT_TRUE(prepare(request()));
}

TEST_F(DecisionsTest, WhatWasSignedTodayIsCommitted) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  keys_.signature = signature_over(*first);
  EXPECT_EQ(flow_->recover(), 0U);
  EXPECT_EQ(state_of(*first), IntentState::kCommitted);
}

// --- what is decided is answered again, whatever became of the certificates
// -------------------------------------------

TEST_F(DecisionsTest, ASignedDocumentSentAgainGetsTheFirstAnswer) {
  const auto prepared = prepare(request());
  ASSERT_TRUE(prepared);
  const base::Bytes document = signed_document("officer", *prepared);
  const auto first = accept(officer_, prepared->intent.id, document);
  ASSERT_TRUE(first && first->finished);
  hold("certs/officer.pem");
  clock_.set(next_day());
  const auto again = accept(officer_, prepared->intent.id, document);
  ASSERT_TRUE(again && again->finished) << (again ? "refused" : again.error().message());
  EXPECT_EQ(again->finished->decided.repetition, Repetition::kRepeat);
  EXPECT_EQ(again->finished->decided.number, first->finished->decided.number);
  EXPECT_EQ(again->finished->decided.decided_at, first->finished->decided.decided_at);
  EXPECT_EQ(again->finished->document, document);
  EXPECT_EQ(again->finished->report, first->finished->report);
  base::Bytes other = document;
  other.push_back('\n');
  EXPECT_EQ(state_told(accept(officer_, prepared->intent.id, other)), "committed");
}

TEST_F(DecisionsTest, AnApprovalSentAgainGetsTheFirstAnswer) {
  add_key("officer-head.pem");
  const auto prepared = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(prepared);
  keys_.signature = signature_over(*prepared);
  const base::Bytes approval = signed_by("officer", prepared->approval_text);
  const auto first = approve(officer_, prepared->intent.id, approval);
  ASSERT_TRUE(first && first->finished);
  hold("certs/officer-head.pem");
  const auto again = approve(officer_, prepared->intent.id, approval);
  ASSERT_TRUE(again && again->finished) << (again ? "refused" : again.error().message());
  EXPECT_EQ(again->finished->decided.repetition, Repetition::kRepeat);
  EXPECT_EQ(again->finished->document, first->finished->document);
  EXPECT_EQ(again->finished->report, first->finished->report);
  EXPECT_EQ(keys_.signatures_asked, 1);
  EXPECT_EQ(state_told(approve(officer_, prepared->intent.id,
                               signed_by("officer", prepared->approval_text, cms::Placement::kDetached))),
            "committed");
}

// --- a key that is of no use, a key server that hangs ---------------------------------------------------------------

// What it signs would not be accepted: it is not asked, neither for the number nor later for the signature.
TEST_F(DecisionsTest, AKeyWhoseCertificateDoesNotHoldIsNotAsked) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  EXPECT_EQ(keys_.signatures_asked, 1);
  hold("certs/officer-head.pem");
  EXPECT_EQ(flow_->recover(), 1U);
  EXPECT_EQ(keys_.signatures_asked, 1);
  ASSERT_TRUE(abandon(officer_, first->intent.id));
  const std::size_t before = reserved_numbers();
  EXPECT_FALSE(prepare(request(SigningMode::kKeyd)));
  EXPECT_EQ(reserved_numbers(), before);
  EXPECT_TRUE(prepare(request()));
}

// A good certificate of the licensor's, whose role (employee) binds the body to nothing.
TEST_F(DecisionsTest, AKeyWithoutAnEntitledRoleSpendsNoNumber) {
  add_key("officer-employee.pem");
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kRoleNotEntitled);
  EXPECT_EQ(reserved_numbers(), 0U);
  EXPECT_FALSE(*registry_->open_intent(application_));
  EXPECT_TRUE(prepare(request()));
}

// Its certificate was replaced by such a one between preparation and approval.
TEST_F(DecisionsTest, AKeyWithoutAnEntitledRoleIsNotAsked) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  keys_.keys.keys.back().certificate = verify::test::certificate("certs/officer-employee.pem");
  EXPECT_EQ(code_of(approve(*first)), Code::kRoleNotEntitled);
  EXPECT_EQ(keys_.signatures_asked, 0);
}

TEST_F(DecisionsTest, OfAnOfficerStruckOffNothingIsSignedLater) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  list(Listing::kNotListed);
  EXPECT_EQ(flow_->recover(), 1U);
  EXPECT_EQ(keys_.signatures_asked, 1);
}

TEST_F(DecisionsTest, AKeyServerThatHangsHoldsUpNoWorkstation) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  std::promise<void> reached, released;
  keys_.before_signing = [&] {
    reached.set_value();
    released.get_future().wait();
  };
  std::promise<base::Result<DecisionOutcome>> hanging;
  flow_->approve(officer_, first->intent.id, signed_by("officer", first->approval_text),
                 [&](base::Result<DecisionOutcome> outcome) { hanging.set_value(std::move(outcome)); });
  reached.get_future().wait();
  // While it hangs; CTest's limit ends a wait in vain.
  DecisionRequest at_workstation = request();
  at_workstation.application = registry_->execute(registration(2)).value().number;
  const auto prepared = prepare(at_workstation);
  EXPECT_TRUE(prepared);
  EXPECT_TRUE(abandon(officer_, prepared->intent.id));
  released.set_value();
  EXPECT_EQ(code_of(hanging.get_future().get()), Code::kKeydUnreachable);
}

TEST_F(DecisionsTest, AKeyServerThatIsAwayIsAskedOnceARound) {
  add_key("officer-head.pem");
  for (int n : {0, 2, 3}) {
    DecisionRequest one = request(SigningMode::kKeyd);
    if (n > 0) one.application = registry_->execute(registration(n)).value().number;
    const auto prepared = prepare(one);
    ASSERT_TRUE(prepared) << prepared.error().message();
    EXPECT_EQ(code_of(approve(*prepared)), Code::kKeydUnreachable);
  }
  EXPECT_EQ(keys_.signatures_asked, 3);
  EXPECT_EQ(flow_->recover(), 3U);
  EXPECT_EQ(keys_.signatures_asked, 4);
}

// Approved and not signed, on an application of its own.
class RecoveryTest : public DecisionsTest {
 protected:
  void SetUp() override {
    DecisionsTest::SetUp();
    add_key("officer-head.pem");
    add_key("officer-head.pem", "refusal-key", client::KeyPurpose::kRefusal);
  }
  PreparedDecision left_open(DecisionKind kind) {
    DecisionRequest one = request(SigningMode::kKeyd);
    one.application = registry_->execute(registration(next_++)).value().number;
    one.terms = {kind, "не хватает оборудования", {}};
    auto prepared = prepare(one);
    EXPECT_TRUE(prepared);
    EXPECT_EQ(code_of(approve(*prepared)), Code::kKeydUnreachable);
    return *std::move(prepared);
  }
  int next_ = 2;
};

TEST_F(RecoveryTest, AKeyThatHangsHoldsUpNoOther) {
  left_open(DecisionKind::kGrant);
  left_open(DecisionKind::kGrant);
  const PreparedDecision other = left_open(DecisionKind::kRefusal);
  keys_.hanging = {"licence-key"};
  keys_.signature = signature_over(other);
  keys_.signatures_asked = 0;
  EXPECT_EQ(flow_->recover(), 2U);
  EXPECT_EQ(state_of(other), IntentState::kCommitted);
  EXPECT_EQ(keys_.signatures_asked, 2) << "the one that hangs is asked once a round";
}

TEST_F(RecoveryTest, AKeyServerThatIsSilentIsAskedOnceARound) {
  left_open(DecisionKind::kGrant);
  left_open(DecisionKind::kRefusal);
  keys_.hanging = {"licence-key", "refusal-key"};
  keys_.silent = true;
  keys_.signatures_asked = 0;
  EXPECT_EQ(flow_->recover(), 2U);
  EXPECT_EQ(keys_.signatures_asked, 1);
}

TEST_F(RecoveryTest, ARoundThatIsToEndAsksNoKey) {
  left_open(DecisionKind::kGrant);
  keys_.signatures_asked = 0;
  EXPECT_EQ(flow_->recover([] { return true; }), 1U);
  EXPECT_EQ(keys_.signatures_asked, 0);
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
  EXPECT_EQ(code_of(approve(stranger, first->intent.id, {})), Code::kIntentNotFound);
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
  EXPECT_EQ(code_of(approve(*workstation)), Code::kIntentState);
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
  keys_.keys.keys.back().state = client::KeyState::kLost;
  keys_.keys.keys.back().reason = "token.lost";  // nobody can log in to it
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kTokenLost);
  EXPECT_EQ(reserved_numbers(), 0U);
  keys_.keys.keys.back().state = client::KeyState::kReady;
  EXPECT_TRUE(prepare(request(SigningMode::kKeyd)));
}

// --- whose certificates are believed ---------------------------------------------------------------------------------

constexpr pki::TrustPurposes kForApplicants = {pki::TrustPurpose::kApplicant};
constexpr pki::TrustPurposes kForOfficers = {pki::TrustPurpose::kOfficer};

// An anchor that whoever may file an application is trusted by makes no officers.
TEST_F(DecisionsTest, NobodyLogsInUnderAnAnchorForApplicants) {
  const base::Bytes document = signed_by("officer", flow_->challenge().value());
  trust_for(kForApplicants);
  const auto refused = log_in(document);
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->person);
  EXPECT_THAT(codes_of(refused->report), ::testing::ElementsAre(Code::kPathPurpose));
  trust_for(kForOfficers);
  const auto logged_in = log_in(document);
  ASSERT_TRUE(logged_in);
  ASSERT_TRUE(logged_in->person);
  EXPECT_EQ(logged_in->person->id, officer_.id);
}

TEST_F(DecisionsTest, NobodyApprovesUnderAnAnchorForApplicants) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  trust_for(kForApplicants);
  EXPECT_THAT(codes_of(approve(*first)), ::testing::ElementsAre(Code::kPathPurpose));
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  trust_for(kForOfficers);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
}

TEST_F(DecisionsTest, NoKeyIsUsedUnderAnAnchorForApplicants) {
  add_key("officer-head.pem");
  trust_for(kForApplicants);
  EXPECT_EQ(code_of(prepare(request(SigningMode::kKeyd))), Code::kPathPurpose);
  EXPECT_EQ(reserved_numbers(), 0U);
  trust_for(kForOfficers);
  EXPECT_TRUE(prepare(request(SigningMode::kKeyd)));
}

TEST_F(DecisionsTest, NothingIsIssuedUnderAnAnchorForApplicants) {
  const auto first = prepare(request());
  ASSERT_TRUE(first);
  const base::Bytes document = signed_document("officer", *first);
  trust_for(kForApplicants);
  EXPECT_THAT(codes_of(accept(officer_, first->intent.id, document)), ::testing::ElementsAre(Code::kPathPurpose));
  EXPECT_EQ(state_of(*first), IntentState::kPrepared);
  trust_for(kForOfficers);
  const auto issued = accept(officer_, first->intent.id, document);
  ASSERT_TRUE(issued);
  EXPECT_TRUE(issued->finished);
}

// Two people are nobody: who is logged in, is one.
TEST_F(DecisionsTest, ALogInHasOneSignature) {
  const std::string challenge = flow_->challenge().value();
  EXPECT_EQ(code_of(log_in(signed_by_each({"officer", "officer-second"}, challenge))), Code::kAuthChallenge);
  const auto logged_in = log_in(signed_by_each({"officer"}, challenge));
  ASSERT_TRUE(logged_in);
  EXPECT_TRUE(logged_in->person) << "and what was refused used up nothing";
}

// What the key server signs is built around the intent's digest: it and the document must still be one.
TEST_F(DecisionsTest, WhatIsStoredIsStillWhatWasPrepared) {
  add_key("officer-head.pem");
  const auto first = prepare(request(SigningMode::kKeyd));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(approve(*first)), Code::kKeydUnreachable);
  keys_.signature = signature_over(*first);
  const std::string content = first->intent.content.hex();
  const auto write = [&](const std::string& digest) {
    ASSERT_TRUE(place_.session()->run("UPDATE intents SET content = '" + digest + "'"));
  };
  write(base::sha256({}).hex());
  EXPECT_EQ(code_of(approve(*first)), Code::kRegistryDamaged);
  EXPECT_EQ(state_of(*first), IntentState::kSigning);
  write(content);
  const auto issued = approve(*first);
  ASSERT_TRUE(issued);
  EXPECT_TRUE(issued->finished);
}

}  // namespace
}  // namespace tanba::licensing::flow
