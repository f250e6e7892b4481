#include "tokens/keyd/socket_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "tokens/client/client.h"
#include "tokens/test_support.h"

namespace tanba::tokens::keyd {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::must;
constexpr std::chrono::milliseconds kLong = 20s;  // never reached

// A loop that answers pings; what it holds back is answered by release().
class SocketServerTest : public testing::Test {
 protected:
  SocketServerTest() : null_(::open("/dev/null", O_WRONLY | O_CLOEXEC)), events_(null_.get(), clock_) {
    config_.path = folder_.path() / "socket";
    config_.peers = {::geteuid()};
    config_.max_connections = 8;
  }
  void TearDown() override { stop(); }

  void start(SocketServer::Timeouts timeouts = {}) {
    server_ = must(SocketServer::listen(config_, timeouts, events_));
    stop_ = base::FileDescriptor(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] {
      server_->run(
          [this](std::string_view json, SocketServer::Respond respond) {
            const auto request = client::parse_request(json);
            if (request && std::holds_alternative<client::ListKeys>(*request)) {
              const std::scoped_lock lock(mutex_);
              held_.push_back(std::move(respond));
              ++held;
              return;
            }
            if (request) return respond(client::write_outcome(client::Answer(client::Pong{"1", 0})));
            respond(client::write_outcome(std::unexpected(request.error())));
          },
          stop_.get());
    });
  }
  void stop() {
    if (!thread_.joinable()) return;
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
    server_.reset();
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    for (auto& respond : held_) respond(client::write_outcome(client::Answer(client::KeyList{})));
    held_.clear();
  }
  base::FileDescriptor connect_raw() const {
    base::FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config_.path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void send_raw(const base::FileDescriptor& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // Everything until the server closes.
  static std::string read_to_end(const base::FileDescriptor& fd) {
    std::string out;
    std::array<char, 4096> room;
    for (ssize_t got; (got = ::recv(fd.get(), room.data(), room.size(), 0)) > 0;) {
      out.append(room.data(), static_cast<std::size_t>(got));
    }
    return out;
  }

  base::SystemClock clock_;
  base::FileDescriptor null_;
  EventLog events_;
  test::TemporaryFolder folder_;
  SocketConfig config_;
  std::unique_ptr<SocketServer> server_;
  base::FileDescriptor stop_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<SocketServer::Respond> held_;
  std::atomic<int> held{0};
};

TEST_F(SocketServerTest, AnswersAndRemovesItsSocket) {
  start();
  struct stat status{};
  ASSERT_EQ(::stat(config_.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0660U);
  client::Client client({.socket = config_.path});
  for (int i = 0; i < 10; ++i) must(client.ping(kLong));
  stop();
  EXPECT_FALSE(std::filesystem::exists(config_.path));
}

TEST_F(SocketServerTest, TakesOverAStaleSocketButNoLiveOne) {
  {
    const base::FileDescriptor stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_TRUE(stale.open());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config_.path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  start();
  EXPECT_EQ(code_of(SocketServer::listen(config_, {}, events_)), "file.exists");
  client::Client client({.socket = config_.path});
  must(client.ping(kLong));
}

TEST_F(SocketServerTest, LeavesOtherFilesAlone) {
  test::write_text(config_.path, "precious");
  EXPECT_EQ(code_of(SocketServer::listen(config_, {}, events_)), "file.not_writable");
  EXPECT_EQ(test::read_text(config_.path), "precious");
}

TEST_F(SocketServerTest, StrangersAreDenied) {
  config_.peers = {::geteuid() + 1};
  start();
  client::Client client({.socket = config_.path});
  EXPECT_EQ(code_of(client.ping(kLong)), "auth.denied");
}

TEST_F(SocketServerTest, SlowClientsDoNotHoldUpOthers) {
  start();
  std::vector<base::FileDescriptor> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(connect_raw());
    send_raw(slow.back(), std::string_view("\0\0\1", 3));
  }
  client::Client client({.socket = config_.path});
  for (int i = 0; i < 20; ++i) must(client.ping(kLong));
}

TEST_F(SocketServerTest, ARequestThatDoesNotArriveIsCutOff) {
  start({.request = 50ms, .write = 50ms, .idle = kLong});
  const base::FileDescriptor slow = connect_raw();
  send_raw(slow, std::string_view("\0\0\0\x10{", 5));
  EXPECT_EQ(read_to_end(slow), "");
}

TEST_F(SocketServerTest, AnIdleConnectionEnds) {
  start({.request = kLong, .write = kLong, .idle = 50ms});
  EXPECT_EQ(read_to_end(connect_raw()), "");
}

TEST_F(SocketServerTest, AnAnswerThatIsNotTakenIsCutOff) {
  start({.request = kLong, .write = 50ms, .idle = kLong});
  // More pings than the two buffers hold answers for, and nobody reads. The server gives up.
  const base::FileDescriptor greedy = connect_raw();
  const std::string frame = must(client::write_frame(client::write_request(client::Ping{})));
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += frame;
  std::string_view rest = many;
  while (!rest.empty()) {
    const ssize_t sent = ::send(greedy.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  EXPECT_FALSE(rest.empty());
  client::Client client({.socket = config_.path});
  must(client.ping(kLong));
}

TEST_F(SocketServerTest, AFrameOfNoLengthEndsTheConnection) {
  start();
  for (const std::string_view header : {std::string_view("\0\0\0\0", 4), std::string_view("\xFF\xFF\xFF\xFF", 4)}) {
    const base::FileDescriptor fd = connect_raw();
    send_raw(fd, header);
    const std::string answer = read_to_end(fd);
    ASSERT_GT(answer.size(), 4U);
    EXPECT_EQ(code_of(client::parse_outcome(std::string_view(answer).substr(4))), "keyd.protocol");
  }
}

TEST_F(SocketServerTest, RequestsSentTogetherAreAnsweredInOrder) {
  start();
  const base::FileDescriptor fd = connect_raw();
  const std::string ping = must(client::write_frame(client::write_request(client::Ping{})));
  const std::string nonsense = must(client::write_frame("{}"));
  send_raw(fd, ping + nonsense + ping);
  ::shutdown(fd.get(), SHUT_WR);
  const std::string pong = must(client::write_frame(client::write_outcome(client::Answer(client::Pong{"1", 0}))));
  std::string answers;
  std::array<char, 4096> room;
  while (answers.size() < 2 * pong.size()) {
    const ssize_t got = ::recv(fd.get(), room.data(), room.size(), 0);
    if (got <= 0) break;
    answers.append(room.data(), static_cast<std::size_t>(got));
  }
  EXPECT_TRUE(answers.starts_with(pong));
  EXPECT_NE(answers.find("keyd.protocol"), std::string::npos);
}

TEST_F(SocketServerTest, OneUserGetsHalfOfTheConnectionsAndTheOldestIdleOneMakesWay) {
  start();
  std::vector<base::FileDescriptor> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(connect_raw());
  client::Client client({.socket = config_.path});
  must(client.ping(kLong));
  EXPECT_EQ(read_to_end(idle.front()), "");  // it made way
}

TEST_F(SocketServerTest, WhenAllAreAtWorkMoreAreBusy) {
  start();
  const std::string list = must(client::write_frame(client::write_request(client::ListKeys{})));
  std::vector<base::FileDescriptor> working;
  for (int i = 0; i < 4; ++i) {
    working.push_back(connect_raw());
    send_raw(working.back(), list);
  }
  while (held < 4) std::this_thread::yield();
  client::Client client({.socket = config_.path});
  EXPECT_EQ(code_of(client.ping(kLong)), "server.busy");
  release();
}

TEST_F(SocketServerTest, WhatIsUnderWayIsAnsweredBeforeTheEnd) {
  start({.request = kLong, .write = kLong, .idle = kLong});
  std::string code;
  std::thread asking([&] {
    client::Client client({.socket = config_.path});
    code = code_of(client.list_keys(kLong));
  });
  while (held < 1) std::this_thread::yield();
  ::eventfd_write(stop_.get(), 1);
  release();
  asking.join();
  EXPECT_EQ(code, "ok");
}

TEST_F(SocketServerTest, AnAnswerForWhoHasGoneIsDropped) {
  start();
  {
    const base::FileDescriptor gone = connect_raw();
    send_raw(gone, must(client::write_frame(client::write_request(client::ListKeys{}))));
    while (held < 1) std::this_thread::yield();
  }
  release();
  client::Client client({.socket = config_.path});
  must(client.ping(kLong));
}

}  // namespace
}  // namespace tanba::tokens::keyd
