// Indexes in files.
//
//   0   "tanbacrl"
//   8   version (4)          12  longest packed serial (4)   16  flags (4): 1 invalidity dates, 2 issuers   20  zero
//   (4) 24  records (8)          32  entries listed (8)          40  octets of the description (8) 48  octets of the
//   whole file (8)                         56  zero (8) 64  description, DER: SEQUENCE { digest of the list OCTET
//   STRING, digest of its signed part OCTET STRING,
//       the list without its entries (a CertificateList), issuers SEQUENCE OF Name,
//       long entries SEQUENCE OF OCTET STRING: issuer (2), time, reason and date (11), serial }
//       records
//       SHA-256 of everything from 64 to here, and then of the 64 octets before it: how many records there are is known
//       when the last one is written
//
// Numbers are big-endian. The checksum is against tears and failing disks; whoever may write where indexes are kept can
// write lists there too, and neither is believed without the issuer's signature over the digest that stands in the
// description. Everything is checked before a record is used, and records must be in order.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <span>

#include "base/file.h"
#include "ocsp/crl_state.h"
#include "ocsp/extensions.h"
#include "pki/der.h"

namespace tanba::ocsp {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::FileDescriptor;
using base::Result;
using base::Status;
namespace der = pki::der;

namespace {

constexpr std::string_view kMagic = "tanbacrl";
constexpr std::uint32_t kVersion = 2;  // 1: of a serial listed more than once another entry
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kChecksumBytes = 32;
constexpr std::uint32_t kHasInvalidityDates = 1;
constexpr std::uint32_t kHasIssuers = 2;
constexpr std::size_t kBlockBytes = 256U << 10;
// The skeleton (at most 512 KiB and a signature), the issuers (1 MiB) and 10,000 long serials of 64 octets.
constexpr std::size_t kMaxDescriptionBytes = 4U << 20;

std::unexpected<base::Error> broken(std::string what) {
  return base::fail(Code::kCrlIndex, {{"what", std::move(what)}});
}

void put_number(std::uint8_t* out, std::size_t bytes, std::uint64_t value) {
  for (std::size_t i = bytes; i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

std::uint64_t get_number(const std::uint8_t* in, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | in[i];
  return value;
}

struct Header {
  CrlIndex::Shape shape;
  std::uint64_t records = 0;
  std::uint64_t listed = 0;
  std::uint64_t description_bytes = 0;

  [[nodiscard]] std::uint64_t records_at() const { return kHeaderBytes + description_bytes; }
  [[nodiscard]] std::uint64_t checksum_at() const { return records_at() + records * shape.record_bytes(); }
  [[nodiscard]] std::uint64_t file_bytes() const { return checksum_at() + kChecksumBytes; }
};

std::array<std::uint8_t, kHeaderBytes> write_header(const Header& header) {
  std::array<std::uint8_t, kHeaderBytes> out{};
  std::ranges::copy(kMagic, out.begin());
  const std::uint32_t flags =
      (header.shape.has_invalidity_dates ? kHasInvalidityDates : 0) | (header.shape.has_issuers ? kHasIssuers : 0);
  put_number(&out[8], 4, kVersion);
  put_number(&out[12], 4, header.shape.longest_serial_bytes);
  put_number(&out[16], 4, flags);
  put_number(&out[24], 8, header.records);
  put_number(&out[32], 8, header.listed);
  put_number(&out[40], 8, header.description_bytes);
  put_number(&out[48], 8, header.file_bytes());
  return out;
}

Result<Header> read_header(ByteView octets, std::uint64_t file_bytes) {
  if (octets.size() < kHeaderBytes || !base::as_text(octets).starts_with(kMagic)) return broken("no index");
  if (get_number(&octets[8], 4) != kVersion) return broken("another version");
  Header header;
  header.shape.longest_serial_bytes = get_number(&octets[12], 4);
  const std::uint64_t flags = get_number(&octets[16], 4);
  header.shape.has_invalidity_dates = (flags & kHasInvalidityDates) != 0;
  header.shape.has_issuers = (flags & kHasIssuers) != 0;
  header.records = get_number(&octets[24], 8);
  header.listed = get_number(&octets[32], 8);
  header.description_bytes = get_number(&octets[40], 8);
  const std::size_t longest = header.shape.longest_serial_bytes;
  if (longest == 0 || longest > CrlIndex::kMaxPackedSerialBytes) return broken("serials");
  if (header.description_bytes > kMaxDescriptionBytes || header.records > file_bytes) return broken("sizes");
  if (header.file_bytes() != file_bytes) return broken("cut off or lengthened");
  // What is written again is what was read: nothing stands where zeros belong, and no flag is unknown.
  if (!base::equal(octets.first(kHeaderBytes), write_header(header))) return broken("header");
  return header;
}

// --- description -----------------------------------------------------------------------------------------------------

void append_octets(Bytes& all, ByteView more) {
  all.insert(all.end(), more.begin(), more.end());
}

Bytes write_description(ByteView skeleton, const CrlIndexBuilder& entries, const CrlState& state) {
  Bytes issuers;
  for (const pki::Name& name : entries.issuers()) append_octets(issuers, name.der());
  Bytes long_entries;
  for (const auto& [key, entry] : entries.long_entries()) {
    Bytes one(2);
    put_number(one.data(), 2, key.first);
    append_octets(one, pack_tail(entry));
    append_octets(one, key.second);
    append_octets(long_entries, der::write_octet_string(one));
  }
  return der::write_sequence({der::write_octet_string(state.digest.view()), der::write_octet_string(state.tbs_digest),
                              skeleton, der::write(der::kSequence, issuers), der::write(der::kSequence, long_entries)});
}

Status read_issuers(ByteView names, CrlState& out) {
  der::Reader reader(names);
  for (std::uint16_t id = 1; !reader.at_end(); ++id) {
    if (id > CrlIndexBuilder::kMaxIssuers) return broken("issuers");
    TANBA_TRY(const der::Tlv name, reader.next());
    TANBA_TRY(const pki::Name parsed, pki::Name::parse(name.whole));
    if (!out.issuer_ids.emplace(parsed.canonical(), id).second) return broken("issuers");
  }
  return {};
}

Status read_long_entries(ByteView list, const CrlState& state, CrlIndex::LongEntries& out) {
  constexpr std::size_t kSerialAt = 2 + kTailBytes;
  der::Reader reader(list);
  while (!reader.at_end()) {
    TANBA_TRY(const der::Tlv one, reader.expect(der::kOctetString, "long entry"));
    if (one.value.size() <= kSerialAt || out.size() == CrlIndex::kMaxLongSerials) return broken("long entries");
    const auto issuer = static_cast<std::uint16_t>(get_number(one.value.data(), 2));
    if (issuer > state.issuer_ids.size()) return broken("long entries");
    out.emplace(std::pair(issuer, base::to_bytes(one.value.subspan(kSerialAt))), unpack_tail(&one.value[2]));
  }
  return {};
}

Status read_description(ByteView octets, CrlState& out, CrlIndex::LongEntries& long_entries) {
  TANBA_TRY(const der::Tlv whole, der::parse_single(octets, der::kSequence, "description"));
  der::Reader fields(whole.value);
  TANBA_TRY(const der::Tlv digest, fields.expect(der::kOctetString, "digest"));
  TANBA_TRY(const der::Tlv tbs_digest, fields.expect(der::kOctetString, "digest of the signed part"));
  TANBA_TRY(const der::Tlv skeleton, fields.expect(der::kSequence, "list"));
  TANBA_TRY(const der::Tlv issuers, fields.expect(der::kSequence, "issuers"));
  TANBA_TRY(const der::Tlv list, fields.expect(der::kSequence, "long entries"));
  TANBA_CHECK(fields.finish("description"));
  if (digest.value.size() != out.digest.octets.size()) return broken("digest");
  std::ranges::copy(digest.value, out.digest.octets.begin());
  // Made where no provider had the digest: another process may have it, so the list has to be read again.
  if (tbs_digest.value.empty()) return broken("without the digest of the signed part");
  out.tbs_digest = base::to_bytes(tbs_digest.value);
  TANBA_CHECK(CrlParser::parse_skeleton(skeleton.whole, out));
  TANBA_CHECK(read_issuers(issuers.value, out));
  return read_long_entries(list.value, out, long_entries);
}

// --- writing ---------------------------------------------------------------------------------------------------------

// Octets to a descriptor by the block, digested on the way.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) { buffer_.reserve(kBlockBytes); }
  Status write(ByteView octets) {
    if (buffer_.size() + octets.size() > kBlockBytes) TANBA_CHECK(flush());
    if (octets.size() > kBlockBytes) return put(octets);
    append_octets(buffer_, octets);
    return {};
  }
  // With what is digested last and stands elsewhere.
  Status finish(ByteView last) {
    TANBA_CHECK(flush());
    digest_.update(last);
    const base::Digest checksum = digest_.finish();
    return write_all(fd_, checksum.view());
  }

 private:
  Status put(ByteView octets) {
    digest_.update(octets);
    return write_all(fd_, octets);
  }
  Status flush() {
    TANBA_CHECK(put(buffer_));
    buffer_.clear();
    return {};
  }
  int fd_;
  Bytes buffer_;
  base::Sha256 digest_;
};

// At the descriptor's beginning, which is empty.
Status write_index(int fd, ByteView skeleton, CrlIndexBuilder& entries, const CrlState& state) {
  const Bytes description = write_description(skeleton, entries, state);
  if (description.size() > kMaxDescriptionBytes) return broken("a description that is too long");
  Header header{
      .shape = entries.shape(), .records = 0, .listed = entries.added(), .description_bytes = description.size()};
  TANBA_CHECK(write_all(fd, Bytes(kHeaderBytes)));
  Writer out(fd);
  TANBA_CHECK(out.write(description));
  Bytes record(header.shape.record_bytes());
  TANBA_CHECK(entries.drain([&](const StagedEntry& entry) -> Status {
    std::ranges::fill(record, std::uint8_t{0});
    header.shape.pack(entry, record.data());
    ++header.records;
    return out.write(record);
  }));
  const auto octets = write_header(header);
  TANBA_CHECK(out.finish(octets));
  return ::pwrite(fd, octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size())
             ? Status()
             : Status(index_failure("writing", errno));
}

// --- reading ---------------------------------------------------------------------------------------------------------

// Every record is one that a search finds: in order, its serial no longer than what is packed and filled up with zeros.
class RecordCheck {
 public:
  RecordCheck(const CrlIndex::Shape& shape, std::size_t issuers)
      : key_bytes_(shape.key_bytes()),
        serial_bytes_(shape.serial_bytes()),
        issuers_(issuers),
        issuer_bytes_(shape.has_issuers ? 2 : 0) {}
  Status take(const std::uint8_t* record) {
    const std::size_t length = record[issuer_bytes_];
    if (length == 0 || length > std::min(serial_bytes_, CrlIndex::kMaxPackedSerialBytes)) return broken("records");
    const std::span filling(record + issuer_bytes_ + 1 + length, serial_bytes_ - length);
    if (std::ranges::any_of(filling, [](std::uint8_t octet) { return octet != 0; })) return broken("records");
    if (issuer_bytes_ != 0 && get_number(record, issuer_bytes_) > issuers_) return broken("records");
    if (!last_.empty() && std::memcmp(last_.data(), record, key_bytes_) >= 0) return broken("records out of order");
    last_.assign(record, record + key_bytes_);
    return {};
  }

 private:
  std::size_t key_bytes_, serial_bytes_, issuers_, issuer_bytes_;
  Bytes last_;
};

// All records through a buffer rather than the mapping: what is only checked does not count as our memory.
Status check_records(int fd, const Header& header, std::size_t issuers, base::Sha256& digest) {
  const std::size_t record_bytes = header.shape.record_bytes();
  RecordCheck check(header.shape, issuers);
  Bytes block(kBlockBytes / record_bytes * record_bytes);
  for (std::uint64_t at = header.records_at(); at < header.checksum_at();) {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), header.checksum_at() - at));
    TANBA_CHECK(read_exactly(fd, at, std::span(block).first(bytes)));
    digest.update(ByteView(block).first(bytes));
    for (std::size_t i = 0; i < bytes; i += record_bytes) TANBA_CHECK(check.take(&block[i]));
    at += bytes;
  }
  return {};
}

