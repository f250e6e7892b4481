// Extensions (RFC 5280 4.2) as views, read without allocating: a list has a million entries with some. Private to ocsp.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "pki/der.h"

namespace tanba::ocsp {

// More than any CRL entry, CRL or OCSP answer has (RFC 5280 defines 3, 8 and RFC 6960 7).
inline constexpr std::size_t kMaxExtensions = 24;

struct ExtensionView {
  base::ByteView oid;  // contents octets
  bool critical = false;
  base::ByteView value;  // inside the OCTET STRING
};

class ExtensionList {
 public:
  // `sequence` is the contents of SEQUENCE OF Extension; what was read before is dropped. A repeated extension is
  // malformed (RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension").
  [[nodiscard]] base::Status read(base::ByteView sequence);
  [[nodiscard]] std::span<const ExtensionView> items() const { return {items_.data(), count_}; }

 private:
  std::array<ExtensionView, kMaxExtensions> items_;
  std::size_t count_ = 0;
};

// id-ce (2.5.29), its last arc.
[[nodiscard]] constexpr std::array<std::uint8_t, 3> id_ce(std::uint8_t arc) {
  return {0x55, 0x1D, arc};
}
inline constexpr auto kCrlNumber = id_ce(20);
inline constexpr auto kReasonCode = id_ce(21);
inline constexpr auto kInvalidityDate = id_ce(24);
inline constexpr auto kDeltaCrlIndicator = id_ce(27);
inline constexpr auto kIssuingDistributionPoint = id_ce(28);
inline constexpr auto kCertificateIssuer = id_ce(29);
inline constexpr auto kAuthorityKeyIdentifier = id_ce(35);
inline constexpr auto kFreshestCrl = id_ce(46);
inline constexpr auto kExpiredCertsOnCrl = id_ce(60);  // X.509 9.5.2.9

// id-pkix-ocsp (1.3.6.1.5.5.7.48.1), its last arc.
[[nodiscard]] constexpr std::array<std::uint8_t, 9> id_pkix_ocsp(std::uint8_t arc) {
  return {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, arc};
}
inline constexpr auto kOcspBasic = id_pkix_ocsp(1);
inline constexpr auto kOcspNonce = id_pkix_ocsp(2);
inline constexpr auto kOcspArchiveCutoff = id_pkix_ocsp(6);
inline constexpr auto kOcspExtendedRevoke = id_pkix_ocsp(9);

// An error of the DER walk under the code of what was parsed, keeping its words: evidence that cannot be read is
// missing evidence (retry), never a fault of the document.
[[nodiscard]] base::Error as_malformed(base::Code code, const base::Error& error);
[[nodiscard]] std::unexpected<base::Error> malformed(base::Code code, std::string what);

// Redundant leading octets of an INTEGER taken off: the form in which serial numbers are compared.
[[nodiscard]] base::ByteView minimal_integer(base::ByteView contents);

// CRLReason: 7 is not used, more than 10 not defined.
[[nodiscard]] base::Result<std::uint8_t> read_reason(base::ByteView enumerated);

}  // namespace tanba::ocsp
