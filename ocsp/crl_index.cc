#include "ocsp/crl_index.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace tanba::ocsp {

using base::ByteView;

namespace {

constexpr std::size_t kIssuerBytes = 2;
constexpr std::size_t kTimeBytes = 5;
constexpr std::size_t kReasonBytes = 1;
// Times as seconds since 1970, moved up so that those before it stay positive and octets compare as times do.
constexpr std::int64_t kTimeBias = std::int64_t{1} << 39;  // 17,000 years: any that ASN.1 can write
constexpr std::uint64_t kNoTime = (std::uint64_t{1} << 40) - 1;

// Where the parts of a staged entry begin.
constexpr std::size_t kStagedLength = kIssuerBytes;
constexpr std::size_t kStagedSerial = kStagedLength + 1;
constexpr std::size_t kStagedTail = kStagedSerial + CrlIndex::kMaxPackedSerialBytes + 3;
static_assert(kStagedTail + kTailBytes <= std::tuple_size_v<StagedEntry>);

void put_time(std::uint8_t* out, std::optional<base::Time> time) {
  std::uint64_t value = time ? static_cast<std::uint64_t>(time->time_since_epoch().count() + kTimeBias) : kNoTime;
  for (std::size_t i = kTimeBytes; i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

std::optional<base::Time> get_time(const std::uint8_t* in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kTimeBytes; ++i) value = value << 8 | in[i];
  if (value == kNoTime) return std::nullopt;
  return base::Time(base::Seconds(static_cast<std::int64_t>(value) - kTimeBias));
}

// A hold may be lifted, what ends a certificate may not: it outweighs a hold, and a lost key outweighs all else. What
// is graver to those who judge time stamps and evidence by the reason (RFC 3161 4) stands above what is not.
int gravity(RevocationReason reason) {
  switch (reason) {
    case RevocationReason::kRemoveFromCrl:
      return 0;
    case RevocationReason::kCertificateHold:
      return 1;
    case RevocationReason::kSuperseded:
      return 2;
    case RevocationReason::kAffiliationChanged:
      return 3;
    case RevocationReason::kCessationOfOperation:
      return 4;
    case RevocationReason::kUnspecified:
      return 5;
    case RevocationReason::kPrivilegeWithdrawn:
      return 6;
    case RevocationReason::kNone:
      return 7;
    case RevocationReason::kAaCompromise:
      return 8;
    case RevocationReason::kCaCompromise:
      return 9;
    case RevocationReason::kKeyCompromise:
      return 10;
  }
  return 10;  // reasons of another time: nothing is known of them but that they revoke
}

std::optional<base::Time> earlier(const std::optional<base::Time>& a, const std::optional<base::Time>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

std::uint64_t prefix(const std::uint8_t* record) {
  std::uint64_t value;
  std::memcpy(&value, record, sizeof value);
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

}  // namespace

bool precedes(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes) {
  const std::uint64_t first = prefix(a);
  const std::uint64_t second = prefix(b);
  return first != second ? first < second : std::memcmp(a, b, bytes) < 0;
}

// --- staged entries --------------------------------------------------------------------------------------------------

std::array<std::uint8_t, kTailBytes> pack_tail(const RevokedEntry& entry) {
  std::array<std::uint8_t, kTailBytes> tail{};
  put_time(tail.data(), entry.revocation_time);
  tail[kTimeBytes] = static_cast<std::uint8_t>(entry.reason);
  put_time(tail.data() + kTimeBytes + kReasonBytes, entry.invalidity_date);
  return tail;
}

RevokedEntry unpack_tail(const std::uint8_t* tail) {
  return {.revocation_time = get_time(tail).value_or(base::Time{}),
          .reason = static_cast<RevocationReason>(tail[kTimeBytes]),
          .invalidity_date = get_time(tail + kTimeBytes + kReasonBytes)};
}

StagedEntry stage(const CrlIndex::Key& key, const RevokedEntry& entry) {
  StagedEntry staged{};
  staged[0] = static_cast<std::uint8_t>(key.issuer >> 8);
  staged[1] = static_cast<std::uint8_t>(key.issuer);
  staged[kStagedLength] = static_cast<std::uint8_t>(key.serial.size());
  std::ranges::copy(key.serial, staged.begin() + kStagedSerial);  // the padding is zero
  std::ranges::copy(pack_tail(entry), staged.begin() + kStagedTail);
  return staged;
}

bool same_key(const StagedEntry& a, const StagedEntry& b) {
  return std::memcmp(a.data(), b.data(), kStagedTail) == 0;
}

RevokedEntry both_of(const RevokedEntry& a, const RevokedEntry& b) {
  const bool a_revokes = a.reason != RevocationReason::kRemoveFromCrl;
  const bool b_revokes = b.reason != RevocationReason::kRemoveFromCrl;
  if (a_revokes != b_revokes) return a_revokes ? a : b;
  return {.revocation_time = std::min(a.revocation_time, b.revocation_time),
          .reason = gravity(a.reason) < gravity(b.reason) ? b.reason : a.reason,
          .invalidity_date = earlier(a.invalidity_date, b.invalidity_date)};
}

StagedEntry both_of(const StagedEntry& a, const StagedEntry& b) {
  StagedEntry both = a;
  const RevokedEntry entry = both_of(unpack_tail(a.data() + kStagedTail), unpack_tail(b.data() + kStagedTail));
  std::ranges::copy(pack_tail(entry), both.begin() + kStagedTail);
  return both;
}

// --- records ---------------------------------------------------------------------------------------------------------

std::size_t CrlIndex::Shape::rest_bytes() const {
  return (has_issuers ? kIssuerBytes : 0) + 1 + kTimeBytes + kReasonBytes + (has_invalidity_dates ? kTimeBytes : 0);
}

void CrlIndex::Shape::pack(const StagedEntry& entry, std::uint8_t* out) const {
  if (has_issuers) out = std::copy_n(entry.begin(), kIssuerBytes, out);
  out = std::copy_n(entry.begin() + kStagedLength, 1 + serial_bytes(), out);
  std::copy_n(entry.begin() + kStagedTail, kTimeBytes + kReasonBytes + (has_invalidity_dates ? kTimeBytes : 0), out);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

CrlIndex::CrlIndex(const Shape& shape, base::Bytes records, LongEntries long_entries)
    : shape_(shape),
      record_bytes_(shape.record_bytes()),
      key_bytes_(shape.key_bytes()),
      count_(records.size() / record_bytes_),
      owned_(std::move(records)),
      records_(owned_.data()),
      long_(std::move(long_entries)) {}

CrlIndex::CrlIndex(const Shape& shape, MappedFile file, ByteView records, LongEntries long_entries)
    : shape_(shape),
      record_bytes_(shape.record_bytes()),
      key_bytes_(shape.key_bytes()),
      count_(records.size() / record_bytes_),
      file_(std::move(file)),
      records_(records.data()),
      long_(std::move(long_entries)) {}

RevokedEntry CrlIndex::unpack(const std::uint8_t* record) const {
  const std::uint8_t* rest = record + key_bytes_;
  RevokedEntry entry{.revocation_time = get_time(rest).value_or(base::Time{}),
                     .reason = static_cast<RevocationReason>(rest[kTimeBytes]),
                     .invalidity_date = {}};
  if (shape_.has_invalidity_dates) entry.invalidity_date = get_time(rest + kTimeBytes + kReasonBytes);
  return entry;
}

std::optional<RevokedEntry> CrlIndex::find(const Key& key) const {
  if (key.serial.size() > kMaxPackedSerialBytes) {
    const auto it = long_.find({key.issuer, base::to_bytes(key.serial)});
    return it == long_.end() ? std::nullopt : std::optional(it->second);
  }
  if (count_ == 0 || key.serial.size() > shape_.serial_bytes()) return std::nullopt;
  if (key.issuer != 0 && !shape_.has_issuers) return std::nullopt;
  // A key shorter than the prefix goes on with zeros, so that it stands before every record of its serial.
  StagedEntry staged = stage(key, {});
  std::fill(staged.begin() + kStagedTail, staged.end(), std::uint8_t{0});
  const std::uint8_t* wanted = staged.data() + (shape_.has_issuers ? 0 : kIssuerBytes);
  std::size_t low = 0;
  for (std::size_t high = count_; low < high;) {
    const std::size_t middle = low + (high - low) / 2;
    if (precedes(records_ + middle * record_bytes_, wanted, key_bytes_)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == count_) return std::nullopt;
  const std::uint8_t* record = records_ + low * record_bytes_;
  if (std::memcmp(record, wanted, key_bytes_) != 0) return std::nullopt;
  return unpack(record);
}

void CrlIndex::visit(const Crl::Visitor& visitor) const {
  const std::size_t issuer_bytes = shape_.has_issuers ? kIssuerBytes : 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint8_t* record = records_ + i * record_bytes_;
    if (issuer_bytes != 0 && (record[0] | record[1]) != 0) break;  // sorted: the list's own issuer stands first
    const std::uint8_t* serial = record + issuer_bytes;
    if (visitor(ByteView(serial + 1, serial[0]), unpack(record)) == Crl::Visit::kEnough) return;
  }
  for (const auto& [key, entry] : long_) {
    if (key.first == 0 && visitor(key.second, entry) == Crl::Visit::kEnough) return;
  }
}

std::size_t CrlIndex::resident_bytes() const {
  std::size_t bytes = owned_.capacity();
  for (const auto& [key, entry] : long_) bytes += key.second.capacity() + sizeof entry + 64;  // a map node, about
  return bytes;
}

}  // namespace tanba::ocsp
