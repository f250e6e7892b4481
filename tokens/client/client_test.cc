#include "tokens/client/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>

#include "tokens/client/test_certificate.h"

namespace tanba::tokens::client {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds kLong = 20s;  // never reached

// A server of one test: `serve` is given each connection, one after the other.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(int)> serve) : serve_(std::move(serve)) {
    std::string name = (std::filesystem::temp_directory_path() / "tanba-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    listener_ = base::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    thread_ = std::thread([this] {
      for (;;) {
        const base::FileDescriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.open()) return;
        ++connections;
        serve_(connection.get());
      }
    });
  }
  ~FakeServer() {
    accept_no_more();
    std::filesystem::remove_all(folder_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "socket"; }
  // What `serve` left behind is the caller's alone from then on.
  void accept_no_more() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  std::atomic<int> connections{0};

 private:
  std::function<void(int)> serve_;
  std::filesystem::path folder_;
  base::FileDescriptor listener_;
  std::thread thread_;
};

// The JSON of one request; empty at the end.
std::string read_request(int fd) {
  std::array<std::uint8_t, 4> header{};
  if (::recv(fd, header.data(), header.size(), MSG_WAITALL) != 4) return {};
  std::string text(*parse_frame_header(header), '\0');
  if (::recv(fd, text.data(), text.size(), MSG_WAITALL) != static_cast<ssize_t>(text.size())) return {};
  return text;
}
void send_text(int fd, std::string_view text) {
  EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}
void send_outcome(int fd, const Outcome& outcome) {
  send_text(fd, *write_frame(write_outcome(outcome)));
}
std::string code_of(const auto& result) {
  return result ? "ok" : std::string(base::dotted(result.error().code()));
}

TEST(ClientTest, AsksAndKeepsTheConnection) {
  FakeServer server([](int fd) {
    while (!read_request(fd).empty()) send_outcome(fd, Answer(Pong{"1", 0}));
  });
  {
    Client client({.socket = server.path()});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.ping(kLong)->version, "1");
  }
  EXPECT_EQ(server.connections, 1);
}

TEST(ClientTest, EveryRequestGetsItsAnswer) {
  const pki::CertificatePtr certificate = test::make_certificate();
  FakeServer server([&](int fd) {
    for (std::string text; !(text = read_request(fd)).empty();) {
      const Request request = *parse_request(text);
      if (std::holds_alternative<ListKeys>(request)) send_outcome(fd, Answer(KeyList{}));
      if (std::holds_alternative<AskIntent>(request)) send_outcome(fd, Answer(IntentAnswer{}));
      if (std::holds_alternative<SignIntent>(request)) send_outcome(fd, Answer(Signed{{}, {1}, certificate, {}}));
    }
  });
  Client client({.socket = server.path()});
  EXPECT_TRUE(client.list_keys(kLong)->keys.empty());
  EXPECT_FALSE(client.ask_intent("i-1", kLong)->signature);
  const SignIntent request{
      .intent = {.id = "i-1",
                 .kind = IntentKind::kLicence,
                 .number = "1",
                 .document = {.algorithm = pki::DigestAlgorithm::kSha256, .value = base::Bytes(32)},
                 .licensor = "050540001234",
                 .key = "k"},
      .algorithm = {},
      .approval = {}};
  EXPECT_EQ(client.sign_intent(request, kLong)->signature, base::Bytes{1});
  SignIntent wrong = request;
  wrong.intent.licensor = "1";
  EXPECT_EQ(code_of(client.sign_intent(wrong, kLong)), "keyd.protocol");
}

TEST(ClientTest, NoServer) {
  Client client({.socket = "/nowhere/socket"});
  EXPECT_EQ(code_of(client.ping(kLong)), "keyd.unreachable");
  Client too_long({.socket = std::string(200, 'a')});
  EXPECT_EQ(code_of(too_long.ping(kLong)), "keyd.unreachable");
}

TEST(ClientTest, ServersErrorsComeBack) {
  FakeServer server([](int fd) {
    read_request(fd);
    send_outcome(fd, base::fail(base::Code::kTokenLocked));
  });
  Client client({.socket = server.path()});
  EXPECT_EQ(code_of(client.ping(kLong)), "token.locked");
}

TEST(ClientTest, ASilentServerIsTheDeadline) {
  std::atomic<bool> done{false};
  FakeServer server([&](int) {
    while (!done) std::this_thread::sleep_for(1ms);
  });
  Client client({.socket = server.path()});
  EXPECT_EQ(code_of(client.ping(50ms)), "server.deadline");
  done = true;
}

TEST(ClientTest, AServerThatStopsInTheMiddleIsTheDeadline) {
  std::atomic<bool> done{false};
  FakeServer server([&](int fd) {
    read_request(fd);
    send_text(fd, std::string("\0\0\0\5{", 5));
    while (!done) std::this_thread::sleep_for(1ms);
  });
  Client client({.socket = server.path()});
  EXPECT_EQ(code_of(client.ping(50ms)), "server.deadline");
  done = true;
}

TEST(ClientTest, AServerThatHangsUpIsUnreachable) {
  FakeServer server([](int fd) { read_request(fd); });
  Client client({.socket = server.path()});
  EXPECT_EQ(code_of(client.ping(kLong)), "keyd.unreachable");
}

TEST(ClientTest, AKeptConnectionThatEndedIsMadeAnew) {
  FakeServer server([](int fd) {
    read_request(fd);
    send_outcome(fd, Answer(Pong{"1", 0}));
  });
  Client client({.socket = server.path()});
  EXPECT_TRUE(client.ping(kLong));
  EXPECT_TRUE(client.ping(kLong));
  EXPECT_EQ(server.connections, 2);
}

TEST(ClientTest, AnAnswerCutOffIsNotAskedForAgain) {
  std::atomic<int> requests{0};
  FakeServer server([&](int fd) {
    read_request(fd);
    ++requests;
    send_outcome(fd, Answer(Pong{"1", 0}));
    if (read_request(fd).empty()) return;
    ++requests;
    send_text(fd, std::string("\0\0\0\5{", 5));
  });
  Client client({.socket = server.path()});
  EXPECT_TRUE(client.ping(kLong));
  EXPECT_EQ(code_of(client.ping(kLong)), "keyd.unreachable");
  EXPECT_EQ(requests, 2);
}

TEST(ClientTest, WhatIsNoAnswerIsAProtocolError) {
  for (const std::string& text : {*write_frame("{}"), std::string("\xFF\xFF\xFF\xFF", 4), std::string("\0\0\0\0", 4),
                                  *write_frame(write_outcome(Answer(KeyList{})))}) {
    FakeServer server([&](int fd) {
      read_request(fd);
      send_text(fd, text);
    });
    Client client({.socket = server.path()});
    EXPECT_EQ(code_of(client.ping(kLong)), "keyd.protocol");
  }
}

TEST(ClientTest, ManyThreadsAskAtOnce) {
  std::vector<std::thread> serving;
  FakeServer server([&](int fd) {
    serving.emplace_back([own = ::dup(fd)] {
      while (!read_request(own).empty()) send_outcome(own, Answer(Pong{"1", 0}));
      ::close(own);
    });
  });
  std::atomic<int> good{0};
  {
    Client client({.socket = server.path()});
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) good += client.ping(kLong) ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(good, 400);
  EXPECT_LE(server.connections, 100);
  server.accept_no_more();
  for (std::thread& thread : serving) thread.join();
}

}  // namespace
}  // namespace tanba::tokens::client
