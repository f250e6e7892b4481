#include "licensing/registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <barrier>
#include <future>
#include <set>
#include <thread>

#include "licensing/registry/testing.h"

namespace tanba::licensing::registry {
namespace {

using base::Code;
using namespace tanba::licensing::registry::testing;  // NOLINT: the values of these tests
using licensing::testing::kIndustryBin;
using licensing::testing::kNow;
using licensing::testing::kOilGasBin;
using licensing::testing::officer;

class RegistryTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { open(); }
  void open() { open(place_.options()); }
  void open(const Options& options) {
    registry_.reset();
    auto opened = Registry::open(options, clock_);
    ASSERT_TRUE(opened) << opened.error().message() << opened.error().cause();
    registry_ = *std::move(opened);
    Officer listed = officer();
    ASSERT_TRUE(registry_->execute(PutStaff{{listed, StaffKind::kOfficer}, {CallerKind::kSystem, "test"}}));
  }
  std::string registered(int n) {
    auto answer = registry_->execute(registration(n));
    EXPECT_TRUE(answer) << answer.error().message() << answer.error().cause();
    return answer ? answer->number : "";
  }
  std::string reserved(const std::string& application, DecisionKind kind = DecisionKind::kGrant) {
    auto number = registry_->execute(ReserveNumber{proposal(application, kind), kNow});
    EXPECT_TRUE(number) << number.error().message() << number.error().cause();
    return number ? number->text() : "";
  }
  // An intent in state `signing`.
  Intent signing(int n, const std::string& application, DecisionKind kind = DecisionKind::kGrant) {
    const std::string number = reserved(application, kind);
    EXPECT_TRUE(registry_->execute(preparation(n, application, number, SigningMode::kWorkstation, kind)));
    return registry_->execute(MarkSigning{uuid(n), day_at(kNow)}).value();
  }
  std::string granted(int n) {
    const std::string application = registered(n);
    const Intent intent = signing(n, application);
    EXPECT_TRUE(registry_->execute(commitment(intent, n)));
    return intent.number;
  }
  std::vector<std::string> events() {
    std::vector<std::string> out;
    const auto rows = registry_->journal(0, kMaxPageRows).value();
    for (const JournalRow& row : rows) out.push_back(row.event);
    return out;
  }

  Place place_{GetParam()};
  base::FixedClock clock_{kNow};
  std::unique_ptr<Registry> registry_;
};

// Of whatever was registered with one: it waits for its seal, then for its time stamp, and what came first stays.
TEST_P(RegistryTest, CapsulesWaitForSealAndTimeStamp) {
  const auto octets = [](std::string_view text) { return base::to_bytes(base::as_bytes(text)); };
  RegisterApplication command = registration(1);
  command.evidence.push_back(
      {std::string(kCapsuleEvidence), base::sha256(base::as_bytes("a manifest")), octets("a manifest")});
  const std::string number = registry_->execute(std::move(command)).value().number;
  registered(2);  // without one
  EXPECT_EQ(registry_->capsule(number)->manifest, base::sha256(base::as_bytes("a manifest")));
  EXPECT_EQ(code_of(registry_->capsule("another")), Code::kRegistryNotFound);
  ASSERT_EQ(registry_->capsules(CapsuleLack::kSeal, 10)->size(), 1U);
  EXPECT_EQ(registry_->capsules(CapsuleLack::kSeal, 10)->front().owner, number);
  EXPECT_EQ(*registry_->count_capsules(CapsuleLack::kTimeStamp), 0) << "first the seal";
  EXPECT_EQ(code_of(registry_->execute(PutOnCapsule{number, CapsuleLack::kTimeStamp, octets("a token")})),
            Code::kRegistryState);

  ASSERT_TRUE(registry_->execute(PutOnCapsule{number, CapsuleLack::kSeal, octets("a seal")}));
  ASSERT_TRUE(registry_->execute(PutOnCapsule{number, CapsuleLack::kSeal, octets("another seal")}));
  EXPECT_EQ(base::as_text(*registry_->document(*registry_->capsule(number)->seal)), "a seal");
  EXPECT_EQ(*registry_->count_capsules(CapsuleLack::kSeal), 0);
  EXPECT_EQ(*registry_->count_capsules(CapsuleLack::kTimeStamp), 1);
  ASSERT_TRUE(registry_->execute(PutOnCapsule{number, CapsuleLack::kTimeStamp, octets("a token")}));
  ASSERT_TRUE(registry_->execute(PutOnCapsule{number, CapsuleLack::kTimeStamp, octets("another token")}));
  EXPECT_EQ(base::as_text(*registry_->document(*registry_->capsule(number)->time_stamp)), "a token");
  EXPECT_EQ(*registry_->count_capsules(CapsuleLack::kTimeStamp), 0);
  EXPECT_EQ(code_of(registry_->execute(PutOnCapsule{"another", CapsuleLack::kSeal, octets("a seal")})),
            Code::kRegistryNotFound);
  EXPECT_EQ(std::ranges::count(events(), "capsule.sealed"), 1);
  EXPECT_EQ(std::ranges::count(events(), "capsule.stamped"), 1);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, RegistryTest, ::testing::Values(Backend::kSqlite));
INSTANTIATE_TEST_SUITE_P(Postgres, RegistryTest,
                         ::testing::ValuesIn(postgres_connection().empty() ? std::vector<Backend>()
                                                                           : std::vector<Backend>{Backend::kPostgres}));

// --- registering ---------------------------------------------------------------------------------------------------

TEST_P(RegistryTest, AnApplicationIsKeptWithAllThatBelongsToIt) {
  const auto answer = registry_->execute(registration(1));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->repetition, Repetition::kFirst);
  const auto number = parse_register_number(answer->number);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->kind(), NumberKind::kApplication);
  EXPECT_EQ(number->year(), 2026U);
  EXPECT_EQ(number->service_code(), 1U);
  EXPECT_EQ(number->sequence(), 1U);

  const auto row = registry_->application(Everything{}, answer->number);
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ(row->caller, (Caller{CallerKind::kPortal, "egov"}));
  EXPECT_EQ(row->state, ApplicationState::kRegistered);
  EXPECT_EQ(row->applicant_name, "ДЕМОВ АЙДОС ТЕСТОВИЧ");
  EXPECT_EQ(row->applicant_origin, "self-signed");
  EXPECT_EQ(row->registered_at, kNow);
  EXPECT_EQ(format_date(row->due_on), "2026-06-19");
  ASSERT_EQ(row->attachments.size(), 1U);
  EXPECT_EQ(row->attachments[0].fields.name, "receipt.pdf");
  EXPECT_EQ(row->attachments[0].size_bytes, 7U);
  EXPECT_EQ(base::as_text(*registry_->document(row->document)), "application 1");
  EXPECT_EQ(base::as_text(*registry_->document(row->report)), R"({"decision":"accept"})");
  EXPECT_EQ(base::as_text(*registry_->document(row->attachments[0].fields.digest)), "receipt");
  const auto evidence = registry_->evidence(answer->number);
  ASSERT_EQ(evidence->size(), 1U);
  EXPECT_EQ(evidence->at(0).kind, "ocsp");
  EXPECT_EQ(base::as_text(*registry_->document(evidence->at(0).digest)), "an answer");
}

TEST_P(RegistryTest, ARepeatByTheSameCallerGetsTheFirstAnswer) {
  const auto first = registry_->execute(registration(1));
  RegisterApplication again = registration(1);
  again.received_at += base::Seconds(3600);
  again.report = R"({"decision":"accept","again":1})";
  const auto second = registry_->execute(std::move(again));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->repetition, Repetition::kRepeat);
  EXPECT_EQ(second->number, first->number);
  EXPECT_EQ(second->registered_at, first->registered_at);
  EXPECT_EQ(second->report, first->report);
  EXPECT_EQ(registry_->applications(Everything{}, {})->size(), 1U);
  const auto prior = registry_->find_request(uuid(1));
  ASSERT_TRUE(prior->has_value());
  EXPECT_EQ((*prior)->answer.number, first->number);
  EXPECT_EQ((*prior)->caller.id, "egov");
  EXPECT_FALSE(registry_->find_request(uuid(2))->has_value());
}

