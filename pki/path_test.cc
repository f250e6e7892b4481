#include "pki/path.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "pki/identity.h"
#include "pki/test_support.h"

namespace tanba::pki {
namespace {

using base::Code;
using test::at;

Anchor anchor_of(CertificatePtr certificate, TrustPurposes purposes = TrustPurposes::all()) {
  return {.certificate = std::move(certificate), .purposes = purposes, .trusted_from = {}, .trusted_until = {}};
}

// The code that a report would name first; nothing when a path is valid.
std::optional<std::string> refusal(const base::Result<PathResult>& result) {
  if (!result) return std::string(base::dotted(result.error().code()));
  if (!result->valid.empty()) return std::nullopt;
  if (result->rejected.empty() || result->rejected.front().errors.empty()) return "nothing said";
  return std::string(base::dotted(result->rejected.front().errors.front().code()));
}

class DemoPaths : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::made("certs");
    context_ = test::make_context();
    index_ = boost::json::parse(base::as_text(test::read(folder_ / "../index.json")));
    good_at_ = at(index_.at("goodAt").as_string());
    for (const auto& file : test::files_in(folder_ / "../ca")) authorities_.push_back(test::load(file));
    trust_ = TrustSnapshot::make({anchor_of(authority("root"))}, authorities_);
    gost_trust_ = TrustSnapshot::make({anchor_of(authority("gost-root"))}, authorities_);
  }

  [[nodiscard]] CertificatePtr person(const std::string& name) const { return test::load(folder_ / (name + ".pem")); }
  [[nodiscard]] CertificatePtr authority(const std::string& name) const {
    return test::load(folder_ / "../ca" / (name + ".pem"));
  }
  // Under the anchor that its makers meant it for.
  [[nodiscard]] PathQuery query(const std::string& leaf) const {
    const bool gost = index_.at("certificates").at(leaf).at("anchors").as_string() == "anchors-gost.pem";
    return {.leaf = person(leaf),
            .trust = gost ? gost_trust_ : trust_,
            .candidates = {},
            .at = good_at_,
            .trust_purpose = TrustPurpose::kApplicant,
            .key_purpose = KeyPurpose::kSigning,
            .algorithm_policy = PolicyId::kKzSubmission,
            .policy_inputs = {}};
  }
  [[nodiscard]] base::Result<PathResult> find(const PathQuery& query, PathCache* cache = nullptr,
                                              const base::Limits& limits = {}) const {
    base::Budget budget(limits);
    return find_paths(*context_, cache, query, budget);
  }
  [[nodiscard]] std::optional<std::string> refused(const PathQuery& query) const { return refusal(find(query)); }

  std::filesystem::path folder_;
  std::unique_ptr<Context> context_;
  boost::json::value index_;
  base::Time good_at_;
  std::vector<CertificatePtr> authorities_;
  TrustSnapshotPtr trust_, gost_trust_;
};

constexpr auto kNothing = std::nullopt;

TEST_F(DemoPaths, EveryCertificateGetsWhatItsMakersExpect) {
  const std::vector<CertificatePtr> candidates = {person("head"),
                                                  person("gost-head")};  // issuers of by-head, gost-by-head
  std::size_t count = 0;
  for (const auto& [name, entry] : index_.at("certificates").as_object()) {
    const auto* expected = entry.as_object().if_contains("expectedCertificate");
    if (expected == nullptr || !expected->is_object()) continue;
    PathQuery asked = query(std::string(name));
    asked.candidates = candidates;
    const std::string code(expected->at("code").as_string());
    const bool path_is_good = code.empty() || code.starts_with("revocation.");
    EXPECT_EQ(refused(asked), path_is_good ? std::nullopt : std::optional(code)) << std::string_view(name);
    ++count;
  }
  EXPECT_GT(count, 80U);
}

