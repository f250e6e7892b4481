// What a Crl holds. Private to ocsp: crl_parse.cc fills it, crl.cc answers from it.
#pragma once

#include <mutex>

#include "ocsp/crl.h"
#include "ocsp/crl_index.h"

namespace tanba::ocsp {

struct CrlState {
  base::Digest digest;
  pki::Name issuer;
  base::Time this_update;
  std::optional<base::Time> next_update;
  std::optional<base::Bytes> authority_key_id;
  std::string number;
  bool is_delta = false;
  std::optional<IssuingDistributionPoint> distribution_point;
  pki::SignatureAlgorithm signature_algorithm;
  base::Bytes signature;
  base::Bytes tbs_digest;  // by the algorithm's digest; empty when no provider has it
  CrlIndex index;

  // Keys under which the signature was verified: positive facts only. Lists are shared by threads.
  mutable std::mutex mutex;
  mutable std::optional<base::Digest> verified_key;
};

// Everything but `digest`; errors are der.* or crl.*.
struct CrlParser {
  [[nodiscard]] static base::Status parse(base::ByteView der, CrlState& out);
};

}  // namespace tanba::ocsp
