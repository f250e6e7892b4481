// Documents that nobody on this project wrote, and those of the test authority, which were made without this code.
#include <algorithm>
#include <boost/json.hpp>

#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

// --- certs-test ------------------------------------------------------------------------------------------------------

// What inspect itself must find; everything else that a scenario expects is for judge.
bool is_ours(std::string_view code) {
  return code.starts_with("cms.") || code.starts_with("der.") || code.starts_with("limit.") ||
         code == "digest.mismatch" || code == "signature.broken" || code == "algorithm.mismatch" ||
         code == "format.empty";
}

TEST(Scenarios, HaveTheErrorsThatTheyAreMadeFor) {
  const Bytes text = read(certs_test() / "scenarios" / "index.json");
  const auto names = boost::json::parse(base::as_text(text)).at("scenarios").as_array();
  std::size_t inspected_count = 0;
  for (const auto& listed : names) {
    const std::string name(listed.is_string() ? listed.as_string() : listed.at("name").as_string());
    const Bytes json = read(certs_test() / "scenarios" / name / "scenario.json");
    const auto scenario = boost::json::parse(base::as_text(json));
    if (scenario.at("kind") != "cms") continue;
    const std::string code(scenario.at("expected").at("code").as_string());
    // Formats are told apart by verify: PEM, and what is no ASN.1 at all.
    if (name == "cms-pem" || code == "format.unknown") continue;

    const Bytes document = read(certs_test() / std::string(scenario.at("document").as_string()));
    std::optional<Bytes> content;
    if (scenario.at("content").is_string()) {
      content = read(certs_test() / std::string(scenario.at("content").as_string()));
    }
    const auto facts =
        inspected(document, content.has_value() ? DetachedContent(ByteView(*content)) : DetachedContent());
    if (is_ours(code)) {
      EXPECT_THAT(all_codes(facts), Contains(EndsWith(code))) << name;
    } else {
      EXPECT_THAT(all_codes(facts), IsEmpty()) << name;
      EXPECT_FALSE(facts.signatures.empty()) << name;
    }
    ++inspected_count;
  }
  EXPECT_GT(inspected_count, 80U);
}

// --- Kazakhstan ------------------------------------------------------------------------------------------------------

TEST(Kazakhstan, ASignedCmsOfTheTestContourVerifies) {
  const fs::path folder = corpora("kz");
  if (folder.empty()) GTEST_SKIP();
  const auto facts = inspected(read(folder / "signed" / "SIGNED_CMS_ONE_SIGNER.cms"));
  ASSERT_TRUE(all_good(facts));
  const pki::SignatureFacts& signature = facts.signatures.at(0);
  EXPECT_EQ(base::as_text(signature.signed_octets), "test123");
  EXPECT_EQ(pki::to_string(*signature.algorithm), "RSA-PKCS1-SHA-256");
  EXPECT_EQ(base::format_time(*signature.claimed_signing_time).substr(0, 10), "2022-09-28");
}

// ГОСТ 34.310-2004; signingCertificate of version 1; what was stamped is not known.
TEST(Kazakhstan, TheTimeStampTokensSignatureVerifies) {
  const fs::path folder = corpora("kz");
  if (folder.empty()) GTEST_SKIP();
  Bytes token = read(folder / "tsp" / "tsp_token.bin");
  const auto facts = inspected(token);
  EXPECT_THAT(all_codes(facts), IsEmpty());
  EXPECT_EQ(facts.content_type, oid::kTstInfo);
  ASSERT_EQ(facts.signatures.size(), 1U);
  EXPECT_EQ(pki::to_string(*facts.signatures[0].algorithm), "GOST34.310-2004");
  token[token.size() - 10] ^= 0x04;
  EXPECT_THAT(all_codes(inspected(token)), ElementsAre("S1:signature.broken"));
}

// --- RFC 4134 --------------------------------------------------------------------------------------------------------

struct Rfc4134Case {
  std::string file;
  std::vector<std::string> codes;  // of document and signatures
  std::size_t signatures = 1;
  std::string detached{};  // file of the content
};