TEST_F(DemoPaths, IdentitiesAreThoseThatWereWritten) {
  const auto text = [](const boost::json::value& value) {
    return value.is_string() ? std::optional(std::string(value.as_string())) : std::nullopt;
  };
  for (const auto& [name, entry] : index_.at("certificates").as_object()) {
    if (entry.at("kind").as_string() != "person") continue;
    const Identity identity = identity_of(*person(std::string(name)));
    EXPECT_EQ(identity.iin, text(entry.at("iin"))) << std::string_view(name);
    EXPECT_EQ(identity.bin, text(entry.at("bin"))) << std::string_view(name);
    EXPECT_EQ(identity.organization, text(entry.at("organization")).value_or("")) << std::string_view(name);
    std::vector<std::string> roles, written;
    for (const Oid& role : identity.roles) roles.push_back(role.dotted());
    for (const auto& role : entry.at("roles").as_array()) {
      // Other usages stand among them: the Treasury-Client's mark is no role.
      if (role.as_string().starts_with("1.2.398.3.3.4.")) written.emplace_back(role.as_string());
    }
    EXPECT_EQ(roles, written) << std::string_view(name);
  }
}

TEST_F(DemoPaths, GoesFromLeafToAnchor) {
  const auto result = find(query("head"));
  ASSERT_TRUE(result && result->valid.size() == 1);
  const auto& path = result->valid.front().certificates;
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(path[0]->digest(), person("head")->digest());
  EXPECT_EQ(path[1]->digest(), authority("issuing")->digest());
  EXPECT_EQ(path[2]->digest(), authority("root")->digest());
  EXPECT_TRUE(result->rejected.empty());
}

TEST_F(DemoPaths, ChoosesAmongNamesakesByKeyNotByName) {
  for (const auto& [leaf, issuer] :
       {std::pair("by-twin-a", "twin-a"), std::pair("by-twin-b", "twin-b"), std::pair("by-twin-a-no-aki", "twin-a"),
        std::pair("by-twin-b-no-aki", "twin-b"), std::pair("gost-by-twin-a", "gost-twin-a"),
        std::pair("gost-by-twin-b", "gost-twin-b"), std::pair("gost-by-twin-a-no-aki", "gost-twin-a"),
        std::pair("gost-by-twin-b-no-aki", "gost-twin-b")}) {
    const auto result = find(query(leaf));
    ASSERT_TRUE(result && result->valid.size() == 1) << leaf;
    EXPECT_EQ(result->valid.front().certificates[1]->digest(), authority(issuer)->digest()) << leaf;
  }
}

TEST_F(DemoPaths, ANamesakeWithAnotherKeyIsNoIssuer) {
  PathQuery asked = query("by-twin-a");
  asked.trust = TrustSnapshot::make({anchor_of(authority("root"))}, {authority("twin-b")});
  EXPECT_EQ(refused(asked), "path.no_chain");
  // Without key identifiers only the signature tells.
  asked.leaf = person("by-twin-a-no-aki");
  EXPECT_EQ(refused(asked), "path.bad_signature");
  asked.leaf = person("gost-by-twin-a-no-aki");
  asked.trust = TrustSnapshot::make({anchor_of(authority("gost-root"))}, {authority("gost-twin-b")});
  EXPECT_EQ(refused(asked), "path.bad_signature");
}

TEST_F(DemoPaths, CandidatesComeFromTheDocumentToo) {
  PathQuery asked = query("head");
  asked.trust = TrustSnapshot::make({anchor_of(authority("root"))}, {});
  EXPECT_EQ(refused(asked), "path.no_chain");
  const std::vector<CertificatePtr> candidates = {person("individual"), nullptr, authority("issuing"),
                                                  authority("issuing")};
  asked.candidates = candidates;
  EXPECT_EQ(refused(asked), kNothing);
}

TEST_F(DemoPaths, NoAnchorsNoTrust) {
  PathQuery asked = query("head");
  asked.trust = TrustSnapshot::make({}, authorities_);
  EXPECT_EQ(refused(asked), "path.no_anchors");
}

