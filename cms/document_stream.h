// An attached SignedData that is never held: its content is digested while the octets arrive, in whatever pieces.
//
// RFC 5652 5.1: digestAlgorithms come before the content, "intended to facilitate one-pass signature verification".
// Certificates, lists and signers come behind it; what is beside the content goes through the same parser as every
// other document. The one deviation from documents that are held, towards refusing: a signer whose digest is not among
// digestAlgorithms cannot be verified here (cms.malformed). 5.1: "Implementations MAY fail to validate signatures that
// use a digest algorithm that is not included in this set."
#pragma once

#include <memory>

#include "base/bytes.h"
#include "cms/large_document.h"

namespace tanba::cms {

class DocumentStream {
 public:
  // More than `max_beside_bytes` beside the content is limit.size.
  explicit DocumentStream(std::size_t max_beside_bytes = kMaxBesideContentBytes);
  ~DocumentStream();
  DocumentStream(DocumentStream&&) noexcept;
  DocumentStream& operator=(DocumentStream&&) noexcept;

  // The octets that come next: DER or BER. What is wrong with them is in the document.
  void take(base::ByteView octets);

  // What it keeps of them so far.
  [[nodiscard]] std::size_t held_bytes() const;

  // When all came; once. An error is an internal fault; what is wrong with the document is LargeDocument::unreadable:
  // cms.malformed, cms.not_signed_data, limit.size.
  [[nodiscard]] base::Result<LargeDocument> finish();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace tanba::cms
