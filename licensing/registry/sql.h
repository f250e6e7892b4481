// One database session, SQLite or PostgreSQL, through SOCI; inside the registry only.
//
// Values go in and come out as text: both databases convert by the column's type, and so one code serves both. What
// SOCI throws ends here. Not thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "licensing/calendar.h"
#include "licensing/words.h"

namespace tanba::licensing::registry {

enum class Dialect { kSqlite, kPostgres };

struct DatabaseAddress {
  Dialect dialect = Dialect::kSqlite;
  std::string target;  // path, or libpq's connection string
};
// config.invalid.
[[nodiscard]] base::Result<DatabaseAddress> parse_database_address(std::string_view text);

// A value on its way into a statement. NULL is an empty optional.
class Bound {
 public:
  Bound(std::string text) : text_(std::move(text)) {}            // NOLINT: conversions are the point of this type
  Bound(std::string_view text) : text_(std::string(text)) {}     // NOLINT
  Bound(const char* text) : text_(std::string(text)) {}          // NOLINT
  Bound(std::int64_t number) : text_(std::to_string(number)) {}  // NOLINT
  Bound(const base::Digest& digest) : text_(digest.hex()) {}     // NOLINT
  Bound(base::Time time) : Bound(std::int64_t{time.time_since_epoch().count()}) {}  // NOLINT
  Bound(Date date) : text_(format_date(date)) {}                                    // NOLINT
  template <class T>
  Bound(const std::optional<T>& value) {  // NOLINT
    if (value) *this = Bound(*value);
  }
  [[nodiscard]] const std::optional<std::string>& text() const { return text_; }

 private:
  std::optional<std::string> text_;
};
using Bounds = std::vector<Bound>;

// One row of an answer. What a column cannot be read as is registry.damaged.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns)) {}
  // Columns are read from left to right; NULL reads as empty text.
  [[nodiscard]] std::string text() { return columns_.at(next_++).value_or(std::string()); }
  [[nodiscard]] base::Result<std::int64_t> integer();
  [[nodiscard]] base::Result<base::Digest> digest();
  [[nodiscard]] base::Result<base::Time> moment();
  [[nodiscard]] base::Result<Date> date();
  template <class Enumeration>
  [[nodiscard]] base::Result<Enumeration> word() {
    const std::string found = text();
    auto value = parse_word<Enumeration>(found, "column");
    if (!value) return damaged(found);
    return *value;
  }
  [[nodiscard]] bool next_is_null() const { return !columns_.at(next_).has_value(); }
  void skip() { ++next_; }

 private:
  [[nodiscard]] static std::unexpected<base::Error> damaged(const std::string& found);
  std::vector<std::optional<std::string>> columns_;
  std::size_t next_ = 0;
};

// What a failed statement means for the transaction around it.
enum class Fault {
  kNone,       // the statement alone failed (a constraint); a savepoint heals it
  kTransient,  // serialization failure or deadlock: the same transaction may pass when tried again
  kFatal,      // busy, storage, connection, damage: the transaction is lost
};

class Sql {
 public:
  struct Options {
    std::chrono::milliseconds lock_timeout{2000};
    std::int64_t max_pages = 0;
    enum class Use { kReadWrite, kReadOnly } use = Use::kReadWrite;
  };
  [[nodiscard]] static base::Result<std::unique_ptr<Sql>> connect(const DatabaseAddress& address,
                                                                  const Options& options);
  ~Sql();
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  // Placeholders are :names, each used once, bound in order.
  [[nodiscard]] base::Status run(const std::string& statement, const Bounds& bounds = {});
  [[nodiscard]] base::Result<std::vector<Row>> rows(const std::string& statement, std::size_t columns,
                                                    const Bounds& bounds = {});
  [[nodiscard]] base::Result<std::optional<Row>> row(const std::string& statement, std::size_t columns,
                                                     const Bounds& bounds = {});

  // Begins a transaction that writes, and takes the one lock that orders writers. Commits; rolls back (never fails: a
  // connection that cannot roll back is closed, which does it).
  [[nodiscard]] base::Status begin_write();
  [[nodiscard]] base::Status commit();
  void rollback();
  // After a lost connection; does nothing when it is there.
  [[nodiscard]] base::Status ensure_connected();

  // The worst since the last begin, commit or rollback.
  [[nodiscard]] Fault fault() const;
  [[nodiscard]] Dialect dialect() const;

 private:
  struct Impl;
  explicit Sql(std::unique_ptr<Impl> impl);
  [[nodiscard]] base::Status open_session();
  [[nodiscard]] base::Status set_up_session();
  [[nodiscard]] std::unexpected<base::Error> failed();
  std::unique_ptr<Impl> impl_;
};

}  // namespace tanba::licensing::registry
