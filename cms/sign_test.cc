#include "cms/sign.h"

#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;

using namespace std::string_view_literals;
constexpr std::string_view kContent = "Заявление: 12.5 т нефти\r\n\0 и ещё\n"sv;

pki::SignatureAlgorithm pss(pki::DigestAlgorithm digest) {
  return {.scheme = pki::SignatureScheme::kRsaPss,
          .digest = digest,
          .mgf1_digest = digest,
          .salt_bytes = static_cast<std::uint16_t>(pki::digest_size_bytes(digest))};
}

// What openssl's command line says about a document of ours.
int openssl_verifies(const Bytes& document, std::string_view content) {
  const Workspace work;
  const fs::path cms = work.write("document.cms", document);
  const fs::path original = work.write("content", base::as_bytes(content));
  Bytes authorities = read(certs_test() / "anchors.pem");
  const Bytes issuing = read(certs_test() / "ca" / "issuing.pem");
  authorities.insert(authorities.end(), issuing.begin(), issuing.end());
  return work.run("openssl cms -verify -binary -inform DER -in " + cms.string() + " -content " + original.string() +
                  " -out " + (work / "out").string() + " -purpose any -CAfile " +
                  work.write("authorities.pem", authorities).string() + " && cmp " + original.string() + " " +
                  (work / "out").string());
}

struct Case {
  std::string name;
  Profile profile;
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class MadeDocument : public testing::TestWithParam<Case> {};

TEST_P(MadeDocument, VerifiesHereAndWithOpenssl) {
  FileSigner signer("head");
  const Profile& profile = GetParam().profile;
  const auto document = sign(context(), signer, base::as_bytes(kContent), profile);
  ASSERT_TRUE(document.has_value()) << document.error().message();

  const bool attached = profile.placement == Placement::kAttached;
  const auto facts = inspected(*document, attached ? DetachedContent() : DetachedContent(base::as_bytes(kContent)));
  EXPECT_THAT(all_codes(facts), testing::IsEmpty());
  ASSERT_EQ(facts.signatures.size(), 1U);
  const pki::SignatureFacts& signature = facts.signatures[0];
  EXPECT_EQ(signature.certificate->digest(), signer.certificate()->digest());
  EXPECT_EQ(signature.algorithm, profile.algorithm);
  EXPECT_EQ(signature.claimed_signing_time, profile.signing_time);
  EXPECT_EQ(base::as_text(signature.signed_octets), kContent);
  EXPECT_TRUE(signature.covers.whole);
  EXPECT_EQ(openssl_verifies(*document, kContent), 0);
}

const base::Time kTime = base::parse_time("2026-11-22T04:18:50Z").value();

INSTANTIATE_TEST_SUITE_P(
    Profiles, MadeDocument,
    testing::Values(
        Case{"Attached", {.algorithm = rsa_sha256(), .signing_time = kTime}},
        Case{"Detached", {.placement = Placement::kDetached, .algorithm = rsa_sha256(), .signing_time = kTime}},
        Case{"WithoutTime", {.algorithm = rsa_sha256(), .signing_time = {}}},
        Case{"TimeAfter2049", {.algorithm = rsa_sha256(), .signing_time = kTime + std::chrono::years(40)}},
        Case{
            "WithoutSigningCertificate",
            {.algorithm = rsa_sha256(), .signing_time = {}, .signing_certificate = SigningCertificateAttribute::kOmit}},
        Case{"RsaEncryption", {.algorithm = rsa_sha256(), .signing_time = {}, .rsa_spelling = RsaSpelling::kKeyOnly}},
        Case{"Sha512",
             {.algorithm = {.scheme = pki::SignatureScheme::kRsaPkcs1, .digest = pki::DigestAlgorithm::kSha512},
              .signing_time = {}}},
        Case{"Pss", {.algorithm = pss(pki::DigestAlgorithm::kSha256), .signing_time = {}}},
        Case{"PssSha512", {.algorithm = pss(pki::DigestAlgorithm::kSha512), .signing_time = {}}},
        Case{"OtherContentType",
             {.algorithm = rsa_sha256(), .signing_time = {}, .content_type = pki::Oid::literal("2.25.1")}}),
    [](const auto& one) { return one.param.name; });

TEST(Prepare, SaysOctetsThatAnyKeyCanSign) {
  FileSigner signer("head");
  const Bytes digest = pki::compute_digest(context(), pki::DigestAlgorithm::kSha256, base::as_bytes(kContent)).value();
  const auto to_be_signed =
      prepare_digest(digest, signer.certificate(), {.placement = Placement::kDetached, .algorithm = rsa_sha256()});
  ASSERT_TRUE(to_be_signed.has_value());
  const Bytes signature = signer.sign(to_be_signed->algorithm, to_be_signed->octets).value();
  const Bytes document = complete(*to_be_signed, signature).value();
  EXPECT_TRUE(all_good(inspected(document, base::as_bytes(kContent))));
  // The same attributes as when the content itself is given.
  const auto whole =
      prepare(context(), base::as_bytes(kContent), signer.certificate(), {.algorithm = rsa_sha256()}).value();
  EXPECT_EQ(to_be_signed->octets, whole.octets);
}

TEST(Prepare, WantsWhatFitsTogether) {
  FileSigner signer("head");
  const Bytes digest(32);
  const auto code = [](const auto& result) { return result.has_value() ? Code::kInternal : result.error().code(); };
  EXPECT_EQ(code(prepare_digest(digest, signer.certificate(), {.algorithm = rsa_sha256()})), Code::kInputMember);
  EXPECT_EQ(code(prepare_digest(Bytes(20), signer.certificate(),
                                {.placement = Placement::kDetached, .algorithm = rsa_sha256()})),
            Code::kInputMember);
  const pki::SignatureAlgorithm ecdsa{.scheme = pki::SignatureScheme::kEcdsa};
  EXPECT_EQ(code(prepare(context(), digest, signer.certificate(), {.algorithm = ecdsa})), Code::kInputMember);
}

TEST(Complete, EmbedsFurtherCertificatesOnce) {
  FileSigner signer("head");
  const auto issuing = certificate("ca/issuing");
  const std::vector<pki::CertificatePtr> further{issuing, issuing, signer.certificate()};
  const Bytes document =
      sign(context(), signer, base::as_bytes(kContent), {.algorithm = rsa_sha256()}, further).value();
  const auto facts = inspected(document);
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.certificates.size(), 2U);
  EXPECT_EQ(openssl_verifies(document, kContent), 0);
}

