#include "pki/algorithm.h"

#include <gtest/gtest.h>

#include "pki/der.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Bytes;
using base::Code;
using test::at;
using D = DigestAlgorithm;
using S = SignatureScheme;

constexpr std::string_view kRsaEncryption = "1.2.840.113549.1.1.1";
constexpr std::string_view kSha256WithRsa = "1.2.840.113549.1.1.11";
constexpr std::string_view kPss = "1.2.840.113549.1.1.10";

struct Parsed {
  Bytes der;  // what the views of the identifier point into
  base::Result<AlgorithmIdentifier> identifier;
};

Parsed identifier(std::string_view oid, const Bytes& parameters) {
  Bytes der = der::write_sequence({Oid::literal(oid).der(), parameters});
  auto parsed = parse_algorithm_identifier(der);
  return {std::move(der), std::move(parsed)};
}

base::Result<SignatureAlgorithm> read(std::string_view oid, const Bytes& parameters = {}) {
  const Parsed parsed = identifier(oid, parameters);
  return signature_algorithm_from(*parsed.identifier);
}
base::Result<SignatureAlgorithm> read_with(std::string_view oid, const Bytes& parameters, D digest) {
  const Parsed parsed = identifier(oid, parameters);
  return signature_algorithm_from(*parsed.identifier, digest);
}

SignatureAlgorithm plain(S scheme, D digest) {
  return {.scheme = scheme, .digest = digest, .mgf1_digest = {}, .salt_bytes = 0};
}
SignatureAlgorithm pss(D digest, D mgf1, std::uint16_t salt) {
  return {.scheme = S::kRsaPss, .digest = digest, .mgf1_digest = mgf1, .salt_bytes = salt};
}

TEST(SignatureAlgorithms, RoundTrip) {
  for (const SignatureAlgorithm& algorithm :
       {plain(S::kRsaPkcs1, D::kSha256), plain(S::kRsaPkcs1, D::kMd5), plain(S::kRsaPkcs1, D::kSha3_512),
        plain(S::kEcdsa, D::kSha384), plain(S::kDsa, D::kSha1), plain(S::kGost2004, D::kGost34311),
        plain(S::kGost2015_256, D::kStreebog256), plain(S::kGost2015_512, D::kStreebog512),
        pss(D::kSha256, D::kSha256, 32), pss(D::kSha512, D::kSha1, 20), pss(D::kSha1, D::kSha1, 20)}) {
    SCOPED_TRACE(to_string(algorithm));
    const Bytes der = write_algorithm_identifier(algorithm);
    const auto parsed = parse_algorithm_identifier(der);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(signature_algorithm_from(*parsed), algorithm);
  }
}

TEST(SignatureAlgorithms, ParametersThatBelongThere) {
  EXPECT_TRUE(read(kSha256WithRsa).has_value());
  EXPECT_TRUE(read(kSha256WithRsa, der::write_null()).has_value());
  EXPECT_EQ(read(kSha256WithRsa, der::write_integer(1)).error().code(), Code::kAlgorithmUnknown);
  // rsaEncryption names no digest: only where one stands beside it.
  EXPECT_EQ(read(kRsaEncryption, der::write_null()).error().code(), Code::kAlgorithmUnknown);
  EXPECT_EQ(read_with(kRsaEncryption, der::write_null(), D::kSha512), plain(S::kRsaPkcs1, D::kSha512));
  EXPECT_EQ(read_with(kRsaEncryption, der::write_integer(1), D::kSha512).error().code(), Code::kAlgorithmUnknown);
  EXPECT_EQ(read_with(kSha256WithRsa, der::write_null(), D::kSha256), plain(S::kRsaPkcs1, D::kSha256));
  EXPECT_EQ(read_with(kSha256WithRsa, der::write_null(), D::kSha512).error().code(), Code::kAlgorithmMismatch);
  EXPECT_EQ(read("1.2.3.4").error().code(), Code::kAlgorithmUnknown);
}

