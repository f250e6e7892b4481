#include "cms/inspect.h"

#include "cms/certificate_reference.h"
#include "cms/test_support.h"

namespace tanba::cms {
namespace {

using namespace tanba::cms::test;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kContent = "content";

Bytes good_document(const Profile& profile = {.algorithm = rsa_sha256()}, std::string_view content = kContent,
                    const std::string& name = "head") {
  FileSigner signer(name);
  return sign(context(), signer, base::as_bytes(content), profile).value();
}
Profile detached_profile() {
  return {.placement = Placement::kDetached, .algorithm = rsa_sha256()};
}

// --- content ---------------------------------------------------------------------------------------------------------

TEST(Content, AttachedIsKeptWhenAskedFor) {
  const Bytes document = good_document();
  const auto kept = inspected(document);
  ASSERT_TRUE(all_good(kept));
  EXPECT_EQ(kept.format, pki::DocumentFormat::kCms);
  EXPECT_EQ(kept.content_type, oid::kData);
  EXPECT_EQ(kept.signatures[0].id, "S1");
  EXPECT_EQ(base::as_text(kept.signatures[0].signed_octets), kContent);
  EXPECT_EQ(kept.signatures[0].covers.what, "content");
  EXPECT_TRUE(kept.signatures[0].covers.whole);
  EXPECT_TRUE(inspected(document, {}, {.keep_octets = pki::KeepOctets::kNo}).signatures[0].signed_octets.empty());
}

TEST(Content, ChangedIsADigestMismatchAndNotKept) {
  Parts parts(good_document());
  parts.content->front() ^= 1;
  const auto facts = inspected(parts.write());
  EXPECT_THAT(all_codes(facts), ElementsAre("S1:digest.mismatch"));
  EXPECT_TRUE(facts.signatures[0].signed_octets.empty());
}

TEST(Content, DetachedIsGivenAsOctets) {
  const Bytes document = good_document(detached_profile());
  const auto facts = inspected(document, base::as_bytes(kContent));
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(base::as_text(facts.signatures[0].signed_octets), kContent);
  EXPECT_THAT(all_codes(inspected(document, base::as_bytes("Content"))), ElementsAre("S1:digest.mismatch"));
}

TEST(Content, DetachedAndNotGivenIsNoContent) {
  EXPECT_THAT(all_codes(inspected(good_document(detached_profile()))),
              ElementsAre("cms.no_content", "S1:cms.no_content"));
}

TEST(Content, AttachedAndGivenBesideIsRefused) {
  EXPECT_THAT(all_codes(inspected(good_document(), base::as_bytes(kContent))), ElementsAre("cms.content_given_twice"));
}

TEST(Content, EmptyIsContent) {
  EXPECT_TRUE(all_good(inspected(good_document({.algorithm = rsa_sha256()}, ""))));
  EXPECT_TRUE(all_good(inspected(good_document(detached_profile(), ""), ByteView())));
}

DigestedContent by_digests(std::string_view content, int& asked) {
  DigestedContent out;
  out.size_bytes = content.size();
  out.beginning = base::to_bytes(base::as_bytes(content.substr(0, DigestedContent::kBeginningBytes)));
  out.compute = [content, &asked](pki::DigestAlgorithm algorithm) {
    ++asked;
    return pki::compute_digest(context(), algorithm, base::as_bytes(content));
  };
  return out;
}

TEST(Content, DetachedMayBeGivenByItsDigests) {
  const Bytes document = good_document(detached_profile());
  Parts twice(document);
  twice.signers.push_back(twice.signers[0]);
  int asked = 0;
  EXPECT_TRUE(all_good(inspected(twice.write(), by_digests(kContent, asked))));
  EXPECT_EQ(asked, 1) << "once for an algorithm, not for a signer";
  EXPECT_THAT(all_codes(inspected(document, by_digests("other", asked))), ElementsAre("S1:digest.mismatch"));
}

TEST(Content, AFaultOfTheDigesterIsNoVerdict) {
  DigestedContent broken;
  broken.compute = [](pki::DigestAlgorithm) { return base::Result<Bytes>(base::fail(Code::kInternal)); };
  base::Budget budget{base::Limits{}};
  const auto facts = inspect(context(), good_document(detached_profile()), std::move(broken), budget);
  ASSERT_FALSE(facts.has_value());
  EXPECT_EQ(facts.error().code(), Code::kInternal);
}

// --- signed attributes -----------------------------------------------------------------------------------------------

Bytes without(const pki::Oid& type, const Profile& profile = {.algorithm = rsa_sha256()}) {
  return signed_with_attributes(
      [&type](std::vector<Bytes>& attributes) {
        std::erase_if(attributes, [&type](const Bytes& one) { return parse_attributes(one).value().at(0).is(type); });
      },
      profile);
}
Bytes with(const Bytes& added) {
  return signed_with_attributes([&added](std::vector<Bytes>& attributes) { attributes.push_back(added); });
}
Bytes with_instead(const pki::Oid& type, const Bytes& other) {
  return signed_with_attributes([&](std::vector<Bytes>& attributes) {
    std::erase_if(attributes, [&type](const Bytes& one) { return parse_attributes(one).value().at(0).is(type); });
    attributes.push_back(other);
  });
}
Bytes digest_of(std::string_view text) {
  return pki::compute_digest(context(), pki::DigestAlgorithm::kSha256, base::as_bytes(text)).value();
}

TEST(SignedAttributes, UnknownOnesAreSignedLikeTheOthers) {
  EXPECT_TRUE(all_good(inspected(with(attribute(pki::Oid::literal("2.25.7"), {der::write_integer(1)})))));
}

TEST(SignedAttributes, ContentTypeMustBeThereOnce) {
  EXPECT_THAT(all_codes(inspected(without(oid::kContentType))), ElementsAre("S1:cms.attribute"));
  EXPECT_THAT(all_codes(inspected(with(attribute(oid::kContentType, {oid::kData.der()})))),
              ElementsAre("S1:cms.attribute"));
  EXPECT_THAT(all_codes(inspected(with_instead(oid::kContentType, attribute(oid::kContentType, {})))),
              ElementsAre("S1:cms.attribute"));
}

TEST(SignedAttributes, ContentTypeMustBeThatOfTheContent) {
  EXPECT_THAT(
      all_codes(inspected(with_instead(oid::kContentType, attribute(oid::kContentType, {oid::kTstInfo.der()})))),
      ElementsAre("S1:cms.content_type"));
  Parts parts(good_document());
  parts.content_type = oid::kTstInfo;
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S1:cms.content_type"));
}

TEST(SignedAttributes, MessageDigestMustBeThereOnce) {
  const Bytes right = der::write_octet_string(digest_of(kContent));
  EXPECT_THAT(all_codes(inspected(without(oid::kMessageDigest))), ElementsAre("S1:cms.attribute"));
  EXPECT_THAT(all_codes(inspected(with(attribute(oid::kMessageDigest, {right})))), ElementsAre("S1:cms.attribute"));
  const Bytes wrong = der::write_octet_string(digest_of("other"));
  EXPECT_THAT(all_codes(inspected(with_instead(oid::kMessageDigest, attribute(oid::kMessageDigest, {right, wrong})))),
              ElementsAre("S1:cms.attribute"));
  EXPECT_THAT(all_codes(inspected(with_instead(oid::kMessageDigest, attribute(oid::kMessageDigest, {wrong})))),
              ElementsAre("S1:digest.mismatch"));
  const Bytes no_octet_string = der::write(der::kUtf8String, digest_of(kContent));
  EXPECT_THAT(
      all_codes(inspected(with_instead(oid::kMessageDigest, attribute(oid::kMessageDigest, {no_octet_string})))),
      ElementsAre("S1:cms.attribute"));
}

TEST(SignedAttributes, SigningTimeIsReadButMayBeAbsent) {
  const base::Time time = base::parse_time("2026-11-22T04:18:50Z").value();
  const auto facts = inspected(with(attribute(oid::kSigningTime, {der::write_time(time)})));
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures[0].claimed_signing_time, time);
  EXPECT_FALSE(inspected(good_document()).signatures[0].claimed_signing_time.has_value());
  EXPECT_THAT(all_codes(inspected(with(attribute(oid::kSigningTime, {der::write_integer(1)})))),
              ElementsAre("S1:cms.attribute"));
  EXPECT_THAT(all_codes(inspected(
                  with(attribute(oid::kSigningTime, {der::write_time(time), der::write_generalized_time(time)})))),
              ElementsAre("S1:cms.attribute"));
}

TEST(SignedAttributes, UnsortedOnesAreDigestedSorted) {
  Parts parts(good_document());
  const SignerInfo info = parse_signer_info(parts.signers[0]).value();
  const auto set = der::parse_single(*info.signed_attributes, der::context_constructed(0), "attributes").value();
  std::vector<Attribute> attributes = parse_attributes(set.value).value();
  std::ranges::reverse(attributes);
  Bytes reversed;
  for (const Attribute& one : attributes) reversed.insert(reversed.end(), one.whole.begin(), one.whole.end());
  // In place: the order is all that changes.
  const auto found = std::ranges::search(parts.signers[0], set.value);
  std::ranges::copy(reversed, found.begin());
  EXPECT_TRUE(all_good(inspected(parts.write())));
}

// A document whose signature is over the content itself.
Bytes without_attributes(std::string_view content, const pki::Oid& type = oid::kData) {
  FileSigner signer("head");
  Parts parts(good_document({.algorithm = rsa_sha256()}, content));
  parts.content_type = type;
  const pki::CertificatePtr& own = signer.certificate();
  parts.signers[0] = der::write_sequence(
      {der::write_integer(1), der::write_sequence({own->issuer().der(), der::write(der::kInteger, own->serial())}),
       pki::write_digest_identifier(pki::DigestAlgorithm::kSha256), pki::write_algorithm_identifier(rsa_sha256()),
       der::write_octet_string(signer.sign(rsa_sha256(), base::as_bytes(content)).value())});
  return parts.write();
}

TEST(NoSignedAttributes, TheSignatureIsOverTheContent) {
  EXPECT_TRUE(all_good(inspected(without_attributes(kContent))));
  Parts changed(without_attributes(kContent));
  changed.content->front() ^= 1;
  EXPECT_THAT(all_codes(inspected(changed.write())), ElementsAre("S1:signature.broken"));
  Parts detached(without_attributes(kContent));
  detached.content.reset();
  int asked = 0;
  EXPECT_TRUE(all_good(inspected(detached.write(), base::as_bytes(kContent))));
  EXPECT_TRUE(all_good(inspected(detached.write(), by_digests(kContent, asked))));
  EXPECT_THAT(all_codes(inspected(detached.write())), ElementsAre("cms.no_content", "S1:cms.no_content"));
}

TEST(NoSignedAttributes, AreForDataOnly) {
  EXPECT_THAT(all_codes(inspected(without_attributes(kContent, oid::kTstInfo))), ElementsAre("S1:cms.attribute"));
}

TEST(NoSignedAttributes, AttributesSignedElsewhereAreNoContent) {
  // The value over the signed attributes of a good document, given as a signature over content that is those
  // attributes.
  const Bytes good = good_document();
  const Parts original(good);
  const SignerInfo info = parse_signer_info(original.signers[0]).value();
  Parts forged(without_attributes(kContent));
  forged.content = base::to_bytes(*info.signed_attributes);
  forged.content->front() = der::kSet;
  const SignerInfo unsigned_form = parse_signer_info(forged.signers[0]).value();
  const Bytes sid = der::write_sequence({unsigned_form.issuer, der::write(der::kInteger, unsigned_form.serial)});
  forged.signers[0] = der::write_sequence({der::write_integer(1), sid, info.digest_algorithm, info.signature_algorithm,
                                           der::write_octet_string(info.signature)});
  EXPECT_THAT(all_codes(inspected(forged.write())), ElementsAre("S1:cms.attribute"));

  const std::string attributes(base::as_text(*forged.content));
  forged.content.reset();
  int asked = 0;
  EXPECT_THAT(all_codes(inspected(forged.write(), by_digests(attributes, asked))), ElementsAre("S1:cms.attribute"));
}

// --- the reference to the signing certificate ------------------------------------------------------------------------

Bytes reference_to(const pki::Certificate& named, const pki::Certificate& issuer_of) {
  const Bytes hash = der::write_octet_string(named.digest().view());
  const Bytes names = der::write_sequence({der::write(der::context_constructed(4), issuer_of.issuer().der())});
  const Bytes issuer_serial = der::write_sequence({names, der::write(der::kInteger, issuer_of.serial())});
  return der::write_sequence({der::write_sequence({der::write_sequence({hash, issuer_serial})})});
}

TEST(SigningCertificate, MustNameTheSigner) {
  const auto own = certificate("certs/head");
  const auto other = certificate("certs/individual");
  const auto replaced = [](const Bytes& value) {
    return inspected(with_instead(oid::kSigningCertificateV2, attribute(oid::kSigningCertificateV2, {value})));
  };
  EXPECT_TRUE(all_good(replaced(reference_to(*own, *own))));
  EXPECT_THAT(all_codes(replaced(reference_to(*other, *own))), ElementsAre("S1:cms.signing_certificate"));
  EXPECT_THAT(all_codes(replaced(reference_to(*own, *other))), ElementsAre("S1:cms.signing_certificate"));
  EXPECT_THAT(all_codes(replaced(der::write_sequence({}))), ElementsAre("S1:cms.attribute"));
  EXPECT_TRUE(all_good(inspected(without(oid::kSigningCertificateV2))));
}

TEST(SigningCertificate, MustStandOnce) {
  EXPECT_THAT(all_codes(inspected(with(
                  attribute(oid::kSigningCertificateV2, {write_signing_certificate_v2(*certificate("certs/head"))})))),
              ElementsAre("S1:cms.attribute"));
}

TEST(SigningCertificate, OfTheFirstVersionIsBySha1) {
  const auto value = [](const std::string& name) {
    const Bytes hash =
        pki::compute_digest(context(), pki::DigestAlgorithm::kSha1, certificate("certs/" + name)->der()).value();
    const Bytes reference = der::write_sequence({der::write_octet_string(hash)});
    return attribute(oid::kSigningCertificate, {der::write_sequence({der::write_sequence({reference})})});
  };
  EXPECT_TRUE(all_good(inspected(with(value("head")))));
  EXPECT_THAT(all_codes(inspected(with(value("individual")))), ElementsAre("S1:cms.signing_certificate"));
}

TEST(SigningCertificate, MayNameItsHash) {
  const auto value = [](const pki::Oid& algorithm, pki::DigestAlgorithm digest) {
    const Bytes hash = pki::compute_digest(context(), digest, certificate("certs/head")->der()).value();
    const Bytes reference =
        der::write_sequence({der::write_sequence({algorithm.der()}), der::write_octet_string(hash)});
    return attribute(oid::kSigningCertificateV2, {der::write_sequence({der::write_sequence({reference})})});
  };
  const auto sha512 = pki::DigestAlgorithm::kSha512;
  EXPECT_TRUE(all_good(inspected(with_instead(oid::kSigningCertificateV2, value(pki::digest_oid(sha512), sha512)))));
  EXPECT_THAT(
      all_codes(inspected(with_instead(oid::kSigningCertificateV2, value(pki::Oid::literal("2.25.5"), sha512)))),
      ElementsAre("S1:algorithm.unknown"));
}

// --- signer, algorithms, value ---------------------------------------------------------------------------------------

TEST(Value, ChangedIsBroken) {
  Parts parts(good_document());
  parts.signers[0].back() ^= 1;  // the value stands last
  const auto facts = inspected(parts.write());
  EXPECT_THAT(all_codes(facts), ElementsAre("S1:signature.broken"));
  EXPECT_EQ(facts.signatures[0].certificate->digest(), certificate("certs/head")->digest());
}

TEST(Value, EmptyOrOfAnotherLengthIsBroken) {
  FileSigner signer("head");
  const auto to_be_signed =
      prepare(context(), base::as_bytes(kContent), signer.certificate(), {.algorithm = rsa_sha256()}).value();
  const Bytes value = signer.sign(rsa_sha256(), to_be_signed.octets).value();
  for (const std::size_t size : {1U, 255U, 257U, 5000U}) {
    Bytes other = value;
    other.resize(size);
    EXPECT_THAT(all_codes(inspected(complete(to_be_signed, other).value())), ElementsAre("S1:signature.broken"));
  }
}

TEST(Signer, WithoutItsCertificateIsNotVerified) {
  Parts parts(good_document());
  parts.certificates = base::to_bytes(certificate("certs/individual")->der());
  const auto facts = inspected(parts.write());
  EXPECT_THAT(all_codes(facts), ElementsAre("S1:cms.no_certificate"));
  EXPECT_EQ(facts.signatures[0].certificate, nullptr);
  parts.certificates.clear();
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S1:cms.no_certificate"));
  const std::vector<pki::CertificatePtr> beside{certificate("certs/head")};
  EXPECT_TRUE(all_good(inspected(parts.write(), {}, {.certificates = beside})));
}

TEST(Signer, OfOneNameAndSerialWithAnotherKeyDoesNotHideTheRightOne) {
  // A certificate with the signer's issuer and serial, and another key: both are embedded, the decoy first.
  const auto own = certificate("certs/head");
  const auto other = certificate("certs/individual");
  Bytes decoy = base::to_bytes(own->der());
  const auto key = std::ranges::search(decoy, own->key().spki);
  ASSERT_EQ(own->key().spki.size(), other->key().spki.size());
  std::ranges::copy(other->key().spki, key.begin());
  Parts parts(without(oid::kSigningCertificateV2));
  parts.certificates = joined({decoy, base::to_bytes(own->der())});
  const auto facts = inspected(parts.write());
  EXPECT_TRUE(all_good(facts));
  EXPECT_EQ(facts.signatures[0].certificate->digest(), own->digest());
  parts.certificates = decoy;
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S1:signature.broken"));
}

Bytes with_algorithms(const Bytes& digest, const Bytes& signature) {
  Parts parts(good_document());
  const SignerInfo info = parse_signer_info(parts.signers[0]).value();
  const Bytes sid = der::write_sequence({info.issuer, der::write(der::kInteger, info.serial)});
  parts.signers[0] = der::write_sequence({der::write_integer(1), sid, digest, *info.signed_attributes, signature,
                                          der::write_octet_string(info.signature)});
  return parts.write();
}

TEST(Algorithms, AreNamedAndMustFitTogether) {
  const Bytes sha256 = pki::write_digest_identifier(pki::DigestAlgorithm::kSha256);
  const Bytes sha512 = pki::write_digest_identifier(pki::DigestAlgorithm::kSha512);
  const Bytes rsa = pki::write_algorithm_identifier(rsa_sha256());
  const Bytes unknown = der::write_sequence({pki::Oid::literal("2.25.9").der()});
  EXPECT_TRUE(all_good(inspected(with_algorithms(sha256, rsa))));
  EXPECT_THAT(inspected(with_algorithms(sha256, rsa)).signatures[0].algorithm_names,
              ElementsAre("1.2.840.113549.1.1.11", "2.16.840.1.101.3.4.2.1"));
  EXPECT_THAT(all_codes(inspected(with_algorithms(sha512, rsa))),
              UnorderedElementsAre("S1:algorithm.mismatch", "S1:digest.mismatch"));
  EXPECT_THAT(all_codes(inspected(with_algorithms(unknown, rsa))), ElementsAre("S1:algorithm.unknown"));
  EXPECT_THAT(all_codes(inspected(with_algorithms(sha256, unknown))), ElementsAre("S1:algorithm.unknown"));
}

TEST(Algorithms, OfTheKeyMustBeThatOfTheSignature) {
  const Bytes ecdsa = pki::write_algorithm_identifier({.scheme = pki::SignatureScheme::kEcdsa});
  EXPECT_THAT(all_codes(inspected(with_algorithms(pki::write_digest_identifier(pki::DigestAlgorithm::kSha256), ecdsa))),
              ElementsAre("S1:algorithm.mismatch"));
}

TEST(Signers, NoneIsNoSigner) {
  Parts parts(good_document());
  parts.signers.clear();
  const auto facts = inspected(parts.write());
  EXPECT_THAT(all_codes(facts), ElementsAre("cms.no_signer"));
  EXPECT_TRUE(facts.signatures.empty());
}

TEST(Signers, AreAllInspected) {
  Parts parts(good_document());
  const Parts second(good_document({.algorithm = rsa_sha256()}, kContent, "individual"));
  parts.signers.push_back(second.signers[0]);
  parts.certificates = joined({parts.certificates, second.certificates});
  const auto facts = inspected(parts.write());
  ASSERT_TRUE(all_good(facts));
  ASSERT_EQ(facts.signatures.size(), 2U);
  EXPECT_EQ(facts.signatures[1].id, "S2");
  EXPECT_EQ(facts.signatures[1].certificate->digest(), certificate("certs/individual")->digest());

  parts.signers[0].back() ^= 1;
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S1:signature.broken"));
  parts.signers[0].back() ^= 1;
  parts.signers[1].back() ^= 1;
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S2:signature.broken"));
}

TEST(Signers, AMalformedOneDoesNotHideTheOthers) {
  Parts parts(good_document());
  parts.signers.insert(parts.signers.begin(), der::write_sequence({der::write_integer(1)}));
  const auto facts = inspected(parts.write());
  EXPECT_THAT(all_codes(facts), ElementsAre("S1:cms.malformed"));
  EXPECT_EQ(facts.signatures.size(), 2U);
}

// --- limits ----------------------------------------------------------------------------------------------------------

TEST(Limit, ManySignersAreRefusedBeforeAnyVerification) {
  Parts parts(good_document());
  parts.signers.resize(1000, parts.signers[0]);
  base::Limits limits;
  limits.max_public_key_operations = 0;  // none may be tried
  limits.max_digested_bytes = 0;
  const auto facts = inspected(parts.write(), {}, {}, limits);
  EXPECT_THAT(all_codes(facts), ElementsAre("limit.count"));
  EXPECT_TRUE(facts.signatures.empty());
}

TEST(Limit, OfPublicKeyOperations) {
  Parts parts(good_document());
  parts.signers.push_back(parts.signers[0]);
  base::Limits limits;
  limits.max_public_key_operations = 2;
  EXPECT_TRUE(all_good(inspected(parts.write(), {}, {}, limits)));
  limits.max_public_key_operations = 1;
  EXPECT_THAT(all_codes(inspected(parts.write(), {}, {}, limits)), ElementsAre("S2:limit.cost"));
}

TEST(Limit, OfDigestedOctetsCountsContentOncePerAlgorithm) {
  const std::string content(100'000, 'x');
  Parts parts(good_document({.algorithm = rsa_sha256()}, content));
  parts.signers.resize(10, parts.signers[0]);
  base::Limits limits;
  limits.max_digested_bytes = 110'000;  // the content once, and ten sets of attributes
  EXPECT_TRUE(all_good(inspected(parts.write(), {}, {.keep_octets = pki::KeepOctets::kNo}, limits)));
  EXPECT_THAT(all_codes(inspected(parts.write(), {}, {.keep_octets = pki::KeepOctets::kYes}, limits)),
              Contains("S1:limit.cost"));
  limits.max_digested_bytes = 99'999;
  EXPECT_THAT(all_codes(inspected(parts.write(), {}, {}, limits)), Contains("S1:limit.cost"));
}

TEST(Limit, OfCertificates) {
  Parts parts(good_document());
  const Bytes other = base::to_bytes(certificate("certs/individual")->der());
  base::Limits limits;
  limits.max_certificates = 2;
  parts.certificates = joined({parts.certificates, other});
  EXPECT_TRUE(all_good(inspected(parts.write(), {}, {}, limits)));
  parts.certificates = joined({parts.certificates, other});
  EXPECT_THAT(all_codes(inspected(parts.write(), {}, {}, limits)), ElementsAre("limit.count"));
}

TEST(Limit, OfTheDocumentsSize) {
  const Bytes document = good_document();
  base::Limits limits;
  limits.max_document_bytes = document.size();
  EXPECT_TRUE(all_good(inspected(document, {}, {}, limits)));
  limits.max_document_bytes = document.size() - 1;
  EXPECT_THAT(all_codes(inspected(document, {}, {}, limits)), ElementsAre("limit.size"));
}

TEST(Limit, OfTimeStamps) {
  const auto stamped = [](std::size_t count) {
    Parts parts(good_document());
    const std::vector<Bytes> tokens(count, der::write_integer(1));
    parts.signers[0] = with_appended(
        parts.signers[0], der::write(der::context_constructed(1), attribute(oid::kSignatureTimeStamp, tokens)));
    return inspected(parts.write());
  };
  EXPECT_EQ(stamped(16).signatures[0].timestamp_tokens.size(), 16U);
  EXPECT_THAT(all_codes(stamped(17)), ElementsAre("S1:limit.count"));
}

// --- form ------------------------------------------------------------------------------------------------------------

TEST(Form, TruncatedAnywhereIsAnError) {
  const Bytes document = good_document();
  for (std::size_t size = 0; size < document.size(); ++size) {
    const auto facts = inspected(ByteView(document).first(size));
    EXPECT_FALSE(facts.errors.empty()) << size;
    EXPECT_TRUE(facts.signatures.empty()) << size;
  }
  EXPECT_THAT(all_codes(inspected(ByteView())), ElementsAre("format.empty"));
  EXPECT_THAT(all_codes(inspected(ByteView(document).first(document.size() - 1))), ElementsAre("cms.malformed"));
}

TEST(Form, NoOctetCanBeChangedWithoutAnErrorInWhatIsSigned) {
  // Every octet from the content to the value, but for those that RFC 5652 leaves unsigned: outer lengths and tags
  // become malformed, the rest must break the digest, an attribute or the value.
  const Bytes document = good_document();
  const SignedData parsed = parse_signed_data(document, base::Limits{}).value();
  const auto offset = [&document](ByteView part) { return static_cast<std::size_t>(part.data() - document.data()); };
  const auto check = [&](ByteView part) {
    for (std::size_t i = offset(part); i < offset(part) + part.size(); ++i) {
      Bytes changed = document;
      changed[i] ^= 1;
      EXPECT_FALSE(all_good(inspected(changed))) << i;
    }
  };
  check(*parsed.content);
  const SignerInfo info = parse_signer_info(parsed.signers[0]).value();
  check(*info.signed_attributes);
  check(info.signature);
  check(info.serial);
}

TEST(Form, OctetsAfterTheEndAreRefused) {
  Bytes document = good_document();
  document.push_back(0);
  EXPECT_THAT(all_codes(inspected(document)), ElementsAre("der.trailing"));
}

TEST(Form, VersionNumbersAreNotJudged) {
  const std::vector<std::uint8_t> versions{0, 1, 3, 5};
  for (const std::uint8_t version : versions) {
    Parts parts(good_document());
    Bytes& signer = parts.signers[0];
    ASSERT_EQ(base::to_hex(ByteView(signer).subspan(4, 3)), "020101");  // after SEQUENCE with two octets of length
    signer[6] = version;
    EXPECT_TRUE(all_good(inspected(parts.write()))) << int{version};
  }
}

TEST(Form, UnsignedAttributesMustBeWellFormed) {
  Parts parts(good_document());
  parts.signers[0] = with_appended(parts.signers[0], der::write(der::context_constructed(1), der::write_integer(1)));
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("S1:cms.malformed"));
}

TEST(Form, AMalformedCertificateIsNamed) {
  Parts parts(good_document());
  parts.certificates = joined({parts.certificates, der::write_sequence({der::write_integer(1)})});
  EXPECT_THAT(all_codes(inspected(parts.write())), ElementsAre("certificate.malformed"));
}

// --- what is only collected ------------------------------------------------------------------------------------------

TEST(Collected, TimeStampsAndCountersignatures) {
  Parts parts(good_document());
  const Bytes first = der::write_sequence({der::write_integer(1)});
  const Bytes second = der::write_sequence({der::write_integer(2)});
  const Bytes attributes = joined({attribute(oid::kSignatureTimeStamp, {first, second}),
                                   attribute(oid::kCountersignature, {first, first, second})});
  parts.signers[0] = with_appended(parts.signers[0], der::write(der::context_constructed(1), attributes));
  const auto facts = inspected(parts.write());
  ASSERT_TRUE(all_good(facts));
  const Bytes& value = facts.signatures[0].signature_value;
  EXPECT_THAT(facts.signatures[0].timestamp_tokens,
              ElementsAre(pki::TimestampToken{first, value}, pki::TimestampToken{second, value}));
  EXPECT_EQ(facts.signatures[0].countersignatures, 3U);
  EXPECT_EQ(facts.signatures[0].signature_value.size(), 256U);
}

TEST(Collected, RevocationInformationOfTheDocument) {
  const Bytes crl = read(certs_test() / "crl" / "issuing.crl");
  const Bytes ocsp = read(certs_test() / "ocsp" / "head.ors");
  const Bytes other = joined({oid::kOcspResponse.der(), ocsp});
  const Bytes unknown = joined({pki::Oid::literal("2.25.3").der(), ocsp});
  Parts parts(good_document());
  parts.revocation =
      joined({crl, der::write(der::context_constructed(1), other), der::write(der::context_constructed(1), unknown)});
  const auto facts = inspected(parts.write());
  EXPECT_TRUE(all_good(facts));
  EXPECT_THAT(facts.crls, ElementsAre(crl));
  EXPECT_THAT(facts.ocsp_responses, ElementsAre(ocsp));
}

TEST(Collected, ValuesOfCades) {
  const Bytes crl = read(certs_test() / "crl" / "issuing.crl");
  const Bytes ocsp = read(certs_test() / "ocsp" / "head.ors");
  // OCSPResponse { status, [0] { SEQUENCE { type, OCTET STRING { BasicOCSPResponse } } } }
  der::Reader response(der::parse_single(ocsp, der::kSequence, "response")->value);
  ASSERT_TRUE(response.next().has_value());
  der::Reader bytes(der::parse_single(response.next()->value, der::kSequence, "bytes")->value);
  ASSERT_TRUE(bytes.next().has_value());
  const Bytes basic = base::to_bytes(bytes.next()->value);
  const Bytes values = der::write_sequence({der::write(der::context_constructed(0), der::write_sequence({crl})),
                                            der::write(der::context_constructed(1), der::write_sequence({basic}))});
  const Bytes attributes =
      joined({attribute(oid::kRevocationValues, {values}),
              attribute(oid::kCertificateValues, {der::write_sequence({certificate("ca/issuing")->der()})})});
  Parts parts(good_document());
  parts.signers[0] = with_appended(parts.signers[0], der::write(der::context_constructed(1), attributes));
  const auto facts = inspected(parts.write());
  EXPECT_TRUE(all_good(facts));
  EXPECT_THAT(facts.crls, ElementsAre(crl));
  EXPECT_THAT(facts.ocsp_responses, ElementsAre(ocsp));
  EXPECT_EQ(facts.certificates.size(), 2U);
}

TEST(Collected, ValuesThatCannotBeReadAreAWarning) {
  for (const auto& [type, name] : {std::pair(oid::kRevocationValues, "revocationValues"),
                                   std::pair(oid::kCertificateValues, "certificateValues")}) {
    Parts parts(good_document());
    parts.signers[0] =
        with_appended(parts.signers[0],
                      der::write(der::context_constructed(1), attribute(type, {der::write_octet_string(Bytes{1})})));
    const auto facts = inspected(parts.write());
    EXPECT_TRUE(all_good(facts)) << name;
    const std::vector<base::Error>& warnings = facts.signatures.at(0).warnings;
    ASSERT_THAT(codes(warnings), ElementsAre("cms.unsigned_attribute"));
    EXPECT_EQ(warnings[0].arguments().at(0).value, name);
  }
}

}  // namespace
}  // namespace tanba::cms
