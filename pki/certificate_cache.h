// Certificates parsed before, found again by their octets: documents of the same signers carry the same certificates.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "pki/certificate.h"

namespace tanba::pki {

// Bounded; one a worker, not locked. Holds only certificates that parsed: nothing about whether they may be trusted.
//
// A set-associative table: octets choose a row of kWays places, and the one that was not used for longest gives way. So
// a look-up costs one comparison of octets, and somebody who makes many certificates for one row pushes out that row
// only.
class CertificateCache {
 public:
  // About 6 KiB for each certificate held. Rounded up to a power of two.
  explicit CertificateCache(std::size_t max_certificates = 4096);

  // The certificate of exactly these octets: parsed now or before. Errors of Certificate::parse, which are not kept.
  [[nodiscard]] base::Result<CertificatePtr> get(base::ByteView der);

 private:
  static constexpr std::size_t kWays = 4;
  using Row = std::array<CertificatePtr, kWays>;  // used last first

  [[nodiscard]] Row& row_of(base::ByteView der);

  std::size_t row_count_;
  std::vector<Row> rows_;  // made with the first certificate
};

}  // namespace tanba::pki
