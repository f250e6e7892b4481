#include "net/fetch/fetcher.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <latch>

#include "net/fetch/test_server.h"

namespace tanba::net::fetch {
namespace {

using base::Code;
using testing::TestServer;
using After = TestServer::After;
using namespace std::chrono_literals;

// Long enough that only a fault lets it pass: tests wait for events, never for time.
constexpr auto kNever = 120s;

// Answers by path; `gate` holds requests to /gate until it is opened.
struct Server {
  std::latch gate{1};
  TestServer http{[this](const TestServer::Received& request, TestServer::Connection& connection) {
    return handle(request, connection);
  }};
  ~Server() {
    if (!gate.try_wait()) gate.count_down();
  }

  After handle(const TestServer::Received& request, TestServer::Connection& to) {
    if (request.path == "/ok") return keep(to.answer(200, "fine", "Content-Type: text/plain\r\n"));
    if (request.path == "/echo")
      return keep(to.answer(200, request.method + "\n" + request.head + "\n" + request.body));
    if (request.path == "/missing") return keep(to.answer(404, "none"));
    if (request.path.starts_with("/later/")) {
      return keep(to.answer(503, "", "Retry-After: " + request.path.substr(7) + "\r\n"));
    }
    if (request.path.starts_with("/redirect/")) return keep(to.answer(302, "", "Location: " + rest(request) + "\r\n"));
    if (request.path == "/gate") {
      gate.wait();
      return keep(to.answer(200, "opened"));
    }
    return misbehave(request, to);
  }
  After misbehave(const TestServer::Received& request, TestServer::Connection& to) {
    if (request.path == "/drip") {
      to.send("HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n");
      while (to.send("x")) std::this_thread::sleep_for(5ms);
    } else if (request.path == "/endless") {
      to.send("HTTP/1.1 200 X\r\n\r\n");
      while (to.send(std::string(4096, 'x'))) {
      }
    } else if (request.path == "/chunks") {
      to.send("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
      while (to.send("400\r\n" + std::string(1024, 'x') + "\r\n")) {
      }
    } else if (request.path == "/declared") {
      to.send("HTTP/1.1 200 X\r\nContent-Length: 10000000000\r\n\r\n");
      to.wait_for_close();
    } else if (request.path == "/headers") {
      to.send("HTTP/1.1 200 X\r\n");
      while (to.send("X-More: " + std::string(100, 'x') + "\r\n")) {
      }
    } else if (request.path == "/interim") {
      while (to.send("HTTP/1.1 100 Continue\r\nX: y\r\n\r\n")) {
      }
    } else if (request.path == "/silent") {
      to.wait_for_close();
    } else if (request.path == "/garbage") {
      to.send("this is not HTTP\r\n\r\n");
    } else if (request.path == "/cut") {
      to.send("HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nfew");
    }
    return After::kClose;
  }
  static After keep(bool sent) { return sent ? After::kKeepOpen : After::kClose; }
  static std::string rest(const TestServer::Received& request) { return request.path.substr(10); }
};

EgressPolicy policy(std::vector<std::string> listed = {}, unsigned max_redirects = 0) {
  return EgressPolicy::make({.listed = std::move(listed), .max_redirects = max_redirects, .tls_ca_file = {}}).value();
}

Fetcher::Options loopback(unsigned max_redirects = 0) {
  Fetcher::Options options;
  options.policy = policy({"127.0.0.0/8"}, max_redirects);
  return options;
}

Request get(std::string url, std::chrono::milliseconds within = kNever) {
  Request request;
  request.url = std::move(url);
  request.deadline = std::chrono::steady_clock::now() + within;
  request.max_response_bytes = 1000;
  return request;
}

Code code_of(const base::Result<Response>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Code::kInternal : result.error().code();
}

TEST(Fetcher, GetsABody) {
  Server server;
  Fetcher fetcher(loopback());
  const auto response = fetch_and_wait(fetcher, get(server.http.url("/ok")));
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(base::as_text(response->body), "fine");
  EXPECT_EQ(response->header("content-type"), "text/plain");
  EXPECT_EQ(response->source, "127.0.0.1:" + server.http.port());
  EXPECT_EQ(response->url, server.http.url("/ok"));
}

TEST(Fetcher, SendsMethodHeadersAndBody) {
  Server server;
  Fetcher fetcher(loopback());
  Request request = get(server.http.url("/echo"));
  request.method = Method::kPost;
  request.content_type = "application/ocsp-request";
  request.headers = {{"Authorization", "Bearer abc"}, {"X-Empty", ""}};
  request.body = base::to_bytes(base::as_bytes(std::string_view("\0\1body", 6)));
  const auto response = fetch_and_wait(fetcher, std::move(request));
  ASSERT_TRUE(response.has_value());
  const auto received = server.http.received().at(0);
  EXPECT_EQ(received.method, "POST");
  EXPECT_EQ(received.body, std::string("\0\1body", 6));
  EXPECT_NE(received.head.find("Content-Type: application/ocsp-request\r\n"), std::string::npos);
  EXPECT_NE(received.head.find("Authorization: Bearer abc\r\n"), std::string::npos);
  EXPECT_NE(received.head.find("X-Empty:\r\n"), std::string::npos);
  for (const char* absent : {"Expect:", "Accept-Encoding:", "Cookie:", "Proxy-"}) {
    EXPECT_EQ(received.head.find(absent), std::string::npos) << absent;
  }
}

TEST(Fetcher, PutAndDeleteAndAnEmptyPost) {
  Server server;
  Fetcher fetcher(loopback());
  for (const auto& [method, name] :
       {std::pair(Method::kPut, "PUT"), std::pair(Method::kDelete, "DELETE"), std::pair(Method::kPost, "POST")}) {
    Request request = get(server.http.url("/echo"));
    request.method = method;
    const auto response = fetch_and_wait(fetcher, std::move(request));
    ASSERT_TRUE(response.has_value());
    EXPECT_TRUE(base::as_text(response->body).starts_with(name));
  }
}

TEST(Fetcher, AnyStatusIsAnAnswerAndRequireOkMakesItAnError) {
  Server server;
  Fetcher fetcher(loopback());
  auto response = fetch_and_wait(fetcher, get(server.http.url("/missing")));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(code_of(require_ok(std::move(response))), Code::kFetchStatus);
  EXPECT_TRUE(require_ok(fetch_and_wait(fetcher, get(server.http.url("/ok")))).has_value());
}

TEST(Fetcher, NobodySilencesUsForLongerThanADay) {
  Server server;
  Fetcher fetcher(loopback());
  const auto told = [&](const std::string& wish) {
    const auto later = fetch_and_wait(fetcher, get(server.http.url("/later/" + wish)));
    return later ? later->retry_after : std::nullopt;
  };
  EXPECT_EQ(told("7"), 7s);
  EXPECT_EQ(told("86400"), 86400s);
  EXPECT_EQ(told("86401"), 86400s);
  EXPECT_EQ(told("4000000000"), 86400s);
}

TEST(Fetcher, KeepsConnectionsAndUsesThemAgain) {
  Server server;
  Fetcher fetcher(loopback());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fetch_and_wait(fetcher, get(server.http.url("/ok"))).has_value());
  EXPECT_EQ(server.http.connections(), 1);
}

// --- what the other side may not do to us ----------------------------------------------------------------------------

TEST(Fetcher, ASilentSourceEndsAtTheDeadline) {
  Server server;
  Fetcher fetcher(loopback());
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url("/silent"), 100ms))), Code::kFetchTimeout);
}

