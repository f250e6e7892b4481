// For tests: a blocking client that sends exactly the octets it is given, and reads answers one by one.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "net/http/message.h"

namespace tanba::net::http::testing {

struct Answer {
  unsigned status = 0;
  Headers headers;
  std::string body;
};

struct ClientTls {
  std::string certificate_file = {};  // empty: none shown
  std::string key_file = {};
  std::string anchors_file = {};
  int max_version = TLS1_3_VERSION;
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    // So that a server which never answers fails the test instead of hanging it.
    const timeval patience{300, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  // The handshake as far as the client sees it: a TLS 1.3 server may still turn it away afterwards.
  [[nodiscard]] bool start_tls(const ClientTls& tls) {
    context_.reset(::SSL_CTX_new(::TLS_client_method()));
    ::SSL_CTX_set_max_proto_version(context_.get(), tls.max_version);
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (::SSL_CTX_load_verify_file(context_.get(), tls.anchors_file.c_str()) != 1) return false;
    if (!tls.certificate_file.empty() &&
        (::SSL_CTX_use_certificate_chain_file(context_.get(), tls.certificate_file.c_str()) != 1 ||
         ::SSL_CTX_use_PrivateKey_file(context_.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1)) {
      return false;
    }
    ssl_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(ssl_.get(), socket_.get());
    return ::SSL_connect(ssl_.get()) == 1;
  }

  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t sent = ssl_ ? ::SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size()))
                                : ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Nothing when the connection ended first.
  [[nodiscard]] std::optional<Answer> read_answer() {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    Answer answer = parse_head(std::string_view(buffer_).substr(0, end + 2));
    buffer_.erase(0, end + 4);
    const auto length = answer.headers.find("content-length");
    const std::size_t size = length && !bodyless_ ? std::stoul(std::string(*length)) : 0;
    while (buffer_.size() < size) {
      if (!fill()) return std::nullopt;
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

  [[nodiscard]] std::optional<Answer> ask(std::string_view octets) {
    if (!send(octets)) return std::nullopt;
    return read_answer();
  }
  // For HEAD: answers have no body whatever their length says.
  void expect_no_body() { bodyless_ = true; }
  // True once the other end has closed and nothing is left.
  [[nodiscard]] bool at_end() { return buffer_.empty() && !fill(); }
  [[nodiscard]] bool has_answer() const {
    pollfd one{socket_.get(), POLLIN, 0};
    return !buffer_.empty() || ::poll(&one, 1, 0) == 1;
  }
  [[nodiscard]] bool connected() const { return connected_; }
  void close() { socket_ = base::FileDescriptor(); }

 private:
  struct ContextDeleter {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
  };
  struct SslDeleter {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  };

  bool fill() {
    char chunk[16384];
    // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): no lock is held
    const ssize_t plain = ssl_ ? 0 : ::recv(socket_.get(), chunk, sizeof chunk, 0);
    const ssize_t got = ssl_ ? ::SSL_read(ssl_.get(), chunk, sizeof chunk) : plain;
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  static Answer parse_head(std::string_view head) {
    Answer answer;
    answer.status = static_cast<unsigned>(std::stoul(std::string(head.substr(9, 3))));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
      const auto end = head.find("\r\n");
      const auto colon = head.find(": ");
      answer.headers.add(std::string(head.substr(0, colon)), std::string(head.substr(colon + 2, end - colon - 2)));
      head.remove_prefix(end + 2);
    }
    return answer;
  }

  base::FileDescriptor socket_;
  std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  std::string buffer_;
  bool connected_ = false;
  bool bodyless_ = false;
};

}  // namespace tanba::net::http::testing
