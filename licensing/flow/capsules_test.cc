// Capsules against a real registry; the key server is played, with a key of the test authority.
#include "licensing/flow/capsules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "licensing/registry/testing.h"
#include "pki/pkcs12.h"
#include "pki/test_support.h"
#include "verify/capsule_check.h"

namespace tanba::licensing::flow {
namespace {

using base::Code;
using licensing::testing::kNow;
using registry::CapsuleLack;
using registry::testing::registration;
namespace client = tokens::client;

class PlayedKeyServer final : public client::KeyServer {
 public:
  PlayedKeyServer(pki::Context& context, pki::Signer& signer) : context_(context), signer_(signer) {}

  bool away = false;
  base::Time now = kNow;
  int seals = 0;

  base::Result<client::Pong> ping(Timeout) override { return client::Pong{}; }
  base::Result<client::KeyList> list_keys(Timeout) override {
    if (away) return base::fail(Code::kKeydUnreachable);
    return client::KeyList{{{.name = "seal",
                             .purpose = client::KeyPurpose::kCapsule,
                             .state = client::KeyState::kReady,
                             .reason = "",
                             .algorithms = {signer_.algorithms().front()},
                             .certificate = signer_.certificate(),
                             .chain = {}}}};
  }
  base::Result<client::Signed> sign_intent(const client::SignIntent&, Timeout) override {
    return base::fail(Code::kKeydUnreachable);
  }
  base::Result<client::IntentAnswer> ask_intent(std::string_view, Timeout) override { return client::IntentAnswer{}; }
  base::Result<client::IntentAnswer> cancel_intent(std::string_view, Timeout) override {
    return base::fail(Code::kKeydUnreachable);
  }
  base::Result<client::Sealed> seal_capsule(const client::SealCapsule& request, Timeout) override {
    ++seals;
    TANBA_TRY(const cms::CapsuleKind kind, cms::parse_capsule_kind(request.kind));
    TANBA_TRY(const cms::ToBeSigned prepared, cms::prepare_seal(context_, {kind, request.id, request.manifest, now},
                                                                signer_.certificate(), signer_.algorithms().front()));
    TANBA_TRY(base::Bytes signature, signer_.sign(prepared.algorithm, prepared.octets));
    return client::Sealed{{prepared.algorithm, std::move(signature), signer_.certificate(), {}}, now};
  }

 private:
  pki::Context& context_;
  pki::Signer& signer_;
};

class CapsulesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = base::test::made("");
    context_ = *pki::Context::create();
    const auto index = *base::parse_json(base::as_text(read("index.json")));
    input_.now = *base::parse_time(index.at("goodAt").as_string());
    const base::Secret password(base::as_bytes(std::string_view(index.at("p12Password").as_string())));
    signer_ = std::move(pki::open_pkcs12(*context_, read("p12/officer-head.p12"), password)->signer);
    keys_ = std::make_unique<PlayedKeyServer>(*context_, *signer_);
    keys_->now = input_.now;
    clock_.set(input_.now);
    registry_ = *registry::Registry::open(place_.options(), clock_);
    input_.policy = verify::policy_for(pki::PolicyId::kKzSubmission);
    input_.policy.revocation = verify::RevocationMode::kOff;
    input_.candidates = {pki::test::load(root_ / "ca/issuing.pem")};
    input_.trust = pki::TrustSnapshot::make({{.certificate = pki::test::load(root_ / "anchors.pem"),
                                              .purposes = pki::TrustPurposes::all(),
                                              .trusted_from = {},
                                              .trusted_until = {}}},
                                            {});
  }
  base::Bytes read(const std::string& name) const { return *base::read_file(root_ / name, 64U << 20); }

