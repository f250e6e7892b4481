// Trust lists over a real registry: what comes in, goes out, comes back, and what is refused. Each refusal has one
// cause.
#include "licensing/flow/trust_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "base/json.h"
#include "base/test_support.h"
#include "licensing/flow/trust_document.h"
#include "licensing/registry/testing.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using base::test::read_made;
using enum pki::TrustPurpose;
using licensing::testing::kNow;
using registry::TrustAct;
using registry::testing::Backend;
using registry::testing::code_of;
using registry::testing::Place;

pki::CertificatePtr certificate(const std::string& name) {
  return pki::parse_certificates(read_made(name)).value().front();
}

constexpr const char* kRoot = "anchors.pem";
constexpr const char* kIssuing = "ca/issuing.pem";
constexpr const char* kPerson = "certs/individual.pem";  // carries no demo marker

pki::TrustSnapshotPtr list_of(const char* name, pki::TrustPurposes purposes) {
  return pki::TrustSnapshot::make({{certificate(name), purposes, {}, {}}}, {});
}
TrustImport import_of(const char* name, pki::TrustPurposes purposes) {
  return {.kind = TrustKind::kAnchor,
          .certificate = read_made(name),
          .fingerprint = certificate(name)->digest(),
          .purposes = purposes,
          .trusted_from = {},
          .trusted_until = {}};
}
TrustImport intermediate(const char* name) {
  TrustImport out = import_of(name, {});
  out.kind = TrustKind::kIntermediate;
  return out;
}
const Caller kStaff{CallerKind::kSecurity, "security-1"};

class TrustListsTest : public ::testing::TestWithParam<Backend> {
 protected:
  TrustListsTest() : registry_(registry::Registry::open(place_.options(), clock_).value()) {
    lists_ = open(Demo::kYes, list_of(kRoot, {kOfficer, kApplicant})).value();
  }
  base::Result<std::unique_ptr<TrustLists>> open(Demo demo, const pki::TrustSnapshotPtr& configured) {
    return TrustLists::open({.registry = *registry_, .clock = clock_, .demo = demo}, configured);
  }
  // On the newest version.
  base::Result<TrustState> change(decltype(TrustChange::what) what) {
    return lists_->change({std::move(what), lists_->in_force().version.version, "because", kStaff});
  }
  std::size_t journal_rows() { return registry_->journal(0, 500)->size(); }
  // Refused with this code, and nothing happened.
  void expect_refused(decltype(TrustChange::what) what, Code code) {
    const std::size_t rows = journal_rows();
    const TrustState before = lists_->in_force();
    EXPECT_EQ(code_of(change(std::move(what))), code);
    EXPECT_EQ(lists_->in_force().version.version, before.version.version);
    EXPECT_EQ(lists_->current(), before.snapshot);
    EXPECT_EQ(registry_->trust_version()->version, before.version.version);
    EXPECT_EQ(journal_rows(), rows);
  }

  Place place_{GetParam()};
  base::FixedClock clock_{kNow};
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<TrustLists> lists_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, TrustListsTest, ::testing::Values(Backend::kSqlite));
INSTANTIATE_TEST_SUITE_P(Postgres, TrustListsTest,
                         ::testing::ValuesIn(registry::testing::postgres_connection().empty()
                                                 ? std::vector<Backend>{}
                                                 : std::vector{Backend::kPostgres}));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrustListsTest);

TEST_P(TrustListsTest, TheConfigurationMakesTheFirstVersionAndNoOther) {
  EXPECT_EQ(lists_->in_force().version.version, 1);
  EXPECT_EQ(lists_->in_force().version.act, TrustAct::kConfiguration);
  EXPECT_EQ(lists_->in_force().version.by, (Caller{CallerKind::kSystem, "configuration"}));
  const auto again = open(Demo::kYes, list_of(kPerson, {kOfficer}));
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->in_force().version.version, 1);
  EXPECT_EQ((*again)->current()->id(), lists_->current()->id()) << "another configuration is not obeyed";
}

