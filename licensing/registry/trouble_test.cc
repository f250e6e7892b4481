// What each database does when its disk is full, its file is damaged, its server drops us, or the process is killed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "licensing/registry/testing.h"

namespace tanba::licensing::registry {
namespace {

using base::Code;
using namespace tanba::licensing::registry::testing;  // NOLINT: the values of these tests
using licensing::testing::kNow;

const base::FixedClock kClock{kNow};

TEST(SqliteTrouble, AFullDatabaseAcknowledgesNothingAndWorksAgainWithRoom) {
  const Place place(Backend::kSqlite);
  Options options = place.options();
  options.max_pages = 80;  // the empty schema takes about sixty
  std::set<std::string> acknowledged;
  {
    auto registry = *Registry::open(options, kClock);
    std::optional<Code> refused;
    for (int i = 0; i < 500 && !refused; ++i) {
      const auto answer = registry->execute(registration(i));
      if (answer) acknowledged.insert(answer->number);
      refused = code_of(answer);
    }
    EXPECT_EQ(refused, Code::kRegistryStorage);
    // Full is full, and not broken: what is there is read, what comes is refused.
    EXPECT_EQ(registry->applications(Everything{}, {.limit = 500})->size(), acknowledged.size());
    EXPECT_EQ(code_of(registry->execute(registration(501))), Code::kRegistryStorage);
    EXPECT_TRUE(registry->verify_journal());
  }
  options.max_pages = 0;
  auto registry = *Registry::open(options, kClock);
  for (const std::string& number : acknowledged) EXPECT_TRUE(registry->application(Everything{}, number));
  EXPECT_TRUE(registry->execute(registration(501)));
  EXPECT_TRUE(registry->verify_journal());
}

// A limit on the size of files stands for a full disk, and can be lifted while the registry runs.
TEST(SqliteTrouble, AFullDiskPassesOverWithoutRestart) {
  const Place place(Backend::kSqlite);
  auto registry = *Registry::open(place.options(), kClock);
  ASSERT_TRUE(registry->execute(registration(1)));
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit full = before;
  full.rlim_cur = 1024;  // documents of these tests are smaller, the database is larger
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &full);
  const auto refused = code_of(registry->execute(registration(2)));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(refused, Code::kRegistryStorage);
  EXPECT_EQ(registry->applications(Everything{}, {})->size(), 1U);
  EXPECT_TRUE(registry->execute(registration(2)));
  EXPECT_TRUE(registry->verify_journal());
}

TEST(SqliteTrouble, AFileThatIsNoDatabaseIsDamaged) {
  const Place place(Backend::kSqlite);
  std::ofstream(place.folder() / "registry.db") << std::string(8192, 'x');
  EXPECT_EQ(code_of(Registry::open(place.options(), kClock)), Code::kRegistryDamaged);
}

TEST(SqliteTrouble, TheDatabaseIsItsOwnersAlone) {
  const Place place(Backend::kSqlite);
  const auto registry = *Registry::open(place.options(), kClock);
  for (const char* name : {"registry.db", "registry.db-wal"}) {
    const auto permissions = std::filesystem::status(place.folder() / name).permissions();
    EXPECT_EQ(permissions & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
              std::filesystem::perms::none)
        << name;
  }
}

TEST(SqlTest, NulInATextIsRefusedRatherThanCutOff) {
  const Place place(Backend::kSqlite);
  const auto sql = place.session();
  EXPECT_EQ(code_of(sql->rows("SELECT :text", 1, {std::string("a\0b", 3)})), Code::kInputUtf8);
  EXPECT_EQ(sql->rows("SELECT :text", 1, {"ab"})->at(0).text(), "ab");
}

TEST(SqlTest, AConstraintIsTheStatementsOwnFault) {
  const Place place(Backend::kSqlite);
  const auto sql = place.session();
  ASSERT_TRUE(sql->run("CREATE TABLE t (a BIGINT PRIMARY KEY)"));
  ASSERT_TRUE(sql->run("INSERT INTO t VALUES (:a)", {std::int64_t{1}}));
  EXPECT_EQ(code_of(sql->run("INSERT INTO t VALUES (:a)", {std::int64_t{1}})), Code::kInternal);
  EXPECT_EQ(sql->fault(), Fault::kNone);
  EXPECT_EQ(sql->rows("SELECT a FROM t WHERE a = :a", 1, {std::int64_t{1}})->size(), 1U);
}

// PostgreSQL ends our sessions, as an administrator or a failover would.
class PostgresTrouble : public ::testing::TestWithParam<Backend> {};
INSTANTIATE_TEST_SUITE_P(Postgres, PostgresTrouble,
                         ::testing::ValuesIn(postgres_connection().empty() ? std::vector<Backend>()
                                                                           : std::vector<Backend>{Backend::kPostgres}));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresTrouble);

