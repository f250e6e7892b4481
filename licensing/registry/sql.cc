#include "licensing/registry/sql.h"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <deque>
#include <utility>

namespace tanba::licensing::registry {
namespace {

using base::Code;
using base::Error;

struct Failure {
  Error error;
  Fault fault;
  enum class Connection { kKept, kLost } connection = Connection::kKept;
};

Failure fatal(Code code, std::string_view reason) {
  if (code == Code::kRegistryBusy) return {Error::because(code, std::string(reason)), Fault::kFatal};
  const char* argument = code == Code::kRegistryDamaged ? "what" : "reason";
  return {Error(code, {{argument, std::string(reason)}}), Fault::kFatal};
}

Failure of_statement(std::string_view reason) {
  return {Error::because(Code::kInternal, std::string(reason)), Fault::kNone};
}

Failure classify_sqlite(int result, std::string_view reason) {
  constexpr int kPrimary = 0xff;  // extended result codes carry the primary one in the low octet
  switch (result & kPrimary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return fatal(Code::kRegistryBusy, reason);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return fatal(Code::kRegistryStorage, reason);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return fatal(Code::kRegistryDamaged, reason);
    default:
      return of_statement(reason);
  }
}

// Two writers that numbered the same row: one of them read the journal's head before the other's commit.
bool is_race_of_writers(const std::string& state, std::string_view reason) {
  if (state != "23505") return false;  // unique_violation
  constexpr std::string_view kConstraints[] = {"journal_pkey", "journal_previous_key", "journal_hash_key"};
  return std::ranges::any_of(kConstraints, [&](std::string_view name) { return reason.contains(name); });
}

// PostgreSQL 15, appendix A: the first two characters are the class.
Failure classify_postgres(const std::string& state, std::string_view reason) {
  const std::string_view group = std::string_view(state).substr(0, 2);
  // serialization_failure, deadlock_detected
  if (state == "40001" || state == "40P01" || is_race_of_writers(state, reason)) {
    return {Error::because(Code::kRegistryBusy, std::string(reason)), Fault::kTransient};
  }
  if (state == "55P03" || state == "57014") return fatal(Code::kRegistryBusy, reason);  // lock, statement timeout
  if (group == "53") {  // insufficient resources: 53100 disk_full, 53200 out_of_memory, 53300 too_many_connections
    return fatal(state == "53300" ? Code::kRegistryBusy : Code::kRegistryStorage, reason);
  }
  if (group == "58") return fatal(Code::kRegistryStorage, reason);     // system error
  if (group == "XX") return fatal(Code::kRegistryDamaged, reason);     // XX001 data_corrupted, XX002 index_corrupted
  if (state == "25006") return fatal(Code::kRegistryStorage, reason);  // a read-only standby
  // 08: connection exception; 57P0x: shut down; no state at all: the connection broke before the server could answer.
  if (group == "08" || group == "57" || group.empty() || group == "  " || state.find('\0') != std::string::npos) {
    Failure failure = fatal(Code::kRegistryBusy, reason);
    failure.connection = Failure::Connection::kLost;
    return failure;
  }
  return of_statement(reason);
}

Failure classify(const std::exception& exception, Dialect dialect) {
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&exception)) {
    return classify_sqlite(sqlite->result(), exception.what());
  }
  if (const auto* postgres = dynamic_cast<const soci::postgresql_soci_error*>(&exception)) {
    return classify_postgres(postgres->sqlstate(), exception.what());
  }
  // SOCI's own errors without a state: with PostgreSQL, connecting failed.
  if (dialect == Dialect::kPostgres) return classify_postgres("", exception.what());
  return of_statement(exception.what());
}

std::string with_postgres_options(const std::string& target) {
  // A dead server is noticed in seconds, not in the kernel's quarter of an hour.
  constexpr std::string_view kOptions[] = {"connect_timeout=3", "tcp_user_timeout=10000"};
  std::string out = target;
  const bool uri = target.starts_with("postgresql://") || target.starts_with("postgres://");
  for (const std::string_view option : kOptions) {
    if (!uri) {
      out += ' ';
    } else {
      out += out.find('?') == std::string::npos ? '?' : '&';
    }
    out += option;
  }
  return out;
}

// SQLite would make the file readable for everybody; it holds personal data. The file is made without being opened:
// when a process closes any descriptor of a file, POSIX drops all its locks on it (fcntl(2), close(2)), those of
// SQLite's open connections too. Whoever opened the database next would then think itself alone and delete the
// write-ahead log in use.
base::Status create_private(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | 0600, 0) == 0 || errno == EEXIST) return {};
  return base::fail(Code::kRegistryStorage, {{"reason", path + ": " + std::generic_category().message(errno)}});
}

}  // namespace