TEST_P(TrustListsTest, AnAnchorComesInWithItsFingerprintPurposesAndWindow) {
  TrustImport import = import_of(kIssuing, {kApplicant, kOcsp});
  import.trusted_until = kNow + base::Seconds(3600);
  const auto state = change(import);
  ASSERT_TRUE(state) << state.error().message() << state.error().cause();
  EXPECT_EQ(state->version.version, 2);
  EXPECT_EQ(state->version.act, TrustAct::kImport);
  EXPECT_EQ(state->version.by, kStaff);
  EXPECT_EQ(state->version.reason, "because");
  const pki::Anchor* anchor = lists_->current()->anchor_of(import.fingerprint);
  ASSERT_NE(anchor, nullptr) << "in force at once";
  EXPECT_EQ(anchor->purposes, import.purposes);
  EXPECT_EQ(anchor->trusted_until, import.trusted_until);
  EXPECT_EQ(lists_->current()->anchors().size(), 2U);
  // Kept so that it can be read again, exactly.
  EXPECT_EQ(lists_->state_of(2)->snapshot->id(), lists_->current()->id());
  EXPECT_EQ(lists_->state_of(1)->snapshot->anchors().size(), 1U);

  // Again with other purposes: those count then, not the sum.
  const auto changed = change(import_of(kIssuing, {kTsa}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(lists_->current()->anchor_of(import.fingerprint)->purposes, (pki::TrustPurposes{kTsa}));
  EXPECT_EQ(lists_->current()->anchor_of(import.fingerprint)->trusted_until, std::nullopt);
  EXPECT_EQ(lists_->current()->anchors().size(), 2U);
}

TEST_P(TrustListsTest, EveryActIsInTheJournalWithItsCertificate) {
  ASSERT_TRUE(change(import_of(kIssuing, {kApplicant})));
  const auto rows = registry_->journal(0, 500).value();
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.back().event, "trust.installed");
  EXPECT_EQ(rows.back().subject, "2");
  const auto entry = base::parse_json(rows.back().entry).value();
  EXPECT_EQ(entry.at("actor").at("kind").as_string(), "security");
  EXPECT_EQ(entry.at("data").at("act").as_string(), "import");
  EXPECT_EQ(entry.at("data").at("basedOn").as_int64(), 1);
  EXPECT_EQ(entry.at("data").at("certificates").as_array().at(0).as_string(), certificate(kIssuing)->digest().hex());
  EXPECT_EQ(entry.at("data").at("list").as_string(), lists_->current()->id().hex());
  EXPECT_TRUE(registry_->verify_journal());
}

TEST_P(TrustListsTest, AnotherFingerprintIsRefused) {
  TrustImport import = import_of(kIssuing, {kApplicant});
  import.fingerprint.octets.back() ^= 1;
  expect_refused(import, Code::kTrustFingerprint);
}

TEST_P(TrustListsTest, AFileMustHoldOneCertificate) {
  TrustImport import = import_of(kIssuing, {kApplicant});
  const base::Bytes other = read_made(kPerson);
  import.certificate.insert(import.certificate.end(), other.begin(), other.end());
  expect_refused(import, Code::kInputMember);
  import.certificate = {'x'};
  expect_refused(import, Code::kInputMember);
  import.certificate = {};
  expect_refused(import, Code::kInputMember);
}

TEST_P(TrustListsTest, AnAnchorNeedsAPurposeAndAWindowThatOpens) {
  expect_refused(import_of(kIssuing, {}), Code::kInputMember);
  TrustImport import = import_of(kIssuing, {kApplicant});
  import.trusted_from = kNow;
  import.trusted_until = kNow;
  expect_refused(import, Code::kInputMember);
  import.trusted_until = kNow + base::Seconds(1);
  EXPECT_TRUE(change(import));
}

TEST_P(TrustListsTest, AnIntermediateIsTrustedForNothing) {
  TrustImport import = intermediate(kIssuing);
  import.purposes = {kApplicant};
  expect_refused(import, Code::kInputMember);
  import.purposes = {};
  import.trusted_from = kNow;
  expect_refused(import, Code::kInputMember);
  ASSERT_TRUE(change(intermediate(kIssuing)));
  EXPECT_EQ(lists_->current()->intermediates().size(), 1U);
  EXPECT_EQ(lists_->current()->anchor_of(certificate(kIssuing)->digest()), nullptr);
  expect_refused(intermediate(kIssuing), Code::kTrustUnchanged);
}

TEST_P(TrustListsTest, AChangeIsBasedOnTheNewestVersion) {
  ASSERT_TRUE(change(intermediate(kIssuing)));
  TrustChange late{import_of(kPerson, {kApplicant}), 1, "because", kStaff};
  EXPECT_EQ(code_of(lists_->change(late)), Code::kTrustVersion);
  late.based_on = 2;
  EXPECT_TRUE(lists_->change(late));
}

TEST_P(TrustListsTest, AChangeHasAReason) {
  TrustChange change{intermediate(kIssuing), 1, "", kStaff};
  EXPECT_EQ(code_of(lists_->change(change)), Code::kInputMember);
  change.reason = std::string(kMaxTrustReasonBytes + 1, 'x');
  EXPECT_EQ(code_of(lists_->change(change)), Code::kInputMember);
  change.reason.pop_back();
  EXPECT_TRUE(lists_->change(change));
}

TEST_P(TrustListsTest, WhatIsRemovedIsTrustedNoMore) {
  ASSERT_TRUE(change(import_of(kIssuing, {kApplicant})));
  const base::Digest issuing = certificate(kIssuing)->digest();
  expect_refused(TrustRemoval{TrustKind::kIntermediate, issuing}, Code::kRegistryNotFound);
  const auto state = change(TrustRemoval{TrustKind::kAnchor, issuing});
  ASSERT_TRUE(state);
  EXPECT_EQ(state->version.act, TrustAct::kRemoval);
  EXPECT_EQ(lists_->current()->anchor_of(issuing), nullptr);
  expect_refused(TrustRemoval{TrustKind::kAnchor, issuing}, Code::kRegistryNotFound);
}

TEST_P(TrustListsTest, NobodyLocksEverybodyOut) {
  const base::Digest root = certificate(kRoot)->digest();
  expect_refused(TrustRemoval{TrustKind::kAnchor, root}, Code::kTrustLockOut);
  expect_refused(import_of(kRoot, {kApplicant}), Code::kTrustLockOut);
  TrustImport ended = import_of(kRoot, {kOfficer});
  ended.trusted_until = kNow;
  expect_refused(ended, Code::kTrustLockOut);
  TrustImport later = import_of(kRoot, {kOfficer});
  later.trusted_from = kNow + base::Seconds(1);
  expect_refused(later, Code::kTrustLockOut);
  // With another one beside it, it may go.
  ASSERT_TRUE(change(import_of(kIssuing, {kOfficer})));
  EXPECT_TRUE(change(TrustRemoval{TrustKind::kAnchor, root}));
}

TEST_P(TrustListsTest, AnOldListComesBackAsANewVersion) {
  ASSERT_TRUE(change(import_of(kIssuing, {kApplicant})));
  ASSERT_TRUE(change(intermediate(kPerson)));
  expect_refused(TrustRollback{3}, Code::kTrustUnchanged);
  expect_refused(TrustRollback{4}, Code::kRegistryNotFound);
  const auto state = change(TrustRollback{1});
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->version.version, 4);
  EXPECT_EQ(state->version.act, TrustAct::kRollback);
  EXPECT_EQ(state->version.restores, 1);
  const TrustState first = lists_->state_of(1).value();
  EXPECT_EQ(lists_->current()->id(), first.snapshot->id());
  EXPECT_EQ(state->version.snapshot, first.version.snapshot) << "the same document";
  // All are still there, the newest first.
  const auto versions = registry_->trust_versions({}).value();
  ASSERT_EQ(versions.size(), 4U);
  EXPECT_EQ(versions.front().version, 4);
  EXPECT_EQ(versions.front().restores, 1);
  EXPECT_EQ(versions.at(1).restores, std::nullopt);
  EXPECT_EQ(registry_->trust_versions({.before = 3, .limit = 1})->front().version, 2);
}