TEST(Fetcher, ADrippingSourceEndsAtTheDeadline) {
  Server server;
  Fetcher fetcher(loopback());
  Request request = get(server.http.url("/drip"), 100ms);
  request.max_response_bytes = 2'000'000;
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, std::move(request))), Code::kFetchTimeout);
}

TEST(Fetcher, AStalledSourceEndsBeforeALongDeadline) {
  Server server;
  Fetcher::Options options = loopback();
  options.stall_after = 1s;
  Fetcher fetcher(options);
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url("/silent")))), Code::kFetchTimeout);
}

TEST(Fetcher, ADeadlineInThePastSendsNothing) {
  Server server;
  Fetcher fetcher(loopback());
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url("/ok"), -1ms))), Code::kFetchTimeout);
  EXPECT_EQ(server.http.connections(), 0);
}

TEST(Fetcher, BodiesWithoutEndAreCut) {
  Server server;
  Fetcher fetcher(loopback());
  for (const char* path : {"/endless", "/chunks", "/declared", "/headers", "/interim"}) {
    EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url(path)))), Code::kFetchTooLarge) << path;
  }
}

TEST(Fetcher, ABodyAtItsLimitPassesAndOneOctetMoreDoesNot) {
  Server server;
  Fetcher fetcher(loopback());
  Request request = get(server.http.url("/ok"));
  request.max_response_bytes = 4;
  EXPECT_TRUE(fetch_and_wait(fetcher, request).has_value());
  request.max_response_bytes = 3;
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, request)), Code::kFetchTooLarge);
  request.max_response_bytes = 0;  // not "no limit"
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, request)), Code::kFetchTooLarge);
}