Result<MappedFile> map(int fd, std::uint64_t bytes) {
  void* address = ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return index_failure("mapping", errno);
  // Look-ups go anywhere: reading ahead would only fill memory.
  static_cast<void>(::madvise(address, static_cast<std::size_t>(bytes), MADV_RANDOM));
  return MappedFile(static_cast<const std::uint8_t*>(address), static_cast<std::size_t>(bytes));
}

Status load(int fd, CrlState& out) {
  struct stat status{};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return broken("no file");
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  if (file_bytes < kHeaderBytes + kChecksumBytes) return broken("cut off");
  std::array<std::uint8_t, kHeaderBytes> head{};
  TANBA_CHECK(read_exactly(fd, 0, head));
  TANBA_TRY(const Header header, read_header(head, file_bytes));
  Bytes description(static_cast<std::size_t>(header.description_bytes));
  TANBA_CHECK(read_exactly(fd, kHeaderBytes, description));
  CrlIndex::LongEntries long_entries;
  TANBA_CHECK(read_description(description, out, long_entries));
  base::Sha256 digest;
  digest.update(description);
  TANBA_CHECK(check_records(fd, header, out.issuer_ids.size(), digest));
  digest.update(head);
  std::array<std::uint8_t, kChecksumBytes> checksum{};
  TANBA_CHECK(read_exactly(fd, header.checksum_at(), checksum));
  if (!base::equal(digest.finish().view(), checksum)) return broken("checksum");
  out.listed = header.listed;
  TANBA_TRY(MappedFile file, map(fd, file_bytes));
  const ByteView records = file.octets().subspan(static_cast<std::size_t>(header.records_at()),
                                                 static_cast<std::size_t>(header.checksum_at() - header.records_at()));
  out.index = CrlIndex(header.shape, std::move(file), records, std::move(long_entries));
  return {};
}

}  // namespace

