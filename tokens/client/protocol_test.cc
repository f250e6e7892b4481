#include "tokens/client/protocol.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/limits.h"
#include "tokens/client/test_certificate.h"

namespace tanba::tokens::client {
namespace {

SignIntent sign_request() {
  return {.intent = {.id = "i-1",
                     .kind = IntentKind::kRefusal,
                     .number = "№ 7",
                     .document = {.algorithm = pki::DigestAlgorithm::kSha256, .value = base::Bytes(32, 7)},
                     .licensor = "050540001234",
                     .key = "refusal"},
          .algorithm = {},
          .approval = {1, 2, 3}};
}

template <class T>
T answer_of(const Outcome& outcome) {
  EXPECT_TRUE(outcome) << outcome.error().message();
  return std::get<T>(*outcome);
}
std::string code_of(const auto& result) {
  return result ? "ok" : std::string(base::dotted(result.error().code()));
}

TEST(ProtocolTest, RequestsReadBack) {
  for (const Request& request :
       {Request(Ping{}), Request(ListKeys{}), Request(sign_request()), Request(AskIntent{"i-1"}),
        Request(CancelIntent{"i-1"}), Request(SealCapsule{"decision", "№ 7", base::sha256({}), "capsule"})}) {
    const auto back = parse_request(write_request(request));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, request);
  }
}

TEST(ProtocolTest, OnlyAnIdIsCancelled) {
  for (const char* id : {"", "a b", "i-1\n"}) {
    EXPECT_EQ(code_of(parse_request(write_request(CancelIntent{id}))), "keyd.protocol");
  }
}

// A signature without the word, or the word without a signature, is no answer.
TEST(ProtocolTest, AnIntentsAnswerSaysItsState) {
  for (const char* text : {R"({"answer":"intent","v":1})", R"({"answer":"intent","state":"lost","v":1})",
                           R"({"answer":"intent","state":"signed","v":1})",
                           R"({"answer":"intent","signed":{},"state":"cancelled","v":1})"}) {
    EXPECT_EQ(code_of(parse_outcome(text)), "keyd.protocol") << text;
  }
}

// The most that keys may have, in one certificate and in many.
TEST(ProtocolTest, EveryListOfKeysFitsIntoAFrame) {
  for (const std::size_t keys : {1, 2, 3, 7, 64}) {
    for (const std::size_t certificates : {std::size_t{1}, kMaxChain + 1}) {
      const std::size_t each =
          std::min(max_certificate_bytes(keys) / certificates, base::Limits{}.max_certificate_bytes);
      const pki::CertificatePtr certificate = test::make_certificate(each - 320);
      ASSERT_LE(certificate->der().size(), each);
      ASSERT_GT(certificate->der().size() + 100, each);
      const std::vector<pki::CertificatePtr> chain(certificates - 1, certificate);
      const KeyDescription key{.name = std::string(64, 'k'),
                               .purpose = KeyPurpose::kServiceLogin,
                               .state = KeyState::kLocked,
                               .reason = std::string(64, 'r'),
                               .algorithms = std::vector<pki::SignatureAlgorithm>(
                                   16, {.scheme = pki::SignatureScheme::kRsaPss, .salt_bytes = 64}),
                               .certificate = certificate,
                               .chain = chain};
      const KeyList list{std::vector<KeyDescription>(keys, key)};
      EXPECT_EQ(code_of(write_frame(write_outcome(Answer(list)))), "ok") << keys << " " << certificates;
      const Signed made{{}, base::Bytes(1024), certificate, chain};
      EXPECT_EQ(code_of(write_frame(write_outcome(Answer(made)))), "ok") << keys << " " << certificates;
    }
  }
}

TEST(ProtocolTest, AnswersReadBack) {
  EXPECT_EQ(answer_of<Pong>(parse_outcome(write_outcome(Answer(Pong{"1.0", 42})))), (Pong{"1.0", 42}));

  const pki::CertificatePtr certificate = test::make_certificate();
  pki::SignatureAlgorithm pss;
  pss.scheme = pki::SignatureScheme::kRsaPss;
  pss.salt_bytes = 32;
  const Signed made{pss, {9, 8, 7}, certificate, {certificate}};
  const auto read = answer_of<Signed>(parse_outcome(write_outcome(Answer(made))));
  EXPECT_EQ(read.algorithm, pss);
  EXPECT_EQ(read.signature, made.signature);
  EXPECT_EQ(read.certificate->digest(), certificate->digest());
  ASSERT_EQ(read.chain.size(), 1U);

  EXPECT_FALSE(answer_of<IntentAnswer>(parse_outcome(write_outcome(Answer(IntentAnswer{})))).signature);
  EXPECT_EQ(answer_of<IntentAnswer>(parse_outcome(write_outcome(Answer(IntentAnswer{IntentProgress::kSigned, made}))))
                .signature->signature,
            made.signature);

  const base::Time sealed_at{std::chrono::seconds(1'800'000'000)};
  const auto sealed = answer_of<Sealed>(parse_outcome(write_outcome(Answer(Sealed{made, sealed_at}))));
  EXPECT_EQ(sealed.sealed_at, sealed_at);
  EXPECT_EQ(sealed.signature.signature, made.signature);

  KeyDescription lost{.name = "a",
                      .purpose = KeyPurpose::kServiceLogin,
                      .state = KeyState::kLost,
                      .reason = "token.lost",
                      .algorithms = {},
                      .certificate = nullptr,
                      .chain = {}};
  KeyDescription ready{.name = "b",
                       .purpose = KeyPurpose::kLicence,
                       .state = KeyState::kReady,
                       .reason = "",
                       .algorithms = {pss, {}},
                       .certificate = certificate,
                       .chain = {certificate}};
  const auto list = answer_of<KeyList>(parse_outcome(write_outcome(Answer(KeyList{{lost, ready}}))));
  ASSERT_EQ(list.keys.size(), 2U);
  EXPECT_EQ(list.keys[0].state, KeyState::kLost);
  EXPECT_EQ(list.keys[0].reason, "token.lost");
  EXPECT_EQ(list.keys[0].certificate, nullptr);
  EXPECT_EQ(list.keys[1].algorithms, ready.algorithms);
  EXPECT_EQ(list.keys[1].certificate->digest(), certificate->digest());
}

TEST(ProtocolTest, ErrorsTravelWithTheirArguments) {
  const base::Error error(base::Code::kKeydPurpose, {{"key", "a"}, {"purpose", "licence"}}, "secret cause");
  const std::string text = write_outcome(std::unexpected(error));
  EXPECT_EQ(text.find("secret cause"), std::string::npos);
  const Outcome back = parse_outcome(text);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), error.code());
  EXPECT_EQ(back.error().arguments(), error.arguments());
}

TEST(ProtocolTest, AnErrorOfAnUnknownCodeIsAProtocolError) {
  EXPECT_EQ(code_of(parse_outcome(R"({"answer":"error","arguments":[],"code":"keyd.invented","v":1})")),
            "keyd.protocol");
}

TEST(ProtocolTest, EveryPurposeAndStateReadsBack) {
  for (int i = 0; i <= static_cast<int>(KeyPurpose::kServiceLogin); ++i) {
    const auto purpose = static_cast<KeyPurpose>(i);
    EXPECT_EQ(parse_key_purpose(to_string(purpose)), purpose);
  }
  EXPECT_FALSE(parse_key_purpose("anything"));
  EXPECT_EQ(purpose_of(IntentKind::kLicence), KeyPurpose::kLicence);
  EXPECT_EQ(purpose_of(IntentKind::kRefusal), KeyPurpose::kRefusal);
}

// Requests that differ from a good one in one thing.
struct Changed {
  const char* name;
  const char* member;
  const char* json;  // its new value; nothing: taken out
};
class ChangedRequest : public testing::TestWithParam<Changed> {};

TEST_P(ChangedRequest, IsRefused) {
  boost::json::value value = *base::parse_json(write_request(sign_request()));
  ASSERT_TRUE(parse_request(base::canonical_json(value)));
  boost::json::object& object = value.get_object();
  if (GetParam().json == nullptr) {
    object.erase(GetParam().member);
  } else {
    object[GetParam().member] = *base::parse_json(GetParam().json);
  }
  EXPECT_EQ(code_of(parse_request(base::canonical_json(value))), "keyd.protocol");
}

INSTANTIATE_TEST_SUITE_P(
    Table, ChangedRequest,
    testing::Values(
        Changed{"other_version", "v", "2"}, Changed{"no_version", "v", nullptr},
        Changed{"version_as_text", "v", R"("1")"}, Changed{"unknown_request", "request", R"("sign-digest")"},
        Changed{"unknown_member", "force", "true"}, Changed{"no_approval", "approval", nullptr},
        Changed{"approval_not_base64", "approval", R"("A")"}, Changed{"approval_null", "approval", "null"},
        Changed{"kind", "kind", R"("permit")"}, Changed{"digest_not_hex", "digest", R"("zz")"},
        Changed{"digest_too_short", "digest", R"("00")"}, Changed{"digest_algorithm", "digestAlgorithm", R"("SHA-1")"},
        Changed{"digest_algorithm_unknown", "digestAlgorithm", R"("ROT-13")"},
        Changed{"algorithm", "algorithm", R"("MAA=")"}, Changed{"licensor", "licensor", R"("1")"},
        Changed{"key", "key", R"("../key")"}, Changed{"intent", "intent", R"("")"}, Changed{"number", "number", "7"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ProtocolTest, NoRequestIsNoJson) {
  for (const char* text : {"", "{", "[]", "null", "1", "\xFF", R"({"v":1,"v":1,"request":"ping"})"}) {
    EXPECT_EQ(code_of(parse_request(text)), "keyd.protocol") << text;
    EXPECT_EQ(code_of(parse_outcome(text)), "keyd.protocol") << text;
  }
  EXPECT_EQ(code_of(parse_request(std::string(100'000, '['))), "keyd.protocol");
}

TEST(ProtocolTest, AnOversizedApprovalIsRefused) {
  SignIntent request = sign_request();
  request.approval.assign(kMaxApprovalBytes, 0);
  EXPECT_TRUE(parse_request(write_request(request)));
  request.approval.push_back(0);
  EXPECT_EQ(code_of(parse_request(write_request(request))), "keyd.protocol");
}

TEST(ProtocolTest, Frames) {
  const auto frame = write_frame("{}");
  ASSERT_TRUE(frame);
  EXPECT_EQ(*frame, std::string("\0\0\0\2{}", 6));
  EXPECT_EQ(parse_frame_header(base::as_bytes(*frame).first(4)), 2U);
  EXPECT_FALSE(write_frame(""));
  EXPECT_TRUE(write_frame(std::string(kMaxFrameBytes, 'a')));
  EXPECT_FALSE(write_frame(std::string(kMaxFrameBytes + 1, 'a')));
  EXPECT_FALSE(parse_frame_header(base::Bytes{0, 0, 0, 0}));
  EXPECT_FALSE(parse_frame_header(base::Bytes{0xFF, 0, 0, 0}));
  EXPECT_TRUE(parse_frame_header(base::Bytes{0, 0x10, 0, 0}));
  EXPECT_FALSE(parse_frame_header(base::Bytes{0, 0x10, 0, 1}));
  EXPECT_FALSE(parse_frame_header(base::Bytes{0, 0, 1}));
}

}  // namespace
}  // namespace tanba::tokens::client