TEST(SignatureAlgorithms, PssParameters) {
  const auto member = [](unsigned n, const Bytes& value) { return der::write(der::context_constructed(n), value); };
  const auto of = [](std::initializer_list<base::ByteView> members) {
    return read(kPss, der::write_sequence(members));
  };
  EXPECT_EQ(read(kPss).error().code(), Code::kAlgorithmUnknown);  // RFC 4055: they must be there
  EXPECT_EQ(of({}), pss(D::kSha1, D::kSha1, 20));                 // all defaults
  EXPECT_EQ(of({member(0, write_digest_identifier(D::kSha256)), member(2, der::write_integer(32)),
                member(3, der::write_integer(1))}),
            pss(D::kSha256, D::kSha1, 32));
  EXPECT_EQ(of({member(3, der::write_integer(2))}).error().code(), Code::kAlgorithmUnknown);
  EXPECT_EQ(of({member(2, der::write_integer(4096))}).error().code(), Code::kAlgorithmUnknown);
  EXPECT_EQ(of({member(1, write_digest_identifier(D::kSha256))}).error().code(), Code::kAlgorithmUnknown);  // not MGF1
  EXPECT_EQ(of({member(4, der::write_integer(1))}).error().code(), Code::kDerTrailing);
  EXPECT_FALSE(of({member(2, der::write_integer(-1))}).has_value());
}

TEST(Digests, OidsAndBack) {
  for (int i = 0; i <= static_cast<int>(D::kStreebog512); ++i) {
    const auto digest = static_cast<D>(i);
    EXPECT_EQ(digest_from_oid(digest_oid(digest)), digest) << to_string(digest);
  }
  EXPECT_EQ(digest_from_oid(Oid::literal("1.2.643.7.1.1.2.3")), D::kStreebog512);
  // CryptoPro's S-box makes another function of it.
  EXPECT_EQ(digest_from_oid(Oid::literal("1.2.643.2.2.9")).error().code(), Code::kAlgorithmUnknown);
  EXPECT_EQ(digest_from_oid(Oid()).error().code(), Code::kAlgorithmUnknown);
}

// --- policies --------------------------------------------------------------------------------------------------------

constexpr KeyFacts kRsa2048{KeyKind::kRsa, 2048}, kRsa1024{KeyKind::kRsa, 1024}, kRsa512{KeyKind::kRsa, 512};
constexpr KeyFacts kGost{KeyKind::kGost2015_512, 512}, kOldGost{KeyKind::kGost2004, 256}, kEc{KeyKind::kEc, 256};

std::optional<Code> verdict(PolicyId policy, const SignatureAlgorithm& algorithm, const KeyFacts& key,
                            std::string_view time = "2026-11-22") {
  const auto status = check_algorithm(policy, algorithm, key, at(time), "test");
  return status ? std::nullopt : std::optional(status.error().code());
}
constexpr auto kAllowed = std::nullopt;

TEST(Policies, SubmissionTakesWhatMayBeFiledToday) {
  constexpr auto kPolicy = PolicyId::kKzSubmission;
  for (const D digest : {D::kSha224, D::kSha256, D::kSha384, D::kSha512}) {
    EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, digest), kRsa2048), kAllowed);
    EXPECT_EQ(verdict(kPolicy, pss(digest, digest, 32), kRsa2048), kAllowed);
  }
  EXPECT_EQ(verdict(kPolicy, plain(S::kGost2015_512, D::kStreebog512), kGost), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha256), {KeyKind::kRsa, 2047}), Code::kAlgorithmWeakKey);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha1), kRsa2048), Code::kAlgorithmWeakDigest);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kMd5), kRsa2048), Code::kAlgorithmWeakDigest);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha3_256), kRsa2048), Code::kAlgorithmWeakDigest);
  EXPECT_EQ(verdict(kPolicy, pss(D::kSha256, D::kSha1, 32), kRsa2048), Code::kAlgorithmWeakDigest);
  EXPECT_EQ(verdict(kPolicy, plain(S::kEcdsa, D::kSha256), kEc), Code::kAlgorithmForbidden);
  EXPECT_EQ(verdict(kPolicy, plain(S::kDsa, D::kSha256), {KeyKind::kDsa, 2048}), Code::kAlgorithmForbidden);
  EXPECT_EQ(verdict(kPolicy, plain(S::kGost2004, D::kGost34311), kOldGost), Code::kAlgorithmForbidden);
  // That it existed long ago does not help here.
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha1), kRsa2048, "2010-01-01"), Code::kAlgorithmWeakDigest);
}