void end_other_sessions(Sql& sql) {
  ASSERT_TRUE(
      sql.rows("SELECT CAST(pg_terminate_backend(pid) AS text) FROM pg_stat_activity WHERE pid <> "
               "pg_backend_pid() AND backend_type = 'client backend'",
               1));
}

TEST_P(PostgresTrouble, LostConnectionsAreMadeAgain) {
  const Place place(GetParam());
  auto registry = *Registry::open(place.options(), kClock);
  ASSERT_TRUE(registry->execute(registration(1)));
  ASSERT_TRUE(registry->ping());
  const auto administrator = place.session();
  end_other_sessions(*administrator);
  // Nothing was under way: the writer's callers notice nothing; a reader may, once.
  EXPECT_TRUE(registry->execute(registration(2)));
  for (int i = 0; i < 4 && !registry->ping(); ++i) {
  }
  EXPECT_EQ(registry->applications(Everything{}, {})->size(), 2U);
  EXPECT_TRUE(registry->verify_journal());
}

TEST_P(PostgresTrouble, EachStateHasItsCodeAndItsConsequence) {
  const Place place(GetParam());
  const auto sql = place.session();
  const auto raised = [&](const std::string& state) {
    EXPECT_TRUE(sql->begin_write());
    const auto code = code_of(sql->run("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '" + state + "'; END $$"));
    const Fault fault = sql->fault();
    sql->rollback();
    return std::pair(code.value(), fault);
  };
  EXPECT_EQ(raised("53100"), std::pair(Code::kRegistryStorage, Fault::kFatal));   // disk_full
  EXPECT_EQ(raised("53300"), std::pair(Code::kRegistryBusy, Fault::kFatal));      // too_many_connections
  EXPECT_EQ(raised("58030"), std::pair(Code::kRegistryStorage, Fault::kFatal));   // io_error
  EXPECT_EQ(raised("25006"), std::pair(Code::kRegistryStorage, Fault::kFatal));   // read_only_sql_transaction
  EXPECT_EQ(raised("XX001"), std::pair(Code::kRegistryDamaged, Fault::kFatal));   // data_corrupted
  EXPECT_EQ(raised("40001"), std::pair(Code::kRegistryBusy, Fault::kTransient));  // serialization_failure
  EXPECT_EQ(raised("40P01"), std::pair(Code::kRegistryBusy, Fault::kTransient));  // deadlock_detected
  EXPECT_EQ(raised("55P03"), std::pair(Code::kRegistryBusy, Fault::kFatal));      // lock_not_available
  EXPECT_EQ(raised("23505"), std::pair(Code::kInternal, Fault::kNone));           // unique_violation
}

// Makes the database do `body` whenever an application is inserted.
void on_insert(Sql& sql, const std::string& body) {
  ASSERT_TRUE(sql.run("CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
                      " RETURN NEW; END $$"));
  ASSERT_TRUE(sql.run("DROP TRIGGER IF EXISTS trouble ON applications"));
  ASSERT_TRUE(
      sql.run("CREATE CONSTRAINT TRIGGER trouble AFTER INSERT ON applications DEFERRABLE INITIALLY DEFERRED FOR "
              "EACH ROW EXECUTE FUNCTION trouble()"));
}

