// Documents changed after they were signed: what is signed stays, what was added is found again, others read it.
#include "cms/edit.h"

#include "cms/test_support.h"
#include "cms/validation_data.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kContent = "content";

Bytes signed_by_head() {
  FileSigner signer("head");
  return sign(context(), signer, base::as_bytes(kContent), {.algorithm = rsa_sha256()}).value();
}

Bytes crl() {
  return read(certs_test() / "crl/issuing.crl");
}
Bytes ocsp_response() {
  return read(certs_test() / "ocsp/head.ors");
}

std::int64_t version_of(ByteView document) {
  return parse_signed_data(document, base::Limits{}).value().version;
}

// `openssl cms -verify` without looking at the chain: structure and signature.
int openssl_verifies(ByteView document) {
  const Workspace work;
  return work.run("openssl cms -verify -binary -inform DER -noverify -in " + work.write("document", document).string() +
                  " -out " + (work / "content").string() + " && grep -qx content " + (work / "content").string());
}

TEST(AddValidationData, IsFoundAgainAndTheSignatureHolds) {
  const Bytes document = signed_by_head();
  const std::vector<pki::CertificatePtr> certificates{certificate("ca/issuing"), certificate("ca/root")};
  const std::vector<Bytes> crls{crl()};
  const std::vector<Bytes> responses{ocsp_response()};
  const Bytes lifted =
      add_validation_data(document, {.certificates = certificates, .crls = crls, .ocsp_responses = responses},
                          base::Limits{})
          .value();
  const auto facts = inspected(lifted);
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.certificates.size(), 3U);
  EXPECT_EQ(facts.crls, crls);
  EXPECT_EQ(facts.ocsp_responses, responses);
  // RFC 5652 5.1: revocation information of type other makes it 5.
  EXPECT_EQ(version_of(lifted), 5);
  EXPECT_EQ(openssl_verifies(lifted), 0);
}

TEST(AddValidationData, PutsNothingInTwice) {
  const std::vector<pki::CertificatePtr> certificates{certificate("certs/head"), certificate("ca/issuing")};
  const std::vector<Bytes> crls{crl(), crl()};
  const std::vector<Bytes> responses{ocsp_response()};
  const ValidationData data{.certificates = certificates, .crls = crls, .ocsp_responses = responses};
  const Bytes once = add_validation_data(signed_by_head(), data, base::Limits{}).value();
  EXPECT_EQ(add_validation_data(once, data, base::Limits{}).value(), once);
  EXPECT_EQ(inspected(once).certificates.size(), 2U);
  EXPECT_EQ(inspected(once).crls.size(), 1U);
}

TEST(AddValidationData, ListsAloneKeepTheVersion) {
  const std::vector<Bytes> crls{crl()};
  EXPECT_EQ(version_of(add_validation_data(signed_by_head(), {.crls = crls}, base::Limits{}).value()), 1);
}

TEST(AddValidationData, TakesNothingThatIsNoSequence) {
  const std::vector<Bytes> noise{base::to_bytes(base::as_bytes("noise"))};
  const Bytes document = signed_by_head();
  EXPECT_EQ(add_validation_data(document, {.crls = noise}, base::Limits{}).error().code(), Code::kInputMember);
  EXPECT_EQ(add_validation_data(document, {.ocsp_responses = noise}, base::Limits{}).error().code(),
            Code::kInputMember);
}

TEST(AddValidationData, DoesNotBreakOldArchiveTimeStamps) {
  for (const pki::Oid& type : {oid::kArchiveTimeStamp, oid::kArchiveTimeStampV2}) {
    Edit edit = Edit::open(signed_by_head(), base::Limits{}).value();
    const Bytes stamped =
        with_unsigned_attribute(edit.signer(0).value(), attribute(type, {der::write_sequence({})})).value();
    edit.set_signer(0, stamped);
    const auto lifted = add_validation_data(edit.write(), {}, base::Limits{});
    ASSERT_FALSE(lifted.has_value());
    EXPECT_EQ(lifted.error().code(), Code::kAugmentLevel);
  }
}

TEST(Edit, WritesWhatItRead) {
  const Bytes document = signed_by_head();
  EXPECT_EQ(Edit::open(document, base::Limits{}).value().write(), document);
}

TEST(Edit, HasNoOtherSignersThanTheDocument) {
  const Edit edit = Edit::open(signed_by_head(), base::Limits{}).value();
  EXPECT_TRUE(edit.signer(0).has_value());
  EXPECT_EQ(edit.signer(1).error().code(), Code::kInputMember);
}

TEST(Edit, TakesNoMoreSignersThanCanBeRead) {
  base::Limits limits;
  limits.max_signatures = 1;
  Edit edit = Edit::open(signed_by_head(), limits).value();
  EXPECT_EQ(edit.add_signer(base::to_bytes(edit.signer(0).value()), limits).error().code(), Code::kLimitCount);
}

TEST(WithUnsignedAttribute, KeepsThoseThatAreThereInTheirOrder) {
  const Edit edit = Edit::open(signed_by_head(), base::Limits{}).value();
  const Bytes later = attribute(oid::kSignatureTimeStamp, {der::write_null()});
  const Bytes earlier = attribute(oid::kCertificateValues, {der::write_sequence({})});
  const Bytes once = with_unsigned_attribute(edit.signer(0).value(), later).value();
  const Bytes twice = with_unsigned_attribute(once, earlier).value();
  EXPECT_EQ(base::to_bytes(parse_signer_info(twice).value().unsigned_attributes), joined({later, earlier}));
}

}  // namespace
}  // namespace tanba::cms