TEST(Policies, ArchiveTakesOldAlgorithmsUntilTheirEnd) {
  constexpr auto kPolicy = PolicyId::kKzArchive;
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha256), kRsa2048), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kGost2004, D::kGost34311), kOldGost, "2025-06-25T23:59:59Z"), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kGost2004, D::kGost34311), kOldGost, "2025-06-26"), Code::kAlgorithmEnded);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha1), kRsa2048, "2017-02-22T23:59:59Z"), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha1), kRsa2048, "2017-02-23"), Code::kAlgorithmEnded);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha256), kRsa1024, "2013-12-31T23:59:59Z"), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha256), kRsa1024, "2014-01-01"), Code::kAlgorithmEnded);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kSha256), kRsa512, "2010-01-01"), Code::kAlgorithmWeakKey);
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kMd5), kRsa2048, "2010-01-01"), Code::kAlgorithmWeakDigest);
  EXPECT_EQ(verdict(kPolicy, plain(S::kEcdsa, D::kSha256), kEc, "2010-01-01"), Code::kAlgorithmForbidden);
  EXPECT_EQ(policy_boundaries(kPolicy).size(), 3U);
  EXPECT_TRUE(policy_boundaries(PolicyId::kKzSubmission).empty());
}

TEST(Policies, ConformanceTakesAllThatVerifies) {
  constexpr auto kPolicy = PolicyId::kConformance;
  EXPECT_EQ(verdict(kPolicy, plain(S::kRsaPkcs1, D::kMd5), kRsa512), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kDsa, D::kSha1), {KeyKind::kDsa, 1024}), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kEcdsa, D::kSha3_512), kEc), kAllowed);
  EXPECT_EQ(verdict(kPolicy, plain(S::kGost2004, D::kGost34311), kOldGost), kAllowed);
}

TEST(Policies, KeysAlone) {
  const auto key_verdict = [](PolicyId policy, const KeyFacts& key) {
    const auto status = check_key(policy, key, at("2026-11-22"), "test");
    return status ? std::nullopt : std::optional(status.error().code());
  };
  EXPECT_EQ(key_verdict(PolicyId::kKzSubmission, kRsa2048), kAllowed);
  EXPECT_EQ(key_verdict(PolicyId::kKzSubmission, kGost), kAllowed);
  EXPECT_EQ(key_verdict(PolicyId::kKzSubmission, kRsa1024), Code::kAlgorithmWeakKey);
  EXPECT_EQ(key_verdict(PolicyId::kKzSubmission, kEc), Code::kAlgorithmForbidden);
  EXPECT_EQ(key_verdict(PolicyId::kKzArchive, kOldGost), Code::kAlgorithmEnded);
  EXPECT_EQ(key_verdict(PolicyId::kConformance, kRsa512), kAllowed);
  EXPECT_EQ(key_verdict(PolicyId::kConformance, {}), Code::kAlgorithmForbidden);
}

TEST(Policies, DigestsThatOnlyNameAreJudgedApart) {
  const auto digest_verdict = [](PolicyId policy, D digest, DigestUse use) {
    const auto status = check_digest(policy, digest, use, at("2026-11-22"));
    return status ? std::nullopt : std::optional(status.error().code());
  };
  for (const DigestUse use : {DigestUse::kCertId, DigestUse::kImprint}) {
    EXPECT_EQ(digest_verdict(PolicyId::kKzSubmission, D::kSha1, use), kAllowed);
    EXPECT_EQ(digest_verdict(PolicyId::kKzSubmission, D::kGost34311, use), kAllowed);
    EXPECT_EQ(digest_verdict(PolicyId::kKzSubmission, D::kMd5, use), Code::kAlgorithmWeakDigest);
    EXPECT_EQ(digest_verdict(PolicyId::kConformance, D::kMd5, use), kAllowed);
  }
  EXPECT_EQ(digest_verdict(PolicyId::kKzSubmission, D::kSha1, DigestUse::kSignature), Code::kAlgorithmWeakDigest);
  EXPECT_EQ(digest_verdict(PolicyId::kKzSubmission, D::kSha256, DigestUse::kSignature), kAllowed);
  EXPECT_EQ(digest_verdict(PolicyId::kKzArchive, D::kSha1, DigestUse::kSignature), Code::kAlgorithmEnded);
}

TEST(Policies, NamesAndBack) {
  for (const auto policy : {PolicyId::kKzSubmission, PolicyId::kKzArchive, PolicyId::kConformance}) {
    EXPECT_EQ(parse_policy_id(to_string(policy)), policy);
  }
  EXPECT_EQ(parse_policy_id("lax").error().code(), Code::kInputMember);
}

}  // namespace
}  // namespace tanba::pki
