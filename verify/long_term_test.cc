// What is judged long after it was stamped, when every certificate has ended: each test changes one thing that alone
// decides (docs/decisions/0006-long-term.md).
#include <gtest/gtest.h>

#include <algorithm>

#include "pki/test_support.h"
#include "verify/crl_maker.h"
#include "verify/judge.h"
#include "verify/test_support.h"

namespace tanba::verify {
namespace {

using base::Code;
using base::Seconds;
using base::Time;
using test::AnswerPlan;
using test::CertificatePlan;
using test::CrlMaker;
using test::ListPlan;

constexpr Seconds kHour{3600};
constexpr Seconds kDay{86400};
constexpr int kKeyCompromise = 1;
constexpr int kSuperseded = 4;
constexpr int kCessation = 5;
constexpr int kHold = 6;

enum class Where : std::uint8_t { kInside, kBeside };

class LongTermTest : public testing::Test {
 protected:
  explicit LongTermTest(CrlMaker::Keys keys = CrlMaker::Keys::kEc) : context_(pki::test::make_context()), maker_(keys) {
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
    begin(test::noon());
  }

  // Everything is made around the time stamp and judged ten years later.
  void begin(Time stamped) {
    stamped_ = stamped;
    input_.now = stamped_ + 3650 * kDay;
    certificate({.name = "CA", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    certificate({.name = "leaf", .issuer = "CA", .serial = 5});
    certificate({.name = "tsa", .issuer = "CA", .serial = 7, .extended_key_usage = "critical,timeStamping"});
    certificate(
        {.name = "responder", .issuer = "CA", .serial = 9, .extended_key_usage = "OCSPSigning", .ocsp_no_check = true});
  }
  // Valid 300 days around the stamp unless the plan says otherwise.
  void certificate(CertificatePlan plan) {
    const CertificatePlan standard;
    if (plan.from == standard.from) plan.from = stamped_ - 300 * kDay;
    if (plan.until == standard.until) plan.until = stamped_ + 300 * kDay;
    maker_.certificate(plan);
  }
  void list(const ListPlan& plan, Where where = Where::kInside) {
    evidence_.add(test::item_of(maker_.list(plan).ours, where == Where::kInside ? "embedded" : "file", input_.now));
  }
  // From an hour after the stamp to a day after it.
  [[nodiscard]] ListPlan after_stamp() const {
    return {.this_update = stamped_ + kHour, .next_update = stamped_ + kDay};
  }
  void answer(const AnswerPlan& plan) { evidence_.add(test::item_of(maker_.answer(plan), "embedded", input_.now)); }
  // About the signer and the time-stamp authority, by the responder.
  void answers(Time at, const std::string& responder = "responder") {
    for (const char* about : {"leaf", "tsa"}) {
      answer({.certificate = about, .responder = responder, .this_update = at, .next_update = at + kDay});
    }
  }
  void clear() { evidence_ = {}; }

  [[nodiscard]] pki::CertificatePtr get(const std::string& name) const { return maker_.get(name).ours; }
  [[nodiscard]] Facts facts() const {
    pki::SignatureAlgorithm algorithm;
    algorithm.scheme =
        get("leaf")->key().kind == pki::KeyKind::kRsa ? pki::SignatureScheme::kRsaPkcs1 : pki::SignatureScheme::kEcdsa;
    pki::TimestampFacts stamp;
    stamp.gen_time = stamp.latest_time = stamped_;
    stamp.over_known_data = true;
    stamp.certificate = get("tsa");
    stamp.certificates = {get("tsa")};
    stamp.algorithm = algorithm;
    pki::SignatureFacts signature;
    signature.id = "S1";
    signature.algorithm = algorithm;
    signature.certificate = get("leaf");
    signature.covers = {.whole = true, .what = "content"};
    signature.certificate_reference = pki::CertificateReference::kSigned;
    signature.claimed_signing_time = stamped_;
    signature.timestamps.push_back(stamp);
    Facts facts;
    facts.content.format = pki::DocumentFormat::kCms;
    facts.content.signatures.push_back(signature);
    for (const std::string& name : inside_) facts.content.certificates.push_back(get(name));
    return facts;
  }
  Report judged(const Facts& facts) {
    input_.trust = pki::TrustSnapshot::make({{.certificate = get(anchor_),
                                              .purposes = pki::TrustPurposes::all(),
                                              .trusted_from = {},
                                              .trusted_until = trusted_until_}},
                                            {});
    base::Budget budget{base::Limits{}};
    auto judgement = judge(*context_, nullptr, facts, input_, budget);
    if (!judgement) {
      ADD_FAILURE() << judgement.error().message();
      return {};
    }
    needs_ = std::move(judgement->needs);
    return std::move(judgement->report);
  }
  Report judged() { return judged(facts()); }

  static std::string message(const Report& report) {
    std::string text;
    for (const LocatedError& located : all_errors(report)) {
      text += "\n  " + std::string(base::dotted(located.error.code())) + " " + located.error.cause();
    }
    for (const Finding& finding : report.findings) {
      for (const TimestampFinding& stamp : finding.timestamps) {
        for (const base::Error& error : stamp.result.errors) text += "\n  stamp: " + error.message() + error.cause();
      }
    }
    return text;
  }
  static bool says(const std::vector<base::Error>& errors, Code code) {
    return std::ranges::any_of(errors, [&](const base::Error& error) { return error.code() == code; });
  }
  void expect_good(const char* level = "B-LT") {
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].level, level);
    EXPECT_EQ(report.findings[0].best_signature_time, stamped_);
  }
  // The stamp holds, and this is what is wrong with the signature.
  void expect(Decision decision, Code code) {
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, decision) << message(report);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_TRUE(says(report.findings[0].errors, code)) << message(report);
  }
  // The same of the stamp, without which the signature is none.
  void expect_of_stamp(Decision decision, Code code) {
    const Report report = judged();
    EXPECT_EQ(report.outcome.decision, decision) << message(report);
    ASSERT_EQ(report.findings.size(), 1U);
    ASSERT_EQ(report.findings[0].timestamps.size(), 1U);
    EXPECT_TRUE(says(report.findings[0].timestamps[0].result.errors, code)) << message(report);
    EXPECT_EQ(report.findings[0].level, "B-B");
  }

