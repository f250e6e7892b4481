// Makes an index from entries in any order and of any number, in bounded memory: sorted in runs, the runs merged.
// Private to ocsp.
#pragma once

#include <filesystem>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "ocsp/crl_index.h"

namespace tanba::ocsp {

class CrlIndexBuilder {
 public:
  // What one run takes in memory: 210,000 entries. Lists with fewer, nearly all, never touch the disk.
  static constexpr std::size_t kRunBytes = 8U << 20;
  // Real indirect lists speak for a handful of authorities. All names are in memory, so their octets count too.
  static constexpr std::size_t kMaxIssuers = 1024;
  static constexpr std::size_t kMaxIssuerBytes = 1U << 20;

  // Runs that do not fit go to a nameless file in `scratch`; empty: where the system keeps temporary files.
  explicit CrlIndexBuilder(std::filesystem::path scratch) : scratch_(std::move(scratch)) {}

  // A certificate issuer by GeneralNames' directoryName; 0 is the list's own, which is not told here.
  [[nodiscard]] base::Result<std::uint16_t> issuer(base::ByteView name);
  // crl.malformed for more over-long serials than are allowed, crl.index where the disk fails.
  [[nodiscard]] base::Status add(const CrlIndex::Key& key, const RevokedEntry& entry);

  // After the last add():
  // The number of added entries; those of one key count as often as they were added.
  [[nodiscard]] std::uint64_t added() const { return added_; }
  [[nodiscard]] const CrlIndex::Shape& shape() const { return shape_; }
  [[nodiscard]] const CrlIndex::LongEntries& long_entries() const { return long_; }
  [[nodiscard]] const std::vector<pki::Name>& issuers() const { return issuers_; }  // of the ids 1, 2, …
  [[nodiscard]] bool fits_in_memory() const { return runs_.empty(); }
  // Hands over every key once, in order; of several entries for one what they say together
  // (both_of). Once.
  using Sink = std::function<base::Status(const StagedEntry&)>;
  [[nodiscard]] base::Status drain(const Sink& sink);

 private:
  class Merge;
  [[nodiscard]] base::Status spill();
  void sort_run();

  std::filesystem::path scratch_;
  CrlIndex::Shape shape_;
  CrlIndex::LongEntries long_;
  std::vector<StagedEntry> run_;
  std::vector<std::size_t> runs_;  // entries of each run in the scratch file, in its order
  base::FileDescriptor spilled_;
  std::uint64_t added_ = 0;
  std::vector<pki::Name> issuers_;
  std::unordered_map<std::string, std::uint16_t> issuer_ids_;  // by canonical name
  base::Bytes last_issuer_;                                    // entries of one issuer stand together
  std::uint16_t last_issuer_id_ = 0;
  std::size_t issuer_bytes_ = 0;
};

// A file without a name in `directory` (empty: the system's place for temporary files), open for reading and writing.
[[nodiscard]] base::Result<base::FileDescriptor> nameless_file(const std::filesystem::path& directory);
// Whole or an error: crl.index.
[[nodiscard]] base::Status write_all(int fd, base::ByteView octets);
[[nodiscard]] base::Status read_exactly(int fd, std::uint64_t offset, std::span<std::uint8_t> into);
[[nodiscard]] std::unexpected<base::Error> index_failure(const std::string& what, int error_number);

}  // namespace tanba::ocsp
