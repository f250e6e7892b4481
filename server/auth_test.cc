#include "server/auth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "server/api.h"

namespace tanba::server {
namespace {

using base::Code;
using net::http::Request;

const base::Time kNow{base::Seconds(1'780'000'000)};

StaffIdentity officer(const std::string& id = "officer-1") {
  return {.kind = CallerKind::kOfficer, .id = id, .iin = "790704300077", .bin = "100440000212", .name = "A"};
}

// --- sessions --------------------------------------------------------------------------------------------------------

class SessionsTest : public ::testing::Test {
 protected:
  base::FixedClock clock_{kNow};
  SessionBook sessions_{{.idle_timeout = base::Seconds(100), .max_age = base::Seconds(250)}, clock_};
};

TEST_F(SessionsTest, TokensAreLongDistinctAndOurs) {
  const auto first = sessions_.open(officer());
  const auto second = sessions_.open(officer());
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->token.starts_with("tns_"));
  EXPECT_EQ(first->token.size(), 4U + 43U) << "256 bits";
  EXPECT_NE(first->token, second->token);
  EXPECT_EQ(sessions_.find(first->token)->bin, "100440000212");
  EXPECT_EQ(sessions_.find(first->token + "x").error().code(), Code::kAuthRequired);
}

TEST_F(SessionsTest, EndsWhenIdleButUseKeepsItAlive) {
  const std::string token = sessions_.open(officer())->token;
  clock_.set(kNow + base::Seconds(99));
  EXPECT_TRUE(sessions_.find(token));
  clock_.set(kNow + base::Seconds(198));
  EXPECT_TRUE(sessions_.find(token));
  clock_.set(kNow + base::Seconds(249));
  EXPECT_TRUE(sessions_.find(token));
  clock_.set(kNow + base::Seconds(250));
  EXPECT_FALSE(sessions_.find(token)) << "however busy, it ends";
  const std::string idle = sessions_.open(officer())->token;
  clock_.set(kNow + base::Seconds(350));
  EXPECT_FALSE(sessions_.find(idle));
}

TEST_F(SessionsTest, ClosingEndsOneAndAllOfAPerson) {
  const std::string one = sessions_.open(officer())->token;
  const std::string two = sessions_.open(officer())->token;
  const std::string other = sessions_.open(officer("officer-2"))->token;
  sessions_.close(one);
  EXPECT_FALSE(sessions_.find(one));
  EXPECT_TRUE(sessions_.find(two));
  sessions_.close_all_of("officer-1");
  EXPECT_FALSE(sessions_.find(two));
  EXPECT_TRUE(sessions_.find(other));
}

TEST_F(SessionsTest, APersonsOldestGivesWay) {
  const std::string oldest = sessions_.open(officer())->token;
  clock_.set(kNow + base::Seconds(1));
  const std::string second = sessions_.open(officer())->token;
  for (std::size_t i = 2; i < kMaxSessionsEach; ++i) ASSERT_TRUE(sessions_.open(officer()));
  EXPECT_EQ(sessions_.size(), kMaxSessionsEach);
  ASSERT_TRUE(sessions_.open(officer()));
  EXPECT_EQ(sessions_.size(), kMaxSessionsEach);
  EXPECT_FALSE(sessions_.find(oldest));
  EXPECT_TRUE(sessions_.find(second));
}

// --- who calls -------------------------------------------------------------------------------------------------------

class CountingDirectory final : public PortalDirectory {
 public:
  base::Result<PortalGrant> find_key(KeyKind kind, const base::Digest& sha256) override {
    ++asked;
    const auto found = grants.find({kind, sha256});
    if (found == grants.end()) return base::fail(Code::kAuthRequired);
    return found->second;
  }
  std::map<std::pair<KeyKind, base::Digest>, PortalGrant> grants;
  std::atomic<int> asked{0};
};

class ListedStaff final : public StaffDirectory {
 public:
  base::Status check_listed(const std::string&) override {
    ++asked;
    return listed ? base::Status() : base::fail(Code::kAuthDenied);
  }
  std::atomic<bool> listed{true};
  std::atomic<int> asked{0};
};

class AuthTest : public ::testing::Test {
 protected:
  AuthTest() {
    PortalKeyConfig key{.portal = "configured",
                        .kind = KeyKind::kBearer,
                        .sha256 = base::sha256(base::as_bytes("tnb_configured")),
                        .scopes = {"verify"},
                        .networks = {},
                        .expires = kNow + base::Seconds(1000)};
    configured_ = std::make_unique<ConfiguredPortals>(std::vector{key});
    authenticator_ = std::make_unique<Authenticator>(Authenticator::Parts{.configured = configured_.get(),
                                                                          .registry = &registry_,
                                                                          .staff = &staff_,
                                                                          .sessions = &sessions_,
                                                                          .executor = &executor_,
                                                                          .clock = &clock_});
  }
  base::Result<Caller> ask(const Request& request) {
    // Shared: who sets it may still be at it when the answer is here.
    const auto promise = std::make_shared<std::promise<base::Result<Caller>>>();
    auto answer = promise->get_future();
    authenticator_->authenticate(request,
                                 [promise](base::Result<Caller> caller) { promise->set_value(std::move(caller)); });
    return answer.get();
  }
  static Request from(const std::string& address, const std::string& authorization,
                      std::optional<base::Digest> key = std::nullopt) {
    Request request;
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    net::http::Peer peer;
    peer.address = address;
    peer.key_hash = key;
    request.peer = std::make_shared<net::http::Peer>(peer);
    return request;
  }
  Code refusal(const Request& request) {
    const auto caller = ask(request);
    return caller ? Code::kInternal : caller.error().code();
  }

  base::FixedClock clock_{kNow};
  SessionBook sessions_{{}, clock_};
  CountingDirectory registry_;
  ListedStaff staff_;
  base::Executor executor_{{.name = "asking"}};
  std::unique_ptr<ConfiguredPortals> configured_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthTest, NobodyIsAnonymous) {
  EXPECT_EQ(ask(from("192.0.2.1", ""))->kind, CallerKind::kAnonymous);
  EXPECT_EQ(Authenticator::attempt(from("192.0.2.1", "")), Authenticator::Attempt::kNone);
  EXPECT_EQ(Authenticator::attempt(from("192.0.2.1", "x")), Authenticator::Attempt::kMade);
}

TEST_F(AuthTest, AConfiguredBearerKeyIsKnownUntilItExpires) {
  const auto caller = ask(from("192.0.2.1", "Bearer tnb_configured"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->portal, "configured");
  EXPECT_EQ(caller->credential, Credential::kBearerKey);
  EXPECT_EQ(registry_.asked, 0);
  clock_.set(kNow + base::Seconds(1001));
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer tnb_configured")), Code::kAuthRequired);
}

TEST_F(AuthTest, AWithdrawnKeyIsNobodysAtOnceAndAnothersScopesAreNew) {
  const auto key = [](std::string_view token, std::vector<std::string> scopes) {
    return PortalKeyConfig{.portal = "configured",
                           .kind = KeyKind::kBearer,
                           .sha256 = base::sha256(base::as_bytes(token)),
                           .scopes = std::move(scopes),
                           .networks = {},
                           .expires = {}};
  };
  configured_->replace({key("tnb_configured", {"verify"}), key("tnb_second", {"verify", "read"})});
  EXPECT_TRUE(ask(from("192.0.2.1", "Bearer tnb_configured")));
  EXPECT_EQ(ask(from("192.0.2.1", "Bearer tnb_second"))->scopes, (std::vector<std::string>{"verify", "read"}));
  configured_->replace({key("tnb_second", {"read"})});
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer tnb_configured")), Code::kAuthRequired);
  EXPECT_EQ(ask(from("192.0.2.1", "Bearer tnb_second"))->scopes, std::vector<std::string>{"read"});
}

TEST_F(AuthTest, WrongKeysAreRefusedAndNeverRemembered) {
  for (const char* wrong :
       {"Bearer tnb_guess", "Bearer tnb_", "Bearer something", "Basic dTpw", "tnb_configured", ""}) {
    Request request = from("192.0.2.1", "");
    request.headers.add("Authorization", wrong);
    EXPECT_EQ(refusal(request), Code::kAuthRequired) << wrong;
  }
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer " + std::string(200, 'x'))), Code::kAuthRequired);
  const int before = registry_.asked;
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer tnb_guess")), Code::kAuthRequired);
  EXPECT_EQ(registry_.asked, before + 1);
}

TEST_F(AuthTest, TwoAuthorizationsAreNone) {
  Request request = from("192.0.2.1", "Bearer tnb_configured");
  request.headers.add("authorization", "Bearer tnb_configured");
  EXPECT_EQ(refusal(request), Code::kAuthRequired);
}

TEST_F(AuthTest, TheRegistrysKeysAreAskedForOnceInAWhile) {
  const base::Digest hash = base::sha256(base::as_bytes("tnb_registered"));
  registry_.grants[{KeyKind::kBearer, hash}] = {
      .portal = "registered", .scopes = {"read"}, .networks = {}, .expires = {}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(from("192.0.2.1", "Bearer tnb_registered"))->portal, "registered");
  EXPECT_EQ(registry_.asked, 1);
  registry_.grants.clear();
  clock_.set(kNow + base::Seconds(5));
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer tnb_registered")), Code::kAuthRequired) << "withdrawn keys are out soon";
}

TEST_F(AuthTest, KeysAreBoundToNetworks) {
  const base::Digest hash = base::sha256(base::as_bytes("tnb_bound"));
  const std::vector<std::string> networks{"10.1.0.0/16"};
  registry_.grants[{KeyKind::kBearer, hash}] = {
      .portal = "bound", .scopes = {}, .networks = *parse_networks(networks, "x"), .expires = {}};
  EXPECT_TRUE(ask(from("10.1.2.3", "Bearer tnb_bound")));
  EXPECT_EQ(refusal(from("10.2.2.3", "Bearer tnb_bound")), Code::kAuthDenied) << "also when it is remembered";
}

TEST_F(AuthTest, ATlsKeyIsKnownByItsHashAlone) {
  const base::Digest hash = base::sha256(base::as_bytes("spki"));
  registry_.grants[{KeyKind::kMutualTls, hash}] = {.portal = "mutual", .scopes = {}, .networks = {}, .expires = {}};
  const auto caller = ask(from("192.0.2.1", "", hash));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->portal, "mutual");
  EXPECT_EQ(caller->credential, Credential::kMutualTls);
  EXPECT_EQ(refusal(from("192.0.2.1", "", base::sha256(base::as_bytes("other")))), Code::kAuthRequired);
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer tnb_wrong", hash)), Code::kAuthRequired)
      << "a wrong key is not made good by a certificate";
}

TEST_F(AuthTest, TheHashOfATlsKeyIsNoBearerKey) {
  const base::Digest hash = base::sha256(base::as_bytes("tnb_x"));
  registry_.grants[{KeyKind::kMutualTls, hash}] = {.portal = "mutual", .scopes = {}, .networks = {}, .expires = {}};
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer tnb_x")), Code::kAuthRequired);
}

TEST_F(AuthTest, SessionsAreStaffForAsLongAsTheyAreListed) {
  const std::string token = sessions_.open(officer())->token;
  const auto caller = ask(from("192.0.2.1", "Bearer " + token));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->kind, CallerKind::kOfficer);
  EXPECT_EQ(caller->staff.id, "officer-1");
  EXPECT_TRUE(ask(from("192.0.2.1", "Bearer " + token)));
  EXPECT_EQ(staff_.asked, 1);
  staff_.listed = false;
  clock_.set(kNow + base::Seconds(5));
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer " + token)), Code::kAuthDenied);
  staff_.listed = true;
  EXPECT_EQ(refusal(from("192.0.2.1", "Bearer " + token)), Code::kAuthRequired) << "the session went with the listing";
}

TEST(BearerKey, Has256RandomBits) {
  const auto one = make_bearer_key();
  const auto two = make_bearer_key();
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(one->starts_with("tnb_"));
  EXPECT_EQ(one->size(), 4U + 43U);
  EXPECT_NE(*one, *two);
}

// --- who may
// -----------------------------------------------------------------------------------------------------------

Caller portal(std::vector<std::string> scopes) {
  Caller caller;
  caller.kind = CallerKind::kPortal;
  caller.scopes = std::move(scopes);
  return caller;
}

Caller staff(CallerKind kind) {
  Caller caller;
  caller.kind = kind;
  return caller;
}

TEST(Access, IsByKindAndScope) {
  const std::vector<std::pair<std::string, Caller>> callers{{"anonymous", Caller{}},
                                                            {"portal with", portal({"read", "verify"})},
                                                            {"portal without", portal({"verify"})},
                                                            {"officer", staff(CallerKind::kOfficer)},
                                                            {"operator", staff(CallerKind::kOperator)},
                                                            {"security", staff(CallerKind::kSecurity)}};
  const std::map<Access, std::vector<std::string>> allowed{
      {Access::kPublic, {"anonymous", "portal with", "portal without", "officer", "operator", "security"}},
      {Access::kKnown, {"portal with", "portal without", "officer", "operator", "security"}},
      {Access::kPortal, {"portal with"}},
      {Access::kPortalOrStaff, {"portal with", "officer", "operator"}},
      {Access::kStaff, {"officer", "operator", "security"}},
      {Access::kOfficer, {"officer"}},
      {Access::kSecurity, {"security"}}};
  for (const auto& [access, names] : allowed) {
    const Operation operation{.pattern = "/x", .access = access, .scope = "read", .run = {}};
    for (const auto& [name, caller] : callers) {
      const bool expected = std::ranges::find(names, name) != names.end();
      const auto status = check_access(operation, caller);
      EXPECT_EQ(status.has_value(), expected) << name << " " << static_cast<int>(access);
      if (status) continue;
      EXPECT_EQ(status.error().code(), name == "anonymous" ? Code::kAuthRequired : Code::kAuthDenied);
    }
  }
}

}  // namespace
}  // namespace tanba::server
