#include "net/http/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/json.h"
#include "base/test_support.h"
#include "net/http/body_book.h"
#include "net/http/problem.h"
#include "net/http/router.h"
#include "net/http/test_client.h"

namespace tanba::net::http {
namespace {

using base::Code;
using std::chrono::milliseconds;
using testing::Answer;
using testing::ClientTls;
using testing::TestClient;

std::string code_of(const std::optional<Answer>& answer) {
  if (!answer || answer->body.empty()) return "no answer";
  const auto document = base::parse_json(answer->body);
  return document ? std::string(document->at("code").as_string()) : "not a problem";
}

// What the server tells its observer, for tests to wait for.
class Recorder final : public Observer {
 public:
  void finished(const Exchange& exchange) override {
    const std::scoped_lock lock(mutex_);
    exchanges_.push_back({exchange.status, std::string(exchange.route)});
    wake_.notify_all();
  }
  void connection_refused(Refused why) override {
    const std::scoped_lock lock(mutex_);
    refused_.push_back(why);
    wake_.notify_all();
  }
  void fault(std::string_view, std::string_view what) override {
    const std::scoped_lock lock(mutex_);
    faults_.emplace_back(what);
    wake_.notify_all();
  }
  struct Seen {
    unsigned status;
    std::string route;
  };
  Seen wait_for_exchange(std::size_t index) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return exchanges_.size() > index; });
    return exchanges_[index];
  }
  Refused wait_for_refusal() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !refused_.empty(); });
    return refused_.front();
  }
  std::string wait_for_fault() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !faults_.empty(); });
    return faults_.front();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Seen> exchanges_;
  std::deque<Refused> refused_;
  std::deque<std::string> faults_;
};

// Responders, and words on callers, that were put away, to be answered by the test.
template <class T>
class Shelf {
 public:
  void put(T&& one) {
    const std::scoped_lock lock(mutex_);
    kept_.push_back(std::move(one));
    wake_.notify_all();
  }
  T take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !kept_.empty(); });
    T one = std::move(kept_.front());
    kept_.pop_front();
    return one;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<T> kept_;
};

void echo(Request&& request, Responder&& responder) {
  responder.send(Response::bytes(200, "application/octet-stream", std::move(request.body)));
}

void describe(Request&& request, Responder&& responder) {
  boost::json::object out;
  out["peer"] = request.peer->address;
  out["key"] = request.peer->key_hash ? request.peer->key_hash->hex() : "";
  out["certificate"] = request.peer->certificate.size();
  out["tls"] = request.peer->security == Peer::Security::kTls;
  out["worker"] = request.worker;
  out["query"] = request.query_value("q").value_or("");
  responder.send(Response::json(200, out));
}

