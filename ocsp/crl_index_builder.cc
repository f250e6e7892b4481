#include "ocsp/crl_index_builder.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "ocsp/extensions.h"

namespace tanba::ocsp {

using base::ByteView;
using base::Code;
using base::FileDescriptor;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kRunEntries = CrlIndexBuilder::kRunBytes / sizeof(StagedEntry);
// Read ahead for all runs together while they are merged; each gets its part, but not less than a page.
constexpr std::size_t kMergeBytes = 4U << 20;
constexpr std::size_t kLeastReadBytes = 4096;

ByteView octets_of(std::span<const StagedEntry> entries) {
  return {reinterpret_cast<const std::uint8_t*>(entries.data()), entries.size() * sizeof(StagedEntry)};
}

bool entry_precedes(const StagedEntry& a, const StagedEntry& b) {
  return precedes(a.data(), b.data(), sizeof(StagedEntry));
}

// Passes on one entry of each key, what all of them say together.
class Deduplicate {
 public:
  explicit Deduplicate(const CrlIndexBuilder::Sink& sink) : sink_(sink) {}
  Status take(const StagedEntry& entry) {
    if (pending_ && same_key(*pending_, entry)) {
      pending_ = both_of(*pending_, entry);
      return {};
    }
    TANBA_CHECK(finish());
    pending_ = entry;
    return {};
  }
  Status finish() { return pending_ ? sink_(*pending_) : Status(); }

 private:
  const CrlIndexBuilder::Sink& sink_;
  std::optional<StagedEntry> pending_;
};

// RFC 5280 5.3.3: "the certificate issuer" stands as a directoryName among the GeneralNames.
Result<pki::Name> directory_name(ByteView general_names) {
  namespace der = pki::der;
  der::Reader names(general_names);
  while (!names.at_end()) {
    TANBA_TRY(const der::Tlv name, names.next());
    if (name.tag == der::context_constructed(4)) return pki::Name::parse(name.value);
  }
  return malformed(Code::kCrlMalformed, "certificateIssuer");
}

}  // namespace

// --- files -----------------------------------------------------------------------------------------------------------

std::unexpected<base::Error> index_failure(const std::string& what, int error_number) {
  return base::fail(Code::kCrlIndex,
                    {{"what", what + ": " + std::error_code(error_number, std::generic_category()).message()}});
}

Result<FileDescriptor> nameless_file(const std::filesystem::path& directory) {
  std::error_code ignored;
  const std::filesystem::path place = directory.empty() ? std::filesystem::temp_directory_path(ignored) : directory;
  FileDescriptor file(::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.open()) return file;
  // Not every file system has files without names; memory is the place of last resort.
  FileDescriptor memory(::memfd_create("tanba-crl", MFD_CLOEXEC));
  if (memory.open()) return memory;
  return index_failure("a temporary file", errno);
}

