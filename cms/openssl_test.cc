// What `openssl cms -sign` writes, inspected; and what is wrong with it after one change.
#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::ElementsAre;
using testing::IsEmpty;

struct Case {
  std::string name;
  std::string options;  // after the signers
  std::vector<std::string> signers{"head"};
  Placement placement = Placement::kAttached;
  std::vector<std::string> codes{};
  bool content_digest_is_signed = true;  // by a messageDigest attribute
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

const std::string kContent(5000, 'c');  // openssl writes longer content in pieces when it streams

class OpensslDocument : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Bytes made(const Workspace& work) {
    const Case& one = GetParam();
    std::string command = "openssl cms -sign -binary -outform DER -nosmimecap -in " +
                          work.write("content", base::as_bytes(kContent)).string() + " -out " +
                          (work / "document").string();
    if (one.placement == Placement::kAttached) command += " -nodetach";
    for (const std::string& signer : one.signers) command += openssl_signer(signer);
    EXPECT_EQ(work.run(command + " " + one.options), 0);
    return read(work / "document");
  }
  [[nodiscard]] static DetachedContent given(std::string_view content) {
    return GetParam().placement == Placement::kAttached ? DetachedContent() : DetachedContent(base::as_bytes(content));
  }
};

TEST_P(OpensslDocument, HasTheOutcomeOfItsCase) {
  const Workspace work;
  const auto facts = inspected(made(work), given(kContent));
  EXPECT_EQ(all_codes(facts), GetParam().codes);
  ASSERT_EQ(facts.signatures.size(), GetParam().signers.size());
  for (const pki::SignatureFacts& signature : facts.signatures) {
    if (signature.errors.empty()) {
      EXPECT_EQ(base::as_text(signature.signed_octets), kContent);
    }
  }
}

TEST_P(OpensslDocument, BreaksWhenItsContentChanges) {
  const Workspace work;
  Bytes document = made(work);
  std::string changed = kContent;
  changed[2500] = 'C';
  if (GetParam().placement == Placement::kAttached) {
    const auto found = std::ranges::search(document, base::as_bytes(kContent.substr(0, 900)));
    ASSERT_FALSE(found.empty());
    found.front() = 'C';
  }
  const auto facts = inspected(document, given(changed));
  for (const pki::SignatureFacts& signature : facts.signatures) {
    EXPECT_THAT(codes(signature.errors),
                testing::Contains(GetParam().content_digest_is_signed ? "digest.mismatch" : "signature.broken"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Made, OpensslDocument,
    testing::Values(
        Case{"Attached", ""}, Case{"Detached", "", {"head"}, Placement::kDetached}, Case{"ByKeyIdentifier", "-keyid"},
        Case{"WithoutAttributes", "-noattr", {"head"}, Placement::kAttached, {}, false},
        Case{"WithoutAttributesDetached", "-noattr", {"head"}, Placement::kDetached, {}, false},
        Case{"IndefiniteLengths", "-stream"},
        Case{"IndefiniteLengthsWithoutAttributes", "-stream -noattr", {"head"}, Placement::kAttached, {}, false},
        Case{"Cades", "-cades"}, Case{"CadesSha512", "-cades -md sha512"}, Case{"Sha384", "-md sha384"},
        Case{"Pss", "-keyopt rsa_padding_mode:pss"},
        Case{"PssOwnSalt", "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20 -keyopt rsa_mgf1_md:sha512"},
        Case{"TwoSigners", "", {"head", "individual"}},
        Case{"ThreeSignersDetached", "", {"head", "individual", "sign-right"}, Placement::kDetached},
        Case{"OtherContentType", "-econtent_type 1.2.840.113549.1.9.16.1.4"},
        Case{"WithoutCertificate", "-nocerts", {"head"}, Placement::kAttached, {"S1:cms.no_certificate"}}),
    [](const auto& one) { return one.param.name; });

TEST(OpensslEcdsa, Verifies) {
  const Workspace work;
  const std::string key = (work / "key").string();
  const std::string own = (work / "certificate").string();
  ASSERT_EQ(
      work.run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ec -days 10 -keyout " +
               key + " -out " + own),
      0);
  ASSERT_EQ(work.run("openssl cms -sign -binary -nodetach -outform DER -signer " + own + " -inkey " + key + " -in " +
                     own + " -out " + (work / "document").string()),
            0);
  Parts parts(read(work / "document"));
  EXPECT_TRUE(all_good(inspected(parts.write())));
  parts.signers[0].back() ^= 1;
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S1:signature.broken"));
}

// A signer added to a finished document keeps the first one's signature.
TEST(OpensslResign, EverySignerCoversTheContent) {
  const Workspace work;
  ASSERT_EQ(work.run("openssl cms -sign -binary -nodetach -outform DER" + openssl_signer("head") + " -in " +
                     work.write("content", base::as_bytes(kContent)).string() + " -out " + (work / "one").string()),
            0);
  ASSERT_EQ(work.run("openssl cms -resign -inform DER -outform DER" + openssl_signer("individual") + " -in " +
                     (work / "one").string() + " -out " + (work / "two").string()),
            0);
  const auto facts = inspected(read(work / "two"));
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures.size(), 2U);
}

}  // namespace
}  // namespace tanba::cms
