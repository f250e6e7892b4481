// Lists that are kept with an index: what happens to either between two runs.
#include "verify/evidence/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "pki/der.h"
#include "verify/evidence/list_file.h"

namespace tanba::verify::evidence {
namespace {

namespace der = pki::der;
namespace fs = std::filesystem;
using base::Bytes;
using base::ByteView;

base::Time at(std::string_view text) {
  return *base::parse_time(text);
}

Bytes serial_of(std::uint32_t n) {
  Bytes serial(16, 0x42);
  for (std::size_t i = 0; i < 4; ++i) serial[1 + i] = static_cast<std::uint8_t>(n >> (8 * (3 - i)));
  return serial;
}

// A list of this many entries, unsigned: the store keeps what parses.
Bytes list_of(std::uint32_t entries, std::string_view this_update) {
  const Bytes algorithm = *base::from_hex("300d06092a864886f70d01010b0500");
  const Bytes issuer = *base::from_hex("3010310e300c06035504030c0554616e6261");
  const Bytes time = der::write_time(at("2025-06-01T00:00:00Z"));
  const Bytes reason = *base::from_hex("300c300a0603551d1504030a0101");
  Bytes list;
  for (std::uint32_t n = 0; n < entries; ++n) {
    const Bytes entry = der::write_sequence({der::write(der::kInteger, serial_of(n)), time, reason});
    list.insert(list.end(), entry.begin(), entry.end());
  }
  const Bytes tbs = der::write_sequence(
      {der::write_integer(1), algorithm, issuer, der::write_time(at(this_update)), der::write(der::kSequence, list)});
  return der::write_sequence({tbs, algorithm, *base::from_hex("03020000")});
}

class StoreTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kLarge = 90'000;  // 4.6 MB
  static constexpr const char* kSource = "http://crl.example.test/large.crl";

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tanba-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  base::Status keep(ByteView octets) {
    Store store({.directory = folder_});
    const auto crl = *ocsp::Crl::parse(octets);
    const CrlItem item{
        .id = crl->digest(), .crl = crl, .asked_for = {}, .source = kSource, .received_at = at("2026-01-02T00:00:00Z")};
    return store.keep({.item = item}, octets);
  }
  // What the next run has.
  ocsp::CrlPtr loaded() {
    Store store({.directory = folder_});
    store.load(at("2026-01-02T00:00:00Z"));
    const auto lists = store.lists();
    return lists.size() == 1 ? lists.front().item.crl : nullptr;
  }
  [[nodiscard]] fs::path file(const std::string& prefix) const {
    return folder_ / (prefix + base::sha256(base::as_bytes(std::string_view(kSource))).hex());
  }
  [[nodiscard]] fs::path index() const { return file("index-"); }