TEST_P(RegistryTest, ARequestIdIsNotTakenForOtherContentOrByAnother) {
  registered(1);
  RegisterApplication other_content = registration(1);
  other_content.document.push_back('!');
  EXPECT_EQ(code_of(registry_->execute(std::move(other_content))), Code::kRequestRepeated);
  EXPECT_EQ(code_of(registry_->execute(registration(1, "another"))), Code::kRequestRepeated);
  RegisterApplication other_kind = registration(1);
  other_kind.caller.kind = CallerKind::kOperator;
  EXPECT_EQ(code_of(registry_->execute(std::move(other_kind))), Code::kRequestRepeated);
  // What was refused took no number.
  EXPECT_EQ(parse_register_number(registered(2))->sequence(), 2U);
}

TEST_P(RegistryTest, AttachmentsAreExactlyTheSignedOnes) {
  RegisterApplication missing = registration(1);
  missing.attachments.clear();
  EXPECT_EQ(code_of(registry_->execute(std::move(missing))), Code::kApplicationAttachment);
  RegisterApplication extra = registration(1);
  extra.attachments.push_back({1, 2, 3});
  EXPECT_EQ(code_of(registry_->execute(std::move(extra))), Code::kApplicationAttachment);
  EXPECT_TRUE(registry_->execute(registration(1)));
}

TEST_P(RegistryTest, EvidenceIsGivenOrThereAlready) {
  RegisterApplication unknown = registration(1);
  unknown.evidence.push_back({"crl", base::sha256(base::as_bytes("a list")), {}});
  EXPECT_EQ(code_of(registry_->execute(std::move(unknown))), Code::kRegistryNotFound);
  ASSERT_TRUE(registry_->documents().put(base::as_bytes("a list")));
  RegisterApplication known = registration(1);
  known.evidence.push_back({"crl", base::sha256(base::as_bytes("a list")), {}});
  const auto answer = registry_->execute(std::move(known));
  ASSERT_TRUE(answer);
  EXPECT_EQ(registry_->evidence(answer->number)->size(), 2U);
  RegisterApplication wrong = registration(2);
  wrong.evidence[0].digest = base::Digest{};
  EXPECT_EQ(code_of(registry_->execute(std::move(wrong))), Code::kInternal);
}

TEST_P(RegistryTest, NumbersStartAnewWithTheYearInKazakhstan) {
  RegisterApplication old_year = registration(1);
  old_year.received_at = *base::parse_time("2026-12-31T18:59:59Z");
  RegisterApplication new_year = registration(2);
  new_year.received_at = *base::parse_time("2026-12-31T19:00:00Z");
  EXPECT_EQ(parse_register_number(registry_->execute(std::move(old_year))->number)->year(), 2026U);
  const auto number = parse_register_number(registry_->execute(std::move(new_year))->number);
  EXPECT_EQ(number->year(), 2027U);
  EXPECT_EQ(number->sequence(), 1U);
}

// --- who sees what -------------------------------------------------------------------------------------------------

TEST_P(RegistryTest, TenantsSeeTheirOwnOnly) {
  const std::string mine = registered(1);
  const std::string theirs = registry_->execute(registration(2, "another"))->number;
  const Scope portal = OfPortal{"egov"};
  EXPECT_TRUE(registry_->application(portal, mine));
  EXPECT_EQ(code_of(registry_->application(portal, theirs)), Code::kRegistryNotFound);
  EXPECT_EQ(registry_->applications(portal, {})->size(), 1U);
  EXPECT_EQ(registry_->applications(OfLicensor{std::string(kOilGasBin)}, {})->size(), 2U);
  EXPECT_EQ(registry_->applications(OfLicensor{std::string(kIndustryBin)}, {})->size(), 0U);
  EXPECT_EQ(code_of(registry_->application(OfLicensor{std::string(kIndustryBin)}, mine)), Code::kRegistryNotFound);
  // An officer of that name is no portal of that name.
  RegisterApplication by_officer = registration(3);
  by_officer.caller.kind = CallerKind::kOfficer;
  ASSERT_TRUE(registry_->execute(std::move(by_officer)));
  EXPECT_EQ(registry_->applications(portal, {})->size(), 1U);
}

TEST_P(RegistryTest, AReceiptIsOfExactlyTheseOctetsAndForWhoMaySeeThem) {
  ASSERT_FALSE(granted(1).empty());
  const ApplicationRow application = registry_->applications(Everything{}, {})->at(0);
  const DecisionRow decision = *registry_->decision(Everything{}, application.number);
  for (const Scope& scope : std::vector<Scope>{OfPortal{"egov"}, OfLicensor{std::string(kOilGasBin)}, Everything{}}) {
    EXPECT_EQ(*registry_->receipt(scope, application.document), application.registered_at);
    EXPECT_EQ(*registry_->receipt(scope, decision.document), decision.decided_at);
    // Stored too, but neither application nor decision.
    EXPECT_EQ(*registry_->receipt(scope, application.report), std::nullopt);
    EXPECT_EQ(*registry_->receipt(scope, base::sha256(base::as_bytes("another"))), std::nullopt);
  }
  for (const Scope& scope : std::vector<Scope>{OfPortal{"another"}, OfLicensor{std::string(kIndustryBin)}}) {
    EXPECT_EQ(*registry_->receipt(scope, application.document), std::nullopt);
    EXPECT_EQ(*registry_->receipt(scope, decision.document), std::nullopt);
  }
}

TEST_P(RegistryTest, DecisionsAndLicencesFollowTheirApplication) {
  const std::string licence = granted(1);
  const std::string application = registry_->applications(Everything{}, {})->at(0).number;
  for (const Scope& scope : std::vector<Scope>{OfPortal{"egov"}, OfLicensor{std::string(kOilGasBin)}, Everything{}}) {
    EXPECT_TRUE(registry_->licence(scope, licence));
    EXPECT_TRUE(registry_->decision(scope, application));
    EXPECT_EQ(registry_->licences(scope, {})->size(), 1U);
  }
  for (const Scope& scope : std::vector<Scope>{OfPortal{"another"}, OfLicensor{std::string(kIndustryBin)}}) {
    EXPECT_EQ(code_of(registry_->licence(scope, licence)), Code::kRegistryNotFound);
    EXPECT_EQ(code_of(registry_->decision(scope, application)), Code::kRegistryNotFound);
    EXPECT_EQ(registry_->licences(scope, {})->size(), 0U);
  }
}

TEST_P(RegistryTest, ListsComeInPagesAndByStateServiceAndApplicant) {
  std::vector<std::string> numbers;
  for (int i = 1; i <= 5; ++i) numbers.push_back(registered(i));
  ApplicationQuery query;
  query.limit = 2;
  std::vector<std::string> seen;
  for (int page = 0; page < 4; ++page) {
    const auto rows = registry_->applications(Everything{}, query).value();
    for (const auto& row : rows) seen.push_back(row.number);
    if (!seen.empty()) query.after = seen.back();
  }
  EXPECT_EQ(seen, numbers);
  EXPECT_EQ(code_of(registry_->applications(Everything{}, {.after = "A-2026-01-0000099-00"})), Code::kInputMember);
  ASSERT_TRUE(registry_->execute(TakeIntoReview{numbers[0], officer()}));
  EXPECT_EQ(registry_->applications(Everything{}, {.states = {ApplicationState::kInReview}})->size(), 1U);
  EXPECT_EQ(
      registry_->applications(Everything{}, {.states = {ApplicationState::kInReview, ApplicationState::kRegistered}})
          ->size(),
      5U);
  EXPECT_EQ(registry_->applications(Everything{}, {.service = "ozone"})->size(), 0U);
  EXPECT_EQ(registry_->applications(Everything{}, {.applicant_number = std::string(licensing::testing::kApplicantIin)})
                ->size(),
            5U);
  EXPECT_EQ(registry_->applications(Everything{}, {.applicant_number = "' OR 1=1 --"})->size(), 0U);
}

// --- from intent to decision ---------------------------------------------------------------------------------------

