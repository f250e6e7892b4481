#include "ocsp/ocsp.h"

#include <gtest/gtest.h>

#include "ocsp/test_support.h"

namespace tanba::ocsp {
namespace {

using base::Code;
using base::Seconds;
using pki::test::at;

// What each check says about one answer; nothing where it passes.
struct Verdicts {
  std::optional<Code> parse{}, responder{}, cert_id{}, freshness{}, nonce{};
  bool operator==(const Verdicts&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Verdicts& verdicts) {
  for (const auto& code : {verdicts.parse, verdicts.responder, verdicts.cert_id, verdicts.freshness, verdicts.nonce}) {
    out << (code ? base::dotted(*code) : "ok") << ' ';
  }
  return out;
}

template <class T>
std::optional<Code> code_of(const T& result) {
  if (result.has_value()) return std::nullopt;
  return result.error().code();
}

class OcspAnswers : public test::Authority {
 protected:
  void SetUp() override {
    Authority::SetUp();
    issuing_ = certificate("ca/issuing.pem");
    head_ = certificate("certs/head.pem");
    for (std::uint8_t i = 1; i <= 16; ++i) nonce_.push_back(i);
  }

  std::shared_ptr<const OcspResponse> response(const std::string& name) const {
    auto parsed = parse_response(octets(name));
    EXPECT_TRUE(parsed.has_value()) << name << ": " << parsed.error().message();
    return parsed ? *parsed : nullptr;
  }
  Verdicts judge(const std::string& name, std::span<const pki::CertificatePtr> candidates = {}) const {
    const auto parsed = parse_response(octets(name));
    if (!parsed) return {.parse = parsed.error().code()};
    Verdicts verdicts;
    verdicts.responder = code_of(verify_response(*context_, **parsed, issuing_, candidates));
    const auto answer = find_answer(*context_, **parsed, *head_, *issuing_);
    verdicts.cert_id = code_of(answer);
    if (answer) verdicts.freshness = code_of(check_freshness(*answer, rules_, good_at()));
    verdicts.nonce = code_of(check_nonce(**parsed, nonce_));
    return verdicts;
  }