base::Result<DatabaseAddress> parse_database_address(std::string_view text) {
  constexpr std::string_view kSqlite = "sqlite:";
  constexpr std::string_view kPostgres = "postgresql:";
  if (text.starts_with(kSqlite) && text.size() > kSqlite.size()) {
    const std::string path(text.substr(kSqlite.size()));
    // SOCI reads key=value pairs and cannot quote a quotation mark or a second space.
    if (path.find_first_of("\"=") == std::string::npos && path.find("  ") == std::string::npos) {
      return DatabaseAddress{Dialect::kSqlite, path};
    }
  }
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) {
    return DatabaseAddress{Dialect::kPostgres, std::string(text)};
  }
  if (text.starts_with(kPostgres) && text.size() > kPostgres.size()) {
    return DatabaseAddress{Dialect::kPostgres, std::string(text.substr(kPostgres.size()))};
  }
  return base::fail(Code::kConfigInvalid,
                    {{"key", "registry.database"}, {"reason", "sqlite:PATH or postgresql:CONNECTION"}});
}

std::unexpected<Error> Row::damaged(const std::string& found) {
  return base::fail(Code::kRegistryDamaged, {{"what", "unreadable column: " + found}});
}

base::Result<std::int64_t> Row::integer() {
  const std::string found = text();
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(found.data(), found.data() + found.size(), value);
  if (failure != std::errc() || end != found.data() + found.size()) return damaged(found);
  return value;
}

base::Result<base::Digest> Row::digest() {
  const std::string found = text();
  auto value = base::digest_from_hex(found);
  if (!value) return damaged(found);
  return *value;
}

base::Result<base::Time> Row::moment() {
  TANBA_TRY(const std::int64_t seconds, integer());
  return base::Time(base::Seconds(seconds));
}

base::Result<Date> Row::date() {
  const std::string found = text();
  auto value = parse_date(found);
  if (!value) return damaged(found);
  return *value;
}

struct Sql::Impl {
  DatabaseAddress address;
  Options options;
  std::unique_ptr<soci::session> session;  // none while the connection is lost
  Fault fault = Fault::kNone;
  enum class Transaction { kNone, kOpen } transaction = Transaction::kNone;
  std::optional<Failure> last_failure;

  void note(Failure failure) {
    if (failure.fault == Fault::kFatal || fault == Fault::kNone) fault = failure.fault;
    if (failure.connection == Failure::Connection::kLost) session.reset();
    last_failure = std::move(failure);
  }
  void note_missing_connection() { note(fatal(Code::kRegistryBusy, "not connected to the database")); }
};