TEST_F(DemoPaths, AnyCertificateMayBeAnAnchor) {
  PathQuery asked = query("head");
  asked.trust = TrustSnapshot::make({anchor_of(authority("issuing"))}, {});
  ASSERT_EQ(refused(asked), kNothing);
  EXPECT_EQ(find(asked)->valid.front().certificates.size(), 2U);
  asked.trust = TrustSnapshot::make({anchor_of(person("head"))}, {});
  ASSERT_EQ(refused(asked), kNothing);
  EXPECT_EQ(find(asked)->valid.front().certificates.size(), 1U);
  // An anchor is no way around the rest.
  asked.leaf = person("head-auth");
  asked.trust = TrustSnapshot::make({anchor_of(person("head-auth"))}, {});
  EXPECT_EQ(refused(asked), "certificate.not_signing_key");
  asked.leaf = person("by-head");
  asked.trust = TrustSnapshot::make({anchor_of(person("head"))}, {});
  EXPECT_EQ(refused(asked), "path.not_a_ca");
}

TEST_F(DemoPaths, AnchorsEndLikeOthers) {
  PathQuery asked = query("by-expired-ca");
  asked.trust = TrustSnapshot::make({anchor_of(authority("ca-expired"))}, {});
  EXPECT_EQ(refused(asked), "path.expired");
  asked.at = good_at_ - std::chrono::days(7);
  EXPECT_EQ(refused(asked), kNothing);
}

TEST_F(DemoPaths, AnchorsHaveWindowsAndPurposes) {
  PathQuery asked = query("head");
  const auto with = [&](Anchor anchor) {
    asked.trust = TrustSnapshot::make({std::move(anchor)}, authorities_);
    return refused(asked);
  };
  Anchor anchor = anchor_of(authority("root"), {TrustPurpose::kApplicant});
  anchor.trusted_from = good_at_;
  anchor.trusted_until = good_at_;
  EXPECT_EQ(with(anchor), kNothing);
  anchor.trusted_from = good_at_ + base::Seconds(1);
  anchor.trusted_until = {};
  EXPECT_EQ(with(anchor), "path.anchor_window");
  anchor.trusted_from = {};
  anchor.trusted_until = good_at_ - base::Seconds(1);
  EXPECT_EQ(with(anchor), "path.anchor_window");
  anchor.trusted_until = {};
  anchor.purposes = {TrustPurpose::kOcsp, TrustPurpose::kOfficer};
  EXPECT_EQ(with(anchor), "path.anchor_purpose");
  asked.trust_purpose = TrustPurpose::kOfficer;
  EXPECT_EQ(refused(asked), kNothing);
}

TEST_F(DemoPaths, GoesOnAboveAnAnchorThatDoesNotServe) {
  PathQuery asked = query("head");
  asked.trust =
      TrustSnapshot::make({anchor_of(authority("issuing"), {TrustPurpose::kOcsp}), anchor_of(authority("root"))}, {});
  const auto result = find(asked);
  ASSERT_TRUE(result && result->valid.size() == 1);
  EXPECT_EQ(result->valid.front().certificates.size(), 3U);
}

TEST_F(DemoPaths, TimesAreInclusive) {
  PathQuery asked = query("head");
  asked.at = asked.leaf->not_after();
  EXPECT_EQ(refused(asked), kNothing);
  asked.at += base::Seconds(1);
  EXPECT_EQ(refused(asked), "path.expired");
  asked.at = asked.leaf->not_before();
  EXPECT_EQ(refused(asked), kNothing);
  asked.at -= base::Seconds(1);
  EXPECT_EQ(refused(asked), "path.not_yet_valid");
}

TEST_F(DemoPaths, CollectsEveryReasonMostTellingFirst) {
  PathQuery asked = query("head-auth");
  asked.at = asked.leaf->not_after() + base::Seconds(1);
  const auto result = find(asked);
  ASSERT_TRUE(result && result->rejected.size() == 1);
  const auto& errors = result->rejected.front().errors;
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].code(), Code::kPathExpired);
  EXPECT_EQ(errors[1].code(), Code::kCertificateNotSigningKey);
}