TEST_P(RegistryTest, ALicenceComesFromASignedIntent) {
  const std::string application = registered(1);
  const std::string number = reserved(application);
  EXPECT_EQ(parse_register_number(number)->kind(), NumberKind::kLicence);
  EXPECT_EQ(registry_->application(Everything{}, application)->state, ApplicationState::kInReview);
  const auto prepared = registry_->execute(preparation(1, application, number));
  ASSERT_TRUE(prepared) << prepared.error().message() << prepared.error().cause();
  EXPECT_EQ(prepared->state, IntentState::kPrepared);
  EXPECT_EQ(prepared->officer.listing, Listing::kListed);
  EXPECT_EQ(*registry_->document(prepared->prepared), prepared_document(1));
  const auto signing = registry_->execute(MarkSigning{uuid(1), day_at(kNow)});
  ASSERT_TRUE(signing);
  const auto decided = registry_->execute(commitment(*signing, 1));
  ASSERT_TRUE(decided) << decided.error().message() << decided.error().cause();
  EXPECT_EQ(decided->number, number);

  EXPECT_EQ(registry_->application(Everything{}, application)->state, ApplicationState::kGranted);
  const auto licence = registry_->licence(Everything{}, number);
  ASSERT_TRUE(licence) << licence.error().message();
  EXPECT_EQ(licence->state, LicenceState::kActive);
  EXPECT_EQ(licence->register_kind, RegisterKind::kLicence);
  EXPECT_EQ(licence->holder_name, "ДЕМОВ АЙДОС ТЕСТОВИЧ");
  EXPECT_EQ(*registry_->document(licence->document), signed_document(1));
  EXPECT_EQ(registry_->decision(Everything{}, application)->kind, DecisionKind::kGrant);
  EXPECT_EQ(registry_->intent(uuid(1))->state, IntentState::kCommitted);
  EXPECT_EQ(registry_->intent(uuid(1))->signed_document, base::sha256(signed_document(1)));
  EXPECT_THAT(events(),
              ::testing::ElementsAre("staff.put", "application.registered", "application.in-review", "number.reserved",
                                     "intent.prepared", "intent.signing", "decision.committed"));
}

TEST_P(RegistryTest, ARefusalIsADecisionWithoutLicence) {
  const std::string application = registered(1);
  const Intent intent = signing(1, application, DecisionKind::kRefusal);
  EXPECT_EQ(parse_register_number(intent.number)->kind(), NumberKind::kRefusal);
  ASSERT_TRUE(registry_->execute(commitment(intent, 1)));
  EXPECT_EQ(registry_->application(Everything{}, application)->state, ApplicationState::kRefused);
  EXPECT_EQ(registry_->decision(Everything{}, application)->reason, "не хватает оборудования");
  EXPECT_EQ(registry_->licences(Everything{}, {})->size(), 0U);
}

TEST_P(RegistryTest, CommittingTwiceAnswersTheSameAndAnotherDocumentIsRefused) {
  const std::string application = registered(1);
  const Intent intent = signing(1, application);
  const auto first = registry_->execute(commitment(intent, 1));
  ASSERT_TRUE(first);
  const auto second = registry_->execute(commitment(intent, 1));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->repetition, Repetition::kRepeat);
  EXPECT_EQ(second->number, first->number);
  EXPECT_EQ(code_of(registry_->execute(commitment(intent, 2))), Code::kIntentState);
  EXPECT_EQ(registry_->licences(Everything{}, {})->size(), 1U);
}

TEST_P(RegistryTest, ADocumentThatIsNotTheAcceptedOneIsNotCommitted) {
  const Intent intent = signing(1, registered(1));
  CommitIntent wrong = commitment(intent, 1);
  wrong.document.push_back('!');
  EXPECT_EQ(code_of(registry_->execute(std::move(wrong))), Code::kXmlPreparedChanged);
  EXPECT_TRUE(registry_->execute(commitment(intent, 1)));
}

// Whoever finds the application blocked finds by what, and whose it is.
TEST_P(RegistryTest, AnOpenIntentIsSeenAtItsApplicationAndNamedToWhoeverItBlocks) {
  const std::string application = registered(1);
  EXPECT_FALSE(registry_->application(Everything{}, application)->open_intent);
  ASSERT_TRUE(registry_->execute(preparation(1, application, reserved(application))));
  for (const ApplicationRow& row :
       {*registry_->application(Everything{}, application), registry_->applications(Everything{}, {})->front()}) {
    ASSERT_TRUE(row.open_intent);
    EXPECT_EQ(row.open_intent->id, uuid(1));
    EXPECT_EQ(row.open_intent->state, IntentState::kPrepared);
    EXPECT_EQ(row.open_intent->officer_id, officer().id);
    EXPECT_EQ(row.open_intent->created_at, kNow);
  }
  const auto blocked = registry_->execute(ReserveNumber{proposal(application, DecisionKind::kRefusal), kNow});
  ASSERT_EQ(code_of(blocked), Code::kRegistryState);
  EXPECT_THAT(blocked.error().arguments(), ::testing::Contains(base::ErrorArgument{"intent", uuid(1)}));
  EXPECT_THAT(blocked.error().arguments(), ::testing::Contains(base::ErrorArgument{"state", "prepared"}));
  ASSERT_TRUE(registry_->execute(AbandonIntent{uuid(1), "", kBy}));
  EXPECT_FALSE(registry_->application(Everything{}, application)->open_intent);
}

TEST_P(RegistryTest, APageAfterWhatNobodyShowedIsNoPage) {
  const std::string first = registered(1);
  const std::string theirs = registry_->execute(registration(2, "other")).value().number;
  const std::string last = registered(3);
  const auto page = [&](const std::string& after) {
    return registry_->applications(OfPortal{"egov"}, {.after = after});
  };
  ASSERT_EQ(page(first)->size(), 1U);
  EXPECT_EQ(page(first)->front().number, last);
  EXPECT_TRUE(page(last)->empty());
  EXPECT_EQ(code_of(page(theirs)), Code::kInputMember);
  EXPECT_EQ(code_of(page("A-2026-01-0009999-00")), Code::kInputMember);
  const std::string licence = granted(4);
  EXPECT_TRUE(registry_->licences(OfPortal{"egov"}, {.after = licence})->empty());
  EXPECT_EQ(code_of(registry_->licences(OfPortal{"other"}, {.after = licence})), Code::kInputMember);
}

TEST_P(RegistryTest, TheKeyServersWayNeedsApproval) {
  const std::string application = registered(1);
  ASSERT_TRUE(registry_->execute(preparation(1, application, reserved(application), SigningMode::kKeyd)));
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(1), day_at(kNow)})), Code::kIntentState);
  const base::Bytes approval = base::to_bytes(base::as_bytes("the officer's CMS"));
  const auto approved = registry_->execute(approval_of(1, approval));
  ASSERT_TRUE(approved);
  EXPECT_EQ(approved->approval, base::sha256(approval));
  EXPECT_TRUE(registry_->execute(approval_of(1, approval)));  // the same again
  EXPECT_EQ(code_of(registry_->execute(approval_of(1, {1}))), Code::kIntentState);
  const auto intent = registry_->execute(MarkSigning{uuid(1), day_at(kNow)});
  ASSERT_TRUE(intent);
  EXPECT_EQ(registry_->intents(IntentState::kSigning)->size(), 1U);
  // Nobody gives up what the key server may have signed.
  EXPECT_EQ(code_of(registry_->execute(AbandonIntent{uuid(1), "restart", kBy})), Code::kIntentState);
  EXPECT_TRUE(registry_->execute(commitment(*intent, 1)));
  EXPECT_EQ(registry_->intents(IntentState::kSigning)->size(), 0U);
}

TEST_P(RegistryTest, AnAbandonedIntentBurnsItsNumber) {
  const std::string application = registered(1);
  const std::string number = reserved(application);
  ASSERT_TRUE(registry_->execute(preparation(1, application, number, SigningMode::kKeyd)));
  ASSERT_TRUE(registry_->execute(approval_of(1, {1})));
  ASSERT_TRUE(registry_->execute(MarkSigning{uuid(1), day_at(kNow)}));
  const auto abandoned =
      registry_->execute(AbandonIntent{uuid(1), "the key server says no", kBy, SignerWord::kConfirmedUnsigned});
  ASSERT_TRUE(abandoned) << abandoned.error().message();
  EXPECT_EQ(abandoned->state, IntentState::kAbandoned);
  EXPECT_EQ(registry_->intent(uuid(1))->note, "the key server says no");
  EXPECT_THAT(events(), ::testing::Contains("number.voided"));
  const std::string next = reserved(application);
  EXPECT_NE(next, number);
  EXPECT_EQ(code_of(registry_->execute(preparation(2, application, number))), Code::kRegistryState);
  EXPECT_TRUE(registry_->execute(preparation(2, application, next)));
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(1), day_at(kNow)})), Code::kIntentState);
}

