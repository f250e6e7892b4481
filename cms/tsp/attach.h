// Puts a signature time stamp into a CMS document: level B-T of CAdES (ETSI EN 319 122-1 5.3).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/limits.h"

namespace tanba::cms::tsp {

// What a time stamp of this signer (counted from 0) must be over: the octets of SignerInfo.signature. As
// cms::parse_signed_data; input.member when there is no such signer.
[[nodiscard]] base::Result<base::Bytes> octets_to_stamp(base::ByteView cms, std::size_t signer,
                                                        const base::Limits& limits);

// The document as DER with one more signature-time-stamp attribute among the signer's unsigned ones; everything that is
// signed stays as it is. The token is not looked into: bring one that was verified.
[[nodiscard]] base::Result<base::Bytes> add_signature_timestamp(base::ByteView cms, std::size_t signer,
                                                                base::ByteView token, const base::Limits& limits);

}  // namespace tanba::cms::tsp
