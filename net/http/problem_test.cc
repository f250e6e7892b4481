#include "net/http/problem.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <map>

#include "base/json.h"

namespace tanba::net::http {
namespace {

using base::Code;
using base::Effect;
using base::Language;

TEST(Status, FollowsTheEffect) {
  const std::map<Code, unsigned> expected{
      {Code::kInputMember, 400},      {Code::kInputJson, 400},        {Code::kRequestMalformed, 400},
      {Code::kAuthRequired, 401},     {Code::kAuthChallenge, 401},    {Code::kAuthDenied, 403},
      {Code::kRequestNotFound, 404},  {Code::kRegistryNotFound, 404}, {Code::kRequestMethod, 405},
      {Code::kRequestTimeout, 408},   {Code::kRegistryState, 409},    {Code::kRequestRepeated, 409},
      {Code::kInputTooLarge, 413},    {Code::kFileTooLarge, 413},     {Code::kRequestMediaType, 415},
      {Code::kIdentityMismatch, 422}, {Code::kCmsMalformed, 422},     {Code::kRequestHeaderTooLarge, 431},
      {Code::kInternal, 500},         {Code::kConfigInvalid, 500},    {Code::kExecutorFull, 503},
      {Code::kFetchTimeout, 503},     {Code::kRegistryBusy, 503},     {Code::kServerStopping, 503},
  };
  for (const auto& [code, status] : expected) EXPECT_EQ(status_of(code), status) << base::dotted(code);
}

// A new code gets a sensible status without anybody thinking of this table.
TEST(Status, OfEveryCodeIsAnErrorOfTheRightKind) {
  for (const base::CodeInfo& info : base::all_codes()) {
    const unsigned status = status_of(info.code);
    const bool ours = info.effect == Effect::kInternal || info.effect == Effect::kWarning ||
                      info.code == Code::kConfigInvalid || info.code == Code::kConfigDemoAnchor;
    const bool later = info.effect == Effect::kRetry || info.effect == Effect::kUnavailable;
    EXPECT_EQ(status == 500, ours) << info.dotted;
    EXPECT_EQ(status == 503, later) << info.dotted;
    EXPECT_EQ(status >= 400 && status < 500, !ours && !later) << info.dotted;
  }
}

boost::json::object document_of(const Response& response) {
  return base::parse_json(base::as_text(response.body()))->as_object();
}

TEST(Problem, NamesTypeStatusCodeAndRequest) {
  const base::Error error(Code::kInputTooLarge, {{"limit", "10"}}, "secret cause");
  const Response response = problem(error, {.request_id = "abc"});
  EXPECT_EQ(response.status(), 413U);
  EXPECT_EQ(response.content_type(), "application/problem+json");
  EXPECT_EQ(response.problem_code(), Code::kInputTooLarge);
  const auto document = document_of(response);
  EXPECT_EQ(document.at("type").as_string(), "urn:tanba:error:input.too_large");
  EXPECT_EQ(document.at("code").as_string(), "input.too_large");
  EXPECT_EQ(document.at("status").as_int64(), 413);
  EXPECT_EQ(document.at("requestId").as_string(), "abc");
  EXPECT_EQ(document.at("detail").as_string(), error.message().c_str());
  EXPECT_EQ(base::as_text(response.body()).find("secret"), std::string_view::npos) << "causes stay in the log";
}

TEST(Problem, SpeaksTheLanguageAndTakesMembersButNotOverOurs) {
  boost::json::object members;
  members["report"] = {{"decision", "refuse"}};
  members["code"] = "mine";
  const Response response =
      problem(base::Error(Code::kIdentityMismatch), {.request_id = "", .language = Language::kKazakh}, members);
  const auto document = document_of(response);
  EXPECT_EQ(document.at("title").as_string(), "Қабылданбады");
  EXPECT_EQ(document.at("code").as_string(), "identity.mismatch");
  EXPECT_EQ(document.at("report").at("decision").as_string(), "refuse");
  EXPECT_EQ(response.headers().find("content-language"), "kk");
}

TEST(Problem, SaysWhenToComeBackAndHowToLogIn) {
  EXPECT_EQ(problem(base::Error(Code::kExecutorFull), {}).headers().find("Retry-After"), "5");
  EXPECT_EQ(problem(base::Error(Code::kExecutorFull), {.request_id = "", .retry_after_seconds = 30})
                .headers()
                .find("Retry-After"),
            "30");
  EXPECT_TRUE(problem(base::Error(Code::kAuthRequired), {}).headers().find("WWW-Authenticate"));
  EXPECT_FALSE(problem(base::Error(Code::kAuthDenied), {}).headers().find("WWW-Authenticate"));
}

TEST(Problem, ADecisionMaySayTheStatus) {
  const Response response =
      problem(base::Error(Code::kOcspStale), {.request_id = {}, .retry_after_seconds = 7, .status = 422});
  EXPECT_EQ(response.status(), 422U);
  EXPECT_EQ(document_of(response).at("status").as_int64(), 422);
  EXPECT_EQ(document_of(response).at("title").as_string(), "Refused");
  EXPECT_EQ(document_of(problem(base::Error(Code::kOcspStale), {})).at("title").as_string(), "Try again later");
  EXPECT_FALSE(response.headers().find("Retry-After"));
}

TEST(Language, IsTheMostWantedOfOurs) {
  EXPECT_EQ(negotiate_language(""), Language::kEnglish);
  EXPECT_EQ(negotiate_language("kk"), Language::kKazakh);
  EXPECT_EQ(negotiate_language("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7"), Language::kRussian);
  EXPECT_EQ(negotiate_language("en;q=0.2, KK-KZ;q=0.9, ru;q=0.5"), Language::kKazakh);
  EXPECT_EQ(negotiate_language("de, fr;q=0.9, ru;q=0.1"), Language::kRussian);
  EXPECT_EQ(negotiate_language("ru;q=0, *"), Language::kEnglish);
  EXPECT_EQ(negotiate_language("ru;q=banana"), Language::kEnglish);
  EXPECT_EQ(negotiate_language("rus, kkk"), Language::kEnglish);
  EXPECT_EQ(negotiate_language(",,;;q=,"), Language::kEnglish);
}

}  // namespace
}  // namespace tanba::net::http