Status index_in_memory(CrlIndexBuilder& entries, CrlState& out) {
  const CrlIndex::Shape shape = entries.shape();
  const std::size_t record_bytes = shape.record_bytes();
  Bytes records(static_cast<std::size_t>(entries.added()) * record_bytes);
  std::size_t used = 0;
  TANBA_CHECK(entries.drain([&](const StagedEntry& entry) -> Status {
    shape.pack(entry, records.data() + used);
    used += record_bytes;
    return {};
  }));
  records.resize(used);
  out.index = CrlIndex(shape, std::move(records), entries.long_entries());
  return {};
}

Result<FileDescriptor> write_nameless_index(ByteView skeleton, CrlIndexBuilder& entries, const CrlState& state) {
  TANBA_TRY(FileDescriptor file, nameless_file({}));
  TANBA_CHECK(write_index(file.get(), skeleton, entries, state));
  return file;
}

Status write_index_file(ByteView skeleton, CrlIndexBuilder& entries, const CrlState& state,
                        const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  temporary += ".tmp-XXXXXX";
  std::string name = temporary.string();
  const FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.open()) return index_failure("a file beside the index", errno);
  Status written = write_index(file.get(), skeleton, entries, state);
  if (written && ::fsync(file.get()) != 0) written = index_failure("writing", errno);
  if (written && ::rename(name.c_str(), path.c_str()) != 0) written = index_failure("renaming", errno);
  if (!written) {
    ::unlink(name.c_str());
    return written;
  }
  if (const auto synced = base::sync_directory(path.parent_path()); !synced) return broken(synced.error().message());
  return {};
}

Status load_index(int fd, CrlState& out) {
  auto loaded = load(fd, out);
  if (loaded || loaded.error().code() == Code::kCrlIndex) return loaded;
  return base::fail(as_malformed(Code::kCrlIndex, loaded.error()));
}

}  // namespace tanba::ocsp
