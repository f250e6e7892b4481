// Tokens of the test authority, each wrong in one way; those of real authorities; and structures taken apart.
#include "cms/tsp/token.h"

#include <algorithm>

#include "cms/test_support.h"
#include "cms/tsp/attach.h"
#include "cms/tsp/protocol.h"
#include "cms/tsp/tst_info.h"

namespace tanba::cms::tsp {
namespace {

using namespace tanba::cms::test;
using testing::ElementsAre;
using testing::IsEmpty;

Bytes sample(const std::string& name) {
  return read(certs_test() / "tsp" / name);
}

pki::TimestampFacts inspected_token(ByteView token, const DetachedContent& data,
                                    std::span<const pki::CertificatePtr> certificates = {}) {
  base::Budget budget{base::Limits{}};
  auto facts = inspect_token(context(), token, data, budget, certificates);
  EXPECT_TRUE(facts.has_value()) << facts.error().message();
  return facts.value_or(pki::TimestampFacts{});
}

// The codes of the sample's token over the sample's data.
std::vector<std::string> codes_of(const std::string& mode) {
  const Bytes data = sample("data.bin");
  return codes(inspected_token(sample(mode + ".tst"), DetachedContent(ByteView(data))).errors);
}

TEST(Token, SaysWhatItSays) {
  const Bytes data = sample("data.bin");
  const auto facts = inspected_token(sample("accuracy.tst"), DetachedContent(ByteView(data)));
  EXPECT_THAT(codes(facts.errors), IsEmpty());
  EXPECT_TRUE(facts.over_known_data);
  EXPECT_EQ(facts.policy, policy::kRsa);
  EXPECT_EQ(facts.imprint_digest, pki::DigestAlgorithm::kSha256);
  EXPECT_EQ(base::to_hex(facts.imprint), base::sha256(data).hex());
  EXPECT_EQ(facts.accuracy, std::chrono::microseconds(1'500'000));
  EXPECT_EQ(facts.latest_time, facts.gen_time + base::Seconds(2)) << "rounded up";
  EXPECT_FALSE(facts.ordering);
  EXPECT_EQ(base::to_hex(facts.nonce), "0102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(facts.tsa, certificate("certs/tsa")->subject().rfc4514());
  ASSERT_NE(facts.certificate, nullptr);
  EXPECT_EQ(facts.certificate->digest(), certificate("certs/tsa")->digest());
  EXPECT_FALSE(facts.serial.empty());
}

TEST(Token, WithoutDataLeavesTheImprintUncompared) {
  const auto facts = inspected_token(sample("wrong-imprint.tst"), {});
  EXPECT_THAT(codes(facts.errors), IsEmpty());
  EXPECT_FALSE(facts.over_known_data);
}

TEST(Token, OverDataKnownByItsDigestOnly) {
  const Bytes data = sample("data.bin");
  const DigestedContent digested{.size_bytes = data.size(), .beginning = {}, .compute = [&](auto algorithm) {
                                   return pki::compute_digest(context(), algorithm, data);
                                 }};
  EXPECT_THAT(codes(inspected_token(sample("ok.tst"), DetachedContent(digested)).errors), IsEmpty());
  EXPECT_THAT(codes(inspected_token(sample("wrong-imprint.tst"), DetachedContent(digested)).errors),
              ElementsAre("tsp.imprint"));
}

TEST(Token, GoodOnes) {
  EXPECT_THAT(codes_of("ok"), IsEmpty());
  EXPECT_THAT(codes_of("ess-v1"), IsEmpty());
  EXPECT_THAT(codes_of("injected"), IsEmpty()) << "the right one of two certificates of one name and serial number";
}
TEST(Token, OverOtherDataIsRefused) {
  EXPECT_THAT(codes_of("wrong-imprint"), ElementsAre("tsp.imprint"));
}
TEST(Token, WithoutSigningCertificateAttributeIsRefused) {
  EXPECT_THAT(codes_of("no-ess"), ElementsAre("tsp.signing_certificate"));
}
TEST(Token, WhoseAttributeNamesAnotherCertificateIsRefused) {
  EXPECT_THAT(codes_of("wrong-ess"), ElementsAre("cms.signing_certificate"));
}
TEST(Token, WithABrokenSignatureIsRefused) {
  EXPECT_THAT(codes_of("broken-signature"), ElementsAre("signature.broken"));
}
TEST(Token, HasExactlyOneSigner) {
  EXPECT_THAT(codes_of("two-signers"), ElementsAre("tsp.signers"));
  EXPECT_THAT(codes_of("no-signer"), ElementsAre("tsp.signers"));
}
TEST(Token, HoldsATstInfo) {
  EXPECT_THAT(codes_of("wrong-content-type"), ElementsAre("tsp.content_type"));
  EXPECT_THAT(codes_of("version-2"), ElementsAre("tsp.malformed"));
  EXPECT_THAT(codes_of("critical-extension"), ElementsAre("tsp.malformed"));
}
TEST(Token, ThatSaysItIsBySomebodyElseIsRefused) {
  EXPECT_THAT(codes_of("wrong-name"), ElementsAre("tsp.tsa_name"));
}
TEST(Token, WithoutItsCertificateNeedsItFromElsewhere) {
  EXPECT_THAT(codes_of("no-certificate"), ElementsAre("cms.no_certificate"));
  const Bytes data = sample("data.bin");
  const std::vector<pki::CertificatePtr> beside = {certificate("certs/tsa")};
  const auto facts = inspected_token(sample("no-certificate.tst"), DetachedContent(ByteView(data)), beside);
  EXPECT_THAT(codes(facts.errors), IsEmpty());
}

TEST(Token, OtherThanCmsIsMalformed) {
  EXPECT_THAT(codes(inspected_token({}, {}).errors), ElementsAre("tsp.malformed"));
  EXPECT_THAT(codes(inspected_token(base::as_bytes("no token"), {}).errors), ElementsAre("tsp.malformed"));
  const Bytes large(kMaxTokenBytes + 1, 0x30);
  EXPECT_THAT(codes(inspected_token(large, {}).errors), ElementsAre("limit.size"));
}

TEST(Token, EveryOctetCountsOrChangesNothing) {
  const Bytes data = sample("data.bin");
  const Bytes good = sample("ok.tst");
  const auto whole = inspected_token(good, DetachedContent(ByteView(data)));
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i < good.size(); i += 3) {
    Bytes changed = good;
    changed[i] ^= 0x01;
    const auto facts = inspected_token(changed, DetachedContent(ByteView(data)));
    if (!facts.errors.empty()) continue;
    ++unnoticed;  // CMS's own version numbers and its lists of algorithms are not signed and not used
    EXPECT_EQ(facts.gen_time, whole.gen_time) << i;
    EXPECT_EQ(facts.imprint, whole.imprint) << i;
    EXPECT_EQ(facts.certificate->digest(), whole.certificate->digest()) << i;
  }
  EXPECT_LT(unnoticed, 16U);
}

TEST(Token, CostsAreCharged) {
  const Bytes data = sample("data.bin");
  base::Limits limits;
  limits.max_public_key_operations = 0;
  base::Budget budget{limits};
  const auto facts = inspect_token(context(), sample("ok.tst"), DetachedContent(ByteView(data)), budget);
  ASSERT_TRUE(facts.has_value());
  EXPECT_THAT(codes(facts->errors), ElementsAre("limit.cost"));
}

TEST(Token, InAFileAloneOrInItsResponse) {
  const Bytes token = sample("ok.tst");
  EXPECT_EQ(token_in_file(token), token);
  EXPECT_EQ(token_in_file(sample("ok.tsr")), token);
  EXPECT_EQ(token_in_file(base::as_bytes(pki::write_pem("TIMESTAMP TOKEN", token))), token);
  const auto refused = token_in_file(sample("rejection.tsr"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kTspRejected);
}

TEST(Tokens, OfADocumentAreVerifiedOverItsSignatures) {
  const auto stamped = [](const char* scenario) {
    pki::DocumentFacts facts = inspected(read(certs_test() / "scenarios" / scenario / "document.cms"));
    base::Budget budget{base::Limits{}};
    EXPECT_TRUE(inspect_tokens(context(), facts, budget).has_value());
    EXPECT_THAT(facts.signatures.at(0).timestamp_tokens, IsEmpty());
    return facts;
  };
  const auto good = stamped("cms-stamped-twice");
  ASSERT_EQ(good.signatures[0].timestamps.size(), 2U);
  for (const auto& timestamp : good.signatures[0].timestamps) {
    EXPECT_THAT(codes(timestamp.errors), IsEmpty());
    EXPECT_TRUE(timestamp.over_known_data);
  }
  EXPECT_THAT(codes(stamped("cms-stamped-of-other-signer").signatures[0].timestamps.at(0).errors),
              ElementsAre("tsp.imprint"));
}

// --- TSTInfo
// -----------------------------------------------------------------------------------------------------------

// A TSTInfo by hand; every member may be replaced.
struct Parts {
  Bytes version = der::write_integer(1);
  Bytes policy = policy::kGost2015.der();
  Bytes imprint = der::write_sequence(
      {pki::write_digest_identifier(pki::DigestAlgorithm::kSha256), der::write_octet_string(Bytes(32, 7))});
  Bytes serial = der::write_integer(77);
  std::string gen_time = "20261122041850Z";
  Bytes rest;
  [[nodiscard]] Bytes write() const {
    const Bytes time = der::write(der::kGeneralizedTime, base::as_bytes(gen_time));
    return der::write_sequence({version, policy, imprint, serial, time, rest});
  }
};

bool is_malformed(const Parts& parts) {
  const auto info = parse_tst_info(parts.write());
  return !info.has_value() && info.error().code() == Code::kTspMalformed;
}

Bytes accuracy(const std::vector<Bytes>& parts) {
  Bytes contents;
  for (const Bytes& part : parts) contents.insert(contents.end(), part.begin(), part.end());
  return der::write(der::kSequence, contents);
}
Bytes small(std::uint8_t tag, std::int64_t value) {
  Bytes integer = der::write_integer(value);
  integer[0] = tag;
  return integer;
}

TEST(TstInfo, WithoutOptionalMembers) {
  const auto info = parse_tst_info(Parts{}.write());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(base::format_time(info->gen_time), "2026-11-22T04:18:50Z");
  EXPECT_EQ(latest_time(*info), info->gen_time);
  EXPECT_FALSE(info->accuracy.has_value());
  EXPECT_THAT(info->nonce, IsEmpty());
  EXPECT_EQ(tsa_text(*info), "");
}

TEST(TstInfo, FractionsAndAccuraciesAreRoundedUp) {
  Parts parts;
  parts.gen_time = "20261122041850.000000001Z";
  auto info = parse_tst_info(parts.write());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(latest_time(*info), info->gen_time + base::Seconds(1));
  parts.gen_time = "20261122041850.5Z";
  parts.rest = accuracy({small(0x80, 500)});
  info = parse_tst_info(parts.write());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(latest_time(*info), info->gen_time + base::Seconds(1));
  parts.rest = accuracy({small(0x80, 500), small(0x81, 1)});
  info = parse_tst_info(parts.write());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(latest_time(*info), info->gen_time + base::Seconds(2));
}

TEST(TstInfo, AccuracyHasItsParts) {
  const auto with = [](Bytes rest) {
    Parts parts;
    parts.rest = std::move(rest);
    return parts;
  };
  EXPECT_FALSE(is_malformed(with(accuracy({small(0x02, 86400), small(0x80, 999), small(0x81, 999)}))));
  EXPECT_TRUE(is_malformed(with(accuracy({small(0x02, 86401)}))));
  EXPECT_TRUE(is_malformed(with(accuracy({small(0x80, 1000)}))));
  EXPECT_TRUE(is_malformed(with(accuracy({small(0x81, 1000)}))));
  EXPECT_TRUE(is_malformed(with(accuracy({small(0x81, 1), small(0x80, 1)}))));
  EXPECT_TRUE(is_malformed(with(accuracy({small(0x02, -1)}))));
}

TEST(TstInfo, MembersAreWhatTheyMustBe) {
  EXPECT_TRUE(is_malformed({.version = der::write_integer(0)}));
  EXPECT_TRUE(is_malformed({.policy = der::write_null()}));
  EXPECT_TRUE(is_malformed({.imprint = der::write_sequence({})}));
  EXPECT_TRUE(is_malformed({.serial = der::write(der::kInteger, Bytes(22, 1))}));
  EXPECT_FALSE(is_malformed({.serial = der::write(der::kInteger, Bytes(21, 1))}));
  EXPECT_TRUE(is_malformed({.serial = der::write(der::kInteger, {})}));
  EXPECT_TRUE(is_malformed({.gen_time = "20261122041850"}));
  EXPECT_TRUE(is_malformed({.gen_time = "20261122041850+0600"}));
  EXPECT_TRUE(is_malformed({.gen_time = "20261131041850Z"}));
  EXPECT_TRUE(is_malformed({.gen_time = "20261122041850.Z"}));
  EXPECT_TRUE(is_malformed({.gen_time = "99990101000000Z"}));
  EXPECT_TRUE(is_malformed({.rest = der::write(der::kInteger, Bytes(65, 1))}));
  EXPECT_TRUE(is_malformed({.rest = der::write_octet_string({})}));
}

TEST(TstInfo, NothingFollows) {
  Bytes octets = Parts{}.write();
  octets.push_back(0);
  const auto info = parse_tst_info(octets);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code(), Code::kTspMalformed);
}

// --- the protocol
// ------------------------------------------------------------------------------------------------------

TEST(Request, IsWhatOpensslReads) {
  const Workspace work;
  const Request request{.digest = pki::DigestAlgorithm::kSha256,
                        .imprint = Bytes(32, 0xAB),
                        .policy = policy::kRsa,
                        .nonce = {0x00, 0xFF, 0x01}};
  const fs::path file = work.write("request.tsq", write_request(request));
  ASSERT_EQ(work.run("openssl ts -query -in " + file.string() + " -text > " + (work / "text").string()), 0);
  const Bytes octets = read(work / "text");
  const std::string text(base::as_text(octets));
  EXPECT_NE(text.find("Policy OID: 1.2.398.3.3.2.6.2"), std::string::npos) << text;
  EXPECT_NE(text.find("Nonce: 0xFF01"), std::string::npos) << text;
  EXPECT_NE(text.find("Certificate required: yes"), std::string::npos) << text;
  EXPECT_NE(text.find("Hash Algorithm: sha256"), std::string::npos) << text;
}

TEST(Response, StatusAndTokenBelongTogether) {
  const auto good = parse_response(sample("ok.tsr"));
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->status, ResponseStatus::kGranted);
  EXPECT_EQ(good->token, sample("ok.tst"));
  const auto missing = parse_response(sample("granted-without-token.tsr"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), Code::kTspMalformed);
  Bytes both = der::write_sequence({der::write_integer(2)});
  const Bytes token = sample("ok.tst");
  const auto refused_with_token = parse_response(der::write_sequence({both, token}));
  ASSERT_FALSE(refused_with_token.has_value());
  EXPECT_EQ(refused_with_token.error().code(), Code::kTspMalformed);
}

TEST(Response, ARefusalSaysWhy) {
  const auto refusal = parse_response(sample("rejection.tsr"));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, ResponseStatus::kRejection);
  EXPECT_EQ(refusal->failure, "badRequest");
  EXPECT_THAT(refusal->texts, ElementsAre("told to refuse"));
  const auto token = granted_token(*refusal);
  ASSERT_FALSE(token.has_value());
  EXPECT_EQ(token.error().code(), Code::kTspRejected);
  const auto waiting = parse_response(sample("waiting.tsr"));
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(granted_token(*waiting).error().code(), Code::kTspRejected);
}

