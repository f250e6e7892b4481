// What a registry notices of a journal that was changed behind its back, and of a clock that went wrong.
#include "licensing/registry/journal_pin.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "licensing/registry/testing.h"

namespace tanba::licensing::registry {
namespace {

using base::Code;
using namespace tanba::licensing::registry::testing;  // NOLINT: the values of these tests
using licensing::testing::kNow;
namespace fs = std::filesystem;

const base::FixedClock kClock{kNow};

class ChangedJournal : public ::testing::Test {
 protected:
  // Three rows, and a registry that was ended in order.
  void SetUp() override {
    auto registry = *Registry::open(place_.options(), kClock);
    for (int n = 1; n <= 3; ++n) ASSERT_TRUE(registry->execute(registration(n)));
  }
  void change(const std::string& statement) const { ASSERT_TRUE(place_.session()->run(statement)); }
  [[nodiscard]] std::optional<Code> opened() const { return code_of(Registry::open(place_.options(), kClock)); }

  Place place_{Backend::kSqlite};
  fs::path pin_ = place_.options().documents / "journal-head";
};

TEST_F(ChangedJournal, UnchangedItOpensAndTakesMore) {
  ASSERT_TRUE(fs::exists(pin_));
  auto registry = *Registry::open(place_.options(), kClock);
  EXPECT_TRUE(registry->execute(registration(4)));
  EXPECT_TRUE(registry->pin_journal());
  EXPECT_EQ(registry->verify_journal()->entries, 4);
}

TEST_F(ChangedJournal, TheLastRowIsCheckedWhollyAtTheStart) {
  fs::remove(pin_);
  change("UPDATE journal SET subject = 'other' WHERE seq = 3");
  EXPECT_EQ(opened(), Code::kRegistryDamaged);
}

TEST_F(ChangedJournal, TheRowBeforeTheLastIsMissed) {
  fs::remove(pin_);
  change("DELETE FROM journal WHERE seq = 2");
  EXPECT_EQ(opened(), Code::kRegistryDamaged);
}

TEST_F(ChangedJournal, TheLastRowIsMissedBecauseItWasPinned) {
  change("DELETE FROM journal WHERE seq = 3");
  EXPECT_EQ(opened(), Code::kRegistryDamaged);
  // Who restored a backup on purpose says so by removing the file.
  fs::remove(pin_);
  EXPECT_EQ(opened(), std::nullopt);
}

TEST_F(ChangedJournal, AnotherHistoryOfTheSameLengthIsNoticed) {
  const Place other(Backend::kSqlite);
  {
    auto registry = *Registry::open(other.options(), kClock);
    for (int n = 11; n <= 14; ++n) ASSERT_TRUE(registry->execute(registration(n)));
  }
  Options mixed = place_.options();
  mixed.database = other.options().database;
  EXPECT_EQ(code_of(Registry::open(mixed, kClock)), Code::kRegistryDamaged);
}

TEST_F(ChangedJournal, APinThatCannotBeReadIsNoPin) {
  for (const char* text : {"", "{}", "12", R"({"hash":7,"sequence":3})", R"({"hash":"00","sequence":"3"})"}) {
    std::ofstream(pin_) << text;
    EXPECT_EQ(opened(), Code::kRegistryDamaged) << text;
  }
  fs::remove(pin_);
  fs::create_directory(pin_);
  EXPECT_EQ(opened(), Code::kRegistryDamaged);
}

TEST_F(ChangedJournal, ARowInTheMiddleIsFoundByWalkingOn) {
  auto registry = *Registry::open(place_.options(), kClock);
  const JournalSummary none{0, {}, base::Time(base::Seconds(0))};
  const auto whole = registry->verify_journal_after(none);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->entries, 3);
  EXPECT_EQ(registry->verify_journal_after(*whole)->entries, 3);
  change("UPDATE journal SET entry = replace(entry, 'egov', 'evil') WHERE seq = 1");
  EXPECT_EQ(code_of(registry->verify_journal_after(none)), Code::kRegistryDamaged);
}

// --- a clock that had run ahead ------------------------------------------------------------------------------------

TEST(RegistryClock, PingSaysThatTheClockIsBehindAndAnAdministratorMayAcceptIt) {
  const Place place(Backend::kSqlite);
  const base::FixedClock ahead{kNow + std::chrono::days(300)};
  {
    auto registry = *Registry::open(place.options(), ahead);
    ASSERT_TRUE(registry->execute(registration(1)));
    EXPECT_TRUE(registry->ping());
  }
  EXPECT_EQ(code_of(Registry::open(place.options(), kClock)), Code::kRegistryClock);
  EXPECT_EQ(*accept_clock(place.options(), ahead, "nothing to accept"), std::nullopt);
  EXPECT_EQ(*accept_clock(place.options(), kClock, "the clock was wrong"), kNow + std::chrono::days(300));
  auto registry = Registry::open(place.options(), kClock);
  ASSERT_TRUE(registry) << registry.error().message();
  EXPECT_TRUE((*registry)->execute(registration(2)));
  EXPECT_TRUE((*registry)->ping());
  EXPECT_TRUE((*registry)->verify_journal());
  const auto rows = (*registry)->journal(0, 10);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(rows->at(1).event, "clock.accepted");
  EXPECT_EQ(rows->at(1).at, kNow);
}

TEST(RegistryClock, ARunningRegistrySaysItToo) {
  const Place place(Backend::kSqlite);
  const base::FixedClock ahead{kNow + std::chrono::days(300)};
  auto registry = *Registry::open(place.options(), kClock);
  ASSERT_TRUE(registry->ping());
  {
    ASSERT_TRUE((*Registry::open(place.options(), ahead))->execute(registration(1)));
  }
  EXPECT_EQ(code_of(registry->execute(registration(2))), Code::kRegistryClock);
  EXPECT_EQ(registry->ping().error().code(), Code::kRegistryClock);
  EXPECT_TRUE(accept_clock(place.options(), kClock, "the clock was wrong"));
  EXPECT_TRUE(registry->ping());
  EXPECT_TRUE(registry->execute(registration(2)));
}

// --- a full disk ---------------------------------------------------------------------------------------------------

TEST(RegistryPing, SaysAfterAFailedWriteThatThereIsNoRoomUntilThereIs) {
  const Place place(Backend::kSqlite);
  auto registry = *Registry::open(place.options(), kClock);
  ASSERT_TRUE(registry->execute(registration(1)));
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  // Too little for the database, then for documents too: either is found by itself.
  for (const rlim_t bytes : {rlim_t{1024}, rlim_t{4}}) {
    rlimit full = before;
    full.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &full);
    const auto refused = code_of(registry->execute(registration(2)));
    const base::Status pinged = registry->ping();
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(refused, Code::kRegistryStorage);
    ASSERT_FALSE(pinged);
    EXPECT_EQ(pinged.error().code(), Code::kRegistryStorage);
    EXPECT_TRUE(registry->ping()) << "there is room again, and nobody wrote";
  }
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(registry->execute(registration(2)));
  EXPECT_FALSE(fs::exists(place.options().documents / "probe"));
}

}  // namespace
}  // namespace tanba::licensing::registry
