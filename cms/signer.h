// One SignerInfo (RFC 5652 5.3): its algorithms, signed attributes and value, over a content or over the value of
// another signature (11.4). Internal to cms.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "cms/content.h"
#include "cms/signed_data.h"
#include "pki/context.h"
#include "pki/signature_facts.h"

namespace tanba::cms {

// A finding about the document stays in the facts; a fault of our own ends the inspection.
[[nodiscard]] base::Status note(std::vector<base::Error>& findings, base::Error error);

// The tokens of a signatureTimeStamp attribute join `out.timestamp_tokens`; limit.count joins `out.errors`.
[[nodiscard]] base::Status collect_timestamps(const Attribute& attribute, pki::SignatureFacts& out);

// What is signed and its digests, each computed once.
class Content {
 public:
  Content(pki::Context& context, base::Budget& budget, std::optional<base::ByteView> octets,
          const DigestedContent* digested = nullptr)
      : context_(context), budget_(budget), octets_(octets), digested_(digested) {
    digests_.reserve(4);
  }

  [[nodiscard]] bool known() const { return octets_.has_value() || digested_ != nullptr; }
  [[nodiscard]] const std::optional<base::ByteView>& octets() const { return octets_; }
  [[nodiscard]] base::ByteView beginning() const {
    return octets_.has_value() ? *octets_ : base::ByteView(digested_->beginning);
  }
  // The view stays until this object ends.
  [[nodiscard]] base::Result<base::ByteView> digest(pki::DigestAlgorithm algorithm);

 private:
  [[nodiscard]] base::Result<base::Bytes> compute(pki::DigestAlgorithm algorithm);

  pki::Context& context_;
  base::Budget& budget_;
  std::optional<base::ByteView> octets_;
  const DigestedContent* digested_;
  std::vector<std::pair<pki::DigestAlgorithm, base::Result<base::Bytes>>> digests_;
};

class SignerInspector {
 public:
  // `content_type` of the document; null for a counter-signature, which has none. `at_hand`: where a certificate is
  // looked for when it is not among `certificates`. All must stay.
  SignerInspector(pki::Context& context, base::Budget& budget, Content& content, const pki::Oid* content_type,
                  std::span<const pki::CertificatePtr> certificates, std::span<const pki::CertificatePtr> at_hand)
      : context_(context),
        budget_(budget),
        content_(content),
        content_type_(content_type),
        certificates_(certificates),
        at_hand_(at_hand) {}

  // Everything about it but the unsigned attributes, which come back to be looked at; what is wrong is in `out.errors`.
  [[nodiscard]] base::Result<base::ByteView> inspect(base::ByteView signer_info, pki::SignatureFacts& out);

 private:
  struct Signer {
    SignerInfo info;
    std::optional<pki::DigestAlgorithm> digest_algorithm;
    std::vector<Attribute> attributes;  // signed ones
    bool attributes_parsed = false;
  };
  base::Status read_algorithms(Signer& signer, pki::SignatureFacts& out);
  base::Status read_signed_attributes(Signer& signer, pki::SignatureFacts& out);
  base::Status check_content_type(const Signer& signer, pki::SignatureFacts& out);
  base::Status check_message_digest(const Signer& signer, pki::SignatureFacts& out);
  base::Status read_signing_time(const Signer& signer, pki::SignatureFacts& out);
  base::Status read_signature_policy(const Signer& signer, pki::SignatureFacts& out);
  base::Status check_no_signed_attributes(pki::SignatureFacts& out);
  base::Status verify(const Signer& signer, pki::SignatureFacts& out);
  base::Status check_value(const Signer& signer, const pki::Certificate& certificate,
                           const pki::SignatureAlgorithm& algorithm);
  [[nodiscard]] std::vector<pki::CertificatePtr> certificates_of(const SignerInfo& info) const;

  pki::Context& context_;
  base::Budget& budget_;
  Content& content_;
  const pki::Oid* content_type_;
  std::span<const pki::CertificatePtr> certificates_;
  std::span<const pki::CertificatePtr> at_hand_;
};

}  // namespace tanba::cms
