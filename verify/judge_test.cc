// judge on documents and evidence of the test authority: each test changes one thing that alone decides.
#include "verify/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cms/inspect.h"
#include "cms/tsp/token.h"
#include "verify/test_support.h"

namespace tanba::verify {
namespace {

using namespace test;
using base::Code;
namespace fs = std::filesystem;

class JudgeTest : public AuthorityTest {
 protected:
  JudgeTest() {
    input_.policy = policy_for(pki::PolicyId::kKzSubmission);
    input_.now = good_at();
    input_.evidence = &evidence_;
    trust("anchors.pem");
    input_.candidates.push_back(certificate("ca/issuing.pem"));
  }

  pki::CertificatePtr person(const std::string& name) const { return certificate("certs/" + name + ".pem"); }

  void trust(const std::string& name, pki::TrustPurposes purposes = pki::TrustPurposes::all()) {
    input_.trust = trust_in(name, {}, purposes);
  }
  void add_crl(const std::string& name) { evidence_.add(list_item(name, input_.now)); }
  void add_ocsp(const std::string& name, base::Bytes nonce = {}) {
    evidence_.add(answer_item(name, input_.now, std::move(nonce)));
  }
  void add_crls() {
    add_crl("crl/root.crl");
    add_crl("crl/issuing.crl");
  }
  Report judge_person(const std::string& name) {
    base::Budget budget{base::Limits{}};
    Judgement judgement = must(judge_certificate(*context_, nullptr, person(name), input_, budget));
    needs_ = std::move(judgement.needs);
    return std::move(judgement.report);
  }
  static std::vector<Code> codes_of(const Report& report) {
    std::vector<Code> out;
    for (const LocatedError& located : all_errors(report)) out.push_back(located.error.code());
    return out;
  }
  static bool has(const Report& report, Code code) {
    return std::ranges::any_of(all_errors(report),
                               [code](const LocatedError& located) { return located.error.code() == code; });
  }

  EvidenceSet evidence_;
  JudgeInput input_;
  std::vector<Need> needs_;
};

TEST_F(JudgeTest, GoodCertificateWithCurrentListsIsAccepted) {
  add_crls();
  const Report report = judge_person("head");
  EXPECT_EQ(report.outcome.decision, Decision::kAccept);
  // Good as it is; a delta may say more (RFC 5280 4.2.1.15), and nothing else is wanted.
  for (const Need& need : needs_) {
    EXPECT_EQ(need.kind, Need::Kind::kCrl);
    for (const std::string& source : need.sources) EXPECT_THAT(source, testing::HasSubstr("-delta.crl"));
  }
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].chain.size(), 3U);
}

TEST_F(JudgeTest, WithoutEvidenceItNamesWhatItLacksAndRefusesNothing) {
  const Report report = judge_person("head");
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kRevocationMissing));
  EXPECT_TRUE(report.retry_after.has_value());
  ASSERT_FALSE(needs_.empty());
  EXPECT_EQ(needs_.front().kind, Need::Kind::kOcsp) << "OCSP first";
}

TEST_F(JudgeTest, WhenOcspWasAskedTheListIsNamed) {
  const auto head = person("head");
  for (const std::string& url : head->ocsp_urls()) evidence_.note_asked(url, head->digest());
  (void)judge_person("head");
  const bool names_list = std::ranges::any_of(needs_, [&](const Need& need) {
    return need.kind == Need::Kind::kCrl && need.certificate->digest() == head->digest();
  });
  EXPECT_TRUE(names_list);
}

TEST_F(JudgeTest, NothingIsNeededForWhatIsRefusedAnyway) {
  (void)judge_person("expired");
  EXPECT_TRUE(needs_.empty());
}

TEST_F(JudgeTest, RevokedIsRefusedWithReasonAndTime) {
  add_crls();
  const Report report = judge_person("revoked");
  EXPECT_EQ(report.outcome.sub_indication, base::SubIndication::kRevokedNoPoe);
  ASSERT_FALSE(report.findings[0].revocation.empty());
  EXPECT_EQ(report.findings[0].revocation[0].status, RevocationStatus::kRevoked);
  EXPECT_EQ(report.findings[0].revocation[0].reason, "keyCompromise");
}

TEST_F(JudgeTest, HoldIsRefusedAndCalledAHold) {
  add_crls();
  EXPECT_TRUE(has(judge_person("on-hold"), Code::kRevocationOnHold));
}

TEST_F(JudgeTest, NobodyVouchesForWhatIsStillToCome) {
  add_crls();
  input_.existed_at = person("not-yet-valid")->not_before() + std::chrono::hours(1);
  const Report report = judge_person("not-yet-valid");
  EXPECT_TRUE(has(report, Code::kPathNotYetValid));
  EXPECT_EQ(report.existed_at, input_.now);
}

TEST_F(JudgeTest, OcspAloneIsEnoughForTheCertificateItAnswersFor) {
  add_ocsp("ocsp/head.ors");
  add_crl("crl/root.crl");
  EXPECT_EQ(judge_person("head").outcome.decision, Decision::kAccept);
}

