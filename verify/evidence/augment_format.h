// What each format does to lift a signature: pure functions of octets, by one name. Internal to verify/evidence.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "pki/certificate.h"
#include "pki/signature_facts.h"

namespace tanba::verify::evidence {

struct Values {
  std::vector<pki::CertificatePtr> certificates;
  std::vector<base::Bytes> crls;
  std::vector<base::Bytes> ocsp_responses;
  [[nodiscard]] bool empty() const { return certificates.empty() && crls.empty() && ocsp_responses.empty(); }
};
// Of one signature: what its own path was judged by, and beyond that the paths of its time stamps.
struct SignatureValues {
  Values signer;
  Values timestamps;
};

// A signature of a document, in the order of the facts.
struct Which {
  std::size_t index = 0;
  std::size_t count = 1;
};

// augment.level where the format or the signature has no place for it: of a PDF only the newest signature can get a
// time stamp.
[[nodiscard]] base::Result<base::Bytes> octets_to_stamp(pki::DocumentFormat format, base::ByteView document,
                                                        Which which, const base::Limits& limits);
[[nodiscard]] base::Result<base::Bytes> add_timestamp(pki::DocumentFormat format, base::ByteView document, Which which,
                                                      base::ByteView token, const base::Limits& limits);
[[nodiscard]] base::Result<base::Bytes> add_values(pki::DocumentFormat format, base::ByteView document, Which which,
                                                   const SignatureValues& values, const base::Limits& limits);

}  // namespace tanba::verify::evidence