TEST_P(TrustListsTest, ARealDaemonTakesNoDemoAnchorByAnyWay) {
  EXPECT_EQ(code_of(open(Demo::kNo, list_of(kPerson, {kOfficer}))), Code::kConfigDemoAnchor)
      << "a registry that a demo began";
  lists_ = open(Demo::kYes, list_of(kPerson, {kOfficer})).value();
  ASSERT_TRUE(change(import_of(kPerson, {kOfficer})));
  ASSERT_TRUE(change(TrustRemoval{TrustKind::kAnchor, certificate(kRoot)->digest()}));
  lists_ = open(Demo::kNo, list_of(kPerson, {kOfficer})).value();
  expect_refused(import_of(kRoot, {kApplicant}), Code::kConfigDemoAnchor);
  expect_refused(TrustRollback{1}, Code::kConfigDemoAnchor);
  EXPECT_EQ(code_of(lists_->take_configured(list_of(kRoot, {kOfficer}), "because")), Code::kConfigDemoAnchor);
}

TEST_P(TrustListsTest, AnotherDaemonTakesOverWhatOneMade) {
  const auto other = open(Demo::kYes, list_of(kRoot, {kOfficer})).value();
  ASSERT_TRUE(change(import_of(kIssuing, {kApplicant})));
  EXPECT_EQ(other->in_force().version.version, 1);
  EXPECT_EQ(other->refresh(), TrustLists::Refreshed::kChanged);
  EXPECT_EQ(other->current()->id(), lists_->current()->id());
  EXPECT_EQ(other->refresh(), TrustLists::Refreshed::kSame);
  EXPECT_TRUE(other->check());
}