TEST_F(JudgeTest, TheWorseOfTwoAnswersCountsAndTheDisagreementIsReported) {
  add_ocsp("ocsp/revoked.ors");
  add_crl("crl/root.crl");
  ASSERT_TRUE(has(judge_person("revoked"), Code::kRevocationRevoked));
  evidence_ = {};
  add_crls();
  add_ocsp("ocsp/head.ors");
  EXPECT_TRUE(judge_person("head").findings[0].warnings.empty());
}

TEST_F(JudgeTest, AResponseThatIsNoAnswerIsNotMalformed) {
  const auto report_of = [&](const std::string& name) {
    const base::Bytes octets = read_made(name);
    const auto response = ocsp::parse_response(octets);
    EXPECT_FALSE(response) << name;
    return response ? Report{} : unreadable(SubjectKind::kOcsp, octets, response.error(), input_);
  };
  for (const char* name : {"try-later", "internal-error", "unauthorized", "malformed-request"}) {
    const Report report = report_of(std::string("ocsp-bad/") + name + ".ors");
    EXPECT_EQ(codes_of(report), std::vector{Code::kOcspStatus}) << name;
    EXPECT_EQ(report.outcome.decision, Decision::kRetry) << name;
    EXPECT_TRUE(report.retry_after.has_value()) << name;
  }
  const Report malformed = report_of("crl/root.crl");
  EXPECT_EQ(codes_of(malformed), std::vector{Code::kDerMalformed});
  EXPECT_EQ(malformed.outcome.decision, Decision::kRefuse);
}

TEST_F(JudgeTest, AnAnswerToAnotherNonceIsNoEvidence) {
  add_crl("crl/root.crl");
  add_ocsp("ocsp/head.ors", base::Bytes(16, 7));
  const Report report = judge_person("head");
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kOcspNonce));
}

TEST_F(JudgeTest, StaleListsAreMissingEvidence) {
  add_crls();
  input_.now += std::chrono::days(30);
  const Report report = judge_person("head");
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kCrlStale));
}

TEST_F(JudgeTest, ListsOfTheFutureAreNotUsed) {
  add_crls();
  input_.now -= std::chrono::days(2);
  input_.policy.crl_freshness.max_skew = base::Seconds(0);
  const Report report = judge_person("head");
  EXPECT_EQ(report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(report, Code::kCrlFuture));
}

TEST_F(JudgeTest, ModeIfAvailableWarnsWhereNothingIsAtHandAndRefusesTheRevoked) {
  input_.policy.revocation = RevocationMode::kIfAvailable;
  const Report without = judge_person("head");
  EXPECT_EQ(without.outcome.decision, Decision::kAccept);
  EXPECT_EQ(without.findings[0].warnings.front().code(), Code::kRevocationNotChecked);
  add_crls();
  EXPECT_EQ(judge_person("revoked").outcome.decision, Decision::kRefuse);
}

TEST_F(JudgeTest, ModeOffLooksAtNothingButLocalHolds) {
  input_.policy.revocation = RevocationMode::kOff;
  add_crls();
  EXPECT_EQ(judge_person("revoked").outcome.decision, Decision::kAccept);
  evidence_.add(LocalHold{.over = LocalHold::Over::kCertificate,
                          .value = person("head")->digest().hex(),
                          .issuer = {},
                          .since = input_.now,
                          .reason = "theft reported"});
  EXPECT_TRUE(has(judge_person("head"), Code::kRevocationLocalHold));
}

TEST_F(JudgeTest, LocalHoldsReachByKeyNumberAndSerial) {
  add_crls();
  const auto head = person("head");
  const std::vector<LocalHold> holds = {{.over = LocalHold::Over::kKey,
                                         .value = head->key().digest.hex(),
                                         .issuer = {},
                                         .since = input_.now,
                                         .reason = "r"},
                                        {.over = LocalHold::Over::kBin,
                                         .value = *identity_of(*head).bin,
                                         .issuer = {},
                                         .since = input_.now,
                                         .reason = "r"},
                                        {.over = LocalHold::Over::kIin,
                                         .value = *identity_of(*head).iin,
                                         .issuer = {},
                                         .since = input_.now,
                                         .reason = "r"},
                                        {.over = LocalHold::Over::kSerial,
                                         .value = head->serial_hex(),
                                         .issuer = head->issuer().rfc4514(),
                                         .since = input_.now,
                                         .reason = "r"}};
  for (const LocalHold& hold : holds) {
    evidence_ = {};
    add_crls();
    evidence_.add(hold);
    EXPECT_TRUE(has(judge_person("head"), Code::kRevocationLocalHold));
    EXPECT_EQ(judge_person("individual").outcome.decision, Decision::kAccept);
  }
}

TEST_F(JudgeTest, ASignatureThatExistedBeforeTheRevocationIsJudgedThen) {
  add_crls();
  const Report now = judge_person("revoked");
  ASSERT_EQ(now.outcome.decision, Decision::kRefuse);
  const base::Time revoked = now.findings[0].revocation[0].revocation_time.value();
  // Well before: the list also gives a date since when the key was doubtful (invalidityDate), and that counts.
  input_.existed_at = revoked - std::chrono::days(10);
  EXPECT_EQ(judge_person("revoked").outcome.decision, Decision::kAccept);
  input_.existed_at = revoked;
  EXPECT_EQ(judge_person("revoked").outcome.decision, Decision::kRefuse);
}

