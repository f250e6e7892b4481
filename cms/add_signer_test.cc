// Documents that get further signatures after they were signed: all of them hold, here and for openssl.
#include "cms/add_signer.h"

#include "cms/edit.h"
#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::ElementsAre;

constexpr std::string_view kContent = "content";

Signed signed_by(FileSigner& signer, ToBeSigned to_be_signed) {
  Bytes signature = signer.sign(to_be_signed.algorithm, to_be_signed.octets).value();
  return {std::move(to_be_signed), std::move(signature)};
}

Profile profile_of(FileSigner& signer, Placement placement = Placement::kAttached) {
  return {.placement = placement, .algorithm = signer.algorithms().front()};
}

Bytes document_by(const std::string& name, Placement placement = Placement::kAttached) {
  FileSigner signer(name);
  return sign(context(), signer, base::as_bytes(kContent), profile_of(signer, placement)).value();
}

Bytes with_signer(ByteView document, const std::string& name, const std::optional<ByteView>& detached = {}) {
  FileSigner signer(name);
  const ToBeSigned to_be_signed =
      prepare_further(context(), document, detached, signer.certificate(), profile_of(signer), base::Limits{}).value();
  return add_signer(document, signed_by(signer, to_be_signed), {}, base::Limits{}).value();
}

Bytes with_counter_signature(ByteView document, std::size_t number, const std::string& name) {
  FileSigner signer(name);
  const Bytes value = signature_value(document, number, base::Limits{}).value();
  const ToBeSigned to_be_signed =
      prepare_counter_signature(context(), value, signer.certificate(), profile_of(signer)).value();
  return add_counter_signature(document, number, signed_by(signer, to_be_signed), {}, base::Limits{}).value();
}

int openssl_verifies(ByteView document, const std::string& options = "") {
  const Workspace work;
  return work.run("openssl cms -verify -binary -inform DER -noverify -in " + work.write("document", document).string() +
                  " -out " + (work / "content").string() + options + " && grep -qx content " +
                  (work / "content").string());
}

TEST(Complete, SeveralSignersOfOneContent) {
  FileSigner head("head");
  FileSigner individual("individual");
  std::vector<Signed> signers;
  for (FileSigner* signer : {&head, &individual}) {
    signers.push_back(signed_by(
        *signer, prepare(context(), base::as_bytes(kContent), signer->certificate(), profile_of(*signer)).value()));
  }
  const Bytes document = complete(signers).value();
  const auto facts = inspected(document);
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures.size(), 2U);
  EXPECT_EQ(facts.certificates.size(), 2U);
  EXPECT_EQ(openssl_verifies(document), 0);

  signers.back() =
      signed_by(individual,
                prepare(context(), base::as_bytes("other"), individual.certificate(), profile_of(individual)).value());
  EXPECT_EQ(complete(signers).error().code(), Code::kInputMember);
  EXPECT_EQ(complete(std::span<const Signed>()).error().code(), Code::kInputMember);
}

TEST(CompleteAround, IsTheDocumentWithItsContentInside) {
  FileSigner signer("head");
  for (const std::size_t size : {0U, 7U, 127U, 128U, 70'000U}) {
    const std::string content(size, 'c');
    const Profile profile = profile_of(signer);
    const ToBeSigned whole = prepare(context(), base::as_bytes(content), signer.certificate(), profile).value();
    const Bytes signature = signer.sign(whole.algorithm, whole.octets).value();
    const Frame frame = complete_around(whole, signature, content.size()).value();
    EXPECT_EQ(joined({frame.before, base::to_bytes(base::as_bytes(content)), frame.after}),
              complete(whole, signature).value());
  }
}

TEST(AddSigner, KeepsWhatIsThere) {
  const Bytes document = document_by("head");
  const Bytes twice = with_signer(document, "individual");
  const auto facts = inspected(twice);
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures.size(), 2U);
  const SignedData before = parse_signed_data(document, base::Limits{}).value();
  const SignedData after = parse_signed_data(twice, base::Limits{}).value();
  EXPECT_TRUE(base::equal(before.signers[0], after.signers[0]));
  EXPECT_TRUE(base::equal(*before.content, *after.content));
  EXPECT_EQ(facts.certificates.size(), 2U);
  EXPECT_EQ(openssl_verifies(twice), 0);
}

