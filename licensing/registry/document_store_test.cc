#include "licensing/registry/document_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "licensing/registry/testing.h"

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