TEST_F(JudgeTest, AListWhoseAuthorityIsNotAtHandHasNoChain) {
  const auto list = must(ocsp::Crl::parse(read_made("crl/foreign-issuing.crl")));
  base::Budget budget{base::Limits{}};
  EXPECT_TRUE(has(must(judge_crl(*context_, nullptr, list, input_, budget)).report, Code::kPathNoChain));
  input_.candidates.push_back(certificate("ca/foreign-issuing.pem"));
  EXPECT_FALSE(has(must(judge_crl(*context_, nullptr, list, input_, budget)).report, Code::kSignatureBroken));
}

TEST_F(JudgeTest, AnAnchorForAnotherPurposeIsNone) {
  add_crls();
  trust("anchors.pem", {pki::TrustPurpose::kOfficer});
  EXPECT_TRUE(has(judge_person("head"), Code::kPathPurpose));
  input_.trust_purpose = pki::TrustPurpose::kOfficer;
  EXPECT_EQ(judge_person("head").outcome.decision, Decision::kAccept);
}

TEST_F(JudgeTest, ExpectationsAreComparedDigitByDigit) {
  add_crls();
  const std::string bin = *identity_of(*person("head")).bin;
  input_.expected.bin = bin;
  EXPECT_EQ(judge_person("head").outcome.decision, Decision::kAccept);
  input_.expected.bin = bin.substr(0, 11) + (bin[11] == '0' ? "1" : "0");
  EXPECT_TRUE(has(judge_person("head"), Code::kIdentityMismatch));
  input_.expected = {};
  input_.expected.bin = bin;
  EXPECT_TRUE(has(judge_person("individual"), Code::kIdentityMissing));
  input_.expected = {};
  input_.expected.roles = {pki::role::kHead};
  EXPECT_EQ(judge_person("head").outcome.decision, Decision::kAccept);
  EXPECT_TRUE(has(judge_person("employee"), Code::kRoleNotEntitled));
}

// --- documents -----------------------------------------------------------------------------------------------------

class JudgeDocumentTest : public JudgeTest {
 protected:
  Facts facts_of(const std::string& scenario, const char* file = "document.xml") {
    const base::Bytes document = read_made("scenarios/" + scenario + "/" + file);
    return must(inspect(*context_, document, {.keep_octets = pki::KeepOctets::kYes}, base::Limits{}));
  }
  Report judge_facts(const Facts& facts) {
    base::Budget budget{base::Limits{}};
    return must(judge(*context_, nullptr, facts, input_, budget)).report;
  }
};

TEST_F(JudgeDocumentTest, NoSignaturesNeverPass) {
  add_crls();
  Facts facts;
  facts.content.format = pki::DocumentFormat::kCms;
  EXPECT_TRUE(has(judge_facts(facts), Code::kFormatNoSignature));
}

TEST_F(JudgeDocumentTest, ASignatureByNobodyNeverPasses) {
  add_crls();
  Facts facts;
  facts.content.signatures.push_back({.id = "S1", .covers = {.whole = true, .what = "content"}});
  EXPECT_EQ(judge_facts(facts).outcome.decision, Decision::kRefuse);
}

TEST_F(JudgeDocumentTest, TheWorstSignatureDecides) {
  add_crls();
  Facts facts = facts_of("cms-attached", "document.cms");
  ASSERT_EQ(judge_facts(facts).outcome.decision, Decision::kAccept);
  facts.content.signatures.push_back(facts.content.signatures.front());
  facts.content.signatures.back().errors.emplace_back(Code::kSignatureBroken);
  EXPECT_EQ(judge_facts(facts).outcome.sub_indication, base::SubIndication::kSigCryptoFailure);
}

TEST_F(JudgeDocumentTest, PartialCoverageIsRefusedWhereDocumentsAreFiled) {
  add_crls();
  Facts facts = facts_of("cms-attached", "document.cms");
  facts.content.signatures.front().covers = {.whole = false, .what = "#part"};
  EXPECT_TRUE(has(judge_facts(facts), Code::kCoveragePartial));
}

TEST_F(JudgeDocumentTest, AMessageIsNotActedUponOutsideItsTimes) {
  add_crls();
  Facts facts = facts_of("xml-enveloped");
  const base::Time now = input_.now;
  const auto with = [&](std::optional<base::Time> created, std::optional<base::Time> expires) {
    facts.content.message_times = pki::MessageTimestamp{created, expires};
    return judge_facts(facts);
  };
  EXPECT_EQ(with(now - base::Seconds(60), now + base::Seconds(1)).outcome.decision, Decision::kAccept);
  EXPECT_EQ(with(now + base::Seconds(300), {}).outcome.decision, Decision::kAccept);
  EXPECT_TRUE(has(with({}, now), Code::kWsseExpired));
  EXPECT_TRUE(has(with(now + base::Seconds(301), {}), Code::kWsseNotYetValid));
  // What a capsule keeps.
  with(now, now + base::Seconds(1));
  const Facts again = must(facts_from_json(must(base::parse_json(base::canonical_json(to_json(facts))))));
  ASSERT_TRUE(again.content.message_times.has_value());
  EXPECT_EQ(again.content.message_times->created, now);
  EXPECT_EQ(again.content.message_times->expires, now + base::Seconds(1));
}