TEST(AddSigner, OfGostAndRsaBesideOneAnother) {
  const Bytes twice = with_signer(document_by("gost-head"), "head");
  const auto facts = inspected(twice);
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures.size(), 2U);
}

TEST(AddSigner, SignsWhatLiesBesideADetachedDocument) {
  const Bytes document = document_by("head", Placement::kDetached);
  const Bytes twice = with_signer(document, "individual", base::as_bytes(kContent));
  EXPECT_TRUE(all_good(inspected(twice, base::as_bytes(kContent))));
  const Workspace work;
  EXPECT_EQ(openssl_verifies(twice, " -content " + work.write("given", base::as_bytes(kContent)).string()), 0);
}

TEST(AddSigner, WantsTheContentOnce) {
  FileSigner signer("head");
  const auto code = [&](Placement placement, const std::optional<ByteView>& given) {
    return prepare_further(context(), document_by("individual", placement), given, signer.certificate(),
                           profile_of(signer), base::Limits{})
        .error()
        .code();
  };
  EXPECT_EQ(code(Placement::kAttached, base::as_bytes(kContent)), Code::kInputMember);
  EXPECT_EQ(code(Placement::kDetached, {}), Code::kInputMember);
}

TEST(AddSigner, TakesOnlySignersOfTheSameContentType) {
  FileSigner signer("head");
  Profile profile = profile_of(signer);
  profile.content_type = oid::kTstInfo;
  const Signed other =
      signed_by(signer, prepare(context(), base::as_bytes(kContent), signer.certificate(), profile).value());
  EXPECT_EQ(add_signer(document_by("individual"), other, {}, base::Limits{}).error().code(), Code::kInputMember);
}

TEST(AddCounterSignature, HoldsAndLeavesTheRest) {
  for (const auto& [signer, counter] : {std::pair("head", "individual"), std::pair("gost-head", "gost-individual")}) {
    const Bytes document = with_signer(document_by(signer), signer);
    const Bytes counter_signed = with_counter_signature(document, 1, counter);
    const auto facts = inspected(counter_signed);
    EXPECT_TRUE(all_good(facts));
    ASSERT_EQ(facts.signatures.size(), 2U);
    EXPECT_TRUE(facts.signatures[0].counter_signatures.empty());
    ASSERT_EQ(facts.signatures[1].counter_signatures.size(), 1U);
    const pki::CounterSignatureFacts& one = facts.signatures[1].counter_signatures[0];
    EXPECT_THAT(codes(one.errors), ElementsAre());
    EXPECT_EQ(one.id, "S2.C1");
    EXPECT_EQ(one.over, "S2");
    EXPECT_EQ(one.certificate_reference, pki::CertificateReference::kSigned);
    EXPECT_EQ(one.certificate->digest(), certificate(std::string("certs/") + counter).get()->digest());
  }
}

TEST(AddCounterSignature, OpensslStillVerifiesTheDocument) {
  EXPECT_EQ(openssl_verifies(with_counter_signature(document_by("head"), 0, "individual")), 0);
}

TEST(AddCounterSignature, WantsASignerThatIsThere) {
  EXPECT_EQ(signature_value(document_by("head"), 1, base::Limits{}).error().code(), Code::kInputMember);
}

// --- counter-signatures that are wrong -------------------------------------------------------------------------------