TEST(Fetcher, BrokenAnswersAreUnreachable) {
  Server server;
  Fetcher fetcher(loopback());
  for (const char* path : {"/garbage", "/cut", "/nothing"}) {
    EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url(path)))), Code::kFetchUnreachable) << path;
  }
}

TEST(Fetcher, ARefusedConnectionIsUnreachable) {
  const int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // bound but not listening: the port is ours
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(bound, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size), 0);
  Fetcher fetcher(loopback());
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(url))), Code::kFetchUnreachable);
  ::close(bound);
}

// --- the egress policy -----------------------------------------------------------------------------------------------

TEST(Fetcher, LoopbackIsRefusedUnlessListedAlsoBehindAName) {
  Server server;
  Fetcher strict({});
  EXPECT_EQ(code_of(fetch_and_wait(strict, get(server.http.url("/ok")))), Code::kFetchForbidden);
  EXPECT_EQ(code_of(fetch_and_wait(strict, get(server.http.url("/ok", "localhost")))), Code::kFetchForbidden);
  EXPECT_EQ(code_of(fetch_and_wait(strict, get(server.http.url("/ok", "2130706433")))), Code::kFetchForbidden);
  EXPECT_EQ(code_of(fetch_and_wait(strict, get(server.http.url("/ok", "[::ffff:127.0.0.1]")))), Code::kFetchForbidden);
  EXPECT_EQ(server.http.connections(), 0);

  Fetcher::Options options;
  options.policy = policy({"localhost:" + server.http.port()});
  Fetcher listed(options);
  EXPECT_TRUE(fetch_and_wait(listed, get(server.http.url("/ok", "localhost"))).has_value());
  EXPECT_EQ(code_of(fetch_and_wait(listed, get(server.http.url("/ok", "127.0.0.1")))), Code::kFetchForbidden);
}

TEST(Fetcher, AConfiguredUrlReachesLoopback) {
  Server server;
  Fetcher fetcher({});
  Request request = get(server.http.url("/ok"));
  request.egress = EgressClass::kConfigured;
  EXPECT_TRUE(fetch_and_wait(fetcher, std::move(request)).has_value());
}

TEST(Fetcher, AConnectionThatAConfiguredUrlOpenedIsNotLentToOthers) {
  Server server;
  Fetcher fetcher({});
  Request request = get(server.http.url("/ok"));
  request.egress = EgressClass::kConfigured;
  ASSERT_TRUE(fetch_and_wait(fetcher, request).has_value());
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url("/ok")))), Code::kFetchForbidden);
  EXPECT_EQ(server.http.received().size(), 1U);
}

