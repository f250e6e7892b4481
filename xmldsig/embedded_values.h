// Revocation lists and OCSP answers in base64 that all signatures of one document carry. They stand where no signature
// covers them, so anybody can add as many as fit.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "xmldsig/xml/document.h"

namespace tanba::xmldsig {

// As in CMS and PDF: one for each certificate of a chain and of its services.
inline constexpr std::size_t kMaxEmbeddedValues = 256;

// Keeps the first kMaxEmbeddedValues that differ; what lies behind is evidence that is absent and is not even decoded.
class EmbeddedValues {
 public:
  explicit EmbeddedValues(std::vector<base::Bytes>& into) : into_(into) {}
  // What is no base64 is passed over.
  void add(std::span<const xml::Element> values);
  [[nodiscard]] std::size_t decoded() const { return decoded_; }

 private:
  std::vector<base::Bytes>& into_;
  std::set<base::Digest> known_;
  std::size_t decoded_ = 0;
};

}  // namespace tanba::xmldsig