// Deferred: all of these fail at the commit, after every command of the batch was executed.
TEST_P(PostgresTrouble, ADeadlockIsTriedAgainUnnoticed) {
  const Place place(GetParam());
  auto registry = *Registry::open(place.options(), kClock);
  const auto sql = place.session();
  ASSERT_TRUE(sql->run("CREATE SEQUENCE attempts"));
  on_insert(*sql, "IF nextval('attempts') = 1 THEN RAISE EXCEPTION USING ERRCODE = '40P01'; END IF;");
  EXPECT_TRUE(registry->execute(registration(1)));
  EXPECT_EQ(sql->rows("SELECT last_value FROM attempts", 1)->at(0).text(), "2");
  EXPECT_EQ(registry->applications(Everything{}, {})->size(), 1U);
  EXPECT_TRUE(registry->verify_journal());
}

TEST_P(PostgresTrouble, ARowNumberedTwiceIsTriedAgainUnnoticed) {
  const Place place(GetParam());
  auto registry = *Registry::open(place.options(), kClock);
  const auto sql = place.session();
  ASSERT_TRUE(sql->run("CREATE SEQUENCE attempts"));
  for (const char* constraint : {"journal_pkey", "journal_previous_key", "journal_hash_key"}) {
    ASSERT_TRUE(sql->run("ALTER SEQUENCE attempts RESTART"));
    on_insert(*sql, fmt::format("IF nextval('attempts') = 1 THEN RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = "
                                "'duplicate key value violates unique constraint \"{}\"'; END IF;",
                                constraint));
    EXPECT_TRUE(registry->execute(registration(static_cast<int>(std::string_view(constraint).size())))) << constraint;
  }
  EXPECT_TRUE(registry->verify_journal());
}

// Two daemons, on a database whose administrator set other defaults than PostgreSQL's own.
TEST_P(PostgresTrouble, TheWritersOfTwoDaemonsTakeTurnsWhateverTheDefaultsAre) {
  const Place place(GetParam());
  Options options = place.options();
  options.database.insert(options.database.size() - 1,
                          " -c default_transaction_isolation=serializable -c default_transaction_read_only=on");
  std::vector<std::unique_ptr<Registry>> registries;
  for (int i = 0; i < 2; ++i) {
    auto registry = Registry::open(options, kClock);
    ASSERT_TRUE(registry) << registry.error().message() << registry.error().cause();
    registries.push_back(*std::move(registry));
  }
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto answer = registries[t % 2]->execute(registration(static_cast<int>(t) * 100 + i));
        EXPECT_TRUE(answer) << answer.error().message() << answer.error().cause();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registries.front()->applications(Everything{}, {.limit = 500})->size(), 160U);
  EXPECT_TRUE(registries.front()->verify_journal());
}

TEST_P(PostgresTrouble, AFullDiskAtTheCommitAcknowledgesNothingAndPassesOver) {
  const Place place(GetParam());
  auto registry = *Registry::open(place.options(), kClock);
  const auto sql = place.session();
  on_insert(*sql, "RAISE EXCEPTION USING ERRCODE = '53100';");
  EXPECT_EQ(code_of(registry->execute(registration(1))), Code::kRegistryStorage);
  EXPECT_EQ(registry->applications(Everything{}, {})->size(), 0U);
  on_insert(*sql, "NULL;");
  const auto answer = registry->execute(registration(1));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->repetition, Repetition::kFirst);
  EXPECT_TRUE(registry->verify_journal());
}

TEST_P(PostgresTrouble, AConnectionLostAtTheCommitAcknowledgesNothing) {
  const Place place(GetParam());
  auto registry = *Registry::open(place.options(), kClock);
  const auto sql = place.session();
  on_insert(*sql, "PERFORM pg_terminate_backend(pg_backend_pid());");
  EXPECT_EQ(code_of(registry->execute(registration(1))), Code::kRegistryBusy);
  on_insert(*sql, "NULL;");
  const auto answer = registry->execute(registration(1));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->repetition, Repetition::kFirst);
  EXPECT_TRUE(registry->verify_journal());
}

