// Certificates seen here, alerts about sources, and what staff did, on both databases.
#include "licensing/registry/revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "licensing/registry/testing.h"

namespace tanba::licensing::registry {
namespace {

using base::Code;
using namespace tanba::licensing::registry::testing;  // NOLINT: the values of these tests
using licensing::testing::kIndustryBin;
using licensing::testing::kNow;
using licensing::testing::kOilGasBin;
using licensing::testing::officer;

const Caller kStaff{CallerKind::kSecurity, "security-7"};
constexpr const char* kIin = "850101300015";
constexpr const char* kBin = "050140000011";

base::Bytes der(std::string_view name) {
  return base::to_bytes(base::as_bytes(name));
}
base::Digest digest(std::string_view name) {
  return base::sha256(base::as_bytes(name));
}

SignerCertificate signer(std::string_view name, const std::string& serial, const std::string& iin,
                         const std::string& bin) {
  return {.digest = digest(name),
          .issuer = "CN=ДЕМО,C=KZ",
          .serial = serial,
          .iin = iin,
          .bin = bin,
          .not_before = kNow - base::Seconds(1000),
          .not_after = kNow + base::Seconds(1000),
          .chain = {digest("issuing")}};
}

template <class Command>
Command signed_by(Command command, const SignerCertificate& one, std::string_view name) {
  command.evidence.push_back({"certificate", one.digest, der(name)});
  command.evidence.push_back({"certificate", digest("issuing"), der("issuing")});
  command.signers.push_back(one);
  return command;
}

class RevocationRows : public ::testing::TestWithParam<Backend> {
 protected:
  RevocationRows() : registry_(Registry::open(place_.options(), clock_).value()) {
    EXPECT_TRUE(registry_->execute(PutStaff{{officer(), StaffKind::kOfficer}, {CallerKind::kSystem, "test"}}));
  }
  std::string registered(int n, const SignerCertificate& one, std::string_view name) {
    auto answer = registry_->execute(signed_by(registration(n), one, name));
    EXPECT_TRUE(answer) << answer.error().message() << answer.error().cause();
    return answer ? answer->number : "";
  }
  // A licence on this application, signed with this certificate.
  std::string granted(int n, const std::string& application, const SignerCertificate& one, std::string_view name) {
    const auto number = registry_->execute(ReserveNumber{proposal(application), kNow});
    EXPECT_TRUE(registry_->execute(preparation(n, application, number->text())));
    const Intent intent = registry_->execute(MarkSigning{uuid(n), day_at(kNow)}).value();
    EXPECT_TRUE(registry_->execute(signed_by(commitment(intent, n), one, name)));
    return intent.number;
  }
  std::vector<std::string> found(const Scope& scope, const CertificateQuery& query) {
    std::vector<std::string> out;
    const auto rows = registry_->certificates(scope, query).value();
    for (const CertificateRow& row : rows) {
      out.push_back(row.certificate.serial);
    }
    return out;
  }
  JournalRow last_row() { return registry_->journal(0, kMaxPageRows)->back(); }

