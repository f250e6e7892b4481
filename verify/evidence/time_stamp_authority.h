// Where time stamps come from: plain data, as configurations write it.
#pragma once

#include <optional>
#include <string>

#include "pki/algorithm.h"
#include "pki/oid.h"

namespace tanba::verify::evidence {

struct TimeStampAuthority {
  std::string url;
  std::optional<pki::Oid> policy{};                             // to ask for; nothing: the authority's own choice
  pki::DigestAlgorithm digest = pki::DigestAlgorithm::kSha256;  // of the imprint
};

}  // namespace tanba::verify::evidence
