// Lists of any size, and their indexes on disk: torn ones are noticed, the last good one stays.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/limits.h"
#include "ocsp/crl_state.h"
#include "ocsp/der_stream.h"
#include "pki/der.h"
#include "pki/test_support.h"

namespace tanba::ocsp {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using pki::test::at;
namespace der = pki::der;
namespace fs = std::filesystem;

template <class T>
std::optional<Code> code_of(const T& result) {
  if (result.has_value()) return std::nullopt;
  return result.error().code();
}

Bytes hex(std::string_view text) {
  return *base::from_hex(text);
}
void append(Bytes& all, ByteView more) {
  all.insert(all.end(), more.begin(), more.end());
}

const Bytes kAlgorithm = hex("300d06092a864886f70d01010b0500");  // sha256WithRSAEncryption
const Bytes kIssuer = hex("3010310e300c06035504030c0554616e6261");

// Distinct serials in no order.
Bytes serial_of(std::uint32_t i, std::size_t length = 16) {
  Bytes serial(length, 0x31);
  const std::uint32_t mixed = i * 2654435761U;
  for (std::size_t k = 0; k < 4; ++k) serial[k] = static_cast<std::uint8_t>(mixed >> (8 * k));
  serial[0] &= 0x7F;
  for (std::size_t k = 0; k < 4; ++k) serial[4 + k] = static_cast<std::uint8_t>(i >> (8 * k));
  return serial;
}

Bytes entry_of(ByteView serial, ByteView extensions = {}) {
  static const Bytes kTime = der::write_time(at("2025-06-01T00:00:00Z"));
  return der::write_sequence({der::write(der::kInteger, serial), kTime, extensions});
}

Bytes list_of(const Bytes& entries, ByteView extensions = {}) {
  const Bytes time = der::write_time(at("2026-01-01T00:00:00Z"));
  const Bytes tbs = der::write_sequence({hex("020101"), kAlgorithm, kIssuer, time, time,
                                         entries.empty() ? Bytes() : der::write(der::kSequence, entries), extensions});
  return der::write_sequence({tbs, kAlgorithm, hex("03020000")});
}

Bytes list_with(std::uint32_t count) {
  Bytes entries;
  for (std::uint32_t i = 0; i < count; ++i) append(entries, entry_of(serial_of(i)));
  return list_of(entries);
}

// A source that gives one octet at a time.
class Drip final : public ByteSource {
 public:
  explicit Drip(ByteView octets) : rest_(octets) {}
  base::Result<std::size_t> read(std::span<std::uint8_t> into) override {
    if (rest_.empty() || into.empty()) return std::size_t{0};
    into[0] = rest_[0];
    rest_ = rest_.subspan(1);
    return std::size_t{1};
  }

 private:
  ByteView rest_;
};

// A list's beginning, and then entries without end.
class Endless final : public ByteSource {
 public:
  Endless(Bytes head, Bytes unit) : unit_(std::move(unit)), pending_(std::move(head)) {}
  base::Result<std::size_t> read(std::span<std::uint8_t> into) override {
    if (at_ == pending_.size()) {
      pending_.clear();
      while (pending_.size() < 65536) append(pending_, unit_);
      at_ = 0;
    }
    const std::size_t count = std::min(into.size(), pending_.size() - at_);
    std::copy_n(pending_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    given_ += count;
    return count;
  }
  [[nodiscard]] std::uint64_t given() const { return given_; }

 private:
  Bytes unit_, pending_;
  std::size_t at_ = 0;
  std::uint64_t given_ = 0;
};

class CrlIndexFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tanba-crl-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    index_ = folder_ / "list.index";
  }
  void TearDown() override { fs::remove_all(folder_); }

