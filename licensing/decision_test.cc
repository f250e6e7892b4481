#include "licensing/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "licensing/testing.h"

namespace tanba::licensing {
namespace {

using base::Code;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace tanba::licensing::testing;  // NOLINT: the values of these tests

const Services kServices = *Services::make(default_services());
const EntitlementPolicy kPolicy = default_entitlement_policy();

ApplicationFacts facts(ApplicationState state = ApplicationState::kInReview) {
  return {"A-2026-01-0000001-00", "oil-gas", std::string(kOilGasBin), state};
}

DecisionTerms terms(DecisionKind kind, std::string reason = "") {
  return {kind, std::move(reason), std::nullopt};
}

const Date kToday = *parse_date("2026-05-29");

std::vector<Code> propose(const ApplicationFacts& application, const Officer& by, DecisionTerms with) {
  return codes_of(propose_decision(application, *kServices.find("oil-gas"), by, std::move(with), kToday));
}

TEST(ProposeDecision, ByAListedOfficerOfTheLicensor) {
  const auto proposal = propose_decision(facts(), *kServices.find("oil-gas"), officer(),
                                         terms(DecisionKind::kRefusal, "нет оборудования"), kToday);
  ASSERT_TRUE(proposal);
  EXPECT_EQ(proposal->number_kind(), NumberKind::kRefusal);
  EXPECT_THAT(propose(facts(ApplicationState::kRegistered), officer(), terms(DecisionKind::kGrant)), IsEmpty());
  Officer unlisted = officer();
  unlisted.listing = Listing::kNotListed;
  EXPECT_THAT(propose(facts(), unlisted, terms(DecisionKind::kGrant)), ElementsAre(Code::kRoleNotListed));
  EXPECT_THAT(propose(facts(), officer(kIndustryBin), terms(DecisionKind::kGrant)),
              ElementsAre(Code::kIdentityMismatch));
}

TEST(ProposeDecision, OnceAndWithReasons) {
  EXPECT_THAT(propose(facts(ApplicationState::kGranted), officer(), terms(DecisionKind::kGrant)),
              ElementsAre(Code::kRegistryState));
  EXPECT_THAT(propose(facts(ApplicationState::kRefused), officer(), terms(DecisionKind::kGrant)),
              ElementsAre(Code::kRegistryState));
  EXPECT_THAT(propose(facts(), officer(), terms(DecisionKind::kRefusal)), ElementsAre(Code::kInputMember));
  // White space is no reason, of whatever width.
  for (const char* blank : {" ", " \n\t\r", "\u00a0", "\u2003\u200b\u3000", "\u2060\ufeff"}) {
    EXPECT_THAT(propose(facts(), officer(), terms(DecisionKind::kRefusal, blank)), ElementsAre(Code::kInputMember));
  }
  EXPECT_THAT(propose(facts(), officer(), terms(DecisionKind::kRefusal, " №")), IsEmpty());
  // What the document could not carry is refused before a number is spent, whatever is decided.
  for (const char* not_xml : {"плохо\x01", "плохо\x1f", "\uffff", "плохо \ufffe"}) {
    for (const DecisionKind kind : {DecisionKind::kRefusal, DecisionKind::kGrant}) {
      EXPECT_THAT(propose(facts(), officer(), terms(kind, not_xml)), ElementsAre(Code::kInputMember));
    }
  }
  EXPECT_THAT(propose(facts(), officer(), terms(DecisionKind::kRefusal, "а)\r\n\tб)")), IsEmpty());
  EXPECT_THAT(propose(facts(), officer(), terms(DecisionKind::kRefusal, std::string(kMaxReasonBytes + 1, 'x'))),
              ElementsAre(Code::kInputMember));
  ApplicationFacts other = facts();
  other.service = "poisons";
  EXPECT_THAT(propose(other, officer(), terms(DecisionKind::kGrant)), ElementsAre(Code::kApplicationService));
}

DecisionTerms until(const char* date) {
  DecisionTerms terms{DecisionKind::kGrant, "", {}};
  if (*date != '\0') terms.valid_until = *parse_date(date);
  return terms;
}

TEST(ProposeDecision, ALicenceIsGoodForADayAtLeast) {
  EXPECT_THAT(propose(facts(), officer(), until("2026-05-30")), IsEmpty());
  EXPECT_THAT(propose(facts(), officer(), until("2026-05-29")), ElementsAre(Code::kInputMember));
  EXPECT_THAT(propose(facts(), officer(), until("1999-01-01")), ElementsAre(Code::kInputMember));
}

ApplicationFacts replacing(Action action, const char* valid_until = "", LicenceState state = LicenceState::kActive) {
  ApplicationFacts application = facts();
  application.action = action;
  application.licence = LicenceFacts{"L-2026-01-0000001-00",     "oil-gas", ApplicantKind::kIndividual,
                                     std::string(kApplicantIin), state,     until(valid_until).valid_until};
  return application;
}

TEST(ProposeDecision, OnlyWhatIsInForceIsReplaced) {
  for (const Action action : {Action::kReissue, Action::kDuplicate}) {
    EXPECT_THAT(propose(replacing(action), officer(), until("")), IsEmpty());
    EXPECT_THAT(propose(replacing(action, "2026-05-29"), officer(), until("")), IsEmpty()) << "its last day";
    EXPECT_THAT(propose(replacing(action, "2026-05-28"), officer(), until("")), ElementsAre(Code::kApplicationLicence));
    for (const LicenceState state : {LicenceState::kSuspended, LicenceState::kTerminated, LicenceState::kReplaced}) {
      EXPECT_THAT(propose(replacing(action, "", state), officer(), until("")), ElementsAre(Code::kApplicationLicence));
      EXPECT_THAT(propose(replacing(action, "", state), officer(), terms(DecisionKind::kRefusal, "приостановлена")),
                  IsEmpty());
    }
    ApplicationFacts unknown = replacing(action);
    unknown.licence.reset();
    EXPECT_THAT(propose(unknown, officer(), until("")), ElementsAre(Code::kApplicationLicence));
  }
}

TEST(ProposeDecision, ADuplicateEndsWithItsOriginal) {
  const auto end_of = [](const ApplicationFacts& application, DecisionTerms with) {
    return propose_decision(application, *kServices.find("oil-gas"), officer(), std::move(with), kToday)
        ->terms()
        .valid_until;
  };
  const auto end = parse_date("2027-01-01").value();
  EXPECT_EQ(end_of(replacing(Action::kDuplicate, "2027-01-01"), until("")), end);
  EXPECT_EQ(end_of(replacing(Action::kDuplicate, "2027-01-01"), until("2027-01-01")), end);
  EXPECT_EQ(end_of(replacing(Action::kDuplicate), until("")), std::nullopt);
  EXPECT_THAT(propose(replacing(Action::kDuplicate, "2027-01-01"), officer(), until("2028-01-01")),
              ElementsAre(Code::kInputMember));
  EXPECT_THAT(propose(replacing(Action::kDuplicate), officer(), until("2028-01-01")), ElementsAre(Code::kInputMember));
  // A reissue may get another end; silence is none.
  EXPECT_EQ(end_of(replacing(Action::kReissue, "2027-01-01"), until("")), end);
  EXPECT_EQ(end_of(replacing(Action::kReissue, "2027-01-01"), until("2028-01-01")), parse_date("2028-01-01").value());
}

Intent signing_intent(SigningMode mode = SigningMode::kWorkstation) {
  Intent intent{};
  intent.id = "6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a02";
  intent.mode = mode;
  intent.state = IntentState::kSigning;
  intent.licensor_bin = kOilGasBin;
  intent.officer = officer();
  intent.content = base::sha256(base::as_bytes("prepared"));
  return intent;
}

std::vector<Code> accept(const Intent& intent, std::vector<SignatureFinding> signatures) {
  return codes_of(accept_signed_decision(intent, base::sha256(base::as_bytes("signed")), signatures, kPolicy));
}

TEST(AcceptSignedDecision, TheOfficersSignatureOverThePreparedOctets) {
  const Intent intent = signing_intent();
  EXPECT_THAT(accept(intent, {officer_signature(intent.content)}), IsEmpty());
  EXPECT_THAT(accept(intent, {}), ElementsAre(Code::kFormatNoSignature));
  EXPECT_THAT(accept(intent, {officer_signature(intent.content), officer_signature(intent.content)}),
              ElementsAre(Code::kLimitCount));
  EXPECT_THAT(accept(intent, {officer_signature({})}), ElementsAre(Code::kXmlPreparedChanged));
  SignatureFinding partial = officer_signature(intent.content);
  partial.coverage = Coverage::kPartial;
  EXPECT_THAT(accept(intent, {partial}), ElementsAre(Code::kCoveragePartial));
  SignatureFinding rejected = officer_signature(intent.content);
  rejected.verdict = SignatureVerdict::kNotAccepted;
  EXPECT_THAT(accept(intent, {rejected}), ElementsAre(Code::kInternal));
  rejected.errors = {base::Error(Code::kRevocationRevoked)};
  EXPECT_THAT(accept(intent, {rejected}), ElementsAre(Code::kRevocationRevoked));
  Intent prepared = intent;
  prepared.state = IntentState::kPrepared;
  EXPECT_THAT(accept(prepared, {officer_signature(intent.content)}), ElementsAre(Code::kIntentState));
}

// 19:00Z is midnight in UTC+5.
TEST(CheckNotExpired, IsOfTheDayOnWhichItWasPreparedAndAnHourOverMidnight) {
  const WorkingCalendar calendar(default_calendar());
  Intent intent = signing_intent();
  const auto signed_at = [&](const char* prepared, const char* now) {
    intent.created_at = *base::parse_time(prepared);
    const auto checked = check_not_expired(intent, {calendar, *base::parse_time(now)});
    if (checked) return std::string("good");
    EXPECT_EQ(checked.error().code(), Code::kIntentState);
    return checked.error().arguments().back().value;
  };
  EXPECT_EQ(signed_at("2026-05-28T19:00:00Z", "2026-05-29T18:59:59Z"), "good");
  EXPECT_EQ(signed_at("2026-05-28T19:00:00Z", "2026-05-29T19:00:00Z"), "expired");
  EXPECT_EQ(signed_at("2026-05-29T18:40:00Z", "2026-05-29T19:40:00Z"), "good");
  EXPECT_EQ(signed_at("2026-05-29T18:40:00Z", "2026-05-29T19:40:01Z"), "expired");
  EXPECT_EQ(signed_at("2026-11-28T04:00:00Z", "2027-01-12T04:00:00Z"), "expired");
  // A licence is good for a day at least after the one on which it is signed.
  intent.terms.valid_until = parse_date("2026-05-30").value();
  EXPECT_EQ(signed_at("2026-05-29T18:40:00Z", "2026-05-29T18:59:59Z"), "good");
  EXPECT_EQ(signed_at("2026-05-29T18:40:00Z", "2026-05-29T19:00:00Z"), "expired");
}

TEST(AcceptSignedDecision, NobodySignsInAnothersName) {
  const Intent intent = signing_intent();
  SignatureFinding colleague = officer_signature(intent.content);
  colleague.signer.iin = "840811400084";
  EXPECT_THAT(accept(intent, {colleague}), ElementsAre(Code::kIdentityMismatch));
  EXPECT_THAT(accept(intent, {officer_signature(intent.content, kIndustryBin)}), ElementsAre(Code::kIdentityMismatch));
  SignatureFinding employee = officer_signature(intent.content);
  employee.signer.roles = {"1.2.398.3.3.4.1.2.5"};
  EXPECT_THAT(accept(intent, {employee}), ElementsAre(Code::kRoleNotEntitled));
  Intent unlisted = intent;
  unlisted.officer.listing = Listing::kNotListed;
  EXPECT_THAT(accept(unlisted, {officer_signature(intent.content)}), ElementsAre(Code::kRoleNotListed));
}

TEST(AcceptSignedDecision, TheKeyServersKeyIsTheLicensors) {
  const Intent intent = signing_intent(SigningMode::kKeyd);
  SignatureFinding key = officer_signature(intent.content);
  key.signer.iin = "840811400084";
  EXPECT_THAT(accept(intent, {key}), IsEmpty());
  EXPECT_THAT(accept(intent, {officer_signature(intent.content, kIndustryBin)}), ElementsAre(Code::kIdentityMismatch));
}

}  // namespace
}  // namespace tanba::licensing