TEST(Rfc4134, ExamplesHaveTheOutcomeThatTheRfcStates) {
  const fs::path folder = corpora("rfc4134");
  if (folder.empty()) GTEST_SKIP();
  const std::vector<Rfc4134Case> cases = {
      {"3.1.bin", {"cms.not_signed_data"}, 0},
      {"3.2.bin", {"cms.not_signed_data"}, 0},
      {"4.1.bin", {}},
      {"4.2.bin", {}},
      {"4.3.bin", {"cms.no_content", "S1:cms.no_content"}},
      {"4.3.bin", {}, 1, "ExContent.bin"},
      {"4.4.bin", {}},
      {"4.5.bin", {}},
      // Diane's DSA key inherits its parameters from the issuer (RFC 3279 2.3.2), which no signer of today does: not
      // supported.
      {"4.6.bin", {"S2:certificate.unsupported_key"}, 2},
      {"4.7.bin", {}},
      {"4.10.bin", {}},
      {"4.11.bin", {"cms.no_content", "cms.no_signer"}, 0},  // certificates and CRLs only
      {"5.1.bin", {"cms.not_signed_data"}, 0},
      {"5.2.bin", {"cms.not_signed_data"}, 0},
      {"6.0.bin", {"cms.not_signed_data"}, 0},
      {"7.1.bin", {"cms.not_signed_data"}, 0},
      {"7.2.bin", {"cms.not_signed_data"}, 0},
      {"cms-sigs/PSSSignDataSHA1.sig", {}, 1, "cms-sigs/PSSSignData.data"},
      {"cms-sigs/PSSSignDataSHA1Enc.sig", {}},
      {"cms-sigs/PSSSignDataSHA256.sig", {}, 1, "cms-sigs/PSSSignData.data"},
      {"cms-sigs/PSSSignDataSHA256Enc.sig", {}},
      {"cms-sigs/PSSSignDataSHA512.sig", {}, 1, "cms-sigs/PSSSignData.data"},
      {"cms-sigs/PSSSignDataSHA512Enc.sig", {}},
      {"cms-sigs/counterSig.p7m", {}},
      {"cms-sigs/Pkcs7SignedContent.p7b", {"der.trailing"}, 0},
      {"cms-sigs/SignedMSPkcs7.sig", {}},
      // RFC 8017 A.2.4: in the DigestInfo of PKCS#1 v1.5 the parameters "shall have a value of type NULL"; here they
      // are absent.
      {"cms-sigs/rawsha256nonull.p7m", {"S1:signature.broken"}},
  };
  for (const Rfc4134Case& one : cases) {
    const Bytes document = read(folder / one.file);
    const Bytes content = one.detached.empty() ? Bytes() : read(folder / one.detached);
    const auto facts =
        inspected(document, one.detached.empty() ? DetachedContent() : DetachedContent(ByteView(content)));
    EXPECT_EQ(all_codes(facts), one.codes) << one.file;
    EXPECT_EQ(facts.signatures.size(), one.signatures) << one.file;
  }
}

// --- signed documents of many countries ------------------------------------------------------------------------------

TEST(RealWorld, EveryTimeStampTokensSignatureVerifies) {
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
    const auto facts = inspected(read(entry.path()), {}, {.certificates = beside});
    EXPECT_THAT(all_codes(facts), IsEmpty()) << entry.path();
    EXPECT_EQ(facts.content_type, oid::kTstInfo) << entry.path();
    verified += facts.signatures.size();
  }
  EXPECT_GE(verified, 75U);
}

// --- what fuzzing of others found ------------------------------------------------------------------------------------

TEST(FuzzSeeds, AreInspectedWithoutHarm) {
  const fs::path archive = corpora("fuzz") / "openssl-seeds.tar.xz";
  if (!fs::exists(archive)) return;
  const Workspace work;
  ASSERT_EQ(work.run("tar -xJf " + archive.string() + " -C " + (work / "").string()), 0);
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(work / "")) {
    if (!entry.is_regular_file() || entry.path().string().find("/cms/") == std::string::npos) continue;
    const auto facts = inspected(read(entry.path()));
    EXPECT_FALSE(facts.errors.empty() && facts.signatures.empty()) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 100U);
}

}  // namespace
}  // namespace tanba::cms
