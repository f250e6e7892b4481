// What a Crl holds. Private to ocsp: crl_parse.cc and crl_index_file.cc fill it, crl.cc answers from it.
#pragma once

#include <mutex>
#include <unordered_map>

#include "ocsp/crl.h"
#include "ocsp/crl_index.h"
#include "ocsp/crl_index_builder.h"

namespace tanba::ocsp {

struct CrlState {
  base::Digest digest;
  pki::Name issuer;
  base::Time this_update;
  std::optional<base::Time> next_update;
  std::optional<base::Bytes> authority_key_id;
  std::string number;
  std::string base_number;
  bool is_delta = false;
  std::optional<IssuingDistributionPoint> distribution_point;
  std::vector<pki::DistributionPoint> freshest_points;
  std::optional<base::Time> keeps_expired_since;
  pki::SignatureAlgorithm signature_algorithm;
  base::Bytes signature;   // empty when the BIT STRING cannot be one: such a list never verifies
  base::Bytes tbs_digest;  // by the algorithm's digest; empty when no provider has it
  CrlIndex index;
  std::uint64_t listed = 0;                                   // entries, those of one serial more than once too
  std::unordered_map<std::string, std::uint16_t> issuer_ids;  // of an indirect list, by canonical name

  // Keys under which the signature was verified: positive facts only. Lists are shared by threads.
  mutable std::mutex mutex;
  mutable std::optional<base::Digest> verified_key;
};

// The list without its entries, as DER of a CertificateList: with the entries in an index it is the whole list again.
struct CrlParser {
  // Everything but `digest`, `tbs_digest` and `index`. Errors are der.* or crl.*.
  [[nodiscard]] static base::Status parse_skeleton(base::ByteView skeleton, CrlState& out);

  // Reads a whole list; entries go to `entries`, everything else to `out`, but `index`. The skeleton is returned.
  [[nodiscard]] static base::Result<base::Bytes> read(ByteSource& source, std::uint64_t max_bytes,
                                                      CrlIndexBuilder& entries, CrlState& out);
};

// From the builder's entries to `out.index`.
[[nodiscard]] base::Status index_in_memory(CrlIndexBuilder& entries, CrlState& out);
// An index in a file that has no name and goes with its last user.
[[nodiscard]] base::Result<base::FileDescriptor> write_nameless_index(base::ByteView skeleton, CrlIndexBuilder& entries,
                                                                      const CrlState& state);
// Durably and in one step: what stood at `path` stays until everything is written.
[[nodiscard]] base::Status write_index_file(base::ByteView skeleton, CrlIndexBuilder& entries, const CrlState& state,
                                            const std::filesystem::path& path);
// Everything from an index; `out` is a new state. crl.index.
[[nodiscard]] base::Status load_index(int fd, CrlState& out);

}  // namespace tanba::ocsp