Status write_all(int fd, ByteView octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return index_failure("writing", errno);
    octets = octets.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status read_exactly(int fd, std::uint64_t offset, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return index_failure("reading", errno);
    if (got == 0) return base::fail(Code::kCrlIndex, {{"what", "cut off"}});
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

// --- adding ----------------------------------------------------------------------------------------------------------

Result<std::uint16_t> CrlIndexBuilder::issuer(ByteView general_names) {
  if (!last_issuer_.empty() && base::equal(general_names, last_issuer_)) return last_issuer_id_;
  TANBA_TRY(pki::Name name, directory_name(general_names));
  auto found = issuer_ids_.find(name.canonical());
  if (found == issuer_ids_.end()) {
    issuer_bytes_ += name.der().size() + name.canonical().size();
    if (issuers_.size() == kMaxIssuers || issuer_bytes_ > kMaxIssuerBytes) {
      return malformed(Code::kCrlMalformed, "more certificate issuers than are allowed");
    }
    const auto id = static_cast<std::uint16_t>(issuers_.size() + 1);
    found = issuer_ids_.emplace(name.canonical(), id).first;
    issuers_.push_back(std::move(name));
  }
  last_issuer_ = base::to_bytes(general_names);
  last_issuer_id_ = found->second;
  return last_issuer_id_;
}

Status CrlIndexBuilder::add(const CrlIndex::Key& key, const RevokedEntry& entry) {
  ++added_;
  if (key.serial.size() > CrlIndex::kMaxPackedSerialBytes) {
    const auto [known, inserted] = long_.try_emplace({key.issuer, base::to_bytes(key.serial)}, entry);
    if (long_.size() > CrlIndex::kMaxLongSerials) {
      return malformed(Code::kCrlMalformed, "more over-long serial numbers than are allowed");
    }
    if (!inserted) known->second = both_of(known->second, entry);
    return {};
  }
  shape_.longest_serial_bytes = std::max(shape_.longest_serial_bytes, key.serial.size());
  shape_.has_invalidity_dates = shape_.has_invalidity_dates || entry.invalidity_date.has_value();
  shape_.has_issuers = shape_.has_issuers || key.issuer != 0;
  if (run_.size() == kRunEntries) TANBA_CHECK(spill());
  run_.push_back(stage(key, entry));
  return {};
}

void CrlIndexBuilder::sort_run() {
  std::ranges::sort(run_, entry_precedes);
}

Status CrlIndexBuilder::spill() {
  if (!spilled_.open()) {
    TANBA_TRY(spilled_, nameless_file(scratch_));
  }
  sort_run();
  TANBA_CHECK(write_all(spilled_.get(), octets_of(run_)));
  runs_.push_back(run_.size());
  run_.clear();
  return {};
}

// --- merging ---------------------------------------------------------------------------------------------------------

class CrlIndexBuilder::Merge {
 public:
  Merge(int fd, std::span<const std::size_t> runs) : fd_(fd) {
    const std::size_t each = std::max(kMergeBytes / runs.size(), kLeastReadBytes) / sizeof(StagedEntry);
    std::uint64_t offset = 0;
    for (const std::size_t entries : runs) {
      runs_.push_back({.offset = offset, .left = entries, .buffer = std::vector<StagedEntry>(std::min(each, entries))});
      offset += entries * sizeof(StagedEntry);
    }
  }

  Status run(Deduplicate& out) {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      TANBA_CHECK(refill(runs_[i]));
      heap_.push_back(i);
    }
    const auto later = [&](std::size_t a, std::size_t b) { return entry_precedes(head(b), head(a)); };
    std::ranges::make_heap(heap_, later);
    while (!heap_.empty()) {
      std::ranges::pop_heap(heap_, later);
      Run& run = runs_[heap_.back()];
      TANBA_CHECK(out.take(run.buffer[run.at++]));
      if (run.at == run.filled) TANBA_CHECK(refill(run));
      if (run.at == run.filled) {
        heap_.pop_back();
      } else {
        std::ranges::push_heap(heap_, later);
      }
    }
    return {};
  }

 private:
  struct Run {
    std::uint64_t offset = 0;
    std::size_t left = 0;
    std::vector<StagedEntry> buffer;
    std::size_t at = 0;
    std::size_t filled = 0;
  };

  [[nodiscard]] const StagedEntry& head(std::size_t i) const { return runs_[i].buffer[runs_[i].at]; }

  Status refill(Run& run) {
    run.at = 0;
    run.filled = std::min(run.left, run.buffer.size());
    const std::size_t bytes = run.filled * sizeof(StagedEntry);
    TANBA_CHECK(read_exactly(fd_, run.offset, {reinterpret_cast<std::uint8_t*>(run.buffer.data()), bytes}));
    run.offset += bytes;
    run.left -= run.filled;
    return {};
  }

  int fd_;
  std::vector<Run> runs_;
  std::vector<std::size_t> heap_;  // runs by their first entry
};

Status CrlIndexBuilder::drain(const Sink& sink) {
  Deduplicate out(sink);
  if (runs_.empty()) {
    sort_run();
    for (const StagedEntry& entry : run_) TANBA_CHECK(out.take(entry));
    return out.finish();
  }
  TANBA_CHECK(spill());
  run_.shrink_to_fit();  // what is merged needs the room
  TANBA_CHECK(Merge(spilled_.get(), runs_).run(out));
  return out.finish();
}

}  // namespace tanba::ocsp
