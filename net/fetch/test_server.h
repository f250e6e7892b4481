// A small HTTP server on loopback that answers as a test says, well or badly. For tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tanba::net::fetch::testing {

class TestServer {
 public:
  struct Received {
    std::string method, path, head, body;
  };
  // One open connection as a handler sees it.
  class Connection {
   public:
    explicit Connection(int fd) : fd_(fd) {}
    // False once the other side is gone.
    bool send(std::string_view text) const {
      while (!text.empty()) {
        const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }
    bool answer(int status, std::string_view body, std::string_view headers = "") const {
      return send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
                  "\r\n" + std::string(headers) + "\r\n" + std::string(body));
    }
    // Until the other side closes.
    void wait_for_close() const {
      char octet;
      while (::recv(fd_, &octet, 1, 0) > 0) {
      }
    }

   private:
    int fd_;
  };
  enum class After { kKeepOpen, kClose };
  using Handler = std::function<After(const Received&, Connection&)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::string port() const { return std::to_string(port_); }
  [[nodiscard]] std::string url(std::string_view path, std::string_view host = "127.0.0.1") const {
    return "http://" + std::string(host) + ":" + port() + std::string(path);
  }
  [[nodiscard]] int connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  [[nodiscard]] std::vector<Received> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  void wait_until_received(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return received_.size() >= count; });
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      ++connections_;
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string buffer;
    Received request;
    Connection connection(fd);
    while (read_request(fd, buffer, request)) {
      {
        const std::lock_guard lock(mutex_);
        received_.push_back(request);
      }
      changed_.notify_all();
      if (handler_(request, connection) == After::kClose) break;
    }
    const std::lock_guard lock(mutex_);
    open_.remove(fd);
    ::close(fd);
  }
  static bool read_request(int fd, std::string& buffer, Received& out) {
    std::size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(fd, buffer)) return false;
    }
    out.head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    out.method = out.head.substr(0, out.head.find(' '));
    const std::size_t path = out.method.size() + 1;
    out.path = out.head.substr(path, out.head.find(' ', path) - path);
    std::size_t length = 0;
    if (const auto at = out.head.find("Content-Length: "); at != std::string::npos) {
      length = std::stoul(out.head.substr(at + 16));
    }
    while (buffer.size() < length) {
      if (!read_more(fd, buffer)) return false;
    }
    out.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
  }
  static bool read_more(int fd, std::string& buffer) {
    char chunk[4096];
    const ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::vector<Received> received_;
  int connections_ = 0;
  std::thread acceptor_;
};

}  // namespace tanba::net::fetch::testing
