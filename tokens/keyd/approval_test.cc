#include "tokens/keyd/approval.h"

#include <gtest/gtest.h>
#include <openssl/cms.h>

#include "cms/sign.h"
#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using client::Intent;
using client::IntentKind;
using test::code_of;
using test::must;

class ApprovalTest : public testing::Test {
 protected:
  ApprovalTest() : context_(must(pki::Context::create())), officer_("officer"), other_("somebody") {
    approvers_ = {{.key = officer_.certificate()->key().digest,
                   .licensor = "050540001234",
                   .iin = {},
                   .kinds = {IntentKind::kLicence}}};
  }
  static Intent intent() {
    return {.id = "i-1",
            .kind = IntentKind::kLicence,
            .number = "7",
            .document = {.algorithm = pki::DigestAlgorithm::kSha256, .value = base::Bytes(32, 9)},
            .licensor = "050540001234",
            .key = "licence"};
  }
  base::Bytes sign(test::SoftwareSigner& signer, std::string_view text,
                   cms::Placement placement = cms::Placement::kAttached) {
    cms::Profile profile;
    profile.placement = placement;
    return must(cms::sign(*context_, signer, base::as_bytes(text), profile));
  }
  std::string check(const Intent& about, base::ByteView cms) {
    return code_of(check_approval(*context_, about, cms, approvers_, base::Time(std::chrono::seconds(1'770'000'000))));
  }

  std::unique_ptr<pki::Context> context_;
  test::SoftwareSigner officer_, other_;
  std::vector<ApproverConfig> approvers_;
};

TEST_F(ApprovalTest, AttachedAndDetachedAreGood) {
  const std::string text = client::intent_text(intent());
  EXPECT_EQ(check(intent(), sign(officer_, text)), "ok");
  EXPECT_EQ(check(intent(), sign(officer_, text, cms::Placement::kDetached)), "ok");
}

TEST_F(ApprovalTest, NoneAndNoCms) {
  EXPECT_EQ(check(intent(), {}), "keyd.approval");
  EXPECT_EQ(check(intent(), base::as_bytes("approved")), "keyd.approval");
  EXPECT_EQ(check(intent(), base::as_bytes(client::intent_text(intent()))), "keyd.approval");
}

TEST_F(ApprovalTest, AnotherIntentIsNotApproved) {
  for (const cms::Placement placement : {cms::Placement::kAttached, cms::Placement::kDetached}) {
    const base::Bytes approval = sign(officer_, client::intent_text(intent()), placement);
    for (const auto& change : std::vector<std::function<void(Intent&)>>{
             [](Intent& i) { i.id = "i-2"; }, [](Intent& i) { i.number = "8"; },
             [](Intent& i) { i.document.value[31] ^= 1U; }, [](Intent& i) { i.licensor = "050540001235"; },
             [](Intent& i) { i.key = "licence-2"; }}) {
      Intent changed = intent();
      change(changed);
      EXPECT_EQ(check(changed, approval), "keyd.approval");
    }
  }
}

TEST_F(ApprovalTest, TextThatIsAlmostTheIntentIsNot) {
  const std::string text = client::intent_text(intent());
  EXPECT_EQ(check(intent(), sign(officer_, text + "\n")), "keyd.approval");
  EXPECT_EQ(check(intent(), sign(officer_, "")), "keyd.approval");
}

TEST_F(ApprovalTest, AChangedOctetBreaksIt) {
  const base::Bytes good = sign(officer_, client::intent_text(intent()));
  for (std::size_t at = 0; at < good.size(); at += 53) {
    base::Bytes changed = good;
    changed[at] ^= 0x01U;
    // Octets that nothing protects (the certificate's own signature, an unused field) may change without harm.
    const std::string code = check(intent(), changed);
    EXPECT_TRUE(code == "keyd.approval" || code == "keyd.approver" || code == "ok") << at << code;
  }
  base::Bytes value = good;
  value.back() ^= 0x01U;  // in the signature value
  EXPECT_EQ(check(intent(), value), "keyd.approval");
}

TEST_F(ApprovalTest, WhoIsNotListedDoesNotApprove) {
  EXPECT_EQ(check(intent(), sign(other_, client::intent_text(intent()))), "keyd.approver");
  approvers_.clear();
  EXPECT_EQ(check(intent(), sign(officer_, client::intent_text(intent()))), "keyd.approver");
}

TEST_F(ApprovalTest, WhoIsNotListedIsNamedByTheKeysDigest) {
  const auto refused = check_approval(*context_, intent(), sign(other_, client::intent_text(intent())), approvers_,
                                      base::Time(std::chrono::seconds(1'770'000'000)));
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().cause().find(other_.certificate()->key().digest.hex()), std::string::npos);
}

TEST_F(ApprovalTest, AKindThatIsNotTheOfficersIsRefused) {
  Intent refusal = intent();
  refusal.kind = IntentKind::kRefusal;
  EXPECT_EQ(check(refusal, sign(officer_, client::intent_text(refusal))), "keyd.approver");
}

TEST_F(ApprovalTest, AnotherLicensorsIntentIsRefused) {
  Intent theirs = intent();
  theirs.licensor = "050540001235";
  EXPECT_EQ(check(theirs, sign(officer_, client::intent_text(theirs))), "keyd.approver");
  approvers_[0].licensor = theirs.licensor;
  EXPECT_EQ(check(theirs, sign(officer_, client::intent_text(theirs))), "ok");
}

TEST_F(ApprovalTest, AnotherPersonsIinIsRefused) {
  approvers_[0].iin = "860904350504";  // the test's certificate names none
  EXPECT_EQ(check(intent(), sign(officer_, client::intent_text(intent()))), "keyd.approver");
}

// By OpenSSL, with a digest of choice.
base::Bytes sign_with_openssl(EVP_PKEY* key, const pki::Certificate& certificate, std::string_view text,
                              const EVP_MD* digest) {
  const std::unique_ptr<CMS_ContentInfo, pki::Deleter<CMS_ContentInfo_free>> cms(
      CMS_sign(nullptr, nullptr, nullptr, nullptr, CMS_BINARY | CMS_PARTIAL));
  const unsigned char* at = certificate.der().data();
  const pki::X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size())));
  CMS_add1_signer(cms.get(), x509.get(), key, digest, CMS_BINARY);
  const pki::BioPtr content(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CMS_final(cms.get(), content.get(), nullptr, CMS_BINARY);
  unsigned char* der = nullptr;
  const int size = i2d_CMS_ContentInfo(cms.get(), &der);
  base::Bytes out(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return out;
}

TEST_F(ApprovalTest, WeakAlgorithmsAreRefused) {
  const pki::EvpPkeyPtr key = test::make_rsa_key();
  const auto certificate = test::issue_certificate(test::spki_of(key.get()), key.get(), "officer");
  approvers_[0].key = certificate->key().digest;
  const std::string text = client::intent_text(intent());
  EXPECT_EQ(check(intent(), sign_with_openssl(key.get(), *certificate, text, EVP_sha256())), "ok");
  EXPECT_EQ(check(intent(), sign_with_openssl(key.get(), *certificate, text, EVP_sha1())), "keyd.approval");
}

TEST_F(ApprovalTest, ShortKeysAreRefused) {
  const pki::EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
  const auto certificate = test::issue_certificate(test::spki_of(key.get()), key.get(), "officer");
  approvers_[0].key = certificate->key().digest;
  const std::string text = client::intent_text(intent());
  EXPECT_EQ(check(intent(), sign_with_openssl(key.get(), *certificate, text, EVP_sha256())), "keyd.approval");
}

TEST_F(ApprovalTest, TwoSignersAreRefused) {
  const pki::EvpPkeyPtr key = test::make_rsa_key();
  const auto certificate = test::issue_certificate(test::spki_of(key.get()), key.get(), "officer");
  approvers_[0].key = certificate->key().digest;
  const std::string text = client::intent_text(intent());
  const base::Bytes one = sign_with_openssl(key.get(), *certificate, text, EVP_sha256());
  const unsigned char* at = one.data();
  const std::unique_ptr<CMS_ContentInfo, pki::Deleter<CMS_ContentInfo_free>> cms(
      d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(one.size())));
  // The officer's own signature stands twice: still not one.
  at = certificate->der().data();
  const pki::X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(certificate->der().size())));
  ASSERT_NE(CMS_add1_signer(cms.get(), x509.get(), key.get(), EVP_sha256(), CMS_REUSE_DIGEST | CMS_NOCERTS), nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_CMS_ContentInfo(cms.get(), &der);
  ASSERT_GT(size, 0);
  const base::Bytes two(der, der + size);
  OPENSSL_free(der);
  EXPECT_EQ(check(intent(), one), "ok");
  EXPECT_EQ(check(intent(), two), "keyd.approval");
}

}  // namespace
}  // namespace tanba::tokens::keyd