TEST_F(DemoPaths, PurposesOfKeys) {
  const auto asked_for = [&](const char* leaf, KeyPurpose purpose) {
    PathQuery asked = query(leaf);
    asked.trust = TrustSnapshot::make({anchor_of(authority("root")), anchor_of(authority("tls-root"))}, authorities_);
    asked.key_purpose = purpose;
    return refused(asked);
  };
  EXPECT_EQ(asked_for("head-auth", KeyPurpose::kAny), kNothing);
  EXPECT_EQ(asked_for("head-auth", KeyPurpose::kTlsClient), kNothing);
  EXPECT_EQ(asked_for("head", KeyPurpose::kTlsClient), "path.key_usage");
  EXPECT_EQ(asked_for("tls-server", KeyPurpose::kTlsServer), kNothing);
  EXPECT_EQ(asked_for("tls-server", KeyPurpose::kTlsClient), "path.key_usage");
  EXPECT_EQ(asked_for("tls-portal", KeyPurpose::kTlsClient), kNothing);
  EXPECT_EQ(asked_for("ocsp-issuing", KeyPurpose::kOcspSigning), kNothing);
  EXPECT_EQ(asked_for("ocsp-no-eku", KeyPurpose::kOcspSigning), "path.key_usage");
  EXPECT_EQ(asked_for("head", KeyPurpose::kTimeStamping), "path.key_usage");
}

TEST_F(DemoPaths, WorkIsLimited) {
  const PathQuery asked = query("head");
  EXPECT_EQ(refusal(find(asked, nullptr, {.max_public_key_operations = 1})), "limit.cost");
  EXPECT_EQ(refusal(find(asked, nullptr, {.max_path_steps = 1})), "limit.cost");
  context_.reset();
  context_ = test::make_context();  // which remembers nothing
  EXPECT_EQ(refusal(find(asked, nullptr, {.max_public_key_operations = 2, .max_path_steps = 2})), kNothing);
  // Remembered signatures cost no public-key operation.
  EXPECT_EQ(refusal(find(asked, nullptr, {.max_public_key_operations = 0, .max_path_steps = 2})), kNothing);
}

TEST_F(DemoPaths, ValidPathsAreRemembered) {
  PathCache cache;
  PathQuery asked = query("head");
  const base::Limits nothing{.max_path_steps = 0};
  const auto remembered = [&](const PathQuery& again) { return refusal(find(again, &cache, nothing)) == kNothing; };
  EXPECT_FALSE(remembered(asked));
  EXPECT_EQ(refusal(find(asked, &cache)), kNothing);
  EXPECT_TRUE(remembered(asked));
  // As long as nothing in it begins or ends, ...
  PathQuery other = asked;
  other.at = asked.leaf->not_after();
  EXPECT_TRUE(remembered(other));
  other.at += base::Seconds(1);
  EXPECT_FALSE(remembered(other));
  other.at = asked.leaf->not_before() - base::Seconds(1);
  EXPECT_FALSE(remembered(other));
  // ... and only for the same question.
  other = asked;
  other.key_purpose = KeyPurpose::kAny;
  EXPECT_FALSE(remembered(other));
  other = asked;
  other.trust_purpose = TrustPurpose::kOcsp;
  EXPECT_FALSE(remembered(other));
  other = asked;
  other.algorithm_policy = PolicyId::kConformance;
  EXPECT_FALSE(remembered(other));
  other = asked;
  other.policy_inputs.explicit_policy = PolicyInputs::Require::kYes;
  EXPECT_FALSE(remembered(other));
  other = asked;
  other.trust = TrustSnapshot::make({anchor_of(authority("root"))}, {authority("issuing")});
  EXPECT_FALSE(remembered(other));
  // Candidates that are no authorities cannot be part of a path; others could.
  const std::vector<CertificatePtr> persons = {person("individual")}, authorities = {authority("twin-a")};
  other = asked;
  other.candidates = persons;
  EXPECT_TRUE(remembered(other));
  other.candidates = authorities;
  EXPECT_FALSE(remembered(other));
}

TEST_F(DemoPaths, FailuresAreNotRemembered) {
  PathCache cache;
  PathQuery asked = query("head");
  asked.trust = TrustSnapshot::make({anchor_of(authority("root"))}, {});
  EXPECT_EQ(refusal(find(asked, &cache)), "path.no_chain");
  const std::vector<CertificatePtr> candidates = {authority("issuing")};
  asked.candidates = candidates;
  EXPECT_EQ(refusal(find(asked, &cache)), kNothing);
}

// --- real certificates -----------------------------------------------------------------------------------------------

