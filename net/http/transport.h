// One connection's octets, with or without TLS, behind one interface, so that the session is compiled once. Private to
// net/http.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>

#include "net/http/message.h"

namespace tanba::net::http {

using IoHandler = std::move_only_function<void(boost::system::error_code, std::size_t)>;
using Socket = boost::asio::ip::tcp::socket;

// At most one operation of each kind under way; buffers live until the handler ran. Handlers run on the socket's
// io_context and keep the transport alive through what they capture.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void handshake(IoHandler handler) = 0;  // plain: at once
  virtual void read_some(boost::asio::mutable_buffer buffer, IoHandler handler) = 0;
  virtual void write(const std::array<boost::asio::const_buffer, 2>& buffers, IoHandler handler) = 0;
  // Tells the other end that nothing more comes.
  virtual void shutdown(IoHandler handler) = 0;
  // The same where that needs no answer and does not get in a read's way (plain); otherwise nothing.
  virtual void half_close() noexcept {}
  virtual void close() noexcept = 0;
  // After the handshake: adds what TLS knows.
  virtual void describe(Peer& peer) const = 0;
};

[[nodiscard]] std::unique_ptr<Transport> make_plain_transport(Socket socket);
// Takes a reference of its own on the context.
[[nodiscard]] std::unique_ptr<Transport> make_tls_transport(Socket socket, SSL_CTX* context);

}  // namespace tanba::net::http