  fs::path folder_;
};

TEST_F(StoreTest, ALargeListIsOpenedByItsIndex) {
  const Bytes large = list_of(kLarge, "2026-01-01T00:00:00Z");
  ASSERT_GE(large.size(), kIndexedBytes);
  ASSERT_TRUE(keep(large).has_value());
  ASSERT_TRUE(fs::exists(index()));
  const auto crl = loaded();
  ASSERT_TRUE(crl);
  EXPECT_EQ(crl->digest(), base::sha256(large));
  EXPECT_EQ(crl->entries(), kLarge);
  EXPECT_TRUE(crl->find(serial_of(kLarge - 1)).has_value());
  EXPECT_FALSE(crl->find(serial_of(kLarge)).has_value());
  EXPECT_LT(crl->resident_bytes(), 100'000U) << "mapped";
}

TEST_F(StoreTest, ASmallListHasNoIndex) {
  ASSERT_TRUE(keep(list_of(3, "2026-01-01T00:00:00Z")).has_value());
  EXPECT_FALSE(fs::exists(index()));
  ASSERT_TRUE(loaded());
  EXPECT_EQ(loaded()->entries(), 3U);
}

TEST_F(StoreTest, ATornIndexIsMadeAnew) {
  const Bytes large = list_of(kLarge, "2026-01-01T00:00:00Z");
  ASSERT_TRUE(keep(large).has_value());
  fs::resize_file(index(), fs::file_size(index()) / 2);
  ASSERT_TRUE(loaded());
  EXPECT_EQ(loaded()->entries(), kLarge);
  EXPECT_TRUE(ocsp::Crl::open(index()).has_value());
  fs::remove(index());
  ASSERT_TRUE(loaded());
  EXPECT_TRUE(ocsp::Crl::open(index()).has_value());
}

// A crash between the list and its index: the index is whole, but of the list before.
TEST_F(StoreTest, TheIndexOfAnEarlierListIsNotTakenForThisOne) {
  ASSERT_TRUE(keep(list_of(kLarge, "2026-01-01T00:00:00Z")).has_value());
  const Bytes earlier = *base::read_file(index(), 64U << 20);
  const Bytes later = list_of(kLarge + 1, "2026-01-02T00:00:00Z");
  ASSERT_TRUE(keep(later).has_value());
  ASSERT_TRUE(base::write_file_durably(index(), earlier).has_value());
  const auto crl = loaded();
  ASSERT_TRUE(crl);
  EXPECT_EQ(crl->digest(), base::sha256(later));
  EXPECT_TRUE(crl->find(serial_of(kLarge)).has_value());
  EXPECT_EQ((*ocsp::Crl::open(index()))->digest(), base::sha256(later));
}

// A capsule is made of what was judged with, although the source has another list by then.
TEST_F(StoreTest, TheOctetsOfAListOutliveItsSuccessor) {
  const Bytes first = list_of(3, "2026-01-01T00:00:00Z");
  ASSERT_TRUE(keep(first).has_value());
  Store store({.directory = folder_});
  store.load(at("2026-01-02T00:00:00Z"));
  const CrlItem judged_with = store.lists().front().item;
  const Bytes second = list_of(4, "2026-01-02T00:00:00Z");
  ASSERT_TRUE(keep(second).has_value());
  ASSERT_TRUE(judged_with.octets);
  EXPECT_EQ(*judged_with.octets->size_bytes(), first.size());
  EXPECT_EQ(*judged_with.octets->read(judged_with.id), first);
  EXPECT_EQ(judged_with.octets->read(base::sha256(second)).error().code(), base::Code::kCapsuleDigest);
}

TEST_F(StoreTest, OctetsThatWereInMemoryComeFromTheFileOnceTheyAreThere) {
  const Bytes octets = list_of(3, "2026-01-01T00:00:00Z");
  const auto crl = *ocsp::Crl::parse(octets);
  auto in_memory = std::make_shared<const Bytes>(octets);
  Store store({.directory = folder_});
  ASSERT_TRUE(store.keep({.item = {.id = crl->digest(),
                                   .crl = crl,
                                   .asked_for = {},
                                   .source = kSource,
                                   .received_at = {},
                                   .octets = std::make_shared<const ListOctets>(in_memory)}},
                         octets));
  EXPECT_EQ(in_memory.use_count(), 1) << "nobody holds them any more";
  EXPECT_EQ(*store.lists().front().item.octets->read(crl->digest()), octets);
}

TEST_F(StoreTest, AListOfAForgottenSourceIsGoneFromMemoryAndDisk) {
  ASSERT_TRUE(keep(list_of(kLarge, "2026-01-01T00:00:00Z")));
  ASSERT_TRUE(fs::exists(file("crl-")));
  ASSERT_TRUE(fs::exists(file("index-")));
  Store store({.directory = folder_});
  ASSERT_EQ(store.load(at("2026-01-02T00:00:00Z")), 1U);
  store.drop(kSource);
  EXPECT_EQ(store.sizes().crls, 0U);
  EXPECT_FALSE(fs::exists(file("crl-")));
  EXPECT_FALSE(fs::exists(file("index-")));
  EXPECT_EQ(loaded(), nullptr);
}

TEST_F(StoreTest, WhatACrashLeftHalfWrittenIsRemoved) {
  ASSERT_TRUE(keep(list_of(3, "2026-01-01T00:00:00Z")).has_value());
  for (const char* prefix : {"index-", "crl-", "waiting-"}) {
    const fs::path half = file(prefix).string() + ".tmp-1234-0";
    ASSERT_TRUE(base::write_file_durably(half, Bytes(100)).has_value());
    ASSERT_TRUE(loaded());
    EXPECT_FALSE(fs::exists(half)) << prefix;
  }
}

// A whole list under any other name than its source's, as a killed write or a copy by hand leaves it, is never in
// force: whichever of the files the directory names last would win.
TEST_F(StoreTest, OnlyTheFileOfASourceHoldsItsList) {
  ASSERT_TRUE(keep(list_of(3, "2026-01-01T00:00:00Z")).has_value());
  std::vector<fs::path> copies;
  for (int n = 0; n < 20; ++n)
    copies.push_back(file("crl-").string() + (n % 2 == 0 ? ".old" : ".tmp-9-") + std::to_string(n));
  for (const fs::path& copy : copies) fs::copy_file(file("crl-"), copy);
  ASSERT_TRUE(keep(list_of(4, "2026-01-02T00:00:00Z")).has_value());
  const ocsp::CrlPtr list = loaded();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->this_update(), at("2026-01-02T00:00:00Z"));
}

}  // namespace
}  // namespace tanba::verify::evidence
