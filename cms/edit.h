// Changes to a SignedData document (RFC 5652) that leave everything signed as it is: signers, certificates and
// revocation information are added or exchanged; content, signed attributes and signature values are copied.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "cms/signed_data.h"

namespace tanba::cms {

class Edit {
 public:
  // DER or BER; what is written is DER but for the order of sets, which stays the document's own. As
  // cms::parse_signed_data.
  [[nodiscard]] static base::Result<Edit> open(base::ByteView cms, const base::Limits& limits);

  Edit(Edit&&) = default;
  Edit& operator=(Edit&&) = default;
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;
  ~Edit() = default;

  // Views stay until `set_signer` of the same number, and while this object lives.
  [[nodiscard]] const SignedData& signed_data() const { return parsed_; }
  [[nodiscard]] std::size_t signers() const { return signers_.size(); }
  // input.member when there is no such signer (counted from 0).
  [[nodiscard]] base::Result<base::ByteView> signer(std::size_t number) const;

  void set_signer(std::size_t number, base::Bytes signer_info);
  // limit.count beyond Limits::max_signatures: the document could not be read again.
  [[nodiscard]] base::Status add_signer(base::Bytes signer_info, const base::Limits& limits);
  // Each of these goes in once: what the document has already is passed over. AlgorithmIdentifier, CertificateChoices
  // and RevocationInfoChoice as DER.
  void add_digest_algorithm(base::Bytes identifier);
  void add_certificate(base::Bytes choice);
  void add_revocation(base::Bytes choice);

  // The version follows from what is in it now (5.1), but never gets lower.
  [[nodiscard]] base::Bytes write() const;

 private:
  Edit() = default;
  base::Bytes document_;  // DER; `parsed_` looks into it
  SignedData parsed_;
  base::Bytes encapsulated_;  // encapContentInfo, whole
  std::vector<base::Bytes> digests_, certificates_, revocation_, signers_;
};

// The SignerInfo with one more unsigned attribute (Attribute as DER) behind those that it has.
[[nodiscard]] base::Result<base::Bytes> with_unsigned_attribute(base::ByteView signer_info, base::Bytes attribute);

}  // namespace tanba::cms