TEST_P(PostgresTrouble, SessionsEndedUnderLoadLoseNothingAcknowledged) {
  const Place place(GetParam());
  auto registry = *Registry::open(place.options(), kClock);
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::set<std::string> acknowledged;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100 && !stop; ++i) {
        // A busy answer is tried again under the same id, as a portal would.
        base::Result<Registered> answer = registry->execute(registration(t * 100 + i));
        for (int again = 0; again < 20 && !answer; ++again) answer = registry->execute(registration(t * 100 + i));
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(answer) << answer.error().message() << answer.error().cause();
        if (answer) acknowledged.insert(answer->number);
      }
    });
  }
  const auto administrator = place.session();
  for (int i = 0; i < 20; ++i) {
    end_other_sessions(*administrator);
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  for (auto& thread : threads) thread.join();
  registry = *Registry::open(place.options(), kClock);
  EXPECT_EQ(acknowledged.size(), 400U);
  EXPECT_EQ(registry->applications(Everything{}, {.limit = 500})->size(), 400U);
  for (const std::string& number : acknowledged) EXPECT_TRUE(registry->application(Everything{}, number));
  EXPECT_TRUE(registry->verify_journal());
}

// --- killed --------------------------------------------------------------------------------------------------------

class KilledRegistry : public ::testing::TestWithParam<Backend> {};
INSTANTIATE_TEST_SUITE_P(Sqlite, KilledRegistry, ::testing::Values(Backend::kSqlite));
INSTANTIATE_TEST_SUITE_P(Postgres, KilledRegistry,
                         ::testing::ValuesIn(postgres_connection().empty() ? std::vector<Backend>()
                                                                           : std::vector<Backend>{Backend::kPostgres}));

// In the child: registers without end from several threads and writes each acknowledged number, 20 characters and a
// line feed, into the pipe (shorter than PIPE_BUF: lines of threads do not mix).
[[noreturn]] void register_until_killed(const Options& options, int round, int pipe) {
  auto registry = Registry::open(options, kClock);
  if (!registry) ::_exit(1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const auto answer = (*registry)->execute(registration(round * 1'000'000 + t * 100'000 + i));
        if (!answer) ::_exit(2);
        const std::string line = answer->number + "\n";
        if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(4);
}

TEST_P(KilledRegistry, KeepsWhatItAcknowledged) {
  const Place place(GetParam());
  std::set<std::string> acknowledged;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) register_until_killed(place.options(), round, ends[1]);
    ::close(ends[1]);
    std::string read;
    char buffer[4096];
    // Killed after a different number of answers in each round, in the middle of whatever it does then.
    const auto enough = static_cast<std::size_t>(21 * (10 + 17 * round));
    for (ssize_t got = 1; got > 0;) {
      if (read.size() >= enough) ::kill(child, SIGKILL);
      got = ::read(ends[0], buffer, sizeof buffer);
      if (got > 0) read.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    for (std::size_t at = 0; at < read.size();) {
      const std::size_t end = read.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      EXPECT_TRUE(acknowledged.insert(read.substr(at, end - at)).second) << "numbered twice";
      at = end + 1;
    }
  }
  auto registry = Registry::open(place.options(), kClock);
  ASSERT_TRUE(registry) << registry.error().message();
  for (const std::string& number : acknowledged) {
    const auto row = (*registry)->application(Everything{}, number);
    ASSERT_TRUE(row) << number;
    EXPECT_TRUE((*registry)->document(row->document));
  }
  const auto summary = (*registry)->verify_journal();
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GE(summary->entries, static_cast<std::int64_t>(acknowledged.size()));
  EXPECT_GE(acknowledged.size(), 5U * 10U);
}

}  // namespace
}  // namespace tanba::licensing::registry
