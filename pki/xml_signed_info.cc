#include "pki/xml_signed_info.h"

#include <array>

namespace tanba::pki {
namespace {

using base::Code;
using enum DigestAlgorithm;
using enum SignatureScheme;

struct DigestName {
  DigestAlgorithm digest;
  std::string_view uri;
};
constexpr std::array<DigestName, 12> kDigestNames = {{
    {kSha256, "http://www.w3.org/2001/04/xmlenc#sha256"},
    {kStreebog512, "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512"},
    {kStreebog256, "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-256"},
    {kGost34311, "http://www.w3.org/2001/04/xmldsig-more#gost34311"},
    {kSha1, "http://www.w3.org/2000/09/xmldsig#sha1"},
    {kSha224, "http://www.w3.org/2001/04/xmldsig-more#sha224"},
    {kSha384, "http://www.w3.org/2001/04/xmldsig-more#sha384"},
    {kSha512, "http://www.w3.org/2001/04/xmlenc#sha512"},
    {kMd5, "http://www.w3.org/2001/04/xmldsig-more#md5"},
    {kSha3_256, "http://www.w3.org/2007/05/xmldsig-more#sha3-256"},
    {kSha3_384, "http://www.w3.org/2007/05/xmldsig-more#sha3-384"},
    {kSha3_512, "http://www.w3.org/2007/05/xmldsig-more#sha3-512"},
}};

struct SignatureName {
  SignatureScheme scheme;
  DigestAlgorithm digest;
  std::string_view uri;
};
constexpr std::array<SignatureName, 27> kSignatureNames = {{
    {kRsaPkcs1, kSha256, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
    {kGost2015_512, kStreebog512, "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512"},
    {kGost2015_256, kStreebog256, "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-256"},
    {kGost2004, kGost34311, "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311"},
    {kRsaPkcs1, kSha1, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
    {kRsaPkcs1, kSha224, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224"},
    {kRsaPkcs1, kSha384, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"},
    {kRsaPkcs1, kSha512, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"},
    {kRsaPkcs1, kMd5, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"},
    {kRsaPss, kSha1, "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1"},
    {kRsaPss, kSha224, "http://www.w3.org/2007/05/xmldsig-more#sha224-rsa-MGF1"},
    {kRsaPss, kSha256, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"},
    {kRsaPss, kSha384, "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"},
    {kRsaPss, kSha512, "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"},
    {kRsaPss, kSha3_256, "http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1"},
    {kRsaPss, kSha3_384, "http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1"},
    {kRsaPss, kSha3_512, "http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1"},
    {kEcdsa, kSha1, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"},
    {kEcdsa, kSha224, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224"},
    {kEcdsa, kSha256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"},
    {kEcdsa, kSha384, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"},
    {kEcdsa, kSha512, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"},
    {kEcdsa, kSha3_256, "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256"},
    {kEcdsa, kSha3_384, "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384"},
    {kEcdsa, kSha3_512, "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512"},
    {kDsa, kSha1, "http://www.w3.org/2000/09/xmldsig#dsa-sha1"},
    {kDsa, kSha256, "http://www.w3.org/2009/xmldsig11#dsa-sha256"},
}};

[[nodiscard]] SignatureAlgorithm algorithm_of(const SignatureName& name) {
  SignatureAlgorithm algorithm;
  algorithm.scheme = name.scheme;
  algorithm.digest = name.digest;
  if (name.scheme == kRsaPss) {
    algorithm.mgf1_digest = name.digest;
    algorithm.salt_bytes = static_cast<std::uint16_t>(digest_size_bytes(name.digest));
  }
  return algorithm;
}

[[nodiscard]] std::unexpected<base::Error> unknown(std::string_view uri) {
  const Code code = uri.find("hmac") == std::string_view::npos ? Code::kAlgorithmUnknown : Code::kXmlAlgorithmForbidden;
  return base::fail(code, {{"algorithm", std::string(uri)}});
}

}  // namespace

base::Result<std::string_view> xml_signature_uri(const SignatureAlgorithm& algorithm) {
  for (const SignatureName& name : kSignatureNames) {
    if (name.scheme != algorithm.scheme || name.digest != algorithm.digest) continue;
    if (algorithm.scheme == kRsaPss && algorithm != algorithm_of(name)) continue;
    return name.uri;
  }
  return base::fail(Code::kAlgorithmUnknown, {{"algorithm", to_string(algorithm)}});
}

base::Result<SignatureAlgorithm> signature_algorithm_from_xml(std::string_view uri) {
  for (const SignatureName& name : kSignatureNames) {
    if (name.uri == uri) return algorithm_of(name);
  }
  return unknown(uri);
}

base::Result<std::string_view> xml_digest_uri(DigestAlgorithm digest) {
  for (const DigestName& name : kDigestNames) {
    if (name.digest == digest) return name.uri;
  }
  return base::fail(Code::kAlgorithmUnknown, {{"algorithm", std::string(to_string(digest))}});
}

base::Result<DigestAlgorithm> digest_from_xml(std::string_view uri) {
  for (const DigestName& name : kDigestNames) {
    if (name.uri == uri) return name.digest;
  }
  return unknown(uri);
}

base::Result<std::string> signed_info_for(const SignatureAlgorithm& algorithm, base::ByteView digest) {
  TANBA_TRY(const std::string_view signature_uri, xml_signature_uri(algorithm));
  TANBA_TRY(const std::string_view digest_uri, xml_digest_uri(algorithm.digest));
  if (digest.size() != digest_size_bytes(algorithm.digest)) {
    return base::fail(Code::kInputMember,
                      {{"member", "digest"}, {"expected", std::string(to_string(algorithm.digest))}});
  }
  // Canonical: start and end tags, no white space between, the namespace where exclusive canonicalisation renders it.
  std::string text;
  text.reserve(900);
  text.append("<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">")
      .append("<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">")
      .append("</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"")
      .append(signature_uri)
      .append("\"></ds:SignatureMethod><ds:Reference URI=\"\"><ds:Transforms>")
      .append("<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>")
      .append("<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments\">")
      .append("</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"")
      .append(digest_uri)
      .append("\"></ds:DigestMethod><ds:DigestValue>")
      .append(base::to_base64(digest))
      .append("</ds:DigestValue></ds:Reference></ds:SignedInfo>");
  return text;
}

}  // namespace tanba::pki
