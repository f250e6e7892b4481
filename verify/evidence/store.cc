#include "verify/evidence/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "verify/evidence/list_file.h"

namespace tanba::verify::evidence {
namespace {

// A kept list: one line with its reach, standing and source, then the DER. The source is in the file so that the name
// can be a digest.
constexpr std::string_view kListPrefix = "crl-";
constexpr std::string_view kIndexPrefix = "index-";  // of the list whose name goes on in the same way
constexpr std::string_view kWaitingPrefix = "waiting-";
constexpr std::size_t kMaxLineBytes = 4096;  // addresses have at most 2,048 octets
constexpr std::string_view kMarksFile = "marks";
constexpr std::string_view kReaches[] = {"address", "issuer"};
constexpr std::string_view kStandings[] = {"unproved", "proved"};

base::Bytes file_contents(const Store::KeptList& list, base::ByteView octets) {
  std::string line(kReaches[static_cast<std::size_t>(list.reach)]);
  line += ' ';
  line += kStandings[static_cast<std::size_t>(list.standing)];
  line += ' ' + list.item.source + '\n';
  base::Bytes out(line.begin(), line.end());
  out.insert(out.end(), octets.begin(), octets.end());
  return out;
}

struct KeptFile {
  std::string source;
  Store::Reach reach = Store::Reach::kAddress;
  Store::Standing standing = Store::Standing::kUnproved;
  base::ByteView octets;
};

// The word up to the next space, if it is one of these; its place among them.
std::optional<std::size_t> take_word(std::string_view& line, std::span<const std::string_view> words) {
  const std::size_t length = line.find(' ');
  if (length == std::string_view::npos) return std::nullopt;
  const auto found = std::ranges::find(words, line.substr(0, length));
  if (found == words.end()) return std::nullopt;
  line.remove_prefix(length + 1);
  return static_cast<std::size_t>(found - words.begin());
}

std::optional<KeptFile> split(base::ByteView file) {
  const auto end = std::ranges::find(file, static_cast<std::uint8_t>('\n'));
  if (end == file.end()) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(end - file.begin());
  std::string_view line = base::as_text(file.first(length));
  const auto reach = take_word(line, kReaches);
  const auto standing = reach ? take_word(line, kStandings) : std::nullopt;
  if (!standing) return std::nullopt;
  return KeptFile{std::string(line), static_cast<Store::Reach>(*reach), static_cast<Store::Standing>(*standing),
                  file.subspan(length + 1)};
}

// Null when the file cannot be opened any more.
std::shared_ptr<const ListOctets> octets_of(const std::filesystem::path& path, std::uint64_t offset) {
  base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.open() ? std::make_shared<const ListOctets>(std::move(file), offset) : nullptr;
}

// A source has one file of each kind, and no other name is read: a copy could be older than the list in force.
std::string name_of(std::string_view prefix, std::string_view source) {
  return std::string(prefix) + base::sha256(base::as_bytes(source)).hex();
}

// What a crash left half written.
bool is_leftover(std::string_view name) {
  const bool ours = name.starts_with(kListPrefix) || name.starts_with(kIndexPrefix) || name.starts_with(kWaitingPrefix);
  return ours && name.contains(".tmp-");
}

// What does not parse any more is passed over.
template <class Take>
void read_lists(const std::filesystem::path& directory, std::string_view prefix, base::Time now, Take take) {
  if (directory.empty()) return;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto file = base::read_file(entry.path(), base::Limits{}.max_crl_bytes + 4096);
    const auto kept = file ? split(*file) : std::nullopt;
    if (kept && name != name_of(prefix, kept->source)) continue;
    const auto crl = kept ? ocsp::Crl::parse(kept->octets) : base::fail(base::Code::kCrlMalformed);
    if (!crl) continue;
    CrlItem item{.id = (*crl)->digest(),
                 .crl = *crl,
                 .asked_for = {},
                 .source = kept->source,
                 .received_at = now,
                 .octets = octets_of(entry.path(), file->size() - kept->octets.size())};
    take(Store::KeptList{std::move(item), kept->reach, kept->standing}, kept->octets);
  }
}

}  // namespace

