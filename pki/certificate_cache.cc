#include "pki/certificate_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace tanba::pki {

CertificateCache::CertificateCache(std::size_t max_certificates)
    : row_count_(std::bit_ceil(std::max(max_certificates, kWays) / kWays)) {}

CertificateCache::Row& CertificateCache::row_of(base::ByteView der) {
  if (rows_.empty()) rows_.resize(row_count_);
  // The end of a certificate is its signature value: octets as random as a hash. Folding and multiplying spread also
  // values that differ in few bits.
  std::uint64_t end = der.size();
  if (der.size() >= sizeof end) std::memcpy(&end, der.data() + der.size() - sizeof end, sizeof end);
  end ^= end >> 32;
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  return rows_[(end * kGolden >> 32) & (row_count_ - 1)];
}

base::Result<CertificatePtr> CertificateCache::get(base::ByteView der) {
  Row& row = row_of(der);
  const auto found = std::ranges::find_if(
      row, [der](const CertificatePtr& held) { return held != nullptr && base::equal(held->der(), der); });
  if (found != row.end()) {
    std::rotate(row.begin(), found, found + 1);
    return row.front();
  }
  TANBA_TRY(CertificatePtr parsed, Certificate::parse(der));
  std::rotate(row.begin(), row.end() - 1, row.end());
  row.front() = std::move(parsed);
  return row.front();
}

}  // namespace tanba::pki
