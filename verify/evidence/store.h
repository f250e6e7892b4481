// Evidence that was fetched, kept by digest: in memory, and on disk when a directory is given.
//
// Only what parsed is kept, never a failure; whether it is authentic and fresh is judged anew at every use. Losing the
// directory loses time, as everything can be fetched again, and how far the lists had come (list_marks.h).
#pragma once

#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "verify/evidence/list_marks.h"
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
  enum class Age : std::uint8_t { kReusable, kAny };  // of answers: kAny when their source gives no newer one
  void add_known(const pki::Certificate& certificate, base::Time now, EvidenceSet& evidence,
                 Age age = Age::kReusable) const;

  void keep(const OcspItem& item);
  // Which certificates a list is at hand for: those that name its address, or (given by the operator) every one of its
  // issuer.
  enum class Reach : std::uint8_t { kAddress, kIssuer };
  // Whether its signature was verified under the key of an authority that is known.
  enum class Standing : std::uint8_t { kUnproved, kProved };
  struct KeptList {
    CrlItem item;
    Reach reach = Reach::kAddress;
    Standing standing = Standing::kUnproved;
  };
  // `octets` go to disk; a list of one source replaces the earlier one of that source. Whether it may is for the caller
  // to have checked (succession.h). evidence.not_stored: memory has it, the disk still the earlier one.
  [[nodiscard]] base::Status keep(const KeptList& list, base::ByteView octets);
  [[nodiscard]] std::vector<KeptList> lists() const;
  // Of a source that is forgotten: its list, in memory and on disk. Its marks stay, so that an older one does not come
  // in its place.
  void drop(const std::string& source);

  [[nodiscard]] ListMarks& marks() { return marks_; }

  // A list that waits for a person (crl.shrunk), one a source: on disk, so that it outlives a restart; at hand for no
  // verification. Without a directory it is nowhere but with the caller.
  struct WaitingList {
    CrlItem item;
    std::shared_ptr<const base::Bytes> octets;
  };
  [[nodiscard]] base::Status keep_waiting(const WaitingList& list) const;
  void drop_waiting(const std::string& source) const;
  [[nodiscard]] std::vector<WaitingList> waiting(base::Time now) const;

  struct Sizes {
    std::size_t ocsp = 0;
    std::size_t crls = 0;
    std::size_t crl_bytes = 0;
  };
  [[nodiscard]] Sizes sizes() const;
  [[nodiscard]] base::Seconds ocsp_reuse() const { return options_.ocsp_reuse; }

 private:
  struct KeptOcsp {
    OcspItem item;
    std::list<base::Digest>::iterator age;
  };
  [[nodiscard]] base::Status write(const std::filesystem::path& file, const KeptList& list,
                                   base::ByteView octets) const;
  [[nodiscard]] std::filesystem::path crl_file(const std::string& source) const;
  [[nodiscard]] std::filesystem::path waiting_file(const std::string& source) const;
  [[nodiscard]] std::filesystem::path index_file(const std::string& source) const;
  [[nodiscard]] std::optional<KeptList> read_list(const std::filesystem::path& file, base::Time now) const;

  Options options_;
  ListMarks marks_;
  mutable std::mutex mutex_;
  std::unordered_map<base::Digest, KeptOcsp> ocsp_;  // by the certificate asked for
  std::list<base::Digest> ocsp_by_age_;              // oldest first
  std::map<std::string, KeptList> crls_;             // by source
};

}  // namespace tanba::verify::evidence
