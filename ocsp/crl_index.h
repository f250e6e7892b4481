// The entries of one list, packed and sorted by serial number. Private to ocsp.
//
// A record of a list with 20-octet serials takes 28 octets: length, serial, revocation time (5), reason (1), padding;
// 5 more for the invalidity date when any entry has one. Looked up by binary search.
#pragma once

#include <map>
#include <optional>

#include "base/bytes.h"
#include "ocsp/crl.h"

namespace tanba::ocsp {

class CrlIndex {
 public:
  // RFC 5280 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." One more for the sign
  // octet that some forget. Longer ones are kept aside, so that one of them does not widen every record.
  static constexpr std::size_t kMaxPackedSerialBytes = 21;
  static constexpr std::size_t kMaxLongSerials = 10'000;  // such lists are broken; real ones have none

  struct Shape {
    std::size_t entries = 0;
    std::size_t longest_serial_bytes = 0;  // of those that are packed
    bool has_invalidity_dates = false;
  };

  CrlIndex() = default;
  // Takes the memory for all entries at once.
  explicit CrlIndex(const Shape& shape);
  // Contents octets of the INTEGER, in minimal form.
  void add(base::ByteView serial, const RevokedEntry& entry);
  void sort();

  // After sort(). A serial that is listed twice: the earliest revocation.
  [[nodiscard]] std::optional<RevokedEntry> find(base::ByteView serial) const;
  void visit(const Crl::Visitor& visitor) const;
  [[nodiscard]] std::size_t entries() const { return count_ + long_.size(); }
  [[nodiscard]] std::size_t resident_bytes() const;

 private:
  [[nodiscard]] std::size_t key_bytes() const { return 1 + serial_bytes_; }
  [[nodiscard]] RevokedEntry unpack(const std::uint8_t* record) const;

  base::Bytes records_;
  std::size_t count_ = 0;
  std::size_t record_bytes_ = 0;
  std::size_t serial_bytes_ = 0;
  bool has_invalidity_dates_ = false;
  std::map<base::Bytes, RevokedEntry> long_;
};

}  // namespace tanba::ocsp