TEST_F(JudgeDocumentTest, ASigningCertificateIsRequiredWhereThePolicySaysSo) {
  add_crls();
  const Facts without = facts_of("cms-attached", "document.cms");
  const Facts with = facts_of("cms-cades-bes", "document.cms");
  EXPECT_EQ(judge_facts(without).outcome.decision, Decision::kAccept);
  input_.policy.certificate_reference = CertificateReferenceRule::kRequired;
  EXPECT_THAT(codes_of(judge_facts(without)), testing::ElementsAre(Code::kSignatureNoSigningCertificate));
  EXPECT_EQ(judge_facts(with).outcome.decision, Decision::kAccept);
}

TEST_F(JudgeDocumentTest, ACounterSignatureIsJudgedAndTakesAwayOnlyItself) {
  add_crls();
  const auto counter_signature_of = [&](const std::string& scenario) {
    const Report report = judge_facts(facts_of(scenario, "document.cms"));
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << scenario;
    const Finding& signature = report.findings.front();
    EXPECT_EQ(signature.counter_signatures.size(), 1U) << scenario;
    const CounterSignatureFinding& one = signature.counter_signatures.front();
    EXPECT_EQ(one.over, "S1");
    EXPECT_EQ(one.result.id, "S1.C1");
    const bool warned = std::ranges::any_of(
        signature.warnings, [](const base::Error& warning) { return warning.code() == Code::kCmsCounterSignature; });
    EXPECT_EQ(warned, !one.result.errors.empty()) << scenario;
    return one.result;
  };
  const Finding good = counter_signature_of("cms-countersigned");
  EXPECT_EQ(good.outcome.indication, Indication::kPassed);
  EXPECT_EQ(good.chain.size(), 3U);
  EXPECT_FALSE(good.revocation.empty());
  const auto first_code = [&](const std::string& scenario) {
    const Finding finding = counter_signature_of(scenario);
    return finding.errors.empty() ? Code::kInternal : finding.errors.front().code();
  };
  EXPECT_EQ(first_code("cms-countersigned-broken"), Code::kSignatureBroken);
  EXPECT_EQ(first_code("cms-countersigned-revoked"), Code::kRevocationRevoked);
  EXPECT_EQ(first_code("cms-countersigned-foreign"), Code::kPathNoChain);
}

TEST_F(JudgeDocumentTest, ACounterSignatureOfXmlIsJudgedAsOneOfCms) {
  add_crls();
  const auto first_code = [&](const std::string& scenario) {
    const Report report = judge_facts(facts_of(scenario, "document.xml"));
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << scenario;
    const Finding& signature = report.findings.front();
    EXPECT_EQ(signature.counter_signatures.size(), 1U) << scenario;
    const Finding& one = signature.counter_signatures.front().result;
    EXPECT_EQ(one.id, signature.id + ".C1");
    EXPECT_EQ(signature.warnings.empty(), one.errors.empty()) << scenario;
    return one.errors.empty() ? std::optional<Code>() : one.errors.front().code();
  };
  EXPECT_EQ(first_code("xml-countersigned"), std::nullopt);
  EXPECT_EQ(first_code("xml-countersigned-no-type"), Code::kXmlSignatureStructure);
  EXPECT_EQ(first_code("xml-countersigned-value-changed"), Code::kDigestMismatch);
  EXPECT_EQ(first_code("xml-countersigned-broken"), Code::kSignatureBroken);
  EXPECT_EQ(first_code("xml-countersigned-revoked"), Code::kRevocationRevoked);
  EXPECT_EQ(first_code("xml-countersigned-foreign"), Code::kPathNoChain);
}

TEST_F(JudgeDocumentTest, EvidenceForACounterSignatureIsAskedForAndNotWaitedFor) {
  add_crl("crl/root.crl");
  add_ocsp("ocsp/head.ors");
  base::Budget budget{base::Limits{}};
  const Facts facts = facts_of("cms-countersigned", "document.cms");
  const Judgement judgement = must(judge(*context_, nullptr, facts, input_, budget));
  EXPECT_EQ(judgement.report.outcome.decision, Decision::kAccept);
  const auto individual = person("individual");
  EXPECT_TRUE(std::ranges::any_of(
      judgement.needs, [&](const Need& need) { return need.certificate->digest() == individual->digest(); }));
}

TEST_F(JudgeDocumentTest, ACounterSignatureByNobodyOrWithWeakAlgorithmsHoldsNothing) {
  add_crls();
  Facts facts = facts_of("cms-countersigned", "document.cms");
  pki::CounterSignatureFacts& one = facts.content.signatures.front().counter_signatures.front();
  const pki::CertificatePtr certificate = std::exchange(one.certificate, nullptr);
  EXPECT_EQ(judge_facts(facts).findings.front().counter_signatures.front().result.errors.front().code(),
            Code::kCmsNoCertificate);
  one.certificate = certificate;
  one.content_digests = {pki::DigestAlgorithm::kSha1};
  EXPECT_EQ(judge_facts(facts).findings.front().counter_signatures.front().result.errors.front().code(),
            Code::kAlgorithmWeakDigest);
}