TEST_P(TrustListsTest, ADaemonThatCannotReadTheNewestKeepsTheOldOneAndSaysSo) {
  auto options = place_.options();
  options.documents = place_.folder() / "elsewhere";  // its folder of documents is not the others'
  const auto apart = registry::Registry::open(options, clock_).value();
  const std::string document = write_trust_document(*lists_->current());
  ASSERT_TRUE(apart->documents().put(base::as_bytes(document)));
  const auto other =
      TrustLists::open({.registry = *apart, .clock = clock_, .demo = Demo::kYes}, list_of(kRoot, {kOfficer})).value();
  EXPECT_TRUE(other->check());
  ASSERT_TRUE(change(import_of(kIssuing, {kApplicant})));
  EXPECT_EQ(code_of(other->refresh()), Code::kRegistryNotFound);
  EXPECT_EQ(other->check().error().code(), Code::kRegistryNotFound) << "not ready: its trust is out of date";
  EXPECT_EQ(other->in_force().version.version, 1);
}

TEST_P(TrustListsTest, OfTwoChangesAtOnceOneIsTheNextVersion) {
  const auto other = open(Demo::kYes, list_of(kRoot, {kOfficer})).value();
  std::barrier start(2);
  std::vector<base::Result<TrustState>> answers(2, base::fail(Code::kInternal));
  std::array<TrustLists*, 2> daemons{lists_.get(), other.get()};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      const TrustChange change{intermediate(i == 0 ? kIssuing : kPerson), 1, "because", kStaff};
      start.arrive_and_wait();
      answers[i] = daemons[i]->change(change);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers[0].has_value() + answers[1].has_value(), 1);
  EXPECT_EQ(code_of(answers[answers[0] ? 1 : 0]), Code::kTrustVersion);
  EXPECT_EQ(registry_->trust_version()->version, 2);
}

TEST_P(TrustListsTest, ReadinessAsksForSomebodyWhoIsTrustedNow) {
  EXPECT_TRUE(lists_->check());
  TrustImport import = import_of(kRoot, {kOfficer});
  import.trusted_until = kNow + base::Seconds(10);
  ASSERT_TRUE(change(import));
  clock_.set(kNow + base::Seconds(10));
  EXPECT_EQ(lists_->check().error().code(), Code::kPathNoAnchors);
}

