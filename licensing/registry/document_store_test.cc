#include "licensing/registry/document_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <mutex>
#include <thread>

#include "licensing/registry/testing.h"

namespace {

// Which folders and files this program made durable: fsync() as below is found before the C library's.
std::mutex synced_mutex;
std::vector<std::filesystem::path> synced;

}  // namespace

extern "C" int fsync(int file) {
  {
    std::error_code ignored;
    const std::scoped_lock lock(synced_mutex);
    synced.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), ignored));
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace tanba::licensing::registry {
namespace {

using base::Code;
namespace fs = std::filesystem;

class DocumentStoreTest : public ::testing::Test {
 protected:
  testing::Place place_{testing::Backend::kSqlite};
  DocumentStore store_ = *DocumentStore::open(place_.folder() / "documents");
};

TEST_F(DocumentStoreTest, KeepsOctetsUnderTheirDigest) {
  const base::Bytes octets = base::to_bytes(base::as_bytes(std::string_view("a\0b", 3)));
  const auto digest = store_.put(octets);
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, base::sha256(octets));
  EXPECT_EQ(store_.get(*digest), octets);
  EXPECT_EQ(store_.size_bytes(*digest), 3U);
  EXPECT_EQ(store_.put(octets), *digest);
  EXPECT_EQ(store_.path_of(*digest).parent_path().filename(), digest->hex().substr(0, 2));
  EXPECT_EQ(store_.get(*store_.put({})), base::Bytes());
}

TEST_F(DocumentStoreTest, UnknownDigestIsNotFound) {
  EXPECT_EQ(store_.get(base::Digest{}).error().code(), Code::kRegistryNotFound);
  EXPECT_EQ(store_.size_bytes(base::Digest{}).error().code(), Code::kRegistryNotFound);
}

TEST_F(DocumentStoreTest, DamageIsNoticedOnReadingAndMendedByWriting) {
  const auto octets = base::as_bytes("whole");
  const base::Digest digest = *store_.put(octets);
  std::ofstream(store_.path_of(digest)) << "holed";
  EXPECT_EQ(store_.get(digest).error().code(), Code::kRegistryDamaged);
  // Whoever stores it again after a restart mends it.
  const auto again = DocumentStore::open(place_.folder() / "documents");
  EXPECT_EQ(again->put(octets), digest);
  EXPECT_TRUE(store_.get(digest));
}

TEST_F(DocumentStoreTest, EvidenceThatIsNamedIsReadMendedOrTakenFromItsReader) {
  const auto octets = base::as_bytes("a list");
  const base::Digest digest = base::sha256(octets);
  int reads = 0;
  const DocumentStore::Read read = [&]() -> base::Result<base::Bytes> {
    ++reads;
    return base::to_bytes(octets);
  };
  EXPECT_EQ(store_.ensure(digest, {}).error().code(), Code::kRegistryNotFound);
  EXPECT_EQ(store_.ensure(digest, [] { return base::Result<base::Bytes>(base::Bytes(3, 3)); }).error().code(),
            Code::kInternal);
  EXPECT_EQ(store_.find(digest), DocumentStore::Presence::kAbsent);
  EXPECT_EQ(store_.ensure(digest, read), octets.size());
  EXPECT_EQ(store_.ensure(digest, read), octets.size());
  EXPECT_EQ(reads, 1);
  // After a restart what is there is read before it is relied on.
  const auto whole = DocumentStore::open(place_.folder() / "documents");
  EXPECT_EQ(whole->ensure(digest, {}), octets.size());
  std::ofstream(store_.path_of(digest)) << "a li";
  const auto damaged = DocumentStore::open(place_.folder() / "documents");
  EXPECT_EQ(damaged->ensure(digest, {}).error().code(), Code::kRegistryDamaged);
  EXPECT_EQ(damaged->ensure(digest, read), octets.size());
  EXPECT_EQ(reads, 2);
  EXPECT_TRUE(damaged->get(digest));
}

// Another process renamed the file into place, or made the folder, and has not made it durable yet.
TEST_F(DocumentStoreTest, WhatAnotherProcessMadeIsMadeDurableBeforeItIsReliedOn) {
  const base::Digest digest = *store_.put(base::as_bytes("shared"));
  const fs::path fan = store_.path_of(digest).parent_path();
  const auto synced_by = [](const auto& act) {
    {
      const std::scoped_lock lock(synced_mutex);
      synced.clear();
    }
    EXPECT_TRUE(act());
    const std::scoped_lock lock(synced_mutex);
    return synced;
  };
  const auto holds = [](const std::vector<fs::path>& list, const fs::path& one) {
    return std::ranges::find(list, fs::canonical(one)) != list.end();
  };
  std::optional<DocumentStore> other;
  const auto opened =
      synced_by([&] { return (other = *DocumentStore::open(place_.folder() / "documents")).has_value(); });
  EXPECT_TRUE(holds(opened, place_.folder()));
  const auto ensured = synced_by([&] { return other->ensure(digest, {}); });
  EXPECT_TRUE(holds(ensured, fan));
  EXPECT_TRUE(holds(ensured, fan.parent_path()));
  const auto again = synced_by([&] { return other->ensure(digest, {}); });
  EXPECT_TRUE(again.empty());
  // A new file in a fan folder that was there already.
  const auto third = DocumentStore::open(place_.folder() / "documents");
  fs::remove(third->path_of(digest));
  const auto put = synced_by([&] { return third->put(base::as_bytes("shared")); });
  EXPECT_TRUE(holds(put, fan));
  EXPECT_TRUE(holds(put, fan.parent_path()));
}

TEST_F(DocumentStoreTest, WhatWasRemovedIsStoredAnew) {
  const base::Digest digest = *store_.put(base::as_bytes("here"));
  fs::remove(store_.path_of(digest));
  EXPECT_EQ(store_.put(base::as_bytes("here")), digest);
  EXPECT_TRUE(store_.get(digest));
}

TEST_F(DocumentStoreTest, LeftoversOfACrashAreHarmlessAndGoAfterADay) {
  const base::Digest digest = *store_.put(base::as_bytes("kept"));
  const fs::path fan = store_.path_of(digest).parent_path();
  const fs::path fresh = fan / (digest.hex() + ".tmp-1-1");
  const fs::path old = fan / (digest.hex() + ".tmp-1-2");
  std::ofstream(fresh) << "ke";
  std::ofstream(old) << "k";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(25));
  const auto again = DocumentStore::open(place_.folder() / "documents");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->get(digest));
  EXPECT_TRUE(fs::exists(fresh));  // another process may be writing it
  EXPECT_FALSE(fs::exists(old));
}

