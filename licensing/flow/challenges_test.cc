#include "licensing/flow/challenges.h"

#include <gtest/gtest.h>

#include "licensing/registry/testing.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using licensing::testing::kNow;
using registry::testing::code_of;

constexpr base::Seconds kLifetime{120};

class ChallengesTest : public ::testing::Test {
 protected:
  static Challenges::Options options(const std::string& host, std::string_view key) {
    return {.host = host, .lifetime = kLifetime, .key = base::Secret(key)};
  }
  [[nodiscard]] Schemas::Challenge made(const Challenges& by, base::Time now = kNow) const {
    return schemas_.read_login_challenge(base::as_bytes(by.make(now).value())).value();
  }
  Schemas schemas_ = *Schemas::compile();
  Challenges challenges_{options("localhost", "a key")};
};

TEST_F(ChallengesTest, OneThatWasMadeHereIsGoodForItsTime) {
  const Schemas::Challenge challenge = made(challenges_);
  EXPECT_TRUE(challenges_.check(challenge, kNow));
  EXPECT_TRUE(challenges_.check(challenge, kNow + kLifetime));
  EXPECT_EQ(code_of(challenges_.check(challenge, kNow + kLifetime + base::Seconds(1))), Code::kAuthChallenge);
  EXPECT_EQ(code_of(challenges_.check(challenge, kNow - base::Seconds(1))), Code::kAuthChallenge)
      << "the clock went back";
  EXPECT_NE(made(challenges_).nonce, challenge.nonce);
}

TEST_F(ChallengesTest, EveryPartIsUnderTheProof) {
  const Schemas::Challenge good = made(challenges_);
  const auto refused = [&](auto change) {
    Schemas::Challenge changed = good;
    change(changed);
    return code_of(challenges_.check(changed, kNow)) == Code::kAuthChallenge;
  };
  for (std::size_t at = 0; at < good.nonce.size(); ++at) {
    EXPECT_TRUE(refused([at](auto& one) { one.nonce[at] = one.nonce[at] == '0' ? '1' : '0'; })) << at;
  }
  // Each of these would pass every other check.
  EXPECT_TRUE(refused([](auto& one) { one.issued_at = base::format_time(kNow - base::Seconds(1)); }));
  EXPECT_TRUE(refused([](auto& one) { one.expires_at = base::format_time(kNow + base::Seconds(3600)); }));
  EXPECT_TRUE(refused([](auto& one) { one.nonce.clear(); }));
  EXPECT_TRUE(challenges_.check(good, kNow));
}

TEST_F(ChallengesTest, AnothersIsRefused) {
  const Challenges other_key(options("localhost", "another key"));
  EXPECT_EQ(code_of(challenges_.check(made(other_key), kNow)), Code::kAuthChallenge);
  const Challenges other_host(options("other.example", "a key"));
  EXPECT_EQ(code_of(challenges_.check(made(other_host), kNow)), Code::kAuthChallenge);
}

TEST_F(ChallengesTest, IsUsedOnce) {
  const Schemas::Challenge challenge = made(challenges_);
  EXPECT_TRUE(challenges_.use(challenge, "one", kNow));
  EXPECT_EQ(code_of(challenges_.use(challenge, "one", kNow)), Code::kAuthChallenge);
  EXPECT_EQ(code_of(challenges_.use(challenge, "two", kNow + kLifetime)), Code::kAuthChallenge);
  // Far beyond its life, and the clock then set back: still used.
  EXPECT_TRUE(challenges_.use(made(challenges_, kNow + 2 * kLifetime), "one", kNow + 2 * kLifetime));
  EXPECT_EQ(code_of(challenges_.use(challenge, "one", kNow)), Code::kAuthChallenge);
}

TEST_F(ChallengesTest, WhoUsesTooManyLocksOutNobodyElse) {
  for (std::size_t i = 0; i < kMaxUsedChallenges; ++i)
    EXPECT_TRUE(challenges_.use(made(challenges_), "one", kNow)) << i;
  EXPECT_EQ(code_of(challenges_.use(made(challenges_), "one", kNow)), Code::kExecutorFull);
  EXPECT_TRUE(challenges_.use(made(challenges_), "two", kNow));
  const base::Time later = kNow + 2 * kLifetime + base::Seconds(1);
  EXPECT_TRUE(challenges_.use(made(challenges_, later), "one", later));
}

}  // namespace
}  // namespace tanba::licensing::flow