  base::Result<CrlPtr> read(ByteView list) const {
    MemorySource source(list);
    return Crl::read(source, index_);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  void overwrite(ByteView octets) const { ASSERT_TRUE(base::write_file_durably(index_, octets).has_value()); }

  fs::path folder_, index_;
};

TEST_F(CrlIndexFile, SaysWhatTheListSaysAndOpensAgain) {
  Bytes entries;
  append(entries, entry_of(hex("05")));
  append(entries, entry_of(hex("0a0b"), der::write_sequence({hex("300a0603551d1504030a0106")})));
  append(entries, entry_of(hex("01" + std::string(60, '7'))));
  const Bytes list = list_of(entries, hex("a00e300c300a0603551d140403020109"));
  const auto in_memory = *Crl::parse(list);
  const auto made = read(list);
  ASSERT_TRUE(made.has_value()) << made.error().message();
  EXPECT_EQ(files(), 1U) << "nothing but the index is left";
  const auto opened = Crl::open(index_);
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  for (const CrlPtr& crl : {*made, *opened}) {
    EXPECT_EQ(crl->digest(), in_memory->digest());
    EXPECT_EQ(crl->digest(), base::sha256(list));
    EXPECT_EQ(crl->entries(), 3U);
    EXPECT_EQ(crl->number(), "09");
    EXPECT_EQ(crl->issuer(), in_memory->issuer());
    EXPECT_EQ(crl->this_update(), in_memory->this_update());
    EXPECT_EQ(crl->find(hex("0a0b"))->reason, RevocationReason::kCertificateHold);
    EXPECT_EQ(crl->find(hex("05"))->revocation_time, at("2025-06-01T00:00:00Z"));
    EXPECT_TRUE(crl->find(hex("01" + std::string(60, '7'))).has_value());
    EXPECT_FALSE(crl->find(hex("06")).has_value());
  }
}

TEST_F(CrlIndexFile, AnIndirectListKeepsItsIssuers) {
  // certificateIssuer, critical: directoryName CN=A.
  const Bytes name = hex("300c310a300806035504030c0141");
  const Bytes names = der::write(der::kSequence, der::write(0xA4, name));
  const Bytes extension = der::write_sequence({hex("0603551d1d"), hex("0101ff"), der::write_octet_string(names)});
  Bytes entries;
  append(entries, entry_of(hex("05"), der::write_sequence({extension})));
  append(entries, entry_of(hex("01" + std::string(60, '7'))));
  ASSERT_TRUE(read(list_of(entries, hex("a0133011300f0603551d1c0101ff040530038401ff"))).has_value());
  const auto crl = *Crl::open(index_);
  EXPECT_TRUE(crl->find(*pki::Name::parse(name), hex("05")).has_value());
  EXPECT_TRUE(crl->find(*pki::Name::parse(name), hex("01" + std::string(60, '7'))).has_value());
  EXPECT_FALSE(crl->find(hex("05")).has_value());
}

TEST_F(CrlIndexFile, AnyChangedOctetIsNoticed) {
  ASSERT_TRUE(read(list_with(40)).has_value());
  const Bytes good = *base::read_file(index_, 1U << 20);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes torn = good;
    torn[i] ^= 0x40;
    overwrite(torn);
    EXPECT_EQ(code_of(Crl::open(index_)), Code::kCrlIndex) << i;
  }
}

TEST_F(CrlIndexFile, ATornIndexIsNoticed) {
  ASSERT_TRUE(read(list_with(40)).has_value());
  const Bytes good = *base::read_file(index_, 1U << 20);
  for (std::size_t size = 0; size < good.size(); ++size) {
    overwrite(ByteView(good).first(size));
    EXPECT_EQ(code_of(Crl::open(index_)), Code::kCrlIndex) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  overwrite(longer);
  EXPECT_EQ(code_of(Crl::open(index_)), Code::kCrlIndex);
  fs::remove(index_);
  EXPECT_EQ(code_of(Crl::open(index_)), Code::kCrlIndex);
  overwrite(good);
  EXPECT_TRUE(Crl::open(index_).has_value());
}

// With a right checksum: what our own fault would write.
Bytes with_checksum(Bytes file) {
  base::Sha256 digest;
  digest.update(ByteView(file).subspan(64, file.size() - 64 - 32));
  digest.update(ByteView(file).first(64));
  const base::Digest checksum = digest.finish();
  std::ranges::copy(checksum.octets, file.end() - 32);
  return file;
}

// An older one holds other entries for what is listed more than once: whole as it is, it is not believed.
TEST_F(CrlIndexFile, AnotherVersionIsReadAgain) {
  ASSERT_TRUE(read(list_with(4)).has_value());
  const Bytes good = *base::read_file(index_, 1U << 20);
  for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{3}}) {
    Bytes other = good;
    other[11] = version;
    overwrite(with_checksum(other));
    const auto opened = Crl::open(index_);
    ASSERT_EQ(code_of(opened), Code::kCrlIndex);
    EXPECT_NE(opened.error().message().find("version"), std::string::npos);
  }
  ASSERT_TRUE(read(list_with(4)).has_value());
  EXPECT_TRUE(Crl::open(index_).has_value());
}