constexpr std::size_t kCounterHolds = 1000;
constexpr milliseconds kNever{600'000};

// Counts what it takes, holds the beginning of a short body and lets go of that of a long one, and refuses more than
// four megabytes.
class Counter final : public BodySink {
 public:
  base::Status take(base::ByteView octets) override {
    bytes_ += octets.size();
    largest_ = std::max(largest_, octets.size());
    sum_ += std::accumulate(octets.begin(), octets.end(), std::uint64_t{0});
    held_ = held_ + octets.size() > kCounterHolds ? 0 : held_ + octets.size();
    if (bytes_ > 4U << 20) return base::fail(base::Code::kInputTooLarge, {{"limit", "4194304"}});
    return {};
  }
  [[nodiscard]] std::size_t held_bytes() const override { return held_; }
  void describe(boost::json::object& out) const {
    out["bytes"] = bytes_;
    out["largest"] = largest_;
    out["sum"] = sum_;
  }

 private:
  std::uint64_t bytes_ = 0, sum_ = 0;
  std::size_t largest_ = 0;
  std::size_t held_ = 0;
};

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerLimits limits = {}, std::optional<TlsOptions> tls = std::nullopt) {
    auto router = std::make_shared<Router>();
    ASSERT_TRUE(router->add(Method::kPost, "/echo", echo, {.max_body_bytes = 1U << 20}));
    ASSERT_TRUE(router->add(Method::kGet, "/who", describe));
    // For whoever names itself; the word on "later" is put away.
    ASSERT_TRUE(router->add(Method::kPost, "/cleared", echo,
                            {.max_body_bytes = 8U << 20, .clearance = [this](const Request& head, Cleared cleared) {
                               const std::string caller(head.headers.find("x-caller").value_or(""));
                               if (caller == "nobody") return cleared(base::fail(base::Code::kAuthRequired));
                               if (caller == "later") return words_.put(std::move(cleared));
                               if (caller == "fault") throw std::runtime_error("thrown");
                               cleared(caller);
                             }}));
    ASSERT_TRUE(router->add(Method::kGet, "/later",
                            [this](Request&&, Responder&& responder) { shelf_.put(std::move(responder)); }));
    ASSERT_TRUE(router->add(Method::kGet, "/around", [](Request&& request, Responder&& responder) {
      const auto here = std::this_thread::get_id();
      std::thread([home = request.home, here, responder = std::move(responder)]() mutable {
        home->post([here, responder = std::move(responder)]() mutable {
          responder.send(Response::text(200, "text/plain", std::this_thread::get_id() == here ? "home" : "elsewhere"));
        });
      }).detach();
    }));
    ASSERT_TRUE(router->add(
        Method::kPost, "/count",
        [](Request&& request, Responder&& responder) {
          boost::json::object out{{"held", request.body.size()}};
          static_cast<Counter&>(*request.sink).describe(out);
          responder.send(Response::json(200, out));
        },
        {.max_body_bytes = 8U << 20, .sink = [](const Request& head) -> base::Result<std::shared_ptr<BodySink>> {
           if (head.query_value("q")) return base::fail(base::Code::kInputMember, {{"member", "q"}, {"expected", "-"}});
           return std::make_shared<Counter>();
         }}));
    ASSERT_TRUE(router->add(Method::kGet, "/drop", [](Request&&, Responder&&) {}));
    ASSERT_TRUE(router->add(Method::kGet, "/throw", [](Request&&, Responder&& responder) {
      const Responder mine = std::move(responder);
      throw std::runtime_error("thrown");
    }));
    ASSERT_TRUE(router->add(Method::kGet, "/large", [](Request&&, Responder&& responder) {
      responder.send(Response::bytes(200, "application/octet-stream", base::Bytes(32U << 20, 'x')));
    }));
    ServerOptions options;
    options.limits = limits;
    options.workers = workers_;
    options.listeners = {Listener{.address = "127.0.0.1", .port = 0, .tls = std::move(tls)}};
    auto server = Server::start(std::move(options), router, recorder_);
    ASSERT_TRUE(server) << server.error().message() << server.error().cause();
    server_ = *std::move(server);
  }
  [[nodiscard]] TestClient client() const { return TestClient(server_->ports().front()); }
  // Until the server has read and counted this much of bodies, over all connections.
  void wait_for_body_bytes(std::size_t bytes) const {
    while (server_->buffered_body_bytes() != bytes) std::this_thread::sleep_for(milliseconds(1));
  }

  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  Shelf<Responder> shelf_;
  Shelf<Cleared> words_;
  unsigned workers_ = 2;
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kWho = "GET /who?q=%D3%98 HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string post(std::string_view body, std::string_view fields = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