  FreshnessRules rules_{.max_age = Seconds(3600)};
  pki::CertificatePtr issuing_, head_;
  base::Bytes nonce_;
};

TEST_F(OcspAnswers, AnAnswerInOrderPassesEveryCheck) {
  for (const char* mode : {"ok", "by-key", "by-issuer", "next-update"}) {
    EXPECT_EQ(judge(std::string("ocsp-bad/") + mode + ".ors"), Verdicts{}) << mode;
  }
  const auto parsed = response("ocsp-bad/ok.ors");
  EXPECT_EQ(find_answer(*context_, *parsed, *head_, *issuing_)->status, CertStatus::kGood);
  EXPECT_TRUE(parsed->extended_revoke);
  EXPECT_EQ(parsed->digest, base::sha256(octets("ocsp-bad/ok.ors")));
}

TEST_F(OcspAnswers, EachFaultIsFoundByItsOwnCheckAlone) {
  const std::pair<const char*, Verdicts> cases[] = {
      {"wrong-signer", {.responder = Code::kOcspResponder}},
      {"no-eku", {.responder = Code::kOcspResponder}},
      {"no-certificate", {.responder = Code::kOcspResponder}},
      {"broken-signature", {.responder = Code::kOcspSignature}},
      {"wrong-certid", {.cert_id = Code::kOcspCertId}},
      {"stale", {.freshness = Code::kOcspStale}},
      {"stale-next-update", {.freshness = Code::kOcspStale}},
      {"future", {.freshness = Code::kOcspFuture}},
      {"wrong-nonce", {.nonce = Code::kOcspNonce}},
      {"no-nonce", {.nonce = Code::kOcspNonce}},
      {"try-later", {.parse = Code::kOcspStatus}},
      {"internal-error", {.parse = Code::kOcspStatus}},
      {"unauthorized", {.parse = Code::kOcspStatus}},
      {"malformed-request", {.parse = Code::kOcspStatus}},
  };
  for (const auto& [mode, expected] : cases) {
    EXPECT_EQ(judge(std::string("ocsp-bad/") + mode + ".ors"), expected) << mode;
  }
}

TEST_F(OcspAnswers, TheResponderIsTheIssuerOrItsDelegate) {
  const auto delegate = verify_response(*context_, *response("ocsp-bad/ok.ors"), issuing_, {});
  ASSERT_TRUE(delegate.has_value());
  EXPECT_EQ(delegate->right, Responder::Right::kDelegated);
  EXPECT_EQ(delegate->certificate->digest(), certificate("certs/ocsp-issuing.pem")->digest());
  EXPECT_TRUE(delegate->certificate->has_ocsp_no_check());
  const auto issuer = verify_response(*context_, *response("ocsp-bad/by-issuer.ors"), issuing_, {});
  ASSERT_TRUE(issuer.has_value());
  EXPECT_EQ(issuer->right, Responder::Right::kIssuer);
}

// That a response was verified is remembered of its own octets, and says nothing of another response or of a right.
TEST_F(OcspAnswers, WhatVerifiedOnceVouchesForNothingElse) {
  const auto good = response("ocsp-bad/ok.ors");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(verify_response(*context_, *good, issuing_, {}).has_value());
  EXPECT_EQ(judge("ocsp-bad/broken-signature.ors").responder, Code::kOcspSignature);
  EXPECT_EQ(judge("ocsp-bad/broken-signature.ors").responder, Code::kOcspSignature);  // nor is a failure a fact
  EXPECT_EQ(code_of(verify_response(*context_, *good, certificate("ca/root.pem"), {})), Code::kOcspResponder);
}

TEST_F(OcspAnswers, ACertificateThatIsNotEmbeddedMayComeFromTheCaller) {
  const std::vector candidates{certificate("certs/ocsp-issuing.pem")};
  EXPECT_EQ(judge("ocsp-bad/no-certificate.ors", candidates), Verdicts{});
}

// Its validity is the caller's to judge, at the caller's time.
TEST_F(OcspAnswers, AnExpiredDelegateIsHandedOverForJudgement) {
  const auto responder = verify_response(*context_, *response("ocsp-bad/expired-responder.ors"), issuing_, {});
  ASSERT_TRUE(responder.has_value());
  EXPECT_LT(responder->certificate->not_after(), good_at());
}

TEST_F(OcspAnswers, AnAnswerUnderAnotherAuthorityOfTheSameNameHasNoRight) {
  const auto answer = response("ocsp/by-twin-a.ors");
  const auto leaf = certificate("certs/by-twin-a.pem");
  EXPECT_TRUE(verify_response(*context_, *answer, certificate("ca/twin-a.pem"), {}).has_value());
  EXPECT_EQ(code_of(verify_response(*context_, *answer, certificate("ca/twin-b.pem"), {})), Code::kOcspResponder);
  EXPECT_TRUE(find_answer(*context_, *answer, *leaf, *certificate("ca/twin-a.pem")).has_value());
  EXPECT_EQ(code_of(find_answer(*context_, *answer, *leaf, *certificate("ca/twin-b.pem"))), Code::kOcspCertId);
}

TEST_F(OcspAnswers, StatusesAndReasonsAreRead) {
  const auto single = [&](const std::string& name) {
    const auto leaf = certificate("certs/" + name + ".pem");
    return *find_answer(*context_, *response("ocsp/" + name + ".ors"), *leaf, *issuing_);
  };
  EXPECT_EQ(single("head").status, CertStatus::kGood);
  const SingleResponse revoked = single("revoked");
  EXPECT_EQ(revoked.status, CertStatus::kRevoked);
  EXPECT_EQ(revoked.reason, RevocationReason::kKeyCompromise);
  EXPECT_LT(revoked.revocation_time, good_at());
  EXPECT_EQ(single("revoked-superseded").reason, RevocationReason::kSuperseded);
  EXPECT_EQ(single("revoked-no-reason").reason, RevocationReason::kNone);
  EXPECT_EQ(single("on-hold").reason, RevocationReason::kCertificateHold);
  const auto unknown = response("ocsp-bad/status-unknown.ors");
  EXPECT_EQ(find_answer(*context_, *unknown, *head_, *issuing_)->status, CertStatus::kUnknown);
}

// RFC 6960 2.2: revoked, on hold, 1970; a real hold is something else.
TEST_F(OcspAnswers, UnknownToTheAuthorityIsToldFromARevocation) {
  const auto unknown = response("ocsp/unknown-to-ca.ors");
  EXPECT_TRUE(is_unknown_to_ca(*unknown, unknown->responses.at(0)));
  const auto held = response("ocsp/on-hold.ors");
  EXPECT_FALSE(is_unknown_to_ca(*held, held->responses.at(0)));
  OcspResponse without = *unknown;
  without.extended_revoke = false;
  EXPECT_FALSE(is_unknown_to_ca(without, without.responses.at(0)));
}

TEST_F(OcspAnswers, OfTwoAnswersAboutOneCertificateTheLaterAndThenTheWorseCounts) {
  OcspResponse both = *response("ocsp-bad/ok.ors");
  const auto status = [&] { return find_answer(*context_, both, *head_, *issuing_)->status; };
  both.responses.push_back(both.responses[0]);
  both.responses[1].status = CertStatus::kRevoked;
  EXPECT_EQ(status(), CertStatus::kRevoked);
  both.responses[0].this_update += Seconds(1);
  EXPECT_EQ(status(), CertStatus::kGood);
  std::swap(both.responses[0], both.responses[1]);
  EXPECT_EQ(status(), CertStatus::kGood);
}

// The request was written by the test authority's own code.
TEST_F(OcspAnswers, ARequestIsWrittenAsOthersWriteIt) {
  const auto id = make_cert_id(*context_, pki::DigestAlgorithm::kSha256, *head_, *issuing_);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(base::to_hex(write_request(*id, nonce_)), base::to_hex(octets("ocsp-bad/request.orq")));
}

TEST_F(OcspAnswers, ARequestMayHashWithSha1AndCarryNoNonce) {
  const auto id = make_cert_id(*context_, pki::DigestAlgorithm::kSha1, *head_, *issuing_);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->issuer_name_hash.size(), 20U);
  const base::Bytes request = write_request(*id, {});
  const auto text = base::to_hex(request);
  EXPECT_NE(text.find("06052b0e03021a"), std::string::npos);          // SHA-1
  EXPECT_EQ(text.find("06092b0601050507300102"), std::string::npos);  // nonce
}

// --- freshness at its edges
// --------------------------------------------------------------------------------------------

SingleResponse answer_of(std::string_view this_update, std::optional<std::string_view> next_update = {}) {
  SingleResponse answer;
  answer.this_update = answer.produced_at = at(this_update);
  if (next_update) answer.next_update = at(*next_update);
  return answer;
}

TEST(OcspFreshness, NextUpdateEndsAnAnswer) {
  const SingleResponse answer = answer_of("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
  const FreshnessRules rules{.max_age = Seconds(60)};  // not looked at where nextUpdate is given
  EXPECT_TRUE(check_freshness(answer, rules, at("2026-01-02T00:00:00Z")).has_value());
  EXPECT_EQ(code_of(check_freshness(answer, rules, at("2026-01-02T00:00:01Z"))), Code::kOcspStale);
}

TEST(OcspFreshness, OurOwnLimitEndsOneWithoutNextUpdate) {
  const SingleResponse answer = answer_of("2026-01-01T00:00:00Z");
  const FreshnessRules rules{.max_age = Seconds(3600)};
  EXPECT_TRUE(check_freshness(answer, rules, at("2026-01-01T01:00:00Z")).has_value());
  EXPECT_EQ(code_of(check_freshness(answer, rules, at("2026-01-01T01:00:01Z"))), Code::kOcspStale);
}

TEST(OcspFreshness, ClocksMayDifferALittle) {
  const SingleResponse answer = answer_of("2026-01-01T00:10:00Z");
  const FreshnessRules rules{.max_age = Seconds(3600), .max_skew = Seconds(300)};
  EXPECT_TRUE(check_freshness(answer, rules, at("2026-01-01T00:05:00Z")).has_value());
  EXPECT_EQ(code_of(check_freshness(answer, rules, at("2026-01-01T00:04:59Z"))), Code::kOcspFuture);
}

TEST(OcspFreshness, AnAnswerProducedInTheFutureIsNotUsed) {
  SingleResponse answer = answer_of("2026-01-01T00:00:00Z");
  answer.produced_at = at("2026-01-02T00:00:00Z");
  EXPECT_EQ(code_of(check_freshness(answer, {.max_age = Seconds(3600)}, at("2026-01-01T00:00:00Z"))),
            Code::kOcspFuture);
}

TEST(OcspFreshness, EveryReasonHasAName) {
  EXPECT_EQ(to_string(RevocationReason::kCaCompromise), "cACompromise");
  EXPECT_EQ(to_string(RevocationReason::kNone), "");
}

// --- octets
// ------------------------------------------------------------------------------------------------------------

TEST_F(OcspAnswers, CutOffOrLengthenedOctetsAreMalformed) {
  base::Bytes whole = octets("ocsp-bad/ok.ors");
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 50) {
    EXPECT_EQ(code_of(parse_response(base::ByteView(whole).first(size))), Code::kOcspMalformed) << size;
  }
  whole.push_back(0);
  EXPECT_EQ(code_of(parse_response(whole)), Code::kOcspMalformed);
}

// Built by hand: what no responder here writes.
struct Hand {
  static base::Bytes wrap(std::uint8_t tag, std::initializer_list<base::ByteView> parts) {
    base::Bytes contents;
    for (const base::ByteView part : parts) contents.insert(contents.end(), part.begin(), part.end());
    return pki::der::write(tag, contents);
  }
  static base::Bytes seq(std::initializer_list<base::ByteView> parts) { return wrap(0x30, parts); }
  static base::Bytes hex(std::string_view text) { return *base::from_hex(text); }

