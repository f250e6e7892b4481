#include "licensing/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "licensing/numbers.h"
#include "licensing/testing.h"

namespace tanba::licensing {
namespace {

using base::Code;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace tanba::licensing::testing;  // NOLINT: the values of these tests

TEST(ParseApplication, ReadsASoundOne) {
  ApplicationText text = application_text();
  text.request_id = "6D1F6A2E-0B8F-4B52-9B0E-0A5F3F1F7A01";
  const auto fields = parse_application(text);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->request_id, "6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a01");
  EXPECT_EQ(fields->action, Action::kIssue);
  EXPECT_EQ(fields->attachments.at(0).kind, AttachmentKind::kReceipt);
}

template <class Breaking>
std::vector<Code> findings_after(Breaking breaking) {
  ApplicationText text = application_text();
  breaking(text);
  return codes_of(parse_application(text));
}

TEST(ParseApplication, NamesEachThingThatIsWrong) {
  const auto schema = ElementsAre(Code::kApplicationSchema);
  EXPECT_THAT(findings_after([](auto& t) { t.request_id = "6d1f6a2e-0b8f-4b52-9b0e-0a5f3f1f7a0"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.request_id = "6d1f6a2e00b8f-4b52-9b0e-0a5f3f1f7a01"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.service.clear(); }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.action = "revoke"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.created_at = "yesterday"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.applicant_kind = "person"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.applicant_name.clear(); }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.applicant_name = "\xff"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.applicant_name.push_back('\0'); }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.applicant_name.assign(kMaxNameBytes + 1, 'x'); }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.licence = "L-2026-01-0000042-71"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.fields[0].value.assign(kMaxFieldBytes + 1, 'x'); }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.fields.push_back(t.fields[0]); }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.attachments[0].name = "../receipt.pdf"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.attachments[0].name = ".."; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.attachments[0].media_type = "pdf"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.attachments[0].sha256 = "00"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.attachments[0].kind = "scan"; }), schema);
  EXPECT_THAT(findings_after([](auto& t) { t.applicant_number = "850101300016"; }),
              ElementsAre(Code::kInputIdentityNumber));
  EXPECT_THAT(findings_after([](auto& t) { t.licensor_bin = "1"; }), ElementsAre(Code::kInputIdentityNumber));
  EXPECT_THAT(findings_after([](auto& t) { t.attachments.resize(kMaxAttachments + 1, t.attachments[0]); }),
              ElementsAre(Code::kLimitCount));
  EXPECT_THAT(findings_after([](auto& t) {
                t.fields.clear();
                for (std::size_t i = 0; i <= kMaxFormFields; ++i) t.fields.push_back({std::to_string(i), ""});
              }),
              ElementsAre(Code::kLimitCount));
  EXPECT_THAT(findings_after([](auto& t) { t.action = "revoke", t.created_at = ""; }),
              ElementsAre(Code::kApplicationSchema, Code::kApplicationSchema));
}

TEST(ParseApplication, AReissueNamesALicence) {
  const std::string licence = make_register_number(NumberKind::kLicence, 2026, 1, 7)->text();
  const std::string application = make_register_number(NumberKind::kApplication, 2026, 1, 7)->text();
  EXPECT_THAT(findings_after([&](auto& t) { t.action = "reissue", t.licence = licence; }), IsEmpty());
  EXPECT_THAT(findings_after([&](auto& t) { t.action = "reissue", t.licence = application; }),
              ElementsAre(Code::kApplicationSchema));
  EXPECT_THAT(findings_after([&](auto& t) { t.action = "duplicate"; }), ElementsAre(Code::kApplicationSchema));
}

// Everything in order; each test disturbs one thing.
struct Desk {
  Services services = *Services::make(default_services());
  ApplicationFields fields = application_fields();
  std::vector<base::Digest> supplied{fields.attachments[0].digest};
  ApplicationContext context{.services = services,
                             .channel = Channel::kPortal,
                             .now = kNow,
                             .today = *parse_date("2026-05-29"),
                             .claim = ApplicantClaim{ApplicantKind::kIndividual, std::string(kApplicantIin)},
                             .supplied = supplied,
                             .payment = PaymentFinding::kNotAsked,
                             .licence = std::nullopt};
  std::vector<Code> check() {
    context.supplied = supplied;
    return codes_of(check_application(fields, context));
  }
};

TEST(CheckApplication, PassesWhatIsInOrder) {
  EXPECT_THAT(Desk().check(), IsEmpty());
  Desk without_claim;
  without_claim.context.claim.reset();
  EXPECT_THAT(without_claim.check(), IsEmpty());
}