// A search asks for zeros behind a serial: another filling would hide the entry from it.
TEST_F(CrlIndexFile, RecordsFilledUpWithAnythingElseAreNoticed) {
  ASSERT_TRUE(read(list_with(3)).has_value());
  const Bytes good = *base::read_file(index_, 1U << 20);
  constexpr std::size_t kRecord = 24;   // length, 16 octets of serial and one that fills up, time, reason
  constexpr std::size_t kFilling = 17;  // in it
  Bytes file = good;
  ASSERT_EQ(file.at(file.size() - 32 - kRecord), 16);
  file.at(file.size() - 32 - kRecord + kFilling) = 1;
  overwrite(with_checksum(std::move(file)));
  EXPECT_EQ(code_of(Crl::open(index_)), Code::kCrlIndex);
  overwrite(with_checksum(good));
  EXPECT_TRUE(Crl::open(index_).has_value());
}

// Records out of order would hide entries from the search.
TEST_F(CrlIndexFile, RecordsOutOfOrderAreNoticed) {
  ASSERT_TRUE(read(list_with(3)).has_value());
  Bytes file = *base::read_file(index_, 1U << 20);
  constexpr std::size_t kRecord = 24;  // length, 16 octets of serial, time, reason; rounded up
  const std::size_t records = file.size() - 32 - 3 * kRecord;
  std::swap_ranges(file.begin() + static_cast<std::ptrdiff_t>(records),
                   file.begin() + static_cast<std::ptrdiff_t>(records + kRecord),
                   file.begin() + static_cast<std::ptrdiff_t>(records + kRecord));
  overwrite(with_checksum(std::move(file)));
  const auto opened = Crl::open(index_);
  ASSERT_EQ(code_of(opened), Code::kCrlIndex);
  EXPECT_NE(opened.error().message().find("order"), std::string::npos) << opened.error().message();
}

TEST_F(CrlIndexFile, AListThatCannotBeReadLeavesTheLastGoodIndex) {
  ASSERT_TRUE(read(list_with(3)).has_value());
  const Bytes good = *base::read_file(index_, 1U << 20);
  Bytes cut = list_with(5);
  cut.resize(cut.size() - 10);
  EXPECT_EQ(code_of(read(cut)), Code::kCrlMalformed);
  EXPECT_EQ(*base::read_file(index_, 1U << 20), good);
  EXPECT_EQ(files(), 1U);
  ASSERT_TRUE(read(list_with(5)).has_value());
  EXPECT_EQ((*Crl::open(index_))->entries(), 5U);
}

// As on a full disk: a write in the middle of the index fails.
TEST_F(CrlIndexFile, ADiskThatIsFullLeavesTheLastGoodIndex) {
  ASSERT_TRUE(read(list_with(3)).has_value());
  const Bytes good = *base::read_file(index_, 1U << 20);
  const Bytes list = list_with(20000);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 100'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = read(list);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code_of(result), Code::kCrlIndex);
  EXPECT_EQ(*base::read_file(index_, 1U << 20), good);
  EXPECT_EQ(files(), 1U);
}

// The old list goes on working where it is in use while its index is replaced.
TEST_F(CrlIndexFile, AListInUseOutlivesItsIndex) {
  const auto before = *read(list_with(3));
  ASSERT_TRUE(read(list_with(300)).has_value());
  EXPECT_EQ(before->entries(), 3U);
  EXPECT_TRUE(before->find(serial_of(2)).has_value());
  EXPECT_FALSE(before->find(serial_of(200)).has_value());
}

// --- streams ---------------------------------------------------------------------------------------------------------

