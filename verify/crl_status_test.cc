// RFC 5280 6.3.3 over lists made for each rule: one thing changed decides alone.
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
using test::CertificatePlan;
using test::EntryPlan;
using test::ListPlan;
using test::noon;

constexpr Seconds kDay{86400};
constexpr int kKeyCompromise = 1;
constexpr int kHold = 6;
constexpr int kRemove = 8;

class CrlStatusTest : public testing::Test {
 protected:
  explicit CrlStatusTest(test::CrlMaker::Keys keys = test::CrlMaker::Keys::kEc)
      : context_(pki::test::make_context()), maker_(keys) {
    authority("CA");
    leaf({.serial = 5});
    input_.now = noon();
    input_.policy = policy_for(pki::PolicyId::kConformance);
    input_.key_purpose = pki::KeyPurpose::kAny;
    input_.evidence = &evidence_;
  }

  void authority(const std::string& name, const std::string& issuer = "") {
    maker_.certificate(
        {.name = name, .issuer = issuer, .serial = 2, .ca = true, .key_usage = "critical,keyCertSign,cRLSign"});
    at_hand(name);
  }
  // The leaf by A, whose name and anchor B has too.
  void twins() {
    anchors_ = {"Root"};
    authority("Root");
    for (const char* name : {"A", "B"}) {
      maker_.certificate({.name = name,
                          .issuer = "Root",
                          .subject = "CA",
                          .serial = name[0],
                          .ca = true,
                          .key_usage = "critical,keyCertSign,cRLSign"});
      at_hand(name);
    }
    leaf({.issuer = "A", .serial = 5});
    add({.signer = "Root"});
  }
  void at_hand(const std::string& name) { input_.candidates.push_back(maker_.get(name).ours); }
  // The certificate that is judged.
  void leaf(CertificatePlan plan) {
    plan.name = "leaf";
    if (plan.issuer.empty()) plan.issuer = "CA";
    maker_.certificate(plan);
  }
  void add(const ListPlan& plan) {
    const std::string source = "list " + std::to_string(evidence_.crls().size() + 1);
    evidence_.add(test::item_of(maker_.list(plan).ours, source, noon()));
  }
  void add_answer(const test::AnswerPlan& plan) { evidence_.add(test::item_of(maker_.answer(plan), "answer", noon())); }
  Report judge() {
    std::vector<pki::Anchor> anchors;
    for (const std::string& name : anchors_) {
      anchors.push_back({.certificate = maker_.get(name).ours,
                         .purposes = pki::TrustPurposes::all(),
                         .trusted_from = {},
                         .trusted_until = {}});
    }
    input_.trust = pki::TrustSnapshot::make(std::move(anchors), {});
    base::Budget budget{base::Limits{}};
    auto judgement = judge_certificate(*context_, nullptr, maker_.get("leaf").ours, input_, budget);
    if (!judgement) {
      ADD_FAILURE() << judgement.error().message();
      return {};
    }
    needs_ = std::move(judgement->needs);
    return std::move(judgement->report);
  }
  static std::vector<Code> codes(const Report& report) {
    std::vector<Code> all;
    for (const LocatedError& located : all_errors(report)) all.push_back(located.error.code());
    return all;
  }
  void expect_good() {
    const Report report = judge();
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << message(report);
  }
  // Refused or not decided, for this reason.
  void expect(Decision decision, Code code) {
    const Report report = judge();
    EXPECT_EQ(report.outcome.decision, decision) << message(report);
    const auto found = codes(report);
    EXPECT_NE(std::ranges::find(found, code), found.end()) << base::dotted(code) << " is not in" << message(report);
  }
  static std::string message(const Report& report) {
    std::string text;
    for (const LocatedError& located : all_errors(report)) {
      text += "\n  " + located.error.message() + " " + located.error.cause();
    }
    return text;
  }
  void clear() { evidence_ = {}; }

  std::unique_ptr<pki::Context> context_;
  test::CrlMaker maker_;
  EvidenceSet evidence_;
  JudgeInput input_;
  std::vector<Need> needs_;
  std::vector<std::string> anchors_ = {"CA"};
};