TEST(CheckApplication, UnknownServiceActionOrChannel) {
  Desk unknown;
  unknown.fields.service = "fishing";
  EXPECT_THAT(unknown.check(), ElementsAre(Code::kApplicationService));
  Desk channel;
  channel.context.channel = Channel::kCentre;
  EXPECT_THAT(channel.check(), ElementsAre(Code::kApplicationService));
  Desk action;
  action.fields.service = "ozone";
  action.fields.licensor_bin = *parse_identity_number("100440000410");
  EXPECT_THAT(action.check(), IsEmpty());
  action.fields.action = Action::kDuplicate;
  EXPECT_THAT(action.check(), Contains(Code::kApplicationService));
}

TEST(CheckApplication, AnotherLicensor) {
  Desk desk;
  desk.fields.licensor_bin = *parse_identity_number(kIndustryBin);
  EXPECT_THAT(desk.check(), ElementsAre(Code::kApplicationLicensor));
}

TEST(CheckApplication, TooOldOrFromTheFuture) {
  Desk desk;
  desk.fields.created_at = kNow - desk.context.max_age;
  EXPECT_THAT(desk.check(), IsEmpty());
  desk.fields.created_at -= base::Seconds(1);
  EXPECT_THAT(desk.check(), ElementsAre(Code::kApplicationAge));
  desk.fields.created_at = kNow + desk.context.max_future + base::Seconds(1);
  EXPECT_THAT(desk.check(), ElementsAre(Code::kApplicationAge));
}

TEST(CheckApplication, AttachmentsAreExactlyTheSignedOnes) {
  Desk missing;
  missing.supplied.clear();
  EXPECT_THAT(missing.check(), ElementsAre(Code::kApplicationAttachment));
  Desk extra;
  extra.supplied.push_back(base::sha256(base::as_bytes("another")));
  EXPECT_THAT(extra.check(), ElementsAre(Code::kApplicationAttachment));
}

TEST(CheckApplication, TheFeeIsPaidAsTheServiceHasIt) {
  Desk no_receipt;
  no_receipt.fields.attachments[0].kind = AttachmentKind::kDocument;
  EXPECT_THAT(no_receipt.check(), ElementsAre(Code::kApplicationPayment));
  no_receipt.context.payment = PaymentFinding::kNotPaid;
  EXPECT_THAT(no_receipt.check(), ElementsAre(Code::kApplicationPayment));
  no_receipt.context.payment = PaymentFinding::kPaid;
  EXPECT_THAT(no_receipt.check(), IsEmpty());
  Desk gateway_only;  // a receipt is not enough where the text does not allow it
  gateway_only.fields.service = "poisons";
  gateway_only.fields.licensor_bin = *parse_identity_number(kIndustryBin);
  gateway_only.context.payment = PaymentFinding::kNotPaid;
  EXPECT_THAT(gateway_only.check(), ElementsAre(Code::kApplicationPayment));
  gateway_only.context.payment = PaymentFinding::kPaid;
  EXPECT_THAT(gateway_only.check(), IsEmpty());
  // Whom nobody asked about is not refused, and not registered either.
  gateway_only.context.payment = PaymentFinding::kNotAsked;
  EXPECT_THAT(gateway_only.check(), ElementsAre(Code::kFetchUnreachable));
  EXPECT_EQ(base::info(Code::kFetchUnreachable).effect, base::Effect::kRetry);
}

TEST(CheckApplication, TheCallersClaimIsTheApplicantInside) {
  Desk number;
  number.context.claim->number = "900215400023";
  EXPECT_THAT(number.check(), ElementsAre(Code::kApplicationApplicant));
  Desk kind;
  kind.context.claim->kind = ApplicantKind::kOrganisation;
  EXPECT_THAT(kind.check(), ElementsAre(Code::kApplicationApplicant));
}

TEST(CheckApplication, AReissueIsOfTheApplicantsOwnLicenceInForce) {
  Desk desk;
  desk.fields.action = Action::kReissue;
  desk.fields.licence = make_register_number(NumberKind::kLicence, 2026, 1, 7)->text();
  EXPECT_THAT(desk.check(), ElementsAre(Code::kApplicationLicence));
  const LicenceFacts good{desk.fields.licence,   "oil-gas",   ApplicantKind::kIndividual, std::string(kApplicantIin),
                          LicenceState::kActive, std::nullopt};
  desk.context.licence = good;
  EXPECT_THAT(desk.check(), IsEmpty());
  const auto refused_with = [&](auto breaking) {
    desk.context.licence = good;
    breaking(*desk.context.licence);
    return desk.check() == std::vector{Code::kApplicationLicence};
  };
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.number = "L"; }));
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.service = "poisons"; }));
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.holder_number = kOrganisationBin; }));
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.holder_kind = ApplicantKind::kOrganisation; }));
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.state = LicenceState::kTerminated; }));
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.state = LicenceState::kSuspended; }));
  EXPECT_FALSE(refused_with([](LicenceFacts& l) { l.valid_until = *parse_date("2026-05-29"); })) << "its last day";
  EXPECT_TRUE(refused_with([](LicenceFacts& l) { l.valid_until = *parse_date("2026-05-28"); }));
}