TEST(CrlStream, ASourceThatDripsGivesTheSameList) {
  const Bytes list = list_with(200);
  CrlState whole, dripped;
  CrlIndexBuilder first({}), second({});
  MemorySource memory(list);
  Drip drip(list);
  const auto a = CrlParser::read(memory, list.size(), first, whole);
  const auto b = CrlParser::read(drip, list.size(), second, dripped);
  ASSERT_TRUE(a.has_value() && b.has_value());
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(whole.digest, dripped.digest);
  EXPECT_FALSE(whole.tbs_digest.empty());
  EXPECT_EQ(whole.tbs_digest, dripped.tbs_digest);
  EXPECT_EQ(first.added(), second.added());
}

TEST(CrlStream, TheSignedPartIsDigestedAcrossTheWindow) {
  const Bytes list = list_with(20000);  // three windows
  const auto tbs = der::Reader(der::parse_single(list, der::kSequence, "")->value).next();
  CrlState state;
  CrlIndexBuilder entries({});
  MemorySource source(list);
  ASSERT_TRUE(CrlParser::read(source, list.size(), entries, state).has_value());
  EXPECT_TRUE(base::equal(state.tbs_digest, base::sha256(tbs->whole).view()));
  EXPECT_EQ(state.digest, base::sha256(list));
}

// Every limit is met before memory is taken: what comes is read only as far as the limit.
TEST(CrlStream, WhatIsTooLargeIsRefusedAtOnce) {
  CrlState state;
  CrlIndexBuilder entries({});
  // 4 GiB and one octet, by its own word.
  Endless claims(hex("30850100000001"), entry_of(hex("05")));
  EXPECT_EQ(code_of(CrlParser::read(claims, base::Limits{}.max_crl_file_bytes, entries, state)), Code::kCrlMalformed);
  EXPECT_LE(claims.given(), 2 * DerStream::kWindowBytes);
}

TEST(CrlStream, EntriesWithoutEndEndAtTheLimit) {
  constexpr std::uint64_t kLimit = 3U << 20;
  const Bytes time = der::write_time(at("2026-01-01T00:00:00Z"));
  Bytes head =
      hex("3083"
          "2fff00"
          "3083"
          "2ffe00"
          "020101");
  for (const Bytes& part : {kAlgorithm, kIssuer, time, time,
                            hex("3083"
                                "2ff000")})
    append(head, part);
  Endless source(head, entry_of(serial_of(1)));
  CrlState state;
  CrlIndexBuilder entries({});
  EXPECT_EQ(code_of(CrlParser::read(source, kLimit, entries, state)), Code::kCrlMalformed);
  EXPECT_LE(source.given(), kLimit + DerStream::kWindowBytes);
}

// A million extensions in the list, or in one entry: longer than any element that is read.
TEST(CrlStream, AMillionExtensionsAreRefused) {
  Bytes extensions;
  const Bytes one = hex("300a0603551d6304030a0106");
  for (int i = 0; i < 1'000'000; ++i) append(extensions, one);
  const Bytes sequence = der::write(der::kSequence, extensions);
  EXPECT_EQ(code_of(Crl::parse(list_of({}, der::write(0xA0, sequence)))), Code::kCrlMalformed);
  EXPECT_EQ(code_of(Crl::parse(list_of(entry_of(hex("05"), sequence)))), Code::kCrlMalformed);
}

TEST(CrlStream, NestingIsNotFollowed) {
  Bytes nested = hex("0500");
  for (int i = 0; i < 2000; ++i) nested = der::write(der::kSequence, nested);
  const Bytes extension = der::write_sequence({hex("0603551d63"), der::write_octet_string(nested)});
  EXPECT_FALSE(code_of(Crl::parse(list_of(entry_of(hex("05"), der::write_sequence({extension}))))));
  EXPECT_EQ(code_of(Crl::parse(nested)), Code::kCrlMalformed);
}

// --- many entries ----------------------------------------------------------------------------------------------------

// More than one run: sorted on disk and merged.
TEST(CrlIndexBuilder, MoreEntriesThanOneRunHolds) {
  constexpr std::uint32_t kCount = CrlIndexBuilder::kRunBytes / sizeof(StagedEntry) + 1000;
  const Bytes list = list_with(kCount);
  const auto crl = Crl::parse(list);
  ASSERT_TRUE(crl.has_value()) << crl.error().message();
  EXPECT_EQ((*crl)->entries(), kCount);
  EXPECT_LT((*crl)->resident_bytes(), 100'000U) << "the index is in a file";
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < kCount; i += 97) found += (*crl)->find(serial_of(i)).has_value() ? 1U : 0U;
  EXPECT_EQ(found, (kCount + 96) / 97);
  EXPECT_FALSE((*crl)->find(serial_of(kCount)).has_value());
  std::size_t visited = 0;
  (*crl)->visit_entries([&](ByteView, const RevokedEntry&) {
    ++visited;
    return Crl::Visit::kNext;
  });
  EXPECT_EQ(visited, kCount);
}