TEST_F(JudgeDocumentTest, CounterSignaturesAndSignaturePolicyReplayFromJson) {
  add_crls();
  for (const char* scenario : {"cms-countersigned-in-a-row", "cms-countersigned-of-other", "cms-countersigned-stamped",
                               "cms-signature-policy", "cms-signature-policy-implied"}) {
    const Facts facts = facts_of(scenario, "document.cms");
    const Facts again = must(facts_from_json(must(base::parse_json(base::canonical_json(to_json(facts))))));
    EXPECT_EQ(base::canonical_json(to_json(again)), base::canonical_json(to_json(facts))) << scenario;
    EXPECT_EQ(base::canonical_json(to_json(judge_facts(again))), base::canonical_json(to_json(judge_facts(facts))));
  }
  const boost::json::value report = to_json(judge_facts(facts_of("cms-signature-policy", "document.cms")));
  const boost::json::value& policy = report.at("signatures").at(0).at("signaturePolicy");
  EXPECT_EQ(policy.at("id").as_string(), "2.25.1.2.3");
  EXPECT_EQ(policy.at("digestAlgorithm").as_string(), "2.16.840.1.101.3.4.2.1");
  EXPECT_EQ(policy.at("uri").as_string(), "http://policy.test/1");
}

// What is signed names certificate and time, or the signature is none of the baseline, however good it is.
TEST_F(JudgeDocumentTest, OnlyWhatIsOfTheBaselineHasALevel) {
  add_crls();
  const auto level = [&](const std::string& scenario, const char* name) {
    const Report report = judge_facts(facts_of(scenario, name));
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << scenario;
    const auto shown = to_json(report).at("signatures").at(0).at("level");
    return shown.is_null() ? std::string("none") : std::string(shown.as_string());
  };
  EXPECT_EQ(level("cms-cades-bes", "document.cms"), "B-B");
  EXPECT_EQ(level("cms-attached", "document.cms"), "none");
  EXPECT_EQ(level("cms-no-attributes", "document.cms"), "none");
  EXPECT_EQ(level("xades-signed", "document.xml"), "B-B");
  EXPECT_EQ(level("xades-signing-certificate-v1", "document.xml"), "B-B");
  EXPECT_EQ(level("xml-enveloped", "document.xml"), "none");
  EXPECT_EQ(level("soap-signed", "document.xml"), "none");
  EXPECT_EQ(level("pdf-cades", "document.pdf"), "B-B");
  EXPECT_EQ(level("pdf-signed", "document.pdf"), "none");
}

TEST_F(JudgeDocumentTest, FactsAndReportsReplayFromJson) {
  add_crls();
  const Facts facts = facts_of("cms-attached", "document.cms");
  const Facts again = must(facts_from_json(must(base::parse_json(base::canonical_json(to_json(facts))))));
  EXPECT_EQ(base::canonical_json(to_json(again)), base::canonical_json(to_json(facts)));
  EXPECT_EQ(base::canonical_json(to_json(judge_facts(again))), base::canonical_json(to_json(judge_facts(facts))));
}

// The text is written without a tree: it must be strict JSON, each member once, whatever anybody wrote into names.
TEST_F(JudgeDocumentTest, ReportsAreStrictJsonWhateverIsInThem) {
  add_crls();
  for (const char* scenario : {"cms-attached", "cms-countersigned", "cms-signature-policy"}) {
    Report report = judge_facts(facts_of(scenario, "document.cms"));
    Finding& finding = report.findings.front();
    const std::string hostile = "\"},\n\xFF\\\u202e";
    finding.id = finding.covers_what = finding.certificate->subject = finding.certificate->identity.name = hostile;
    finding.errors.emplace_back(base::Code::kInternal, std::vector<base::ErrorArgument>{}, hostile);
    report.identity = IdentityFinding{.kind = "IIN", .expected = hostile, .found = hostile, .match = false, .rule = ""};
    report.retry_after = base::Seconds(60);
    const auto value = must(base::parse_json(write_json(report, base::Language::kKazakh)));
    EXPECT_EQ(value, to_json(report, base::Language::kKazakh)) << scenario;
    EXPECT_EQ(value.at("signatures").at(0).at("id").as_string(), "\"},\\u{a}\\x{ff}\\\\\\u{202e}");
    EXPECT_EQ(value.at("retry").at("after").as_int64(), 60);
  }
}

TEST_F(JudgeDocumentTest, ReportsSpeakThreeLanguagesAboutTheSameCodes) {
  const Report report = judge_facts(facts_of("cms-attached", "document.cms"));
  const auto message = [&](base::Language language) {
    return std::string(to_json(report, language).at("signatures").at(0).at("errors").at(0).at("message").as_string());
  };
  EXPECT_NE(message(base::Language::kEnglish), message(base::Language::kRussian));
  EXPECT_NE(message(base::Language::kRussian), message(base::Language::kKazakh));
}