PathQuery real_query(CertificatePtr leaf, std::vector<Anchor> anchors, std::string_view time) {
  return {.leaf = std::move(leaf),
          .trust = TrustSnapshot::make(std::move(anchors), {}),
          .candidates = {},
          .at = at(time),
          .trust_purpose = TrustPurpose::kApplicant,
          .key_purpose = KeyPurpose::kAny,
          .algorithm_policy = PolicyId::kKzSubmission,
          .policy_inputs = {}};
}

std::optional<std::string> refused(Context& context, const PathQuery& query) {
  base::Budget budget{base::Limits{}};
  return refusal(find_paths(context, nullptr, query, budget));
}

TEST(RealPaths, NationalRsaAuthorities) {
  const auto folder = test::corpora("kz/ca");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const auto ask = [&](const char* leaf, const char* root, const char* time) {
    return refused(*context, real_query(test::load(*folder / leaf), {anchor_of(test::load(*folder / root))}, time));
  };
  EXPECT_EQ(ask("nca_rsa.pem", "root_rsa.pem", "2021-06-01"), kNothing);
  EXPECT_EQ(ask("nca_rsa_2022.cer", "root_rsa_2020.cer", "2026-11-22"), kNothing);
  EXPECT_EQ(ask("nca_rsa.pem", "root_rsa.pem", "2026-11-22"), "path.expired");
  EXPECT_EQ(ask("nca_rsa.pem", "root_rsa_2020.cer", "2021-06-01"), "path.no_chain");
}

TEST(RealPaths, APersonsCertificateOfTheTestContour) {
  const auto folder = test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  PathQuery asked = real_query(test::load(*folder / "signed/ncanode_individual_valid_sign_2004_rsa.cer"),
                               {anchor_of(test::load(*folder / "test-ca/ncanode_nca_rsa_test.crt"))}, "2022-09-28");
  asked.key_purpose = KeyPurpose::kSigning;
  EXPECT_EQ(refused(*context, asked), kNothing);
  EXPECT_EQ(identity_of(*asked.leaf).iin, "123456789011");
  asked.at = asked.leaf->not_after() + base::Seconds(1);
  EXPECT_EQ(refused(*context, asked), "path.expired");
}

struct AuthorityRow {
  const char* file;
  const char* root;  // the only one under which it stands
  const char* time;  // when both are valid
};
constexpr AuthorityRow kGostAuthorities[] = {
    {"ca/nca_gost.pem", "ca/root_gost.pem", "2023-01-01"},
    {"ca/nca_gost_2022.pem", "ca/root_gost_2022.pem", "2026-11-21"},
    {"ca/ucgo_gost.cer", "ca/root_gost_2020.cer", "2023-01-01"},
    {"ca/btsd_gost.cer", "ca/root_gost_2020.cer", "2023-01-01"},
    {"test-ca/nca_gost2022_test.cer", "test-ca/root_test_gost_2022.cer", "2026-11-21"},
};

PathQuery gost_query(const std::filesystem::path& folder, const AuthorityRow& row, const char* root) {
  PathQuery asked = real_query(test::load(folder / row.file), {anchor_of(test::load(folder / root))}, row.time);
  asked.algorithm_policy = PolicyId::kKzArchive;  // ГОСТ 34.310-2004 too
  return asked;
}

// Names nearly alike, and each generation with its own key: an authority stands under its own root and no other.
TEST(RealPaths, NationalGostAuthoritiesStandUnderTheirRootsAlone) {
  const auto folder = test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  for (const AuthorityRow& row : kGostAuthorities) {
    for (const AuthorityRow& other : kGostAuthorities) {
      const bool own = std::string_view(row.root) == other.root;
      EXPECT_EQ(refused(*context, gost_query(*folder, row, other.root)),
                own ? kNothing : std::optional<std::string>("path.no_chain"))
          << row.file << " under " << other.root;
    }
  }
}