  base::Bytes version;
  base::Bytes responder = wrap(0xA2, {pki::der::write_octet_string(base::Bytes(20, 7))});
  base::Bytes digest_oid = hex("0609608648016503040201");  // SHA-256
  base::Bytes status = hex("8000");
  base::Bytes this_update = pki::der::write_generalized_time(at("2026-01-01T00:00:00Z"));
  base::Bytes single_extensions;
  base::Bytes response_extensions;
  base::Bytes type = hex("06092b0601050507300101");

  [[nodiscard]] base::Bytes single() const {
    const base::Bytes id = seq({seq({digest_oid}), pki::der::write_octet_string(base::Bytes(32, 1)),
                                pki::der::write_octet_string(base::Bytes(32, 2)), hex("020105")});
    return seq({id, status, this_update, single_extensions});
  }
  [[nodiscard]] base::Bytes build() const {
    const base::Bytes data = seq({version, responder, pki::der::write_generalized_time(at("2026-01-01T00:00:00Z")),
                                  seq({single()}), response_extensions});
    const base::Bytes basic = seq({data, seq({hex("06092a864886f70d01010b0500")}), hex("03020000")});
    return seq({hex("0a0100"), wrap(0xA0, {seq({type, pki::der::write_octet_string(basic)})})});
  }
  [[nodiscard]] base::Result<std::shared_ptr<const OcspResponse>> parse() const { return parse_response(build()); }
};

TEST(OcspParsing, AnAnswerIsAtMostSixtyFourKibibytesLong) {
  constexpr std::size_t kLargest = 65536;
  const auto of_size = [](std::size_t wanted) {
    base::Bytes value(60000);
    for (;;) {
      Hand hand;
      hand.response_extensions =
          Hand::wrap(0xA1, {Hand::seq({Hand::seq({Hand::hex("06032a0304"), pki::der::write_octet_string(value)})})});
      base::Bytes whole = hand.build();
      if (whole.size() >= wanted) return whole;
      value.resize(value.size() + wanted - whole.size());
    }
  };
  const base::Bytes largest = of_size(kLargest);
  ASSERT_EQ(largest.size(), kLargest);
  EXPECT_TRUE(parse_response(largest));
  const base::Bytes larger = of_size(kLargest + 1);
  ASSERT_EQ(larger.size(), kLargest + 1);
  EXPECT_EQ(code_of(parse_response(larger)), Code::kOcspMalformed);
}

TEST(OcspParsing, AnAnswerByHandIsRead) {
  const auto parsed = Hand().parse();
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  EXPECT_EQ((*parsed)->responses.size(), 1U);
  EXPECT_EQ((*parsed)->responder_key_hash, base::Bytes(20, 7));
  EXPECT_FALSE((*parsed)->nonce.has_value());
  EXPECT_FALSE((*parsed)->extended_revoke);
}

TEST(OcspParsing, TheNonceMayStandWithOrWithoutItsOwnOctetString) {
  Hand hand;
  const auto nonce_in = [&](std::string_view value) {
    const base::Bytes extension =
        Hand::seq({Hand::hex("06092b0601050507300102"), pki::der::write_octet_string(Hand::hex(value))});
    hand.response_extensions = Hand::wrap(0xA1, {Hand::seq({extension})});
    return (*hand.parse())->nonce;
  };
  EXPECT_EQ(nonce_in("0404deadbeef"), Hand::hex("deadbeef"));
  EXPECT_EQ(nonce_in("deadbeef"), Hand::hex("deadbeef"));
}

TEST(OcspParsing, AnUnknownHashInACertIdMatchesNothing) {
  Hand hand;
  hand.digest_oid = Hand::hex("06032a0304");
  const auto parsed = hand.parse();
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE((*parsed)->responses.empty());
}

TEST(OcspParsing, CriticalExtensionsThatAreNotUnderstoodAreRefused) {
  const auto extension = [](std::string_view critical) {
    return Hand::seq({Hand::seq({Hand::hex("06032a0304"), Hand::hex(critical), Hand::hex("04020500")})});
  };
  for (const auto& [critical, expected] :
       {std::pair<std::string_view, std::optional<Code>>("", {}), {"0101ff", Code::kOcspMalformed}}) {
    Hand in_response;
    in_response.response_extensions = Hand::wrap(0xA1, {extension(critical)});
    EXPECT_EQ(code_of(in_response.parse()), expected);
    Hand in_single;
    in_single.single_extensions = Hand::wrap(0xA1, {extension(critical)});
    EXPECT_EQ(code_of(in_single.parse()), expected);
  }
}

TEST(OcspParsing, WhatTheStandardDoesNotAllowIsMalformed) {
  const auto with = [](auto change) {
    Hand hand;
    change(hand);
    return code_of(hand.parse());
  };
  EXPECT_EQ(with([](Hand& hand) { hand.version = Hand::hex("a003020101"); }), Code::kOcspMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.status = Hand::hex("8300"); }), Code::kOcspMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.status = Hand::hex("800100"); }), Code::kOcspMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.responder = Hand::hex("a300"); }), Code::kOcspMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.type = Hand::hex("06032a0304"); }), Code::kOcspMalformed);
  EXPECT_EQ(with([](Hand& hand) { hand.this_update = pki::der::write_time(at("2026-01-01T00:00:00Z")); }),
            Code::kOcspMalformed);
  // revoked, with the reason 7 that does not exist
  EXPECT_EQ(with([](Hand& hand) {
              hand.status = Hand::wrap(
                  0xA1, {pki::der::write_generalized_time(at("2025-01-01T00:00:00Z")), Hand::hex("a0030a0107")});
            }),
            Code::kOcspMalformed);
}

TEST(OcspParsing, InvalidityDateIsRead) {
  Hand hand;
  const base::Bytes value = pki::der::write_octet_string(pki::der::write_generalized_time(at("2020-01-01T00:00:00Z")));
  hand.single_extensions = Hand::wrap(0xA1, {Hand::seq({Hand::seq({Hand::hex("0603551d18"), value})})});
  EXPECT_EQ((*hand.parse())->responses.at(0).invalidity_date, at("2020-01-01T00:00:00Z"));
  hand.single_extensions = Hand::wrap(0xA1, {Hand::seq({Hand::seq({Hand::hex("0603551d18"), Hand::hex("04020500")})})});
  EXPECT_FALSE(hand.parse().has_value());
}

TEST(OcspParsing, ArchiveCutoffIsRead) {
  Hand hand;
  const base::Bytes value = pki::der::write_octet_string(pki::der::write_generalized_time(at("2020-01-01T00:00:00Z")));
  const base::Bytes extension = Hand::seq({Hand::hex("06092b0601050507300106"), value});
  hand.single_extensions = Hand::wrap(0xA1, {Hand::seq({extension})});
  EXPECT_EQ((*hand.parse())->responses.at(0).archive_cutoff, at("2020-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace tanba::ocsp