TEST_F(CrlStatusTest, AListThatDoesNotNameTheCertificateIsGood) {
  add({.entries = {{.serial = 6, .reason = kKeyCompromise}}});
  expect_good();
}

TEST_F(CrlStatusTest, AListedCertificateIsRevoked) {
  add({.entries = {{.serial = 5, .reason = kKeyCompromise}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(CrlStatusTest, AHoldRefuses) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

// --- dates of revocation that lie ahead ------------------------------------------------------------------------------

// A clock that is ahead, or a certificate that is to end later: it is listed, and nothing proves anything older.
TEST_F(CrlStatusTest, AnEntryOfALaterDateRevokesNow) {
  for (const Seconds ahead : {Seconds(60), 3650 * kDay}) {
    clear();
    add({.entries = {{.serial = 5, .reason = kKeyCompromise, .at = noon() + ahead}}});
    expect(Decision::kRefuse, Code::kRevocationRevoked);
    clear();
    add({});
    add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = kKeyCompromise, .at = noon() + ahead}}});
    expect(Decision::kRefuse, Code::kRevocationRevoked);
    clear();
    add_answer({.revoked = true, .revoked_at = noon() + ahead});
    expect(Decision::kRefuse, Code::kRevocationRevoked);
  }
}

TEST_F(CrlStatusTest, AnEntryOfALaterDateRevokesWhatIsAsYoungAsClocksMayDiffer) {
  input_.existed_at = noon() - Seconds(2);
  add({.this_update = noon() - Seconds(1),
       .entries = {{.serial = 5, .reason = kKeyCompromise, .at = noon() + Seconds(60)}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
  clear();  // the order is known
  add({.this_update = noon() - Seconds(1),
       .entries = {{.serial = 5, .reason = kKeyCompromise, .at = noon() - Seconds(1)}}});
  expect_good();
}

TEST_F(CrlStatusTest, AnEntryOfALaterDateLeavesWhatIsOlder) {
  input_.existed_at = noon() - 2 * kDay;
  add({.entries = {{.serial = 5, .reason = kKeyCompromise, .at = noon() + Seconds(60)}}});
  expect_good();
}

// It may be why the right one is missing.
TEST_F(CrlStatusTest, AStrangersListIsNamedWhereTheRightOneIsMissing) {
  authority("other");
  add({.signer = "other"});
  expect(Decision::kRetry, Code::kCrlIssuer);
  add({});
  expect_good();
}

// --- deltas ----------------------------------------------------------------------------------------------------------

TEST_F(CrlStatusTest, ADeltaAddsARevocation) {
  add({});
  expect_good();
  add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = kKeyCompromise}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(CrlStatusTest, ADeltaTakesBackAHold) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = kRemove}}});
  expect_good();
}