// --- time stamps ---------------------------------------------------------------------------------------------------

class JudgeTimestampTest : public JudgeDocumentTest {
 protected:
  JudgeTimestampTest() {
    add_crls();
    add_crl("crl/twin-a.crl");
    input_.candidates.push_back(certificate("ca/twin-a.pem"));
  }
  Judgement judged(const std::string& scenario) {
    base::Budget budget{base::Limits{}};
    return must(judge(*context_, nullptr, facts_of(scenario, "document.cms"), input_, budget));
  }
  // The first error of the document's first time stamp; nothing when it holds.
  static std::optional<Code> stamp_error(const Report& report) {
    const auto& errors = report.findings.at(0).timestamps.at(0).result.errors;
    return errors.empty() ? std::nullopt : std::optional(errors.front().code());
  }
  // A time stamp that would have saved the expired certificate's signature, and does not.
  void expect_useless(const std::string& scenario, Code code) {
    const Report report = judged(scenario).report;
    EXPECT_EQ(stamp_error(report), code) << scenario;
    EXPECT_TRUE(has(report, Code::kPathExpired)) << scenario;
    EXPECT_EQ(report.findings[0].best_signature_time, input_.now) << scenario;
    ASSERT_FALSE(report.findings[0].warnings.empty()) << scenario;
    EXPECT_EQ(report.findings[0].warnings.back().code(), Code::kTspNotCounted) << scenario;
  }
  pki::TimestampFacts token(const std::string& name, const std::optional<base::Bytes>& data) {
    base::Budget budget{base::Limits{}};
    const cms::DetachedContent content = data ? cms::DetachedContent(base::ByteView(*data)) : cms::DetachedContent();
    return must(cms::tsp::inspect_token(*context_, read_made("tsp/" + name), content, budget));
  }
  Report judge_token(const pki::TimestampFacts& facts) {
    base::Budget budget{base::Limits{}};
    return must(judge_timestamp(*context_, nullptr, facts, input_, budget)).report;
  }
};

TEST_F(JudgeTimestampTest, AnExpiredCertificateIsAcceptedForWhatWasStampedBefore) {
  const Report report = judged("cms-stamped-before-expiry").report;
  EXPECT_EQ(report.outcome.decision, Decision::kAccept);
  const Finding& finding = report.findings[0];
  EXPECT_EQ(finding.level, "") << "its signer's certificate is not named in what is signed";
  EXPECT_EQ(finding.best_signature_time, input_.now - std::chrono::days(10));
  ASSERT_EQ(finding.timestamps.size(), 1U);
  EXPECT_EQ(finding.timestamps[0].says.gen_time, finding.best_signature_time);
  EXPECT_EQ(finding.timestamps[0].result.chain.size(), 3U);
  EXPECT_EQ(finding.timestamps[0].result.outcome.decision, Decision::kAccept);
  EXPECT_TRUE(finding.warnings.empty());
  EXPECT_TRUE(has(judged("cms-stamped-after-expiry").report, Code::kPathExpired));
}

// Its own time stamp says when a counter-signature was made; that of the signature does not.
TEST_F(JudgeTimestampTest, ACounterSignatureIsJudgedForWhenItWasStamped) {
  const auto counter_signature_of = [&](const std::string& scenario) {
    const Report report = judged(scenario).report;
    EXPECT_EQ(report.outcome.decision, Decision::kAccept) << scenario;
    return report.findings[0].counter_signatures.at(0).result;
  };
  const Finding stamped = counter_signature_of("cms-countersigned-stamped");
  EXPECT_TRUE(stamped.errors.empty());
  EXPECT_EQ(stamped.best_signature_time, input_.now - std::chrono::days(10));
  ASSERT_EQ(stamped.timestamps.size(), 1U);
  EXPECT_EQ(stamped.timestamps[0].result.outcome.decision, Decision::kAccept);
  for (const char* scenario :
       {"cms-countersigned-expired", "cms-countersigned-stamped-other", "cms-countersigned-outer-stamp"}) {
    const Finding expired = counter_signature_of(scenario);
    ASSERT_EQ(expired.errors.size(), 1U) << scenario;
    EXPECT_EQ(expired.errors.front().code(), Code::kPathExpired) << scenario;
    EXPECT_EQ(expired.best_signature_time, input_.now) << scenario;
  }
  const Finding other = counter_signature_of("cms-countersigned-stamped-other");
  ASSERT_EQ(other.warnings.size(), 1U);
  EXPECT_EQ(other.warnings.front().code(), Code::kTspNotCounted);
}

TEST_F(JudgeTimestampTest, ARevokedCertificateIsAcceptedForWhatWasStampedBefore) {
  EXPECT_EQ(judged("cms-stamped-before-revocation").report.outcome.decision, Decision::kAccept);
  EXPECT_TRUE(has(judged("cms-stamped-after-revocation").report, Code::kRevocationRevoked));
}

TEST_F(JudgeTimestampTest, TheDateSinceWhenTheKeyIsDoubtfulCounts) {
  EXPECT_EQ(judged("cms-stamped-before-compromise").report.outcome.decision, Decision::kAccept);
  EXPECT_TRUE(has(judged("cms-stamped-after-compromise").report, Code::kRevocationRevoked));
}

