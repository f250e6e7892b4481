// How far the lists of each source have come: what is older is refused, whatever stands in between.
//
// The last good list alone is no guard. Where another genuine list took its place (of a new key, of another authority,
// a delta), the one after it has nothing to be held against. So a mark is kept for each line of lists: an address, an
// issuer, its key (authorityKeyIdentifier) and whether complete or delta. It only goes up, and outlives restarts.
#pragma once

#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "ocsp/crl.h"
#include "verify/evidence/succession.h"

namespace tanba::verify::evidence {

// Which lists have an order among themselves at this source.
[[nodiscard]] base::Digest line_of(const std::string& source, const ocsp::Crl& crl);

class ListMarks {
 public:
  // `file` empty: memory only. Past `max` lines the one that began first is forgotten.
  explicit ListMarks(std::filesystem::path file, std::size_t max = 8192) : file_(std::move(file)), max_(max) {}

  // What an earlier run wrote. Lines that do not read are passed over.
  void load();
  // crl.rollback when the list lies behind the mark of its line.
  [[nodiscard]] base::Status check(const std::string& source, const ocsp::Crl& next) const;
  // Of a list whose signature was verified. On disk when it returns; evidence.not_stored: in memory only.
  [[nodiscard]] base::Status raise(const std::string& source, const ocsp::Crl& crl);

 private:
  void put_locked(const base::Digest& line, ListMark mark);
  [[nodiscard]] base::Status write_locked(const std::string& source) const;

  const std::filesystem::path file_;
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::unordered_map<base::Digest, ListMark> marks_;
  std::deque<base::Digest> order_;
};

}  // namespace tanba::verify::evidence
