#include "ocsp/crl_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace tanba::ocsp {

using base::ByteView;

namespace {

constexpr std::size_t kTimeBytes = 5;
constexpr std::size_t kReasonBytes = 1;
// Times as seconds since 1970, moved up so that those before it stay positive and octets compare as times do.
constexpr std::int64_t kTimeBias = std::int64_t{1} << 39;  // 17,000 years: any that ASN.1 can write
constexpr std::uint64_t kNoTime = (std::uint64_t{1} << 40) - 1;

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

// The first octets of a record as a number that compares as they do: mostly it decides, without a call.
std::uint64_t prefix(const std::uint8_t* record) {
  std::uint64_t value;
  std::memcpy(&value, record, sizeof value);
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

bool precedes(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes) {
  const std::uint64_t first = prefix(a);
  const std::uint64_t second = prefix(b);
  return first != second ? first < second : std::memcmp(a, b, bytes) < 0;
}

// Sorting moves whole records, so their size has to be known to the compiler: one of these.
template <std::size_t N>
void sort_records(base::Bytes& records) {
  using Record = std::array<std::uint8_t, N>;
  static_assert(sizeof(Record) == N && alignof(Record) == 1);
  auto* first = reinterpret_cast<Record*>(records.data());
  std::sort(first, first + records.size() / N,
            [](const Record& a, const Record& b) { return precedes(a.data(), b.data(), N); });
}

constexpr std::size_t kRecordSizes[] = {12, 16, 20, 24, 28, 36};

}  // namespace

CrlIndex::CrlIndex(const Shape& shape) : has_invalidity_dates_(shape.has_invalidity_dates) {
  const std::size_t rest = 1 + kTimeBytes + kReasonBytes + (has_invalidity_dates_ ? kTimeBytes : 0);
  record_bytes_ = *std::ranges::lower_bound(kRecordSizes, rest + shape.longest_serial_bytes);
  serial_bytes_ = record_bytes_ - rest;
  records_.resize(shape.entries * record_bytes_);
}

void CrlIndex::add(ByteView serial, const RevokedEntry& entry) {
  if (serial.size() > kMaxPackedSerialBytes) {
    const auto [known, inserted] = long_.try_emplace(base::to_bytes(serial), entry);
    if (!inserted && entry.revocation_time < known->second.revocation_time) known->second = entry;
    return;
  }
  std::uint8_t* record = records_.data() + count_++ * record_bytes_;
  record[0] = static_cast<std::uint8_t>(serial.size());
  std::ranges::copy(serial, record + 1);  // the padding is zero
  std::uint8_t* rest = record + key_bytes();
  put_time(rest, entry.revocation_time);
  rest[kTimeBytes] = static_cast<std::uint8_t>(entry.reason);
  if (has_invalidity_dates_) put_time(rest + kTimeBytes + kReasonBytes, entry.invalidity_date);
}

void CrlIndex::sort() {
  switch (record_bytes_) {
    case 12:
      return sort_records<12>(records_);
    case 16:
      return sort_records<16>(records_);
    case 20:
      return sort_records<20>(records_);
    case 24:
      return sort_records<24>(records_);
    case 28:
      return sort_records<28>(records_);
    case 36:
      return sort_records<36>(records_);
    default:
      return;
  }
}

RevokedEntry CrlIndex::unpack(const std::uint8_t* record) const {
  const std::uint8_t* rest = record + key_bytes();
  RevokedEntry entry;
  entry.revocation_time = get_time(rest).value_or(base::Time{});
  entry.reason = static_cast<RevocationReason>(rest[kTimeBytes]);
  if (has_invalidity_dates_) entry.invalidity_date = get_time(rest + kTimeBytes + kReasonBytes);
  return entry;
}

std::optional<RevokedEntry> CrlIndex::find(ByteView serial) const {
  if (serial.size() > kMaxPackedSerialBytes) {
    const auto it = long_.find(base::to_bytes(serial));
    return it == long_.end() ? std::nullopt : std::optional(it->second);
  }
  if (count_ == 0 || serial.size() > serial_bytes_) return std::nullopt;
  std::array<std::uint8_t, kRecordSizes[std::size(kRecordSizes) - 1]> key{};
  key[0] = static_cast<std::uint8_t>(serial.size());
  std::ranges::copy(serial, key.begin() + 1);
  // A key shorter than the prefix goes on with zeros, so that it stands before every record of its serial.
  std::size_t low = 0;
  for (std::size_t high = count_; low < high;) {
    const std::size_t middle = low + (high - low) / 2;
    if (precedes(records_.data() + middle * record_bytes_, key.data(), key_bytes())) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == count_) return std::nullopt;
  const std::uint8_t* record = records_.data() + low * record_bytes_;
  if (std::memcmp(record, key.data(), key_bytes()) != 0) return std::nullopt;
  return unpack(record);
}

void CrlIndex::visit(const Crl::Visitor& visitor) const {
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint8_t* record = records_.data() + i * record_bytes_;
    if (visitor(ByteView(record + 1, record[0]), unpack(record)) == Crl::Visit::kEnough) return;
  }
  for (const auto& [serial, entry] : long_) {
    if (visitor(serial, entry) == Crl::Visit::kEnough) return;
  }
}

std::size_t CrlIndex::resident_bytes() const {
  std::size_t bytes = records_.capacity();
  for (const auto& [serial, entry] : long_) bytes += serial.capacity() + sizeof entry + 64;  // a map node, about
  return bytes;
}

}  // namespace tanba::ocsp