TEST_F(JudgeTimestampTest, ASignatureStampedBeforeItsCertificateExistedIsRefused) {
  EXPECT_TRUE(has(judged("cms-stamped-before-issue").report, Code::kPathNotYetValid));
}

TEST_F(JudgeTimestampTest, TheEarlierOfTwoCountsAndABadOneTakesNothingAway) {
  const Report twice = judged("cms-stamped-twice").report;
  EXPECT_EQ(twice.outcome.decision, Decision::kAccept);
  EXPECT_EQ(twice.findings[0].best_signature_time, input_.now - std::chrono::days(10));
  const Report one_bad = judged("cms-stamped-one-of-two-bad").report;
  EXPECT_EQ(one_bad.outcome.decision, Decision::kAccept);
  EXPECT_EQ(one_bad.findings[0].best_signature_time, input_.now - std::chrono::days(9));
  const Report of_good = judged("cms-stamped-bad-stamp-of-good").report;
  EXPECT_EQ(of_good.outcome.decision, Decision::kAccept);
  EXPECT_EQ(stamp_error(of_good), Code::kTspImprint);
}

TEST_F(JudgeTimestampTest, AnAuthorityWithoutItsSoleCriticalPurposeProvesNothing) {
  expect_useless("cms-stamped-badly-no-eku", Code::kPathKeyUsage);
  expect_useless("cms-stamped-badly-eku-not-critical", Code::kPathKeyUsage);
  expect_useless("cms-stamped-badly-two-purposes", Code::kPathKeyUsage);
}

TEST_F(JudgeTimestampTest, AnAuthorityNeedsAnAnchorForTimeStamping) {
  expect_useless("cms-stamped-badly-foreign", Code::kPathNoChain);
  trust("anchors.pem", {pki::TrustPurpose::kApplicant});
  expect_useless("cms-stamped-before-expiry", Code::kPathPurpose);
}

TEST_F(JudgeTimestampTest, AnAuthorityIsJudgedWhenItStamped) {
  EXPECT_EQ(judged("cms-stamped-tsa-ended-since").report.outcome.decision, Decision::kAccept);
  EXPECT_EQ(judged("cms-stamped-tsa-revoked-since").report.outcome.decision, Decision::kAccept);
  expect_useless("cms-stamped-badly-tsa-ended", Code::kPathExpired);
  expect_useless("cms-stamped-badly-tsa-revoked", Code::kRevocationRevoked);
}

TEST_F(JudgeTimestampTest, ACompromisedAuthorityProvesNothingAboutAnyTime) {
  expect_useless("cms-stamped-badly-tsa-compromised", Code::kRevocationRevoked);
  expect_useless("cms-stamped-badly-tsa-revoked-no-reason", Code::kRevocationRevoked);
}

TEST_F(JudgeTimestampTest, WhatCouldBeForgedNowProvesNothing) {
  expect_useless("cms-stamped-badly-weak-imprint", Code::kAlgorithmWeakDigest);
  expect_useless("cms-stamped-badly-weak-digest", Code::kAlgorithmWeakDigest);
  input_.policy = policy_for(pki::PolicyId::kConformance);
  EXPECT_EQ(judged("cms-stamped-badly-weak-imprint").report.outcome.decision, Decision::kAccept);
}

TEST_F(JudgeTimestampTest, EveryFaultOfATokenTakesItsProofAway) {
  expect_useless("cms-stamped-badly-imprint", Code::kTspImprint);
  expect_useless("cms-stamped-of-other-signer", Code::kTspImprint);
  expect_useless("cms-stamped-badly-no-ess", Code::kTspSigningCertificate);
  expect_useless("cms-stamped-badly-wrong-ess", Code::kCmsSigningCertificate);
  expect_useless("cms-stamped-badly-broken", Code::kSignatureBroken);
  expect_useless("cms-stamped-badly-two-signers", Code::kTspSigners);
  expect_useless("cms-stamped-badly-content-type", Code::kTspContentType);
}

TEST_F(JudgeTimestampTest, ATokenOfTheFutureProvesNothing) {
  const Report report = judged("cms-stamped-badly-future").report;
  EXPECT_EQ(stamp_error(report), Code::kTspFuture);
  EXPECT_EQ(report.findings[0].best_signature_time, input_.now);
  // At a time before the stamp it is not known yet (--at).
  input_.now -= std::chrono::days(11);
  EXPECT_EQ(stamp_error(judged("cms-stamped-good").report), Code::kTspFuture);
}

