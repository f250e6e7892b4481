// The entries of one list, packed and sorted by certificate issuer and serial number; in memory or mapped from a file.
// Private to ocsp.
//
// A record of a list with 20-octet serials takes 28 octets: length, serial, revocation time (5), reason (1), padding;
// 5 more for the invalidity date when any entry has one; 2 more for the issuer when the list is indirect and has
// entries of other issuers than its own. Looked up by binary search.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "ocsp/crl.h"

namespace tanba::ocsp {

// An entry as it is sorted and merged, all that any record can hold: issuer (2), length (1), serial (21 and up to 3
// that round a record up), revocation time (5), reason (1), invalidity date (5).
using StagedEntry = std::array<std::uint8_t, 40>;

// A file mapped for reading. Whoever cuts the file off while it is mapped kills the reader: indexes are replaced by
// renaming, never written over.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  [[nodiscard]] base::ByteView octets() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

class CrlIndex {
 public:
  // RFC 5280 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." One more for the sign
  // octet that some forget. Longer ones are kept aside, so that one of them does not widen every record.
  static constexpr std::size_t kMaxPackedSerialBytes = 21;
  static constexpr std::size_t kMaxLongSerials = 10'000;  // such lists are broken; real ones have none

  // By issuer: 0 is the list's own, others stand in the list's table. The serial as contents octets in minimal form.
  struct Key {
    std::uint16_t issuer = 0;
    base::ByteView serial;
  };
  using LongEntries = std::map<std::pair<std::uint16_t, base::Bytes>, RevokedEntry>;

  // What the records of one list look like.
  struct Shape {
    std::size_t longest_serial_bytes = 1;  // of those that are packed
    bool has_invalidity_dates = false;
    bool has_issuers = false;

    [[nodiscard]] std::size_t serial_bytes() const { return record_bytes() - rest_bytes(); }
    [[nodiscard]] std::size_t record_bytes() const { return (rest_bytes() + longest_serial_bytes + 3) / 4 * 4; }
    [[nodiscard]] std::size_t key_bytes() const { return (has_issuers ? 2 : 0) + 1 + serial_bytes(); }
    [[nodiscard]] std::size_t rest_bytes() const;
    // Puts the record of this entry at `out`, record_bytes() long.
    void pack(const StagedEntry& entry, std::uint8_t* out) const;
  };

  CrlIndex() = default;
  // Sorted records without repeated keys.
  CrlIndex(const Shape& shape, base::Bytes records, LongEntries long_entries);
  // The same inside a mapped file.
  CrlIndex(const Shape& shape, MappedFile file, base::ByteView records, LongEntries long_entries);
  CrlIndex(CrlIndex&&) noexcept = default;
  CrlIndex& operator=(CrlIndex&&) noexcept = default;

  [[nodiscard]] std::optional<RevokedEntry> find(const Key& key) const;
  // Those of the list's own issuer.
  void visit(const Crl::Visitor& visitor) const;
  // Serials, each once.
  [[nodiscard]] std::size_t entries() const { return count_ + long_.size(); }
  [[nodiscard]] std::size_t resident_bytes() const;  // of our own memory; a mapping's pages are the system's to keep

 private:
  [[nodiscard]] RevokedEntry unpack(const std::uint8_t* record) const;

  Shape shape_;
  std::size_t record_bytes_ = 0;
  std::size_t key_bytes_ = 0;
  std::size_t count_ = 0;
  base::Bytes owned_;
  MappedFile file_;
  const std::uint8_t* records_ = nullptr;  // in owned_ or file_: moving either leaves the octets where they are
  LongEntries long_;
};

// Compares as the octets do: mostly the first eight decide, without a call.
[[nodiscard]] bool precedes(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes);

[[nodiscard]] StagedEntry stage(const CrlIndex::Key& key, const RevokedEntry& entry);
[[nodiscard]] bool same_key(const StagedEntry& a, const StagedEntry& b);
// What a list says that has both entries of one serial: the worst reason, the earliest date and the earliest invalidity
// date, whatever the order. removeFromCRL is no revocation (RFC 5280 5.3.1) and says nothing beside one.
[[nodiscard]] RevokedEntry both_of(const RevokedEntry& a, const RevokedEntry& b);
[[nodiscard]] StagedEntry both_of(const StagedEntry& a, const StagedEntry& b);  // of the same key

// Time, reason and invalidity date as records hold them, for what is kept beside the records.
inline constexpr std::size_t kTailBytes = 5 + 1 + 5;
[[nodiscard]] std::array<std::uint8_t, kTailBytes> pack_tail(const RevokedEntry& entry);
[[nodiscard]] RevokedEntry unpack_tail(const std::uint8_t* tail);

}  // namespace tanba::ocsp