// The key server refused the approval: another one may be given, and only its evidence counts.
TEST_P(RegistryTest, ARefusedApprovalMakesRoomForAnother) {
  const std::string application = registered(1);
  ASSERT_TRUE(registry_->execute(preparation(1, application, reserved(application), SigningMode::kKeyd)));
  const auto first = registry_->execute(approval_of(1, {1}));
  ASSERT_TRUE(first);
  ASSERT_TRUE(registry_->execute(MarkSigning{uuid(1), day_at(kNow)}));
  EXPECT_EQ(code_of(registry_->execute(ReturnIntent{uuid(1), base::Digest{}, "keyd.approver"})), Code::kIntentState);
  const auto returned = registry_->execute(ReturnIntent{uuid(1), *first->approval, "keyd.approver"});
  ASSERT_TRUE(returned) << returned.error().message();
  EXPECT_EQ(returned->state, IntentState::kPrepared);
  // The key server was asked once: it has to be asked before the intent is given up.
  EXPECT_EQ(code_of(registry_->execute(AbandonIntent{uuid(1), "restart", kBy})), Code::kIntentState);
  ApproveIntent second = approval_of(1, {2});
  second.evidence = {
      {"ocsp", base::sha256(base::as_bytes("of the second")), base::to_bytes(base::as_bytes("of the second"))}};
  ASSERT_TRUE(registry_->execute(std::move(second)));
  const auto intent = registry_->execute(MarkSigning{uuid(1), day_at(kNow)});
  ASSERT_TRUE(intent);
  EXPECT_EQ(intent->approval, base::sha256(base::Bytes{2}));
  ASSERT_EQ(registry_->evidence(uuid(1))->size(), 1U);
  EXPECT_EQ(registry_->evidence(uuid(1))->front().digest, base::sha256(base::as_bytes("of the second")));
  EXPECT_EQ(code_of(registry_->execute(ReturnIntent{uuid(1), *first->approval, "keyd.approver"})), Code::kIntentState);
  EXPECT_TRUE(registry_->execute(commitment(*intent, 1)));
  EXPECT_TRUE(registry_->verify_journal());
}

TEST_P(RegistryTest, AWorkstationThatSignsAfterAbandoningFindsItsDocumentRefused) {
  const Intent intent = signing(1, registered(1));
  const CommitIntent late = commitment(intent, 1);
  ASSERT_TRUE(registry_->execute(AbandonIntent{uuid(1), "the officer went home", kBy}));
  EXPECT_EQ(code_of(registry_->execute(late)), Code::kIntentState);
  EXPECT_EQ(registry_->licences(Everything{}, {})->size(), 0U);
}

TEST_P(RegistryTest, ANumberReservedAndForgottenIsVoided) {
  const std::string application = registered(1);
  const std::string forgotten = reserved(application);
  const std::string number = reserved(application);
  EXPECT_NE(forgotten, number);
  EXPECT_EQ(code_of(registry_->execute(preparation(1, application, forgotten))), Code::kRegistryState);
  EXPECT_TRUE(registry_->execute(preparation(1, application, number)));
  EXPECT_EQ(std::ranges::count(events(), "number.voided"), 1);
}

TEST_P(RegistryTest, OneOpenIntentAnApplication) {
  const std::string application = registered(1);
  const std::string number = reserved(application);
  ASSERT_TRUE(registry_->execute(preparation(1, application, number)));
  EXPECT_EQ(code_of(registry_->execute(ReserveNumber{proposal(application), kNow})), Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(preparation(2, application, number))), Code::kRegistryState);
  // The same intent again is the same intent; under its id nothing else.
  EXPECT_TRUE(registry_->execute(preparation(1, application, number)));
  PrepareIntent other = preparation(1, application, number);
  other.content = base::Digest{};
  EXPECT_EQ(code_of(registry_->execute(std::move(other))), Code::kIntentState);
}

TEST_P(RegistryTest, NumbersAreBoundToApplicationAndKind) {
  const std::string first = registered(1);
  const std::string second = registered(2);
  const std::string number = reserved(first);
  EXPECT_EQ(code_of(registry_->execute(preparation(1, second, number))), Code::kRegistryState);
  EXPECT_EQ(
      code_of(registry_->execute(preparation(1, first, number, SigningMode::kWorkstation, DecisionKind::kRefusal))),
      Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(preparation(1, first, "L-2026-01-0000099-00"))), Code::kRegistryState);
}

TEST_P(RegistryTest, AnotherLicensorsOfficerFindsNothing) {
  const std::string application = registered(1);
  EXPECT_EQ(code_of(registry_->execute(TakeIntoReview{application, officer(kIndustryBin)})), Code::kRegistryNotFound);
  EXPECT_EQ(code_of(registry_->execute(
                ReserveNumber{proposal(application, DecisionKind::kGrant, officer(kIndustryBin)), kNow})),
            Code::kRegistryNotFound);
  EXPECT_EQ(code_of(registry_->execute(TakeIntoReview{"A-2026-01-0000099-00", officer()})), Code::kRegistryNotFound);
}

TEST_P(RegistryTest, ADecidedApplicationIsNotDecidedAgain) {
  granted(1);
  const std::string application = registry_->applications(Everything{}, {})->at(0).number;
  EXPECT_EQ(code_of(registry_->execute(ReserveNumber{proposal(application), kNow})), Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(TakeIntoReview{application, officer()})), Code::kRegistryState);
}

TEST_P(RegistryTest, UnknownIntentsAreNotFound) {
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(9), day_at(kNow)})), Code::kIntentNotFound);
  EXPECT_EQ(code_of(registry_->execute(approval_of(9, {1}))), Code::kIntentNotFound);
  EXPECT_EQ(code_of(registry_->execute(AbandonIntent{uuid(9), "", kBy})), Code::kIntentNotFound);
  EXPECT_EQ(code_of(registry_->intent(uuid(9))), Code::kIntentNotFound);
}

TEST_P(RegistryTest, AnOfficerStruckOffMayNotSignWhatWasPrepared) {
  const Intent intent = signing(1, registered(1));
  EXPECT_EQ(intent.officer.listing, Listing::kListed);
  Officer struck = officer();
  struck.listing = Listing::kNotListed;
  ASSERT_TRUE(registry_->execute(PutStaff{{struck, StaffKind::kOfficer}, {CallerKind::kSystem, "test"}}));
  EXPECT_EQ(registry_->intent(uuid(1))->officer.listing, Listing::kNotListed);
}

// --- licences ------------------------------------------------------------------------------------------------------

TEST_P(RegistryTest, LicencesAreSuspendedResumedAndTerminated) {
  const std::string licence = granted(1);
  const auto change = [&](LicenceEvent event) {
    return registry_->execute(ChangeLicence{licence, event, officer(), "по решению суда", kToday});
  };
  EXPECT_EQ(code_of(change(LicenceEvent::kResumed)), Code::kRegistryState);
  EXPECT_EQ(change(LicenceEvent::kSuspended), LicenceState::kSuspended);
  EXPECT_EQ(registry_->licence(Everything{}, licence)->state, LicenceState::kSuspended);
  EXPECT_EQ(change(LicenceEvent::kResumed), LicenceState::kActive);
  EXPECT_EQ(change(LicenceEvent::kTerminated), LicenceState::kTerminated);
  EXPECT_EQ(code_of(change(LicenceEvent::kSuspended)), Code::kRegistryState);
  EXPECT_EQ(code_of(change(LicenceEvent::kIssued)), Code::kInputMember);
  EXPECT_EQ(code_of(registry_->execute(
                ChangeLicence{licence, LicenceEvent::kTerminated, officer(kIndustryBin), "чужая", kToday})),
            Code::kRegistryNotFound);
  EXPECT_EQ(registry_->licences(Everything{}, {.states = {LicenceState::kActive}})->size(), 0U);
}