TEST(Response, OtherThanDerIsMalformed) {
  for (const Bytes& octets : {Bytes{}, Bytes{0x30, 0x80}, Bytes(kMaxResponseBytes + 1, 0x30), sample("ok.tst")}) {
    const auto response = parse_response(octets);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().code(), Code::kTspMalformed);
  }
}

// What the sample tokens answer, to the request that was sent.
base::Status answers(const std::string& mode) {
  const Bytes data = sample("data.bin");
  const Request request{.digest = pki::DigestAlgorithm::kSha256,
                        .imprint = base::to_bytes(base::sha256(data).view()),
                        .policy = policy::kRsa,
                        .nonce = base::from_hex("0102030405060708090a0b0c0d0e0f10").value()};
  const Bytes token = sample(mode + ".tst");
  const auto signed_data = parse_signed_data(token, base::Limits{});
  EXPECT_TRUE(signed_data.has_value());
  const auto info = parse_tst_info(signed_data->content.value());
  EXPECT_TRUE(info.has_value());
  return check_answers(*info, request);
}

TEST(Answer, ToTheRequestThatWasSent) {
  EXPECT_TRUE(answers("ok").has_value());
  EXPECT_EQ(answers("wrong-imprint").error().code(), Code::kTspImprint);
  EXPECT_EQ(answers("wrong-nonce").error().code(), Code::kTspNonce);
  EXPECT_EQ(answers("no-nonce").error().code(), Code::kTspNonce);
  EXPECT_EQ(answers("wrong-policy").error().code(), Code::kTspPolicy);
}

