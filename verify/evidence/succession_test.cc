#include "verify/evidence/succession.h"

#include "ocsp/test_support.h"

namespace tanba::verify::evidence {
namespace {

using base::Code;
using ocsp::CrlPtr;

class SuccessionTest : public ocsp::test::Authority {
 protected:
  CrlPtr list(const std::string& name) {
    auto crl = ocsp::Crl::parse(octets("crl-series/" + name + ".crl"));
    EXPECT_TRUE(crl.has_value()) << name;
    return *crl;
  }
  std::optional<Code> order(const std::string& last, const std::string& next) {
    const base::Status status = check_order(*list(last), *list(next));
    return status ? std::nullopt : std::optional(status.error().code());
  }
  Shrinkage compared(const std::string& next, const KnownEnd& known = {}) {
    return compare_entries(*list("second"), *list(next), rules_, known);
  }
  [[nodiscard]] base::Bytes serial_of(const std::string& person) const {
    return base::to_bytes(certificate("certs/" + person + ".pem")->serial());
  }
  SuccessionRules rules_;
};

TEST_F(SuccessionTest, ANewerListFollows) {
  EXPECT_EQ(order("first", "second"), std::nullopt);
  EXPECT_EQ(order("second", "second"), std::nullopt);
}

TEST_F(SuccessionTest, ThisUpdateMayNotGoBackThoughTheNumberGrows) {
  EXPECT_EQ(order("second", "time-back"), Code::kCrlRollback);
}

TEST_F(SuccessionTest, TheNumberMayNotGoBackThoughThisUpdateIsNewer) {
  EXPECT_EQ(order("second", "number-back"), Code::kCrlRollback);
}

TEST_F(SuccessionTest, NumbersAreComparedAsNumbers) {
  // 0xff and 0x0100: the longer one is the larger.
  EXPECT_EQ(order("number-back", "forged"), std::nullopt);
}

TEST_F(SuccessionTest, ListsByOtherKeysHaveNoOrder) {
  const auto other = ocsp::Crl::parse(octets("crl/twin-a.crl"));
  ASSERT_TRUE(other.has_value());
  EXPECT_TRUE(check_order(*list("forged"), **other).has_value());
  EXPECT_FALSE(compare_entries(*list("second"), **other, rules_, {}).suspicious());
}

TEST_F(SuccessionTest, ManyVanishedEntriesAreSuspicious) {
  const Shrinkage gone = compared("shrunk");
  EXPECT_TRUE(gone.suspicious());
  EXPECT_GE(gone.vanished, 2U);
  EXPECT_EQ(gone.explained, 1U);
  EXPECT_FALSE(gone.serials.empty());
}

TEST_F(SuccessionTest, AReleaseFromHoldIsNot) {
  EXPECT_LT(list("released")->entries(), list("second")->entries());
  EXPECT_FALSE(compared("released").suspicious());
}

TEST_F(SuccessionTest, OneEntryMayHaveEnded) {
  const Shrinkage gone = compared("one-gone");
  EXPECT_EQ(gone.vanished, 1U);
  EXPECT_FALSE(gone.suspicious());
}

TEST_F(SuccessionTest, OneEntryOfACertificateThatIsStillValidIsSuspicious) {
  const base::Bytes revoked = serial_of("revoked");
  const auto known = [&](base::ByteView serial) -> std::optional<base::Time> {
    return base::equal(serial, revoked) ? std::optional(good_at() + std::chrono::hours(24)) : std::nullopt;
  };
  EXPECT_TRUE(compared("one-gone", known).suspicious());
  EXPECT_EQ(compared("one-gone", known).known_unexpired, 1U);
}

TEST_F(SuccessionTest, EntriesOfCertificatesThatEndedVanishAsTheyMay) {
  const auto all_ended = [&](base::ByteView) { return std::optional(good_at() - std::chrono::hours(24)); };
  const Shrinkage gone = compared("shrunk", all_ended);
  EXPECT_EQ(gone.vanished, 0U);
  EXPECT_FALSE(gone.suspicious());
}

TEST_F(SuccessionTest, InTheTurnoverAllEntriesMayGo) {
  rules_.turnover = base::Seconds(3600);  // less than lies between the two lists
  EXPECT_FALSE(compared("shrunk").suspicious());
}

TEST(Succession, AnAnswerMayNotGoBack) {
  const base::Time at{base::Seconds(1'800'000'000)};
  EXPECT_TRUE(check_order(at, at).has_value());
  EXPECT_TRUE(check_order(at, at + base::Seconds(1)).has_value());
  EXPECT_EQ(check_order(at, at - base::Seconds(1)).error().code(), Code::kOcspRollback);
}

}  // namespace
}  // namespace tanba::verify::evidence