TEST_P(TrustListsTest, WhoHoldsTheMachineTakesTheConfiguredList) {
  const auto configured = list_of(kPerson, {kOfficer});
  const auto state = lists_->take_configured(configured, "the officers' anchor was lost");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->version.version, 2);
  EXPECT_EQ(state->version.act, TrustAct::kConfiguration);
  EXPECT_EQ(lists_->current()->id(), configured->id());
  EXPECT_EQ(code_of(lists_->take_configured(configured, "again")), Code::kTrustUnchanged);
}

TEST(TrustDifference, NamesWhatCameWentAndChanged) {
  const auto before = pki::TrustSnapshot::make(
      {{certificate(kRoot), {kOfficer}, {}, {}}, {certificate(kPerson), {kOfficer}, {}, {}}}, {certificate(kIssuing)});
  const auto after = pki::TrustSnapshot::make(
      {{certificate(kRoot), {kOfficer}, {}, kNow}, {certificate(kIssuing), {kApplicant}, {}, {}}}, {});
  const auto entries = difference(*before, *after).entries;
  ASSERT_EQ(entries.size(), 4U);
  const auto count = [&](TrustKind kind, bool was, bool is) {
    return std::ranges::count_if(entries, [&](const TrustDifference::Entry& entry) {
      return entry.kind == kind && entry.before.has_value() == was && entry.after.has_value() == is;
    });
  };
  EXPECT_EQ(count(TrustKind::kAnchor, true, true), 1);
  EXPECT_EQ(count(TrustKind::kAnchor, true, false), 1);
  EXPECT_EQ(count(TrustKind::kAnchor, false, true), 1);
  EXPECT_EQ(count(TrustKind::kIntermediate, true, false), 1);
  EXPECT_TRUE(difference(*after, *after).entries.empty());
}

TEST(Fingerprint, IsReadAsPeopleWriteIt) {
  const base::Digest digest = certificate(kRoot)->digest();
  std::string text;
  for (std::size_t i = 0; i < digest.hex().size(); i += 2) {
    if (i > 0) text += i % 4 == 0 ? ":" : " ";
    for (const char c : digest.hex().substr(i, 2)) text += static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
  }
  EXPECT_EQ(parse_fingerprint(text), digest);
  for (const std::string& wrong :
       {std::string(), digest.hex().substr(1), digest.hex() + "0", "g" + digest.hex().substr(1)}) {
    EXPECT_EQ(code_of(parse_fingerprint(wrong)), Code::kInputMember) << wrong;
  }
}

TEST(TrustDocument, IsReadExactlyAsItIsWritten) {
  const auto list = pki::TrustSnapshot::make({{certificate(kRoot), {kOfficer, kTsa}, kNow, kNow + base::Seconds(5)}},
                                             {certificate(kIssuing)});
  const std::string document = write_trust_document(*list);
  const auto again = read_trust_document(base::as_bytes(document));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ((*again)->id(), list->id());
  EXPECT_EQ((*again)->anchors().front().trusted_until, kNow + base::Seconds(5));
  EXPECT_EQ((*again)->intermediates().size(), 1U);
}

TEST(TrustDocument, AnythingElseIsDamaged) {
  const std::string document = write_trust_document(*list_of(kRoot, {kOfficer}));
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string out = document;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  const std::vector<std::string> wrong{
      "",
      "[]",
      "{}",
      document + " ",
      changed(R"("id":")", R"("id":"00)"),                             // another list's name
      changed(R"(["officer"])", R"(["root"])"),                        // no such purpose
      changed(R"(["officer"])", R"(["officer","officer"])"),           // said twice
      changed(R"("purposes":)", R"("from":"yesterday","purposes":)"),  // no time
      changed(R"("purposes":)", R"("note":"x","purposes":)"),          // a member that nobody knows
      changed(R"("intermediates":[])", R"("intermediates":["AAAA"])"),
      changed(R"("intermediates":[])", R"("intermediates":[1])"),
      changed(R"("certificate":")", R"("certificate":"!)"),
  };
  for (const std::string& text : wrong) {
    EXPECT_EQ(code_of(read_trust_document(base::as_bytes(text))), Code::kRegistryDamaged) << text.substr(0, 200);
  }
}

}  // namespace
}  // namespace tanba::licensing::flow