  Place place_{GetParam()};
  base::FixedClock clock_{kNow};
  std::unique_ptr<Registry> registry_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, RevocationRows, ::testing::Values(Backend::kSqlite));
INSTANTIATE_TEST_SUITE_P(Postgres, RevocationRows,
                         ::testing::ValuesIn(postgres_connection().empty() ? std::vector<Backend>()
                                                                           : std::vector<Backend>{Backend::kPostgres}));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RevocationRows);

TEST_P(RevocationRows, ACertificateIsFoundBySerialIinAndBinWithAllThatItSigned) {
  const SignerCertificate person = signer("person", "0a", kIin, "");
  const SignerCertificate head = signer("head", "0b", "780310300033", kBin);
  const std::string first = registered(1, person, "person");
  const std::string second = registered(2, person, "person");
  const std::string third = registered(3, head, "head");
  const std::string licence =
      granted(1, first, signer("officer", "0c", "790704300077", std::string(kOilGasBin)), "officer");

  EXPECT_THAT(found(Everything{}, {.iin = kIin}), ::testing::ElementsAre("0a"));
  EXPECT_THAT(found(Everything{}, {.bin = kBin}), ::testing::ElementsAre("0b"));
  EXPECT_THAT(found(Everything{}, {.serial = "0c"}), ::testing::ElementsAre("0c"));
  EXPECT_THAT(found(Everything{}, {.serial = "0c", .issuer = "CN=ДЕМО,C=KZ"}), ::testing::ElementsAre("0c"));
  EXPECT_TRUE(found(Everything{}, {.serial = "0c", .issuer = "CN=ИНОЙ"}).empty());
  EXPECT_TRUE(found(Everything{}, {.iin = kBin}).empty());

  const CertificateRow row = registry_->certificates(Everything{}, {.iin = kIin})->front();
  EXPECT_EQ(row.certificate.digest, person.digest);
  EXPECT_EQ(row.certificate.chain, person.chain);
  EXPECT_EQ(row.certificate.not_after, person.not_after);
  EXPECT_EQ(row.first_seen, kNow);
  EXPECT_EQ(registry_->document(row.certificate.digest), der("person"));

  const auto touched = registry_->touched(Everything{}, person.digest, 100).value();
  ASSERT_EQ(touched.size(), 2U);
  EXPECT_EQ(touched[0].what, SignedAs::kApplication);
  EXPECT_EQ(touched[0].application, first);
  EXPECT_EQ(touched[0].state, ApplicationState::kGranted);
  EXPECT_EQ(touched[0].licence, licence);
  EXPECT_EQ(touched[0].licence_state, LicenceState::kActive);
  EXPECT_EQ(touched[1].application, second);
  EXPECT_EQ(touched[1].licence, "");
  EXPECT_EQ(touched[1].licence_state, std::nullopt);
  const auto by_officer = registry_->touched(Everything{}, digest("officer"), 100).value();
  ASSERT_EQ(by_officer.size(), 1U);
  EXPECT_EQ(by_officer[0].what, SignedAs::kDecision);
  EXPECT_EQ(by_officer[0].decision, licence);
  EXPECT_EQ(registry_->touched(Everything{}, head.digest, 100)->front().application, third);
  EXPECT_TRUE(registry_->verify_journal());
}

TEST_P(RevocationRows, AReaderSeesWhatIsWithinItsScope) {
  registered(1, signer("person", "0a", kIin, ""), "person");
  const CertificateQuery query{.iin = kIin};
  EXPECT_EQ(found(OfPortal{"egov"}, query).size(), 1U);
  EXPECT_EQ(found(OfPortal{"other"}, query).size(), 0U);
  EXPECT_EQ(found(OfLicensor{std::string(kOilGasBin)}, query).size(), 1U);
  EXPECT_EQ(found(OfLicensor{std::string(kIndustryBin)}, query).size(), 0U);
  EXPECT_EQ(registry_->touched(OfLicensor{std::string(kOilGasBin)}, digest("person"), 10)->size(), 1U);
  EXPECT_EQ(registry_->touched(OfLicensor{std::string(kIndustryBin)}, digest("person"), 10)->size(), 0U);
}

TEST_P(RevocationRows, PagesGoOnWhereTheLastOneEnded) {
  for (int n = 1; n <= 3; ++n) {
    const std::string name = "person " + std::to_string(n);
    registered(n, signer(name, "0" + std::to_string(n), kIin, ""), name);
  }
  CertificateQuery query{.iin = kIin, .limit = 2};
  EXPECT_THAT(found(Everything{}, query), ::testing::ElementsAre("01", "02"));
  query.after = digest("person 2");
  EXPECT_THAT(found(Everything{}, query), ::testing::ElementsAre("03"));
}

TEST_P(RevocationRows, ASignerWithoutItsOctetsIsNotRegistered) {
  RegisterApplication command = registration(1);
  command.signers.push_back(signer("person", "0a", kIin, ""));
  EXPECT_FALSE(registry_->execute(std::move(command))) << "the certificate is not in the store";
  EXPECT_EQ(registry_->applications(Everything{}, {})->size(), 0U);
}

AlertReport report_of(const std::string& id, const std::string& kind = "shrunk") {
  return {.id = id,
          .kind = kind,
          .source_kind = "CRL",
          .source = "http://crl.example/a.crl",
          .code = "crl.shrunk",
          .kept = digest("old").hex(),
          .offered = digest("new").hex(),
          .seen_at = kNow};
}

TEST_P(RevocationRows, AnAlertIsRecordedOnceWhoeverSeesIt) {
  ASSERT_TRUE(registry_->execute(RecordAlert{report_of("aa")}));
  const std::size_t rows = registry_->journal(0, kMaxPageRows)->size();
  EXPECT_EQ(last_row().event, "revocation.alert");
  EXPECT_EQ(last_row().subject, "aa");
  ASSERT_TRUE(registry_->execute(RecordAlert{report_of("aa")}));
  EXPECT_EQ(registry_->journal(0, kMaxPageRows)->size(), rows);
  const auto alerts = registry_->alerts({}).value();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].state, AlertRowState::kOpen);
  EXPECT_EQ(alerts[0].report.offered, digest("new").hex());
  EXPECT_EQ(alerts[0].decided_by, std::nullopt);
}

TEST_P(RevocationRows, AnAlertEndsWhenItsSourceSaysSo) {
  AlertReport report = report_of("aa");
  ASSERT_TRUE(registry_->execute(RecordAlert{report}));
  report.state = AlertReport::State::kOver;
  ASSERT_TRUE(registry_->execute(RecordAlert{report}));
  EXPECT_EQ(registry_->alerts({})->front().state, AlertRowState::kOver);
  EXPECT_EQ(last_row().event, "revocation.alert-over");
  EXPECT_EQ(code_of(registry_->execute(DecideAlert{"aa", AlertRowState::kConfirmed, "x", kStaff})),
            Code::kRegistryState);
  EXPECT_EQ(registry_->alerts({.states = {AlertRowState::kOpen}})->size(), 0U);
}