Store::Store(Options options)
    : options_(std::move(options)),
      marks_(options_.directory.empty() ? std::filesystem::path() : options_.directory / kMarksFile) {
  if (!options_.directory.empty()) {
    std::error_code ignored;  // an unwritable directory shows at the first list kept
    std::filesystem::create_directories(options_.directory, ignored);
  }
}

std::filesystem::path Store::crl_file(const std::string& source) const {
  return options_.directory / name_of(kListPrefix, source);
}

std::filesystem::path Store::index_file(const std::string& source) const {
  return options_.directory / name_of(kIndexPrefix, source);
}

std::optional<Store::KeptList> Store::read_list(const std::filesystem::path& path, base::Time now) const {
  base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  base::Bytes head(kMaxLineBytes);
  const ssize_t got = file.open() ? ::pread(file.get(), head.data(), head.size(), 0) : -1;
  if (got <= 0) return std::nullopt;
  head.resize(static_cast<std::size_t>(got));
  const auto kept = split(head);
  if (!kept) return std::nullopt;
  const std::uint64_t offset = head.size() - kept->octets.size();
  const auto crl = open_list(file.get(), offset, index_file(kept->source));
  if (!crl) return std::nullopt;
  CrlItem item{.id = (*crl)->digest(),
               .crl = *crl,
               .asked_for = {},
               .source = kept->source,
               .received_at = now,
               .octets = std::make_shared<const ListOctets>(std::move(file), offset)};
  return KeptList{std::move(item), kept->reach, kept->standing};
}

std::filesystem::path Store::waiting_file(const std::string& source) const {
  return options_.directory / name_of(kWaitingPrefix, source);
}

std::size_t Store::load(base::Time now) {
  if (options_.directory.empty()) return 0;
  marks_.load();
  std::size_t read = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory, error)) {
    const std::string name = entry.path().filename().string();
    if (is_leftover(name)) std::filesystem::remove(entry.path(), error);
    if (!name.starts_with(kListPrefix)) continue;
    auto kept = read_list(entry.path(), now);
    if (!kept || name != name_of(kListPrefix, kept->item.source)) continue;
    const std::string source = kept->item.source;
    const std::scoped_lock lock(mutex_);
    crls_.insert_or_assign(source, *std::move(kept));
    ++read;
  }
  return read;
}

std::vector<Store::WaitingList> Store::waiting(base::Time now) const {
  std::vector<WaitingList> all;
  read_lists(options_.directory, kWaitingPrefix, now, [&](KeptList&& list, base::ByteView octets) {
    all.push_back({std::move(list.item), std::make_shared<const base::Bytes>(base::to_bytes(octets))});
  });
  return all;
}

base::Status Store::keep_waiting(const WaitingList& list) const {
  return write(waiting_file(list.item.source), {.item = list.item}, *list.octets);
}

void Store::drop_waiting(const std::string& source) const {
  if (options_.directory.empty()) return;
  std::error_code ignored;  // what is still there is offered to a person once more
  std::filesystem::remove(waiting_file(source), ignored);
}