// --- real ones
// ---------------------------------------------------------------------------------------------------------

TEST(RealWorld, EveryTokenIsInOrder) {
  const fs::path folder = corpora("realworld/tst");
  if (folder.empty()) GTEST_SKIP();
  std::vector<pki::CertificatePtr> beside;
  for (const auto& entry : fs::directory_iterator(folder.parent_path() / "cert")) {
    if (const auto certificates = pki::parse_certificates(read(entry.path())); certificates.has_value()) {
      beside.insert(beside.end(), certificates->begin(), certificates->end());
    }
  }
  std::size_t verified = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto facts = inspected_token(read(entry.path()), {}, beside);
    EXPECT_THAT(codes(facts.errors), IsEmpty()) << entry.path();
    EXPECT_GT(facts.gen_time, base::Time{}) << entry.path();
    ++verified;
  }
  EXPECT_GE(verified, 75U);
}

TEST(Kazakhstan, TheTokenOfTheTestContourIsInOrder) {
  const fs::path folder = corpora("kz/tsp");
  if (folder.empty()) GTEST_SKIP();
  const auto facts = inspected_token(read(folder / "tsp_token.bin"), {});
  EXPECT_THAT(codes(facts.errors), IsEmpty());
  EXPECT_EQ(facts.policy, policy::kGost2004);
  EXPECT_EQ(facts.algorithm, (pki::SignatureAlgorithm{.scheme = pki::SignatureScheme::kGost2004,
                                                      .digest = pki::DigestAlgorithm::kGost34311}));
  EXPECT_EQ(base::format_time(facts.gen_time), "2022-09-18T13:20:14Z");
  EXPECT_EQ(facts.imprint_digest, pki::DigestAlgorithm::kSha1);
}

}  // namespace
}  // namespace tanba::cms::tsp