// Of one serial listed more than once, in a record and aside, in either order.
class RepeatedEntryTest : public testing::TestWithParam<std::string> {
 protected:
  struct Entry {
    std::string_view time;
    RevocationReason reason;
    std::string_view invalid_since = {};
  };
  [[nodiscard]] static RevokedEntry kept(const std::vector<Entry>& listed) {
    CrlIndexBuilder builder({});
    const Bytes serial = hex(GetParam());
    for (const Entry& entry : listed) {
      RevokedEntry one{.revocation_time = at(entry.time), .reason = entry.reason, .invalidity_date = {}};
      if (!entry.invalid_since.empty()) one.invalidity_date = at(entry.invalid_since);
      EXPECT_TRUE(builder.add({.issuer = 0, .serial = serial}, one).has_value());
    }
    CrlState state;
    EXPECT_TRUE(index_in_memory(builder, state).has_value());
    EXPECT_EQ(state.index.entries(), 1U);
    return state.index.find({.issuer = 0, .serial = serial}).value();
  }
  static void expect(std::vector<Entry> listed, std::string_view time, RevocationReason reason,
                     std::string_view invalid_since = {}) {
    for (int order = 0; order < 2; ++order) {
      const RevokedEntry entry = kept(listed);
      EXPECT_EQ(entry.revocation_time, at(time));
      EXPECT_EQ(entry.reason, reason) << to_string(entry.reason);
      EXPECT_EQ(entry.invalidity_date, invalid_since.empty() ? std::nullopt : std::optional(at(invalid_since)));
      std::ranges::reverse(listed);
    }
  }
};

TEST_P(RepeatedEntryTest, ARevocationOutweighsTheHoldBeforeIt) {
  expect({{"2025-01-01T10:00:00Z", RevocationReason::kCertificateHold},
          {"2025-01-01T11:00:00Z", RevocationReason::kSuperseded}},
         "2025-01-01T10:00:00Z", RevocationReason::kSuperseded);
}

TEST_P(RepeatedEntryTest, ALostKeyOutweighsAnyOtherReason) {
  expect({{"2024-01-01T00:00:00Z", RevocationReason::kSuperseded},
          {"2025-01-01T00:00:00Z", RevocationReason::kKeyCompromise},
          {"2026-01-01T00:00:00Z", RevocationReason::kNone}},
         "2024-01-01T00:00:00Z", RevocationReason::kKeyCompromise);
}

TEST_P(RepeatedEntryTest, TheEarliestInvalidityDateStays) {
  expect({{"2024-01-01T00:00:00Z", RevocationReason::kKeyCompromise},
          {"2025-01-01T00:00:00Z", RevocationReason::kKeyCompromise, "2023-06-01T00:00:00Z"},
          {"2026-01-01T00:00:00Z", RevocationReason::kKeyCompromise, "2023-07-01T00:00:00Z"}},
         "2024-01-01T00:00:00Z", RevocationReason::kKeyCompromise, "2023-06-01T00:00:00Z");
}

TEST_P(RepeatedEntryTest, RemoveFromCrlSaysNothingBesideARevocation) {
  expect({{"2023-01-01T00:00:00Z", RevocationReason::kRemoveFromCrl, "2022-01-01T00:00:00Z"},
          {"2024-01-01T00:00:00Z", RevocationReason::kCertificateHold}},
         "2024-01-01T00:00:00Z", RevocationReason::kCertificateHold);
}

INSTANTIATE_TEST_SUITE_P(Serials, RepeatedEntryTest,
                         testing::Values("05", "0500000000000000000000000000000000000000000000000000000005"),
                         [](const auto& serial) { return serial.param.size() > 2 ? "Aside" : "InARecord"; });

}  // namespace
}  // namespace tanba::ocsp