TEST(DecisionDue, SmallBusinessShortensWhereTheTextSaysSo) {
  const WorkingCalendar calendar(default_calendar());
  const Services services = *Services::make(default_services());
  ApplicationFields fields = application_fields();
  const auto due = [&](const char* service) {
    return format_date(
        decision_due(*services.find(service), fields, *base::parse_time("2026-06-01T06:00:00Z"), calendar));
  };
  EXPECT_EQ(due("ozone"), "2026-06-15");
  EXPECT_EQ(due("oil-gas"), "2026-06-22");
  fields.fields.push_back({std::string(kSmallBusinessField), "true"});
  EXPECT_EQ(due("ozone"), "2026-06-08");
  EXPECT_EQ(due("oil-gas"), "2026-06-22");
}

TEST(DecisionDue, AClaimOfSmallBusinessIsUnderstoodOrRefused) {
  ApplicationText text = application_text();
  text.fields.push_back({std::string(kSmallBusinessField), ""});
  for (const char* value : {"TRUE", "1", "yes", "да", " true", ""}) {
    text.fields.back().value = value;
    const auto fields = parse_application(text);
    ASSERT_EQ(codes_of(fields), std::vector{Code::kApplicationSchema}) << value;
    EXPECT_NE(fields.error().front().message().find(kSmallBusinessField), std::string::npos);
  }
  for (const char* value : {"true", "false"}) {
    text.fields.back().value = value;
    EXPECT_TRUE(parse_application(text)) << value;
  }
}

// --- applicants ----------------------------------------------------------------------------------------------------

const EntitlementPolicy kPolicy = default_entitlement_policy();

std::vector<Code> self_signed(const ApplicationFields& fields, std::vector<SignatureFinding> signatures) {
  return codes_of(applicant_by_signature(fields, signatures, kPolicy));
}

TEST(ApplicantBySignature, AnEntitledSignatureOverTheWholeMakesOne) {
  const auto made = applicant_by_signature(application_fields(), std::vector{applicant_signature()}, kPolicy);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->origin(), Applicant::Origin::kSelfSigned);
  EXPECT_EQ(made->number(), kApplicantIin);
}

TEST(ApplicantBySignature, NoSignatureMakesNone) {
  EXPECT_THAT(self_signed(application_fields(), {}), ElementsAre(Code::kFormatNoSignature));
}

TEST(ApplicantBySignature, OneRejectedSignatureSpoilsTheRest) {
  SignatureFinding rejected = applicant_signature();
  rejected.verdict = SignatureVerdict::kNotAccepted;
  rejected.errors = {base::Error(Code::kPathExpired)};
  EXPECT_THAT(self_signed(application_fields(), {applicant_signature(), rejected}), ElementsAre(Code::kPathExpired));
  rejected.errors.clear();
  EXPECT_THAT(self_signed(application_fields(), {applicant_signature(), rejected}), ElementsAre(Code::kInternal));
}

TEST(ApplicantBySignature, CoverageNumberAndRoleEachCount) {
  SignatureFinding partial = applicant_signature();
  partial.coverage = Coverage::kPartial;
  EXPECT_THAT(self_signed(application_fields(), {partial}), ElementsAre(Code::kCoveragePartial));
  SignatureFinding foreign = applicant_signature();
  foreign.signer.iin = "900215400023";
  EXPECT_THAT(self_signed(application_fields(), {foreign}), ElementsAre(Code::kIdentityMismatch));
  SignatureFinding nameless = applicant_signature();
  nameless.signer.iin.clear();
  EXPECT_THAT(self_signed(application_fields(), {nameless}), ElementsAre(Code::kIdentityMissing));
  SignatureFinding employee = applicant_signature();
  employee.signer.roles = {"1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.5"};
  EXPECT_THAT(self_signed(application_fields(), {employee}), ElementsAre(Code::kRoleNotEntitled));
  // A second signature that covers a part only does no harm beside a whole one.
  EXPECT_THAT(self_signed(application_fields(), {partial, applicant_signature()}), IsEmpty());
  // One covers the whole, the other is by the entitled person: neither alone is enough, and they do not add up.
  EXPECT_THAT(self_signed(application_fields(), {partial, foreign}).size(), 1U);
}