void Store::add_known(const pki::Certificate& certificate, base::Time now, EvidenceSet& evidence, Age age) const {
  const std::scoped_lock lock(mutex_);
  if (const auto found = ocsp_.find(certificate.digest()); found != ocsp_.end()) {
    const OcspItem& item = found->second.item;
    const bool reusable = now >= item.received_at && now - item.received_at <= options_.ocsp_reuse;
    if (reusable || age == Age::kAny) evidence.add(item);
  }
  std::vector<pki::DistributionPoint> deltas;
  const auto add_of = [&](const std::vector<pki::DistributionPoint>& points) {
    for (const pki::DistributionPoint& point : points) {
      for (const std::string& url : point.urls) {
        const auto found = crls_.find(url);
        if (found == crls_.end() || !evidence.add(found->second.item)) continue;
        const ocsp::Crl& crl = *found->second.item.crl;
        deltas.insert(deltas.end(), crl.freshest_points().begin(), crl.freshest_points().end());
      }
    }
  };
  add_of(certificate.crl_points());
  add_of(certificate.freshest_crl_points());
  for (const auto& [source, kept] : crls_) {
    if (kept.reach == Reach::kIssuer && kept.item.crl->issuer() == certificate.issuer()) evidence.add(kept.item);
  }
  add_of(std::exchange(deltas, {}));  // of the lists that are at hand; a delta names no further ones
}

void Store::keep(const OcspItem& item) {
  if (!item.asked_for) return;
  const std::scoped_lock lock(mutex_);
  if (const auto found = ocsp_.find(*item.asked_for); found != ocsp_.end()) {
    ocsp_by_age_.erase(found->second.age);
    ocsp_.erase(found);
  }
  while (!ocsp_by_age_.empty() && ocsp_.size() >= options_.max_ocsp) {
    ocsp_.erase(ocsp_by_age_.front());
    ocsp_by_age_.pop_front();
  }
  ocsp_by_age_.push_back(*item.asked_for);
  ocsp_.emplace(*item.asked_for, KeptOcsp{item, std::prev(ocsp_by_age_.end())});
}

base::Status Store::keep(const KeptList& list, base::ByteView octets) {
  {
    const std::scoped_lock lock(mutex_);
    crls_.insert_or_assign(list.item.source, list);
  }
  TANBA_CHECK(write(crl_file(list.item.source), list, octets));
  if (options_.directory.empty()) return {};
  const ocsp::CrlPtr indexed = index_list(octets, list.item.crl, index_file(list.item.source));
  // The octets need not stay in memory now that the file has them.
  const auto on_disk = octets_of(crl_file(list.item.source), file_contents(list, {}).size());
  const std::scoped_lock lock(mutex_);
  // Unless another list of the source came in the meantime.
  const auto kept = crls_.find(list.item.source);
  if (kept == crls_.end() || kept->second.item.id != list.item.id) return {};
  kept->second.item.crl = indexed;
  if (on_disk) kept->second.item.octets = on_disk;
  return {};
}

void Store::drop(const std::string& source) {
  {
    const std::scoped_lock lock(mutex_);
    crls_.erase(source);
  }
  if (options_.directory.empty()) return;
  drop_waiting(source);
  std::error_code ignored;  // what is still there is a list like others at the next start
  std::filesystem::remove(crl_file(source), ignored);
  std::filesystem::remove(index_file(source), ignored);
}

std::vector<Store::KeptList> Store::lists() const {
  const std::scoped_lock lock(mutex_);
  std::vector<KeptList> all;
  all.reserve(crls_.size());
  for (const auto& [source, kept] : crls_) all.push_back(kept);
  return all;
}

// A full disk costs the next start a download, no more: memory has the list.
base::Status Store::write(const std::filesystem::path& file, const KeptList& list, base::ByteView octets) const {
  if (options_.directory.empty()) return {};
  const auto written = base::write_file_durably(file, file_contents(list, octets));
  if (written) return {};
  return base::fail(base::Code::kEvidenceNotStored,
                    {{"source", list.item.source}, {"reason", written.error().message()}}, written.error().cause());
}

Store::Sizes Store::sizes() const {
  const std::scoped_lock lock(mutex_);
  Sizes sizes{.ocsp = ocsp_.size(), .crls = crls_.size(), .crl_bytes = 0};
  for (const auto& [source, kept] : crls_) sizes.crl_bytes += kept.item.crl->resident_bytes();
  return sizes;
}

}  // namespace tanba::verify::evidence