  // An application whose capsule is of another document: what it is about is not looked at here.
  using Change = std::function<void(std::string&)>;
  std::string registered(int n, const Change& change = {}) { return add(changed(n, change)); }
  std::string add(RegisterApplication command) { return registry_->execute(std::move(command)).value().number; }
  RegisterApplication changed(int n, const Change& change) {
    auto facts = std::make_shared<verify::Facts>(
        *verify::inspect(*context_, read("scenarios/cms-attached/document.cms"), {}, base::Limits{}));
    verify::evidence::Verified judged{.facts = facts, .timestamp = {}, .report = {}, .evidence = {}};
    input_.evidence = &judged.evidence;
    base::Budget budget{base::Limits{}};
    judged.report = verify::judge(*context_, nullptr, *facts, input_, budget)->report;
    RegisterApplication command = registration(n);
    command.report = base::canonical_json(to_json(judged.report));
    if (change) change(command.report);
    EXPECT_TRUE(add_capsule({cms::CapsuleKind::kSubmission, command.fields.request_id}, judged, input_, base::Limits{},
                            command.report, command.evidence));
    return command;
  }
  // As a release judged it whose policies were of the version before: record, report and manifest say so.
  RegisterApplication of_earlier_release(int n, const Change& change = {}) {
    RegisterApplication command = changed(n, [&](std::string& report) {
      put_earlier_version(report);
      if (change) change(report);
    });
    auto& items = command.evidence;
    EvidenceItem& manifest = items.back();
    EvidenceItem& record = *std::ranges::find(items, "capsule.record", &EvidenceItem::kind);
    std::string text(base::as_text(record.octets)), parts(base::as_text(manifest.octets));
    put_earlier_version(text);
    const std::string before = record.digest.hex();
    record = {record.kind, base::sha256(base::as_bytes(text)), base::to_bytes(base::as_bytes(text))};
    parts.replace(parts.find(before), before.size(), record.digest.hex());
    manifest = {manifest.kind, base::sha256(base::as_bytes(parts)), base::to_bytes(base::as_bytes(parts))};
    return command;
  }
  static void put_earlier_version(std::string& text) {
    const std::string now = "\"version\":" + std::to_string(pki::kPolicyVersion);
    text.replace(text.find(now), now.size(), "\"version\":" + std::to_string(pki::kPolicyVersion - 1));
  }
  Capsules capsules() {
    return Capsules({.registry = *registry_, .keys = keys_.get(), .stamper = nullptr, .stamp_input = {}});
  }
  verify::CapsuleVerdict verdict(const std::string& owner) {
    const auto file = capsules().file(owner);
    EXPECT_TRUE(file);
    verify::CapsuleQuestion question{.input = input_, .seal = {}, .seal_keys = {}, .document = {}};
    const verify::EvidenceSet nothing;
    question.input.evidence = &nothing;
    question.input.now += std::chrono::seconds(60);
    return *verify::check_capsule(*context_, *file, question);
  }

  std::filesystem::path root_;
  const registry::testing::Place place_{registry::testing::Backend::kSqlite};
  base::FixedClock clock_{kNow};
  std::unique_ptr<pki::Context> context_;
  std::unique_ptr<pki::Signer> signer_;
  std::unique_ptr<PlayedKeyServer> keys_;
  std::unique_ptr<registry::Registry> registry_;
  verify::JudgeInput input_;
};

TEST_F(CapsulesTest, WhatIsRegisteredIsSealedOnceAndHolds) {
  const std::string first = registered(1), second = registered(2);
  Capsules work = capsules();
  EXPECT_EQ(work.waiting()->unsealed, 2);
  EXPECT_THAT(verdict(first).errors, ::testing::SizeIs(1)) << "no seal yet";
  const Capsules::Round round = work.work();
  EXPECT_EQ(round.sealed, 2U);
  EXPECT_THAT(round.troubles, ::testing::IsEmpty());
  EXPECT_EQ(work.work().sealed, 0U);
  EXPECT_EQ(keys_->seals, 2);
  for (const std::string& owner : {first, second}) {
    const verify::CapsuleVerdict found = verdict(owner);
    EXPECT_THAT(found.errors, ::testing::IsEmpty());
    EXPECT_EQ(found.manifest->subject.kind, cms::CapsuleKind::kSubmission);
  }
  EXPECT_EQ(work.waiting()->unsealed, 0);
  EXPECT_EQ(work.waiting()->unstamped, 2);
}

