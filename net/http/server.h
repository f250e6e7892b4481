// The one way in: an HTTP/1.1 server, asynchronous, with or without TLS.
//
// Implements RFC 9110 and RFC 9112 for an origin server: keep-alive, pipelining (one request at a time, the rest waits
// unread), Expect: 100-continue, chunked and plain bodies, HTTP/1.0. Deviations: upgrades, CONNECT, compression and
// ranges are not offered; trailers are read over; a request with both Content-Length and Transfer-Encoding, with more
// than one of either, or with a coding other than chunked is refused (RFC 9112 6.1 and 6.3 allow it) because two
// readers could frame it differently.
//
// One worker is one thread with an io_context of its own; a connection stays with one worker. No connection holds a
// thread: slow clients cost a socket and a buffer until their deadline.
//
// Every answer carries no-store, nosniff and X-Request-Id, and does not name the software.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http/message.h"
#include "net/http/router.h"

namespace tanba::net::http {

enum class ClientCertificates : std::uint8_t {
  kNone,  // not asked for
  // Asked for; who shows one proves possession of its key, and nothing else is checked: neither issuer nor validity.
  // The handler compares Peer::key_hash with the keys it knows.
  kPinned,
  // Asked for; who shows one that does not verify against the CA file is turned away in the handshake.
  kVerified,
  // As kVerified, and who shows none is turned away too.
  kRequired,
};

struct TlsOptions {                   // TLS 1.2 or 1.3
  std::string certificate_file = {};  // PEM: the server's certificate, then its intermediates
  std::string key_file = {};          // PEM, not encrypted
  ClientCertificates client_certificates = ClientCertificates::kNone;
  std::string client_ca_file = {};  // PEM, for kVerified and kRequired
};

struct Listener {
  std::string address = "127.0.0.1";   // numeric
  std::uint16_t port = 0;              // 0: one that is free, see Server::ports
  std::optional<TlsOptions> tls = {};  // without: loopback addresses only
};

struct ServerLimits {
  std::size_t max_header_bytes =
      16U << 10;  // bearer keys and Accept lists stay far below; browsers' cookies under 8 KiB
  std::size_t max_header_fields = 100;
  std::size_t max_connections = 4096;             // a socket and, with TLS, 80 KB each: most of it buffers
  std::size_t max_connections_per_address = 512;  // IPv6: per /64. A portal behind one address opens far fewer.
  // Bodies held at one time, over all connections: then 503. A known caller gets at most half of it, a stranger's
  // address a sixteenth, all strangers together a quarter.
  std::size_t max_buffered_bytes = 512U << 20;

  using Milliseconds = std::chrono::milliseconds;
  Milliseconds handshake_timeout{10'000};
  Milliseconds header_timeout{10'000};  // from its first octet to its last
  // A body gets this, and one second more for each `min_rate` octets that arrive, but is never this much ahead: who
  // drips is cut off, also after having sent much; who sends on is not.
  Milliseconds body_timeout{10'000};
  std::size_t min_rate_bytes_per_second = 16U << 10;
  Milliseconds write_timeout{20'000};     // likewise, for the answer
  Milliseconds idle_timeout{60'000};      // between requests
  Milliseconds handling_timeout{60'000};  // the handler's time; then 503 server.deadline
  Milliseconds linger_timeout{2'000};     // reading over what a refused client still sends, so that it sees the answer
};

// What happened, for metrics and the access log. Called on the workers' threads, all at once.
struct Exchange {
  Method method = Method::kOther;
  std::string_view route;  // the pattern; empty when none matched
  std::string_view request_id;
  std::string_view peer_address;
  unsigned status = 0;
  std::optional<base::Code> code;                  // of a problem document
  std::chrono::steady_clock::duration duration{};  // first octet in to last octet out
  std::uint64_t body_bytes = 0;                    // received
  std::size_t response_bytes = 0;                  // body sent
};
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void finished(const Exchange&) {}
  enum class Refused : std::uint8_t { kTooMany, kTooManyFromAddress, kHandshake };
  virtual void connection_refused(Refused) {}
  // A handler threw: what it said. The caller got `internal`.
  virtual void fault(std::string_view /*request_id*/, std::string_view /*what*/) {}
};

struct ServerOptions {
  std::vector<Listener> listeners = {};
  unsigned workers = 2;
  ServerLimits limits = {};
  // Runs first on each worker's thread; what it returns lives until the thread ends (its own OpenSSL library context:
  // the worker's TLS objects are made after this).
  std::function<std::shared_ptr<void>(unsigned worker)> on_worker_start = {};
  const base::Clock* clock = nullptr;  // for the Date field; outlives the server. None: no Date.
};

class Server {
 public:
  // config.invalid: an address cannot be bound, a file cannot be used, a plain listener beyond loopback. The
  // application and observer are kept until the server is gone.
  [[nodiscard]] static base::Result<std::unique_ptr<Server>> start(ServerOptions options,
                                                                   std::shared_ptr<Application> application,
                                                                   std::shared_ptr<Observer> observer = nullptr);
  // What start() would refuse about addresses and TLS files, without opening a socket.
  [[nodiscard]] static base::Status check(const std::vector<Listener>& listeners);
  ~Server();  // stop() without grace
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // In the order of the listeners.
  [[nodiscard]] const std::vector<std::uint16_t>& ports() const;
  // Accepts no more, closes idle connections, lets what is under way finish within the grace time, closes the rest,
  // joins the threads. Not from a handler.
  void stop(std::chrono::milliseconds grace);
  // New certificate and key files for new connections, for all TLS listeners; on an error the old ones stay.
  [[nodiscard]] base::Status reload_tls();

  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t in_flight() const;            // requests with a handler
  [[nodiscard]] std::size_t buffered_body_bytes() const;  // of ServerLimits::max_buffered_bytes

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tanba::net::http