// A limit on the size of files stands for a full disk: the write fails half-way.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit before_{};
  void (*old_handler_)(int) = nullptr;
};

TEST_F(DocumentStoreTest, AFullDiskKeepsNothingAndPassesOver) {
  const base::Bytes octets(100'000, 7);
  {
    const FileSizeLimit full(1000);
    EXPECT_EQ(store_.put(octets).error().code(), Code::kRegistryStorage);
    EXPECT_EQ(store_.find(base::sha256(octets)), DocumentStore::Presence::kAbsent);
  }
  EXPECT_TRUE(store_.put(octets));
  EXPECT_EQ(store_.get(base::sha256(octets)), octets);
}

TEST_F(DocumentStoreTest, ManyThreadsStoreTheSame) {
  std::vector<std::thread> threads;
  std::atomic<int> stored{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (store_.put(base::as_bytes(std::to_string(i)))) ++stored;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, 160);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(store_.get(base::sha256(base::as_bytes(std::to_string(i)))));
}

TEST_F(DocumentStoreTest, ARootThatCannotBeMadeIsAStorageError) {
  std::ofstream(place_.folder() / "file") << "x";
  EXPECT_EQ(DocumentStore::open(place_.folder() / "file" / "store").error().code(), Code::kRegistryStorage);
  EXPECT_EQ(DocumentStore::open(place_.folder() / "none" / "store").error().code(), Code::kRegistryStorage);
}

}  // namespace
}  // namespace tanba::licensing::registry