Sql::Sql(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sql::~Sql() = default;

Fault Sql::fault() const {
  return impl_->fault;
}
Dialect Sql::dialect() const {
  return impl_->address.dialect;
}
std::unexpected<Error> Sql::failed() {
  return std::unexpected(impl_->last_failure->error);
}

base::Result<std::unique_ptr<Sql>> Sql::connect(const DatabaseAddress& address, const Options& options) {
  auto impl = std::make_unique<Impl>();
  impl->address = address;
  impl->options = options;
  std::unique_ptr<Sql> sql(new Sql(std::move(impl)));
  TANBA_CHECK(sql->open_session());
  return sql;
}

base::Status Sql::open_session() {
  const bool sqlite = dialect() == Dialect::kSqlite;
  if (sqlite) TANBA_CHECK(create_private(impl_->address.target));
  try {
    impl_->session =
        sqlite ? std::make_unique<soci::session>(soci::sqlite3, "db=\"" + impl_->address.target + "\"")
               : std::make_unique<soci::session>(soci::postgresql, with_postgres_options(impl_->address.target));
  } catch (const std::exception& exception) {
    impl_->note(classify(exception, dialect()));
    return failed();
  }
  const base::Status ready = set_up_session();
  if (!ready) impl_->session.reset();
  return ready;
}

base::Status Sql::set_up_session() {
  const auto timeout_ms = impl_->options.lock_timeout.count();
  const bool read_only = impl_->options.use == Options::Use::kReadOnly;
  if (dialect() == Dialect::kPostgres) {
    TANBA_CHECK(run("SET client_min_messages = error"));
    TANBA_CHECK(run("SET synchronous_commit = on"));
    TANBA_CHECK(run(fmt::format("SET lock_timeout = {}", timeout_ms)));
    // Nothing here runs long: a statement that does waits for a broken disk or a stuck server.
    constexpr int kSlowDiskMs = 30'000;
    TANBA_CHECK(run(fmt::format("SET statement_timeout = {}", timeout_ms + kSlowDiskMs)));
    if (read_only) TANBA_CHECK(run("SET default_transaction_read_only = on"));
    return {};
  }
  TANBA_CHECK(rows(fmt::format("PRAGMA busy_timeout = {}", timeout_ms), 1));
  TANBA_CHECK(rows("PRAGMA journal_mode = WAL", 1));
  TANBA_CHECK(run("PRAGMA synchronous = FULL"));
  TANBA_CHECK(run("PRAGMA foreign_keys = ON"));
  if (impl_->options.max_pages > 0) {
    TANBA_CHECK(rows(fmt::format("PRAGMA max_page_count = {}", impl_->options.max_pages), 1));
  }
  if (read_only) TANBA_CHECK(run("PRAGMA query_only = ON"));
  return {};
}

base::Status Sql::ensure_connected() {
  if (impl_->session) return {};
  return open_session();
}

base::Status Sql::run(const std::string& statement, const Bounds& bounds) {
  auto answer = rows(statement, 0, bounds);
  if (!answer) return std::unexpected(std::move(answer).error());
  return {};
}

base::Result<std::optional<Row>> Sql::row(const std::string& statement, std::size_t columns, const Bounds& bounds) {
  TANBA_TRY(auto found, rows(statement, columns, bounds));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

base::Result<std::vector<Row>> Sql::rows(const std::string& statement, std::size_t columns, const Bounds& bounds) {
  if (!impl_->session) {
    impl_->note_missing_connection();
    return failed();
  }
  // libpq takes texts that end at the first NUL: it would store another value than the one that was checked.
  for (const Bound& bound : bounds) {
    if (bound.text() && bound.text()->find('\0') != std::string::npos) return base::fail(Code::kInputUtf8);
  }
  std::deque<std::pair<std::string, soci::indicator>> in;
  std::vector<std::string> out(columns);
  std::vector<soci::indicator> out_indicators(columns, soci::i_ok);
  std::vector<Row> found;
  try {
    soci::statement prepared(*impl_->session);
    for (const Bound& bound : bounds) {
      auto& [text, indicator] = in.emplace_back(bound.text().value_or(""), bound.text() ? soci::i_ok : soci::i_null);
      prepared.exchange(soci::use(text, indicator));
    }
    for (std::size_t i = 0; i < columns; ++i) prepared.exchange(soci::into(out[i], out_indicators[i]));
    prepared.alloc();
    prepared.prepare(statement, soci::details::st_one_time_query);
    prepared.define_and_bind();
    bool more = prepared.execute(true);
    while (columns > 0 && more) {
      std::vector<std::optional<std::string>> values;
      for (std::size_t i = 0; i < columns; ++i) {
        values.push_back(out_indicators[i] == soci::i_null ? std::nullopt : std::optional(out[i]));
      }
      found.emplace_back(std::move(values));
      more = prepared.fetch();
    }
  } catch (const std::exception& exception) {
    impl_->note(classify(exception, dialect()));
    return failed();
  }
  return found;
}

base::Status Sql::begin_write() {
  TANBA_CHECK(ensure_connected());
  impl_->fault = Fault::kNone;
  // Said outright: with a snapshot taken before the lock below is had, a server, database or role whose default is
  // another isolation would show this writer a journal without its last rows.
  const std::string begin =
      dialect() == Dialect::kSqlite ? "BEGIN IMMEDIATE" : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
  auto begun = run(begin);
  // A connection that broke while nobody used it is no news to the caller: nothing was under way.
  if (!begun && !impl_->session) {
    TANBA_CHECK(ensure_connected());
    impl_->fault = Fault::kNone;
    begun = run(begin);
  }
  TANBA_CHECK(std::move(begun));
  impl_->transaction = Impl::Transaction::kOpen;
  if (dialect() == Dialect::kSqlite) return {};
  // One journal, one chain: the writers of all daemons take turns. Registries in other schemas have other locks.
  auto locked = rows(
      "SELECT CAST(pg_advisory_xact_lock(hashtextextended(concat('tanba.registry.', current_schema()), 0)) AS text)",
      1);
  if (locked) return {};
  rollback();
  return failed();
}

base::Status Sql::commit() {
  TANBA_CHECK(run("COMMIT"));
  impl_->transaction = Impl::Transaction::kNone;
  impl_->fault = Fault::kNone;
  return {};
}

void Sql::rollback() {
  if (impl_->session && impl_->transaction == Impl::Transaction::kOpen) {
    auto last = std::exchange(impl_->last_failure, std::nullopt);
    // SQLite rolls back by itself on some errors (full disk); then there is no transaction and this fails harmlessly.
    if (!run("ROLLBACK") && dialect() == Dialect::kPostgres) impl_->session.reset();
    impl_->last_failure = std::move(last);
  }
  impl_->transaction = Impl::Transaction::kNone;
  impl_->fault = Fault::kNone;
}

}  // namespace tanba::licensing::registry
