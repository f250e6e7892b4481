// Content that lies beside a CMS: none, its octets, or only its digests (documents too large to hold).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "pki/algorithm.h"

namespace tanba::cms {

// Content known by its digests. `compute` is asked at most once for each algorithm that a signer names and may read the
// content as often as it is asked; its errors become findings of the signature, except internal ones, which end the
// inspection.
struct DigestedContent {
  std::uint64_t size_bytes = 0;  // charged for each digest before it is computed
  // The first kBeginningBytes octets, or everything when there are fewer: enough to see that the content is not a set
  // of signed attributes (see inspect.h).
  static constexpr std::size_t kBeginningBytes = 256;
  base::Bytes beginning;
  std::function<base::Result<base::Bytes>(pki::DigestAlgorithm)> compute;
};

class DetachedContent {
 public:
  DetachedContent() = default;
  // Implicit on purpose: callers hold one of these three.
  DetachedContent(std::nullopt_t) {}                                          // NOLINT(google-explicit-constructor)
  DetachedContent(base::ByteView octets) : value_(octets) {}                  // NOLINT(google-explicit-constructor)
  DetachedContent(DigestedContent digested) : value_(std::move(digested)) {}  // NOLINT(google-explicit-constructor)
  DetachedContent(const std::optional<base::ByteView>& octets) {              // NOLINT(google-explicit-constructor)
    if (octets.has_value()) value_ = *octets;
  }

  [[nodiscard]] bool given() const { return value_.index() != 0; }
  // Null when the content is given otherwise.
  [[nodiscard]] const base::ByteView* octets() const { return std::get_if<base::ByteView>(&value_); }
  [[nodiscard]] const DigestedContent* digested() const { return std::get_if<DigestedContent>(&value_); }

 private:
  std::variant<std::monostate, base::ByteView, DigestedContent> value_;
};

}  // namespace tanba::cms