// The holder and whoever decides next can read why.
TEST_P(RegistryTest, WhatBecameOfALicenceIsReadWithItsReasons) {
  const std::string licence = granted(1);
  const auto change = [&](LicenceEvent event, const std::string& reason) {
    return registry_->execute(ChangeLicence{licence, event, officer(), reason, kToday});
  };
  for (const char* no_reason : {"", " ", "\u200b", "a\x01", "\xff"}) {
    EXPECT_EQ(code_of(change(LicenceEvent::kSuspended, no_reason)), Code::kInputMember);
  }
  EXPECT_EQ(code_of(change(LicenceEvent::kSuspended, std::string(kMaxReasonBytes + 1, 'x'))), Code::kInputMember);
  EXPECT_EQ(registry_->licence(Everything{}, licence)->state, LicenceState::kActive);
  ASSERT_TRUE(change(LicenceEvent::kSuspended, "предписание № 7"));
  ASSERT_TRUE(change(LicenceEvent::kResumed, "предписание исполнено"));
  for (const Scope& scope : std::vector<Scope>{OfPortal{"egov"}, OfLicensor{std::string(kOilGasBin)}, Everything{}}) {
    const auto events = registry_->licence_events(scope, licence);
    ASSERT_TRUE(events && events->size() == 3U);
    EXPECT_EQ(events->at(0).event, LicenceEvent::kIssued);
    EXPECT_EQ(events->at(0).officer_id, officer().id);
    EXPECT_EQ(events->at(1).event, LicenceEvent::kSuspended);
    EXPECT_EQ(events->at(1).reason, "предписание № 7");
    EXPECT_EQ(events->at(1).at, kNow);
    EXPECT_EQ(events->at(2).reason, "предписание исполнено");
  }
  for (const Scope& scope : std::vector<Scope>{OfPortal{"other"}, OfLicensor{std::string(kIndustryBin)}}) {
    EXPECT_EQ(code_of(registry_->licence_events(scope, licence)), Code::kRegistryNotFound);
  }
  EXPECT_EQ(code_of(registry_->licence_events(Everything{}, "L-2026-01-0000009-99")), Code::kRegistryNotFound);
}

// 20:00Z is one o'clock of the next day in UTC+5: the licence's last day is the 30th.
TEST_P(RegistryTest, ALicenceIsInForceToTheEndOfItsLastDay) {
  const std::string application = registered(1);
  const auto number = registry_->execute(ReserveNumber{proposal(application), kNow});
  PrepareIntent command = preparation(1, application, number->text());
  command.proposal =
      propose_decision({application, "oil-gas", std::string(kOilGasBin), ApplicationState::kInReview}, oil_gas(),
                       officer(), {DecisionKind::kGrant, "", parse_date("2026-05-30").value()}, kToday)
          .value();
  ASSERT_TRUE(registry_->execute(std::move(command)));
  const Intent intent = registry_->execute(MarkSigning{uuid(1), day_at(kNow)}).value();
  ASSERT_TRUE(registry_->execute(commitment(intent, 1)));
  const auto listed = [&](Force force, Date today) {
    return registry_->licences(Everything{}, {.force = force, .today = today})->size();
  };
  const auto change = [&](LicenceEvent event, Date today) {
    return code_of(registry_->execute(ChangeLicence{intent.number, event, officer(), "предписание", today}));
  };
  for (const char* now : {"2026-05-28T20:00:00Z", "2026-05-29T20:00:00Z"}) {
    const Date today = day_at(*base::parse_time(now)).today();
    EXPECT_EQ(listed(Force::kInForce, today), 1U) << now;
    EXPECT_EQ(listed(Force::kNotInForce, today), 0U) << now;
    EXPECT_EQ(change(LicenceEvent::kSuspended, today), std::nullopt) << now;
    EXPECT_EQ(listed(Force::kInForce, today), 0U) << now;
    EXPECT_EQ(listed(Force::kNotInForce, today), 1U) << now;
    EXPECT_EQ(change(LicenceEvent::kResumed, today), std::nullopt) << now;
  }
  const Date after = day_at(*base::parse_time("2026-05-30T20:00:00Z")).today();
  EXPECT_EQ(listed(Force::kInForce, after), 0U);
  EXPECT_EQ(listed(Force::kNotInForce, after), 1U);
  EXPECT_EQ(change(LicenceEvent::kSuspended, after), Code::kRegistryState);
  EXPECT_EQ(change(LicenceEvent::kTerminated, after), std::nullopt);
}

RegisterApplication reissue(int n, const std::string& licence) {
  RegisterApplication command = registration(n);
  command.fields.action = Action::kReissue;
  command.fields.licence = licence;
  return command;
}

TEST_P(RegistryTest, AReissueReplacesTheLicence) {
  const std::string old = granted(1);
  const std::string application = registry_->execute(reissue(2, old))->number;
  const Intent intent = signing(2, application);
  ASSERT_TRUE(registry_->execute(commitment(intent, 2)));
  EXPECT_EQ(registry_->licence(Everything{}, old)->state, LicenceState::kReplaced);
  EXPECT_EQ(registry_->licence(Everything{}, old)->replaced_by, intent.number);
  EXPECT_EQ(registry_->licence(Everything{}, intent.number)->replaces, old);
}

TEST_P(RegistryTest, OneOpenIntentALicenceToBeReplaced) {
  const std::string old = granted(1);
  const std::string first = registry_->execute(reissue(2, old))->number;
  const std::string second = registry_->execute(reissue(3, old))->number;
  // Both have their number before either is prepared.
  const std::string first_number = reserved(first);
  const std::string second_number = reserved(second);
  ASSERT_TRUE(registry_->execute(preparation(2, first, first_number)));
  EXPECT_EQ(code_of(registry_->execute(preparation(3, second, second_number))), Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(ReserveNumber{proposal(second), kNow})), Code::kRegistryState);
  // Given up, it makes room; and a refusal replaces nothing.
  ASSERT_TRUE(registry_->execute(AbandonIntent{uuid(2), "", kBy}));
  EXPECT_TRUE(registry_->execute(preparation(3, second, second_number)));
  const Intent refusal = signing(4, first, DecisionKind::kRefusal);
  EXPECT_TRUE(registry_->execute(commitment(refusal, 4)));
}

TEST_P(RegistryTest, TheSecondReissueIsRefusedAndRefusable) {
  const std::string old = granted(1);
  const std::string first = registry_->execute(reissue(2, old))->number;
  const std::string second = registry_->execute(reissue(3, old))->number;
  ASSERT_TRUE(registry_->execute(commitment(signing(2, first), 2)));
  EXPECT_EQ(code_of(registry_->execute(ReserveNumber{proposal(second), kNow})), Code::kRegistryState);
  ASSERT_TRUE(registry_->execute(commitment(signing(3, second, DecisionKind::kRefusal), 3)));
  EXPECT_EQ(registry_->application(Everything{}, second)->state, ApplicationState::kRefused);
}

TEST_P(RegistryTest, WhatIsNoLongerInForceIsNotSigned) {
  const std::string old = granted(1);
  const std::string application = registry_->execute(reissue(2, old))->number;
  const std::string number = reserved(application);
  ASSERT_TRUE(registry_->execute(preparation(2, application, number)));
  ASSERT_TRUE(registry_->execute(ChangeLicence{old, LicenceEvent::kTerminated, officer(), "добровольно", kToday}));
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(2), day_at(kNow)})), Code::kRegistryState);
  EXPECT_EQ(registry_->intent(uuid(2))->state, IntentState::kPrepared);
}

// The test's clock stands at 01:26 of the local day.
TEST_P(RegistryTest, WhatWasPreparedOnAnotherDayIsNeitherSignedNorCommitted) {
  const std::string application = registered(1);
  ASSERT_TRUE(registry_->execute(preparation(1, application, reserved(application))));
  const ActingDay evening = day_at(kNow + std::chrono::hours(22));
  const ActingDay next = day_at(kNow + std::chrono::hours(23));
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(1), next})), Code::kIntentState);
  EXPECT_EQ(registry_->intent(uuid(1))->state, IntentState::kPrepared);
  const auto intent = registry_->execute(MarkSigning{uuid(1), evening});
  ASSERT_TRUE(intent);
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(1), next})), Code::kIntentState);  // the key is asked again
  CommitIntent late = commitment(*intent, 1);
  late.day = next;
  EXPECT_EQ(code_of(registry_->execute(late)), Code::kIntentState);
  EXPECT_EQ(registry_->intent(uuid(1))->state, IntentState::kSigning);
  EXPECT_EQ(registry_->licences(Everything{}, {})->size(), 0U);
  ASSERT_TRUE(registry_->execute(commitment(*intent, 1)));
  EXPECT_EQ(registry_->execute(late)->repetition, Repetition::kRepeat);  // decided is decided
}

