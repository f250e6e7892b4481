#include "licensing/registry/document_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "base/file.h"

namespace tanba::licensing::registry {
namespace {

using base::Code;
namespace fs = std::filesystem;

// The answer says where it failed, the cause, which stays in the log, why: it names files of this machine.
std::unexpected<base::Error> storage(std::string cause) {
  return base::fail(Code::kRegistryStorage, {{"reason", "documents"}}, std::move(cause));
}

std::unexpected<base::Error> storage(const base::Error& error) {
  return storage(error.message());
}

enum class Made { kNow, kBefore };
base::Result<Made> make_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0750) == 0) return Made::kNow;
  if (errno == EEXIST) return Made::kBefore;
  return storage(directory.string() + ": " + std::generic_category().message(errno));
}

base::Status sync(const fs::path& directory) {
  if (auto synced = base::sync_directory(directory); !synced) return storage(synced.error());
  return {};
}

// Temporary names end in ".tmp-<pid>-<n>" (base/file.h). A day is far longer than any write takes.
void remove_abandoned(const fs::path& root) {
  std::error_code ignored;
  const auto limit = fs::file_time_type::clock::now() - std::chrono::days(1);
  for (const auto& fan : fs::directory_iterator(root, ignored)) {
    for (const auto& entry : fs::directory_iterator(fan.path(), ignored)) {
      if (entry.path().filename().string().find(".tmp-") == std::string::npos) continue;
      const auto written = entry.last_write_time(ignored);
      if (!ignored && written < limit) fs::remove(entry.path(), ignored);
    }
  }
}

}  // namespace

class DocumentStore::Known {
 public:
  [[nodiscard]] Presence find(const base::Digest& digest) const {
    const std::lock_guard lock(mutex_);
    return digests_.contains(digest) ? Presence::kPresent : Presence::kAbsent;
  }
  void add(const base::Digest& digest) {
    constexpr std::size_t kMost = 16384;  // half a megabyte; forgetting all of them costs some reads
    const std::lock_guard lock(mutex_);
    if (digests_.size() >= kMost) digests_.clear();
    digests_.insert(digest);
  }
  // Fan folders whose names in the root are durable.
  [[nodiscard]] Presence find_fan(const fs::path& fan) const {
    const std::lock_guard lock(mutex_);
    return fans_.contains(fan.filename().string()) ? Presence::kPresent : Presence::kAbsent;
  }
  void add_fan(const fs::path& fan) {
    const std::lock_guard lock(mutex_);
    fans_.insert(fan.filename().string());
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<base::Digest> digests_;
  std::unordered_set<std::string> fans_;  // 256 at most
};

DocumentStore::DocumentStore(fs::path root) : root_(std::move(root)), known_(std::make_shared<Known>()) {}

base::Result<DocumentStore> DocumentStore::open(fs::path root) {
  TANBA_TRY(const Made made, make_directory(root));
  const fs::path parent = root.has_parent_path() ? root.parent_path() : fs::path(".");
  // Another process may have made it a moment ago. In a folder that we may not even read only an administrator can
  // have made it, before.
  if (made == Made::kNow || ::access(parent.c_str(), R_OK) == 0) TANBA_CHECK(sync(parent));
  remove_abandoned(root);
  return DocumentStore(std::move(root));
}

fs::path DocumentStore::path_of(const base::Digest& digest) const {
  const std::string name = digest.hex();
  return root_ / name.substr(0, 2) / name;
}

// The new name is durable before anything inside it is relied on, whoever made it.
base::Status DocumentStore::make_fan(const fs::path& fan) const {
  TANBA_TRY([[maybe_unused]] const Made made, make_directory(fan));
  if (known_->find_fan(fan) == Presence::kPresent && made == Made::kBefore) return {};
  TANBA_CHECK(sync(root_));
  known_->add_fan(fan);
  return {};
}

// A file that is there may be another process's rename a moment ago, or damaged: its octets and its directories are
// made sure of before anybody relies on it.
base::Status DocumentStore::make_sure(const base::Digest& digest) const {
  const fs::path fan = path_of(digest).parent_path();
  TANBA_CHECK(make_fan(fan));
  TANBA_CHECK(sync(fan));
  known_->add(digest);
  return {};
}

base::Result<base::Digest> DocumentStore::put(base::ByteView octets) const {
  const base::Digest digest = base::sha256(octets);
  const bool present = find(digest) == Presence::kPresent;
  if (present && known_->find(digest) == Presence::kPresent) return digest;
  if (!present || !get(digest)) {
    const fs::path path = path_of(digest);
    TANBA_CHECK(make_fan(path.parent_path()));
    const auto written = base::write_file_durably(path, octets, base::Overwrite::kReplace, 0640);
    if (!written) return storage(written.error());
    known_->add(digest);
    return digest;
  }
  TANBA_CHECK(make_sure(digest));
  return digest;
}

base::Result<std::uint64_t> DocumentStore::ensure(const base::Digest& digest, const Read& read) const {
  if (known_->find(digest) == Presence::kPresent && find(digest) == Presence::kPresent) return size_bytes(digest);
  const auto kept = get(digest);
  if (kept) {
    TANBA_CHECK(make_sure(digest));
    return kept->size();
  }
  if (!read) return std::unexpected(kept.error());
  TANBA_TRY(const base::Bytes octets, read());
  if (base::sha256(octets) != digest) return base::fail(Code::kInternal, "evidence does not have its digest");
  TANBA_CHECK(put(octets));
  return octets.size();
}

base::Result<base::Bytes> DocumentStore::get(const base::Digest& digest) const {
  if (find(digest) == Presence::kAbsent) {
    return base::fail(Code::kRegistryNotFound, {{"what", "document"}, {"id", digest.hex()}});
  }
  auto octets = base::read_file(path_of(digest), kMaxStoredBytes);
  if (!octets) return storage(octets.error());
  if (base::sha256(*octets) != digest) {
    return base::fail(Code::kRegistryDamaged, {{"what", "document " + digest.hex()}});
  }
  return octets;
}

DocumentStore::Presence DocumentStore::find(const base::Digest& digest) const {
  struct stat status{};
  return ::stat(path_of(digest).c_str(), &status) == 0 ? Presence::kPresent : Presence::kAbsent;
}

base::Result<std::uint64_t> DocumentStore::size_bytes(const base::Digest& digest) const {
  struct stat status{};
  if (::stat(path_of(digest).c_str(), &status) == 0) return static_cast<std::uint64_t>(status.st_size);
  return base::fail(Code::kRegistryNotFound, {{"what", "document"}, {"id", digest.hex()}});
}

}  // namespace tanba::licensing::registry
