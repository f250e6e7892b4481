// The daemon's smaller parts: log, metrics, readiness, members of requests, trust from files.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "base/json.h"
#include "base/test_support.h"
#include "server/health.h"
#include "server/log.h"
#include "server/members.h"
#include "server/metrics.h"
#include "server/periodic.h"
#include "server/rows_json.h"
#include "server/trust.h"

namespace tanba::server {
namespace {

using base::Code;
namespace fs = std::filesystem;

const base::FixedClock kClock{base::Time(base::Seconds(1'780'000'000))};

std::vector<std::string> lines_of(LogLevel level, LogFormat format, const std::function<void(Log&)>& use) {
  std::vector<std::string> lines;
  Log log(level, format, kClock, [&](std::string_view line) { lines.emplace_back(line); });
  use(log);
  return lines;
}

TEST(Log, OneJsonObjectALine) {
  const auto lines = lines_of(LogLevel::kInfo, LogFormat::kJson, [](Log& log) {
    log.info("daemon.started", {{"port", 8443}, {"mode", "demo"}, {"empty", ""}});
    log.write(LogLevel::kDebug, "not.shown");
    log.error("it.failed", base::Error::because(Code::kRegistryBusy, "locked"));
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0],
            R"({"time":"2026-05-28T20:26:40Z","level":"info","event":"daemon.started","port":8443,"mode":"demo"})");
  const auto second = base::parse_json(lines[1]);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->at("code").as_string(), "registry.busy");
  EXPECT_EQ(second->at("cause").as_string(), "locked");
}

TEST(Log, NobodyOutsideWritesLinesOfTheirOwn) {
  const std::string evil = "a\nb\r\x1b[2J\u202e{}%s";
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    const auto lines = lines_of(LogLevel::kInfo, format, [&](Log& log) { log.info("x", {{"what", evil}}); });
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].find_first_of("\n\r\x1b"), std::string::npos);
    EXPECT_EQ(lines[0].find("\u202e"), std::string::npos);
    EXPECT_NE(lines[0].find("{}%s"), std::string::npos) << "nothing is taken for a format";
  }
}

TEST(Log, NumbersOfPersonsAreMasked) {
  EXPECT_EQ(mask_identity_numbers("IIN850101300015, 050140000011"), "IIN************, ************");
  EXPECT_EQ(mask_identity_numbers("8501013000150"), "8501013000150") << "thirteen digits are none";
  EXPECT_EQ(mask_identity_numbers("A-2026-01-0000001-22"), "A-2026-01-0000001-22");
  EXPECT_EQ(mask_identity_numbers(""), "");
  const auto lines = lines_of(LogLevel::kInfo, LogFormat::kJson, [](Log& log) {
    log.error("x", base::Error(Code::kIdentityMismatch,
                               {{"kind", "IIN"}, {"expected", "850101300015"}, {"found", "790704300077"}},
                               "bin 050140000011"));
  });
  for (const char* number : {"850101300015", "790704300077", "050140000011"}) {
    EXPECT_EQ(lines[0].find(number), std::string::npos);
  }
}

TEST(Log, TextIsForATerminal) {
  const auto lines = lines_of(LogLevel::kInfo, LogFormat::kText, [](Log& log) {
    log.info("x.y", {{"plain", "word"}, {"spaced", "two words"}, {"n", 5}});
  });
  EXPECT_EQ(lines[0], "2026-05-28T20:26:40Z info x.y plain=word spaced=\"two words\" n=5");
}

TEST(Metrics, LabelledGaugesShowWhatIsThereNowAndNothingElse) {
  Metrics metrics;
  std::vector<Metrics::Sample> samples{{{{"source", "a"}}, 1}, {{{"source", "b"}}, 2}};
  metrics.gauges("things", "Things.", [&] { return samples; });
  EXPECT_NE(metrics.text().find("tanba_things{source=\"a\"} 1"), std::string::npos) << metrics.text();
  EXPECT_NE(metrics.text().find("tanba_things{source=\"b\"} 2"), std::string::npos);
  samples = {{{{"source", "b"}}, 3}};
  EXPECT_EQ(metrics.text().find("source=\"a\""), std::string::npos);
  EXPECT_NE(metrics.text().find("tanba_things{source=\"b\"} 3"), std::string::npos);
}

TEST(Metrics, CountRequestsByRouteMethodAndStatus) {
  Metrics metrics;
  static constexpr std::string_view kRoute = "/v1/applications/{number}";
  for (const unsigned status : {200U, 200U, 404U}) {
    metrics.observe_request({.method = net::http::Method::kGet, .route = kRoute, .status = status});
  }
  metrics.observe_request({.method = net::http::Method::kOther, .route = "", .status = 400});
  metrics.count("verdicts", "Verdicts.", {{"decision", "accept"}});
  metrics.count("verdicts", "Verdicts.", {{"decision", "accept"}});
  metrics.gauge("sessions", "Sessions.", [] { return 7.0; });
  const std::string text = metrics.text();
  for (const char* line : {
           R"(tanba_http_requests_total{method="GET",route="/v1/applications/{number}",status="200"} 2)",
           R"(tanba_http_requests_total{method="GET",route="/v1/applications/{number}",status="404"} 1)",
           R"(tanba_http_requests_total{method="OTHER",route="none",status="400"} 1)",
           R"(tanba_http_request_duration_seconds_count{route="/v1/applications/{number}"} 3)",
           R"(tanba_verdicts_total{decision="accept"} 2)",
           "tanba_sessions 7",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST(Readiness, IsWhenAllChecksPass) {
  std::atomic<bool> up{false};
  std::promise<void> changed;
  Readiness readiness(
      {{"always", [] { return base::Status(); }},
       {"registry",
        [&]() -> base::Status { return up ? base::Status() : base::fail(Code::kRegistryBusy, "secret path"); }}},
      {.interval = std::chrono::milliseconds(1), .max_age = std::chrono::hours(1)});
  EXPECT_EQ(readiness.state(), Readiness::State::kNotReady);
  EXPECT_EQ(readiness.document().at("registry").at("code").as_string(), "registry.busy");
  EXPECT_EQ(readiness.document().at("registry").as_object().size(), 2U) << "no cause";
  readiness.on_change([&](const std::string& name, const base::Status& status) {
    EXPECT_EQ(name, "registry");
    EXPECT_TRUE(status);
    changed.set_value();
  });
  up = true;
  changed.get_future().wait();
  EXPECT_EQ(readiness.state(), Readiness::State::kReady);
  readiness.set_stopping();
  EXPECT_EQ(readiness.state(), Readiness::State::kNotReady);
}

// A database that hangs: its last "ok" is no answer for ever, and the checks behind it are still asked.
TEST(Readiness, AnAnswerThatNeverComesIsAFailure) {
  std::promise<void> latch;
  const std::shared_future<void> released = latch.get_future().share();
  std::atomic<bool> hang{false};
  std::atomic<int> hanging{0};
  std::atomic<int> asked_behind{0};
  std::promise<base::Status> told;
  std::atomic<bool> first{true};
  {
    Readiness readiness({{"registry",
                          [&]() -> base::Status {
                            if (hang) {
                              ++hanging;
                              released.wait();
                            }
                            return {};
                          }},
                         {"behind",
                          [&]() -> base::Status {
                            ++asked_behind;
                            return {};
                          }}},
                        {.interval = std::chrono::milliseconds(50), .max_age = std::chrono::milliseconds(500)});
    const auto state_of = [&](const char* check) -> std::string {
      return std::string(readiness.document().at(check).at("status").as_string());
    };
    while (readiness.state() != Readiness::State::kReady) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    readiness.on_change([&](const std::string& name, const base::Status& status) {
      if (name == "registry" && first.exchange(false)) told.set_value(status);
    });
    hang = true;
    while (hanging == 0 || state_of("registry") == "ok") std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const base::Status status = told.get_future().get();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Code::kServerDeadline);
    EXPECT_EQ(readiness.state(), Readiness::State::kNotReady);
    EXPECT_EQ(readiness.document().at("registry").at("code").as_string(), "server.deadline");
    const int before = asked_behind;
    while (asked_behind < before + 2 || state_of("behind") != "ok") {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(hanging, 1);
    latch.set_value();
  }
}

TEST(Readiness, DoesNotWaitForEverForTheFirstAnswer) {
  std::promise<void> latch;
  const Readiness readiness({{"registry",
                              [released = latch.get_future().share()]() -> base::Status {
                                released.wait();
                                return {};
                              }}},
                            {.interval = std::chrono::milliseconds(1), .max_age = std::chrono::milliseconds(3)});
  EXPECT_EQ(readiness.state(), Readiness::State::kNotReady);
  latch.set_value();
}

TEST(Periodic, WorksAtOnceAndAgainAndEnds) {
  std::atomic<int> times{0};
  std::promise<void> thrice;
  {
    const Periodic periodic("test", std::chrono::milliseconds(1), [&] {
      if (++times == 3) thrice.set_value();
    });
    thrice.get_future().wait();
  }
  const int after = times;
  EXPECT_EQ(times, after);
}

// --- members
// -----------------------------------------------------------------------------------------------------------

net::http::Request with_body(std::string_view body, std::string_view type = "application/json") {
  net::http::Request request;
  if (!type.empty()) request.headers.add("Content-Type", std::string(type));
  request.body = base::to_bytes(base::as_bytes(body));
  return request;
}

// The state is what officers made of it; a last day passes by itself.
TEST(RowsJson, ALicenceIsInForceToItsLastDay) {
  licensing::LicenceRow row{};
  row.number = "L-2026-01-0000001-00";
  row.valid_until = licensing::parse_date("2026-05-30").value();
  const auto in_force = [&](const char* today) {
    const auto shown = to_json(row, licensing::parse_date(today).value());
    EXPECT_EQ(shown.at("state").as_string(), licensing::to_string(row.state));
    return shown.at("inForce").as_bool();
  };
  EXPECT_TRUE(in_force("2026-05-29"));
  EXPECT_TRUE(in_force("2026-05-30"));
  EXPECT_FALSE(in_force("2026-05-31"));
  row.state = licensing::LicenceState::kSuspended;
  EXPECT_FALSE(in_force("2026-05-29"));
  row.state = licensing::LicenceState::kActive;
  row.valid_until.reset();
  EXPECT_TRUE(in_force("2999-12-31"));
}

TEST(RowsJson, AnOpenIntentIsForTheLicensorAlone) {
  licensing::ApplicationRow row{};
  EXPECT_FALSE(to_json(row, licensing::OfLicensor{"1"}).contains("openIntent"));
  row.open_intent = licensing::OpenIntent{"an id", licensing::IntentState::kPrepared, "officer-1", {}};
  EXPECT_EQ(to_json(row, licensing::OfLicensor{"1"}).at("openIntent").at("id").as_string(), "an id");
  EXPECT_FALSE(to_json(row, licensing::OfPortal{"1"}).contains("openIntent"));
}

TEST(Members, TheBodyIsAJsonObject) {
  EXPECT_TRUE(Members::of(with_body("{}")));
  EXPECT_TRUE(Members::of(with_body("{}", "application/json; charset=utf-8")));
  EXPECT_EQ(Members::of(with_body("{}", "text/plain")).error().code(), Code::kRequestMediaType);
  EXPECT_EQ(Members::of(with_body("{}", "")).error().code(), Code::kRequestMediaType);
  EXPECT_EQ(Members::of(with_body("{")).error().code(), Code::kInputJson);
  EXPECT_EQ(Members::of(with_body("")).error().code(), Code::kInputJson);
  EXPECT_EQ(Members::of(with_body("[]")).error().code(), Code::kInputMember);
  EXPECT_EQ(Members::of(with_body(R"({"a":1,"a":2})")).error().code(), Code::kInputJson);
}

std::string wrong_member(const base::Error& error) {
  EXPECT_EQ(error.code(), Code::kInputMember);
  return error.arguments().front().value;
}

TEST(Members, AreReadByTypeAndNamedWhenWrong) {
  auto members = *Members::of(
      with_body(R"({"t":"x","e":"","n":null,"i":5,"b":"YWJj","l":["YQ==","Yg=="],"o":{"in":7},"bad":"!"})"));
  EXPECT_EQ(*members.text("t"), "x");
  EXPECT_EQ(wrong_member(members.text("e").error()), "e");
  EXPECT_EQ(wrong_member(members.text("missing").error()), "missing");
  EXPECT_EQ(wrong_member(members.text("i").error()), "i");
  EXPECT_EQ(*members.optional_text("n"), std::nullopt);
  EXPECT_EQ(base::as_text(*members.base64("b")), "abc");
  EXPECT_EQ(wrong_member(members.base64("bad").error()), "bad");
  EXPECT_EQ(wrong_member(members.base64("e").error()), "e");
  EXPECT_EQ(members.base64_list("l", 2)->size(), 2U);
  EXPECT_EQ(wrong_member(members.base64_list("l", 1).error()), "l");
  EXPECT_EQ(wrong_member(members.base64_list("t", 1).error()), "t");
  EXPECT_TRUE(members.base64_list("missing", 1)->empty());
  auto inner = *members.object("o");
  ASSERT_TRUE(inner);
  EXPECT_EQ(wrong_member(inner->text("in").error()), "o.in");
  EXPECT_EQ(*members.object("n"), std::nullopt);
  EXPECT_TRUE(members.finish());
}

TEST(Members, OneThatNobodyAskedForIsAnError) {
  auto members = *Members::of(with_body(R"({"document":"x","documnet":"y"})"));
  ASSERT_TRUE(members.text("document"));
  EXPECT_EQ(wrong_member(members.finish().error()), "documnet");
}

// --- trust -----------------------------------------------------------------------------------------------------------

using base::test::made;

Config trusting(const fs::path& file, Mode mode) {
  Config config;
  config.mode = mode;
  config.anchors.push_back(
      {.file = file, .purposes = {pki::TrustPurpose::kApplicant}, .not_before = {}, .not_after = {}});
  return config;
}

TEST(Trust, AnchorsComeWithTheirPurposes) {
  const auto snapshot = load_trust(trusting(made("anchors.pem"), Mode::kDemo));
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  ASSERT_EQ((*snapshot)->anchors().size(), 1U);
  EXPECT_TRUE((*snapshot)->anchors().front().purposes.has(pki::TrustPurpose::kApplicant));
  EXPECT_FALSE((*snapshot)->anchors().front().purposes.has(pki::TrustPurpose::kOfficer));
}

TEST(Trust, DemoAnchorsAreForDemoModeOnly) {
  const auto snapshot = load_trust(trusting(made("anchors.pem"), Mode::kReal));
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().code(), Code::kConfigDemoAnchor);
  Config config = trusting(made("certs/individual.pem"), Mode::kReal);  // an end entity carries no marker
  EXPECT_TRUE(load_trust(config));
}

TEST(Trust, FilesThatHoldNoCertificateAreSaidSo) {
  EXPECT_EQ(load_trust(trusting(made("nothing.pem"), Mode::kDemo)).error().code(), Code::kFileNotReadable);
  EXPECT_EQ(load_trust(trusting(made("keys/head.key.pem"), Mode::kDemo)).error().code(), Code::kFileWrongContent);
  EXPECT_EQ(load_trust(trusting(made("index.json"), Mode::kDemo)).error().code(), Code::kFileWrongContent);
}

TEST(Trust, IntermediatesAreReadFromTheirDirectory) {
  Config config = trusting(made("anchors.pem"), Mode::kDemo);
  config.intermediates = made("ca");
  const auto snapshot = load_trust(config);
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  EXPECT_GT((*snapshot)->intermediates().size(), 3U);
  config.intermediates = made("keys");
  EXPECT_EQ(load_trust(config).error().code(), Code::kFileWrongContent);
  config.intermediates = made("nowhere");
  EXPECT_EQ(load_trust(config).error().code(), Code::kFileNotReadable);
}

}  // namespace
}  // namespace tanba::server