TEST_F(ServerTest, KeepsAConnectionAndAnswersWithItsOwnFields) {
  start();
  TestClient client = this->client();
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(kWho);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(base::parse_json(answer->body)->at("peer").as_string(), "127.0.0.1");
    EXPECT_EQ(base::parse_json(answer->body)->at("query").as_string(), "Ә");
    EXPECT_EQ(answer->headers.find("cache-control"), "no-store");
    EXPECT_EQ(answer->headers.find("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer->headers.find("server"), std::nullopt);
    EXPECT_EQ(answer->headers.find("content-type"), "application/json");
    ids.insert(std::string(*answer->headers.find("x-request-id")));
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST_F(ServerTest, ClosesWhenAskedAndAfterHttp10) {
  start();
  TestClient asks = client();
  ASSERT_TRUE(asks.ask("GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(asks.at_end());
  TestClient old = client();
  const auto answer = old.ask("GET /who HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200U);
  EXPECT_TRUE(old.at_end());
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  TestClient client = this->client();
  ASSERT_TRUE(client.send(post("one") + post("two") + std::string(kWho) + post("three")));
  EXPECT_EQ(client.read_answer()->body, "one");
  EXPECT_EQ(client.read_answer()->body, "two");
  EXPECT_EQ(client.read_answer()->status, 200U);
  EXPECT_EQ(client.read_answer()->body, "three");
}

TEST_F(ServerTest, TheNextPipelinedRequestWaitsForTheAnswer) {
  start();
  TestClient client = this->client();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kWho)));
  Responder responder = shelf_.take();
  EXPECT_FALSE(client.has_answer());
  EXPECT_EQ(server_->in_flight(), 1U);
  responder.send(Response::text(200, "text/plain", "first"));
  EXPECT_EQ(client.read_answer()->body, "first");
  EXPECT_EQ(client.read_answer()->headers.find("content-type"), "application/json");
}

TEST_F(ServerTest, BodiesComeWholeByLengthAndByChunks) {
  start();
  TestClient client = this->client();
  std::string large(1U << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7);
  EXPECT_EQ(client.ask(post(large))->body, large);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.read_answer()->body, "abcde");
  EXPECT_EQ(client.ask(post(""))->body, "");
}

TEST_F(ServerTest, HeadGetsTheLengthWithoutTheBody) {
  start();
  TestClient client = this->client();
  client.expect_no_body();
  const auto answer = client.ask("HEAD /who HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->headers.find("content-length"), "0");
  EXPECT_TRUE(client.ask("HEAD /who HTTP/1.1\r\nHost: x\r\n\r\n")) << "no body lies between the answers";
}

TEST_F(ServerTest, ExpectationIsMetBeforeTheBodyIsSent) {
  start();
  TestClient client = this->client();
  const auto interim =
      client.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100U);
  EXPECT_EQ(client.ask("abc")->body, "abc");
}

TEST_F(ServerTest, AnExpectationOfTooMuchIsRefusedAtOnce) {
  start();
  TestClient client = this->client();
  const auto answer =
      client.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(code_of(answer), "input.too_large");
}

TEST_F(ServerTest, TooLargeABodyIsRefusedUnread) {
  start();
  TestClient sized = client();
  ASSERT_TRUE(sized.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n"));
  const auto answer = sized.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413U);
  EXPECT_EQ(answer->headers.find("content-type"), "application/problem+json");
  EXPECT_EQ(answer->headers.find("connection"), "close");
  EXPECT_TRUE(sized.at_end());
  TestClient chunked = client();
  EXPECT_EQ(code_of(chunked.ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n")),
            "input.too_large");
  TestClient none = client();
  EXPECT_EQ(code_of(none.ask("GET /who HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")), "input.too_large");
}

// Whoever sends all of a body before reading still gets the refusal, not a reset.
TEST_F(ServerTest, ARefusedSenderSeesTheAnswerWhileItStillSends) {
  start({.linger_timeout = kNever});
  TestClient client = this->client();
  const auto answer = client.ask(post(std::string(4U << 20, 'x')));
  EXPECT_EQ(code_of(answer), "input.too_large");
}

std::string head_from(std::string_view caller, std::size_t bytes) {
  return fmt::format("POST /cleared HTTP/1.1\r\nHost: x\r\nX-Caller: {}\r\nContent-Length: {}\r\n\r\n", caller, bytes);
}
std::string post_from(std::string_view caller, std::size_t bytes) {
  return head_from(caller, bytes) + std::string(bytes, 'y');
}

TEST_F(ServerTest, BodiesOfAllConnectionsShareOneAllowance) {
  start({.max_buffered_bytes = 1000});
  TestClient holds = client();
  ASSERT_TRUE(holds.send(head_from("a", 2000) + std::string(900, 'x')));
  wait_for_body_bytes(900);
  EXPECT_EQ(code_of(client().ask(post_from("b", 200))), "server.busy");
  EXPECT_FALSE(holds.has_answer());
  holds.close();
  wait_for_body_bytes(0);
  EXPECT_EQ(client().ask(post_from("b", 200))->status, 200U);
}

// Within the allowance of all, but beyond one's own.
TEST_F(ServerTest, ACallerAndAStrangerHaveTheirShares) {
  start({.max_buffered_bytes = 16'000});
  TestClient holds = client();
  ASSERT_TRUE(holds.send(head_from("a", 9000) + std::string(7900, 'x')));
  wait_for_body_bytes(7900);
  EXPECT_EQ(code_of(client().ask(post_from("a", 200))), "server.busy");
  EXPECT_EQ(client().ask(post_from("b", 2000))->status, 200U);
  wait_for_body_bytes(7900);

  TestClient stranger = client();
  ASSERT_TRUE(stranger.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + std::string(900, 'x')));
  wait_for_body_bytes(7900 + 900);
  EXPECT_EQ(code_of(client().ask(post(std::string(200, 'y')))), "server.busy");
  EXPECT_EQ(client().ask(post_from("b", 2000))->status, 200U) << "a stranger holds up no caller";
  EXPECT_FALSE(holds.has_answer());
  EXPECT_FALSE(stranger.has_answer());
}

TEST(BodyBook, OneBodyMayBeHeldWholeWhoeverHoldsIt) {
  BodyBook book(16'000);
  const BodyAccount caller{BodyAccount::Kind::kCaller, "a"};
  EXPECT_TRUE(book.charge(caller, 0, 12'000));
  EXPECT_TRUE(book.charge(caller, 12'000, 4000));
  EXPECT_FALSE(book.charge(caller, 16'000, 1));
  book.give_back(caller, 16'000);
  EXPECT_TRUE(book.charge(caller, 0, 8000));
  EXPECT_FALSE(book.charge(caller, 0, 1)) << "a second body, beyond the share";
  book.give_back(caller, 8000);
}

TEST(BodyBook, StrangersTogetherTakeAQuarter) {
  BodyBook book(16'000);
  for (const char* name : {"1", "2", "3", "4"}) {
    EXPECT_TRUE(book.charge({BodyAccount::Kind::kAddress, name}, 0, 1000));
  }
  EXPECT_FALSE(book.charge({BodyAccount::Kind::kAddress, "5"}, 0, 1));
  EXPECT_TRUE(book.charge({BodyAccount::Kind::kCaller, "5"}, 0, 8000));
  book.give_back({BodyAccount::Kind::kAddress, "1"}, 1000);
  EXPECT_TRUE(book.charge({BodyAccount::Kind::kAddress, "5"}, 0, 1000));
}

TEST_F(ServerTest, WhoMayNotSendABodyIsToldBeforeItIsRead) {
  start();
  TestClient guesses = client();
  ASSERT_TRUE(guesses.send(head_from("nobody", 5000)));  // not an octet of it
  EXPECT_EQ(code_of(guesses.read_answer()), "auth.required");
  TestClient waits = client();
  ASSERT_TRUE(
      waits.send("POST /cleared HTTP/1.1\r\nHost: x\r\nX-Caller: nobody\r\nExpect: 100-continue\r\n"
                 "Content-Length: 5\r\n\r\n"));
  EXPECT_EQ(waits.read_answer()->status, 401U) << "nor is more of it asked for";
  TestClient faulty = client();
  EXPECT_EQ(faulty.ask(post_from("fault", 10))->status, 500U);
}

TEST_F(ServerTest, ABodyLiesUnreadUntilItsSenderIsKnown) {
  start();
  TestClient client = this->client();
  ASSERT_TRUE(client.send(post_from("later", 100'000)));
  Cleared word = words_.take();
  EXPECT_FALSE(client.has_answer());
  std::thread([&word] { word("a"); }).join();
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.size(), 100'000U);

  TestClient refused = this->client();
  ASSERT_TRUE(refused.send(post_from("later", 100'000)));
  std::thread([this] { words_.take()(base::fail(base::Code::kAuthDenied)); }).join();
  EXPECT_EQ(code_of(refused.read_answer()), "auth.denied");

  TestClient gone = this->client();
  ASSERT_TRUE(gone.send(head_from("later", 5)));
  word = words_.take();
  gone.close();
  word("a");
  EXPECT_EQ(this->client().ask(kWho)->status, 200U);
}

TEST_F(ServerTest, AWordThatNeverComesIsADeadline) {
  start({.handling_timeout = milliseconds(100)});
  TestClient client = this->client();
  ASSERT_TRUE(client.send(head_from("later", 5)));
  EXPECT_EQ(code_of(client.read_answer()), "server.deadline");
}

TEST_F(ServerTest, ASinkTakesABodyThatIsNeverHeld) {
  // A sixteenth for one address is what the counter may hold of a first piece that comes short.
  start({.max_buffered_bytes = 16 * kCounterHolds});
  TestClient client = this->client();
  const std::string body(3U << 20, 'a');
  const auto by_length = client.ask(
      "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(by_length);
  const auto seen = base::parse_json(by_length->body).value();
  EXPECT_EQ(seen.at("bytes").as_int64(), 3 << 20);
  EXPECT_EQ(seen.at("sum").as_int64(), std::int64_t{'a'} * (3 << 20));
  EXPECT_EQ(seen.at("held").as_int64(), 0);
  EXPECT_LE(seen.at("largest").as_int64(), 64 << 10);

  std::string chunks = "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i) chunks += "100000\r\n" + std::string(1U << 20, 'a') + "\r\n";
  EXPECT_EQ(base::parse_json(client.ask(chunks + "0\r\n\r\n")->body).value().at("bytes").as_int64(), 3 << 20);
  // The next request of the connection is as ever.
  EXPECT_EQ(client.ask(kWho)->status, 200U);
}

// What a sink holds counts like any body: to its sender, and until it lets go.
TEST_F(ServerTest, WhatASinkHoldsIsPartOfTheAllowance) {
  const auto count = [](std::size_t length, std::size_t bytes) {
    return "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           std::string(bytes, 'a');
  };
  start({.max_buffered_bytes = 16'000});  // a sixteenth for one address
  TestClient holds = client();
  ASSERT_TRUE(holds.send(count(2000, 900)));
  wait_for_body_bytes(900);
  EXPECT_EQ(code_of(client().ask(count(200, 200))), "server.busy");
  EXPECT_FALSE(holds.has_answer());
  ASSERT_TRUE(holds.send(std::string(1100, 'a')));  // more than it holds on to
  EXPECT_EQ(holds.read_answer()->status, 200U);
  wait_for_body_bytes(0);
  EXPECT_EQ(client().ask(count(200, 200))->status, 200U);
}

TEST_F(ServerTest, ASinkMayRefuseBeforeAndWhileTheBodyComes) {
  start();
  EXPECT_EQ(code_of(client().ask("POST /count?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde")),
            "input.member");
  EXPECT_EQ(code_of(client().ask("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 6000000\r\n\r\n" +
                                 std::string(6'000'000, 'a'))),
            "input.too_large");
  EXPECT_EQ(code_of(client().ask("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n")),
            "input.too_large");
}

TEST_F(ServerTest, HeadersAreBoundedInSizeAndCount) {
  start();
  TestClient size = client();
  EXPECT_EQ(code_of(size.ask("GET /who HTTP/1.1\r\nHost: x\r\nX-A: " + std::string(20000, 'a') + "\r\n\r\n")),
            "request.header_too_large");
  TestClient endless = client();
  EXPECT_EQ(code_of(endless.ask("GET /" + std::string(20000, 'a'))), "request.header_too_large");
  server_.reset();
  start({.max_header_bytes = 1U << 20});  // more than one field can hold
  TestClient field = client();
  EXPECT_EQ(code_of(field.ask("GET /who HTTP/1.1\r\nHost: x\r\nX-A: " + std::string(70000, 'a') + "\r\n\r\n")),
            "request.header_too_large");
  std::string many = "GET /who HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 99; ++i) many += "A: b\r\n";
  TestClient most = client();
  EXPECT_EQ(most.ask(many + "\r\n")->status, 200U);
  TestClient count = client();
  const auto answer = count.ask(many + "A: b\r\n\r\n");
  EXPECT_EQ(answer->status, 431U);
  EXPECT_EQ(code_of(answer), "request.header_too_large");
}

TEST_F(ServerTest, MalformedRequestsGetAProblemAndTheConnectionEnds) {
  start();
  for (const std::string bad : {
           "\x16\x03\x01 TLS to a plain port\r\n\r\n",
           "GET\r\n\r\n",
           "GET /who HTTP/2.0\r\nHost: x\r\n\r\n",
           "GET /who HTTP/1.1\nHost: x\n\n",
           "GET /who HTTP/1.1\r\nHost : x\r\n\r\n",
           "GET /who HTTP/1.1\r\n\r\n",
           "GET /who HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
           "GET /../who HTTP/1.1\r\nHost: x\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\nabc",
           "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
           "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       }) {
    TestClient client = this->client();
    const auto answer = client.ask(bad);
    ASSERT_TRUE(answer) << bad;
    EXPECT_EQ(answer->status, 400U) << bad;
    EXPECT_EQ(code_of(answer), "request.malformed") << bad;
    EXPECT_TRUE(client.at_end()) << bad;
  }
}

TEST_F(ServerTest, ProblemsSpeakTheCallersLanguage) {
  start();
  TestClient client = this->client();
  const auto answer = client.ask("GET /nothing HTTP/1.1\r\nHost: x\r\nAccept-Language: kk\r\n\r\n");
  EXPECT_EQ(answer->status, 404U);
  EXPECT_EQ(base::parse_json(answer->body)->at("title").as_string(), "Табылмады");
  EXPECT_EQ(base::parse_json(answer->body)->at("requestId").as_string(),
            std::string(*answer->headers.find("x-request-id")));
}

TEST_F(ServerTest, FiftyDribblingClientsDoNotDelayAnother) {
  start({.header_timeout = kNever, .body_timeout = kNever});
  std::vector<TestClient> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(client());
  const std::string dribble = post(std::string(100, 'x'));
  for (std::size_t i = 0; i < 60; ++i) {
    for (TestClient& one : slow) ASSERT_TRUE(one.send(std::string_view(dribble).substr(i, 1)));
    TestClient quick = client();
    ASSERT_EQ(quick.ask(post("quick"))->body, "quick");
  }
  for (const TestClient& one : slow) EXPECT_FALSE(one.has_answer());
  // They were waited for, not dropped.
  for (TestClient& one : slow) EXPECT_EQ(one.ask(std::string_view(dribble).substr(60))->status, 200U);
}

// Sends one octet after another for as long as there is no answer.
std::optional<Answer> dribble(TestClient& client, std::string_view octets) {
  for (const char c : octets) {
    if (client.has_answer()) break;
    client.send({&c, 1});
    std::this_thread::sleep_for(milliseconds(20));
  }
  return client.read_answer();
}

TEST_F(ServerTest, WhoDripsAHeaderIsCutOff) {
  start({.header_timeout = milliseconds(200)});
  TestClient client = this->client();
  const auto answer = dribble(client, "GET /who HTTP/1.1\r\nHost: " + std::string(10000, 'x'));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408U);
  EXPECT_EQ(code_of(answer), "request.timeout");
}

TEST_F(ServerTest, WhoDripsABodyIsCutOff) {
  start({.body_timeout = milliseconds(200)});
  TestClient sized = client();
  ASSERT_TRUE(sized.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n"));
  EXPECT_EQ(code_of(dribble(sized, std::string(10000, 'x'))), "request.timeout");
  TestClient chunked = client();
  ASSERT_TRUE(chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"));
  EXPECT_EQ(code_of(dribble(chunked, std::string(10000, 'x'))), "request.timeout");
}

// Much that came quickly buys no hour of silence.
TEST_F(ServerTest, WhoWithholdsTheLastOctetOfMuchIsCutOff) {
  start({.body_timeout = milliseconds(300), .min_rate_bytes_per_second = 100});
  TestClient sized = client();
  ASSERT_TRUE(
      sized.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n" + std::string(100'000, 'x')));
  EXPECT_EQ(code_of(sized.read_answer()), "request.timeout");
}

TEST_F(ServerTest, SilentConnectionsAreClosedWithoutAWord) {
  start({.header_timeout = milliseconds(100), .idle_timeout = milliseconds(100)});
  TestClient fresh = client();
  EXPECT_TRUE(fresh.at_end());
  TestClient used = client();
  while (!used.ask(kWho)) used = client();  // a busy machine may leave no time for the question
  EXPECT_TRUE(used.at_end());
}

TEST_F(ServerTest, WhoDoesNotReadTheAnswerIsCutOff) {
  start({.min_rate_bytes_per_second = 1U << 30, .write_timeout = milliseconds(200)});
  TestClient client = this->client();
  ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(recorder_->wait_for_exchange(0).route, "/large");
  EXPECT_FALSE(client.read_answer()) << "the rest never came";
}

TEST_F(ServerTest, ADroppedResponderAnswersInternal) {
  start();
  TestClient client = this->client();
  const auto answer = client.ask("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer->status, 500U);
  EXPECT_EQ(code_of(answer), "internal");
  EXPECT_EQ(client.ask(kWho)->status, 200U) << "the connection goes on";
}

TEST_F(ServerTest, AThrowingHandlerAnswersInternalAndIsReported) {
  start();
  TestClient client = this->client();
  EXPECT_EQ(code_of(client.ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n")), "internal");
  EXPECT_EQ(recorder_->wait_for_fault(), "thrown");
}

TEST_F(ServerTest, AnswersFromAnotherThreadAndAfterTheClientHasGone) {
  start();
  {
    TestClient client = this->client();
    ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
    Responder responder = shelf_.take();
    std::thread([&] { responder.send(Response::text(200, "text/plain", "thread")); }).join();
    EXPECT_EQ(client.read_answer()->body, "thread");
    ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  Responder late = shelf_.take();
  late.send(Response::text(200, "text/plain", std::string(1U << 20, 'x')));
  EXPECT_EQ(recorder_->wait_for_exchange(1).route, "/later");
  TestClient other = client();
  EXPECT_EQ(other.ask(kWho)->status, 200U);
}

TEST_F(ServerTest, TasksComeBackToTheirWorkersThread) {
  start();
  TestClient client = this->client();
  EXPECT_EQ(client.ask("GET /around HTTP/1.1\r\nHost: x\r\n\r\n")->body, "home");
}

TEST_F(ServerTest, AnAnswerAfterTheHandlingDeadlineIsLetGo) {
  start({.handling_timeout = milliseconds(100)});
  TestClient client = this->client();
  const auto answer = client.ask("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer->status, 503U);
  EXPECT_EQ(code_of(answer), "server.deadline");
  shelf_.take().send(Response::text(200, "text/plain", "too late"));
  // A busy machine may be too slow for this one too, and then for the next.
  std::optional<Answer> next = client.ask(post("next"));
  while (code_of(next) == "server.deadline") next = client.ask(post("next"));
  EXPECT_EQ(next->body, "next");
}

TEST_F(ServerTest, AResponderMayOutliveTheServer) {
  start();
  TestClient client = this->client();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
  Responder responder = shelf_.take();
  server_.reset();
  responder.send(Response(204));
  EXPECT_TRUE(client.at_end());
}

TEST_F(ServerTest, ConnectionsAreCountedInAllAndByAddress) {
  start({.max_connections = 100, .max_connections_per_address = 3});
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(client());
  for (TestClient& one : clients) ASSERT_EQ(one.ask(kWho)->status, 200U);
  EXPECT_EQ(server_->connections(), 3U);
  TestClient fourth = client();
  EXPECT_TRUE(fourth.at_end());
  EXPECT_EQ(recorder_->wait_for_refusal(), Observer::Refused::kTooManyFromAddress);
  clients.pop_back();
  TestClient again = client();
  while (!again.ask(kWho)) again = client();  // once the server has seen that one left
}

TEST_F(ServerTest, ConnectionsInAllAreBounded) {
  start({.max_connections = 1});
  TestClient first = client();
  ASSERT_EQ(first.ask(kWho)->status, 200U);
  TestClient second = client();
  EXPECT_TRUE(second.at_end());
  EXPECT_EQ(recorder_->wait_for_refusal(), Observer::Refused::kTooMany);
}

TEST_F(ServerTest, StoppingLetsFinishWhatIsUnderWay) {
  workers_ = 1;  // the stop comes to each by itself: that one has closed its idle connection says nothing of another
  start();
  TestClient idle = client();
  ASSERT_TRUE(idle.ask(kWho));
  TestClient half = client();
  ASSERT_TRUE(half.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"));
  TestClient busy = client();
  ASSERT_TRUE(busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
  Responder responder = shelf_.take();
  std::thread stopping([&] { server_->stop(std::chrono::minutes(5)); });
  EXPECT_TRUE(idle.at_end());
  EXPECT_EQ(half.ask("cd")->body, "abcd");
  responder.send(Response::text(200, "text/plain", "done"));
  const auto answer = busy.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(answer->headers.find("connection"), "close");
  stopping.join();
  EXPECT_FALSE(TestClient(server_->ports().front()).connected());
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(ServerTest, WhatOutlastsTheGraceTimeIsClosed) {
  start();
  TestClient busy = client();
  ASSERT_TRUE(busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
  Responder responder = shelf_.take();
  server_->stop(milliseconds(50));
  EXPECT_TRUE(busy.at_end());
  EXPECT_EQ(server_->in_flight(), 0U);
}

TEST_F(ServerTest, ConnectionsSpreadOverTheWorkers) {
  start();
  std::vector<TestClient> clients;
  std::set<std::int64_t> workers;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(client());
    workers.insert(base::parse_json(clients.back().ask(kWho)->body)->at("worker").as_int64());
  }
  EXPECT_EQ(workers.size(), 2U);
}

TEST(Server, PlainIsForLoopbackOnly) {
  ServerOptions options;
  options.listeners = {Listener{.address = "0.0.0.0"}};
  const auto server = Server::start(options, std::make_shared<Router>());
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code(), Code::kConfigInvalid);
}

TEST(Server, AnAddressThatIsTakenIsAnError) {
  ServerOptions options;
  options.listeners = {Listener{}};
  const auto first = Server::start(options, std::make_shared<Router>());
  ASSERT_TRUE(first);
  options.listeners.front().port = (*first)->ports().front();
  const auto second = Server::start(options, std::make_shared<Router>());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConfigInvalid);
}

// --- TLS -------------------------------------------------------------------------------------------------------------

using base::test::made;

class TlsServerTest : public ServerTest {
 protected:
  void start_tls(ClientCertificates mode, ServerLimits limits = {}) {
    start(limits, TlsOptions{.certificate_file = made("certs/tls-server.pem"),
                             .key_file = made("keys/tls-server.key.pem"),
                             .client_certificates = mode,
                             .client_ca_file = made("tls-anchors.pem")});
  }
  static ClientTls as(const std::string& name) {
    ClientTls tls{.anchors_file = made("tls-anchors.pem")};
    if (!name.empty()) {
      tls.certificate_file = made("certs/" + name + ".pem");
      tls.key_file = made("keys/" + name + ".key.pem");
    }
    return tls;
  }
  // The answer to /who over a new connection; nothing when it was turned away.
  std::optional<boost::json::value> who(const ClientTls& tls) {
    TestClient client = this->client();
    if (!client.start_tls(tls)) return std::nullopt;
    const auto answer = client.ask(kWho);
    if (!answer || answer->status != 200) return std::nullopt;
    return *base::parse_json(answer->body);
  }
};

TEST_F(TlsServerTest, ServesOverTls12And13ButNotBelow) {
  start_tls(ClientCertificates::kNone);
  ClientTls tls = as("");
  EXPECT_TRUE(who(tls)->at("tls").as_bool());
  tls.max_version = TLS1_2_VERSION;
  EXPECT_TRUE(who(tls));
  tls.max_version = TLS1_1_VERSION;
  EXPECT_FALSE(who(tls));
  EXPECT_EQ(recorder_->wait_for_refusal(), Observer::Refused::kHandshake);
}

TEST_F(TlsServerTest, LargeBodiesAndPipeliningWorkOverTls) {
  start_tls(ClientCertificates::kNone);
  TestClient client = this->client();
  ASSERT_TRUE(client.start_tls(as("")));
  const std::string large(1U << 20, 'x');
  ASSERT_TRUE(client.send(post(large) + post("two")));
  EXPECT_EQ(client.read_answer()->body, large);
  EXPECT_EQ(client.read_answer()->body, "two");
  ASSERT_TRUE(client.send("GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(client.read_answer());
  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsServerTest, ARefusedSenderSeesTheAnswerOverTls) {
  start_tls(ClientCertificates::kNone, {.linger_timeout = kNever});
  TestClient client = this->client();
  ASSERT_TRUE(client.start_tls(as("")));
  EXPECT_EQ(code_of(client.ask(post(std::string(4U << 20, 'x')))), "input.too_large");
}

TEST_F(TlsServerTest, SpeaksNoPlainHttp) {
  start_tls(ClientCertificates::kNone);
  TestClient client = this->client();
  ASSERT_TRUE(client.send(kWho));
  EXPECT_EQ(recorder_->wait_for_refusal(), Observer::Refused::kHandshake);
}

TEST_F(TlsServerTest, AStalledHandshakeIsCutOff) {
  start_tls(ClientCertificates::kNone, {.handshake_timeout = milliseconds(100)});
  TestClient client = this->client();
  ASSERT_TRUE(client.send("\x16\x03\x01"));
  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsServerTest, PinnedModeShowsTheKeyOfWhateverCertificate) {
  start_tls(ClientCertificates::kPinned);
  EXPECT_EQ(who(as(""))->at("key").as_string(), "");
  const auto portal = who(as("tls-portal"));
  const auto second = who(as("tls-portal-second"));
  const auto stranger = who(as("tls-stranger"));
  ASSERT_TRUE(portal && second && stranger);
  EXPECT_EQ(portal->at("key").as_string().size(), 64U);
  EXPECT_NE(portal->at("key"), second->at("key"));
  EXPECT_NE(portal->at("key"), stranger->at("key"));
  EXPECT_GT(portal->at("certificate").as_int64(), 0);
  EXPECT_EQ(who(as("tls-portal"))->at("key"), portal->at("key"));
}

TEST_F(TlsServerTest, VerifiedModeTurnsAwayAStranger) {
  start_tls(ClientCertificates::kVerified);
  EXPECT_TRUE(who(as("")));
  EXPECT_TRUE(who(as("tls-portal")));
  EXPECT_FALSE(who(as("tls-stranger")));
}

TEST_F(TlsServerTest, RequiredModeTurnsAwayWhoShowsNone) {
  start_tls(ClientCertificates::kRequired);
  EXPECT_FALSE(who(as("")));
  EXPECT_TRUE(who(as("tls-portal")));
  EXPECT_FALSE(who(as("tls-stranger")));
}

TEST_F(TlsServerTest, ReloadedFilesServeNewConnections) {
  start_tls(ClientCertificates::kPinned);
  TestClient before = client();
  ASSERT_TRUE(before.start_tls(as("tls-portal")));
  ASSERT_TRUE(server_->reload_tls());
  EXPECT_TRUE(who(as("tls-portal")));
  EXPECT_EQ(before.ask(kWho)->status, 200U);
}

TEST(TlsServer, FilesThatDoNotFitAreNamed) {
  const auto start = [](const std::string& certificate, const std::string& key) {
    ServerOptions options;
    options.listeners = {Listener{.tls = TlsOptions{.certificate_file = certificate, .key_file = key}}};
    return Server::start(options, std::make_shared<Router>());
  };
  EXPECT_TRUE(start(made("certs/tls-server.pem"), made("keys/tls-server.key.pem")));
  for (const auto& [certificate, key] :
       {std::pair{"nothing.pem", "keys/tls-server.key.pem"}, std::pair{"certs/tls-server.pem", "nothing.pem"},
        std::pair{"certs/tls-server.pem", "keys/tls-portal.key.pem"},
        std::pair{"keys/tls-server.key.pem", "keys/tls-server.key.pem"}}) {
    const auto server = start(made(certificate), made(key));
    ASSERT_FALSE(server) << certificate << key;
    EXPECT_EQ(server.error().code(), Code::kConfigInvalid);
  }
}

}  // namespace
}  // namespace tanba::net::http