TEST(ApplicantBySignature, OrganisationsAreBoundByHeadsAndHoldersOfTheRight) {
  ApplicationText text = application_text();
  text.applicant_kind = "organisation";
  text.applicant_number = kOrganisationBin;
  const ApplicationFields fields = application_fields(text);
  SignatureFinding signature = applicant_signature();
  const auto with_role = [&](std::vector<std::string> roles) {
    signature.signer = {std::string(kApplicantIin), std::string(kOrganisationBin), std::move(roles)};
    return self_signed(fields, {signature});
  };
  EXPECT_THAT(with_role({"1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.1"}), IsEmpty());
  EXPECT_THAT(with_role({"1.2.398.3.3.4.1.2.2"}), IsEmpty());
  EXPECT_THAT(with_role({"1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.5"}), ElementsAre(Code::kRoleNotEntitled));
  EXPECT_THAT(with_role({"1.2.398.3.3.4.1.2"}), ElementsAre(Code::kRoleNotEntitled));
  EXPECT_THAT(with_role({}), ElementsAre(Code::kRoleNotEntitled));
  signature.signer = {std::string(kOrganisationBin), "", {"1.2.398.3.3.4.1.2.1"}};
  EXPECT_THAT(self_signed(fields, {signature}), ElementsAre(Code::kIdentityMissing));
}

TEST(ApplicantByOfficer, NeedsAListedOfficerOfTheLicensorAndAKnownPerson) {
  const ApplicationFields fields = application_fields();
  const OfficerEntry good{std::string(kOilGasBin), Listing::kListed, PersonFinding::kFound};
  EXPECT_EQ(applicant_by_officer(fields, good)->origin(), Applicant::Origin::kEnteredByOfficer);
  OfficerEntry entry = good;
  entry.listing = Listing::kNotListed;
  EXPECT_THAT(codes_of(applicant_by_officer(fields, entry)), ElementsAre(Code::kRoleNotListed));
  entry = good;
  entry.officer_bin = kIndustryBin;
  EXPECT_THAT(codes_of(applicant_by_officer(fields, entry)), ElementsAre(Code::kApplicationLicensor));
  entry = good;
  entry.person = PersonFinding::kNotFound;
  EXPECT_THAT(codes_of(applicant_by_officer(fields, entry)), ElementsAre(Code::kApplicationPerson));
}

TEST(ApplicantByOperator, NeedsTheOperatorsSignatureAndAKnownPerson) {
  const ApplicationFields fields = application_fields();
  SignatureFinding signature = officer_signature({}, "070740000106");
  const auto entry = [&](Listing listing, PersonFinding person) {
    return OperatorEntry{"070740000106", listing, person, std::span(&signature, 1)};
  };
  const auto made = applicant_by_operator(fields, entry(Listing::kListed, PersonFinding::kFound), kPolicy);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->origin(), Applicant::Origin::kCertifiedByOperator);
  EXPECT_THAT(codes_of(applicant_by_operator(fields, entry(Listing::kNotListed, PersonFinding::kFound), kPolicy)),
              ElementsAre(Code::kRoleNotListed));
  EXPECT_THAT(codes_of(applicant_by_operator(fields, entry(Listing::kListed, PersonFinding::kNotFound), kPolicy)),
              ElementsAre(Code::kApplicationPerson));
  signature.signer.bin = kOilGasBin;
  EXPECT_THAT(codes_of(applicant_by_operator(fields, entry(Listing::kListed, PersonFinding::kFound), kPolicy)),
              ElementsAre(Code::kIdentityMismatch));
}

TEST(Entitlement, ACapacityWithoutRuleEntitlesNobody) {
  const SignerIdentity signer{std::string(kApplicantIin), "", {"1.2.398.3.3.4.1.1"}};
  EXPECT_THAT(codes_of(check_entitlement({}, Capacity::kIndividual, signer, kApplicantIin)),
              ElementsAre(Code::kRoleNotEntitled));
  // An absent number is never equal, not even to an absent one.
  EXPECT_THAT(codes_of(check_entitlement(kPolicy, Capacity::kIndividual, {"", "", {"1.2.398.3.3.4.1.1"}}, "")),
              ElementsAre(Code::kIdentityMissing));
}

}  // namespace
}  // namespace tanba::licensing
