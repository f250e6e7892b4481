// Capsules of documents of the test authority: made, sealed, and then changed in one way at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ts.h>

#include <algorithm>

#include "cms/inspect.h"
#include "cms/oids.h"
#include "pki/openssl.h"
#include "pki/pkcs12.h"
#include "verify/capsule_check.h"
#include "verify/facts.h"
#include "verify/test_support.h"

namespace tanba::verify {
namespace {

using namespace test;
namespace json = boost::json;
using base::Bytes;
using base::ByteView;
using base::Code;

// A capsule's parts as octets, put together and sealed anew by whoever changed one.
struct Loose {
  CapsuleManifest manifest;
  std::string record, trust, report;
  std::vector<Bytes> lists;
  std::optional<Bytes> seal;
  std::vector<Bytes> stamps;

  // The manifest says again what the parts are.
  void name_parts() {
    const std::string* const texts[] = {&record, &trust, &report};
    for (std::size_t i = 0; i < std::size(texts); ++i) {
      manifest.parts[i].digest = base::sha256(base::as_bytes(*texts[i]));
      manifest.parts[i].size_bytes = texts[i]->size();
    }
  }
  template <class Use>
  [[nodiscard]] Bytes with_contents(const std::optional<std::string>& manifest_text, Use use) const {
    const std::string text = manifest_text.value_or(write_manifest(manifest));
    CapsuleContents contents{.manifest_text = text,
                             .parts = {base::as_bytes(record), base::as_bytes(trust), base::as_bytes(report)},
                             .seal = {},
                             .stamps = {}};
    contents.parts.insert(contents.parts.end(), lists.begin(), lists.end());
    if (seal) contents.seal = *seal;
    contents.stamps.assign(stamps.begin(), stamps.end());
    return use(contents);
  }
  [[nodiscard]] Bytes file(const std::optional<std::string>& manifest_text = {}) const {
    return with_contents(manifest_text, [](const CapsuleContents& contents) { return write_capsule(contents); });
  }
  [[nodiscard]] Bytes to_stamp() const {
    return with_contents({}, [](const CapsuleContents& contents) { return octets_to_stamp(contents); });
  }
};

// A token by OpenSSL with the test authority's key, whose clock reads what is wanted.
using TsContextPtr = std::unique_ptr<TS_RESP_CTX, pki::Deleter<TS_RESP_CTX_free>>;
using TsRequestPtr = std::unique_ptr<TS_REQ, pki::Deleter<TS_REQ_free>>;
using TsImprintPtr = std::unique_ptr<TS_MSG_IMPRINT, pki::Deleter<TS_MSG_IMPRINT_free>>;
using TsAlgorithmPtr = std::unique_ptr<X509_ALGOR, pki::Deleter<X509_ALGOR_free>>;
using TsResponsePtr = std::unique_ptr<TS_RESP, pki::Deleter<TS_RESP_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, pki::Deleter<ASN1_OBJECT_free>>;

pki::BioPtr reading(ByteView octets) {
  return pki::BioPtr(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
}

pki::BioPtr request_over(const Bytes& octets) {
  const base::Digest digest = base::sha256(octets);
  const TsAlgorithmPtr algorithm(X509_ALGOR_new());
  X509_ALGOR_set_md(algorithm.get(), EVP_sha256());
  const TsImprintPtr imprint(TS_MSG_IMPRINT_new());
  TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get());
  Bytes value(digest.view().begin(), digest.view().end());
  TS_MSG_IMPRINT_set_msg(imprint.get(), value.data(), static_cast<int>(value.size()));
  const TsRequestPtr request(TS_REQ_new());
  TS_REQ_set_version(request.get(), 1);
  TS_REQ_set_msg_imprint(request.get(), imprint.get());
  TS_REQ_set_cert_req(request.get(), 1);
  pki::BioPtr out(BIO_new(BIO_s_mem()));
  i2d_TS_REQ_bio(out.get(), request.get());
  return out;
}

Bytes stamp_over(const Bytes& octets, base::Time at) {
  const TsContextPtr context(TS_RESP_CTX_new());
  const Bytes certificate = read_made("certs/tsa.pem");
  const Bytes key = read_made("keys/tsa.key.pem");
  const pki::X509Ptr signer(PEM_read_bio_X509(reading(certificate).get(), nullptr, nullptr, nullptr));
  const pki::EvpPkeyPtr signer_key(PEM_read_bio_PrivateKey(reading(key).get(), nullptr, nullptr, nullptr));
  const ObjectPtr policy(OBJ_txt2obj("1.2.398.3.3.2.6.2", 1));
  TS_RESP_CTX_set_signer_cert(context.get(), signer.get());
  TS_RESP_CTX_set_signer_key(context.get(), signer_key.get());
  TS_RESP_CTX_set_signer_digest(context.get(), EVP_sha256());
  TS_RESP_CTX_set_ess_cert_id_digest(context.get(), EVP_sha256());
  TS_RESP_CTX_set_def_policy(context.get(), policy.get());
  TS_RESP_CTX_add_md(context.get(), EVP_sha256());
  const auto clock = [](TS_RESP_CTX*, void* time, long* seconds, long* microseconds) {
    *seconds = static_cast<long>(static_cast<const base::Time*>(time)->time_since_epoch().count());
    *microseconds = 0;
    return 1;
  };
  TS_RESP_CTX_set_time_cb(context.get(), clock, &at);
  const TsResponsePtr response(TS_RESP_create_response(context.get(), request_over(octets).get()));
  PKCS7* token = response ? TS_RESP_get_token(response.get()) : nullptr;  // get0
  if (token == nullptr) {
    ADD_FAILURE() << "no token: " << pki::drain_openssl_errors();
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_PKCS7(token, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

class CapsuleTest : public AuthorityTest {
 protected:
  CapsuleTest() {
    input_.policy = policy_for(pki::PolicyId::kKzSubmission);
    input_.now = good_at();
    input_.trust = trust_in("anchors.pem", {certificate("ca/issuing.pem")});
    input_.expected.bin = "050140000011";
    question_.input = input_;
    question_.input.expected = {};
    question_.input.policy.revocation = RevocationMode::kIfAvailable;
    question_.input.evidence = &at_hand_;
    add_list("crl/root.crl");
    evidence_.add(answer_item("ocsp/head.ors", input_.now));
  }

  std::unique_ptr<pki::Signer> key(const std::string& name) const {
    const base::Secret password(base::as_bytes(std::string_view(index_.at("p12Password").as_string())));
    return std::move(must(pki::open_pkcs12(*context_, read_made("p12/" + name + ".p12"), password)).signer);
  }
  CrlItem list(const std::string& name) const { return list_item(name, input_.now); }
  void add_list(const std::string& name) { evidence_.add(list(name)); }

  NewCapsule make(const std::string& scenario = "cms-attached", const std::string& id = "26-1-000001") {
    const Bytes document = read_made("scenarios/" + scenario + "/document.cms");
    facts_ = must(inspect(*context_, document, {}, base::Limits{}));
    input_.evidence = &evidence_;
    base::Budget budget{base::Limits{}};
    const Judgement judgement = must(judge(*context_, nullptr, facts_, input_, budget));
    return must(make_capsule({.kind = cms::CapsuleKind::kDecision, .id = id}, facts_, input_, evidence_, base::Limits{},
                             base::canonical_json(to_json(judgement.report))));
  }
  Loose loose(const NewCapsule& capsule) const {
    Loose out{.manifest = capsule.manifest,
              .record = capsule.record,
              .trust = capsule.trust,
              .report = capsule.report,
              .lists = {},
              .seal = {},
              .stamps = {}};
    for (const CrlItem& one : capsule.lists) out.lists.push_back(must(one.octets->read(one.id)));
    return out;
  }
  cms::SealStatement statement(const CapsuleManifest& manifest) const {
    return {.kind = manifest.subject.kind,
            .id = manifest.subject.id,
            .manifest = base::sha256(base::as_bytes(write_manifest(manifest))),
            .sealed_at = manifest.judged_at};
  }
  Bytes seal(const cms::SealStatement& said, const std::string& by = "officer-head") const {
    const auto signer = key(by);
    const auto prepared = must(cms::prepare_seal(*context_, said, signer->certificate(), signer->algorithms().front()));
    const Bytes signature = must(signer->sign(prepared.algorithm, prepared.octets));
    return must(cms::complete(prepared, signature));
  }
  Loose sealed(const std::string& by = "officer-head") {
    Loose out = loose(make());
    out.seal = seal(statement(out.manifest), by);
    return out;
  }
  CapsuleVerdict check(ByteView file) { return must(check_capsule(*context_, file, question_)); }
  // The code of the only error; "" when there is none, all of them when there are several.
  std::string why(ByteView file) {
    std::string all;
    for (const base::Error& error : check(file).errors) {
      all += (all.empty() ? "" : " ") + std::string(base::dotted(error.code()));
    }
    return all;
  }

  EvidenceSet evidence_, at_hand_;
  JudgeInput input_;
  CapsuleQuestion question_;
  Facts facts_;
};

TEST_F(CapsuleTest, SealedItHoldsAndSaysWhatItProves) {
  const CapsuleVerdict verdict = check(sealed().file());
  EXPECT_THAT(verdict.errors, testing::IsEmpty());
  EXPECT_EQ(verdict.outcome.decision, Decision::kAccept);
  ASSERT_TRUE(verdict.replayed);
  EXPECT_EQ(verdict.replayed->outcome.decision, Decision::kAccept);
  EXPECT_EQ(base::canonical_json(to_json(*verdict.replayed)), verdict.report);
  ASSERT_TRUE(verdict.seal);
  EXPECT_EQ(verdict.seal->findings.front().certificate->identity.bin.has_value(), true);
  ASSERT_EQ(verdict.warnings.size(), 1U);
  EXPECT_EQ(verdict.warnings.front().code(), Code::kCapsuleNoTimeStamp);
}

TEST_F(CapsuleTest, ARefusalIsProvedLikeAnAcceptance) {
  const Loose capsule = loose(make("cms-content-changed"));
  question_.seal = SealRule::kNotRequired;
  const CapsuleVerdict verdict = check(capsule.file());
  EXPECT_EQ(verdict.outcome.decision, Decision::kAccept);
  ASSERT_TRUE(verdict.replayed);
  EXPECT_EQ(verdict.replayed->outcome.decision, Decision::kRefuse);
}

TEST_F(CapsuleTest, EveryChangedByteIsNoticed) {
  const Bytes file = sealed().file();
  Bytes changed = file;
  for (std::size_t i = 0; i < file.size(); ++i) {
    changed[i] ^= 0x01;
    ASSERT_FALSE(parse_capsule(changed).has_value()) << "at " << i;
    changed[i] = file[i];
  }
  EXPECT_EQ(why(changed), "") << "the loop put everything back";
}

// Whoever changes something and makes every digest right again lacks the sealing key.
TEST_F(CapsuleTest, EveryChangedByteOfTheManifestBreaksTheSeal) {
  const Loose capsule = sealed();
  const std::string text = write_manifest(capsule.manifest);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    EXPECT_NE(why(capsule.file(changed)), "") << "at " << i;
  }
}

TEST_F(CapsuleTest, AChangedPartUnderItsOwnDigestBreaksTheSeal) {
  const Loose good = sealed();
  Loose changed = good;
  const std::size_t at = changed.record.find("crl/root.crl");
  ASSERT_NE(at, std::string::npos);
  changed.record.replace(at, 3, "CRL");  // where a list came from: nothing that decides
  changed.name_parts();
  EXPECT_EQ(why(changed.file()), "capsule.report capsule.seal");
  changed.report.replace(changed.report.find("crl/root.crl"), 3, "CRL");
  changed.name_parts();
  EXPECT_EQ(why(changed.file()), "capsule.seal");
  EXPECT_EQ(why(good.file()), "");
}

TEST_F(CapsuleTest, APartThatTheManifestDoesNotNameIsNotTaken) {
  Loose capsule = sealed();
  const Loose good = capsule;
  capsule.report += " ";
  EXPECT_EQ(why(capsule.file()), "capsule.digest");
  capsule = good;
  capsule.lists.push_back(read_made("crl/issuing.crl"));
  EXPECT_EQ(why(capsule.file()), "capsule.digest");
  capsule = good;
  std::swap(capsule.record, capsule.trust);
  EXPECT_EQ(why(capsule.file()), "capsule.digest");
  capsule = good;
  capsule.report.back() = ' ';  // as long as before
  EXPECT_EQ(why(capsule.file()), "capsule.digest");
}

TEST_F(CapsuleTest, AnotherReportThanTheEvidenceGives) {
  Loose capsule = loose(make());
  const std::size_t at = capsule.report.find("\"TOTAL-PASSED\"");
  ASSERT_NE(at, std::string::npos);
  capsule.report.replace(at, 14, "\"TOTAL-FAILED\"");
  capsule.name_parts();
  capsule.seal = seal(statement(capsule.manifest));
  const CapsuleVerdict verdict = check(capsule.file());
  ASSERT_EQ(verdict.errors.size(), 1U);
  EXPECT_EQ(verdict.errors.front().code(), Code::kCapsuleReport);
  EXPECT_EQ(verdict.errors.front().arguments().front().value, "indication");
  EXPECT_EQ(verdict.outcome.decision, Decision::kRefuse);
}

TEST_F(CapsuleTest, AListThatWasLeftOutIsIncompleteUntilItIsGiven) {
  Loose capsule = sealed();
  capsule.lists.clear();
  EXPECT_EQ(why(capsule.file()), "capsule.incomplete");
  EXPECT_EQ(check(capsule.file()).outcome.decision, Decision::kRetry);
  at_hand_.add(list("crl/root.crl"));
  EXPECT_EQ(why(capsule.file()), "");
}

TEST_F(CapsuleTest, AListWhoseOctetsNobodyKeptMakesNoCapsule) {
  const auto crl = must(ocsp::Crl::parse(read_made("crl/issuing.crl")));
  evidence_.add(CrlItem{.id = crl->digest(), .crl = crl, .asked_for = {}, .source = "x", .received_at = input_.now});
  const Facts facts = must(inspect(*context_, read_made("scenarios/cms-attached/document.cms"), {}, base::Limits{}));
  const auto made =
      make_capsule({.kind = cms::CapsuleKind::kDecision, .id = "1"}, facts, input_, evidence_, base::Limits{}, "{}");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kCapsuleIncomplete);
}

// A capsule that has no room is no malformed capsule, and nothing is wrong with the document.
TEST_F(CapsuleTest, MoreListsThanItHoldsAreOurOwnLimit) {
  const Bytes one = read_made("crl/root.crl");
  const auto make_with = [&](std::size_t count) {
    EvidenceSet many;
    for (std::size_t i = 0; i < count; ++i) {
      const auto octets = std::make_shared<Bytes>(one);
      octets->back() = static_cast<std::uint8_t>(i);  // of the signature
      octets->at(octets->size() - 2) = static_cast<std::uint8_t>(i >> 8U);
      const auto crl = must(ocsp::Crl::parse(*octets));
      many.add(CrlItem{.id = crl->digest(),
                       .crl = crl,
                       .asked_for = {},
                       .source = "x",
                       .received_at = input_.now,
                       .octets = std::make_shared<const ListOctets>(octets)});
    }
    const Facts facts = must(inspect(*context_, read_made("scenarios/cms-attached/document.cms"), {}, base::Limits{}));
    return make_capsule({.kind = cms::CapsuleKind::kDecision, .id = "1"}, facts, input_, many, base::Limits{}, "{}");
  };
  EXPECT_TRUE(make_with(kMaxCapsuleLists).has_value());
  const auto too_many = make_with(kMaxCapsuleLists + 1);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code(), Code::kInternal);
}

TEST_F(CapsuleTest, AnotherDocument) {
  const Bytes file = sealed().file();
  question_.document = facts_.document;
  EXPECT_EQ(why(file), "");
  question_.document = base::sha256(read_made("anchors.pem"));
  EXPECT_EQ(why(file), "capsule.document");
}

TEST_F(CapsuleTest, WithoutSealNobodyVouches) {
  const Bytes file = loose(make()).file();
  EXPECT_EQ(why(file), "capsule.no_seal");
  question_.seal = SealRule::kNotRequired;
  EXPECT_EQ(why(file), "");
}

TEST_F(CapsuleTest, ASealByAKeyWithoutTheRight) {
  const Bytes file = sealed().file();
  question_.seal_keys = {certificate("certs/officer-head.pem")->key().digest};
  EXPECT_EQ(why(file), "");
  question_.seal_keys = {certificate("certs/officer.pem")->key().digest};
  EXPECT_EQ(why(file), "capsule.seal");
}

TEST_F(CapsuleTest, ASealWhoseCertificateDoesNotHold) {
  for (const char* by : {"expired", "by-foreign-ca", "individual-auth"}) {
    EXPECT_EQ(why(sealed(by).file()), "capsule.seal") << by;
  }
}

TEST_F(CapsuleTest, ASealWhoseEvidenceIsMissingMayStillComeRight) {
  question_.input.policy.revocation = RevocationMode::kRequire;
  const CapsuleVerdict verdict = check(sealed().file());
  EXPECT_EQ(verdict.outcome.decision, Decision::kRetry);
  EXPECT_EQ(verdict.errors.front().code(), Code::kRevocationMissing);
}

TEST_F(CapsuleTest, ASealOverSomethingElse) {
  Loose capsule = loose(make());
  const cms::SealStatement right = statement(capsule.manifest);
  const auto with = [&](const cms::SealStatement& said) {
    capsule.seal = seal(said);
    return why(capsule.file());
  };
  EXPECT_EQ(with(right), "");
  cms::SealStatement wrong = right;
  wrong.manifest = facts_.document;
  EXPECT_EQ(with(wrong), "capsule.seal");
  wrong = right;
  wrong.id = "26-1-000002";
  EXPECT_EQ(with(wrong), "capsule.seal");
  wrong = right;
  wrong.kind = cms::CapsuleKind::kSubmission;
  EXPECT_EQ(with(wrong), "capsule.seal");
  wrong = right;
  wrong.sealed_at -= std::chrono::hours(1);
  EXPECT_EQ(with(wrong), "capsule.seal") << "older than what it seals";
  capsule.seal = Bytes{0x30, 0};
  EXPECT_EQ(why(capsule.file()), "capsule.seal") << "no CMS";
}

// A person may be brought to sign a text that reads like a statement; only the seal's own type makes a seal of it.
TEST_F(CapsuleTest, ASignedDocumentIsNoSealAndASealNoDocument) {
  Loose capsule = loose(make());
  const cms::SealStatement said = statement(capsule.manifest);
  const auto signer = key("officer-head");
  const Bytes as_document = must(
      cms::sign(*context_, *signer, base::as_bytes(cms::seal_text(said)), {.algorithm = signer->algorithms().front()}));
  capsule.seal = as_document;
  EXPECT_EQ(why(capsule.file()), "capsule.seal");

  const Facts document = must(inspect(*context_, as_document, {}, base::Limits{}));
  EXPECT_THAT(document.content.errors, testing::IsEmpty());
  const Facts of_seal = must(inspect(*context_, seal(said), {}, base::Limits{}));
  ASSERT_EQ(of_seal.content.errors.size(), 1U);
  EXPECT_EQ(of_seal.content.errors.front().code(), Code::kDocumentType);
}

TEST_F(CapsuleTest, OnlyTheStatementsOneFormIsOne) {
  const cms::SealStatement said = statement(make().manifest);
  const std::string text = cms::seal_text(said);
  EXPECT_EQ(must(cms::parse_seal_text(base::as_bytes(text))), said);
  for (const std::string& other : {text + " ", " " + text, std::string("{}"), std::string(), text.substr(1)}) {
    EXPECT_FALSE(cms::parse_seal_text(base::as_bytes(other))) << other;
  }
  cms::SealStatement wrong = said;
  wrong.id = "a\nb";
  EXPECT_FALSE(cms::parse_seal_text(base::as_bytes(cms::seal_text(wrong))));
}

TEST_F(CapsuleTest, OtherVersionsAreNamed) {
  const Loose capsule = sealed();
  Bytes file = capsule.file();
  file[14] = '2';
  EXPECT_EQ(why(file), "capsule.version");
  std::string text = write_manifest(capsule.manifest);
  text.replace(text.find("urn:tanba:capsule:1"), 19, "urn:tanba:capsule:2");
  EXPECT_EQ(why(capsule.file(text)), "capsule.version");

  Loose later = capsule;
  const std::string version = "\"version\":" + std::to_string(pki::kPolicyVersion);
  later.record.replace(later.record.find(version), version.size(), "\"version\":99");
  later.name_parts();
  later.seal = seal(statement(later.manifest));
  EXPECT_EQ(why(later.file()), "capsule.version");
}

TEST_F(CapsuleTest, WhatIsCutOffOrGoesOnIsMalformed) {
  const Bytes file = sealed().file();
  for (std::size_t length = 0; length < file.size(); length += length < 64 ? 1 : 997) {
    EXPECT_EQ(why(ByteView(file).first(length)).starts_with("capsule."), true) << length;
  }
  Bytes longer = file;
  longer.push_back(0);
  EXPECT_EQ(why(longer), "capsule.malformed");
}

TEST_F(CapsuleTest, LimitsAreChargedBeforeTheWork) {
  Loose capsule = sealed();
  capsule.seal = Bytes(kMaxSealBytes + 1);
  EXPECT_EQ(why(capsule.file()), "limit.size");
  capsule = sealed();
  capsule.stamps.assign(kMaxCapsuleStamps + 1, Bytes{0x30, 0});
  EXPECT_EQ(why(capsule.file()), "limit.size");
  capsule = sealed();
  capsule.manifest.parts.front().size_bytes = kMaxRecordBytes + 1;
  EXPECT_EQ(why(capsule.file()), "limit.size");
}

TEST_F(CapsuleTest, ACapsuleMayNotAllowItselfMoreWork) {
  Loose capsule = loose(make());
  const std::string steps = "\"pathSteps\":" + std::to_string(base::Limits{}.max_path_steps);
  capsule.record.replace(capsule.record.find(steps), steps.size(), "\"pathSteps\":100000000");
  capsule.name_parts();
  capsule.seal = seal(statement(capsule.manifest));
  EXPECT_EQ(why(capsule.file()), "capsule.malformed");
}

TEST_F(CapsuleTest, ATimeStampThatIsNoneTakesTheCapsuleDown) {
  Loose capsule = sealed();
  capsule.stamps.push_back(read_made("tsp/ok.tst"));  // over other octets
  EXPECT_EQ(why(capsule.file()), "capsule.time_stamp");
  capsule.stamps.back() = Bytes{0x30, 0};
  EXPECT_EQ(why(capsule.file()), "capsule.time_stamp");
}

// Two hours after it was judged and sealed: one time stamp after the other, each over all that was there.
class StampedCapsuleTest : public CapsuleTest {
 protected:
  StampedCapsuleTest() {
    question_.input.now = good_at() + 2 * kHour;
    at_hand_.add(list("crl/root.crl"));
    at_hand_.add(list("crl/issuing.crl"));
  }
  static constexpr base::Seconds kHour{3600};