// Prepared at 23:50 of its last day, and signed twenty minutes later.
TEST_P(RegistryTest, WhatEndedIsNotRevived) {
  const Date last_day = *parse_date("2026-05-30");
  const auto proposed = [&](const std::string& application, std::optional<Date> until, Date today) {
    return propose_decision({application, "oil-gas", std::string(kOilGasBin), ApplicationState::kInReview}, oil_gas(),
                            officer(), {DecisionKind::kGrant, "", until}, today)
        .value();
  };
  const auto prepared = [&](int n, const ProposedDecision& proposal) {
    const std::string number = registry_->execute(ReserveNumber{proposal, clock_.now()})->text();
    PrepareIntent command = preparation(n, proposal.application(), number);
    command.proposal = proposal;
    EXPECT_TRUE(registry_->execute(std::move(command)));
  };
  prepared(1, proposed(registered(1), last_day, *parse_date("2026-05-29")));
  const Intent first = registry_->execute(MarkSigning{uuid(1), day_at(kNow)}).value();
  ASSERT_TRUE(registry_->execute(commitment(first, 1)));

  const std::string application = registry_->execute(reissue(2, first.number))->number;
  clock_.set(*base::parse_time("2026-05-30T18:50:00Z"));
  prepared(2, proposed(application, std::nullopt, last_day));
  const ActingDay before = day_at(*base::parse_time("2026-05-30T18:59:59Z"));
  const ActingDay after = day_at(*base::parse_time("2026-05-30T19:10:00Z"));
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(2), after})), Code::kRegistryState);
  const auto intent = registry_->execute(MarkSigning{uuid(2), before});
  ASSERT_TRUE(intent) << intent.error().message();
  CommitIntent late = commitment(*intent, 2);
  late.day = after;
  EXPECT_EQ(code_of(registry_->execute(late)), Code::kRegistryState);
  EXPECT_EQ(registry_->licence(Everything{}, first.number)->state, LicenceState::kActive);
  ASSERT_TRUE(registry_->execute(AbandonIntent{uuid(2), "too late", kBy}));
  const ProposedDecision next_day = proposed(application, std::nullopt, after.today());
  EXPECT_EQ(code_of(registry_->execute(ReserveNumber{next_day, clock_.now()})), Code::kRegistryState);
}

// The key server signed, and then there was nothing left to replace.
TEST_P(RegistryTest, ASignedDecisionThatCannotBeIssuedIsVoided) {
  const std::string old = granted(1);
  const std::string application = registry_->execute(reissue(2, old))->number;
  const std::string number = reserved(application);
  ASSERT_TRUE(registry_->execute(preparation(2, application, number, SigningMode::kKeyd)));
  const VoidIntent command{uuid(2), signed_document(2), R"({"decision":"accept"})", "registry.state"};
  EXPECT_EQ(code_of(registry_->execute(command)), Code::kIntentState);  // nobody was asked
  ASSERT_TRUE(registry_->execute(approval_of(2, {1})));
  const auto intent = registry_->execute(MarkSigning{uuid(2), day_at(kNow)});
  ASSERT_TRUE(intent);
  ASSERT_TRUE(registry_->execute(ChangeLicence{old, LicenceEvent::kTerminated, officer(), "добровольно", kToday}));
  EXPECT_EQ(code_of(registry_->execute(MarkSigning{uuid(2), day_at(kNow)})), Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(commitment(*intent, 2))), Code::kRegistryState);
  const auto voided = registry_->execute(command);
  ASSERT_TRUE(voided) << voided.error().message() << voided.error().cause();
  EXPECT_TRUE(registry_->execute(command));  // the same again
  EXPECT_EQ(registry_->intent(uuid(2))->state, IntentState::kVoided);
  EXPECT_EQ(registry_->intent(uuid(2))->note, "registry.state");
  EXPECT_EQ(*registry_->document(*registry_->intent(uuid(2))->signed_document), signed_document(2));
  EXPECT_EQ(code_of(registry_->execute(commitment(*intent, 2))), Code::kIntentState);
  EXPECT_EQ(registry_->licences(Everything{}, {})->size(), 1U);
  EXPECT_EQ(std::ranges::count(events(), "intent.voided"), 1);
  EXPECT_EQ(std::ranges::count(events(), "number.voided"), 1);
  // The application is free, and the number is not given out again.
  const Intent refusal = signing(3, application, DecisionKind::kRefusal);
  EXPECT_NE(refusal.number, number);
  ASSERT_TRUE(registry_->execute(commitment(refusal, 3)));
  EXPECT_TRUE(registry_->verify_journal());
}

TEST_P(RegistryTest, WhatIsNoLongerInForceIsNotReplacedAndNothingHalfDone) {
  const std::string old = granted(1);
  const std::string application = registry_->execute(reissue(2, old))->number;
  const Intent intent = signing(2, application);
  const auto change = [&](LicenceEvent event) {
    return registry_->execute(ChangeLicence{old, event, officer(), "по решению суда", kToday}).has_value();
  };
  ASSERT_TRUE(change(LicenceEvent::kSuspended));
  EXPECT_EQ(code_of(registry_->execute(commitment(intent, 2))), Code::kRegistryState);
  ASSERT_TRUE(change(LicenceEvent::kTerminated));
  const std::size_t rows = events().size();
  EXPECT_EQ(code_of(registry_->execute(commitment(intent, 2))), Code::kRegistryState);
  EXPECT_EQ(registry_->application(Everything{}, application)->state, ApplicationState::kInReview);
  EXPECT_EQ(registry_->intent(uuid(2))->state, IntentState::kSigning);
  EXPECT_EQ(events().size(), rows);
  EXPECT_TRUE(registry_->verify_journal());
}

// --- accounts, trust, holds ----------------------------------------------------------------------------------------

const Caller kAdmin{CallerKind::kSystem, "admin"};

TEST_P(RegistryTest, PortalKeysAreFoundByHashWhileTheyHold) {
  const base::Digest hash = base::sha256(base::as_bytes("secret"));
  EXPECT_EQ(code_of(registry_->execute(PutPortalKey{{hash, "egov"}, kAdmin})), Code::kRegistryNotFound);
  ASSERT_TRUE(registry_->execute(PutPortal{{"egov", "Портал"}, kAdmin}));
  PortalKey key{hash, "egov", PortalKeyKind::kBearer, {"applications"}, {"10.0.0.0/8"}, kNow + base::Seconds(10)};
  ASSERT_TRUE(registry_->execute(PutPortalKey{key, kAdmin}));
  const auto access = registry_->find_portal_key(PortalKeyKind::kBearer, hash, kNow);
  ASSERT_TRUE(access) << access.error().message();
  EXPECT_EQ(access->portal.name, "Портал");
  EXPECT_EQ(access->key.scopes, std::vector<std::string>{"applications"});
  EXPECT_EQ(access->key.networks, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(code_of(registry_->find_portal_key(PortalKeyKind::kMutualTls, hash, kNow)), Code::kAuthRequired);
  EXPECT_EQ(code_of(registry_->find_portal_key(PortalKeyKind::kBearer, base::Digest{}, kNow)), Code::kAuthRequired);
  EXPECT_EQ(code_of(registry_->find_portal_key(PortalKeyKind::kBearer, hash, kNow + base::Seconds(10))),
            Code::kAuthDenied);
  key.state = AccountState::kDisabled;
  ASSERT_TRUE(registry_->execute(PutPortalKey{key, kAdmin}));
  EXPECT_EQ(code_of(registry_->find_portal_key(PortalKeyKind::kBearer, hash, kNow)), Code::kAuthDenied);
  key.state = AccountState::kEnabled;
  ASSERT_TRUE(registry_->execute(PutPortalKey{key, kAdmin}));
  ASSERT_TRUE(registry_->execute(PutPortal{{"egov", "Портал", AccountState::kDisabled}, kAdmin}));
  EXPECT_EQ(code_of(registry_->find_portal_key(PortalKeyKind::kBearer, hash, kNow)), Code::kAuthDenied);
  EXPECT_EQ(registry_->portals()->size(), 1U);
  EXPECT_EQ(registry_->portal_keys("egov")->size(), 1U);
}

TEST_P(RegistryTest, AKeyStaysWithItsPortal) {
  ASSERT_TRUE(registry_->execute(PutPortal{{"one", ""}, kAdmin}));
  ASSERT_TRUE(registry_->execute(PutPortal{{"two", ""}, kAdmin}));
  EXPECT_EQ(code_of(registry_->execute(PutPortal{{"Two Words", ""}, kAdmin})), Code::kInputMember);
  ASSERT_TRUE(registry_->execute(PutPortalKey{{base::Digest{}, "one", PortalKeyKind::kMutualTls}, kAdmin}));
  EXPECT_EQ(code_of(registry_->execute(PutPortalKey{{base::Digest{}, "two", PortalKeyKind::kMutualTls}, kAdmin})),
            Code::kRegistryState);
  EXPECT_EQ(registry_->find_portal_key(PortalKeyKind::kMutualTls, base::Digest{}, kNow)->key.expires_at, std::nullopt);
}

TEST_P(RegistryTest, StaffKeepTheirIds) {
  Officer person = officer(kIndustryBin);
  const auto first = registry_->execute(PutStaff{{person, StaffKind::kOfficer}, kAdmin});
  ASSERT_TRUE(first);
  person.name = "ИНОЙ";
  person.listing = Listing::kNotListed;
  EXPECT_EQ(registry_->execute(PutStaff{{person, StaffKind::kOfficer}, kAdmin})->person.id, first->person.id);
  const auto found = registry_->find_staff(StaffKind::kOfficer, person.iin, kIndustryBin);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->person.name, "ИНОЙ");
  EXPECT_EQ(found->person.listing, Listing::kNotListed);
  EXPECT_EQ(registry_->staff(first->person.id)->person.iin, person.iin);
  EXPECT_EQ(code_of(registry_->find_staff(StaffKind::kOperator, person.iin, kIndustryBin)), Code::kRoleNotListed);
  EXPECT_EQ(registry_->all_staff(StaffKind::kOfficer)->size(), 2U);
}