TEST(RealPaths, GostAuthoritiesEndAndOldOnesAreForTheArchive) {
  const auto folder = test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  PathQuery old = gost_query(*folder, kGostAuthorities[0], kGostAuthorities[0].root);
  old.algorithm_policy = PolicyId::kKzSubmission;
  EXPECT_EQ(refused(*context, old), "algorithm.forbidden");
  old.algorithm_policy = PolicyId::kKzArchive;
  old.at = at("2025-06-26");
  EXPECT_EQ(refused(*context, old), "path.expired");
  PathQuery current = gost_query(*folder, kGostAuthorities[1], kGostAuthorities[1].root);
  current.algorithm_policy = PolicyId::kKzSubmission;
  EXPECT_EQ(refused(*context, current), kNothing);
  current.at = at("2045-09-08T00:00:01Z");
  EXPECT_EQ(refused(*context, current), "path.expired");
}

// The 2004 test contour's root is not in the corpora: its issuing authority is trusted itself.
TEST(RealPaths, APersonsCertificateOf2004) {
  const auto folder = test::corpora("kz");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  PathQuery asked = real_query(test::load(*folder / "signed/ncanode_ceo_valid_sign_2004_gost.cer"),
                               {anchor_of(test::load(*folder / "test-ca/ncanode_nca_gost_test.crt"))}, "2022-06-01");
  asked.algorithm_policy = PolicyId::kKzArchive;
  asked.key_purpose = KeyPurpose::kSigning;
  EXPECT_EQ(refused(*context, asked), kNothing);
  asked.trust = TrustSnapshot::make({anchor_of(test::load(*folder / "test-ca/nca_gost2022_test.cer"))}, {});
  EXPECT_EQ(refused(*context, asked), "path.no_chain");
}

TEST(RealPaths, TimeStampingNeedsItsSoleCriticalUsage) {
  const auto folder = test::corpora("realworld/cert");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  // «Sectigo Qualified Time Stamping Signer #3» and an OCSP responder, each as its own anchor.
  const CertificatePtr authority = test::load(*folder / "4ffc3bcb2da5c162.cer");
  const CertificatePtr responder = test::load(*folder / "5db3dc9636129e37.cer");
  PathQuery asked = real_query(authority, {anchor_of(authority), anchor_of(responder)}, "2024-06-01");
  asked.key_purpose = KeyPurpose::kTimeStamping;
  EXPECT_EQ(refused(*context, asked), kNothing);
  asked.key_purpose = KeyPurpose::kOcspSigning;
  EXPECT_EQ(refused(*context, asked), "path.key_usage");
  asked.leaf = responder;
  asked.at = at("2020-01-01");
  EXPECT_EQ(refused(*context, asked), kNothing);
  asked.key_purpose = KeyPurpose::kTimeStamping;
  EXPECT_EQ(refused(*context, asked), "path.key_usage");
}

TEST(RealPaths, WithoutKeyUsageOnlyConformanceSigns) {
  const auto folder = test::corpora("realworld/cert");
  if (!folder) GTEST_SKIP();
  const auto context = test::make_context();
  const CertificatePtr certificate = test::load(*folder / "3d20102a7fe84ed6.cer");
  ASSERT_FALSE(certificate->key_usage().has_value());
  PathQuery asked = real_query(certificate, {anchor_of(certificate)}, "2015-12-10");
  asked.key_purpose = KeyPurpose::kSigning;
  EXPECT_EQ(refused(*context, asked), "certificate.not_signing_key");
  asked.algorithm_policy = PolicyId::kConformance;
  EXPECT_EQ(refused(*context, asked), kNothing);
}

TEST_F(DemoPaths, OneOfTheSigningBitsIsEnoughForConformanceOnly) {
  PathQuery asked = query("no-nonrepudiation");
  EXPECT_EQ(refused(asked), "certificate.not_signing_key");
  asked.algorithm_policy = PolicyId::kConformance;
  EXPECT_EQ(refused(asked), kNothing);
}

TEST(KeyPurpose, NamesAndBack) {
  for (const auto purpose : {KeyPurpose::kSigning, KeyPurpose::kAny, KeyPurpose::kTlsClient, KeyPurpose::kTlsServer,
                             KeyPurpose::kOcspSigning, KeyPurpose::kTimeStamping}) {
    EXPECT_EQ(parse_key_purpose(to_string(purpose)), purpose);
  }
  EXPECT_EQ(parse_key_purpose("everything").error().code(), Code::kInputMember);
}

}  // namespace
}  // namespace tanba::pki