// The codes of the first counter-signature over a document by head, made by individual over `value` and changed.
std::vector<std::string> codes_of_counter_signature(const std::function<void(Bytes&)>& change_value,
                                                    const std::function<Bytes(const Bytes&)>& change_info = {}) {
  FileSigner signer("individual");
  const Bytes document = document_by("head");
  Bytes value = signature_value(document, 0, base::Limits{}).value();
  change_value(value);
  const Signed made =
      signed_by(signer, prepare_counter_signature(context(), value, signer.certificate(), profile_of(signer)).value());
  Bytes info = write_signer_info(made.to_be_signed, made.signature).value();
  if (change_info) info = change_info(info);
  Edit edit = Edit::open(document, base::Limits{}).value();
  edit.set_signer(0,
                  with_unsigned_attribute(edit.signer(0).value(), attribute(oid::kCountersignature, {info})).value());
  edit.add_certificate(base::to_bytes(signer.certificate()->der()));
  const auto facts = inspected(edit.write());
  EXPECT_TRUE(all_good(facts)) << "the signature itself";
  return facts.signatures.at(0).counter_signatures.size() == 1 ? codes(facts.signatures[0].counter_signatures[0].errors)
                                                               : std::vector<std::string>{"none"};
}

void leave(Bytes&) {}

TEST(CounterSignature, OfAnotherValueIsADigestMismatch) {
  EXPECT_THAT(codes_of_counter_signature(leave), ElementsAre());
  EXPECT_THAT(codes_of_counter_signature([](Bytes& value) { value[9] ^= 1; }), ElementsAre("digest.mismatch"));
}

TEST(CounterSignature, WithAChangedValueIsBroken) {
  const auto change = [](const Bytes& info) {
    Bytes changed = info;
    changed.back() ^= 1;
    return changed;
  };
  EXPECT_THAT(codes_of_counter_signature(leave, change), ElementsAre("signature.broken"));
}

TEST(CounterSignature, ThatIsNoSignerInfoSaysSo) {
  EXPECT_THAT(codes_of_counter_signature(leave, [](const Bytes&) { return der::write_null(); }),
              ElementsAre("cms.malformed"));
}

// A "signature value" that is the DER of signed attributes: the value over those attributes verifies over it.
TEST(CounterSignature, OverAValueThatIsSignedAttributesIsRefused) {
  FileSigner signer("individual");
  const Bytes other = document_by("individual");
  const SignerInfo stolen = parse_signer_info(parse_signed_data(other, base::Limits{}).value().signers[0]).value();
  Bytes attributes = base::to_bytes(*stolen.signed_attributes);
  attributes.front() = der::kSet;
  const auto field = [](ByteView whole) { return base::to_bytes(whole); };
  const Bytes sid = der::write_sequence(
      {signer.certificate()->issuer().der(), der::write(der::kInteger, signer.certificate()->serial())});
  const Bytes counter =
      der::write_sequence({der::write_integer(1), sid, field(stolen.digest_algorithm),
                           field(stolen.signature_algorithm), der::write_octet_string(stolen.signature)});
  const Bytes parent =
      der::write_sequence({der::write_integer(1), sid, field(stolen.digest_algorithm),
                           field(stolen.signature_algorithm), der::write_octet_string(attributes),
                           der::write(der::context_constructed(1), attribute(oid::kCountersignature, {counter}))});
  Parts parts(other);
  parts.signers = {parent};
  const auto facts = inspected(parts.write());
  ASSERT_EQ(facts.signatures.at(0).counter_signatures.size(), 1U);
  EXPECT_THAT(codes(facts.signatures[0].counter_signatures[0].errors), ElementsAre("cms.attribute"));
}

TEST(CounterSignature, CostsNothingThatTheSignaturesNeed) {
  Bytes document = document_by("head");
  for (int i = 0; i < 5; ++i) document = with_counter_signature(document, 0, "individual");
  document = with_signer(document, "individual");
  base::Limits limits;
  limits.max_public_key_operations = 4;
  const auto facts = inspected(document, {}, {}, limits);
  EXPECT_TRUE(all_good(facts));
  ASSERT_EQ(facts.signatures[0].counter_signatures.size(), 5U);
  EXPECT_THAT(codes(facts.signatures[0].counter_signatures[1].errors), ElementsAre());
  EXPECT_THAT(codes(facts.signatures[0].counter_signatures[2].errors), ElementsAre("limit.cost"));
}

}  // namespace
}  // namespace tanba::cms