  void stamp(Loose& capsule, base::Seconds later) const {
    capsule.stamps.push_back(stamp_over(capsule.to_stamp(), good_at() + later));
  }
  // Of the only error; "" when there is none.
  std::string reason(const Loose& capsule) {
    const CapsuleVerdict verdict = check(capsule.file());
    if (verdict.errors.empty()) return "";
    EXPECT_EQ(verdict.errors.size(), 1U);
    const base::Error& error = verdict.errors.front();
    return std::string(base::dotted(error.code())) + " " + error.message();
  }
};

TEST_F(StampedCapsuleTest, StampsFollowOneAnother) {
  Loose capsule = sealed();
  stamp(capsule, base::Seconds(60));
  EXPECT_EQ(reason(capsule), "");
  stamp(capsule, kHour);
  EXPECT_EQ(reason(capsule), "");
  // Clocks may differ by five minutes.
  stamp(capsule, kHour - base::Seconds(300));
  EXPECT_EQ(reason(capsule), "");
  capsule.stamps.pop_back();
  stamp(capsule, kHour - base::Seconds(301));
  EXPECT_THAT(reason(capsule), testing::AllOf(testing::StartsWith("capsule.time_stamp"),
                                              testing::HasSubstr("2: it is younger than the one after it")));
}

TEST_F(StampedCapsuleTest, ASealThatCameAfterItsStampIsNone) {
  Loose capsule = loose(make());
  cms::SealStatement said = statement(capsule.manifest);
  const auto sealed_at = [&](base::Seconds later) {
    capsule.stamps.clear();
    said.sealed_at = good_at() + later;
    capsule.seal = seal(said);
    stamp(capsule, kHour);
    return reason(capsule);
  };
  EXPECT_EQ(sealed_at(kHour + base::Seconds(300)), "");
  EXPECT_THAT(sealed_at(kHour + base::Seconds(301)),
              testing::AllOf(testing::StartsWith("capsule.seal"),
                             testing::HasSubstr("it is younger than the time stamp over it")));
}

// Whoever may seal could put a good record below the name of another document, or of another day.
TEST_F(CapsuleTest, TheRecordOfAnotherVerificationIsNotThisOnes) {
  const auto with = [&](auto change) {
    Loose capsule = loose(make());
    change(capsule.manifest);
    capsule.seal = seal(statement(capsule.manifest));
    return why(capsule.file());
  };
  EXPECT_EQ(with([](CapsuleManifest&) {}), "");
  EXPECT_EQ(with([](CapsuleManifest& manifest) { manifest.document = base::sha256({}); }), "capsule.malformed");
  EXPECT_EQ(with([](CapsuleManifest& manifest) { manifest.judged_at -= base::Seconds(1); }), "capsule.malformed");
}

// Everything that may lie in the inputs survives, also what no accepted verification has.
TEST_F(CapsuleTest, TheRecordLosesNothing) {
  const pki::CertificatePtr head = certificate("certs/head.pem");
  evidence_.add(SourceFailure{"http://x/\xFF", base::Error(Code::kFetchTimeout, {{"url", "\xFE"}, {"a", "b"}}, "why"),
                              input_.now, head->digest()});
  evidence_.add(LocalHold{.over = LocalHold::Over::kSerial,
                          .value = head->serial_hex(),
                          .issuer = head->issuer().rfc4514(),
                          .since = input_.now,
                          .reason = "theft"});
  evidence_.add(LocalHold{.over = LocalHold::Over::kSerial, .value = "00", .issuer = "", .since = {}, .reason = {}});
  evidence_.note_asked("http://x/", head->digest());
  CrlItem inside_too = evidence_.crls().front();
  inside_too.source = kEmbedded;
  evidence_.add(std::move(inside_too));
  input_.existed_at = input_.now - std::chrono::hours(1);
  input_.policy.grace = base::Seconds(77);
  input_.policy.issuer_rules[head->digest()] = {.evidence = EvidenceRule::kCrlOnly, .ocsp_limit = base::Seconds(5)};
  input_.policy.path_inputs.initial_policies.push_back(pki::Oid::literal("1.2.3"));
  input_.policy.path_inputs.inhibit_any_policy = pki::PolicyInputs::Require::kYes;
  input_.candidates.push_back(head);
  input_.expected.roles.push_back(pki::Oid::literal("1.2.398.3.3.4.1.2.1"));
  const NewCapsule capsule = make("cms-stamped-after-expiry");
  const ListSource lists = [&](const base::Digest&) { return base::Result<ocsp::CrlPtr>(evidence_.crls()[0].crl); };
  const CapsuleInputs inputs = must(read_inputs(capsule.record, capsule.trust, lists));
  EXPECT_EQ(write_record(inputs.facts, inputs.input, inputs.evidence, inputs.limits), capsule.record);
  EXPECT_TRUE(inputs.evidence.crls().front().brought_too);
  EXPECT_EQ(write_trust(*inputs.input.trust), capsule.trust);
  EXPECT_EQ(inputs.input.trust->id(), input_.trust->id());
  EXPECT_EQ(inputs.evidence.holds().size(), 1U) << "a hold over a serial that is not at hand says nothing";
  EXPECT_EQ(inputs.evidence.failures().front().error, evidence_.failures().front().error);
  EXPECT_EQ(base::canonical_json(to_json(must(replay(*context_, inputs)))), capsule.report);
}

}  // namespace
}  // namespace tanba::verify