// RFC 5280 5.3.1: removeFromCRL "indicates that a certificate is to be removed from a CRL either because the
// certificate expired or was removed from hold": a revocation for good is neither.
TEST_F(CrlStatusTest, ADeltaDoesNotTakeBackARevocation) {
  add({.entries = {{.serial = 5, .reason = kKeyCompromise}}});
  add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(CrlStatusTest, RemoveFromCrlInACompleteListIsNoRelease) {
  add({.entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(CrlStatusTest, ADeltaAloneSaysNothing) {
  add({.number = 11, .base_number = 10});
  expect(Decision::kRetry, Code::kCrlDelta);
}

TEST_F(CrlStatusTest, ADeltaOfALaterBaseIsNotUsed) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  add({.number = 12, .base_number = 11, .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

TEST_F(CrlStatusTest, ADeltaOlderThanTheListIsNotUsed) {
  add({.number = 12, .entries = {{.serial = 5, .reason = kHold}}});
  add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

TEST_F(CrlStatusTest, ADeltaDoesNotOutliveItsBase) {
  add({.this_update = noon() - 3 * kDay, .next_update = noon() - kDay});
  add({.number = 11, .base_number = 10});
  expect(Decision::kRetry, Code::kCrlStale);
}

TEST_F(CrlStatusTest, AStaleDeltaIsNotUsedAndItsBaseIs) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  add({.number = 11,
       .base_number = 10,
       .this_update = noon() - 3 * kDay,
       .next_update = noon() - kDay,
       .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

TEST_F(CrlStatusTest, ADeltaFromTheFutureIsNotUsed) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  add({.number = 11,
       .base_number = 10,
       .this_update = noon() + kDay,
       .next_update = noon() + 3 * kDay,
       .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

TEST_F(CrlStatusTest, ADeltaOfAnotherScopeIsNotUsed) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  add({.number = 11, .base_number = 10, .point = "onlyuser=TRUE", .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

// RFC 5280 6.3.3 (h): by the key of the base, whoever else of that name there is.
TEST_F(CrlStatusTest, ADeltaByAnotherKeyIsNotUsed) {
  authority("other");
  add({.entries = {{.serial = 5, .reason = kHold}}, .has_key_id = false});
  add({.signer = "other",
       .issuer = "CA",
       .number = 11,
       .base_number = 10,
       .entries = {{.serial = 5, .reason = kRemove}},
       .has_key_id = false});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

TEST_F(CrlStatusTest, TheNewestOfSeveralDeltasCounts) {
  add({.entries = {{.serial = 5, .reason = kHold}}});
  add({.number = 12,
       .base_number = 10,
       .this_update = noon() - Seconds(60),
       .entries = {{.serial = 5, .reason = kRemove}}});
  add({.number = 11, .base_number = 10, .this_update = noon() - Seconds(3600)});
  expect_good();
}

TEST_F(CrlStatusTest, ADeltaIsNamedAsNeededWhereAListIsGoodForItself) {
  add({.freshest = "fullname=URI:http://crl/delta"});
  expect_good();
  ASSERT_EQ(needs_.size(), 1U);
  EXPECT_EQ(needs_[0].kind, Need::Kind::kCrl);
  EXPECT_EQ(needs_[0].sources, std::vector<std::string>{"http://crl/delta"});
  // Asked in vain: the list counts as it is.
  evidence_.note_asked("http://crl/delta", maker_.get("leaf").ours->digest());
  expect_good();
  EXPECT_TRUE(needs_.empty());
}

TEST_F(CrlStatusTest, TheCertificateMayNameTheDeltaToo) {
  leaf({.serial = 5, .freshest = "URI:http://crl/of-leaf"});
  add({});
  expect_good();
  ASSERT_EQ(needs_.size(), 1U);
  add({.number = 11, .base_number = 10});
  expect_good();
  EXPECT_TRUE(needs_.empty()) << "a delta is at hand";
}

// Whatever list it was made for: nobody but the authority can have listed it.
TEST_F(CrlStatusTest, ADeltaThatListsTheCertificateRefusesWithoutItsList) {
  for (const int reason : {kKeyCompromise, kHold}) {
    const Code code = reason == kHold ? Code::kRevocationOnHold : Code::kRevocationRevoked;
    clear();  // none at hand
    add({.number = 12, .base_number = 11, .entries = {{.serial = 5, .reason = reason}}});
    expect(Decision::kRefuse, code);
    clear();  // an older one
    add({});
    add({.number = 12, .base_number = 11, .entries = {{.serial = 5, .reason = reason}}});
    expect(Decision::kRefuse, code);
    clear();  // one of another scope
    add({.point = "onlyuser=TRUE"});
    add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = reason}}});
    expect(Decision::kRefuse, code);
  }
  // A newer delta does not take back what is for good.
  clear();
  add({});
  add({.number = 11,
       .base_number = 10,
       .this_update = noon() - Seconds(3600),
       .entries = {{.serial = 5, .reason = kKeyCompromise}}});
  add({.number = 12, .base_number = 10, .this_update = noon() - Seconds(60)});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(CrlStatusTest, ADeltaThatIsNotTheAuthoritysRefusesNothing) {
  authority("other");
  add({});
  add({.signer = "other",
       .issuer = "CA",
       .number = 12,
       .base_number = 11,
       .entries = {{.serial = 5, .reason = kKeyCompromise}},
       .has_key_id = false});
  expect_good();
  clear();
  add({});
  add({.number = 12, .base_number = 11, .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRetry, Code::kCrlDelta);
}

TEST_F(CrlStatusTest, AHoldOfADeltaEndsWithANewerList) {
  add({.number = 9, .base_number = 8, .this_update = noon() - 2 * kDay, .entries = {{.serial = 5, .reason = kHold}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({});
  expect_good();
}

// It is the delta's word, so its time decides what is newer, not that of the list that it goes on from.
TEST_F(CrlStatusTest, AHoldOfADeltaOutlastsAListThatIsOlderThanTheDelta) {
  add({.this_update = noon() - 2 * kDay});
  add({.number = -1});  // a newer list, which the delta does not go on from
  expect_good();
  add({.number = 11,
       .base_number = 10,
       .this_update = noon() - Seconds(3600),
       .entries = {{.serial = 5, .reason = kHold}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({.number = 12, .this_update = noon() - Seconds(60)});
  expect_good();
}

// The authority has made a newer list since: the one at hand may lack what that has.
TEST_F(CrlStatusTest, AListOlderThanADeltasBaseIsNotEnough) {
  leaf({.serial = 5, .points = "URI:http://crl/1"});
  add({});
  expect_good();
  add({.number = 12, .base_number = 11});
  expect(Decision::kRetry, Code::kCrlDelta);
  ASSERT_EQ(needs_.size(), 1U);
  EXPECT_EQ(needs_[0].sources, std::vector<std::string>{"http://crl/1"});
  add({.number = 11, .this_update = noon() - Seconds(3600)});
  expect_good();
}

// Whatever else is at hand: what one delta says of an older list it says also where it goes on from another one.
TEST_F(CrlStatusTest, AnOlderListIsNotEnoughWhereTheDeltaFitsAnotherOne) {
  leaf({.serial = 5, .points = "URI:http://crl/1"});
  input_.policy.embedded_crl_limit = kDay;
  add({.this_update = noon() - 2 * kDay});
  expect_good();
  evidence_.add(test::item_of(maker_.list({.number = 11, .this_update = noon() - 2 * kDay}).ours, "embedded", noon()));
  add({.number = 12, .base_number = 11, .this_update = noon() - 2 * kDay + Seconds(60)});
  expect(Decision::kRetry, Code::kCrlDelta);
}

// --- scope -----------------------------------------------------------------------------------------------------------

TEST_F(CrlStatusTest, ListsOfOtherKindsSayNothing) {
  for (const char* point : {"onlyCA=TRUE", "onlyAA=TRUE"}) {
    clear();
    add({.point = point});
    expect(Decision::kRetry, Code::kCrlScope);
  }
  clear();
  add({.point = "onlyuser=TRUE"});
  expect_good();
}

TEST_F(CrlStatusTest, ReasonsOfSeveralListsAddUp) {
  leaf({.serial = 5, .points = "URI:http://crl/1"});
  add({.point = "onlysomereasons=keyCompromise,CACompromise"});
  expect(Decision::kRetry, Code::kCrlReasons);
  add({.point =
           "onlysomereasons=affiliationChanged,superseded,cessationOfOperation,certificateHold,privilegeWithdrawn"});
  expect(Decision::kRetry, Code::kCrlReasons);  // aACompromise is open
  add({.point = "onlysomereasons=AACompromise"});
  expect_good();
}

TEST_F(CrlStatusTest, OneOfSeveralListsRevokes) {
  add({.point = "onlysomereasons=keyCompromise,CACompromise", .entries = {{.serial = 5, .reason = kKeyCompromise}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

// RFC 5280 6.3.3 (d): a point that names some reasons does not make its list speak of the others.
TEST_F(CrlStatusTest, ThePointsReasonsLimitAListToo) {
  const std::string sections = "[p1]\nfullname=URI:http://crl/1\nreasons=keyCompromise\n";
  leaf({.serial = 5, .points = "p1", .sections = sections});
  add({.point = "fullname=URI:http://crl/1"});
  expect(Decision::kRetry, Code::kCrlReasons);
}

TEST_F(CrlStatusTest, APartitionedListIsForItsOwnPointOnly) {
  leaf({.serial = 5, .points = "URI:http://crl/1"});
  add({.point = "fullname=URI:http://crl/2"});
  expect(Decision::kRetry, Code::kCrlScope);
  clear();
  add({.point = "fullname=URI:http://crl/1"});
  expect_good();
}

TEST_F(CrlStatusTest, ANameRelativeToTheIssuerIsCompared) {
  const std::string name = "[rel]\nOU=first\n";
  leaf({.serial = 5, .points = "p1", .sections = "[p1]\nrelativename=rel\n" + name});
  add({.point = "relativename=rel", .sections = "[rel]\nOU=second\n"});
  expect(Decision::kRetry, Code::kCrlScope);
  clear();
  add({.point = "relativename=rel", .sections = name});
  expect_good();
}

// --- indirect lists and other signers --------------------------------------------------------------------------------

class IndirectTest : public CrlStatusTest {
 protected:
  static constexpr const char* kSections =
      "[p1]\nfullname=URI:http://crl/1\nCRLissuer=dirName:issuer\n[issuer]\nCN=Lists\n";
  void SetUp() override { leaf({.serial = 5, .points = "p1", .sections = kSections}); }
  void lists_by(const std::string& issuer, const std::string& usage = "critical,cRLSign") {
    maker_.certificate(
        {.name = "Lists", .issuer = issuer, .serial = 9, .key_usage = usage, .points = "URI:http://crl/own"});
    at_hand("Lists");
  }
  ListPlan indirect(std::vector<EntryPlan> entries = {}) {
    return {.signer = "Lists", .point = "fullname=URI:http://crl/1\nindirectCRL=TRUE", .entries = std::move(entries)};
  }
  // The authority's own list, which speaks for the certificate of the lists' signer and no other.
  void add_own_list(const std::string& signer, std::vector<EntryPlan> entries = {}) {
    add({.signer = signer, .point = "fullname=URI:http://crl/own", .entries = std::move(entries)});
  }
};

TEST_F(IndirectTest, AnotherSignerThatThePointNamesMaySpeak) {
  lists_by("CA");
  add(indirect());
  expect(Decision::kRetry, Code::kCrlIssuer);  // whether its own certificate is revoked is not known
  add_own_list("CA");
  expect_good();
}

TEST_F(IndirectTest, EntriesCountForTheIssuerTheyName) {
  lists_by("CA");
  add_own_list("CA");
  add(indirect({{.serial = 5, .reason = kKeyCompromise}}));  // of "Lists" itself
  expect_good();
  clear();
  add_own_list("CA");
  add(indirect({{.serial = 5, .reason = kKeyCompromise, .issuer = "CA"}}));
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(IndirectTest, ASignerThatIsRevokedMayNotSpeak) {
  lists_by("CA");
  add(indirect());
  add_own_list("CA", {{.serial = 9, .reason = kKeyCompromise}});
  expect(Decision::kRetry, Code::kCrlIssuer);
}

TEST_F(IndirectTest, ASignerUnderAnotherAnchorMayNotSpeak) {
  authority("Foreign");
  anchors_ = {"CA", "Foreign"};
  lists_by("Foreign");
  add(indirect());
  add_own_list("Foreign");
  expect(Decision::kRetry, Code::kCrlIssuer);
}

TEST_F(IndirectTest, ASignerWithoutCrlSignMayNotSpeak) {
  lists_by("CA", "critical,digitalSignature");
  add(indirect());
  add_own_list("CA");
  expect(Decision::kRetry, Code::kCrlIssuer);
}

// RFC 5280 6.3.3 (b)(1): "verify that [...] the complete CRL contains an issuing distribution point extension with the
// indirectCRL boolean asserted".
TEST_F(IndirectTest, AListOfAnotherIssuerHasToSayThatItIsIndirect) {
  lists_by("CA");
  ListPlan plan = indirect();
  plan.point = "fullname=URI:http://crl/1";
  add(plan);
  add_own_list("CA");
  expect(Decision::kRetry, Code::kRevocationMissing);
}

// PKITS 4.14.30: the authority wrote into the signer's certificate that its own lists speak for it.
TEST_F(IndirectTest, ASignerSpeaksForItselfOnlyByItsAuthoritysWord) {
  maker_.certificate({.name = "Lists",
                      .issuer = "CA",
                      .serial = 9,
                      .key_usage = "critical,cRLSign",
                      .points = "p1",
                      .sections = kSections});
  at_hand("Lists");
  add(indirect());
  expect_good();
  clear();
  add(indirect({{.serial = 9, .reason = kKeyCompromise, .issuer = "CA"}}));
  expect(Decision::kRetry, Code::kCrlIssuer);
}

// The same authority with another key for lists: its certificate's path and status are needed too.
TEST_F(CrlStatusTest, AListByAnotherKeyOfTheAuthorityNeedsThatKeysStatus) {
  leaf({.serial = 5, .points = "URI:http://crl/1"});
  maker_.certificate({.name = "CRL key",
                      .issuer = "CA",
                      .subject = "CA",
                      .serial = 9,
                      .key_usage = "critical,cRLSign",
                      .points = "URI:http://crl/2"});
  at_hand("CRL key");
  const ListPlan list{.signer = "CRL key", .issuer = "CA", .point = "fullname=URI:http://crl/1"};
  add(list);
  expect(Decision::kRetry, Code::kCrlIssuer);
  add({.point = "fullname=URI:http://crl/2"});
  expect_good();
  clear();
  add(list);
  add({.point = "fullname=URI:http://crl/2", .entries = {{.serial = 9, .reason = kKeyCompromise}}});
  expect(Decision::kRetry, Code::kCrlIssuer);
  // What the key itself says of its certificate is worth nothing.
  clear();
  add(list);
  add({.signer = "CRL key", .issuer = "CA", .point = "fullname=URI:http://crl/2"});
  expect(Decision::kRetry, Code::kCrlIssuer);
}

// Which other keys of the issuer's name speak for what it issued, where documents are filed.
class OtherKeyTest : public CrlStatusTest {
 protected:
  OtherKeyTest() : CrlStatusTest(test::CrlMaker::Keys::kRsa) {
    twins();
    input_.policy = policy_for(pki::PolicyId::kKzSubmission);
  }
  void other_key(const std::string& issuer, const std::string& usage) {
    maker_.certificate({.name = "other", .issuer = issuer, .subject = "CA", .serial = 9, .key_usage = usage});
    at_hand("other");
  }
  void add_list_by(const std::string& signer, std::vector<EntryPlan> entries = {}) {
    add({.signer = signer, .issuer = "CA", .entries = std::move(entries)});
  }
};

TEST_F(OtherKeyTest, ANamesakesListMakesNothingGoodAndMayRevoke) {
  add_list_by("A");
  expect_good();
  clear();
  add({.signer = "Root"});
  add_list_by("B");
  expect(Decision::kRetry, Code::kCrlIssuer);
  add_list_by("B", {{.serial = 5, .reason = kKeyCompromise}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
  // RFC 5280 6.3.3 (f) asks for no more.
  clear();
  input_.policy = policy_for(pki::PolicyId::kConformance);
  add({.signer = "Root"});
  add_list_by("B");
  expect_good();
}

TEST_F(OtherKeyTest, AKeyThatTheIssuerCertifiedForItsNameMaySpeak) {
  leaf({.issuer = "A", .serial = 5, .points = "URI:http://crl/1"});
  maker_.certificate({.name = "other",
                      .issuer = "A",
                      .subject = "CA",
                      .serial = 9,
                      .ca = true,
                      .key_usage = "critical,keyCertSign,cRLSign",
                      .points = "URI:http://crl/2"});
  at_hand("other");
  add({.signer = "other", .issuer = "CA", .point = "fullname=URI:http://crl/1"});
  expect(Decision::kRetry, Code::kCrlIssuer);  // whether that key is revoked is not known
  add({.signer = "A", .issuer = "CA", .point = "fullname=URI:http://crl/2"});
  expect_good();
}

TEST_F(OtherKeyTest, AKeyForListsAloneByWhoCertifiedTheIssuerMaySpeak) {
  other_key("Root", "critical,cRLSign");
  add_list_by("other");
  expect_good();
}

TEST_F(OtherKeyTest, AKeyForListsUnderAnotherAuthorityMayNot) {
  other_key("B", "critical,cRLSign");
  add_list_by("B");  // about the signer of the list
  add_list_by("other");
  expect(Decision::kRetry, Code::kCrlIssuer);
}

TEST_F(OtherKeyTest, ACertificateThatDoesNotSayWhatItsKeyIsForMayNot) {
  other_key("Root", "");
  add_list_by("other");
  expect(Decision::kRetry, Code::kCrlIssuer);
}

// --- several lists of one scope --------------------------------------------------------------------------------------

TEST_F(CrlStatusTest, ANewerListEndsAHold) {
  add({.number = 9, .this_update = noon() - 2 * kDay, .entries = {{.serial = 5, .reason = kHold}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({});
  expect_good();
}

// RFC 5280 3.3: "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL issued
// beyond the revoked certificate's validity period."
TEST_F(CrlStatusTest, ANewerListDoesNotEndARevocation) {
  add({.number = 9, .this_update = noon() - 2 * kDay, .entries = {{.serial = 5, .reason = kKeyCompromise}}});
  add({});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

TEST_F(CrlStatusTest, AListOfAnotherScopeDoesNotEndAHold) {
  add({.number = 9, .this_update = noon() - 2 * kDay, .entries = {{.serial = 5, .reason = kHold}}});
  add({.point = "onlyuser=TRUE"});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

// Both are authorities under one anchor; what one of them held, the other knows nothing of.
TEST_F(CrlStatusTest, AnotherAuthorityOfTheNameLiftsNoHold) {
  twins();
  add({.signer = "A",
       .issuer = "CA",
       .number = 9,
       .this_update = noon() - 2 * kDay,
       .entries = {{.serial = 5, .reason = kHold}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({.signer = "B", .issuer = "CA"});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({.signer = "A", .issuer = "CA"});
  expect_good();
}

// --- ended certificates ----------------------------------------------------------------------------------------------

TEST_F(CrlStatusTest, AListMadeAfterTheCertificatesEndCountsOnlyWhereItKeepsEndedOnes) {
  leaf({.serial = 5, .until = noon() - 10 * kDay});
  input_.existed_at = noon() - 20 * kDay;
  add({});
  expect(Decision::kRetry, Code::kCrlExpiredCertificate);
  clear();
  add({.keeps_expired = noon() - 5 * kDay});
  expect(Decision::kRetry, Code::kCrlExpiredCertificate);
  clear();
  add({.keeps_expired = noon() - 100 * kDay});
  expect_good();
  clear();
  add({.this_update = noon() - 11 * kDay, .next_update = noon() - 9 * kDay});  // made before the end, after the proof
  expect_good();
}

TEST_F(CrlStatusTest, ARevocationIsBelievedHoweverLateTheList) {
  leaf({.serial = 5, .until = noon() - 10 * kDay});
  input_.existed_at = noon() - 20 * kDay;
  add({.entries = {{.serial = 5, .reason = kKeyCompromise, .at = noon() - 21 * kDay}}});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

// RFC 6960 4.4.4. A responder may forget certificates that have ended: its "good" is then nothing but "not on my list".
TEST_F(CrlStatusTest, AGoodAnswerAfterTheCertificatesEndNeedsArchiveCutoff) {
  leaf({.serial = 5, .until = noon() - 10 * kDay});
  input_.existed_at = noon() - 20 * kDay;
  add_answer({});
  expect(Decision::kRetry, Code::kOcspArchiveCutoff);
  clear();
  add_answer({.archive_cutoff = noon() - 5 * kDay});  // later than the end
  expect(Decision::kRetry, Code::kOcspArchiveCutoff);
  clear();
  add_answer({.archive_cutoff = noon() - 100 * kDay});
  expect_good();
  clear();
  add_answer({.this_update = noon() - 11 * kDay});  // made before the end
  expect_good();
  clear();
  add_answer({.revoked = true});  // nobody makes that up
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

// RFC 6960 4.4.5: an answer says it as a list's entry does.
TEST_F(CrlStatusTest, AnAnswersInvalidityDateReachesBackBehindTheRevocation) {
  leaf({.serial = 5});
  input_.existed_at = noon() - 40 * kDay;
  add_answer({.revoked = true, .invalidity_date = noon() - 35 * kDay});
  expect_good();
  clear();
  add_answer({.revoked = true, .invalidity_date = noon() - 50 * kDay});
  expect(Decision::kRefuse, Code::kRevocationRevoked);
}

// RFC 5280 3.3: after the end the entry may be dropped, which is no release.
TEST_F(CrlStatusTest, AListMadeAfterTheEndLiftsNoHold) {
  leaf({.serial = 5, .until = noon() - 10 * kDay});
  input_.existed_at = noon() - 20 * kDay;
  const std::vector<EntryPlan> held = {{.serial = 5, .reason = kHold, .at = noon() - 21 * kDay}};
  const auto begin = [&] {
    clear();  // what decides were it not for the hold
    add({.number = 7, .this_update = noon() - 16 * kDay, .next_update = noon() + kDay});
  };
  begin();
  expect_good();
  add({.number = 8, .this_update = noon() - 15 * kDay, .next_update = noon() + kDay, .entries = held});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({.number = 11, .keeps_expired = noon() - 5 * kDay});  // not those that ended before
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  add({.number = 12, .keeps_expired = noon() - 100 * kDay});
  expect_good();
  begin();
  add({.number = 8, .this_update = noon() - 15 * kDay, .next_update = noon() + kDay, .entries = held});
  add({.number = 9, .this_update = noon() - 10 * kDay, .next_update = noon() + kDay});  // made at the end
  expect_good();
}

TEST_F(CrlStatusTest, NorDoesItLiftTheHoldOfADelta) {
  leaf({.serial = 5, .until = noon() - 10 * kDay});
  input_.existed_at = noon() - 20 * kDay;
  const std::vector<EntryPlan> held = {{.serial = 5, .reason = kHold, .at = noon() - 21 * kDay}};
  const auto begin = [&] {
    clear();
    add({.number = 7, .this_update = noon() - 16 * kDay, .next_update = noon() + kDay});
    add({.number = 8,
         .base_number = 7,
         .this_update = noon() - 15 * kDay,
         .next_update = noon() + kDay,
         .entries = held});
    expect(Decision::kRefuse, Code::kRevocationOnHold);
  };
  begin();
  add({});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  begin();  // a newer delta neither
  add({.number = 11, .base_number = 7});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
  begin();
  add({.number = 9, .base_number = 7, .this_update = noon() - 14 * kDay, .next_update = noon() + kDay});
  expect_good();
}

// A delta that removes because the certificate has ended says nothing of a hold.
TEST_F(CrlStatusTest, ADeltaMadeAfterTheEndReleasesNothing) {
  leaf({.serial = 5, .until = noon() - 10 * kDay});
  input_.existed_at = noon() - 20 * kDay;
  add({.this_update = noon() - 11 * kDay,
       .next_update = noon() + kDay,
       .entries = {{.serial = 5, .reason = kHold, .at = noon() - 25 * kDay}}});
  add({.number = 11, .base_number = 10, .entries = {{.serial = 5, .reason = kRemove}}});
  expect(Decision::kRefuse, Code::kRevocationOnHold);
}

}  // namespace
}  // namespace tanba::verify
