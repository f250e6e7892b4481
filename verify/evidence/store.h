// Evidence that was fetched, kept by digest: in memory, and on disk when a directory is given.
//
// Only what parsed is kept, never a failure; whether it is authentic and fresh is judged anew at every use. Losing the
// directory loses nothing but time: everything can be fetched again.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "verify/evidence_set.h"

namespace tanba::verify::evidence {

class Store {
 public:
  struct Options {
    std::filesystem::path directory;  // empty: memory only
    std::size_t max_ocsp = 65536;     // answers: about 4 KiB each
    base::Seconds ocsp_reuse{300};    // an answer is asked for anew after this time, whatever it allows
  };
  explicit Store(Options options);

  // Reads the lists that an earlier run kept. What does not parse any more is passed over; returns how many were read.
  std::size_t load(base::Time now);

  // What may speak about this certificate: answers kept for it, and lists by its distribution points or its issuer.
  void add_known(const pki::Certificate& certificate, base::Time now, EvidenceSet& evidence) const;

  void keep(const OcspItem& item);
  // `octets` go to disk; a list of one source replaces the earlier one of that source.
  void keep(const CrlItem& item, base::ByteView octets);
  // A list given by the operator: used for every certificate of its issuer.
  void keep_configured(const CrlItem& item, base::ByteView octets);

  // The octets of a kept list, for whoever archives it; nothing when it is not on disk.
  [[nodiscard]] base::Result<base::Bytes> crl_octets(const base::Digest& id) const;
  struct Sizes {
    std::size_t ocsp = 0;
    std::size_t crls = 0;
    std::size_t crl_bytes = 0;
  };
  [[nodiscard]] Sizes sizes() const;

 private:
  struct KeptOcsp {
    OcspItem item;
    std::list<base::Digest>::iterator age;
  };
  void write(const std::string& source, base::ByteView octets) const;
  [[nodiscard]] std::optional<std::string> source_of(const base::Digest& id) const;
  [[nodiscard]] std::filesystem::path crl_file(const std::string& source) const;

  Options options_;
  mutable std::mutex mutex_;
  std::unordered_map<base::Digest, KeptOcsp> ocsp_;  // by the certificate asked for
  std::list<base::Digest> ocsp_by_age_;              // oldest first
  std::unordered_map<std::string, CrlItem> crls_;    // by source
  std::vector<CrlItem> configured_crls_;
};

}  // namespace tanba::verify::evidence