TEST_P(RegistryTest, TrustVersionsCountUpAndHoldsAreLifted) {
  EXPECT_EQ(code_of(registry_->trust_version()), Code::kRegistryNotFound);
  EXPECT_EQ(code_of(registry_->execute(PutTrustVersion{.snapshot = {1}, .based_on = 1, .by = kAdmin})),
            Code::kTrustVersion);
  EXPECT_EQ(registry_->execute(PutTrustVersion{.snapshot = {1}, .list = "first", .by = kAdmin})->version, 1);
  EXPECT_EQ(code_of(registry_->execute(PutTrustVersion{.snapshot = {1}, .by = kAdmin})), Code::kTrustVersion);
  PutTrustVersion next{.snapshot = {2},
                       .list = "second",
                       .based_on = 1,
                       .act = TrustAct::kRollback,
                       .restores = 1,
                       .reason = "потому что",
                       .by = {CallerKind::kSecurity, "security-3"}};
  EXPECT_EQ(registry_->execute(next)->version, 2);
  const TrustVersion newest = registry_->trust_version().value();
  EXPECT_EQ(newest.list, "second");
  EXPECT_EQ(newest.act, TrustAct::kRollback);
  EXPECT_EQ(newest.restores, 1);
  EXPECT_EQ(newest.reason, "потому что");
  EXPECT_EQ(newest.by, next.by);
  EXPECT_EQ(registry_->trust_version(1)->restores, std::nullopt);
  EXPECT_EQ(code_of(registry_->trust_version(3)), Code::kRegistryNotFound);
  ASSERT_TRUE(registry_->execute(PlaceHold{{uuid(1), "CN=ДЕМО", "0a", "подозрение"}, kAdmin}));
  EXPECT_EQ(code_of(registry_->execute(PlaceHold{{uuid(1), "CN=ДЕМО", "0a", "снова"}, kAdmin})), Code::kRegistryState);
  EXPECT_EQ(registry_->holds(Registry::HoldFilter::kInForce)->size(), 1U);
  ASSERT_TRUE(registry_->execute(LiftHold{uuid(1), kAdmin}));
  EXPECT_EQ(code_of(registry_->execute(LiftHold{uuid(1), kAdmin})), Code::kRegistryNotFound);
  EXPECT_EQ(registry_->holds(Registry::HoldFilter::kInForce)->size(), 0U);
  EXPECT_EQ(registry_->holds(Registry::HoldFilter::kAll)->at(0).lifted_at, kNow);
}

// --- journal and clock ---------------------------------------------------------------------------------------------

TEST_P(RegistryTest, TheJournalIsAChainThatVerifies) {
  granted(1);
  const auto rows = registry_->journal(0, kMaxPageRows);
  ASSERT_FALSE(rows->empty());
  EXPECT_EQ(rows->front().previous, base::Digest{});
  for (std::size_t i = 1; i < rows->size(); ++i)
    EXPECT_EQ(rows->at(i).previous, base::sha256(base::as_bytes(rows->at(i - 1).entry)));
  const auto summary = registry_->verify_journal();
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->entries, static_cast<std::int64_t>(rows->size()));
  EXPECT_EQ(summary->head, rows->back().hash);
  // Nothing personal is in it.
  for (const JournalRow& row : *rows) {
    EXPECT_EQ(row.entry.find(licensing::testing::kApplicantIin), std::string::npos) << row.entry;
    EXPECT_EQ(row.entry.find(licensing::testing::kOfficerIin), std::string::npos) << row.entry;
    EXPECT_EQ(row.entry.find("ДЕМОВ"), std::string::npos) << row.entry;
  }
}

TEST_P(RegistryTest, EveryTamperingWithTheJournalShows) {
  registered(1);
  registered(2);
  const auto sql = place_.session();
  const auto damaged_after = [&](const std::string& change, const std::string& undo) {
    EXPECT_TRUE(sql->run(change)) << change;
    const auto code = code_of(registry_->verify_journal());
    EXPECT_TRUE(sql->run(undo)) << undo;
    return code == Code::kRegistryDamaged && registry_->verify_journal().has_value();
  };
  const auto update = [](const char* to) { return "UPDATE journal SET " + std::string(to) + " WHERE seq = 2"; };
  EXPECT_TRUE(damaged_after(update("event = 'other'"), update("event = 'application.registered'")));
  EXPECT_TRUE(damaged_after(update("entry = entry || ' '"), update("entry = trim(entry)")));
  EXPECT_TRUE(damaged_after(update("at = at + 1"), update("at = at - 1")));
  EXPECT_TRUE(damaged_after(update("leaf = 'f' || leaf"), update("leaf = substr(leaf, 2)")));
  EXPECT_TRUE(damaged_after("UPDATE journal SET seq = 99 WHERE seq = 2", "UPDATE journal SET seq = 2 WHERE seq = 99"));
  // An entry rewritten together with its own hashes no longer fits its successor.
  const auto row = registry_->journal(1, 1)->at(0);
  std::string forged = row.entry;
  forged.replace(forged.find("oil-gas"), 7, "poisons");
  ASSERT_TRUE(sql->run("UPDATE journal SET entry = :entry, hash = :hash, leaf = :leaf WHERE seq = 2",
                       {forged, base::sha256(base::as_bytes(forged)), leaf_hash(forged)}));
  EXPECT_EQ(code_of(registry_->verify_journal()), Code::kRegistryDamaged);
}

