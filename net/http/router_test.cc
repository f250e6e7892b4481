#include "net/http/router.h"

#include <gtest/gtest.h>

#include "net/http/problem.h"
#include "net/http/target.h"

namespace tanba::net::http {
namespace {

using base::Code;

Request asking(Method method, std::string_view path) {
  Request request;
  request.method = method;
  request.path = path;
  request.segments = parse_target(path)->segments;
  return request;
}

Handler says(std::string text) {
  return [text](Request&& request, Responder&& responder) {
    responder.send(Response::text(200, "text/plain", text + ":" + std::string(request.parameter("number"))));
  };
}

// What the router's handler answers, or its refusal.
Response answer(Router& router, Request request) {
  auto admission = router.admit(request);
  if (!admission) return std::move(admission).error();
  Response out;
  router.handle(std::move(request),
                Responder([&out](Response&& response) { out = std::move(response); }, "id", base::Language::kEnglish));
  return out;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    EXPECT_TRUE(router_.add(Method::kGet, "/v1/applications/{number}", says("one")));
    EXPECT_TRUE(router_.add(Method::kGet, "/v1/applications/queue", says("queue")));
    EXPECT_TRUE(router_.add(Method::kPost, "/v1/applications", says("submit"), {.max_body_bytes = 77}));
    EXPECT_TRUE(router_.add(Method::kDelete, "/v1/applications/{number}", says("gone")));
    EXPECT_TRUE(router_.add(Method::kGet, "/", says("root")));
  }
  std::string text(Method method, std::string_view path) {
    return std::string(base::as_text(answer(router_, asking(method, path)).body()));
  }
  Router router_;
};

TEST_F(RouterTest, LiteralsWinOverNames) {
  EXPECT_EQ(text(Method::kGet, "/v1/applications/queue"), "queue:");
  EXPECT_EQ(text(Method::kGet, "/v1/applications/A%2D1"), "one:A-1");
  EXPECT_EQ(text(Method::kDelete, "/v1/applications/queue"), "gone:queue");
  EXPECT_EQ(text(Method::kGet, "/"), "root:");
  EXPECT_EQ(text(Method::kHead, "/v1/applications/7"), "one:7");
}

TEST_F(RouterTest, UnknownPathsAreNotFound) {
  for (const char* path : {"/v1", "/v1/applications/", "/v1/applications/1/2", "/V1/applications/1", "//"}) {
    const Response response = answer(router_, asking(Method::kGet, path));
    EXPECT_EQ(response.status(), 404U) << path;
    EXPECT_EQ(response.problem_code(), Code::kRequestNotFound) << path;
  }
}

TEST_F(RouterTest, OtherMethodsAreToldWhatIsAllowed) {
  const Response response = answer(router_, asking(Method::kPut, "/v1/applications/queue"));
  EXPECT_EQ(response.status(), 405U);
  EXPECT_EQ(response.headers().find("Allow"), "DELETE, GET, HEAD");
}

TEST_F(RouterTest, TheRouteSaysHowMuchBodyItTakes) {
  Request request = asking(Method::kPost, "/v1/applications");
  EXPECT_EQ(router_.admit(request)->max_body_bytes, 77U);
  EXPECT_EQ(request.route, "/v1/applications");
}

TEST_F(RouterTest, PatternsAreCheckedAndUnique) {
  for (const char* bad : {"", "v1", "/a//b", "/{", "/{}", "/a{b}", "/v1/applications/{other}", "/"}) {
    const auto status = router_.add(Method::kGet, bad, says(""));
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().code(), Code::kConfigInvalid);
  }
}

TEST(Router, AGuardAnswersBeforeTheBodyIsRead) {
  Router router;
  RouteOptions options;
  options.guard = [](const Request& request) -> std::expected<void, Response> {
    if (request.headers.find("authorization")) return {};
    return std::unexpected(problem(base::Error(Code::kAuthRequired), {.request_id = request.id}));
  };
  ASSERT_TRUE(router.add(Method::kGet, "/closed", says("in"), options));
  EXPECT_EQ(answer(router, asking(Method::kGet, "/closed")).status(), 401U);
  Request request = asking(Method::kGet, "/closed");
  request.headers.add("Authorization", "Bearer x");
  EXPECT_EQ(answer(router, std::move(request)).status(), 200U);
}

TEST(Responder, AnswersOnceAndNeverNot) {
  int answers = 0;
  unsigned status = 0;
  const auto make = [&] {
    return Responder([&](Response&& response) { ++answers, status = response.status(); }, "id",
                     base::Language::kEnglish);
  };
  {
    Responder responder = make();
    responder.send(Response(204));
    responder.send(Response(200));
    EXPECT_FALSE(responder.pending());
  }
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(status, 204U);
  {
    Responder dropped = make();
  }
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(status, 500U);
  {
    Responder first = make();
    Responder second = std::move(first);
    first = std::move(second);
    EXPECT_EQ(answers, 2);
  }
  EXPECT_EQ(answers, 3);
}

TEST(Response, FieldsWithControlCharactersAreLeftOut) {
  Response response(200);
  response.header("X-A", "good").header("X-B", "bad\r\nSet-Cookie: x").header("X\n", "bad");
  EXPECT_EQ(response.headers().fields().size(), 1U);
}

TEST(Headers, CompareWithoutCaseAndKnowDoubles) {
  Headers headers;
  headers.add("Content-TYPE", "a");
  headers.add("X-Twice", "1");
  headers.add("x-twice", "2");
  EXPECT_EQ(headers.find("content-type"), "a");
  EXPECT_EQ(headers.find_single("content-type"), "a");
  EXPECT_EQ(headers.find_single("X-TWICE"), std::nullopt);
  EXPECT_EQ(headers.count("x-TWICE"), 2U);
}

}  // namespace
}  // namespace tanba::net::http
