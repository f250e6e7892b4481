#include "net/http/transport.h"

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "net/http/tls.h"

namespace tanba::net::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

void close_socket(Socket& socket) noexcept {
  error_code ignored;
  socket.close(ignored);
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  void handshake(IoHandler handler) override {
    asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable { handler({}, 0); });
  }
  void read_some(asio::mutable_buffer buffer, IoHandler handler) override {
    socket_.async_read_some(buffer, std::move(handler));
  }
  void write(const std::array<asio::const_buffer, 2>& buffers, IoHandler handler) override {
    asio::async_write(socket_, buffers, std::move(handler));
  }
  void shutdown(IoHandler handler) override {
    half_close();
    asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable { handler({}, 0); });
  }
  void half_close() noexcept override {
    error_code ignored;  // the other end may have gone
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  void close() noexcept override { close_socket(socket_); }
  void describe(Peer& peer) const override { peer.security = Peer::Security::kPlain; }

 private:
  Socket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(Socket socket, SSL_CTX* context) : context_(owned(context)), stream_(std::move(socket), context_) {}

  void handshake(IoHandler handler) override {
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [handler = std::move(handler)](error_code ec) mutable { handler(ec, 0); });
  }
  void read_some(asio::mutable_buffer buffer, IoHandler handler) override {
    stream_.async_read_some(buffer, std::move(handler));
  }
  void write(const std::array<asio::const_buffer, 2>& buffers, IoHandler handler) override {
    asio::async_write(stream_, buffers, std::move(handler));
  }
  void shutdown(IoHandler handler) override {
    stream_.async_shutdown([handler = std::move(handler)](error_code ec) mutable { handler(ec, 0); });
  }
  void close() noexcept override { close_socket(stream_.next_layer()); }
  void describe(Peer& peer) const override {
    peer.security = Peer::Security::kTls;
    // The handle is the stream's.
    describe_peer_certificate(const_cast<asio::ssl::stream<Socket>&>(stream_).native_handle(), peer);
  }

 private:
  static asio::ssl::context owned(SSL_CTX* context) {
    ::SSL_CTX_up_ref(context);  // for the wrapper, which frees it
    return asio::ssl::context(context);
  }
  asio::ssl::context context_;
  asio::ssl::stream<Socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_transport(Socket socket, SSL_CTX* context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace tanba::net::http