TEST(Journal, LeafHashesAreThoseOfRfc6962) {
  // RFC 6962 2.1 with the empty leaf: SHA-256(0x00).
  EXPECT_EQ(leaf_hash("").hex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST_P(RegistryTest, AClockBeforeTheJournalsLastEntryIsRefused) {
  registered(1);
  registry_.reset();
  clock_.set(kNow - base::Seconds(3600));
  EXPECT_EQ(code_of(Registry::open(place_.options(), clock_)), Code::kRegistryClock);
  clock_.set(kNow);
  open();
  clock_.set(kNow - base::Seconds(3600));  // set back while it runs
  EXPECT_EQ(code_of(registry_->execute(registration(2))), Code::kRegistryClock);
  clock_.set(kNow - base::Seconds(3));  // as far as daemons' clocks may differ
  EXPECT_TRUE(registry_->execute(registration(2)));
  EXPECT_EQ(registry_->verify_journal()->last_at, kNow);
}

TEST_P(RegistryTest, ASchemaOfANewerProgramIsRefused) {
  registry_.reset();
  ASSERT_TRUE(place_.session()->run("INSERT INTO schema_versions VALUES (1000, 'to come', 0)"));
  EXPECT_EQ(code_of(Registry::open(place_.options(), clock_)), Code::kRegistryDamaged);
}

TEST_P(RegistryTest, WhatWasStoredIsThereAfterReopening) {
  const std::string number = registered(1);
  open();
  EXPECT_TRUE(registry_->application(Everything{}, number));
  EXPECT_TRUE(registry_->verify_journal());
  EXPECT_EQ(parse_register_number(registered(2))->sequence(), 2U);
}

// --- many at once --------------------------------------------------------------------------------------------------

TEST_P(RegistryTest, SixteenThreadsGetNumbersWithoutGapsOrRepeats) {
  constexpr int kThreads = 16;
  constexpr int kEach = 12;
  std::mutex mutex;
  std::set<std::uint32_t> sequences;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto answer = registry_->execute(registration(t * kEach + i));
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(answer) << answer.error().message();
        if (answer) sequences.insert(parse_register_number(answer->number)->sequence());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  // All different, and from 1 without a gap: refused commands take no numbers.
  ASSERT_EQ(sequences.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(*sequences.begin(), 1U);
  EXPECT_EQ(*sequences.rbegin(), static_cast<std::uint32_t>(kThreads * kEach));
  EXPECT_TRUE(registry_->verify_journal());
  // One commit served several commands.
  EXPECT_LT(registry_->health().committed_batches, registry_->health().committed_commands);
}

TEST_P(RegistryTest, OneRequestSentByManyIsRegisteredOnce) {
  constexpr int kThreads = 16;
  std::barrier start(kThreads);
  std::vector<std::future<base::Result<Registered>>> answers;
  for (int t = 0; t < kThreads; ++t) {
    answers.push_back(std::async(std::launch::async, [&] {
      start.arrive_and_wait();
      return registry_->execute(registration(1));
    }));
  }
  std::set<std::string> numbers;
  int first = 0;
  for (auto& future : answers) {
    const auto answer = future.get();
    ASSERT_TRUE(answer) << answer.error().message();
    numbers.insert(answer->number);
    if (answer->repetition == Repetition::kFirst) ++first;
  }
  EXPECT_EQ(numbers.size(), 1U);
  EXPECT_EQ(first, 1);
}

TEST_P(RegistryTest, TwoDaemonsShareOneJournalAndOneRowOfNumbers) {
  auto second = Registry::open(place_.options(), clock_);
  ASSERT_TRUE(second) << second.error().message();
  std::array<Registry*, 2> daemons{registry_.get(), second->get()};
  std::mutex mutex;
  std::set<std::string> numbers;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto answer = daemons[static_cast<std::size_t>(t % 2)]->execute(registration(t * 10 + i));
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(answer) << answer.error().message() << answer.error().cause();
        if (answer) numbers.insert(answer->number);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(numbers.size(), 80U);
  EXPECT_TRUE(registry_->verify_journal());
  EXPECT_EQ((*second)->applications(Everything{}, {.limit = 500})->size(), 80U);
}

TEST_P(RegistryTest, OneRefusedCommandLeavesTheOthersOfItsBatchAlone) {
  registered(1);
  std::vector<std::future<base::Result<Registered>>> answers;
  for (int i = 2; i < 22; ++i) {
    auto promise = std::make_shared<std::promise<base::Result<Registered>>>();
    answers.push_back(promise->get_future());
    // Every other one repeats the first request with other content.
    RegisterApplication command = registration(i % 2 == 0 ? i : 1);
    command.document.push_back('!');
    registry_->submit(std::move(command), [promise](auto answer) { promise->set_value(std::move(answer)); });
  }
  int refused = 0;
  int stored = 0;
  for (auto& future : answers) (future.get() ? stored : refused) += 1;
  EXPECT_EQ(stored, 10);
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(registry_->applications(Everything{}, {})->size(), 11U);
  EXPECT_TRUE(registry_->verify_journal());
}

TEST_P(RegistryTest, StoppingFinishesWhatWasAccepted) {
  std::atomic<int> answered{0};
  for (int i = 0; i < 50; ++i) {
    registry_->submit(registration(i), [&](auto answer) {
      if (answer) ++answered;
    });
  }
  registry_.reset();
  EXPECT_EQ(answered, 50);
  open();
  EXPECT_EQ(registry_->applications(Everything{}, {})->size(), 50U);
}

// --- trouble -------------------------------------------------------------------------------------------------------

TEST_P(RegistryTest, ALockedDatabaseIsBusyWithinBoundsAndNothingIsStored) {
  Options options = place_.options();
  options.lock_timeout = std::chrono::milliseconds(300);
  options.max_wait = std::chrono::seconds(2);
  open(options);
  const auto blocker = place_.session();
  ASSERT_TRUE(blocker->begin_write());
  EXPECT_EQ(code_of(registry_->execute(registration(1))), Code::kRegistryBusy);
  // Reading goes on.
  EXPECT_EQ(registry_->applications(Everything{}, {})->size(), 0U);
  EXPECT_TRUE(registry_->ping());
  std::vector<std::thread> threads;
  std::atomic<int> busy{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (code_of(registry_->execute(registration(i))) == Code::kRegistryBusy) ++busy;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(busy, 8);
  blocker->rollback();
  EXPECT_TRUE(registry_->execute(registration(1)));
  EXPECT_EQ(registry_->applications(Everything{}, {})->size(), 1U);
}

TEST_P(RegistryTest, AFullQueueRefusesAtOnce) {
  Options options = place_.options();
  options.max_queued = 4;
  open(options);
  const auto blocker = place_.session();
  ASSERT_TRUE(blocker->begin_write());
  std::atomic<int> busy{0};
  std::atomic<int> answered{0};
  constexpr int kCommands = 40;
  for (int i = 0; i < kCommands; ++i) {
    registry_->submit(TakeIntoReview{"none", officer()}, [&](auto answer) {
      if (code_of(answer) == Code::kRegistryBusy) ++busy;
      ++answered;
    });
  }
  // At most four wait in the queue and four are in the writer's hands.
  EXPECT_GE(answered, kCommands - 8);
  EXPECT_EQ(busy, answered);
  blocker->rollback();
  registry_.reset();
  EXPECT_EQ(answered, kCommands);
}

TEST_P(RegistryTest, MoreOctetsThanMayWaitAreRefusedAtOnce) {
  Options options = place_.options();
  options.max_queued_bytes = 1000;
  open(options);
  RegisterApplication large = registration(1);
  large.document.resize(1000);
  EXPECT_EQ(code_of(registry_->execute(std::move(large))), Code::kRegistryBusy);
  EXPECT_TRUE(registry_->execute(registration(1)));
}

TEST_P(RegistryTest, AnAnswerComesAfterTheCommit) {
  const auto other = place_.session();
  std::promise<bool> seen;
  registry_->submit(registration(1), [&](auto answer) {
    const auto row = other->row("SELECT number FROM applications WHERE number = :number", 1, {answer->number});
    seen.set_value(row && row->has_value());
  });
  EXPECT_TRUE(seen.get_future().get());
}

TEST(RegistryOpen, ManyMayOpenAFreshDatabaseAtOnce) {
  const base::FixedClock clock(kNow);
  const Place place(Backend::kSqlite);
  std::vector<std::future<std::optional<Code>>> opened;
  for (int i = 0; i < 8; ++i) {
    opened.push_back(std::async(std::launch::async, [&] { return code_of(Registry::open(place.options(), clock)); }));
  }
  for (auto& future : opened) EXPECT_EQ(future.get(), std::nullopt);
}

// A session of the same process that comes and goes, as readers do, leaves the others their locks: another program does
// not think itself the last user, whose closing deletes the write-ahead log.
TEST(RegistryOpen, AnotherProgramLeavesTheWriteAheadLog) {
  const base::FixedClock clock(kNow);
  const Place place(Backend::kSqlite);
  const auto registry = Registry::open(place.options(), clock).value();
  ASSERT_TRUE(registry->execute(registration(1)));
  ASSERT_EQ(registry->applications(Everything{}, {})->size(), 1U);
  const std::string database = (place.folder() / "registry.db").string();
  const std::string command =
      "/usr/bin/python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
      "c.execute(\"SELECT count(*) FROM journal\").fetchone(); c.close()' " +
      database;
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(std::filesystem::exists(database + "-wal"));
  struct stat status{};
  ASSERT_EQ(::stat(database.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(RegistryOpen, AddressesAreChecked) {
  const base::FixedClock clock(kNow);
  const Place place(Backend::kSqlite);
  Options options = place.options();
  for (const char* database : {"", "sqlite:", "postgresql:", "mysql://x", "sqlite:a\"b", "/var/lib/tanba.db"}) {
    options.database = database;
    EXPECT_EQ(code_of(Registry::open(options, clock)), Code::kConfigInvalid) << database;
  }
  options.database = "sqlite:" + (place.folder() / "none" / "registry.db").string();
  EXPECT_EQ(code_of(Registry::open(options, clock)), Code::kRegistryStorage);
  options.database = "postgresql:host=" + place.folder().string() + " dbname=none";
  EXPECT_EQ(code_of(Registry::open(options, clock)), Code::kRegistryBusy);
}

}  // namespace
}  // namespace tanba::licensing::registry
