// CMS whose content is not held, through the one door: what it is matters as much as for documents that are.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/test_support.h"
#include "cms/document_stream.h"
#include "cms/sign.h"
#include "pki/signer.h"
#include "verify/facts.h"

namespace tanba::verify {
namespace {

using base::Bytes;
using base::Code;
using base::test::read_made;

class LargeDocumentFacts : public testing::Test {
 protected:
  // Signed by head.
  Bytes document_over(std::string_view content, cms::Placement placement = cms::Placement::kAttached) {
    const auto certificate = pki::parse_certificates(read_made("certs/head.pem")).value().front();
    const auto key = pki::parse_pem(base::as_text(read_made("keys/head.key.pem"))).value().front();
    const auto signer = pki::make_key_signer(*context_, certificate, base::Secret(key.octets)).value();
    return cms::sign(*context_, *signer, base::as_bytes(content),
                     {.placement = placement, .algorithm = signer->algorithms().front()})
        .value();
  }
  std::vector<Code> codes_of(const Bytes& document, const InspectOptions& options = {}) {
    cms::DocumentStream stream;
    stream.take(document);
    const Facts facts = inspect(*context_, stream.finish().value(), options, base::Limits{}).value();
    EXPECT_EQ(facts.document, base::sha256(document));
    std::vector<Code> out;
    for (const base::Error& error : facts.content.errors) out.push_back(error.code());
    for (const pki::SignatureFacts& signature : facts.content.signatures) {
      EXPECT_TRUE(signature.signed_octets.empty());
      for (const base::Error& error : signature.errors) out.push_back(error.code());
    }
    return out;
  }

  std::unique_ptr<pki::Context> context_ = pki::Context::create().value();
};

TEST_F(LargeDocumentFacts, AChallengeIsNoDocument) {
  const std::string challenge = "<login-challenge xmlns=\"" + std::string(kLoginChallengeNamespace) + "\"/>";
  EXPECT_EQ(codes_of(document_over(challenge)), std::vector{Code::kDocumentType});
  EXPECT_EQ(codes_of(document_over("<document/>")), std::vector<Code>{});
  const InspectOptions wanted{.kind = DocumentKind::kLoginChallenge};
  EXPECT_EQ(codes_of(document_over(challenge), wanted), std::vector<Code>{});
  EXPECT_EQ(codes_of(document_over("<document/>"), wanted), std::vector{Code::kDocumentType});
  // Beside the document it is looked into as well.
  EXPECT_EQ(codes_of(document_over(challenge, cms::Placement::kDetached), {.detached = base::as_bytes(challenge)}),
            std::vector{Code::kDocumentType});
}

TEST_F(LargeDocumentFacts, ContentInsideAndBesideIsRefused) {
  EXPECT_EQ(codes_of(document_over("content"), {.detached = base::as_bytes("content")}),
            std::vector{Code::kCmsContentGivenTwice});
}

TEST_F(LargeDocumentFacts, WhatIsNotReadableIsRefused) {
  Bytes document = document_over("content");
  document.pop_back();
  EXPECT_EQ(codes_of(document), std::vector{Code::kCmsMalformed});
}

}  // namespace
}  // namespace tanba::verify