TEST_F(JudgeTimestampTest, WhatOnlyATimeStampCanSaveWaitsForItsEvidence) {
  evidence_ = {};
  add_crls();
  const Judgement waiting = judged("cms-stamped-tsa-evidence-missing");
  EXPECT_EQ(waiting.report.outcome.decision, Decision::kRetry);
  EXPECT_TRUE(has(waiting.report, Code::kRevocationMissing));
  EXPECT_FALSE(has(waiting.report, Code::kPathExpired));
  const base::Digest tsa = certificate("certs/tsa-by-twin.pem")->digest();
  EXPECT_TRUE(std::ranges::any_of(waiting.needs, [&](const Need& need) { return need.certificate->digest() == tsa; }));
  EXPECT_FALSE(waiting.report.needs.empty());
  // With the evidence it is saved, and what is good anyway does not wait.
  add_crl("crl/twin-a.crl");
  EXPECT_EQ(judged("cms-stamped-tsa-evidence-missing").report.outcome.decision, Decision::kAccept);
  evidence_ = {};
  add_crls();
  const Judgement anyway = judged("cms-stamped-tsa-evidence-not-needed");
  EXPECT_EQ(anyway.report.outcome.decision, Decision::kAccept);
  EXPECT_FALSE(anyway.needs.empty()) << "its evidence is worth having all the same";
}

TEST_F(JudgeTimestampTest, NothingIsFetchedForATimeStampThatCannotHold) {
  evidence_ = {};
  for (const Need& need : judged("cms-stamped-bad-stamp-of-good").needs) {
    EXPECT_NE(need.certificate->digest(), certificate("certs/tsa.pem")->digest());
  }
}

TEST_F(JudgeTimestampTest, TheEarlierOfStampAndReceiptCounts) {
  input_.existed_at = input_.now - std::chrono::days(5);
  EXPECT_EQ(judged("cms-stamped-before-expiry").report.findings[0].best_signature_time,
            input_.now - std::chrono::days(10));
  input_.existed_at = input_.now - std::chrono::days(12);
  EXPECT_EQ(judged("cms-stamped-before-expiry").report.findings[0].best_signature_time, input_.existed_at);
}

TEST_F(JudgeTimestampTest, TheUpperLimitOfTheAccuracyDecides) {
  Facts facts = facts_of("cms-stamped-before-expiry", "document.cms");
  const base::Time end = person("expired")->not_after();
  pki::TimestampFacts& timestamp = facts.content.signatures[0].timestamps[0];
  timestamp.gen_time = end - base::Seconds(5);
  timestamp.latest_time = end;
  EXPECT_EQ(judge_facts(facts).outcome.decision, Decision::kAccept);
  timestamp.latest_time = end + base::Seconds(1);
  EXPECT_TRUE(has(judge_facts(facts), Code::kPathExpired));
}

TEST_F(JudgeTimestampTest, ATokenNotKnownToBeOverTheSignatureProvesNothingAboutIt) {
  Facts facts = facts_of("cms-stamped-before-expiry", "document.cms");
  facts.content.signatures[0].timestamps[0].over_known_data = false;
  EXPECT_TRUE(has(judge_facts(facts), Code::kPathExpired));
}

TEST_F(JudgeTimestampTest, ATokenByNobodyProvesNothing) {
  Facts facts = facts_of("cms-stamped-before-expiry", "document.cms");
  facts.content.signatures[0].timestamps[0].certificate = nullptr;
  EXPECT_TRUE(has(judge_facts(facts), Code::kPathExpired));
}

TEST_F(JudgeTimestampTest, FactsWithTimeStampsReplayFromJson) {
  for (const char* scenario : {"cms-stamped-accuracy", "cms-stamped-badly-imprint", "cms-stamped-badly-no-certificate",
                               "cms-stamped-badly-content-type", "cms-stamped-twice"}) {
    const Facts facts = facts_of(scenario, "document.cms");
    const Facts again = must(facts_from_json(must(base::parse_json(base::canonical_json(to_json(facts))))));
    EXPECT_EQ(base::canonical_json(to_json(again)), base::canonical_json(to_json(facts))) << scenario;
    EXPECT_EQ(base::canonical_json(to_json(judge_facts(again))), base::canonical_json(to_json(judge_facts(facts))));
  }
}

TEST_F(JudgeTimestampTest, ATokenAloneIsJudgedAtItsTime) {
  const base::Bytes data = read_made("tsp/data.bin");
  const Report good = judge_token(token("ok.tst", data));
  EXPECT_EQ(good.outcome.decision, Decision::kAccept);
  EXPECT_EQ(good.subject, SubjectKind::kTimestamp);
  ASSERT_TRUE(good.timestamp.has_value());
  EXPECT_EQ(good.timestamp->policy, "1.2.398.3.3.2.6.2");
  EXPECT_TRUE(good.findings[0].warnings.empty());
  EXPECT_EQ(judge_token(token("ok.tst", {})).findings[0].warnings.front().code(), Code::kTspDataUnknown);
  EXPECT_TRUE(has(judge_token(token("wrong-imprint.tst", data)), Code::kTspImprint));
  EXPECT_TRUE(has(judge_token(token("no-eku.tst", data)), Code::kPathKeyUsage));
  EXPECT_TRUE(has(judge_token(token("expired.tst", data)), Code::kPathExpired));
  EXPECT_TRUE(has(judge_token(token("revoked.tst", data)), Code::kRevocationRevoked));
  EXPECT_TRUE(has(judge_token(token("foreign.tst", data)), Code::kPathNoChain));
  EXPECT_TRUE(has(judge_token(token("future.tst", data)), Code::kTspFuture));
}

}  // namespace
}  // namespace tanba::verify
