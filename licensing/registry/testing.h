// A registry of its own for each test, on whichever database the test is run.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "licensing/registry/registry.h"
#include "licensing/registry/sql.h"
#include "licensing/testing.h"

namespace tanba::licensing::registry::testing {

enum class Backend { kSqlite, kPostgres };

// Where tests/postgres/with_postgres.py put a server; empty when the tests run without it.
inline std::string postgres_connection() {
  const char* connection = std::getenv("TANBA_TEST_POSTGRES");
  return connection == nullptr ? "" : connection;
}

// A folder and, on PostgreSQL, a schema; both gone afterwards.
class Place {
 public:
  explicit Place(Backend backend) : backend_(backend) {
    static std::atomic<int> counter{0};
    name_ = "t" + std::to_string(::getpid()) + "_" + std::to_string(counter++);
    folder_ = std::filesystem::temp_directory_path() / ("tanba-registry-" + name_);
    std::filesystem::create_directories(folder_);
    if (backend_ == Backend::kPostgres) administer("CREATE SCHEMA " + name_);
  }
  ~Place() {
    if (backend_ == Backend::kPostgres) administer("DROP SCHEMA " + name_ + " CASCADE");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] Options options() const {
    Options options;
    options.database = database();
    options.documents = folder_ / "documents";
    // A busy machine is no failure: tests of waiting set their own.
    options.lock_timeout = std::chrono::seconds(60);
    options.max_wait = std::chrono::seconds(120);
    return options;
  }
  [[nodiscard]] std::string database() const {
    return backend_ == Backend::kSqlite
               ? "sqlite:" + (folder_ / "registry.db").string()
               : "postgresql:" + postgres_connection() + " options='-c search_path=" + name_ + "'";
  }
  // A session beside the registry's own, for disturbing it.
  [[nodiscard]] std::unique_ptr<Sql> session() const {
    return Sql::connect(parse_database_address(database()).value(), {}).value();
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  static void administer(const std::string& statement) {
    auto sql = Sql::connect({Dialect::kPostgres, postgres_connection()}, {});
    ASSERT_TRUE(sql) << sql.error().cause();
    ASSERT_TRUE((*sql)->run(statement));
  }
  Backend backend_;
  std::string name_;
  std::filesystem::path folder_;
};

inline std::string uuid(int n) {
  char text[37];
  (void)std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012d", n);
  return text;
}

inline const Service& oil_gas() {
  static const std::vector<Service> services = default_services();
  return services.front();
}

inline RegisterApplication registration(int n, const std::string& portal = "egov") {
  ApplicationText text = licensing::testing::application_text();
  text.request_id = uuid(n);
  ApplicationFields fields = licensing::testing::application_fields(text);
  return {
      .caller = {CallerKind::kPortal, portal},
      .channel = Channel::kPortal,
      .fields = fields,
      .applicant = licensing::testing::applicant(fields),
      .service_code = oil_gas().code,
      .received_at = licensing::testing::kNow,
      .due_on = *parse_date("2026-06-19"),
      .document = base::to_bytes(base::as_bytes("application " + std::to_string(n))),
      .media_type = "application/xml",
      .attachments = {base::to_bytes(base::as_bytes("receipt"))},
      .report = R"({"decision":"accept"})",
      .evidence = {{"ocsp", base::sha256(base::as_bytes("an answer")), base::to_bytes(base::as_bytes("an answer"))}}};
}

inline const Date kToday = *parse_date("2026-05-29");  // of licensing::testing::kNow

inline ProposedDecision proposal(const std::string& application, DecisionKind kind = DecisionKind::kGrant,
                                 const Officer& officer = licensing::testing::officer()) {
  DecisionTerms terms{kind, kind == DecisionKind::kRefusal ? "не хватает оборудования" : "", std::nullopt};
  return propose_decision({application, "oil-gas", officer.bin, ApplicationState::kInReview}, oil_gas(), officer,
                          std::move(terms), kToday)
      .value();
}

inline base::Bytes prepared_document(int n) {
  return base::to_bytes(base::as_bytes("prepared " + std::to_string(n)));
}
inline base::Bytes signed_document(int n) {
  return base::to_bytes(base::as_bytes("signed " + std::to_string(n)));
}

inline PrepareIntent preparation(int n, const std::string& application, const std::string& number,
                                 SigningMode mode = SigningMode::kWorkstation,
                                 DecisionKind kind = DecisionKind::kGrant) {
  return {.id = uuid(n),
          .proposal = proposal(application, kind),
          .number = number,
          .mode = mode,
          .key = mode == SigningMode::kKeyd ? "licence" : "",
          .content = base::sha256(base::as_bytes("content " + std::to_string(n))),
          .prepared = prepared_document(n)};
}

// Who acts in tests of intents.
inline const Caller kBy{CallerKind::kOfficer, "officer-1"};

inline ApproveIntent approval_of(int n, base::Bytes approval) {
  return {.intent = uuid(n), .approval = std::move(approval), .by = kBy, .report = R"({"decision":"accept"})"};
}

// The calendar's day at this moment.
inline ActingDay day_at(base::Time now) {
  return {WorkingCalendar(default_calendar()), now};
}

inline CommitIntent commitment(const Intent& intent, int n) {
  const base::Bytes document = signed_document(n);
  const SignatureFinding finding = licensing::testing::officer_signature(intent.content);
  return {.decision = accept_signed_decision(intent, base::sha256(document), std::span(&finding, 1),
                                             default_entitlement_policy())
                          .value(),
          .document = document,
          .media_type = "application/xml",
          .report = R"({"decision":"accept"})",
          .evidence = {},
          .decided_at = licensing::testing::kNow + base::Seconds(60),
          .day = day_at(licensing::testing::kNow + base::Seconds(60))};
}

// Code of an error; nothing when it went well.
template <class T>
std::optional<base::Code> code_of(const base::Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code();
}

}  // namespace tanba::licensing::registry::testing