  std::unique_ptr<pki::Context> context_;
  CrlMaker maker_;
  EvidenceSet evidence_;
  JudgeInput input_;
  std::vector<Need> needs_;
  Time stamped_;
  std::string anchor_ = "CA";
  std::optional<Time> trusted_until_;
  std::vector<std::string> inside_ = {"leaf", "tsa"};
};

// --- evidence of the right time --------------------------------------------------------------------------------------

TEST_F(LongTermTest, EvidenceMadeAfterTheStampCountsForEver) {
  list(after_stamp());
  expect_good();
  clear();
  answers(stamped_ + kHour);
  expect_good();
}

TEST_F(LongTermTest, WithoutItsStampTheSignatureHasEnded) {
  list(after_stamp());
  Facts unstamped = facts();
  unstamped.content.signatures[0].timestamps.clear();
  const Report report = judged(unstamped);
  EXPECT_EQ(report.outcome.decision, Decision::kRefuse);
  EXPECT_TRUE(says(report.findings[0].errors, Code::kPathExpired));
}

TEST_F(LongTermTest, EvidenceThatWasCurrentAtTheStampCounts) {
  list({.this_update = stamped_ - kDay, .next_update = stamped_});
  expect_good();
  clear();
  answers(stamped_ - kHour);
  expect_good();
}

TEST_F(LongTermTest, EvidenceThatHadEndedBeforeTheStampDoesNot) {
  list({.this_update = stamped_ - kDay, .next_update = stamped_ - Seconds(1)});
  expect_of_stamp(Decision::kRetry, Code::kCrlStale);
}

TEST_F(LongTermTest, TheRuleForAnswersWithoutNextUpdateIsThatOfTheTime) {
  input_.policy.ocsp_freshness.max_age = kHour;
  for (const char* about : {"leaf", "tsa"}) {
    answer({.certificate = about, .responder = "responder", .this_update = stamped_ - kHour, .next_update = {}});
  }
  expect_good();
  clear();
  for (const char* about : {"leaf", "tsa"}) {
    answer({.certificate = about,
            .responder = "responder",
            .this_update = stamped_ - kHour - Seconds(1),
            .next_update = {}});
  }
  expect_of_stamp(Decision::kRetry, Code::kOcspStale);
}

TEST_F(LongTermTest, TheOperatorsLimitShortensIt) {
  FreshnessRule rule;
  rule.crl_limit = kHour;
  input_.policy.issuer_rules[get("CA")->digest()] = rule;
  list({.this_update = stamped_ - kHour, .next_update = stamped_ + kDay});
  expect_good();
  clear();
  list({.this_update = stamped_ - kHour - Seconds(1), .next_update = stamped_ + kDay});
  expect_of_stamp(Decision::kRetry, Code::kCrlStale);
}

// Who vouches says when the signature existed, not what was known then.
TEST_F(LongTermTest, WhereSomebodyVouchesOnlyLaterEvidenceCounts) {
  Facts unstamped = facts();
  unstamped.content.signatures[0].timestamps.clear();
  input_.existed_at = stamped_;
  list({.this_update = stamped_ - kDay, .next_update = stamped_ + kDay});
  EXPECT_EQ(judged(unstamped).outcome.decision, Decision::kRetry);
  clear();
  list(after_stamp());
  EXPECT_EQ(judged(unstamped).outcome.decision, Decision::kAccept);
}

TEST_F(LongTermTest, NewerWordIsAskedForAndBelieved) {
  certificate({.name = "leaf", .issuer = "CA", .serial = 5, .points = "URI:http://crl.example.kz/ca.crl"});
  list({.this_update = stamped_ - kDay, .next_update = stamped_});
  expect_good();
  ASSERT_EQ(needs_.size(), 1U);
  EXPECT_EQ(needs_[0].certificate->digest(), get("leaf")->digest());
  evidence_.note_asked(needs_[0].sources.at(0), get("leaf")->digest());
  expect_good();
  EXPECT_TRUE(needs_.empty());
  ListPlan newer = after_stamp();
  newer.entries = {{.serial = 5, .reason = kKeyCompromise, .at = stamped_ - Seconds(1)}};
  list(newer);
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(LongTermTest, TheStampNeedsEvidenceToo) {
  answer({.certificate = "leaf",
          .responder = "responder",
          .this_update = stamped_ + kHour,
          .next_update = stamped_ + kDay});
  expect_of_stamp(Decision::kRetry, Code::kRevocationMissing);
}

TEST_F(LongTermTest, EvidenceAfterTheSignersEndCountsOnlyWhereItKeepsEndedOnes) {
  certificate({.name = "leaf", .issuer = "CA", .serial = 5, .until = stamped_ + 10 * kDay});
  ListPlan late{.this_update = stamped_ + 11 * kDay, .next_update = stamped_ + 12 * kDay};
  list(late);
  expect(Decision::kRetry, Code::kCrlExpiredCertificate);
  clear();
  late.keeps_expired = stamped_ - kDay;
  list(late);
  expect_good();
}

// --- who made the evidence -------------------------------------------------------------------------------------------

TEST_F(LongTermTest, AResponderThatHadEndedIsNobody) {
  certificate({.name = "responder",
               .issuer = "CA",
               .serial = 9,
               .extended_key_usage = "OCSPSigning",
               .ocsp_no_check = true,
               .until = stamped_ + kHour});
  answers(stamped_ + kHour);
  expect_good();
  clear();
  answers(stamped_ + kHour + Seconds(1));
  expect_of_stamp(Decision::kRetry, Code::kOcspResponder);
}

TEST_F(LongTermTest, AnAuthorityThatHadEndedGivesNoListsAndNoAnswers) {
  certificate(
      {.name = "CA", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign", .until = stamped_ + kDay});
  certificate({.name = "leaf", .issuer = "CA", .serial = 5});
  certificate({.name = "tsa", .issuer = "CA", .serial = 7, .extended_key_usage = "critical,timeStamping"});
  list({.this_update = stamped_ + kDay, .next_update = stamped_ + 2 * kDay});
  expect_good();
  clear();
  list({.this_update = stamped_ + kDay + Seconds(1), .next_update = stamped_ + 2 * kDay});
  expect_of_stamp(Decision::kRetry, Code::kCrlIssuer);
  clear();
  answers(stamped_ + kDay, "");
  expect_good();
  clear();
  answers(stamped_ + kDay + Seconds(1), "");
  expect_of_stamp(Decision::kRetry, Code::kOcspResponder);
}

TEST_F(LongTermTest, ALostKeyOfTheResponderEndsAllItsAnswers) {
  answers(stamped_ + kHour);
  ListPlan told{.this_update = stamped_ + 100 * kDay, .next_update = stamped_ + 101 * kDay, .point = "onlyuser=TRUE"};
  told.entries = {{.serial = 9, .reason = kCessation, .at = stamped_ + 50 * kDay},
                  {.serial = 5, .reason = kSuperseded, .at = stamped_ + 50 * kDay},
                  {.serial = 7, .reason = kSuperseded, .at = stamped_ + 50 * kDay}};
  list(told);
  expect_good();
  clear();
  answers(stamped_ + kHour);
  told.point = "onlysomereasons=keyCompromise";  // it decides nothing about the others by itself
  told.entries = {{.serial = 9, .reason = kKeyCompromise, .at = stamped_ + 50 * kDay}};
  list(told);
  expect_of_stamp(Decision::kRetry, Code::kOcspResponder);
}

TEST_F(LongTermTest, AResponderThatWasRevokedBeforeItsAnswerIsNobody) {
  ListPlan told{.this_update = stamped_ + 100 * kDay,
                .next_update = stamped_ + 101 * kDay,
                .point = "onlysomereasons=cessationOfOperation"};
  told.entries = {{.serial = 9, .reason = kCessation, .at = stamped_ + 2 * kHour}};
  list(told);
  answers(stamped_ + kHour);
  expect_good();
  clear();
  list(told);
  answers(stamped_ + 3 * kHour);
  expect_of_stamp(Decision::kRetry, Code::kOcspResponder);
}

TEST_F(LongTermTest, ALostKeyOfTheAuthorityEndsAllThatRestsOnIt) {
  certificate({.name = "root", .serial = 1, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
  certificate({.name = "CA", .issuer = "root", .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
  certificate({.name = "leaf", .issuer = "CA", .serial = 5});
  certificate({.name = "tsa", .issuer = "CA", .serial = 7, .extended_key_usage = "critical,timeStamping"});
  anchor_ = "root";
  inside_ = {"leaf", "tsa", "CA"};
  ListPlan of_root = after_stamp();
  of_root.signer = "root";
  of_root.this_update = stamped_ + 101 * kDay;
  of_root.next_update = stamped_ + 102 * kDay;
  for (const int reason : {kSuperseded, kKeyCompromise}) {
    clear();
    list(after_stamp());
    of_root.entries = {{.serial = 2, .reason = reason, .at = stamped_ + 100 * kDay}};
    list(of_root);
    if (reason == kSuperseded)
      expect_good();
    else
      expect_of_stamp(Decision::kRefuse, Code::kRevocationCaRevoked);
  }
}

TEST_F(LongTermTest, TheAnchorMustHaveBeenTrustedThen) {
  list(after_stamp());
  trusted_until_ = stamped_;
  expect_good();
  trusted_until_ = stamped_ - Seconds(1);
  expect_of_stamp(Decision::kRefuse, Code::kPathAnchorWindow);
}

// --- revocation ------------------------------------------------------------------------------------------------------

TEST_F(LongTermTest, ARevocationCountsFromTheStampBackwards) {
  ListPlan told = after_stamp();
  told.entries = {{.serial = 5, .reason = kKeyCompromise, .at = stamped_ + Seconds(1)}};
  list(told);
  expect_good();
  clear();
  told.entries[0].at = stamped_;
  list(told);
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

// Somebody's newer delta, in which nobody is listed, takes no evidence away that counts for its time.
class StampedDeltaTest : public LongTermTest {
 protected:
  void newer_delta() {
    list({.number = 12, .base_number = 11, .this_update = stamped_ + 20 * kDay, .next_update = input_.now + kDay},
         Where::kBeside);
  }
  void newer_list() {
    list({.number = 11, .this_update = stamped_ + 19 * kDay, .next_update = stamped_ + 20 * kDay}, Where::kBeside);
  }
};

TEST_F(StampedDeltaTest, ANewerDeltaLeavesWhatWasMadeAfterTheStamp) {
  list(after_stamp());
  expect_good();
  newer_delta();
  expect_good();
}

TEST_F(StampedDeltaTest, ANewerDeltaLeavesWhatWasCurrentAtTheStamp) {
  list({.this_update = stamped_ - kDay, .next_update = stamped_});
  newer_delta();
  expect_good();
  clear();  // and is still
  list({.this_update = stamped_ - kDay, .next_update = input_.now + kDay});
  newer_delta();
  expect_good();
}

TEST_F(StampedDeltaTest, WhicheverStandsFirst) {
  list(after_stamp());
  newer_list();
  newer_delta();
  expect_good();
  clear();
  newer_delta();
  newer_list();
  list(after_stamp());
  expect_good();
}

// It was not known then, and is known not to be the newest now.
TEST_F(StampedDeltaTest, WhereSomebodyVouchesAnOlderListIsNotEnough) {
  Facts unstamped = facts();
  unstamped.content.signatures[0].timestamps.clear();
  input_.existed_at = stamped_;
  list({.this_update = stamped_ - kDay, .next_update = input_.now + kDay});
  EXPECT_EQ(judged(unstamped).outcome.decision, Decision::kAccept);
  newer_delta();
  EXPECT_EQ(judged(unstamped).outcome.decision, Decision::kRetry);
}

// On hold when it signed. What was made after its end does not list it any more, and has not released it.
TEST_F(LongTermTest, AListMadeAfterTheSignersEndLiftsNoHold) {
  certificate({.name = "leaf", .issuer = "CA", .serial = 5, .until = stamped_ + 10 * kDay});
  const auto of_day = [&](long number, int day) {
    return ListPlan{.number = number, .this_update = stamped_ + day * kDay, .next_update = stamped_ + (day + 7) * kDay};
  };
  list({.number = 1, .this_update = stamped_ - 3 * kDay, .next_update = stamped_ + 4 * kDay});
  ListPlan held = of_day(2, 1);
  held.entries = {{.serial = 5, .reason = kHold, .at = stamped_ - kHour}};
  list(held);
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  list(of_day(3, 11));
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  clear();  // without the first one
  list(held);
  list(of_day(3, 11));
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  list(of_day(4, 9));  // made while it lasted
  expect_good();
}

// --- the level -------------------------------------------------------------------------------------------------------

// They last as any does, and are no level: nobody but the signer could have made them one.
TEST_F(LongTermTest, WithoutTheSignersCertificateOrTimeInWhatIsSignedThereIsNoLevel) {
  list(after_stamp());
  expect_good("B-LT");
  Facts unnamed = facts();
  unnamed.content.signatures[0].certificate_reference = pki::CertificateReference::kAbsent;
  Facts timeless = facts();
  timeless.content.signatures[0].claimed_signing_time.reset();
  for (const Facts& lacking : {unnamed, timeless}) {
    const Report report = judged(lacking);
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
    EXPECT_EQ(report.findings[0].level, "");
    EXPECT_EQ(report.findings[0].best_signature_time, stamped_);
  }
}

TEST_F(LongTermTest, WhatLiesBesideIsNotInside) {
  list(after_stamp(), Where::kBeside);
  expect_good("B-T");
  list(after_stamp());  // ECDSA: another list of the same content
  expect_good("B-LT");
}

TEST_F(LongTermTest, WhatIsInsideIsSoWhoeverBroughtItToo) {
  const auto made = maker_.list(after_stamp());
  for (const char* source : {"file", "embedded", "file"}) {
    evidence_.add(CrlItem{
        .id = made.ours->digest(), .crl = made.ours, .asked_for = {}, .source = source, .received_at = input_.now});
  }
  expect_good("B-LT");
}

TEST_F(LongTermTest, ACertificateThatIsNotInsideLowersTheLevel) {
  list(after_stamp());
  input_.candidates = {get("leaf")};
  inside_ = {"tsa"};
  expect_good("B-T");
}

TEST_F(LongTermTest, AnAnswerAboutTheSignerAloneLowersTheLevel) {
  list(after_stamp(), Where::kBeside);
  answer({.certificate = "leaf",
          .responder = "responder",
          .this_update = stamped_ + kHour,
          .next_update = stamped_ + kDay});
  expect_good("B-T");
}

// --- algorithms ------------------------------------------------------------------------------------------------------

class LongTermAlgorithmTest : public LongTermTest {
 protected:
  LongTermAlgorithmTest() : LongTermTest(CrlMaker::Keys::kRsa) {
    input_.policy = policy_for(pki::PolicyId::kKzArchive);
    begin(*base::parse_time("2013-01-15T12:00:00Z"));  // SHA-1 was still good
    input_.now = test::noon();
  }
};

// Nothing proves that the list is as old as it says: today anybody could make one whose digest fits.
TEST_F(LongTermAlgorithmTest, EvidenceByAnAlgorithmThatHasEndedIsNone) {
  list(after_stamp());
  expect_good();
  clear();
  ListPlan weak = after_stamp();
  weak.sha1 = true;
  list(weak);
  expect_of_stamp(Decision::kRetry, Code::kCrlSignature);
}

// A second certificate for the time-stamp authority, with another key, could be made today below the same weak digest,
// and would stamp any past time.
TEST_F(LongTermAlgorithmTest, AStampByAnAuthorityCertifiedByAnAlgorithmThatHasEndedIsNone) {
  certificate(
      {.name = "tsa", .issuer = "CA", .serial = 7, .extended_key_usage = "critical,timeStamping", .sha1 = true});
  list(after_stamp());
  expect_of_stamp(Decision::kRefuse, Code::kAlgorithmEnded);
  input_.existed_at = stamped_ + kDay;
  expect_good();
}

// Whoever vouches for the document vouches for what is in it.
TEST_F(LongTermAlgorithmTest, UnlessItIsVouchedFor) {
  ListPlan weak = after_stamp();
  weak.sha1 = true;
  list(weak);
  input_.existed_at = stamped_ + kDay;
  expect_good();
}

}  // namespace
}  // namespace tanba::verify