TEST_F(CapsulesTest, AKeyServerThatIsAwayIsLeftAloneAndNothingIsLost) {
  const std::string owner = registered(1);
  keys_->away = true;
  Capsules work = capsules();
  const Capsules::Round round = work.work();
  ASSERT_EQ(round.troubles.size(), 1U);
  EXPECT_EQ(round.troubles.front().error.code(), Code::kKeydUnreachable);
  EXPECT_THAT(work.work().troubles, ::testing::IsEmpty()) << "it is not asked again at once";
  keys_->away = false;
  EXPECT_EQ(capsules().work().sealed, 1U) << "another process finds it";
  EXPECT_THAT(verdict(owner).errors, ::testing::IsEmpty());
}

TEST_F(CapsulesTest, WhatDoesNotGiveItsReportAgainIsNotSealed) {
  const std::string wrong =
      registered(1, [](std::string& report) { report.replace(report.find("TOTAL-"), 12, "TOTAL-FAILED"); });
  const std::string right = registered(2);
  Capsules work = capsules();
  const Capsules::Round round = work.work();
  EXPECT_EQ(round.sealed, 1U);
  ASSERT_EQ(round.troubles.size(), 1U);
  EXPECT_EQ(round.troubles.front().owner, wrong);
  EXPECT_EQ(round.troubles.front().error.code(), Code::kCapsuleReport);
  EXPECT_THAT(work.work().troubles, ::testing::IsEmpty()) << "said once";
  EXPECT_TRUE(registry_->capsule(right)->seal.has_value());
  EXPECT_FALSE(registry_->capsule(wrong)->seal.has_value());
  EXPECT_EQ(work.waiting()->unsealed, 1);
  EXPECT_THAT(work.waiting()->unfit, ::testing::ElementsAre(std::pair(Code::kCapsuleReport, 1)));
}

// Judged anew by the rules of this release they give the same report: they are sealed as they are.
TEST_F(CapsulesTest, WhatAnEarlierReleaseLeftIsJudgedAnewAndSealed) {
  const std::string owner = add(of_earlier_release(1));
  Capsules work = capsules();
  const Capsules::Round round = work.work();
  EXPECT_THAT(round.troubles, ::testing::IsEmpty());
  EXPECT_EQ(round.sealed, 1U);
  ASSERT_TRUE(registry_->capsule(owner)->seal.has_value());
  // The program that judged it replays it, no other.
  EXPECT_THAT(verdict(owner).errors,
              ::testing::ElementsAre(::testing::Property(&base::Error::code, Code::kCapsuleVersion)));
}

TEST_F(CapsulesTest, WhatComesToBeJudgedOtherwiseIsNotSealedAndShows) {
  const std::string owner = add(
      of_earlier_release(1, [](std::string& report) { report.replace(report.find("TOTAL-"), 12, "TOTAL-FAILED"); }));
  Capsules work = capsules();
  const Capsules::Round round = work.work();
  ASSERT_EQ(round.troubles.size(), 1U);
  EXPECT_EQ(round.troubles.front().error.code(), Code::kCapsuleVersion);
  EXPECT_THAT(work.waiting()->unfit, ::testing::ElementsAre(std::pair(Code::kCapsuleVersion, 1)));
  EXPECT_FALSE(registry_->capsule(owner)->seal.has_value());
  // Its own release, started again beside this one, seals it.
  const std::string_view seal = "a seal";
  ASSERT_TRUE(registry_->execute(registry::PutOnCapsule{
      .owner = owner, .what = CapsuleLack::kSeal, .octets = base::to_bytes(base::as_bytes(seal))}));
  EXPECT_THAT(work.waiting()->unfit, ::testing::IsEmpty());
}

// More than a page of the registry: they are not looked at again and again before the others.
TEST_F(CapsulesTest, ManyThatAreUnfitHoldUpNoOther) {
  for (int n = 1; n <= 70; ++n) {
    registered(n, [](std::string& report) { report.replace(report.find("TOTAL-"), 12, "TOTAL-FAILED"); });
  }
  const std::string right = registered(71);
  Capsules work = capsules();
  EXPECT_EQ(work.work().unfit, 64U);
  EXPECT_EQ(work.work().sealed, 1U);
  EXPECT_TRUE(registry_->capsule(right)->seal.has_value());
  EXPECT_THAT(work.waiting()->unfit, ::testing::ElementsAre(std::pair(Code::kCapsuleReport, 70)));
}

}  // namespace
}  // namespace tanba::licensing::flow