TEST(Fetcher, OtherSchemesAndHeadersWithLineEndsAreRefused) {
  Fetcher fetcher(loopback());
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get("file:///etc/hostname"))), Code::kFetchForbidden);
  Server server;
  Request request = get(server.http.url("/ok"));
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, request)), Code::kFetchForbidden);
  request.headers = {{"X: a\r\nY", "b"}};
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, request)), Code::kFetchForbidden);
  request.headers.clear();
  request.content_type = "a/b\r\nY: b";
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, request)), Code::kFetchForbidden);
  EXPECT_EQ(server.http.connections(), 0);
}

TEST(Fetcher, ProxyVariablesAreIgnored) {
  Server server;
  ::setenv("http_proxy", "http://127.0.0.1:1/", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1/", 1);
  Fetcher fetcher(loopback());
  EXPECT_TRUE(fetch_and_wait(fetcher, get(server.http.url("/ok"))).has_value());
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
}

TEST(Fetcher, RedirectsAreNotFollowedUnlessAllowed) {
  Server server;
  Fetcher fetcher(loopback());
  const auto response = fetch_and_wait(fetcher, get(server.http.url("/redirect//ok")));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(server.http.received().size(), 1U);
}

TEST(Fetcher, AllowedRedirectsAreFollowedButNotForAPost) {
  Server server;
  Fetcher fetcher(loopback(1));
  const auto response = fetch_and_wait(fetcher, get(server.http.url("/redirect//ok")));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->url, server.http.url("/ok"));
  EXPECT_EQ(base::as_text(response->body), "fine");
  Request post = get(server.http.url("/redirect//ok"));
  post.method = Method::kPost;
  EXPECT_EQ(fetch_and_wait(fetcher, std::move(post)).value().status, 302);
}

TEST(Fetcher, RedirectsAreBoundedAndEachTargetIsChecked) {
  Server server;
  Fetcher fetcher(loopback(1));
  const auto through = [&](const std::string& target) {
    return code_of(fetch_and_wait(fetcher, get(server.http.url("/redirect/" + target))));
  };
  EXPECT_EQ(through("/redirect//ok"), Code::kFetchForbidden);  // two hops
  EXPECT_EQ(through("file:///etc/hostname"), Code::kFetchForbidden);
  EXPECT_EQ(through("http://user@127.0.0.1:" + server.http.port() + "/ok"), Code::kFetchForbidden);
  EXPECT_EQ(through("http://10.0.0.1/"), Code::kFetchForbidden);
  // Configured is the first URL only, not where it sends us.
  Server other;
  Fetcher::Options options;
  options.policy = policy({}, 3);
  Fetcher strict(options);
  Request request = get(server.http.url("/redirect/" + other.http.url("/ok")));
  request.egress = EgressClass::kConfigured;
  EXPECT_EQ(code_of(fetch_and_wait(strict, std::move(request))), Code::kFetchForbidden);
  EXPECT_EQ(other.http.connections(), 0);
}

TEST(Fetcher, CredentialsStayWithTheFirstSource) {
  Server server;
  Server other;
  Fetcher fetcher(loopback(1));
  Request request = get(server.http.url("/redirect/" + other.http.url("/echo")));
  request.headers = {{"Authorization", "Bearer abc"}};
  ASSERT_TRUE(fetch_and_wait(fetcher, std::move(request)).has_value());
  EXPECT_NE(server.http.received().at(0).head.find("Bearer abc"), std::string::npos);
  EXPECT_EQ(other.http.received().at(0).head.find("Bearer abc"), std::string::npos);
}

// --- how many at once
// --------------------------------------------------------------------------------------------------

struct Waiting {
  std::shared_ptr<std::promise<base::Result<Response>>> promise =
      std::make_shared<std::promise<base::Result<Response>>>();
  std::future<base::Result<Response>> result = promise->get_future();
  Fetcher::Callback callback() {
    return [promise = promise](base::Result<Response> response) { promise->set_value(std::move(response)); };
  }
};

