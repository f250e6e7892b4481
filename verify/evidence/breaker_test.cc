#include "verify/evidence/breaker.h"

#include <gtest/gtest.h>

namespace tanba::verify::evidence {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kNoJitter = 1.0;  // the whole pause

struct BreakerTest : testing::Test {
  Breaker breaker{{.failures_to_open = 3,
                   .first_pause = milliseconds(1000),
                   .longest_pause = milliseconds(8000),
                   .longest_try = milliseconds(30'000)}};
  Breaker::Time now{seconds(1000)};
  void fail_often(int times) {
    for (int i = 0; i < times; ++i) breaker.failed(now, kNoJitter);
  }
};

TEST_F(BreakerTest, StaysClosedUntilFailuresComeInARow) {
  fail_often(2);
  breaker.succeeded();
  fail_often(2);
  EXPECT_EQ(breaker.state(now), BreakerState::kClosed);
  EXPECT_TRUE(breaker.admit(now));
}

TEST_F(BreakerTest, OpensAfterThreeFailuresAndLetsNobodyThrough) {
  fail_often(3);
  EXPECT_EQ(breaker.state(now), BreakerState::kOpen);
  EXPECT_FALSE(breaker.admit(now));
  EXPECT_FALSE(breaker.admit(now + milliseconds(999)));
}

TEST_F(BreakerTest, HalfOpenLetsOneTryThrough) {
  fail_often(3);
  now += milliseconds(1000);
  EXPECT_EQ(breaker.state(now), BreakerState::kHalfOpen);
  EXPECT_TRUE(breaker.admit(now));
  EXPECT_FALSE(breaker.admit(now)) << "the second waits for the first one's outcome";
}

TEST_F(BreakerTest, ATryThatSucceedsCloses) {
  fail_often(3);
  now += milliseconds(1000);
  ASSERT_TRUE(breaker.admit(now));
  breaker.succeeded();
  EXPECT_EQ(breaker.state(now), BreakerState::kClosed);
  EXPECT_TRUE(breaker.admit(now));
  EXPECT_TRUE(breaker.admit(now));
  EXPECT_EQ(breaker.consecutive_failures(), 0U);
}

TEST_F(BreakerTest, ATryThatFailsOpensForLongerUpToTheLongest) {
  fail_often(3);
  for (const int expected_ms : {2000, 4000, 8000, 8000, 8000}) {
    now = breaker.opens_until();
    ASSERT_TRUE(breaker.admit(now));
    breaker.failed(now, kNoJitter);
    EXPECT_EQ(breaker.opens_until() - now, milliseconds(expected_ms));
  }
}

TEST_F(BreakerTest, ManyFailuresOfOneOutageDoNotAddUp) {
  fail_often(100);  // asked before it opened, answered after
  EXPECT_EQ(breaker.opens_until() - now, milliseconds(1000));
}

TEST_F(BreakerTest, ATryWhoseOutcomeIsLostDoesNotBlockForEver) {
  fail_often(3);
  now += milliseconds(1000);
  ASSERT_TRUE(breaker.admit(now));
  EXPECT_FALSE(breaker.admit(now + milliseconds(29'999)));
  EXPECT_TRUE(breaker.admit(now + milliseconds(30'000)));
}

TEST_F(BreakerTest, ATryThatProvedNothingLetsTheNextOneThrough) {
  fail_often(3);
  now += milliseconds(1000);
  ASSERT_TRUE(breaker.admit(now));
  breaker.undecided();
  EXPECT_TRUE(breaker.admit(now));
  EXPECT_FALSE(breaker.admit(now));
}

TEST_F(BreakerTest, JitterShortensByUpToHalf) {
  fail_often(2);
  breaker.failed(now, 0.0);
  EXPECT_EQ(breaker.opens_until() - now, milliseconds(500));
}

}  // namespace
}  // namespace tanba::verify::evidence