TEST_P(RevocationRows, StaffAcknowledgeAndConfirm) {
  ASSERT_TRUE(registry_->execute(RecordAlert{report_of("aa")}));
  EXPECT_EQ(code_of(registry_->execute(DecideAlert{"bb", AlertRowState::kAcknowledged, "x", kStaff})),
            Code::kRegistryNotFound);
  const auto seen = registry_->execute(DecideAlert{"aa", AlertRowState::kAcknowledged, "смотрю", kStaff});
  ASSERT_TRUE(seen) << seen.error().message();
  EXPECT_EQ(seen->state, AlertRowState::kAcknowledged);
  EXPECT_EQ(seen->decided_by, kStaff);
  const auto confirmed = registry_->execute(DecideAlert{"aa", AlertRowState::kConfirmed, "НУЦ подтвердил", kStaff});
  ASSERT_TRUE(confirmed);
  EXPECT_EQ(confirmed->state, AlertRowState::kConfirmed);
  EXPECT_EQ(confirmed->reason, "НУЦ подтвердил");
  const auto entry = base::parse_json(last_row().entry).value();
  EXPECT_EQ(entry.at("event").as_string(), "revocation.alert-confirmed");
  EXPECT_EQ(entry.at("actor").at("kind").as_string(), "security");
  EXPECT_EQ(entry.at("data").at("offered").as_string(), digest("new").hex());
  EXPECT_EQ(last_row().entry.find("НУЦ"), std::string::npos) << "people's words stay in the row";
  // The same again is fine, back is not; that the source is over does not undo a person's decision.
  EXPECT_TRUE(registry_->execute(DecideAlert{"aa", AlertRowState::kConfirmed, "снова", kStaff}));
  EXPECT_EQ(code_of(registry_->execute(DecideAlert{"aa", AlertRowState::kAcknowledged, "x", kStaff})),
            Code::kRegistryState);
  AlertReport over = report_of("aa");
  over.state = AlertReport::State::kOver;
  ASSERT_TRUE(registry_->execute(RecordAlert{over}));
  EXPECT_EQ(registry_->alerts({})->front().state, AlertRowState::kConfirmed);
}

TEST_P(RevocationRows, OnlyAListThatShrankCanBeConfirmed) {
  ASSERT_TRUE(registry_->execute(RecordAlert{report_of("aa", "rollback")}));
  EXPECT_EQ(code_of(registry_->execute(DecideAlert{"aa", AlertRowState::kConfirmed, "x", kStaff})),
            Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(DecideAlert{"aa", AlertRowState::kOver, "x", kStaff})), Code::kRegistryState);
  EXPECT_EQ(code_of(registry_->execute(DecideAlert{"aa", AlertRowState::kOpen, "x", kStaff})), std::nullopt);
  EXPECT_TRUE(registry_->execute(DecideAlert{"aa", AlertRowState::kAcknowledged, "x", kStaff}));
}

TEST_P(RevocationRows, AlertsComeInPagesTheNewestFirst) {
  for (const char* id : {"aa", "bb", "cc"}) ASSERT_TRUE(registry_->execute(RecordAlert{report_of(id)}));
  EXPECT_EQ(registry_->alerts({.limit = 2})->back().report.id, "bb");
  EXPECT_EQ(registry_->alerts({.after = "bb"})->front().report.id, "aa");
}

TEST_P(RevocationRows, WhatStaffDidIsInTheJournalWithoutNamingAnybody) {
  NoteRevocationAct act{.act = RevocationAct::kLookUp,
                        .stage = ActStage::kDone,
                        .subject = "iin",
                        .digests = {digest("person")},
                        .outcome = "ok",
                        .by = kStaff};
  ASSERT_TRUE(registry_->execute(act));
  const auto entry = base::parse_json(last_row().entry).value();
  EXPECT_EQ(entry.at("event").as_string(), "revocation.looked-up");
  EXPECT_EQ(entry.at("subject").as_string(), "iin");
  EXPECT_EQ(entry.at("data").at("digests").as_array().at(0).as_string(), digest("person").hex());
  EXPECT_EQ(entry.at("data").at("outcome").as_string(), "ok");
  ASSERT_TRUE(registry_->execute(
      NoteRevocationAct{.act = RevocationAct::kImport, .subject = "list", .digests = {digest("new")}, .by = kStaff}));
  EXPECT_EQ(last_row().event, "revocation.import");
  EXPECT_TRUE(registry_->verify_journal());
}

}  // namespace
}  // namespace tanba::licensing::registry