TEST(Fetcher, ASourceGetsNoMoreThanItsShareAndOthersPass) {
  Server slow;
  Server quick;
  Fetcher::Options options = loopback();
  options.max_active_per_source = 2;
  options.max_queued_per_source = 3;
  Fetcher fetcher(options);
  std::vector<Waiting> waiting(5);
  for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(fetcher.fetch(get(slow.http.url("/gate")), waiting[i].callback()));
  slow.http.wait_until_received(2);
  for (std::size_t i = 2; i < 5; ++i) ASSERT_TRUE(fetcher.fetch(get(slow.http.url("/gate")), waiting[i].callback()));
  EXPECT_EQ(fetcher.load().active, 2U);
  EXPECT_EQ(fetcher.load().queued, 3U);
  const auto refused = fetcher.fetch(get(slow.http.url("/gate")), [](auto) { FAIL(); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kFetchBusy);
  EXPECT_TRUE(fetch_and_wait(fetcher, get(quick.http.url("/ok"))).has_value());
  EXPECT_EQ(slow.http.received().size(), 2U);
  slow.gate.count_down();
  for (Waiting& one : waiting) EXPECT_TRUE(one.result.get().has_value());
  EXPECT_EQ(slow.http.connections(), 2);
}

TEST(Fetcher, TheQueueIsBoundedOverAllSources) {
  Server first;
  Server second;
  Fetcher::Options options = loopback();
  options.max_active = 1;
  options.max_queued = 1;
  Fetcher fetcher(options);
  Waiting active;
  Waiting queued;
  ASSERT_TRUE(fetcher.fetch(get(first.http.url("/gate")), active.callback()));
  first.http.wait_until_received(1);
  ASSERT_TRUE(fetcher.fetch(get(second.http.url("/ok")), queued.callback()));
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(second.http.url("/ok")))), Code::kFetchBusy);
  first.gate.count_down();
  EXPECT_TRUE(active.result.get().has_value());
  EXPECT_TRUE(queued.result.get().has_value());
}

TEST(Fetcher, TheDeadlineAlsoEndsWhatWaitsInTheQueue) {
  Server server;
  Fetcher::Options options = loopback();
  options.max_active_per_source = 1;
  Fetcher fetcher(options);
  Waiting active;
  ASSERT_TRUE(fetcher.fetch(get(server.http.url("/gate")), active.callback()));
  server.http.wait_until_received(1);
  EXPECT_EQ(code_of(fetch_and_wait(fetcher, get(server.http.url("/ok"), 50ms))), Code::kFetchTimeout);
  server.gate.count_down();
  EXPECT_TRUE(active.result.get().has_value());
  EXPECT_EQ(server.http.received().size(), 1U);
}

TEST(Fetcher, ItsEndCancelsWhatIsUnderWayAndWhatWaits) {
  Server server;
  Waiting active;
  Waiting queued;
  {
    Fetcher::Options options = loopback();
    options.max_active_per_source = 1;
    Fetcher fetcher(options);
    ASSERT_TRUE(fetcher.fetch(get(server.http.url("/gate")), active.callback()));
    server.http.wait_until_received(1);
    ASSERT_TRUE(fetcher.fetch(get(server.http.url("/ok")), queued.callback()));
  }
  EXPECT_EQ(code_of(active.result.get()), Code::kFetchCancelled);
  EXPECT_EQ(code_of(queued.result.get()), Code::kFetchCancelled);
}

TEST(Fetcher, ACallbackMayFetchAgain) {
  Server server;
  Fetcher fetcher(loopback());
  Waiting second;
  ASSERT_TRUE(fetcher.fetch(get(server.http.url("/ok")), [&](base::Result<Response> first) {
    ASSERT_TRUE(first.has_value());
    ASSERT_TRUE(fetcher.fetch(get(server.http.url("/missing")), second.callback()));
  }));
  EXPECT_EQ(second.result.get().value().status, 404);
}

}  // namespace
}  // namespace tanba::net::fetch
