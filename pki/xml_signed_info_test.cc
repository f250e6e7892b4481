#include "pki/xml_signed_info.h"

#include <gtest/gtest.h>

namespace tanba::pki {
namespace {

using base::Code;

constexpr SignatureAlgorithm kRsaSha256{SignatureScheme::kRsaPkcs1, DigestAlgorithm::kSha256, DigestAlgorithm::kSha256,
                                        0};

TEST(XmlNames, GoBothWays) {
  for (const DigestAlgorithm digest :
       {DigestAlgorithm::kMd5, DigestAlgorithm::kSha1, DigestAlgorithm::kSha224, DigestAlgorithm::kSha256,
        DigestAlgorithm::kSha384, DigestAlgorithm::kSha512, DigestAlgorithm::kSha3_256, DigestAlgorithm::kSha3_384,
        DigestAlgorithm::kSha3_512, DigestAlgorithm::kGost34311, DigestAlgorithm::kStreebog256,
        DigestAlgorithm::kStreebog512}) {
    const auto uri = xml_digest_uri(digest);
    ASSERT_TRUE(uri.has_value()) << to_string(digest);
    EXPECT_EQ(*digest_from_xml(*uri), digest);
    for (const SignatureScheme scheme :
         {SignatureScheme::kRsaPkcs1, SignatureScheme::kRsaPss, SignatureScheme::kEcdsa, SignatureScheme::kDsa,
          SignatureScheme::kGost2004, SignatureScheme::kGost2015_256, SignatureScheme::kGost2015_512}) {
      SignatureAlgorithm algorithm{scheme, digest, DigestAlgorithm::kSha256, 0};
      if (scheme == SignatureScheme::kRsaPss) {
        algorithm.mgf1_digest = digest;
        algorithm.salt_bytes = static_cast<std::uint16_t>(digest_size_bytes(digest));
      }
      const auto signature_uri = xml_signature_uri(algorithm);
      if (!signature_uri) continue;
      EXPECT_EQ(*signature_algorithm_from_xml(*signature_uri), algorithm) << *signature_uri;
    }
  }
  EXPECT_EQ(*xml_signature_uri(kRsaSha256), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
}

TEST(XmlNames, KazakhstansOwn) {
  const auto gost =
      signature_algorithm_from_xml("urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512");
  ASSERT_TRUE(gost.has_value());
  EXPECT_EQ(gost->scheme, SignatureScheme::kGost2015_512);
  EXPECT_EQ(gost->digest, DigestAlgorithm::kStreebog512);
  EXPECT_EQ(signature_algorithm_from_xml("http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311")->scheme,
            SignatureScheme::kGost2004);
}

TEST(XmlNames, MacsAreForbiddenAndOthersUnknown) {
  for (const std::string_view uri :
       {"http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}) {
    EXPECT_EQ(signature_algorithm_from_xml(uri).error().code(), Code::kXmlAlgorithmForbidden) << uri;
  }
  EXPECT_EQ(signature_algorithm_from_xml("http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160").error().code(),
            Code::kAlgorithmUnknown);
  EXPECT_EQ(digest_from_xml("http://www.w3.org/2001/04/xmlenc#ripemd160").error().code(), Code::kAlgorithmUnknown);
  EXPECT_EQ(digest_from_xml("").error().code(), Code::kAlgorithmUnknown);
}

TEST(XmlNames, PssWithUnusualParametersHasNone) {
  SignatureAlgorithm pss{SignatureScheme::kRsaPss, DigestAlgorithm::kSha256, DigestAlgorithm::kSha256, 32};
  EXPECT_EQ(*xml_signature_uri(pss), "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1");
  pss.salt_bytes = 20;
  EXPECT_EQ(xml_signature_uri(pss).error().code(), Code::kAlgorithmUnknown);
}

// The text is a contract with the key server: it never changes for an algorithm and a digest.
TEST(SignedInfo, IsAFixedText) {
  const base::Bytes digest(32, 0xAB);
  const auto text = signed_info_for(kRsaSha256, digest);
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*text,
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod "
            "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod "
            "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod><ds:Reference "
            "URI=\"\"><ds:Transforms><ds:Transform "
            "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform "
            "Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments\"></ds:Transform></"
            "ds:Transforms><ds:DigestMethod "
            "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>"
            "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=</ds:DigestValue></ds:Reference></ds:SignedInfo>");
}

TEST(SignedInfo, WantsADigestOfTheAlgorithmsLength) {
  EXPECT_EQ(signed_info_for(kRsaSha256, base::Bytes(31, 0)).error().code(), Code::kInputMember);
  EXPECT_EQ(signed_info_for(kRsaSha256, {}).error().code(), Code::kInputMember);
}

}  // namespace
}  // namespace tanba::pki