TEST(Complete, WantsASignature) {
  FileSigner signer("head");
  const auto to_be_signed =
      prepare(context(), base::as_bytes(kContent), signer.certificate(), {.algorithm = rsa_sha256()}).value();
  EXPECT_EQ(complete(to_be_signed, {}).error().code(), Code::kInputMember);
}

TEST(Complete, WritesWhatItIsGiven) {
  FileSigner signer("head");
  const auto to_be_signed =
      prepare(context(), base::as_bytes(kContent), signer.certificate(), {.algorithm = rsa_sha256()}).value();
  const Bytes document = complete(to_be_signed, Bytes(256, 1)).value();
  EXPECT_THAT(all_codes(inspected(document)), testing::ElementsAre("S1:signature.broken"));
  EXPECT_NE(openssl_verifies(document, kContent), 0);
}

// --- ГОСТ ------------------------------------------------------------------------------------------------------------

class GostDocument : public testing::TestWithParam<const char*> {};

// In the spelling of the national authority: the signature's own OID, NULL parameters, r and s least octet first. What
// others make of it: tests/cli, tests/docs.
TEST_P(GostDocument, VerifiesAndNoOctetOfItsValueMayChange) {
  FileSigner signer(GetParam());
  const pki::SignatureAlgorithm algorithm = signer.algorithms().front();
  const auto document = sign(context(), signer, base::as_bytes(kContent), {.algorithm = algorithm});
  ASSERT_TRUE(document.has_value()) << document.error().message();
  const auto facts = inspected(*document);
  ASSERT_THAT(all_codes(facts), testing::IsEmpty());
  EXPECT_EQ(facts.signatures.at(0).algorithm, algorithm);
  const Bytes& value = facts.signatures[0].signature_value;
  EXPECT_EQ(value.size(), signer.certificate()->key().bits / 4);
  const auto at = std::ranges::search(*document, value);
  ASSERT_EQ(at.size(), value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    Bytes changed = *document;
    changed[static_cast<std::size_t>(at.begin() - document->begin()) + i] ^= 0x01;
    EXPECT_THAT(all_codes(inspected(changed)), testing::ElementsAre("S1:signature.broken")) << i;
  }
  // RFC 9215 2: s‖r, each most significant octet first: the whole string the other way round.
  Bytes russian = *document;
  std::reverse_copy(value.begin(), value.end(), russian.begin() + (at.begin() - document->begin()));
  EXPECT_THAT(all_codes(inspected(russian)), testing::ElementsAre("S1:signature.broken"));
}

TEST_P(GostDocument, TakesNoOtherDigest) {
  FileSigner signer(GetParam());
  pki::SignatureAlgorithm algorithm = signer.algorithms().front();
  algorithm.digest = pki::DigestAlgorithm::kSha512;
  EXPECT_EQ(sign(context(), signer, base::as_bytes(kContent), {.algorithm = algorithm}).error().code(),
            Code::kInputMember);
}

INSTANTIATE_TEST_SUITE_P(Kinds, GostDocument, testing::Values("gost-head", "gost256-head", "gost2004-head"),
                         [](const auto& one) {
                           std::string name(one.param);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace tanba::cms
